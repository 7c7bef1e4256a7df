//! The faults of the matrix on a real Kafka, each one line: id, rounds, lost, duplicates, conflicts, longest stall, pass or
//! fail. A few rounds in the everyday tests; `make kafka-faults` runs as many as are meant.

use crate::broker::{Kafka, OFFSETS_PARTITIONS};
use crate::ledger::{Findings, Ledger, Load, OWN_ANSWER_MS_MAX, QUEUES, check, check_store, lag, wait_for_no_lag};
use crate::support::{self, Chance, Server, rounds};
use crate::{Cluster, SHORT_SESSION};
use rdkafka::Message as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Rounds of a fault when nothing else is said, and the variable that says it.
const ROUNDS: (&str, usize) = ("XIANSHEN_FAULT_ROUNDS", 2);

pub struct Outcome {
    pub rounds: usize,
    pub findings: Findings,
    pub worst_stall: Duration,
    /// What else had to hold and did not.
    pub failures: Vec<String>,
}

/// The columns of what is printed.
pub const HEAD: &str = "fault\trounds\tacknowledged\tlost\tduplicates\tconflicts\tworst stall\tresult";

type Fault = fn(&mut Kafka, &str) -> Outcome;

/// Faults of workers, and of all brokers together.
const ON_ONE_NODE: [(&str, Fault); 8] = [
    ("F02", kill_workers),
    ("F04", stop_under_load),
    ("F05", stop_without_brokers),
    ("F06", rebalance_storm),
    ("F07", zombie),
    ("F08", slow_worker),
    ("F12", brokers_away),
    ("F18", offset_out_of_range),
];
/// Faults of one broker among three.
const ON_THREE_NODES: [(&str, Fault); 3] = [("F09", rolling_kill_of_brokers), ("F10", paused_leader), ("F16", coordinator_killed)];

/// Names of the faults to run, separated by commas; all when it is absent.
const WANTED: &str = "XIANSHEN_FAULTS";

pub fn run(mut kafka: Kafka) {
    let mut failed = Vec::new();
    println!("{HEAD}");
    run_all(&mut kafka, &wanted(&ON_ONE_NODE), &mut failed);
    drop(kafka);
    let on_three = wanted(&ON_THREE_NODES);
    if !on_three.is_empty() {
        match Kafka::start(3) {
            Ok(mut kafka) => run_all(&mut kafka, &on_three, &mut failed),
            Err(reason) => support::skip(&reason),
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn wanted<F: Copy>(faults: &[(&'static str, F)]) -> Vec<(&'static str, F)> {
    faults.iter().filter(|(id, _)| is_wanted(id)).copied().collect()
}

pub fn is_wanted(id: &str) -> bool {
    let names = std::env::var(WANTED).unwrap_or_default();
    names.is_empty() || names.split(',').any(|name| name == id)
}

fn run_all(kafka: &mut Kafka, faults: &[(&'static str, Fault)], failed: &mut Vec<String>) {
    for (id, fault) in faults {
        failed.extend(report(id, &fault(kafka, &format!("f-{id}"))));
    }
}

/// Prints the line of a fault; says what failed.
pub fn report(id: &str, outcome: &Outcome) -> Option<String> {
    let Outcome { rounds, findings, worst_stall, failures } = outcome;
    let passed = findings.is_sound() && failures.is_empty();
    println!(
        "{id}\t{rounds}\t{}\t{}\t{}\t{}\t{:.1} s\t{}",
        findings.acknowledged,
        findings.lost + findings.unseen,
        findings.duplicates,
        findings.conflicts,
        worst_stall.as_secs_f64(),
        if passed { "pass" } else { "fail" }
    );
    (!passed).then(|| format!("{id}: {findings:?}\n{}", failures.join("\n")))
}

/// As many rounds as are meant for a release, not the few of everyday.
pub fn is_long() -> bool {
    rounds(ROUNDS.0, ROUNDS.1) > ROUNDS.1
}

fn cluster(kafka: &Kafka) -> Cluster<'static> {
    Cluster { brokers: kafka.brokers(), mock: None, copies: kafka.nodes().min(3), security: String::new() }
}

/// Watches the committed offsets and keeps the longest time without any movement while something was waiting.
pub fn settle(brokers: &str, prefix: &str, at_most: Duration) -> (bool, Duration) {
    let (group, topic) = (format!("{prefix}-screen"), format!("{prefix}.drafts"));
    let begun = Instant::now();
    let (mut last, mut moved, mut worst) = (i64::MAX, Instant::now(), Duration::ZERO);
    while begun.elapsed() < at_most {
        let now = lag(brokers, &group, &topic);
        if now < last {
            worst = worst.max(moved.elapsed());
            (last, moved) = (now, Instant::now());
        }
        if now == 0 {
            return (true, worst);
        }
        support::pause(250);
    }
    (false, worst.max(moved.elapsed()))
}

/// Drafts that the long run of F02 sends, at least.
const KILLS_DRAFTS: u64 = 200_000;

/// F02: kill -9 of the worker at random while drafts flow, and now and then of the reviewers' process, whose store is
/// checked at the end.
fn kill_workers(kafka: &mut Kafka, prefix: &str) -> Outcome {
    let cluster = cluster(kafka);
    cluster.create_topics(prefix, 4);
    let (folder, desk) = (tempfile::tempdir().expect("folder"), tempfile::tempdir().expect("folder"));
    let rounds = rounds(ROUNDS.0, ROUNDS.1);
    let load = Load::start(Ledger::new(&cluster.brokers, prefix), 300, "k", 2_000);
    let mut chance = Chance::new(2);
    let mut review = cluster.start(desk.path(), prefix, "review");
    for round in 0..rounds {
        let mut worker = cluster.start(folder.path(), prefix, "screen");
        // The partitions of the one killed before are free when its session ends.
        worker.wait_for_log("\"partitions\":4");
        support::pause(50 + chance.below(1_950));
        worker.kill();
        if round % 10 == 1 {
            review.kill();
            review = cluster.start(desk.path(), prefix, "review");
        }
    }
    let mut worker = cluster.start(folder.path(), prefix, "screen");
    while is_long() && load.sent() < KILLS_DRAFTS {
        support::pause(500);
    }
    let ledger = load.finish();
    let (settled, worst_stall) = settle(&cluster.brokers, prefix, Duration::from_secs(300));
    let mut failures = Vec::new();
    if !settled {
        failures.push("the lag did not come down to 0".into());
    }
    for queue in QUEUES {
        wait_for_no_lag(&cluster.brokers, &format!("{prefix}-review"), &format!("{prefix}.review.{queue}"));
    }
    let findings = check(&cluster.brokers, prefix, &ledger);
    // At most what was under way at each kill.
    if findings.duplicates > rounds * 4 * 1_024 {
        failures.push(format!("{} duplicates", findings.duplicates));
    }
    stop(&mut worker, &mut failures);
    stop(&mut review, &mut failures);
    failures.extend(check_store(&cluster.brokers, prefix, &ledger, &desk.path().join("data")));
    Outcome { rounds, findings, worst_stall, failures }
}

pub fn stop(worker: &mut Server, failures: &mut Vec<String>) -> Duration {
    let (code, took) = worker.terminate();
    if code != 0 || took > Duration::from_secs(10) {
        failures.push(format!("ended with {code} after {took:?}"));
    }
    took
}

/// F04: SIGTERM while drafts flow; nothing may be lost or done twice.
fn stop_under_load(kafka: &mut Kafka, prefix: &str) -> Outcome {
    let cluster = cluster(kafka);
    cluster.create_topics(prefix, 4);
    let folder = tempfile::tempdir().expect("folder");
    let rounds = rounds(ROUNDS.0, ROUNDS.1).min(20);
    let load = Load::start(Ledger::new(&cluster.brokers, prefix), 1_000, "s", 2_000);
    let (mut failures, mut worst_stall) = (Vec::new(), Duration::ZERO);
    for _ in 0..rounds {
        let mut worker = cluster.start(folder.path(), prefix, "screen");
        worker.wait_for_log("\"partitions\":4");
        support::pause(1_500);
        worst_stall = worst_stall.max(stop(&mut worker, &mut failures));
    }
    let ledger = load.finish();
    let mut worker = cluster.start(folder.path(), prefix, "screen");
    if !settle(&cluster.brokers, prefix, Duration::from_secs(120)).0 {
        failures.push("the lag did not come down to 0".into());
    }
    stop(&mut worker, &mut failures);
    let findings = check(&cluster.brokers, prefix, &ledger);
    if findings.duplicates > 0 {
        failures.push(format!("{} done twice", findings.duplicates));
    }
    Outcome { rounds, findings, worst_stall, failures }
}

/// F05: SIGTERM while no broker answers; the worst stall is the longest stop.
fn stop_without_brokers(kafka: &mut Kafka, prefix: &str) -> Outcome {
    let cluster = cluster(kafka);
    cluster.create_topics(prefix, 4);
    let folder = tempfile::tempdir().expect("folder");
    let rounds = rounds(ROUNDS.0, ROUNDS.1).min(20);
    let (mut failures, mut worst_stall) = (Vec::new(), Duration::ZERO);
    let mut ledger = Ledger::new(&cluster.brokers, prefix);
    for round in 0..rounds {
        let mut worker = cluster.start(folder.path(), prefix, "screen");
        worker.wait_for_log("\"partitions\":4");
        for number in 0..200 {
            ledger.send(&support::draft(&format!("b-{round}-{number}"), 1, 2_000));
        }
        support::pause(30);
        for node in 0..kafka.nodes() {
            kafka.signal(node, "STOP");
        }
        support::pause(300);
        let (_, took) = worker.terminate();
        worst_stall = worst_stall.max(took);
        if took > Duration::from_secs(10) {
            failures.push(format!("took {took:?}"));
        }
        for node in 0..kafka.nodes() {
            kafka.signal(node, "CONT");
        }
    }
    ledger.flush();
    let mut worker = cluster.start(folder.path(), prefix, "screen");
    if !settle(&cluster.brokers, prefix, Duration::from_secs(120)).0 {
        failures.push("the lag did not come down to 0".into());
    }
    stop(&mut worker, &mut failures);
    Outcome { rounds, findings: check(&cluster.brokers, prefix, &ledger), worst_stall, failures }
}

/// How long the long run of F06 takes.
const STORM: Duration = Duration::from_secs(300);

/// F06: workers come and go while drafts flow. The worst stall is that of any partition.
fn rebalance_storm(kafka: &mut Kafka, prefix: &str) -> Outcome {
    let cluster = cluster(kafka);
    let partitions = 12;
    cluster.create_topics(prefix, partitions);
    let folders: Vec<_> = (0..4).map(|_| tempfile::tempdir().expect("folder")).collect();
    let everyday = rounds(ROUNDS.0, ROUNDS.1);
    let load = Load::start(Ledger::new(&cluster.brokers, prefix), 400, "r", 2_000);
    let mut workers: Vec<Option<Server>> = vec![None, None, None, None];
    workers[0] = Some(cluster.start(folders[0].path(), prefix, "screen"));
    workers[0].as_ref().expect("the first one").wait_for_log("\"partitions\":12");
    let progress = Progress::watch(&cluster.brokers, format!("{prefix}.verdicts"), partitions);
    let mut chance = Chance::new(6);
    let (mut failures, mut changes, begun) = (Vec::new(), 0, Instant::now());
    while if is_long() { begun.elapsed() < STORM } else { changes < everyday } {
        // The first one always stays.
        let at = 1 + chance.below(3) as usize;
        match workers[at].take() {
            Some(mut worker) => drop(stop(&mut worker, &mut failures)),
            None => workers[at] = Some(cluster.spawn(folders[at].path(), prefix, "screen")),
        }
        changes += 1;
        support::pause(2_000 + chance.below(6_000));
    }
    let worst_stall = progress.worst_stall();
    let ledger = load.finish();
    if !settle(&cluster.brokers, prefix, Duration::from_secs(30)).0 {
        failures.push("the lag did not come down to 0 in 30 s".into());
    }
    judge_stall(worst_stall, &mut failures);
    for worker in workers.iter_mut().flatten() {
        stop(worker, &mut failures);
    }
    Outcome { rounds: changes, findings: check(&cluster.brokers, prefix, &ledger), worst_stall, failures }
}

/// F12: no broker answers for a while; the worker says so, keeps what it has, and goes on by itself.
fn brokers_away(kafka: &mut Kafka, prefix: &str) -> Outcome {
    let cluster = cluster(kafka);
    cluster.create_topics(prefix, 4);
    let folder = tempfile::tempdir().expect("folder");
    let mut worker = cluster.start(folder.path(), prefix, "screen");
    worker.wait_for_log("\"partitions\":4");
    let load = Load::start(Ledger::new(&cluster.brokers, prefix), 500, "a", 2_000);
    support::pause(1_000);
    let before = resident_mb(&worker);
    let mut failures = Vec::new();
    let away = Duration::from_secs(if is_long() { 120 } else { 15 });
    for node in 0..kafka.nodes() {
        kafka.signal(node, "STOP");
    }
    let begun = Instant::now();
    let mut told = None;
    while begun.elapsed() < away {
        support::pause(500);
        if told.is_none() && worker.client().get("/readyz").status != 200 {
            told = Some(begun.elapsed());
        }
    }
    if told.is_none_or(|told| told > Duration::from_secs(10)) {
        failures.push(format!("not ready only after {told:?}"));
    }
    for node in 0..kafka.nodes() {
        kafka.signal(node, "CONT");
    }
    let healed = Instant::now();
    support::eventually("ready again", || (worker.client().get("/readyz").status == 200).then_some(()));
    let worst_stall = healed.elapsed();
    if worst_stall > Duration::from_secs(15) {
        failures.push(format!("ready only after {worst_stall:?}"));
    }
    let ledger = load.finish();
    wait_for_no_lag(&cluster.brokers, &format!("{prefix}-screen"), &format!("{prefix}.drafts"));
    let after = resident_mb(&worker);
    if after > before + 64 {
        failures.push(format!("{before} MB before, {after} MB after"));
    }
    stop(&mut worker, &mut failures);
    Outcome { rounds: 1, findings: check(&cluster.brokers, prefix, &ledger), worst_stall, failures }
}

pub fn resident_mb(worker: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", worker.process_id())).expect("status");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS");
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).expect("kB") / 1_024
}

/// F07: a worker stands still for longer than its session, another one takes over, and the first one wakes up.
fn zombie(kafka: &mut Kafka, prefix: &str) -> Outcome {
    let cluster = cluster(kafka);
    cluster.create_topics(prefix, 4);
    let folders: Vec<_> = (0..2).map(|_| tempfile::tempdir().expect("folder")).collect();
    let mut sleeper = cluster.start(folders[0].path(), prefix, "screen");
    let mut other = cluster.start(folders[1].path(), prefix, "screen");
    let load = Load::start(Ledger::new(&cluster.brokers, prefix), 500, "z", 2_000);
    let rounds = rounds(ROUNDS.0, ROUNDS.1).min(10);
    for _ in 0..rounds {
        support::pause(2_000);
        sleeper.signal("STOP");
        // The session lasts 6 s.
        support::pause(9_000);
        sleeper.signal("CONT");
    }
    let ledger = load.finish();
    let (settled, worst_stall) = settle(&cluster.brokers, prefix, Duration::from_secs(60));
    let mut failures = Vec::new();
    if !settled {
        failures.push("the lag did not come down to 0".into());
    }
    stop(&mut sleeper, &mut failures);
    stop(&mut other, &mut failures);
    Outcome { rounds, findings: check(&cluster.brokers, prefix, &ledger), worst_stall, failures }
}

/// What is written to note a draft that is being judged takes so long, in microseconds: longer than a session.
const SLOW_US: &str = "8000000";

/// F08: judging takes longer than a session. The thread that polls goes on, and nobody takes the partitions away.
fn slow_worker(kafka: &mut Kafka, prefix: &str) -> Outcome {
    let cluster = cluster(kafka);
    cluster.create_topics(prefix, 4);
    let folder = tempfile::tempdir().expect("folder");
    let mut setup = cluster.setup(prefix, "screen");
    setup.config.push_str("[screening]\nworkers = 1\njudge_ms_max = 120000\n");
    let mut worker = Server::start_with(folder.path(), &setup);
    worker.wait_for_log("\"partitions\":4");
    let rebalances = |worker: &Server| -> Vec<String> {
        let metrics = worker.client().get("/metrics").text();
        metrics.lines().filter(|line| line.starts_with("xianshen_kafka_rebalances_total{")).map(str::to_owned).collect()
    };
    let before = rebalances(&worker);
    let load = Load::start(Ledger::new(&cluster.brokers, prefix), 100, "w", 2_000);
    support::pause(500);
    let tasks = std::fs::read_dir(format!("/proc/{}/task", worker.process_id())).expect("threads");
    let judge = tasks
        .flatten()
        .find(|task| std::fs::read_to_string(task.path().join("comm")).is_ok_and(|name| name.trim() == "judge"))
        .expect("the judging thread");
    let slow = format!("inject=pwrite64:delay_enter={SLOW_US}");
    let mut strace = std::process::Command::new("strace")
        .args(["-q", "-o", "/dev/null", "-e", "trace=pwrite64", "-e", &slow, "-p"])
        .arg(judge.file_name())
        .spawn()
        .expect("strace");
    let mut failures = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(if is_long() { 60 } else { 12 }) {
        support::pause(1_000);
        worker.client().get("/healthz");
    }
    let metrics = worker.client().get("/metrics").text();
    let figure = |name: &str| -> f64 {
        let line = metrics.lines().find(|line| line.starts_with(name)).expect("a figure");
        line.rsplit_once(' ').expect("a value").1.parse().expect("a number")
    };
    if rebalances(&worker) != before {
        failures.push(format!("{before:?} before, {:?} after", rebalances(&worker)));
    }
    let (gap, oldest) = (figure("xianshen_kafka_poll_gap_seconds "), figure("xianshen_oldest_inflight_seconds "));
    if oldest < 6.0 {
        failures.push(format!("nothing was slow: the oldest record is under way for {oldest} s"));
    }
    if gap > 1.0 && is_long() {
        failures.push(format!("{gap} s between two polls"));
    }
    assert!(std::process::Command::new("kill").args(["-TERM", &strace.id().to_string()]).status().expect("kill").success());
    strace.wait().expect("strace ends");
    let ledger = load.finish();
    let (settled, worst_stall) = settle(&cluster.brokers, prefix, Duration::from_secs(60));
    if !settled {
        failures.push("the lag did not come down to 0".into());
    }
    stop(&mut worker, &mut failures);
    Outcome { rounds: 1, findings: check(&cluster.brokers, prefix, &ledger), worst_stall, failures }
}

/// F18: records are deleted that were never screened. Their partition stands still, the others go on.
fn offset_out_of_range(kafka: &mut Kafka, prefix: &str) -> Outcome {
    use rdkafka::admin::{AdminClient, AdminOptions};
    use rdkafka::client::DefaultClientContext;
    let cluster = cluster(kafka);
    cluster.create_topics(prefix, 2);
    let folder = tempfile::tempdir().expect("folder");
    let mut worker = cluster.start(folder.path(), prefix, "screen");
    let mut ledger = Ledger::new(&cluster.brokers, prefix);
    let send = |ledger: &mut Ledger, ids: &str| {
        for number in 0..100 {
            ledger.send(&support::draft(&format!("{ids}-{number}"), 1, 400));
        }
        ledger.flush();
    };
    send(&mut ledger, "before");
    wait_for_no_lag(&cluster.brokers, &format!("{prefix}-screen"), &format!("{prefix}.drafts"));
    let mut failures = Vec::new();
    stop(&mut worker, &mut failures);
    let findings = check(&cluster.brokers, prefix, &ledger);
    send(&mut Ledger::new(&cluster.brokers, prefix), "gone");
    let admin: AdminClient<DefaultClientContext> =
        rdkafka::ClientConfig::new().set("bootstrap.servers", &cluster.brokers).create().expect("client");
    let mut until = TopicPartitionList::new();
    until.add_partition_offset(&format!("{prefix}.drafts"), 0, Offset::End).expect("offset");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
    runtime.block_on(admin.delete_records(&until, &AdminOptions::new())).expect("deletes");
    let worker = cluster.spawn(folder.path(), prefix, "screen");
    let stopped = || worker.client().get("/metrics").text().contains("xianshen_kafka_stopped_partitions 1");
    support::eventually("one partition stands still", || stopped().then_some(()));
    let answer = worker.client().get("/readyz");
    if answer.status != 503 || answer.json()["not_ready"] != serde_json::json!(["offsets"]) {
        failures.push(format!("/readyz says {}", answer.text()));
    }
    let waiting = support::eventually("the other partition goes on", || {
        let left = lag(&cluster.brokers, &format!("{prefix}-screen"), &format!("{prefix}.drafts"));
        let verdicts = crate::ledger::read_all(&cluster.brokers, &format!("{prefix}.verdicts"));
        verdicts.iter().any(|verdict| verdict.key.contains("/gone-")).then_some(left)
    });
    if waiting == 0 {
        failures.push("the gap was jumped silently".into());
    }
    Outcome { rounds: 1, findings, worst_stall: Duration::ZERO, failures }
}

/// Longest time that a partition may stand still while one of three brokers is away. Judged in long runs, shown in each: on a
/// machine that is busy with other tests it says little about the worker.
const STALL_MAX: Duration = Duration::from_secs(15);

/// Watches the topic of verdicts while something happens to brokers: per partition, the longest time without a new one.
struct Progress {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Duration>,
}

fn judge_stall(worst_stall: Duration, failures: &mut Vec<String>) {
    if worst_stall > STALL_MAX && is_long() {
        failures.push(format!("stood still for {worst_stall:?}"));
    }
}

impl Progress {
    fn watch(brokers: &str, topic: String, partitions: i32) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let (told, brokers) = (Arc::clone(&stop), brokers.to_owned());
        let thread = std::thread::spawn(move || {
            // It reads, as whoever waits for verdicts does; asking for the ends of partitions hangs on a broker that is gone.
            let consumer: BaseConsumer = rdkafka::ClientConfig::new()
                .set("bootstrap.servers", brokers)
                .set("group.id", "unused")
                .set("enable.auto.commit", "false")
                .set("topic.metadata.refresh.interval.ms", "1000")
                .set("socket.timeout.ms", OWN_ANSWER_MS_MAX)
                .set("reconnect.backoff.max.ms", "1000")
                .create()
                .expect("client");
            let mut from = TopicPartitionList::new();
            for partition in 0..partitions {
                from.add_partition_offset(&topic, partition, Offset::End).expect("offset");
            }
            consumer.assign(&from).expect("assigns");
            let mut moved = vec![Instant::now(); partitions as usize];
            let mut worst = Duration::ZERO;
            while !told.load(Ordering::Relaxed) {
                if let Some(Ok(verdict)) = consumer.poll(Duration::from_millis(100)) {
                    moved[verdict.partition() as usize] = Instant::now();
                }
                worst = moved.iter().map(Instant::elapsed).fold(worst, Duration::max);
            }
            worst
        });
        Self { stop, thread }
    }

    fn worst_stall(self) -> Duration {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the watcher")
    }
}

const PARTITIONS: i32 = 4;

/// Drafts flow through one worker while `trouble` befalls brokers.
fn with_trouble(kafka: &mut Kafka, prefix: &str, rounds: usize, mut trouble: impl FnMut(&mut Kafka, usize)) -> Outcome {
    let cluster = cluster(kafka);
    cluster.create_topics(prefix, PARTITIONS);
    let folder = tempfile::tempdir().expect("folder");
    let mut setup = cluster.setup(prefix, "screen");
    // The session of those who set nothing: it outlives the move of a coordinator.
    setup.config = setup.config.replace(SHORT_SESSION, "");
    let mut worker = Server::start_with(folder.path(), &setup);
    worker.wait_for_log("\"partitions\":4");
    let load = Load::start(Ledger::new(&cluster.brokers, prefix), 500, "t", 2_000);
    support::pause(2_000);
    let progress = Progress::watch(&cluster.brokers, format!("{prefix}.verdicts"), PARTITIONS);
    for round in 0..rounds {
        trouble(kafka, round);
    }
    support::pause(1_000);
    let worst_stall = progress.worst_stall();
    let ledger = load.finish();
    let mut failures = Vec::new();
    if !settle(&cluster.brokers, prefix, Duration::from_secs(60)).0 {
        failures.push("the lag did not come down to 0".into());
    }
    judge_stall(worst_stall, &mut failures);
    if !failures.is_empty() {
        failures.push(state(&worker));
    }
    stop(&mut worker, &mut failures);
    Outcome { rounds, findings: check(&cluster.brokers, prefix, &ledger), worst_stall, failures }
}

/// Lines of a log that a failure is told with, at most; the last ones.
const WARNINGS_MAX: usize = 60;

/// What a worker shows of its way through Kafka, and what it complained of but for brokers that it could not reach.
pub fn state(worker: &Server) -> String {
    let metrics = worker.client().get("/metrics").text();
    let is_told = |line: &&str| ["xianshen_kafka_", "xianshen_producer_", "xianshen_oldest_"].iter().any(|name| line.starts_with(name));
    let figures = metrics.lines().filter(|line| is_told(line) && !line.contains("_bucket{"));
    let log = worker.log();
    let is_news = |line: &&str| !line.contains("\"INFO\"") && !line.contains("BrokerTransportFailure") && !line.contains("\"FAIL\"");
    let warnings: Vec<&str> = log.lines().filter(is_news).collect();
    figures.chain(warnings[warnings.len().saturating_sub(WARNINGS_MAX)..].iter().copied()).collect::<Vec<_>>().join("\n")
}

/// F09: each broker in turn is killed, stays away for a while, comes back and catches up.
fn rolling_kill_of_brokers(kafka: &mut Kafka, prefix: &str) -> Outcome {
    with_trouble(kafka, prefix, rounds(ROUNDS.0, ROUNDS.1).min(10), |kafka, round| kill_and_return(kafka, round % 3))
}

fn kill_and_return(kafka: &mut Kafka, node: usize) {
    kafka.kill_node(node);
    support::pause(10_000);
    kafka.start_node(node);
    kafka.wait_until_in_sync();
}

/// F10: the leader of a partition stands still.
fn paused_leader(kafka: &mut Kafka, prefix: &str) -> Outcome {
    // Longer than the controller waits for a sign of life.
    let away_ms = if is_long() { 30_000 } else { 10_000 };
    let topic = format!("{prefix}.drafts");
    with_trouble(kafka, prefix, 1, |kafka, _| {
        let node = kafka.leader(&topic, 0);
        kafka.signal(node, "STOP");
        support::pause(away_ms);
        kafka.signal(node, "CONT");
        kafka.wait_until_in_sync();
    })
}

/// F16: the broker that coordinates the group is killed.
fn coordinator_killed(kafka: &mut Kafka, prefix: &str) -> Outcome {
    // The partition of a group, as the brokers choose it.
    let group = format!("{prefix}-screen");
    let hash = group.bytes().fold(0_i32, |hash, byte| hash.wrapping_mul(31).wrapping_add(i32::from(byte)));
    with_trouble(kafka, prefix, rounds(ROUNDS.0, 1).min(5), |kafka, _| {
        let node = kafka.leader("__consumer_offsets", (hash & i32::MAX) % OFFSETS_PARTITIONS);
        kill_and_return(kafka, node);
    })
}
