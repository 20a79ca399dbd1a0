//! Requests to the service that is audited: one site, no redirects, a bounded answer, a few attempts.
//!
//! Nothing of what comes back is believed because of where it came from: TLS keeps others from reading what the auditor asks.

use std::{fs, io, path::Path, time::Duration};

use reqwest::{StatusCode, Url};

/// The site with the logs.
#[derive(Clone, Debug)]
pub(super) struct Site {
    client: reqwest::Client,
    issuer: String,
}

/// The site could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("{0} is not the address of a service: https://…, or http:// on this machine")]
    Address(String),
    #[error("cannot read the certificate authorities in {path}: {error}", path = .0.display(), error = .1)]
    Authorities(Box<Path>, io::Error),
    #[error("cannot set up TLS: {}", innermost(.0))]
    Setup(reqwest::Error),
    #[error("{url}: {cause}", url = .0, cause = innermost(.1))]
    Request(String, reqwest::Error),
    #[error("{0}: the answer is {1}")]
    Status(String, StatusCode),
    #[error("{0}: the answer is larger than {1} bytes")]
    TooLarge(String, usize),
}

impl Site {
    /// `issuer` as the service names itself; a slash at the end does not matter.
    pub(super) fn new(issuer: &str, authorities: Option<&Path>) -> Result<Self, FetchError> {
        let issuer = issuer.trim_end_matches('/').to_owned();
        let wrong = || FetchError::Address(issuer.clone());
        let url = Url::parse(&issuer).map_err(|_| wrong())?;
        let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if !plain || !(url.scheme() == "https" || url.scheme() == "http" && here) {
            return Err(wrong());
        }
        // Says so once for the whole process; a second time is refused, which is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(30))
            .referer(false);
        if let Some(path) = authorities {
            let pem = fs::read(path).map_err(|error| FetchError::Authorities(path.into(), error))?;
            for authority in reqwest::Certificate::from_pem_bundle(&pem).map_err(FetchError::Setup)? {
                builder = builder.add_root_certificate(authority);
            }
        }
        Ok(Self { client: builder.build().map_err(FetchError::Setup)?, issuer })
    }

    /// The issuer, without a slash at the end.
    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What stands at a path below the issuer; `None` where nothing does.
    pub(super) async fn get(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, FetchError> {
        let url = format!("{}/{path}", self.issuer);
        let mut attempt = 1;
        loop {
            match self.once(&url, most).await {
                Err(FetchError::Request(..)) if attempt < ATTEMPTS => {}
                Err(FetchError::Status(_, status)) if is_passing(status) && attempt < ATTEMPTS => {}
                done => return done,
            }
            tokio::time::sleep(PAUSE * attempt).await;
            attempt += 1;
        }
    }

    async fn once(&self, url: &str, most: usize) -> Result<Option<Vec<u8>>, FetchError> {
        let failed = |error: reqwest::Error| FetchError::Request(url.to_owned(), error.without_url());
        let mut response = self.client.get(url).send().await.map_err(failed)?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(None),
            status => return Err(FetchError::Status(url.to_owned(), status)),
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > most {
                return Err(FetchError::TooLarge(url.to_owned(), most));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Some(body))
    }
}

/// Whether the same request may go well a little later.
fn is_passing(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}

/// What the library says last is the cause: refused, no such name, timed out.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(300);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_that_can_be_an_issuer_is_asked() {
        for good in ["https://id.example", "https://id.example/", "http://localhost:8400", "http://[::1]:1/a"] {
            assert!(Site::new(good, None).is_ok(), "{good}");
        }
        assert_eq!(Site::new("https://id.example/", None).unwrap().issuer(), "https://id.example");
        let bad =
            ["", "id.example", "http://id.example", "ftp://id.example", "https://a@id.example", "https://id.example?a"];
        for bad in bad {
            assert!(matches!(Site::new(bad, None), Err(FetchError::Address(_))), "{bad}");
        }
    }
}
