//! Chosen names: what a citizen may be called on a forum.
//!
//! A [`ChosenName`] is a text that went through, in this order: the length bound, the class of every character as it
//! was typed (UTS 39 §3.1, General Security Profile for Identifiers), the PRECIS Nickname profile (RFC 8266 §2), the
//! combining marks (UTS 39 §5.4), the single script (UTS 39 §5.1) and the reserved words. The characters are looked at
//! *before* PRECIS maps them, because its NFKC would turn a full-width or mathematical letter into a plain one.
//!
//! Whether the name is free is not known here: the store keeps its [`Skeletons`] unique in a sector.
//! No name is ever compared with a verified one: the answer would be an oracle for who is enrolled.
//! The rules in words, with their reasons: `specs/pseudonym.md`, "Names".

use std::fmt;

use precis_profiles::{
    Nickname,
    precis_core::{Error, profile::Profile},
};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use unicode_script::{Script, UnicodeScript};
use unicode_security::MixedScript;
use unicode_segmentation::UnicodeSegmentation;

mod character;
mod refusal;
mod reserved;
mod skeleton;

pub use self::{
    refusal::NameRefusal,
    reserved::Reserved,
    skeleton::{SKELETON_VERSION, Skeletons},
};

/// A display name that its bearer typed and that passed every check; in NFKC, as it is shown.
///
/// `Debug` hides it: with the forum's own pages it would tell which row is which member.
#[derive(Clone, PartialEq, Eq)]
pub struct ChosenName(String);

impl ChosenName {
    /// The longest name, in extended grapheme clusters (UAX 29).
    pub const MAX_GRAPHEMES: usize = 30;

    /// Checks what was typed and gives the name in the form in which it is kept and shown.
    pub fn check(text: &str, reserved: &Reserved) -> Result<Self, NameRefusal> {
        if text.len() > MAX_BYTES {
            return Err(NameRefusal::TooLong);
        }
        text.chars().try_for_each(character::typed)?;
        let name = nickname(text)?;
        name.chars().try_for_each(character::kept)?;
        length(&name)?;
        marks(&name)?;
        first_character(&name)?;
        script(&name)?;
        numbers(&name)?;
        if reserved.covers(&name) {
            return Err(NameRefusal::Reserved);
        }
        Ok(Self(name))
    }

    /// A name read back from the row where it was written after [`ChosenName::check`]; a later, stricter table does
    /// not unname its bearer.
    pub fn from_row(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What must be unique in a sector for nobody to pass for another.
    pub fn skeletons(&self) -> Skeletons {
        Skeletons::of(&self.0)
    }
}

impl fmt::Debug for ChosenName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChosenName(…)")
    }
}

/// Applies the Nickname profile (RFC 8266 §2.3): spaces mapped and trimmed, NFKC, nothing of the disallowed classes.
fn nickname(text: &str) -> Result<String, NameRefusal> {
    match Nickname::new().enforce(text) {
        Ok(name) => Ok(name.into_owned()),
        Err(Error::Invalid) => Err(NameRefusal::Empty),
        Err(Error::BadCodepoint(info)) => Err(NameRefusal::NotAllowed { code_point: info.cp }),
        Err(Error::Unexpected(_)) => Err(NameRefusal::Misplaced),
    }
}

fn length(name: &str) -> Result<(), NameRefusal> {
    let too_long = name.graphemes(true).count() > ChosenName::MAX_GRAPHEMES || name.chars().count() > MAX_CHARACTERS;
    if too_long { Err(NameRefusal::TooLong) } else { Ok(()) }
}

/// Bounds what is piled on one letter. The marks of no script of its own (U+0301 and its like) fit every letter and
/// escape the skeleton when they are piled up; those of one script (Burmese, Khmer) spell its vowels and are many.
fn marks(name: &str) -> Result<(), NameRefusal> {
    let mut base = false;
    let mut seen: Vec<char> = Vec::new();
    for c in name.nfd() {
        if !is_combining_mark(c) {
            base = c.is_alphanumeric();
            seen.clear();
            continue;
        }
        if !base {
            return Err(NameRefusal::MarkWithoutLetter);
        }
        let shared = seen.iter().filter(|mark| mark.script() == Script::Inherited).count();
        let one_too_many = c.script() == Script::Inherited && shared == MAX_SHARED_MARKS || seen.len() == MAX_MARKS;
        if one_too_many || seen.contains(&c) {
            return Err(NameRefusal::TooManyMarks);
        }
        seen.push(c);
    }
    Ok(())
}

/// A name begins with a letter or digit; one that is written from right to left, with a letter: digits before it
/// would be shown after it (RFC 5893 §2, rule 1).
fn first_character(name: &str) -> Result<(), NameRefusal> {
    let first = name.chars().next().ok_or(NameRefusal::Empty)?;
    let right_to_left = name.chars().any(|c| RIGHT_TO_LEFT.contains(&c.script()));
    if first.is_alphabetic() || first.is_numeric() && !right_to_left { Ok(()) } else { Err(NameRefusal::BadStart) }
}

/// One script, where Japanese, Korean and Chinese with their syllabaries count as one (UTS 39 §5.1).
fn script(name: &str) -> Result<(), NameRefusal> {
    if name.is_single_script() { Ok(()) } else { Err(NameRefusal::MixedScripts) }
}

/// One system of digits (UTS 39 §5.3), told apart as ASCII or not; the profile already separates the two Arabic ones.
fn numbers(name: &str) -> Result<(), NameRefusal> {
    let ascii = name.chars().any(|c| c.is_ascii_digit());
    let other = name.chars().any(|c| c.is_numeric() && !c.is_ascii());
    if ascii && other { Err(NameRefusal::MixedNumbers) } else { Ok(()) }
}

/// Read before anything else, so that no rule works on a text of any size. No honest 30 graphemes come near.
const MAX_BYTES: usize = 1_024;
/// Four code points a grapheme on average: what bounds one endless grapheme.
const MAX_CHARACTERS: usize = 4 * ChosenName::MAX_GRAPHEMES;
/// Vietnamese needs two marks on a letter, and so does vocalised Arabic.
const MAX_SHARED_MARKS: usize = 2;
/// UTS 39 §5.4 proposes four.
const MAX_MARKS: usize = 4;
/// Scripts written from right to left that UTS 39 allows in identifiers.
const RIGHT_TO_LEFT: [Script; 4] = [Script::Arabic, Script::Hebrew, Script::Syriac, Script::Thaana];

#[cfg(test)]
mod tests;
