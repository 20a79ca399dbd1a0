//! What the service knows of a person, apart from who they are: the qualities that claims are made of.
//!
//! [`Facts`] are stored sealed, one row for each person. They hold no name, no date of birth, no document.

use std::{fmt, str::FromStr};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark, is_nfc};

use super::{age::BirthFacts, area::AreaCode, ids::RegistrarId};

/// The qualities of one person.
///
/// As JSON the keys are one letter and what is empty is left out. The length still differs from person to person: who
/// seals it pads it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    #[serde(rename = "b")]
    pub birth: BirthFacts,
    /// The commune of residence, whatever level is told of it.
    #[serde(rename = "c")]
    pub commune: AreaCode,
    #[serde(rename = "s", default, skip_serializing_if = "Sex::is_unknown")]
    pub sex: Sex,
    #[serde(rename = "n")]
    pub partial_name: PartialName,
    #[serde(rename = "r", default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Role>,
}

impl Facts {
    /// The kinds of role held on this legal day, each once, in the order of [`RoleKind`].
    pub fn roles_held(&self, today: Date) -> Vec<RoleKind> {
        self.held(|role| role.held_on(today))
    }

    /// The kinds of role held on this legal day that this authority granted.
    pub fn roles_held_of(&self, authority: RegistrarId, today: Date) -> Vec<RoleKind> {
        self.held(|role| role.authority == authority && role.held_on(today))
    }

    fn held(&self, counts: impl Fn(&Role) -> bool) -> Vec<RoleKind> {
        let mut kinds: Vec<RoleKind> = self.roles.iter().filter(|role| counts(role)).map(|role| role.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    /// Grants a role, or sets the last day of one that the same authority granted before.
    pub fn grant(&mut self, role: Role) {
        self.withdraw(role.kind, role.authority);
        self.roles.push(role);
    }

    /// Takes back a role that this authority granted.
    pub fn withdraw(&mut self, kind: RoleKind, authority: RegistrarId) {
        self.roles.retain(|role| (role.kind, role.authority) != (kind, authority));
    }

    /// Forgets what has served its time: the day of majority that has come, and roles that have expired.
    #[must_use]
    pub fn settled(mut self, today: Date) -> Self {
        self.birth = self.birth.settled(today);
        self.roles.retain(|role| role.held_on(today));
        self
    }
}

/// Nothing of them: together they may single out a person.
impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Facts(…)")
    }
}

/// The sex of a person in the civil register, under the codes of ISO/IEC 5218, which are what is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum Sex {
    #[default]
    NotKnown,
    Male,
    Female,
    NotApplicable,
}

impl Sex {
    pub const ALL: [Self; 4] = [Self::NotKnown, Self::Male, Self::Female, Self::NotApplicable];

    /// 0, 1, 2 or 9 (ISO/IEC 5218): the value of the claim `sex`.
    pub const fn code(self) -> u8 {
        match self {
            Self::NotKnown => 0,
            Self::Male => 1,
            Self::Female => 2,
            Self::NotApplicable => 9,
        }
    }

    /// Such a person has no claim `sex`.
    pub fn is_unknown(&self) -> bool {
        *self == Self::NotKnown
    }
}

impl TryFrom<u8> for Sex {
    type Error = InvalidQuality;

    fn try_from(code: u8) -> Result<Self, InvalidQuality> {
        Self::ALL.into_iter().find(|sex| sex.code() == code).ok_or(InvalidQuality::Sex)
    }
}

impl From<Sex> for u8 {
    fn from(sex: Sex) -> Self {
        sex.code()
    }
}

impl FromStr for Sex {
    type Err = InvalidQuality;

    fn from_str(text: &str) -> Result<Self, InvalidQuality> {
        Self::ALL.into_iter().find(|sex| sex.code().to_string() == text).ok_or(InvalidQuality::Sex)
    }
}

/// What somebody is to an authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoleKind {
    /// Works for it.
    Agent,
    /// Holds an elected office in it.
    Elected,
    /// Leads debates on its behalf.
    Animator,
}

impl RoleKind {
    pub const ALL: [Self; 3] = [Self::Agent, Self::Elected, Self::Animator];

    /// The value in the claim `roles`, and after `role:` in the claim `groups`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Elected => "elected",
            Self::Animator => "animator",
        }
    }
}

impl fmt::Display for RoleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for RoleKind {
    type Err = InvalidQuality;

    fn from_str(text: &str) -> Result<Self, InvalidQuality> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(InvalidQuality::Role)
    }
}

/// A role, the authority whose registrar granted it, and the last legal day on which it is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    #[serde(rename = "k")]
    pub kind: RoleKind,
    #[serde(rename = "a")]
    pub authority: RegistrarId,
    #[serde(rename = "u", with = "day")]
    pub until: Date,
}

impl Role {
    pub fn held_on(&self, today: Date) -> bool {
        today <= self.until
    }
}

/// A true name, cut short: "Arnaud R.". Derived from the verified name at enrolment, and shown only by choice.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PartialName(String);

impl PartialName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PartialName {
    type Err = InvalidQuality;

    /// A given name, one space, one capital letter and a full stop, in Unicode normal form C.
    fn from_str(text: &str) -> Result<Self, InvalidQuality> {
        let sound = || {
            let (given, initial) = text.strip_suffix('.')?.rsplit_once(' ')?;
            let joins = |c: char| matches!(c, ' ' | '-' | '\'' | '’');
            let parts = given.split(joins).all(|part| part.starts_with(char::is_alphabetic));
            let letters = given.chars().all(|c| c.is_alphabetic() || is_combining_mark(c) || joins(c));
            // A letter that has no capital, as in Arabic, stands as it is.
            let mut chars = initial.chars();
            let capital = chars.next().is_some_and(|c| c.is_alphabetic() && !c.is_lowercase());
            let one_letter = chars.all(is_combining_mark);
            let short = given.chars().count() <= LONGEST_GIVEN_NAME && initial.nfc().count() <= 3;
            (parts && letters && capital && one_letter && short && is_nfc(text)).then_some(())
        };
        sound().map(|()| Self(text.to_owned())).ok_or(InvalidQuality::PartialName)
    }
}

impl TryFrom<String> for PartialName {
    type Error = InvalidQuality;

    fn try_from(text: String) -> Result<Self, InvalidQuality> {
        text.parse()
    }
}

impl From<PartialName> for String {
    fn from(name: PartialName) -> Self {
        name.0
    }
}

/// Half of a name is half of a person.
impl fmt::Debug for PartialName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PartialName(…)")
    }
}

/// A text that is not a quality of the kind asked for. The text is not repeated.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidQuality {
    #[error("sex is not a code of ISO/IEC 5218: write 0 (not known), 1 (male), 2 (female) or 9 (not applicable)")]
    Sex,
    #[error("not a role: write agent, elected or animator")]
    Role,
    #[error("not a partial name: write a given name, a space, one capital letter and a full stop")]
    PartialName,
}

/// A day as `2026-12-31`.
mod day {
    use jiff::civil::Date;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
    pub(super) fn serialize<S: Serializer>(day: &Date, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(day)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(|_| D::Error::custom("not a day"))
    }
}

const LONGEST_GIVEN_NAME: usize = 60;

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::{
        age::{LeapDay, LegalCalendar},
        ambient::Timestamp,
    };

    fn town(n: u8) -> RegistrarId {
        RegistrarId::from_bytes([n; 16])
    }

    fn agent(until: Date) -> Role {
        Role { kind: RoleKind::Agent, authority: town(1), until }
    }

    fn facts() -> Facts {
        let calendar = LegalCalendar::new("Europe/Paris", LeapDay::March1).unwrap();
        Facts {
            birth: BirthFacts::new(date(1987, 3, 2), &calendar, Timestamp::from_seconds(1_780_000_000)).unwrap(),
            commune: "cog:38563".parse().unwrap(),
            sex: Sex::NotKnown,
            partial_name: "Arnaud R.".parse().unwrap(),
            roles: Vec::new(),
        }
    }

    #[test]
    fn facts_are_stored_short_and_come_back_the_same() {
        let mut facts = facts();
        insta::assert_snapshot!(serde_json::to_string(&facts).unwrap(), @r#"{"b":{"y":1987},"c":"cog:38563","n":"Arnaud R."}"#);
        facts.sex = Sex::Female;
        facts.grant(agent(date(2027, 12, 31)));
        let json = serde_json::to_string(&facts).unwrap();
        insta::assert_snapshot!(json, @r#"{"b":{"y":1987},"c":"cog:38563","s":2,"n":"Arnaud R.","r":[{"k":"agent","a":"AQEBAQEBAQEBAQEBAQEBAQ","u":"2027-12-31"}]}"#);
        assert_eq!(serde_json::from_str::<Facts>(&json).unwrap(), facts);
    }

    #[test]
    fn facts_print_nothing_of_themselves() {
        assert_eq!(format!("{:?} {:?}", facts(), facts().partial_name), "Facts(…) PartialName(…)");
    }

    #[test]
    fn a_role_is_held_to_the_end_of_its_last_day() {
        let mut facts = facts();
        facts.grant(agent(date(2026, 12, 31)));
        assert_eq!(facts.roles_held(date(2026, 12, 31)), [RoleKind::Agent]);
        assert_eq!(facts.roles_held(date(2027, 1, 1)), []);
        assert_eq!(facts.clone().settled(date(2026, 12, 31)), facts);
        assert!(facts.settled(date(2027, 1, 1)).roles.is_empty());
    }

    #[test]
    fn a_role_granted_again_has_a_new_last_day_and_each_authority_speaks_for_itself() {
        let mut facts = facts();
        let today = date(2026, 6, 1);
        facts.grant(agent(date(2026, 1, 1)));
        facts.grant(agent(date(2027, 1, 1)));
        facts.grant(Role { authority: town(2), ..agent(date(2027, 1, 1)) });
        facts.grant(Role { kind: RoleKind::Elected, authority: town(2), until: date(2027, 1, 1) });
        assert_eq!(facts.roles.len(), 3);
        assert_eq!(facts.roles_held(today), [RoleKind::Agent, RoleKind::Elected]);
        assert_eq!(facts.roles_held_of(town(1), today), [RoleKind::Agent]);
        facts.withdraw(RoleKind::Agent, town(1));
        assert_eq!(facts.roles_held_of(town(1), today), []);
        assert_eq!(facts.roles_held_of(town(2), today), [RoleKind::Agent, RoleKind::Elected]);
    }

    #[test]
    fn sex_is_a_code_of_iso_5218() {
        assert_eq!(Sex::ALL.map(Sex::code), [0, 1, 2, 9]);
        assert_eq!(serde_json::to_string(&Sex::NotApplicable).unwrap(), "9");
        assert_eq!(("2".parse(), Sex::try_from(1)), (Ok(Sex::Female), Ok(Sex::Male)));
        for bad in ["3", "F", "", "02", "+1"] {
            assert_eq!(bad.parse::<Sex>(), Err(InvalidQuality::Sex), "{bad}");
        }
        assert!(serde_json::from_str::<Sex>("4").is_err());
    }

    #[test]
    fn a_role_is_one_of_three_words() {
        assert_eq!(RoleKind::ALL.map(|kind| kind.as_str().parse()), RoleKind::ALL.map(Ok));
        assert_eq!(serde_json::to_string(&RoleKind::ALL).unwrap(), r#"["agent","elected","animator"]"#);
        assert_eq!("Agent".parse::<RoleKind>(), Err(InvalidQuality::Role));
    }

    #[test]
    fn a_partial_name_is_a_given_name_and_an_initial() {
        for text in ["Arnaud R.", "Anne-Marie É.", "Jean d'Arc L.", "José María Ñ.", "N’Golo K.", "محمد ع."]
        {
            assert_eq!(text.parse::<PartialName>().unwrap().as_str(), text);
        }
        let long = format!("{} R.", "a".repeat(61));
        let bad = [
            "",
            "Arnaud",
            "Arnaud R",
            "Arnaud Rey.",
            "Arnaud r.",
            " R.",
            "R.",
            "Arnaud  R.",
            "Arnaud- R.",
            "-Arnaud R.",
            "Arn4ud R.",
            "Arnaud R. ",
            "Arnaud\u{200b} R.",
            "Arnaud\n R.",
            "<b> R.",
            "Jose\u{301} R.",
            &long,
        ];
        for text in bad {
            assert_eq!(text.parse::<PartialName>(), Err(InvalidQuality::PartialName), "{text:?}");
        }
    }
}
