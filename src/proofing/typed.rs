//! What a form or a line of an import says, as it was typed, and what is wrong with it.
//!
//! The counter and the import read the same fields by the same rules, so that neither takes what the other refuses.

use std::{fmt, ops::Deref};

use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Deserializer, Serialize};
use zeroize::Zeroizing;

use super::{carried::date as date_form, date};
use crate::{
    domain::{
        age::LegalCalendar,
        ambient::Timestamp,
        area::{Area, AreaCode, Areas, Level},
        quality::{RoleKind, Sex},
    },
    vault::{self, DocumentKind, Entry, Fault, Identity},
};

/// What somebody typed into one field. Wiped when dropped; shows nothing of itself.
#[derive(Clone, Default)]
pub struct Text(Zeroizing<String>);

/// The fields. All may be left out as far as reading them goes.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    /// At birth.
    pub family_name: Text,
    /// The name in use, if it is another.
    pub married_name: Text,
    /// All of them.
    pub given_names: Text,
    /// Day, month, year in any usual form.
    pub birth_date: Text,
    /// `f`, `m` or empty; also the codes of ISO/IEC 5218.
    pub sex: Text,
    /// Name of the commune of residence, or its code, or both.
    pub commune: Text,
    /// The code, when one of several of that name was picked.
    pub commune_code: Text,
    pub document_kind: Text,
    pub document_number: Text,
    /// The last day of each role that the office grants; empty for none.
    pub agent_until: Text,
    pub elected_until: Text,
    pub animator_until: Text,
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Text(…)")
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

/// A field of [`Typed`]: the name in the form, and of the column in an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    FamilyName,
    MarriedName,
    GivenNames,
    BirthDate,
    Sex,
    Commune,
    DocumentKind,
    DocumentNumber,
    AgentUntil,
    ElectedUntil,
    AnimatorUntil,
}

impl Column {
    pub const ALL: [Self; 11] = [
        Self::FamilyName,
        Self::MarriedName,
        Self::GivenNames,
        Self::BirthDate,
        Self::Sex,
        Self::Commune,
        Self::DocumentKind,
        Self::DocumentNumber,
        Self::AgentUntil,
        Self::ElectedUntil,
        Self::AnimatorUntil,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FamilyName => "family_name",
            Self::MarriedName => "married_name",
            Self::GivenNames => "given_names",
            Self::BirthDate => "birth_date",
            Self::Sex => "sex",
            Self::Commune => "commune",
            Self::DocumentKind => "document_kind",
            Self::DocumentNumber => "document_number",
            Self::AgentUntil => "agent_until",
            Self::ElectedUntil => "elected_until",
            Self::AnimatorUntil => "animator_until",
        }
    }

    /// Where the last day of a role stands.
    pub const fn of_role(kind: RoleKind) -> Self {
        match kind {
            RoleKind::Agent => Self::AgentUntil,
            RoleKind::Elected => Self::ElectedUntil,
            RoleKind::Animator => Self::AnimatorUntil,
        }
    }

    fn of(field: vault::Field) -> Self {
        match field {
            vault::Field::FamilyName => Self::FamilyName,
            vault::Field::GivenNames => Self::GivenNames,
            vault::Field::MarriedName => Self::MarriedName,
            vault::Field::BirthDate => Self::BirthDate,
            vault::Field::DocumentNumber => Self::DocumentNumber,
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a field is refused. The value is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Reason {
    #[error(transparent)]
    Identity(Fault),
    #[error("it is not a sex: write f or m, or leave it empty")]
    Sex,
    #[error("it is not a kind of document: write identity_card, passport, residence_permit, driving_licence or other")]
    DocumentKind,
    #[error("it is empty: enter the commune of residence")]
    CommuneMissing,
    #[error("no commune has this name: check the spelling, or write its official code")]
    CommuneUnknown,
    #[error("several communes have this name: add the number of the département or write the official code")]
    CommuneAmbiguous,
    #[error("it is outside the area that this office serves: the office of the place of residence has to do it")]
    CommuneElsewhere,
    #[error("it is not a date: write the last day of the role as day/month/year, or a year alone")]
    RoleDate,
    #[error("the role would have ended already: write a day to come")]
    RolePast,
    #[error("it is more than {LONGEST_ROLE} years ahead: write an earlier day and renew the role then")]
    RoleFar,
}

impl Reason {
    /// A stable word for translations.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Identity(fault) => fault.key(),
            Self::Sex => "sex",
            Self::DocumentKind => "document-kind",
            Self::CommuneMissing => "commune-missing",
            Self::CommuneUnknown => "commune-unknown",
            Self::CommuneAmbiguous => "commune-ambiguous",
            Self::CommuneElsewhere => "commune-elsewhere",
            Self::RoleDate => "role-date",
            Self::RolePast => "role-past",
            Self::RoleFar => "role-far",
        }
    }
}

/// All that is wrong with one entry, in the order of the form.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(|(column, reason)| format!("{column}: {reason}")).collect::<Vec<_>>().join("; "))]
pub struct Faults(pub Vec<(Column, Reason)>);

/// A role that the office grants, and its last day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    pub kind: RoleKind,
    #[serde(with = "date_form")]
    pub until: Date,
}

/// By what an entry is measured.
#[derive(Clone, Copy)]
pub(super) struct Measure<'a> {
    pub(super) areas: &'a Areas,
    pub(super) calendar: &'a LegalCalendar,
    pub(super) now: Timestamp,
    /// What the office serves.
    pub(super) area: AreaCode,
}

/// An entry without fault.
pub(super) struct Read {
    pub(super) identity: Identity,
    pub(super) commune: AreaCode,
    pub(super) roles: Vec<Grant>,
}

impl Typed {
    /// All fields; says all that is wrong at once.
    pub(super) fn read(&self, measure: &Measure<'_>) -> Result<Read, Faults> {
        let (identity, mut faults) = match self.identity(measure) {
            Ok(identity) => (Some(identity), Vec::new()),
            Err(Faults(faults)) => (None, faults),
        };
        let commune = self.commune(measure).map_err(|reason| faults.push((Column::Commune, reason))).ok();
        let roles = self.roles(measure, &mut faults);
        faults.sort_by_key(|(column, _)| *column);
        match (identity, commune) {
            (Some(identity), Some(commune)) if faults.is_empty() => Ok(Read { identity, commune, roles }),
            _ => Err(Faults(faults)),
        }
    }

    /// The fields of the document alone, by which a person is found again.
    pub(super) fn identity(&self, measure: &Measure<'_>) -> Result<Identity, Faults> {
        let mut faults = Vec::new();
        let sex = sex(&self.sex).ok_or(Reason::Sex).map_err(|reason| faults.push((Column::Sex, reason)));
        let kind = document_kind(&self.document_kind).ok_or(Reason::DocumentKind);
        let kind = kind.map_err(|reason| faults.push((Column::DocumentKind, reason)));
        let birth_date = match (date::iso(&self.birth_date), self.birth_date.trim()) {
            (Some(iso), _) => iso,
            (None, "") => {
                faults.push((Column::BirthDate, Reason::Identity(Fault::Empty)));
                Zeroizing::new(String::new())
            }
            (None, _) => Zeroizing::new(String::new()),
        };
        let entry = Entry {
            family_name: &self.family_name,
            given_names: &self.given_names,
            married_name: Some(&self.married_name),
            birth_date: &birth_date,
            sex: sex.unwrap_or_default(),
            document_kind: kind.unwrap_or(DocumentKind::Other),
            document_number: &self.document_number,
        };
        let identity = Identity::new(&entry, measure.calendar, measure.now).map_err(|found| {
            for (field, fault) in found.0 {
                let column = Column::of(field);
                if faults.iter().all(|(known, _)| *known != column) {
                    faults.push((column, Reason::Identity(fault)));
                }
            }
        });
        faults.sort_by_key(|(column, _)| *column);
        identity.ok().filter(|_| faults.is_empty()).ok_or(Faults(faults))
    }

    /// The commune of residence, which must lie in the area of the office.
    pub(super) fn commune(&self, measure: &Measure<'_>) -> Result<AreaCode, Reason> {
        let areas = measure.areas;
        if self.commune.trim().is_empty() && self.commune_code.is_empty() {
            return Err(Reason::CommuneMissing);
        }
        let code = match self.picked(areas) {
            Some(code) => code,
            None => match areas.named(&self.commune).as_slice() {
                [] => return Err(Reason::CommuneUnknown),
                [only] => only.code,
                several => {
                    let mut near = several.iter().filter(|area| areas.contains(measure.area, area.code));
                    match (near.next(), near.next()) {
                        (Some(only), None) => only.code,
                        _ => return Err(Reason::CommuneAmbiguous),
                    }
                }
            },
        };
        if areas.contains(measure.area, code) { Ok(code) } else { Err(Reason::CommuneElsewhere) }
    }

    /// The commune picked among those proposed for the name that still stands there.
    fn picked(&self, areas: &Areas) -> Option<AreaCode> {
        let code: AreaCode = self.commune_code.parse().ok()?;
        let known = areas.get(code).is_some_and(|area| area.level == Level::Commune);
        (known && proposals(areas, &self.commune).iter().any(|area| area.code == code)).then_some(code)
    }

    fn roles(&self, measure: &Measure<'_>, faults: &mut Vec<(Column, Reason)>) -> Vec<Grant> {
        let typed = |kind| match kind {
            RoleKind::Agent => &self.agent_until,
            RoleKind::Elected => &self.elected_until,
            RoleKind::Animator => &self.animator_until,
        };
        let mut grants = Vec::new();
        for kind in RoleKind::ALL {
            if typed(kind).trim().is_empty() {
                continue;
            }
            match until(typed(kind), measure.calendar.today(measure.now)) {
                Ok(until) => grants.push(Grant { kind, until }),
                Err(reason) => faults.push((Column::of_role(kind), reason)),
            }
        }
        grants
    }

    /// What an office changes of somebody it knows already: the commune if they moved, and roles.
    pub(super) fn changes(&self, measure: &Measure<'_>) -> Result<(Option<AreaCode>, Vec<Grant>), Faults> {
        let mut faults = Vec::new();
        let stays = self.commune.trim().is_empty() && self.commune_code.is_empty();
        let commune = (!stays).then(|| self.commune(measure)).transpose();
        let commune = commune.map_err(|reason| faults.push((Column::Commune, reason))).ok().flatten();
        let roles = self.roles(measure, &mut faults);
        if faults.is_empty() { Ok((commune, roles)) } else { Err(Faults(faults)) }
    }
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Typed(…)")
    }
}

/// The communes that a text may mean: those that bear the name, else those whose name begins so.
pub(super) fn proposals<'a>(areas: &'a Areas, text: &str) -> Vec<Area<'a>> {
    let named = areas.named(text);
    if named.is_empty() { areas.search(text, MAX_PROPOSALS) } else { named }
}

fn sex(text: &str) -> Option<Sex> {
    let text = text.trim();
    let is = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    match text {
        "" => Some(Sex::NotKnown),
        _ if is(&["f", "femme", "female", "féminin", "feminin"]) => Some(Sex::Female),
        _ if is(&["m", "h", "homme", "male", "masculin"]) => Some(Sex::Male),
        _ => text.parse().ok(),
    }
}

fn document_kind(text: &str) -> Option<DocumentKind> {
    let text = text.trim();
    let is = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    match text {
        _ if is(&["cni", "carte d'identité", "carte nationale d'identité"]) => Some(DocumentKind::IdentityCard),
        _ if is(&["passeport"]) => Some(DocumentKind::Passport),
        _ if is(&["titre de séjour", "titre_sejour"]) => Some(DocumentKind::ResidencePermit),
        _ if is(&["permis", "permis de conduire", "permis_conduire"]) => Some(DocumentKind::DrivingLicence),
        _ if is(&["autre"]) => Some(DocumentKind::Other),
        _ => text.parse().ok(),
    }
}

fn until(text: &str, today: Date) -> Result<Date, Reason> {
    let day = date::last_day(text).ok_or(Reason::RoleDate)?;
    if day < today {
        Err(Reason::RolePast)
    } else if day > today.saturating_add(LONGEST_ROLE.years()) {
        Err(Reason::RoleFar)
    } else {
        Ok(day)
    }
}

/// Years for which a role is granted at the most: a mandate of six, and some delay.
const LONGEST_ROLE: i16 = 8;
const MAX_PROPOSALS: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::age::LeapDay;

    /// 15 June 2026.
    const NOW: Timestamp = Timestamp(1_781_524_800_000);

    fn typed() -> Typed {
        Typed {
            family_name: "Lefèvre".into(),
            given_names: "Éléonore Marie".into(),
            birth_date: "2/3/1987".into(),
            sex: "f".into(),
            commune: "Voiron".into(),
            document_kind: "identity_card".into(),
            document_number: "12AB34567".into(),
            ..Typed::default()
        }
    }

    fn read_in(area: &str, typed: &Typed) -> Result<Read, Faults> {
        let calendar = LegalCalendar::new("Europe/Paris", LeapDay::default()).unwrap();
        typed.read(&Measure { areas: Areas::france(), calendar: &calendar, now: NOW, area: area.parse().unwrap() })
    }

    fn faults(change: impl FnOnce(&mut Typed)) -> String {
        let mut typed = typed();
        change(&mut typed);
        read_in("FR", &typed).err().map(|faults| faults.to_string()).unwrap_or_default()
    }

    fn commune(area: &str, text: &str, code: &str) -> Result<String, Reason> {
        let typed = Typed { commune: text.into(), commune_code: code.into(), ..typed() };
        read_in(area, &typed).map(|read| read.commune.to_string()).map_err(|faults| faults.0[0].1)
    }

    #[test]
    fn a_sound_entry_is_read() {
        let read = read_in("FR-38", &typed()).ok().unwrap();
        assert_eq!((read.commune.as_str(), read.identity.sex(), read.roles.len()), ("cog:38563", Sex::Female, 0));
    }

    #[test]
    fn every_fault_is_said_at_once_in_the_order_of_the_form_without_a_value() {
        let all = |typed: &mut Typed| {
            *typed = Typed {
                family_name: "<b>".into(),
                birth_date: "31/02/1987".into(),
                sex: "yes".into(),
                commune: "Nowhere".into(),
                document_number: "x".into(),
                agent_until: "never".into(),
                ..Typed::default()
            };
        };
        insta::assert_snapshot!(faults(all).replace("; ", "\n"), @"
        family_name: it holds a sign that no name has: use letters, accents, spaces, hyphens, apostrophes and dots
        given_names: it is empty: enter it as it stands on the document
        birth_date: it is not a date: write year-month-day, as 1987-03-02, and 00 for a month or day that the document leaves out
        sex: it is not a sex: write f or m, or leave it empty
        commune: no commune has this name: check the spelling, or write its official code
        document_kind: it is not a kind of document: write identity_card, passport, residence_permit, driving_licence or other
        document_number: it is not a document number: 3 to 40 digits and letters from A to Z
        agent_until: it is not a date: write the last day of the role as day/month/year, or a year alone
        ");
        assert_eq!(format!("{:?}", typed()), "Typed(…)");
    }

    #[test]
    fn l4_a_birth_date_is_a_real_day_of_somebody_alive() {
        let birth = |text: &str| faults(|typed| typed.birth_date = text.into());
        for good in ["29/02/1988", "1960", "00/00/1960", "15/06/2026", "16/06/2008", "15/06/1896"] {
            assert_eq!(birth(good), "", "{good}");
        }
        assert!(birth("30/02/1988").contains("not a date") && birth("29/02/1987").contains("not a date"));
        assert!(birth("00-00").contains("not a date") && birth("3/2/87").contains("not a date"));
        assert!(birth("16/06/2026").contains("in the future"));
        assert!(birth("14/06/1896").contains("130 years"));
        assert!(birth(" ").contains("empty"));
    }

    #[test]
    fn a_commune_is_named_told_apart_or_picked_among_those_proposed() {
        assert_eq!(commune("FR", "VOIRON", "").as_deref(), Ok("cog:38563"));
        assert_eq!(commune("FR", "Voiron (38563)", "").as_deref(), Ok("cog:38563"));
        assert_eq!(commune("FR", "st denis", ""), Err(Reason::CommuneAmbiguous));
        assert_eq!(commune("FR", "st denis 93", "").as_deref(), Ok("cog:93066"));
        assert_eq!(commune("FR", "st denis", "cog:97411").as_deref(), Ok("cog:97411"));
        assert_eq!(commune("FR", "st denis", "cog:38563"), Err(Reason::CommuneAmbiguous), "not one of that name");
        assert_eq!(commune("FR", "grenob", "cog:38185").as_deref(), Ok("cog:38185"));
        assert_eq!(commune("FR", "grenob", ""), Err(Reason::CommuneUnknown));
        assert_eq!(commune("FR", "", ""), Err(Reason::CommuneMissing));
        assert_eq!(commune("FR", "Isère", "FR-38"), Err(Reason::CommuneUnknown), "an area that is no commune");
    }

    #[test]
    fn an_office_vouches_for_the_inhabitants_of_its_area_alone() {
        assert_eq!(commune("cog:38563", "Voiron", "").as_deref(), Ok("cog:38563"));
        assert_eq!(commune("cog:38563", "Grenoble", ""), Err(Reason::CommuneElsewhere));
        assert_eq!(commune("FR-974", "st denis", "").as_deref(), Ok("cog:97411"), "the only one in its area");
        assert_eq!(commune("FR-974", "st denis", "cog:93066"), Err(Reason::CommuneElsewhere));
    }

    #[test]
    fn a_role_ends_on_a_day_to_come() {
        let grant = |text: &str| {
            let typed = Typed { elected_until: text.into(), ..typed() };
            read_in("FR", &typed).map(|read| read.roles).map_err(|faults| faults.0[0])
        };
        let until =
            |year, month, day| Ok(vec![Grant { kind: RoleKind::Elected, until: jiff::civil::date(year, month, day) }]);
        assert_eq!(grant("15/6/2026"), until(2026, 6, 15));
        assert_eq!(grant("2032"), until(2032, 12, 31));
        assert_eq!(grant("14/6/2026"), Err((Column::ElectedUntil, Reason::RolePast)));
        assert_eq!(grant("2040"), Err((Column::ElectedUntil, Reason::RoleFar)));
        assert_eq!(grant("bientôt"), Err((Column::ElectedUntil, Reason::RoleDate)));
    }

    #[test]
    fn words_for_sex_and_documents_are_those_of_both_languages() {
        assert_eq!(
            ["F", "femme", "2", "M", "h", "1", "", "9"].map(sex).map(|sex| sex.map(Sex::code)),
            [2, 2, 2, 1, 1, 1, 0, 9].map(Some)
        );
        assert_eq!((sex("x"), document_kind("")), (None, None));
        assert_eq!(document_kind("CNI"), Some(DocumentKind::IdentityCard));
        assert_eq!(document_kind("permis de conduire"), Some(DocumentKind::DrivingLicence));
    }
}
