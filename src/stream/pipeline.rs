//! The threads that judge: a bounded pool with a time budget per draft, fed by the inbox, by Kafka and by `check`
//! requests. Must not know where drafts come from or where verdicts go.

use super::reload::ActiveRules;
use super::unpoisoned;
use crate::metrics::Metrics;
use crate::model::{Draft, UndeterminedReason, Verdict};
use crate::ruleset::Ruleset;
use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};

/// Drafts of the inbox that stand ready in memory.
pub const READY_ITEMS_MAX: usize = 64;
/// Bytes of drafts that stand ready in memory (one draft may go over).
pub const READY_BYTES_MAX: u64 = 32 << 20;
/// Checks that may wait for a thread.
const CHECKS_WAITING_MAX: usize = 256;
/// Stack of a judging thread: room for the deepest markup that extraction allows.
const STACK_BYTES: usize = 8 << 20;
/// Threads, as a multiple of the workers, that may be stuck before the process gives up and asks to be restarted.
const STUCK_THREADS_PER_WORKER_MAX: usize = 4;

/// How a draft is judged; a function, so that a test can judge slowly or panic.
pub type Judge = fn(&Ruleset, &Draft) -> Verdict;

/// How many threads judge, and how long one draft may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Threads; 0 = one per core.
    pub workers: usize,
    /// The longest that one draft may be judged; longer, and it goes to a person as `undetermined: timeout`.
    pub judge_ms_max: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { workers: 0, judge_ms_max: 5_000 }
    }
}

/// Why a check was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    #[error("too many checks are waiting")]
    Busy,
    #[error("no rules are loaded, or the process is stopping")]
    NotReady,
}

/// What becomes of a verdict. Called once, on a judging thread; must not block for long.
pub type Deliver = Box<dyn FnOnce(&Draft, Verdict) + Send>;

/// Called on the judging thread when it begins with a draft; what it returns is dropped there when the draft is judged.
pub type Begin = Box<dyn FnOnce() -> Box<dyn Any> + Send>;

/// A draft to judge, and where its verdict goes.
pub struct Job {
    draft: Draft,
    /// Size of the draft as it came in.
    bytes: u64,
    deliver: Mutex<Option<Deliver>>,
    begin: Mutex<Option<Begin>>,
    is_check: bool,
}

impl Job {
    /// A draft that came in to stay; `bytes` is its size as it came in.
    pub fn new(draft: Draft, bytes: u64, deliver: Deliver) -> Self {
        Self { draft, bytes, deliver: Mutex::new(Some(deliver)), begin: Mutex::new(None), is_check: false }
    }

    /// The same job, with something that is held while it is judged.
    pub fn held(self, begin: Begin) -> Self {
        Self { begin: Mutex::new(Some(begin)), ..self }
    }
}

/// A draft under judgement. Whoever sets `finished` first, the worker or the watchdog, delivers the verdict.
struct Running {
    job: Job,
    ruleset: Arc<Ruleset>,
    since: Instant,
    finished: AtomicBool,
}

/// What one thread is at.
type Slot = Arc<Mutex<Option<Arc<Running>>>>;

#[derive(Default)]
struct Queues {
    checks: VecDeque<Job>,
    inbox: VecDeque<Job>,
    inbox_bytes: u64,
    /// Jobs of the inbox that were handed over and whose verdict is not with the store yet.
    inbox_unfinished: usize,
    /// The last job taken was a check: the inbox goes first now.
    check_was_last: bool,
    /// Threads between taking a job and delivering its verdict.
    busy: usize,
    /// Threads that wait for `work`, and for `room`; telling nobody would be a call of the kernel for every draft.
    waiting_for_work: usize,
    waiting_for_room: usize,
}

struct Shared {
    queues: Mutex<Queues>,
    /// Something to judge, or the end.
    work: Condvar,
    /// Something was finished.
    room: Condvar,
    /// The end.
    end: Condvar,
    slots: Mutex<Vec<Slot>>,
    stuck: AtomicUsize,
    stopping: AtomicBool,
    exhausted: watch::Sender<bool>,
    judge: Judge,
    judge_time_max: Duration,
    stuck_max: usize,
    rules: Arc<ActiveRules>,
    metrics: Arc<Metrics>,
}

/// The pool. Clones share the threads.
#[derive(Clone)]
pub struct Pool {
    shared: Arc<Shared>,
}

impl Pool {
    /// Starts the threads and their watchdog.
    pub fn start(options: &Options, judge: Judge, rules: Arc<ActiveRules>, metrics: Arc<Metrics>) -> std::io::Result<Self> {
        let workers = match options.workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            workers => workers,
        };
        let shared = Arc::new(Shared {
            queues: Mutex::new(Queues::default()),
            work: Condvar::new(),
            room: Condvar::new(),
            end: Condvar::new(),
            slots: Mutex::new(Vec::new()),
            stuck: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
            exhausted: watch::Sender::new(false),
            judge,
            judge_time_max: Duration::from_millis(options.judge_ms_max.max(1)),
            stuck_max: workers * STUCK_THREADS_PER_WORKER_MAX,
            rules,
            metrics,
        });
        for _ in 0..workers {
            start_worker(&shared)?;
        }
        let watched = Arc::clone(&shared);
        std::thread::Builder::new().name("judge-watchdog".into()).spawn(move || watch_over(&watched))?;
        Ok(Self { shared })
    }

    /// Judges a draft for someone who waits; nothing is stored.
    pub async fn check(&self, draft: Draft) -> Result<Verdict, CheckError> {
        let (reply, verdict) = oneshot::channel();
        {
            let mut queues = unpoisoned(self.shared.queues.lock());
            if self.shared.stopping.load(Ordering::Relaxed) {
                return Err(CheckError::NotReady);
            }
            if queues.checks.len() >= CHECKS_WAITING_MAX {
                return Err(CheckError::Busy);
            }
            // Someone who has hung up needs no verdict.
            let deliver: Deliver = Box::new(|_, verdict| drop(reply.send(verdict)));
            queues.checks.push_back(Job { is_check: true, ..Job::new(draft, 0, deliver) });
        }
        self.shared.work.notify_one();
        verdict.await.map_err(|_| CheckError::NotReady)
    }

    /// Hands drafts over. The caller bounds how many: by [`Pool::wait_for_room`], or by what it leaves unfinished.
    pub fn push(&self, jobs: impl IntoIterator<Item = Job>) {
        let mut queues = unpoisoned(self.shared.queues.lock());
        let before = queues.inbox_unfinished;
        for job in jobs {
            queues.inbox_bytes += job.bytes;
            queues.inbox_unfinished += 1;
            queues.inbox.push_back(job);
        }
        let (more, waiting) = (queues.inbox_unfinished - before, queues.waiting_for_work);
        drop(queues);
        match more.min(waiting) {
            0 => {}
            1 => self.shared.work.notify_one(),
            _ => self.shared.work.notify_all(),
        }
    }

    /// Waits until there is room for more drafts; returns for how many, 0 when the pool is stopping or `at_most` passed.
    pub fn wait_for_room(&self, at_most: Duration) -> usize {
        self.wait_until(at_most, |queues| {
            let room = READY_ITEMS_MAX - queues.inbox.len().min(READY_ITEMS_MAX);
            // Half empty before it is refilled: fewer, larger reads.
            if room * 2 >= READY_ITEMS_MAX && queues.inbox_bytes < READY_BYTES_MAX { Some(room) } else { None }
        })
        .unwrap_or(0)
    }

    /// Waits until nothing of the inbox is under way; false when the pool is stopping or `at_most` passed.
    pub fn wait_until_idle(&self, at_most: Duration) -> bool {
        self.wait_until(at_most, |queues| (queues.inbox_unfinished == 0).then_some(())).is_some()
    }

    fn wait_until<T>(&self, at_most: Duration, holds: impl Fn(&Queues) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + at_most;
        let mut queues = unpoisoned(self.shared.queues.lock());
        loop {
            if self.shared.stopping.load(Ordering::Relaxed) {
                return None;
            }
            if let Some(outcome) = holds(&queues) {
                return Some(outcome);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            queues = wait_for_room(&self.shared, queues, left);
        }
    }

    /// Waits for `time`, or until the pool stops.
    pub fn rest(&self, time: Duration) {
        rest(&self.shared, time);
    }

    /// Becomes true when so many threads are stuck that the process should be restarted.
    pub fn exhausted(&self) -> watch::Receiver<bool> {
        self.shared.exhausted.subscribe()
    }

    /// Drafts that were taken and have no verdict yet.
    pub fn busy(&self) -> usize {
        unpoisoned(self.shared.queues.lock()).busy
    }

    /// Lets the threads finish the draft they are at, for at most `at_most`; what waits stays in the inbox.
    pub fn stop(&self, at_most: Duration) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        let deadline = Instant::now() + at_most;
        let mut queues = unpoisoned(self.shared.queues.lock());
        queues.checks.clear();
        queues.inbox.clear();
        self.shared.work.notify_all();
        self.shared.room.notify_all();
        self.shared.end.notify_all();
        while queues.busy > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            queues = wait_for_room(&self.shared, queues, left);
        }
    }
}

fn start_worker(shared: &Arc<Shared>) -> std::io::Result<()> {
    let slot: Slot = Arc::default();
    let worker = Arc::clone(shared);
    let own = Arc::clone(&slot);
    std::thread::Builder::new().name("judge".into()).stack_size(STACK_BYTES).spawn(move || work(&worker, &own))?;
    unpoisoned(shared.slots.lock()).push(slot);
    Ok(())
}

/// One thread: takes a job, judges it with the rules of this moment, delivers.
fn work(shared: &Arc<Shared>, slot: &Slot) {
    while let Some(job) = take_job(shared) {
        let Some(ruleset) = shared.rules.current() else {
            // Dropping the job tells whoever asked for a check; other jobs come only once rules are loaded.
            finish_job(shared, &job);
            continue;
        };
        let running = Arc::new(Running { job, ruleset, since: Instant::now(), finished: AtomicBool::new(false) });
        *unpoisoned(slot.lock()) = Some(Arc::clone(&running));
        let draft = &running.job.draft;
        let begin = unpoisoned(running.job.begin.lock()).take();
        let held = begin.map(|begin| begin());
        let judged = catch_unwind(AssertUnwindSafe(|| (shared.judge)(&running.ruleset, draft)));
        drop(held);
        *unpoisoned(slot.lock()) = None;
        let verdict = judged.unwrap_or_else(|_| running.ruleset.undetermined(draft, UndeterminedReason::Panic));
        shared.metrics.stage_duration_seconds.with_label_values(&["judge"]).observe(running.since.elapsed().as_secs_f64());
        if running.finished.swap(true, Ordering::AcqRel) {
            // The watchdog has delivered and put another thread in this one's place.
            shared.stuck.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        deliver(shared, &running, verdict);
    }
}

fn take_job(shared: &Shared) -> Option<Job> {
    let mut queues = unpoisoned(shared.queues.lock());
    loop {
        if shared.stopping.load(Ordering::Relaxed) {
            return None;
        }
        let check_first = !queues.check_was_last || queues.inbox.is_empty();
        let job = match check_first {
            true => queues.checks.pop_front().or_else(|| queues.inbox.pop_front()),
            false => queues.inbox.pop_front().or_else(|| queues.checks.pop_front()),
        };
        if let Some(job) = job {
            queues.check_was_last = job.is_check;
            queues.busy += 1;
            if !job.is_check {
                queues.inbox_bytes = queues.inbox_bytes.saturating_sub(job.bytes);
                tell_of_room(shared, &queues);
            }
            return Some(job);
        }
        queues.waiting_for_work += 1;
        queues = shared.work.wait(queues).unwrap_or_else(PoisonError::into_inner);
        queues.waiting_for_work -= 1;
    }
}

fn wait_for_room<'s>(shared: &'s Shared, mut queues: MutexGuard<'s, Queues>, at_most: Duration) -> MutexGuard<'s, Queues> {
    queues.waiting_for_room += 1;
    let (mut queues, _timed_out) = shared.room.wait_timeout(queues, at_most).unwrap_or_else(PoisonError::into_inner);
    queues.waiting_for_room -= 1;
    queues
}

fn tell_of_room(shared: &Shared, queues: &Queues) {
    if queues.waiting_for_room > 0 {
        shared.room.notify_all();
    }
}

fn deliver(shared: &Shared, running: &Running, verdict: Verdict) {
    let job = &running.job;
    let deliver = unpoisoned(job.deliver.lock()).take();
    if let Some(deliver) = deliver {
        deliver(&job.draft, verdict);
    }
    finish_job(shared, job);
}

fn finish_job(shared: &Shared, job: &Job) {
    let mut queues = unpoisoned(shared.queues.lock());
    queues.busy = queues.busy.saturating_sub(1);
    if !job.is_check {
        queues.inbox_unfinished = queues.inbox_unfinished.saturating_sub(1);
    }
    tell_of_room(shared, &queues);
}

fn rest(shared: &Shared, time: Duration) {
    let queues = unpoisoned(shared.queues.lock());
    let goes_on = |_: &mut Queues| !shared.stopping.load(Ordering::Relaxed);
    drop(shared.end.wait_timeout_while(queues, time, goes_on));
}

/// Delivers `undetermined: timeout` for drafts that take too long and starts another thread in place of the stuck one.
fn watch_over(shared: &Arc<Shared>) {
    let tick = (shared.judge_time_max / 10).clamp(Duration::from_millis(1), Duration::from_millis(50));
    while !shared.stopping.load(Ordering::Relaxed) {
        rest(shared, tick);
        let slots: Vec<Slot> = unpoisoned(shared.slots.lock()).clone();
        for slot in slots {
            let Some(running) = unpoisoned(slot.lock()).clone() else { continue };
            if running.since.elapsed() < shared.judge_time_max || running.finished.swap(true, Ordering::AcqRel) {
                continue;
            }
            let stuck = shared.stuck.fetch_add(1, Ordering::Relaxed) + 1;
            let draft = &running.job.draft;
            tracing::warn!(
                unit = %draft.unit, id = %draft.id, revision = draft.revision, stuck,
                "Judging a draft took longer than allowed; it goes to a person as undetermined."
            );
            unpoisoned(shared.slots.lock()).retain(|other| !Arc::ptr_eq(other, &slot));
            if stuck > shared.stuck_max {
                tracing::error!(stuck, "Too many judging threads are stuck; the process must be restarted.");
                shared.exhausted.send_replace(true);
            } else if let Err(error) = start_worker(shared) {
                tracing::error!(%error, "No thread could be started in place of a stuck one; the process must be restarted.");
                shared.exhausted.send_replace(true);
            }
            let verdict = running.ruleset.undetermined(draft, UndeterminedReason::Timeout);
            deliver(shared, &running, verdict);
        }
        shared.metrics.judge_stuck_threads.set(shared.stuck.load(Ordering::Relaxed) as f64);
        shared.metrics.inflight_records.set(unpoisoned(shared.queues.lock()).busy as f64);
    }
}

#[cfg(test)]
mod tests;
