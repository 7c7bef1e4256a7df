//! What was acknowledged survives: kill -9, restarts, a full disk, a failing disk, a damaged file, races of clients.

#![allow(clippy::expect_used)]

mod support;

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use support::{Chance, Client, Load, Sent, Server, Setup, check_ledger, draft, eventually, pause, rounds, skip};

#[test]
fn what_waits_at_the_end_of_a_process_is_judged_by_the_next() {
    let folder = tempfile::tempdir().expect("folder");
    let mut server = Server::start_with(folder.path(), &Setup { config: "[screening]\nworkers = 1\n".into(), ..Setup::default() });
    // Large drafts, so that they come in faster than one thread judges them.
    let load = Load::start(server.address, 8, "restart", 60_000, &[]);
    eventually("a backlog", || (server.client().get("/readyz").json()["pending"].as_u64() > Some(10)).then_some(()));
    server.kill();
    let sent = load.finish();
    let waiting = inbox(folder.path());
    assert!(waiting > 0 && !sent.is_empty(), "{waiting} wait of {}", sent.len());
    let mut server = Server::start(folder.path());
    server.wait_until_screened();
    assert_eq!(server.terminate().0, 0);
    check_ledger(&folder.path().join("data"), &sent);
}

fn inbox(folder: &Path) -> i64 {
    let file = rusqlite::Connection::open(folder.join("data/xianshen.db")).expect("opens");
    file.query_row("SELECT count(*) FROM inbox", [], |row| row.get(0)).expect("reads")
}

/// XIANSHEN_CYCLES=100 for the full run.
#[test]
fn kill_9_at_random_loses_nothing_that_was_acknowledged() {
    let cycles = rounds("XIANSHEN_CYCLES", 10);
    let folder = tempfile::tempdir().expect("folder");
    let mut chance = Chance::new(2_026);
    let mut acknowledged: Vec<Sent> = Vec::new();
    for cycle in 0..cycles {
        let mut server = Server::spawn(folder.path(), &Setup::default()).unwrap_or_else(|(code, log)| panic!("{cycle}: {code:?} {log}"));
        let load = Load::start(server.address, 8, &format!("kill-{cycle}"), 2_000, &[]);
        // Half of the cycles wait for a ready server, half catch it while it starts.
        if cycle % 2 == 0 {
            server.wait_until_ready();
        }
        pause(50 + chance.below(450));
        server.kill();
        acknowledged.extend(load.finish());
    }
    assert!(acknowledged.len() > cycles, "only {} drafts in {cycles} cycles", acknowledged.len());
    let mut server = Server::start(folder.path());
    server.wait_until_screened();
    let mut client = server.client();
    // The stored verdict is the verdict of these rules, whichever process wrote it.
    for sent in acknowledged.iter().step_by(1 + acknowledged.len() / 100) {
        let stored = client.get(&format!("/v1/drafts/{}", sent.id)).json()["revisions"][0]["verdict"].clone();
        assert_eq!(stored, client.post_json("/v1/check", &draft(&sent.id, 1, 2_000)).json(), "{}", sent.id);
    }
    assert_eq!(server.terminate().0, 0);
    check_ledger(&folder.path().join("data"), &acknowledged);
    eprintln!("{cycles} kills, {} drafts acknowledged, none lost", acknowledged.len());
}

#[test]
fn a_full_disk_refuses_and_resumes_by_itself() {
    let mount = tempfile::tempdir().expect("folder");
    // Room for the rules themselves, which are kept beside the drafts, and for some drafts.
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"]).arg(mount.path()).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        return skip("a tmpfs cannot be mounted here, so the full disk is not tried");
    }
    let _mounted = Mounted(mount.path().to_owned());
    let folder = tempfile::tempdir().expect("folder");
    let ballast = mount.path().join("ballast");
    std::fs::write(&ballast, vec![0; 4 << 20]).expect("writes");
    let data = mount.path().join("data");
    let mut server = Server::start_with(folder.path(), &Setup { data: Some(data.clone()), ..Setup::default() });
    let mut sent: Vec<Sent> = Vec::new();
    let mut client = server.client();
    let mut number = 0;
    let mut send = |client: &mut Client| {
        number += 1;
        let id = format!("full-{number}");
        let answer = client.post_json("/v1/drafts", &draft(&id, 1, 20_000));
        if answer.status == 202 {
            let content_hash = answer.json()["content_hash"].as_str().expect("a hash").to_owned();
            sent.push(Sent { id, revision: 1, content_hash });
        }
        answer
    };
    let full = eventually("a full disk", || Some(send(&mut client)).filter(|answer| answer.status != 202));
    assert_eq!((full.status, full.json()["title"].as_str()), (503, Some("磁盘已满")), "{}", full.text());
    assert!(full.header("retry-after").is_some());
    let ready = server.client().get("/readyz");
    assert_eq!((ready.status, &ready.json()["not_ready"][0]), (503, &Value::from("disk_full")));
    // Full for a while: refused at once each time, the process lives, what is stored can be read.
    for _ in 0..20 {
        let begun = Instant::now();
        assert_eq!(send(&mut client).status, 503);
        assert!(begun.elapsed() < Duration::from_secs(2), "refusing took {:?}", begun.elapsed());
    }
    assert_eq!(server.client().get("/v1/drafts/full-1").status, 200);
    // Room again: accepted within five seconds, without anybody's doing.
    std::fs::remove_file(&ballast).expect("removes");
    let begun = Instant::now();
    eventually("acceptance", || (send(&mut client).status == 202).then_some(()));
    assert!(begun.elapsed() < Duration::from_secs(5), "resuming took {:?}", begun.elapsed());
    server.wait_until_screened();
    assert_eq!(server.terminate().0, 0);
    check_ledger(&data, &sent);
}

struct Mounted(std::path::PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}

/// An error of fsync, at one of the first, a middle and a late one. XIANSHEN_FSYNCS=20 for the full run.
#[test]
fn an_error_of_fsync_ends_the_process_and_loses_nothing() {
    if !Command::new("strace").arg("-V").output().is_ok_and(|output| output.status.success()) {
        return skip("strace is not installed, so a failing disk is not tried");
    }
    let folder = tempfile::tempdir().expect("folder");
    let mut acknowledged: Vec<Sent> = Vec::new();
    // A first, healthy life: the database exists, and the number of a call is then one while drafts flow.
    assert_eq!(Server::start(folder.path()).terminate().0, 0);
    let attempts = rounds("XIANSHEN_FSYNCS", 4);
    let mut hit = 0;
    for attempt in 0..attempts {
        // 1, 2, 4, 7, 11, …: some at the start, some in commits, some in checkpoints.
        let when = 1 + attempt * (attempt + 1) / 2 * (1 + 20 / attempts);
        let wrapper: Vec<String> = ["strace", "-f", "-q", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e"].map(str::to_owned).into();
        let inject = format!("inject=fsync,fdatasync:error=EIO:when={when}");
        let setup = Setup { wrapper: wrapper.into_iter().chain([inject]).collect(), ..Setup::default() };
        match Server::spawn(folder.path(), &setup) {
            Ok(mut server) => {
                let load = Load::start(server.address, 4, &format!("eio-{attempt}"), 20_000, &[503]);
                server.wait_for_log("The disk or the database failed");
                let (code, took) = server.wait();
                assert!(code == 74 && took < Duration::from_secs(5), "fsync {when}: {code} after {took:?}\n{}", server.log());
                acknowledged.extend(load.finish());
                hit += 1;
            }
            // Before it listens the process refuses to start.
            Err((code, log)) => assert!(code.is_some_and(|code| code != 0), "fsync {when}: {code:?} {log}"),
        }
    }
    assert!(hit > 0, "no failure met a running server");
    let mut server = Server::start(folder.path());
    server.wait_until_screened();
    assert_eq!(server.terminate().0, 0);
    check_ledger(&folder.path().join("data"), &acknowledged);
}

fn flip_one_bit(bytes: &mut [u8], chance: &mut Chance) {
    let place = chance.below(bytes.len() as u64) as usize;
    bytes[place] ^= 1 << chance.below(8);
}

/// The file and its log as a crash may leave them, cut or with a flipped bit: it opens to a prefix of what was
/// acknowledged, or it is refused with a clear message.
#[test]
fn a_cut_or_damaged_log_opens_to_a_prefix_or_is_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let mut server = Server::start(folder.path());
    let load = Load::start(server.address, 1, "torn", 2_000, &[]);
    load.wait_for(60);
    server.kill();
    let sent = load.finish();
    let data = folder.path().join("data");
    let (file, wal) =
        (std::fs::read(data.join("xianshen.db")).expect("reads"), std::fs::read(data.join("xianshen.db-wal")).expect("reads"));
    assert!(!wal.is_empty());
    let mut chance = Chance::new(22);
    for round in 0..rounds("XIANSHEN_TEARS", 6) {
        let torn = tempfile::tempdir().expect("folder");
        let data = torn.path().join("data");
        std::fs::create_dir(&data).expect("creates");
        let (mut file, mut wal) = (file.clone(), wal.clone());
        match round % 3 {
            0 => wal.truncate(chance.below(wal.len() as u64) as usize),
            1 => flip_one_bit(&mut wal, &mut chance),
            _ => flip_one_bit(&mut file, &mut chance),
        }
        std::fs::write(data.join("xianshen.db"), file).expect("writes");
        std::fs::write(data.join("xianshen.db-wal"), wal).expect("writes");
        match Server::spawn(torn.path(), &Setup::default()) {
            Ok(server) => {
                server.wait_until_ready();
                let mut client = server.client();
                let present: Vec<bool> = sent.iter().map(|s| client.get(&format!("/v1/drafts/{}", s.id)).status == 200).collect();
                let kept = present.iter().take_while(|present| **present).count();
                if round % 3 < 2 {
                    assert!(present[kept..].iter().all(|present| !present), "round {round}: a gap in what was kept");
                }
            }
            Err((code, log)) => {
                assert!(code.is_some_and(|code| code != 0) && log.contains("database"), "round {round}: {code:?} {log}");
            }
        }
    }
}

#[test]
fn of_twenty_clients_with_different_contents_one_wins_and_the_rest_are_told() {
    let folder = tempfile::tempdir().expect("folder");
    let server = Server::start(folder.path());
    for round in 0..5 {
        let id = format!("race-{round}");
        let threads: Vec<_> = (0..20)
            .map(|thread| {
                let (address, mut sent) = (server.address, draft(&id, 1, 10));
                std::thread::spawn(move || {
                    sent["body"] = format!("第 {} 种内容", thread % 4).into();
                    let answer = Client::connect(address).post_json("/v1/drafts", &sent);
                    (thread % 4, answer.status, answer.json()["content_hash"].as_str().map(str::to_owned))
                })
            })
            .collect();
        let outcomes: Vec<_> = threads.into_iter().map(|thread| thread.join().expect("a client")).collect();
        let winners: BTreeMap<_, _> =
            outcomes.iter().filter(|(_, status, _)| *status == 202).map(|(content, _, hash)| (content, hash)).collect();
        assert_eq!(winners.len(), 1, "{outcomes:?}");
        for (content, status, _) in &outcomes {
            assert_eq!(*status, if winners.contains_key(content) { 202 } else { 409 }, "{outcomes:?}");
        }
        let item = server.client().get(&format!("/v1/drafts/{id}")).json();
        assert_eq!(item["revisions"].as_array().map(Vec::len), Some(1));
    }
}

#[test]
fn whatever_the_order_of_revisions_the_highest_stays_current() {
    let folder = tempfile::tempdir().expect("folder");
    let mut server = Server::start(folder.path());
    let (address, mut acknowledged) = (server.address, Vec::new());
    for round in 0..3 {
        let threads: Vec<_> = (1..=20_u64)
            .map(|revision| {
                std::thread::spawn(move || {
                    let mut client = Client::connect(address);
                    // Each revision two times: a client that got no answer sends again.
                    let answers: Vec<_> =
                        (0..2).map(|_| client.post_json("/v1/drafts", &draft(&format!("order-{round}"), revision, 10))).collect();
                    assert!(answers.iter().all(|answer| answer.status == 202), "{answers:?}");
                    let content_hash = answers[0].json()["content_hash"].as_str().expect("a hash").to_owned();
                    Sent { id: format!("order-{round}"), revision, content_hash }
                })
            })
            .collect();
        acknowledged.extend(threads.into_iter().map(|thread| thread.join().expect("a client")));
    }
    server.wait_until_screened();
    for round in 0..3 {
        let item = server.client().get(&format!("/v1/drafts/order-{round}")).json();
        assert_eq!(item["current_revision"], 20);
        for entry in item["revisions"].as_array().expect("revisions") {
            let state = if entry["revision"] == 20 { "screened" } else { "superseded" };
            assert_eq!(entry["state"], state);
        }
    }
    let queues = server.client().get("/v1/queues").json();
    let waiting: u64 = queues.as_array().expect("queues").iter().map(|queue| queue["items"].as_u64().expect("items")).sum();
    assert_eq!(waiting, 3, "only the highest revision of each item waits for a reviewer");
    assert_eq!(server.terminate().0, 0);
    check_ledger(&folder.path().join("data"), &acknowledged);
}
