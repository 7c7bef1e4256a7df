//! From the outbox of the store to the topic of permits: what others are told, in the order in which it happened to each
//! item. Must not know HTTP or SQL.

use super::producer::{Output, Producer};
use crate::model::Verdict;
use crate::store::{Event, Store, StoreError};
use serde::Serialize;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// Events read at once.
const BATCH_ITEMS_MAX: usize = 512;
/// How often a wait looks whether it should end, and how long until what could not leave is tried again.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Told when a verdict has come into the store.
#[derive(Serialize)]
struct Screened<'a> {
    event: &'static str,
    unit: &'a str,
    id: &'a str,
    revision: u64,
    verdict_id: &'a str,
    queue: &'static str,
    level: &'static str,
    blocked: bool,
    /// Milliseconds since 1970 (UTC).
    at: i64,
}

/// The event that a verdict has come into the store.
pub fn screened(verdict: &Verdict, engine: &str, now_ms: i64) -> Event {
    let body = Screened {
        event: "screened",
        unit: &verdict.unit,
        id: &verdict.id,
        revision: verdict.revision,
        verdict_id: &verdict.verdict_id,
        queue: verdict.queue.as_str(),
        level: verdict.level.as_str(),
        blocked: verdict.blocked,
        at: now_ms,
    };
    Event {
        number: 0,
        item: format!("{}/{}", verdict.unit, verdict.id),
        verdict_id: verdict.verdict_id.clone(),
        ruleset: verdict.ruleset.clone(),
        engine: engine.to_owned(),
        // Strings, numbers and flags cannot fail to serialise.
        body: serde_json::to_vec(&body).unwrap_or_default(),
        created_at_ms: now_ms,
    }
}

/// An event on its way. `event_id` is the same however often it comes.
fn record_of(event: &Event, topic: &Arc<str>) -> Output {
    Output {
        topic: Arc::clone(topic),
        partition: None,
        key: event.item.clone().into_bytes(),
        payload: event.body.clone(),
        headers: vec![
            ("event_id", event.number.to_string().into_bytes()),
            ("verdict_id", event.verdict_id.clone().into_bytes()),
            ("ruleset", event.ruleset.clone().into_bytes()),
            ("engine", event.engine.clone().into_bytes()),
        ],
    }
}

/// Sends events until told to stop; runs on a thread of its own. An event leaves the outbox when the brokers have it, so
/// that each arrives at least once; of one item only one is on its way, so that none overtakes another.
pub fn relay(store: &Store, producer: &Producer, topic: &Arc<str>, is_stopping: impl Fn() -> bool) {
    let mut seen = 0;
    while !is_stopping() {
        match relay_some(store, producer, topic, &is_stopping) {
            Ok(true) => continue,
            Ok(false) => {}
            Err(StoreError::Closed | StoreError::Failed(_)) => return,
            Err(error) => tracing::warn!(%error, "The outbox cannot be worked off now; it is tried again."),
        }
        seen = store.wait_for_work(seen, LOOK_AGAIN);
    }
}

/// One step: true when something left and more may wait.
fn relay_some(store: &Store, producer: &Producer, topic: &Arc<str>, is_stopping: impl Fn() -> bool) -> Result<bool, StoreError> {
    let mut events = store.events(BATCH_ITEMS_MAX)?;
    let mut items = HashSet::new();
    events.retain(|event| items.insert(event.item.clone()));
    let outputs = events.iter().map(|event| (event.number, record_of(event, topic)));
    let sent = producer.send_all(outputs, is_stopping);
    if let Some(number) = sent.too_large {
        tracing::error!(number, %topic, "An event is larger than its topic takes and waits in the outbox. Run `xianshen topics check`.");
    }
    let moved = !sent.arrived.is_empty();
    if moved {
        store.events_sent(sent.arrived)?;
    }
    Ok(moved)
}
