//! Pages for everybody: what this is, and who learns what.

mod log;
mod transparency;

use askama::Template;
use axum::{
    Router,
    http::header,
    response::{IntoResponse, Response},
    routing,
};

pub use self::{
    log::routes as log_routes,
    transparency::{Public, routes as transparency_routes},
};
use super::paths;
use crate::http::{Lang, Page};

/// `/`, `/privacy` and `/robots.txt`. `source` is the sentence that the licence of the table of areas asks for.
pub fn routes<S: Clone + Send + Sync + 'static>(source: &'static str) -> Router<S> {
    Router::new()
        .route(paths::HOME, routing::get(home))
        .route(paths::PRIVACY, routing::get(async move |page: Page| privacy(&page, source)))
        .route("/robots.txt", routing::get(robots))
}

pub(super) const TEXTS: [(Lang, &str); 2] = [(Lang::Fr, include_str!("fr.ftl")), (Lang::En, include_str!("en.ftl"))];

#[derive(Template)]
#[template(path = "web/public/home.html", config = "src/askama.toml")]
struct Home<'a> {
    page: &'a Page,
}

async fn home(page: Page) -> Response {
    page.render_public(&Home { page: &page })
}

#[derive(Template)]
#[template(path = "web/public/privacy.html", config = "src/askama.toml")]
struct Privacy<'a> {
    page: &'a Page,
    parties: [&'static str; 7],
    /// Of the table of areas; empty where a table names none.
    source: &'static str,
}

fn privacy(page: &Page, source: &'static str) -> Response {
    page.render_public(&Privacy { page, parties: PARTIES, source })
}

/// Search engines see the pages that are the same for everybody.
async fn robots() -> impl IntoResponse {
    let text = "User-agent: *\nAllow: /$\nAllow: /privacy$\nAllow: /transparency$\nAllow: /connect$\nAllow: /assets/\nDisallow: /\n";
    ([(header::CACHE_CONTROL, "public, max-age=86400")], text)
}

/// Those who might learn something; for each, the texts `learns-…` and `never-…`.
const PARTIES: [&str; 7] = ["forum", "forums", "operator", "thief", "few", "enough", "public"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_party_has_its_row_in_both_languages() {
        let texts = crate::web::texts().unwrap();
        for party in PARTIES {
            for column in ["party", "learns", "never"] {
                assert!(
                    Lang::ALL.iter().all(|lang| texts.has(*lang, &format!("{column}-{party}"))),
                    "{column}-{party}"
                );
            }
        }
    }
}
