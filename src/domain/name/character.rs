//! The class of one character of a name, told apart so that the refusal says what to change.

use unicode_security::GeneralSecurityProfile;

use super::NameRefusal;

/// Judges a character as it was typed, before any mapping.
pub(super) fn typed(c: char) -> Result<(), NameRefusal> {
    if is_space(c) {
        return Ok(());
    }
    kept(c).or_else(|refusal| if DECOMPOSED_BY_NFKC.contains(&c) { Ok(()) } else { Err(refusal) })
}

/// Judges a character of the name as it is kept.
pub(super) fn kept(c: char) -> Result<(), NameRefusal> {
    match c {
        ' ' => Ok(()),
        _ if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => Err(NameRefusal::Control),
        _ if is_direction_control(c) => Err(NameRefusal::Direction),
        _ if is_invisible(c) => Err(NameRefusal::Invisible { code_point: u32::from(c) }),
        _ if c.identifier_allowed() => Ok(()),
        _ if is_emoji(c) => Err(NameRefusal::Emoji),
        _ => Err(NameRefusal::NotAllowed { code_point: u32::from(c) }),
    }
}

/// The general category Zs, which the profile maps to U+0020 (RFC 8266 §2.1): a French keyboard types U+00A0, a
/// Japanese one U+3000.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}')
}

/// `Bidi_Control`: changes the order in which the neighbours are shown (UAX 9 §2).
fn is_direction_control(c: char) -> bool {
    matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// `Default_Ignorable_Code_Point` of Unicode 18, private and unassigned ones of its ranges included, and the blanks
/// that carry another name: braille, Hangul fillers, and the object replacement character.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFC}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D159}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// The blocks where emoji live. It only chooses the sentence: every character here is refused anyhow.
fn is_emoji(c: char) -> bool {
    matches!(c, '\u{203C}' | '\u{2049}' | '\u{20E3}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{21FF}'
        | '\u{2300}'..='\u{23FF}' | '\u{25A0}'..='\u{27BF}' | '\u{2900}'..='\u{297F}' | '\u{2B00}'..='\u{2BFF}'
        | '\u{3030}' | '\u{303D}' | '\u{3297}' | '\u{3299}' | '\u{1F000}'..='\u{1FBFF}')
}

/// Thai and Lao SARA AM: UTS 39 leaves them out because NFKC takes them apart, but common names are written with them.
const DECOMPOSED_BY_NFKC: [char; 2] = ['\u{E33}', '\u{EB3}'];
