//! Requests to witnesses, and to copies of the logs: addresses that the operator named, so private ones as well; bounded in time and size, and no
//! redirect is followed.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use reqwest::{Certificate, Response, header, redirect, retry};
use url::Url;

use super::address::Witness;
use crate::wire::tlog::{AddCheckpoint, NoteError, SignedCheckpoint, WitnessAnswer};

/// Asks witnesses. Connections are kept: a log asks the same few witnesses every second.
#[derive(Clone, Debug)]
pub(super) struct Client(reqwest::Client);

/// Why no request to a witness can be made at all.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("outbound.extra_ca: cannot read {0}: {1}")]
    Unreadable(PathBuf, io::Error),
    #[error("TLS towards witnesses cannot be set up: {0}")]
    Tls(#[source] reqwest::Error),
}

/// Why a witness has not answered.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum Unanswered {
    #[error("it cannot be reached, or broke off")]
    Unreachable,
    #[error("its answer is longer than {MAX_ANSWER} bytes")]
    TooLarge,
    #[error("its answer has the status {0}: {1}")]
    Answer(u16, NoteError),
}

impl Client {
    /// `extra_ca` is a PEM file of further certificate authorities; empty, when there are none.
    pub(super) fn new(extra_ca: &Path) -> Result<Self, ClientError> {
        // Says so once for the whole process; a second time is refused, which is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .http1_only()
            .connect_timeout(TIME / 2)
            .timeout(TIME)
            .user_agent("Heteronym");
        if !extra_ca.as_os_str().is_empty() {
            let pem = fs::read(extra_ca).map_err(|error| ClientError::Unreadable(extra_ca.to_owned(), error))?;
            for authority in Certificate::from_pem_bundle(&pem).map_err(ClientError::Tls)? {
                builder = builder.add_root_certificate(authority);
            }
        }
        builder.build().map(Self).map_err(ClientError::Tls)
    }

    pub(super) async fn add_checkpoint(
        &self,
        witness: &Witness,
        asked: &AddCheckpoint,
    ) -> Result<WitnessAnswer, Unanswered> {
        let request = self.0.post(witness.address.clone()).header(header::CONTENT_TYPE, "text/plain; charset=utf-8");
        let request = request.body(asked.to_string());
        let response = request.send().await.map_err(|_| Unanswered::Unreachable)?;
        let status = response.status().as_u16();
        let media = response.headers().get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
        let media = media.and_then(|media| media.split(';').next()).unwrap_or_default().trim().to_owned();
        let body = body(response).await?;
        WitnessAnswer::parse(status, &media, &body).map_err(|error| Unanswered::Answer(status, error))
    }

    /// The head that a copy of a log shows; `None` where it has none.
    pub(super) async fn checkpoint(&self, address: Url) -> Result<Option<SignedCheckpoint>, Unanswered> {
        let response = self.0.get(address).send().await.map_err(|_| Unanswered::Unreachable)?;
        match response.status().as_u16() {
            404 => Ok(None),
            status => {
                let read = SignedCheckpoint::parse(&body(response).await?);
                read.map(Some).map_err(|error| Unanswered::Answer(status, error))
            }
        }
    }
}

async fn body(mut response: Response) -> Result<Vec<u8>, Unanswered> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Unanswered::Unreachable)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(Unanswered::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// From connecting to the last byte of the answer.
pub(super) const TIME: Duration = Duration::from_secs(5);
const MAX_ANSWER: usize = 64 * 1024;
