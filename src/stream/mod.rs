//! Drafts in, verdicts out, nothing lost: the pool that judges, the inbox or the topics that feed it, the reload of rules.
//! Must not know HTTP or the configuration file.

pub mod inbox;
pub mod kafka;
pub mod pipeline;
pub mod reload;
pub mod watermark;

use jiff::tz::{Offset, offset};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// The zone of every date and time that is shown: China has had no other since 1991.
pub const BEIJING: Offset = offset(8);

/// A moment as clients see it: `2026-11-23T17:43:47.123+08:00`.
pub fn moment(ms: i64) -> String {
    let timestamp = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    format!("{:.3}", timestamp.display_with_offset(BEIJING))
}

/// The date of a moment in Asia/Shanghai.
pub fn date_of(ms: i64) -> jiff::civil::Date {
    BEIJING.to_datetime(jiff::Timestamp::from_millisecond(ms).unwrap_or_default()).date()
}

/// Milliseconds since 1970 (UTC).
pub fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// Told once that the end has come; whoever rests wakes up at once.
#[derive(Default)]
pub struct Stop {
    told: Mutex<bool>,
    bell: Condvar,
}

impl Stop {
    pub fn set(&self) {
        *unpoisoned(self.told.lock()) = true;
        self.bell.notify_all();
    }

    pub fn is_set(&self) -> bool {
        *unpoisoned(self.told.lock())
    }

    /// Rests for `time`, or until the end; true when that has come.
    pub fn rest(&self, time: Duration) -> bool {
        let told = unpoisoned(self.told.lock());
        *self.bell.wait_timeout_while(told, time, |told| !*told).unwrap_or_else(PoisonError::into_inner).0
    }
}

/// A lock whose data stays sound when a holder panics: every critical section in this module is a single step.
fn unpoisoned<G>(lock: Result<G, PoisonError<G>>) -> G {
    lock.unwrap_or_else(PoisonError::into_inner)
}
