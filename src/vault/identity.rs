//! A person's identity: entered, used for what may be kept of it, sealed, gone.

use rand::CryptoRng;
use serde::Serialize;
use zeroize::Zeroizing;

use super::{
    birth::BirthDate,
    document::{DocumentKind, DocumentNumber},
    fault::{Fault, Faults, Field},
    name::LegalName,
    stack::wiped,
};
use crate::{
    domain::{
        age::{BirthFacts, InvalidBirth, LegalCalendar},
        ambient::Timestamp,
        ids::PersonId,
        likeness::{self, Likeness, NotAnIsoDate},
        quality::{PartialName, Sex},
    },
    keyring::VaultKey,
    wire::sealed::{CustodiansKey, MAX_TEXT, SealError, Sealed},
};

/// What was entered at the counter or read from an import: borrowed, so that its owner wipes it.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    /// At birth, as the document has it.
    pub family_name: &'a str,
    /// All of them.
    pub given_names: &'a str,
    /// The name in use, if it is another.
    pub married_name: Option<&'a str>,
    /// `YYYY-MM-DD`, with `00` for a month or day that the document leaves out.
    pub birth_date: &'a str,
    pub sex: Sex,
    pub document_kind: DocumentKind,
    pub document_number: &'a str,
}

/// A person as the document shows them. Wiped when dropped; cannot be printed, copied or serialised.
pub struct Identity {
    family_name: LegalName,
    given_names: LegalName,
    married_name: Option<LegalName>,
    birth_date: BirthDate,
    sex: Sex,
    document_kind: DocumentKind,
    document_number: DocumentNumber,
    partial_name: PartialName,
}

/// Why a second look is wanted before the person is enrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Review {
    /// Born more than 120 years ago.
    UnlikelyAge,
    /// The document leaves out the day or month of birth.
    IncompleteBirthDate,
}

/// Keyed tags by which a second enrolment is found; nothing can be guessed from them without the vault key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tags {
    /// The same names, written perhaps another way, and the same birth date. Nobody else may have one of these.
    pub same: Vec<[u8; 32]>,
    /// A name in common and the same birth date, or the same document number: an officer decides.
    pub alike: Vec<[u8; 32]>,
}

impl Identity {
    /// Checks an entry; says all that is wrong with it at once.
    pub fn new(entry: &Entry<'_>, calendar: &LegalCalendar, now: Timestamp) -> Result<Self, Faults> {
        wiped(|| Self::check(entry, calendar, now))
    }

    fn check(entry: &Entry<'_>, calendar: &LegalCalendar, now: Timestamp) -> Result<Self, Faults> {
        let mut faults = Vec::new();
        // Documents part given names by commas.
        let mut given = Zeroizing::new(String::with_capacity(entry.given_names.len()));
        given.extend(entry.given_names.chars().map(|c| if c == ',' { ' ' } else { c }));
        let family_name = note(&mut faults, Field::FamilyName, LegalName::new(entry.family_name));
        let given_names = note(&mut faults, Field::GivenNames, LegalName::new(&given));
        let married = entry.married_name.filter(|name| !name.trim().is_empty()).map(LegalName::new);
        let married_name = married.and_then(|name| note(&mut faults, Field::MarriedName, name));
        let birth_date = note(&mut faults, Field::BirthDate, BirthDate::new(entry.birth_date, calendar, now));
        let number = DocumentNumber::new(entry.document_number);
        let document_number = note(&mut faults, Field::DocumentNumber, number);
        let partial_name = match (&given_names, &family_name) {
            (Some(given), Some(family)) => {
                note(&mut faults, Field::GivenNames, partial_name(given, family).ok_or(Fault::Shape))
            }
            _ => None,
        };
        match (family_name, given_names, birth_date, document_number, partial_name) {
            (Some(family_name), Some(given_names), Some(birth_date), Some(document_number), Some(partial_name))
                if faults.is_empty() =>
            {
                let Entry { sex, document_kind, .. } = *entry;
                Ok(Self {
                    family_name,
                    given_names,
                    married_name,
                    birth_date,
                    sex,
                    document_kind,
                    document_number,
                    partial_name,
                })
            }
            _ => Err(Faults(faults)),
        }
    }

    /// The year of birth, and the day of majority of a minor.
    pub fn birth_facts(&self, calendar: &LegalCalendar, now: Timestamp) -> Result<BirthFacts, InvalidBirth> {
        self.birth_date.facts(calendar, now)
    }

    /// "Arnaud R.": the first given name and the initial of the family name at birth.
    pub fn partial_name(&self) -> &PartialName {
        &self.partial_name
    }

    pub fn sex(&self) -> Sex {
        self.sex
    }

    /// What an officer should look at twice.
    pub fn reviews(&self) -> Vec<Review> {
        let unlikely = self.birth_date.is_unlikely().then_some(Review::UnlikelyAge);
        let incomplete = self.birth_date.is_incomplete().then_some(Review::IncompleteBirthDate);
        unlikely.into_iter().chain(incomplete).collect()
    }

    /// The tags by which a second enrolment of this person is found.
    ///
    /// A document number counts as alike and not as the same: two countries may give one number.
    pub fn tags(&self, key: &VaultKey) -> Result<Tags, NotAnIsoDate> {
        wiped(|| self.tag(key))
    }

    fn tag(&self, key: &VaultKey) -> Result<Tags, NotAnIsoDate> {
        let families = [Some(&self.family_name), self.married_name.as_ref()];
        let families: Vec<&str> = families.into_iter().flatten().map(LegalName::as_str).collect();
        let birth_date = self.birth_date.iso();
        let identity =
            likeness::Identity { family: &families, given: self.given_names.as_str(), birth_date: birth_date.as_str() };
        let likeness = Likeness::of(&identity)?;
        let mut alike: Vec<_> = likeness.alike.iter().map(|text| key.tag("alike", text.as_bytes())).collect();
        alike.push(self.tag_document(key));
        Ok(Tags { same: likeness.same.iter().map(|text| key.tag("same", text.as_bytes())).collect(), alike })
    }

    /// The tag of the document's number, one of [`Tags::alike`]: whether the document shown is one that was shown before.
    pub fn document_tag(&self, key: &VaultKey) -> [u8; 32] {
        wiped(|| self.tag_document(key))
    }

    fn tag_document(&self, key: &VaultKey) -> [u8; 32] {
        key.tag("document", self.document_number.as_str().as_bytes())
    }

    /// Seals the identity to the custodians under the person's id, and wipes it.
    pub fn seal(self, key: &CustodiansKey, person: PersonId, rng: &mut impl CryptoRng) -> Result<Sealed, SealError> {
        wiped(move || {
            let text = self.text()?;
            drop(self);
            Sealed::seal(key, person.as_bytes(), &text, rng)
        })
    }

    /// The text inside the seal (`specs/sealing.md` §4.1).
    fn text(&self) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let birth_date = self.birth_date.iso();
        let text = Text {
            v: 1,
            family_name: self.family_name.as_str(),
            given_names: self.given_names.as_str(),
            married_name: self.married_name.as_ref().map(LegalName::as_str),
            birth_date: birth_date.as_str(),
            sex: self.sex.code(),
            document_kind: self.document_kind.as_str(),
            document_number: self.document_number.as_str(),
        };
        // Room for the longest: a buffer that grew would leave copies behind that nobody wipes.
        let mut json = Zeroizing::new(Vec::with_capacity(MAX_TEXT));
        serde_json::to_writer(&mut *json, &text).map_err(|_| SealError::TooLong(json.len()))?;
        Ok(json)
    }
}

fn note<T>(faults: &mut Vec<(Field, Fault)>, field: Field, checked: Result<T, Fault>) -> Option<T> {
    checked.map_err(|fault| faults.push((field, fault))).ok()
}

fn partial_name(given: &LegalName, family: &LegalName) -> Option<PartialName> {
    let first = given.first();
    let mut text = Zeroizing::new(String::with_capacity(first.len() + 8));
    text.push_str(&first);
    text.push(' ');
    text.push(family.initial()?);
    text.push('.');
    text.parse().ok()
}

#[derive(Serialize)]
struct Text<'a> {
    v: u8,
    family_name: &'a str,
    given_names: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    married_name: Option<&'a str>,
    birth_date: &'a str,
    sex: u8,
    document_kind: &'a str,
    document_number: &'a str,
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;
    use crate::{
        domain::age::LeapDay,
        keyring::{Keyring, Purpose},
        wire::{
            jose::Algorithm,
            sealed::{Case, Share},
        },
    };

    const ENTRY: Entry<'static> = Entry {
        family_name: "Lefèvre",
        given_names: "Éléonore, Marie",
        married_name: None,
        birth_date: "1987-03-02",
        sex: Sex::Female,
        document_kind: DocumentKind::IdentityCard,
        document_number: "12 AB 34567",
    };

    fn calendar() -> LegalCalendar {
        LegalCalendar::new("Europe/Paris", LeapDay::default()).unwrap()
    }

    fn keyring(seed: u64) -> Keyring {
        let directory = tempfile::tempdir().unwrap();
        let mut rng = StdRng::seed_from_u64(seed);
        let path = directory.path().join("keys");
        Keyring::create(&path, Purpose::Demo, &[Algorithm::EdDSA], None, &mut rng, NOW).unwrap()
    }

    fn identity(entry: &Entry<'_>) -> Result<Identity, Faults> {
        Identity::new(entry, &calendar(), NOW)
    }

    /// Three of five custodians, from the published vectors.
    fn custodians() -> (CustodiansKey, Vec<Share>) {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/sealing.json")).unwrap();
        let key: CustodiansKey = serde_json::from_value(vectors["key"].clone()).unwrap();
        let bytes =
            |text: &serde_json::Value| data_encoding::HEXLOWER.decode(text.as_str().unwrap().as_bytes()).unwrap();
        let shares = vectors["shares"].as_array().unwrap().iter();
        let shares = (1..)
            .zip(shares)
            .map(|(i, share)| Share::new(&key, i, &bytes(share).try_into().unwrap()).unwrap())
            .collect();
        (key, shares)
    }

    fn open(sealed: &Sealed, person: PersonId) -> String {
        let (key, shares) = custodians();
        let mut rng = StdRng::seed_from_u64(2);
        let (checked, case) = (sealed.verify(&key, person.as_bytes()).unwrap(), Case::of(b"case"));
        let partials: Vec<_> = shares[1..4].iter().map(|s| checked.partial(s, &case, &mut rng).unwrap()).collect();
        String::from_utf8(checked.combine(&partials, &case).unwrap().to_vec()).unwrap()
    }

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[test]
    fn custodians_read_what_the_document_showed() {
        let person = PersonId::from_bytes([7; 16]);
        let mut rng = StdRng::seed_from_u64(1);
        let sealed = identity(&ENTRY).unwrap().seal(&custodians().0, person, &mut rng).unwrap();
        insta::assert_snapshot!(open(&sealed, person), @r#"{"v":1,"family_name":"Lefèvre","given_names":"Éléonore Marie","birth_date":"1987-03-02","sex":2,"document_kind":"identity_card","document_number":"12AB34567"}"#);
        let entry = Entry { married_name: Some("Du Bellay"), birth_date: "1960-00-00", sex: Sex::NotKnown, ..ENTRY };
        let sealed = identity(&entry).unwrap().seal(&custodians().0, person, &mut rng).unwrap();
        insta::assert_snapshot!(open(&sealed, person), @r#"{"v":1,"family_name":"Lefèvre","given_names":"Éléonore Marie","married_name":"Du Bellay","birth_date":"1960-00-00","sex":0,"document_kind":"identity_card","document_number":"12AB34567"}"#);
    }

    #[test]
    fn a_sealed_identity_is_of_no_use_under_another_person() {
        let mut rng = StdRng::seed_from_u64(1);
        let (key, _) = custodians();
        let sealed = identity(&ENTRY).unwrap().seal(&key, PersonId::from_bytes([7; 16]), &mut rng).unwrap();
        assert_eq!(sealed.verify(&key, &[8; 16]).unwrap_err(), SealError::Proof);
    }

    #[test]
    fn the_longest_identity_fits_the_seal_and_nearly_all_have_one_length() {
        let mut rng = StdRng::seed_from_u64(1);
        let mut length = |entry: &Entry<'_>| {
            let person = PersonId::from_bytes([7; 16]);
            identity(entry).unwrap().seal(&custodians().0, person, &mut rng).unwrap().as_bytes().len()
        };
        let (long, number) = ("𠀀".repeat(100), "9".repeat(40));
        let given = format!("A {}", "𠀀".repeat(98));
        let longest = Entry {
            family_name: &long,
            given_names: &given,
            married_name: Some(&long),
            document_kind: DocumentKind::ResidencePermit,
            document_number: &number,
            ..ENTRY
        };
        assert_eq!([length(&ENTRY), length(&Entry { family_name: "Xu", ..ENTRY }), length(&longest)], [657, 657, 2193]);
    }

    #[test]
    fn every_fault_is_said_at_once_and_no_value_with_it() {
        let entry = Entry {
            family_name: "Martin<b>",
            given_names: "",
            married_name: Some("a\0"),
            birth_date: "1987-02-30",
            document_number: "x",
            ..ENTRY
        };
        let faults = identity(&entry).err().unwrap();
        insta::assert_snapshot!(faults, @"family name: it holds a sign that no name has: use letters, accents, spaces, hyphens, apostrophes and dots; given names: it is empty: enter it as it stands on the document; name in use: it holds a sign that no name has: use letters, accents, spaces, hyphens, apostrophes and dots; birth date: it is not a date: write year-month-day, as 1987-03-02, and 00 for a month or day that the document leaves out; document number: it is not a document number: 3 to 40 digits and letters from A to Z");
        assert!(!faults.to_string().contains("Martin"));
    }

    #[test]
    fn an_empty_name_in_use_is_none() {
        for married_name in [Some(""), Some("  "), None] {
            assert!(identity(&Entry { married_name, ..ENTRY }).unwrap().married_name.is_none());
        }
    }

    #[test]
    fn the_service_keeps_the_year_the_partial_name_and_for_a_minor_the_day_of_majority() {
        let adult = identity(&ENTRY).unwrap();
        let facts = adult.birth_facts(&calendar(), NOW).unwrap();
        assert_eq!((facts.year(), facts.majority_on()), (1987, None));
        assert_eq!((adult.partial_name().as_str(), adult.sex()), ("Éléonore L.", Sex::Female));
        let minor = identity(&Entry { birth_date: "2012-02-29", ..ENTRY }).unwrap();
        let majority = minor.birth_facts(&calendar(), NOW).unwrap().majority_on();
        assert_eq!(majority, Some(jiff::civil::date(2030, 3, 1)));
    }

    #[test]
    fn unlikely_and_incomplete_dates_go_to_review() {
        let reviews = |birth_date| identity(&Entry { birth_date, ..ENTRY }).unwrap().reviews();
        assert_eq!(reviews("1987-03-02"), []);
        assert_eq!(reviews("1900-03-02"), [Review::UnlikelyAge]);
        assert_eq!(reviews("1900-00-00"), [Review::UnlikelyAge, Review::IncompleteBirthDate]);
    }

    #[test]
    fn tags_meet_over_spelling_name_in_use_and_document_and_not_under_another_key() {
        let (ring, other) = (keyring(1), keyring(2));
        let tags = |entry: &Entry<'_>| identity(entry).unwrap().tags(&ring.vault()).unwrap();
        let meet = |a: &[[u8; 32]], b: &[[u8; 32]]| a.iter().any(|tag| b.contains(tag));
        let first = tags(&ENTRY);
        let shouted =
            tags(&Entry { family_name: "LEFEVRE", given_names: "MARIE ELEONORE", document_number: "555", ..ENTRY });
        assert!(meet(&first.same, &shouted.same));
        let married = tags(&Entry { family_name: "Durand", married_name: Some("Lefevre"), ..ENTRY });
        assert!(meet(&first.same, &married.same));
        let renamed = tags(&Entry { family_name: "Petit", given_names: "Zoé", birth_date: "1990-01-01", ..ENTRY });
        assert!(!meet(&first.same, &renamed.same));
        assert!(meet(&first.alike, &renamed.alike), "the document is the same");
        let unrelated = Entry { family_name: "Petit", birth_date: "1990-01-01", document_number: "999", ..ENTRY };
        let unrelated = tags(&unrelated);
        assert!(!meet(&first.same, &unrelated.same) && !meet(&first.alike, &unrelated.alike));
        let elsewhere = identity(&ENTRY).unwrap().tags(&other.vault()).unwrap();
        assert!(!meet(&first.same, &elsewhere.same) && !meet(&first.alike, &elsewhere.alike));
    }
}
