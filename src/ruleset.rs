//! One immutable value: dictionaries, detectors and policy compiled together, named by a content hash.
//! Judging is a function of it and the draft; it knows no file, clock, network or randomness.

use crate::detect::reading::{Reading, Scanned};
use crate::detect::report::Report;
use crate::detect::{AccountKind, Detectors, Scan};
use crate::lexicon::asked::Answers;
use crate::lexicon::tables::CodeText;
use crate::lexicon::{Lexicon, ListSet};
pub use crate::model::rules::{Problem, RuleFiles};
use crate::model::{Draft, Finding, Kind, Level, Queue, Undetermined, UndeterminedReason, Verdict};
use crate::policy::Policy;
use crate::text::extract::{Unextractable, extract};
use crate::text::passage::Role;
use std::collections::{BTreeMap, HashMap};
use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, PoisonError, RwLock};

/// A compiled set of rules.
pub struct Ruleset {
    id: String,
    lexicon: Lexicon,
    detectors: Detectors,
    policy: Policy,
    /// Memory of finished readings, used again. Holds no text once given back.
    #[expect(clippy::vec_box, reason = "too large to be moved for every passage")]
    spare: Mutex<Vec<Box<Scanned>>>,
    /// Kinds of accounts told by their names so far.
    accounts: RwLock<HashMap<String, AccountKind>>,
    /// Title words, kinds of accounts and the like that decide guards.
    guards: Guards,
}

struct Guards {
    education: ListSet,
    justice: ListSet,
    employment: ListSet,
}

/// Most accounts whose kind is kept, and the longest name of one, in bytes.
const ACCOUNTS_MAX: usize = 4_096;
const ACCOUNT_BYTES_MAX: usize = 256;
/// Most buffers kept for other drafts.
const SPARE_BUFFERS_MAX: usize = 64;
/// Longest passage whose buffers are kept, in characters.
const SPARE_CHARS_MAX: usize = 64 << 10;
/// Most characters of a draft judged, over all its strings; more goes to a person.
pub const DRAFT_CHARS_MAX: usize = 12 << 20;

impl Ruleset {
    /// Compiles a whole set; any problem anywhere refuses all of it, and all problems are named at once.
    pub fn compile(files: &RuleFiles) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let lexicon = Lexicon::compile(files, &mut problems);
        let detectors = Detectors::new(&lexicon, &mut problems);
        let guards = Guards {
            education: lexicon.lists(&mut problems).asked("education_title"),
            justice: lexicon.lists(&mut problems).asked("justice_account"),
            employment: lexicon.lists(&mut problems).asked("employment_account"),
        };
        let policy = match files.0.get("policy.toml") {
            Some(bytes) => Policy::read(bytes, |code| lexicon.tables.codes.contains_key(code), &mut problems),
            None => {
                problems.push(Problem::missing("policy.toml"));
                None
            }
        };
        match policy {
            Some(policy) if problems.is_empty() => {
                Ok(Self { id: files.id(), lexicon, detectors, policy, spare: Mutex::default(), accounts: RwLock::default(), guards })
            }
            _ => {
                problems.sort();
                problems.dedup();
                Err(problems)
            }
        }
    }

    /// 16 hex digits that name this set.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The finding codes with the texts that console, reports and docs show.
    pub fn codes(&self) -> &BTreeMap<String, CodeText> {
        &self.lexicon.tables.codes
    }

    /// The lexicon, for questions about its rows.
    pub fn lexicon(&self) -> &Lexicon {
        &self.lexicon
    }

    /// The name of the unit that runs an account, or of the unit alone; `None` when `units.csv` names neither.
    pub fn unit_name(&self, unit: &str, account: &str) -> Option<&str> {
        let name = |account: &str| self.lexicon.tables.unit(unit, account).map(|row| &*row.name);
        name(account).filter(|name| !name.is_empty()).or_else(|| name("")).filter(|name| !name.is_empty())
    }

    /// A text as the matcher sees it.
    pub fn folded(&self, text: &str) -> String {
        let folded = self.lexicon.fold.fold(text);
        folded.text(0, folded.len())
    }

    /// The finding with the severity that the policy gives its code.
    pub fn weighed(&self, finding: Finding) -> Finding {
        let mut one = [finding];
        self.policy.weigh(&mut one);
        let [finding] = one;
        finding
    }

    /// The queue that this finding alone would send the draft to.
    pub fn queue_of(&self, draft: &Draft, finding: &Finding) -> Queue {
        self.policy.decide(draft, std::slice::from_ref(finding)).queue
    }

    /// Judges a draft. Never fails: what cannot be judged comes back `undetermined`, for a person.
    /// `as_of` of the draft must have been fixed at intake; without it the verdict is `undetermined`.
    pub fn judge(&self, draft: &Draft) -> Verdict {
        // A bug in a detector must not take a draft past a person, nor the process down.
        std::panic::catch_unwind(AssertUnwindSafe(|| self.judge_unguarded(draft)))
            .unwrap_or_else(|_| self.undetermined(draft, UndeterminedReason::Panic))
    }

    fn judge_unguarded(&self, draft: &Draft) -> Verdict {
        let Some(as_of) = draft.as_of else { return self.undetermined(draft, UndeterminedReason::Unsupported) };
        let passages = match extract(draft) {
            Ok(passages) => passages,
            Err(Unextractable::TooLarge) => return self.undetermined(draft, UndeterminedReason::Limit),
        };
        if passages.iter().map(|p| p.text.len()).sum::<usize>() > 3 * DRAFT_CHARS_MAX {
            return self.undetermined(draft, UndeterminedReason::Limit);
        }
        let is_readable = passages
            .iter()
            .any(|p| matches!(p.role, Role::Title | Role::Subtitle | Role::Body) && p.text.contains(|c: char| !c.is_whitespace()));
        let mut spare = self.take_spare(passages.len());
        let readings: Vec<Reading<'_>> =
            passages.into_iter().map(|p| Reading::new(p, &self.lexicon, spare.pop().unwrap_or_default())).collect();
        let mut scan = Scan {
            draft,
            as_of,
            lexicon: &self.lexicon,
            readings: &readings,
            account: self.account_kind(draft),
            terms: Vec::new(),
            waiting: Vec::new(),
            addresses: Vec::new(),
            mailboxes: Vec::new(),
            is_education: self.is_education(draft, &readings),
        };
        let mut report = Report::default();
        self.detectors.run(&mut scan, &mut report);
        let (mut findings, suppressed, overflowed) = report.finish(&scan);
        drop(scan);
        self.give_back(readings);
        self.policy.weigh(&mut findings);
        let decision = self.policy.decide(draft, &findings);
        let content_hash = draft.content_hash();
        let mut verdict = Verdict {
            unit: draft.unit.clone(),
            id: draft.id.clone(),
            revision: draft.revision,
            verdict_id: Verdict::verdict_id(draft, &content_hash, as_of, &self.id),
            content_hash,
            ruleset: self.id.clone(),
            as_of,
            queue: decision.queue,
            level: decision.level,
            blocked: decision.blocked,
            findings,
            suppressed,
            undetermined: None,
        };
        if overflowed {
            self.give_to_person(draft, &mut verdict, UndeterminedReason::Limit);
        } else if !is_readable {
            self.give_to_person(draft, &mut verdict, UndeterminedReason::Unreadable);
        }
        verdict
    }

    #[expect(clippy::vec_box, reason = "too large to be moved for every passage")]
    fn take_spare(&self, count: usize) -> Vec<Box<Scanned>> {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        let from = spare.len().saturating_sub(count);
        spare.split_off(from)
    }

    fn give_back(&self, readings: Vec<Reading<'_>>) {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        for reading in readings {
            // A huge draft must not keep its memory for good.
            if spare.len() < SPARE_BUFFERS_MAX && reading.len() <= SPARE_CHARS_MAX {
                spare.push(reading.into_scanned());
            }
        }
    }

    /// The verdict of a draft that could not be judged: a human queue, never a pass.
    pub fn undetermined(&self, draft: &Draft, reason: UndeterminedReason) -> Verdict {
        let content_hash = draft.content_hash();
        let as_of = draft.as_of.unwrap_or(jiff::civil::Date::ZERO);
        let mut verdict = Verdict {
            unit: draft.unit.clone(),
            id: draft.id.clone(),
            revision: draft.revision,
            verdict_id: Verdict::verdict_id(draft, &content_hash, as_of, &self.id),
            content_hash,
            ruleset: self.id.clone(),
            as_of,
            queue: Queue::Major,
            level: Level::L3,
            blocked: true,
            findings: Vec::new(),
            suppressed: Vec::new(),
            undetermined: None,
        };
        self.give_to_person(draft, &mut verdict, reason);
        verdict
    }

    /// Findings as far as they are known, but a person decides (CONTRACTS: queue `major` or `comment`, blocked). A secrecy
    /// finding does not change the queue; whoever shows the draft asks [`Verdict::is_secret`] and masks it.
    fn give_to_person(&self, draft: &Draft, verdict: &mut Verdict, reason: UndeterminedReason) {
        let is_message = draft.kind == Kind::Message;
        verdict.queue = if is_message { Queue::Comment } else { Queue::Major };
        verdict.level = if is_message { Level::L1 } else { Level::L3 };
        verdict.blocked = true;
        verdict.undetermined = Some(Undetermined { reason });
    }

    /// By the units table, else by the account's name.
    fn account_kind(&self, draft: &Draft) -> AccountKind {
        match self.lexicon.tables.unit_or_account(&draft.unit, &draft.account).map(|r| r.kind.as_str()) {
            Some("police" | "court") => return AccountKind::Justice,
            Some("employment") => return AccountKind::Employment,
            _ => {}
        }
        if let Some(&kind) = self.accounts.read().unwrap_or_else(PoisonError::into_inner).get(&draft.account) {
            return kind;
        }
        let kind = self.account_kind_by_name(&draft.account);
        if draft.account.len() > ACCOUNT_BYTES_MAX {
            return kind;
        }
        let mut known = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= ACCOUNTS_MAX {
            known.clear();
        }
        known.insert(draft.account.clone(), kind);
        kind
    }

    fn account_kind_by_name(&self, account: &str) -> AccountKind {
        let name = self.lexicon.fold.fold_term(account);
        let mut answers = Answers::default();
        let mut has = |list: ListSet| self.lexicon.asked().has_word(list, &name, 0..name.len(), &mut answers);
        if has(self.guards.justice) {
            AccountKind::Justice
        } else if has(self.guards.employment) {
            AccountKind::Employment
        } else {
            AccountKind::General
        }
    }

    /// The title says that the draft teaches or warns; messages never do.
    fn is_education(&self, draft: &Draft, readings: &[Reading<'_>]) -> bool {
        draft.kind != Kind::Message
            && readings.iter().any(|r| r.passage.role == Role::Title && r.has_word(&self.lexicon, self.guards.education, 0..r.len()))
    }
}
