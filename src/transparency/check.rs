//! Whether the logs in the database are the ones that this service signed: compared with a file outside the database that
//! remembers the last heads, and with themselves. What does not go together makes the logs read-only.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use super::{
    Standing,
    fault::{Divergence, Fault},
    memory::{self, Remembered},
    seal::Seal,
    tree::{self, Tree},
    whole,
};
use crate::{
    domain::ambient::Timestamp,
    store::{
        Tx,
        log::{self, Head},
    },
};

/// What is compared, and what came of it.
pub(super) struct Check {
    pub(super) seal: Seal,
    pub(super) file: PathBuf,
    standing: RwLock<Standing>,
    /// What the file was last made to say.
    said: Mutex<String>,
}

impl Check {
    pub(super) fn new(seal: Seal, file: PathBuf) -> Self {
        Self { seal, file, standing: RwLock::new(Standing::Unchecked), said: Mutex::default() }
    }

    pub(super) fn standing(&self) -> Standing {
        self.standing.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends all appending, until a restart finds the logs in order.
    pub(super) fn close(&self, divergence: &Divergence) {
        let reason: Arc<str> = divergence.to_string().into();
        tracing::error!(target: "audit", reason = %reason, "the public logs are read-only");
        *self.standing.write().unwrap_or_else(PoisonError::into_inner) = Standing::ReadOnly(reason);
    }

    /// Whether this is another text than the one that the file was last made to say.
    pub(super) fn is_news(&self, text: &str) -> bool {
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) != text
    }

    pub(super) fn remembered(&self, text: String) {
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }

    /// What a start compares: the remembered heads, and the newest heads with the leaves and tiles of the last time.
    pub(super) async fn run(&self, tx: &mut Tx, now: Timestamp) -> Result<(), Fault> {
        for head in self.against_memory(tx).await? {
            let recent = head.size.saturating_sub(RECENT);
            self.head(tx, head, recent, now).await?;
        }
        let mut standing = self.standing.write().unwrap_or_else(PoisonError::into_inner);
        if matches!(*standing, Standing::Unchecked) {
            *standing = Standing::Open;
        }
        Ok(())
    }

    /// The heads of the database, if every remembered head is one that its log once had.
    pub(super) async fn against_memory(&self, tx: &mut Tx) -> Result<Vec<Head>, Fault> {
        // In this order: the heads of other nodes may grow in between.
        let remembered = memory::read(&self.file, &self.seal).await?;
        let heads = log::heads(tx).await?;
        for Remembered { log, size, root } in remembered {
            let file = || self.file.clone();
            let database = heads.iter().find(|head| head.log == log).map_or(0, |head| head.size);
            if database < size {
                return Err(Divergence::Shrunk { log, database, remembered: size, file: file() }.into());
            }
            if tree::root_at(tx, log, size).await? != Some(root) {
                return Err(Divergence::Forked { log, remembered: size, file: file() }.into());
            }
        }
        Ok(heads)
    }

    /// Whether a head is ours, and leaves and tiles give it; those before leaf `from` are believed.
    pub(super) async fn head(&self, tx: &mut Tx, head: Head, from: u64, now: Timestamp) -> Result<(), Fault> {
        let log = head.log;
        if !self.seal.holds(&head, now) {
            return Err(Divergence::Misstated { log }.into());
        }
        let whole = whole::go_together(tx, log, from, head.size).await?;
        Tree::load(tx, head).await?;
        if whole { Ok(()) } else { Err(Divergence::Edited { log }.into()) }
    }
}

/// Leaves that a start reads again.
const RECENT: u64 = 65_536;
