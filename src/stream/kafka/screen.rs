//! The role that screens: drafts from their topic through the judging threads to the topics of verdicts, reviewers and
//! dead letters. Keeps nothing that others must have: any number of these processes share the partitions.

use super::breaker::Breaker;
use super::consumer::{Source, age_seconds};
use super::lanes::{Release, Ticket};
use super::producer::{Output, Producer, TooLarge};
use super::record::{Outputs, Record, Unreadable, read_draft};
use super::suspects::{DEATHS_MAX, Suspects};
use super::{CLOSE_MAX, KafkaError, Options, START_MAX};
use crate::metrics::Metrics;
use crate::model::{Draft, UndeterminedReason, Verdict};
use crate::stream::pipeline::{Job, Pool};
use crate::stream::reload::ActiveRules;
use crate::stream::{date_of, now_ms, unpoisoned};
use prometheus::Histogram;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What one record comes to, waiting for its turn.
struct Outcome {
    /// The record as it came.
    record: Record,
    outputs: Vec<Output>,
    /// Could not be read: the breaker counts it.
    unreadable: Option<&'static str>,
    received_at_ms: i64,
}

/// A record whose outputs are on their way.
struct Shipped {
    ticket: Ticket,
    /// Outputs that the brokers do not have yet.
    left: AtomicUsize,
    record: Record,
    received_at_ms: i64,
    since: Instant,
}

/// The screening of one process.
pub struct Screen {
    source: Source<Outcome>,
    producer: Producer,
    outputs: Outputs,
    pool: Pool,
    rules: Arc<ActiveRules>,
    breaker: Mutex<Breaker>,
    suspects: Arc<Suspects>,
    metrics: Arc<Metrics>,
    decode_seconds: Histogram,
    produce_seconds: Histogram,
    record_bytes_max: usize,
}

impl Screen {
    /// Connects; fails when the topics are not there or the brokers do not answer. In the folder `data` it notes what is
    /// being judged.
    pub fn new(
        options: &Options,
        data: &Path,
        pool: Pool,
        rules: Arc<ActiveRules>,
        metrics: Arc<Metrics>,
    ) -> Result<Arc<Self>, KafkaError> {
        let suspects = Suspects::open(data, &options.topic_drafts())
            .map_err(|error| KafkaError::Folder { path: data.to_owned(), reason: error.to_string() })?;
        let client_id = format!("xianshen-screen-{}", std::process::id());
        let producer = Producer::new(options, &client_id, Arc::clone(&metrics))?;
        let verdict_partitions = producer.partitions(&options.topic_verdicts(), START_MAX)?;
        producer.partitions(&options.topic_dlq(), START_MAX)?;
        producer.partitions(&options.topic_drafts(), START_MAX)?;
        let group = if options.group.is_empty() { "xianshen-screen" } else { &options.group };
        let source = Source::new(options, group, &client_id, &[options.topic_drafts()], Arc::clone(&metrics))?;
        Ok(Arc::new(Self {
            source,
            producer,
            outputs: Outputs::new(options, verdict_partitions),
            pool,
            rules,
            breaker: Mutex::default(),
            suspects,
            decode_seconds: metrics.stage_duration_seconds.with_label_values(&["decode"]),
            produce_seconds: metrics.stage_duration_seconds.with_label_values(&["produce"]),
            metrics,
            record_bytes_max: options.record_bytes_max,
        }))
    }

    /// Screens until told to stop; runs on a thread of its own, and begins when rules are loaded. False: see
    /// [`Source::run`].
    pub fn run(self: &Arc<Self>, is_stopping: impl Fn() -> bool) -> bool {
        while !self.rules.wait_until_loaded(Duration::from_millis(200)) {
            if is_stopping() {
                return true;
            }
        }
        let in_order = self
            .source
            .run(|record, ticket| self.take(record, ticket), || self.source.release_all(|ticket, outcome| self.release(ticket, outcome)));
        self.producer.close(CLOSE_MAX);
        in_order
    }

    /// Reads a record and hands it to the judging threads.
    fn take(self: &Arc<Self>, record: Record, ticket: Ticket) {
        let received_at_ms = record.timestamp_ms.unwrap_or_else(now_ms);
        let Some(payload) = record.payload.as_deref() else {
            // A tombstone: nothing is asked, and nothing is left to do.
            self.metrics.input_records_total.with_label_values(&["kafka", "tombstone"]).inc();
            self.source.finish(&ticket);
            return;
        };
        self.metrics.input_bytes_total.inc_by(payload.len() as f64);
        let deaths = self.suspects.deaths(ticket.partition.number, ticket.offset);
        if deaths >= DEATHS_MAX {
            let detail = format!("{deaths} processes ended while they judged it");
            return self.take_unreadable(
                record,
                &ticket,
                &Unreadable { attempts: deaths, ..Unreadable::new("crash", detail) },
                received_at_ms,
            );
        }
        let begun = Instant::now();
        let read = catch_unwind(AssertUnwindSafe(|| read_draft(payload, record.key.as_deref(), self.record_bytes_max)));
        self.decode_seconds.observe(begun.elapsed().as_secs_f64());
        match read.unwrap_or_else(|_| Err(Unreadable::new("panic", "the machine did not read it to the end"))) {
            Ok((mut draft, left_out)) => {
                self.metrics.input_records_total.with_label_values(&["kafka", "read"]).inc();
                self.metrics.ignored_fields_total.inc_by(left_out as u64);
                let says_all = left_out == 0 && draft.as_of.is_some();
                draft.as_of.get_or_insert_with(|| date_of(received_at_ms));
                let (screen, bytes) = (Arc::clone(self), payload.len() as u64);
                let (suspects, partition, offset) = (Arc::clone(&self.suspects), ticket.partition.number, ticket.offset);
                let deliver = move |draft: &Draft, verdict: Verdict| {
                    let as_it_came = record.payload.as_deref().filter(|_| says_all);
                    let mut outputs = screen.outputs.of_verdict(draft, as_it_came, &verdict, received_at_ms);
                    // A draft on which the judging code broke is kept as it came, beside the item that a person gets.
                    if let Some(reason @ (UndeterminedReason::Panic | UndeterminedReason::Timeout)) = verdict.undetermined.map(|u| u.reason)
                    {
                        let why = Unreadable::new(reason.as_str(), "the machine did not judge it to the end");
                        outputs.push(screen.outputs.of_dead_letter(&record, &why, &verdict.ruleset));
                        screen.metrics.dlq_records_total.with_label_values(&[reason.as_str()]).inc();
                    }
                    screen.note(&verdict);
                    screen.hand_in(&ticket, Outcome { record, outputs, unreadable: None, received_at_ms });
                };
                let begin = move || Box::new(suspects.begin(partition, offset)) as Box<dyn std::any::Any>;
                self.pool.push([Job::new(draft, bytes, Box::new(deliver)).held(Box::new(begin))]);
            }
            Err(why) => self.take_unreadable(record, &ticket, &why, received_at_ms),
        }
    }

    fn take_unreadable(self: &Arc<Self>, record: Record, ticket: &Ticket, why: &Unreadable, received_at_ms: i64) {
        self.metrics.input_records_total.with_label_values(&["kafka", "unreadable"]).inc();
        let Some(ruleset) = self.rules.current() else { return };
        let outputs = self.outputs.of_unreadable(&record, why, &ruleset, received_at_ms);
        self.hand_in(ticket, Outcome { record, outputs, unreadable: Some(why.code), received_at_ms });
    }

    fn note(&self, verdict: &Verdict) {
        self.metrics.verdicts_total.with_label_values(&[verdict.queue.as_str()]).inc();
        if let Some(undetermined) = verdict.undetermined {
            self.metrics.undetermined_total.with_label_values(&[undetermined.reason.as_str()]).inc();
        }
    }

    fn hand_in(self: &Arc<Self>, ticket: &Ticket, outcome: Outcome) {
        self.source.ready(ticket, outcome, |ticket, outcome| self.release(ticket, outcome));
    }

    /// Sends what a record came to, in the order of the records. The offset is stored when the brokers have all of it.
    fn release(self: &Arc<Self>, ticket: Ticket, outcome: Outcome) -> Release<Outcome> {
        let mut breaker = unpoisoned(self.breaker.lock());
        let was_open = breaker.is_open();
        if !breaker.pass(outcome.unreadable.is_some()) {
            if !was_open {
                self.metrics.dlq_breaker_open.set(1.0);
                tracing::error!(
                    "Too many records cannot be read: consumption stands still, nothing is lost. Find what writes them, then \
                     send SIGHUP or restart."
                );
            }
            return Release::Hold(outcome);
        }
        drop(breaker);
        if let Some(code) = outcome.unreadable {
            self.metrics.dlq_records_total.with_label_values(&[code]).inc();
            self.metrics.undetermined_total.with_label_values(&[UndeterminedReason::Unreadable.as_str()]).inc();
            tracing::warn!(
                topic = %ticket.partition.topic, partition = ticket.partition.number, offset = ticket.offset, code,
                "A record cannot be read; it goes to the dead-letter topic and to a person."
            );
        }
        let shipped = Arc::new(Shipped {
            ticket,
            left: AtomicUsize::new(outcome.outputs.len()),
            received_at_ms: outcome.received_at_ms,
            record: outcome.record,
            since: Instant::now(),
        });
        for output in outcome.outputs {
            let (screen, shipped) = (Arc::clone(self), Arc::clone(&shipped));
            let done = move |sent: Result<(), TooLarge>| match sent {
                Ok(()) => screen.arrived(&shipped),
                Err(TooLarge) => screen.send_stand_in(&shipped),
            };
            self.producer.send(output, Box::new(done));
        }
        Release::Sent
    }

    /// The brokers have one of the outputs of a record; with the last one the record is finished.
    fn arrived(&self, shipped: &Shipped) {
        if shipped.left.fetch_sub(1, Ordering::AcqRel) == 1 && self.source.finish(&shipped.ticket).is_some() {
            self.suspects.forget(shipped.ticket.partition.number, shipped.ticket.offset);
            self.produce_seconds.observe(shipped.since.elapsed().as_secs_f64());
            self.metrics.end_to_end_seconds.observe(age_seconds(shipped.received_at_ms));
            self.metrics.last_processed_timestamp_seconds.set(now_ms() as f64 / 1e3);
        }
    }

    /// A verdict is larger than its topic takes: the draft as it came goes to the dead-letter topic, and an item to a
    /// person that says so. Where even those do not fit, the partition stands still: nothing passes unseen.
    fn send_stand_in(self: &Arc<Self>, shipped: &Arc<Shipped>) {
        let Some(ruleset) = self.rules.current() else { return };
        let why = Unreadable::new("too_large", "the verdict is larger than its topic takes: xianshen topics check");
        let outputs = self.outputs.of_unreadable(&shipped.record, &why, &ruleset, shipped.received_at_ms);
        self.metrics.dlq_records_total.with_label_values(&[why.code]).inc();
        // The one that did not fit counts as arrived when all that stands for it has.
        shipped.left.fetch_add(outputs.len() - 1, Ordering::AcqRel);
        for output in outputs {
            let (screen, shipped) = (Arc::clone(self), Arc::clone(shipped));
            let done = move |sent: Result<(), TooLarge>| match sent {
                Ok(()) => screen.arrived(&shipped),
                Err(TooLarge) => tracing::error!(
                    topic = %shipped.ticket.partition.topic, partition = shipped.ticket.partition.number, offset = shipped.ticket.offset,
                    "The dead-letter topic takes smaller records than the topic of drafts; the partition stands still. \
                     Run `xianshen topics check`."
                ),
            };
            self.producer.send(output, Box::new(done));
        }
    }

    /// Closes the breaker again, when a person says so.
    pub fn reset_breaker(&self) {
        let mut breaker = unpoisoned(self.breaker.lock());
        if breaker.is_open() {
            tracing::info!("Consumption goes on after too many unreadable records.");
        }
        breaker.reset();
        self.metrics.dlq_breaker_open.set(0.0);
    }

    /// Why this process is not ready; empty when it is.
    pub fn not_ready(&self) -> Vec<&'static str> {
        let mut reasons = self.source.health.not_ready();
        if unpoisoned(self.breaker.lock()).is_open() {
            reasons.push("dlq_breaker");
        }
        reasons
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
