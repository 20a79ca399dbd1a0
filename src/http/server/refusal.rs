//! The answers given before a request exists: to bytes that are not a request, or not in time.

use axum::http::StatusCode;

/// Why a connection ends without a request having reached the router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("the request is not well-formed HTTP/1.1")]
    Malformed,
    #[error("the message length is ambiguous")]
    Framing,
    #[error("the Host header is missing or given twice")]
    Host,
    #[error("the address asked for is too long")]
    TargetTooLong,
    #[error("the request headers are too large")]
    HeadTooLarge,
    #[error("only HTTP/1.1 is spoken here")]
    Version,
    #[error("the request took too long to arrive")]
    Timeout,
}

impl Refusal {
    fn status(self) -> StatusCode {
        match self {
            Self::Malformed | Self::Framing | Self::Host => StatusCode::BAD_REQUEST,
            Self::TargetTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Version => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            Self::Timeout => StatusCode::REQUEST_TIMEOUT,
        }
    }

    /// The whole answer, byte for byte: at this point there is neither language nor router.
    pub(super) fn answer(self) -> String {
        let status = self.status();
        let (code, reason) = (status.as_str(), status.canonical_reason().unwrap_or_default());
        let body = format!("{code} {reason}: {self}.\n");
        let length = body.len();
        format!(
            "HTTP/1.1 {code} {reason}\r\n\
             connection: close\r\n\
             content-type: text/plain; charset=utf-8\r\n\
             content-length: {length}\r\n\
             cache-control: no-store\r\n\
             content-security-policy: default-src 'none'; frame-ancestors 'none'\r\n\
             cross-origin-opener-policy: same-origin\r\n\
             cross-origin-resource-policy: same-origin\r\n\
             referrer-policy: no-referrer\r\n\
             x-content-type-options: nosniff\r\n\
             \r\n{body}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_states_its_length_and_forbids_everything() {
        let answer = Refusal::HeadTooLarge.answer();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n"));
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())));
        assert!(head.contains("x-content-type-options: nosniff"));
    }
}
