//! What the pages show besides drafts and verdicts: plain data that the store is asked for.
//! Must not know where it comes from.

use crate::model::{Kind, Level, Queue, Severity};
use jiff::Timestamp;

/// One queue and how much waits in it. Queues without a row count as empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueRow {
    pub queue: Queue,
    pub items: u64,
    /// Age of the item that waits longest.
    pub oldest_seconds: Option<u64>,
}

/// What a reviewer must know about the machine before trusting the counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// Id of the rules in force.
    pub ruleset: String,
    /// Drafts received and not screened yet.
    pub pending: u64,
    /// What is wrong, in words: a refused set of rules, a full disk.
    pub notice: Option<String>,
}

/// How many findings of each severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub s0: u64,
    pub s1: u64,
    pub s2: u64,
    pub s3: u64,
}

impl Counts {
    pub fn of(self, severity: Severity) -> u64 {
        match severity {
            Severity::S0 => self.s0,
            Severity::S1 => self.s1,
            Severity::S2 => self.s2,
            Severity::S3 => self.s3,
        }
    }

    pub fn add(&mut self, severity: Severity) {
        match severity {
            Severity::S0 => self.s0 += 1,
            Severity::S1 => self.s1 += 1,
            Severity::S2 => self.s2 += 1,
            Severity::S3 => self.s3 += 1,
        }
    }
}

/// One waiting item of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRow {
    pub unit: String,
    pub id: String,
    pub revision: u64,
    pub title: String,
    pub account: String,
    pub platform: String,
    pub kind: Kind,
    pub level: Level,
    pub blocked: bool,
    pub received_at: Timestamp,
    pub age_seconds: u64,
    pub findings: Counts,
}

/// One revision of an item, the one on the page included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionRow {
    pub revision: u64,
    pub received_at: Timestamp,
    /// As the HTTP interface names it: `pending`, `screened`, `superseded` …
    pub state: String,
}
