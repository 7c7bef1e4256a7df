//! What the embedded store promises, tried on a real file.

use super::super::*;
use crate::model::{Draft, Finding, Level, Queue, Undetermined, UndeterminedReason, Verdict};
use crate::ruleset::RuleFiles;

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

fn files(text: &str) -> RuleFiles {
    RuleFiles([("policy.toml".to_owned(), text.as_bytes().to_vec())].into())
}

/// A verdict as some rule set might give it: the store does not care how it was reached.
fn verdict(draft: &Draft, ruleset: &str) -> Verdict {
    let (content_hash, as_of) = (draft.content_hash(), draft.as_of.expect("fixed at intake"));
    Verdict {
        unit: draft.unit.clone(),
        id: draft.id.clone(),
        revision: draft.revision,
        verdict_id: Verdict::verdict_id(draft, &content_hash, as_of, ruleset),
        content_hash,
        ruleset: ruleset.to_owned(),
        as_of,
        queue: Queue::Ad,
        level: Level::L2,
        blocked: true,
        findings: Vec::new(),
        suppressed: Vec::new(),
        undetermined: None,
    }
}

async fn save(store: &Store, files: &RuleFiles) -> String {
    let (store, kept) = (store.clone(), files.clone());
    tokio::task::spawn_blocking(move || store.save_ruleset(&kept, 1)).await.expect("joins").expect("saves");
    files.id()
}

/// Judges everything that waits, as the screening does.
fn judge_all(store: &Store, ruleset: &str) {
    let mut cursor = InboxCursor::default();
    loop {
        let jobs = store.pending_after(&mut cursor, 10, 1 << 20).expect("reads");
        if jobs.is_empty() {
            return;
        }
        for job in jobs {
            store.record(Judged::of(job.place, &job.draft, &verdict(&job.draft, ruleset), job.received_at_ms, 2_000)).expect("records");
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
    let ruleset = save(&store, &files("a")).await;
    store.take_in(new("a", 1, "甲")).await.expect("takes in");
    store.take_in(new("a", 2, "乙")).await.expect("takes in");
    judge_all(&store, &ruleset);
    settled(&store).await;
    let revisions = store.revisions("u", "a").await.expect("reads").expect("is there");
    assert!(revisions.entries.iter().all(|entry| entry.verdict.is_some()), "every acknowledged draft has its verdict");
    let waiting: u64 = store.queue_counts().await.expect("counts").iter().map(|c| c.items).sum();
    assert_eq!(waiting, 1);
    let page = store.items(Queue::Ad, None, 10).await.expect("reads");
    assert_eq!(page.items.iter().map(|i| (i.id.as_str(), i.revision)).collect::<Vec<_>>(), [("a", 2)]);
    let expected = verdict(&draft("a", 2, "乙"), &ruleset).to_json();
    assert_eq!(revisions.entries.last().and_then(|entry| entry.verdict.clone()), Some(expected));

    // A late second result of the same job finds nothing to do.
    let late = PendingDraft { place: 1, draft: draft("a", 1, "别的"), received_at_ms: 0, starts: 0, again: false, bytes: 0 };
    store.record(Judged::of(late.place, &late.draft, &verdict(&late.draft, &ruleset), late.received_at_ms, 3_000)).expect("handed over");
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
    let (old, new_rules) = (files("a"), files("b"));
    let ruleset = save(&store, &old).await;
    store.take_in(new("a", 1, "甲")).await.expect("takes in");
    judge_all(&store, &ruleset);
    settled(&store).await;
    let first = store.item("u", "a", 1).await.expect("reads").expect("is there").1.expect("verdict");

    let newer = save(&store, &new_rules).await;
    assert_eq!(store.rejudge("u", "a").await, Ok(Rejudge::Asked { revision: 1 }));
    assert_eq!(store.rejudge("u", "nobody").await, Ok(Rejudge::Unknown));
    let between = store.item("u", "a", 1).await.expect("reads").expect("is there");
    assert_eq!((between.0.state, between.1.as_ref()), (RevisionState::Screened, Some(&first)));
    judge_all(&store, &newer);
    settled(&store).await;
    let second = store.item("u", "a", 1).await.expect("reads").expect("is there").1.expect("verdict");
    assert_eq!((&second.ruleset, &first.ruleset), (&newer, &ruleset));
    // The same rules again: nothing changes, and no past verdict is added.
    assert_eq!(store.rejudge_queue(Queue::Ad).await, Ok(1));
    judge_all(&store, &newer);
    settled(&store).await;
    store.close();

    let archive = Archive::open(folder.path()).expect("opens");
    for (verdict, rules) in [(&first, &old), (&second, &new_rules)] {
        let replay = archive.replay("u", "a", 1, Some(&verdict.verdict_id)).expect("reads").expect("is there");
        assert_eq!((replay.verdict, &replay.rule_files), (verdict.to_json(), rules));
        assert_eq!(replay.draft, draft("a", 1, "甲"));
    }
    let newest = archive.replay("u", "a", 1, None).expect("reads").expect("is there");
    assert_eq!(newest.verdict, second.to_json());
    assert!(archive.replay("u", "a", 2, None).expect("reads").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn judging_again_that_is_cut_short_does_not_undo_a_verdict_but_one_that_was_cut_short_is_mended() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(folder.path());
    let ruleset = save(&store, &files("a")).await;
    store.take_in(new("a", 1, "甲")).await.expect("takes in");
    let whole = verdict(&draft("a", 1, "甲"), &ruleset);
    let cut = Verdict { undetermined: Some(Undetermined { reason: UndeterminedReason::Timeout }), ..whole.clone() };
    let mut cursor = InboxCursor::default();
    for (given, stands) in [(&cut, &cut), (&whole, &whole), (&cut, &whole)] {
        for job in store.pending_after(&mut cursor, 10, 1 << 20).expect("reads") {
            store.record(Judged::of(job.place, &job.draft, given, job.received_at_ms, 1)).expect("records");
        }
        settled(&store).await;
        assert_eq!(store.item("u", "a", 1).await.expect("reads").expect("is there").1.as_ref(), Some(stands));
        store.rejudge("u", "a").await.expect("asks");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_asked_again_while_it_is_judged_counts_only_once_more() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(folder.path());
    let (old, newer) = (save(&store, &files("a")).await, save(&store, &files("b")).await);
    store.take_in(new("a", 1, "甲")).await.expect("takes in");
    let mut cursor = InboxCursor::default();
    let under_way = store.pending_after(&mut cursor, 10, 1 << 20).expect("reads");
    store.rejudge("u", "a").await.expect("asks");
    assert_eq!(store.pending(), 1);
    // The older rules finish late: their verdict is not wanted any more.
    for job in &under_way {
        store.record(Judged::of(job.place, &job.draft, &verdict(&job.draft, &old), job.received_at_ms, 1)).expect("records");
    }
    for job in store.pending_after(&mut cursor, 10, 1 << 20).expect("reads") {
        assert!(!job.again, "it has no verdict yet, so it is as urgent as new drafts");
        store.record(Judged::of(job.place, &job.draft, &verdict(&job.draft, &newer), job.received_at_ms, 1)).expect("records");
    }
    settled(&store).await;
    let (stored, given) = store.item("u", "a", 1).await.expect("reads").expect("is there");
    assert_eq!((stored.state, given.map(|v| v.ruleset)), (RevisionState::Screened, Some(newer)));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_queue_join_without_gap_or_repeat_and_secret_titles_stay_hidden() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(folder.path());
    let ruleset = save(&store, &files("a")).await;
    for number in 0..7 {
        store.take_in(new(&format!("n{number}"), 1, "正文")).await.expect("takes in");
    }
    let mut cursor = InboxCursor::default();
    for job in store.pending_after(&mut cursor, 100, 1 << 20).expect("reads") {
        let mut judged = Judged::of(job.place, &job.draft, &verdict(&job.draft, &ruleset), job.received_at_ms, 1);
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

#[tokio::test]
async fn a_list_tells_what_the_machine_could_not_judge_and_hides_what_is_secret_in_every_queue() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(folder.path());
    let ruleset = save(&store, &files("one")).await;
    for (id, mark) in [("plain", false), ("secret", true)] {
        store.take_in(new(id, 1, "甲")).await.expect("taken in");
        let jobs = store.pending_after(&mut InboxCursor::default(), 10, 1 << 20).expect("reads");
        let mut verdict = verdict(&jobs[0].draft, &ruleset);
        verdict.queue = Queue::Major;
        verdict.undetermined = Some(Undetermined { reason: UndeterminedReason::Limit });
        verdict.findings.extend(mark.then(secret_finding));
        store.record(Judged::of(jobs[0].place, &jobs[0].draft, &verdict, jobs[0].received_at_ms, 2_000)).expect("records");
        settled(&store).await;
    }
    let page = store.items(Queue::Major, None, 10).await.expect("reads");
    let shown: Vec<_> = page.items.iter().map(|i| (&*i.id, i.undetermined, i.is_secret, i.title == SECRECY_TITLE)).collect();
    let limit = Some(UndeterminedReason::Limit);
    assert_eq!(shown, [("plain", limit, false, false), ("secret", limit, true, true)]);
    // What stands after an item in its queue is found by the item's own place.
    let (first, _) = store.item("u", "plain", 1).await.expect("reads").expect("is there");
    let after = store.items(Queue::Major, Some(first.place), 1).await.expect("reads");
    assert_eq!(after.items.iter().map(|i| &*i.id).collect::<Vec<_>>(), ["secret"]);
    store.close();
}

fn secret_finding() -> Finding {
    serde_json::from_value(serde_json::json!({"code": "SEC.INTERNAL", "category": "保密", "severity": "S2", "field": "body", "path": null,
        "start": 0, "end": 1, "text": "甲", "rule": "r", "message": "", "suggestion": null, "basis": "", "transforms": [], "evidence": {}}))
    .expect("a finding")
}

#[tokio::test]
async fn a_database_of_the_first_schema_is_brought_up_to_date() {
    let folder = tempfile::tempdir().expect("folder");
    let old = rusqlite::Connection::open(folder.path().join(super::DATABASE_FILE)).expect("opens");
    old.execute_batch(super::MIGRATIONS[0]).expect("the first schema");
    old.pragma_update(None, "application_id", super::APPLICATION_ID).expect("sets");
    old.pragma_update(None, "user_version", 1).expect("sets");
    old.execute("INSERT INTO ruleset (id, stored_at) VALUES ('r', 1)", []).expect("inserts");
    for (seq, id) in (1..).zip(["plain", "doubtful", "marked"]) {
        let mut verdict = verdict(&draft(id, 1, "甲"), "r");
        verdict.queue = Queue::Major;
        match id {
            "doubtful" => verdict.undetermined = Some(Undetermined { reason: UndeterminedReason::Timeout }),
            "marked" => verdict.findings.push(secret_finding()),
            _ => {}
        }
        let json = serde_json::to_vec(&draft(id, 1, "甲")).expect("JSON");
        old.execute("INSERT INTO revision VALUES (?1, 'u', ?2, 1, 'h', '2026-11-23', 1, 'screened')", rusqlite::params![seq, id])
            .expect("inserts");
        old.execute("INSERT INTO draft VALUES (?1, ?2)", rusqlite::params![seq, json]).expect("inserts");
        old.execute("INSERT INTO verdict VALUES (?1, 'v', 'r', 'e', 1, ?2)", rusqlite::params![seq, verdict.to_json().as_bytes()])
            .expect("inserts");
        old.execute("INSERT INTO review_item VALUES (?1, 'major', 'L3', 1, 0, 0, 0, 0, '标题', '', '', 'original', 'waiting')", [seq])
            .expect("inserts");
    }
    drop(old);
    let store = open(folder.path());
    let page = store.items(Queue::Major, None, 10).await.expect("reads");
    let shown: Vec<_> = page.items.iter().map(|i| (&*i.id, i.undetermined, i.is_secret, &*i.title)).collect();
    let timeout = Some(UndeterminedReason::Timeout);
    assert_eq!(shown, [("plain", None, false, "标题"), ("doubtful", timeout, false, "标题"), ("marked", None, true, SECRECY_TITLE)]);
    store.close();
}

#[tokio::test]
async fn an_event_waits_from_the_commit_of_its_verdict_until_it_was_sent() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(folder.path());
    let ingest = |revision: u64, body: &'static str| {
        let draft = draft("a", revision, body);
        let verdict = verdict(&draft, "0123456789abcdef");
        let event = crate::stream::kafka::outbox::screened(&verdict, "1", 7);
        (new("a", revision, body), Judged::of(0, &draft, &verdict, 1, 2), Some(event))
    };
    let given = [(1, "甲", Ingested::New), (1, "甲", Ingested::Same), (1, "乙", Ingested::Conflict), (2, "丙", Ingested::New)];
    for (revision, body, expected) in given {
        let (new, judged, event) = ingest(revision, body);
        assert_eq!(store.ingest(new, judged, event).await, Ok(expected));
    }
    let (new, judged, _) = ingest(3, "丁");
    assert_eq!(store.ingest(new, judged, None).await, Ok(Ingested::New));
    assert_eq!(store.outbox().await, Ok(Outbox { items: 2, oldest_created_at_ms: Some(7) }));
    store.close();
    let store = open(folder.path());
    let events = store.events(10).expect("reads");
    assert_eq!(events.iter().map(|event| (event.number, &*event.item)).collect::<Vec<_>>(), [(1, "u/a"), (2, "u/a")]);
    assert_eq!(store.events(1).expect("reads"), events[..1]);
    let sent = {
        let store = store.clone();
        tokio::task::spawn_blocking(move || store.events_sent(vec![1, 2])).await.expect("joins")
    };
    assert_eq!((sent, store.events(10), store.outbox().await), (Ok(()), Ok(Vec::new()), Ok(Outbox::default())));
    // A number is not used again.
    let (new, judged, event) = ingest(4, "戊");
    assert_eq!(store.ingest(new, judged, event).await, Ok(Ingested::New));
    assert_eq!(store.events(10).expect("reads")[0].number, 3);
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

/// One step of a client: send a revision of an item with some content.
#[derive(Debug, Clone)]
struct Send {
    id: u8,
    revision: u64,
    content: u8,
}

fn sends() -> impl proptest::strategy::Strategy<Value = Vec<Send>> {
    use proptest::prelude::*;
    prop::collection::vec((0..3u8, 1..6u64, 0..2u8).prop_map(|(id, revision, content)| Send { id, revision, content }), 1..40)
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 48, failure_persistence: None, ..Default::default() })]

    /// The decision table of intake against a model of a dozen lines, with judging mixed in and a restart at the end.
    #[test]
    fn intake_agrees_with_its_model(sends in sends(), judge_after in 0..40usize) {
        let runtime = tokio::runtime::Runtime::new().expect("runtime");
        runtime.block_on(async {
            let folder = tempfile::tempdir().expect("folder");
            let store = open(folder.path());
            let ruleset = save(&store, &files("a")).await;
            let mut model: std::collections::BTreeMap<u8, std::collections::BTreeMap<u64, u8>> = Default::default();
            for (step, send) in sends.iter().enumerate() {
                let revisions = model.entry(send.id).or_default();
                let expected = match (revisions.get(&send.revision), revisions.keys().next_back()) {
                    (Some(content), _) if *content == send.content => Intake::Same,
                    (Some(_), _) => Intake::Conflict,
                    (None, Some(highest)) if *highest > send.revision => Intake::Superseded,
                    _ => Intake::Current,
                };
                revisions.entry(send.revision).or_insert(send.content);
                let outcome = store.take_in(new(&send.id.to_string(), send.revision, &send.content.to_string())).await;
                assert_eq!(outcome, Ok(expected), "step {step}: {send:?}");
                if step == judge_after {
                    judge_all(&store, &ruleset);
                    settled(&store).await;
                }
            }
            store.close();
            drop(store);
            let store = open(folder.path());
            judge_all(&store, &ruleset);
            settled(&store).await;
            let waiting: Vec<_> = store.items(Queue::Ad, None, 200).await.expect("reads").items.into_iter().map(|i| (i.id, i.revision)).collect();
            assert_eq!(waiting.len(), model.len(), "one item waits for each id: {waiting:?}");
            for (id, revisions) in &model {
                let stored = store.revisions("u", &id.to_string()).await.expect("reads").expect("is there");
                let highest = *revisions.keys().next_back().expect("a revision");
                assert_eq!(stored.entries.iter().map(|e| e.revision).collect::<Vec<_>>(), revisions.keys().copied().collect::<Vec<_>>());
                for entry in &stored.entries {
                    let state = if entry.revision == highest { RevisionState::Screened } else { RevisionState::Superseded };
                    assert_eq!(entry.state, state);
                    let expected = verdict(&draft(&id.to_string(), entry.revision, &revisions[&entry.revision].to_string()), &ruleset);
                    assert_eq!(entry.verdict.as_deref(), Some(expected.to_json().as_str()));
                }
                assert!(waiting.contains(&(id.to_string(), highest)));
            }
            store.close();
        });
    }
}
