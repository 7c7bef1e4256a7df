//! From the inbox of the store to the topic of drafts: for an office that moves to Kafka, and for drafts that reviewers
//! ask to be judged again. Must not know HTTP or SQL.

use super::producer::Producer;
use super::record::draft_record;
use crate::store::{InboxCursor, Store, StoreError};
use std::sync::Arc;

/// Drafts that are on their way at once.
const BATCH_ITEMS_MAX: usize = 512;
const BATCH_BYTES_MAX: u64 = 16 << 20;

/// Why forwarding ended early; what was forwarded by then is out of the inbox.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForwardError {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{unit}/{id} 第 {revision} 版大于主题的上限 / is larger than its topic takes: xianshen topics check")]
    TooLarge { unit: String, id: String, revision: u64 },
    /// Told to stop.
    #[error("停止 / stopped")]
    Stopped,
}

/// Forwards what waits in the inbox until it is empty; a draft leaves the inbox when the brokers have it. Calls
/// `progress` with the number forwarded so far. Can be repeated at any time: nothing is sent twice but what was on its
/// way when the last attempt ended.
pub fn forward(
    store: &Store,
    producer: &Producer,
    topic: &Arc<str>,
    is_stopping: impl Fn() -> bool,
    mut progress: impl FnMut(u64),
) -> Result<u64, ForwardError> {
    let mut forwarded = 0;
    loop {
        // From the beginning each time: what was forwarded is gone.
        let jobs = store.pending_after(&mut InboxCursor::default(), BATCH_ITEMS_MAX, BATCH_BYTES_MAX)?;
        if jobs.is_empty() {
            return Ok(forwarded);
        }
        let outputs = jobs.iter().map(|job| (job.place, draft_record(topic, &job.draft)));
        let sent = producer.send_all(outputs, &is_stopping);
        let complete = sent.arrived.len() == jobs.len();
        forwarded += sent.arrived.len() as u64;
        store.forwarded(sent.arrived)?;
        progress(forwarded);
        if let Some(job) = jobs.iter().find(|job| Some(job.place) == sent.too_large) {
            let draft = &job.draft;
            return Err(ForwardError::TooLarge { unit: draft.unit.clone(), id: draft.id.clone(), revision: draft.revision });
        }
        if !complete {
            return Err(ForwardError::Stopped);
        }
    }
}
