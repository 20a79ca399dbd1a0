//! Likeness: canonical texts by which a second enrolment of one person is found, whatever the spelling.
//!
//! ```text
//! same   = "likeness/1/same|"  birth date "|" family "|" given
//! alike  = "likeness/1/alike|" birth date "|" one name "+" another
//! ```
//!
//! Two persons with a [`Likeness::same`] text in common bear the same names, written perhaps another way, and were born
//! on the same day: the store's unique index refuses the second. With only an [`Likeness::alike`] text in common, a
//! name may be missing, shortened, swapped or spelt by another rule: a human decides. The texts hold names, so they
//! live for the moment between the counter's form and the keyed tag that is stored. Rules and examples: `specs/proofing.md`.

use zeroize::Zeroizing;

mod latin;
mod sound;

/// A person as a document of identity shows them.
#[derive(Clone, Copy)]
pub struct Identity<'a> {
    /// The family names borne: the birth name, and beside it the name in use (of a spouse) where there is one.
    pub family: &'a [&'a str],
    /// All given names as they stand on the document.
    pub given: &'a str,
    /// ISO 8601 calendar date, `YYYY-MM-DD`; `00` for a day or month that the document leaves out.
    pub birth_date: &'a str,
}

/// A birth date that is not `YYYY-MM-DD`: written otherwise, the same day would give other texts.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("Birth date: it is not in the form YYYY-MM-DD. Give year, month and day as digits with hyphens.")]
pub struct NotAnIsoDate;

/// The texts of one person. `Debug` is not implemented: every field is somebody's name.
pub struct Likeness {
    /// One for each family name, and one more for each that has a particle.
    pub same: Vec<Zeroizing<String>>,
    /// One for most people, some dozen for those with many names.
    pub alike: Vec<Zeroizing<String>>,
}

impl Likeness {
    pub fn of(identity: &Identity<'_>) -> Result<Self, NotAnIsoDate> {
        let date = identity.birth_date;
        if !is_iso_date(date) {
            return Err(NotAnIsoDate);
        }
        let given = Name::of(identity.given);
        let families = identity.family.iter().map(|family| Name::of(family)).filter(Name::is_some);
        let families: Vec<Name> = families.take(MAX_FAMILIES).collect();
        Ok(Self { same: same(date, &families, &given), alike: alike(date, &families, &given) })
    }
}

fn same(date: &str, families: &[Name], given: &Name) -> Vec<Zeroizing<String>> {
    let given = given.sorted();
    let text = |family: &str| join(["likeness/1/same|", date, "|", family, "|", given.as_str()].into_iter());
    let mut texts: Vec<_> = families.iter().flat_map(|family| [text(&family.joined()), text(&family.core())]).collect();
    if texts.is_empty() {
        texts.push(text(""));
    }
    distinct(texts)
}

fn alike(date: &str, families: &[Name], given: &Name) -> Vec<Zeroizing<String>> {
    let families: Vec<_> = families.iter().flat_map(Name::sounds).collect();
    let given = given.sounds();
    let text = |one: &str, other: &str| {
        let (first, second) = if one <= other { (one, other) } else { (other, one) };
        join(["likeness/1/alike|", date, "|", first, "+", second].into_iter())
    };
    let mut texts = Vec::new();
    for given in &given {
        texts.extend(families.iter().map(|family| text(family, given)));
        if families.is_empty() {
            texts.push(text("", given));
        }
    }
    if given.is_empty() {
        texts.extend(families.iter().map(|family| text(family, "")));
    }
    distinct(texts)
}

/// One name, in Latin letters: the words of it.
struct Name(Vec<Zeroizing<String>>);

impl Name {
    fn of(text: &str) -> Self {
        Self(latin::words(text))
    }

    fn is_some(&self) -> bool {
        !self.0.is_empty()
    }

    /// Without what parts the words: `Le Goff`, `Le-Goff` and `LeGoff` are one name.
    fn joined(&self) -> Zeroizing<String> {
        join(self.words())
    }

    /// Without particles, which documents leave out: `Goff`. A name that is all particles keeps them.
    fn core(&self) -> Zeroizing<String> {
        join(self.core_words().into_iter())
    }

    /// The words in alphabetical order: documents differ in the order of given names.
    fn sorted(&self) -> Zeroizing<String> {
        let mut words: Vec<&str> = self.words().collect();
        words.sort_unstable();
        words.dedup();
        join(words.into_iter().flat_map(|word| [word, " "]))
    }

    /// How the name may sound when only a part of it is given: the whole, the whole without particles, each word
    /// that is no particle and no initial.
    fn sounds(&self) -> Vec<Zeroizing<String>> {
        let (whole, core) = (self.joined(), self.core());
        let words = self.core_words().into_iter().filter(|word| word.chars().count() > 1).take(MAX_WORDS);
        let parts = [whole.as_str(), core.as_str()].into_iter().chain(words);
        distinct(parts.map(sound::of).filter(|sound| !sound.is_empty()).collect())
    }

    fn words(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.iter().map(|word| word.as_str())
    }

    fn core_words(&self) -> Vec<&str> {
        let core: Vec<&str> = self.words().filter(|word| !PARTICLES.contains(word)).collect();
        if core.is_empty() { self.words().collect() } else { core }
    }
}

/// Joins into a text of its final size: one that grew would leave copies behind that nobody wipes.
fn join<'a>(words: impl Iterator<Item = &'a str> + Clone) -> Zeroizing<String> {
    let mut joined = Zeroizing::new(String::with_capacity(words.clone().map(str::len).sum()));
    words.for_each(|word| joined.push_str(word));
    joined
}

fn distinct(mut texts: Vec<Zeroizing<String>>) -> Vec<Zeroizing<String>> {
    texts.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    texts.dedup();
    texts
}

fn is_iso_date(text: &str) -> bool {
    text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() })
}

/// Words that a document may leave out of a name or move behind it, after transliteration.
const PARTICLES: &[&str] = &[
    "a", "abou", "abu", "af", "al", "am", "av", "ben", "bin", "bint", "d", "da", "dal", "das", "de", "del", "della",
    "den", "der", "des", "di", "do", "dos", "du", "e", "el", "ibn", "l", "la", "las", "le", "les", "los", "of", "ould",
    "t", "te", "ten", "ter", "van", "vom", "von", "y", "zu", "zum", "zur",
];
/// Family names of one person that are looked at: birth name, name in use, and two to spare.
const MAX_FAMILIES: usize = 4;
/// Words of one name that are tried one by one.
const MAX_WORDS: usize = 6;

#[cfg(test)]
mod tests;
