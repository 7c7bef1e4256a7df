//! The role that reviews: items from the topics of all queues into the store, drafts from HTTP to the topic of drafts.
//! Must not know HTTP or SQL.

use super::consumer::Source;
use super::forward::{self, ForwardError};
use super::lanes::Ticket;
use super::outbox;
use super::producer::{Output, Producer, TooLarge};
use super::record::{Outputs, Record, Unreadable, draft_record};
use super::{CLOSE_MAX, KafkaError, Options, START_MAX};
use crate::metrics::Metrics;
use crate::model::{Draft, ENGINE_VERSION, Queue, Verdict};
use crate::store::{Event, Ingested, Judged, NewRevision, Store, StoreError};
use crate::stream::{date_of, now_ms};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a client waits for the brokers to have its draft.
const INTAKE_MAX: Duration = Duration::from_secs(10);
/// Pause before a write is tried again that the store could not take now.
const RETRY: Duration = Duration::from_millis(200);

/// How often a wait looks whether it should end.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// What a record of `review.<queue>` holds. The verdict is kept byte for byte.
#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    draft: &'a RawValue,
    #[serde(borrow)]
    verdict: &'a RawValue,
}

/// Intake and review of one process, between topics and store.
pub struct Review {
    source: Source<()>,
    producer: Producer,
    outputs: Outputs,
    drafts: Arc<str>,
    permits: Arc<str>,
    announce_screened: bool,
    store: Store,
    metrics: Arc<Metrics>,
    runtime: tokio::runtime::Handle,
}

/// Why a draft was not handed to the brokers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// Come again: the brokers did not answer in time. The draft may arrive all the same; sending it again does no harm.
    #[error("the brokers did not take the draft in time")]
    Unavailable,
    #[error("the draft is larger than its topic takes")]
    TooLarge,
}

impl Review {
    /// Connects; fails when the topics are not there or the brokers do not answer. Runs inside a runtime.
    pub fn new(options: &Options, store: Store, metrics: Arc<Metrics>) -> Result<Arc<Self>, KafkaError> {
        let client_id = format!("xianshen-review-{}", std::process::id());
        let producer = Producer::new(options, &client_id, Arc::clone(&metrics))?;
        let verdict_partitions = producer.partitions(&options.topic_verdicts(), START_MAX)?;
        producer.partitions(&options.topic_drafts(), START_MAX)?;
        producer.partitions(&options.topic_permits(), START_MAX)?;
        let topics: Vec<Arc<str>> = Queue::ALL.iter().map(|queue| options.topic_review(*queue)).collect();
        for topic in &topics {
            producer.partitions(topic, START_MAX)?;
        }
        let group = if options.group.is_empty() { "xianshen-review" } else { &options.group };
        let source = Source::new(options, group, &client_id, &topics, Arc::clone(&metrics))?;
        let outputs = Outputs::new(options, verdict_partitions);
        let runtime = tokio::runtime::Handle::current();
        Ok(Arc::new(Self {
            source,
            producer,
            outputs,
            drafts: options.topic_drafts(),
            permits: options.topic_permits(),
            announce_screened: options.announce_screened,
            store,
            metrics,
            runtime,
        }))
    }

    /// Carries items into the store until told to stop; runs on a thread of its own. False: see [`Source::run`].
    pub fn run(self: &Arc<Self>) -> bool {
        let in_order = self.source.run(|record, ticket| self.take(record, ticket), || {});
        self.producer.close(CLOSE_MAX);
        in_order
    }

    fn take(self: &Arc<Self>, record: Record, ticket: Ticket) {
        let Some(payload) = record.payload.as_deref() else {
            self.metrics.input_records_total.with_label_values(&["kafka", "tombstone"]).inc();
            self.source.finish(&ticket);
            return;
        };
        self.metrics.input_bytes_total.inc_by(payload.len() as f64);
        let read = read_item(&record, payload).map(|(new, judged, verdict)| {
            let event = self.announce_screened.then(|| outbox::screened(&verdict, &judged.engine, judged.judged_at_ms));
            (new, judged, event)
        });
        let review = Arc::clone(self);
        self.runtime.spawn(async move {
            match read {
                Ok((new, judged, event)) => {
                    review.metrics.input_records_total.with_label_values(&["kafka", "read"]).inc();
                    review.keep(record, ticket, new, judged, event).await;
                }
                Err(why) => {
                    review.metrics.input_records_total.with_label_values(&["kafka", "unreadable"]).inc();
                    review.bury(&record, &ticket, &why).await;
                }
            }
        });
    }

    /// Writes an item until it is durable; the offset is stored then.
    async fn keep(&self, record: Record, ticket: Ticket, new: NewRevision, judged: Judged, event: Option<Event>) {
        loop {
            match self.store.ingest(new.clone(), judged.clone(), event.clone()).await {
                Ok(Ingested::New | Ingested::Same) => {
                    self.source.finish(&ticket);
                    return;
                }
                Ok(Ingested::Conflict) => {
                    tracing::error!(
                        unit = %new.unit, id = %new.id, revision = new.revision,
                        "A revision came again with other content; the first one stands, the other is in the dead-letter topic."
                    );
                    let why = Unreadable::new("conflict", "the same revision is stored with other content");
                    return self.bury(&record, &ticket, &why).await;
                }
                // What failed once fails again: the process ends, and the next one reads the record again.
                Err(StoreError::Failed(_) | StoreError::Closed) => return,
                Err(StoreError::Full | StoreError::InboxFull | StoreError::Busy) => tokio::time::sleep(RETRY).await,
            }
        }
    }

    /// Gives a record to the dead-letter topic; the offset is stored when it is there.
    async fn bury(&self, record: &Record, ticket: &Ticket, why: &Unreadable) {
        tracing::warn!(
            topic = %ticket.partition.topic, partition = ticket.partition.number, offset = ticket.offset, code = why.code,
            "A record cannot be kept; it goes to the dead-letter topic."
        );
        self.metrics.dlq_records_total.with_label_values(&[why.code]).inc();
        let output = self.outputs.of_dead_letter(record, why, record.header("ruleset").unwrap_or_default());
        if self.send(output).await == Ok(Ok(())) {
            self.source.finish(ticket);
        }
    }

    async fn send(&self, output: Output) -> Result<Result<(), TooLarge>, oneshot::error::RecvError> {
        let (told, outcome) = oneshot::channel();
        let done = move |sent| {
            // Someone who waits no more needs no answer.
            let _nobody = told.send(sent);
        };
        self.producer.send(output, Box::new(done));
        outcome.await
    }

    /// Hands a draft to the screening processes; `Ok` once the brokers have it.
    pub async fn take_in(&self, draft: &Draft) -> Result<(), IntakeError> {
        match tokio::time::timeout(INTAKE_MAX, self.send(draft_record(&self.drafts, draft))).await {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(TooLarge))) => Err(IntakeError::TooLarge),
            Ok(Err(_)) | Err(_) => Err(IntakeError::Unavailable),
        }
    }

    /// Sends what reviewers ask to be judged again to the screening processes; runs on a thread of its own.
    pub fn forward(&self, is_stopping: impl Fn() -> bool) {
        let mut seen = 0;
        while !is_stopping() {
            if let Err(error) = forward::forward(&self.store, &self.producer, &self.drafts, &is_stopping, |_| {}) {
                if matches!(error, ForwardError::Store(StoreError::Closed | StoreError::Failed(_)) | ForwardError::Stopped) {
                    return;
                }
                tracing::error!(%error, "Drafts that are to be judged again could not be forwarded; it is tried again.");
            }
            seen = self.store.wait_for_work(seen, LOOK_AGAIN);
        }
    }

    /// Tells others what happened here; runs on a thread of its own.
    pub fn relay(&self, is_stopping: impl Fn() -> bool) {
        outbox::relay(&self.store, &self.producer, &self.permits, is_stopping);
    }

    /// Why this process is not ready; empty when it is.
    pub fn not_ready(&self) -> Vec<&'static str> {
        self.source.health.not_ready()
    }

    /// Why nothing more can be consumed.
    pub fn fatal(&self) -> Option<KafkaError> {
        self.source.health.fatal().or_else(|| self.producer.fatal())
    }

    /// Nothing more can be consumed.
    pub fn fail(&self, error: KafkaError) {
        self.source.health.fail(error);
    }

    /// Fetches no more; `run` comes back when what is under way is finished.
    pub fn stop(&self) {
        self.source.stop();
    }
}

fn read_item(record: &Record, payload: &[u8]) -> Result<(NewRevision, Judged, Verdict), Unreadable> {
    let wrong = |detail: String| Unreadable::new("not_a_draft", detail);
    let item: Item<'_> = serde_json::from_slice(payload).map_err(|_| wrong("not {draft, verdict}".into()))?;
    let draft = Draft::from_json(item.draft.get().as_bytes()).map_err(|error| wrong(format!("draft: {error}")))?;
    // The message of this error may quote the draft.
    let verdict: Verdict = serde_json::from_str(item.verdict.get()).map_err(|_| wrong("verdict: not one of this version".into()))?;
    if (&verdict.unit, &verdict.id, verdict.revision) != (&draft.unit, &draft.id, draft.revision) {
        return Err(wrong("the verdict is not on this draft".into()));
    }
    let now = now_ms();
    let received_at = record.header("received_at").and_then(|text| text.parse().ok()).or(record.timestamp_ms).unwrap_or(now);
    let new = NewRevision { as_of: verdict.as_of, ..NewRevision::of(&draft, received_at, date_of(received_at)) };
    if new.content_hash != verdict.content_hash {
        return Err(wrong("the verdict is on other content".into()));
    }
    let mut judged = Judged::of(0, &draft, &verdict, received_at, now);
    judged.json = item.verdict.get().to_owned();
    judged.engine = record.header("engine").unwrap_or(ENGINE_VERSION).to_owned();
    Ok((new, judged, verdict))
}
