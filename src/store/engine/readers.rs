//! The connections that read from SQLite: a few, opened when they are first needed, and lent out one at a time.
//!
//! Not the pool of sqlx: that asks every connection for a sign of life when it comes back, which for a file in the same
//! process tells nothing and takes as long as the read itself. What can be wrong with a connection is that a read on it was
//! abandoned half-way; such a one is not lent out again.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::store::StoreError;

const READERS: u32 = 8;
/// How long a caller waits for a connection before it is told that there is none.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub(super) struct Readers(Arc<Inner>);

struct Inner {
    options: SqliteConnectOptions,
    idle: Mutex<Vec<SqliteConnection>>,
    places: Arc<Semaphore>,
}

/// A connection on loan. Dropped without [`Reader::give_back`], it is closed.
pub(in crate::store) struct Reader {
    pub(super) connection: SqliteConnection,
    home: Arc<Inner>,
    place: OwnedSemaphorePermit,
}

impl Readers {
    /// With the first connection open, so that a file that cannot be read is noticed at the start.
    pub(super) async fn open(options: SqliteConnectOptions) -> Result<Self, sqlx::Error> {
        let first = SqliteConnection::connect_with(&options).await?;
        let places = Arc::new(Semaphore::new(READERS as usize));
        Ok(Self(Arc::new(Inner { options, idle: Mutex::new(vec![first]), places })))
    }

    pub(super) async fn lend(&self) -> Result<Reader, StoreError> {
        let places = Arc::clone(&self.0.places);
        let place = match Arc::clone(&places).try_acquire_owned() {
            Ok(place) => place,
            Err(_) => tokio::time::timeout(PATIENCE, places.acquire_owned())
                .await
                .map_err(|_| StoreError::Unavailable("no connection became free in time"))?
                .map_err(|_| StoreError::Unavailable("shutting down"))?,
        };
        let idle = self.0.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => SqliteConnection::connect_with(&self.0.options).await?,
        };
        Ok(Reader { connection, home: Arc::clone(&self.0), place })
    }

    /// Waits for what is on loan, and closes everything; nothing is lent afterwards.
    pub(super) async fn close(&self) {
        let all = self.0.places.acquire_many(READERS).await;
        self.0.places.close();
        drop(all);
        let idle = std::mem::take(&mut *self.0.idle());
        for connection in idle {
            let _ = connection.close().await;
        }
    }
}

impl Inner {
    fn idle(&self) -> MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    /// Every read that was begun on it has come to its end: it may be lent again.
    pub(super) fn give_back(self) {
        let Self { connection, home, place } = self;
        home.idle().push(connection);
        drop(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn readers() -> (Readers, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new().filename(directory.path().join("a.db")).create_if_missing(true);
        (Readers::open(options).await.unwrap(), directory)
    }

    #[tokio::test]
    async fn a_connection_that_came_back_is_lent_again_and_one_that_was_left_is_not() {
        let (readers, _directory) = readers().await;
        readers.lend().await.unwrap().give_back();
        assert_eq!(readers.0.idle().len(), 1, "the first one serves again and again");
        drop(readers.lend().await.unwrap());
        assert_eq!(readers.0.idle().len(), 0);
        readers.lend().await.unwrap().give_back();
        assert_eq!(readers.0.idle().len(), 1, "another takes its place");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_finds_all_on_loan_waits_and_is_told_when_none_comes_back() {
        let (readers, _directory) = readers().await;
        let mut lent = Vec::new();
        for _ in 0..READERS {
            lent.push(readers.lend().await.unwrap());
        }
        assert!(matches!(readers.lend().await, Err(StoreError::Unavailable(_))));
        let waiting = tokio::spawn({
            let readers = readers.clone();
            async move { readers.lend().await.map(Reader::give_back) }
        });
        tokio::task::yield_now().await;
        lent.pop().unwrap().give_back();
        waiting.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn closing_waits_for_what_is_on_loan_and_lends_nothing_more() {
        let (readers, _directory) = readers().await;
        let lent = readers.lend().await.unwrap();
        let closing = tokio::spawn({
            let readers = readers.clone();
            async move { readers.close().await }
        });
        tokio::task::yield_now().await;
        assert!(!closing.is_finished());
        lent.give_back();
        closing.await.unwrap();
        assert!(matches!(readers.lend().await, Err(StoreError::Unavailable(_))));
        assert_eq!(readers.0.idle().len(), 0);
    }
}
