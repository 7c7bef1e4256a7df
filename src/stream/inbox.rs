//! From the inbox to the judging threads, in order of intake; what waited at the last stop is picked up again.
//! Must not know HTTP or SQL.

use super::now_ms;
use super::pipeline::{Job, Pool, READY_BYTES_MAX};
use super::reload::ActiveRules;
use crate::model::{Draft, UndeterminedReason, Verdict};
use crate::store::{InboxCursor, Judged, PendingDraft, Store, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// Processes that may end while they judge a draft before it goes to a person unjudged: a draft that brings the
/// process down must not do so for ever.
const STARTS_MAX: u32 = 3;
/// How long a wait lasts before its condition is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
const RETRY: Duration = Duration::from_millis(100);

/// Feeds the pool until the pool stops or the store fails; runs on a thread of its own.
pub fn feed(store: &Store, pool: &Pool, rules: &Arc<ActiveRules>, is_stopping: impl Fn() -> bool) {
    let mut cursor = InboxCursor::default();
    let mut seen = store.wait_for_work(u64::MAX, Duration::ZERO);
    while !is_stopping() {
        if !rules.wait_until_loaded(LOOK_AGAIN) {
            continue;
        }
        let room = pool.wait_for_room(LOOK_AGAIN);
        if room == 0 {
            continue;
        }
        match store.pending_after(&mut cursor, room, READY_BYTES_MAX) {
            Ok(jobs) if jobs.is_empty() => seen = store.wait_for_work(seen, LOOK_AGAIN),
            Ok(jobs) => {
                if let Err(error) = hand_over(store, pool, rules, jobs, &is_stopping) {
                    tracing::error!(%error, "The inbox cannot be worked off any more.");
                    return;
                }
            }
            Err(StoreError::Busy | StoreError::Full | StoreError::InboxFull) => pool.rest(RETRY),
            Err(error) => {
                if !matches!(error, StoreError::Closed) {
                    tracing::error!(%error, "The inbox cannot be read any more.");
                }
                return;
            }
        }
    }
}

/// Hands jobs to the pool. Those that waited when the process started may be the reason why the last one ended: their
/// start is noted first, a second start happens alone, and after [`STARTS_MAX`] a person decides without the machine.
fn hand_over(
    store: &Store,
    pool: &Pool,
    rules: &ActiveRules,
    jobs: Vec<PendingDraft>,
    is_stopping: &impl Fn() -> bool,
) -> Result<(), StoreError> {
    let (left_over, new): (Vec<_>, Vec<_>) = jobs.into_iter().partition(|job| job.place <= store.last_place_at_open());
    let (suspects, unsuspected): (Vec<_>, Vec<_>) = left_over.into_iter().partition(|job| job.starts > 0);
    for job in suspects {
        let draft = &job.draft;
        if job.starts >= STARTS_MAX {
            tracing::error!(
                unit = %draft.unit, id = %draft.id, revision = draft.revision, starts = job.starts,
                "The process ended several times while judging this draft; it goes to a person as undetermined."
            );
            if let Some(ruleset) = rules.current() {
                let verdict = ruleset.undetermined(draft, UndeterminedReason::Panic);
                store.record(Judged::of(job.place, draft, &verdict, job.received_at_ms, now_ms()))?;
            }
            continue;
        }
        while !pool.wait_until_idle(LOOK_AGAIN) {
            if is_stopping() {
                return Ok(());
            }
        }
        mark_started(store, pool, vec![job.place], is_stopping)?;
        pool.push([judging(store, job)]);
    }
    if !unsuspected.is_empty() {
        mark_started(store, pool, unsuspected.iter().map(|job| job.place).collect(), is_stopping)?;
        pool.push(unsuspected.into_iter().map(|job| judging(store, job)));
    }
    pool.push(new.into_iter().map(|job| judging(store, job)));
    Ok(())
}

/// A draft of the inbox whose verdict goes to the store.
pub(super) fn judging(store: &Store, pending: PendingDraft) -> Job {
    let PendingDraft { place, draft, received_at_ms, bytes, .. } = pending;
    let store = store.clone();
    let deliver = move |draft: &Draft, verdict: Verdict| match store.record(Judged::of(place, draft, &verdict, received_at_ms, now_ms())) {
        // Still in the inbox: the next start judges it.
        Ok(()) | Err(StoreError::Closed) => {}
        Err(error) => tracing::error!(%error, "A verdict could not be handed to the store; the draft stays in the inbox."),
    };
    Job::new(draft, bytes, Box::new(deliver))
}

/// A full disk only delays the note: without it a draft that ends the process would do so again and again.
fn mark_started(store: &Store, pool: &Pool, places: Vec<i64>, is_stopping: &impl Fn() -> bool) -> Result<(), StoreError> {
    loop {
        match store.mark_started(places.clone()) {
            Err(StoreError::Full | StoreError::Busy) if !is_stopping() => pool.rest(RETRY),
            outcome => return outcome,
        }
    }
}
