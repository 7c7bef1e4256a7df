//! Stopping: in time, in order, without loss, whatever goes on.

#![allow(clippy::expect_used)]

mod support;

use std::time::Duration;
use support::{Load, Server, Setup, check_ledger, rounds};

const STOP_MAX: Duration = Duration::from_secs(10);

/// XIANSHEN_STOPS=20 for the full run.
#[test]
fn sigterm_under_load_ends_in_time_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("folder");
    let mut acknowledged = Vec::new();
    let mut longest = Duration::ZERO;
    let stops = rounds("XIANSHEN_STOPS", 3);
    for stop in 0..stops {
        let mut server = Server::start(folder.path());
        let load = Load::start(server.address, 16, &format!("stop-{stop}"), 2_000, &[503]);
        load.wait_for(200);
        let (code, took) = server.terminate();
        assert_eq!(code, 0, "stop {stop}\n{}", server.log());
        longest = longest.max(took);
        assert!(server.log().contains("Stopped in order"), "{}", server.log());
        acknowledged.extend(load.finish());
    }
    assert!(longest <= STOP_MAX, "{longest:?}");
    let mut server = Server::start(folder.path());
    server.wait_until_screened();
    assert_eq!(server.terminate().0, 0);
    check_ledger(&folder.path().join("data"), &acknowledged);
    eprintln!("{stops} stops, the longest took {longest:?}; {} drafts acknowledged, none lost", acknowledged.len());
}

#[test]
fn clients_that_never_finish_do_not_hold_the_stop_up() {
    let folder = tempfile::tempdir().expect("folder");
    let mut server = Server::start(folder.path());
    let mut hanging: Vec<_> = (0..5).map(|_| server.client()).collect();
    for (number, client) in hanging.iter_mut().enumerate() {
        let text = match number {
            0 => String::new(),
            1 => "POST /v1/dra".to_owned(),
            _ => format!("POST /v1/drafts HTTP/1.1\r\nhost: {}\r\ncontent-length: 1000\r\n\r\n{{", server.address),
        };
        client.send(text.as_bytes()).expect("sends");
    }
    // Those are taken up by now: a later request on another connection has been answered.
    assert_eq!(server.client().get("/healthz").status, 200);
    let (code, took) = server.terminate();
    assert!(code == 0 && took <= STOP_MAX, "{code} after {took:?}\n{}", server.log());
}

#[test]
fn sighup_and_sigterm_at_once_end_in_order() {
    let folder = tempfile::tempdir().expect("folder");
    for round in 0..rounds("XIANSHEN_RACES", 5) {
        let mut server = Server::spawn(folder.path(), &Setup::default()).unwrap_or_else(|(_, log)| panic!("{log}"));
        for name in if round % 2 == 0 { ["HUP", "TERM"] } else { ["TERM", "HUP"] } {
            server.signal(name);
        }
        let (code, took) = server.wait();
        assert!(code == 0 && took <= STOP_MAX, "round {round}: {code} after {took:?}\n{}", server.log());
    }
}

#[test]
fn sigint_stops_as_sigterm_does() {
    let folder = tempfile::tempdir().expect("folder");
    let mut server = Server::start(folder.path());
    server.signal("INT");
    assert_eq!(server.wait().0, 0);
}
