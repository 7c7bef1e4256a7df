//! One immutable value: dictionaries, detectors and policy compiled together, named by a content hash.
//! Judging is a function of it and the draft; it knows no file, clock, network or randomness.

use crate::model::{Draft, Level, Queue, Undetermined, UndeterminedReason, Verdict};
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

/// A compiled set of rules.
pub struct Ruleset {
    id: String,
}

impl Ruleset {
    /// Compiles a whole set; any problem anywhere refuses all of it, and all problems are named at once.
    pub fn compile(files: &RuleFiles) -> Result<Self, Vec<Problem>> {
        Ok(Self { id: files.id() })
    }

    /// 16 hex digits that name this set.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Judges a draft. Never fails: what cannot be judged comes back `undetermined`, for a person.
    /// `as_of` of the draft must have been fixed at intake; without it the verdict is `undetermined`.
    pub fn judge(&self, draft: &Draft) -> Verdict {
        self.undetermined(draft, UndeterminedReason::Unsupported)
    }

    /// The verdict of a draft that could not be judged: a human queue, never a pass.
    pub fn undetermined(&self, draft: &Draft, reason: UndeterminedReason) -> Verdict {
        let content_hash = draft.content_hash();
        let as_of = draft.as_of.unwrap_or(jiff::civil::Date::ZERO);
        let message = draft.kind == crate::model::Kind::Message;
        Verdict {
            unit: draft.unit.clone(),
            id: draft.id.clone(),
            revision: draft.revision,
            verdict_id: Verdict::verdict_id(draft, &content_hash, as_of, &self.id),
            content_hash,
            ruleset: self.id.clone(),
            as_of,
            queue: if message { Queue::Comment } else { Queue::Major },
            level: if message { Level::L1 } else { Level::L3 },
            blocked: true,
            findings: Vec::new(),
            suppressed: Vec::new(),
            undetermined: Some(Undetermined { reason }),
        }
    }
}
