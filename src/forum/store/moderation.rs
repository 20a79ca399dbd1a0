//! Reports, sanctions, and the trail of what moderators did.
//!
//! A sanction is tied to a hash of the `sub`, which never changes for the same person in this forum: another display name,
//! or leaving and coming back, does not shake it off.

use sqlx::{FromRow, Sqlite, Transaction};

use super::{Store, StoreError, digest};
use crate::forum::ambient::minute;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::forum) enum SanctionKind {
    /// May read and sign in, not write.
    Mute,
    /// May neither write nor see what members see.
    Ban,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::forum) struct Sanction {
    pub(in crate::forum) kind: SanctionKind,
    /// For ever when absent.
    pub(in crate::forum) until: Option<i64>,
    pub(in crate::forum) reason: String,
}

#[derive(Clone, Debug, FromRow)]
pub(in crate::forum) struct Report {
    pub(in crate::forum) id: i64,
    pub(in crate::forum) post: i64,
    pub(in crate::forum) title: String,
    pub(in crate::forum) body: String,
    pub(in crate::forum) author: Option<i64>,
    pub(in crate::forum) reason: String,
    pub(in crate::forum) at: i64,
}

/// A report by the member who reads it.
#[derive(Clone, Debug, FromRow)]
pub(in crate::forum) struct Reported {
    pub(in crate::forum) post: i64,
    pub(in crate::forum) reason: String,
}

#[derive(Clone, Debug, FromRow)]
pub(in crate::forum) struct AuditLine {
    pub(in crate::forum) at: i64,
    pub(in crate::forum) actor: Option<i64>,
    pub(in crate::forum) action: String,
    /// What it was done to: `post:12`, `topic:3`, `member:5`.
    pub(in crate::forum) target: String,
    pub(in crate::forum) reason: String,
}

/// What a moderator does to a message or a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::forum) enum Measure {
    HidePost,
    ShowPost,
    CloseTopic,
    OpenTopic,
    HideTopic,
    ShowTopic,
}

impl SanctionKind {
    pub(in crate::forum) const fn as_str(self) -> &'static str {
        match self {
            Self::Mute => "mute",
            Self::Ban => "ban",
        }
    }
}

impl Measure {
    pub(in crate::forum) const fn as_str(self) -> &'static str {
        match self {
            Self::HidePost => "hide-post",
            Self::ShowPost => "show-post",
            Self::CloseTopic => "close-topic",
            Self::OpenTopic => "open-topic",
            Self::HideTopic => "hide-topic",
            Self::ShowTopic => "show-topic",
        }
    }

    const fn statement(self) -> &'static str {
        match self {
            Self::HidePost => "UPDATE posts SET hidden_at = $1 WHERE id = $2 AND hidden_at IS NULL",
            Self::ShowPost => "UPDATE posts SET hidden_at = NULL WHERE id = $2 AND $1 > 0",
            Self::CloseTopic => "UPDATE topics SET closed_at = $1 WHERE id = $2 AND closed_at IS NULL",
            Self::OpenTopic => "UPDATE topics SET closed_at = NULL WHERE id = $2 AND $1 > 0",
            Self::HideTopic => "UPDATE topics SET hidden_at = $1 WHERE id = $2 AND hidden_at IS NULL",
            Self::ShowTopic => "UPDATE topics SET hidden_at = NULL WHERE id = $2 AND $1 > 0",
        }
    }

    const fn target(self) -> &'static str {
        match self {
            Self::HidePost | Self::ShowPost => "post",
            _ => "topic",
        }
    }
}

impl Store {
    /// The sanction that holds for this `sub` now.
    pub(in crate::forum) async fn sanction(&self, sub: &str, now: i64) -> Result<Option<Sanction>, StoreError> {
        let row: Option<(String, Option<i64>, String)> =
            sqlx::query_as(SANCTION).bind(subject(sub)).bind(now).fetch_optional(&self.readers).await?;
        Ok(row.map(|(kind, until, reason)| Sanction {
            kind: if kind == "ban" { SanctionKind::Ban } else { SanctionKind::Mute },
            until,
            reason,
        }))
    }

    /// Mutes or bans. The session stays: also who is banned may read what the forum keeps of them, and leave.
    pub(in crate::forum) async fn punish(
        &self,
        actor: i64,
        member: i64,
        sub: &str,
        sanction: &Sanction,
        now: i64,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(PUNISH)
            .bind(subject(sub))
            .bind(sanction.kind.as_str())
            .bind(sanction.until)
            .bind(&sanction.reason)
            .bind(minute(now))
            .execute(&mut *tx)
            .await?;
        trail(&mut tx, now, actor, sanction.kind.as_str(), &format!("member:{member}"), &sanction.reason).await?;
        Ok(tx.commit().await?)
    }

    pub(in crate::forum) async fn pardon(
        &self,
        actor: i64,
        member: i64,
        sub: &str,
        reason: &str,
        now: i64,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        if sqlx::query(PARDON).bind(subject(sub)).execute(&mut *tx).await?.rows_affected() == 1 {
            trail(&mut tx, now, actor, "pardon", &format!("member:{member}"), reason).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Applies a measure and settles the reports about a hidden message.
    pub(in crate::forum) async fn apply(
        &self,
        actor: i64,
        measure: Measure,
        id: i64,
        reason: &str,
        now: i64,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(measure.statement()).bind(minute(now)).bind(id).execute(&mut *tx).await?.rows_affected();
        if measure == Measure::HidePost {
            sqlx::query(SETTLE_POST).bind(minute(now)).bind(id).execute(&mut *tx).await?;
        }
        if done == 1 {
            trail(&mut tx, now, actor, measure.as_str(), &format!("{}:{id}", measure.target()), reason).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Reports a message, once per member.
    pub(in crate::forum) async fn report(&self, post: i64, by: i64, reason: &str, now: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(REPORT).bind(post).bind(by).bind(reason).bind(minute(now)).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// Leaves a reported message as it is.
    pub(in crate::forum) async fn settle(&self, actor: i64, report: i64, now: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        if sqlx::query(SETTLE).bind(minute(now)).bind(report).execute(&mut *tx).await?.rows_affected() == 1 {
            trail(&mut tx, now, actor, "settle", &format!("report:{report}"), "").await?;
        }
        Ok(tx.commit().await?)
    }

    pub(in crate::forum) async fn open_reports(&self) -> Result<Vec<Report>, StoreError> {
        Ok(sqlx::query_as(OPEN_REPORTS).bind(MAX_LINES).fetch_all(&self.readers).await?)
    }

    /// What a member has reported.
    pub(in crate::forum) async fn reported_by(&self, member: i64) -> Result<Vec<Reported>, StoreError> {
        Ok(sqlx::query_as(REPORTED_BY).bind(member).fetch_all(&self.readers).await?)
    }

    pub(in crate::forum) async fn count_open_reports(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar(COUNT_OPEN_REPORTS).fetch_one(&self.readers).await?)
    }

    /// What moderators did, the latest first.
    pub(in crate::forum) async fn trail(&self) -> Result<Vec<AuditLine>, StoreError> {
        Ok(sqlx::query_as(TRAIL).bind(MAX_LINES).fetch_all(&self.readers).await?)
    }

    /// What moderators did to one member.
    pub(in crate::forum) async fn trail_of(&self, member: i64) -> Result<Vec<AuditLine>, StoreError> {
        let target = format!("member:{member}");
        Ok(sqlx::query_as(TRAIL_OF).bind(target).bind(MAX_LINES).fetch_all(&self.readers).await?)
    }
}

async fn trail(
    tx: &mut Transaction<'_, Sqlite>,
    at: i64,
    actor: i64,
    action: &str,
    target: &str,
    reason: &str,
) -> Result<(), StoreError> {
    sqlx::query(INSERT_TRAIL)
        .bind(minute(at))
        .bind(actor)
        .bind(action)
        .bind(target)
        .bind(reason)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

fn subject(sub: &str) -> Vec<u8> {
    digest("sanction", &[sub.as_bytes()])
}

const MAX_LINES: i64 = 200;

const SANCTION: &str = "SELECT kind, until, reason FROM sanctions WHERE subject = $1 AND (until IS NULL OR until > $2)";
const PUNISH: &str = "INSERT INTO sanctions (subject, kind, until, reason, at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (subject) DO UPDATE SET kind = excluded.kind, until = excluded.until, reason = excluded.reason,
        at = excluded.at";
const PARDON: &str = "DELETE FROM sanctions WHERE subject = $1";
const REPORT: &str = "INSERT INTO reports (post, reporter, reason, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
const SETTLE: &str = "UPDATE reports SET settled_at = $1 WHERE id = $2 AND settled_at IS NULL";
const SETTLE_POST: &str = "UPDATE reports SET settled_at = $1 WHERE post = $2 AND settled_at IS NULL";
const OPEN_REPORTS: &str = "SELECT r.id, r.post, t.title, p.body, p.author, r.reason, r.at
    FROM reports r JOIN posts p ON p.id = r.post JOIN topics t ON t.id = p.topic
    WHERE r.settled_at IS NULL ORDER BY r.at LIMIT $1";
const REPORTED_BY: &str = "SELECT post, reason FROM reports WHERE reporter = $1 ORDER BY id";
const COUNT_OPEN_REPORTS: &str = "SELECT COUNT(*) FROM reports WHERE settled_at IS NULL";
const INSERT_TRAIL: &str = "INSERT INTO audit (at, actor, action, target, reason) VALUES ($1, $2, $3, $4, $5)";
const TRAIL: &str = "SELECT at, actor, action, target, reason FROM audit ORDER BY id DESC LIMIT $1";
const TRAIL_OF: &str =
    "SELECT at, actor, action, target, reason FROM audit WHERE target = $1 ORDER BY id DESC LIMIT $2";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forum::{
        claims::Qualities,
        store::tests::{member, store},
    };

    fn ban() -> Sanction {
        Sanction { kind: SanctionKind::Ban, until: None, reason: "insults".into() }
    }

    #[tokio::test]
    async fn a_ban_survives_a_new_name_and_leaving_and_coming_back() {
        let (store, _directory) = store().await;
        let (judge, me) = (member(&store, "judge").await, member(&store, "me").await);
        store.punish(judge, me, "me", &ban(), 1).await.unwrap();
        store.welcome("me", &Qualities { name: "Another".into(), ..Qualities::default() }, 2).await.unwrap();
        assert_eq!(store.sanction("me", 3).await.unwrap(), Some(ban()));
        store.leave(me).await.unwrap();
        member(&store, "me").await;
        assert_eq!(store.sanction("me", i64::MAX).await.unwrap(), Some(ban()));
        assert_eq!(store.sanction("somebody else", 3).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_mute_ends_at_its_time_and_a_pardon_ends_a_ban() {
        let (store, _directory) = store().await;
        let (judge, me) = (member(&store, "judge").await, member(&store, "me").await);
        let mute = Sanction { kind: SanctionKind::Mute, until: Some(10), reason: "calm down".into() };
        store.punish(judge, me, "me", &mute, 1).await.unwrap();
        assert!(store.sanction("me", 9).await.unwrap().is_some());
        assert!(store.sanction("me", 10).await.unwrap().is_none());
        store.punish(judge, me, "me", &ban(), 11).await.unwrap();
        store.pardon(judge, me, "me", "appeal", 12).await.unwrap();
        assert!(store.sanction("me", 13).await.unwrap().is_none());
        let done: Vec<_> = store.trail_of(me).await.unwrap().into_iter().map(|line| line.action).collect();
        assert_eq!(done, ["pardon", "ban", "mute"]);
    }
}
