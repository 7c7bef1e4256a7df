//! Rules in use, and their replacement while drafts flow: read, compile, try the cases, keep, swap one pointer.
//! Must not know HTTP, the configuration file or what rules mean.

use super::{now_ms, unpoisoned};
use crate::metrics::Metrics;
use crate::rule_files::{self, RulePaths};
use crate::ruleset::{Problem, RuleFiles, Ruleset};
use crate::store::{Store, StoreError};
use notify::Watcher;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Changes are waited for until nothing changed for this long …
const QUIET: Duration = Duration::from_millis(300);
/// … or until the first change is this old.
const COALESCE_MAX: Duration = Duration::from_millis(1_500);
/// Attempts to read a set that does not change meanwhile.
const READ_ATTEMPTS_MAX: usize = 10;
const READ_PAUSE: Duration = Duration::from_millis(100);
/// Files that are looked at for changes, and how deep.
const WATCHED_FILES_MAX: usize = 10_000;
const FOLDER_DEPTH_MAX: usize = 8;
/// Problems of a refused set that are logged and shown.
const PROBLEMS_SHOWN_MAX: usize = 20;
/// Pause before a set that could not be kept (disk full) is tried again.
const KEEP_AGAIN: Duration = Duration::from_secs(1);

/// The rules in use. One pointer: whoever judges takes it once per draft.
#[derive(Default)]
pub struct ActiveRules {
    current: Mutex<Option<Arc<Ruleset>>>,
    loaded: Condvar,
    refusal: Mutex<Option<Refusal>>,
}

/// Why the last reload changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub at_ms: i64,
    /// The first problems, each with file, line, key and cure.
    pub problems: Vec<String>,
    /// How many there are in all.
    pub problems_total: usize,
}

impl ActiveRules {
    pub fn current(&self) -> Option<Arc<Ruleset>> {
        unpoisoned(self.current.lock()).clone()
    }

    /// The last refusal; `None` after a reload that went well.
    pub fn refusal(&self) -> Option<Refusal> {
        unpoisoned(self.refusal.lock()).clone()
    }

    /// True as soon as rules are loaded, false when `at_most` has passed.
    pub fn wait_until_loaded(&self, at_most: Duration) -> bool {
        let current = unpoisoned(self.current.lock());
        let (current, _) =
            self.loaded.wait_timeout_while(current, at_most, |current| current.is_none()).unwrap_or_else(PoisonError::into_inner);
        current.is_some()
    }

    pub(super) fn swap(&self, ruleset: Arc<Ruleset>) -> Option<Arc<Ruleset>> {
        let old = unpoisoned(self.current.lock()).replace(ruleset);
        self.loaded.notify_all();
        old
    }
}

/// What a reload came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reload {
    Applied {
        ruleset: String,
    },
    Unchanged {
        ruleset: String,
    },
    Refused(Vec<Problem>),
    /// The set is good, but it cannot be kept in the store now; try again.
    NotKept(StoreError),
}

/// Tries the must-hit and must-not-hit cases that come with a set.
pub type TryCases = fn(&Ruleset, &RuleFiles) -> Vec<Problem>;

/// Loads rules: at start and whenever they change.
pub struct Reloader {
    pub paths: RulePaths,
    pub rules: Arc<ActiveRules>,
    /// Keeps what verdicts are reached again from; absent where no verdict is stored.
    pub store: Option<Store>,
    pub metrics: Arc<Metrics>,
    pub try_cases: TryCases,
}

impl Reloader {
    /// Reads, compiles, tries, keeps and swaps. A set with any problem changes nothing. Blocks.
    pub fn reload(&self) -> Reload {
        let begun = Instant::now();
        let outcome = self.load();
        let millis = begun.elapsed().as_millis() as u64;
        let label = match &outcome {
            Reload::Applied { ruleset } => {
                tracing::info!(%ruleset, millis, "New rules are in use.");
                self.note(None);
                "applied"
            }
            Reload::Unchanged { ruleset } => {
                tracing::info!(%ruleset, millis, "The rules are the same as before.");
                self.note(None);
                "unchanged"
            }
            Reload::Refused(problems) => {
                for problem in problems.iter().take(PROBLEMS_SHOWN_MAX) {
                    tracing::error!(file = %problem.file, line = problem.line, key = %problem.key, reason = %problem.reason, cure = %problem.cure,
                        "A rule file has a problem.");
                }
                tracing::error!(problems = problems.len(), "The new rules are refused as a whole; the old ones stay in use.");
                self.note(Some(Refusal {
                    at_ms: now_ms(),
                    problems: problems.iter().take(PROBLEMS_SHOWN_MAX).map(ToString::to_string).collect(),
                    problems_total: problems.len(),
                }));
                "refused"
            }
            Reload::NotKept(error) => {
                tracing::error!(%error, "The new rules cannot be kept in the store now; the old ones stay in use, and it is tried again.");
                self.note(Some(Refusal { at_ms: now_ms(), problems: vec![error.to_string()], problems_total: 1 }));
                "refused"
            }
        };
        self.metrics.ruleset_reload_total.with_label_values(&[label]).inc();
        outcome
    }

    fn note(&self, refusal: Option<Refusal>) {
        *unpoisoned(self.rules.refusal.lock()) = refusal;
    }

    fn load(&self) -> Reload {
        let files = match read_settled(&self.paths) {
            Ok(files) => files,
            Err(problem) => return Reload::Refused(vec![problem]),
        };
        let ruleset = files.id();
        if self.rules.current().is_some_and(|current| current.id() == ruleset) {
            return Reload::Unchanged { ruleset };
        }
        let compiled = match Ruleset::compile(&files) {
            Ok(compiled) => compiled,
            Err(problems) => return Reload::Refused(problems),
        };
        let problems = (self.try_cases)(&compiled, &files);
        if !problems.is_empty() {
            return Reload::Refused(problems);
        }
        // Kept before use: every stored verdict names a set that can be compiled again.
        if let Some(store) = &self.store
            && let Err(error) = store.save_ruleset(&files, now_ms())
        {
            return Reload::NotKept(error);
        }
        self.rules.swap(Arc::new(compiled));
        self.metrics.show_ruleset(&ruleset, now_ms());
        Reload::Applied { ruleset }
    }
}

/// Reads a set that nobody is changing: two readings and the files' own records before and after must agree.
fn read_settled(paths: &RulePaths) -> Result<RuleFiles, Problem> {
    let mut last = None;
    for attempt in 0..READ_ATTEMPTS_MAX {
        if attempt > 0 {
            pause();
        }
        let before = Fingerprint::of(paths);
        match (rule_files::read(paths), rule_files::read(paths)) {
            (Ok(first), Ok(second)) if first == second && before == Fingerprint::of(paths) => return Ok(first),
            (Err(error), _) | (_, Err(error)) => last = Some(error),
            _ => last = None,
        }
    }
    Err(match last {
        Some(error) => Problem {
            file: error.path.display().to_string(),
            line: None,
            key: String::new(),
            reason: format!("无法读取：{}", error.source),
            cure: "检查文件是否存在、是否可读、大小是否超限".into(),
        },
        None => Problem {
            file: paths.dictionaries.as_deref().unwrap_or(Path::new("policy.toml")).display().to_string(),
            line: None,
            key: String::new(),
            reason: "规则文件一直在变动，读不到一致的内容".into(),
            cure: "写完全部文件后再试（先写到旁边，再改名替换）".into(),
        },
    })
}

#[expect(clippy::disallowed_methods, reason = "whoever writes the files does not tell when they are done; only time does")]
fn pause() {
    std::thread::sleep(READ_PAUSE);
}

/// Size, time and identity of every rule file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Fingerprint(BTreeMap<PathBuf, (u64, i64, i64, u64)>);

impl Fingerprint {
    fn of(paths: &RulePaths) -> Self {
        let mut fingerprint = Self::default();
        for path in [&paths.dictionaries, &paths.policy, &paths.units].into_iter().flatten() {
            fingerprint.add(path, 0);
        }
        fingerprint
    }

    fn add(&mut self, path: &Path, depth: usize) {
        if depth > FOLDER_DEPTH_MAX || self.0.len() >= WATCHED_FILES_MAX {
            return;
        }
        let Ok(metadata) = std::fs::metadata(path) else { return };
        if metadata.is_dir() {
            let Ok(entries) = std::fs::read_dir(path) else { return };
            for entry in entries.flatten() {
                self.add(&entry.path(), depth + 1);
            }
        } else {
            self.0.insert(path.to_owned(), (metadata.len(), metadata.mtime(), metadata.mtime_nsec(), metadata.ino()));
        }
    }
}

/// Why the rules are looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// Someone asked (SIGHUP).
    Asked,
    /// A file changed.
    Changed,
    /// The process stops.
    Stop,
}

/// Reloads whenever asked or a file changes, until told to stop; runs on a thread of its own. `triggers` may overflow:
/// one that waits is as good as many.
/// `not_kept`: the first set could not be kept yet.
pub fn watch(reloader: &Reloader, sender: &SyncSender<Trigger>, triggers: &Receiver<Trigger>, poll: Duration, mut not_kept: bool) {
    let mut watcher = watch_files(&reloader.paths, sender);
    // What changed since the first load and before the watch began is not announced by anyone.
    let mut known = Fingerprint::default();
    loop {
        let wait = if not_kept { KEEP_AGAIN } else { poll };
        match triggers.recv_timeout(wait) {
            Ok(Trigger::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            // Whoever asks may still be writing (an editor saves file by file, a copy takes its time), and half a set can
            // be a good set: nothing is read before the files rest.
            Ok(Trigger::Asked | Trigger::Changed) => {}
            Err(RecvTimeoutError::Timeout) => {
                // For folders that cannot be watched, and for a folder that was swapped as a whole.
                if !not_kept && Fingerprint::of(&reloader.paths) == known {
                    continue;
                }
                drop(watcher);
                watcher = watch_files(&reloader.paths, sender);
            }
        }
        if !settle(&reloader.paths, triggers) {
            return;
        }
        known = Fingerprint::of(&reloader.paths);
        not_kept = matches!(reloader.reload(), Reload::NotKept(_));
    }
}

/// Waits until no file changed for [`QUIET`], by what is announced and by the files' own records, or until
/// [`COALESCE_MAX`] is over; false when the process stops meanwhile.
fn settle(paths: &RulePaths, triggers: &Receiver<Trigger>) -> bool {
    let deadline = Instant::now() + COALESCE_MAX;
    let mut seen = Fingerprint::of(paths);
    loop {
        let wait = QUIET.min(deadline.saturating_duration_since(Instant::now()));
        if wait.is_zero() {
            return true;
        }
        let announced = match triggers.recv_timeout(wait) {
            Ok(Trigger::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
            Ok(_) => true,
            Err(RecvTimeoutError::Timeout) => false,
        };
        let now = Fingerprint::of(paths);
        if !announced && now == seen {
            return true;
        }
        seen = now;
    }
}

/// Watches the dictionaries and the folders of all rule files (a swapped link or a renamed file is an event of the
/// folder above). What cannot be watched is polled.
fn watch_files(paths: &RulePaths, sender: &SyncSender<Trigger>) -> Option<notify::RecommendedWatcher> {
    let named: Vec<PathBuf> = [&paths.dictionaries, &paths.policy, &paths.units]
        .into_iter()
        .flatten()
        .map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone()))
        .collect();
    if named.is_empty() {
        return None;
    }
    let sender = sender.clone();
    let relevant = named.clone();
    let handler = move |event: notify::Result<notify::Event>| {
        use notify::event::{AccessKind, AccessMode, EventKind};
        let counts = match &event {
            // Reading is access, too: only the end of a write counts.
            Ok(event) => {
                let is_change = match event.kind {
                    EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
                    _ => true,
                };
                is_change && (event.paths.is_empty() || event.paths.iter().any(|path| relevant.iter().any(|own| path.starts_with(own))))
            }
            Err(_) => true,
        };
        if counts {
            // Full: a trigger is waiting already.
            let _waiting_already = sender.try_send(Trigger::Changed);
        }
    };
    let mut watcher = match notify::recommended_watcher(handler) {
        Ok(watcher) => watcher,
        Err(error) => {
            tracing::warn!(%error, "Rule files cannot be watched; they are looked at from time to time.");
            return None;
        }
    };
    let folders = named.iter().filter_map(|path| path.parent()).map(|path| (path, notify::RecursiveMode::NonRecursive));
    let dictionaries = named.iter().filter(|path| path.is_dir()).map(|path| (path.as_path(), notify::RecursiveMode::Recursive));
    for (path, mode) in folders.chain(dictionaries) {
        if let Err(error) = watcher.watch(path, mode) {
            tracing::warn!(path = %path.display(), %error, "A folder of rule files cannot be watched; it is looked at from time to time.");
        }
    }
    Some(watcher)
}
