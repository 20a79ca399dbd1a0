//! Where the logs come from: the service itself, or a directory with the same paths below it.

use serde::Deserialize;

use super::{
    error::AuditError,
    fetch::Site,
    finding::{At, Check, Findings},
    mirror::Mirror,
};
use crate::wire::tlog::leaf::REGISTRY;

/// Where the logs come from.
#[derive(Debug)]
pub(super) enum Source {
    Site(Site),
    Directory(Mirror),
}

/// What the service says about its logs (OpenID Connect Discovery §3; the member `tlog` is ours, `specs/log.md`).
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Discovery {
    pub(super) issuer: String,
    #[serde(default)]
    pub(super) jwks_uri: Option<String>,
    #[serde(default)]
    pub(super) tlog: Option<Logs>,
}

/// The member `tlog`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Logs {
    pub(super) registry: String,
    /// Missing where no year's log has begun.
    #[serde(default)]
    pub(super) issuance: Option<String>,
    /// In base64, 32 bytes each.
    #[serde(default)]
    pub(super) keys: Vec<String>,
}

impl Source {
    /// A file of a log; `None` where there is none.
    pub(super) async fn of_log(&self, log: &str, path: &str, most: usize) -> Result<Option<Vec<u8>>, AuditError> {
        match self {
            Self::Site(site) => Ok(site.get(&format!("log/{log}/{path}"), most).await?),
            Self::Directory(directory) => Ok(directory.read(&format!("{log}/{path}"), most)?),
        }
    }

    /// What the service says about itself and the keys of its tokens, kept in the mirror as it was said. A directory need
    /// not have it.
    pub(super) async fn discovery(
        &self,
        mirror: &Mirror,
        findings: &mut Findings,
    ) -> Result<Option<Discovery>, AuditError> {
        let bytes = match self {
            Self::Site(site) => site.get(".well-known/openid-configuration", MOST_OF_A_DOCUMENT).await?,
            Self::Directory(directory) => directory.read(DISCOVERY, MOST_OF_A_DOCUMENT)?,
        };
        let Some(bytes) = bytes else {
            let Self::Site(site) = self else { return Ok(None) };
            return Err(AuditError::Nothing(format!("{} publishes no discovery document", site.issuer())));
        };
        let parsed: Result<Discovery, _> = serde_json::from_slice(&bytes);
        let discovery =
            parsed.map_err(|error| AuditError::Nothing(format!("the discovery document cannot be read: {error}")))?;
        mirror.write(DISCOVERY, &bytes)?;
        if let Some(keys) = self.jwks(&discovery).await? {
            mirror.write(JWKS, &keys)?;
        }
        if let Self::Site(site) = self {
            discovery.check(site.issuer(), findings)?;
        }
        Ok(Some(discovery))
    }

    async fn jwks(&self, discovery: &Discovery) -> Result<Option<Vec<u8>>, AuditError> {
        match self {
            Self::Directory(directory) => Ok(directory.read(JWKS, MOST_OF_A_DOCUMENT)?),
            Self::Site(site) => {
                let below = |uri: &String| uri.strip_prefix(site.issuer())?.strip_prefix('/').map(str::to_owned);
                match discovery.jwks_uri.as_ref().and_then(below) {
                    Some(path) => Ok(site.get(&path, MOST_OF_A_DOCUMENT).await?),
                    None => Ok(None),
                }
            }
        }
    }
}

impl Discovery {
    /// The document is that of this service, and names its logs as every verifier finds them.
    fn check(&self, issuer: &str, findings: &mut Findings) -> Result<(), AuditError> {
        if self.issuer.trim_end_matches('/') != issuer {
            findings.fault(Check::Discovery, At::NOWHERE, format!("the issuer {issuer}"), &self.issuer);
        }
        let Some(logs) = &self.tlog else {
            return Err(AuditError::Nothing(format!(
                "{issuer} publishes no log: its discovery document has no `tlog`"
            )));
        };
        let place = |log: &str| format!("{issuer}/log/{log}");
        if logs.registry != place(REGISTRY) {
            findings.fault(
                Check::Discovery,
                At::NOWHERE,
                format!("the registry at {}", place(REGISTRY)),
                &logs.registry,
            );
        }
        if let Some(issuance) = logs.issuance.as_ref().filter(|_| self.year().is_none()) {
            findings.fault(Check::Discovery, At::NOWHERE, format!("the log of a year at {}", place("2026")), issuance);
        }
        Ok(())
    }

    /// The name of the issuance log that is in use.
    pub(super) fn year(&self) -> Option<&str> {
        let logs = self.tlog.as_ref()?;
        let issuer = self.issuer.trim_end_matches('/');
        let year = logs.issuance.as_ref()?.strip_prefix(issuer)?.strip_prefix("/log/")?;
        is_year(year).then_some(year)
    }
}

/// Whether this is the name of an issuance log.
pub(super) fn is_year(name: &str) -> bool {
    name.len() == 4 && name.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) const DISCOVERY: &str = "openid-configuration.json";
pub(super) const JWKS: &str = "jwks.json";
const MOST_OF_A_DOCUMENT: usize = 256 * 1024;
