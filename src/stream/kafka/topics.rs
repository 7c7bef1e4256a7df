//! The topics: which there are, how they are created, and which settings would lose records and are refused.
//! Must not know drafts or verdicts.

use super::{Grounds, KafkaError, Options};
use crate::model::Queue;
use rdkafka::ClientContext;
use rdkafka::admin::{AdminClient, AdminOptions, ConfigSource, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError as ClientError;
use rdkafka::message::DeliveryResult;
use rdkafka::metadata::Metadata;
use rdkafka::producer::{Producer as _, ProducerContext, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;
use std::sync::Arc;
use std::time::Duration;

const ANSWER_MAX: Duration = Duration::from_secs(20);
/// Room for what a record gains on its way: names, offsets, a verdict.
const RECORD_EXTRA_BYTES: usize = 1 << 20;
/// Drafts, items and dead letters stay at least this long: a long weekend.
const RETENTION_MS_MIN: i64 = 7 * 24 * 3_600_000;

/// How topics are created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Partitions of the topics of drafts and verdicts; more than there will ever be screening processes. The other topics
    /// have fewer readers and take a quarter of them: what leaves goes in fewer, larger batches.
    pub partitions: i32,
    /// Brokers that hold each record.
    pub replication: i32,
    /// Brokers that must have a record before it counts as written.
    pub min_insync: i32,
    /// How long records stay, in milliseconds.
    pub retention_ms: i64,
}

impl Default for Shape {
    fn default() -> Self {
        Self { partitions: 12, replication: 3, min_insync: 2, retention_ms: 14 * 24 * 3_600_000 }
    }
}

impl Shape {
    /// Largest record of any topic: a draft with its verdict.
    pub fn record_bytes_max(&self, draft_bytes_max: usize) -> usize {
        draft_bytes_max * 2 + RECORD_EXTRA_BYTES
    }
}

/// A topic and the settings that it must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    pub name: Arc<str>,
    pub partitions: i32,
    /// Old records give way to newer ones with the same key.
    pub compacted: bool,
}

/// Every topic of CONTRACTS.
pub fn all(options: &Options) -> Vec<Topic> {
    let partitions = options.topics.partitions;
    let few = |name| Topic { name, partitions: partitions.div_euclid(4).max(1), compacted: false };
    let mut topics = vec![
        Topic { name: options.topic_drafts(), partitions, compacted: false },
        Topic { name: options.topic_verdicts(), partitions, compacted: true },
    ];
    topics.extend(Queue::ALL.iter().map(|queue| few(options.topic_review(*queue))));
    topics.push(few(options.topic_permits()));
    topics.push(few(options.topic_dlq()));
    topics
}

fn settings(topic: &Topic, options: &Options) -> Vec<(&'static str, String)> {
    let shape = &options.topics;
    vec![
        ("cleanup.policy", if topic.compacted { "compact,delete" } else { "delete" }.into()),
        ("retention.ms", shape.retention_ms.to_string()),
        ("min.insync.replicas", shape.min_insync.to_string()),
        ("max.message.bytes", shape.record_bytes_max(options.record_bytes_max).to_string()),
        ("unclean.leader.election.enable", "false".into()),
    ]
}

/// What the client calls back.
#[derive(Default)]
struct Callbacks {
    grounds: Grounds,
}

impl ClientContext for Callbacks {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        super::consumer::log(level, facility, message);
    }

    fn error(&self, error: ClientError, reason: &str) {
        self.grounds.note(&error, reason);
    }
}

impl ProducerContext for Callbacks {
    type DeliveryOpaque = ();

    fn delivery(&self, _result: &DeliveryResult<'_>, _opaque: ()) {}
}

struct Admin {
    client: AdminClient<DefaultClientContext>,
    /// Asks for metadata: an `AdminClient` is not told why brokers refuse it.
    asker: ThreadedProducer<Callbacks>,
    runtime: tokio::runtime::Runtime,
}

impl Admin {
    fn connect(options: &Options) -> Result<Self, KafkaError> {
        let (config, wrap) = (options.client("xianshen-topics")?, |error: ClientError| KafkaError::Client(error.to_string()));
        let asker = config.create_with_context(Callbacks::default()).map_err(wrap)?;
        let client = config.create().map_err(wrap)?;
        let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|error| KafkaError::Client(error.to_string()))?;
        Ok(Self { client, asker, runtime })
    }

    /// The metadata of all topics.
    fn metadata(&self) -> Result<Metadata, KafkaError> {
        self.asker.context().grounds.metadata(self.asker.client(), None, ANSWER_MAX)
    }
}

/// What became of one topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    New,
    Existed,
    Failed(String),
}

/// Creates the topics that are missing; those that are there stay as they are.
pub fn create(options: &Options) -> Result<Vec<(Arc<str>, Created)>, KafkaError> {
    let admin = Admin::connect(options)?;
    admin.metadata()?;
    let topics = all(options);
    let settings: Vec<_> = topics.iter().map(|topic| settings(topic, options)).collect();
    let new: Vec<NewTopic<'_>> = topics
        .iter()
        .zip(&settings)
        .map(|(topic, settings)| {
            let new = NewTopic::new(&topic.name, topic.partitions, TopicReplication::Fixed(options.topics.replication));
            settings.iter().fold(new, |new, (key, value)| new.set(key, value))
        })
        .collect();
    let asked = AdminOptions::new().request_timeout(Some(ANSWER_MAX)).operation_timeout(Some(ANSWER_MAX));
    let answers =
        admin.runtime.block_on(admin.client.create_topics(&new, &asked)).map_err(|error| KafkaError::Unreachable(error.to_string()))?;
    let outcome = |answer: Result<String, (String, RDKafkaErrorCode)>| match answer {
        Ok(name) => (Arc::from(name), Created::New),
        Err((name, RDKafkaErrorCode::TopicAlreadyExists)) => (Arc::from(name), Created::Existed),
        Err((name, code)) => (Arc::from(name), Created::Failed(code.to_string())),
    };
    Ok(answers.into_iter().map(outcome).collect())
}

/// Something about a topic that must be changed before it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Danger {
    pub topic: Arc<str>,
    /// The setting; empty for the topic itself.
    pub key: &'static str,
    pub found: String,
    /// What it should be and why (Chinese).
    pub cure: String,
}

impl std::fmt::Display for Danger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.key {
            "" => write!(f, "{}：{}——{}", self.topic, self.found, self.cure),
            key => write!(f, "{}：{key} = {}——{}", self.topic, self.found, self.cure),
        }
    }
}

/// Looks at every topic; an empty list means that no record can get lost by a setting.
pub fn check(options: &Options) -> Result<Vec<Danger>, KafkaError> {
    let admin = Admin::connect(options)?;
    let unreachable = |error: ClientError| KafkaError::Unreachable(error.to_string());
    let metadata = admin.metadata()?;
    let mut dangers = Vec::new();
    let mut present = Vec::new();
    for topic in all(options) {
        let found = metadata.topics().iter().find(|found| found.name() == &*topic.name && !found.partitions().is_empty());
        let Some(found) = found else {
            dangers.push(Danger { topic: topic.name, key: "", found: "不存在".into(), cure: "运行 xianshen topics create".into() });
            continue;
        };
        let replicas = found.partitions().iter().map(|partition| partition.replicas().len()).min().unwrap_or(0);
        if (replicas as i32) < options.topics.replication {
            let cure = format!("应有 {} 个副本（kafka.topics_replication）：副本少，坏一台机器就丢稿件", options.topics.replication);
            dangers.push(Danger { topic: Arc::clone(&topic.name), key: "replication", found: replicas.to_string(), cure });
        }
        present.push(topic);
    }
    let specifiers: Vec<ResourceSpecifier<'_>> = present.iter().map(|topic| ResourceSpecifier::Topic(&topic.name)).collect();
    if specifiers.is_empty() {
        return Ok(dangers);
    }
    let asked = AdminOptions::new().request_timeout(Some(ANSWER_MAX));
    let answers = admin.runtime.block_on(admin.client.describe_configs(&specifiers, &asked)).map_err(unreachable)?;
    for (topic, answer) in present.iter().zip(answers) {
        let Ok(resource) = answer else {
            let cure = "用有权读取主题设置的账号再查一次".into();
            dangers.push(Danger { topic: Arc::clone(&topic.name), key: "", found: "设置无法读取".into(), cure });
            continue;
        };
        let value = |key: &str| {
            let entry = resource.get(key).filter(|entry| entry.source != ConfigSource::Unknown);
            entry.and_then(|entry| entry.value.clone()).unwrap_or_default()
        };
        dangers.extend(dangers_of(topic, options, &value));
    }
    Ok(dangers)
}

/// Judges the settings of one topic; `value` gives them as text.
fn dangers_of(topic: &Topic, options: &Options, value: &dyn Fn(&str) -> String) -> Vec<Danger> {
    let shape = &options.topics;
    let number = |key: &str| value(key).parse::<i64>().ok();
    let mut dangers = Vec::new();
    let mut danger = |key: &'static str, cure: String| {
        dangers.push(Danger { topic: Arc::clone(&topic.name), key, found: value(key), cure });
    };
    let compacts = value("cleanup.policy").contains("compact");
    if compacts && !topic.compacted {
        danger("cleanup.policy", "应为 delete：压缩会让同一稿件的后一条顶掉前一条，前一条可能还没有审".into());
    } else if topic.compacted && !compacts {
        danger("cleanup.policy", "应为 compact,delete：按稿件与版本保留最后的结论".into());
    }
    if number("retention.ms").is_some_and(|ms| (0..RETENTION_MS_MIN).contains(&ms)) {
        danger("retention.ms", format!("至少 {RETENTION_MS_MIN}（7 天）：停机超过保留期，没审的稿件会被删掉"));
    }
    if number("retention.bytes").is_some_and(|bytes| bytes >= 0) {
        danger("retention.bytes", "应为 -1：按大小删除会删掉还没有审的稿件".into());
    }
    if number("min.insync.replicas").is_none_or(|replicas| replicas < i64::from(shape.min_insync)) {
        danger("min.insync.replicas", format!("至少 {}：只有一台机器收到就算写成，这台坏了就丢", shape.min_insync));
    }
    let bytes = shape.record_bytes_max(options.record_bytes_max) as i64;
    if number("max.message.bytes").is_none_or(|most| most < bytes) {
        danger("max.message.bytes", format!("至少 {bytes}：大稿件连同结论会写不进去"));
    }
    if value("unclean.leader.election.enable") == "true" {
        danger("unclean.leader.election.enable", "应为 false：落后的副本当选会丢掉已确认的记录".into());
    }
    dangers
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn what_is_created_is_without_danger_and_each_bad_setting_is_named() {
        let options = Options::default();
        for topic in all(&options) {
            let good: BTreeMap<&str, String> = settings(&topic, &options).into_iter().collect();
            let of = |values: &BTreeMap<&str, String>| {
                let value = |key: &str| values.get(key).cloned().unwrap_or_default();
                dangers_of(&topic, &options, &value).into_iter().map(|danger| danger.key).collect::<Vec<_>>()
            };
            assert!(of(&good).is_empty(), "{topic:?}");
            let policy = if topic.compacted { "delete" } else { "compact" };
            for (key, bad) in [
                ("cleanup.policy", policy),
                ("retention.ms", "3600000"),
                ("retention.bytes", "1000000"),
                ("min.insync.replicas", "1"),
                ("max.message.bytes", "1048588"),
                ("unclean.leader.election.enable", "true"),
            ] {
                let mut values = good.clone();
                values.insert(key, bad.into());
                assert_eq!(of(&values), [key], "{topic:?}");
            }
        }
    }

    #[test]
    fn every_topic_of_the_contract_is_there_once() {
        let names: Vec<String> = all(&Options::default()).iter().map(|topic| topic.name.to_string()).collect();
        assert_eq!(names.len(), 4 + Queue::ALL.len());
        for name in ["xianshen.drafts", "xianshen.verdicts", "xianshen.review.comment_urgent", "xianshen.permits", "xianshen.dlq"] {
            assert_eq!(names.iter().filter(|found| *found == name).count(), 1, "{name}");
        }
    }
}
