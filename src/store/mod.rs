//! The store: drafts as received, the inbox, verdicts, review items and the rule sets that gave them; one handle.
//! Must not know HTTP, the judging code or the configuration file; SQL stands below this module only.

pub mod sqlite;

use crate::metrics::Metrics;
use crate::model::{Draft, ENGINE_VERSION, Kind, Level, Queue, UndeterminedReason, Verdict};
use crate::ruleset::RuleFiles;
use jiff::civil::Date;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The most items of one page of a queue.
pub const PAGE_ITEMS_MAX: usize = 200;
/// The most revisions of one item that are listed; older ones are announced, not listed.
pub const REVISIONS_LISTED_MAX: usize = 1_000;
/// What a list shows in place of the title of a draft that only the secrecy reviewer may read.
pub const SECRECY_TITLE: &str = "（保密稿件）";

/// Where the store lives and how much it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Folder of the database; created when absent.
    pub data: PathBuf,
    /// The most writes of one commit.
    pub batch_items_max: usize,
    /// The longest a write waits for others to share its commit.
    pub batch_ms_max: u64,
    /// Read-only connections.
    pub readers: usize,
    /// The longest a read may take.
    pub read_ms_max: u64,
    /// Drafts waiting to be judged before intake is refused.
    pub inbox_items_max: u64,
    /// Bytes of drafts waiting to be judged before intake is refused.
    pub inbox_bytes_max: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            data: PathBuf::from("data"),
            batch_items_max: 128,
            batch_ms_max: 5,
            readers: 4,
            read_ms_max: 5_000,
            inbox_items_max: 100_000,
            inbox_bytes_max: 1 << 30,
        }
    }
}

/// Why the store did not do it. Each variant says whether to retry, give up or stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Retry later: the disk is full. Nothing was written.
    #[error("the disk is full")]
    Full,
    /// Retry later: too many drafts wait to be judged. Nothing was written.
    #[error("too many drafts wait to be judged")]
    InboxFull,
    /// Retry soon: the store is busy. Nothing was written.
    #[error("the store is busy")]
    Busy,
    /// Stop: the disk or the database failed, and nothing more is written by this process.
    #[error("the store has failed: {0}")]
    Failed(String),
    /// The process is stopping.
    #[error("the store is closed")]
    Closed,
}

/// Why the store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("数据目录 {path} 无法使用 / data folder cannot be used: {reason}")]
    Folder { path: PathBuf, reason: String },
    #[error("数据目录 {path} 正被另一个进程使用 / data folder is in use by another process")]
    InUse { path: PathBuf },
    #[error(
        "数据库文件 {path} 已损坏，拒绝启动：{reason}。请从备份恢复，原文件留作取证 / \
         the database is corrupt, refused to start: restore it from a backup and keep this file for examination"
    )]
    Corrupt { path: PathBuf, reason: String },
    #[error(
        "数据库文件 {path} 不属于本程序 / the file is not a database of this program (application id {found:#x}): \
         choose another data folder"
    )]
    NotOurs { path: PathBuf, found: i64 },
    #[error(
        "数据库文件 {path} 由更新的版本写成（{found}，本程序至多 {known}）/ written by a newer version: \
         start that version, or restore a backup from before the upgrade"
    )]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error("数据库文件 {path} 无法打开 / the database cannot be opened: {reason}")]
    Database { path: PathBuf, reason: String },
}

/// A draft to take in. `draft` is as received; `as_of` is the day fixed at intake.
#[derive(Debug, Clone)]
pub struct NewRevision {
    pub unit: String,
    pub id: String,
    pub revision: u64,
    pub content_hash: String,
    pub as_of: Date,
    pub received_at_ms: i64,
    /// The canonical JSON of the draft as received.
    pub json: Vec<u8>,
}

impl NewRevision {
    /// Describes a draft received at `received_at_ms`; `today` becomes `as_of` when the draft names none.
    pub fn of(draft: &Draft, received_at_ms: i64, today: Date) -> Self {
        Self {
            unit: draft.unit.clone(),
            id: draft.id.clone(),
            revision: draft.revision,
            content_hash: draft.content_hash(),
            as_of: draft.as_of.unwrap_or(today),
            received_at_ms,
            // Strings, numbers and lists of them cannot fail to serialise.
            json: serde_json::to_vec(draft).unwrap_or_default(),
        }
    }
}

/// What became of a draft that was taken in; every variant is durable when it is returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intake {
    /// Stored, and now the current revision of its item.
    Current,
    /// Stored, below the current revision: it will never stand in a queue.
    Superseded,
    /// The same revision with the same content is there already.
    Same,
    /// The same revision with other content is there already; nothing was written.
    Conflict,
}

/// What became of a verdict that another process gave; every variant is durable when it is returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ingested {
    /// Stored.
    New,
    /// This very verdict is there already.
    Same,
    /// The same revision with other content is there already; nothing was written.
    Conflict,
}

/// Where a revision stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RevisionState {
    /// Waits to be judged.
    Pending,
    /// Judged; it stands in the queue of its verdict.
    Screened,
    /// A higher revision is there.
    Superseded,
}

impl RevisionState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Screened => "screened",
            Self::Superseded => "superseded",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Screened, Self::Superseded].into_iter().find(|s| s.as_str() == text)
    }
}

/// A stored revision; `draft.as_of` is the day fixed at intake.
#[derive(Debug, Clone)]
pub struct StoredDraft {
    pub draft: Draft,
    pub content_hash: String,
    pub received_at_ms: i64,
    pub state: RevisionState,
    /// The highest revision of this item.
    pub current_revision: u64,
    /// Its place in the queues: what came in later stands after it.
    pub place: Cursor,
}

/// One revision in the list of an item.
#[derive(Debug, Clone)]
pub struct RevisionEntry {
    pub revision: u64,
    pub received_at_ms: i64,
    pub state: RevisionState,
    /// The verdict, byte for byte as it was stored.
    pub verdict: Option<String>,
}

/// The revisions of an item, oldest first.
#[derive(Debug, Clone)]
pub struct Revisions {
    pub entries: Vec<RevisionEntry>,
    /// There are older revisions than those listed.
    pub older: bool,
}

/// How many items wait in a queue, and since when the oldest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueCount {
    pub queue: Queue,
    pub items: u64,
    pub oldest_received_at_ms: Option<i64>,
}

/// One line of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewItem {
    pub unit: String,
    pub id: String,
    pub revision: u64,
    /// [`SECRECY_TITLE`] when only the secrecy reviewer may read it.
    pub title: String,
    pub account: String,
    pub platform: String,
    pub kind: Kind,
    pub level: Level,
    pub blocked: bool,
    pub received_at_ms: i64,
    /// Findings of severity S0, S1, S2, S3.
    pub findings: [u64; 4],
    /// Why the machine could not judge it to the end.
    pub undetermined: Option<UndeterminedReason>,
    /// Only the secrecy reviewer and the author may read it.
    pub is_secret: bool,
}

/// One page of a queue, oldest first.
#[derive(Debug, Clone)]
pub struct Page {
    pub items: Vec<ReviewItem>,
    /// Give this as `after` to read on; `None` at the end.
    pub next: Option<Cursor>,
}

/// A place in a queue. Opaque to callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor(i64);

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "c{:x}", self.0)
    }
}

impl std::str::FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let digits = text.strip_prefix('c').ok_or(())?;
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return Err(());
        }
        i64::from_str_radix(digits, 16).map(Self).map_err(|_| ())
    }
}

/// A draft that waits to be judged.
#[derive(Debug, Clone)]
pub struct PendingDraft {
    /// Names this job; given back with the verdict.
    pub place: i64,
    pub draft: Draft,
    pub received_at_ms: i64,
    /// Processes that began to judge it and did not live to finish.
    pub starts: u32,
    /// It has a verdict and was asked to be judged again.
    pub again: bool,
    /// Size of the stored draft.
    pub bytes: u64,
}

/// How far the inbox has been read; starts at the beginning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InboxCursor {
    fresh: i64,
    again: i64,
}

/// A verdict to write, with what a reviewer's list shows of the draft.
#[derive(Debug, Clone)]
pub struct Judged {
    pub place: i64,
    pub verdict_id: String,
    pub ruleset: String,
    /// Version of the judging code that gave it.
    pub engine: String,
    pub queue: Queue,
    pub level: Level,
    pub blocked: bool,
    pub findings: [u64; 4],
    pub title: String,
    pub account: String,
    pub platform: String,
    pub kind: Kind,
    pub judged_at_ms: i64,
    pub received_at_ms: i64,
    pub undetermined: Option<&'static str>,
    pub is_secret: bool,
    /// The verdict, byte for byte.
    pub json: String,
}

impl Judged {
    /// Describes the verdict that this process gave on the draft of the job `place` (0 when it is none of the inbox).
    pub fn of(place: i64, draft: &Draft, verdict: &Verdict, received_at_ms: i64, judged_at_ms: i64) -> Self {
        let mut findings = [0; 4];
        for finding in &verdict.findings {
            findings[finding.severity as usize] += 1;
        }
        Self {
            place,
            verdict_id: verdict.verdict_id.clone(),
            ruleset: verdict.ruleset.clone(),
            engine: ENGINE_VERSION.to_owned(),
            queue: verdict.queue,
            level: verdict.level,
            blocked: verdict.blocked,
            findings,
            title: draft.title.clone(),
            account: draft.account.clone(),
            platform: draft.platform.clone(),
            kind: draft.kind,
            judged_at_ms,
            received_at_ms,
            undetermined: verdict.undetermined.map(|u| u.reason.as_str()),
            is_secret: verdict.is_secret(),
            json: verdict.to_json(),
        }
    }
}

/// What others are told of something that happened here; it leaves through the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its place in the outbox; 0 before it is there.
    pub number: i64,
    /// `unit/id`: events of one item leave in their order.
    pub item: String,
    pub verdict_id: String,
    pub ruleset: String,
    /// Version of the judging code that gave the verdict.
    pub engine: String,
    /// JSON.
    pub body: Vec<u8>,
    pub created_at_ms: i64,
}

/// What waits in the outbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outbox {
    pub items: u64,
    pub oldest_created_at_ms: Option<i64>,
}

/// A revision with its verdict, to be handed over whole.
#[derive(Debug, Clone)]
pub struct Screened {
    /// Its place in the order of intake.
    pub place: i64,
    /// `draft.as_of` is the day fixed at intake.
    pub draft: Draft,
    pub received_at_ms: i64,
    pub verdict_id: String,
    pub ruleset: String,
    /// Version of the judging code that gave the verdict.
    pub engine: String,
    pub queue: Queue,
    /// The verdict, byte for byte as it was stored.
    pub verdict: String,
}

/// A stored verdict with everything that is needed to reach it again.
#[derive(Debug, Clone)]
pub struct Replay {
    /// `draft.as_of` is the day fixed at intake.
    pub draft: Draft,
    /// The verdict, byte for byte as it was stored.
    pub verdict: String,
    /// Version of the judging code that gave it.
    pub engine: String,
    pub rule_files: RuleFiles,
}

/// What became of the wish to judge an item again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejudge {
    /// The current revision stands in the inbox again.
    Asked { revision: u64 },
    /// No such item.
    Unknown,
}

/// The store. Clones share one database.
#[derive(Clone)]
pub struct Store {
    database: Arc<sqlite::Database>,
}

impl Store {
    /// Opens or creates the database: takes the folder's lock, checks the file, brings the schema up to date, starts
    /// the writer. Blocks; a large database takes seconds to check.
    pub fn open(options: &Options, metrics: Arc<Metrics>) -> Result<Self, OpenError> {
        Ok(Self { database: Arc::new(sqlite::Database::open(options, metrics)?) })
    }

    /// Takes a draft in. When this returns `Ok`, the outcome is durable.
    pub async fn take_in(&self, new: NewRevision) -> Result<Intake, StoreError> {
        self.database.take_in(new).await
    }

    /// Asks for the current revision of an item to be judged again.
    pub async fn rejudge(&self, unit: &str, id: &str) -> Result<Rejudge, StoreError> {
        self.database.rejudge(unit, id).await
    }

    /// Asks for every item that waits in a queue to be judged again; returns how many.
    pub async fn rejudge_queue(&self, queue: Queue) -> Result<u64, StoreError> {
        self.database.rejudge_queue(queue).await
    }

    /// Writes a verdict and takes its job out of the inbox. A job that is no longer there is left alone, so a verdict
    /// is written once. Waits while the writer is behind; the write is retried by the writer while the disk is full.
    pub fn record(&self, judged: Judged) -> Result<(), StoreError> {
        self.database.record(judged)
    }

    /// Takes in a draft that another process has judged, with its verdict; any number of times. The event goes into the
    /// outbox in the same commit, if the verdict is new.
    pub async fn ingest(&self, new: NewRevision, judged: Judged, event: Option<Event>) -> Result<Ingested, StoreError> {
        self.database.ingest(new, judged, event).await
    }

    /// The oldest events of the outbox, in order. Blocks on the disk.
    pub fn events(&self, items_max: usize) -> Result<Vec<Event>, StoreError> {
        self.database.events(items_max)
    }

    /// Takes events out of the outbox that others have been told. Blocks until that is durable.
    pub fn events_sent(&self, numbers: Vec<i64>) -> Result<(), StoreError> {
        self.database.events_sent(numbers)
    }

    /// How many events wait to leave, and since when the oldest.
    pub async fn outbox(&self) -> Result<Outbox, StoreError> {
        self.database.read(|r| r.outbox()).await
    }

    /// Notes a draft that other processes were asked to judge: it is shown as pending until its verdict is ingested.
    pub async fn announce(&self, new: NewRevision) -> Result<Intake, StoreError> {
        self.database.announce(new).await
    }

    /// Takes jobs out of the inbox that other processes were asked to judge. Blocks until that is durable.
    pub fn forwarded(&self, places: Vec<i64>) -> Result<(), StoreError> {
        self.database.forwarded(places)
    }

    /// How many verdicts were not handed over to other processes yet. Blocks on the disk.
    pub fn not_carried(&self) -> Result<u64, StoreError> {
        self.database.not_carried()
    }

    /// The next of them after a place, in order of intake. Blocks on the disk.
    pub fn not_carried_after(&self, place: i64, items_max: usize, bytes_max: u64) -> Result<Vec<Screened>, StoreError> {
        self.database.not_carried_after(place, items_max, bytes_max)
    }

    /// Notes verdicts that were handed over, each by its place and id. Blocks until that is durable.
    pub fn carried(&self, places: Vec<(i64, String)>) -> Result<(), StoreError> {
        self.database.carried(places)
    }

    /// Notes that a process begins to judge these jobs (only for jobs found at start, see `stream::inbox`).
    pub fn mark_started(&self, places: Vec<i64>) -> Result<(), StoreError> {
        self.database.mark_started(places)
    }

    /// Keeps the files of a rule set, so that its verdicts can be reached again. Blocks until they are durable.
    pub fn save_ruleset(&self, files: &RuleFiles, now_ms: i64) -> Result<(), StoreError> {
        self.database.save_ruleset(files, now_ms)
    }

    /// The next jobs of the inbox in order of intake, those asked again last. Blocks on the disk.
    pub fn pending_after(&self, cursor: &mut InboxCursor, items_max: usize, bytes_max: u64) -> Result<Vec<PendingDraft>, StoreError> {
        self.database.pending_after(cursor, items_max, bytes_max)
    }

    /// Waits until something was added to the inbox or the outbox since `seen`, or `at_most` passes; returns the new count.
    pub fn wait_for_work(&self, seen: u64, at_most: Duration) -> u64 {
        self.database.wait_for_work(seen, at_most)
    }

    /// Wakes everyone in [`Store::wait_for_work`].
    pub fn ring(&self) {
        self.database.ring();
    }

    /// The last job that was in the inbox when the store was opened.
    pub fn last_place_at_open(&self) -> i64 {
        self.database.last_place_at_open()
    }

    /// Drafts that wait to be judged.
    pub fn pending(&self) -> u64 {
        self.database.pending()
    }

    /// The disk was full at the last write.
    pub fn is_full(&self) -> bool {
        self.database.is_full()
    }

    /// Holds the reason once the disk or the database has failed.
    pub fn failure(&self) -> watch::Receiver<Option<String>> {
        self.database.failure()
    }

    /// All queues in order, the empty ones too.
    pub async fn queue_counts(&self) -> Result<Vec<QueueCount>, StoreError> {
        self.database.read(|r| r.queue_counts()).await
    }

    /// When the draft was received that has waited longest to be judged.
    pub async fn oldest_pending(&self) -> Result<Option<i64>, StoreError> {
        self.database.read(|r| r.oldest_pending()).await
    }

    /// What waits in a queue, oldest first, after a place given by an earlier page. `limit` is held within
    /// 1 to [`PAGE_ITEMS_MAX`].
    pub async fn items(&self, queue: Queue, after: Option<Cursor>, limit: usize) -> Result<Page, StoreError> {
        self.database.read(move |r| r.items(queue, after, limit)).await
    }

    /// One revision with its verdict.
    pub async fn item(&self, unit: &str, id: &str, revision: u64) -> Result<Option<(StoredDraft, Option<Verdict>)>, StoreError> {
        let (unit, id) = (unit.to_owned(), id.to_owned());
        self.database.read(move |r| r.item(&unit, &id, revision)).await
    }

    /// The revisions of an item; `None` when there are none.
    pub async fn revisions(&self, unit: &str, id: &str) -> Result<Option<Revisions>, StoreError> {
        let (unit, id) = (unit.to_owned(), id.to_owned());
        self.database.read(move |r| r.revisions(&unit, &id)).await
    }

    /// The units that have an item `id`: none, one, or the first two.
    pub async fn units_of(&self, id: &str) -> Result<Vec<String>, StoreError> {
        let id = id.to_owned();
        self.database.read(move |r| r.units_of(&id)).await
    }

    /// Finishes what was handed to the writer, checkpoints and closes the database. Further calls get `Closed`.
    pub fn close(&self) {
        self.database.close();
    }
}

/// The store as other programs read it (`explain`): no lock, no writer, beside a running daemon or without one.
pub struct Archive {
    reader: sqlite::Reader,
}

impl Archive {
    /// Opens the database in the folder `data` for reading.
    pub fn open(data: &std::path::Path) -> Result<Self, OpenError> {
        Ok(Self { reader: sqlite::Reader::open_file(&data.join(sqlite::DATABASE_FILE))? })
    }

    /// The verdict of a revision with all that is needed to reach it again; the current one, or the one named.
    pub fn replay(&self, unit: &str, id: &str, revision: u64, verdict_id: Option<&str>) -> Result<Option<Replay>, StoreError> {
        self.reader.replay(unit, id, revision, verdict_id)
    }

    /// The units that have an item `id`: none, one, or the first two.
    pub fn units_of(&self, id: &str) -> Result<Vec<String>, StoreError> {
        self.reader.units_of(id)
    }

    /// The revisions of an item; `None` when there are none.
    pub fn revisions(&self, unit: &str, id: &str) -> Result<Option<Revisions>, StoreError> {
        self.reader.revisions(unit, id)
    }
}
