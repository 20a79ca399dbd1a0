//! Names that nobody may choose: those of the people in charge, of the service and of the forum, and what the forum
//! writes where a name is missing. English and French.
//!
//! A word is compared by a key that is wider than the skeleton (accents, case, `1` or `l` for `i`, `0` for `o`, digits
//! at its ends do not count), because a wrong refusal here costs the person another try and nothing else.

use std::collections::HashSet;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use unicode_security::skeleton;

use super::skeleton::{core, fold, is_separator};

/// The reserved names of one forum, ready to be compared.
#[derive(Clone, Debug)]
pub struct Reserved {
    anywhere: HashSet<String>,
    whole: HashSet<String>,
    prefixes: Vec<String>,
}

impl Reserved {
    /// The standing list and the `names` given: the issuer's, the forum's, the registrar's as they are shown.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let given = names.into_iter().map(key).filter(|key| !key.is_empty());
        Self {
            anywhere: ANYWHERE.iter().copied().map(key).chain(given).collect(),
            whole: WHOLE.iter().copied().map(key).collect(),
            prefixes: PREFIXES.iter().copied().map(key).collect(),
        }
    }

    /// Whether the name, or a run of its words, is reserved.
    pub(super) fn covers(&self, name: &str) -> bool {
        let whole = key(name);
        let trimmed = key(without_outer_digits(name));
        if self.whole.contains(&whole) || self.whole.contains(&trimmed) {
            return true;
        }
        if self.prefixes.iter().any(|prefix| whole.starts_with(prefix.as_str())) {
            return true;
        }
        let words = words(name);
        (0..words.len()).any(|from| self.begins_reserved_run(words.get(from..).unwrap_or_default()))
    }

    fn begins_reserved_run(&self, words: &[&str]) -> bool {
        let mut run = String::new();
        words.iter().any(|word| {
            let with_last_trimmed = format!("{run}{}", key(without_outer_digits(word)));
            run.push_str(&key(word));
            self.anywhere.contains(&run) || self.anywhere.contains(&with_last_trimmed)
        })
    }
}

/// The words of a name: at its separators, and where a capital follows a small letter (`AdminPaul`).
fn words(name: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for part in name.split(is_separator).filter(|part| !part.is_empty()) {
        let mut start = 0;
        let mut after_small = false;
        for (at, c) in part.char_indices() {
            if after_small && c.is_uppercase() {
                words.push(part.get(start..at).unwrap_or_default());
                start = at;
            }
            after_small = c.is_lowercase();
        }
        words.push(part.get(start..).unwrap_or_default());
    }
    words
}

fn without_outer_digits(word: &str) -> &str {
    word.trim_matches(char::is_numeric)
}

/// The comparison key of a reserved word.
fn key(text: &str) -> String {
    let text = text.nfkc().collect::<String>();
    let looks: String = skeleton(&fold(&core(&text))).collect();
    fold(&looks).nfd().filter(|&c| !is_combining_mark(c)).map(plain).collect()
}

/// What a digit stands for in a disguised word, after the skeleton made `0` an `o` and `1` an `l`.
const fn plain(c: char) -> char {
    match c {
        'i' => 'l',
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        '7' => 't',
        other => other,
    }
}

/// Refused as the name, as one of its words, or as several of its words in a row.
const ANYWHERE: &[&str] = &[
    "admin",
    "admins",
    "administrator",
    "administrateur",
    "administratrice",
    "superadmin",
    "sysadmin",
    "webmaster",
    "webmestre",
    "moderator",
    "modérateur",
    "modératrice",
    "registrar",
    "registraire",
    "officier d'état civil",
    "agent d'enregistrement",
    "superuser",
];

/// Refused as the whole name only: as words they occur in honest names.
const WHOLE: &[&str] = &[
    "a member",
    "un membre",
    "une membre",
    "member",
    "membre",
    "agent",
    "agente",
    "animator",
    "animateur",
    "animatrice",
    "elected",
    "élu",
    "élue",
    "anonymous",
    "anonyme",
    "guest",
    "invité",
    "invitée",
    "auditor",
    "auditeur",
    "auditrice",
    "custodian",
    "dépositaire",
    "issuer",
    "émetteur",
    "everyone",
    "tous",
    "toutes",
    "help",
    "aide",
    "support",
    "assistance",
    "mairie",
    "town hall",
    "mod",
    "modo",
    "mods",
    "modos",
    "moderation",
    "modération",
    "administration",
    "null",
    "undefined",
    "nobody",
    "personne",
    "official",
    "officiel",
    "officielle",
    "root",
    "staff",
    "équipe",
    "system",
    "système",
    "security",
    "sécurité",
    "user",
    "utilisateur",
    "utilisatrice",
];

/// Refused as the beginning: what stands in place of a name that is gone.
const PREFIXES: &[&str] = &[
    "deleted-user",
    "deleted-account",
    "deleted-member",
    "erased-user",
    "utilisateur-supprimé",
    "utilisatrice-supprimée",
    "utilisateur-effacé",
    "compte-supprimé",
    "membre-supprimé",
];
