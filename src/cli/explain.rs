//! `xianshen explain`: how each finding and each suppressed hit came about, step by step; and the replay of a stored
//! verdict, which must come out byte for byte.
//! Must not know how a store keeps what it keeps.

use super::check::judge;
use super::codes::Codes;
use super::excerpt::is_masked;
use super::input::{self, DraftFields, Input};
use super::pretty::{field_name, severity_look};
use super::rules::RuleArgs;
use super::terminal::{self, Colour, Look, Painter, neutral, wrap};
use super::{Exit, Stop, print};
use crate::model::{Draft, Evidence, Field, Finding, Kind, Scalar, Severity, Suppressed, Verdict};
use crate::place;
use crate::ruleset::{RuleFiles, Ruleset};
use clap::Args;
use std::path::PathBuf;

const LABEL_COLUMNS: usize = 10;

/// Show how each finding came about: text, folding, rule, evidence, severity, queue
///
/// Exit status: 0 explained, and a replay is byte for byte the same; 1 a replay differs; 2 it cannot be read.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A draft (.json), or the body of one (.html .htm .md .txt)
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub rules: RuleArgs,
    #[arg(long, value_enum, default_value = "auto")]
    pub color: Colour,
}

pub fn run(args: &ExplainArgs) -> anyhow::Result<Exit> {
    let input = Input::of(&args.file);
    if input.is_many() {
        return Err(Stop::invalid("explain takes one draft: a .json file, or a body").into());
    }
    let (ruleset, files) = args.rules.compile()?;
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
    let draft = draft.map_err(|refusal| Stop::invalid(format!("{}: {}: {}", args.file.display(), refusal.path, refusal.reason)))?;
    let view = view(args.color, &files);
    print(&view.explain(&draft, &judge(&ruleset, &draft)))?;
    Ok(Exit::Nothing)
}

fn view(color: Colour, files: &RuleFiles) -> View {
    View { painter: Painter { is_on: color.is_on() }, columns: terminal::columns(), codes: Codes::of(files) }
}

/// Judges a stored draft again by the rules of its time and prints whether the verdict is the same, and its explanation.
pub fn replay_and_print(draft: &[u8], verdict: &[u8], files: &RuleFiles, color: Colour) -> anyhow::Result<Exit> {
    let replay = replay(draft, verdict, files)?;
    let view = view(color, files);
    print(&format!("{}{}", view.outcome(&replay), view.explain(&replay.draft, &replay.stored)))?;
    Ok(if replay.is_same() { Exit::Nothing } else { Exit::Something })
}

/// A stored verdict beside the one that the same rules give now.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    pub draft: Draft,
    pub stored: Verdict,
    pub again: Verdict,
    /// First byte that differs.
    pub differs_at: Option<usize>,
}

impl Replay {
    pub fn is_same(&self) -> bool {
        self.differs_at.is_none()
    }
}

/// Judges a stored draft again by the rules of its time.
pub fn replay(draft: &[u8], verdict: &[u8], files: &RuleFiles) -> anyhow::Result<Replay> {
    let mut draft = Draft::from_json(draft).map_err(|error| Stop::invalid(format!("the stored draft is none: {error}")))?;
    let stored: Verdict = serde_json::from_slice(verdict).map_err(|error| Stop::invalid(format!("the stored verdict is none: {error}")))?;
    let ruleset = Ruleset::compile(files).map_err(|problems| {
        let first = problems.first().map(ToString::to_string).unwrap_or_default();
        Stop::invalid(format!("the stored rules do not compile with this version: {first}"))
    })?;
    // The date was fixed at intake and is kept by the verdict.
    draft.as_of = draft.as_of.or(Some(stored.as_of));
    let again = judge(&ruleset, &draft);
    let differs_at = first_difference(verdict, again.to_json().as_bytes());
    Ok(Replay { draft, stored, again, differs_at })
}

fn first_difference(stored: &[u8], again: &[u8]) -> Option<usize> {
    if stored == again {
        return None;
    }
    let same = stored.iter().zip(again).take_while(|(one, other)| one == other).count();
    Some(same)
}

/// How an explanation looks.
struct View {
    painter: Painter,
    columns: usize,
    codes: Codes,
}

impl View {
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
        if stored.verdict_id != again.verdict_id && stored.ruleset == again.ruleset && stored.content_hash == again.content_hash {
            out.push_str("  结论编号不同而规则与内容相同：当时的引擎是另一个版本\n");
        }
        out.push('\n');
        out
    }

    fn explain(&self, draft: &Draft, verdict: &Verdict) -> String {
        let mut out = String::new();
        self.painter.add(&mut out, Look::Bold, &neutral(if draft.title.trim().is_empty() { "（无标题）" } else { &draft.title }));
        out.push_str(&format!(
            "\n{} / {} 第 {} 版　日期 {}　规则集 {}\n",
            neutral(&draft.unit),
            neutral(&draft.id),
            draft.revision,
            verdict.as_of,
            neutral(&verdict.ruleset)
        ));
        for (number, finding) in verdict.findings.iter().enumerate() {
            self.finding(&mut out, number + 1, finding, draft, verdict);
        }
        for hit in &verdict.suppressed {
            self.suppressed(&mut out, hit, draft);
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

    fn finding(&self, out: &mut String, number: usize, finding: &Finding, draft: &Draft, verdict: &Verdict) {
        out.push('\n');
        self.painter.add(
            out,
            severity_look(finding.severity),
            &format!("{number}. {}", neutral(&self.name(&finding.code, finding.category.chinese()))),
        );
        out.push('\n');
        let original = original(&finding.code, &finding.text, draft, finding.into());
        self.step(out, "原文", &format!("{}「{original}」", position(finding.field, finding.path.as_deref(), finding.start, finding.end)));
        self.step(out, "折叠后", &folded(finding, &original));
        self.step(out, "规则", &format!("{}：{}", finding.rule, finding.message));
        self.step(out, "依据", &finding.basis);
        self.step(out, "证据", &evidence(&finding.evidence));
        self.step(out, "严重程度", &format!("{} {}：{}", finding.severity.as_str(), finding.severity.chinese(), meaning(finding.severity)));
        self.step(out, "队列", &format!("全稿归入{}", verdict.queue.chinese()));
        if let Some(suggestion) = &finding.suggestion {
            self.step(out, "建议", suggestion);
        }
    }

    fn suppressed(&self, out: &mut String, hit: &Suppressed, draft: &Draft) {
        out.push('\n');
        self.painter.add(out, Look::Dim, &format!("放过：{}", neutral(&self.name(&hit.code, hit.category.chinese()))));
        out.push('\n');
        let original = original(&hit.code, &hit.text, draft, hit.into());
        self.step(out, "原文", &format!("{}「{original}」", position(hit.field, hit.path.as_deref(), hit.start, hit.end)));
        self.step(out, "规则", &hit.rule);
        self.step(out, "严重程度", &format!("本会是 {} {}", hit.severity.as_str(), hit.severity.chinese()));
        let detail = if hit.detail.is_empty() { String::new() } else { format!("：{}", hit.detail) };
        self.step(out, "放过原因", &format!("{}{detail}", hit.reason.chinese()));
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

/// The submitted characters; masked where the contract masks them.
fn original(code: &str, text: &str, draft: &Draft, place: place::Place<'_>) -> String {
    if is_masked(code) {
        return text.to_owned();
    }
    place::slice(draft, place).unwrap_or(text).to_owned()
}

fn position(field: Field, path: Option<&str>, start: usize, end: usize) -> String {
    let path = path.map(|path| format!(" {path}")).unwrap_or_default();
    format!("{}{path} 第 {}–{} 字", field_name(field), start + 1, end)
}

/// What the matcher saw: the evidence names the term or the folded text where that is not the text itself.
fn folded(finding: &Finding, original: &str) -> String {
    if finding.transforms.is_empty() {
        return "与原文相同".to_owned();
    }
    let transforms = finding.transforms.iter().map(|transform| transform.chinese()).collect::<Vec<_>>().join("、");
    match finding.evidence.get("folded").or_else(|| finding.evidence.get("term")) {
        Some(Scalar::Text(seen)) if seen != original => format!("「{seen}」（{transforms}）"),
        _ => transforms,
    }
}

fn evidence(evidence: &Evidence) -> String {
    let value = |scalar: &Scalar| match scalar {
        Scalar::Bool(true) => "是".to_owned(),
        Scalar::Bool(false) => "否".to_owned(),
        Scalar::Int(number) => number.to_string(),
        Scalar::Text(text) => text.clone(),
    };
    evidence.iter().map(|(name, scalar)| format!("{name} = {}", value(scalar))).collect::<Vec<_>>().join("；")
}

/// What a severity asks for (DOMAIN §2.5).
fn meaning(severity: Severity) -> &'static str {
    match severity {
        Severity::S0 => "供参考，不必答复",
        Severity::S1 => "初审须答复（改正，或保留并说明理由）",
        Severity::S2 => "复审须作出决定",
        Severity::S3 => "照此不得发布",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::fixture;
    use crate::model::Format;

    fn plain() -> View {
        View { painter: Painter { is_on: false }, columns: 80, codes: Codes::default() }
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
        verdict.findings[0].evidence.insert(evil.into(), Scalar::from(evil));
        let text = plain().explain(&draft, &verdict);
        assert!(!text.chars().any(|c| c != '\n' && c.is_control() || c == '\u{202e}'), "{text:?}");
    }

    fn stored() -> (Vec<u8>, Vec<u8>, RuleFiles) {
        let files = crate::rule_files::read(&Default::default()).expect("shipped");
        let ruleset = Ruleset::compile(&files).expect("shipped rules compile");
        let mut draft = fixture::draft("加微信谈", Format::Text);
        let verdict = ruleset.judge(&draft).to_json().into_bytes();
        // As submitted: without the date that intake fixed.
        draft.as_of = None;
        (serde_json::to_vec(&draft).expect("JSON"), verdict, files)
    }

    #[test]
    fn a_replay_is_the_same_byte_for_byte() {
        let (draft, verdict, files) = stored();
        let replay = replay(&draft, &verdict, &files).expect("replayed");
        assert!(replay.is_same());
        assert!(plain().outcome(&replay).contains("逐字节一致"));
    }

    #[test]
    fn a_replay_that_differs_says_where() {
        let (draft, verdict, mut files) = stored();
        let text = String::from_utf8(verdict.clone()).expect("UTF-8");
        let changed = text.replacen("\"revision\":1", "\"revision\":2", 1);
        let differing = replay(&draft, changed.as_bytes(), &files).expect("replayed");
        assert_eq!(differing.differs_at, text.find("\"revision\":1").map(|at| at + "\"revision\":".len()));
        assert!(plain().outcome(&differing).contains("不一致"));
        // One more byte at the end is a difference too.
        assert!(!replay(&draft, &[&verdict[..], b" "].concat(), &files).expect("replayed").is_same());
        // Other rules are named as such.
        files.0.insert("dictionaries/zz-note.txt".into(), b"x".to_vec());
        let other = replay(&draft, &verdict, &files).expect("replayed");
        assert!(plain().outcome(&other).contains("规则集"), "{}", plain().outcome(&other));
        assert!(replay(b"{", &verdict, &files).is_err());
        assert!(replay(&draft, b"{}", &files).is_err());
    }
}
