//! What was opened of a token, held against its leaf, the enrolment that it names, and the published rules (`specs/log.md` §13).
//!
//! A finding names the check and the leaf of the token, and nothing of what was opened: neither a value, nor the enrolment, whose leaf nobody
//! else can tell to be of the same person.

use std::collections::HashMap;

use super::{
    bracket::{Ages, years},
    logs::Logs,
};
use crate::{
    auditor::{
        areas::Parents,
        error::AuditError,
        finding::{At, Check, Findings},
        replay::institutions::Institutions,
    },
    wire::tlog::{
        Hash,
        commitment::{Opening, field_names},
        leaf::{Enrol, Hour, Issuance, Issue, Leaf, OwnerTag},
        sample::{Enrolment, Opened, Openings},
    },
};

/// By what openings are checked.
pub(super) struct Checker<'a> {
    logs: &'a Logs<'a>,
    institutions: &'a Institutions,
    areas: Option<&'a Parents>,
    /// The first leaf that ends each enrolment.
    revoked: HashMap<OwnerTag, Place>,
    /// Tokens of which nobody could say whether their area holds that of the enrolment.
    pub(super) areas_unknown: u64,
}

/// Where a leaf stands: of several logs the one of the earlier year comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    log: String,
    index: u64,
    hour: Hour,
}

impl Place {
    /// Whether it was made before the other. Leaves that are committed together are shuffled, so of one hour the order says nothing.
    fn is_before(&self, other: &Self) -> bool {
        self < other && self.hour < other.hour
    }
}

/// The fields of a token.
struct TokenFields<'a> {
    bracket: &'a str,
    birth_year: &'a str,
    area: &'a str,
    enrol: &'a str,
}

impl<'a> Checker<'a> {
    pub(super) fn new(
        logs: &'a Logs<'a>,
        institutions: &'a Institutions,
        areas: Option<&'a Parents>,
        openings: &Openings,
    ) -> Result<Self, AuditError> {
        let mut named = HashMap::new();
        for enrolment in openings.drawn.iter().filter_map(|drawn| Some(&drawn.opened.as_ref()?.enrolment)) {
            if let Some(Issuance::Enrol(enrol)) =
                logs.leaf(enrolment.log.as_str(), enrolment.index)?.map(|leaf| leaf.facts)
            {
                named.insert(enrol.owner, None);
            }
        }
        for log in logs.names() {
            logs.each(log, "revoke", |index, leaf| {
                if let Issuance::Revoke(revoke) = &leaf.facts
                    && let Some(ended) = named.get_mut(&revoke.enrol)
                {
                    ended.get_or_insert(Place { log: log.to_owned(), index, hour: leaf.hour });
                }
            })?;
        }
        let revoked = named.into_iter().filter_map(|(enrol, ended)| Some((enrol, ended?))).collect();
        Ok(Self { logs, institutions, areas, revoked, areas_unknown: 0 })
    }

    /// Checks what was opened of the token whose leaf stands there.
    pub(super) fn check(
        &mut self,
        at: At<'_>,
        token: &Leaf<Issue>,
        opened: &Opened,
        findings: &mut Findings,
    ) -> Result<(), AuditError> {
        let place =
            Place { log: at.log.unwrap_or_default().to_owned(), index: at.leaf.unwrap_or_default(), hour: token.hour };
        let said = fields("issue", token.facts.commitment, &opened.fields, at, findings).and_then(TokenFields::of);
        let enrol = self.enrol(&opened.enrolment, at, findings)?;
        let of_enrol = enrol
            .as_ref()
            .and_then(|(_, enrol)| fields("enrol", enrol.commitment, &opened.enrolment.fields, at, findings));
        if let (Some(said), Some((of, enrol))) = (&said, &enrol) {
            self.enrolment(said, of, enrol, &place, at, findings);
        }
        if let Some(said) = &said {
            self.bracket(said, token, at, findings);
        }
        let of_enrol = of_enrol.and_then(|fields| Some((*fields.first()?, *fields.get(1)?)));
        if let (Some(said), Some((birth_year, area))) = (said, of_enrol) {
            let is_year = |text: &str| text.is_empty() || text.len() == 4 && text.parse::<u16>().is_ok();
            if said.birth_year != birth_year || !is_year(birth_year) {
                let expected = "the year of birth of the enrolment";
                findings.fault(Check::SampleBirthYear, at, expected, "another");
            }
            self.area(said.area, area, at, findings);
        }
        Ok(())
    }

    /// The leaf of the enrolment, where it should be.
    fn enrol(
        &self,
        enrolment: &Enrolment,
        at: At<'_>,
        findings: &mut Findings,
    ) -> Result<Option<(Place, Enrol)>, AuditError> {
        let expected = "the enrolment that the openings name, in a log that is there";
        let (log, index) = (enrolment.log.as_str(), enrolment.index);
        match self.logs.leaf(log, index)? {
            Some(Leaf { hour, facts: Issuance::Enrol(enrol) }) => {
                return Ok(Some((Place { log: log.to_owned(), index, hour }, enrol)));
            }
            Some(_) => findings.fault(Check::SampleEnrolment, at, expected, "a leaf of another kind"),
            None => findings.fault(Check::SampleEnrolment, at, expected, "nothing"),
        }
        Ok(None)
    }

    /// The enrolment is the one that the token is bound to, and counted when the token was made.
    fn enrolment(
        &self,
        said: &TokenFields<'_>,
        of: &Place,
        enrol: &Enrol,
        token: &Place,
        at: At<'_>,
        findings: &mut Findings,
    ) {
        let mut fault = |expected: &str, found: &str| findings.fault(Check::SampleEnrolment, at, expected, found);
        if said.enrol.parse() != Ok(enrol.owner) {
            fault("the enrolment that the token is bound to", "another");
            return;
        }
        if token.is_before(of) {
            fault("an enrolment that was made before the token", "one that was made after it");
        }
        if self.revoked.get(&enrol.owner).is_some_and(|revoked| revoked.is_before(token)) {
            fault("an enrolment that counted when the token was made", "one that was revoked before");
        }
        if enrol.expires < token.hour.month() {
            fault("an enrolment that counted when the token was made", "one that had expired");
        }
    }

    /// The bracket is one of those published, and holds the age.
    fn bracket(&self, said: &TokenFields<'_>, token: &Leaf<Issue>, at: At<'_>, findings: &mut Findings) {
        if said.bracket.is_empty() {
            return;
        }
        let table = self.institutions.brackets_of(&token.facts.brackets).unwrap_or_default();
        match Ages::of(table, said.bracket) {
            None => {
                let expected = "a bracket of the published table, or several neighbours of it";
                findings.fault(Check::SampleBracket, at, expected, "another");
            }
            Some(ages) => {
                let born = said.birth_year.parse::<i16>();
                if !born.is_ok_and(|born| years(token.hour).any(|year| ages.hold(born, year))) {
                    let expected = "a bracket with the age that is reached in the year of the token";
                    findings.fault(Check::SampleBracket, at, expected, "another");
                }
            }
        }
    }

    /// The area is that of the enrolment, or holds it.
    fn area(&mut self, of_token: &str, of_enrolment: &str, at: At<'_>, findings: &mut Findings) {
        if of_token.is_empty() || of_token == of_enrolment {
            return;
        }
        let expected = "the area of the enrolment, or one that holds all of it";
        match self.areas {
            _ if of_enrolment.is_empty() => {
                findings.fault(Check::SampleArea, at, expected, "an area, where the enrolment has none");
            }
            None => self.areas_unknown += 1,
            Some(areas) if areas.contains(of_token, of_enrolment) => {}
            Some(areas) if areas.has(of_enrolment) => findings.fault(Check::SampleArea, at, expected, "another"),
            Some(_) => {
                let found = "another, and the table of areas does not know that of the enrolment";
                findings.fault(Check::SampleArea, at, expected, found);
            }
        }
    }
}

impl<'a> TokenFields<'a> {
    fn of(fields: Vec<&'a str>) -> Option<Self> {
        let [bracket, birth_year, area, enrol] = fields.try_into().ok()?;
        Some(Self { bracket, birth_year, area, enrol })
    }
}

/// The values of all fields of a leaf, if it is bound to them.
fn fields<'a>(
    kind: &str,
    commitment: Hash,
    openings: &'a [Opening],
    at: At<'_>,
    findings: &mut Findings,
) -> Option<Vec<&'a str>> {
    let what = if kind == "enrol" { "the enrolment" } else { "the token" };
    let mut fault = |found: String| {
        let expected = format!("each field of {what} once and in its place, as its leaf is bound to it");
        findings.fault(Check::SampleOpening, at, expected, found);
    };
    let names = field_names(kind).unwrap_or_default();
    if openings.len() != names.len() {
        fault(format!("{} fields in place of {}", openings.len(), names.len()));
        return None;
    }
    for (name, (index, opening)) in names.iter().zip((0_u32..).zip(openings)) {
        if opening.index != index {
            fault(format!("another field in the place of `{name}`"));
            return None;
        }
        if let Err(error) = opening.verify(kind, commitment) {
            fault(format!("of `{name}`: {error}"));
            return None;
        }
    }
    Some(openings.iter().map(|opening| opening.value.as_str()).collect())
}
