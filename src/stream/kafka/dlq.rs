//! The dead letters: looked through from the first to the last, and sent back to where they came from.
//! Must not know how they are shown.

use super::producer::{Output, Producer, TooLarge};
use super::{KafkaError, Options};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Headers as _, Message as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::{Duration, Instant};

const ANSWER_MAX: Duration = Duration::from_secs(20);
/// Without a record for so long while some are missing, the brokers are taken to be gone.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// Letters on their way back at once.
const BATCH_ITEMS_MAX: usize = 256;
/// Progress is told after so many letters.
const PROGRESS_EVERY: u64 = 64;

/// Where a letter stands: partition and offset of the dead-letter topic, written `3/17`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub partition: i32,
    pub offset: i64,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.partition, self.offset)
    }
}

impl std::str::FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (partition, offset) = text.split_once('/')?;
            let place = Self { partition: partition.parse().ok()?, offset: offset.parse().ok()? };
            (place.partition >= 0 && place.offset >= 0).then_some(place)
        };
        parse().ok_or_else(|| "应为 分区/偏移，例如 3/17".to_owned())
    }
}

/// A record that could not be screened, with the headers of CONTRACTS.
#[derive(Debug, Clone)]
pub struct Letter {
    pub place: Place,
    pub key: Vec<u8>,
    pub payload: Vec<u8>,
    pub headers: BTreeMap<String, Vec<u8>>,
}

impl Letter {
    /// A header as text; empty when it is not there. What others wrote is shown without control characters.
    pub fn header(&self, name: &str) -> String {
        let bytes = self.headers.get(name).map(Vec::as_slice).unwrap_or_default();
        String::from_utf8_lossy(bytes).chars().map(|c| if c.is_control() { '�' } else { c }).collect()
    }
}

/// How far the letters have been looked through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    pub looked_at: u64,
    /// All that were there at the beginning.
    pub of: u64,
}

/// Gives every letter that is there now to `visit`, partition by partition, until it says stop with `false`; those that
/// come meanwhile are left for the next time.
pub fn read(options: &Options, mut visit: impl FnMut(Letter, Reading) -> Result<bool, KafkaError>) -> Result<(), KafkaError> {
    let unreachable = |error: rdkafka::error::KafkaError| KafkaError::Unreachable(error.to_string());
    let topic = options.topic_dlq();
    let bytes = options.topics.record_bytes_max(options.record_bytes_max);
    let consumer: BaseConsumer = options
        .client("xianshen-dlq")?
        // No group is joined and nothing is committed: the name is only asked for.
        .set("group.id", "xianshen-dlq")
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "error")
        .set("fetch.message.max.bytes", bytes.to_string())
        .set("receive.message.max.bytes", (bytes.max(64 << 20) + (1 << 20)).to_string())
        .create()
        .map_err(|error| KafkaError::Client(error.to_string()))?;
    let metadata = consumer.fetch_metadata(Some(&topic), ANSWER_MAX).map_err(unreachable)?;
    let found = metadata.topics().iter().find(|found| found.name() == &*topic);
    let partitions: Vec<i32> = found.map(|found| found.partitions().iter().map(|partition| partition.id()).collect()).unwrap_or_default();
    if partitions.is_empty() {
        return Err(KafkaError::Refused(format!("主题 {topic} 不存在；先运行 xianshen topics create / the topic does not exist")));
    }
    let mut ranges = Vec::with_capacity(partitions.len());
    for partition in partitions {
        let (low, high) = consumer.fetch_watermarks(&topic, partition, ANSWER_MAX).map_err(unreachable)?;
        ranges.push((partition, low, high));
    }
    let length = |(_, low, high): &(i32, i64, i64)| u64::try_from(high - low).unwrap_or(0);
    let mut reading = Reading { looked_at: 0, of: ranges.iter().map(length).sum() };
    for (partition, low, high) in ranges.into_iter().filter(|range| length(range) > 0) {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&topic, partition, Offset::Offset(low)).map_err(unreachable)?;
        consumer.assign(&list).map_err(unreachable)?;
        let (mut next, mut heard) = (low, Instant::now());
        while next < high {
            let Some(polled) = consumer.poll(Duration::from_millis(200)) else {
                if heard.elapsed() > SILENCE_MAX {
                    return Err(KafkaError::Unreachable(format!("{topic}/{partition}/{next}")));
                }
                continue;
            };
            let message = polled.map_err(unreachable)?;
            (next, heard) = (message.offset() + 1, Instant::now());
            reading.looked_at += 1;
            let headers = message
                .headers()
                .map(|headers| headers.iter().map(|header| (header.key.to_owned(), header.value.unwrap_or_default().to_vec())).collect());
            let letter = Letter {
                place: Place { partition, offset: message.offset() },
                key: message.key().unwrap_or_default().to_vec(),
                payload: message.payload().unwrap_or_default().to_vec(),
                headers: headers.unwrap_or_default(),
            };
            if !visit(letter, reading)? {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// What a replay came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Back in the topic they came from.
    pub sent: u64,
    /// Without a topic of ours to go back to, or larger than it takes.
    pub refused: u64,
}

/// Sends the letters that `wanted` says back to where they came from; `progress` is told how many were looked at and sent so
/// far. The letters stay where they are: a draft that is screened twice has the same verdict.
pub fn replay(
    options: &Options,
    producer: &Producer,
    wanted: impl Fn(&Letter) -> bool,
    mut progress: impl FnMut(Reading, u64),
) -> Result<Replayed, KafkaError> {
    let ours: Vec<_> = super::topics::all(options).into_iter().map(|topic| topic.name).collect();
    let (told, arrivals) = mpsc::channel();
    let mut replayed = Replayed::default();
    let (mut on_their_way, mut reached) = (0, Reading::default());
    let settle = |replayed: &mut Replayed, on_their_way: &mut usize| -> Result<(), KafkaError> {
        while *on_their_way > 0 {
            match arrivals.recv_timeout(Duration::from_secs(120)) {
                Ok(Ok(())) => replayed.sent += 1,
                Ok(Err(TooLarge)) => replayed.refused += 1,
                Err(_) => return Err(KafkaError::Unreachable(format!("{on_their_way} letters are on their way"))),
            }
            *on_their_way -= 1;
        }
        Ok(())
    };
    read(options, |letter, reading| {
        if reading.looked_at % PROGRESS_EVERY == 0 {
            progress(reading, replayed.sent);
        }
        reached = reading;
        if !wanted(&letter) {
            return Ok(true);
        }
        let origin = letter.header("original_topic");
        let Some(topic) = ours.iter().find(|topic| ***topic == *origin) else {
            replayed.refused += 1;
            return Ok(true);
        };
        // What a verdict was given by, where the record was one for reviewers.
        let kept = ["verdict_id", "ruleset", "engine", "received_at"];
        let mut headers: Vec<(&'static str, Vec<u8>)> =
            kept.iter().filter_map(|name| letter.headers.get(*name).map(|value| (*name, value.clone()))).collect();
        headers.push(("replayed_from", letter.place.to_string().into_bytes()));
        let output = Output { topic: topic.clone(), partition: None, key: letter.key, payload: letter.payload, headers };
        let told = told.clone();
        let done = move |sent| {
            // Nobody waits any more when the replay has been given up.
            let _nobody = told.send(sent);
        };
        producer.send(output, Box::new(done));
        on_their_way += 1;
        if on_their_way >= BATCH_ITEMS_MAX {
            settle(&mut replayed, &mut on_their_way)?;
        }
        Ok(true)
    })?;
    settle(&mut replayed, &mut on_their_way)?;
    progress(reached, replayed.sent);
    Ok(replayed)
}
