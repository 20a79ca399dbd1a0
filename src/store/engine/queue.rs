//! Work that waits for a commit which it shares with others.
//!
//! Whatever queued while the last commit ran goes into the next. There is no artificial delay: alone, a piece of work waits for its
//! own commit and nothing else.

use std::future::Future;

use futures_util::{FutureExt as _, future::BoxFuture};
use tokio::sync::{Mutex, mpsc, oneshot};

use super::Tx;
use crate::store::StoreError;

/// Pieces of work that one commit takes at the most: bounds how long the first of them waits.
pub(super) const LARGEST_GROUP: usize = 256;
/// Pieces of work that may wait; beyond that callers wait for a place.
const PLACES: usize = 4_096;

/// Where callers leave their work, and the task that does it.
pub(super) struct Queue {
    sender: mpsc::WeakSender<Box<dyn Job>>,
    open: Mutex<Option<mpsc::Sender<Box<dyn Job>>>>,
    worker: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

/// The worker's end: groups of work until the queue is closed and empty.
pub(super) struct Groups(mpsc::Receiver<Box<dyn Job>>);

impl Queue {
    /// Starts the worker, in a task of its own.
    pub(super) fn start<W: Future<Output = ()> + Send + 'static>(worker: impl FnOnce(Groups) -> W) -> Self {
        let (sender, receiver) = mpsc::channel(PLACES);
        let weak = sender.downgrade();
        let worker = tokio::spawn(worker(Groups(receiver)));
        Self { sender: weak, open: Mutex::new(Some(sender)), worker: Mutex::new(Some(worker)) }
    }

    /// Queues work and waits for its answer. The work is done also when the caller does not wait.
    pub(super) async fn run<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Clone + Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let closed = || E::from(StoreError::Unavailable("shutting down"));
        let sender = self.sender.upgrade().ok_or_else(closed)?;
        let (job, answer) = Typed::new(work);
        sender.send(Box::new(job)).await.map_err(|_| closed())?;
        drop(sender);
        answer.await.map_err(|_| closed())?
    }

    /// Takes no more work, and waits until what is queued is answered.
    pub(super) async fn close(&self) {
        self.open.lock().await.take();
        if let Some(worker) = self.worker.lock().await.take() {
            let _ = worker.await;
        }
    }
}

impl Groups {
    /// Fills `group`, which is empty; false when nothing comes any more.
    pub(super) async fn next(&mut self, group: &mut Vec<Box<dyn Job>>) -> bool {
        self.0.recv_many(group, LARGEST_GROUP).await > 0
    }
}

/// Queued work, its type erased.
pub(super) trait Job: Send {
    /// Runs inside the open transaction; whether its effects are to be kept. Leaves of what is not kept are dropped. May be called
    /// again, in another transaction.
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, bool>;
    /// Tells the caller: what the work answered, if that is an error, or what became of the commit.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

/// Work with its type.
pub(super) struct Typed<F, T, E> {
    work: F,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Typed<F, T, E> {
    pub(super) fn new(work: F) -> (Self, oneshot::Receiver<Result<T, E>>) {
        let (reply, answer) = oneshot::channel();
        (Self { work, outcome: None, reply }, answer)
    }
}

impl<F, T, E> Job for Typed<F, T, E>
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Clone + Send + Sync,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, bool> {
        Box::pin(async move {
            let work = self.work.clone();
            let logged = tx.begin_work();
            // A panic in one piece of work must not end the worker for everybody.
            let outcome = std::panic::AssertUnwindSafe(async { work(tx).await }).catch_unwind().await;
            let outcome = outcome.unwrap_or_else(|_| {
                (tx.work.wrote, tx.doubtful) = (true, true);
                Err(StoreError::Other("panicked".into()).into())
            });
            let outcome = if tx.failed { outcome.and(Err(StoreError::Aborted.into())) } else { outcome };
            let keep = outcome.is_ok();
            if !keep {
                tx.work.leaves.truncate(logged);
            }
            // What the engine wants to see again has no answer yet.
            self.outcome = (!tx.busy).then_some(outcome);
            keep
        })
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let outcome = match (committed, self.outcome) {
            (_, Some(Err(error))) => Err(error),
            (Ok(()), Some(done)) => done,
            (Ok(()), None) => Err(StoreError::Unavailable("not run").into()),
            (Err(reason), _) => Err(reason.into()),
        };
        // The caller may be gone: the work is done all the same.
        let _ = self.reply.send(outcome);
    }
}
