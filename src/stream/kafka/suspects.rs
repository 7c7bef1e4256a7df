//! Which records this process is judging, in a small file that outlives it: a record that brings the process down again
//! and again is found out and set aside. Must not know Kafka's client, drafts or verdicts.

use crate::stream::unpoisoned;
use std::collections::HashMap;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Processes that may end while they judge a record before it goes to a person unjudged.
pub const DEATHS_MAX: u32 = 2;
/// Every slot of the file is one line of so many bytes, so that a mark is one write in place.
const SLOT_BYTES: usize = 64;
const EMPTY_SLOT: [u8; SLOT_BYTES] = [b' '; SLOT_BYTES];
/// Suspects that are kept from one process to the next; those of the highest offsets.
const SUSPECTS_MAX: usize = 256;
/// Processes that may share one data folder.
const FILES_MAX: usize = 256;

/// A record of the topic of drafts.
type Place = (i32, i64);

/// The marks of one process.
pub struct Suspects {
    file: File,
    inner: Mutex<Inner>,
    /// Someone has finished judging.
    finished: Condvar,
}

#[derive(Default)]
struct Inner {
    /// Records that were being judged when a process ended: how often, and the slot that says so.
    suspects: HashMap<Place, (u32, usize)>,
    /// Slots that nobody holds, below `slots`.
    free: Vec<usize>,
    /// Slots of records that were judged to the end: written over by the next record, or cleared when there is none. One
    /// write for a record instead of two.
    judged: Vec<usize>,
    slots: usize,
    judging: usize,
    /// Threads that wait for others to finish; telling nobody would be a call of the kernel for every record.
    waiting: usize,
    /// A suspect is judged, or waits for that: nobody else begins.
    alone: bool,
}

/// Held while a record is judged.
pub struct Judging {
    suspects: Arc<Suspects>,
    place: Place,
    slot: usize,
    alone: bool,
}

impl Suspects {
    /// Opens the marks in a folder, which is created when absent. Processes that share the folder have a file each, and
    /// take over the one of a process that has ended.
    pub fn open(folder: &Path, topic: &str) -> io::Result<Arc<Self>> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        for number in 0..FILES_MAX {
            let path = folder.join(format!("judging.{topic}.{number}"));
            let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).mode(0o600).open(path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => continue,
                Err(TryLockError::Error(error)) => return Err(error),
            }
            let mut text = Vec::new();
            (&mut file).take((SUSPECTS_MAX * 16 * SLOT_BYTES) as u64).read_to_end(&mut text)?;
            return Self::take_over(file, &text).map(Arc::new);
        }
        Err(io::Error::other("too many processes share the folder"))
    }

    /// Whatever the last process was judging when it ended is a suspect, once more.
    fn take_over(file: File, text: &[u8]) -> io::Result<Self> {
        let mut found: Vec<(Place, u32)> = text.chunks(SLOT_BYTES).filter_map(read_slot).collect();
        found.sort_unstable_by_key(|((partition, offset), deaths)| (std::cmp::Reverse(*offset), *partition, std::cmp::Reverse(*deaths)));
        found.dedup_by_key(|(place, _)| *place);
        found.truncate(SUSPECTS_MAX);
        let lines: Vec<u8> = found.iter().flat_map(|(place, deaths)| line("suspect", *deaths, *place)).collect();
        file.write_all_at(&lines, 0)?;
        file.set_len(lines.len() as u64)?;
        let suspects: HashMap<Place, (u32, usize)> =
            found.into_iter().enumerate().map(|(slot, (place, deaths))| (place, (deaths, slot))).collect();
        let inner = Inner { slots: suspects.len(), suspects, ..Inner::default() };
        Ok(Self { file, inner: Mutex::new(inner), finished: Condvar::new() })
    }

    /// How many processes have ended while they judged a record.
    pub fn deaths(&self, partition: i32, offset: i64) -> u32 {
        unpoisoned(self.inner.lock()).suspects.get(&(partition, offset)).map_or(0, |(deaths, _)| *deaths)
    }

    /// Marks a record until the returned value is dropped. A suspect is judged alone, so that nothing innocent is beside
    /// it when the process ends again.
    pub fn begin(self: &Arc<Self>, partition: i32, offset: i64) -> Judging {
        let place = (partition, offset);
        let mut inner = unpoisoned(self.inner.lock());
        while inner.alone {
            inner = self.wait_until_finished(inner);
        }
        let suspect = inner.suspects.get(&place).copied();
        let alone = suspect.is_some();
        inner.alone = alone;
        while alone && inner.judging > 0 {
            inner = self.wait_until_finished(inner);
        }
        inner.judging += 1;
        let (deaths, slot) = suspect.unwrap_or_else(|| {
            let slot = inner.judged.pop().or_else(|| inner.free.pop()).unwrap_or(inner.slots);
            inner.slots = inner.slots.max(slot + 1);
            (0, slot)
        });
        drop(inner);
        self.write(slot, &line("judging", deaths, place));
        Judging { suspects: Arc::clone(self), place, slot, alone }
    }

    fn wait_until_finished<'s>(&'s self, mut inner: MutexGuard<'s, Inner>) -> MutexGuard<'s, Inner> {
        inner.waiting += 1;
        let mut inner = self.finished.wait(inner).unwrap_or_else(PoisonError::into_inner);
        inner.waiting -= 1;
        inner
    }

    /// What came of a record is durable: it is no suspect any more.
    pub fn forget(&self, partition: i32, offset: i64) {
        let removed = unpoisoned(self.inner.lock()).suspects.remove(&(partition, offset));
        if let Some((_, slot)) = removed {
            self.clear(slot);
        }
    }

    fn clear(&self, slot: usize) {
        self.write(slot, &EMPTY_SLOT);
        unpoisoned(self.inner.lock()).free.push(slot);
    }

    /// Without a mark the record is judged all the same: only the next process knows less.
    fn write(&self, slot: usize, bytes: &[u8]) {
        if let Err(error) = self.file.write_all_at(bytes, (slot * SLOT_BYTES) as u64) {
            tracing::warn!(%error, "What is being judged could not be noted in the data folder.");
        }
    }
}

impl Drop for Judging {
    fn drop(&mut self) {
        let suspects = &self.suspects;
        if self.alone {
            // Before anybody else begins: what was a suspect must not look like one that died again.
            suspects.write(self.slot, &EMPTY_SLOT);
        }
        let mut inner = unpoisoned(suspects.inner.lock());
        inner.suspects.remove(&self.place);
        inner.judging -= 1;
        match self.alone {
            true => inner.free.push(self.slot),
            false => inner.judged.push(self.slot),
        }
        if self.alone {
            inner.alone = false;
        }
        let idle = if inner.judging == 0 { std::mem::take(&mut inner.judged) } else { Vec::new() };
        let someone_waits = inner.waiting > 0;
        drop(inner);
        idle.into_iter().for_each(|slot| suspects.clear(slot));
        if someone_waits {
            suspects.finished.notify_all();
        }
    }
}

/// What a slot holds.
fn line(state: &str, deaths: u32, (partition, offset): Place) -> [u8; SLOT_BYTES] {
    let mut line = EMPTY_SLOT;
    if let Some(end) = line.last_mut() {
        *end = b'\n';
    }
    // The longest numbers leave room at the end.
    let _infallible = write!(line.as_mut_slice(), "{state} {deaths} {partition} {offset}");
    line
}

/// The record of a slot, and how many processes have ended over it by now; what cannot be read is nothing.
fn read_slot(line: &[u8]) -> Option<(Place, u32)> {
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let ended_now = match words.next()? {
        "judging" => 1,
        "suspect" => 0,
        _ => return None,
    };
    let deaths: u32 = words.next()?.parse().ok()?;
    Some(((words.next()?.parse().ok()?, words.next()?.parse().ok()?), deaths.saturating_add(ended_now)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process that ends while it judges: nothing is dropped in order, and the lock of the file goes with it.
    fn die(suspects: Arc<Suspects>, judging: Vec<Judging>) {
        suspects.file.unlock().expect("unlocks");
        judging.into_iter().for_each(std::mem::forget);
    }

    #[test]
    fn who_is_being_judged_when_processes_end_is_counted_and_who_was_finished_is_not() {
        let folder = tempfile::tempdir().expect("folder");
        let open = || Suspects::open(folder.path(), "t.drafts").expect("opens");
        for deaths in 0..DEATHS_MAX {
            let suspects = open();
            assert_eq!((suspects.deaths(3, 7), suspects.deaths(3, 6), suspects.deaths(0, 7)), (deaths, 0, 0));
            drop(suspects.begin(3, 6));
            let judging = suspects.begin(3, 7);
            die(suspects, vec![judging]);
        }
        let suspects = open();
        assert_eq!(suspects.deaths(3, 7), DEATHS_MAX);
        suspects.forget(3, 7);
        die(suspects, vec![]);
        assert_eq!(open().deaths(3, 7), 0);
    }

    #[test]
    fn a_suspect_that_is_judged_to_the_end_is_none_any_more_and_its_slot_is_used_again() {
        let folder = tempfile::tempdir().expect("folder");
        let suspects = Suspects::open(folder.path(), "t").expect("opens");
        let judging = (0..5).map(|offset| suspects.begin(0, offset)).collect();
        die(suspects, judging);
        let suspects = Suspects::open(folder.path(), "t").expect("opens");
        for offset in 0..5 {
            assert_eq!(suspects.deaths(0, offset), 1);
            drop(suspects.begin(0, offset));
            assert_eq!(suspects.deaths(0, offset), 0);
        }
        drop((100..200).map(|offset| suspects.begin(0, offset)).collect::<Vec<_>>());
        let slots = std::fs::read(folder.path().join("judging.t.0")).expect("reads").len() / SLOT_BYTES;
        assert_eq!(slots, 100);
    }

    #[test]
    fn the_mark_of_what_was_judged_is_written_over_by_the_next_and_gone_when_nobody_judges() {
        let folder = tempfile::tempdir().expect("folder");
        let suspects = Suspects::open(folder.path(), "t").expect("opens");
        let marks = || {
            let text = std::fs::read(folder.path().join("judging.t.0")).expect("reads");
            text.chunks(SLOT_BYTES).filter_map(read_slot).map(|((_, offset), _)| offset).collect::<Vec<_>>()
        };
        let (first, other) = (suspects.begin(0, 1), suspects.begin(0, 2));
        drop(first);
        assert_eq!(marks(), [1, 2]);
        let next = suspects.begin(0, 3);
        assert_eq!(marks(), [3, 2]);
        drop((next, other));
        assert_eq!(marks(), [0_i64; 0]);
    }

    #[test]
    fn processes_that_share_a_folder_have_a_file_each_and_a_spoilt_file_is_no_reason_not_to_start() {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::write(folder.path().join("judging.t.0"), b"judging x y\xff\n nonsense judging 1 2 3").expect("writes");
        let first = Suspects::open(folder.path(), "t").expect("opens");
        let second = Suspects::open(folder.path(), "t").expect("opens");
        assert!(folder.path().join("judging.t.1").exists());
        assert_eq!((first.deaths(2, 3), second.deaths(2, 3)), (0, 0));
    }

    #[test]
    fn a_suspect_is_judged_alone() {
        let folder = tempfile::tempdir().expect("folder");
        let suspects = Suspects::open(folder.path(), "t").expect("opens");
        let judging = suspects.begin(0, 1);
        die(suspects, vec![judging]);
        let suspects = Suspects::open(folder.path(), "t").expect("opens");
        let innocent = suspects.begin(0, 2);
        let (told, heard) = std::sync::mpsc::channel();
        let threads: Vec<_> = [1, 3, 4]
            .map(|offset| {
                let (suspects, told) = (Arc::clone(&suspects), told.clone());
                std::thread::spawn(move || {
                    let judging = suspects.begin(0, offset);
                    let beside = unpoisoned(suspects.inner.lock()).judging;
                    told.send((offset, judging.alone, beside)).expect("tells");
                })
            })
            .into();
        drop(innocent);
        threads.into_iter().for_each(|thread| thread.join().expect("ends"));
        let suspect: Vec<_> = heard.try_iter().filter(|(offset, ..)| *offset == 1).collect();
        assert_eq!(suspect, [(1, true, 1)]);
    }
}
