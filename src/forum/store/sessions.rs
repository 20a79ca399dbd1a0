//! Sign-ins under way and sessions. Only hashes of what a browser holds are kept, and of a session only days: of who goes
//! from one forum to the next, both would otherwise know the minute.

use sqlx::FromRow;

use super::{Member, Store, StoreError, digest, members::MemberRow};
use crate::forum::{
    ambient::{DAY, MINUTE, day, minute},
    oidc::SignedOut,
};

/// A sign-in that has left for the provider.
#[derive(Clone, FromRow)]
pub(in crate::forum) struct Pending {
    pub(in crate::forum) nonce: String,
    pub(in crate::forum) verifier: String,
    /// The path of this forum to go to afterwards.
    pub(in crate::forum) goal: String,
}

impl Store {
    /// Remembers a sign-in for as long as a person may take at the provider.
    pub(in crate::forum) async fn begin_sign_in(
        &self,
        state: &str,
        browser: &str,
        pending: &Pending,
        now: i64,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(PURGE_SIGN_INS).bind(now).bind(MAX_SIGN_INS).execute(&mut *tx).await?;
        sqlx::query(INSERT_SIGN_IN)
            .bind(digest("state", &[state.as_bytes()]))
            .bind(digest("browser", &[browser.as_bytes()]))
            .bind(&pending.nonce)
            .bind(&pending.verifier)
            .bind(&pending.goal)
            .bind(minute(now) + SIGN_IN_LIFE)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Takes a sign-in away: the second answer with the same `state`, or one in another browser, finds none.
    pub(in crate::forum) async fn take_sign_in(
        &self,
        state: &str,
        browser: &str,
        now: i64,
    ) -> Result<Option<Pending>, StoreError> {
        let mut tx = self.begin().await?;
        let pending = sqlx::query_as(TAKE_SIGN_IN)
            .bind(digest("state", &[state.as_bytes()]))
            .bind(digest("browser", &[browser.as_bytes()]))
            .bind(now)
            .fetch_optional(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(pending)
    }

    /// Opens a session and closes the one the browser held before. `sid` is what the provider calls its own.
    pub(in crate::forum) async fn begin_session(
        &self,
        token: &str,
        previous: Option<&str>,
        member: i64,
        sid: Option<&str>,
        now: i64,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(PURGE_SESSIONS).bind(now).bind(day(now) - SESSION_IDLE).execute(&mut *tx).await?;
        if let Some(previous) = previous {
            sqlx::query(END_SESSION).bind(digest("session", &[previous.as_bytes()])).execute(&mut *tx).await?;
        }
        sqlx::query(INSERT_SESSION)
            .bind(digest("session", &[token.as_bytes()]))
            .bind(member)
            .bind(day(now))
            .bind(day(now) + SESSION_LIFE)
            .bind(sid.map(hash_of_sid))
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Who holds this session, if it lives.
    pub(in crate::forum) async fn session(&self, token: &str, now: i64) -> Result<Option<Member>, StoreError> {
        let hash = digest("session", &[token.as_bytes()]);
        let row: Option<SessionRow> = sqlx::query_as(SESSION)
            .bind(&hash)
            .bind(now)
            .bind(day(now) - SESSION_IDLE)
            .fetch_optional(&self.readers)
            .await?;
        let Some(row) = row else { return Ok(None) };
        // Not needed to answer: on a full disk members read on.
        if row.seen_at < day(now)
            && let Err(error) = self.see_session(&hash, now).await
        {
            tracing::warn!(%error, "the use of a session was not noted");
        }
        row.member.try_into().map(Some)
    }

    async fn see_session(&self, hash: &[u8], now: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(SEE_SESSION).bind(day(now)).bind(hash).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// Ends the sessions that a logout token speaks of, and says how many there were; `None` when the token was used before.
    pub(in crate::forum) async fn sign_out(&self, of: &SignedOut, now: i64) -> Result<Option<u64>, StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(PURGE_LOGOUT_TOKENS).bind(now).execute(&mut *tx).await?;
        let first = sqlx::query(USE_LOGOUT_TOKEN)
            .bind(digest("logout token", &[of.jti.as_bytes()]))
            .bind(minute(of.ends_at) + MINUTE)
            .execute(&mut *tx)
            .await?;
        if first.rows_affected() == 0 {
            return Ok(None);
        }
        let ended = match (&of.sid, &of.sub) {
            (Some(sid), Some(sub)) => sqlx::query(END_OF_BOTH).bind(hash_of_sid(sid)).bind(sub.clone()),
            (Some(sid), None) => sqlx::query(END_OF_SID).bind(hash_of_sid(sid)),
            (None, sub) => sqlx::query(END_OF_SUB).bind(sub.clone()),
        };
        let ended = ended.execute(&mut *tx).await?.rows_affected();
        tx.commit().await?;
        Ok(Some(ended))
    }

    pub(in crate::forum) async fn end_session(&self, token: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(END_SESSION).bind(digest("session", &[token.as_bytes()])).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }
}

/// A `sid` is random and of this forum alone; kept is no more than what tells it again.
fn hash_of_sid(sid: &str) -> Vec<u8> {
    digest("sid", &[sid.as_bytes()])
}

#[derive(FromRow)]
struct SessionRow {
    seen_at: i64,
    #[sqlx(flatten)]
    member: MemberRow,
}

/// How long a person may take at the provider.
const SIGN_IN_LIFE: i64 = 30 * MINUTE;
/// Above this many, the oldest go first: anybody can begin a sign-in.
const MAX_SIGN_INS: i64 = 10_000;
/// A session ends when it was used neither this day nor the one before.
const SESSION_IDLE: i64 = DAY;
/// With the day on which it began.
const SESSION_LIFE: i64 = 7 * DAY;

const PURGE_SIGN_INS: &str = "DELETE FROM sign_ins WHERE ends_at <= $1 OR state IN
    (SELECT state FROM sign_ins ORDER BY ends_at DESC LIMIT -1 OFFSET $2)";
const INSERT_SIGN_IN: &str =
    "INSERT INTO sign_ins (state, browser, nonce, verifier, goal, ends_at) VALUES ($1, $2, $3, $4, $5, $6)";
const TAKE_SIGN_IN: &str = "DELETE FROM sign_ins WHERE state = $1 AND browser = $2 AND ends_at > $3
    RETURNING nonce, verifier, goal";
const PURGE_SESSIONS: &str = "DELETE FROM sessions WHERE ends_at <= $1 OR seen_at < $2";
const INSERT_SESSION: &str = "INSERT INTO sessions (hash, member, seen_at, ends_at, sid) VALUES ($1, $2, $3, $4, $5)";
const SESSION: &str = "SELECT s.seen_at, m.* FROM sessions s JOIN members m ON m.id = s.member
    WHERE s.hash = $1 AND s.ends_at > $2 AND s.seen_at >= $3";
const SEE_SESSION: &str = "UPDATE sessions SET seen_at = $1 WHERE hash = $2";
const END_SESSION: &str = "DELETE FROM sessions WHERE hash = $1";
const END_OF_SID: &str = "DELETE FROM sessions WHERE sid = $1";
const END_OF_SUB: &str = "DELETE FROM sessions WHERE member IN (SELECT id FROM members WHERE sub = $1)";
const END_OF_BOTH: &str = "DELETE FROM sessions WHERE sid = $1 AND member IN (SELECT id FROM members WHERE sub = $2)";
const PURGE_LOGOUT_TOKENS: &str = "DELETE FROM logout_tokens WHERE ends_at <= $1";
const USE_LOGOUT_TOKEN: &str = "INSERT INTO logout_tokens (jti, ends_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forum::store::tests::{member, store};

    fn pending() -> Pending {
        Pending { nonce: "n".into(), verifier: "v".into(), goal: "/".into() }
    }

    #[tokio::test]
    async fn a_sign_in_is_taken_once_in_its_own_browser_and_in_time() {
        let (store, _directory) = store().await;
        store.begin_sign_in("s", "b", &pending(), 0).await.unwrap();
        assert!(store.take_sign_in("s", "other browser", 1).await.unwrap().is_none());
        assert!(store.take_sign_in("s", "b", SIGN_IN_LIFE).await.unwrap().is_none());
        assert!(store.take_sign_in("s", "b", SIGN_IN_LIFE - 1).await.unwrap().is_some());
        assert!(store.take_sign_in("s", "b", 1).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn fifty_answers_with_one_state_open_one_session() {
        let (store, _directory) = store().await;
        store.begin_sign_in("s", "b", &pending(), 0).await.unwrap();
        let tries: Vec<_> = (0..50)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { store.take_sign_in("s", "b", 1).await.unwrap().is_some() })
            })
            .collect();
        let mut taken = 0;
        for attempt in tries {
            taken += usize::from(attempt.await.unwrap());
        }
        assert_eq!(taken, 1);
    }

    #[tokio::test]
    async fn a_session_ends_idle_and_at_its_absolute_end() {
        let (store, _directory) = store().await;
        let id = member(&store, "a").await;
        store.begin_session("t", None, id, None, 0).await.unwrap();
        assert!(store.session("t", 2 * DAY - 1).await.unwrap().is_some());
        assert!(store.session("t", 4 * DAY - 1).await.unwrap().is_none(), "a day has passed without it");
        store.begin_session("u", None, id, None, 0).await.unwrap();
        let mut now = 0;
        while now + SESSION_IDLE / 2 < SESSION_LIFE {
            now += SESSION_IDLE / 2;
            assert_eq!(store.session("u", now).await.unwrap().is_some(), now < SESSION_LIFE);
        }
        assert!(store.session("u", SESSION_LIFE).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn signing_in_again_ends_the_session_the_browser_had() {
        let (store, _directory) = store().await;
        let id = member(&store, "a").await;
        store.begin_session("old", None, id, None, 0).await.unwrap();
        store.begin_session("new", Some("old"), id, None, 1).await.unwrap();
        assert!(store.session("old", 2).await.unwrap().is_none());
        assert!(store.session("new", 2).await.unwrap().is_some());
    }
}
