//! `xianshen explain`: how each finding and each suppressed hit came about, step by step; and the replay of a stored
//! verdict, which must come out byte for byte.
//! Must not know how a store keeps what it keeps.

use super::codes::Codes;
use super::excerpt::{Shown, is_masked};
use super::input::{self, DraftFields, Input};
use super::pretty::{field_name, severity_look};
use super::rules::{RuleArgs, refused};
use super::terminal::{self, Colour, Look, Painter, neutral, wrap};
use super::{Exit, Stop, print};
use crate::explain::Explainer;
use crate::model::{Draft, ENGINE_VERSION, Finding, Kind, Suppressed, Verdict};
use crate::place::Place;
use crate::ruleset::Ruleset;
use crate::store::{self, Archive};
use clap::Args;
use std::path::{Path, PathBuf};

const LABEL_COLUMNS: usize = 10;

/// Show how each finding came about: text, folding, rule, evidence, severity, queue
///
/// With --data it judges a stored draft again by the rules of its time and compares the verdict byte for byte.
/// Exit status: 0 explained, and a replay is the same; 1 a replay differs; 2 there is nothing to explain.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A draft (.json), or the body of one (.html .htm .md .txt)
    #[arg(value_name = "FILE", required_unless_present = "data", conflicts_with = "data")]
    pub file: Option<PathBuf>,
    #[command(flatten)]
    pub stored: StoredArgs,
    #[arg(long, value_enum, default_value = "auto")]
    pub color: Colour,
    #[command(flatten)]
    pub rules: RuleArgs,
}

/// Which stored verdict to replay.
#[derive(Debug, Args)]
pub struct StoredArgs {
    /// Folder of the daemon's database; it may be running
    #[arg(long, value_name = "DIR", requires = "id")]
    pub data: Option<PathBuf>,
    /// May be left out while the id is unique
    #[arg(long, requires = "data")]
    pub unit: Option<String>,
    #[arg(long, requires = "data")]
    pub id: Option<String>,
    /// [default: the current one]
    #[arg(long, requires = "data", value_name = "N")]
    pub revision: Option<u64>,
}

pub fn run(args: &ExplainArgs) -> anyhow::Result<Exit> {
    match (&args.stored.data, &args.stored.id, &args.file) {
        (Some(data), Some(id), _) => replay_and_print(&stored(data, id, &args.stored)?, args.color),
        (_, _, Some(file)) => explain_file(file, args),
        _ => Err(Stop::invalid("name a draft, or --data and --id").into()),
    }
}

fn explain_file(file: &Path, args: &ExplainArgs) -> anyhow::Result<Exit> {
    let input = Input::of(file);
    if input.is_many() {
        return Err(Stop::invalid("explain takes one draft: a .json file, or a body").into());
    }
    let (ruleset, _) = args.rules.compile()?;
    let fields = DraftFields {
        unit: "local".into(),
        account: String::new(),
        platform: String::new(),
        kind: Kind::Original,
        title: String::new(),
        as_of: None,
    };
    let mut draft = Err(input::Refusal::whole("nothing to read"));
    input::read_all(
        &[input],
        |item, _| {
            draft = item.draft(&fields);
            false
        },
        || (),
    );
    let draft = draft.map_err(|refusal| Stop::invalid(format!("{}: {}: {}", file.display(), refusal.path, refusal.reason)))?;
    print(&View::new(args.color, &ruleset).explain(&draft, &ruleset.judge(&draft)))?;
    Ok(Exit::Nothing)
}

/// Finds the verdict that is asked for.
fn stored(data: &Path, id: &str, args: &StoredArgs) -> anyhow::Result<store::Replay> {
    let archive = Archive::open(data)?;
    let unit = match &args.unit {
        Some(unit) => unit.clone(),
        None => match &archive.units_of(id)?[..] {
            [unit] => unit.clone(),
            [] => return Err(Stop::invalid(format!("no item {id} is stored")).into()),
            _ => return Err(Stop::invalid(format!("several units have an item {id}: name one with --unit")).into()),
        },
    };
    let revision = match args.revision {
        Some(revision) => revision,
        None => {
            let revisions = archive.revisions(&unit, id)?.map(|revisions| revisions.entries).unwrap_or_default();
            let newest = revisions.iter().map(|entry| entry.revision).max();
            newest.ok_or_else(|| Stop::invalid(format!("no item {id} of {unit} is stored")))?
        }
    };
    let replay = archive.replay(&unit, id, revision, None)?;
    Ok(replay.ok_or_else(|| Stop::invalid(format!("revision {revision} of {id} of {unit} has no stored verdict")))?)
}

/// Judges a stored draft again by the rules of its time and prints whether the verdict is the same, and its explanation.
fn replay_and_print(stored: &store::Replay, color: Colour) -> anyhow::Result<Exit> {
    let ruleset = Ruleset::compile(&stored.rule_files).map_err(|problems| refused("the rules stored with the verdict", &problems))?;
    let replay = replay(&ruleset, stored)?;
    let view = View::new(color, &ruleset);
    print(&format!("{}{}", view.outcome(&replay), view.explain(&stored.draft, &replay.stored)))?;
    Ok(if replay.is_same() { Exit::Nothing } else { Exit::Something })
}

/// A stored verdict beside the one that the same rules give now.
#[derive(Debug, Clone, PartialEq)]
struct Replay {
    stored: Verdict,
    /// Version of the judging code that gave the stored one.
    engine: String,
    again: Verdict,
    /// First byte that differs.
    differs_at: Option<usize>,
}

impl Replay {
    fn is_same(&self) -> bool {
        self.differs_at.is_none()
    }
}

/// Judges a stored draft again.
fn replay(ruleset: &Ruleset, stored: &store::Replay) -> anyhow::Result<Replay> {
    let again = ruleset.judge(&stored.draft);
    let differs_at = first_difference(stored.verdict.as_bytes(), again.to_json().as_bytes());
    let engine = stored.engine.clone();
    let stored = serde_json::from_str(&stored.verdict).map_err(|error| Stop::invalid(format!("the stored verdict is none: {error}")))?;
    Ok(Replay { stored, engine, again, differs_at })
}

fn first_difference(stored: &[u8], again: &[u8]) -> Option<usize> {
    if stored == again {
        return None;
    }
    let same = stored.iter().zip(again).take_while(|(one, other)| one == other).count();
    Some(same)
}

/// How an explanation looks.
struct View<'a> {
    painter: Painter,
    columns: usize,
    codes: Codes,
    ruleset: Option<&'a Ruleset>,
}

impl<'a> View<'a> {
    fn new(color: Colour, ruleset: &'a Ruleset) -> Self {
        let painter = Painter { is_on: color.is_on() };
        Self { painter, columns: terminal::columns(), codes: Codes::of(ruleset), ruleset: Some(ruleset) }
    }

    /// Whether the replay is the same, and where it is not.
    fn outcome(&self, replay: &Replay) -> String {
        let Some(at) = replay.differs_at else {
            return self.painter.paint(Look::Green, "重放：与留存的结论逐字节一致") + "\n\n";
        };
        let mut out = self.painter.paint(Look::Red, &format!("重放：与留存的结论不一致，自第 {} 字节起", at + 1)) + "\n";
        let (stored, again) = (&replay.stored, &replay.again);
        let mut differ = |what: &str, before: &str, after: &str| {
            if before != after {
                out.push_str(&format!("  {what}：留存 {} ，重放 {}\n", neutral(before), neutral(after)));
            }
        };
        differ("规则集", &stored.ruleset, &again.ruleset);
        differ("内容哈希", &stored.content_hash, &again.content_hash);
        differ("队列", stored.queue.as_str(), again.queue.as_str());
        differ("级别", stored.level.as_str(), again.level.as_str());
        differ("阻断", &stored.blocked.to_string(), &again.blocked.to_string());
        differ("命中数", &stored.findings.len().to_string(), &again.findings.len().to_string());
        differ("放过数", &stored.suppressed.len().to_string(), &again.suppressed.len().to_string());
        differ("引擎版本", &replay.engine, ENGINE_VERSION);
        out.push('\n');
        out
    }

    fn explain(&self, draft: &Draft, verdict: &Verdict) -> String {
        let mut out = String::new();
        let shown = Shown::new(draft, verdict);
        let title = shown.title();
        self.painter.add(&mut out, Look::Bold, &neutral(if title.trim().is_empty() { "（无标题）" } else { &title }));
        out.push_str(&format!(
            "\n{} / {} 第 {} 版　日期 {}　规则集 {}\n",
            neutral(&draft.unit),
            neutral(&draft.id),
            draft.revision,
            verdict.as_of,
            neutral(&verdict.ruleset)
        ));
        let explainer = Explainer::new(draft, verdict, self.ruleset);
        for (number, finding) in verdict.findings.iter().enumerate() {
            self.finding(&mut out, number + 1, finding, &shown, &explainer);
        }
        for hit in &verdict.suppressed {
            self.suppressed(&mut out, hit, &shown, &explainer);
        }
        out.push('\n');
        if let Some(undetermined) = verdict.undetermined {
            out.push_str(&format!("机器未能判定：{}。命中只列已知的，须人工审核。\n", undetermined.reason.chinese()));
        }
        out.push_str(&format!(
            "结论　队列 {}（{}）　级别 {} {}　{}\n",
            verdict.queue.chinese(),
            verdict.queue.as_str(),
            verdict.level.as_str(),
            verdict.level.chinese(),
            if verdict.blocked { "阻断：照此不得发布" } else { "不阻断" }
        ));
        out
    }

    fn finding<'f>(&self, out: &mut String, number: usize, finding: &'f Finding, shown: &Shown<'f>, explainer: &Explainer<'_>) {
        out.push('\n');
        self.painter.add(
            out,
            severity_look(finding.severity),
            &format!("{number}. {}", neutral(&self.name(&finding.code, finding.category.chinese()))),
        );
        out.push('\n');
        let original = original(&finding.code, &finding.text, shown, finding.into());
        self.step(out, "原文", &place_and_text(finding.into(), &original));
        for step in explainer.finding(finding, &original, is_masked(&finding.code)) {
            self.step(out, step.name, &step.text);
        }
    }

    fn suppressed<'f>(&self, out: &mut String, hit: &'f Suppressed, shown: &Shown<'f>, explainer: &Explainer<'_>) {
        out.push('\n');
        self.painter.add(out, Look::Dim, &format!("放过：{}", neutral(&self.name(&hit.code, hit.category.chinese()))));
        out.push('\n');
        let original = original(&hit.code, &hit.text, shown, hit.into());
        self.step(out, "原文", &place_and_text(hit.into(), &original));
        for step in explainer.suppressed(hit, &original, is_masked(&hit.code)) {
            self.step(out, step.name, &step.text);
        }
    }

    fn name(&self, code: &str, category: &str) -> String {
        match self.codes.name(code) {
            "" => format!("{code}（{category}）"),
            name => format!("{code} {name}（{category}）"),
        }
    }

    /// `→ 规则　…`, wrapped.
    fn step(&self, out: &mut String, label: &str, text: &str) {
        if text.is_empty() {
            return;
        }
        let indent = LABEL_COLUMNS + 4;
        for (number, line) in wrap(text, self.columns.saturating_sub(indent)).iter().enumerate() {
            if number == 0 {
                let padding = " ".repeat(LABEL_COLUMNS.saturating_sub(terminal::columns_of(label)));
                self.painter.add(out, Look::Dim, &format!("  → {label}{padding}"));
            } else {
                out.push_str(&" ".repeat(indent));
            }
            out.push_str(line);
            out.push('\n');
        }
    }
}

/// The submitted characters; masked wherever anything there is personal data.
fn original<'f>(code: &str, text: &str, shown: &Shown<'f>, place: Place<'f>) -> String {
    if is_masked(code) {
        return text.to_owned();
    }
    shown.hit(place.field, place.path, place.start..place.end)
}

/// Where it stands, and what stands there.
fn place_and_text(place: Place<'_>, text: &str) -> String {
    let path = place.path.map(|path| format!(" {path}")).unwrap_or_default();
    if place.start == place.end {
        return format!("{}{path}（缺少内容，没有对应文字）", field_name(place.field));
    }
    format!("{}{path} 第 {}–{} 字「{text}」", field_name(place.field), place.start + 1, place.end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::fixture;
    use crate::model::Format;
    use crate::ruleset::RuleFiles;

    fn plain() -> View<'static> {
        View { painter: Painter { is_on: false }, columns: 80, codes: Codes::default(), ruleset: None }
    }

    #[test]
    fn a_finding_is_explained_step_by_step() {
        let draft = fixture::draft("请加 微 信谈，身份证53082219000101001X。茶产业大发展", Format::Text);
        let mut verdict =
            fixture::verdict(&draft, &[("AD.CONTACT", "加 微 信", "加 微 信"), ("PII.ID18", "53082219000101001X", "530822********001X")]);
        verdict.suppressed.push(fixture::suppressed(&draft, "大发"));
        let text = plain().explain(&draft, &verdict);
        assert!(!text.contains("53082219000101001X"), "personal data stays masked");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn an_explanation_drives_no_terminal() {
        let evil = "\x1b[2J\u{202e}\u{9b}";
        let mut draft = fixture::draft(&format!("加{evil}微信"), Format::Text);
        draft.title = evil.into();
        let mut verdict = fixture::verdict(&draft, &[("AD.CONTACT", &format!("加{evil}微信"), evil)]);
        verdict.findings[0].message = evil.into();
        verdict.findings[0].evidence.insert(evil.to_owned(), evil.to_owned());
        let text = plain().explain(&draft, &verdict);
        assert!(!text.chars().any(|c| c != '\n' && c.is_control() || c == '\u{202e}'), "{text:?}");
    }

    fn ruleset() -> (Ruleset, RuleFiles) {
        let files = crate::rule_files::read(&Default::default()).expect("shipped");
        (Ruleset::compile(&files).expect("shipped rules compile"), files)
    }

    fn kept(ruleset: &Ruleset, rule_files: RuleFiles) -> store::Replay {
        let draft = fixture::draft("加微信谈", Format::Text);
        let verdict = ruleset.judge(&draft).to_json();
        store::Replay { draft, verdict, engine: ENGINE_VERSION.into(), rule_files }
    }

    #[test]
    fn a_replay_is_the_same_byte_for_byte_and_says_where_it_is_not() {
        let (ruleset, files) = ruleset();
        let mut stored = kept(&ruleset, files);
        let same = replay(&ruleset, &stored).expect("replayed");
        assert!(same.is_same());
        assert!(plain().outcome(&same).contains("逐字节一致"));

        let text = stored.verdict.clone();
        stored.verdict = text.replacen("\"revision\":1", "\"revision\":2", 1);
        stored.engine = "0.0.1".into();
        let differing = replay(&ruleset, &stored).expect("replayed");
        assert_eq!(differing.differs_at, text.find("\"revision\":1").map(|at| at + "\"revision\":".len()));
        let told = plain().outcome(&differing);
        assert!(told.contains("不一致") && told.contains("引擎版本：留存 0.0.1"), "{told}");
        // One more byte at the end is a difference too.
        stored.verdict = format!("{text} ");
        assert!(!replay(&ruleset, &stored).expect("replayed").is_same());
        stored.verdict = "{}".into();
        assert!(replay(&ruleset, &stored).is_err());
    }

    #[test]
    fn a_stored_verdict_is_found_by_its_id() {
        let (ruleset, files) = ruleset();
        let folder = tempfile::tempdir().expect("a folder");
        let options = store::Options { data: folder.path().to_owned(), ..store::Options::default() };
        let metrics = std::sync::Arc::new(crate::metrics::Metrics::new().expect("metrics"));
        let store = store::Store::open(&options, metrics).expect("opens");
        let day = jiff::civil::date(2026, 11, 23);
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let take_in = |unit: &str, revision| {
            let draft = Draft { unit: unit.into(), revision, as_of: None, ..fixture::draft("加微信谈", Format::Text) };
            runtime.block_on(store.take_in(store::NewRevision::of(&draft, 1_000, day))).expect("taken in");
        };
        take_in("甲", 1);
        take_in("甲", 2);
        store.save_ruleset(&files, 1_000).expect("kept");
        let jobs = store.pending_after(&mut store::InboxCursor::default(), 10, 1 << 20).expect("reads");
        for job in jobs {
            store.record(store::Judged::of(job.place, &job.draft, &ruleset.judge(&job.draft), job.received_at_ms, 2_000)).expect("records");
        }
        let args = |unit: Option<&str>, revision| StoredArgs { data: None, unit: unit.map(str::to_owned), id: None, revision };
        // Writes are done in order: when this one is durable, the verdicts are.
        store.mark_started(Vec::new()).expect("written");
        // Beside the running store, as an operator does.
        let newest = stored(folder.path(), "E1", &args(None, None)).expect("stored");
        assert_eq!((newest.draft.revision, newest.draft.as_of), (2, Some(day)));
        assert!(replay(&ruleset, &newest).expect("replayed").is_same());
        for (unit, id, revision) in [(None, "E2", None), (Some("乙"), "E1", None), (Some("甲"), "E1", Some(3))] {
            assert!(stored(folder.path(), id, &args(unit, revision)).is_err(), "{unit:?} {id} {revision:?}");
        }
        take_in("乙", 1);
        let several = stored(folder.path(), "E1", &args(None, None)).expect_err("two units have it");
        assert!(several.to_string().contains("--unit"), "{several}");
        store.close();
    }

    #[test]
    fn folding_is_shown_as_the_matcher_sees_it() {
        let (ruleset, _) = ruleset();
        let view = View { columns: 80, ..View::new(Colour::Never, &ruleset) };
        let draft = fixture::draft("加ＶＸ谈", Format::Text);
        let mut verdict = fixture::verdict(&draft, &[("AD.CONTACT", "加ＶＸ", "加ＶＸ")]);
        verdict.ruleset = ruleset.id().to_owned();
        assert!(view.explain(&draft, &verdict).contains("折叠后    「加vx」"));
    }
}
