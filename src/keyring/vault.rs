//! Rows about people: sealed under a key per table and bound to their row, so that no row opens in another's place.
//! And tags, by which equal things are recognised without being readable.

use std::fmt;

use rand::CryptoRng;
use serde::Serialize;
use zeroize::Zeroizing;

use super::{
    seal::{self, OpenError},
    versions::{Versions, hmac, length},
};
use crate::domain::ambient::Timestamp;

/// The key of rows about people, in all its versions.
pub struct VaultKey(pub(super) Versions);

impl VaultKey {
    /// Seals one row's secret part. `row` is its identity, and says the column too where a row has several.
    /// 45 bytes longer than the plaintext.
    pub fn seal_row(&self, table: &'static str, row: &[u8], plaintext: &[u8], rng: &mut impl CryptoRng) -> Vec<u8> {
        let info: [&[u8]; 2] = [b"row/v1/", table.as_bytes()];
        seal::seal(&self.0, &info, &[&length(table.as_bytes()), table.as_bytes(), row], plaintext, rng)
    }

    /// Opens what was sealed for the same row of the same table.
    pub fn open_row(&self, table: &'static str, row: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        if sealed.len() > MAX_ROW {
            return Err(OpenError);
        }
        let info: [&[u8]; 2] = [b"row/v1/", table.as_bytes()];
        seal::open(&self.0, &info, &[&length(table.as_bytes()), table.as_bytes(), row], sealed)
    }

    /// Seals a time that belongs to a row, in a column of its own: for what is known to the day or finer and would join the
    /// row with a forum's in clear.
    pub fn seal_time(&self, column: &'static str, row: &[u8], time: Timestamp, rng: &mut impl CryptoRng) -> Vec<u8> {
        self.seal_row(column, row, &time.0.to_be_bytes(), rng)
    }

    /// Opens what [`VaultKey::seal_time`] sealed for the same column and row.
    pub fn open_time(&self, column: &'static str, row: &[u8], sealed: &[u8]) -> Result<Timestamp, OpenError> {
        let plain = self.open_row(column, row, sealed)?;
        plain.as_slice().try_into().map(|bytes| Timestamp(i64::from_be_bytes(bytes))).map_err(|_| OpenError)
    }

    /// A keyed tag: equal bytes under one label give equal tags, and without the key nothing can be guessed from them.
    /// Made with the oldest version for ever, since what was tagged cannot be had again to tag it anew.
    pub fn tag(&self, label: &'static str, bytes: &[u8]) -> [u8; 32] {
        let key = self.0.oldest().derive(&[b"tag/v1/", label.as_bytes()]);
        hmac(&key, bytes)
    }

    /// What stands for somebody in the log, as 16 hexadecimal digits: equal on one day for equal ids, another on the next.
    /// Whoever reads the log sees what one person did in a row, and cannot gather a life; the holder of the key can.
    pub fn trace(&self, id: &[u8], now: Timestamp) -> String {
        let mut text = data_encoding::HEXLOWER.encode(&self.tag("audit", &[&now.day().0.to_be_bytes(), id].concat()));
        text.truncate(16);
        text
    }

    /// Whether the row is under the version that seals now; if not, sealing it again brings it there.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        sealed.get(1..5) == Some(&self.0.current().number.to_be_bytes())
    }
}

/// What a row is to hold, as JSON that is filled up with spaces to a multiple of `step` bytes: the length of a row would
/// tell how long a name is, or with what somebody signs in.
///
/// # Panics
/// When the value cannot be written as JSON; structures of plain members always can.
#[expect(clippy::expect_used, reason = "text, numbers and dates are always written; an empty row must never be stored")]
pub fn padded_json(value: &impl Serialize, step: usize) -> Zeroizing<Vec<u8>> {
    let mut plain = Zeroizing::new(Vec::with_capacity(step));
    serde_json::to_writer(&mut *plain, value).expect("a row is written as JSON");
    let padded = plain.len().next_multiple_of(step);
    plain.resize(padded, b' ');
    plain
}

impl fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VaultKey({:?})", self.0)
    }
}

const MAX_ROW: usize = 64 * 1024 + seal::OVERHEAD;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;
    use crate::keyring::{Role, tests::versions};

    fn key(numbers: &[u32]) -> VaultKey {
        VaultKey(versions(Role::Vault, numbers))
    }

    fn rng() -> StdRng {
        StdRng::seed_from_u64(1)
    }

    #[test]
    fn a_row_opens_in_its_own_place_alone() {
        let key = key(&[1]);
        let sealed = key.seal_row("person", b"row-1", b"1990", &mut rng());
        assert_eq!(key.open_row("person", b"row-1", &sealed).unwrap().as_slice(), b"1990");
        assert_eq!(key.open_row("person", b"row-2", &sealed), Err(OpenError));
        assert_eq!(key.open_row("account", b"row-1", &sealed), Err(OpenError));
        assert_eq!(key.open_row("perso", b"nrow-1", &sealed), Err(OpenError));
        assert_eq!(sealed.len(), 4 + seal::OVERHEAD);
    }

    #[test]
    fn rows_of_many_lengths_are_of_one_and_read_as_what_they_were() {
        for text in ["", "x", "0123456789", "01234567890123456789012345678"] {
            let plain = padded_json(&text, 32);
            assert_eq!(plain.len(), 32, "{text}");
            assert_eq!(serde_json::from_slice::<String>(&plain).unwrap(), text);
        }
        assert_eq!(padded_json(&"0123456789012345678901234567890", 32).len(), 64);
    }

    #[test]
    fn an_old_version_opens_and_says_that_it_is_old() {
        let old = key(&[1]).seal_row("person", b"r", b"x", &mut rng());
        let both = key(&[1, 2]);
        assert!(both.open_row("person", b"r", &old).is_ok());
        assert!(!both.is_current(&old) && !both.is_current(b""));
        assert!(both.is_current(&both.seal_row("person", b"r", b"x", &mut rng())));
    }

    #[test]
    fn tags_are_equal_for_equal_things_under_one_label_and_survive_rotation() {
        let (one, two) = (key(&[1]), key(&[1, 2]));
        assert_eq!(one.tag("twin", b"x"), two.tag("twin", b"x"));
        assert_ne!(one.tag("twin", b"x"), one.tag("twin", b"y"));
        assert_ne!(one.tag("twin", b"x"), one.tag("other", b"x"));
        assert_ne!(one.tag("twin", b"x"), key(&[2]).tag("twin", b"x"));
    }

    #[test]
    fn a_trace_is_the_same_for_a_day_and_another_for_each_person_day_and_key() {
        let (noon, night) = (Timestamp(43_200_000), Timestamp(86_399_999));
        let trace = key(&[1]).trace(b"x", noon);
        assert_eq!(trace.len(), 16);
        assert_eq!(key(&[1]).trace(b"x", night), trace);
        for other in
            [key(&[1]).trace(b"x", Timestamp(86_400_000)), key(&[1]).trace(b"y", noon), key(&[2]).trace(b"x", noon)]
        {
            assert_ne!(other, trace);
        }
    }

    #[test]
    fn a_sealed_time_opens_in_its_own_column_and_row_alone() {
        let sealed = key(&[1]).seal_time("consents.withdrawn", b"r", Timestamp(-7), &mut rng());
        assert_eq!(key(&[1]).open_time("consents.withdrawn", b"r", &sealed), Ok(Timestamp(-7)));
        assert!(key(&[1]).open_time("consents.withdrawn", b"s", &sealed).is_err());
        assert!(key(&[1]).open_time("refresh_tokens.used", b"r", &sealed).is_err());
        let other = key(&[1]).seal_row("consents.withdrawn", b"r", b"1234567", &mut rng());
        assert!(key(&[1]).open_time("consents.withdrawn", b"r", &other).is_err());
    }

    proptest! {
        #[test]
        fn what_was_not_sealed_does_not_open(bytes in any::<Vec<u8>>(), at in any::<proptest::sample::Index>(), bit in 0..8_u32) {
            let key = key(&[1]);
            prop_assert_eq!(key.open_row("person", b"r", &bytes), Err(OpenError));
            let mut sealed = key.seal_row("person", b"r", &bytes, &mut rng());
            sealed[at.index(bytes.len() + seal::OVERHEAD)] ^= 1_u8 << bit;
            prop_assert_eq!(key.open_row("person", b"r", &sealed), Err(OpenError));
        }
    }
}
