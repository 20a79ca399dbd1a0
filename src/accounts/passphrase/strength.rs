//! How many guesses somebody needs who knows what people choose: common words, years, rows of keys, repetitions.
//!
//! The cheapest way to write a text as a chain of such pieces, in bits; what is none of them counts letter by letter. An
//! estimate and not a proof: it is there to refuse what lists of stolen passphrases begin with, without asking anybody
//! over the network, and lets the rest pass.

use std::{collections::HashMap, sync::LazyLock};

use unicode_normalization::UnicodeNormalization;

/// The estimate, in bits. `context` are words that an attacker tries first here: the sign-in name, the service's name.
pub(super) fn bits(text: &str, context: &[&str]) -> f64 {
    // What makes a text strong shows in its beginning; the bound keeps the work below a millisecond.
    let plain: Vec<char> = text.chars().take(MOST_CHARS).map(base).collect();
    let words: Vec<Vec<char>> = context.iter().flat_map(|words| words.split_whitespace()).map(folded).collect();
    let unmasked: Vec<char> = plain.iter().copied().map(unmask).collect();
    let cost = cheapest(&plain, &words);
    if unmasked == plain { cost } else { cost.min(cheapest(&unmasked, &words) + MASK) }
}

/// Shortest path over the places between characters.
fn cheapest(text: &[char], context: &[Vec<char>]) -> f64 {
    let mut best = vec![f64::INFINITY; text.len() + 1];
    let mut from = 0.0;
    for at in 0..text.len() {
        let mut relax = |length: usize, cost: f64| {
            if let Some(best) = best.get_mut(at + length) {
                *best = best.min(from + cost);
            }
        };
        let rest = text.get(at..).unwrap_or_default();
        relax(1, letter(rest.first().copied().unwrap_or(' ')));
        digits(rest, &mut relax);
        runs(rest, &mut relax);
        words(rest, context, &mut relax);
        repeats(text, at, &mut relax);
        from = best.get(at + 1).copied().unwrap_or(from);
    }
    from
}

/// Any number costs its digits, a year much less.
fn digits(rest: &[char], relax: &mut impl FnMut(usize, f64)) {
    if let [century @ ('1' | '2'), decade @ ('9' | '0'), a, b, ..] = rest
        && (*century == '1') == (*decade == '9')
        && a.is_ascii_digit()
        && b.is_ascii_digit()
    {
        relax(4, YEAR);
    }
}

/// The same character again and again; alphabet, digits and rows of keys in either direction.
fn runs(rest: &[char], relax: &mut impl FnMut(usize, f64)) {
    let next = |step: fn(char, char) -> bool| {
        1 + rest.windows(2).take_while(|pair| matches!(pair, [a, b] if step(*a, *b))).count()
    };
    let same = next(|a, b| a == b);
    let up = next(|a, b| a.is_ascii_alphanumeric() && u32::from(a) + 1 == u32::from(b));
    let down = next(|a, b| b.is_ascii_alphanumeric() && u32::from(b) + 1 == u32::from(a));
    let row = ROWS.iter().flat_map(|row| [along(row.chars(), rest), along(row.chars().rev(), rest)]).max().unwrap_or(0);
    for length in [same, up, down, row] {
        for length in 3..=length {
            relax(length, RUN + log2(length));
        }
    }
}

/// How far `rest` goes along a row of keys, from wherever it starts.
fn along(row: impl Iterator<Item = char> + Clone, rest: &[char]) -> usize {
    let row = row.skip_while(|key| Some(key) != rest.first());
    row.zip(rest).take_while(|(key, c)| key == *c).count()
}

fn words(rest: &[char], context: &[Vec<char>], relax: &mut impl FnMut(usize, f64)) {
    for word in context.iter().filter(|word| word.len() >= 3 && rest.starts_with(word)) {
        relax(word.len(), CONTEXT);
    }
    let mut word = String::with_capacity(LONGEST_WORD);
    for (length, c) in (1..=LONGEST_WORD).zip(rest) {
        word.push(*c);
        if let Some(rank) = COMMON.get(word.as_str()) {
            relax(length, log2(rank + 1) + 1.0);
        }
    }
}

/// A piece that stood there before; it may reach into itself, as in `ababab`.
fn repeats(text: &[char], at: usize, relax: &mut impl FnMut(usize, f64)) {
    let rest = text.get(at..).unwrap_or_default();
    let same = |start| text.iter().skip(start).zip(rest).take_while(|(a, b)| a == b).count();
    for length in 2..=(0..at).map(same).max().unwrap_or(0) {
        relax(length, REPEAT + log2(at));
    }
}

/// A character by itself: one of 26 letters, 10 digits, or something rarer.
fn letter(c: char) -> f64 {
    match c {
        'a'..='z' => 4.7,
        '0'..='9' => 3.4,
        ' ' => 2.0,
        _ => 6.0,
    }
}

/// A small letter without accents.
fn base(c: char) -> char {
    let plain = c.to_lowercase().next().unwrap_or(c);
    plain.nfkd().next().unwrap_or(plain)
}

fn folded(word: &str) -> Vec<char> {
    word.chars().map(base).collect()
}

/// The letter that a sign stands for in `p@ssw0rd`.
fn unmask(c: char) -> char {
    match c {
        '@' | '4' => 'a',
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '$' | '5' => 's',
        '7' => 't',
        other => other,
    }
}

#[expect(clippy::cast_precision_loss, reason = "lengths and ranks are far below 2⁵²")]
fn log2(number: usize) -> f64 {
    (number.max(1) as f64).log2()
}

/// Words and their rank.
static COMMON: LazyLock<HashMap<&str, usize>> = LazyLock::new(|| {
    let lines = include_str!("common.txt").lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).enumerate().map(|(rank, word)| (word, rank + 1)).collect()
});

const ROWS: [&str; 9] = [
    "azertyuiop",
    "qwertyuiop",
    "qsdfghjklm",
    "asdfghjkl",
    "wxcvbn",
    "zxcvbnm",
    "1234567890",
    "1qaz2wsx3edc4rfv5tgb6yhn",
    "1aqw2zsx3edc4rfv5tgb6yhn",
];
const MOST_CHARS: usize = 96;
const LONGEST_WORD: usize = 16;
const YEAR: f64 = 7.0;
const RUN: f64 = 5.0;
const CONTEXT: f64 = 2.0;
const REPEAT: f64 = 3.0;
const MASK: f64 = 2.0;

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXT: [&str; 2] = ["7K2MX9QRTV", "Identité de Grenoble"];

    #[test]
    fn what_people_choose_first_is_cheap() {
        for weak in [
            "password1234",
            "motdepasse2024",
            "MotDePasse!!!",
            "p@ssw0rd1234",
            "aaaaaaaaaaaaaaaa",
            "azertyuiop123",
            "1qaz2wsx3edc",
            "abcdefghijkl",
            "987654321098",
            "jetaimejetaime",
            "soleil-soleil-soleil",
            "Marseille1993",
            "7k2mx9qrtv7k2mx9qrtv",
            "identite grenoble 38",
            "iloveyou iloveyou",
            "trustno1trustno1",
        ] {
            assert!(bits(weak, &CONTEXT) < 34.0, "{weak}: {}", bits(weak, &CONTEXT));
        }
    }

    #[test]
    fn what_is_worth_something_passes() {
        for strong in [
            "correct horse battery staple",
            "quatre tortues bleues rament",
            "un héron cendré à Voiron",
            "xkvjqhrmzbtd",
            "Zq8#vT2!mLp0",
            "l'été, on mange des cerises",
            "Ἀχιλλεύς ἐν Σκύρῳ",
        ] {
            assert!(bits(strong, &CONTEXT) >= 34.0, "{strong}: {}", bits(strong, &CONTEXT));
        }
    }

    #[test]
    fn the_longest_text_takes_no_time_to_speak_of() {
        let text: String = (0..256).map(|n| if n % 2 == 0 { 'a' } else { 'b' }).collect();
        assert!(bits(&text, &CONTEXT) < 34.0);
        assert!(COMMON.len() > 5_000);
    }
}
