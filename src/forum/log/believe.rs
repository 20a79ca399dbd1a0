//! Whether an ID token stands in the public log, by the proof that comes beside it (C2SP tlog-proof).
//!
//! ```text
//! tlog_proof   the entry of the log, its index, the hashes up to the root, and a head that the log has signed
//! tlog_owner   {"key": base64url of 32 bytes, "number": n}: in whose name the entry stands, and which of theirs it is
//! ```
//!
//! The proof has to hold, and to speak of this very token: each step has its own refusal. Not verified here: the token
//! itself, that the head is of the one log that everybody sees (the check of every night), that the number is a new one (the
//! store).

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Head, LogKey, Unlogged, note_keys};
use crate::{
    forum::ambient::{HOUR, SECOND},
    wire::tlog::{
        Hash, MAX_TLOG_PROOF, TlogProof,
        leaf::{Hour, Issuance, IssuanceLeaf, Issue},
        owner::OwnerKey,
        verify_inclusion,
    },
};

/// By what a proof is believed.
pub(in crate::forum) struct Trust {
    /// What the origins of the issuer's logs begin with: `id.example/log/`.
    logs: String,
    keys: Vec<LogKey>,
}

/// A token that was verified, and what came beside it.
pub(in crate::forum) struct Claimed<'a> {
    pub(in crate::forum) token: &'a str,
    pub(in crate::forum) kid: &'a str,
    /// Its `iat`, in seconds.
    pub(in crate::forum) issued: i64,
    pub(in crate::forum) proof: Option<&'a Value>,
    pub(in crate::forum) owner: Option<&'a Value>,
}

/// A token that stands in the log.
pub(in crate::forum) struct Logged {
    pub(in crate::forum) owner: OwnerKey,
    /// Which of the owner's leaves it is.
    pub(in crate::forum) number: u64,
    pub(in crate::forum) head: Head,
}

impl Trust {
    /// `logs` is what the origins of the issuer's logs begin with.
    pub(in crate::forum) fn new(logs: String, keys: Vec<LogKey>) -> Self {
        Self { logs, keys }
    }

    /// Takes a token for logged, or says which step fails.
    pub(in crate::forum) fn believe(&self, claimed: &Claimed<'_>) -> Result<Logged, Unlogged> {
        let proof = text(claimed.proof)?;
        let proof = TlogProof::parse(proof.as_bytes()).map_err(|_| Unlogged::Malformed)?;
        let head = self.head(&proof, claimed.issued)?;
        let leaf = issue(&proof, &head)?;
        let (owner, number) = owner(claimed.owner)?;
        is_of_token(&leaf.1, claimed)?;
        in_the_hour(leaf.0, claimed.issued)?;
        if leaf.1.owner != owner.tag(number) {
            return Err(Unlogged::Tag);
        }
        Ok(Logged { owner, number, head })
    }

    /// The head that the proof leads to: of the log of the token's year, signed by a key of the log.
    fn head(&self, proof: &TlogProof, issued: i64) -> Result<Head, Unlogged> {
        let signed = proof.checkpoint();
        let origin = signed.checkpoint().origin();
        let year = origin.strip_prefix(&self.logs).ok_or(Unlogged::Origin)?;
        if !years_of(issued).iter().any(|of| of == year) {
            return Err(Unlogged::Origin);
        }
        let keys = note_keys(origin, &self.keys);
        signed.verify(origin, &keys).map_err(|_| Unlogged::Signature)?;
        Ok(Head::of(signed))
    }
}

/// The entry of a token, included where the proof says.
fn issue(proof: &TlogProof, head: &Head) -> Result<(Hour, Issue), Unlogged> {
    let entry = proof.extra().ok_or(Unlogged::Malformed)?;
    verify_inclusion(Hash::of_leaf(entry), proof.index(), head.size, proof.hashes(), head.root)
        .map_err(|_| Unlogged::Inclusion)?;
    match IssuanceLeaf::parse(entry) {
        Ok(IssuanceLeaf { hour, facts: Issuance::Issue(issue) }) => Ok((hour, issue)),
        _ => Err(Unlogged::Kind),
    }
}

fn is_of_token(leaf: &Issue, claimed: &Claimed<'_>) -> Result<(), Unlogged> {
    if leaf.token != Hash::from_bytes(Sha256::digest(claimed.token.as_bytes()).into()) {
        return Err(Unlogged::Token);
    }
    if leaf.kid.as_str() == claimed.kid { Ok(()) } else { Err(Unlogged::Kid) }
}

/// The hour of the token, or one beside it: the leaf may be older than the signature that it allows, or come just after.
fn in_the_hour(hour: Hour, issued: i64) -> Result<(), Unlogged> {
    let own = issued.saturating_mul(SECOND).div_euclid(HOUR);
    if own.abs_diff(i64::from(hour.count())) <= 1 { Ok(()) } else { Err(Unlogged::Hour) }
}

/// The years that it is somewhere on earth: which of them is the legal one, the provider's zone says.
fn years_of(issued: i64) -> [String; 2] {
    [-12, 14].map(|hours: i64| {
        let there = issued.saturating_add(hours * HOUR / SECOND);
        let there = jiff::Timestamp::from_second(there).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        format!("{:04}", jiff::tz::TimeZone::UTC.to_datetime(there).year())
    })
}

fn owner(member: Option<&Value>) -> Result<(OwnerKey, u64), Unlogged> {
    #[derive(Deserialize)]
    struct Owner {
        key: String,
        number: u64,
    }
    let owner = member.filter(|owner| !owner.is_null()).ok_or(Unlogged::Missing)?;
    let Owner { key, number } = Owner::deserialize(owner).map_err(|_| Unlogged::Malformed)?;
    let key = BASE64URL_NOPAD.decode(key.as_bytes()).ok().and_then(|key| key.try_into().ok());
    Ok((OwnerKey::from_bytes(Zeroizing::new(key.ok_or(Unlogged::Malformed)?)), number))
}

fn text(member: Option<&Value>) -> Result<&str, Unlogged> {
    let proof = member.filter(|proof| !proof.is_null()).ok_or(Unlogged::Missing)?;
    proof.as_str().filter(|proof| proof.len() <= MAX_TLOG_PROOF).ok_or(Unlogged::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_may_stand_in_the_log_of_any_year_that_it_is_somewhere() {
        for (at, years) in [
            ("2026-11-30T20:00:00Z", ["2026", "2026"]),
            ("2026-12-31T10:00:00Z", ["2026", "2027"]),
            ("2027-01-01T11:59:59Z", ["2026", "2027"]),
            ("2027-01-01T12:00:00Z", ["2027", "2027"]),
        ] {
            let at: jiff::Timestamp = at.parse().unwrap();
            assert_eq!(years_of(at.as_second()), years, "{at}");
        }
        assert_eq!(years_of(i64::MAX), ["1970", "1970"]);
    }
}
