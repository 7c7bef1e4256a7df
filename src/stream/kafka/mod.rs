//! The distributed shape: drafts come from Apache Kafka and verdicts go there. Options, names of topics, clients.
//! Must not know HTTP or the configuration file.

pub mod breaker;
pub mod consumer;
pub mod dlq;
pub mod forward;
pub mod health;
pub mod lanes;
pub mod outbox;
pub mod producer;
pub mod record;
pub mod review;
pub mod screen;
pub mod suspects;
pub mod topics;

use crate::model::Queue;
use crate::stream::unpoisoned;
use rdkafka::ClientConfig;
use rdkafka::error::RDKafkaErrorCode;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long the brokers may take to tell the shape of a topic at the start.
const START_MAX: Duration = Duration::from_secs(20);
/// A broker that does not answer for so long, in milliseconds, is given up, and asked again or left for another: one that
/// hangs keeps its connections, and would hold its partitions for as long as this.
const ANSWER_MS_MAX: &str = "10000";
/// How often clients look who leads a partition, in milliseconds; nobody tells them that it has moved.
const LOOK_AT_LEADERS_MS: &str = "5000";
/// How often a wait for an answer looks whether there can be one.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// At the stop, records on their way may take this long.
const CLOSE_MAX: Duration = Duration::from_secs(1);

/// What one process does between topics.
#[derive(Clone)]
pub enum Link {
    Screen(Arc<screen::Screen>),
    Review(Arc<review::Review>),
}

impl Link {
    /// Why this process is not ready; empty when it is.
    pub fn not_ready(&self) -> Vec<&'static str> {
        match self {
            Self::Screen(screen) => screen.not_ready(),
            Self::Review(review) => review.not_ready(),
        }
    }

    /// Why nothing more can be consumed; the process ends.
    pub fn fatal(&self) -> Option<KafkaError> {
        match self {
            Self::Screen(screen) => screen.fatal(),
            Self::Review(review) => review.fatal(),
        }
    }

    /// Works until told to stop and everything under way is finished; runs on a thread of its own. False: the group could
    /// not be left in order.
    pub fn run(&self, is_stopping: impl Fn() -> bool) -> bool {
        match self {
            Self::Screen(screen) => screen.run(is_stopping),
            Self::Review(review) => review.run(),
        }
    }

    /// Nothing more can be consumed; see [`Link::fatal`].
    pub fn fail(&self, error: KafkaError) {
        match self {
            Self::Screen(screen) => screen.fail(error),
            Self::Review(review) => review.fail(error),
        }
    }

    /// Fetches no more; `run` comes back soon.
    pub fn stop(&self) {
        match self {
            Self::Screen(screen) => screen.stop(),
            Self::Review(review) => review.stop(),
        }
    }

    /// A person has looked at what went wrong: go on.
    pub fn go_on(&self) {
        if let Self::Screen(screen) = self {
            screen.reset_breaker();
        }
    }
}

/// Where the brokers are, who we are to them, and how much may be under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// `host:port`, separated by commas; empty: no Kafka.
    pub brokers: String,
    /// Consumer group; empty: named after the role.
    pub group: String,
    /// What stands before the dot in the names of all topics.
    pub topic_prefix: String,
    /// Where a group that has committed nothing yet begins; absent: it refuses to begin.
    pub from: Option<From>,
    pub security: Security,
    /// Others are told through the topic of permits when a verdict has come into the store.
    pub announce_screened: bool,
    /// How records that leave are compressed.
    pub compression: Compression,
    /// Without a sign of life for so long a process loses its partitions to others, in milliseconds.
    pub session_ms: u64,
    /// Largest record, in bytes; the same on producers, consumers and topics.
    pub record_bytes_max: usize,
    /// Records of one partition under way.
    pub in_flight_items_max: usize,
    /// Bytes of records under way in all partitions.
    pub in_flight_bytes_max: usize,
    pub topics: topics::Shape,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            brokers: String::new(),
            group: String::new(),
            topic_prefix: "xianshen".into(),
            from: None,
            security: Security::default(),
            announce_screened: false,
            compression: Compression::default(),
            session_ms: 30_000,
            record_bytes_max: 10 << 20,
            in_flight_items_max: 1_024,
            in_flight_bytes_max: 4 << 20,
            topics: topics::Shape::default(),
        }
    }
}

/// How records that leave are compressed. Every reader of the topics must know it: some clients need a module for `lz4`
/// and `zstd`, all know `gzip`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compression {
    None,
    Gzip,
    #[default]
    Lz4,
    Zstd,
}

impl Compression {
    fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

/// Where a group without committed offsets begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    Earliest,
    Latest,
    /// The first record at or after this moment, in milliseconds since 1970 (UTC).
    Timestamp(i64),
}

impl std::str::FromStr for From {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "earliest" => Ok(Self::Earliest),
            "latest" => Ok(Self::Latest),
            _ => text
                .parse::<jiff::Timestamp>()
                .map(|moment| Self::Timestamp(moment.as_millisecond()))
                .map_err(|_| "应为 earliest、latest 或带时区的时刻，例如 2026-11-23T08:00:00+08:00".to_owned()),
        }
    }
}

/// How the connection is protected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Security {
    pub protocol: Protocol,
    /// Certificates of who may sign for a broker (PEM); absent: those of the system.
    pub ca_file: Option<PathBuf>,
    /// Our own certificate and key (PEM), for brokers that ask for one.
    pub certificate_file: Option<PathBuf>,
    pub key_file: Option<PathBuf>,
    pub mechanism: Mechanism,
    pub username: String,
    /// File that holds the password in its first line; mode 0600.
    pub password_file: Option<PathBuf>,
    /// Connections without encryption may leave this machine.
    pub allow_plaintext: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Protocol {
    #[default]
    Plaintext,
    Ssl,
    SaslPlaintext,
    SaslSsl,
}

impl Protocol {
    fn as_str(self) -> &'static str {
        match self {
            Self::Plaintext => "plaintext",
            Self::Ssl => "ssl",
            Self::SaslPlaintext => "sasl_plaintext",
            Self::SaslSsl => "sasl_ssl",
        }
    }

    /// Others on the way can read along.
    pub fn is_plain(self) -> bool {
        matches!(self, Self::Plaintext | Self::SaslPlaintext)
    }

    pub fn has_sasl(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mechanism {
    Plain,
    ScramSha256,
    #[default]
    ScramSha512,
}

impl Mechanism {
    fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// Why Kafka cannot be used. No variant ever holds a secret or text of a draft.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KafkaError {
    #[error("Kafka 客户端无法建立 / the client cannot be set up: {0}")]
    Client(String),
    #[error("{path} 无法读取 / cannot be read: {reason}")]
    Secret { path: PathBuf, reason: String },
    #[error("数据目录 {path} 无法使用 / data folder cannot be used: {reason}")]
    Folder { path: PathBuf, reason: String },
    #[error("连不上 Kafka / the brokers do not answer: {0}")]
    Unreachable(String),
    #[error("{0}")]
    Refused(String),
}

/// What the brokers have against us, as a client was told: without it a wrong password looks like a broker that is away.
#[derive(Clone, Default)]
pub struct Grounds(Arc<Mutex<Option<&'static str>>>);

impl Grounds {
    fn note(&self, error: &rdkafka::error::KafkaError, reason: &str) {
        // With TLS 1.3 a client learns only after its handshake that the broker does not take it.
        let is_tls = reason.contains("SSL ") || reason.contains("certificate required");
        let grounds = match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed) => {
                "身份验证没有通过：核对 kafka.sasl_username、kafka.sasl_password_file 和 kafka.sasl_mechanism / authentication failed"
            }
            Some(code) if code == RDKafkaErrorCode::SSL || is_tls => {
                "TLS 握手失败：代理的证书不是 kafka.ca_file 里的机构签发的、主机名不符或已过期，或者代理要求 \
                 kafka.certificate_file / TLS handshake failed"
            }
            _ => return,
        };
        unpoisoned(self.0.lock()).get_or_insert(grounds);
    }

    /// The metadata of one topic or of all. Gives up as soon as the brokers are known to refuse us.
    fn metadata<C: rdkafka::ClientContext>(
        &self,
        client: &rdkafka::client::Client<C>,
        topic: Option<&str>,
        at_most: Duration,
    ) -> Result<rdkafka::metadata::Metadata, KafkaError> {
        let deadline = Instant::now() + at_most;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let error = match client.fetch_metadata(topic, left.min(LOOK_AGAIN)) {
                Ok(metadata) => return Ok(metadata),
                Err(error) => error,
            };
            if let Some(grounds) = *unpoisoned(self.0.lock()) {
                return Err(KafkaError::Refused(grounds.into()));
            }
            if left.is_zero() {
                return Err(KafkaError::Unreachable(error.to_string()));
            }
        }
    }
}

impl Options {
    /// Whether every broker is on this machine.
    pub fn is_local(&self) -> bool {
        self.brokers.split(',').all(|broker| {
            let host = broker.trim().rsplit_once(':').map_or(broker.trim(), |(host, _)| host).trim_matches(['[', ']']);
            host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        })
    }

    pub fn topic_drafts(&self) -> Arc<str> {
        format!("{}.drafts", self.topic_prefix).into()
    }

    pub fn topic_verdicts(&self) -> Arc<str> {
        format!("{}.verdicts", self.topic_prefix).into()
    }

    pub fn topic_review(&self, queue: Queue) -> Arc<str> {
        format!("{}.review.{}", self.topic_prefix, queue.as_str()).into()
    }

    pub fn topic_permits(&self) -> Arc<str> {
        format!("{}.permits", self.topic_prefix).into()
    }

    pub fn topic_dlq(&self) -> Arc<str> {
        format!("{}.dlq", self.topic_prefix).into()
    }

    /// Settings that every client shares. The password is read here, and nowhere kept.
    pub fn client(&self, client_id: &str) -> Result<ClientConfig, KafkaError> {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", client_id)
            .set("log.connection.close", "false")
            .set("socket.keepalive.enable", "true")
            .set("allow.auto.create.topics", "false")
            .set("reconnect.backoff.max.ms", "2000")
            .set("socket.timeout.ms", ANSWER_MS_MAX)
            .set("topic.metadata.refresh.interval.ms", LOOK_AT_LEADERS_MS)
            .set("security.protocol", self.security.protocol.as_str());
        let security = &self.security;
        let files = [
            ("ssl.ca.location", &security.ca_file),
            ("ssl.certificate.location", &security.certificate_file),
            ("ssl.key.location", &security.key_file),
        ];
        for (key, path) in files {
            if let Some(path) = path {
                config.set(key, path.display().to_string());
            }
        }
        if security.protocol.has_sasl() {
            config.set("sasl.mechanisms", security.mechanism.as_str()).set("sasl.username", &security.username);
            if let Some(path) = &security.password_file {
                config.set("sasl.password", read_secret(path)?);
            }
        }
        Ok(config)
    }
}

/// The first line of a file that nobody else on the machine may read.
pub fn read_secret(path: &Path) -> Result<String, KafkaError> {
    use std::os::unix::fs::PermissionsExt;
    let wrap = |reason: String| KafkaError::Secret { path: path.to_owned(), reason };
    let mode = std::fs::metadata(path).map_err(|error| wrap(error.to_string()))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(wrap(format!("权限为 {:o}，应为 600：chmod 600", mode & 0o777)));
    }
    let text = std::fs::read_to_string(path).map_err(|error| wrap(error.to_string()))?;
    match text.lines().next().filter(|line| !line.is_empty()) {
        Some(line) => Ok(line.to_owned()),
        None => Err(wrap("文件为空".into())),
    }
}
