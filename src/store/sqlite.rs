//! The embedded database: one SQLite file, one writer thread, read-only connections, the schema.
//! Must not know HTTP or judging.

mod acts;
mod reads;
mod writer;

pub use reads::Reader;

use super::{Event, InboxCursor, Ingested, Intake, Judged, NewRevision, OpenError, Options, PendingDraft, Rejudge, Screened, StoreError};
use crate::metrics::Metrics;
use crate::model::{Kind, Queue};
use crate::ruleset::RuleFiles;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, oneshot, watch};
use writer::Write;

/// Name of the database in the data folder.
pub const DATABASE_FILE: &str = "xianshen.db";
const LOCK_FILE: &str = "xianshen.lock";
/// Marks the file as ours ("XSHN").
const APPLICATION_ID: i64 = 0x5853_484e;
/// The schema, step by step; `user_version` counts the steps taken.
const MIGRATIONS: [&str; 4] = [
    include_str!("migrations/0001_drafts_and_verdicts.sql"),
    include_str!("migrations/0002_standing_of_review_items.sql"),
    include_str!("migrations/0003_outbox.sql"),
    include_str!("migrations/0004_carried.sql"),
];
/// Writes that may wait for the writer.
const WRITES_WAITING_MAX: usize = 4_096;
/// The WAL is cut back to this size when it starts over.
const WAL_BYTES_KEPT_MAX: i64 = 64 << 20;
/// How long a statement waits for another process that holds the database.
const BUSY_MS_MAX: u64 = 5_000;
/// Problems that the check at start names.
const CHECK_PROBLEMS_MAX: usize = 5;

/// What the writer, the readers and the handle share.
pub(super) struct Shared {
    pub pending_items: AtomicU64,
    pub pending_bytes: AtomicU64,
    pub full: AtomicBool,
    pub closed: AtomicBool,
    pub failure: watch::Sender<Option<String>>,
    /// Counts what was added to the inbox and the outbox; also rung when the disk has room again and at the close.
    pub bell: Mutex<u64>,
    pub bell_rung: Condvar,
    pub metrics: Arc<Metrics>,
}

impl Shared {
    pub fn fail(&self, reason: &str) {
        self.failure.send_if_modified(|failure| {
            let first = failure.is_none();
            if first {
                *failure = Some(reason.to_owned());
            }
            first
        });
        self.ring(0);
    }

    pub fn failed(&self) -> Option<StoreError> {
        self.failure.borrow().clone().map(StoreError::Failed)
    }

    pub fn ring(&self, added: u64) {
        *unpoisoned(self.bell.lock()) += added.max(1);
        self.bell_rung.notify_all();
    }
}

/// A lock whose data stays sound when a holder panics: every critical section here is a single step.
fn unpoisoned<'a, T>(lock: Result<MutexGuard<'a, T>, PoisonError<MutexGuard<'a, T>>>) -> MutexGuard<'a, T> {
    lock.unwrap_or_else(PoisonError::into_inner)
}

/// The open database.
pub struct Database {
    writer: SyncSender<Write>,
    writer_thread: Mutex<Option<std::thread::JoinHandle<()>>>,
    readers: Mutex<Vec<Reader>>,
    reader_permits: Arc<Semaphore>,
    /// The screening dispatcher's own connection: it never waits for the pages.
    inbox_reader: Mutex<Option<Reader>>,
    shared: Arc<Shared>,
    last_place_at_open: i64,
    options: Options,
    /// Held until the close; the kernel lets go of it however the process ends.
    lock: Mutex<Option<File>>,
}

impl Database {
    pub fn open(options: &Options, metrics: Arc<Metrics>) -> Result<Self, OpenError> {
        let folder_error = |error: std::io::Error| OpenError::Folder { path: options.data.clone(), reason: error.to_string() };
        // Drafts are confidential until they are released: nobody else on the machine reads the folder or the file.
        DirBuilder::new().recursive(true).mode(0o700).create(&options.data).map_err(folder_error)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(options.data.join(LOCK_FILE))
            .map_err(folder_error)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => OpenError::InUse { path: options.data.clone() },
            TryLockError::Error(error) => folder_error(error),
        })?;
        let path = options.data.join(DATABASE_FILE);
        OpenOptions::new().create(true).append(true).mode(0o600).open(&path).map_err(folder_error)?;
        let connection = open_for_writing(&path)?;
        let (pending_items, pending_bytes, last_place) = acts::inbox_totals(&connection).map_err(database_error(&path))?;
        let shared = Arc::new(Shared {
            pending_items: AtomicU64::new(pending_items),
            pending_bytes: AtomicU64::new(pending_bytes),
            full: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            failure: watch::Sender::new(None),
            bell: Mutex::new(0),
            bell_rung: Condvar::new(),
            metrics,
        });
        let readers = options.readers.max(1);
        let opened: Result<Vec<_>, _> = (0..=readers).map(|_| Reader::open_file(&path)).collect();
        let mut opened = opened?;
        let inbox_reader = opened.pop();
        let (writer, writes) = sync_channel(WRITES_WAITING_MAX);
        let limits = writer::Limits { batch_items_max: options.batch_items_max.max(1), batch_ms_max: options.batch_ms_max };
        let thread = {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new()
                .name("store-writer".into())
                .spawn(move || writer::run(connection, &writes, limits, &shared))
                .map_err(folder_error)?
        };
        Ok(Self {
            writer,
            writer_thread: Mutex::new(Some(thread)),
            readers: Mutex::new(opened),
            reader_permits: Arc::new(Semaphore::new(readers)),
            inbox_reader: Mutex::new(inbox_reader),
            shared,
            last_place_at_open: last_place,
            options: options.clone(),
            lock: Mutex::new(Some(lock)),
        })
    }

    /// Hands a write over and waits for its outcome, which is durable when it is `Ok`.
    async fn write<T>(&self, write: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Write) -> Result<T, StoreError> {
        if let Some(failed) = self.shared.failed() {
            return Err(failed);
        }
        let (reply, outcome) = oneshot::channel();
        self.writer.try_send(write(reply)).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => self.shared.failed().unwrap_or(StoreError::Closed),
        })?;
        outcome.await.unwrap_or_else(|_| Err(self.shared.failed().unwrap_or(StoreError::Closed)))
    }

    /// As `write`, from a thread that may block.
    fn write_blocking<T>(&self, write: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Write) -> Result<T, StoreError> {
        let (reply, outcome) = oneshot::channel();
        self.writer.send(write(reply)).map_err(|_| self.shared.failed().unwrap_or(StoreError::Closed))?;
        outcome.blocking_recv().unwrap_or_else(|_| Err(self.shared.failed().unwrap_or(StoreError::Closed)))
    }

    pub async fn take_in(&self, new: NewRevision) -> Result<Intake, StoreError> {
        self.check_room()?;
        self.write(|reply| Write::TakeIn(Box::new(new), reply)).await
    }

    pub async fn rejudge(&self, unit: &str, id: &str) -> Result<Rejudge, StoreError> {
        self.check_room()?;
        let (unit, id) = (unit.to_owned(), id.to_owned());
        self.write(|reply| Write::Rejudge { unit, id, reply }).await
    }

    pub async fn rejudge_queue(&self, queue: Queue) -> Result<u64, StoreError> {
        self.check_room()?;
        self.write(|reply| Write::RejudgeQueue { queue, reply }).await
    }

    pub async fn ingest(&self, new: NewRevision, judged: Judged, event: Option<Event>) -> Result<Ingested, StoreError> {
        let given = Box::new((new, judged, event));
        self.write(|reply| Write::Ingest(given, reply)).await
    }

    pub fn events_sent(&self, numbers: Vec<i64>) -> Result<(), StoreError> {
        self.write_blocking(|reply| Write::EventsSent { numbers, reply })
    }

    pub async fn announce(&self, new: NewRevision) -> Result<Intake, StoreError> {
        self.write(|reply| Write::Announce(Box::new(new), reply)).await
    }

    pub fn forwarded(&self, places: Vec<i64>) -> Result<(), StoreError> {
        self.write_blocking(|reply| Write::Forwarded { places, reply })
    }

    pub fn carried(&self, places: Vec<(i64, String)>) -> Result<(), StoreError> {
        self.write_blocking(|reply| Write::Carried { places, reply })
    }

    pub fn not_carried(&self) -> Result<u64, StoreError> {
        self.read_blocking(Reader::not_carried)
    }

    pub fn not_carried_after(&self, place: i64, items_max: usize, bytes_max: u64) -> Result<Vec<Screened>, StoreError> {
        self.read_blocking(|reader| reader.not_carried_after(place, items_max, bytes_max))
    }

    fn check_room(&self) -> Result<(), StoreError> {
        let items = self.shared.pending_items.load(Ordering::Relaxed);
        let bytes = self.shared.pending_bytes.load(Ordering::Relaxed);
        match items >= self.options.inbox_items_max || bytes >= self.options.inbox_bytes_max {
            true => Err(StoreError::InboxFull),
            false => Ok(()),
        }
    }

    pub fn record(&self, judged: Judged) -> Result<(), StoreError> {
        // While the disk is full the writer holds only what it already took; the rest waits here, in the workers.
        let mut bell = unpoisoned(self.shared.bell.lock());
        while self.shared.full.load(Ordering::Relaxed) && !self.shared.closed.load(Ordering::Relaxed) && self.shared.failed().is_none() {
            bell = self.shared.bell_rung.wait_timeout(bell, Duration::from_millis(100)).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(bell);
        self.writer.send(Write::Record(Box::new(judged))).map_err(|_| self.shared.failed().unwrap_or(StoreError::Closed))
    }

    pub fn mark_started(&self, places: Vec<i64>) -> Result<(), StoreError> {
        self.write_blocking(|reply| Write::MarkStarted { places, reply })
    }

    pub fn save_ruleset(&self, files: &RuleFiles, now_ms: i64) -> Result<(), StoreError> {
        let files = Box::new(files.clone());
        self.write_blocking(|reply| Write::SaveRuleset { files, now_ms, reply })
    }

    pub fn pending_after(&self, cursor: &mut InboxCursor, items_max: usize, bytes_max: u64) -> Result<Vec<PendingDraft>, StoreError> {
        self.read_blocking(|reader| reader.pending_after(cursor, items_max, bytes_max))
    }

    pub fn events(&self, items_max: usize) -> Result<Vec<Event>, StoreError> {
        self.read_blocking(|reader| reader.events(items_max))
    }

    /// Reads on the calling thread, with the connection kept for threads that work off what waits.
    fn read_blocking<T>(&self, read: impl FnOnce(&Reader) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let reader = unpoisoned(self.inbox_reader.lock());
        let outcome = reader.as_ref().map_or(Err(StoreError::Closed), read);
        self.note_failure(&outcome);
        outcome
    }

    pub fn wait_for_work(&self, seen: u64, at_most: Duration) -> u64 {
        let deadline = Instant::now() + at_most;
        let mut bell = unpoisoned(self.shared.bell.lock());
        while *bell == seen {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            bell = self.shared.bell_rung.wait_timeout(bell, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        *bell
    }

    pub fn ring(&self) {
        self.shared.ring(0);
    }

    pub fn last_place_at_open(&self) -> i64 {
        self.last_place_at_open
    }

    pub fn pending(&self) -> u64 {
        self.shared.pending_items.load(Ordering::Relaxed)
    }

    pub fn is_full(&self) -> bool {
        self.shared.full.load(Ordering::Relaxed)
    }

    pub fn failure(&self) -> watch::Receiver<Option<String>> {
        self.shared.failure.subscribe()
    }

    /// Runs a read on a blocking thread with a connection of its own, within the time a read may take.
    pub async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let read_ms_max = Duration::from_millis(self.options.read_ms_max);
        let deadline = tokio::time::Instant::now() + read_ms_max;
        let permit = match tokio::time::timeout_at(deadline, Arc::clone(&self.reader_permits).acquire_owned()).await {
            Ok(Ok(permit)) => permit,
            Ok(Err(_)) => return Err(StoreError::Closed),
            Err(_) => return Err(StoreError::Busy),
        };
        let Some(reader) = unpoisoned(self.readers.lock()).pop() else { return Err(StoreError::Closed) };
        let interrupt = reader.interrupt_handle();
        let database = Arc::clone(self);
        let mut task = tokio::task::spawn_blocking(move || {
            let outcome = read(&reader);
            if !database.shared.closed.load(Ordering::Relaxed) {
                unpoisoned(database.readers.lock()).push(reader);
            }
            drop(permit);
            database.note_failure(&outcome);
            outcome
        });
        let joined = tokio::select! {
            joined = &mut task => joined,
            () = tokio::time::sleep_until(deadline) => {
                interrupt.interrupt();
                task.await
            }
        };
        joined.unwrap_or(Err(StoreError::Busy))
    }

    fn note_failure<T>(&self, outcome: &Result<T, StoreError>) {
        if let Err(StoreError::Failed(reason)) = outcome {
            self.shared.fail(reason);
        }
    }

    pub fn close(&self) {
        self.shared.closed.store(true, Ordering::Relaxed);
        self.shared.ring(0);
        self.reader_permits.close();
        // The connections that read go first, so that the writer's is the last and tidies the WAL away.
        unpoisoned(self.readers.lock()).clear();
        unpoisoned(self.inbox_reader.lock()).take();
        let sent = self.writer.send(Write::Close);
        let thread = unpoisoned(self.writer_thread.lock()).take();
        if sent.is_ok()
            && let Some(thread) = thread
        {
            let _ended = thread.join();
            unpoisoned(self.lock.lock()).take();
        }
    }
}

/// What an error of the database means for the caller.
fn store_error(error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error() {
        Some(inner) => match inner.code {
            ErrorCode::DiskFull => StoreError::Full,
            // The shared-memory index of the WAL could not grow: the disk is full, and SQLite has no better code for it.
            _ if inner.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE => StoreError::Full,
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::OperationInterrupted => StoreError::Busy,
            _ => StoreError::Failed(describe(error)),
        },
        None => StoreError::Failed(describe(error)),
    }
}

/// The error with SQLite's extended code, without values of the statement.
fn describe(error: &rusqlite::Error) -> String {
    match error.sqlite_error() {
        Some(inner) => format!("SQLite error {} ({:?})", inner.extended_code, inner.code),
        None => error.to_string(),
    }
}

fn database_error(path: &Path) -> impl Fn(rusqlite::Error) -> OpenError {
    let path: PathBuf = path.to_owned();
    move |error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => OpenError::Corrupt { path: path.clone(), reason: describe(&error) },
        _ => OpenError::Database { path: path.clone(), reason: describe(&error) },
    }
}

/// Opens the only writable connection: pragmas, check of the file, schema.
fn open_for_writing(path: &Path) -> Result<Connection, OpenError> {
    let wrap = database_error(path);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(&wrap)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.busy_timeout(Duration::from_millis(BUSY_MS_MAX)).map_err(&wrap)?;
    let found: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(&wrap)?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(&wrap)?;
    let objects: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(&wrap)?;
    let empty = found == 0 && version == 0 && objects == 0;
    if !empty && found != APPLICATION_ID {
        return Err(OpenError::NotOurs { path: path.to_owned(), found });
    }
    let known = MIGRATIONS.len() as i64;
    if version > known {
        return Err(OpenError::Newer { path: path.to_owned(), found: version, known });
    }
    check_file(&connection, path)?;
    // mmap would let a stray write of this process reach the file; temporary files would need room on another disk.
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;")
        .map_err(&wrap)?;
    connection.pragma_update(None, "journal_size_limit", WAL_BYTES_KEPT_MAX).map_err(&wrap)?;
    // The writer checkpoints by itself after every thousand pages: SQLite's own automatic checkpoint swallows an
    // fsync error, and an fsync error must stop the process.
    connection.pragma_update(None, "wal_autocheckpoint", 0).map_err(&wrap)?;
    migrate(&mut connection, version).map_err(&wrap)?;
    Ok(connection)
}

/// The file is whole, or the process does not start.
fn check_file(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let wrap = database_error(path);
    let mut statement = connection.prepare(&format!("PRAGMA quick_check({CHECK_PROBLEMS_MAX})")).map_err(&wrap)?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).map_err(&wrap)?;
    let lines: Result<Vec<_>, _> = rows.collect();
    let lines = lines.map_err(&wrap)?;
    match lines.as_slice() {
        [line] if line == "ok" => Ok(()),
        problems => Err(OpenError::Corrupt { path: path.to_owned(), reason: problems.join("; ") }),
    }
}

/// Takes the missing steps, each in one transaction with its number.
fn migrate(connection: &mut Connection, version: i64) -> Result<(), rusqlite::Error> {
    for (number, step) in (1i64..).zip(MIGRATIONS) {
        if number <= version {
            continue;
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

/// How the table `review_item` writes a kind.
fn kind_text(kind: Kind) -> &'static str {
    match kind {
        Kind::Original => "original",
        Kind::Repost => "repost",
        Kind::Message => "message",
        Kind::Reply => "reply",
    }
}

#[cfg(test)]
mod tests;
