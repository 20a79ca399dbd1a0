//! Skeletons: what two names that look alike have in common (UTS 39 §4).
//!
//! ```text
//! core(name)   = the name in NFKC without its separators (space, hyphen, apostrophe, dot, underscore …)
//! fold(text)   = each character to lower, to upper, to lower case; U+0307 after i or j dropped
//! nfkc         = UTF-8 of skeleton(core(name))
//! folded       = UTF-8 of skeleton(fold(core(name)))
//! ```
//!
//! Both are needed. Folding first loses that a capital I looks like a small l (`AIice`); not folding loses that
//! `ALICE` reads like `alice`. **One unique index holds the keys of both kinds together**: `aIice` meets `Alice` only
//! because the NFKC key of the first is the folded key of the second.

use unicode_normalization::char::is_combining_mark;
use unicode_script::{Script, UnicodeScript};
use unicode_security::skeleton;

/// The version of what [`Skeletons`] computes. It grows when a key of an existing name changes: then a migration computes
/// the live names' keys again, so that none collides in silence. A test holds the tables.
pub const SKELETON_VERSION: u32 = 1;

/// The two keys of a name. Names that look alike share at least one.
#[derive(Clone, PartialEq, Eq)]
pub struct Skeletons {
    pub nfkc: Vec<u8>,
    pub folded: Vec<u8>,
}

impl Skeletons {
    pub(super) fn of(name: &str) -> Self {
        let core = core(name);
        Self { nfkc: key(&core), folded: key(&fold(&core)) }
    }

    /// The keys without repetition: one row each, unique in the sector over both kinds.
    pub fn keys(&self) -> impl Iterator<Item = &[u8]> {
        let folded = (self.folded != self.nfkc).then_some(self.folded.as_slice());
        std::iter::once(self.nfkc.as_slice()).chain(folded)
    }

    /// Whether a unique index over both kinds would refuse one beside the other.
    pub fn meet(&self, other: &Self) -> bool {
        self.keys().any(|mine| other.keys().any(|theirs| mine == theirs))
    }
}

impl std::fmt::Debug for Skeletons {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Skeletons(…)")
    }
}

/// The letters, digits and marks of a name: `Alice Moreau` is not to be had again as `Alice-Moreau` or `Alice_Moreau`.
pub(super) fn core(name: &str) -> String {
    name.chars().filter(|&c| !is_separator(c)).collect()
}

/// Whether a character only parts a name. Apostrophes that Unicode counts as letters part it too; a Hebrew yod,
/// which looks like one, does not.
pub(super) fn is_separator(c: char) -> bool {
    let letter_like_apostrophe =
        || c.script() == Script::Common && skeleton(c.encode_utf8(&mut [0; 4])).all(|s| s == '\'');
    !(c.is_alphanumeric() || is_combining_mark(c)) || letter_like_apostrophe()
}

/// Case folding by a fixed recipe: ß and ẞ give ss, the final sigma σ, the dotless ı and the dotted İ give i.
pub(super) fn fold(text: &str) -> String {
    let folded = text.chars().flat_map(char::to_lowercase).flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    let mut out = String::with_capacity(text.len());
    for c in folded {
        if c != '\u{307}' || !out.ends_with(['i', 'j']) {
            out.push(c);
        }
    }
    out
}

fn key(text: &str) -> Vec<u8> {
    skeleton(text).collect::<String>().into_bytes()
}
