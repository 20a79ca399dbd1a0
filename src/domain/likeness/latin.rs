//! Any name to words of small Latin letters: no accents, no case, other alphabets transliterated letter by letter.
//!
//! Cyrillic follows ICAO Doc 9303 part 3 section 6.B, which passports carry in their machine-readable zone, Greek ELOT 743
//! with the digraphs ου, αυ and ευ, Arabic and Persian the letters of Doc 9303 part 3 section 6.C without short vowels. A
//! letter of another script stays what it is: such a name is found again in its own script only.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use unicode_script::{Script, UnicodeScript};
use zeroize::Zeroizing;

/// The words of a name, cut at all that is neither letter nor digit.
pub(super) fn words(text: &str) -> Vec<Zeroizing<String>> {
    let mut words = vec![word(text.len())];
    let mut previous = ' ';
    for c in text.nfkd().flat_map(char::to_lowercase).nfkd() {
        if is_accent(c) {
            continue;
        }
        let is_mark = is_combining_mark(c);
        if !(c.is_alphanumeric() || is_mark) || !is_mark && c.script() == Script::Common && !c.is_ascii_digit() {
            words.push(word(text.len()));
            previous = ' ';
            continue;
        }
        if let Some(word) = words.last_mut() {
            match latin(previous, c) {
                Some(latin) => word.push_str(latin),
                None => word.push(c),
            }
        }
        previous = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A word with room for the longest transliteration (four letters for the two bytes of щ), so that it never moves.
fn word(bytes: usize) -> Zeroizing<String> {
    Zeroizing::new(String::with_capacity(2 * bytes + 8))
}

/// The marks that belong to no script are accents; those that do (vowel signs of India, voicing of kana) spell the name.
fn is_accent(c: char) -> bool {
    is_combining_mark(c) && c.script() == Script::Inherited && !matches!(c, '\u{3099}' | '\u{309A}')
}

fn latin(previous: char, c: char) -> Option<&'static str> {
    latin_extended(c).or_else(|| cyrillic(c)).or_else(|| greek(previous, c)).or_else(|| arabic(c))
}

/// Latin letters that have no decomposition.
const fn latin_extended(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ħ' => "h",
        'ı' => "i",
        'ŋ' => "n",
        'ŧ' => "t",
        'ə' => "a",
        _ => return None,
    })
}

/// Decomposed beforehand: й is и, ё is е, ї is і, ў is у, ѓ is г, ќ is к.
const fn cyrillic(c: char) -> Option<&'static str> {
    Some(match c {
        'а' => "a",
        'б' => "b",
        'в' => "v",
        'г' | 'ґ' => "g",
        'д' => "d",
        'е' | 'э' => "e",
        'є' | 'ъ' => "ie",
        'ж' => "zh",
        'з' => "z",
        'и' | 'і' => "i",
        'ј' => "j",
        'к' => "k",
        'л' => "l",
        'љ' => "lj",
        'м' => "m",
        'н' => "n",
        'њ' => "nj",
        'о' => "o",
        'п' => "p",
        'р' => "r",
        'с' => "s",
        'т' => "t",
        'у' => "u",
        'ф' => "f",
        'х' => "kh",
        'ц' => "ts",
        'ч' => "ch",
        'ћ' => "c",
        'џ' | 'ђ' => "dj",
        'ш' => "sh",
        'щ' => "shch",
        'ы' => "y",
        'ь' => "",
        'ю' => "iu",
        'я' => "ia",
        _ => return None,
    })
}

const fn greek(previous: char, c: char) -> Option<&'static str> {
    Some(match (previous, c) {
        ('ο', 'υ') => "u",
        ('α' | 'ε', 'υ') | (_, 'β') => "v",
        (_, 'υ') => "y",
        (_, 'α') => "a",
        (_, 'γ') => "g",
        (_, 'δ') => "d",
        (_, 'ε') => "e",
        (_, 'ζ') => "z",
        (_, 'η' | 'ι') => "i",
        (_, 'θ') => "th",
        (_, 'κ') => "k",
        (_, 'λ') => "l",
        (_, 'μ') => "m",
        (_, 'ν') => "n",
        (_, 'ξ') => "x",
        (_, 'ο' | 'ω') => "o",
        (_, 'π') => "p",
        (_, 'ρ') => "r",
        (_, 'σ' | 'ς') => "s",
        (_, 'τ') => "t",
        (_, 'φ') => "f",
        (_, 'χ') => "ch",
        (_, 'ψ') => "ps",
        _ => return None,
    })
}

/// Decomposed beforehand: أ, إ and آ are ا, ؤ is و, ئ is ي.
const fn arabic(c: char) -> Option<&'static str> {
    Some(match c {
        'ا' | 'ى' | 'ة' | 'ٱ' => "a",
        'ب' => "b",
        'پ' => "p",
        'ت' | 'ط' => "t",
        'ث' => "th",
        'ج' => "j",
        'چ' => "ch",
        'ح' | 'ه' => "h",
        'خ' => "kh",
        'د' | 'ض' => "d",
        'ذ' => "dh",
        'ر' => "r",
        'ز' | 'ظ' => "z",
        'ژ' => "zh",
        'س' | 'ص' => "s",
        'ش' => "sh",
        'ع' | 'ء' | 'ـ' => "",
        'غ' => "gh",
        'ف' => "f",
        'ق' => "q",
        'ك' | 'ک' => "k",
        'گ' => "g",
        'ل' => "l",
        'م' => "m",
        'ن' => "n",
        'و' => "u",
        'ي' | 'ی' => "y",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latin_of(text: &str) -> String {
        words(text).iter().map(|word| word.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn names_become_small_latin_words() {
        for (text, expected) in [
            ("  Jean-Pierre  d’Ormesson ", "jean pierre d ormesson"),
            ("ÉLÉONORE Œuvrard", "eleonore oeuvrard"),
            ("Straße STRAẞE", "strasse strasse"),
            ("Łukasz Żółć", "lukasz zolc"),
            ("Nguyễn", "nguyen"),
            ("İnci Yıldız", "inci yildiz"),
            ("Александр Щёголев", "aleksandr shchegolev"),
            ("Παπαδόπουλος Ευάγγελος", "papadopoulos evaggelos"),
            ("محمّد الحسن", "mhmd alhsn"),
            ("山田 太郎", "山田 太郎"),
            ("राम", "राम"),
            ("", ""),
            (" - ", ""),
        ] {
            assert_eq!(latin_of(text), expected, "{text}");
        }
    }

    #[test]
    fn a_word_never_outgrows_its_first_room() {
        for text in ["щщщщщщщщщщщщ", "ßßßßß", "ﷺ", "œœœ"] {
            for word in words(text) {
                assert!(word.len() <= 2 * text.len() + 8, "{text}");
            }
        }
    }
}
