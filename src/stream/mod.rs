//! Drafts in, verdicts out, nothing lost: the pool that judges, the inbox that feeds it, the reload of rules.
//! Must not know HTTP or the configuration file.

pub mod inbox;
pub mod pipeline;
pub mod reload;

use std::sync::{MutexGuard, PoisonError};

/// Milliseconds since 1970 (UTC).
pub fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// A lock whose data stays sound when a holder panics: every critical section in this module is a single step.
fn unpoisoned<'a, T>(lock: Result<MutexGuard<'a, T>, PoisonError<MutexGuard<'a, T>>>) -> MutexGuard<'a, T> {
    lock.unwrap_or_else(PoisonError::into_inner)
}
