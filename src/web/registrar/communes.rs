//! `GET /registrar/communes?q=…`: the communes that a text may become, for the list under the field (`suggest.js`).

use axum::{
    Json,
    extract::{Query, State},
};
use serde::{Deserialize, Serialize};

use super::counter::Counter;
use crate::{domain::area::Area, proofing::Proofing};

#[derive(Deserialize)]
pub(super) struct Ask {
    #[serde(default)]
    q: String,
}

/// One line of the list.
#[derive(Serialize)]
pub(super) struct Line {
    /// What goes into the field: the name with the code, which says it all.
    text: String,
    label: String,
}

pub(super) async fn communes(
    State(proofing): State<Proofing>,
    counter: Counter,
    Query(ask): Query<Ask>,
) -> Json<Vec<Line>> {
    let asked: String = ask.q.chars().take(LONGEST).collect();
    let found = proofing.suggest(&counter.office, &asked);
    let line = |commune: &Area<'_>| Line { text: unmistakable(commune), label: proofing.label(commune.code) };
    Json(found.iter().map(line).collect())
}

/// A text that means this commune and no other.
pub(super) fn unmistakable(commune: &Area<'_>) -> String {
    format!("{} ({})", commune.name, commune.code.local_part())
}

const LONGEST: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::area::{Areas, Level};

    #[test]
    fn the_text_of_a_line_means_that_commune_alone() {
        let areas = Areas::france();
        for commune in areas.all().filter(|area| area.level == Level::Commune).step_by(97) {
            let meant: Vec<_> = areas.named(&unmistakable(&commune)).iter().map(|area| area.code).collect();
            assert_eq!(meant, [commune.code], "{}", unmistakable(&commune));
        }
    }
}
