//! The provider's public log, as a forum holds the provider to it (`specs/log.md`).
//!
//! ```text
//! file        what
//!   key       a public key of the log
//!   believe   whether a token stands in the log, at sign-in
//!   unlogged  why not
//!   reader    heads, tiles and entries, fetched
//!   registry  what the log of institutions says of keys and of years that have ended
//!   check     every night: whether the log is still the one that was seen
//!   schedule  when the next night is
//! ```
//!
//! Whoever shows this forum another log than everybody else signs two heads that contradict each other: the forum keeps what
//! it saw, so that both can be shown.

mod believe;
mod check;
mod key;
mod reader;
mod registry;
mod schedule;
mod unlogged;

use serde::Deserialize;
use serde_json::Value;

pub(super) use self::{
    believe::{Claimed, Logged, Trust},
    check::BROKEN,
    registry::{End, KeyNews, News},
    unlogged::Unlogged,
};
pub use self::{
    check::LogCheck,
    key::{InvalidLogKey, LogKey},
};
use super::{
    Forum,
    oidc::Refusal,
    store::{KnownBy, StoreError},
};
use crate::wire::tlog::{
    Algorithm, Hash, NoteKey, SignedCheckpoint,
    leaf::{LogName, REGISTRY},
};

/// A head that a log has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) origin: String,
    pub(super) size: u64,
    pub(super) root: Hash,
    /// The signed text.
    pub(super) note: String,
}

/// Two heads that do not belong to one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Break {
    pub(super) origin: String,
    pub(super) kind: BreakKind,
    /// The signed text that was seen first; empty where there is none.
    pub(super) earlier: String,
    pub(super) later: String,
}

/// What is wrong with a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BreakKind {
    /// It was rolled back: its head is older than one that was seen.
    Smaller,
    /// A head that was seen is none of its past.
    Forked,
    /// Its entries do not hash to its signed head.
    Entries,
    /// Its tiles do not hash to its signed head.
    Tiles,
    /// It went on after the registry had said that it ended.
    Grown,
    /// The registry does not begin as that of this issuer.
    Genesis,
}

/// Where a provider's logs are: `https://` and the origin is the address of each.
#[derive(Clone, Debug)]
pub(super) struct Logs {
    scheme: String,
    /// What their origins begin with: `id.example/log/`.
    prefix: String,
}

/// What the provider's description says of its logs.
pub(super) struct Published {
    /// The log in which tokens are entered now, if one is open.
    pub(super) issuance: Option<String>,
    pub(super) keys: Vec<LogKey>,
}

impl Head {
    pub(super) fn of(signed: &SignedCheckpoint) -> Self {
        let head = signed.checkpoint();
        Self { origin: head.origin().to_owned(), size: head.size(), root: head.root(), note: signed.to_string() }
    }
}

impl BreakKind {
    pub(super) const ALL: [Self; 6] =
        [Self::Smaller, Self::Forked, Self::Entries, Self::Tiles, Self::Grown, Self::Genesis];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Smaller => "smaller",
            Self::Forked => "forked",
            Self::Entries => "entries",
            Self::Tiles => "tiles",
            Self::Grown => "grown",
            Self::Genesis => "genesis",
        }
    }
}

impl Logs {
    /// Those of this issuer.
    pub(super) fn of(issuer: &str) -> Self {
        let (scheme, rest) = issuer.split_once("://").unwrap_or(("https", issuer));
        Self { scheme: scheme.to_owned(), prefix: format!("{}/log/", rest.trim_end_matches('/')) }
    }

    /// The first line of the heads of the log with this name.
    pub(super) fn origin(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    pub(super) fn registry(&self) -> String {
        self.origin(REGISTRY)
    }

    /// Where the log of this origin is read.
    pub(super) fn address(&self, origin: &str) -> String {
        format!("{}://{origin}", self.scheme)
    }

    /// Where anybody finds the proof of a token, by the hash of it.
    pub(super) fn proof(&self, hash: &str) -> String {
        format!("{}://{}proof/{hash}", self.scheme, self.prefix)
    }
}

impl Published {
    /// Reads the member `tlog` of the description: its addresses have to be those that follow from the issuer.
    pub(super) fn read(issuer: &str, tlog: &Value) -> Option<Self> {
        #[derive(Deserialize)]
        struct Member {
            registry: String,
            #[serde(default)]
            issuance: Option<String>,
            keys: Vec<LogKey>,
        }
        let member = Member::deserialize(tlog).ok()?;
        let logs = Logs::of(issuer);
        let year_of = |address: &str| {
            let year = address.strip_prefix(&logs.address(&logs.prefix))?;
            (year != REGISTRY && year.parse::<LogName>().is_ok()).then(|| logs.origin(year))
        };
        let issuance = member.issuance.as_deref().map(|address| year_of(address).ok_or(())).transpose().ok()?;
        let some = (1..=MAX_KEYS).contains(&member.keys.len());
        (some && member.registry == logs.address(&logs.registry())).then_some(Self { issuance, keys: member.keys })
    }
}

impl Forum {
    pub(super) fn logs(&self) -> Logs {
        Logs::of(&self.config().issuer)
    }

    /// By what ID tokens are believed at present: nothing where the settings ask for no log.
    pub(super) async fn trust(&self, now: i64) -> Result<Result<Option<Trust>, Refusal>, StoreError> {
        if !self.config().require_log {
            return Ok(Ok(None));
        }
        if self.store().log_is_broken().await? {
            return Ok(Err(Unlogged::Broken.into()));
        }
        let published = match self.provider().published(now).await {
            Ok(published) => published,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let keys = self.believed_keys(&published, now).await?;
        Ok(Ok(Some(Trust::new(self.logs().prefix, keys))))
    }

    /// The keys that are believed: those that the provider shows, where none was known before.
    async fn believed_keys(&self, published: &Published, now: i64) -> Result<Vec<LogKey>, StoreError> {
        let keys = self.store().log_keys(now).await?;
        if !keys.is_empty() || !self.store().take_log_keys(&published.keys, KnownBy::Discovery).await? {
            return Ok(keys);
        }
        let shown: Vec<_> = published.keys.iter().map(|key| format!("{:?}", key.to_string())).collect();
        tracing::warn!(
            keys = shown.join(", "),
            "the keys of the public log were taken on trust; compare them with what the provider has published elsewhere, \
             and write them into the settings as log_keys"
        );
        self.store().log_keys(now).await
    }
}

/// The keys under the name that signs the heads of a log: its origin.
fn note_keys(origin: &str, keys: &[LogKey]) -> Vec<NoteKey> {
    keys.iter().filter_map(|key| NoteKey::new(origin, Algorithm::Ed25519, key.public()).ok()).collect()
}

const MAX_KEYS: usize = 16;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_description_names_the_logs_of_its_own_issuer_alone() {
        let key = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
        let good = json!({"registry": "https://id.example/log/registry", "issuance": "https://id.example/log/2026",
            "keys": [key]});
        let published = Published::read("https://id.example", &good).unwrap();
        assert_eq!((published.issuance.as_deref(), published.keys.len()), (Some("id.example/log/2026"), 1));
        assert!(Published::read("https://id.example/", &good).is_some(), "a slash at the end is none of an address");
        assert!(Published::read("https://other.example", &good).is_none());
        assert!(Published::read("http://id.example", &good).is_none());
        let mut closed = good.clone();
        closed.as_object_mut().unwrap().remove("issuance");
        assert_eq!(Published::read("https://id.example", &closed).unwrap().issuance, None, "at the turn of the year");
        for (member, bad) in [
            ("registry", json!("https://id.example/log/2026")),
            ("registry", json!("https://evil.example/log/registry")),
            ("issuance", json!("https://id.example/log/registry")),
            ("issuance", json!("https://id.example/log/2026/../x")),
            ("keys", json!([])),
            ("keys", json!(["x"])),
            ("keys", json!(vec![key; 17])),
        ] {
            let mut tlog = good.clone();
            tlog[member] = bad;
            assert!(Published::read("https://id.example", &tlog).is_none(), "{tlog}");
        }
    }

    #[test]
    fn the_logs_of_an_issuer_with_a_path_lie_below_it() {
        let logs = Logs::of("http://localhost:8400/tenant");
        assert_eq!(logs.registry(), "localhost:8400/tenant/log/registry");
        assert_eq!(logs.address(&logs.registry()), "http://localhost:8400/tenant/log/registry");
        assert_eq!(logs.proof("ab"), "http://localhost:8400/tenant/log/proof/ab");
    }
}
