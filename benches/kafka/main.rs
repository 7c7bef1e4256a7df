//! How fast one screening process is between topics of a real Apache Kafka, against a bare loop that only consumes and
//! produces with the same client and settings; how much memory it takes with a backlog; how long a draft is on its way.
//! `cargo bench --bench kafka`; prints one `key=value` a line. Must not use the crate: what is measured is the binary.
//!
//! `XIANSHEN_BENCH_KAFKA` names what to measure (`throughput,backlog,latency`; all), `XIANSHEN_BENCH_RATE` the drafts a second
//! of `latency` (half of what `throughput` found). `XIANSHEN_BENCH_DRAFTS` is the number of drafts of a round (20,000), `XIANSHEN_BENCH_ROUNDS` that of the rounds (5),
//! `XIANSHEN_BENCH_BACKLOG` that of the drafts that wait when memory is measured (1,000,000).

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::print_stdout, dead_code)]

#[path = "../../tests/kafka/broker.rs"]
mod broker;
#[path = "../../tests/kafka/ledger.rs"]
mod ledger;
#[path = "../../tests/support/mod.rs"]
mod support;

use broker::Kafka;
use ledger::{Ledger, Load, lag};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::message::{Header, Headers as _, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer};
use rdkafka::{ClientConfig, Timestamp};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use support::{Server, Setup, rounds};

const BYTES: usize = 2_000;
const PARTITIONS: &str = "12";

fn main() {
    let kafka = match Kafka::start(1) {
        Ok(kafka) => kafka,
        Err(reason) => return support::skip(&reason),
    };
    let brokers = kafka.brokers();
    let wanted = std::env::var("XIANSHEN_BENCH_KAFKA").unwrap_or_else(|_| "throughput,backlog,latency".into());
    let is_wanted = |name: &str| wanted.split(',').any(|one| one == name);
    let mut per_second = rounds("XIANSHEN_BENCH_RATE", 5_000) as f64;
    if is_wanted("throughput") {
        per_second = throughput(&brokers) / 2.0;
    }
    if is_wanted("backlog") {
        let backlog = rounds("XIANSHEN_BENCH_BACKLOG", 1_000_000);
        println!("kafka_backlog_drafts={backlog}");
        println!("kafka_backlog_drafts_growth_mb={:.0}", backlog_growth(&brokers, backlog));
    }
    if is_wanted("latency") {
        let mut times = latencies(&brokers, per_second);
        times.sort_by(f64::total_cmp);
        println!("kafka_latency_rate_per_s={per_second:.0}");
        println!("kafka_latency_p50_ms={:.1}", times[times.len() / 2]);
        println!("kafka_latency_p99_ms={:.1}", times[times.len() * 99 / 100]);
    }
}

/// Prints how fast the worker and the bare loop are; returns the drafts a second of the worker.
fn throughput(brokers: &str) -> f64 {
    let drafts = rounds("XIANSHEN_BENCH_DRAFTS", 20_000);
    let rounds = rounds("XIANSHEN_BENCH_ROUNDS", 5);
    let (mut worker_rates, mut bare_rates, mut per_core, mut growth) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let prefix = format!("b-{round}");
        create_topics(brokers, &prefix);
        let mut ledger = Ledger::new(brokers, &prefix);
        for number in 0..drafts {
            ledger.send(&support::draft(&format!("d-{number}"), 1, BYTES));
        }
        ledger.flush();
        // Turn about, so that neither always finds the broker warmer.
        let worker_first = round % 2 == 1;
        let mut worker = worker_first.then(|| screened(brokers, &prefix, drafts));
        bare_rates.push(drafts as f64 / bare(brokers, &prefix, drafts));
        let (seconds, cpu, grown) = worker.take().unwrap_or_else(|| screened(brokers, &prefix, drafts));
        worker_rates.push(drafts as f64 / seconds);
        per_core.push(drafts as f64 / cpu);
        growth.push(grown);
        let findings = ledger::check(brokers, &prefix, &ledger);
        assert!(findings.is_sound() && findings.duplicates == 0 && findings.acknowledged == drafts, "{findings:?}");
        eprintln!("round {round}: bare {:.0}/s, worker {:.0}/s", bare_rates[round], worker_rates[round]);
    }
    // The broker of a round, warm or cold, is the same for both: each is compared with its neighbour, not with another round.
    let mut ratios: Vec<f64> = worker_rates.iter().zip(&bare_rates).map(|(worker, bare)| worker / bare).collect();
    let worker = median(&mut worker_rates);
    let bare = median(&mut bare_rates);
    println!("kafka_worker_drafts_per_s={worker:.0}");
    println!("kafka_bare_drafts_per_s={bare:.0}");
    println!("kafka_worker_vs_bare={:.3}", median(&mut ratios));
    println!("kafka_worker_median_vs_bare_median={:.3}", worker / bare);
    println!("kafka_worker_drafts_per_core_s={:.0}", median(&mut per_core));
    println!("kafka_backlog_growth_mb={:.0}", median(&mut growth));
    worker
}

/// By how many MB a worker grows over its idle size while it works off so many drafts.
fn backlog_growth(brokers: &str, drafts: usize) -> f64 {
    let prefix = "b-backlog";
    create_topics(brokers, prefix);
    // Nothing of it is kept: the verdicts are counted at the end.
    let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("enable.idempotence", "true")
        .set("compression.type", "lz4")
        .set("linger.ms", "20")
        .create()
        .expect("client");
    let topic = format!("{prefix}.drafts");
    for number in 0..drafts {
        let draft = support::draft(&format!("d-{number}"), 1, BYTES).to_string();
        let key = format!("cs-xian/d-{number}");
        let mut record = BaseRecord::to(&topic).key(&key).payload(&draft);
        while let Err((_, back)) = producer.send(record) {
            support::pause(5);
            record = back;
        }
    }
    producer.flush(support::PATIENCE).expect("delivers");
    let folder = tempfile::tempdir().expect("folder");
    let idle_mb = idle_mb(brokers, prefix, folder.path());
    let mut worker = start(brokers, prefix, folder.path());
    worker.wait_for_log("\"partitions\":12");
    let (begun, mut peak_mb) = (Instant::now(), idle_mb);
    while begun.elapsed() < BACKLOG_WATCHED && lag(brokers, &format!("{prefix}-screen"), &topic) > 0 {
        for _ in 0..20 {
            peak_mb = peak_mb.max(resident_mb(&worker));
            support::pause(50);
        }
    }
    eprintln!("backlog of {drafts}: idle {idle_mb:.0} MB, at most {peak_mb:.0} MB in {:.0} s", begun.elapsed().as_secs_f64());
    assert_eq!(worker.terminate().0, 0);
    peak_mb - idle_mb
}

/// How long a worker with a backlog is watched: its memory is at its largest within seconds.
const BACKLOG_WATCHED: Duration = Duration::from_secs(60);

fn start(brokers: &str, prefix: &str, folder: &std::path::Path) -> Server {
    let setup = Setup {
        config: config(brokers, prefix) + "[rules]\n",
        arguments: ["--role", "screen", "--from", "earliest"].map(str::to_owned).to_vec(),
        ..Setup::default()
    };
    Server::spawn(folder, &setup).unwrap_or_else(|(code, log)| panic!("ended with {code:?}:\n{log}"))
}

/// The size of a worker without work, on topics of its own.
fn idle_mb(brokers: &str, prefix: &str, folder: &std::path::Path) -> f64 {
    let idle = format!("{prefix}-idle");
    create_topics(brokers, &idle);
    let mut resting = start(brokers, &idle, folder);
    resting.wait_for_log("\"partitions\":12");
    support::pause(2_000);
    let idle_mb = resident_mb(&resting);
    resting.terminate();
    idle_mb
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn config(brokers: &str, prefix: &str) -> String {
    format!(
        "[kafka]\nbrokers = \"{brokers}\"\ntopic_prefix = \"{prefix}\"\ngroup = \"{prefix}-screen\"\ntopics_replication = 1\ntopics_min_insync = 1\n"
    )
}

fn create_topics(brokers: &str, prefix: &str) {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("x.toml");
    std::fs::write(&file, config(brokers, prefix)).expect("writes");
    let arguments = ["topics", "create", "--partitions", PARTITIONS, "--config"];
    let output = Command::new(env!("CARGO_BIN_EXE_xianshen")).args(arguments).arg(&file).output().expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// One process screens the backlog: seconds from its first partition to the last commit, seconds of CPU, and by how many
/// MB it grew over its idle size at most.
fn screened(brokers: &str, prefix: &str, drafts: usize) -> (f64, f64, f64) {
    let folder = tempfile::tempdir().expect("folder");
    let idle_mb = idle_mb(brokers, prefix, folder.path());
    let mut worker = start(brokers, prefix, folder.path());
    worker.wait_for_log("\"partitions\":12");
    let (begun, cpu_before) = (Instant::now(), cpu_seconds(&worker));
    let mut peak_mb = idle_mb;
    let processed = |worker: &Server| -> f64 {
        let text = worker.client().get("/metrics").text();
        let line = text.lines().find(|line| line.starts_with("xianshen_end_to_end_seconds_count")).expect("count");
        line.rsplit_once(' ').expect("value").1.parse().expect("number")
    };
    while processed(&worker) < drafts as f64 {
        peak_mb = peak_mb.max(resident_mb(&worker));
        support::pause(50);
    }
    let (seconds, cpu) = (begun.elapsed().as_secs_f64(), cpu_seconds(&worker) - cpu_before);
    assert_eq!(worker.terminate().0, 0);
    assert_eq!(lag(brokers, &format!("{prefix}-screen"), &format!("{prefix}.drafts")), 0);
    (seconds, cpu, peak_mb - idle_mb)
}

/// Consumes every draft and produces two records of the sizes that a verdict and an item have, to two topics, with as many
/// bytes of headers and the same settings of the client.
fn bare(brokers: &str, prefix: &str, drafts: usize) -> f64 {
    // Topics where nobody looks.
    let sink = format!("{prefix}-bare");
    create_topics(brokers, &sink);
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", format!("{prefix}-bare"))
        .set("enable.auto.offset.store", "true")
        .set("auto.commit.interval.ms", "1000")
        .set("auto.offset.reset", "earliest")
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("queued.min.messages", "2000")
        .set("queued.max.messages.kbytes", "2048")
        .set("fetch.queue.backoff.ms", "20")
        .set("fetch.wait.max.ms", "100")
        .set("fetch.message.max.bytes", "24576")
        .set("fetch.max.bytes", "1048576")
        .set("check.crcs", "true")
        .create()
        .expect("client");
    let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("enable.idempotence", "true")
        .set("linger.ms", "5")
        .set("compression.type", "lz4")
        .set("queue.buffering.max.messages", "50000")
        .set("queue.buffering.max.kbytes", "65536")
        .set("partitioner", "murmur2_random")
        .create()
        .expect("client");
    let topic = format!("{prefix}.drafts");
    let sinks = [(format!("{sink}.verdicts"), 4), (format!("{sink}.review.routine"), 1)];
    let names = [("verdict_id", 64), ("ruleset", 16), ("engine", 5), ("received_at", 13)];
    consumer.subscribe(&[&topic]).expect("subscribes");
    let (mut seen, mut begun) = (0, Instant::now());
    while seen < drafts {
        let Some(message) = consumer.poll(Duration::from_millis(100)) else { continue };
        let Ok(message) = message else { continue };
        if seen == 0 {
            begun = Instant::now();
        }
        let payload = message.payload().expect("payload");
        let key = message.key().expect("key");
        for (sink, part) in &sinks {
            let bytes = if *part == 1 { payload.len() + payload.len() / 4 } else { payload.len() / part };
            let text: Vec<u8> = payload.iter().cycle().take(bytes).copied().collect();
            let headers = names.iter().fold(OwnedHeaders::new_with_capacity(names.len()), |headers, (name, bytes)| {
                headers.insert(Header { key: name, value: payload.get(..*bytes) })
            });
            let mut record = BaseRecord::to(sink).key(key).payload(&text).headers(headers);
            while let Err((_, back)) = producer.send(record) {
                producer.poll(Duration::from_millis(1));
                record = back;
            }
        }
        seen += 1;
    }
    producer.flush(support::PATIENCE).expect("delivers");
    // An error here says that everything is committed already.
    drop(consumer.commit_consumer_state(CommitMode::Sync));
    begun.elapsed().as_secs_f64()
}

/// The broker compiles itself while it works: half a core for the first minute. It is watched after that …
const WARM_UP: Duration = Duration::from_secs(60);
/// … for this long.
const WATCHED: Duration = Duration::from_secs(30);

/// Milliseconds from the moment a draft is handed to its producer to the moment a reader has its verdict.
fn latencies(brokers: &str, per_second: f64) -> Vec<f64> {
    let prefix = "b-latency";
    create_topics(brokers, prefix);
    let folder = tempfile::tempdir().expect("folder");
    let mut worker = start(brokers, prefix, folder.path());
    worker.wait_until_ready();
    worker.wait_for_log("\"partitions\":12");
    let reader: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "latency")
        .set("auto.offset.reset", "earliest")
        .create()
        .expect("client");
    reader.subscribe(&[&format!("{prefix}.verdicts")]).expect("subscribes");
    while reader.assignment().is_ok_and(|list| list.count() == 0) {
        drop(reader.poll(Duration::from_millis(50)));
    }
    let load = Load::start(Ledger::new(brokers, prefix), per_second as u64, "l", BYTES);
    let (begun, mut times) = (Instant::now(), Vec::new());
    while begun.elapsed() < WARM_UP + WATCHED {
        let Some(Ok(message)) = reader.poll(Duration::from_millis(50)) else { continue };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("now").as_millis() as f64;
        let received = message.headers().and_then(|headers| headers.iter().find(|header| header.key == "received_at")?.value);
        let received: f64 = std::str::from_utf8(received.expect("header")).expect("text").parse().expect("ms");
        assert!(!matches!(message.timestamp(), Timestamp::NotAvailable));
        if begun.elapsed() > WARM_UP {
            times.push(now - received);
        }
    }
    let _ledger = load.finish();
    worker.terminate();
    assert!(
        times.len() as f64 > per_second * WATCHED.as_secs_f64() / 2.0,
        "{} verdicts at {per_second:.0}/s: it does not keep up",
        times.len()
    );
    times
}

fn resident_mb(worker: &Server) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", worker.process_id())).expect("status");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS");
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).expect("kB") / 1_024.0
}

/// Seconds of CPU that a process has used, from its ticks of a hundredth.
fn cpu_seconds(worker: &Server) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{}/stat", worker.process_id())).expect("stat");
    let fields: Vec<&str> = text.rsplit_once(')').expect("name").1.split_whitespace().collect();
    let ticks = |at: usize| fields[at].parse::<f64>().expect("ticks");
    (ticks(11) + ticks(12)) / 100.0
}
