//! Records in: one thread that fetches and is never blocked, a group that is left in order, offsets that are stored only
//! as far as everything before them is durable. Must not know drafts, verdicts or where their effects go.

use super::health::Health;
use super::lanes::{Bounds, Lanes, Partition, Release, Ticket};
use super::record::Record;
use super::{From, KafkaError, Options};
use crate::metrics::Metrics;
use crate::stream::{Stop, now_ms};
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError as ClientError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaRespErr;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Partitions that leave us may finish what is under way for this long, a third of the session at most.
const DRAIN_ON_REVOKE_MAX: Duration = Duration::from_secs(5);
/// One wait for records; also how often the rest of the loop gets its turn.
const POLL: Duration = Duration::from_millis(100);
/// Bounds are looked at after so many records at the latest.
const RECORDS_PER_LOOK: usize = 32;
/// After so many finished records their offsets are committed, sooner than by the clock: a process that is killed repeats
/// what is under way and little more.
const RECORDS_PER_COMMIT: usize = 256;
/// Bytes of one answer of a broker, compressed as they may be: unpacked they can be many times as many. A larger record
/// comes all the same, alone.
const FETCH_BYTES: usize = 1 << 20;
/// Of those, bytes of one partition; packed text can be twenty times as much unpacked.
const FETCH_PARTITION_BYTES: usize = 24 << 10;
/// With enough under way, the next poll waits for so long before partitions are paused.
const ROOM_MAX: Duration = Duration::from_millis(400);
/// How long the brokers may take to answer a question of ours.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// How long it may take to learn where partitions begin: while a coordinator moves, nobody can say. Less than the time in
/// which the group expects another poll; signs of life go on meanwhile.
const PLACE_MAX: Duration = Duration::from_secs(240);
/// How often it is asked how much waits in every partition …
const LAG_EVERY: Duration = Duration::from_secs(5);
/// … and how long each answer may take.
const LAG_ANSWER_MAX: Duration = Duration::from_secs(2);
/// At the stop, what is under way may take this long …
const DRAIN_AT_STOP: Duration = Duration::from_secs(3);
/// … and leaving the group this long.
const LEAVE_MAX: Duration = Duration::from_secs(2);
/// A name that is asked for when only an answer is wanted, not the list of all topics.
const UNKNOWN_TOPIC: &str = "xianshen-is-anybody-there";
/// Most headers of a record that are looked at.
const HEADERS_MAX: usize = 64;
const STATISTICS_MS: u64 = 2_000;
/// How long a pause between two polls is shown, at least.
const GAPS_KEPT: Duration = Duration::from_secs(60);

/// What the client calls back. Every callback runs on the thread that polls.
pub struct Context<T> {
    lanes: Arc<Lanes<T>>,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    from: Option<From>,
    drain_on_revoke: Duration,
    stop: Arc<Stop>,
}

impl<T: Send + 'static> ClientContext for Context<T> {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: ClientError, reason: &str) {
        tracing::warn!(%error, reason, "The Kafka consumer reports an error.");
    }

    fn stats(&self, statistics: rdkafka::Statistics) {
        // A broker that hangs keeps its connection: only answers count, and a member of a group gets some all the time.
        self.health.answered(statistics.rx);
    }
}

/// The client's own log lines, in ours. They name brokers, groups and topics, never records or passwords.
pub fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
            tracing::error!(facility, message, "Kafka client");
        }
        RDKafkaLogLevel::Warning => tracing::warn!(facility, message, "Kafka client"),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => tracing::info!(facility, message, "Kafka client"),
        RDKafkaLogLevel::Debug => tracing::debug!(facility, message, "Kafka client"),
    }
}

fn partitions_of(list: &TopicPartitionList) -> Vec<Partition> {
    list.elements().iter().map(|element| Partition { topic: element.topic().into(), number: element.partition() }).collect()
}

impl<T: Send + 'static> ConsumerContext for Context<T> {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, code: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let partitions = partitions_of(list);
        let outcome = match code {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => {
                self.metrics.kafka_rebalances_total.with_label_values(&["assigned"]).inc();
                if let Err(error) = self.place_patiently(consumer, list) {
                    tracing::error!(%error, "Consumption cannot begin.");
                    self.health.fail(error);
                }
                self.lanes.open(partitions);
                consumer.incremental_assign(list)
            }
            _ => {
                let lost = consumer.assignment_lost();
                self.metrics.kafka_rebalances_total.with_label_values(&[if lost { "lost" } else { "revoked" }]).inc();
                // Drain first, fence second: what is finished by then is committed and is not done again elsewhere.
                let begun = Instant::now();
                if !lost && !partitions.is_empty() {
                    // At the stop everything was drained already, or never will be.
                    if !self.stop.is_set() {
                        self.lanes.drain(Some(&partitions), self.drain_on_revoke);
                    }
                    commit(consumer, &self.metrics);
                }
                let cut = self.lanes.fence(&partitions);
                // The client keeps a pause for when a partition comes back, and nobody would end it then.
                if let Err(error) = consumer.resume(list) {
                    tracing::warn!(%error, "Partitions could not be resumed before they left.");
                }
                self.metrics.kafka_rebalance_drain_seconds.observe(begun.elapsed().as_secs_f64());
                if cut > 0 {
                    tracing::warn!(
                        records = cut,
                        lost,
                        "Records were under way when their partitions left; they are done again elsewhere."
                    );
                }
                self.metrics.kafka_stopped_partitions.set(self.health.left(&partitions) as f64);
                partitions.iter().for_each(|partition| self.metrics.forget_lag(&partition.topic, partition.number));
                consumer.incremental_unassign(list)
            }
        };
        if let Err(error) = outcome {
            tracing::error!(%error, "A rebalance could not be carried out.");
            self.health.fail(KafkaError::Client(error.to_string()));
        }
        let assigned = consumer.assignment().map_or(0, |list| list.count());
        tracing::info!(partitions = assigned, "The group has shared the partitions out anew.");
    }

    fn commit_callback(&self, result: KafkaResult<()>, _offsets: &TopicPartitionList) {
        if let Err(error) = result {
            note_commit_failure(&self.metrics, &error);
        }
    }

    fn main_queue_min_poll_interval(&self) -> rdkafka::util::Timeout {
        rdkafka::util::Timeout::After(POLL)
    }
}

fn note_commit_failure(metrics: &Metrics, error: &ClientError) {
    let code = error.rdkafka_error_code();
    if code == Some(RDKafkaErrorCode::NoOffset) {
        // Nothing was stored since the last commit.
        return;
    }
    let label = code.map_or_else(|| "other".to_owned(), |code| format!("{code:?}"));
    metrics.kafka_commit_failures_total.with_label_values(&[&label]).inc();
    tracing::warn!(%error, "Offsets could not be committed; the next commit carries them.");
}

/// Commits what is stored, and waits for the answer.
fn commit<C: ConsumerContext>(consumer: &BaseConsumer<C>, metrics: &Metrics) {
    if let Err(error) = consumer.commit_consumer_state(CommitMode::Sync) {
        note_commit_failure(metrics, &error);
    }
}

impl<T: Send + 'static> Context<T> {
    /// As `place`, again and again while the brokers do not answer: the leaders of new topics are not known at once.
    fn place_patiently(&self, consumer: &BaseConsumer<Self>, list: &mut TopicPartitionList) -> Result<(), KafkaError> {
        let deadline = Instant::now() + PLACE_MAX;
        loop {
            match self.place(consumer, list) {
                Err(KafkaError::Unreachable(reason)) if Instant::now() < deadline && !self.stop.rest(POLL) => {
                    self.health.unanswered();
                    tracing::warn!(%reason, "The brokers do not say yet where partitions begin; they are asked again.");
                }
                outcome => return outcome,
            }
        }
    }

    /// Decides where partitions begin that have no committed offset, and commits that at once: a start "from the latest"
    /// must not begin later after a crash.
    fn place(&self, consumer: &BaseConsumer<Self>, list: &mut TopicPartitionList) -> Result<(), KafkaError> {
        let unreachable = |error: ClientError| KafkaError::Unreachable(error.to_string());
        if list.count() == 0 {
            return Ok(());
        }
        let committed = consumer.committed_offsets(list.clone(), ANSWER_MAX).map_err(unreachable)?;
        let missing: Vec<(String, i32)> = committed
            .elements()
            .iter()
            .filter(|element| !matches!(element.offset(), Offset::Offset(_)))
            .map(|element| (element.topic().to_owned(), element.partition()))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let mut begin = TopicPartitionList::new();
        for (topic, partition) in &missing {
            let from = match self.from {
                // The group has been at this topic before: the partition is new, or its offset has expired.
                _ if self.knows_topic(consumer, topic)? => From::Earliest,
                Some(from) => from,
                None => {
                    return Err(KafkaError::Refused(format!(
                        "消费组在主题 {topic} 上没有已提交的偏移，不知从哪里开始：首次启动请加 --from earliest（或 latest、时刻）/ \
                         the group has committed nothing here yet: start it once with --from earliest, latest or a moment"
                    )));
                }
            };
            let offset = start_of(consumer, topic, *partition, from)?;
            tracing::info!(%topic, partition, offset, "A partition without a committed offset begins here.");
            begin.add_partition_offset(topic, *partition, Offset::Offset(offset)).map_err(|error| KafkaError::Client(error.to_string()))?;
            list.set_partition_offset(topic, *partition, Offset::Offset(offset)).map_err(|error| KafkaError::Client(error.to_string()))?;
        }
        consumer.commit(&begin, CommitMode::Sync).map_err(unreachable)
    }

    /// Whether the group has committed an offset for any partition of a topic.
    fn knows_topic(&self, consumer: &BaseConsumer<Self>, topic: &str) -> Result<bool, KafkaError> {
        let unreachable = |error: ClientError| KafkaError::Unreachable(error.to_string());
        let metadata = consumer.fetch_metadata(Some(topic), ANSWER_MAX).map_err(unreachable)?;
        let mut all = TopicPartitionList::new();
        for found in metadata.topics() {
            for partition in found.partitions() {
                all.add_partition(found.name(), partition.id());
            }
        }
        let committed = consumer.committed_offsets(all, ANSWER_MAX).map_err(unreachable)?;
        Ok(committed.elements().iter().any(|element| matches!(element.offset(), Offset::Offset(_))))
    }
}

fn start_of<C: ConsumerContext>(consumer: &BaseConsumer<C>, topic: &str, partition: i32, from: From) -> Result<i64, KafkaError> {
    let unreachable = |error: ClientError| KafkaError::Unreachable(error.to_string());
    let (low, high) = consumer.fetch_watermarks(topic, partition, ANSWER_MAX).map_err(unreachable)?;
    match from {
        From::Earliest => Ok(low),
        From::Latest => Ok(high),
        From::Timestamp(ms) => {
            let mut asked = TopicPartitionList::new();
            asked.add_partition_offset(topic, partition, Offset::Offset(ms)).map_err(|error| KafkaError::Client(error.to_string()))?;
            let found = consumer.offsets_for_times(asked, ANSWER_MAX).map_err(unreachable)?;
            Ok(found.elements().first().and_then(|element| element.offset().to_raw()).filter(|offset| *offset >= 0).unwrap_or(high))
        }
    }
}

/// A consumer and what it has under way. `T` is what a record comes to before it is let go (see [`Lanes`]).
pub struct Source<T: Send + 'static> {
    consumer: BaseConsumer<Context<T>>,
    lanes: Arc<Lanes<T>>,
    metrics: Arc<Metrics>,
    pub health: Arc<Health>,
    /// Told to stop fetching; what is under way goes on.
    stop: Arc<Stop>,
    /// Records finished since offsets were committed last.
    uncommitted: AtomicUsize,
}

impl<T: Send + 'static> Source<T> {
    /// Joins the group; partitions come once [`Source::run`] polls.
    pub fn new(options: &Options, group: &str, client_id: &str, topics: &[Arc<str>], metrics: Arc<Metrics>) -> Result<Self, KafkaError> {
        let bounds = Bounds { items_max: options.in_flight_items_max, bytes_max: options.in_flight_bytes_max };
        let lanes = Arc::new(Lanes::new(bounds));
        let health = Arc::<Health>::default();
        let stop = Arc::<Stop>::default();
        let drain_on_revoke = DRAIN_ON_REVOKE_MAX.min(Duration::from_millis(options.session_ms / 3));
        let context = Context {
            lanes: Arc::clone(&lanes),
            metrics: Arc::clone(&metrics),
            health: Arc::clone(&health),
            from: options.from,
            drain_on_revoke,
            stop: Arc::clone(&stop),
        };
        let record_bytes = options.topics.record_bytes_max(options.record_bytes_max);
        let mut config = options.client(client_id)?;
        config
            .set("group.id", group)
            .set("enable.auto.offset.store", "false")
            .set("enable.auto.commit", "true")
            .set("auto.commit.interval.ms", "1000")
            .set("auto.offset.reset", "error")
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", options.session_ms.to_string())
            .set("heartbeat.interval.ms", (options.session_ms / 10).to_string())
            .set("max.poll.interval.ms", "300000")
            .set("queued.min.messages", "2000")
            .set("queued.max.messages.kbytes", "2048")
            .set("fetch.queue.backoff.ms", "20")
            .set("fetch.wait.max.ms", "100")
            .set("fetch.message.max.bytes", FETCH_PARTITION_BYTES.to_string())
            .set("fetch.max.bytes", FETCH_BYTES.to_string())
            .set("receive.message.max.bytes", (record_bytes.max(FETCH_BYTES) + (1 << 20)).to_string())
            .set("check.crcs", "true")
            .set("statistics.interval.ms", STATISTICS_MS.to_string());
        let consumer: BaseConsumer<Context<T>> =
            config.create_with_context(context).map_err(|error| KafkaError::Client(error.to_string()))?;
        let names: Vec<&str> = topics.iter().map(|topic| &**topic).collect();
        consumer.subscribe(&names).map_err(|error| KafkaError::Client(error.to_string()))?;
        Ok(Self { consumer, lanes, metrics, health, stop, uncommitted: AtomicUsize::new(0) })
    }

    /// Hands in what a record comes to; see [`Lanes::ready`].
    pub fn ready(&self, ticket: &Ticket, outputs: T, release: impl FnMut(Ticket, T) -> Release<T>) {
        self.lanes.ready(ticket, outputs, release);
    }

    /// Lets go what was held back; see [`Lanes::release_all`].
    pub fn release_all(&self, release: impl FnMut(Ticket, T) -> Release<T>) {
        self.lanes.release_all(release);
    }

    /// The effect of a record is durable: its offset may be committed once those before it may.
    pub fn finish(&self, ticket: &Ticket) -> Option<Duration> {
        self.uncommitted.fetch_add(1, Ordering::Relaxed);
        self.lanes.finish(ticket, |partition, position| {
            let mut list = TopicPartitionList::new();
            let stored = list
                .add_partition_offset(&partition.topic, partition.number, Offset::Offset(position))
                .and_then(|()| self.consumer.store_offsets(&list));
            if let Err(error) = stored {
                // `State`: the partition has just left us, and whoever has it does the record again.
                tracing::debug!(%error, "An offset could not be stored.");
            }
        })
    }

    /// Fetches until told to stop, then lets what is under way finish, commits and leaves the group; runs on a thread of
    /// its own. `handle` gets every record once per assignment and must not block; `tick` gets a turn at least ten times
    /// a second. False: it could not leave in order.
    pub fn run(&self, handle: impl Fn(Record, Ticket), tick: impl Fn()) -> bool {
        std::thread::scope(|scope| {
            scope.spawn(|| self.watch_lag());
            self.fetch(handle, tick);
            self.leave()
        })
    }

    /// Shows what waits in every partition: the client itself knows nothing of partitions that it does not fetch from.
    fn watch_lag(&self) {
        while !self.stop.rest(LAG_EVERY) {
            let Ok(assigned) = self.consumer.assignment() else { continue };
            let Ok(committed) = self.consumer.committed_offsets(assigned, LAG_ANSWER_MAX) else { continue };
            for element in committed.elements() {
                let partition = Partition { topic: element.topic().into(), number: element.partition() };
                if self.stop.is_set() {
                    return;
                }
                let Ok((low, high)) = self.consumer.fetch_watermarks(&partition.topic, partition.number, LAG_ANSWER_MAX) else { continue };
                let begin = element.offset().to_raw().filter(|offset| *offset >= 0).unwrap_or(low);
                self.metrics.show_lag(&partition.topic, partition.number, (high - begin).max(0));
                if !self.lanes.has(&partition) {
                    self.metrics.forget_lag(&partition.topic, partition.number);
                }
            }
        }
    }

    /// The loop of [`Source::run`], until told to stop.
    fn fetch(&self, handle: impl Fn(Record, Ticket), tick: impl Fn()) {
        let mut topics: HashMap<String, Arc<str>> = HashMap::new();
        let mut paused: BTreeMap<Partition, ()> = BTreeMap::new();
        let (mut since_look, mut last_poll) = (0, Instant::now());
        let mut gaps = Gaps::new();
        let mut stale_shown = 0;
        while !self.stop.is_set() {
            gaps.note(last_poll.elapsed());
            let polled = self.consumer.poll(POLL);
            last_poll = Instant::now();
            since_look += 1;
            let idle = polled.is_none();
            match polled {
                Some(Ok(message)) => {
                    let topic = match topics.get(message.topic()) {
                        Some(topic) => Arc::clone(topic),
                        None => Arc::clone(topics.entry(message.topic().to_owned()).or_insert_with(|| message.topic().into())),
                    };
                    let partition = Partition { topic, number: message.partition() };
                    let (bytes, timestamp_ms) = (message.payload_len() + message.key_len(), timestamp_of(&message));
                    if let Some(ticket) = self.lanes.begin(&partition, message.offset(), bytes, timestamp_ms) {
                        handle(record_of(&message, partition), ticket);
                    }
                }
                Some(Err(error)) => self.note_error(&error),
                None => {}
            }
            if idle || since_look >= RECORDS_PER_LOOK {
                since_look = 0;
                // A pause throws away what was fetched ahead: a short wait comes first.
                if !paused.is_empty() || !self.lanes.wait_for_room(ROOM_MAX) {
                    self.hold_back(&mut paused);
                }
                tick();
                if self.uncommitted.load(Ordering::Relaxed) >= RECORDS_PER_COMMIT {
                    self.uncommitted.store(0, Ordering::Relaxed);
                    if let Err(error) = self.consumer.commit_consumer_state(CommitMode::Async) {
                        note_commit_failure(&self.metrics, &error);
                    }
                }
                let figures = self.lanes.figures();
                self.metrics.kafka_inflight_records.set(figures.in_flight as f64);
                self.metrics.kafka_lag_seconds.set(figures.oldest_timestamp_ms.map_or(0.0, age_seconds));
                self.metrics.kafka_poll_gap_seconds.set(gaps.longest().as_secs_f64());
                self.metrics.oldest_inflight_seconds.set(figures.oldest.as_secs_f64());
                self.metrics.kafka_stale_completions_total.inc_by(figures.stale - stale_shown);
                stale_shown = figures.stale;
                if let Some((code, reason)) = self.consumer.client().fatal_error() {
                    self.health.fail(KafkaError::Client(format!("{code:?}: {reason}")));
                }
            }
        }
    }

    /// Offsets of what is finished are committed, and the group learns at once that its partitions are free. False: no
    /// broker answers, or something under way did not finish; others take over when the session ends, and do it again.
    fn leave(&self) -> bool {
        let drained = self.lanes.drain(None, DRAIN_AT_STOP);
        if !drained {
            let records = self.lanes.figures().in_flight;
            tracing::warn!(records, "Records were still under way at the stop; they are done again.");
        }
        // Without an answer a commit would wait for one longer than a stop may take.
        if let Err(error) = self.consumer.fetch_metadata(Some(UNKNOWN_TOPIC), LEAVE_MAX) {
            tracing::warn!(%error, "No broker answers: the group is left without a word.");
            return false;
        }
        // Giving the partitions up commits, see `rebalance`.
        self.consumer.unsubscribe();
        let deadline = Instant::now() + LEAVE_MAX;
        while self.consumer.assignment().is_ok_and(|list| list.count() > 0) && Instant::now() < deadline {
            drop(self.consumer.poll(POLL));
        }
        drained
    }

    /// Pauses partitions that have enough under way, and resumes those that have caught up.
    fn hold_back(&self, paused: &mut BTreeMap<Partition, ()>) {
        let (mut pause, mut resume) = (TopicPartitionList::new(), TopicPartitionList::new());
        let states = self.lanes.full();
        for (partition, full) in states {
            if full && paused.insert(partition.clone(), ()).is_none() {
                pause.add_partition(&partition.topic, partition.number);
            } else if !full && paused.remove(&partition).is_some() {
                resume.add_partition(&partition.topic, partition.number);
            }
        }
        // A partition that has left us was resumed before.
        paused.retain(|partition, ()| self.lanes.has(partition));
        for (list, outcome) in [(&pause, self.consumer.pause(&pause)), (&resume, self.consumer.resume(&resume))] {
            if list.count() > 0
                && let Err(error) = outcome
            {
                tracing::warn!(%error, "Partitions could not be paused or resumed.");
            }
        }
        self.metrics.kafka_paused_partitions.set(paused.len() as f64);
    }

    fn note_error(&self, error: &ClientError) {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => {
                let stopped = self.out_of_range();
                if stopped.is_empty() {
                    // Its place is gone from the client, and only a new assignment brings it back.
                    return self.health.fail(KafkaError::Client(error.to_string()));
                }
                for partition in &stopped {
                    tracing::error!(
                        topic = %partition.topic, partition = partition.number,
                        "The committed offset of a partition is out of range: records are gone that were never screened. \
                         The partition stands still until a person decides where it goes on."
                    );
                }
                self.metrics.kafka_stopped_partitions.set(self.health.stands_still(stopped) as f64);
            }
            Some(RDKafkaErrorCode::UnknownTopicOrPartition) => {
                tracing::error!(%error, "A topic does not exist: create it with `xianshen topics create`.");
            }
            Some(RDKafkaErrorCode::Fatal) => self.health.fail(KafkaError::Client(error.to_string())),
            _ => tracing::warn!(%error, "Records could not be fetched; it is tried again."),
        }
    }

    /// The partitions whose committed offset lies outside what the topic holds.
    fn out_of_range(&self) -> Vec<Partition> {
        let Ok(assigned) = self.consumer.assignment() else { return Vec::new() };
        let Ok(committed) = self.consumer.committed_offsets(assigned, ANSWER_MAX) else { return Vec::new() };
        let mut found = Vec::new();
        for element in committed.elements() {
            if let Offset::Offset(offset) = element.offset()
                && let Ok((low, high)) = self.consumer.fetch_watermarks(element.topic(), element.partition(), ANSWER_MAX)
                && !(low..=high).contains(&offset)
            {
                found.push(Partition { topic: element.topic().into(), number: element.partition() });
            }
        }
        found
    }

    /// Fetches no more; see [`Source::run`].
    pub fn stop(&self) {
        self.stop.set();
    }
}

/// The longest pause between two polls, forgotten after a while so that an alert on it ends.
struct Gaps {
    since: Instant,
    now: Duration,
    before: Duration,
}

impl Gaps {
    fn new() -> Self {
        Self { since: Instant::now(), now: Duration::ZERO, before: Duration::ZERO }
    }

    fn note(&mut self, gap: Duration) {
        if self.since.elapsed() >= GAPS_KEPT {
            *self = Self { before: self.now, ..Self::new() };
        }
        self.now = self.now.max(gap);
    }

    fn longest(&self) -> Duration {
        self.now.max(self.before)
    }
}

/// Seconds since a moment; never less than none.
pub fn age_seconds(timestamp_ms: i64) -> f64 {
    (now_ms() - timestamp_ms).max(0) as f64 / 1e3
}

fn timestamp_of(message: &BorrowedMessage<'_>) -> Option<i64> {
    message.timestamp().to_millis().filter(|ms| *ms > 0)
}

fn record_of(message: &BorrowedMessage<'_>, partition: Partition) -> Record {
    let headers = message.headers().map(|headers| {
        headers
            .iter()
            .take(HEADERS_MAX)
            .map(|header| (header.key.to_owned(), header.value.unwrap_or_default().to_vec()))
            .collect::<Vec<_>>()
    });
    Record {
        partition,
        offset: message.offset(),
        timestamp_ms: timestamp_of(message),
        key: message.key().map(<[u8]>::to_vec),
        payload: message.payload().map(<[u8]>::to_vec),
        headers: headers.unwrap_or_default(),
    }
}
