//! Which leaves a sampled audit draws, and the file in which they are opened to its auditor (`specs/log.md` §13).
//!
//! ```text
//! seed     = SHA-256("heteronym/sample/v1" ‖ 0x0a ‖ audit (16) ‖ nonce (32) ‖ u64 size ‖ root (32))       big-endian
//! x of i   = the first 8 bytes of SHA-256(seed ‖ u64 i) as a number, i = 0, 1, 2, …
//! drawn    = x mod N among the N `issue` leaves of that tree in their order, from 0. What is not below the greatest multiple of N
//!            that 2⁶⁴ holds is left out, so that all are equally likely; so is what was drawn before
//!
//! openings = {"v":1,"audit":b64(16),"drawn":[{"index":4711,"opened":{"fields":[opening × 4],
//!             "enrolment":{"log":"2026","index":12,"fields":[opening × 2]}}},{"index":4712,"opened":null}]}
//! ```
//!
//! At most 3,000 are drawn: enough to find, with 95 % certainty, what is wrong with one token in a thousand. The file is JSON of at most 16 MiB, with the fields
//! in the order of their kind (§5). Not verified here: that a leaf is bound to what its openings say, and that this is true.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    commitment::Opening,
    leaf::{AuditCommit, AuditId, LogName},
};

/// The most leaves that one audit draws.
pub const MAX_DRAWS: u32 = 3_000;
/// The longest file of openings that is read.
pub const MAX_OPENINGS: usize = 16 << 20;

/// By what the leaves of one audit are drawn. It follows from two numbers, and neither side knew that of the other when it chose its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed([u8; 32]);

/// The file in which a provider opens what was drawn. `Debug` shows nothing of it: it is about people.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Openings {
    /// 1.
    pub v: u32,
    pub audit: AuditId,
    /// In the order in which they were drawn.
    pub drawn: Vec<Drawn>,
}

/// One leaf that was drawn.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drawn {
    /// In the audited log.
    pub index: u64,
    /// `None` where it could not be opened: the salts of a person who is gone are gone too.
    pub opened: Option<Opened>,
}

/// What an `issue` leaf is bound to, and the enrolment that it names.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opened {
    pub fields: Vec<Opening>,
    pub enrolment: Enrolment,
}

/// An `enrol` leaf, and what it is bound to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrolment {
    pub log: LogName,
    pub index: u64,
    pub fields: Vec<Opening>,
}

/// A file that is no file of openings.
#[derive(Debug, thiserror::Error)]
pub enum OpeningsError {
    #[error("it has {0} bytes, and at most {MAX_OPENINGS} are read")]
    TooLong(usize),
    #[error("it is not of version 1")]
    Version,
    /// Where, and nothing of what stands there.
    #[error("it is no file of openings: line {line}, column {column}")]
    Malformed { line: usize, column: usize },
}

impl Seed {
    /// The seed of an audit that has shown its nonce.
    pub fn of(commit: &AuditCommit, nonce: &[u8; 32]) -> Self {
        let hash = Sha256::new()
            .chain_update(b"heteronym/sample/v1\n")
            .chain_update(commit.audit.as_bytes())
            .chain_update(nonce)
            .chain_update(commit.size.to_be_bytes())
            .chain_update(commit.root.as_bytes());
        Self(hash.finalize().into())
    }

    /// The places of so many among so many, each once, in the order in which they are drawn. All of them, where there are no more.
    pub fn draw(self, draws: u32, population: u64) -> Vec<u64> {
        let wanted = u64::from(draws).min(population);
        let (mut places, mut seen, mut i) = (Vec::new(), BTreeSet::new(), 0);
        while (places.len() as u64) < wanted {
            let x = self.number(i);
            // 2⁶⁴ mod N numbers at the upper end would make some places likelier than others.
            let uneven = (u64::MAX % population + 1) % population;
            if x <= u64::MAX - uneven && seen.insert(x % population) {
                places.push(x % population);
            }
            i += 1;
        }
        places
    }

    fn number(self, i: u64) -> u64 {
        let hash = Sha256::new().chain_update(self.0).chain_update(i.to_be_bytes()).finalize();
        hash.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

/// The probability that of `population` leaves with `wrong` among them `draws` find at least one.
pub fn odds(population: u64, wrong: u64, draws: u64) -> f64 {
    let (draws, right) = (draws.min(population), population.saturating_sub(wrong));
    let missed = (0..draws).map(|i| share(right.saturating_sub(i), population - i));
    1.0 - missed.product::<f64>()
}

/// A part of a whole.
#[expect(clippy::cast_precision_loss, reason = "no log has 2⁵² leaves, and no chance needs more digits")]
pub fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

impl Openings {
    pub fn parse(bytes: &[u8]) -> Result<Self, OpeningsError> {
        if bytes.len() > MAX_OPENINGS {
            return Err(OpeningsError::TooLong(bytes.len()));
        }
        let malformed =
            |error: serde_json::Error| OpeningsError::Malformed { line: error.line(), column: error.column() };
        let openings: Self = serde_json::from_slice(bytes).map_err(malformed)?;
        if openings.v == 1 { Ok(openings) } else { Err(OpeningsError::Version) }
    }

    /// What the auditor gets, and whose SHA-256 is in the registry.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Plain members always serialize.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl fmt::Debug for Openings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Openings(…)")
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;
    use crate::wire::tlog::Hash;

    /// `tests/vectors/log.json`, `samples`.
    #[derive(Deserialize)]
    struct Vector {
        audit: String,
        nonce: String,
        size: u64,
        root: String,
        seed: String,
        population: u64,
        draws: u32,
        drawn: Vec<u64>,
    }

    fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        HEXLOWER.decode(hex.as_bytes()).unwrap().try_into().unwrap()
    }

    #[test]
    fn what_is_drawn_is_what_the_independent_program_draws() {
        #[derive(Deserialize)]
        struct Vectors {
            samples: Vec<Vector>,
        }
        let vectors: Vectors = serde_json::from_str(include_str!("../../../tests/vectors/log.json")).unwrap();
        for vector in &vectors.samples {
            let commit = AuditCommit {
                audit: AuditId::from_bytes(bytes(&vector.audit)),
                auditor: "A journal".parse().unwrap(),
                log: "2026".parse().unwrap(),
                size: vector.size,
                root: Hash::from_bytes(bytes(&vector.root)),
                draws: vector.draws,
                nonce_hash: Hash::from_bytes([0; 32]),
            };
            let seed = Seed::of(&commit, &bytes(&vector.nonce));
            assert_eq!(HEXLOWER.encode(&seed.0), vector.seed);
            assert_eq!(seed.draw(vector.draws, vector.population), vector.drawn);
        }
        assert!(vectors.samples.len() > 5);
    }

    #[test]
    fn every_leaf_is_as_likely_as_every_other() {
        let mut counts = [0_u32; 10];
        for n in 0..3_000_u32 {
            let mut seed = [0; 32];
            seed[..4].copy_from_slice(&n.to_be_bytes());
            for place in Seed(seed).draw(3, 10) {
                counts[usize::try_from(place).unwrap()] += 1;
            }
        }
        // 900 each; the standard deviation is 25.
        assert!(counts.iter().all(|count| (775..=1_025).contains(count)), "{counts:?}");
    }

    #[test]
    fn the_odds_are_those_of_drawing_without_putting_back() {
        let near = |one: f64, other: f64| assert!((one - other).abs() < 1e-9, "{one} {other}");
        near(odds(10, 0, 5), 0.0);
        near(odds(10, 1, 5), 0.5);
        near(odds(10, 2, 5), 1.0 - (5.0 * 4.0) / (10.0 * 9.0));
        near(odds(10, 10, 1), 1.0);
        near(odds(10, 1, 99), 1.0);
        near(odds(0, 0, 5), 0.0);
        assert!(odds(1_000_000, 1_000, 3_000) > 0.95, "one in a thousand, with the most that may be drawn");
    }

    #[test]
    fn a_file_that_is_none_is_refused_without_repeating_what_it_says() {
        let file =
            Openings { v: 1, audit: AuditId::from_bytes([1; 16]), drawn: vec![Drawn { index: 3, opened: None }] };
        assert_eq!(Openings::parse(&file.to_bytes()).unwrap(), file);
        assert_eq!(format!("{file:?}"), "Openings(…)");
        let text = String::from_utf8(file.to_bytes()).unwrap();
        assert!(matches!(Openings::parse(text.replace("\"v\":1", "\"v\":2").as_bytes()), Err(OpeningsError::Version)));
        let foreign = Openings::parse(text.replace("null", "\"Jeanne\"").as_bytes()).unwrap_err().to_string();
        assert!(foreign.starts_with("it is no file of openings: line 1, column") && !foreign.contains("Jeanne"));
        for bad in ["", "{}", "[]", &text.replace("}]", "}],\"name\":1"), &text.replace("\"v\":1,", "")] {
            assert!(Openings::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        let long = Openings::parse(&vec![b' '; MAX_OPENINGS + 1]);
        assert!(matches!(long, Err(OpeningsError::TooLong(_))));
    }

    proptest! {
        #[test]
        fn so_many_are_drawn_as_were_asked_for_each_once(seed: [u8; 32], draws in 0_u32..200, population in 0_u64..250) {
            let drawn = Seed(seed).draw(draws, population);
            prop_assert_eq!(drawn.len() as u64, u64::from(draws).min(population));
            prop_assert!(drawn.iter().all(|place| *place < population));
            prop_assert_eq!(drawn.iter().collect::<BTreeSet<_>>().len(), drawn.len());
            let fewer = Seed(seed).draw(draws / 2, population);
            prop_assert!(drawn.starts_with(&fewer), "fewer draws are the first of more");
        }
    }
}
