//! Topics and messages.

use sqlx::{FromRow, Sqlite, Transaction};

use super::{PAGE, Store, StoreError, polls::NewPoll};
use crate::forum::ambient::{MINUTE, minute};

/// A topic in a list.
#[derive(Clone, Debug, FromRow)]
pub(in crate::forum) struct Glimpse {
    pub(in crate::forum) id: i64,
    pub(in crate::forum) title: String,
    pub(in crate::forum) author: Option<i64>,
    pub(in crate::forum) last_at: i64,
    pub(in crate::forum) closed_at: Option<i64>,
    pub(in crate::forum) replies: i64,
    pub(in crate::forum) has_poll: bool,
}

#[derive(Clone, Debug, FromRow)]
pub(in crate::forum) struct Topic {
    pub(in crate::forum) id: i64,
    pub(in crate::forum) board: String,
    pub(in crate::forum) title: String,
    pub(in crate::forum) closed_at: Option<i64>,
    pub(in crate::forum) hidden_at: Option<i64>,
}

#[derive(Clone, Debug, FromRow)]
pub(in crate::forum) struct Post {
    pub(in crate::forum) id: i64,
    pub(in crate::forum) topic: i64,
    pub(in crate::forum) author: Option<i64>,
    pub(in crate::forum) body: String,
    pub(in crate::forum) created_at: i64,
    pub(in crate::forum) edited_at: Option<i64>,
    pub(in crate::forum) hidden_at: Option<i64>,
}

/// A topic to start.
#[derive(Clone, Debug)]
pub(in crate::forum) struct NewTopic {
    pub(in crate::forum) board: String,
    pub(in crate::forum) title: String,
    pub(in crate::forum) body: String,
    pub(in crate::forum) poll: Option<NewPoll>,
}

/// How writing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::forum) enum Replied {
    /// The message's number; the same again for a form sent twice.
    Done(i64),
    /// The topic is closed or hidden.
    Closed,
    /// The member has written as much as one may in ten minutes.
    TooMany,
}

impl Post {
    /// Authors may correct what they wrote for ten minutes, counted from the one in which they did.
    pub(in crate::forum) const fn is_editable(&self, now: i64) -> bool {
        self.hidden_at.is_none() && now < self.created_at + EDIT_WINDOW
    }
}

impl Store {
    /// One page of a board's topics, the last written in first, and how many there are.
    pub(in crate::forum) async fn topics(&self, board: &str, page: i64) -> Result<(Vec<Glimpse>, i64), StoreError> {
        self.topics_within(board, PAGE, (page - 1) * PAGE).await
    }

    /// A board's latest topics, and how many there are.
    pub(in crate::forum) async fn latest(&self, board: &str, most: i64) -> Result<(Vec<Glimpse>, i64), StoreError> {
        self.topics_within(board, most, 0).await
    }

    async fn topics_within(&self, board: &str, most: i64, skip: i64) -> Result<(Vec<Glimpse>, i64), StoreError> {
        let total = sqlx::query_scalar(COUNT_TOPICS).bind(board).fetch_one(&self.readers).await?;
        let list = sqlx::query_as(TOPICS).bind(board).bind(most).bind(skip).fetch_all(&self.readers).await?;
        Ok((list, total))
    }

    pub(in crate::forum) async fn topic(&self, id: i64) -> Result<Option<Topic>, StoreError> {
        Ok(sqlx::query_as(TOPIC).bind(id).fetch_optional(&self.readers).await?)
    }

    /// One page of a topic's messages, the oldest first, and how many there are.
    pub(in crate::forum) async fn posts(&self, topic: i64, page: i64) -> Result<(Vec<Post>, i64), StoreError> {
        let total = sqlx::query_scalar(COUNT_POSTS).bind(topic).fetch_one(&self.readers).await?;
        let list =
            sqlx::query_as(POSTS).bind(topic).bind(PAGE).bind((page - 1) * PAGE).fetch_all(&self.readers).await?;
        Ok((list, total))
    }

    pub(in crate::forum) async fn post(&self, id: i64) -> Result<Option<Post>, StoreError> {
        Ok(sqlx::query_as(POST).bind(id).fetch_optional(&self.readers).await?)
    }

    /// The page of its topic on which a message stands, from 1.
    pub(in crate::forum) async fn page_of(&self, post: i64) -> Result<i64, StoreError> {
        let before: i64 = sqlx::query_scalar(POSTS_BEFORE).bind(post).fetch_one(&self.readers).await?;
        Ok(before / PAGE + 1)
    }

    /// Writes a topic, its first message and its poll, or nothing; `None` when the member has written too much lately.
    pub(in crate::forum) async fn start_topic(
        &self,
        topic: &NewTopic,
        author: i64,
        now: i64,
    ) -> Result<Option<i64>, StoreError> {
        let mut tx = self.begin().await?;
        if wrote_too_much(&mut tx, author, now).await? {
            return Ok(None);
        }
        let twice = sqlx::query_scalar(SAME_TOPIC)
            .bind(author)
            .bind(&topic.title)
            .bind(&topic.body)
            .bind(now - TWICE_WITHIN)
            .fetch_optional(&mut *tx)
            .await?;
        if twice.is_some() {
            return Ok(twice);
        }
        let id = sqlx::query_scalar(INSERT_TOPIC)
            .bind(&topic.board)
            .bind(&topic.title)
            .bind(author)
            .bind(minute(now))
            .fetch_one(&mut *tx)
            .await?;
        insert_post(&mut tx, id, author, &topic.body, now).await?;
        if let Some(poll) = &topic.poll {
            poll.insert(&mut tx, id).await?;
        }
        tx.commit().await?;
        Ok(Some(id))
    }

    pub(in crate::forum) async fn reply(
        &self,
        topic: i64,
        author: i64,
        body: &str,
        now: i64,
    ) -> Result<Replied, StoreError> {
        let mut tx = self.begin().await?;
        if wrote_too_much(&mut tx, author, now).await? {
            return Ok(Replied::TooMany);
        }
        let twice: Option<i64> = sqlx::query_scalar(SAME_POST)
            .bind(topic)
            .bind(author)
            .bind(body)
            .bind(now - TWICE_WITHIN)
            .fetch_optional(&mut *tx)
            .await?;
        if let Some(id) = twice {
            return Ok(Replied::Done(id));
        }
        if sqlx::query(TOUCH_TOPIC).bind(minute(now)).bind(topic).execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(Replied::Closed);
        }
        let id = insert_post(&mut tx, topic, author, body, now).await?;
        tx.commit().await?;
        Ok(Replied::Done(id))
    }

    /// `false` when the message is not the author's, is hidden, or is older than ten minutes.
    pub(in crate::forum) async fn edit(
        &self,
        post: i64,
        author: i64,
        body: &str,
        now: i64,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(EDIT_POST)
            .bind(body)
            .bind(minute(now))
            .bind(post)
            .bind(author)
            .bind(now - EDIT_WINDOW)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        tx.commit().await?;
        Ok(done == 1)
    }
}

async fn insert_post(
    tx: &mut Transaction<'_, Sqlite>,
    topic: i64,
    author: i64,
    body: &str,
    now: i64,
) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar(INSERT_POST)
        .bind(topic)
        .bind(author)
        .bind(body)
        .bind(minute(now))
        .fetch_one(&mut **tx)
        .await?)
}

async fn wrote_too_much(tx: &mut Transaction<'_, Sqlite>, author: i64, now: i64) -> Result<bool, StoreError> {
    let lately: i64 =
        sqlx::query_scalar(COUNT_LATELY).bind(author).bind(now - PACE_WINDOW).fetch_one(&mut **tx).await?;
    Ok(lately >= PACE)
}

/// The same text again is a form sent twice. Messages are kept to the minute, so that this is one minute at the least.
const TWICE_WITHIN: i64 = 2 * MINUTE;
const EDIT_WINDOW: i64 = 10 * MINUTE;
const PACE_WINDOW: i64 = 10 * MINUTE;
/// Messages a member may write within [`PACE_WINDOW`].
const PACE: i64 = 20;

const COUNT_TOPICS: &str = "SELECT COUNT(*) FROM topics WHERE board = $1 AND hidden_at IS NULL";
const TOPICS: &str = "SELECT t.id, t.title, t.author, t.last_at, t.closed_at,
        (SELECT COUNT(*) - 1 FROM posts p WHERE p.topic = t.id) AS replies,
        EXISTS (SELECT 1 FROM polls q WHERE q.topic = t.id) AS has_poll
    FROM topics t WHERE t.board = $1 AND t.hidden_at IS NULL ORDER BY t.last_at DESC,
        (SELECT MAX(p.id) FROM posts p WHERE p.topic = t.id) DESC LIMIT $2 OFFSET $3";
const TOPIC: &str = "SELECT id, board, title, closed_at, hidden_at FROM topics WHERE id = $1";
const COUNT_POSTS: &str = "SELECT COUNT(*) FROM posts WHERE topic = $1";
const POSTS: &str = "SELECT id, topic, author, body, created_at, edited_at, hidden_at FROM posts WHERE topic = $1
    ORDER BY id LIMIT $2 OFFSET $3";
const POST: &str = "SELECT id, topic, author, body, created_at, edited_at, hidden_at FROM posts WHERE id = $1";
const POSTS_BEFORE: &str =
    "SELECT COUNT(*) FROM posts WHERE topic = (SELECT topic FROM posts WHERE id = $1) AND id < $1";
const INSERT_TOPIC: &str =
    "INSERT INTO topics (board, title, author, created_at, last_at) VALUES ($1, $2, $3, $4, $4) RETURNING id";
const INSERT_POST: &str = "INSERT INTO posts (topic, author, body, created_at) VALUES ($1, $2, $3, $4) RETURNING id";
const TOUCH_TOPIC: &str = "UPDATE topics SET last_at = $1 WHERE id = $2 AND closed_at IS NULL AND hidden_at IS NULL";
const EDIT_POST: &str = "UPDATE posts SET body = $1, edited_at = $2
    WHERE id = $3 AND author = $4 AND created_at > $5 AND hidden_at IS NULL";
const COUNT_LATELY: &str = "SELECT COUNT(*) FROM posts WHERE author = $1 AND created_at > $2";
const SAME_POST: &str =
    "SELECT id FROM posts WHERE topic = $1 AND author = $2 AND body = $3 AND created_at > $4 LIMIT 1";
const SAME_TOPIC: &str = "SELECT t.id FROM topics t JOIN posts p ON p.topic = t.id
    WHERE t.author = $1 AND t.title = $2 AND p.body = $3 AND t.created_at > $4 LIMIT 1";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forum::store::tests::{member, store};

    async fn topic(store: &Store, author: i64) -> i64 {
        let topic = NewTopic { board: "b".into(), title: "T".into(), body: "first".into(), poll: None };
        store.start_topic(&topic, author, 0).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn a_form_sent_twice_writes_one_message() {
        let (store, _directory) = store().await;
        let me = member(&store, "me").await;
        let id = topic(&store, me).await;
        assert_eq!(topic(&store, me).await, id);
        let first = store.reply(id, me, "hello", 1).await.unwrap();
        assert_eq!(store.reply(id, me, "hello", 2).await.unwrap(), first);
        assert_eq!(store.posts(id, 1).await.unwrap().1, 2);
    }

    #[tokio::test]
    async fn a_message_is_corrected_by_its_author_for_ten_minutes() {
        let (store, _directory) = store().await;
        let (me, other) = (member(&store, "me").await, member(&store, "other").await);
        topic(&store, me).await;
        assert!(!store.edit(1, other, "x", 1).await.unwrap());
        assert!(store.edit(1, me, "x", EDIT_WINDOW - 1).await.unwrap());
        assert!(!store.edit(1, me, "y", EDIT_WINDOW).await.unwrap());
        assert_eq!(store.post(1).await.unwrap().unwrap().body, "x");
    }

    #[tokio::test]
    async fn a_member_writes_twenty_messages_in_ten_minutes_and_no_more() {
        let (store, _directory) = store().await;
        let me = member(&store, "me").await;
        let id = topic(&store, me).await;
        for i in 1..PACE {
            assert!(matches!(store.reply(id, me, &i.to_string(), 1).await.unwrap(), Replied::Done(_)));
        }
        assert_eq!(store.reply(id, me, "one more", 1).await.unwrap(), Replied::TooMany);
        assert!(matches!(store.reply(id, me, "later", PACE_WINDOW + 1).await.unwrap(), Replied::Done(_)));
    }

    #[tokio::test]
    async fn what_a_person_wrote_stays_without_the_person_who_left() {
        let (store, _directory) = store().await;
        let me = member(&store, "me").await;
        let id = topic(&store, me).await;
        store.leave(me).await.unwrap();
        let (posts, total) = store.posts(id, 1).await.unwrap();
        assert_eq!((posts[0].author, posts[0].body.as_str(), total), (None, "first", 1));
        assert_ne!(member(&store, "me").await, me, "coming back does not bring the messages back");
    }

    #[tokio::test]
    async fn the_twenty_first_message_stands_on_the_second_page() {
        let (store, _directory) = store().await;
        let me = member(&store, "me").await;
        let id = topic(&store, me).await;
        for i in 1..=PAGE {
            let Replied::Done(post) = store.reply(id, me, &i.to_string(), i * PACE_WINDOW).await.unwrap() else {
                panic!("refused");
            };
            assert_eq!(store.page_of(post).await.unwrap(), i / PAGE + 1);
        }
        assert_eq!(store.posts(id, 2).await.unwrap().0.len(), 1);
    }
}
