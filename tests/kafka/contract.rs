//! What is promised on any cluster, case by case; each case has topics of its own.

use crate::Cluster;
use crate::ledger::{self, Ledger, QUEUES, check, read_all, wait_for_no_lag};
use crate::support::{self, Server, Setup, eventually};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

type Case = fn(&Cluster<'_>, &str);

/// Names of the cases to run, separated by commas; all when it is absent.
const WANTED: &str = "XIANSHEN_CASES";

const CASES: [(&str, Case); 14] = [
    ("settings", settings_that_lose_records_are_told_before_anything_starts),
    ("samples", every_sample_gets_the_verdict_that_check_gives),
    ("sizes", records_of_every_size_are_fetched),
    ("poison", what_cannot_be_read_goes_to_the_dead_letters_and_to_a_person),
    ("letters", dead_letters_are_listed_shown_and_sent_back),
    ("inbox", what_waits_in_an_embedded_inbox_is_carried_over_once),
    ("interrupted", what_an_office_has_screened_is_carried_over_despite_kills),
    ("breaker", too_many_unreadable_records_stop_consumption_until_a_person_says_go_on),
    ("kill", a_killed_process_loses_nothing),
    ("stop", a_stop_under_load_loses_and_repeats_nothing),
    ("crash", a_record_that_ends_the_process_twice_is_set_aside),
    ("from", a_group_without_offsets_does_not_begin_by_itself),
    ("review", items_reach_the_store_once_and_drafts_come_in_over_http),
    ("outbox", what_reached_the_store_is_told_at_least_once_and_in_order),
];

pub fn run(cluster: &Cluster<'_>) {
    let wanted = std::env::var(WANTED).ok();
    for (name, case) in CASES {
        if wanted.as_ref().is_some_and(|wanted| !wanted.split(',').any(|one| one == name)) {
            continue;
        }
        println!("{name} …");
        case(cluster, &format!("t-{name}"));
    }
}

fn samples() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let mut paths: Vec<_> = std::fs::read_dir(folder).expect("samples").map(|entry| entry.expect("entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    paths.sort();
    let mut samples: Vec<Value> =
        paths.iter().map(|path| serde_json::from_slice(&std::fs::read(path).expect("reads")).expect("JSON")).collect();
    for sample in &mut samples {
        // Otherwise the day of intake: today here, the day of the record there.
        sample["as_of"] = json!("2026-11-23");
    }
    assert!(samples.len() >= 30);
    samples
}

/// The same rules as the daemon's: without the cases beside them they have another name.
fn checked(drafts: &[Value]) -> Vec<Vec<u8>> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_xianshen"))
        .args(["check", "--format", "jsonl", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut input = child.stdin.take().expect("input");
    let lines: String = drafts.iter().map(|draft| format!("{draft}\n")).collect();
    let writing = std::thread::spawn(move || input.write_all(lines.as_bytes()).expect("writes"));
    let output = child.wait_with_output().expect("ends");
    writing.join().expect("writes");
    output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect()
}

fn every_sample_gets_the_verdict_that_check_gives(cluster: &Cluster<'_>, prefix: &str) {
    cluster.create_topics(prefix, 3);
    let folder = tempfile::tempdir().expect("folder");
    let mut setup = cluster.setup(prefix, "screen");
    // The rules that `check` uses, so that the bytes can be compared.
    setup.config.push_str("[rules]\n");
    let mut worker = Server::start_with(folder.path(), &setup);
    let samples = samples();
    let mut ledger = Ledger::new(&cluster.brokers, prefix);
    for sample in &samples {
        let mut sent = sample.clone();
        sent["unknown_to_this_version"] = json!(true);
        ledger.send(&sent);
    }
    ledger.flush();
    wait_for_no_lag(&cluster.brokers, &format!("{prefix}-screen"), &format!("{prefix}.drafts"));
    let verdicts = read_all(&cluster.brokers, &format!("{prefix}.verdicts"));
    assert_eq!(verdicts.len(), samples.len());
    for (draft, expected) in samples.iter().zip(checked(&samples)) {
        let key = format!("{}/{}/{}", draft["unit"].as_str().expect("unit"), draft["id"].as_str().expect("id"), draft["revision"]);
        let found = verdicts.iter().find(|verdict| verdict.key == key).expect("a verdict");
        assert_eq!(found.payload, expected, "{key}: byte for byte what `check` says");
        let verdict = found.json();
        assert_eq!(found.headers["verdict_id"], verdict["verdict_id"].as_str().expect("id"));
        assert_eq!(found.headers["ruleset"], verdict["ruleset"].as_str().expect("ruleset"));
        assert!(found.headers.contains_key("engine") && found.headers["received_at"].parse::<i64>().is_ok());
    }
    let mut items = 0;
    for queue in QUEUES {
        for record in read_all(&cluster.brokers, &format!("{prefix}.review.{queue}")) {
            let item = record.json();
            let sample = samples.iter().find(|sample| sample["id"] == item["draft"]["id"] && sample["unit"] == item["draft"]["unit"]);
            assert_eq!(sample, Some(&item["draft"]), "the draft as it came, without what is unknown");
            assert_eq!(record.key, format!("{}/{}", item["draft"]["unit"].as_str().expect("u"), item["draft"]["id"].as_str().expect("i")));
            items += 1;
        }
    }
    assert_eq!(items, samples.len());
    assert!(check(&cluster.brokers, prefix, &ledger).is_sound());
    let metrics = worker.client().get("/metrics").text();
    assert!(metrics.contains(&format!("xianshen_ignored_fields_total {}", samples.len())), "{metrics}");
    assert_eq!(worker.terminate().0, 0, "{}", worker.log());
}

/// Larger than what is fetched of a partition at once, and smaller, turn about.
fn records_of_every_size_are_fetched(cluster: &Cluster<'_>, prefix: &str) {
    cluster.create_topics(prefix, 1);
    let mut ledger = Ledger::new(&cluster.brokers, prefix);
    let mut sizes = vec![300, 20_000, 40_000, 300, 200_000, 900_000, 300];
    if cluster.mock.is_none() {
        // The mock cluster keeps 5 MiB of a partition.
        sizes.extend([3_000_000, 300, 6_000_000, 300]);
    }
    for (number, bytes) in sizes.iter().copied().enumerate() {
        ledger.send(&support::draft(&format!("size-{number}"), 1, bytes));
        // Each in a batch of its own.
        ledger.flush();
    }
    let folder = tempfile::tempdir().expect("folder");
    let mut worker = cluster.start(folder.path(), prefix, "screen");
    wait_for_no_lag(&cluster.brokers, &format!("{prefix}-screen"), &format!("{prefix}.drafts"));
    let findings = check(&cluster.brokers, prefix, &ledger);
    assert!(findings.is_sound() && findings.duplicates == 0 && findings.acknowledged == sizes.len(), "{findings:?}");
    assert_eq!(worker.terminate().0, 0);
}

fn what_cannot_be_read_goes_to_the_dead_letters_and_to_a_person(cluster: &Cluster<'_>, prefix: &str) {
    cluster.create_topics(prefix, 1);
    let folder = tempfile::tempdir().expect("folder");
    let mut setup = cluster.setup(prefix, "screen");
    setup.config.push_str("[log]\nlevel = \"trace\"\n");
    let worker = Server::start_with(folder.path(), &setup);
    let mut ledger = Ledger::new(&cluster.brokers, prefix);
    let bad: [(&[u8], &str); 4] = [
        (b"{\"unit\":", "not_json"),
        (b"{\"title\":\"\xd6\xd0\"}", "encoding"),
        (b"", "empty_payload"),
        (b"{\"unit\":\"u\",\"verdict_id\":\"x\"}", "not_a_draft"),
    ];
    for (payload, _) in bad {
        ledger.send(&support::draft(&format!("before-{}", payload.len()), 1, 300));
        ledger.send_raw(Some(b"cs-xian/bad"), Some(payload));
    }
    ledger.send_raw(None, None);
    ledger.send_raw(Some(b"cs-xian/gone"), None);
    ledger.flush();
    wait_for_no_lag(&cluster.brokers, &format!("{prefix}-screen"), &format!("{prefix}.drafts"));
    assert_eq!(check(&cluster.brokers, prefix, &ledger).lost, 0);
    let letters = read_all(&cluster.brokers, &format!("{prefix}.dlq"));
    assert_eq!(letters.len(), bad.len());
    let ruleset = worker.ruleset();
    for (at, ((payload, code), letter)) in bad.iter().zip(&letters).enumerate() {
        assert_eq!((&letter.payload[..], &*letter.key), (*payload, "cs-xian/bad"));
        let offset = (2 * at + 1).to_string();
        for (name, value) in [
            ("original_topic", &*format!("{prefix}.drafts")),
            ("original_partition", "0"),
            ("original_offset", &offset),
            ("error_code", code),
            ("attempts", "1"),
            ("engine", env!("CARGO_PKG_VERSION")),
            ("ruleset", &ruleset),
        ] {
            assert_eq!(letter.headers.get(name).map(String::as_str), Some(value), "{name}");
        }
        assert!(letter.headers["original_timestamp"].parse::<i64>().expect("a time") > 1_700_000_000_000);
        assert!(!letter.headers["error_detail"].is_empty());
        assert_eq!(letter.headers.len(), 9);
    }
    let items = read_all(&cluster.brokers, &format!("{prefix}.review.major"));
    assert_eq!(items.len(), bad.len(), "each of them to a person");
    for item in items {
        let item = item.json();
        assert_eq!((&item["verdict"]["undetermined"]["reason"], &item["verdict"]["blocked"]), (&json!("unreadable"), &json!(true)));
        assert_eq!(item["draft"]["unit"], "cs-xian");
    }
    // Not a word of what was sent, however much is logged.
    let (log, metrics) = (worker.log(), worker.client().get("/metrics").text());
    for said in ["秋收", "verdict_id\":\"x"] {
        assert!(!log.contains(said) && !metrics.contains(said), "{said} is shown");
    }
}

fn settings_that_lose_records_are_told_before_anything_starts(cluster: &Cluster<'_>, prefix: &str) {
    use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
    use rdkafka::client::DefaultClientContext;
    // The mock cluster does not tell settings.
    if cluster.mock.is_some() {
        return;
    }
    cluster.create_topics(prefix, 2);
    let folder = tempfile::tempdir().expect("folder");
    let asked = |prefix: &str| {
        let config = folder.path().join("x.toml");
        std::fs::write(&config, cluster.config(prefix)).expect("writes");
        let output = Command::new(env!("CARGO_BIN_EXE_xianshen")).args(["config", "check"]).arg(&config).output().expect("runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, said) = asked(prefix);
    assert!(code == Some(0), "{said}");
    assert_eq!(command(cluster, prefix, &["topics", "check"]).0, 0);
    let (code, said) = asked("t-nowhere");
    assert!(code == Some(2) && said.contains("t-nowhere.drafts：不存在"), "{said}");
    let admin: AdminClient<DefaultClientContext> =
        rdkafka::ClientConfig::new().set("bootstrap.servers", &cluster.brokers).create().expect("client");
    let drafts = format!("{prefix}.drafts");
    // Whatever is not named falls back to what the broker takes for granted.
    let bad = AlterConfig::new(ResourceSpecifier::Topic(&drafts)).set("cleanup.policy", "compact").set("retention.ms", "3600000");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
    let changed = runtime.block_on(admin.alter_configs([&bad], &AdminOptions::new())).expect("answers");
    assert!(changed.iter().all(Result::is_ok), "{changed:?}");
    let named = ["cleanup.policy = compact", "retention.ms = 3600000", "max.message.bytes"];
    // The brokers know of it a moment later.
    eventually("the bad settings are named", || {
        let (code, said) = asked(prefix);
        (code == Some(2) && named.iter().all(|key| said.contains(&format!("{drafts}：{key}")))).then_some(())
    });
    let (code, said) = command(cluster, prefix, &["topics", "check"]);
    assert!(code == 1 && said.contains("应为 delete"), "{code} {said}");
}

fn too_many_unreadable_records_stop_consumption_until_a_person_says_go_on(cluster: &Cluster<'_>, prefix: &str) {
    cluster.create_topics(prefix, 1);
    let folder = tempfile::tempdir().expect("folder");
    let worker = cluster.start(folder.path(), prefix, "screen");
    let mut ledger = Ledger::new(&cluster.brokers, prefix);
    for _ in 0..120 {
        ledger.send_raw(Some(b"u/x"), Some(b"nonsense"));
    }
    ledger.send(&support::draft("after", 1, 300));
    ledger.flush();
    let dlq = format!("{prefix}.dlq");
    let not_ready = |what: &str| {
        eventually(what, || {
            let answer = worker.client().get("/readyz");
            (answer.status == 503 && answer.json()["not_ready"] == json!(["dlq_breaker"])).then_some(())
        });
    };
    not_ready("the breaker opens");
    eventually("fifty dead letters", || (read_all(&cluster.brokers, &dlq).len() == 50).then_some(()));
    support::pause(500);
    assert_eq!(read_all(&cluster.brokers, &dlq).len(), 50, "nothing more passes");
    worker.signal("HUP");
    eventually("the next fifty", || (read_all(&cluster.brokers, &dlq).len() == 100).then_some(()));
    not_ready("it opens again");
    worker.signal("HUP");
    wait_for_no_lag(&cluster.brokers, &format!("{prefix}-screen"), &format!("{prefix}.drafts"));
    assert_eq!(read_all(&cluster.brokers, &dlq).len(), 120);
    assert_eq!(check(&cluster.brokers, prefix, &ledger).lost, 0);
}

fn a_killed_process_loses_nothing(cluster: &Cluster<'_>, prefix: &str) {
    cluster.create_topics(prefix, 4);
    let folder = tempfile::tempdir().expect("folder");
    let load = ledger::Load::start(Ledger::new(&cluster.brokers, prefix), 300, "d", 600);
    let mut chance = support::Chance::new(7);
    for _ in 0..3 {
        let mut worker = cluster.start(folder.path(), prefix, "screen");
        // Who was killed left nobody a word: its partitions are free when its session ends.
        worker.wait_for_log("\"partitions\":4");
        support::pause(chance.below(1_000));
        worker.kill();
    }
    let ledger = load.finish();
    let mut worker = cluster.start(folder.path(), prefix, "screen");
    wait_for_no_lag(&cluster.brokers, &format!("{prefix}-screen"), &format!("{prefix}.drafts"));
    let findings = check(&cluster.brokers, prefix, &ledger);
    assert!(findings.is_sound() && findings.inversions == 0 && findings.acknowledged > 500, "{findings:?}");
    assert_eq!(worker.terminate().0, 0, "{}", worker.log());
}

fn a_stop_under_load_loses_and_repeats_nothing(cluster: &Cluster<'_>, prefix: &str) {
    cluster.create_topics(prefix, 4);
    let folder = tempfile::tempdir().expect("folder");
    let load = ledger::Load::start(Ledger::new(&cluster.brokers, prefix), 300, "d", 600);
    for _ in 0..3 {
        let mut worker = cluster.start(folder.path(), prefix, "screen");
        worker.wait_for_log("\"partitions\":4");
        support::pause(1_500);
        let (code, took) = worker.terminate();
        assert!(code == 0 && took < Duration::from_secs(10), "{code} after {took:?}:\n{}", worker.log());
    }
    let ledger = load.finish();
    let _worker = cluster.start(folder.path(), prefix, "screen");
    wait_for_no_lag(&cluster.brokers, &format!("{prefix}-screen"), &format!("{prefix}.drafts"));
    let findings = check(&cluster.brokers, prefix, &ledger);
    assert!(findings.is_sound() && findings.duplicates == 0 && findings.acknowledged > 500, "{findings:?}");
}

fn a_group_without_offsets_does_not_begin_by_itself(cluster: &Cluster<'_>, prefix: &str) {
    cluster.create_topics(prefix, 2);
    let folder = tempfile::tempdir().expect("folder");
    let setup = Setup { arguments: ["--role", "screen"].map(str::to_owned).to_vec(), ..cluster.setup(prefix, "screen") };
    let mut server = match Server::spawn(folder.path(), &setup) {
        Ok(server) => server,
        Err((code, log)) => panic!("{code:?} {log}"),
    };
    assert_eq!(server.wait().0, 2, "{}", server.log());
    assert!(server.log().contains("--from earliest"), "{}", server.log());
}

fn items_reach_the_store_once_and_drafts_come_in_over_http(cluster: &Cluster<'_>, prefix: &str) {
    cluster.create_topics(prefix, 2);
    let (desk, bench) = (tempfile::tempdir().expect("folder"), tempfile::tempdir().expect("folder"));
    let worker = cluster.start(bench.path(), prefix, "screen");
    let mut review = cluster.start(desk.path(), prefix, "review");
    let draft = support::draft("a", 1, 500);
    let accepted = review.client().post_json("/v1/drafts", &draft);
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    let state = |review: &Server, id: &str, revision: u64| {
        let shown = review.client().get(&format!("/v1/drafts/{id}?unit=cs-xian")).json();
        let entries = shown["revisions"].as_array().cloned().unwrap_or_default();
        entries.into_iter().find(|entry| entry["revision"] == revision)
    };
    assert!(state(&review, "a", 1).is_some(), "shown as soon as it is acknowledged");
    let screened = |review: &Server, id: &str, revision: u64| {
        eventually("a verdict in the store", || state(review, id, revision).filter(|entry| entry["verdict"].is_object()))
    };
    assert_eq!(screened(&review, "a", 1)["state"], "screened");
    // The same again, other content under the same revision, a lower revision after a higher one.
    assert_eq!(review.client().post_json("/v1/drafts", &draft).status, 202);
    let mut other = draft.clone();
    other["title"] = json!("别的");
    assert_eq!(review.client().post_json("/v1/drafts", &other).status, 409);
    assert_eq!(review.client().post_json("/v1/drafts", &support::draft("b", 3, 500)).status, 202);
    assert_eq!(screened(&review, "b", 3)["state"], "screened");
    assert_eq!(review.client().post_json("/v1/drafts", &support::draft("b", 2, 500)).status, 202);
    assert_eq!(screened(&review, "b", 2)["state"], "superseded");
    // From the topic, past the HTTP side, with content that contradicts: the first stands, the other is kept apart.
    let mut ledger = Ledger::new(&cluster.brokers, prefix);
    ledger.send(&other);
    ledger.flush();
    eventually("the contradiction among the dead letters", || {
        let letters = read_all(&cluster.brokers, &format!("{prefix}.dlq"));
        letters.iter().any(|letter| letter.headers["error_code"] == "conflict").then_some(())
    });
    assert_eq!(screened(&review, "a", 1)["verdict"]["content_hash"], accepted.json()["content_hash"]);
    // Judged again under the same rules: the same verdict, and nothing waits.
    assert_eq!(review.client().post("/v1/drafts/a/rejudge?unit=cs-xian", b"").status, 202);
    review.wait_until_screened();
    let queues = |review: &Server| -> u64 {
        let counts = review.client().get("/v1/queues").json();
        counts.as_array().expect("queues").iter().map(|queue| queue["items"].as_u64().expect("items")).sum()
    };
    assert_eq!(queues(&review), 2);
    // Killed and started anew, it reads what it had not committed once more, to no effect.
    review.kill();
    let review = cluster.start(desk.path(), prefix, "review");
    for queue in QUEUES {
        wait_for_no_lag(&cluster.brokers, &format!("{prefix}-review"), &format!("{prefix}.review.{queue}"));
    }
    assert_eq!(queues(&review), 2);
    drop(worker);
}

/// A command of the binary about a cluster; its exit status and what it wrote.
fn command(cluster: &Cluster<'_>, prefix: &str, words: &[&str]) -> (i32, String) {
    let folder = tempfile::tempdir().expect("folder");
    let config = folder.path().join("x.toml");
    std::fs::write(&config, cluster.config(prefix)).expect("writes");
    let output = Command::new(env!("CARGO_BIN_EXE_xianshen")).args(words).arg("--config").arg(&config).output().expect("runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().expect("a status"), said)
}

fn dead_letters_are_listed_shown_and_sent_back(cluster: &Cluster<'_>, prefix: &str) {
    cluster.create_topics(prefix, 1);
    let folder = tempfile::tempdir().expect("folder");
    let _worker = cluster.start(folder.path(), prefix, "screen");
    assert_eq!(command(cluster, prefix, &["dlq", "list"]).0, 0, "none yet");
    let ledger = Ledger::new(&cluster.brokers, prefix);
    ledger.send_raw(Some(b"u/a"), Some(b"{\"body\":\"secret-text"));
    ledger.send_raw(Some(b"u/b"), Some(b"\xff\xfe"));
    ledger.flush();
    let group = format!("{prefix}-screen");
    wait_for_no_lag(&cluster.brokers, &group, &format!("{prefix}.drafts"));
    let (code, said) = command(cluster, prefix, &["dlq", "list"]);
    assert!(code == 1 && said.lines().count() == 2 && said.contains("not_json") && said.contains("encoding"), "{code} {said}");
    assert!(!said.contains("secret-text"), "{said}");
    let (code, said) = command(cluster, prefix, &["dlq", "list", "--code", "encoding"]);
    assert!(code == 1 && said.lines().count() == 1, "{code} {said}");
    let (code, said) = command(cluster, prefix, &["dlq", "show", "0/0"]);
    assert!(code == 0 && said.contains("original_offset\t0") && !said.contains("secret-text"), "{code} {said}");
    assert_eq!(command(cluster, prefix, &["dlq", "show", "0/0", "--payload"]).1, "{\"body\":\"secret-text");
    assert_eq!(command(cluster, prefix, &["dlq", "show", "0/99"]).0, 2);
    assert_eq!(command(cluster, prefix, &["dlq", "replay"]).0, 2, "which ones must be said");
    let (code, said) = command(cluster, prefix, &["dlq", "replay", "--code", "not_json"]);
    assert!(code == 0 && said.contains("送回 1 条"), "{code} {said}");
    wait_for_no_lag(&cluster.brokers, &group, &format!("{prefix}.drafts"));
    let back = read_all(&cluster.brokers, &format!("{prefix}.drafts"));
    assert_eq!((back.len(), &back[2].payload, &*back[2].headers["replayed_from"]), (3, &back[0].payload, "0/0"));
    // It cannot be read this time either, and is a dead letter once more.
    assert_eq!(read_all(&cluster.brokers, &format!("{prefix}.dlq")).len(), 3);
}

fn what_waits_in_an_embedded_inbox_is_carried_over_once(cluster: &Cluster<'_>, prefix: &str) {
    cluster.create_topics(prefix, 2);
    let folder = tempfile::tempdir().expect("folder");
    let mut office = Server::start(folder.path());
    for number in 0..30 {
        assert_eq!(office.client().post_json("/v1/drafts", &support::draft(&format!("w-{number}"), 1, 400)).status, 202);
    }
    office.wait_until_screened();
    office.terminate();
    let data = folder.path().join("data");
    let file = rusqlite::Connection::open(data.join("xianshen.db")).expect("opens");
    file.execute_batch("INSERT INTO inbox (seq, bytes, again) SELECT seq, length(json), 1 FROM draft").expect("waits again");
    drop(file);
    let data = data.display().to_string();
    let (code, said) = command(cluster, prefix, &["inbox", "forward", "--data", &data]);
    assert!(
        code == 0 && said.contains("收件箱原有 30 件，移交 30 件") && said.contains("审完而未移交的原有 30 件，移交 30 件"),
        "{code} {said}"
    );
    let (code, said) = command(cluster, prefix, &["inbox", "forward", "--store", &data]);
    assert!(code == 0 && said.contains("收件箱原有 0 件") && said.contains("审完而未移交的原有 0 件"), "{code} {said}");
    carried_items_reach_another_store(cluster, prefix, &folder.path().join("data"));
    let mut carried: Vec<String> = read_all(&cluster.brokers, &format!("{prefix}.drafts")).into_iter().map(|read| read.key).collect();
    carried.sort();
    let mut expected: Vec<String> = (0..30).map(|number| format!("cs-xian/w-{number}")).collect();
    expected.sort();
    assert_eq!(carried, expected);
    // The same folder serves the reviewers from now on, with what was screened before.
    let setup = Setup { data: Some(folder.path().join("data")), ..cluster.setup(prefix, "review") };
    let review = Server::start_with(folder.path(), &setup);
    let shown = review.client().get("/v1/drafts/w-7?unit=cs-xian").json();
    assert_eq!(shown["revisions"][0]["state"], "screened");
}

/// Verdicts of the office that is carried over with interruptions: several batches.
const OFFICE_VERDICTS: usize = 3_000;

fn what_an_office_has_screened_is_carried_over_despite_kills(cluster: &Cluster<'_>, prefix: &str) {
    cluster.create_topics(prefix, 2);
    let folder = tempfile::tempdir().expect("folder");
    let mut office = Server::start(folder.path());
    let load = support::Load::start(office.address, 8, "o", 400, &[202]);
    load.wait_for(OFFICE_VERDICTS);
    let sent = load.finish().len();
    office.wait_until_screened();
    office.terminate();
    let data = folder.path().join("data");
    let file = rusqlite::Connection::open(data.join("xianshen.db")).expect("opens");
    let carried = || file.query_row("SELECT count(*) FROM carried", [], |row| row.get::<_, i64>(0)).expect("counts") as usize;
    let config = folder.path().join("forward.toml");
    std::fs::write(&config, cluster.config(prefix)).expect("writes");
    let mut forward = Command::new(env!("CARGO_BIN_EXE_xianshen"))
        .args(["inbox", "forward", "--store"])
        .arg(&data)
        .arg("--config")
        .arg(&config)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("runs");
    // Killed as soon as the first of several batches is carried over.
    let deadline = Instant::now() + support::PATIENCE;
    while carried() == 0 {
        assert!(Instant::now() < deadline, "nothing is carried over");
    }
    forward.kill().expect("kills");
    forward.wait().expect("ends");
    assert!(carried() < sent, "it was not interrupted");
    let left = sent - carried();
    let (code, said) = command(cluster, prefix, &["inbox", "forward", "--store", &data.display().to_string()]);
    assert!(code == 0 && said.contains(&format!("审完而未移交的原有 {left} 件，移交 {left} 件")), "{left}: {code} {said}");
    assert_eq!(carried(), sent);
    let mut verdicts: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for read in read_all(&cluster.brokers, &format!("{prefix}.verdicts")) {
        let again = verdicts.insert(read.key, read.payload.clone());
        assert!(again.is_none_or(|first| first == read.payload));
    }
    assert_eq!(verdicts.len(), sent);
}

/// What an office had screened stands in the store of others, byte for byte.
fn carried_items_reach_another_store(cluster: &Cluster<'_>, prefix: &str, office: &Path) {
    let desk = tempfile::tempdir().expect("folder");
    let mut review = cluster.start(desk.path(), prefix, "review");
    for queue in QUEUES {
        wait_for_no_lag(&cluster.brokers, &format!("{prefix}-review"), &format!("{prefix}.review.{queue}"));
    }
    assert_eq!(review.terminate().0, 0, "{}", review.log());
    let rows = |data: &Path| {
        let file = rusqlite::Connection::open(data.join("xianshen.db")).expect("opens");
        let sql = "SELECT r.id, r.as_of, r.received_at, v.verdict, v.engine FROM revision r JOIN verdict v ON v.seq = r.seq ORDER BY r.id";
        let mut statement = file.prepare(sql).expect("prepares");
        let rows = statement.query_map([], |row| {
            let (id, as_of): (String, String) = (row.get(0)?, row.get(1)?);
            Ok((id, as_of, row.get::<_, i64>(2)?, row.get::<_, Vec<u8>>(3)?, row.get::<_, String>(4)?))
        });
        rows.expect("reads").map(|row| row.expect("a row")).collect::<Vec<_>>()
    };
    assert_eq!(rows(&desk.path().join("data")), rows(office));
    assert_eq!(read_all(&cluster.brokers, &format!("{prefix}.verdicts")).len(), 30);
}

/// F32 of the matrix. The process is killed while it judges one record, twice; the third one sets it aside.
fn a_record_that_ends_the_process_twice_is_set_aside(cluster: &Cluster<'_>, prefix: &str) {
    cluster.create_topics(prefix, 1);
    let folder = tempfile::tempdir().expect("folder");
    let mut setup = cluster.setup(prefix, "screen");
    setup.config.push_str("[screening]\nworkers = 2\njudge_ms_max = 120000\n");
    let mut ledger = Ledger::new(&cluster.brokers, prefix);
    ledger.send(&support::draft("before", 1, 300));
    // Large enough that its judging can be met; the mock cluster keeps 5 MB of a partition.
    ledger.send(&support::draft("heavy", 1, 3 << 20));
    for number in 0..20 {
        ledger.send(&support::draft(&format!("after-{number}"), 1, 300));
    }
    ledger.flush();
    let marks = folder.path().join(format!("data/judging.{prefix}.drafts.0"));
    for death in 0..2 {
        let mut worker = Server::start_with(folder.path(), &setup);
        let mark = format!("judging {death} 0 1 ");
        let deadline = std::time::Instant::now() + support::PATIENCE;
        while !std::fs::read_to_string(&marks).is_ok_and(|text| text.contains(&mark)) {
            assert!(std::time::Instant::now() < deadline, "never judged: {mark}\n{}", worker.log());
            std::thread::yield_now();
        }
        worker.kill();
    }
    let mut worker = Server::start_with(folder.path(), &setup);
    wait_for_no_lag(&cluster.brokers, &format!("{prefix}-screen"), &format!("{prefix}.drafts"));
    let letters = read_all(&cluster.brokers, &format!("{prefix}.dlq"));
    assert_eq!(letters.len(), 1);
    assert_eq!((&*letters[0].headers["error_code"], &*letters[0].headers["attempts"]), ("crash", "2"));
    let findings = check(&cluster.brokers, prefix, &ledger);
    assert!(findings.is_sound() && findings.set_aside == 1 && findings.acknowledged == 22, "{findings:?}");
    assert_eq!(worker.terminate().0, 0, "{}", worker.log());
    let marks = std::fs::read_to_string(marks).expect("marks");
    assert!(!marks.contains("judging") && !marks.contains("suspect"), "{marks}");
}

/// F41 of the matrix, with a kill at any moment: the outbox keeps what was not told, and nothing is told that is not
/// stored.
fn what_reached_the_store_is_told_at_least_once_and_in_order(cluster: &Cluster<'_>, prefix: &str) {
    cluster.create_topics(prefix, 12);
    let (bench, desk) = (tempfile::tempdir().expect("folder"), tempfile::tempdir().expect("folder"));
    let _worker = cluster.start(bench.path(), prefix, "screen");
    let mut setup = cluster.setup(prefix, "review");
    setup.config.push_str("announce_screened = true\n");
    let mut review = Server::start_with(desk.path(), &setup);
    review.kill();
    // Events of one item that wait since before: each must leave after the one before it.
    let file = rusqlite::Connection::open(desk.path().join("data/xianshen.db")).expect("opens");
    for at in 0..40 {
        file.execute(
            "INSERT INTO outbox (item, verdict_id, ruleset, engine, body, created_at) VALUES ('cs-xian/early', 'v', 'r', 'e', ?1, 0)",
            [json!({"at": at}).to_string().into_bytes()],
        )
        .expect("inserts");
    }
    drop(file);
    let load = ledger::Load::start(Ledger::new(&cluster.brokers, prefix), 300, "o", 600);
    let mut chance = support::Chance::new(41);
    for _ in 0..3 {
        let mut review = Server::start_with(desk.path(), &setup);
        // A quarter of them for each queue.
        review.wait_for_log("\"partitions\":30");
        support::pause(200 + chance.below(1_500));
        review.kill();
    }
    let ledger = load.finish();
    let mut review = Server::start_with(desk.path(), &setup);
    for queue in QUEUES {
        wait_for_no_lag(&cluster.brokers, &format!("{prefix}-review"), &format!("{prefix}.review.{queue}"));
    }
    eventually("an empty outbox", || {
        support::pause(2_100);
        review.client().get("/metrics").text().contains("xianshen_outbox_items 0\n").then_some(())
    });
    assert_eq!(review.terminate().0, 0, "{}", review.log());
    let file = rusqlite::Connection::open(desk.path().join("data/xianshen.db")).expect("opens");
    let count = |sql: &str| file.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("counts") as usize;
    let stored = count("SELECT count(*) FROM verdict");
    let repeated_in_store = count("SELECT count(*) FROM past_verdict");
    let mut told: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut last: BTreeMap<String, i64> = BTreeMap::new();
    for event in read_all(&cluster.brokers, &format!("{prefix}.permits")) {
        let number: i64 = event.headers["event_id"].parse().expect("a number");
        let before = last.insert(event.key.clone(), number).unwrap_or(0);
        let first = told.insert(event.headers["event_id"].clone(), event.payload.clone());
        assert!(first.as_ref().is_none_or(|first| *first == event.payload), "the same event with other bytes");
        assert!(number >= before, "{}: event {number} after {before}", event.key);
        if event.key != "cs-xian/early" {
            let body = event.json();
            assert_eq!((&body["event"], &body["verdict_id"]), (&json!("screened"), &json!(event.headers["verdict_id"])));
            assert_eq!(event.key, format!("{}/{}", body["unit"].as_str().expect("unit"), body["id"].as_str().expect("id")));
            assert!(event.headers.contains_key("ruleset") && event.headers.contains_key("engine"));
        }
    }
    assert_eq!((told.len(), repeated_in_store), (stored + 40, 0), "one event for each verdict that is stored, and the early ones");
    let findings = check(&cluster.brokers, prefix, &ledger);
    assert!(findings.is_sound() && findings.acknowledged == stored && stored > 500, "{findings:?} {stored}");
}
