//! A verdict: findings, queue, minimum level, and whether the text as it stands is blocked.
//! Must not know how it was reached.

use super::{Draft, ENGINE_VERSION, Finding, Suppressed};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The human review queue (DOMAIN §2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Queue {
    Secrecy,
    Major,
    Privacy,
    Ad,
    Source,
    Wording,
    Routine,
    CommentUrgent,
    CommentBlock,
    Comment,
}

impl Queue {
    pub const ALL: [Self; 10] = [
        Self::Secrecy,
        Self::Major,
        Self::Privacy,
        Self::Ad,
        Self::Source,
        Self::Wording,
        Self::Routine,
        Self::CommentUrgent,
        Self::CommentBlock,
        Self::Comment,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Secrecy => "secrecy",
            Self::Major => "major",
            Self::Privacy => "privacy",
            Self::Ad => "ad",
            Self::Source => "source",
            Self::Wording => "wording",
            Self::Routine => "routine",
            Self::CommentUrgent => "comment_urgent",
            Self::CommentBlock => "comment_block",
            Self::Comment => "comment",
        }
    }

    pub fn chinese(self) -> &'static str {
        match self {
            Self::Secrecy => "保密审查",
            Self::Major => "重大敏感",
            Self::Privacy => "个人信息",
            Self::Ad => "广告引流",
            Self::Source => "转载稿源",
            Self::Wording => "用语规范",
            Self::Routine => "一般信息",
            Self::CommentUrgent => "紧急留言",
            Self::CommentBlock => "拦截留言",
            Self::Comment => "群众留言",
        }
    }
}

impl std::str::FromStr for Queue {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|q| q.as_str() == text).ok_or(())
    }
}

/// Minimum review level: 一般, 重要, 重大敏感 (DOMAIN §2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Level {
    L1,
    L2,
    L3,
}

impl Level {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::L1 => "L1",
            Self::L2 => "L2",
            Self::L3 => "L3",
        }
    }

    pub fn chinese(self) -> &'static str {
        match self {
            Self::L1 => "一般信息",
            Self::L2 => "重要信息",
            Self::L3 => "重大敏感信息",
        }
    }
}

/// Why the machine could not judge the whole draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UndeterminedReason {
    Timeout,
    Panic,
    Limit,
    Unsupported,
    Unreadable,
}

impl std::str::FromStr for UndeterminedReason {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text).ok_or(())
    }
}

impl UndeterminedReason {
    pub const ALL: [Self; 5] = [Self::Timeout, Self::Panic, Self::Limit, Self::Unsupported, Self::Unreadable];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Panic => "panic",
            Self::Limit => "limit",
            Self::Unsupported => "unsupported",
            Self::Unreadable => "unreadable",
        }
    }

    pub fn chinese(self) -> &'static str {
        match self {
            Self::Timeout => "机审超时",
            Self::Panic => "机审出错",
            Self::Limit => "超出机审上限",
            Self::Unsupported => "格式不支持",
            Self::Unreadable => "没有可读文字",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Undetermined {
    pub reason: UndeterminedReason,
}

/// What the machine says of one revision of one draft. Holds no clock and no host: a replay is byte-identical.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    pub unit: String,
    pub id: String,
    pub revision: u64,
    pub verdict_id: String,
    pub content_hash: String,
    pub ruleset: String,
    #[serde(with = "date_text")]
    #[schemars(with = "String")]
    pub as_of: Date,
    pub queue: Queue,
    pub level: Level,
    pub blocked: bool,
    pub findings: Vec<Finding>,
    pub suppressed: Vec<Suppressed>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undetermined: Option<Undetermined>,
}

/// Room for what names an ordinary verdict.
const VERDICT_ID_BYTES: usize = 384;

impl Verdict {
    /// SHA-256 (hex) over length-prefixed (`unit`, `id`, `revision`, `content_hash`, `as_of`, `ruleset`, engine version).
    /// Each part is its length in bytes as 8 bytes big-endian, then its UTF-8 bytes; numbers and dates in decimal text.
    pub fn verdict_id(draft: &Draft, content_hash: &str, as_of: Date, ruleset: &str) -> String {
        let mut bytes: Vec<u8> = Vec::with_capacity(VERDICT_ID_BYTES);
        for part in [&*draft.unit, &*draft.id, &draft.revision.to_string(), content_hash, &as_of.to_string(), ruleset, ENGINE_VERSION] {
            bytes.extend((part.len() as u64).to_be_bytes());
            bytes.extend(part.as_bytes());
        }
        super::canonical::hex_text(&Sha256::digest(bytes))
    }

    /// Only the secrecy reviewer and the author may read the draft, whatever queue it stands in: one that could not be
    /// judged to the end stands in `major` with the secrecy findings that are known.
    pub fn is_secret(&self) -> bool {
        self.queue == Queue::Secrecy || self.findings.iter().any(|finding| super::finding::is_secret(&finding.code, finding.severity))
    }

    /// The bytes that are stored and sent.
    pub fn to_json(&self) -> String {
        // Strings, numbers and lists of them cannot fail to serialise.
        serde_json::to_string(self).unwrap_or_default()
    }
}

mod date_text {
    use jiff::civil::Date;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(date: &Date, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(date)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
