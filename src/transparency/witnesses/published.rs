//! What was published, as copies of the logs still show it: a head that this installation has signed, and its database does not
//! hold, is the mark of a backup that was restored.

use futures_util::future::join_all;

use super::{Mirror, Witnesses};
use crate::{domain::log::LogName, store::StoreError, transparency::fault::Divergence, wire::tlog::SignedCheckpoint};

impl Witnesses {
    /// Asks every copy for the heads of all logs, also of those that the database does not have.
    pub(super) async fn compare_published(&self) -> Result<(), StoreError> {
        if self.0.mirrors.is_empty() {
            return Ok(());
        }
        let logs = self.0.logs.shown().await?;
        let asked = self.0.mirrors.iter().flat_map(|mirror| {
            logs.iter().map(move |(log, _)| async move {
                (mirror, *log, self.0.client.checkpoint(mirror.checkpoint(*log)).await)
            })
        });
        for (mirror, log, shown) in join_all(asked).await {
            match shown {
                Ok(None) => {}
                Ok(Some(head)) => self.compare_head(mirror, log, &head).await?,
                Err(unanswered) => {
                    let (mirror, trouble) = (mirror.name(), unanswered.to_string());
                    tracing::warn!(%log, mirror, trouble, "a copy of the logs could not be asked what it shows");
                }
            }
        }
        Ok(())
    }

    async fn compare_head(&self, mirror: &Mirror, log: LogName, head: &SignedCheckpoint) -> Result<(), StoreError> {
        // Only what we have signed says anything about us: a copy can stop nothing by inventing a head.
        let logs = &self.0.logs;
        let Ok(published) = head.verify(&logs.origin(log), &logs.keys(log)).cloned() else {
            let mirror = mirror.name();
            tracing::warn!(%log, mirror, "a copy of the logs shows a head that none of our keys has signed");
            return Ok(());
        };
        let (size, mirror) = (published.size(), mirror.name().to_owned());
        // Another node may have been faster than the first look at the heads.
        let database = logs.head(log).await?.map_or(0, |head| head.size);
        if database < size {
            self.close(&Divergence::Published { log, database, published: size, mirror });
        } else if size > 0 && logs.root_at(log, size).await? != Some(published.root()) {
            self.close(&Divergence::PublishedOther { log, size, mirror });
        }
        Ok(())
    }
}
