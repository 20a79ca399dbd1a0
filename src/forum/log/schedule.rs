//! When the log is checked: once a night, at an hour that no provider foresees, and at the start if the last time is long ago.

use std::{future::Future, time::Duration};

use crate::forum::{
    Forum,
    ambient::{DAY, HOUR, day},
    store::{State, StoreError},
};

impl Forum {
    /// Checks the log when it is time, until it is told to stop.
    pub(in crate::forum) async fn watch_log(self, stop: impl Future<Output = ()>) {
        let watch = async {
            loop {
                let due = self.next_check().await;
                // The clock may be set meanwhile, and the machine may sleep.
                while self.ambient().now() < due {
                    tokio::time::sleep(STEP).await;
                }
                if let Err(error) = self.check_log().await {
                    tracing::error!(%error, "the public log could not be checked");
                    tokio::time::sleep(STEP).await;
                }
            }
        };
        tokio::select! {
            () = watch => {}
            () = stop => {}
        }
    }

    async fn next_check(&self) -> i64 {
        let now = self.ambient().now();
        let [dice, ..] = self.ambient().bytes();
        match self.times_of_checks().await {
            Ok((state, waiting)) => next(&state, waiting, now, dice),
            Err(error) => {
                tracing::error!(%error, "it is not known when the public log was checked");
                now + HOUR
            }
        }
    }

    async fn times_of_checks(&self) -> Result<(State, bool), StoreError> {
        let store = self.store();
        Ok((store.log_state().await?, store.heads_wait().await?))
    }
}

/// The time of the next check. `waiting`: heads were too fresh for the last one. `dice`: one byte of chance.
fn next(state: &State, waiting: bool, now: i64, dice: u8) -> i64 {
    let Some(tried) = state.tried_at else { return now };
    let held = state.held_at.filter(|held| state.trouble.is_none() && now - held < DAY);
    let Some(held) = held else { return tried + HOUR };
    // Between one and five o'clock (UTC).
    let night = day(held) + DAY + HOUR + i64::from(dice) * 4 * HOUR / 256;
    if waiting { night.min(held + 3 * HOUR) } else { night }
}

/// How often the clock is looked at.
const STEP: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_795_435_200_000;

    fn state(tried: i64, held: Option<i64>, trouble: bool) -> State {
        let trouble = trouble.then(|| "unreachable".to_owned());
        State { began_at: Some(tried), tried_at: Some(tried), held_at: held, trouble, missing: 0 }
    }

    #[test]
    fn the_first_check_is_at_the_start_and_one_in_vain_is_tried_again_in_an_hour() {
        assert_eq!(next(&State::default(), false, NOON, 7), NOON);
        assert_eq!(next(&state(NOON, None, true), false, NOON, 7), NOON + HOUR);
        assert_eq!(next(&state(NOON, Some(NOON - HOUR), true), false, NOON, 7), NOON + HOUR);
    }

    #[test]
    fn a_forum_that_was_down_for_a_day_checks_at_its_start() {
        let down = state(NOON - DAY, Some(NOON - DAY), false);
        assert!(next(&down, false, NOON, 7) <= NOON);
    }

    #[test]
    fn a_log_that_held_is_checked_in_the_next_night_at_an_hour_of_chance() {
        let held = state(NOON, Some(NOON), false);
        for (dice, hours) in [(0, 13 * 60), (128, 15 * 60), (255, 16 * 60 + 59)] {
            assert_eq!((next(&held, false, NOON, dice) - NOON) / 60_000, hours, "{dice}");
        }
        let at_night = state(day(NOON) + 2 * HOUR, Some(day(NOON) + 2 * HOUR), false);
        let next_night = next(&at_night, false, day(NOON) + 2 * HOUR, 0);
        assert_eq!(next_night, day(NOON) + DAY + HOUR, "once a night");
        assert_eq!(next(&held, true, NOON, 128), NOON + 3 * HOUR, "heads wait that were too fresh");
    }
}
