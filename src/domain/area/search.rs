//! Finding a commune by what a person types: accents, case, hyphens, apostrophes and "St" are forgiven.
//!
//! A name is folded to a *key* of letters and digits without spaces ("L'Isle-d'Abeau" → `lisledabeau`), so that no two
//! ways to separate its words differ. Keys are kept sorted: what begins with a text is one range of them.

use std::{cmp::Reverse, collections::HashSet};

use unicode_normalization::char::{decompose_canonical, is_combining_mark};

/// The folded names of all communes, sorted.
#[derive(Debug, Default)]
pub(super) struct Index {
    keys: String,
    entries: Vec<Entry>,
}

/// One key of one commune. A name with a leading article has a second key, the first without the article.
#[derive(Clone, Copy, Debug)]
struct Entry {
    start: u32,
    end: u32,
    area: u32,
    whole: bool,
}

impl Index {
    /// From the places of the communes in the table, and their names.
    pub(super) fn new<'a>(names: impl Iterator<Item = (u32, &'a str)>) -> Self {
        let mut keys = String::new();
        let mut entries = Vec::new();
        for (area, name) in names {
            let start = keys.len();
            let mut after_article = None;
            each_word(name, |word| {
                after_article = after_article.or_else(|| (keys.len() > start).then_some(keys.len()));
                keys.push_str(expanded(word));
            });
            let leads_with_article = |next: &usize| keys.get(start..*next).is_some_and(|key| ARTICLES.contains(&key));
            let starts = [Some(start), after_article.filter(leads_with_article)];
            for (start, whole) in starts.into_iter().zip([true, false]) {
                // A table is refused beyond 4 GiB of names, long before these can fail.
                if let (Some(Ok(start)), Ok(end)) = (start.map(u32::try_from), u32::try_from(keys.len())) {
                    entries.push(Entry { start, end, area, whole });
                }
            }
        }
        Self { entries: sorted(entries, &keys), keys }
    }

    /// The places in the table of the communes whose whole name is this text.
    pub(super) fn named(&self, name: &str) -> Vec<u32> {
        let key = key(&words(name), true);
        self.beginning_with(&key).filter(|e| e.whole && e.key(&self.keys) == key).map(|e| e.area).collect()
    }

    /// The places in the table of the communes whose name begins with the text, those whose name *is* the text first,
    /// then the most populous first.
    pub(super) fn search(&self, text: &str, population: impl Fn(u32) -> u64) -> Vec<u32> {
        let words = words(text);
        let unfinished = words.last().is_some_and(|last| expanded(last) != last);
        let mut keys = vec![key(&words, true)];
        // "St" may be the start of Strasbourg, or short for the saint of Saint-Étienne.
        if unfinished {
            keys.push(key(&words, false));
        }
        let mut found: Vec<(bool, Reverse<u64>, u32)> = Vec::new();
        for key in keys.iter().filter(|key| !key.is_empty()) {
            found.extend(self.beginning_with(key).map(|entry| {
                let exact = entry.key(&self.keys) == key;
                (!exact, Reverse(population(entry.area)), entry.area)
            }));
        }
        found.sort_unstable();
        let mut seen = HashSet::with_capacity(found.len());
        found.into_iter().map(|(_, _, area)| area).filter(|area| seen.insert(*area)).collect()
    }

    fn beginning_with<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Entry> {
        let first = self.entries.partition_point(|entry| entry.key(&self.keys) < key);
        self.entries.iter().skip(first).take_while(move |entry| entry.key(&self.keys).starts_with(key))
    }
}

impl Entry {
    fn key(self, keys: &str) -> &str {
        keys.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// The first eight bytes decide almost always, and lie beside the entry rather than in the long text.
fn sorted(entries: Vec<Entry>, keys: &str) -> Vec<Entry> {
    let head = |key: &str| key.bytes().chain([0; 8]).take(8).fold(0_u64, |head, byte| head << 8 | u64::from(byte));
    let mut headed: Vec<(u64, Entry)> = entries.into_iter().map(|entry| (head(entry.key(keys)), entry)).collect();
    headed.sort_by(|(a_head, a), (b_head, b)| a_head.cmp(b_head).then_with(|| a.key(keys).cmp(b.key(keys))));
    headed.into_iter().map(|(_, entry)| entry).collect()
}

/// Splits "Saint-Denis 974" into a name and the beginning of a code, when the last word begins with a digit.
pub(super) fn split_code(text: &str) -> Option<(&str, String)> {
    let text = text.trim_end_matches(|c: char| !c.is_alphanumeric());
    let start = text.char_indices().rev().take_while(|(_, c)| c.is_ascii_alphanumeric()).last()?.0;
    let (name, code) = text.split_at_checked(start)?;
    code.starts_with(|c: char| c.is_ascii_digit()).then(|| (name, code.to_ascii_uppercase()))
}

fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    each_word(text, |word| words.push(word.to_owned()));
    words
}

/// Gives the words of a name in small letters without accents; ligatures written out; "s/" read as "sur".
fn each_word(text: &str, mut give: impl FnMut(&str)) {
    let mut word = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_lowercase());
            continue;
        }
        if !c.is_ascii() && fold(c, &mut word) {
            continue;
        }
        if c == '/' && word == "s" {
            word.push_str("ur");
        }
        if !word.is_empty() {
            give(&word);
            word.clear();
        }
    }
    if !word.is_empty() {
        give(&word);
    }
}

/// Appends what is left of a character without its accents; false if it separates words.
fn fold(c: char, word: &mut String) -> bool {
    let mut within_word = true;
    match c {
        'œ' | 'Œ' => word.push_str("oe"),
        'æ' | 'Æ' => word.push_str("ae"),
        'ß' | 'ẞ' => word.push_str("ss"),
        'ø' | 'Ø' => word.push('o'),
        'ł' | 'Ł' => word.push('l'),
        c => decompose_canonical(c, |part| match part {
            part if is_combining_mark(part) => {}
            part if part.is_alphanumeric() => word.extend(part.to_lowercase()),
            _ => within_word = false,
        }),
    }
    within_word
}

/// The words run together, "st" and its like written out; the last word only when asked.
fn key(words: &[String], expand_last: bool) -> String {
    let last = words.len().saturating_sub(1);
    words.iter().enumerate().map(|(i, word)| if i < last || expand_last { expanded(word) } else { word }).collect()
}

fn expanded(word: &str) -> &str {
    match word {
        "st" => "saint",
        "ste" => "sainte",
        "sts" => "saints",
        "stes" => "saintes",
        word => word,
    }
}

/// Articles that people leave out: Le Havre, La Rochelle, Les Abymes, L'Haÿ-les-Roses.
const ARTICLES: [&str; 4] = ["le", "la", "les", "l"];

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        key(&words(text), true)
    }

    #[test]
    fn spellings_of_one_name_have_one_key() {
        let spellings =
            ["Saint-Étienne", "saint etienne", "ST ETIENNE", "St-Étienne", "Saint-E\u{301}tienne", " st.  Etienne "];
        for text in spellings {
            assert_eq!(folded(text), "saintetienne", "{text}");
        }
        for text in ["L'Haÿ-les-Roses", "l’hay les roses", "LHAY LES ROSES"] {
            assert_eq!(folded(text), "lhaylesroses", "{text}");
        }
        assert_eq!(folded("Mœurs-Verdey"), folded("MOEURS VERDEY"));
        assert_eq!(folded("Chalon s/Saône"), folded("Chalon-sur-Saône"));
        assert_eq!(folded("Stes-Maries-de-la-Mer"), "saintesmariesdelamer");
    }

    #[test]
    fn text_without_letters_has_no_key() {
        assert_eq!(folded(" -'’ \u{301}"), "");
        assert!(Index::new([(0, "Ô")].into_iter()).search("--", |_| 0).is_empty());
    }

    #[test]
    fn a_last_word_in_digits_is_the_beginning_of_a_code() {
        assert_eq!(split_code("Saint-Denis (974)"), Some(("Saint-Denis (", "974".into())));
        assert_eq!(split_code("bastia 2b"), Some(("bastia ", "2B".into())));
        assert_eq!(split_code("38563"), Some(("", "38563".into())));
        assert_eq!(split_code("Voiron"), None);
        assert_eq!(split_code(""), None);
        assert_eq!(split_code("é"), None);
    }

    #[test]
    fn exact_names_come_before_more_populous_longer_ones() {
        let index = Index::new([(0, "Yvetot"), (1, "Y"), (2, "Yutz")].into_iter());
        assert_eq!(index.search("y", |area| [5, 1, 9][area as usize]), [1, 2, 0]);
    }

    #[test]
    fn an_unfinished_st_finds_both_the_saint_and_the_rest() {
        let index = Index::new([(0, "Strasbourg"), (1, "Saint-Denis"), (2, "Le Ster")].into_iter());
        assert_eq!(index.search("st", |area| u64::from(10 - area)), [0, 1, 2]);
        assert_eq!(index.search("st d", |_| 0), [1]);
    }
}
