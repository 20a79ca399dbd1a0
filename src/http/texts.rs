//! Every sentence a person reads, from fluent files beside the pages (Project Fluent syntax 1.0).
//!
//! A face hands in its files for both languages; the shared ones come with them. A message without a variable is looked up
//! as text; only the others run through the fluent resolver.

use std::{borrow::Cow, collections::HashMap, fmt, fs, io, path::Path};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use unic_langid::LanguageIdentifier;

use super::locale::Lang;

/// The messages of one face in all languages.
pub struct Texts {
    fr: Messages,
    en: Messages,
}

/// A fluent file that cannot be used; always a mistake in the source, found by the first test that loads it.
#[derive(Debug, thiserror::Error)]
#[error("the {lang} texts cannot be read: {detail}")]
pub struct TextsError {
    lang: &'static str,
    detail: String,
}

impl Texts {
    /// Reads the shared files and those given. A message of the latter replaces a shared one of the same name.
    pub fn load(files: &[(Lang, &'static str)]) -> Result<Self, TextsError> {
        let of = |lang: Lang| {
            Messages::load(lang, SHARED.iter().chain(files).filter(|file| file.0 == lang).map(|file| file.1))
        };
        Ok(Self { fr: of(Lang::Fr)?, en: of(Lang::En)? })
    }

    /// A message without variables. An unknown name is given back as it is, and logged.
    pub fn get<'a>(&'a self, lang: Lang, key: &'a str) -> Cow<'a, str> {
        match self.of(lang).plain.get(key) {
            Some(text) => Cow::Borrowed(text),
            None => self.format(lang, key, &[]),
        }
    }

    /// A message with variables.
    pub fn format<'a>(&'a self, lang: Lang, key: &'a str, args: &[(&str, &dyn ToArg)]) -> Cow<'a, str> {
        let mut set = FluentArgs::with_capacity(args.len());
        for (name, value) in args {
            set.set((*name).to_owned(), value.to_arg());
        }
        self.of(lang).format(key, &set).map_or_else(
            || {
                tracing::error!(key, lang = lang.tag(), "a text is missing");
                Cow::Borrowed(key)
            },
            Cow::Owned,
        )
    }

    pub fn has(&self, lang: Lang, key: &str) -> bool {
        self.of(lang).bundle.has_message(key)
    }

    /// What is wrong with the texts, for a test to hold empty: a message that only one language has, and a message named in
    /// a template (`*.html`) or source (`*.rs`) below `folder` that no language has.
    pub fn faults(&self, folder: &Path) -> io::Result<Vec<String>> {
        let mut faults = Vec::new();
        for (one, other, lang) in [(&self.fr, &self.en, Lang::En), (&self.en, &self.fr, Lang::Fr)] {
            let missing = one.keys.iter().filter(|key| !other.bundle.has_message(key));
            faults.extend(missing.map(|key| format!("{key} is missing in {lang:?}")));
        }
        visit(folder, &mut |path, text| {
            for key in named_keys(text).filter(|key| !self.fr.bundle.has_message(key)) {
                faults.push(format!("{key}, named in {}, is missing", path.display()));
            }
        })?;
        Ok(faults)
    }

    fn of(&self, lang: Lang) -> &Messages {
        match lang {
            Lang::Fr => &self.fr,
            Lang::En => &self.en,
        }
    }
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Texts({} messages)", self.fr.keys.len())
    }
}

/// A value that can stand in a message.
pub trait ToArg {
    fn to_arg(&self) -> FluentValue<'static>;
}

impl<T: ToArg + ?Sized> ToArg for &T {
    fn to_arg(&self) -> FluentValue<'static> {
        (**self).to_arg()
    }
}

impl ToArg for str {
    fn to_arg(&self) -> FluentValue<'static> {
        FluentValue::String(Cow::Owned(self.to_owned()))
    }
}

impl ToArg for String {
    fn to_arg(&self) -> FluentValue<'static> {
        self.as_str().to_arg()
    }
}

impl ToArg for Cow<'_, str> {
    fn to_arg(&self) -> FluentValue<'static> {
        self.as_ref().to_arg()
    }
}

macro_rules! numbers {
    ($($number:ty)*) => { $(impl ToArg for $number {
        fn to_arg(&self) -> FluentValue<'static> {
            FluentValue::from(*self)
        }
    })* };
}
numbers!(i16 i32 i64 u8 u16 u32 u64 usize);

struct Messages {
    keys: Vec<String>,
    plain: HashMap<String, String>,
    bundle: FluentBundle<FluentResource>,
}

impl Messages {
    fn load<'a>(lang: Lang, files: impl Iterator<Item = &'a str>) -> Result<Self, TextsError> {
        let fault = |detail: String| TextsError { lang: lang.tag(), detail };
        let id: LanguageIdentifier = lang.tag().parse().map_err(|_| fault("no such language".to_owned()))?;
        let mut bundle = FluentBundle::new_concurrent(vec![id]);
        // The marks that isolate directions would end up in what people copy; names are checked for direction elsewhere.
        bundle.set_use_isolating(false);
        bundle.set_formatter(Some(match lang {
            Lang::Fr => |value, _| grouped(Lang::Fr, value),
            Lang::En => |value, _| grouped(Lang::En, value),
        }));
        let mut keys = Vec::new();
        for file in files {
            let resource = FluentResource::try_new(file.to_owned())
                .map_err(|(_, errors)| fault(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))?;
            bundle.add_resource_overriding(resource);
            keys.extend(file.lines().filter_map(message_name).map(str::to_owned));
        }
        keys.sort();
        keys.dedup();
        let mut plain = HashMap::new();
        for key in &keys {
            let pattern = bundle
                .get_message(key)
                .and_then(|message| message.value())
                .ok_or_else(|| fault(format!("{key} is empty")))?;
            // The resolver borrows exactly when the message is one piece of text.
            if let Cow::Borrowed(text) = bundle.format_pattern(pattern, None, &mut Vec::new()) {
                plain.insert(key.clone(), text.to_owned());
            }
        }
        Ok(Self { keys, plain, bundle })
    }

    fn format(&self, key: &str, args: &FluentArgs<'_>) -> Option<String> {
        let pattern = self.bundle.get_message(key)?.value()?;
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(args), &mut errors).into_owned();
        for error in errors {
            tracing::error!(key, %error, "a text lacks a variable");
        }
        Some(text)
    }
}

fn grouped(lang: Lang, value: &FluentValue<'_>) -> Option<String> {
    let FluentValue::Number(number) = value else { return None };
    // Years and codes are passed as text; what is passed as a number is a count.
    #[expect(clippy::cast_possible_truncation, reason = "only whole numbers are passed in")]
    let whole = number.value as i64;
    Some(lang.number(whole))
}

/// `name = …` at the start of a line.
fn message_name(line: &str) -> Option<&str> {
    let (name, _) = line.split_once('=')?;
    let name = name.trim_end();
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
    (starts && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')).then_some(name)
}

/// The names inside `.t("…")`, `.with("…"` and `.with2("…"`.
fn named_keys(text: &str) -> impl Iterator<Item = &str> {
    [".t(\"", ".with(\"", ".with2(\""]
        .into_iter()
        .flat_map(move |call| text.split(call).skip(1))
        .filter_map(|rest| rest.split_once('"').map(|(key, _)| key))
}

fn visit(folder: &Path, each: &mut impl FnMut(&Path, &str)) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            visit(&path, each)?;
        } else if path.extension().is_some_and(|extension| extension == "html" || extension == "rs") {
            each(&path, &fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

const SHARED: [(Lang, &str); 2] =
    [(Lang::Fr, include_str!("locales/fr.ftl")), (Lang::En, include_str!("locales/en.ftl"))];

#[cfg(test)]
mod tests {
    use super::*;

    fn texts() -> Texts {
        let crowd = "crowd = { $n ->\n    [one] { $n } person in { $area }\n   *[other] { $n } people in { $area }\n}\nonly = Here\n";
        let foule =
            "crowd = { $n ->\n    [one] { $n } personne, { $area }\n   *[other] { $n } personnes, { $area }\n}\n";
        Texts::load(&[(Lang::En, crowd), (Lang::Fr, foule)]).unwrap()
    }

    #[test]
    fn a_message_counts_in_the_grammar_of_its_language() {
        let texts = texts();
        let say = |lang, n: i64| texts.format(lang, "crowd", &[("n", &n), ("area", &"Isère")]).into_owned();
        assert_eq!(say(Lang::En, 0), "0 people in Isère");
        assert_eq!(say(Lang::Fr, 0), "0 personne, Isère");
        assert_eq!(say(Lang::En, 1_234), "1,234 people in Isère");
        assert_eq!(say(Lang::Fr, 1_234), "1\u{202f}234 personnes, Isère");
    }

    #[test]
    fn a_message_that_one_language_lacks_is_a_fault() {
        let faults = texts().faults(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/http/locales"))).unwrap();
        assert_eq!(faults, ["only is missing in Fr"]);
    }

    #[test]
    fn the_keys_named_in_templates_are_found() {
        let keys: Vec<_> =
            named_keys(r#"{{ page.t("a-b") }} {{ page.with("c", "n", 1) }}{{ page.with2("d", x) }}"#).collect();
        assert_eq!(keys, ["a-b", "c", "d"]);
    }

    #[test]
    fn the_shared_texts_and_templates_have_no_fault() {
        let texts = Texts::load(&[]).unwrap();
        let faults = texts.faults(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/http/templates"))).unwrap();
        assert_eq!(faults, Vec::<String>::new());
    }
}
