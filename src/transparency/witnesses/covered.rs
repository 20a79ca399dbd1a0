//! How far each log is cosigned, for whoever waits for that: what the witnesses' side tells the rest of the house.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    time,
};

use super::gathering::Cosigned;
use crate::domain::{ambient::Timestamp, log::LogName};

/// The newest cosigned heads of the logs.
#[derive(Default)]
pub(in crate::transparency) struct Covered {
    witnesses: AtomicUsize,
    quorum: AtomicUsize,
    /// Somebody waits: the next head goes to the witnesses without delay.
    pub(super) wanted: Notify,
    logs: Mutex<HashMap<LogName, Cover>>,
}

struct Cover {
    newest: watch::Sender<Option<Cosigned>>,
    /// A size that no cosigned head has yet, and since when.
    behind: Option<(u64, Timestamp)>,
}

impl Covered {
    /// There are witnesses from now on.
    pub(super) fn expect(&self, witnesses: usize, quorum: usize) {
        self.witnesses.store(witnesses, Ordering::Relaxed);
        self.quorum.store(quorum, Ordering::Relaxed);
    }

    /// Without a quorum nobody waits.
    pub(in crate::transparency) fn quorum(&self) -> usize {
        self.quorum.load(Ordering::Relaxed)
    }

    pub(super) fn publish(&self, log: LogName, cosigned: Cosigned) {
        self.with(log, |cover| {
            cover.newest.send_if_modified(|newest| {
                let more = |old: &Cosigned| (cosigned.size, cosigned.cosignatures) > (old.size, old.cosignatures);
                let newer = newest.as_ref().is_none_or(more);
                if newer {
                    *newest = Some(cosigned);
                }
                newer
            });
        });
    }

    /// Takes note of the size of a log at this time.
    pub(super) fn grown(&self, log: LogName, size: u64, now: Timestamp) {
        self.with(log, |cover| {
            let covered = cover.newest.borrow().as_ref().map_or(0, |newest| newest.size);
            let behind = cover.behind.filter(|(mark, _)| covered < *mark);
            cover.behind = behind.or((covered < size).then_some((size, now)));
        });
    }

    /// Whether the cosigned head is the one to show. A log whose witnesses are silent for long shows its newest head, so that
    /// it can still be audited; where tokens wait for witnesses there is nothing that would be missed.
    pub(in crate::transparency) fn is_current(&self, log: LogName, now: Timestamp) -> bool {
        if self.witnesses.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let behind = self.with(log, |cover| cover.behind);
        self.quorum() > 0 || behind.is_none_or(|(_, since)| now < since.plus(SILENCE))
    }

    /// A head with enough cosignatures that has the leaf with this index; `None` when there is none in time.
    pub(in crate::transparency) async fn covering(&self, log: LogName, index: u64) -> Option<Cosigned> {
        let mut newest = self.with(log, |cover| cover.newest.subscribe());
        self.wanted.notify_one();
        let has_it = |newest: &Option<Cosigned>| newest.as_ref().is_some_and(|newest| newest.size > index);
        let found = time::timeout(PATIENCE, newest.wait_for(has_it)).await.ok()?.ok()?;
        found.clone()
    }

    fn with<T>(&self, log: LogName, act: impl FnOnce(&mut Cover) -> T) -> T {
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        act(logs.entry(log).or_insert_with(|| Cover { newest: watch::channel(None).0, behind: None }))
    }
}

/// How long an answer waits for witnesses.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a log shows a cosigned head that lacks its newest leaves.
const SILENCE: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: LogName = LogName::Registry;
    const NOW: Timestamp = Timestamp(1_781_517_600_000);

    fn cosigned(size: u64, cosignatures: usize) -> Cosigned {
        Cosigned { size, checkpoint: "".into(), cosignatures }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_gets_the_first_head_that_has_the_leaf() {
        let covered = Covered::default();
        covered.expect(2, 1);
        let publisher = async {
            for size in [3, 7, 9] {
                time::sleep(Duration::from_millis(10)).await;
                covered.publish(LOG, cosigned(size, 1));
            }
        };
        let (found, ()) = tokio::join!(covered.covering(LOG, 5), publisher);
        assert_eq!(found.unwrap().size, 7);
        assert_eq!(covered.covering(LOG, 8).await.unwrap().size, 9, "at once");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever() {
        let covered = Covered::default();
        covered.publish(LOG, cosigned(5, 1));
        let begun = time::Instant::now();
        assert_eq!(covered.covering(LOG, 5).await, None, "size 5 has the leaves 0 to 4");
        assert_eq!(begun.elapsed(), PATIENCE);
    }

    #[test]
    fn an_older_head_and_fewer_cosignatures_replace_nothing() {
        let covered = Covered::default();
        covered.publish(LOG, cosigned(5, 2));
        covered.publish(LOG, cosigned(4, 3));
        covered.publish(LOG, cosigned(5, 1));
        let newest = covered.with(LOG, |cover| cover.newest.borrow().clone());
        assert_eq!(newest, Some(cosigned(5, 2)));
    }

    #[test]
    fn a_busy_log_whose_witnesses_are_a_second_behind_is_not_called_silent() {
        let covered = Covered::default();
        covered.expect(1, 0);
        for second in 0..300 {
            let now = NOW.plus(Duration::from_secs(second));
            covered.grown(LOG, second * 10 + 10, now);
            assert!(covered.is_current(LOG, now), "{second}");
            covered.publish(LOG, cosigned(second * 10, 1));
        }
    }

    #[test]
    fn a_log_whose_witnesses_are_silent_for_a_minute_shows_its_newest_head() {
        let covered = Covered::default();
        assert!(!covered.is_current(LOG, NOW), "there are no witnesses");
        covered.expect(1, 0);
        covered.publish(LOG, cosigned(5, 1));
        covered.grown(LOG, 5, NOW);
        let later = NOW.plus(Duration::from_hours(1));
        assert!(covered.is_current(LOG, later), "nothing is missing");
        covered.grown(LOG, 6, later);
        covered.grown(LOG, 7, later.plus(SILENCE / 2));
        assert!(covered.is_current(LOG, later.plus(SILENCE / 2)));
        assert!(!covered.is_current(LOG, later.plus(SILENCE)), "counted from the first leaf that is missing");
        covered.publish(LOG, cosigned(7, 1));
        covered.grown(LOG, 7, later.plus(SILENCE));
        assert!(covered.is_current(LOG, later.plus(SILENCE)));
        covered.grown(LOG, 8, later);
        covered.expect(1, 1);
        assert!(covered.is_current(LOG, later.plus(SILENCE * 2)), "tokens wait for witnesses, and so does the log");
    }
}
