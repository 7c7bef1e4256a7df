//! Policy: findings → severity overrides, queue, minimum level, blocked. Rules are data (`policy.toml`), checked at load.
//! Must not know how findings came about.

use crate::model::Problem;
use crate::model::{Draft, Finding, Kind, Level, Queue, Severity};
use regex::Regex;
use serde::Deserialize;
use std::collections::BTreeMap;

const FILE: &str = "policy.toml";

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPolicy {
    blocked_at: Severity,
    default_severity: Severity,
    #[serde(default)]
    severity: BTreeMap<String, Severity>,
    queue: Vec<QueueRule>,
    message_queue: Vec<QueueRule>,
    level: Vec<LevelRule>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct QueueRule {
    queue: Queue,
    #[serde(default)]
    any: Vec<Need>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct LevelRule {
    level: Level,
    #[serde(default)]
    kinds: Vec<Kind>,
    #[serde(default)]
    any: Vec<Need>,
    #[serde(default)]
    title_words: Vec<String>,
}

/// So many findings of these codes at this severity or above.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Need {
    codes: Vec<String>,
    at_least: Severity,
    #[serde(default = "one")]
    count: usize,
}

fn one() -> usize {
    1
}

/// A checked policy.
#[derive(Debug, Clone)]
pub struct Policy {
    rules: RawPolicy,
    /// For each rule of a level its title words, looked for together; `None` where it has none.
    titles: Vec<Option<Regex>>,
}

/// What the policy decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    pub queue: Queue,
    pub level: Level,
    pub blocked: bool,
}

impl Policy {
    /// Reads and checks `policy.toml`; `is_code` knows the codes of `codes.csv`.
    pub fn read(bytes: &[u8], is_code: impl Fn(&str) -> bool, problems: &mut Vec<Problem>) -> Option<Self> {
        let mut problem = |line, key: &str, reason: String, cure: &str| {
            problems.push(Problem { file: FILE.into(), line, key: key.into(), reason, cure: cure.into() });
        };
        let Ok(text) = std::str::from_utf8(bytes) else {
            problem(None, "", "不是 UTF-8 编码".into(), "另存为 UTF-8");
            return None;
        };
        let raw: RawPolicy = match toml::from_str(text) {
            Ok(raw) => raw,
            Err(error) => {
                let line = error.span().and_then(|s| text.get(..s.start)).map(|t| t.matches('\n').count() as u64 + 1);
                problem(line, "", error.message().replace('\n', "；"), "对照发行包中的 policy.toml 改正");
                return None;
            }
        };
        for (name, rules) in [("queue", &raw.queue), ("message_queue", &raw.message_queue)] {
            match rules.last() {
                Some(last) if last.any.is_empty() => {}
                _ => problem(None, name, "最后一条规则必须没有条件，否则有稿件无处可去".into(), "在末尾加一条只有 queue 的规则"),
            }
            if rules.iter().rev().skip(1).any(|r| r.any.is_empty()) {
                problem(None, name, "没有条件的规则只能放在最后".into(), "删除它，或写明条件");
            }
        }
        let is_message = |q: Queue| matches!(q, Queue::Comment | Queue::CommentBlock | Queue::CommentUrgent);
        if raw.queue.iter().any(|r| is_message(r.queue)) || raw.message_queue.iter().any(|r| !is_message(r.queue)) {
            problem(None, "queue", "稿件和留言的队列混用了".into(), "留言只用 comment、comment_block、comment_urgent");
        }
        match raw.level.last() {
            Some(last) if last.any.is_empty() && last.kinds.is_empty() && last.title_words.is_empty() => {}
            _ => problem(None, "level", "最后一条规则必须没有条件".into(), "在末尾加一条只有 level 的规则"),
        }
        let needs = raw.queue.iter().chain(&raw.message_queue).flat_map(|r| &r.any).chain(raw.level.iter().flat_map(|r| &r.any));
        let codes = needs.flat_map(|n| &n.codes).chain(raw.severity.keys());
        for code in codes {
            let known = match code.strip_suffix(".*") {
                Some(family) => crate::model::Category::of_code(family).is_some(),
                None => is_code(code),
            };
            if !known {
                problem(None, code, "没有这个代码".into(), "改正代码，或在 codes.csv 中登记");
            }
        }
        let titles = raw.level.iter().map(|rule| one_of(&rule.title_words)).collect();
        match titles {
            Ok(titles) => Some(Self { rules: raw, titles }),
            Err(error) => {
                problem(None, "title_words", error.to_string(), "减少标题词");
                None
            }
        }
    }

    /// Applies the severity overrides.
    pub fn weigh(&self, findings: &mut [Finding]) {
        if self.rules.severity.is_empty() {
            return;
        }
        for finding in findings {
            if let Some(&severity) = self.rules.severity.get(&*finding.code) {
                finding.severity = severity;
            }
        }
    }

    /// Severity of a detector's code that no table names.
    pub fn default_severity(&self) -> Severity {
        self.rules.default_severity
    }

    pub fn decide(&self, draft: &Draft, findings: &[Finding]) -> Decision {
        let is_message = draft.kind == Kind::Message;
        let rules = if is_message { &self.rules.message_queue } else { &self.rules.queue };
        let holds = |any: &[Need]| any.iter().any(|need| need.holds(findings));
        let queue = rules
            .iter()
            .find(|r| r.any.is_empty() || holds(&r.any))
            .map_or(if is_message { Queue::Comment } else { Queue::Major }, |r| r.queue);
        let level = self
            .rules
            .level
            .iter()
            .zip(&self.titles)
            .find(|(r, title)| {
                (r.kinds.is_empty() || r.kinds.contains(&draft.kind))
                    && (r.any.is_empty() || holds(&r.any))
                    && title.as_ref().is_none_or(|words| words.is_match(&draft.title))
            })
            .map_or(Level::L3, |(r, _)| r.level);
        let blocked = findings.iter().any(|f| f.severity >= self.rules.blocked_at);
        Decision { queue, level, blocked }
    }
}

/// An expression for one of these words; `None` when there are none.
fn one_of(words: &[String]) -> Result<Option<Regex>, regex::Error> {
    if words.is_empty() {
        return Ok(None);
    }
    let words: Vec<String> = words.iter().map(|word| regex::escape(word)).collect();
    Regex::new(&words.join("|")).map(Some)
}

impl Need {
    fn holds(&self, findings: &[Finding]) -> bool {
        let matches = |code: &str| {
            self.codes.iter().any(|c| match c.strip_suffix('*') {
                Some(prefix) => code.starts_with(prefix),
                None => code == c,
            })
        };
        // Most drafts have none.
        if findings.len() < self.count {
            return false;
        }
        findings.iter().filter(|f| f.severity >= self.at_least && matches(&f.code)).take(self.count).count() >= self.count
    }
}
