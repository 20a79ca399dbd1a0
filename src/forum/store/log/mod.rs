//! What is kept of the provider's public log: keys, heads, and what did not belong together.

mod keys;
mod owners;

use sqlx::{FromRow, Sqlite, Transaction};

use super::{Store, StoreError};
use crate::{
    forum::{
        ambient::{HOUR, minute},
        log::{Break, BreakKind, End, Head, News},
    },
    wire::tlog::Hash,
};

pub(super) use self::owners::take_owner;
pub(in crate::forum) use self::{keys::KnownBy, owners::Owner};

/// A head that was seen, and when: to the hour, of one that came with a sign-in.
#[derive(Clone, Debug)]
pub(in crate::forum) struct Seen {
    pub(in crate::forum) head: Head,
    pub(in crate::forum) at: i64,
}

/// A break that was found.
#[derive(Clone, Debug)]
pub(in crate::forum) struct Found {
    pub(in crate::forum) id: i64,
    pub(in crate::forum) at: i64,
    pub(in crate::forum) of: Break,
    /// When the operator decided to go on with the log as it is.
    pub(in crate::forum) accepted_at: Option<i64>,
}

/// How it stands with the checks.
#[derive(Clone, Debug, Default, PartialEq, Eq, FromRow)]
pub(in crate::forum) struct State {
    /// The first check there was.
    pub(in crate::forum) began_at: Option<i64>,
    pub(in crate::forum) tried_at: Option<i64>,
    pub(in crate::forum) held_at: Option<i64>,
    /// What kept the log from being checked the last time.
    pub(in crate::forum) trouble: Option<String>,
    /// Tokens that the provider has numbered for members and that did not come here.
    pub(in crate::forum) missing: i64,
}

impl Store {
    /// Remembers a head that came with a token. `false`: there is another one of the same size, so that one of the two is
    /// of another log.
    pub(in crate::forum) async fn see_head(&self, head: &Head, now: i64) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(SEE)
            .bind(&head.origin)
            .bind(signed(head.size))
            .bind(head.root.as_bytes().as_slice())
            .bind(&head.note)
            .bind(hour(now))
            .execute(&mut *tx)
            .await?;
        let other: Option<String> = sqlx::query_scalar(OTHER)
            .bind(&head.origin)
            .bind(signed(head.size))
            .bind(head.root.as_bytes().as_slice())
            .fetch_optional(&mut *tx)
            .await?;
        if let Some(earlier) = &other {
            let (origin, later) = (head.origin.clone(), head.note.clone());
            let of = Break { origin, kind: BreakKind::Forked, earlier: earlier.clone(), later };
            write_break(&mut tx, &of, now).await?;
        }
        tx.commit().await?;
        Ok(other.is_none())
    }

    /// Every head of this log that the next one has to grow out of, the smallest first.
    pub(in crate::forum) async fn heads(&self, origin: &str) -> Result<Vec<Seen>, StoreError> {
        let rows: Vec<HeadRow> = sqlx::query_as(HEADS).bind(origin).fetch_all(&self.readers).await?;
        Ok(rows.into_iter().filter_map(HeadRow::seen).collect())
    }

    /// The logs of which a head was seen.
    pub(in crate::forum) async fn log_origins(&self) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar(ORIGINS).fetch_all(&self.readers).await?)
    }

    /// Whether heads wait for the next check.
    pub(in crate::forum) async fn heads_wait(&self) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar(WAIT).fetch_one(&self.readers).await?)
    }

    /// The head of each log that held at its last check.
    pub(in crate::forum) async fn checked_heads(&self) -> Result<Vec<Seen>, StoreError> {
        let rows: Vec<HeadRow> = sqlx::query_as(CHECKED).fetch_all(&self.readers).await?;
        Ok(rows.into_iter().filter_map(HeadRow::seen).collect())
    }

    /// Where the registry says that this log has ended.
    pub(in crate::forum) async fn log_end(&self, origin: &str) -> Result<Option<End>, StoreError> {
        let row: Option<(i64, Vec<u8>)> = sqlx::query_as(END).bind(origin).fetch_optional(&self.readers).await?;
        Ok(row.and_then(|(size, root)| {
            Some(End { origin: origin.to_owned(), size: u64::try_from(size).ok()?, root: hash(&root)? })
        }))
    }

    /// Notes that the registry was read to this head, and what it says.
    pub(in crate::forum) async fn registry_held(&self, head: &Head, news: &News, now: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        keys::learn(&mut tx, &news.keys).await?;
        for end in &news.ends {
            let (size, root) = (signed(end.size), end.root.as_bytes().as_slice());
            sqlx::query(KEEP_END).bind(&end.origin).bind(size).bind(root).execute(&mut *tx).await?;
        }
        keep_checked(&mut tx, head, now).await?;
        Ok(tx.commit().await?)
    }

    /// Notes that these heads are the past of this one, and forgets those that are not it.
    pub(in crate::forum) async fn year_held(&self, head: &Head, past: &[Head], now: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        forget(&mut tx, past).await?;
        keep_checked(&mut tx, head, now).await?;
        Ok(tx.commit().await?)
    }

    /// Notes that these heads are the past of a log that has ended: nothing more is to be seen of it.
    pub(in crate::forum) async fn year_ended(&self, origin: &str, past: &[Head]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        forget(&mut tx, past).await?;
        sqlx::query(FORGET_CHECKED).bind(origin).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// Keeps the evidence that the log is not one. From now on nobody signs in.
    pub(in crate::forum) async fn log_broke(&self, of: &Break, now: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        write_break(&mut tx, of, now).await?;
        Ok(tx.commit().await?)
    }

    pub(in crate::forum) async fn log_is_broken(&self) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar(IS_BROKEN).fetch_one(&self.readers).await?)
    }

    /// What was found, the latest first.
    pub(in crate::forum) async fn log_breaks(&self) -> Result<Vec<Found>, StoreError> {
        let rows: Vec<BreakRow> = sqlx::query_as(BREAKS).fetch_all(&self.readers).await?;
        Ok(rows.into_iter().map(Found::from).collect())
    }

    pub(in crate::forum) async fn log_break(&self, id: i64) -> Result<Option<Found>, StoreError> {
        let row: Option<BreakRow> = sqlx::query_as(BREAK).bind(id).fetch_optional(&self.readers).await?;
        Ok(row.map(Found::from))
    }

    /// Goes on with the logs as they are from now on: what was seen of those that broke is no longer held against them. The
    /// evidence stays.
    pub(in crate::forum) async fn accept_log(&self, now: i64) -> Result<Vec<Found>, StoreError> {
        let mut tx = self.begin().await?;
        let open: Vec<BreakRow> = sqlx::query_as(ACCEPT).bind(minute(now)).fetch_all(&mut *tx).await?;
        for row in &open {
            for forget in [FORGET_HEADS, FORGET_CHECKED, FORGET_END] {
                sqlx::query(forget).bind(&row.origin).execute(&mut *tx).await?;
            }
        }
        tx.commit().await?;
        Ok(open.into_iter().map(Found::from).collect())
    }

    pub(in crate::forum) async fn log_state(&self) -> Result<State, StoreError> {
        Ok(sqlx::query_as(STATE).fetch_one(&self.readers).await?)
    }

    /// Notes a check: that everything held, or what kept it from being seen.
    pub(in crate::forum) async fn log_tried(&self, trouble: Option<&str>, now: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(TRIED).bind(now).bind(trouble).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }
}

/// The columns of a head.
#[derive(FromRow)]
struct HeadRow {
    origin: String,
    size: i64,
    root: Vec<u8>,
    note: String,
    at: i64,
}

impl HeadRow {
    fn seen(self) -> Option<Seen> {
        let (size, root) = (u64::try_from(self.size).ok()?, hash(&self.root)?);
        Some(Seen { head: Head { origin: self.origin, size, root, note: self.note }, at: self.at })
    }
}

/// The columns of `log_breaks`.
#[derive(FromRow)]
struct BreakRow {
    id: i64,
    found_at: i64,
    origin: String,
    kind: String,
    earlier: String,
    later: String,
    accepted_at: Option<i64>,
}

impl From<BreakRow> for Found {
    fn from(row: BreakRow) -> Self {
        // The schema holds it to these words.
        let kind = BreakKind::ALL.into_iter().find(|kind| kind.as_str() == row.kind).unwrap_or(BreakKind::Forked);
        let of = Break { origin: row.origin, kind, earlier: row.earlier, later: row.later };
        Self { id: row.id, at: row.found_at, of, accepted_at: row.accepted_at }
    }
}

async fn write_break(tx: &mut Transaction<'static, Sqlite>, of: &Break, now: i64) -> Result<(), StoreError> {
    sqlx::query(WRITE_BREAK)
        .bind(minute(now))
        .bind(&of.origin)
        .bind(of.kind.as_str())
        .bind(&of.earlier)
        .bind(&of.later)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn keep_checked(tx: &mut Transaction<'static, Sqlite>, head: &Head, now: i64) -> Result<(), StoreError> {
    sqlx::query(KEEP_CHECKED)
        .bind(&head.origin)
        .bind(signed(head.size))
        .bind(head.root.as_bytes().as_slice())
        .bind(&head.note)
        .bind(now)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn forget(tx: &mut Transaction<'static, Sqlite>, heads: &[Head]) -> Result<(), StoreError> {
    for head in heads {
        let (size, root) = (signed(head.size), head.root.as_bytes().as_slice());
        sqlx::query(FORGET_HEAD).bind(&head.origin).bind(size).bind(root).execute(&mut **tx).await?;
    }
    Ok(())
}

/// Sizes are at most 2⁶².
fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn hash(bytes: &[u8]) -> Option<Hash> {
    bytes.try_into().ok().map(Hash::from_bytes)
}

const fn hour(now: i64) -> i64 {
    now - now.rem_euclid(HOUR)
}

const SEE: &str = "INSERT INTO log_heads (origin, size, root, note, seen_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING";
const OTHER: &str = "SELECT note FROM log_heads WHERE origin = $1 AND size = $2 AND root <> $3
    UNION ALL SELECT note FROM log_checked WHERE origin = $1 AND size = $2 AND root <> $3";
const HEADS: &str = "SELECT origin, size, root, note, seen_at AS at FROM log_heads WHERE origin = $1
    UNION ALL SELECT origin, size, root, note, checked_at AS at FROM log_checked WHERE origin = $1 ORDER BY size, at";
const ORIGINS: &str = "SELECT origin FROM log_heads UNION SELECT origin FROM log_checked";
const CHECKED: &str = "SELECT origin, size, root, note, checked_at AS at FROM log_checked ORDER BY origin";
const END: &str = "SELECT size, root FROM log_ends WHERE origin = $1";
const KEEP_END: &str = "INSERT INTO log_ends (origin, size, root) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
const KEEP_CHECKED: &str = "INSERT INTO log_checked (origin, size, root, note, checked_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (origin) DO UPDATE SET size = excluded.size, root = excluded.root, note = excluded.note,
        checked_at = excluded.checked_at WHERE log_checked.size <= excluded.size";
const FORGET_HEAD: &str = "DELETE FROM log_heads WHERE origin = $1 AND size = $2 AND root = $3";
const FORGET_HEADS: &str = "DELETE FROM log_heads WHERE origin = $1";
const FORGET_CHECKED: &str = "DELETE FROM log_checked WHERE origin = $1";
const FORGET_END: &str = "DELETE FROM log_ends WHERE origin = $1";
const WRITE_BREAK: &str = "INSERT INTO log_breaks (found_at, origin, kind, earlier, later) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (earlier, later) DO UPDATE SET found_at = excluded.found_at, accepted_at = NULL";
const IS_BROKEN: &str = "SELECT EXISTS (SELECT 1 FROM log_breaks WHERE accepted_at IS NULL)";
const BREAKS: &str = "SELECT * FROM log_breaks ORDER BY id DESC LIMIT 20";
const BREAK: &str = "SELECT * FROM log_breaks WHERE id = $1";
const ACCEPT: &str = "UPDATE log_breaks SET accepted_at = $1 WHERE accepted_at IS NULL RETURNING *";
const STATE: &str = "SELECT began_at, tried_at, held_at, trouble, missing FROM log_state";
const WAIT: &str = "SELECT EXISTS (SELECT 1 FROM log_heads)";
const TRIED: &str = "UPDATE log_state SET began_at = coalesce(began_at, $1), tried_at = $1, trouble = $2,
    held_at = CASE WHEN $2 IS NULL THEN $1 ELSE held_at END";
