//! Bars of counts by month, as a drawing in the page itself: no script, and a table beside it says the same.

use super::{Kind, number};
use crate::{
    http::Page,
    wire::tlog::leaf::{Counts, Month},
};

/// One kind of leaf over some months. A bar fills at most [`HEIGHT`].
pub(super) struct Chart {
    /// After `transparency-kind-`.
    pub(super) kind: &'static str,
    /// What somebody reads who does not see it.
    pub(super) told: String,
    pub(super) sum: String,
    pub(super) bars: Vec<Bar>,
    pub(super) first: String,
    pub(super) last: String,
}

/// One month.
pub(super) struct Bar {
    pub(super) x: usize,
    pub(super) y: u64,
    pub(super) height: u64,
}

impl Chart {
    pub(super) fn of(page: &Page, kind: Kind, series: &[(Month, Counts)]) -> Self {
        let counts: Vec<u64> = series.iter().map(|(_, counts)| kind.of(counts)).collect();
        let in_words = |month: Month| page.lang().month(month.year(), month.month());
        let month = |of: Option<&(Month, Counts)>| of.map(|(month, _)| in_words(*month)).unwrap_or_default();
        let told = series
            .iter()
            .zip(&counts)
            .map(|((month, _), count)| format!("{}: {}", in_words(*month), number(page, *count)));
        Self {
            kind: kind.as_str(),
            told: told.collect::<Vec<_>>().join(", "),
            sum: number(page, counts.iter().sum()),
            bars: bars(&counts),
            first: month(series.first()),
            last: month(series.last().filter(|_| series.len() > 1)),
        }
    }
}

/// The highest fills the height, and none that is not zero disappears.
fn bars(counts: &[u64]) -> Vec<Bar> {
    let most = counts.iter().copied().max().unwrap_or_default().max(1);
    let bar = |(at, count): (usize, &u64)| {
        let scaled = u128::from(*count) * u128::from(HEIGHT) / u128::from(most);
        let height = u64::try_from(scaled).unwrap_or(HEIGHT).max(u64::from(*count > 0));
        Bar { x: at * STEP, y: HEIGHT - height, height }
    };
    counts.iter().enumerate().map(bar).collect()
}

/// Of the bars; the labels stand below.
const HEIGHT: u64 = 60;
/// From one bar to the next.
const STEP: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_bar_fills_the_height_and_the_lowest_is_seen() {
        let heights =
            |counts: &[u64]| -> Vec<_> { bars(counts).iter().map(|bar| (bar.x, bar.y, bar.height)).collect() };
        assert_eq!(heights(&[]), []);
        assert_eq!(heights(&[0, 0]), [(0, 60, 0), (20, 60, 0)]);
        assert_eq!(heights(&[1, 500, 1_000]), [(0, 59, 1), (20, 30, 30), (40, 0, 60)]);
        assert_eq!(heights(&[u64::MAX, 1]), [(0, 0, 60), (20, 59, 1)]);
    }
}
