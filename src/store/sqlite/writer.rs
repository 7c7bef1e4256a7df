//! The one thread that writes: gathers writes, commits them together, answers after the commit, checkpoints.
//! Must not know what the writes mean; that stands in `acts`.

use super::{Shared, acts, store_error};
use crate::model::Queue;
use crate::ruleset::RuleFiles;
use crate::store::{Event, Ingested, Intake, Judged, NewRevision, Rejudge, StoreError};
use rusqlite::{Connection, TransactionBehavior};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// A batch is closed early when nothing was added to it for this long.
const QUIET: Duration = Duration::from_micros(500);
/// How long the writer rests after it found the disk full or the database held by another process.
const REST: Duration = Duration::from_millis(500);
/// Pages in the WAL after which they are carried over to the database file.
const WAL_PAGES_BEFORE_CHECKPOINT: i64 = 1_000;
/// Pages in the WAL after which the writer waits for the readers to let it start over (64 MiB).
const WAL_PAGES_BEFORE_RESTART: i64 = 16_384;
/// Bytes of one page of the database, and of its frame in the WAL.
const PAGE_BYTES: u64 = 4_096;

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// What the writer is asked to do.
pub(super) enum Write {
    TakeIn(Box<NewRevision>, Reply<Intake>),
    Announce(Box<NewRevision>, Reply<Intake>),
    Forwarded { places: Vec<i64>, reply: Reply<()> },
    Ingest(Box<(NewRevision, Judged, Option<Event>)>, Reply<Ingested>),
    EventsSent { numbers: Vec<i64>, reply: Reply<()> },
    Carried { places: Vec<(i64, String)>, reply: Reply<()> },
    Rejudge { unit: String, id: String, reply: Reply<Rejudge> },
    RejudgeQueue { queue: Queue, reply: Reply<u64> },
    Record(Box<Judged>),
    MarkStarted { places: Vec<i64>, reply: Reply<()> },
    SaveRuleset { files: Box<RuleFiles>, now_ms: i64, reply: Reply<()> },
    Close,
}

/// What a write came to, kept until the commit.
enum Outcome {
    TakenIn(Intake),
    Ingested(Ingested),
    Rejudge(Rejudge),
    RejudgeQueue(u64),
    Recorded(bool),
    Done,
}

pub(super) struct Limits {
    pub batch_items_max: usize,
    pub batch_ms_max: u64,
}

/// What a batch adds to and takes from the inbox.
#[derive(Default)]
pub(super) struct InboxChange {
    pub added_items: u64,
    pub added_bytes: u64,
    pub taken_items: u64,
    pub taken_bytes: u64,
}

/// Runs until closed or failed. After a failure the connection is left open on purpose: closing it would write once
/// more to a disk that has just refused, and the process ends within seconds.
pub(super) fn run(connection: Connection, writes: &Receiver<Write>, limits: Limits, shared: &Shared) {
    let mut writer = Writer { connection, limits, shared, held: Vec::new(), rest_until: None, last_batch: 0 };
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| writer.run(writes)));
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(reason)) => {
            shared.fail(&reason);
            std::mem::forget(writer.connection);
        }
        Err(_) => {
            shared.fail("the writer thread panicked");
            std::mem::forget(writer.connection);
        }
    }
}

/// The state of the write-ahead log, in pages.
struct Wal {
    pages: i64,
    /// Pages that the database file has already.
    carried_over: i64,
}

struct Writer<'a> {
    connection: Connection,
    limits: Limits,
    shared: &'a Shared,
    /// Verdicts that could not be written yet because the disk is full or the database held.
    held: Vec<Write>,
    rest_until: Option<Instant>,
    last_batch: usize,
}

impl Writer<'_> {
    fn run(&mut self, writes: &Receiver<Write>) -> Result<(), String> {
        loop {
            let (batch, closing) = self.gather(writes);
            if let Some(failed) = self.shared.failed() {
                refuse(batch, &failed);
                return Err(failed.to_string());
            }
            self.write_all(batch)?;
            if closing {
                return self.finish();
            }
        }
    }

    /// The next batch, and whether it is the last one.
    fn gather(&mut self, writes: &Receiver<Write>) -> (Vec<Write>, bool) {
        let mut batch = Vec::with_capacity(self.limits.batch_items_max);
        let first = match self.rest_until {
            // With verdicts held back, look again when the rest is over even if nobody asks for anything.
            Some(until) => match writes.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(write) => write,
                Err(RecvTimeoutError::Timeout) => return (batch, false),
                Err(RecvTimeoutError::Disconnected) => return (batch, true),
            },
            None => match writes.recv() {
                Ok(write) => write,
                Err(_) => return (batch, true),
            },
        };
        let deadline = Instant::now() + Duration::from_millis(self.limits.batch_ms_max);
        // A lone client does not wait for company: the batch is held open only while others write too.
        let company = self.last_batch > 1;
        let mut next = Some(first);
        while let Some(write) = next.take() {
            if matches!(write, Write::Close) {
                return (batch, true);
            }
            batch.push(write);
            if batch.len() < self.limits.batch_items_max {
                next = writes.try_recv().ok().or_else(|| {
                    let wait = deadline.saturating_duration_since(Instant::now()).min(QUIET);
                    if company && !wait.is_zero() { writes.recv_timeout(wait).ok() } else { None }
                });
            }
        }
        self.last_batch = batch.len();
        (batch, false)
    }

    /// Writes a batch, or refuses it while the disk is full; an error is a failure that stops the process.
    fn write_all(&mut self, batch: Vec<Write>) -> Result<(), String> {
        if let Some(until) = self.rest_until {
            let full = self.shared.full.load(Ordering::Relaxed);
            if Instant::now() < until {
                self.hold_back(batch, &if full { StoreError::Full } else { StoreError::Busy });
                return Ok(());
            }
            self.rest_until = None;
            // Verdicts first: they make room in the inbox and must not starve behind large drafts.
            let held = std::mem::take(&mut self.held);
            if held.is_empty() && batch.is_empty() {
                return self.probe();
            }
            self.write(held)?;
            if self.rest_until.is_some() {
                self.hold_back(batch, &if full { StoreError::Full } else { StoreError::Busy });
                return Ok(());
            }
        }
        self.write(batch)
    }

    fn write(&mut self, batch: Vec<Write>) -> Result<(), String> {
        if batch.is_empty() {
            return Ok(());
        }
        let begun = Instant::now();
        let mut change = InboxChange::default();
        match self.commit(&batch, &mut change) {
            Ok(outcomes) => {
                let metrics = &self.shared.metrics;
                metrics.store_commit_seconds.observe(begun.elapsed().as_secs_f64());
                metrics.store_batch_items.observe(batch.len() as f64);
                self.note_room();
                let shared = self.shared;
                shared.pending_items.fetch_add(change.added_items, Ordering::Relaxed);
                shared.pending_bytes.fetch_add(change.added_bytes, Ordering::Relaxed);
                shared.pending_items.fetch_sub(change.taken_items, Ordering::Relaxed);
                shared.pending_bytes.fetch_sub(change.taken_bytes, Ordering::Relaxed);
                for (write, outcome) in batch.into_iter().zip(outcomes) {
                    self.answer(write, &outcome);
                }
                if change.added_items > 0 {
                    self.shared.ring(change.added_items);
                }
                self.checkpoint()
            }
            Err(error) => match store_error(&error) {
                refusal @ (StoreError::Full | StoreError::Busy) => {
                    self.rest(&refusal);
                    self.hold_back(batch, &refusal);
                    Ok(())
                }
                failed => {
                    let reason = failed.to_string();
                    // Whoever waits must not be told "stored": the outcome on disk is unknown.
                    self.shared.fail(&reason);
                    refuse(batch, &failed);
                    Err(reason)
                }
            },
        }
    }

    fn note_room(&self) {
        if self.shared.full.swap(false, Ordering::Relaxed) {
            tracing::info!("The disk has room again; drafts are accepted.");
            self.shared.ring(0);
        }
    }

    /// Writes one page that changes nothing: with nobody asking, only this tells that the disk has room again.
    fn probe(&mut self) -> Result<(), String> {
        match acts::rewrite_version(&mut self.connection) {
            Ok(()) => {
                self.note_room();
                Ok(())
            }
            Err(error) => match store_error(&error) {
                refusal @ (StoreError::Full | StoreError::Busy) => {
                    self.rest(&refusal);
                    Ok(())
                }
                failed => Err(failed.to_string()),
            },
        }
    }

    fn rest(&mut self, refusal: &StoreError) {
        self.rest_until = Some(Instant::now() + REST);
        match refusal {
            StoreError::Full => {
                if !self.shared.full.swap(true, Ordering::Relaxed) {
                    tracing::error!("The disk is full; drafts are refused with 503 until there is room. Free some space.");
                }
                self.shared.metrics.store_full_total.inc();
            }
            _ => {
                tracing::warn!("The database is held by another process; the writes are tried again.");
                self.shared.metrics.store_busy_total.inc();
            }
        }
    }

    /// Refuses what a client can send again, holds the verdicts.
    fn hold_back(&mut self, batch: Vec<Write>, refusal: &StoreError) {
        let (verdicts, rest): (Vec<_>, Vec<_>) = batch.into_iter().partition(|write| matches!(write, Write::Record(_)));
        self.held.extend(verdicts);
        refuse(rest, refusal);
    }

    fn commit(&mut self, batch: &[Write], change: &mut InboxChange) -> Result<Vec<Outcome>, rusqlite::Error> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut outcomes = Vec::with_capacity(batch.len());
        for write in batch {
            outcomes.push(match write {
                Write::TakeIn(new, _) => Outcome::TakenIn(acts::take_in(&transaction, new, change)?),
                Write::Announce(new, _) => Outcome::TakenIn(acts::announce(&transaction, new)?),
                Write::Forwarded { places, .. } => {
                    acts::forwarded(&transaction, places, change)?;
                    Outcome::Done
                }
                Write::Ingest(given, _) => {
                    let (new, judged, event) = &**given;
                    Outcome::Ingested(acts::ingest(&transaction, new, judged, event.as_ref())?)
                }
                Write::EventsSent { numbers, .. } => {
                    acts::events_sent(&transaction, numbers)?;
                    Outcome::Done
                }
                Write::Carried { places, .. } => {
                    acts::carried(&transaction, places)?;
                    Outcome::Done
                }
                Write::Rejudge { unit, id, .. } => Outcome::Rejudge(acts::rejudge(&transaction, unit, id, change)?),
                Write::RejudgeQueue { queue, .. } => Outcome::RejudgeQueue(acts::rejudge_queue(&transaction, *queue, change)?),
                Write::Record(judged) => Outcome::Recorded(acts::record(&transaction, judged, change)?),
                Write::MarkStarted { places, .. } => {
                    acts::mark_started(&transaction, places)?;
                    Outcome::Done
                }
                Write::SaveRuleset { files, now_ms, .. } => {
                    acts::save_ruleset(&transaction, files, *now_ms)?;
                    Outcome::Done
                }
                Write::Close => Outcome::Done,
            });
        }
        transaction.commit()?;
        Ok(outcomes)
    }

    /// Tells whoever asked. Someone who no longer listens is no error: the effect is durable.
    fn answer(&self, write: Write, outcome: &Outcome) {
        match (write, outcome) {
            (Write::TakeIn(_, reply) | Write::Announce(_, reply), Outcome::TakenIn(intake)) => drop(reply.send(Ok(*intake))),
            (Write::Ingest(given, reply), Outcome::Ingested(ingested)) => {
                if *ingested == Ingested::New {
                    self.count(&given.1);
                    if given.2.is_some() {
                        self.shared.ring(1);
                    }
                }
                drop(reply.send(Ok(*ingested)));
            }
            (Write::Rejudge { reply, .. }, Outcome::Rejudge(rejudge)) => drop(reply.send(Ok(*rejudge))),
            (Write::RejudgeQueue { reply, .. }, Outcome::RejudgeQueue(items)) => drop(reply.send(Ok(*items))),
            (
                Write::MarkStarted { reply, .. }
                | Write::Forwarded { reply, .. }
                | Write::EventsSent { reply, .. }
                | Write::Carried { reply, .. }
                | Write::SaveRuleset { reply, .. },
                _,
            ) => drop(reply.send(Ok(()))),
            (Write::Record(judged), Outcome::Recorded(true)) => self.count(&judged),
            _ => {}
        }
    }

    fn count(&self, judged: &Judged) {
        let metrics = &self.shared.metrics;
        metrics.verdicts_total.with_label_values(&[judged.queue.as_str()]).inc();
        if let Some(reason) = judged.undetermined {
            metrics.undetermined_total.with_label_values(&[reason]).inc();
        }
        let seconds = (judged.judged_at_ms - judged.received_at_ms).max(0) as f64 / 1e3;
        metrics.end_to_end_seconds.observe(seconds);
        metrics.last_processed_timestamp_seconds.set(judged.judged_at_ms as f64 / 1e3);
    }

    /// Carries the WAL over to the database file when it has grown. Clients have been answered already.
    fn checkpoint(&mut self) -> Result<(), String> {
        let wal = self.checkpoint_in("NOOP")?;
        if wal.pages >= WAL_PAGES_BEFORE_RESTART {
            self.checkpoint_in("RESTART")?;
        } else if wal.pages - wal.carried_over >= WAL_PAGES_BEFORE_CHECKPOINT {
            self.checkpoint_in("PASSIVE")?;
        }
        self.shared.metrics.store_wal_bytes.set((wal.pages.max(0) as u64 * PAGE_BYTES) as f64);
        Ok(())
    }

    fn checkpoint_in(&mut self, mode: &str) -> Result<Wal, String> {
        let outcome = self
            .connection
            .prepare_cached(&format!("PRAGMA wal_checkpoint({mode})"))
            .and_then(|mut statement| statement.query_row([], |row| Ok(Wal { pages: row.get(1)?, carried_over: row.get(2)? })));
        match outcome {
            Ok(wal) => Ok(wal),
            Err(error) => match store_error(&error) {
                // The next checkpoint does what this one could not; the pages stay safe in the WAL.
                StoreError::Full | StoreError::Busy => Ok(Wal { pages: 0, carried_over: 0 }),
                failed => Err(failed.to_string()),
            },
        }
    }

    fn finish(&mut self) -> Result<(), String> {
        let held = std::mem::take(&mut self.held);
        // What cannot be written now is still in the inbox and is judged again after the next start.
        if self.rest_until.is_none() {
            self.write(held)?;
        }
        if let Err(error) = acts::forget_starts(&self.connection) {
            tracing::warn!(reason = %super::describe(&error), "The starts of waiting jobs could not be reset; they count once more at the next start.");
        }
        self.checkpoint_in("TRUNCATE").map(|_| ())
    }
}

fn refuse(batch: Vec<Write>, refusal: &StoreError) {
    for write in batch {
        match write {
            Write::TakeIn(_, reply) | Write::Announce(_, reply) => drop(reply.send(Err(refusal.clone()))),
            Write::Ingest(_, reply) => drop(reply.send(Err(refusal.clone()))),
            Write::Rejudge { reply, .. } => drop(reply.send(Err(refusal.clone()))),
            Write::RejudgeQueue { reply, .. } => drop(reply.send(Err(refusal.clone()))),
            Write::MarkStarted { reply, .. }
            | Write::Forwarded { reply, .. }
            | Write::EventsSent { reply, .. }
            | Write::Carried { reply, .. }
            | Write::SaveRuleset { reply, .. } => drop(reply.send(Err(refusal.clone()))),
            Write::Record(_) | Write::Close => {}
        }
    }
}
