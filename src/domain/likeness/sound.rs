//! A rough sound of a name: what the ways of spelling it in Latin letters have in common.
//!
//! ```text
//! letters    ph f w → v    kh q ck c → k    c before e i y → s    x → ks    th → t    dh → d    gh → g
//!            sh ch tch sch shch cz tz ts z → s    zh dj → j    y e → i    o → u    h at the end dropped
//! repeats    one of them
//! vowels     dropped, if three letters or more remain: Mohamed and Muhammad, Müller and Mueller
//! ```

use zeroize::Zeroizing;

/// The sound of a word of small Latin letters; letters of another script stay what they are.
pub(super) fn of(word: &str) -> Zeroizing<String> {
    let letters = letters(word);
    let consonants = squeeze(letters.chars().filter(|c| !is_vowel(*c)), letters.len());
    if consonants.chars().count() >= ENOUGH { consonants } else { letters }
}

fn letters(word: &str) -> Zeroizing<String> {
    let mut sounds = Zeroizing::new(String::with_capacity(2 * word.len()));
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let (taken, sound) = cluster(rest).unwrap_or_else(|| (first.len_utf8(), letter(rest)));
        match sound {
            Some(sound) => sounds.push_str(sound),
            None => sounds.push(first),
        }
        rest = rest.get(taken..).unwrap_or_default();
    }
    squeeze(sounds.chars(), sounds.len())
}

/// Several letters that make one sound, longest first.
fn cluster(rest: &str) -> Option<(usize, Option<&'static str>)> {
    CLUSTERS.iter().find(|(letters, _)| rest.starts_with(letters)).map(|(letters, sound)| (letters.len(), Some(*sound)))
}

fn letter(rest: &str) -> Option<&'static str> {
    let mut chars = rest.chars();
    match (chars.next()?, chars.next()) {
        ('c', Some('e' | 'i' | 'y')) | ('z', _) => Some("s"),
        ('c' | 'q', _) => Some("k"),
        ('f' | 'w', _) => Some("v"),
        ('x', _) => Some("ks"),
        ('y' | 'e', _) => Some("i"),
        ('o', _) => Some("u"),
        ('h', None) => Some(""),
        _ => None,
    }
}

const fn is_vowel(c: char) -> bool {
    matches!(c, 'a' | 'i' | 'u')
}

fn squeeze(letters: impl Iterator<Item = char>, bytes: usize) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(bytes));
    for c in letters {
        if !out.ends_with(c) {
            out.push(c);
        }
    }
    out
}

const CLUSTERS: [(&str, &str); 18] = [
    ("shch", "s"),
    ("tsch", "s"),
    ("tch", "s"),
    ("sch", "s"),
    ("dzh", "j"),
    ("sh", "s"),
    ("ch", "s"),
    ("cz", "s"),
    ("tz", "s"),
    ("ts", "s"),
    ("zh", "j"),
    ("dj", "j"),
    ("ph", "v"),
    ("kh", "k"),
    ("ck", "k"),
    ("th", "t"),
    ("dh", "d"),
    ("gh", "g"),
];
/// With fewer letters than these, names that differ would sound alike: Léa and Lou, Lina and Léon.
const ENOUGH: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_sound_the_same() {
        for group in [
            &["mohamed", "muhammad", "mohammed", "mouhamad", "mhmd"][..],
            &["muller", "mueller", "muler"],
            &["ivanov", "ivanoff", "iwanow"],
            &["aleksandr", "alexandre", "alexander"][..2],
            &["jukov", "zhukov", "joukoff"],
            &["sara", "sarah"],
            &["aicha", "aisha", "aysha"],
            &["mathieu", "matthieu"],
            &["sophie", "sofie"],
        ] {
            for other in group {
                assert_eq!(of(group[0]).as_str(), of(other).as_str(), "{} {other}", group[0]);
            }
        }
    }

    #[test]
    fn short_names_keep_their_vowels() {
        for (one, other) in [("lea", "lou"), ("lina", "leon"), ("marie", "maria"), ("paul", "pola"), ("luc", "lucas")] {
            assert_ne!(of(one).as_str(), of(other).as_str(), "{one} {other}");
        }
    }
}
