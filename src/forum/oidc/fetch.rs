//! Requests to the provider: one host, no redirects, a few seconds, a bounded answer.

use std::{fs, future::Future, io, path::PathBuf, pin::Pin, time::Duration};

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, http};

use crate::forum::config::Outbound;

/// The forum's HTTP client, as `openidconnect` calls it.
#[derive(Clone, Debug)]
pub(in crate::forum) struct Fetcher(reqwest::Client);

/// The provider could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("cannot read the certificate authorities in {0}: {1}")]
    Authorities(PathBuf, io::Error),
    #[error("cannot set up TLS: {0}")]
    Setup(#[source] reqwest::Error),
    #[error("the request failed: {0}")]
    Request(#[from] reqwest::Error),
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the answer is not HTTP: {0}")]
    Malformed(#[from] http::Error),
}

impl Fetcher {
    pub(super) fn new(outbound: &Outbound) -> Result<Self, FetchError> {
        // Says so once for the whole process; a second time is refused, which is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(3))
            .timeout(Duration::from_secs(8))
            .referer(false);
        if let Some(path) = &outbound.extra_ca {
            let pem = fs::read(path).map_err(|error| FetchError::Authorities(path.clone(), error))?;
            for authority in reqwest::Certificate::from_pem_bundle(&pem).map_err(FetchError::Setup)? {
                builder = builder.add_root_certificate(authority);
            }
        }
        Ok(Self(builder.build().map_err(FetchError::Setup)?))
    }

    /// The status and the body of what stands at this address, of at most so many bytes.
    pub(in crate::forum) async fn get(&self, address: &str, most: usize) -> Result<(u16, Vec<u8>), FetchError> {
        let response = self.0.get(address).send().await?;
        let status = response.status().as_u16();
        Ok((status, read(response, most).await?))
    }

    async fn fetch(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let response = self.0.execute(request.try_into()?).await?;
        let mut answer = http::Response::builder().status(response.status());
        for (name, value) in response.headers() {
            answer = answer.header(name, value);
        }
        Ok(answer.body(read(response, MAX_ANSWER).await?)?)
    }
}

async fn read(mut response: reqwest::Response, most: usize) -> Result<Vec<u8>, FetchError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > most {
            return Err(FetchError::TooLarge(most));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

impl<'c> AsyncHttpClient<'c> for Fetcher {
    type Error = FetchError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, FetchError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.fetch(request))
    }
}

const MAX_ANSWER: usize = 64 * 1024;
