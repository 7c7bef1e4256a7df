//! The records under way, partition by partition: what may be fetched, released and committed, and what is fenced off
//! after a rebalance. Must not know Kafka's client, drafts or verdicts.

use crate::stream::unpoisoned;
use crate::stream::watermark::Watermark;
// In the tests a scheduler decides at every lock who goes on.
#[cfg(test)]
use shuttle::sync::{Condvar, Mutex};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError};
#[cfg(not(test))]
use std::sync::{Condvar, Mutex};
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
    /// Milliseconds since 1970 (UTC), as its producer or broker says.
    timestamp_ms: Option<i64>,
}

struct Inner<T> {
    lanes: HashMap<Partition, Lane<T>>,
    /// Grows with every assignment, so that a ticket of an earlier one is told apart.
    epochs: u64,
    bytes: usize,
    stale: u64,
    /// Threads that wait for `finished`; telling nobody would be a call of the kernel for every record.
    waiting: usize,
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
        let inner = Inner { lanes: HashMap::new(), epochs: 0, bytes: 0, stale: 0, waiting: 0 };
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
    pub fn begin(&self, partition: &Partition, offset: i64, bytes: usize, timestamp_ms: Option<i64>) -> Option<Ticket> {
        let mut inner = unpoisoned(self.inner.lock());
        let lane = inner.lanes.get_mut(partition)?;
        if !lane.watermark.begin(offset) {
            return None;
        }
        lane.begun.insert(offset, Begun { since: Instant::now(), bytes, timestamp_ms });
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
        let someone_waits = inner.waiting > 0;
        drop(inner);
        if someone_waits {
            self.finished.notify_all();
        }
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
            inner.waiting += 1;
            inner = self.finished.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0;
            inner.waiting -= 1;
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
        let mut inner = unpoisoned(self.inner.lock());
        inner.waiting += 1;
        let (mut inner, waited) = self.finished.wait_timeout_while(inner, at_most, is_full).unwrap_or_else(PoisonError::into_inner);
        inner.waiting -= 1;
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
        let firsts = || inner.lanes.values().filter_map(|lane| lane.begun.values().next());
        Figures {
            in_flight: inner.lanes.values().map(|lane| lane.watermark.in_flight()).sum(),
            oldest: firsts().map(|begun| begun.since).min().map_or(Duration::ZERO, |since| since.elapsed()),
            oldest_timestamp_ms: firsts().filter_map(|begun| begun.timestamp_ms).min(),
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
    /// The earliest timestamp among the oldest records of all partitions.
    pub oldest_timestamp_ms: Option<i64>,
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

#[cfg(test)]
mod tests {
    use super::*;
    use shuttle::rand::{Rng, thread_rng};
    use shuttle::thread;
    use std::collections::BTreeSet;

    /// Offsets of the records; two threads judge, whoever likes delivers.
    const RECORDS: i64 = 5;
    /// Orders in which the threads take turns that are tried.
    const SCHEDULES: usize = 20_000;
    const LONG: Duration = Duration::from_secs(3_600);

    struct World {
        lanes: Lanes<i64>,
        partition: Partition,
        /// Outputs on their way.
        sent: Mutex<Vec<Ticket>>,
        seen: Mutex<Seen>,
    }

    #[derive(Default)]
    struct Seen {
        /// The offset that was let go last, by epoch.
        released: BTreeMap<u64, i64>,
        finished: BTreeSet<i64>,
        stored: i64,
        /// Epochs up to here were fenced off.
        fenced: u64,
    }

    impl World {
        fn new() -> Arc<Self> {
            let lanes = Lanes::new(Bounds { items_max: 3, bytes_max: 100 });
            let partition = Partition { topic: "t".into(), number: 0 };
            lanes.open([partition.clone()]);
            Arc::new(Self { lanes, partition, sent: Mutex::default(), seen: Mutex::default() })
        }

        fn begin(&self, from: i64) -> Vec<Ticket> {
            (from..RECORDS).filter_map(|offset| self.lanes.begin(&self.partition, offset, 10, None)).collect()
        }

        /// As the breaker: sometimes not now.
        fn let_go(&self, ticket: Ticket, offset: i64) -> Release<i64> {
            if thread_rng().gen_range(0..4) == 0 {
                return Release::Hold(offset);
            }
            let before = unpoisoned(self.seen.lock()).released.insert(ticket.epoch, offset);
            assert!(before.is_none_or(|before| before < offset), "outputs leave in the order of the records");
            unpoisoned(self.sent.lock()).push(ticket);
            Release::Sent
        }

        fn judge(&self, tickets: &[Ticket]) {
            for ticket in tickets {
                self.lanes.ready(ticket, ticket.offset, |ticket, offset| self.let_go(ticket, offset));
                self.deliver();
            }
        }

        /// The brokers have one of the outputs on their way, any of them.
        fn deliver(&self) {
            let ticket = {
                let mut sent = unpoisoned(self.sent.lock());
                if sent.is_empty() {
                    return;
                }
                let at = thread_rng().gen_range(0..sent.len());
                sent.swap_remove(at)
            };
            unpoisoned(self.seen.lock()).finished.insert(ticket.offset);
            let epoch = ticket.epoch;
            self.lanes.finish(&ticket, |_, position| {
                let mut seen = unpoisoned(self.seen.lock());
                assert!(epoch > seen.fenced, "nothing is stored for a partition that was given up");
                assert!((0..position).all(|offset| seen.finished.contains(&offset)), "nothing unfinished is passed");
                assert!(position > seen.stored, "it never goes back");
                seen.stored = position;
            });
        }

        /// Lets go and delivers until nothing is under way; a thread of its own.
        fn finish_all(&self) {
            while self.lanes.figures().in_flight > 0 {
                self.lanes.release_all(|ticket, offset| self.let_go(ticket, offset));
                self.deliver();
                thread::yield_now();
            }
        }
    }

    fn spawn(world: &Arc<World>, work: impl FnOnce(&World) + Send + 'static) -> thread::JoinHandle<()> {
        let world = Arc::clone(world);
        thread::spawn(move || work(&world))
    }

    fn judge_in_two_threads(world: &Arc<World>, tickets: Vec<Ticket>) -> [thread::JoinHandle<()>; 2] {
        let (even, odd): (Vec<_>, Vec<_>) = tickets.into_iter().partition(|ticket| ticket.offset % 2 == 0);
        [spawn(world, move |world| world.judge(&even)), spawn(world, move |world| world.judge(&odd))]
    }

    #[test]
    fn a_drain_waits_for_all_that_is_under_way_and_then_nothing_is_cut_off() {
        let rebalance = || {
            let world = World::new();
            let threads = judge_in_two_threads(&world, world.begin(0));
            let delivering = spawn(&world, World::finish_all);
            assert!(world.lanes.drain(Some(std::slice::from_ref(&world.partition)), LONG));
            assert_eq!(world.lanes.fence(std::slice::from_ref(&world.partition)), 0);
            assert_eq!(unpoisoned(world.seen.lock()).stored, RECORDS);
            threads.into_iter().chain([delivering]).for_each(|thread| thread.join().expect("ends"));
        };
        shuttle::check_random(rebalance, SCHEDULES);
        shuttle::check_pct(rebalance, SCHEDULES / 10, 3);
    }

    #[test]
    fn whatever_is_finished_after_a_fence_moves_nothing_and_is_done_again_in_the_next_epoch() {
        let lost_and_assigned_again = || {
            let world = World::new();
            let early = judge_in_two_threads(&world, world.begin(0));
            let helping = spawn(&world, |world| (0..RECORDS).for_each(|_| world.deliver()));
            let cut = world.lanes.fence(std::slice::from_ref(&world.partition));
            let from = {
                let mut seen = unpoisoned(world.seen.lock());
                seen.fenced = 1;
                seen.stored
            };
            assert_eq!(cut as i64, RECORDS - from, "what is not committed is cut off");
            world.lanes.open([world.partition.clone()]);
            let late = judge_in_two_threads(&world, world.begin(from));
            early.into_iter().chain(late).chain([helping]).for_each(|thread| thread.join().expect("ends"));
            world.finish_all();
            assert_eq!(unpoisoned(world.seen.lock()).stored, RECORDS);
            let figures = world.lanes.figures();
            assert_eq!((figures.in_flight, unpoisoned(world.lanes.inner.lock()).bytes), (0, 0));
        };
        shuttle::check_random(lost_and_assigned_again, SCHEDULES);
        shuttle::check_pct(lost_and_assigned_again, SCHEDULES / 10, 3);
    }

    #[test]
    fn who_waits_for_room_is_woken_when_there_is_some() {
        let full = || {
            let world = World::new();
            let threads = judge_in_two_threads(&world, world.begin(0));
            let delivering = spawn(&world, World::finish_all);
            assert!(world.lanes.wait_for_room(LONG));
            assert!(world.lanes.figures().in_flight < 3);
            threads.into_iter().chain([delivering]).for_each(|thread| thread.join().expect("ends"));
        };
        shuttle::check_random(full, SCHEDULES);
    }
}
