//! Qualities in words, for the pages on which a citizen reads what a forum learns.

use crate::{
    attributes::Attributes,
    domain::{
        bracket::AgeBracket,
        claim::{Qualities, Quality},
    },
    http::Page,
};

/// Writes values for a reader.
#[derive(Clone, Copy)]
pub struct Told<'a> {
    pub page: &'a Page,
    pub attributes: &'a Attributes,
}

impl Told<'_> {
    /// The value of a quality in the reader's language; a dash when there is none.
    pub fn value(&self, quality: Quality, values: &Qualities) -> String {
        let value = match quality {
            Quality::AgeBracket => values.age_bracket.map(|bracket| self.bracket(bracket)),
            Quality::AgeOver18 => {
                values.age_over_18.map(|over| self.page.t(if over { "yes" } else { "no" }).into_owned())
            }
            Quality::Residence => values.residence.map(|area| self.attributes.label(area)),
            Quality::Sex => values.sex.map(|sex| self.page.t2("sex-", &sex.code().to_string())),
            Quality::Roles => {
                let roles: Vec<_> = values.roles.iter().map(|role| self.page.t2("role-", role.as_str())).collect();
                (!roles.is_empty()).then(|| roles.join(", "))
            }
        };
        value.unwrap_or_else(|| "–".to_owned())
    }

    fn bracket(&self, bracket: AgeBracket) -> String {
        match (bracket.youngest(), bracket.oldest()) {
            (0, Some(oldest)) => self.page.with("age-under", "age", u16::from(oldest) + 1).into_owned(),
            (youngest, Some(oldest)) => {
                self.page.with2("age-between", "youngest", youngest, "oldest", oldest).into_owned()
            }
            (youngest, None) => self.page.with("age-from", "age", youngest).into_owned(),
        }
    }
}
