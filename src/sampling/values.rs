//! What a leaf is bound to. The service does not keep what it told a forum, so it tries what that can have been: first what is
//! on record of the person, then what the offices signed at each enrolment, then everything there is.

use crate::{
    attributes::Attributes,
    domain::{area::AreaCode, quality::Facts},
    transparency::Owner,
    wire::tlog::{
        Hash,
        commitment::{Commitment, Opening, field_names},
        leaf::{FieldValue, LogName, OwnerTag},
        sample::{Enrolment, Opened},
    },
};

/// An enrolment of the person, as its leaf says it.
#[derive(Clone)]
pub(super) struct Enrolled {
    pub(super) log: LogName,
    pub(super) index: u64,
    pub(super) owner: OwnerTag,
    pub(super) commitment: Hash,
}

/// One leaf that is to be opened, with all that is known of its person.
pub(super) struct Search<'a> {
    pub(super) attributes: &'a Attributes,
    pub(super) owner: &'a Owner,
    pub(super) facts: &'a Facts,
    pub(super) enrolments: &'a [Enrolled],
}

/// Years and areas that are tried together; each with none.
#[derive(Clone)]
struct Known {
    years: Vec<FieldValue>,
    areas: Vec<FieldValue>,
}

impl Search<'_> {
    /// The openings of a token's leaf and of the enrolment that it names. `None` where no value fits that is tried: then the leaf
    /// was made otherwise than leaves are.
    pub(super) fn open(&self, tag: OwnerTag, commitment: Hash) -> Option<Opened> {
        let issue = self.issue(tag, commitment)?;
        let fields = openings("issue", &issue)?;
        let named = fields.iter().find(|field| field.name.as_str() == "enrol")?.value.clone();
        let enrolled = self.enrolments.iter().find(|enrolled| enrolled.owner.to_string() == named.as_str())?;
        let enrol = openings("enrol", &self.enrol(enrolled)?)?;
        Some(Opened {
            fields,
            enrolment: Enrolment { log: enrolled.log.clone(), index: enrolled.index, fields: enrol },
        })
    }

    fn issue(&self, tag: OwnerTag, commitment: Hash) -> Option<Commitment> {
        let brackets = self.attributes.brackets().runs().map(|run| run.to_string());
        let brackets = values(std::iter::once(String::new()).chain(brackets));
        let enrols = values(self.enrolments.iter().map(|enrolled| enrolled.owner.to_string()));
        let find = |known: Known| {
            let candidates = [brackets.clone(), known.years, known.areas, enrols.clone()];
            Commitment::find("issue", self.owner.secret(), tag, commitment, &candidates)
        };
        let on_record = self.on_record();
        find(on_record.clone()).or_else(|| {
            let signed = self.signed(&on_record);
            find(signed.clone())
                .or_else(|| find(Known { areas: self.all_areas(), ..signed.clone() }))
                .or_else(|| find(Known { years: self.all_years(), ..signed }))
        })
    }

    fn enrol(&self, enrolled: &Enrolled) -> Option<Commitment> {
        let find = |known: Known| {
            let candidates = [known.years, known.areas];
            Commitment::find("enrol", self.owner.secret(), enrolled.owner, enrolled.commitment, &candidates)
        };
        let on_record = self.on_record();
        find(on_record.clone())
            .or_else(|| find(Known { areas: self.all_areas(), ..on_record.clone() }))
            .or_else(|| find(Known { years: self.all_years(), ..on_record }))
            .or_else(|| find(Known { years: self.all_years(), areas: self.all_areas() }))
    }

    /// The year of birth and the commune of today, with every area around it.
    fn on_record(&self) -> Known {
        let year = self.facts.birth.year().to_string();
        Known { years: values([year, String::new()]), areas: self.around(self.facts.commune) }
    }

    /// The same, and what each enrolment says: where the person lived before, and was once said to be born.
    fn signed(&self, on_record: &Known) -> Known {
        let mut known = on_record.clone();
        for enrolled in self.enrolments {
            let Some(commitment) = self.enrol(enrolled) else { continue };
            known.years.extend(commitment.open("birth_year").map(|year| year.value));
            let commune = commitment.open("area").and_then(|area| area.value.as_str().parse().ok());
            known.areas.extend(commune.map(|commune| self.around(commune)).unwrap_or_default());
        }
        known
    }

    /// The commune, every area that holds it, and none.
    fn around(&self, commune: AreaCode) -> Vec<FieldValue> {
        let holders = self.attributes.areas().chain(commune).into_iter().map(|area| area.code.to_string());
        values([String::new(), commune.to_string()].into_iter().chain(holders))
    }

    fn all_areas(&self) -> Vec<FieldValue> {
        let all = self.attributes.areas().all().map(|area| area.code.to_string());
        values(std::iter::once(String::new()).chain(all))
    }

    fn all_years(&self) -> Vec<FieldValue> {
        let years = (EARLIEST..=self.attributes.claims_as_of()).map(|year| year.to_string());
        values(std::iter::once(String::new()).chain(years))
    }
}

/// What can be written into a leaf of it.
fn values(texts: impl IntoIterator<Item = String>) -> Vec<FieldValue> {
    texts.into_iter().filter_map(|text| text.parse().ok()).collect()
}

/// Every field of the kind, in their order.
fn openings(kind: &str, commitment: &Commitment) -> Option<Vec<Opening>> {
    field_names(kind)?.iter().map(|name| commitment.open(name)).collect()
}

/// Nobody who is enrolled was born before.
const EARLIEST: i16 = 1900;
