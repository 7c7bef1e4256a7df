//! Records in and out as CONTRACTS describes them: a draft read from a record, the outputs of a verdict, and what is
//! made of a record that cannot be read. Must not know clients, offsets under way or threads.

use super::Options;
use super::lanes::Partition;
use super::producer::Output;
use crate::model::{Draft, DraftError, ENGINE_VERSION, Format, Kind, Queue, UndeterminedReason, Verdict};
use crate::ruleset::Ruleset;
use crate::store::Screened;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;
use std::sync::Arc;

/// Longest key of a record, in bytes: `unit/id` with room to spare.
const KEY_BYTES_MAX: usize = 4_096;

/// Room for what an item holds beside the body of its draft and its verdict; more is made as it is needed.
const REVIEW_EXTRA_BYTES: usize = 1_024;

/// A record as it was fetched.
#[derive(Debug, Clone)]
pub struct Record {
    pub partition: Partition,
    pub offset: i64,
    /// Milliseconds since 1970 (UTC), as producer or broker say.
    pub timestamp_ms: Option<i64>,
    pub key: Option<Vec<u8>>,
    pub payload: Option<Vec<u8>>,
    pub headers: Vec<(String, Vec<u8>)>,
}

impl Record {
    pub fn bytes(&self) -> usize {
        self.payload.as_ref().map_or(0, Vec::len) + self.key.as_ref().map_or(0, Vec::len)
    }

    /// The first header of this name, as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(key, _)| key == name)?;
        std::str::from_utf8(value).ok()
    }
}

/// Why a record is not a draft; `detail` holds no text of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    pub code: &'static str,
    pub detail: String,
    /// How often it was tried.
    pub attempts: u32,
}

impl Unreadable {
    /// Found out at the first attempt.
    pub fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), attempts: 1 }
    }
}

/// Every code of [`Unreadable`], and of drafts that reach the dead-letter topic for another reason.
pub const ERROR_CODES: [&str; 10] =
    ["empty_payload", "too_large", "key_too_large", "encoding", "not_json", "not_a_draft", "panic", "timeout", "crash", "conflict"];

/// Reads a draft. Unknown fields are left out; how many there were is told.
pub fn read_draft(payload: &[u8], key: Option<&[u8]>, record_bytes_max: usize) -> Result<(Draft, usize), Unreadable> {
    let refuse = |code, detail: String| Err(Unreadable::new(code, detail));
    if payload.is_empty() {
        return refuse("empty_payload", "0 bytes".into());
    }
    if payload.len() > record_bytes_max {
        return refuse("too_large", format!("{} bytes, at most {record_bytes_max}", payload.len()));
    }
    if let Some(key) = key.filter(|key| key.len() > KEY_BYTES_MAX) {
        return refuse("key_too_large", format!("{} bytes, at most {KEY_BYTES_MAX}", key.len()));
    }
    if payload.starts_with(b"\xef\xbb\xbf") {
        return refuse("encoding", "begins with a byte order mark".into());
    }
    let text = match simdutf8::compat::from_utf8(payload) {
        Ok(text) => text,
        Err(error) => return refuse("encoding", format!("not UTF-8 at byte {}", error.valid_up_to())),
    };
    let read = match Draft::from_json_text(text) {
        Err(DraftError::NotADraft { reason, .. }) if reason == "unknown field" => match without_unknown_fields(payload) {
            Some((known, left_out)) => Draft::from_json(&known).map(|draft| (draft, left_out)),
            None => Draft::from_json_text(text).map(|draft| (draft, 0)),
        },
        read => read.map(|draft| (draft, 0)),
    };
    read.map_err(|error| {
        let code = match error {
            DraftError::NotJson(_) => "not_json",
            DraftError::NotADraft { .. } => "not_a_draft",
        };
        Unreadable::new(code, error.to_string())
    })
}

/// The fields of a draft; those that hold objects, or lists of them, with their fields. A test compares this with the
/// schema.
const FIELDS: &[(&str, &[&str])] = &[
    ("account", &[]),
    ("as_of", &[]),
    ("attachments", &["name", "sha256"]),
    ("author", &[]),
    ("body", &[]),
    ("declared", &["guardian_consent", "statute", "template"]),
    ("format", &[]),
    ("id", &[]),
    ("images", &["alt", "name", "qr", "sha256"]),
    ("kind", &[]),
    ("links", &["label", "url"]),
    ("platform", &[]),
    ("revision", &[]),
    ("source", &["name", "text", "title", "url"]),
    ("subtitle", &[]),
    ("title", &[]),
    ("unit", &[]),
];

/// The document without the fields that a draft does not have, and how many those were. Fields that are there twice stay
/// so and are refused later. `None`: not an object.
fn without_unknown_fields(payload: &[u8]) -> Option<(Vec<u8>, usize)> {
    let fields: Fields<'_> = serde_json::from_slice(payload).ok()?;
    let mut left_out = 0;
    let mut out = Vec::with_capacity(payload.len());
    out.push(b'{');
    for (name, value) in &fields.0 {
        let Some((_, inner)) = FIELDS.iter().find(|(field, _)| field == name) else {
            left_out += 1;
            continue;
        };
        let value = known_part(value.get(), inner, &mut left_out);
        push_field(&mut out, name, &value);
    }
    out.push(b'}');
    Some((out, left_out))
}

/// An object, or a list of objects, without unknown fields; anything else as it is.
fn known_part(value: &str, fields: &[&str], left_out: &mut usize) -> String {
    if fields.is_empty() {
        return value.to_owned();
    }
    if let Ok(object) = serde_json::from_str::<Fields<'_>>(value) {
        let mut out = vec![b'{'];
        for (name, value) in &object.0 {
            if fields.contains(&name.as_str()) {
                push_field(&mut out, name, value.get());
            } else {
                *left_out += 1;
            }
        }
        out.push(b'}');
        return String::from_utf8(out).unwrap_or_default();
    }
    match serde_json::from_str::<Vec<&RawValue>>(value) {
        Ok(list) => {
            let items: Vec<String> = list.iter().map(|item| known_part_of_item(item.get(), fields, left_out)).collect();
            format!("[{}]", items.join(","))
        }
        Err(_) => value.to_owned(),
    }
}

/// As [`known_part`], for an item of a list: a list within the list stays as it is, so that nothing goes deeper.
fn known_part_of_item(value: &str, fields: &[&str], left_out: &mut usize) -> String {
    if value.starts_with('{') { known_part(value, fields, left_out) } else { value.to_owned() }
}

fn push_field(out: &mut Vec<u8>, name: &str, value: &str) {
    if out.len() > 1 {
        out.push(b',');
    }
    // A string cannot fail to serialise.
    out.extend(serde_json::to_vec(name).unwrap_or_default());
    out.push(b':');
    out.extend(value.as_bytes());
}

/// The fields of an object in order, the same name twice if it is there twice.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de> serde::Deserialize<'de> for Fields<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields<'de>;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// Topics and shapes of what leaves this process.
#[derive(Debug, Clone)]
pub struct Outputs {
    verdicts: Arc<str>,
    verdict_partitions: i32,
    review: Vec<(Queue, Arc<str>)>,
    dlq: Arc<str>,
}

impl Outputs {
    /// `verdict_partitions`: how many the verdict topic has; its records are placed by `unit/id`, whatever their key.
    pub fn new(options: &Options, verdict_partitions: i32) -> Self {
        let review = Queue::ALL.iter().map(|queue| (*queue, options.topic_review(*queue))).collect();
        Self { verdicts: options.topic_verdicts(), verdict_partitions: verdict_partitions.max(1), review, dlq: options.topic_dlq() }
    }

    /// What a verdict on a draft comes to: one record for everyone, one for the reviewers of its queue. `as_it_came` is
    /// the draft as JSON text, when that says all that `draft` says: it need not be written again.
    pub fn of_verdict(&self, draft: &Draft, as_it_came: Option<&[u8]>, verdict: &Verdict, received_at_ms: i64) -> Vec<Output> {
        self.of_screened(draft, as_it_came, verdict.queue, verdict.to_json(), &headers_of(verdict, received_at_ms))
    }

    /// The same of a verdict that an office has in its store, byte for byte as it was given.
    pub fn of_stored(&self, screened: Screened) -> Vec<Output> {
        let Screened { draft, received_at_ms, verdict_id, ruleset, engine, queue, verdict, .. } = screened;
        self.of_screened(&draft, None, queue, verdict, &output_headers(&verdict_id, &ruleset, &engine, received_at_ms))
    }

    fn of_screened(
        &self,
        draft: &Draft,
        as_it_came: Option<&[u8]>,
        queue: Queue,
        json: String,
        headers: &[(&'static str, Vec<u8>)],
    ) -> Vec<Output> {
        let item = item_key(&draft.unit, &draft.id);
        let review = self.of_review(draft, as_it_came, queue, &json, headers);
        vec![
            Output {
                topic: Arc::clone(&self.verdicts),
                partition: Some(partition_of(&item, self.verdict_partitions)),
                key: format!("{}/{}/{}", draft.unit, draft.id, draft.revision).into_bytes(),
                payload: json.into_bytes(),
                headers: headers.to_vec(),
            },
            review,
        ]
    }

    fn of_review(&self, draft: &Draft, as_it_came: Option<&[u8]>, queue: Queue, json: &str, headers: &[(&'static str, Vec<u8>)]) -> Output {
        let draft_bytes = as_it_came.map_or(draft.body.len(), <[u8]>::len);
        let mut payload = Vec::with_capacity(draft_bytes + json.len() + REVIEW_EXTRA_BYTES);
        payload.extend(b"{\"draft\":");
        match as_it_came {
            Some(text) => payload.extend(text),
            None => {
                // Strings, numbers and lists of them cannot fail to serialise, and a vector takes them.
                let _infallible = serde_json::to_writer(&mut payload, draft);
            }
        }
        payload.extend(b",\"verdict\":");
        payload.extend(json.as_bytes());
        payload.push(b'}');
        let topic = self.review.iter().find(|(other, _)| *other == queue).map(|(_, topic)| Arc::clone(topic));
        let topic = topic.unwrap_or_else(|| Arc::clone(&self.dlq));
        Output { topic, partition: None, key: item_key(&draft.unit, &draft.id), payload, headers: headers.to_vec() }
    }

    /// The record as it came, for the dead-letter topic.
    pub fn of_dead_letter(&self, record: &Record, why: &Unreadable, ruleset: &str) -> Output {
        let number = |number: i64| number.to_string().into_bytes();
        Output {
            topic: Arc::clone(&self.dlq),
            partition: None,
            key: record.key.clone().unwrap_or_default(),
            payload: record.payload.clone().unwrap_or_default(),
            headers: vec![
                ("original_topic", record.partition.topic.as_bytes().to_vec()),
                ("original_partition", number(i64::from(record.partition.number))),
                ("original_offset", number(record.offset)),
                ("original_timestamp", number(record.timestamp_ms.unwrap_or(0))),
                ("error_code", why.code.as_bytes().to_vec()),
                ("error_detail", why.detail.as_bytes().to_vec()),
                ("attempts", number(i64::from(why.attempts))),
                ("engine", ENGINE_VERSION.as_bytes().to_vec()),
                ("ruleset", ruleset.as_bytes().to_vec()),
            ],
        }
    }

    /// A record that cannot be read: as it came to the dead-letter topic, and an item without its text to a person.
    pub fn of_unreadable(&self, record: &Record, why: &Unreadable, ruleset: &Ruleset, received_at_ms: i64) -> Vec<Output> {
        let draft = stand_in(record, why, &self.dlq, received_at_ms);
        let verdict = ruleset.undetermined(&draft, UndeterminedReason::Unreadable);
        let review = self.of_review(&draft, None, verdict.queue, &verdict.to_json(), &headers_of(&verdict, received_at_ms));
        vec![self.of_dead_letter(record, why, ruleset.id()), review]
    }
}

fn headers_of(verdict: &Verdict, received_at_ms: i64) -> Vec<(&'static str, Vec<u8>)> {
    output_headers(&verdict.verdict_id, &verdict.ruleset, ENGINE_VERSION, received_at_ms)
}

/// The headers of every output.
fn output_headers(verdict_id: &str, ruleset: &str, engine: &str, received_at_ms: i64) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("verdict_id", verdict_id.as_bytes().to_vec()),
        ("ruleset", ruleset.as_bytes().to_vec()),
        ("engine", engine.as_bytes().to_vec()),
        ("received_at", received_at_ms.to_string().into_bytes()),
    ]
}

/// A draft on its way to the screening processes.
pub fn draft_record(topic: &Arc<str>, draft: &Draft) -> Output {
    // Strings, numbers and lists of them cannot fail to serialise.
    let payload = serde_json::to_vec(draft).unwrap_or_default();
    Output { topic: Arc::clone(topic), partition: None, key: item_key(&draft.unit, &draft.id), payload, headers: Vec::new() }
}

/// The key that orders the records of one item.
fn item_key(unit: &str, id: &str) -> Vec<u8> {
    format!("{unit}/{id}").into_bytes()
}

/// What a reviewer sees of a record that nobody can read: where it is and why, nothing of what it says.
fn stand_in(record: &Record, why: &Unreadable, dlq: &str, received_at_ms: i64) -> Draft {
    let Partition { topic, number } = &record.partition;
    let unit = record.key.as_deref().and_then(|key| std::str::from_utf8(key).ok()).and_then(|key| key.split_once('/'));
    let unit = unit.map(|(unit, _)| unit).filter(|unit| (1..=64).contains(&unit.chars().count()) && !unit.chars().any(char::is_control));
    Draft {
        account: String::new(),
        as_of: Some(crate::stream::date_of(received_at_ms)),
        attachments: None,
        author: None,
        body: format!(
            "一条来稿无法读取，机器没有审查，请人工处理：到主题 {dlq} 查看原始记录，请报送单位改正后重新报送。\n来源：主题 {topic}，分区 {number}，偏移 {}\n原因：{}（{}）",
            record.offset, why.code, why.detail
        ),
        declared: None,
        format: Format::Text,
        id: format!("unreadable-{number}-{}", record.offset),
        images: None,
        kind: Kind::Original,
        links: None,
        platform: "kafka".into(),
        revision: 1,
        source: None,
        subtitle: None,
        title: "无法读取的来稿".into(),
        unit: unit.unwrap_or("kafka").to_owned(),
    }
}

/// The partition that the common clients choose for a key: murmur2 as in Apache Kafka's `Utils.murmur2`.
pub fn partition_of(key: &[u8], partitions: i32) -> i32 {
    const M: u32 = 0x5bd1_e995;
    const SEED: u32 = 0x9747_b28c;
    let mut hash = SEED ^ key.len() as u32;
    let (words, rest) = key.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    for (at, byte) in rest.iter().enumerate().rev() {
        hash ^= u32::from(*byte) << (8 * at);
        if at == 0 {
            hash = hash.wrapping_mul(M);
        }
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^= hash >> 15;
    ((hash & 0x7fff_ffff) % partitions.max(1) as u32) as i32
}

#[cfg(test)]
mod tests;
