//! The bytes a ruleset is made of, and what may be wrong with them.
//! Must not know what they mean or where they lie.

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The bytes a ruleset is compiled from: name → content. Names are `policy.toml`, `units.csv` and
/// `dictionaries/…` with `/` between folders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleFiles(pub BTreeMap<String, Vec<u8>>);

impl RuleFiles {
    /// The first 16 hex digits of SHA-256 over the length-prefixed names and contents in order of name.
    pub fn id(&self) -> String {
        let mut hasher = Sha256::new();
        for (name, content) in &self.0 {
            for part in [name.as_bytes(), content] {
                hasher.update((part.len() as u64).to_be_bytes());
                hasher.update(part);
            }
        }
        let mut id = hex::encode(hasher.finalize());
        id.truncate(16);
        id
    }
}

/// One thing that is wrong with the rule files, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{file}{}{}: {reason}（{cure}）", .line.map(|l| format!(":{l}")).unwrap_or_default(), if .key.is_empty() { String::new() } else { format!(" [{}]", .key) })]
pub struct Problem {
    pub file: String,
    /// Counted from 1.
    pub line: Option<u64>,
    /// Column or key; may be empty.
    pub key: String,
    pub reason: String,
    pub cure: String,
}

impl Problem {
    /// A file that the rules cannot do without is not there.
    pub fn missing(file: &str) -> Self {
        Self {
            file: file.into(), line: None, key: String::new(), reason: "缺少该文件".into(), cure: "从发行包中恢复该文件".into()
        }
    }
}
