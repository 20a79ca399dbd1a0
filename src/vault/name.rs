//! A legal name as the document has it.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use zeroize::Zeroizing;

use super::fault::Fault;

/// A family name, or all given names: 1 to 100 characters in Unicode normal form C. Wiped when dropped.
///
/// Letters with their accents, spaces, hyphens, apostrophes and dots; nothing that a name could not have, so that it can
/// be shown anywhere. Spaces are made single and plain.
pub(super) struct LegalName(Zeroizing<String>);

impl LegalName {
    pub(super) fn new(text: &str) -> Result<Self, Fault> {
        if text.len() > MAX_CHARACTERS * 8 {
            return Err(Fault::TooLong);
        }
        // Twice the same iterator: a text that grew while being built would leave copies behind that nobody wipes.
        let length = tidy(text).map(char::len_utf8).sum();
        let mut name = Zeroizing::new(String::with_capacity(length));
        name.extend(tidy(text));
        while name.ends_with(' ') {
            name.pop();
        }
        check(&name)?;
        Ok(Self(name))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The first given name, as it is said: `ARNAUD MARIE` gives `Arnaud`, `JEAN-PIERRE` gives `Jean-Pierre`.
    pub(super) fn first(&self) -> Zeroizing<String> {
        let first = self.0.split(' ').find(|word| word.contains(char::is_alphabetic)).unwrap_or_default();
        let first = first.trim_matches(|c| joins(c) || matches!(c, '.' | '·'));
        let shout = first.chars().filter(|c| c.is_alphabetic()).count() > 1 && !first.chars().any(char::is_lowercase);
        let mut said = Zeroizing::new(String::with_capacity(first.len() * 3));
        let mut begins = true;
        for c in first.chars().filter(|c| !matches!(c, '.' | '·')).take(MAX_FIRST) {
            if shout && !begins {
                said.extend(c.to_lowercase());
            } else {
                said.push(c);
            }
            begins = joins(c);
        }
        while said.ends_with(joins) {
            said.pop();
        }
        said
    }

    /// The capital that stands for a family name: that of its first word which is no particle.
    pub(super) fn initial(&self) -> Option<char> {
        let words = || self.0.split(|c: char| c == ' ' || joins(c)).filter(|word| word.contains(char::is_alphabetic));
        let word = words().find(|word| !PARTICLES.iter().any(|particle| same(word, particle))).or(words().next())?;
        word.chars().find(|c| c.is_alphabetic())?.to_uppercase().next()
    }
}

/// Normal form C, with plain hyphens, every run of spaces one plain space, and none at the beginning.
fn tidy(text: &str) -> impl Iterator<Item = char> + '_ {
    let mut before = ' ';
    let plain = |c: char| match c {
        '\u{2010}' | '\u{2011}' => '-',
        c if c.is_whitespace() && !c.is_control() => ' ',
        c => c,
    };
    text.nfc().map(plain).filter(move |c| {
        let keep = !(*c == ' ' && before == ' ');
        before = *c;
        keep
    })
}

fn check(name: &str) -> Result<(), Fault> {
    if name.is_empty() {
        return Err(Fault::Empty);
    }
    if name.chars().count() > MAX_CHARACTERS {
        return Err(Fault::TooLong);
    }
    let letter = |c: char| c.is_alphabetic() && std::iter::once(c).nfkc().eq(std::iter::once(c).nfc());
    if !name.chars().all(|c| letter(c) || is_combining_mark(c) || joins(c) || matches!(c, ' ' | '.' | '·')) {
        return Err(Fault::Sign);
    }
    let begins = name.chars().next().is_some_and(|c| c.is_alphabetic() || matches!(c, '\'' | '’' | 'ʼ'));
    let stacked = |c: char, marks: usize| if is_combining_mark(c) { marks + 1 } else { 0 };
    let marks = name.chars().scan(0, |marks, c| {
        *marks = stacked(c, *marks);
        Some(*marks)
    });
    let lettered = name.contains(char::is_alphabetic);
    let doubled = name.chars().zip(name.chars().skip(1)).any(|(one, next)| joins(one) && joins(next));
    if begins && lettered && !doubled && marks.max().unwrap_or(0) <= MAX_MARKS { Ok(()) } else { Err(Fault::Shape) }
}

/// What holds two parts of one name together.
fn joins(c: char) -> bool {
    matches!(c, '-' | '\'' | '’' | 'ʼ')
}

fn same(word: &str, particle: &str) -> bool {
    word.chars().flat_map(char::to_lowercase).eq(particle.chars())
}

const MAX_CHARACTERS: usize = 100;
/// Some scripts put a tone upon a vowel upon a consonant.
const MAX_MARKS: usize = 3;
/// Characters of a first name that are shown.
const MAX_FIRST: usize = 40;
/// Words that stand before a family name and do not count when names are put in order.
const PARTICLES: &[&str] =
    &["d", "da", "das", "de", "den", "der", "di", "do", "dos", "te", "ten", "ter", "van", "von", "zu"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> LegalName {
        LegalName::new(text).map_err(|fault| format!("{text}: {fault}")).unwrap()
    }

    #[test]
    fn names_of_many_lands_are_taken_as_they_stand() {
        for text in [
            "Lefèvre",
            "d'Ormesson",
            "O’Brien",
            "de La Rochefoucauld",
            "Nguyễn",
            "Иванов",
            "Παπαδόπουλος",
            "محمد",
            "Jr. Martin",
            "Sal·la",
            "王",
            "Müller-Lüdenscheidt",
            "N'Golo",
            "'t Hooft",
            "देशमुख",
        ] {
            assert_eq!(name(text).as_str(), text);
        }
    }

    #[test]
    fn spaces_are_made_plain_and_accents_composed() {
        assert_eq!(name("  Le\u{a0}  Goff ").as_str(), "Le Goff");
        assert_eq!(name("Lefe\u{300}vre").as_str(), "Lefèvre");
    }

    #[test]
    fn what_no_name_has_is_refused() {
        for (text, fault) in [
            ("", Fault::Empty),
            ("  \u{a0} ", Fault::Empty),
            ("Martin2", Fault::Sign),
            ("<script>alert(1)</script>", Fault::Sign),
            ("Robert'); DROP TABLE persons;--", Fault::Sign),
            ("=cmd", Fault::Sign),
            ("Mar\u{200b}tin", Fault::Sign),
            ("Mar\u{202e}tin", Fault::Sign),
            ("Mar\ntin", Fault::Sign),
            ("Mar\0tin", Fault::Sign),
            ("Mar\u{1b}[2Jtin", Fault::Sign),
            ("𝐌artin", Fault::Sign),
            ("Ｍartin", Fault::Sign),
            ("-Martin", Fault::Shape),
            ("Marie--Claire", Fault::Shape),
            ("\u{301}Martin", Fault::Shape),
            ("'", Fault::Shape),
            (&format!("a{}", "\u{316}".repeat(4)), Fault::Shape),
            (&"a".repeat(101), Fault::TooLong),
            (&"a".repeat(1_000_000), Fault::TooLong),
        ] {
            assert_eq!(LegalName::new(text).err(), Some(fault), "{text:.40}");
        }
        assert!(LegalName::new(&"é".repeat(100)).is_ok());
    }

    #[test]
    fn the_first_given_name_is_the_one_that_is_said() {
        for (given, first) in [
            ("Arnaud", "Arnaud"),
            ("ARNAUD MARIE", "Arnaud"),
            ("Jean-Pierre Marie", "Jean-Pierre"),
            ("JEAN-PIERRE", "Jean-Pierre"),
            ("N'GOLO", "N'Golo"),
            ("ÉLÉONORE", "Éléonore"),
            ("Wm. Henry", "Wm"),
            ("McKenzie", "McKenzie"),
            ("J", "J"),
            ("'Ofa", "Ofa"),
            ("NICCOLO'", "Niccolo"),
            ("Jean\u{2010}Luc", "Jean-Luc"),
            ("محمد أحمد", "محمد"),
        ] {
            assert_eq!(name(given).first().as_str(), first);
        }
    }

    #[test]
    fn the_initial_is_that_of_the_name_under_which_one_is_listed() {
        for (family, initial) in [
            ("Rey", 'R'),
            ("élan", 'É'),
            ("de La Rochefoucauld", 'L'),
            ("DE LA ROCHEFOUCAULD", 'L'),
            ("d'Ormesson", 'O'),
            ("D’Ormesson", 'O'),
            ("Le Goff", 'L'),
            ("du Bellay", 'D'),
            ("van der Berg", 'B'),
            ("von", 'V'),
            ("O'Brien", 'O'),
            ("محمد", 'م'),
        ] {
            assert_eq!(name(family).initial(), Some(initial), "{family}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken_or_refused_and_taken_names_are_stable(text in "\\PC{0,40}") {
            if let Ok(name) = LegalName::new(&text) {
                let again = LegalName::new(name.as_str());
                prop_assert!(again.is_ok_and(|again| again.as_str() == name.as_str()));
                prop_assert!(name.initial().is_some());
            }
        }
    }
}
