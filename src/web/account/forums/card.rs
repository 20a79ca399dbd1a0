//! One place as its person reads it: the name borne there, what was told, to whom, since when.

use super::{
    State,
    place::{Forum, Place, Status, names},
};
use crate::{
    attributes::Terms,
    consent::{Agreement, Consent},
    domain::{
        claim::{Qualities, Quality},
        quality::Facts,
    },
    http::{Page, Problem},
    web::shared::told::Told,
};

/// One card of the list.
pub(super) struct Card<'a> {
    pub(super) id: String,
    pub(super) status: Status,
    /// The forums, in one line.
    pub(super) title: String,
    pub(super) place: &'a Place,
    pub(super) initial: String,
    /// What stands beside the name in the forum, as far as it was agreed to.
    pub(super) badges: Vec<String>,
    pub(super) forums: Vec<Seen>,
    pub(super) left_on: Option<String>,
}

/// What one forum has got.
pub(super) struct Seen {
    pub(super) name: String,
    pub(super) hosts: String,
    /// The service has ended the forum's access.
    pub(super) closed: bool,
    /// Where a sign-in there begins, if it registered such an address.
    pub(super) entrance: Option<String>,
    pub(super) live: Option<Live>,
    pub(super) earlier: Vec<Earlier>,
    /// How many more there were before.
    pub(super) more: usize,
}

/// A consent that holds.
pub(super) struct Live {
    pub(super) id: String,
    pub(super) since: String,
    pub(super) lines: Vec<Line>,
    pub(super) declined: String,
    pub(super) names: bool,
    pub(super) offline: bool,
}

/// One quality with the value that was shown.
pub(super) struct Line {
    pub(super) label: String,
    pub(super) value: String,
    /// The value now, where it is another: the name of a text, and the value.
    pub(super) now: Option<(&'static str, String)>,
}

/// A consent that no longer holds.
pub(super) struct Earlier {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) values: String,
}

/// Makes cards for one reader.
pub(super) struct Dealer<'a> {
    pub(super) state: &'a State,
    pub(super) page: &'a Page,
    /// What is known of the reader now; nothing of somebody who departed.
    pub(super) facts: Option<&'a Facts>,
}

impl Dealer<'_> {
    pub(super) async fn card<'p>(&self, place: &'p Place) -> Result<Card<'p>, Problem> {
        let forums = place.forums(self.state).await?;
        let seen: Vec<Seen> = forums.iter().map(|forum| self.seen(forum)).collect();
        let held = place.consents.iter().find(|consent| consent.withdrawn_on.is_none());
        Ok(Card {
            id: place.heteronym.id.encode(),
            status: place.status(),
            title: names(&forums),
            initial: initial(place.heteronym.shown.name.as_str()),
            badges: held.map(|consent| self.badges(&consent.agreement)).unwrap_or_default(),
            forums: seen,
            left_on: place.heteronym.retired_on.map(|day| self.page.lang().date(day.date())),
            place,
        })
    }

    fn seen(&self, forum: &Forum<'_>) -> Seen {
        let (live, over): (Vec<&Consent>, Vec<&Consent>) =
            forum.consents.iter().copied().partition(|consent| consent.withdrawn_on.is_none());
        Seen {
            name: forum.name().to_owned(),
            hosts: forum.client.metadata.hosts().join(", "),
            closed: forum.client.is_disabled(),
            entrance: forum.client.entrance(self.page.site().origin()),
            live: live.first().map(|consent| self.live(forum, consent)),
            earlier: over.iter().take(EARLIER).map(|consent| self.earlier(consent)).collect(),
            more: over.len().saturating_sub(EARLIER),
        }
    }

    fn badges(&self, agreement: &Agreement) -> Vec<String> {
        let present = agreement.shown.present();
        let badge = |quality: Quality| match (quality, agreement.shown.age_over_18) {
            (Quality::AgeOver18, Some(true)) => self.page.t("forums-badge-of-age").into_owned(),
            (Quality::AgeOver18, _) => self.page.t("forums-badge-minor").into_owned(),
            _ => self.told().value(quality, &agreement.shown),
        };
        present.intersection(&agreement.agreed).map(|quality| badge(*quality)).collect()
    }

    fn live(&self, forum: &Forum<'_>, consent: &Consent) -> Live {
        let agreement = &consent.agreement;
        let present = self.facts.map(|facts| {
            let age_brackets = forum.client.metadata.age_brackets.clone();
            let terms = Terms { residence_level: agreement.residence_level, age_brackets };
            self.state.attributes.qualities(facts, &terms)
        });
        let declined: Vec<_> = agreement.declined.iter().map(|quality| self.label(*quality)).collect();
        Live {
            id: consent.id.encode(),
            since: self.day(agreement),
            lines: agreement.agreed.iter().map(|&quality| self.line(agreement, quality, present.as_ref())).collect(),
            declined: declined.join(", "),
            names: agreement.names,
            offline: agreement.offline,
        }
    }

    fn line(&self, agreement: &Agreement, quality: Quality, present: Option<&Qualities>) -> Line {
        let value = self.told().value(quality, &agreement.shown);
        let now = present.map(|present| self.told().value(quality, present)).filter(|now| *now != value);
        // Ages grow by themselves and are told as they stand; anything else is shown to the citizen before it is told.
        let by_itself = matches!(quality, Quality::AgeBracket | Quality::AgeOver18);
        let text = if by_itself { "forums-now-told" } else { "forums-now-untold" };
        let label = match quality {
            Quality::Residence => {
                let level = self.page.t2("level-", agreement.residence_level.as_str());
                self.page.with("forums-residence", "level", level).into_owned()
            }
            _ => self.label(quality),
        };
        Line { label, value, now: now.map(|now| (text, now)) }
    }

    fn earlier(&self, consent: &Consent) -> Earlier {
        let agreement = &consent.agreement;
        let value = |quality: &Quality| {
            let value = self.told().value(*quality, &agreement.shown);
            self.page.with2("forums-earlier-value", "label", self.label(*quality), "value", value).into_owned()
        };
        let values: Vec<_> = agreement.agreed.iter().map(value).collect();
        Earlier {
            from: self.day(agreement),
            to: consent.withdrawn_on.map(|day| self.page.lang().date(day.date())).unwrap_or_default(),
            values: if values.is_empty() { self.page.t("forums-nothing").into_owned() } else { values.join(" · ") },
        }
    }

    fn day(&self, agreement: &Agreement) -> String {
        self.page.lang().date(self.state.attributes.legal_day(agreement.at))
    }

    fn label(&self, quality: Quality) -> String {
        self.page.t2("quality-", quality.as_str())
    }

    fn told(&self) -> Told<'_> {
        Told { page: self.page, attributes: &self.state.attributes }
    }
}

/// The first letter of a name, as the picture beside it.
fn initial(name: &str) -> String {
    name.chars().next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default()
}

/// So many consents of the past are shown of each forum; all of them are in the export.
const EARLIER: usize = 3;
