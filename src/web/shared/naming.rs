//! The name that a forum shows: what a form holds of it, checked alike where it is first chosen and where it is changed.
//! The fields are in `web/shared/name_fields.html`.

use serde::Deserialize;

use crate::{
    domain::{
        name::{ChosenName, NameRefusal, Reserved},
        quality::PartialName,
    },
    pseudonym::{NameChoice, PseudonymError, ShownName},
};

/// What the form held, to be shown again when it cannot be taken.
#[derive(Clone, Default, Deserialize)]
pub struct NameEntry {
    /// `chosen` or `partial`.
    #[serde(default)]
    pub kind: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub indexable: String,
    /// Why it was refused: the name of a text, after `choose-error-`.
    #[serde(skip)]
    pub error: Option<&'static str>,
}

impl NameEntry {
    /// The form as it stands for a name that is shown already.
    pub fn of(shown: &NameChoice) -> Self {
        let name = match &shown.name {
            ShownName::Chosen(name) => name.as_str().to_owned(),
            ShownName::Partial(_) => String::new(),
        };
        let indexable = if shown.indexable { "yes" } else { "" }.to_owned();
        Self { kind: shown.name.assurance().to_owned(), name, indexable, error: None }
    }

    /// The name wished for; `None` when none was entered. A name that is the person's already stays as it was accepted,
    /// whatever the rules have become since.
    pub fn choice(
        &self,
        partial: &PartialName,
        reserved: &Reserved,
        own: Option<&ShownName>,
    ) -> Result<Option<NameChoice>, &'static str> {
        let shown = match (self.kind.as_str(), own) {
            ("partial", _) => NameChoice::partial(partial.clone()),
            ("chosen", Some(ShownName::Chosen(own))) if own.as_str() == self.name => NameChoice::chosen(own.clone()),
            ("chosen", _) if !self.name.is_empty() => {
                NameChoice::chosen(ChosenName::check(&self.name, reserved).map_err(NameRefusal::code)?)
            }
            _ => return Ok(None),
        };
        Ok(Some(NameChoice { indexable: self.indexable == "yes", ..shown }))
    }

    /// The same form with the reason why it was not taken.
    #[must_use]
    pub fn refused(self, error: &'static str) -> Self {
        Self { error: Some(error), ..self }
    }
}

/// The text that explains a refusal, after `choose-error-`.
pub fn pseudonym_text(error: &PseudonymError) -> &'static str {
    match error {
        PseudonymError::Name(refusal) => refusal.code(),
        PseudonymError::NameTaken => "taken",
        PseudonymError::NoPlace => "no-place",
        PseudonymError::Changed => "changed",
        PseudonymError::Unknown | PseudonymError::Store(_) => "unknown-pseudonym",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Lang;

    fn entry(kind: &str, name: &str) -> NameEntry {
        NameEntry { kind: kind.to_owned(), name: name.to_owned(), ..NameEntry::default() }
    }

    fn partial() -> PartialName {
        "Arnaud R.".parse().unwrap()
    }

    #[test]
    fn every_refusal_is_explained_in_both_languages() {
        let texts = crate::web::texts().unwrap();
        let others = [PseudonymError::NameTaken, PseudonymError::NoPlace, PseudonymError::Changed];
        let errors =
            NameRefusal::EACH.map(PseudonymError::from).into_iter().chain(others).chain([PseudonymError::Unknown]);
        for text in errors.map(|error| pseudonym_text(&error)).chain(["empty"]) {
            let key = format!("choose-error-{text}");
            assert!(Lang::ALL.iter().all(|lang| texts.has(*lang, &key)), "{key}");
        }
    }

    #[test]
    fn a_form_is_what_it_was_made_from() {
        let chosen = NameChoice { indexable: true, ..NameChoice::chosen(ChosenName::from_row("Genêt".to_owned())) };
        for shown in [chosen, NameChoice::partial(partial())] {
            let again = NameEntry::of(&shown).choice(&partial(), &Reserved::new([]), Some(&shown.name));
            assert!(again == Ok(Some(shown)));
        }
    }

    #[test]
    fn a_name_that_was_accepted_stays_though_it_would_be_refused_today() {
        let reserved = Reserved::new(["Genêt"]);
        let own = ShownName::Chosen(ChosenName::from_row("Genêt".to_owned()));
        assert!(entry("chosen", "Genêt").choice(&partial(), &reserved, None) == Err("name-reserved"));
        assert!(matches!(entry("chosen", "Genêt").choice(&partial(), &reserved, Some(&own)), Ok(Some(_))));
    }

    #[test]
    fn without_a_name_nothing_is_wished() {
        for (kind, name) in [("", ""), ("", "Genêt"), ("chosen", ""), ("other", "Genêt")] {
            assert!(entry(kind, name).choice(&partial(), &Reserved::new([]), None) == Ok(None), "{kind} {name}");
        }
    }
}
