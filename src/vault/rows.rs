//! The qualities of a person as a row: padded, and sealed under the vault key to that person's place.
//!
//! ```text
//! length 2 bytes, big endian · JSON of Facts · zeros, up to 382, 1,022 or 8,190 bytes in all
//! ```
//!
//! then sealed by [`VaultKey::seal_row`] for table `persons`, row `person id ‖ "facts"`. The padding hides how long a name
//! is and whether there are roles; only somebody with four roles or more may be in another size.

use rand::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    domain::{ids::PersonId, quality::Facts},
    keyring::{OpenError, VaultKey},
};

/// Why facts were not sealed or read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FactsError {
    #[error("there are too many roles to be stored: withdraw some")]
    TooLong,
    #[error("the qualities of a person cannot be read: {0}")]
    Sealed(#[from] OpenError),
    #[error("the qualities of a person are in a form that is not known here")]
    Form,
}

/// The bytes of `persons.facts`.
pub fn seal_facts(
    key: &VaultKey,
    person: PersonId,
    facts: &Facts,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, FactsError> {
    let [.., largest] = SIZES;
    let mut text = Zeroizing::new(Vec::with_capacity(largest));
    text.extend_from_slice(&[0, 0]);
    serde_json::to_writer(&mut *text, facts).map_err(|_| FactsError::Form)?;
    let size = SIZES.into_iter().find(|size| text.len() <= *size).ok_or(FactsError::TooLong)?;
    let length = u16::try_from(text.len() - 2).map_err(|_| FactsError::TooLong)?;
    text.splice(..2, length.to_be_bytes());
    text.resize(size, 0);
    Ok(key.seal_row(TABLE, &row(person), &text, rng))
}

/// Reads `persons.facts` of this person.
pub fn open_facts(key: &VaultKey, person: PersonId, sealed: &[u8]) -> Result<Facts, FactsError> {
    let text = key.open_row(TABLE, &row(person), sealed)?;
    let (length, rest) = text.split_first_chunk::<2>().ok_or(FactsError::Form)?;
    let json = rest.get(..usize::from(u16::from_be_bytes(*length))).ok_or(FactsError::Form)?;
    serde_json::from_slice(json).map_err(|_| FactsError::Form)
}

/// Whether the row is under the vault key's present version; if not, sealing it anew brings it there.
pub fn is_current(key: &VaultKey, sealed: &[u8]) -> bool {
    key.is_current(sealed)
}

fn row(person: PersonId) -> Vec<u8> {
    [person.as_bytes().as_slice(), b"facts"].concat()
}

const TABLE: &str = "persons";
const SIZES: [usize; 3] = [382, 1_022, 8_190];

#[cfg(test)]
pub(super) mod tests {
    use jiff::civil::date;
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;
    use crate::{
        domain::{
            age::{BirthFacts, LeapDay, LegalCalendar},
            ambient::Timestamp,
            ids::RegistrarId,
            quality::{Role, RoleKind, Sex},
        },
        keyring::{Keyring, Purpose},
        wire::jose::Algorithm,
    };

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    pub(in crate::vault) fn keyring(seed: u64) -> Keyring {
        let directory = tempfile::tempdir().unwrap();
        let mut rng = StdRng::seed_from_u64(seed);
        Keyring::create(&directory.path().join("keys"), Purpose::Demo, &[Algorithm::EdDSA], None, &mut rng, NOW)
            .unwrap()
    }

    fn facts(roles: u8) -> Facts {
        let calendar = LegalCalendar::new("Europe/Paris", LeapDay::default()).unwrap();
        let role =
            |i| Role { kind: RoleKind::Agent, authority: RegistrarId::from_bytes([i; 16]), until: date(2027, 12, 31) };
        Facts {
            birth: BirthFacts::new(date(2012, 3, 1), &calendar, NOW).unwrap(),
            commune: "cog:38563".parse().unwrap(),
            sex: Sex::Female,
            partial_name: "Éléonore L.".parse().unwrap(),
            roles: (0..roles).map(role).collect(),
        }
    }

    const PERSON: PersonId = PersonId::from_bytes([1; 16]);

    #[test]
    fn facts_come_back_for_their_person_alone() {
        let (keys, mut rng) = (keyring(1), StdRng::seed_from_u64(2));
        let sealed = seal_facts(keys.vault(), PERSON, &facts(1), &mut rng).unwrap();
        assert_eq!(open_facts(keys.vault(), PERSON, &sealed), Ok(facts(1)));
        assert!(is_current(keys.vault(), &sealed));
        let other = PersonId::from_bytes([2; 16]);
        assert_eq!(open_facts(keys.vault(), other, &sealed), Err(FactsError::Sealed(OpenError)));
        assert_eq!(open_facts(keyring(3).vault(), PERSON, &sealed), Err(FactsError::Sealed(OpenError)));
    }

    #[test]
    fn the_length_of_a_row_tells_neither_name_nor_a_few_roles() {
        let (keys, mut rng) = (keyring(1), StdRng::seed_from_u64(2));
        let mut length = |facts: &Facts| seal_facts(keys.vault(), PERSON, facts, &mut rng).map(|row| row.len());
        let short = Facts { partial_name: "Al B.".parse().unwrap(), sex: Sex::NotKnown, ..facts(0) };
        assert_eq!(length(&short), Ok(382 + 45));
        assert_eq!(length(&facts(3)), Ok(382 + 45));
        assert_eq!(length(&facts(9)), Ok(1_022 + 45));
        assert_eq!(length(&facts(200)), Err(FactsError::TooLong));
    }

    #[test]
    fn rows_of_another_form_are_refused() {
        let (keys, mut rng) = (keyring(1), StdRng::seed_from_u64(2));
        for text in [&b""[..], b"\0", b"\0\x09{}", b"\0\x02{}", b"\xff\xff"] {
            let sealed = keys.vault().seal_row(TABLE, &row(PERSON), text, &mut rng);
            assert_eq!(open_facts(keys.vault(), PERSON, &sealed), Err(FactsError::Form));
        }
        assert_eq!(open_facts(keys.vault(), PERSON, b""), Err(FactsError::Sealed(OpenError)));
    }
}
