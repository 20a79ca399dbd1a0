//! The forum's sentences in one reader's language.

use crate::http::{Lang, Texts, texts::ToArg};

/// The texts, and who reads them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words<'a> {
    pub(super) texts: &'a Texts,
    pub(super) lang: Lang,
}

impl Words<'_> {
    pub(super) fn t(&self, key: &str) -> String {
        self.texts.get(self.lang, key).into_owned()
    }

    pub(super) fn with(&self, key: &str, args: &[(&str, &str)]) -> String {
        let args: Vec<(&str, &dyn ToArg)> = args.iter().map(|(name, value)| (*name, value as &dyn ToArg)).collect();
        self.texts.format(self.lang, key, &args).into_owned()
    }

    /// A message that counts, with the variable `count`.
    pub(super) fn count(&self, key: &str, count: i64) -> String {
        self.texts.format(self.lang, key, &[("count", &count)]).into_owned()
    }
}
