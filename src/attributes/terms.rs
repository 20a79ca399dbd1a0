//! What a forum may learn of a person: the facts, made as coarse as the forum's registration and the citizen's choice.

use jiff::civil::Date;

use crate::domain::{
    area::{Areas, Level},
    bracket::{AgeBracket, BracketTable},
    claim::Qualities,
    quality::Facts,
};

/// How fine one forum's answers are: what it is registered for, or the coarser area that the citizen agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub residence_level: Level,
    /// Coarser brackets than the published ones.
    pub age_brackets: Option<Vec<AgeBracket>>,
}

/// The qualities of a person on this legal day. What is unknown is absent.
pub(super) fn qualities(
    facts: &Facts,
    terms: &Terms,
    areas: &Areas,
    published: &BracketTable,
    today: Date,
) -> Qualities {
    let table = table(terms, published);
    Qualities {
        age_bracket: table.and_then(|table| table.bracket(facts.birth.year(), today.year())),
        age_over_18: Some(facts.birth.over_18(today)),
        residence: areas.at(terms.residence_level, facts.commune).map(|area| area.code),
        sex: Some(facts.sex).filter(|sex| !sex.is_unknown()),
        roles: facts.roles_held(today),
    }
}

/// The table of these terms. None when the forum's own has become finer than the published one, which was replaced
/// since it registered: then no bracket is told, rather than one finer than what it registered for or what is published.
pub(super) fn table(terms: &Terms, published: &BracketTable) -> Option<BracketTable> {
    match &terms.age_brackets {
        Some(wanted) => published.coarsen(wanted).ok(),
        None => Some(published.clone()),
    }
}
