//! From the store to the topics: what waits in the inbox, for an office that moves to Kafka and for drafts that reviewers
//! ask to be judged again; and what such an office has screened already. Must not know HTTP or SQL.

use super::producer::Producer;
use super::record::{Outputs, draft_record};
use crate::store::{InboxCursor, Screened, Store, StoreError};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Drafts that are on their way at once.
const BATCH_ITEMS_MAX: usize = 512;
const BATCH_BYTES_MAX: u64 = 16 << 20;
/// One for everyone, one for the reviewers of its queue.
const RECORDS_OF_A_VERDICT: u32 = 2;

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

/// Hands what is screened to the topics of verdicts and reviewers, as the processes that screen would have; a verdict is
/// noted as handed over when the brokers have both records of it. Calls `progress` with the number handed over so far.
/// Can be repeated at any time, as [`forward`].
pub fn carry(
    store: &Store,
    producer: &Producer,
    outputs: &Outputs,
    is_stopping: impl Fn() -> bool,
    mut progress: impl FnMut(u64),
) -> Result<u64, ForwardError> {
    let (mut carried, mut last) = (0, 0);
    loop {
        let batch = store.not_carried_after(last, BATCH_ITEMS_MAX, BATCH_BYTES_MAX)?;
        if batch.is_empty() {
            return Ok(carried);
        }
        last = batch.iter().map(|screened| screened.place).max().unwrap_or(last);
        let named: BTreeMap<i64, (String, String, u64, String)> = batch
            .iter()
            .map(|Screened { place, draft, verdict_id, .. }| {
                (*place, (draft.unit.clone(), draft.id.clone(), draft.revision, verdict_id.clone()))
            })
            .collect();
        let all = batch.into_iter().flat_map(|screened| {
            let place = screened.place;
            outputs.of_stored(screened).into_iter().map(move |output| (place, output))
        });
        let sent = producer.send_all(all, &is_stopping);
        let mut arrived: BTreeMap<i64, u32> = BTreeMap::new();
        for place in sent.arrived {
            *arrived.entry(place).or_default() += 1;
        }
        let whole: Vec<(i64, String)> = arrived
            .into_iter()
            .filter(|(_, records)| *records == RECORDS_OF_A_VERDICT)
            .filter_map(|(place, _)| named.get(&place).map(|(_, _, _, verdict_id)| (place, verdict_id.clone())))
            .collect();
        let complete = whole.len() == named.len();
        carried += whole.len() as u64;
        store.carried(whole)?;
        progress(carried);
        if let Some((unit, id, revision, _)) = sent.too_large.and_then(|place| named.get(&place)) {
            return Err(ForwardError::TooLarge { unit: unit.clone(), id: id.clone(), revision: *revision });
        }
        if !complete {
            return Err(ForwardError::Stopped);
        }
    }
}
