//! Two forums for the demonstration, with invented members who have something to say.

use serde::Deserialize;

use super::{
    Forum,
    ambient::{DAY, HOUR, MINUTE},
    claims::{Audience, Qualities},
    config::{Board, Config},
    rules::Rule,
    store::{NewPoll, NewTopic, StoreError},
};

/// A forum of the demonstration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// "Place de la Mairie": a town's consultation, where boards ask for qualities.
    Place,
    /// "Le Comptoir": a general forum that asks for less.
    Comptoir,
}

/// A sample forum could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    #[error("the sample forum's file: {0}")]
    File(#[from] toml::de::Error),
    #[error("the sample forum's file speaks of member {0}, who is not in it")]
    NoSuchMember(usize),
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    tagline: String,
    cookie: String,
    scopes: Vec<String>,
    #[serde(default)]
    areas: std::collections::BTreeMap<String, String>,
    boards: Vec<Board>,
    members: Vec<SeedMember>,
    topics: Vec<SeedTopic>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedMember {
    name: String,
    bracket: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    public: bool,
    #[serde(default)]
    indexable: bool,
    #[serde(default)]
    partial: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedTopic {
    board: String,
    author: usize,
    days_ago: f64,
    title: String,
    body: String,
    #[serde(default)]
    options: Vec<String>,
    /// The option each member has chosen, in the order of the members.
    #[serde(default)]
    votes: Vec<i64>,
    closes_in_days: Option<u16>,
    #[serde(default)]
    replies: Vec<SeedReply>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedReply {
    author: usize,
    hours_after: f64,
    body: String,
}

impl Sample {
    /// The sample's settings, for this provider and this address.
    pub fn config(self, issuer: &str, client_id: &str, base_url: &str) -> Result<Config, SeedError> {
        let file = self.file()?;
        Ok(Config {
            title: file.title,
            tagline: file.tagline,
            cookie: file.cookie,
            scopes: file.scopes,
            areas: file.areas,
            boards: file.boards,
            ..Config::new(issuer, client_id, base_url)
        })
    }

    fn file(self) -> Result<File, SeedError> {
        Ok(toml::from_str(match self {
            Self::Place => include_str!("place.toml"),
            Self::Comptoir => include_str!("comptoir.toml"),
        })?)
    }
}

impl Forum {
    /// Fills an empty forum with the sample's members and topics; one that has members already is left alone.
    pub async fn seed(&self, sample: Sample) -> Result<(), SeedError> {
        if self.store().has_members().await? {
            return Ok(());
        }
        let file = sample.file()?;
        let now = self.ambient().now();
        let mut people = Vec::new();
        for member in &file.members {
            let sub = self.ambient().token();
            let of = qualities(member, !file.areas.is_empty());
            people.push((self.store().welcome(&sub, &of, now - 30 * DAY).await?, sub));
        }
        let mut topics: Vec<&SeedTopic> = file.topics.iter().collect();
        topics.sort_by(|a, b| b.days_ago.total_cmp(&a.days_ago));
        for topic in topics {
            self.seed_topic(topic, &file, &people, now).await?;
        }
        Ok(())
    }

    async fn seed_topic(
        &self,
        topic: &SeedTopic,
        file: &File,
        people: &[(i64, String)],
        now: i64,
    ) -> Result<(), SeedError> {
        let person = |index: usize| people.get(index).ok_or(SeedError::NoSuchMember(index));
        let began = now - span(topic.days_ago, DAY);
        let rule = file.boards.iter().find(|board| board.slug == topic.board).map(|board| board.reply.clone());
        let poll = (!topic.options.is_empty()).then(|| NewPoll {
            question: topic.title.clone(),
            options: topic.options.clone(),
            rule: rule.unwrap_or(Rule::Anyone),
            closes_at: topic.closes_in_days.map(|days| now + i64::from(days) * DAY),
        });
        let new = NewTopic {
            board: topic.board.clone(),
            title: topic.title.clone(),
            body: topic.body.trim().to_owned(),
            poll,
        };
        let Some(id) = self.store().start_topic(&new, person(topic.author)?.0, began).await? else { return Ok(()) };
        for reply in &topic.replies {
            let at = (began + span(reply.hours_after, HOUR)).min(now - MINUTE);
            self.store().reply(id, person(reply.author)?.0, reply.body.trim(), at).await?;
        }
        if let Some(poll) = self.store().poll_of(id).await? {
            for (choice, (_, sub)) in topic.votes.iter().zip(people) {
                self.store().vote(poll.id, sub, *choice, now).await?;
            }
        }
        Ok(())
    }
}

fn qualities(member: &SeedMember, with_area: bool) -> Qualities {
    let adult = member.bracket.is_some();
    let mut groups = vec!["one-voice".to_owned()];
    groups.extend(member.bracket.iter().map(|bracket| format!("age:{}", bracket.trim_start_matches('Y'))));
    groups.extend(member.roles.iter().map(|role| format!("role:{role}")));
    if with_area {
        groups.push("res:FR-38".to_owned());
    }
    Qualities {
        name: member.name.clone(),
        name_assurance: Some(if member.partial { "partial" } else { "chosen" }.to_owned()),
        audience: if member.public { Audience::Public } else { Audience::Members },
        indexable: member.indexable,
        age_bracket: member.bracket.clone(),
        age_over_18: adult.then_some(true),
        residence: with_area.then(|| "FR-38".to_owned()),
        residence_label: with_area.then(|| "Isère".to_owned()),
        roles: member.roles.clone(),
        groups,
        heteronyms_per_person: Some(1),
        claims_as_of: None,
        sex: None,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "days and hours of a sample, all small"
)]
fn span(count: f64, unit: i64) -> i64 {
    (count * unit as f64) as i64
}
