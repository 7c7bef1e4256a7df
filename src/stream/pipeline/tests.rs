//! What the judging pool promises, with judges that are slow, panic, or wait to be let go on.

use super::super::inbox;
use super::*;
use crate::model::UndeterminedReason::{Panic, Timeout};
use crate::rule_files::{self, RulePaths};
use crate::store::{self, NewRevision, RevisionState, Store};
use std::sync::OnceLock;

/// Drafts titled 慢 are held here until the test lets them go.
static GATE: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

fn open_gate() {
    *unpoisoned(GATE.0.lock()) = true;
    GATE.1.notify_all();
}

fn judge(ruleset: &Ruleset, draft: &Draft) -> Verdict {
    match draft.title.as_str() {
        "慢" => drop(GATE.1.wait_while(unpoisoned(GATE.0.lock()), |open| !*open)),
        "崩" => panic!("{}", draft.body),
        _ => {}
    }
    ruleset.judge(draft)
}

/// The shipped rules, compiled once for all tests of this file.
fn rules() -> Arc<Ruleset> {
    static RULES: OnceLock<Arc<Ruleset>> = OnceLock::new();
    let compile = || {
        let files = rule_files::read(&RulePaths::default()).expect("shipped rules");
        Arc::new(Ruleset::compile(&files).unwrap_or_else(|problems| panic!("{problems:?}")))
    };
    Arc::clone(RULES.get_or_init(compile))
}

struct Bench {
    folder: tempfile::TempDir,
    store: Store,
    rules: Arc<ActiveRules>,
    metrics: Arc<Metrics>,
}

impl Bench {
    fn new() -> Self {
        Self::at(tempfile::tempdir().expect("folder"))
    }

    fn at(folder: tempfile::TempDir) -> Self {
        let metrics = Arc::new(Metrics::new().expect("metrics"));
        let options = store::Options { data: folder.path().to_owned(), ..store::Options::default() };
        let store = Store::open(&options, Arc::clone(&metrics)).expect("opens");
        let files = rule_files::read(&RulePaths::default()).expect("shipped rules");
        tokio::task::block_in_place(|| store.save_ruleset(&files, 1)).expect("saves");
        let active = Arc::new(ActiveRules::default());
        active.swap(rules());
        Self { folder, store, rules: active, metrics }
    }

    fn pool(&self, workers: usize, judge_ms_max: u64) -> Pool {
        let options = Options { workers, judge_ms_max };
        let (rules, metrics) = (Arc::clone(&self.rules), Arc::clone(&self.metrics));
        Pool::start(&options, judge, rules, metrics).expect("starts")
    }

    /// Takes drafts in, feeds the pool from the inbox until nothing waits, and stops it.
    fn screen(&self, pool: &Pool) {
        std::thread::scope(|scope| {
            scope.spawn(|| inbox::feed(&self.store, pool, &self.rules, || pool.shared.stopping.load(Ordering::Relaxed)));
            let mut seen = 0;
            while self.store.pending() > 0 {
                seen = self.store.wait_for_work(seen, Duration::from_millis(20));
            }
            pool.stop(Duration::from_secs(5));
        });
    }
}

fn draft(id: &str, title: &str) -> Draft {
    let json = serde_json::json!({"unit":"u","id":id,"revision":1,"account":"a","platform":"wechat","kind":"original",
        "format":"text","title":title,"body":"正文","as_of":"2026-11-23"});
    Draft::from_json(json.to_string().as_bytes()).expect("a draft")
}

async fn take_in(store: &Store, draft: &Draft) {
    store.take_in(NewRevision::of(draft, 1, jiff::civil::date(2026, 11, 23))).await.expect("takes in");
}

async fn verdict_of(store: &Store, id: &str) -> Verdict {
    let (stored, verdict) = store.item("u", id, 1).await.expect("reads").expect("is there");
    assert_eq!(stored.state, RevisionState::Screened, "{id}");
    verdict.expect("judged")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_takes_too_long_or_panics_goes_to_a_person_and_the_others_are_judged() {
    let bench = Bench::new();
    for number in 0..40 {
        let title = match number {
            7 => "慢",
            13 => "崩",
            _ => "标题",
        };
        take_in(&bench.store, &draft(&number.to_string(), title)).await;
    }
    let pool = bench.pool(2, 2_000);
    tokio::task::block_in_place(|| bench.screen(&pool));
    for number in 0..40 {
        let verdict = verdict_of(&bench.store, &number.to_string()).await;
        let title = match number {
            7 => "慢",
            13 => "崩",
            _ => "标题",
        };
        let expected = match number {
            7 => rules().undetermined(&draft("7", title), Timeout),
            13 => rules().undetermined(&draft("13", title), Panic),
            _ => rules().judge(&draft(&number.to_string(), title)),
        };
        assert_eq!(verdict, expected, "{number}");
    }
    assert!(!*pool.exhausted().borrow(), "one stuck thread is no reason to restart");
    open_gate();
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_are_answered_while_the_inbox_is_long_and_nothing_is_stored() {
    let bench = Bench::new();
    for number in 0..30 {
        take_in(&bench.store, &draft(&number.to_string(), "标题")).await;
    }
    let pool = bench.pool(1, 60_000);
    let waiting = bench.store.pending_after(&mut store::InboxCursor::default(), 30, 1 << 20).expect("reads");
    pool.push(waiting.into_iter().map(|pending| inbox::judging(&bench.store, pending)));
    let verdict = pool.check(draft("check", "标题")).await.expect("checks");
    assert_eq!(verdict, rules().judge(&draft("check", "标题")));
    assert!(bench.store.item("u", "check", 1).await.expect("reads").is_none());
    let panicked = pool.check(draft("check", "崩")).await.expect("checks");
    assert_eq!(panicked.undetermined.map(|u| u.reason), Some(Panic));
    tokio::task::block_in_place(|| assert!(pool.wait_until_idle(Duration::from_secs(60))));
    pool.stop(Duration::from_secs(5));
    assert_eq!(pool.check(draft("late", "标题")).await, Err(CheckError::NotReady));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_during_which_the_process_ended_again_and_again_goes_to_a_person() {
    let bench = Bench::new();
    for id in ["good", "bad", "once"] {
        take_in(&bench.store, &draft(id, "标题")).await;
    }
    bench.store.close();
    let Bench { folder, store, .. } = bench;
    drop(store);
    // As processes leave it that were killed while they judged.
    let file = rusqlite_file(folder.path());
    file.execute_batch("UPDATE inbox SET starts = 3 WHERE seq = 2; UPDATE inbox SET starts = 1 WHERE seq = 3").expect("sets");
    drop(file);
    let bench = Bench::at(folder);
    let pool = bench.pool(2, 60_000);
    tokio::task::block_in_place(|| bench.screen(&pool));
    assert_eq!(verdict_of(&bench.store, "good").await, rules().judge(&draft("good", "标题")));
    assert_eq!(verdict_of(&bench.store, "once").await, rules().judge(&draft("once", "标题")));
    assert_eq!(verdict_of(&bench.store, "bad").await, rules().undetermined(&draft("bad", "标题"), Panic));
}

fn rusqlite_file(folder: &std::path::Path) -> rusqlite::Connection {
    rusqlite::Connection::open(folder.join(store::sqlite::DATABASE_FILE)).expect("opens")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_at_a_stop_stays_in_the_inbox() {
    let bench = Bench::new();
    for number in 0..30 {
        take_in(&bench.store, &draft(&number.to_string(), "标题")).await;
    }
    let pool = bench.pool(1, 60_000);
    pool.stop(Duration::from_secs(5));
    let waiting = bench.store.pending_after(&mut store::InboxCursor::default(), 30, 1 << 20).expect("reads");
    pool.push(waiting.into_iter().map(|pending| inbox::judging(&bench.store, pending)));
    assert_eq!((bench.store.pending(), pool.busy()), (30, 0));
    bench.store.close();
    let Bench { folder, store, .. } = bench;
    drop(store);
    assert_eq!(Bench::at(folder).store.pending(), 30);
}
