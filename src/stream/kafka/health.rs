//! What the rest of the process sees of a consumer: whether brokers answer, what stands still, what ended it.
//! Must not know Kafka's client.

use super::KafkaError;
use super::lanes::Partition;
use crate::stream::unpoisoned;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Without a broker for so long, the process is not ready.
const UNREACHABLE_AFTER: Duration = Duration::from_secs(6);

/// What the rest of the process sees of a consumer.
#[derive(Default)]
pub struct Health {
    inner: Mutex<HealthInner>,
}

#[derive(Default)]
struct HealthInner {
    /// Since when no broker has answered.
    unreachable_since: Option<Instant>,
    /// Answers counted so far.
    answers: i64,
    /// Partitions that stand still because their committed offset is out of range, or cannot be known.
    stopped: BTreeSet<Partition>,
    /// Why nothing more can be consumed by this process; the process ends.
    fatal: Option<KafkaError>,
}

impl Health {
    /// Reasons why this process is not ready: `kafka` (no broker), `offsets` (a partition stands still), `fatal`.
    pub fn not_ready(&self) -> Vec<&'static str> {
        let inner = unpoisoned(self.inner.lock());
        let mut reasons = Vec::new();
        if inner.unreachable_since.is_some_and(|since| since.elapsed() >= UNREACHABLE_AFTER) {
            reasons.push("kafka");
        }
        if !inner.stopped.is_empty() {
            reasons.push("offsets");
        }
        if inner.fatal.is_some() {
            reasons.push("kafka_fatal");
        }
        reasons
    }

    /// So many answers have come from the brokers by now.
    pub fn answered(&self, answers: i64) {
        let mut inner = unpoisoned(self.inner.lock());
        if answers > inner.answers {
            inner.unreachable_since = None;
        } else {
            inner.unreachable_since.get_or_insert_with(Instant::now);
        }
        inner.answers = answers;
    }

    /// A question has had no answer.
    pub fn unanswered(&self) {
        unpoisoned(self.inner.lock()).unreachable_since.get_or_insert_with(Instant::now);
    }

    /// These partitions stand still until a person decides; how many do.
    pub fn stands_still(&self, partitions: impl IntoIterator<Item = Partition>) -> usize {
        let mut inner = unpoisoned(self.inner.lock());
        inner.stopped.extend(partitions);
        inner.stopped.len()
    }

    /// These partitions have left; how many others stand still.
    pub fn left(&self, partitions: &[Partition]) -> usize {
        let mut inner = unpoisoned(self.inner.lock());
        inner.stopped.retain(|stopped| !partitions.contains(stopped));
        inner.stopped.len()
    }

    /// Why nothing more can be consumed.
    pub fn fatal(&self) -> Option<KafkaError> {
        unpoisoned(self.inner.lock()).fatal.clone()
    }

    /// Nothing more can be consumed.
    pub fn fail(&self, error: KafkaError) {
        unpoisoned(self.inner.lock()).fatal.get_or_insert(error);
    }
}
