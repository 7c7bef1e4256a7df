//! A finding (命中) and a suppressed hit: what was found where, why, and what to write instead.
//! Must not know how it was found.

use super::evidence::Evidence;
use super::text::Text;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// 提示, 一般, 较重, 阻断 (DOMAIN §2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Severity {
    S0,
    S1,
    S2,
    S3,
}

impl Severity {
    pub const ALL: [Self; 4] = [Self::S0, Self::S1, Self::S2, Self::S3];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::S0 => "S0",
            Self::S1 => "S1",
            Self::S2 => "S2",
            Self::S3 => "S3",
        }
    }

    /// 提示, 一般, 较重, 阻断.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::S0 => "提示",
            Self::S1 => "一般",
            Self::S2 => "较重",
            Self::S3 => "阻断",
        }
    }
}

impl std::str::FromStr for Severity {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or(())
    }
}

/// The field of the draft that a finding stands in, in the order in which findings are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    Title,
    Subtitle,
    Body,
    Author,
    Source,
    Links,
    Images,
    Attachments,
}

impl Field {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Subtitle => "subtitle",
            Self::Body => "body",
            Self::Author => "author",
            Self::Source => "source",
            Self::Links => "links",
            Self::Images => "images",
            Self::Attachments => "attachments",
        }
    }
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Category {
    #[serde(rename = "个人信息")]
    PersonalInformation,
    #[serde(rename = "商业秘密")]
    TradeSecret,
    #[serde(rename = "保密")]
    Secrecy,
    #[serde(rename = "商业广告")]
    Advertising,
    #[serde(rename = "链接")]
    Link,
    #[serde(rename = "违法有害")]
    Harmful,
    #[serde(rename = "用语规范")]
    Wording,
    #[serde(rename = "重大敏感事件")]
    Event,
    #[serde(rename = "转载")]
    Repost,
    #[serde(rename = "运营合规")]
    Operation,
}

impl Category {
    /// The category of a finding code, by its family; `None` for a code of no known family.
    pub fn of_code(code: &str) -> Option<Self> {
        Some(match code.split('.').next()? {
            "PII" => Self::PersonalInformation,
            "BIZ" => Self::TradeSecret,
            "SEC" => Self::Secrecy,
            "AD" => Self::Advertising,
            "LINK" => Self::Link,
            "ILL" => Self::Harmful,
            "WRD" => Self::Wording,
            "EVT" => Self::Event,
            "SRC" => Self::Repost,
            "OPS" => Self::Operation,
            _ => return None,
        })
    }

    pub fn chinese(self) -> &'static str {
        match self {
            Self::PersonalInformation => "个人信息",
            Self::TradeSecret => "商业秘密",
            Self::Secrecy => "保密",
            Self::Advertising => "商业广告",
            Self::Link => "链接",
            Self::Harmful => "违法有害",
            Self::Wording => "用语规范",
            Self::Event => "重大敏感事件",
            Self::Repost => "转载",
            Self::Operation => "运营合规",
        }
    }
}

/// What lies between the submitted characters and the matched ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transform {
    Width,
    Case,
    Traditional,
    Digit,
    Lookalike,
    Combining,
    Invisible,
    Separator,
    Bracket,
    Emoji,
    Pinyin,
    PinyinInitial,
    Homophone,
    Shape,
    Split,
    Reverse,
    Entity,
    Hidden,
}

impl Transform {
    /// The words a reviewer reads.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Width => "全角→半角",
            Self::Case => "大小写",
            Self::Traditional => "繁→简",
            Self::Digit => "数字变体",
            Self::Lookalike => "形似字符",
            Self::Combining => "去组合符",
            Self::Invisible => "去不可见字符",
            Self::Separator => "去分隔符",
            Self::Bracket => "去括号",
            Self::Emoji => "去表情",
            Self::Pinyin => "拼音",
            Self::PinyinInitial => "拼音首字母",
            Self::Homophone => "谐音",
            Self::Shape => "形近字",
            Self::Split => "拆字",
            Self::Reverse => "倒序",
            Self::Entity => "HTML 实体",
            Self::Hidden => "隐藏文字",
        }
    }
}

/// Whether a finding of this code and severity makes a draft one that only the secrecy reviewer may read (DOMAIN §2.5).
pub fn is_secret(code: &str, severity: Severity) -> bool {
    severity >= Severity::S1 && (code.starts_with("SEC.") || code == "PII.MILITARY")
}

/// Something that a person must see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// `PII.ID18`, `AD.CONTACT` … (DOMAIN §8).
    pub code: Text,
    pub category: Category,
    pub severity: Severity,
    pub field: Field,
    /// Names the string of an object field (`links[0].url`); null for plain string fields.
    pub path: Option<String>,
    /// First Unicode scalar of the submitted string, markup included.
    pub start: usize,
    /// One past the last scalar.
    pub end: usize,
    /// The submitted slice; masked for `PII.*` and `SEC.CREDENTIAL`.
    pub text: String,
    /// Names the rule; stable across reloads that do not touch it.
    pub rule: Text,
    pub message: Text,
    /// What to write instead.
    pub suggestion: Option<Text>,
    /// Law, standard or clause.
    pub basis: Text,
    pub transforms: Vec<Transform>,
    pub evidence: Evidence,
}

/// Why a hit is not a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SuppressedReason {
    /// It straddles words or lies inside a longer one.
    Boundary,
    /// It lies inside an allowed phrase.
    AllowPhrase,
    /// A guard of the text: education, negation, drill, template.
    Guard,
    /// A mention, not an offence.
    Mention,
    /// The check digit or table refutes it.
    CheckDigit,
    /// Required context is absent, or context says otherwise.
    Context,
    /// It is masked well enough.
    Mask,
}

impl SuppressedReason {
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Boundary => "词语边界",
            Self::AllowPhrase => "允许的说法",
            Self::Guard => "语境保护",
            Self::Mention => "仅为提及",
            Self::CheckDigit => "校验不符",
            Self::Context => "语境不符",
            Self::Mask => "已去标识化",
        }
    }
}

/// A hit that was looked at and set aside, with the reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Suppressed {
    pub code: Text,
    pub category: Category,
    pub severity: Severity,
    pub field: Field,
    pub path: Option<String>,
    pub start: usize,
    pub end: usize,
    pub text: String,
    pub rule: Text,
    pub reason: SuppressedReason,
    pub detail: Text,
}
