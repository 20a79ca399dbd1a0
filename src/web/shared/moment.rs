//! Spans of time as a reader says them.

use crate::{domain::ambient::Timestamp, http::Page};

/// How long ago, as coarse as it matters: nobody needs to know a time zone to read it.
pub fn ago(page: &Page, time: Timestamp, now: Timestamp) -> String {
    let minutes = now.since(time).as_secs() / 60;
    match minutes {
        0..2 => page.t("ago-now").into_owned(),
        2..120 => page.with("ago-minutes", "n", minutes).into_owned(),
        120..2_880 => page.with("ago-hours", "n", minutes / 60).into_owned(),
        _ => page.with("ago-days", "n", minutes / 1_440).into_owned(),
    }
}
