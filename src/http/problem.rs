//! What went wrong, said to a person. A handler or extractor returns a [`Problem`]; the shell makes it a page in the
//! reader's language, or a line of text for a machine, and logs the cause under an id that the page shows.

use std::fmt;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{page::Page, texts::ToArg};

/// A failure with the message that explains it: `problem-{name}-title` and `problem-{name}-text`.
///
/// The text says what happened, why, and what to do now.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    name: &'static str,
    args: Vec<(&'static str, String)>,
    cause: Option<String>,
    retry_after: Option<u64>,
}

impl Problem {
    pub fn new(status: StatusCode, name: &'static str) -> Self {
        Self { status, name, args: Vec::new(), cause: None, retry_after: None }
    }

    /// An unexpected error: the page is generic and carries an id, the cause goes to the log under that id. The cause must
    /// name no person and no secret.
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self { cause: Some(cause.to_string()), ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal") }
    }

    /// Something we stand on is away for the moment; nothing was done.
    pub fn unavailable(cause: impl fmt::Display) -> Self {
        let problem =
            Self { cause: Some(cause.to_string()), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable") };
        problem.retry_after(5)
    }

    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found")
    }

    /// A variable of the message.
    #[must_use]
    pub fn arg(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.args.push((name, value.to_string()));
        self
    }

    /// Seconds after which trying again makes sense.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    pub fn status(&self) -> StatusCode {
        self.status
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    pub fn wait(&self) -> Option<u64> {
        self.retry_after
    }

    /// What happened, in the reader's language.
    pub fn title(&self, page: &Page) -> String {
        self.say(page, "title")
    }

    /// Why, and what to do now.
    pub fn text(&self, page: &Page) -> String {
        self.say(page, "text")
    }

    fn say(&self, page: &Page, part: &str) -> String {
        let args: Vec<(&str, &dyn ToArg)> =
            self.args.iter().map(|(name, value)| (*name, value as &dyn ToArg)).collect();
        page.site().texts().format(page.lang(), &format!("problem-{}-{part}", self.name), &args).into_owned()
    }

    pub(super) fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// What a bare status means, when a route or extractor gave nothing but that.
    pub(super) fn of_status(status: StatusCode) -> Self {
        let name = match status {
            StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => "forbidden",
            StatusCode::NOT_FOUND | StatusCode::GONE => "not-found",
            StatusCode::METHOD_NOT_ALLOWED => "method",
            StatusCode::REQUEST_TIMEOUT => "slow-request",
            StatusCode::PAYLOAD_TOO_LARGE => "too-large",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "media-type",
            StatusCode::TOO_MANY_REQUESTS => "too-many",
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => "unavailable",
            status if status.is_server_error() => "internal",
            _ => "bad-request",
        };
        Self::new(status, name)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some(wait) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
        }
        response.extensions_mut().insert(self);
        response
    }
}
