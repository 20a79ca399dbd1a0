//! Polls: one voice per person, kept by the primary key of `voices`; the tally and the list of voters are apart, so the
//! database does not know who chose what.

use sqlx::{FromRow, Sqlite, Transaction};

use super::{Store, StoreError, digest};
use crate::forum::rules::Rule;

/// A poll to open with a topic.
#[derive(Clone, Debug)]
pub(in crate::forum) struct NewPoll {
    pub(in crate::forum) question: String,
    pub(in crate::forum) options: Vec<String>,
    pub(in crate::forum) rule: Rule,
    pub(in crate::forum) closes_at: Option<i64>,
}

#[derive(Clone, Debug)]
pub(in crate::forum) struct Poll {
    pub(in crate::forum) id: i64,
    pub(in crate::forum) question: String,
    pub(in crate::forum) rule: Rule,
    pub(in crate::forum) closes_at: Option<i64>,
    pub(in crate::forum) options: Vec<Choice>,
}

#[derive(Clone, Debug, FromRow)]
pub(in crate::forum) struct Choice {
    pub(in crate::forum) position: i64,
    pub(in crate::forum) label: String,
    pub(in crate::forum) votes: i64,
}

/// How voting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::forum) enum Vote {
    Counted,
    /// This person's voice is in the poll already.
    Already,
    Closed,
    NoSuchOption,
}

impl Poll {
    pub(in crate::forum) fn total(&self) -> i64 {
        self.options.iter().map(|option| option.votes).sum()
    }

    pub(in crate::forum) fn is_open(&self, now: i64) -> bool {
        self.closes_at.is_none_or(|at| now < at)
    }
}

impl NewPoll {
    pub(super) async fn insert(&self, tx: &mut Transaction<'_, Sqlite>, topic: i64) -> Result<(), StoreError> {
        let poll: i64 = sqlx::query_scalar(INSERT_POLL)
            .bind(topic)
            .bind(&self.question)
            .bind(serde_json::to_string(&self.rule)?)
            .bind(self.closes_at)
            .fetch_one(&mut **tx)
            .await?;
        for (position, label) in (1_i64..).zip(&self.options) {
            sqlx::query(INSERT_OPTION).bind(poll).bind(position).bind(label).execute(&mut **tx).await?;
        }
        Ok(())
    }
}

impl Store {
    pub(in crate::forum) async fn poll_of(&self, topic: i64) -> Result<Option<Poll>, StoreError> {
        let row: Option<(i64, String, String, Option<i64>)> =
            sqlx::query_as(POLL).bind(topic).fetch_optional(&self.readers).await?;
        let Some((id, question, rule, closes_at)) = row else { return Ok(None) };
        let options = sqlx::query_as(OPTIONS).bind(id).fetch_all(&self.readers).await?;
        Ok(Some(Poll { id, question, rule: serde_json::from_str(&rule)?, closes_at, options }))
    }

    /// Gives this person's one voice to an option.
    pub(in crate::forum) async fn vote(&self, poll: i64, sub: &str, option: i64, now: i64) -> Result<Vote, StoreError> {
        let mut tx = self.begin().await?;
        let open: bool = sqlx::query_scalar(IS_OPEN).bind(poll).bind(now).fetch_one(&mut *tx).await?;
        if !open {
            return Ok(Vote::Closed);
        }
        if sqlx::query(INSERT_VOICE).bind(poll).bind(voice(poll, sub)).execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(Vote::Already);
        }
        if sqlx::query(COUNT_VOTE).bind(poll).bind(option).execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(Vote::NoSuchOption);
        }
        tx.commit().await?;
        Ok(Vote::Counted)
    }

    pub(in crate::forum) async fn has_voted(&self, poll: i64, sub: &str) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar(HAS_VOICE).bind(poll).bind(voice(poll, sub)).fetch_one(&self.readers).await?)
    }
}

/// What stands for a person in one poll: different in every poll, the same for the same `sub`.
fn voice(poll: i64, sub: &str) -> Vec<u8> {
    digest("voice", &[&poll.to_be_bytes(), sub.as_bytes()])
}

const INSERT_POLL: &str = "INSERT INTO polls (topic, question, rule, closes_at) VALUES ($1, $2, $3, $4) RETURNING id";
const INSERT_OPTION: &str = "INSERT INTO poll_options (poll, position, label) VALUES ($1, $2, $3)";
const POLL: &str = "SELECT id, question, rule, closes_at FROM polls WHERE topic = $1";
const OPTIONS: &str = "SELECT position, label, votes FROM poll_options WHERE poll = $1 ORDER BY position";
const IS_OPEN: &str = "SELECT EXISTS (SELECT 1 FROM polls p JOIN topics t ON t.id = p.topic WHERE p.id = $1
    AND (p.closes_at IS NULL OR p.closes_at > $2) AND t.closed_at IS NULL AND t.hidden_at IS NULL)";
const INSERT_VOICE: &str = "INSERT INTO voices (poll, voice) VALUES ($1, $2) ON CONFLICT DO NOTHING";
const COUNT_VOTE: &str = "UPDATE poll_options SET votes = votes + 1 WHERE poll = $1 AND position = $2";
const HAS_VOICE: &str = "SELECT EXISTS (SELECT 1 FROM voices WHERE poll = $1 AND voice = $2)";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forum::store::{
        NewTopic,
        tests::{member, store},
    };

    async fn poll(store: &Store, closes_at: Option<i64>) -> Poll {
        let author = member(store, "author").await;
        let poll =
            NewPoll { question: "Q".into(), options: vec!["yes".into(), "no".into()], rule: Rule::Age(18), closes_at };
        let topic = NewTopic { board: "b".into(), title: "T".into(), body: "B".into(), poll: Some(poll) };
        let id = store.start_topic(&topic, author, 0).await.unwrap().unwrap();
        store.poll_of(id).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn fifty_votes_of_one_person_at_once_count_as_one_voice() {
        let (store, _directory) = store().await;
        let poll = poll(&store, None).await;
        let tries: Vec<_> = (0..50)
            .map(|i| {
                let store = store.clone();
                tokio::spawn(async move { store.vote(poll.id, "me", 1 + i % 2, 1).await.unwrap() })
            })
            .collect();
        let mut counted = 0;
        for vote in tries {
            counted += usize::from(vote.await.unwrap() == Vote::Counted);
        }
        assert_eq!(counted, 1);
    }

    #[tokio::test]
    async fn leaving_and_coming_back_gives_no_second_voice() {
        let (store, _directory) = store().await;
        let poll = poll(&store, None).await;
        let id = member(&store, "me").await;
        assert_eq!(store.vote(poll.id, "me", 1, 1).await.unwrap(), Vote::Counted);
        store.leave(id).await.unwrap();
        member(&store, "me").await;
        assert_eq!(store.vote(poll.id, "me", 2, 1).await.unwrap(), Vote::Already);
        assert_eq!(store.voted_by("me").await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_vote_for_no_option_or_after_the_end_leaves_the_voice_unspent() {
        let (store, _directory) = store().await;
        let poll = poll(&store, Some(10)).await;
        assert_eq!(store.vote(poll.id, "me", 3, 1).await.unwrap(), Vote::NoSuchOption);
        assert_eq!(store.vote(poll.id, "me", 1, 10).await.unwrap(), Vote::Closed);
        assert!(!store.has_voted(poll.id, "me").await.unwrap());
        assert_eq!(store.vote(poll.id, "me", 1, 9).await.unwrap(), Vote::Counted);
    }

    #[tokio::test]
    async fn no_row_says_who_chose_what() {
        let (store, _directory) = store().await;
        let poll = poll(&store, None).await;
        store.vote(poll.id, "me", 1, 1).await.unwrap();
        let columns: Vec<String> =
            sqlx::query_scalar("SELECT name FROM pragma_table_info('voices')").fetch_all(&store.readers).await.unwrap();
        assert_eq!(columns, ["poll", "voice"]);
        assert_eq!(store.poll_of(1).await.unwrap().unwrap().total(), 1);
    }
}
