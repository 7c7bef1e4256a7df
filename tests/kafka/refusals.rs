//! Faults that a real broker cannot be told to have, on librdkafka's mock cluster: errors of produce and commit requests,
//! slowness. Each prints the line of `faults`.

use crate::faults::{HEAD, Outcome, is_long, is_wanted, report, resident_mb, settle, state, stop};
use crate::ledger::{Ledger, Load, check, lag, wait_for_no_lag};
use crate::support::{self, Server};
use crate::{Cluster, Mock};
use rdkafka::mocking::MockCluster;
use rdkafka::types::RDKafkaApiKey::{OffsetCommit, Produce};
use rdkafka::types::RDKafkaRespErr::{self as Code, *};
use std::time::Duration;

type Fault = fn(&Cluster<'_>, &Mock, &str) -> Outcome;

const FAULTS: [(&str, Fault); 4] =
    [("F06", partitions_leave_while_held_back), ("F14", produce_errors), ("F15", commit_errors), ("F17", slow_brokers)];
const BROKERS: i32 = 3;

pub fn run() {
    let mut failed = Vec::new();
    println!("{HEAD}");
    for (id, fault) in FAULTS.iter().filter(|(id, _)| is_wanted(id)) {
        let mock = MockCluster::new(BROKERS).expect("a mock cluster");
        let cluster = Cluster { brokers: mock.bootstrap_servers(), mock: Some(&mock), copies: 1, security: String::new() };
        let prefix = format!("m-{id}");
        cluster.create_topics(&prefix, 4);
        failed.extend(report(id, &fault(&cluster, &mock, &prefix)));
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn rounds() -> usize {
    if is_long() { 20 } else { 4 }
}

/// F06: partitions that are held back go to another process and come back; they are fetched from again.
fn partitions_leave_while_held_back(cluster: &Cluster<'_>, mock: &Mock, prefix: &str) -> Outcome {
    let folders: Vec<_> = (0..2).map(|_| tempfile::tempdir().expect("folder")).collect();
    let start = |at: usize| {
        let mut setup = cluster.setup(prefix, "screen");
        setup.config.push_str("in_flight_items_max = 8\n");
        Server::start_with(folders[at].path(), &setup)
    };
    let mut stays = start(0);
    stays.wait_for_log("\"partitions\":4");
    stays.signal("STOP");
    let mut ledger = Ledger::new(&cluster.brokers, prefix);
    send(&mut ledger, "held");
    mock.request_errors(Produce, &[RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS; 10_000]);
    stays.signal("CONT");
    let figures = |worker: &Server| worker.client().get("/metrics").text();
    support::eventually("all partitions are held back", || figures(&stays).contains("xianshen_kafka_paused_partitions 4").then_some(()));
    let shown = |worker: &Server| -> f64 {
        let text = figures(worker);
        let lines = text.lines().filter(|line| line.starts_with("xianshen_kafka_consumer_lag_records{"));
        lines.map(|line| line.rsplit_once(' ').expect("a value").1.parse::<f64>().expect("a number")).sum()
    };
    support::eventually("what waits is shown", || (shown(&stays) == 200.0).then_some(()));
    let mut goes = start(1);
    goes.wait_for_log("\"partitions\":2");
    mock.clear_request_errors(Produce);
    support::pause(1_000);
    let mut failures = Vec::new();
    stop(&mut goes, &mut failures);
    send(&mut ledger, "more");
    let (settled, worst_stall) = settle(&cluster.brokers, prefix, Duration::from_secs(30));
    if !settled {
        failures.push(format!("the lag did not come down to 0\n{}", state(&stays)));
    }
    stop(&mut stays, &mut failures);
    Outcome { rounds: 1, findings: check(&cluster.brokers, prefix, &ledger), worst_stall, failures }
}

/// F14: brokers that refuse for a while cost nothing, and nothing is committed meanwhile: a process that is killed then is
/// followed by one that does it all. A record that they never take goes to the dead letters, and a person is told.
fn produce_errors(cluster: &Cluster<'_>, mock: &Mock, prefix: &str) -> Outcome {
    let folder = tempfile::tempdir().expect("folder");
    let mut worker = cluster.start(folder.path(), prefix, "screen");
    worker.wait_for_log("\"partitions\":4");
    let load = Load::start(Ledger::new(&cluster.brokers, prefix), 200, "p", 600);
    let passing: [Code; 6] = [
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        RD_KAFKA_RESP_ERR__TRANSPORT,
    ];
    for _ in 0..rounds() {
        mock.request_errors(Produce, &passing);
        support::pause(700);
    }
    let mut ledger = load.finish();
    wait_for_no_lag(&cluster.brokers, &format!("{prefix}-screen"), &format!("{prefix}.drafts"));
    let mut failures = Vec::new();
    // Held back for as long as this process lives.
    worker.signal("STOP");
    send(&mut ledger, "held");
    mock.request_errors(Produce, &[RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS; 500]);
    worker.signal("CONT");
    support::pause(2_000);
    let held = lag(&cluster.brokers, &format!("{prefix}-screen"), &format!("{prefix}.drafts"));
    if held != 200 {
        failures.push(format!("{held} of 200 records held back"));
    }
    worker.kill();
    mock.clear_request_errors(Produce);
    let mut worker = cluster.start(folder.path(), prefix, "screen");
    wait_for_no_lag(&cluster.brokers, &format!("{prefix}-screen"), &format!("{prefix}.drafts"));
    // Never taken: what stands for them is.
    worker.signal("STOP");
    send(&mut ledger, "large");
    mock.request_errors(Produce, &[RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE; 3]);
    worker.signal("CONT");
    let (settled, worst_stall) = settle(&cluster.brokers, prefix, Duration::from_secs(60));
    if !settled {
        failures.push("the lag did not come down to 0".into());
    }
    let findings = check(&cluster.brokers, prefix, &ledger);
    if findings.set_aside == 0 {
        failures.push("nothing was set aside".into());
    }
    stop(&mut worker, &mut failures);
    Outcome { rounds: rounds(), findings, worst_stall, failures }
}

fn send(ledger: &mut Ledger, ids: &str) {
    for number in 0..200 {
        ledger.send(&support::draft(&format!("{ids}-{number}"), 1, 600));
    }
    ledger.flush();
}

/// F15: commits that are refused, for reasons that pass and for reasons that throw a member out.
fn commit_errors(cluster: &Cluster<'_>, mock: &Mock, prefix: &str) -> Outcome {
    let folder = tempfile::tempdir().expect("folder");
    let mut worker = cluster.start(folder.path(), prefix, "screen");
    worker.wait_for_log("\"partitions\":4");
    let load = Load::start(Ledger::new(&cluster.brokers, prefix), 200, "c", 600);
    let refusals: [&[Code]; 4] = [
        &[RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS],
        &[RD_KAFKA_RESP_ERR_NOT_COORDINATOR],
        &[RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS],
        &[RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION],
    ];
    for round in 0..rounds() {
        mock.request_errors(OffsetCommit, refusals[round % refusals.len()]);
        support::pause(1_500);
    }
    let ledger = load.finish();
    let (settled, worst_stall) = settle(&cluster.brokers, prefix, Duration::from_secs(60));
    let mut failures = Vec::new();
    if !settled {
        failures.push("the lag did not come down to 0".into());
    }
    if !worker.client().get("/metrics").text().contains("xianshen_kafka_commit_failures_total{") {
        failures.push("no commit was refused".into());
    }
    stop(&mut worker, &mut failures);
    Outcome { rounds: rounds(), findings: check(&cluster.brokers, prefix, &ledger), worst_stall, failures }
}

/// F17: every request takes two seconds. Memory stays bounded, nothing is given up.
fn slow_brokers(cluster: &Cluster<'_>, mock: &Mock, prefix: &str) -> Outcome {
    let folder = tempfile::tempdir().expect("folder");
    let mut worker = cluster.start(folder.path(), prefix, "screen");
    worker.wait_for_log("\"partitions\":4");
    let load = Load::start(Ledger::new(&cluster.brokers, prefix), 200, "b", 2_000);
    support::pause(2_000);
    let before = resident_mb(&worker);
    let slow = |time: Duration| (1..=BROKERS).for_each(|broker| mock.broker_round_trip_time(broker, time).expect("set"));
    slow(Duration::from_secs(2));
    support::pause(if is_long() { 60_000 } else { 6_000 });
    let after = resident_mb(&worker);
    slow(Duration::ZERO);
    let ledger = load.finish();
    let (settled, worst_stall) = settle(&cluster.brokers, prefix, Duration::from_secs(60));
    let mut failures = Vec::new();
    if !settled {
        failures.push("the lag did not come down to 0".into());
    }
    if after > before + 64 {
        failures.push(format!("{before} MB before, {after} MB after"));
    }
    stop(&mut worker, &mut failures);
    Outcome { rounds: 1, findings: check(&cluster.brokers, prefix, &ledger), worst_stall, failures }
}
