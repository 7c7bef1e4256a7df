//! `xianshen lexicon`: check dictionaries, run the cases beside them, and show what a change of them would change.
//! Must not know the format of a dictionary.

use super::excerpt::Shown;
use super::input::{self, DraftFields, Input, Item, Origin};
use super::ordered::{self, Sink, Window};
use super::pretty::{origin_name, refusal_line, severity_look};
use super::rules::{RuleArgs, problem_line, refused};
use super::terminal::{self, Colour, Look, Painter, clip, neutral};
use super::{Exit, Stop, print};
use crate::cases;
use crate::model::{Draft, Finding, Format, Kind, Severity, Text, Verdict};
use crate::rule_files::{self, RulePaths};
use crate::ruleset::{Problem, RuleFiles, Ruleset};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Ordinary text, one passage a line, that hardly any rule should flag.
const CANARY: &str = "dictionaries/canary.txt";
/// A rule may flag this many lines of the canary text in a thousand…
const CANARY_PER_MILLE_MAX: usize = 5;
/// …and this many in any case: in a short text one honest hit is a large share.
const CANARY_LINES_MAX: usize = 3;
/// Day on which the canary text is judged. A constant: a check must not change its answer overnight.
const CANARY_AS_OF: jiff::civil::Date = jiff::civil::Date::constant(2026, 11, 23);

const WINDOW: Window = Window { items_max: 128, bytes_max: 32 << 20 };
/// Findings shown of one draft whose verdict changes.
const CHANGES_SHOWN_MAX: usize = 20;

#[derive(Debug, Subcommand)]
pub enum LexiconCommand {
    /// Compile the rules and look for over-broad ones; every problem with file and line
    ///
    /// Exit status: 0 no problem; 2 a problem, so that the set would be refused.
    Check {
        #[command(flatten)]
        rules: RuleArgs,
    },
    /// Run the cases (*.cases.toml) beside the dictionaries
    ///
    /// Exit status: 0 all hold; 1 some do not; 2 the rules do not compile, or there is no case at all.
    Test {
        #[command(flatten)]
        rules: RuleArgs,
    },
    Diff(DiffArgs),
}

/// Show the drafts that a change of the rules would newly flag or flag no longer
///
/// OLD and NEW are each a folder of dictionaries, a folder that holds `dictionaries/` and `config/`, or `shipped`.
/// Exit status: 0 no verdict changes; 1 some do; 2 rules or drafts that cannot be read.
#[derive(Debug, Args)]
pub struct DiffArgs {
    pub old: PathBuf,
    pub new: PathBuf,
    /// Drafts to judge by both, one a line (`-`: standard input)
    #[arg(long, value_name = "FILE.jsonl")]
    pub against: PathBuf,
    #[arg(long, value_enum, default_value = "pretty")]
    pub format: DiffFormat,
    #[arg(long, value_enum, default_value = "auto")]
    pub color: Colour,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    Pretty,
    /// One changed draft a line
    Jsonl,
}

pub fn run(command: LexiconCommand) -> anyhow::Result<Exit> {
    match command {
        LexiconCommand::Check { rules } => check(&rules),
        LexiconCommand::Test { rules } => test(&rules),
        LexiconCommand::Diff(args) => diff(&args),
    }
}

fn check(rules: &RuleArgs) -> anyhow::Result<Exit> {
    let files = rules.read()?;
    let problems = match Ruleset::compile(&files) {
        Ok(ruleset) => over_broad(&ruleset, &files),
        Err(problems) => problems,
    };
    let mut out: String = problems.iter().map(|problem| problem_line(problem) + "\n").collect();
    if problems.is_empty() {
        out = format!("规则 {}：{} 个文件，没有问题\n", files.id(), files.0.len());
    }
    print(&out)?;
    Ok(if problems.is_empty() { Exit::Nothing } else { Exit::Invalid })
}

/// Rules that flag too much of the canary text.
fn over_broad(ruleset: &Ruleset, files: &RuleFiles) -> Vec<Problem> {
    let Some(text) = files.0.get(CANARY).map(|content| String::from_utf8_lossy(content)) else { return Vec::new() };
    over_broad_with(&text, |draft| ruleset.judge(draft))
}

fn over_broad_with(text: &str, judge: impl Fn(&Draft) -> Verdict) -> Vec<Problem> {
    let (mut lines, mut flagged) = (0, BTreeMap::<Text, usize>::new());
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        lines += 1;
        let verdict = judge(&canary_draft(line));
        let mut rules: Vec<&Text> = verdict.findings.iter().filter(|f| f.severity >= Severity::S1).map(|f| &f.rule).collect();
        rules.sort_unstable();
        rules.dedup();
        for rule in rules {
            *flagged.entry(rule.clone()).or_default() += 1;
        }
    }
    let allowed = CANARY_LINES_MAX.max(lines * CANARY_PER_MILLE_MAX / 1_000);
    let broad = flagged.into_iter().filter(|&(_, count)| count > allowed);
    broad
        .map(|(rule, count)| Problem {
            file: CANARY.to_owned(),
            line: None,
            key: rule.into(),
            reason: format!("在 {lines} 行普通文字里命中 {count} 行，至多 {allowed} 行：太宽"),
            cure: "加上下文（with）、词边界（boundary）或允许的说法（unless），或删去".to_owned(),
        })
        .collect()
}

fn canary_draft(line: &str) -> Draft {
    Draft {
        account: String::new(),
        as_of: Some(CANARY_AS_OF),
        attachments: None,
        author: None,
        body: line.to_owned(),
        declared: None,
        format: Format::Text,
        id: "canary".to_owned(),
        images: None,
        kind: Kind::Original,
        links: None,
        platform: String::new(),
        revision: 1,
        source: None,
        subtitle: None,
        title: String::new(),
        unit: "canary".to_owned(),
    }
}

fn test(rules: &RuleArgs) -> anyhow::Result<Exit> {
    let (ruleset, files) = rules.compile()?;
    let report = cases::run(&ruleset, &files);
    let mut out: String = report.problems.iter().map(|problem| problem_line(problem) + "\n").collect();
    out.push_str(&format!("{} 个用例，{} 处不符\n", report.run, report.problems.len()));
    print(&out)?;
    match (report.holds(), report.run) {
        (true, 0) => Err(Stop::invalid(format!("no {} file beside the dictionaries: nothing was tested", cases::CASES_ENDING)).into()),
        (true, _) => Ok(Exit::Nothing),
        (false, _) => Ok(Exit::Something),
    }
}

/// Where the files of one side of a comparison are.
fn side(folder: &Path) -> RulePaths {
    if folder.as_os_str() == "shipped" {
        return RulePaths::default();
    }
    let inner = folder.join("dictionaries");
    if !inner.is_dir() {
        return RulePaths { dictionaries: Some(folder.to_owned()), ..RulePaths::default() };
    }
    let beside = |name: &str| [folder.join("config").join(name), folder.join(name)].into_iter().find(|path| path.is_file());
    RulePaths { dictionaries: Some(inner), policy: beside("policy.toml"), units: beside("units.csv") }
}

fn compile_side(folder: &Path) -> anyhow::Result<Ruleset> {
    let files = rule_files::read(&side(folder))?;
    Ruleset::compile(&files).map_err(|problems| refused(&folder.display().to_string(), &problems).into())
}

fn diff(args: &DiffArgs) -> anyhow::Result<Exit> {
    let rulesets = Arc::new((compile_side(&args.old)?, compile_side(&args.new)?));
    let inputs = [match Input::of(&args.against) {
        Input::Stdin => Input::Stdin,
        _ => Input::Lines(args.against.clone()),
    }];
    let fields = DraftFields {
        unit: String::new(),
        account: String::new(),
        platform: String::new(),
        kind: Kind::Original,
        title: String::new(),
        as_of: None,
    };
    let view = View { painter: Painter { is_on: args.color.is_on() }, columns: terminal::columns(), format: args.format };
    let worker = || {
        let (rulesets, fields) = (rulesets.clone(), fields.clone());
        move |item: Item| match item.draft(&fields) {
            Ok(draft) => Compared::Both(view.change(&item.origin, &draft, &rulesets.0.judge(&draft), &rulesets.1.judge(&draft))),
            Err(refusal) => Compared::Refused(refusal_line(&item.origin, &refusal)),
        }
    };
    let mut output = DiffOutput { out: BufWriter::new(io::stdout().lock()), counts: BTreeMap::new(), drafts: 0, refused: 0 };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let read = move |feed: ordered::Feed<Item, Compared>| input::read_all(&inputs, |item, bytes| feed.push(item, bytes), || ());
    ordered::run(WINDOW, workers, read, worker, &mut output)?;
    if args.format == DiffFormat::Pretty {
        let count = |change| output.counts.get(&change).copied().unwrap_or(0);
        let (newly, no_longer, other) = (count(Change::NewlyFlagged), count(Change::NoLongerFlagged), count(Change::Other));
        let same = output.drafts - newly - no_longer - other;
        writeln!(
            output.out,
            "共 {} 篇：新增命中 {newly} 篇，不再命中 {no_longer} 篇，其他变化 {other} 篇，无变化 {same} 篇。",
            output.drafts
        )?;
    }
    output.out.flush()?;
    Ok(match (output.refused, output.counts.is_empty()) {
        (0, true) => Exit::Nothing,
        (0, false) => Exit::Something,
        _ => Exit::Invalid,
    })
}

/// What a change of the rules does to one draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    /// Something at S1 or above where there was nothing.
    NewlyFlagged,
    /// Nothing at S1 or above where there was something.
    NoLongerFlagged,
    /// Other findings, another queue, level or outcome.
    Other,
}

impl Change {
    fn as_str(self) -> &'static str {
        match self {
            Self::NewlyFlagged => "newly_flagged",
            Self::NoLongerFlagged => "no_longer_flagged",
            Self::Other => "other",
        }
    }

    fn chinese(self) -> &'static str {
        match self {
            Self::NewlyFlagged => "新增命中",
            Self::NoLongerFlagged => "不再命中",
            Self::Other => "其他变化",
        }
    }
}

enum Compared {
    Both(Option<(Change, String)>),
    Refused(String),
}

#[derive(Clone, Copy)]
struct View {
    painter: Painter,
    columns: usize,
    format: DiffFormat,
}

fn is_flagged(verdict: &Verdict) -> bool {
    verdict.undetermined.is_some() || verdict.findings.iter().any(|finding| finding.severity >= Severity::S1)
}

/// Findings of `these` that `those` lack; the wording of a rule is no difference.
fn only_in<'a>(these: &'a Verdict, those: &Verdict) -> Vec<&'a Finding> {
    let key = |f: &Finding| (f.field, f.path.clone(), f.start, f.end, f.code.clone(), f.severity);
    let known: std::collections::BTreeSet<_> = those.findings.iter().map(key).collect();
    these.findings.iter().filter(|finding| !known.contains(&key(finding))).collect()
}

impl View {
    /// What differs between two verdicts of a draft, rendered; `None` when nothing does.
    fn change(&self, origin: &Origin, draft: &Draft, old: &Verdict, new: &Verdict) -> Option<(Change, String)> {
        let (added, removed) = (only_in(new, old), only_in(old, new));
        let outcome = |verdict: &Verdict| (verdict.queue, verdict.level, verdict.blocked, verdict.undetermined);
        if added.is_empty() && removed.is_empty() && outcome(old) == outcome(new) {
            return None;
        }
        let change = match (is_flagged(old), is_flagged(new)) {
            (false, true) => Change::NewlyFlagged,
            (true, false) => Change::NoLongerFlagged,
            _ => Change::Other,
        };
        let text = match self.format {
            DiffFormat::Jsonl => {
                let value = json!({
                    "unit": draft.unit, "id": draft.id, "revision": draft.revision, "change": change.as_str(),
                    "queue": [old.queue, new.queue], "level": [old.level, new.level], "blocked": [old.blocked, new.blocked],
                    "added": added, "removed": removed,
                });
                format!("{value}\n")
            }
            DiffFormat::Pretty => self.pretty(origin, draft, (old, new), change, &added, &removed),
        };
        Some((change, text))
    }

    fn pretty(
        &self,
        origin: &Origin,
        draft: &Draft,
        (old, new): (&Verdict, &Verdict),
        change: Change,
        added: &[&Finding],
        removed: &[&Finding],
    ) -> String {
        let mut out = String::new();
        let look = if change == Change::NewlyFlagged { Look::Red } else { Look::Yellow };
        self.painter.add(&mut out, look, change.chinese());
        out.push_str(&format!("  {}  ", clip(&Shown::new(draft, new).title(), self.columns / 2)));
        self.painter.add(&mut out, Look::Dim, &format!("{} · {}", origin_name(origin), neutral(&draft.id)));
        out.push('\n');
        let mut outcome = |what: &str, before: &str, after: &str| {
            if before != after {
                out.push_str(&format!("  {what} {before} → {after}\n"));
            }
        };
        outcome("队列", old.queue.chinese(), new.queue.chinese());
        outcome("级别", old.level.as_str(), new.level.as_str());
        let blocked = |verdict: &Verdict| if verdict.blocked { "阻断" } else { "不阻断" };
        outcome("结论", blocked(old), blocked(new));
        let signed = added.iter().map(|finding| ("+", finding)).chain(removed.iter().map(|finding| ("-", finding)));
        for (sign, finding) in signed.take(CHANGES_SHOWN_MAX) {
            out.push_str(&format!("  {sign} "));
            self.painter.add(&mut out, severity_look(finding.severity), finding.severity.chinese());
            let text = clip(&finding.text, self.columns / 3);
            out.push_str(&format!(" {}「{text}」规则 {}\n", neutral(&finding.code), neutral(&finding.rule)));
        }
        let more = (added.len() + removed.len()).saturating_sub(CHANGES_SHOWN_MAX);
        if more > 0 {
            out.push_str(&format!("  …另有 {more} 处（全部见 --format jsonl）\n"));
        }
        out
    }
}

struct DiffOutput<W: Write> {
    out: BufWriter<W>,
    counts: BTreeMap<Change, u64>,
    drafts: u64,
    refused: u64,
}

impl<W: Write> Sink<Compared> for DiffOutput<W> {
    fn put(&mut self, compared: Compared) -> io::Result<()> {
        match compared {
            Compared::Both(change) => {
                self.drafts += 1;
                if let Some((change, text)) = change {
                    *self.counts.entry(change).or_default() += 1;
                    self.out.write_all(text.as_bytes())?;
                }
            }
            Compared::Refused(line) => {
                self.refused += 1;
                eprintln!("xianshen: {line}");
            }
        }
        Ok(())
    }

    fn pause(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::fixture;

    fn view(format: DiffFormat) -> View {
        View { painter: Painter { is_on: false }, columns: 80, format }
    }

    fn change(old: &[(&str, &str, &str)], new: &[(&str, &str, &str)]) -> Option<(Change, String)> {
        let draft = fixture::draft("加微信谈，座机0879-4230000，茶产业", Format::Text);
        let origin = Origin { file: Some("稿件.jsonl".into()), line: Some(3), chars_before: 0 };
        view(DiffFormat::Pretty).change(&origin, &draft, &fixture::verdict(&draft, old), &fixture::verdict(&draft, new))
    }

    const CONTACT: (&str, &str, &str) = ("AD.CONTACT", "加微信", "加微信");
    const LANDLINE: (&str, &str, &str) = ("PII.LANDLINE", "0879-4230000", "0879-42***00");
    const TYPO: (&str, &str, &str) = ("WRD.typo", "茶产业", "茶产业");

    #[test]
    fn a_change_is_told_by_what_is_flagged_before_and_after() {
        assert!(change(&[CONTACT], &[CONTACT]).is_none());
        for (old, new, expected) in [
            (&[][..], &[CONTACT][..], Change::NewlyFlagged),
            (&[LANDLINE], &[LANDLINE, TYPO], Change::NewlyFlagged),
            (&[CONTACT], &[LANDLINE], Change::NoLongerFlagged),
            (&[CONTACT], &[CONTACT, TYPO], Change::Other),
            (&[], &[LANDLINE], Change::Other),
        ] {
            assert_eq!(change(old, new).map(|(change, _)| change), Some(expected), "{old:?} → {new:?}");
        }
    }

    #[test]
    fn a_changed_draft_is_shown_with_what_came_and_went() {
        let (_, text) = change(&[TYPO], &[CONTACT]).expect("a change");
        assert_eq!(
            text,
            "其他变化  茶叶上新  稿件.jsonl:3 · E1\n  结论 不阻断 → 阻断\n  + 阻断 AD.CONTACT「加微信」规则 ads/contact.wechat\n  - 较重 WRD.typo「茶产业」规则 ads/contact.wechat\n"
        );
    }

    #[test]
    fn a_rule_that_flags_ordinary_text_is_over_broad() {
        let judge = |draft: &Draft| {
            let hit = ("AD.CONTACT", "通知", "通知");
            fixture::verdict(draft, if draft.body.contains("通知") { std::slice::from_ref(&hit) } else { &[] })
        };
        let text = |flagged: usize| {
            format!("# 说明里的通知不算\n\n{}{}", "关于放假的通知\n".repeat(flagged), "今天天晴\n".repeat(1_000 - flagged))
        };
        assert_eq!(over_broad_with(&text(5), judge), []);
        let problems = over_broad_with(&text(6), judge);
        let [problem] = &problems[..] else { panic!("{problems:?}") };
        assert_eq!(&*problem.key, "ads/contact.wechat");
        assert!(problem.reason.contains("1000 行") && problem.reason.contains("命中 6 行"), "{problem}");
    }

    #[test]
    fn a_side_is_a_folder_of_dictionaries_or_of_a_whole_set() {
        let root = tempfile::tempdir().expect("a folder");
        assert_eq!(side(Path::new("shipped")), RulePaths::default());
        assert_eq!(side(root.path()).dictionaries.as_deref(), Some(root.path()));
        std::fs::create_dir_all(root.path().join("dictionaries")).expect("a folder");
        std::fs::create_dir_all(root.path().join("config")).expect("a folder");
        std::fs::write(root.path().join("config/policy.toml"), "").expect("a file");
        std::fs::write(root.path().join("units.csv"), "").expect("a file");
        let expected = RulePaths {
            dictionaries: Some(root.path().join("dictionaries")),
            policy: Some(root.path().join("config/policy.toml")),
            units: Some(root.path().join("units.csv")),
        };
        assert_eq!(side(root.path()), expected);
    }
}
