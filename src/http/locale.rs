//! The two languages, and how a reader's is found.

use std::fmt::Write as _;

use axum::http::{HeaderMap, header};

/// A language the pages are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    #[default]
    Fr,
    En,
}

impl Lang {
    pub const ALL: [Self; 2] = [Self::Fr, Self::En];

    /// The language tag (BCP 47).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Fr => "fr",
            Self::En => "en",
        }
    }

    /// The language in its own words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fr => "Français",
            Self::En => "English",
        }
    }

    /// The first language of a space-separated preference list that we have: `ui_locales` of OpenID Connect Core §3.1.2.1.
    pub fn pick(tags: &str) -> Option<Self> {
        tags.split_ascii_whitespace().find_map(Self::of_tag)
    }

    /// The language of a request: what the reader chose before, what the browser asks for, or `fallback`.
    pub fn of_request(headers: &HeaderMap, chosen: Option<&str>, fallback: Self) -> Self {
        chosen
            .and_then(Self::of_tag)
            .or_else(|| headers.get(header::ACCEPT_LANGUAGE).and_then(|value| Self::accepted(value.to_str().ok()?)))
            .unwrap_or(fallback)
    }

    /// The best of an `Accept-Language` list (RFC 9110 §12.5.4).
    pub fn accepted(list: &str) -> Option<Self> {
        let mut best = None;
        for range in list.split(',').take(20) {
            let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
            let weight: f32 = weight.trim().strip_prefix("q=").and_then(|q| q.parse().ok()).unwrap_or(0.0);
            let Some(lang) = Self::of_tag(tag.trim()) else { continue };
            if weight > best.map_or(0.0, |(top, _)| top) {
                best = Some((weight, lang));
            }
        }
        best.map(|(_, lang)| lang)
    }

    fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|lang| lang.tag().eq_ignore_ascii_case(primary))
    }

    /// A whole number with its thousands set apart: `1 234 567` (narrow no-break space) or `1,234,567`.
    pub fn number(self, number: i64) -> String {
        let separator = match self {
            Self::Fr => '\u{202f}',
            Self::En => ',',
        };
        let digits = number.unsigned_abs().to_string();
        let mut text = String::with_capacity(digits.len() + 8);
        if number < 0 {
            text.push('-');
        }
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                text.push(separator);
            }
            text.push(digit);
        }
        text
    }

    /// A date in full: `1er mars 2026` or `1 March 2026`.
    pub fn date(self, date: jiff::civil::Date) -> String {
        let mut text = date.day().to_string();
        if self == Self::Fr && date.day() == 1 {
            text.push_str("er");
        }
        let _ = write!(text, " {}", self.month(date.year(), date.month()));
        text
    }

    /// A month of a year: `mars 2026` or `March 2026`.
    pub fn month(self, year: i16, month: i8) -> String {
        let months = self.months();
        let name = usize::try_from(month - 1).ok().and_then(|index| months.get(index)).unwrap_or(&"");
        format!("{name} {year}")
    }

    const fn months(self) -> [&'static str; 12] {
        match self {
            Self::Fr => [
                "janvier",
                "février",
                "mars",
                "avril",
                "mai",
                "juin",
                "juillet",
                "août",
                "septembre",
                "octobre",
                "novembre",
                "décembre",
            ],
            Self::En => [
                "January",
                "February",
                "March",
                "April",
                "May",
                "June",
                "July",
                "August",
                "September",
                "October",
                "November",
                "December",
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_language_we_have_wins() {
        assert_eq!(Lang::accepted("en-GB,en;q=0.9,fr;q=0.8"), Some(Lang::En));
        assert_eq!(Lang::accepted("de, fr-CH;q=0.5, en;q=0.4"), Some(Lang::Fr));
        assert_eq!(Lang::accepted("fr;q=0, en;q=0.1"), Some(Lang::En));
        assert_eq!(Lang::accepted("de,*;q=0.5"), None);
        assert_eq!(Lang::accepted("en;q=NaN, ;;q=,,"), None);
    }

    #[test]
    fn an_earlier_choice_goes_before_the_browser_and_nonsense_is_passed_over() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, "en".parse().unwrap());
        assert_eq!(Lang::of_request(&headers, Some("fr"), Lang::En), Lang::Fr);
        assert_eq!(Lang::of_request(&headers, Some("<x>"), Lang::Fr), Lang::En);
        assert_eq!(Lang::of_request(&HeaderMap::new(), None, Lang::Fr), Lang::Fr);
        assert_eq!(Lang::pick("de-AT en-US fr"), Some(Lang::En));
    }

    #[test]
    fn numbers_and_dates_read_as_the_language_writes_them() {
        assert_eq!(Lang::Fr.number(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(Lang::En.number(-1_000), "-1,000");
        assert_eq!(Lang::En.number(999), "999");
        assert_eq!(Lang::Fr.date(jiff::civil::date(2026, 3, 1)), "1er mars 2026");
        assert_eq!(Lang::En.date(jiff::civil::date(2026, 12, 31)), "31 December 2026");
    }
}
