//! What the pages show besides drafts and verdicts: plain data that the store is asked for.
//! Must not know where it comes from.

use crate::explain::Step;
use crate::model::{Draft, Kind, Level, Queue, Severity, UndeterminedReason, Verdict};
use jiff::Timestamp;

/// Who looks at a page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Viewer {
    /// A token opened the page, so there is a way out.
    pub can_sign_out: bool,
}

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
    /// What the unit is called, when the rules in use know it.
    pub unit_name: Option<String>,
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
    /// Why the machine could not judge it to the end.
    pub undetermined: Option<UndeterminedReason>,
    /// Only the secrecy reviewer and the author may read it.
    pub is_secret: bool,
}

/// One revision of one item, and what else its page shows.
#[derive(Debug, Clone, Copy)]
pub struct ItemView<'a> {
    pub draft: &'a Draft,
    /// `None`: the machine has not judged it yet.
    pub verdict: Option<&'a Verdict>,
    /// What the unit is called, when the rules in use know it.
    pub unit_name: Option<&'a str>,
    pub revisions: &'a [RevisionRow],
    pub received_at: Timestamp,
    /// Address of the item that waits after this one in its queue.
    pub next: Option<&'a str>,
    /// How each finding and each suppressed hit came about, in the order of the verdict; may be shorter.
    pub chains: &'a Chains,
}

/// The steps to each finding and each suppressed hit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chains {
    pub findings: Vec<Vec<Step>>,
    pub suppressed: Vec<Vec<Step>>,
}

/// One revision of an item, the one on the page included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionRow {
    pub revision: u64,
    pub received_at: Timestamp,
    /// As the HTTP interface names it: `pending`, `screened`, `superseded` …
    pub state: String,
}
