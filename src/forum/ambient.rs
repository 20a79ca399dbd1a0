//! The clock and the source of randomness, handed in by whoever starts the forum: it reads neither by itself, so that a
//! test can stop the one and foresee the other.

use std::{fmt, sync::Arc};

use data_encoding::BASE64URL_NOPAD;

/// Fills a buffer from a cryptographic generator.
type Fill = dyn Fn(&mut [u8]) + Send + Sync;

/// What the forum takes from the machine.
#[derive(Clone)]
pub struct Ambient {
    now: Arc<dyn Fn() -> i64 + Send + Sync>,
    fill: Arc<Fill>,
}

impl Ambient {
    /// `now` tells milliseconds since 1970-01-01T00:00:00Z; `fill` fills a buffer from a cryptographic generator.
    pub fn new(
        now: impl Fn() -> i64 + Send + Sync + 'static,
        fill: impl Fn(&mut [u8]) + Send + Sync + 'static,
    ) -> Self {
        Self { now: Arc::new(now), fill: Arc::new(fill) }
    }

    pub(super) fn now(&self) -> i64 {
        (self.now)()
    }

    pub(super) fn fill(&self, buffer: &mut [u8]) {
        (self.fill)(buffer);
    }

    pub(super) fn bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.fill(&mut bytes);
        bytes
    }

    /// 256 random bits as 43 characters of base64url.
    pub(super) fn token(&self) -> String {
        BASE64URL_NOPAD.encode(&self.bytes())
    }
}

impl fmt::Debug for Ambient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ambient")
    }
}

/// The start of the UTC day, in milliseconds: what is kept of a member's visits, because an exact time joins two forums.
pub(super) const fn day(now: i64) -> i64 {
    now - now.rem_euclid(DAY)
}

/// The start of the minute: what is kept of a message, which shows no more.
pub(super) const fn minute(now: i64) -> i64 {
    now - now.rem_euclid(MINUTE)
}

pub(super) const SECOND: i64 = 1_000;
pub(super) const MINUTE: i64 = 60 * SECOND;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;
