//! A witness as the operator names it: by whom its cosignatures are, and where it answers; and a copy of the logs, by where it lies.

use std::str::FromStr;

use url::{Host, Url};

use crate::{
    domain::log::LogName,
    wire::tlog::{Algorithm, NoteError, NoteKey},
};

/// A witness that is asked for cosignatures. Its text is `VKEY URL`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    pub(super) key: NoteKey,
    /// The submission prefix (C2SP tlog-witness) with `/add-checkpoint` behind it.
    pub(super) address: Url,
}

/// A copy of the logs that somebody serves, with the name of each log below its address: `https://mirror.example/id.example`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror(Url);

/// A text that names no witness, or no copy.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum WitnessError {
    #[error("{0:?} is not a verifier key, a space and an address, such as w.example+1a2b3c4d+BA… https://w.example")]
    Form(String),
    #[error("the verifier key of a witness: {0}")]
    Key(#[from] NoteError),
    #[error("{0} is the key of a log, not of a witness")]
    OfLog(String),
    #[error("{0} is not an address: give scheme, host and path, without user, query or fragment")]
    Address(String),
    #[error("{0} is not https: http is for this machine, and for hosts that outbound.allow names")]
    Plain(String),
    #[error("{0} is named twice")]
    Twice(String),
}

impl Witness {
    /// The name in its cosignatures.
    pub fn name(&self) -> &str {
        self.key.name()
    }

    /// Refuses an address to which heads would go in clear, over a network where others could answer.
    pub fn checked(self, allow: &[String]) -> Result<Self, WitnessError> {
        is_safe(&self.address, allow).map(|()| self)
    }
}

impl Mirror {
    /// Refuses an address from which heads would come in clear.
    pub fn checked(self, allow: &[String]) -> Result<Self, WitnessError> {
        is_safe(&self.0, allow).map(|()| self)
    }

    /// The host, by which the operator knows the copy.
    pub(super) fn name(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Where the head of a log is.
    pub(super) fn checkpoint(&self, log: LogName) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}/{log}/checkpoint", self.0.path().trim_end_matches('/')));
        url
    }
}

/// https, or this machine, or a host that is allowed.
fn is_safe(address: &Url, allow: &[String]) -> Result<(), WitnessError> {
    let local = match address.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    let host = address.host_str().unwrap_or_default();
    let with_port = format!("{host}:{}", address.port_or_known_default().unwrap_or_default());
    let allowed = local || allow.iter().any(|allowed| *allowed == host || *allowed == with_port);
    if address.scheme() == "https" || allowed { Ok(()) } else { Err(WitnessError::Plain(address.to_string())) }
}

/// An address of the web, of nothing but scheme, host and path.
fn address(text: &str) -> Result<Url, WitnessError> {
    let wrong = || WitnessError::Address(text.to_owned());
    let url = Url::parse(text).map_err(|_| wrong())?;
    let plain = url.username().is_empty() && url.password().is_none();
    let whole = plain && url.has_host() && url.query().is_none() && url.fragment().is_none();
    if whole && matches!(url.scheme(), "https" | "http") { Ok(url) } else { Err(wrong()) }
}

impl FromStr for Mirror {
    type Err = WitnessError;

    fn from_str(text: &str) -> Result<Self, WitnessError> {
        address(text).map(Self)
    }
}

impl FromStr for Witness {
    type Err = WitnessError;

    fn from_str(text: &str) -> Result<Self, WitnessError> {
        let (key, place) = text.split_once(' ').ok_or_else(|| WitnessError::Form(text.to_owned()))?;
        let key: NoteKey = key.parse()?;
        if key.algorithm() != Algorithm::Cosignature {
            return Err(WitnessError::OfLog(key.name().to_owned()));
        }
        let mut url = address(place)?;
        let path = format!("{}/add-checkpoint", url.path().trim_end_matches('/'));
        url.set_path(&path);
        Ok(Self { key, address: url })
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;

    fn key(algorithm: Algorithm) -> String {
        let public = SigningKey::from_bytes(&[3; 32]).verifying_key().to_bytes();
        NoteKey::new("witness.example/w1", algorithm, &public).unwrap().to_string()
    }

    fn read(address: &str) -> Result<String, WitnessError> {
        let text = format!("{} {address}", key(Algorithm::Cosignature));
        Ok(text.parse::<Witness>()?.checked(&["witness.test".to_owned(), "10.0.0.7:7380".to_owned()])?.address.into())
    }

    #[test]
    fn a_witness_is_its_key_and_its_address() {
        for (given, asked) in [
            ("https://witness.example", "https://witness.example/add-checkpoint"),
            ("https://witness.example/", "https://witness.example/add-checkpoint"),
            ("https://shared.example/w/1/", "https://shared.example/w/1/add-checkpoint"),
            ("http://127.0.0.1:7380", "http://127.0.0.1:7380/add-checkpoint"),
            ("http://[::1]:7380", "http://[::1]:7380/add-checkpoint"),
            ("http://localhost:7380", "http://localhost:7380/add-checkpoint"),
            ("http://witness.test:1", "http://witness.test:1/add-checkpoint"),
            ("http://10.0.0.7:7380", "http://10.0.0.7:7380/add-checkpoint"),
        ] {
            assert_eq!(read(given).as_deref(), Ok(asked));
        }
    }

    #[test]
    fn what_is_no_address_of_a_witness_is_refused() {
        for wrong in [
            "witness.example",
            "https://user@witness.example",
            "https://witness.example?x",
            "https://witness.example#x",
            "ftp://witness.example",
            "https:",
        ] {
            assert!(matches!(read(wrong), Err(WitnessError::Address(_))), "{wrong}");
        }
        for plain in ["http://witness.example", "http://10.0.0.7", "http://localhost.evil.example"] {
            assert!(matches!(read(plain), Err(WitnessError::Plain(_))), "{plain}");
        }
        for wrong in ["mirror.example", "https://mirror.example?x", "ftp://mirror.example"] {
            assert!(matches!(wrong.parse::<Mirror>(), Err(WitnessError::Address(_))), "{wrong}");
        }
        let mirror = |text: &str| text.parse::<Mirror>().unwrap().checked(&[]);
        assert!(matches!(mirror("http://mirror.example"), Err(WitnessError::Plain(_))));
        let url = mirror("https://mirror.example/id/").unwrap().checkpoint("2026".parse().unwrap());
        assert_eq!(url.as_str(), "https://mirror.example/id/2026/checkpoint");
        let of_log = format!("{} https://witness.example", key(Algorithm::Ed25519));
        assert_eq!(of_log.parse::<Witness>(), Err(WitnessError::OfLog("witness.example/w1".to_owned())));
        assert!(matches!("https://witness.example".parse::<Witness>(), Err(WitnessError::Form(_))));
        assert!(matches!("x https://witness.example".parse::<Witness>(), Err(WitnessError::Key(_))));
    }
}
