//! Records out: handed over without waiting, tried again until the brokers have them, then told.
//! Must not know what a record holds or who waits for it.

use super::{Grounds, KafkaError, Options};
use crate::metrics::Metrics;
use crate::stream::{Stop, unpoisoned};
use rdkafka::ClientContext;
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer};
use std::collections::VecDeque;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Bytes of records in the client's queue.
const QUEUE_KBYTES_MAX: usize = 64 << 10;
const QUEUE_MESSAGES_MAX: usize = 50_000;
/// A record that a topic refuses is tried again after this long, doubling …
const RETRY_FIRST: Duration = Duration::from_millis(100);
/// … up to this long.
const RETRY_MAX: Duration = Duration::from_secs(2);
/// How often records that wait for another try are looked at.
const RETRY_TICK: Duration = Duration::from_millis(50);
/// How often a wait for records on their way looks whether it should end.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// One record to produce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    pub topic: Arc<str>,
    /// Absent: by the key.
    pub partition: Option<i32>,
    pub key: Vec<u8>,
    pub payload: Vec<u8>,
    pub headers: Vec<(&'static str, Vec<u8>)>,
}

/// The brokers refuse this very record, however often it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge;

/// Called once, when the record is on the brokers that must have it, or can never be. Must not block.
pub type Done = Box<dyn FnOnce(Result<(), TooLarge>) + Send + Sync>;

/// What became of records that were sent together.
#[derive(Debug, Default)]
pub struct Sent {
    /// Those that the brokers have.
    pub arrived: Vec<i64>,
    /// One that its topic never takes; others may be too large as well.
    pub too_large: Option<i64>,
}

/// A record on its way. Public because the client's callback names it.
pub struct Shipment {
    output: Arc<Output>,
    attempts: u32,
    done: Done,
}

/// What the client calls back.
pub struct Deliveries {
    waiting: Arc<Mutex<VecDeque<(Instant, Shipment)>>>,
    metrics: Arc<Metrics>,
    dlq: Arc<str>,
    grounds: Grounds,
}

/// The producer. Clones share one client.
#[derive(Clone)]
pub struct Producer {
    client: Arc<ThreadedProducer<Deliveries>>,
    waiting: Arc<Mutex<VecDeque<(Instant, Shipment)>>>,
    closed: Arc<Stop>,
}

impl ClientContext for Deliveries {
    fn log(&self, level: rdkafka::config::RDKafkaLogLevel, facility: &str, message: &str) {
        super::consumer::log(level, facility, message);
    }

    fn error(&self, error: ClientError, reason: &str) {
        tracing::warn!(%error, reason, "The Kafka producer reports an error.");
        self.grounds.note(&error, reason);
    }

    fn stats(&self, statistics: rdkafka::Statistics) {
        self.metrics.producer_queue_messages.set(statistics.msg_cnt as f64);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<Shipment>;

    fn delivery(&self, result: &DeliveryResult<'_>, shipment: Box<Shipment>) {
        match result {
            Ok(_) => (shipment.done)(Ok(())),
            Err((error, message)) => self.refused(*shipment, error, message.payload_len()),
        }
    }
}

impl Deliveries {
    fn refused(&self, mut shipment: Shipment, error: &ClientError, bytes: usize) {
        let code = error.rdkafka_error_code();
        let label = code.map_or_else(|| "other".to_owned(), |code| format!("{code:?}"));
        self.metrics.producer_delivery_errors_total.with_label_values(&[&label]).inc();
        if is_too_large(code) {
            tracing::error!(topic = %shipment.output.topic, bytes, "A record is larger than its topic takes.");
            return (shipment.done)(Err(TooLarge));
        }
        if shipment.output.topic == self.dlq {
            self.metrics.dlq_write_failures_total.inc();
        }
        let wait = RETRY_FIRST.saturating_mul(1 << shipment.attempts.min(8)).min(RETRY_MAX);
        if shipment.attempts == 0 {
            tracing::warn!(topic = %shipment.output.topic, %error, "A record was not taken; it is sent again until it is.");
        }
        shipment.attempts += 1;
        unpoisoned(self.waiting.lock()).push_back((Instant::now() + wait, shipment));
    }
}

fn is_too_large(code: Option<RDKafkaErrorCode>) -> bool {
    matches!(code, Some(RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidMessageSize | RDKafkaErrorCode::InvalidRecord))
}

impl Producer {
    /// Sets the client up; brokers need not answer yet.
    pub fn new(options: &Options, client_id: &str, metrics: Arc<Metrics>) -> Result<Self, KafkaError> {
        let waiting = Arc::<Mutex<VecDeque<_>>>::default();
        let context = Deliveries { waiting: Arc::clone(&waiting), metrics, dlq: options.topic_dlq(), grounds: Grounds::default() };
        let mut config = options.client(client_id)?;
        config
            .set("enable.idempotence", "true")
            .set("linger.ms", "5")
            .set("compression.type", options.compression.as_str())
            .set("message.timeout.ms", "120000")
            .set("queue.buffering.max.messages", QUEUE_MESSAGES_MAX.to_string())
            .set("queue.buffering.max.kbytes", QUEUE_KBYTES_MAX.to_string())
            .set("message.max.bytes", options.topics.record_bytes_max(options.record_bytes_max).to_string())
            .set("partitioner", "murmur2_random")
            .set("statistics.interval.ms", "2000");
        let client: ThreadedProducer<Deliveries> =
            config.create_with_context(context).map_err(|error| KafkaError::Client(error.to_string()))?;
        let producer = Self { client: Arc::new(client), waiting, closed: Arc::default() };
        let again = producer.clone();
        std::thread::Builder::new()
            .name("kafka-retry".into())
            .spawn(move || {
                while !again.closed.rest(RETRY_TICK) {
                    again.send_waiting();
                }
            })
            .map_err(|error| KafkaError::Client(error.to_string()))?;
        Ok(producer)
    }

    /// Hands a record over; returns at once. While the brokers do not take it, it is sent again and again.
    pub fn send(&self, output: Output, done: Done) {
        self.ship(Shipment { output: Arc::new(output), attempts: 0, done });
    }

    /// Sends records, each under a number of the caller's, and waits until the brokers have them; comes back early when
    /// told to stop. Blocks.
    pub fn send_all(&self, outputs: impl IntoIterator<Item = (i64, Output)>, is_stopping: impl Fn() -> bool) -> Sent {
        let (told, outcomes) = mpsc::channel();
        let mut waiting = 0;
        for (number, output) in outputs {
            let told = told.clone();
            let done = move |sent| {
                // Nobody waits any more after a stop.
                let _nobody = told.send((number, sent));
            };
            self.send(output, Box::new(done));
            waiting += 1;
        }
        let mut sent = Sent::default();
        while waiting > 0 {
            match outcomes.recv_timeout(LOOK_AGAIN) {
                Ok((number, Ok(()))) => sent.arrived.push(number),
                Ok((number, Err(TooLarge))) => sent.too_large = Some(number),
                Err(mpsc::RecvTimeoutError::Timeout) if !is_stopping() => continue,
                Err(_) => break,
            }
            waiting -= 1;
        }
        sent
    }

    fn ship(&self, shipment: Shipment) {
        let output = Arc::clone(&shipment.output);
        let Output { topic, partition, key, payload, headers } = &*output;
        let mut owned = OwnedHeaders::new_with_capacity(headers.len());
        for (name, value) in headers {
            owned = owned.insert(Header { key: name, value: Some(value) });
        }
        let mut record = BaseRecord::with_opaque_to(topic, Box::new(shipment)).payload(payload).headers(owned);
        if !key.is_empty() {
            record = record.key(key);
        }
        if let Some(partition) = partition {
            record = record.partition(*partition);
        }
        if let Err((error, record)) = self.client.send(record) {
            let shipment = *record.delivery_opaque;
            let context = self.client.context();
            match error.rdkafka_error_code() {
                // The client's own queue: there is room again as soon as others are delivered.
                Some(RDKafkaErrorCode::QueueFull) => unpoisoned(self.waiting.lock()).push_back((Instant::now(), shipment)),
                _ => context.refused(shipment, &error, payload.len()),
            }
        }
    }

    fn send_waiting(&self) {
        let now = Instant::now();
        let due: Vec<Shipment> = {
            let mut waiting = unpoisoned(self.waiting.lock());
            let all = std::mem::take(&mut *waiting);
            let (due, later): (VecDeque<_>, VecDeque<_>) = all.into_iter().partition(|(at, _)| *at <= now);
            *waiting = later;
            due.into_iter().map(|(_, shipment)| shipment).collect()
        };
        for shipment in due {
            self.ship(shipment);
        }
    }

    /// How many partitions a topic has.
    pub fn partitions(&self, topic: &str, at_most: Duration) -> Result<i32, KafkaError> {
        let metadata = self.client.context().grounds.metadata(self.client.client(), Some(topic), at_most)?;
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        match found.map(|topic| topic.partitions().len()) {
            Some(count) if count > 0 => Ok(i32::try_from(count).unwrap_or(i32::MAX)),
            _ => Err(KafkaError::Refused(format!("主题 {topic} 不存在；先运行 xianshen topics create / the topic does not exist"))),
        }
    }

    /// Why nothing more can be sent by this client; a new process begins anew.
    pub fn fatal(&self) -> Option<KafkaError> {
        self.client.client().fatal_error().map(|(code, reason)| KafkaError::Client(format!("{code:?}: {reason}")))
    }

    /// Waits for what is on its way, then sends nothing any more.
    pub fn close(&self, at_most: Duration) {
        if let Err(error) = self.client.flush(at_most) {
            tracing::warn!(%error, "Records were still on their way to Kafka at the stop; what they belong to is done again.");
        }
        self.closed.set();
    }
}
