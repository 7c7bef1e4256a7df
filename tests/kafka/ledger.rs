//! What was sent, written down before it is sent; and what came of it, read from the topics. Must not use the crate:
//! what is checked is what other programs see.

use crate::support;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Headers, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::util::Timeout;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A record as a stranger reads it.
#[derive(Debug, Clone)]
pub struct Read {
    pub partition: i32,
    pub key: String,
    pub payload: Vec<u8>,
    pub headers: BTreeMap<String, String>,
}

impl Read {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.payload).expect("JSON")
    }
}

/// Clients of the tests give a broker that hangs up after so many milliseconds: sooner than the process that is tested, or
/// they would be what stands still.
pub const OWN_ANSWER_MS_MAX: &str = "3000";

fn client(brokers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("allow.auto.create.topics", "false");
    config
}

/// Everything that a topic holds now.
pub fn read_all(brokers: &str, topic: &str) -> Vec<Read> {
    let consumer: BaseConsumer = client(brokers)
        .set("group.id", "reader")
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "earliest")
        .set("fetch.message.max.bytes", "33554432")
        .create()
        .expect("client");
    let wait = Duration::from_secs(20);
    let metadata = consumer.fetch_metadata(Some(topic), wait).expect("metadata");
    let partitions: Vec<i32> = metadata.topics()[0].partitions().iter().map(|partition| partition.id()).collect();
    let mut ends = BTreeMap::new();
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        let (low, high) = consumer.fetch_watermarks(topic, partition, wait).expect("offsets");
        if high > low {
            ends.insert(partition, high);
            list.add_partition_offset(topic, partition, Offset::Offset(low)).expect("offset");
        }
    }
    consumer.assign(&list).expect("assigns");
    let mut read = Vec::new();
    let deadline = Instant::now() + support::PATIENCE;
    while !ends.is_empty() {
        assert!(Instant::now() < deadline, "{topic} cannot be read to its end: {ends:?}");
        let Some(message) = consumer.poll(Duration::from_millis(200)) else { continue };
        let Ok(message) = message else { continue };
        if ends.get(&message.partition()).is_some_and(|end| message.offset() + 1 >= *end) {
            ends.remove(&message.partition());
        }
        let headers = message.headers().map(|headers| {
            headers.iter().map(|h| (h.key.to_owned(), String::from_utf8_lossy(h.value.unwrap_or_default()).into_owned())).collect()
        });
        read.push(Read {
            partition: message.partition(),
            key: String::from_utf8_lossy(message.key().unwrap_or_default()).into_owned(),
            payload: message.payload().unwrap_or_default().to_vec(),
            headers: headers.unwrap_or_default(),
        });
    }
    read
}

/// Records of a topic that a group has not committed, in all partitions; those never committed count whole.
pub fn lag(brokers: &str, group: &str, topic: &str) -> i64 {
    let consumer: BaseConsumer = client(brokers).set("group.id", group).create().expect("client");
    let wait = Duration::from_secs(20);
    let metadata = consumer.fetch_metadata(Some(topic), wait).expect("metadata");
    let mut list = TopicPartitionList::new();
    for partition in metadata.topics()[0].partitions() {
        list.add_partition(topic, partition.id());
    }
    let Ok(committed) = consumer.committed_offsets(list, wait) else { return i64::MAX };
    let mut lag = 0;
    for element in committed.elements() {
        let (low, high) = consumer.fetch_watermarks(topic, element.partition(), wait).expect("offsets");
        lag += high - element.offset().to_raw().filter(|offset| *offset >= 0).unwrap_or(low);
    }
    lag
}

/// Waits until a group has committed everything of a topic.
pub fn wait_for_no_lag(brokers: &str, group: &str, topic: &str) {
    let mut last = 0;
    support::eventually(&format!("no lag of {group}"), || {
        support::pause(200);
        last = lag(brokers, group, topic);
        (last == 0).then_some(())
    });
}

#[derive(Default)]
struct Acks {
    acknowledged: Mutex<BTreeMap<String, String>>,
    refused: AtomicU64,
}

struct Report(Arc<Acks>);

impl rdkafka::ClientContext for Report {}

impl ProducerContext for Report {
    type DeliveryOpaque = Box<(String, String)>;

    fn delivery(&self, result: &DeliveryResult<'_>, item: Self::DeliveryOpaque) {
        match result {
            Ok(_) if item.0.is_empty() => {}
            Ok(_) => drop(self.0.acknowledged.lock().expect("lock").insert(item.0, item.1)),
            Err(_) => drop(self.0.refused.fetch_add(1, Ordering::Relaxed)),
        }
    }
}

/// Sends drafts and writes down what was sent and what the brokers have acknowledged.
pub struct Ledger {
    producer: BaseProducer<Report>,
    acks: Arc<Acks>,
    topic: String,
    sent: BTreeSet<String>,
}

impl Ledger {
    pub fn new(brokers: &str, prefix: &str) -> Self {
        let acks = Arc::<Acks>::default();
        let producer = client(brokers)
            .set("enable.idempotence", "true")
            .set("linger.ms", "5")
            .set("message.max.bytes", "33554432")
            .set("socket.timeout.ms", OWN_ANSWER_MS_MAX)
            .set("topic.metadata.refresh.interval.ms", "1000")
            .set("partitioner", "murmur2_random")
            .create_with_context(Report(Arc::clone(&acks)))
            .expect("client");
        Self { producer, acks, topic: format!("{prefix}.drafts"), sent: BTreeSet::new() }
    }

    /// Sends bytes as they are; they are not in the ledger.
    pub fn send_raw(&self, key: Option<&[u8]>, payload: Option<&[u8]>) {
        let item = Box::new((String::new(), String::new()));
        let mut record = BaseRecord::with_opaque_to(&self.topic, item);
        if let Some(key) = key {
            record = record.key(key);
        }
        if let Some(payload) = payload {
            record = record.payload(payload);
        }
        self.producer.send(record).map_err(|(error, _)| error).expect("takes");
        self.producer.poll(Duration::ZERO);
    }

    pub fn send(&mut self, draft: &Value) {
        let (unit, id) = (draft["unit"].as_str().expect("unit"), draft["id"].as_str().expect("id"));
        let name = format!("{unit}/{id}/{}", draft["revision"]);
        let payload = draft.to_string();
        let key = format!("{unit}/{id}");
        self.sent.insert(name.clone());
        let mut record = BaseRecord::with_opaque_to(&self.topic, Box::new((name, payload.clone()))).key(&key).payload(&payload);
        while let Err((_, back)) = self.producer.send(record) {
            // Its queue is full: as many as are on their way.
            self.producer.poll(Duration::from_millis(10));
            record = back;
        }
        self.producer.poll(Duration::ZERO);
    }

    pub fn flush(&self) {
        self.producer.flush(Timeout::After(support::PATIENCE)).expect("delivers");
    }
}

/// Sends at a steady rate from a thread of its own until told to stop.
pub struct Load {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    thread: std::thread::JoinHandle<Ledger>,
}

impl Load {
    /// So many drafts a second of about `bytes` each, with ids that begin with `prefix`.
    pub fn start(mut ledger: Ledger, per_second: u64, ids: &str, bytes: usize) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let sent = Arc::<AtomicU64>::default();
        let (told, count, ids) = (Arc::clone(&stop), Arc::clone(&sent), ids.to_owned());
        let thread = std::thread::spawn(move || {
            let begun = Instant::now();
            let mut number = 0;
            while !told.load(Ordering::Relaxed) {
                while number < begun.elapsed().as_millis() as u64 * per_second / 1_000 {
                    // Every tenth is a second revision of the one before.
                    let (id, revision) = if number % 10 == 9 { (number - 1, 2) } else { (number, 1) };
                    ledger.send(&support::draft(&format!("{ids}-{id}"), revision, bytes));
                    number += 1;
                    count.store(number, Ordering::Relaxed);
                }
                // Less than a millisecond to wait is none to the client: it would turn round and round.
                support::pause(1);
                ledger.producer.poll(Duration::ZERO);
            }
            ledger.flush();
            ledger
        });
        Self { stop, sent, thread }
    }

    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub fn finish(self) -> Ledger {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the load")
    }
}

/// What became of a ledger.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Findings {
    pub acknowledged: usize,
    /// Acknowledged, and no verdict.
    pub lost: usize,
    /// Acknowledged, and no item for a reviewer.
    pub unseen: usize,
    /// Of those, how many stand among the dead letters as they came, with an item that says so: nothing is lost.
    pub set_aside: usize,
    /// Verdicts that are there more than once.
    pub duplicates: usize,
    /// Of those, not byte for byte the same.
    pub conflicts: usize,
    /// Verdicts on what was never sent.
    pub phantoms: usize,
    /// Verdicts of an item that stand before those of an older revision.
    pub inversions: usize,
}

impl Findings {
    pub fn is_sound(&self) -> bool {
        self.lost + self.unseen + self.conflicts + self.phantoms == 0
    }
}

/// Compares the ledger with the topics of verdicts, of reviewers and of dead letters.
pub fn check(brokers: &str, prefix: &str, ledger: &Ledger) -> Findings {
    let acknowledged = ledger.acks.acknowledged.lock().expect("lock").clone();
    let mut findings = Findings { acknowledged: acknowledged.len(), ..Findings::default() };
    let mut verdicts: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut highest: BTreeMap<String, (u64, i32)> = BTreeMap::new();
    for record in read_all(brokers, &format!("{prefix}.verdicts")) {
        let (item, revision) = record.key.rsplit_once('/').expect("unit/id/revision");
        let revision: u64 = revision.parse().expect("a revision");
        let first_time = !verdicts.contains_key(&record.key);
        if let Some((last, partition)) = highest.get(item)
            && first_time
            && (revision < *last || *partition != record.partition)
        {
            findings.inversions += 1;
        }
        let last = highest.entry(item.to_owned()).or_insert((0, record.partition));
        last.0 = last.0.max(revision);
        match verdicts.get(&record.key) {
            Some(first) => {
                findings.duplicates += 1;
                findings.conflicts += usize::from(*first != record.payload);
            }
            None => {
                findings.phantoms += usize::from(!ledger.sent.contains(&record.key));
                verdicts.insert(record.key, record.payload);
            }
        }
    }
    let (mut seen, mut stand_ins) = (BTreeSet::new(), BTreeSet::new());
    for queue in QUEUES {
        for record in read_all(brokers, &format!("{prefix}.review.{queue}")) {
            let item = record.json();
            let verdict = &item["verdict"];
            assert_eq!(verdict["queue"], *queue);
            let key =
                format!("{}/{}/{}", verdict["unit"].as_str().expect("unit"), verdict["id"].as_str().expect("id"), verdict["revision"]);
            // What stands for a record that cannot be read has no verdict of its own. An item whose verdict is missing says
            // nothing wrong: that is counted among the lost, unless the draft is set aside.
            let stands_in = verdict["undetermined"]["reason"] == "unreadable";
            let is_right = match verdicts.get(&key) {
                Some(bytes) => serde_json::from_slice::<Value>(bytes).is_ok_and(|topic| topic == *verdict),
                None => ledger.sent.contains(&key),
            };
            findings.conflicts += usize::from(!is_right && !stands_in);
            match stands_in {
                true => drop(stand_ins.insert(verdict["id"].as_str().expect("id").to_owned())),
                false => drop(seen.insert(key)),
            }
        }
    }
    let mut set_aside = BTreeSet::new();
    for letter in read_all(brokers, &format!("{prefix}.dlq")) {
        let stand_in = format!("unreadable-{}-{}", letter.headers["original_partition"], letter.headers["original_offset"]);
        let Ok(draft) = serde_json::from_slice::<Value>(&letter.payload) else { continue };
        let name = format!("{}/{}", letter.key, draft["revision"]);
        if acknowledged.get(&name).is_some_and(|sent| sent.as_bytes() == letter.payload) && stand_ins.contains(&stand_in) {
            set_aside.insert(name);
        }
    }
    let missing = |there: &dyn Fn(&String) -> bool| acknowledged.keys().filter(|key| !there(key) && !set_aside.contains(*key)).count();
    findings.lost = missing(&|key| verdicts.contains_key(key));
    findings.unseen = missing(&|key| seen.contains(key));
    findings.set_aside = set_aside.len();
    findings
}

/// Compares the ledger with the store of the reviewers, which no process uses any more: every draft that was acknowledged
/// stands there once, with one verdict, the bytes of the topic. Returns what is wrong.
pub fn check_store(brokers: &str, prefix: &str, ledger: &Ledger, data: &std::path::Path) -> Vec<String> {
    let mut verdicts: BTreeMap<String, Vec<u8>> =
        read_all(brokers, &format!("{prefix}.verdicts")).into_iter().map(|read| (read.key, read.payload)).collect();
    let file = rusqlite::Connection::open(data.join("xianshen.db")).expect("opens");
    let count = |sql: &str| file.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("counts");
    let mut wrong = Vec::new();
    for (what, sql) in [
        ("given twice", "SELECT count(*) FROM past_verdict"),
        ("there twice", "SELECT count(*) FROM (SELECT 1 FROM revision GROUP BY unit, id, revision HAVING count(*) > 1)"),
        ("without a verdict", "SELECT count(*) FROM revision r LEFT JOIN verdict v ON v.seq = r.seq WHERE v.seq IS NULL"),
    ] {
        if count(sql) > 0 {
            wrong.push(format!("store: {} {what}", count(sql)));
        }
    }
    let mut all =
        file.prepare("SELECT r.unit, r.id, r.revision, v.verdict FROM revision r JOIN verdict v ON v.seq = r.seq").expect("prepares");
    let rows = all.query_map([], |row| {
        let name = format!("{}/{}/{}", row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?);
        Ok((name, row.get::<_, Vec<u8>>(3)?))
    });
    let (mut stored, mut differ) = (BTreeSet::new(), 0);
    for (name, verdict) in rows.expect("reads").map(|row| row.expect("a row")) {
        differ += usize::from(verdicts.remove(&name).is_some_and(|topic| topic != verdict));
        stored.insert(name);
    }
    let missing = ledger.acks.acknowledged.lock().expect("lock").keys().filter(|name| !stored.contains(*name)).count();
    if missing + differ > 0 {
        wrong.push(format!("store: {missing} missing, {differ} other than in the topic"));
    }
    wrong
}

pub const QUEUES: &[&str] =
    &["secrecy", "major", "privacy", "ad", "source", "wording", "routine", "comment_urgent", "comment_block", "comment"];
