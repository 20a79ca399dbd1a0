//! The counter's form: taking what was typed out of it, and showing it again with what is wrong beside each field.

use super::counter::Counter;
use crate::{
    http::{Page, form::SafeFields},
    proofing::{Column, Faults, Proofing, Reason, Text, Typed},
    vault::DocumentKind,
};

/// Takes what was typed out of a form. It is in one place at a time, and is wiped with the form and the entry.
pub(super) fn typed(fields: &mut SafeFields) -> Typed {
    let mut take = |name| text(fields.take(name).unwrap_or_default());
    Typed {
        family_name: take("family_name"),
        married_name: take("married_name"),
        given_names: take("given_names"),
        birth_date: take("birth_date"),
        sex: take("sex"),
        commune: take("commune"),
        commune_code: take("commune_code"),
        document_kind: take("document_kind"),
        document_number: take("document_number"),
        agent_until: take("agent_until"),
        elected_until: take("elected_until"),
        animator_until: take("animator_until"),
    }
}

/// The text of one field. No field takes as much as this lets through; the rest is dropped, so that whoever sends
/// us a book does not get it back.
fn text(mut typed: String) -> Text {
    if let Some((end, _)) = typed.char_indices().nth(LONGEST) {
        typed.truncate(end);
    }
    typed.into()
}

/// The fields by their names in the form.
pub(super) fn fields_of(typed: &Typed) -> [(&'static str, &Text); 12] {
    [
        ("family_name", &typed.family_name),
        ("married_name", &typed.married_name),
        ("given_names", &typed.given_names),
        ("birth_date", &typed.birth_date),
        ("sex", &typed.sex),
        ("commune", &typed.commune),
        ("commune_code", &typed.commune_code),
        ("document_kind", &typed.document_kind),
        ("document_number", &typed.document_number),
        ("agent_until", &typed.agent_until),
        ("elected_until", &typed.elected_until),
        ("animator_until", &typed.animator_until),
    ]
}

/// What a template shows of an entry.
pub(super) struct Entry<'a> {
    page: &'a Page,
    typed: &'a Typed,
    faults: &'a [(Column, Reason)],
    /// Where the cursor is when the page opens.
    focus: &'static str,
    /// The communes that the text may mean.
    pub(super) candidates: Vec<Candidate>,
}

/// A commune to choose.
pub(super) struct Candidate {
    pub(super) code: String,
    pub(super) label: String,
}

/// A fault for the list at the top.
pub(super) struct Line {
    pub(super) field: &'static str,
    pub(super) label: String,
    pub(super) text: String,
}

impl<'a> Entry<'a> {
    /// An entry without fault, the cursor in this field.
    pub(super) fn new(page: &'a Page, typed: &'a Typed, focus: &'static str) -> Self {
        Self { page, typed, faults: &[], focus, candidates: Vec::new() }
    }

    /// An entry with faults, the cursor in the first field that has one.
    pub(super) fn faulty(counter: &'a Counter, proofing: &Proofing, typed: &'a Typed, faults: &'a Faults) -> Self {
        let faults = faults.0.as_slice();
        let focus = faults.first().map_or("", |(column, _)| column.as_str());
        let unclear = |(_, reason): &(_, Reason)| matches!(reason, Reason::CommuneAmbiguous | Reason::CommuneUnknown);
        let unclear = faults.iter().any(unclear);
        let candidates = if unclear { candidates(counter, proofing, &typed.commune) } else { Vec::new() };
        Self { page: &counter.page, typed, faults, focus, candidates }
    }

    pub(super) fn value(&self, name: &str) -> &'a str {
        fields_of(self.typed).into_iter().find(|(field, _)| *field == name).map_or("", |(_, text)| text)
    }

    /// Whether a choice is the one that was made.
    pub(super) fn has(&self, name: &str, choice: &str) -> bool {
        self.value(name) == choice
    }

    pub(super) fn label(&self, name: &str) -> String {
        self.page.t2("counter-", &name.replace('_', "-"))
    }

    pub(super) fn help(&self, name: &str) -> String {
        self.page.t2("counter-help-", &name.replace('_', "-"))
    }

    /// What is wrong with a field.
    pub(super) fn fault(&self, name: &str) -> Option<String> {
        let (_, reason) = self.faults.iter().find(|(column, _)| column.as_str() == name)?;
        Some(self.page.t2("counter-fault-", reason.key()))
    }

    pub(super) fn faults(&self) -> Vec<Line> {
        let line = |(column, reason): &(Column, Reason)| Line {
            field: column.as_str(),
            label: self.label(column.as_str()),
            text: self.page.t2("counter-fault-", reason.key()),
        };
        self.faults.iter().map(line).collect()
    }

    pub(super) fn is_focus(&self, name: &str) -> bool {
        self.focus == name
    }

    /// Whether the roles are shown: they are for few people.
    pub(super) fn has_roles(&self) -> bool {
        let roles = [Column::AgentUntil, Column::ElectedUntil, Column::AnimatorUntil].map(Column::as_str);
        roles.iter().any(|name| !self.value(name).is_empty() || self.fault(name).is_some())
    }

    /// Values and words to choose a sex from, as a document may state it.
    pub(super) fn sexes(&self) -> [(&'static str, String); 4] {
        let word = |key: &str| self.page.t(key).into_owned();
        [
            ("", word("counter-sex-none")),
            ("f", word("counter-sex-f")),
            ("m", word("counter-sex-m")),
            ("9", word("counter-sex-x")),
        ]
    }

    pub(super) fn documents(&self) -> [(&'static str, String); 5] {
        let word = |kind: DocumentKind| self.page.t2("counter-document-", &kind.as_str().replace('_', "-"));
        DocumentKind::ALL.map(|kind| (kind.as_str(), word(kind)))
    }

    /// Every field that holds something, to be sent once more as it is.
    pub(super) fn hidden(&self) -> impl Iterator<Item = (&'static str, &'a str)> {
        let typed = self.typed;
        fields_of(typed).into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| (name, &**text))
    }
}

/// The communes that a text may mean; those of the office alone, if it has any of them.
fn candidates(counter: &Counter, proofing: &Proofing, text: &str) -> Vec<Candidate> {
    let mut found = proofing.communes(&counter.office, text);
    if found.iter().any(|commune| proofing.serves(&counter.office, commune.code)) {
        found.retain(|commune| proofing.serves(&counter.office, commune.code));
    }
    let candidate = |code: crate::domain::area::AreaCode| Candidate {
        code: code.to_string(),
        label: format!("{} · {}", proofing.label(code), code.local_part()),
    };
    found.into_iter().take(MOST_CANDIDATES).map(|commune| candidate(commune.code)).collect()
}

const LONGEST: usize = 300;
const MOST_CANDIDATES: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_cut_where_a_character_ends() {
        assert_eq!(text("é".repeat(LONGEST + 1)).chars().count(), LONGEST);
        assert_eq!(&*text("Voiron".to_owned()), "Voiron");
    }

    #[test]
    fn every_column_is_a_field_and_the_names_are_those_of_the_form() {
        let typed = Typed::default();
        let names = fields_of(&typed).map(|(name, _)| name);
        assert!(Column::ALL.iter().all(|column| names.contains(&column.as_str())));
    }
}
