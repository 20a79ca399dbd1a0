//! The hours of a log's leaves: they do not run backwards by more than one, and do not come from the future.
//!
//! A leaf says when its work began; it is in the log when that is committed, which may be in the next hour, behind leaves of
//! that hour (`specs/log.md`).

use crate::{
    auditor::finding::{At, Check, Findings},
    wire::tlog::leaf::Hour,
};

/// Where the log has come to.
#[derive(Debug)]
pub(in crate::auditor) struct Hours {
    /// The latest that a leaf may say.
    present: Hour,
    first: Option<Hour>,
    latest: Option<Hour>,
}

impl Hours {
    /// `fetched`: when the head was fetched, in milliseconds since 1970.
    pub(in crate::auditor) fn new(fetched: i64) -> Self {
        Self { present: Hour::from_millis(fetched.saturating_add(CLOCKS)), first: None, latest: None }
    }

    pub(in crate::auditor) fn first(&self) -> Option<Hour> {
        self.first
    }

    pub(in crate::auditor) fn latest(&self) -> Option<Hour> {
        self.latest
    }

    pub(in crate::auditor) fn take(&mut self, hour: Hour, at: At<'_>, findings: &mut Findings) {
        if hour > self.present {
            let expected = format!("an hour that has come when the log was read, {}", self.present);
            findings.fault(Check::LeafFuture, at, expected, hour.to_string());
        }
        if let Some(latest) = self.latest.filter(|latest| hour.count() + 1 < latest.count()) {
            let expected = format!("{latest}, the latest hour before it, or one hour less");
            findings.fault(Check::LeafBackdated, at, expected, hour.to_string());
        }
        self.first.get_or_insert(hour);
        self.latest = self.latest.max(Some(hour));
    }
}

/// By so much the clocks of the service and of the auditor may differ.
const CLOCKS: i64 = 5 * 60 * 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_is_at_most_one_hour_behind_and_never_ahead() {
        let hour = |count: i64| Hour::from_millis(count * 3_600_000);
        let (mut hours, mut findings) = (Hours::new(20 * 3_600_000), Findings::default());
        for count in [10, 12, 11, 13, 20] {
            hours.take(hour(count), At::leaf("2026", 0), &mut findings);
        }
        assert_eq!(findings.faults(), 0);
        hours.take(hour(18), At::leaf("2026", 5), &mut findings);
        hours.take(hour(21), At::leaf("2026", 6), &mut findings);
        let found: Vec<_> = findings.all().iter().map(|finding| (finding.check, finding.leaf)).collect();
        assert_eq!(found, [(Check::LeafBackdated, Some(5)), (Check::LeafFuture, Some(6))]);
        assert_eq!((hours.first(), hours.latest()), (Some(hour(10)), Some(hour(21))));
    }
}
