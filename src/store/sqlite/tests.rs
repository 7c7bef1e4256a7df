//! What the embedded store promises, tried on a real file.

use super::super::*;
use crate::model::{Draft, Queue};
use crate::ruleset::{RuleFiles, Ruleset};

fn open(folder: &std::path::Path) -> Store {
    let options = Options { data: folder.to_owned(), ..Options::default() };
    Store::open(&options, Arc::new(Metrics::new().expect("metrics"))).expect("opens")
}

fn draft(id: &str, revision: u64, body: &str) -> Draft {
    let json = serde_json::json!({"unit":"u","id":id,"revision":revision,"account":"a","platform":"wechat","kind":"original",
        "format":"text","title":"标题","body":body,"as_of":"2026-11-23"});
    Draft::from_json(json.to_string().as_bytes()).expect("a draft")
}

fn new(id: &str, revision: u64, body: &str) -> NewRevision {
    NewRevision::of(&draft(id, revision, body), 1_000, jiff::civil::date(2026, 11, 23))
}

fn rules(text: &str) -> (RuleFiles, Ruleset) {
    let files = RuleFiles([("policy.toml".to_owned(), text.as_bytes().to_vec())].into());
    let ruleset = Ruleset::compile(&files);
    // The real engine may refuse so small a set: the store does not care, so any set that compiles will do.
    match ruleset {
        Ok(ruleset) => (files, ruleset),
        Err(_) => {
            let files = crate::rule_files::read(&crate::rule_files::RulePaths::default()).expect("shipped rules");
            let ruleset = Ruleset::compile(&files).unwrap_or_else(|_| panic!("the shipped rules compile"));
            (files, ruleset)
        }
    }
}

/// Judges everything that waits, as the screening does.
fn judge_all(store: &Store, ruleset: &Ruleset) -> Vec<i64> {
    let mut cursor = InboxCursor::default();
    let mut places = Vec::new();
    loop {
        let jobs = store.pending_after(&mut cursor, 10, 1 << 20).expect("reads");
        if jobs.is_empty() {
            return places;
        }
        for job in jobs {
            store.record(Judged::of(&job, &ruleset.judge(&job.draft), 2_000)).expect("records");
            places.push(job.place);
        }
    }
}

async fn settled(store: &Store) {
    while store.pending() > 0 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn the_bundled_sqlite_is_free_of_the_wal_reset_fault() {
    assert!(rusqlite::version_number() >= 3_051_003, "{}", rusqlite::version());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_writer_runs_with_the_pragmas_that_durability_needs() {
    let folder = tempfile::tempdir().expect("folder");
    let connection = {
        drop(std::fs::File::create(folder.path().join(super::DATABASE_FILE)).expect("file"));
        super::open_for_writing(&folder.path().join(super::DATABASE_FILE)).expect("opens")
    };
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).expect("pragma");
    let text = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, String>(0)).expect("pragma");
    assert_eq!(text("journal_mode"), "wal");
    assert_eq!((number("synchronous"), number("foreign_keys"), number("wal_autocheckpoint")), (2, 1, 0));
    assert_eq!((number("busy_timeout"), number("journal_size_limit"), number("mmap_size")), (5_000, 64 << 20, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn intake_follows_its_decision_table() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(folder.path());
    assert_eq!(store.take_in(new("a", 2, "甲")).await, Ok(Intake::Current));
    assert_eq!(store.take_in(new("a", 2, "甲")).await, Ok(Intake::Same));
    assert_eq!(store.take_in(new("a", 2, "乙")).await, Ok(Intake::Conflict));
    assert_eq!(store.take_in(new("a", 1, "丙")).await, Ok(Intake::Superseded));
    assert_eq!(store.take_in(new("a", 1, "丙")).await, Ok(Intake::Same));
    assert_eq!(store.take_in(new("a", 3, "丁")).await, Ok(Intake::Current));
    assert_eq!(store.take_in(new("b", 1, "甲")).await, Ok(Intake::Current));
    let states: Vec<_> =
        store.revisions("u", "a").await.expect("reads").expect("is there").entries.iter().map(|e| (e.revision, e.state)).collect();
    assert_eq!(states, [(1, RevisionState::Superseded), (2, RevisionState::Superseded), (3, RevisionState::Pending)]);
    assert_eq!(store.pending(), 4);
    assert_eq!(store.units_of("a").await, Ok(vec!["u".to_owned()]));
    assert!(store.revisions("v", "a").await.expect("reads").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_is_written_once_and_only_the_current_revision_waits_for_a_reviewer() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(folder.path());
    let (files, ruleset) = rules("a");
    let saved = {
        let (store, files) = (store.clone(), files.clone());
        tokio::task::spawn_blocking(move || store.save_ruleset(&files, 1)).await
    };
    saved.expect("joins").expect("saves");
    store.take_in(new("a", 1, "甲")).await.expect("takes in");
    store.take_in(new("a", 2, "乙")).await.expect("takes in");
    judge_all(&store, &ruleset);
    settled(&store).await;
    let revisions = store.revisions("u", "a").await.expect("reads").expect("is there");
    assert!(revisions.entries.iter().all(|entry| entry.verdict.is_some()), "every acknowledged draft has its verdict");
    let waiting: u64 = store.queue_counts().await.expect("counts").iter().map(|c| c.items).sum();
    assert_eq!(waiting, 1);
    let verdict = ruleset.judge(&draft("a", 2, "乙"));
    let page = store.items(verdict.queue, None, 10).await.expect("reads");
    assert_eq!(page.items.iter().map(|i| (i.id.as_str(), i.revision)).collect::<Vec<_>>(), [("a", 2)]);
    assert_eq!(revisions.entries[1].verdict.as_deref(), Some(verdict.to_json().as_str()));

    // A late second result of the same job finds nothing to do.
    let late = PendingDraft { place: 1, draft: draft("a", 1, "别的"), received_at_ms: 0, starts: 0, again: false, bytes: 0 };
    store.record(Judged::of(&late, &ruleset.judge(&late.draft), 3_000)).expect("handed over");
    // A higher revision takes the older one's item out of the queue.
    store.take_in(new("a", 3, "丙")).await.expect("takes in");
    assert_eq!(store.queue_counts().await.expect("counts").iter().map(|c| c.items).sum::<u64>(), 0);
    let after = store.revisions("u", "a").await.expect("reads").expect("is there");
    assert_eq!(after.entries[0].verdict, revisions.entries[0].verdict);
    store.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_still_there_after_a_restart_and_the_inbox_is_read_in_order() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(folder.path());
    for number in 0..25 {
        store.take_in(new(&format!("n{number:02}"), 1, "正文")).await.expect("takes in");
    }
    store.close();
    drop(store);
    let store = open(folder.path());
    assert_eq!(store.pending(), 25);
    let mut cursor = InboxCursor::default();
    let mut ids = Vec::new();
    loop {
        let jobs = store.pending_after(&mut cursor, 10, 1 << 20).expect("reads");
        if jobs.is_empty() {
            break;
        }
        ids.extend(jobs.into_iter().map(|job| job.draft.id));
    }
    assert_eq!(ids, (0..25).map(|n| format!("n{n:02}")).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_asked_to_be_judged_again_keeps_its_verdict_until_then_and_its_older_verdict_for_ever() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(folder.path());
    let (files, ruleset) = rules("a");
    let save = |files: RuleFiles| {
        let store = store.clone();
        tokio::task::spawn_blocking(move || store.save_ruleset(&files, 1))
    };
    save(files.clone()).await.expect("joins").expect("saves");
    store.take_in(new("a", 1, "甲")).await.expect("takes in");
    judge_all(&store, &ruleset);
    settled(&store).await;
    let first = store.item("u", "a", 1).await.expect("reads").expect("is there").1.expect("verdict");

    let mut changed = files.clone();
    changed.0.entry("policy.toml".into()).or_default().extend_from_slice(b"\n# changed\n");
    let Ok(newer) = Ruleset::compile(&changed) else { panic!("a comment changes nothing") };
    save(changed).await.expect("joins").expect("saves");
    assert_eq!(store.rejudge("u", "a").await, Ok(Rejudge::Asked { revision: 1 }));
    assert_eq!(store.rejudge("u", "nobody").await, Ok(Rejudge::Unknown));
    let between = store.item("u", "a", 1).await.expect("reads").expect("is there");
    assert_eq!((between.0.state, between.1.as_ref()), (RevisionState::Screened, Some(&first)));
    judge_all(&store, &newer);
    settled(&store).await;
    let second = store.item("u", "a", 1).await.expect("reads").expect("is there").1.expect("verdict");
    assert_eq!((second.ruleset.as_str(), first.ruleset.as_str()), (newer.id(), ruleset.id()));
    assert_eq!(store.rejudge_queue(second.queue).await, Ok(1));
    judge_all(&store, &newer);
    settled(&store).await;
    store.close();

    let archive = Archive::open(folder.path()).expect("opens");
    for verdict in [&first, &second] {
        let replay = archive.replay("u", "a", 1, Some(&verdict.verdict_id)).expect("reads").expect("is there");
        assert_eq!(replay.verdict, verdict.to_json());
        let Ok(again) = Ruleset::compile(&replay.rule_files) else { panic!("stored rules compile") };
        assert_eq!(again.judge(&replay.draft).to_json(), replay.verdict);
    }
    let newest = archive.replay("u", "a", 1, None).expect("reads").expect("is there");
    assert_eq!(newest.verdict, second.to_json());
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_queue_join_without_gap_or_repeat_and_secret_titles_stay_hidden() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(folder.path());
    let (files, ruleset) = rules("a");
    let saved = {
        let (store, files) = (store.clone(), files.clone());
        tokio::task::spawn_blocking(move || store.save_ruleset(&files, 1)).await
    };
    saved.expect("joins").expect("saves");
    for number in 0..7 {
        store.take_in(new(&format!("n{number}"), 1, "正文")).await.expect("takes in");
    }
    let mut cursor = InboxCursor::default();
    for job in store.pending_after(&mut cursor, 100, 1 << 20).expect("reads") {
        let mut judged = Judged::of(&job, &ruleset.judge(&job.draft), 1);
        judged.queue = Queue::Secrecy;
        store.record(judged).expect("records");
    }
    settled(&store).await;
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = store.items(Queue::Secrecy, after, 3).await.expect("reads");
        assert!(page.items.iter().all(|item| item.title == SECRECY_TITLE));
        seen.extend(page.items.into_iter().map(|item| item.id));
        after = page.next.map(|next| next.to_string().parse().expect("a cursor reads back"));
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, (0..7).map(|n| format!("n{n}")).collect::<Vec<_>>());
    for bad in ["", "c", "x1", "c-1", "c+1", "cZZ", "cffffffffffffffffff"] {
        assert!(bad.parse::<Cursor>().is_err(), "{bad}");
    }
}

#[test]
fn a_folder_in_use_a_foreign_file_and_a_damaged_file_are_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let options = Options { data: folder.path().to_owned(), ..Options::default() };
    let try_open = || Store::open(&options, Arc::new(Metrics::new().expect("metrics"))).err();
    let store = open(folder.path());
    assert!(matches!(try_open(), Some(OpenError::InUse { .. })));
    store.close();
    drop(store);

    let file = folder.path().join(super::DATABASE_FILE);
    let good = std::fs::read(&file).expect("reads");
    let mut damaged = good.clone();
    for byte in damaged.iter_mut().skip(4_096).take(200) {
        *byte ^= 0x5a;
    }
    for bad in [b"not a database at all, only some text that is long enough".to_vec(), damaged] {
        std::fs::write(&file, bad).expect("writes");
        let error = try_open();
        assert!(matches!(error, Some(OpenError::Corrupt { .. })), "{error:?}");
    }

    std::fs::remove_file(&file).expect("removes");
    let foreign = rusqlite::Connection::open(&file).expect("opens");
    foreign.execute_batch("CREATE TABLE theirs (a)").expect("creates");
    drop(foreign);
    assert!(matches!(try_open(), Some(OpenError::NotOurs { .. })));

    std::fs::write(&file, good).expect("writes");
    let newer = rusqlite::Connection::open(&file).expect("opens");
    newer.execute_batch("PRAGMA user_version = 99").expect("sets");
    drop(newer);
    assert!(matches!(try_open(), Some(OpenError::Newer { found: 99, .. })));
}
