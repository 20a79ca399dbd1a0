//! The mark that a revoked key leaves: public, and for ever, so that a copy of the key that comes back is not believed.
//!
//! ```text
//! -----BEGIN HETERONYM REVOCATION-----
//! role: issuer
//! algorithm: EdDSA
//! version: 2
//! kid: 7d1…
//! created: 2026-03-01T08:00:00Z
//! activates: 2026-03-02T08:00:00Z
//! revoked: 2026-03-09T17:30:00Z
//! -----END HETERONYM REVOCATION-----
//! ```
//!
//! What counts is the `kid`, which is made from the key itself: a copy under another name or number is refused alike.

use super::{
    Role,
    armour::{self, EXTENSION, date, read_date},
    key::Key,
    life::Dates,
};
use crate::{domain::ambient::Timestamp, wire::jose::Algorithm};

/// A key that was taken away in an emergency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Revocation {
    pub(super) role: Role,
    pub(super) algorithm: Option<Algorithm>,
    pub(super) dates: Dates,
    pub(super) kid: String,
    pub(super) at: Timestamp,
}

impl Revocation {
    pub(super) fn of(key: &Key, at: Timestamp) -> Self {
        Self { role: key.role, algorithm: key.algorithm, dates: key.dates, kid: key.kid.clone(), at }
    }

    /// The name of its file: that of the key, with another ending.
    pub(super) fn name(&self) -> String {
        let name = armour::name(self.role, self.algorithm, self.dates.version);
        [name.strip_suffix(EXTENSION).unwrap_or(&name), REVOKED].concat()
    }

    /// Whether it had taken over before it was revoked, so that what was before it does not come back.
    pub(super) fn had_taken_over(&self) -> bool {
        self.dates.activates <= self.at
    }

    pub(super) fn write(&self) -> String {
        format!(
            "{BEGIN}\nrole: {}\nalgorithm: {}\nversion: {}\nkid: {}\ncreated: {}\nactivates: {}\nrevoked: {}\n{END}\n",
            self.role,
            armour::algorithm_name(self.role, self.algorithm),
            self.dates.version,
            self.kid,
            date(self.dates.created),
            date(self.dates.activates),
            date(self.at),
        )
    }

    /// `None` when the text is no such mark.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut lines = text.strip_prefix(BEGIN)?.strip_prefix('\n')?.lines();
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(": ");
        let role: Role = field("role")?.parse().ok()?;
        let said = field("algorithm")?;
        let algorithm = if role == Role::Issuer { Some(said.parse().ok()?) } else { None };
        let version = field("version")?.parse().ok()?;
        let kid = field("kid").filter(|kid| !kid.is_empty())?.to_owned();
        let (created, activates) = (read_date(field("created")?)?, read_date(field("activates")?)?);
        let at = read_date(field("revoked")?)?;
        let whole = lines.next() == Some(END) && lines.next().is_none();
        let dates = Dates { version, created, activates };
        (whole && said == armour::algorithm_name(role, algorithm)).then_some(Self { role, algorithm, dates, kid, at })
    }
}

const BEGIN: &str = "-----BEGIN HETERONYM REVOCATION-----";
const END: &str = "-----END HETERONYM REVOCATION-----";
pub(super) const REVOKED: &str = ".revoked";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mark() -> Revocation {
        let dates = Dates { version: 2, created: Timestamp(0), activates: Timestamp(86_400_000) };
        let (role, kid) = (Role::Issuer, "abc".to_owned());
        Revocation { role, algorithm: Some(Algorithm::EdDSA), dates, kid, at: Timestamp(90_000_000) }
    }

    #[test]
    fn a_mark_reads_as_its_documentation_shows_and_comes_back() {
        let text = mark().write();
        assert_eq!(
            text,
            "-----BEGIN HETERONYM REVOCATION-----\nrole: issuer\nalgorithm: EdDSA\nversion: 2\nkid: abc\n\
             created: 1970-01-01T00:00:00Z\nactivates: 1970-01-02T00:00:00Z\nrevoked: 1970-01-02T01:00:00Z\n\
             -----END HETERONYM REVOCATION-----\n"
        );
        assert_eq!(Revocation::read(&text), Some(mark()));
        assert_eq!(mark().name(), "issuer-eddsa-2.revoked");
        let token = Revocation { role: Role::Token, algorithm: None, ..mark() };
        assert_eq!(Revocation::read(&token.write()), Some(token));
    }

    #[test]
    fn what_is_cut_short_or_says_something_else_is_no_mark() {
        let text = mark().write();
        for cut in 0..text.len() - 1 {
            assert_eq!(Revocation::read(&text[..cut]), None, "{cut}");
        }
        for (from, to) in [("issuer", "other"), ("EdDSA", "HS256"), ("kid: abc", "kid: "), ("version: 2", "version: x")]
        {
            assert_eq!(Revocation::read(&text.replace(from, to)), None, "{to}");
        }
        assert_eq!(Revocation::read(&(text + "x")), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(?s).{0,200}") {
            let _ = Revocation::read(&text);
        }
    }
}
