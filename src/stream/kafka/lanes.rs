//! The records under way, partition by partition: what may be fetched, released and committed, and what is fenced off
//! after a rebalance. Must not know Kafka's client, drafts or verdicts.

use crate::stream::unpoisoned;
use crate::stream::watermark::Watermark;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition {
    pub topic: Arc<str>,
    pub number: i32,
}

/// Names one record under way. It is worth nothing any more once its partition was fenced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    pub partition: Partition,
    pub offset: i64,
    epoch: u64,
}

/// How much may be under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Records of one partition.
    pub items_max: usize,
    /// Bytes of all partitions together (one record may go over).
    pub bytes_max: usize,
}

struct Lane<T> {
    epoch: u64,
    watermark: Watermark<T>,
    /// What is under way, by offset.
    begun: BTreeMap<i64, Begun>,
}

struct Begun {
    since: Instant,
    bytes: usize,
}

struct Inner<T> {
    lanes: HashMap<Partition, Lane<T>>,
    /// Grows with every assignment, so that a ticket of an earlier one is told apart.
    epochs: u64,
    bytes: usize,
    stale: u64,
}

/// All partitions assigned to this process.
pub struct Lanes<T> {
    inner: Mutex<Inner<T>>,
    /// Something was finished.
    finished: Condvar,
    bounds: Bounds,
}

/// What to do with outputs whose turn has come.
pub enum Release<T> {
    /// They are on their way.
    Sent,
    /// Not now; ask again.
    Hold(T),
}

impl<T> Lanes<T> {
    pub fn new(bounds: Bounds) -> Self {
        let inner = Inner { lanes: HashMap::new(), epochs: 0, bytes: 0, stale: 0 };
        Self { inner: Mutex::new(inner), finished: Condvar::new(), bounds }
    }

    /// Takes partitions on, each in an epoch of its own.
    pub fn open(&self, partitions: impl IntoIterator<Item = Partition>) {
        let mut inner = unpoisoned(self.inner.lock());
        for partition in partitions {
            inner.epochs += 1;
            let epoch = inner.epochs;
            inner.lanes.insert(partition, Lane { epoch, watermark: Watermark::default(), begun: BTreeMap::new() });
        }
    }

    /// Begins a record of `bytes`. `None`: it is under way or finished already, or its partition is not ours.
    pub fn begin(&self, partition: &Partition, offset: i64, bytes: usize) -> Option<Ticket> {
        let mut inner = unpoisoned(self.inner.lock());
        let lane = inner.lanes.get_mut(partition)?;
        if !lane.watermark.begin(offset) {
            return None;
        }
        lane.begun.insert(offset, Begun { since: Instant::now(), bytes });
        let ticket = Ticket { partition: partition.clone(), offset, epoch: lane.epoch };
        inner.bytes += bytes;
        Some(ticket)
    }

    /// Hands in the outputs of a record, then lets go all outputs of its partition whose turn has come. `release` runs
    /// under the lock, so that outputs leave in the order of the records; it must not block or call back.
    pub fn ready(&self, ticket: &Ticket, outputs: T, release: impl FnMut(Ticket, T) -> Release<T>) {
        let mut inner = unpoisoned(self.inner.lock());
        match inner.lanes.get_mut(&ticket.partition).filter(|lane| lane.epoch == ticket.epoch) {
            Some(lane) => {
                if lane.watermark.ready(ticket.offset, outputs) {
                    release_from(&ticket.partition, lane, release);
                }
            }
            None => inner.stale += 1,
        }
    }

    /// Lets go what was held, in every partition.
    pub fn release_all(&self, mut release: impl FnMut(Ticket, T) -> Release<T>) {
        let mut inner = unpoisoned(self.inner.lock());
        for (partition, lane) in &mut inner.lanes {
            release_from(partition, lane, &mut release);
        }
    }

    /// The effect of a record is durable. `store` is told the new position of its partition, under the lock, so that
    /// nothing is stored for a partition that was fenced. Returns how long the record was under way; `None`: fenced, or finished before.
    pub fn finish(&self, ticket: &Ticket, store: impl FnOnce(&Partition, i64)) -> Option<Duration> {
        let mut inner = unpoisoned(self.inner.lock());
        let Some(lane) = inner.lanes.get_mut(&ticket.partition).filter(|lane| lane.epoch == ticket.epoch) else {
            inner.stale += 1;
            return None;
        };
        let moved = lane.watermark.finish(ticket.offset);
        let begun = lane.begun.remove(&ticket.offset);
        if let Some(position) = moved {
            store(&ticket.partition, position);
        }
        inner.bytes -= begun.as_ref().map_or(0, |begun| begun.bytes);
        drop(inner);
        self.finished.notify_all();
        begun.map(|begun| begun.since.elapsed())
    }

    /// Waits until nothing of these partitions is under way (of all, when `None`); false when `at_most` has passed.
    pub fn drain(&self, partitions: Option<&[Partition]>, at_most: Duration) -> bool {
        let deadline = Instant::now() + at_most;
        let mut inner = unpoisoned(self.inner.lock());
        let is_idle = |inner: &Inner<T>| match partitions {
            Some(partitions) => {
                partitions.iter().all(|partition| inner.lanes.get(partition).is_none_or(|lane| lane.watermark.in_flight() == 0))
            }
            None => inner.lanes.values().all(|lane| lane.watermark.in_flight() == 0),
        };
        while !is_idle(&inner) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            inner = self.finished.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Gives partitions up: tickets of theirs are worth nothing from now on. Returns how many records were cut off.
    pub fn fence(&self, partitions: &[Partition]) -> usize {
        let mut inner = unpoisoned(self.inner.lock());
        let mut cut = 0;
        for partition in partitions {
            if let Some(lane) = inner.lanes.remove(partition) {
                cut += lane.watermark.in_flight();
                inner.bytes -= lane.begun.values().map(|begun| begun.bytes).sum::<usize>();
            }
        }
        cut
    }

    /// Waits until more may be begun; false when `at_most` has passed.
    pub fn wait_for_room(&self, at_most: Duration) -> bool {
        let Bounds { items_max, bytes_max } = self.bounds;
        let is_full =
            |inner: &mut Inner<T>| inner.bytes >= bytes_max || inner.lanes.values().any(|lane| lane.watermark.in_flight() >= items_max);
        let inner = unpoisoned(self.inner.lock());
        let (_inner, waited) = self.finished.wait_timeout_while(inner, at_most, is_full).unwrap_or_else(PoisonError::into_inner);
        !waited.timed_out()
    }

    /// Partitions that have as much under way as they may; all of them when there are too many bytes. Those that have
    /// come below half of it are `false`, those in between keep their state and are left out.
    pub fn full(&self) -> Vec<(Partition, bool)> {
        let inner = unpoisoned(self.inner.lock());
        let heavy = inner.bytes >= self.bounds.bytes_max;
        let light = inner.bytes * 2 <= self.bounds.bytes_max;
        let mut full = Vec::new();
        for (partition, lane) in &inner.lanes {
            let items = lane.watermark.in_flight();
            if heavy || items >= self.bounds.items_max {
                full.push((partition.clone(), true));
            } else if light && items * 2 <= self.bounds.items_max {
                full.push((partition.clone(), false));
            }
        }
        full
    }

    /// Whether a partition is ours.
    pub fn has(&self, partition: &Partition) -> bool {
        unpoisoned(self.inner.lock()).lanes.contains_key(partition)
    }

    /// Records under way, the age of the oldest, and the completions that came too late.
    pub fn figures(&self) -> Figures {
        let inner = unpoisoned(self.inner.lock());
        // Records of a partition are begun in order: the first is the oldest.
        let oldest = inner.lanes.values().filter_map(|lane| lane.begun.values().next()).map(|begun| begun.since).min();
        Figures {
            in_flight: inner.lanes.values().map(|lane| lane.watermark.in_flight()).sum(),
            oldest: oldest.map_or(Duration::ZERO, |since| since.elapsed()),
            stale: inner.stale,
            partitions: inner.lanes.len(),
        }
    }
}

/// What [`Lanes::figures`] tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    pub in_flight: usize,
    pub oldest: Duration,
    pub stale: u64,
    pub partitions: usize,
}

fn release_from<T>(partition: &Partition, lane: &mut Lane<T>, mut release: impl FnMut(Ticket, T) -> Release<T>) {
    while let Some((offset, outputs)) = lane.watermark.release() {
        let ticket = Ticket { partition: partition.clone(), offset, epoch: lane.epoch };
        if let Release::Hold(outputs) = release(ticket, outputs) {
            lane.watermark.hold(offset, outputs);
            return;
        }
    }
}
