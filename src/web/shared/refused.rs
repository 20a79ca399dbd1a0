//! A form that is shown again because something in it was refused.

use askama::Template;
use axum::{
    http::{HeaderValue, header},
    response::Response,
};

use crate::http::{Page, Problem};

/// The page again, with the status of the refusal and the time to wait if there is one.
pub fn refused(page: &Page, problem: &Problem, template: &impl Template) -> Response {
    let mut response = page.render_as(problem.status(), template);
    if let Some(wait) = problem.wait() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
    }
    response
}
