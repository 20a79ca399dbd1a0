//! What templates show: people under the name this reader may see, moments, rules and needs in words.

use std::collections::BTreeMap;

use super::words::Words;
use crate::forum::{
    ambient::{DAY, HOUR, MINUTE},
    claims::{Audience, Qualities},
    config::Config,
    rules::{Need, Rule, lower_bound},
    store::Member,
};

/// A person as this reader may see them.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) name: String,
    /// Absent for who has left.
    pub(super) badge: Option<Badge>,
    pub(super) moderator: bool,
    /// The member's number, for moderators alone.
    pub(super) number: Option<i64>,
    /// Whether search engines may keep a page with this name on it.
    pub(super) indexable: bool,
}

/// What is verified about a person.
#[derive(Clone, Debug)]
pub(super) struct Badge {
    /// "30–39 · Isère · verified".
    pub(super) text: String,
    /// By whom, as of when, and what is not known.
    pub(super) notes: Vec<String>,
}

/// A moment, for a person and for a machine.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    pub(super) text: String,
    pub(super) iso: String,
}

/// What is missing, as a list in a list.
#[derive(Clone, Debug)]
pub(super) struct Missing {
    pub(super) text: String,
    pub(super) parts: Vec<Missing>,
}

/// Where a list goes on.
#[derive(Clone, Debug)]
pub(super) struct Pages {
    pub(super) page: i64,
    pub(super) last: i64,
}

impl Pages {
    pub(super) fn new(page: i64, total: i64, per_page: i64) -> Self {
        Self { page, last: ((total + per_page - 1) / per_page).max(1) }
    }

    pub(super) const fn previous(&self) -> Option<i64> {
        if self.page > 1 { Some(self.page - 1) } else { None }
    }

    pub(super) const fn next(&self) -> Option<i64> {
        if self.page < self.last { Some(self.page + 1) } else { None }
    }
}

/// Who reads a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// Not signed in, or banned: sees no name that is for members.
    Guest,
    Member,
    Moderator,
}

/// Everything a view needs besides the thing itself.
pub(super) struct Lens<'a> {
    pub(super) words: Words<'a>,
    pub(super) config: &'a Config,
    pub(super) reader: Reader,
    pub(super) now: i64,
}

impl Lens<'_> {
    /// The author of something, who may have left.
    pub(super) fn person(&self, id: Option<i64>, known: &BTreeMap<i64, Member>) -> Person {
        match id.and_then(|id| known.get(&id)) {
            Some(member) => self.member(member),
            None => Person {
                name: self.words.t("forum-a-former-member"),
                badge: None,
                moderator: false,
                number: None,
                indexable: true,
            },
        }
    }

    pub(super) fn member(&self, member: &Member) -> Person {
        let hidden = self.reader == Reader::Guest && member.of.audience == Audience::Members;
        Person {
            name: if hidden { self.words.t("forum-a-member") } else { self.own_name(member) },
            badge: Some(self.badge(&member.of, hidden)),
            moderator: moderates(self.config, member),
            number: (self.reader == Reader::Moderator).then_some(member.id),
            indexable: member.of.name_may_be_indexed(),
        }
    }

    pub(super) fn own_name(&self, member: &Member) -> String {
        if member.of.name.is_empty() {
            self.words.with("forum-member-number", &[("number", &member.id.to_string())])
        } else {
            member.of.name.clone()
        }
    }

    /// "You write as …".
    pub(super) fn publish_as(&self, member: &Member) -> String {
        self.words.with("forum-publish-as", &[("name", &self.own_name(member))])
    }

    /// From when what is known of a member is: a session lives a week, and nothing is asked again meanwhile.
    pub(super) fn as_of(&self, member: &Member) -> String {
        self.words.with("forum-as-of", &[("date", &self.date(member.signed_in_on))])
    }

    /// Why somebody who may have several pseudonyms here has no voice.
    pub(super) fn one_voice_missing(&self) -> String {
        self.words.with("forum-need-voice", &[("provider", &self.config.provider_name)])
    }

    fn badge(&self, of: &Qualities, name_hidden: bool) -> Badge {
        let mut parts: Vec<String> =
            of.age_bracket.as_deref().map(|bracket| self.bracket(bracket)).into_iter().collect();
        parts.extend(of.residence_shown());
        parts.extend(of.roles.iter().map(|role| self.role(role)));
        parts.push(self.words.t(if parts.is_empty() { "forum-verified-person" } else { "forum-verified" }));
        let mut notes = vec![self.words.with("forum-badge-by", &[("provider", &self.config.provider_name)])];
        if let Some(year) = of.claims_as_of {
            notes.push(self.words.with("forum-badge-as-of", &[("year", &year.to_string())]));
        }
        match of.name_assurance.as_deref() {
            Some("partial") if !name_hidden => notes.push(self.words.t("forum-badge-partial")),
            Some("chosen") if !name_hidden => notes.push(self.words.t("forum-badge-chosen")),
            _ => {}
        }
        if of.one_voice() {
            notes.push(self.words.t("forum-badge-pseudonym"));
        }
        Badge { text: parts.join(" · "), notes }
    }

    /// `Y30-39` → "30–39", `Y_LT18` → "under 18", `Y_GE80` → "80 and over"; anything else as it is.
    pub(super) fn bracket(&self, bracket: &str) -> String {
        let rest = bracket.strip_prefix('Y').unwrap_or(bracket);
        if let Some(age) = rest.strip_prefix("_LT") {
            self.words.with("forum-age-under", &[("age", age)])
        } else if let Some(age) = rest.strip_prefix("_GE") {
            self.words.with("forum-age-over", &[("age", age)])
        } else if let (Some(_), Some((from, to))) = (lower_bound(bracket), rest.split_once('-')) {
            self.words.with("forum-age-between", &[("from", from), ("to", to)])
        } else {
            bracket.to_owned()
        }
    }

    pub(super) fn role(&self, role: &str) -> String {
        match role {
            "agent" => self.words.t("forum-role-agent"),
            "elected" => self.words.t("forum-role-elected"),
            "animator" => self.words.t("forum-role-animator"),
            other => other.to_owned(),
        }
    }

    /// A moment: how long ago within a day, the date before that.
    pub(super) fn moment(&self, at: i64) -> Moment {
        let ago = (self.now - at).max(0);
        let text = if ago < MINUTE {
            self.words.t("forum-just-now")
        } else if ago < HOUR {
            self.words.count("forum-minutes-ago", ago / MINUTE)
        } else if ago < DAY {
            self.words.count("forum-hours-ago", ago / HOUR)
        } else {
            self.words.with("forum-on-date", &[("date", &self.date(at))])
        };
        Moment { text, iso: iso(at) }
    }

    /// The day, in UTC.
    pub(super) fn date(&self, at: i64) -> String {
        civil(at).map(|day| self.words.lang.date(day)).unwrap_or_default()
    }

    pub(super) fn rule(&self, asked: &Rule) -> String {
        match asked {
            Rule::Anyone => self.words.t("forum-rule-anyone"),
            Rule::Age(years) => self.words.with("forum-rule-age", &[("years", &years.to_string())]),
            Rule::Residence(codes) => self.words.with("forum-rule-residence", &[("areas", &self.areas(codes))]),
            Rule::Role(role) => self.words.with("forum-rule-role", &[("role", &self.role(role))]),
            Rule::All(rules) => self.joined("forum-rule-and", rules),
            Rule::Any(rules) => self.joined("forum-rule-or", rules),
        }
    }

    pub(super) fn missing(&self, need: &Need) -> Missing {
        let part = |text| Missing { text, parts: Vec::new() };
        match need {
            Need::Age { years, shared } => {
                let years = years.to_string();
                part(match shared {
                    None => self.words.with("forum-need-age-missing", &[("years", &years)]),
                    Some(bracket) => {
                        let shared = self.bracket(bracket);
                        self.words.with("forum-need-age-other", &[("years", &years), ("shared", &shared)])
                    }
                })
            }
            Need::Residence { codes, shared } => {
                let areas = self.areas(codes);
                part(match shared {
                    None => self.words.with("forum-need-residence-missing", &[("areas", &areas)]),
                    Some(shared) => {
                        self.words.with("forum-need-residence-other", &[("areas", &areas), ("shared", shared)])
                    }
                })
            }
            Need::Role { role, shared } => {
                let id = if *shared { "forum-need-role-other" } else { "forum-need-role-missing" };
                part(self.words.with(id, &[("role", &self.role(role))]))
            }
            Need::All(needs) => self.missing_several("forum-need-all", needs),
            Need::Any(needs) => self.missing_several("forum-need-any", needs),
        }
    }

    fn missing_several(&self, id: &str, needs: &[Need]) -> Missing {
        match needs {
            [one] => self.missing(one),
            several => {
                Missing { text: self.words.t(id), parts: several.iter().map(|need| self.missing(need)).collect() }
            }
        }
    }

    fn joined(&self, id: &str, rules: &[Rule]) -> String {
        let mut texts = rules.iter().map(|rule| self.rule(rule));
        let first = texts.next().unwrap_or_default();
        texts.fold(first, |before, next| self.words.with(id, &[("first", &before), ("second", &next)]))
    }

    /// "Isère (FR-38)": what people call it and what is compared.
    fn areas(&self, codes: &[String]) -> String {
        let names: Vec<String> = codes
            .iter()
            .map(|code| match self.config.areas.get(code) {
                Some(name) => format!("{name} ({code})"),
                None => code.clone(),
            })
            .collect();
        names.join(", ")
    }
}

/// Moderators are named in the configuration, or have claimed the code printed at the start.
pub(super) fn moderates(config: &Config, member: &Member) -> bool {
    member.moderator_since.is_some() || config.moderators.contains(&member.sub)
}

/// RFC 3339 in UTC, to the minute.
fn iso(at: i64) -> String {
    jiff::Timestamp::from_millisecond(at - at.rem_euclid(MINUTE)).map(|time| time.to_string()).unwrap_or_default()
}

fn civil(at: i64) -> Option<jiff::civil::Date> {
    Some(jiff::Timestamp::from_millisecond(at).ok()?.to_zoned_datetime(jiff::tz::TimeZone::UTC).date())
}
