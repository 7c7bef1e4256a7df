//! Must-hit and must-not-hit cases beside the dictionaries (`*.cases.toml`), run through a compiled ruleset.
//! Must not know where the files come from, nor who asks: the command line and every reload run the same cases.

use crate::model::{Attachment, Declared, Draft, Finding, Format, Image, Kind, Level, Link, Queue, Severity, Source, Verdict};
use crate::place;
use crate::ruleset::{Problem, RuleFiles, Ruleset};
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, de::Error};
use toml::Spanned;

/// Ending of the files that hold cases.
pub const CASES_ENDING: &str = ".cases.toml";

/// The day the rules are asked for when a case names none. A constant: a case must not change its answer overnight.
const AS_OF: Date = Date::constant(2026, 11, 23);

/// What running the cases of a set showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseReport {
    /// Cases that were run.
    pub run: usize,
    /// Cases that do not hold, and files that are not cases.
    pub problems: Vec<Problem>,
}

impl CaseReport {
    /// Every case holds.
    pub fn holds(&self) -> bool {
        self.problems.is_empty()
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    #[serde(default)]
    case: Vec<Case>,
}

/// One case: a draft in short, and what must and must not be found in it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: Spanned<String>,
    /// Short for `body`.
    text: Option<String>,
    body: Option<String>,
    title: Option<String>,
    subtitle: Option<String>,
    author: Option<String>,
    kind: Option<Kind>,
    format: Option<Format>,
    unit: Option<String>,
    account: Option<String>,
    platform: Option<String>,
    #[serde(default, deserialize_with = "date")]
    as_of: Option<Date>,
    source: Option<Source>,
    links: Option<Vec<Link>>,
    images: Option<Vec<Image>>,
    attachments: Option<Vec<Attachment>>,
    declared: Option<Declared>,
    /// `CODE` or `CODE@submitted text`, each of which must be found; with `/S2` behind the code at just that severity.
    #[serde(default)]
    hit: Vec<String>,
    /// `CODE` or `CODE@submitted text`, none of which may be found; `*` for anything at S1 or above.
    #[serde(default)]
    miss: Vec<String>,
    queue: Option<Queue>,
    level: Option<Level>,
    blocked: Option<bool>,
}

/// `2026-01-01`, with or without quotes.
fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let text = match toml::Value::deserialize(deserializer)? {
        toml::Value::String(text) => text,
        toml::Value::Datetime(date) => date.to_string(),
        _ => return Err(D::Error::custom("must be a date YYYY-MM-DD")),
    };
    text.parse().map(Some).map_err(|_| D::Error::custom("must be a date YYYY-MM-DD"))
}

impl Case {
    fn draft(&self) -> Draft {
        let text = |value: &Option<String>, absent: &str| value.clone().unwrap_or_else(|| absent.to_owned());
        Draft {
            account: text(&self.account, ""),
            as_of: Some(self.as_of.unwrap_or(AS_OF)),
            attachments: self.attachments.clone(),
            author: self.author.clone(),
            body: self.text.clone().or_else(|| self.body.clone()).unwrap_or_default(),
            declared: self.declared.clone(),
            format: self.format.unwrap_or(Format::Text),
            id: "case".to_owned(),
            images: self.images.clone(),
            kind: self.kind.unwrap_or(Kind::Original),
            links: self.links.clone(),
            platform: text(&self.platform, ""),
            revision: 1,
            source: self.source.clone(),
            subtitle: self.subtitle.clone(),
            title: text(&self.title, ""),
            unit: text(&self.unit, "case"),
        }
    }

    /// What is wrong with the case itself.
    fn fault(&self) -> Option<&'static str> {
        if self.text.is_some() && self.body.is_some() {
            return Some("`text` 与 `body` 是同一字段，只能写一个");
        }
        let asserts =
            !self.hit.is_empty() || !self.miss.is_empty() || self.queue.is_some() || self.level.is_some() || self.blocked.is_some();
        if !asserts {
            return Some("没有写 `hit`、`miss`、`queue`、`level`、`blocked` 中的任何一项，等于什么也没检查");
        }
        if self.hit.iter().chain(&self.miss).any(|want| want.is_empty() || want.starts_with('@')) {
            return Some("`hit`、`miss` 的每一项须写成 `代码` 或 `代码@原文`");
        }
        if self.hit.iter().chain(&self.miss).any(|want| has_no_such_severity(want)) {
            return Some("斜线后面须是 S0、S1、S2 或 S3");
        }
        None
    }
}

/// Runs every case of the set through it.
pub fn run(ruleset: &Ruleset, files: &RuleFiles) -> CaseReport {
    run_with(files, |draft| ruleset.judge(draft))
}

/// Everything that is found in the cases of the set, whether or not a case asks for it.
pub fn findings(ruleset: &Ruleset, files: &RuleFiles) -> Vec<Finding> {
    let found = std::cell::RefCell::new(Vec::new());
    run_with(files, |draft| {
        let verdict = ruleset.judge(draft);
        found.borrow_mut().extend(verdict.findings.iter().cloned());
        verdict
    });
    found.into_inner()
}

/// Runs every case of the set through `judge`.
fn run_with(files: &RuleFiles, judge: impl Fn(&Draft) -> Verdict) -> CaseReport {
    let mut report = CaseReport::default();
    for (file, content) in files.0.iter().filter(|(name, _)| name.ends_with(CASES_ENDING)) {
        let problem = |line, key: &str, reason: String, cure: &str| Problem {
            file: file.clone(),
            line,
            key: key.to_owned(),
            reason,
            cure: cure.to_owned(),
        };
        let Ok(text) = std::str::from_utf8(content) else {
            report.problems.push(problem(None, "", "不是 UTF-8 文本".to_owned(), "另存为 UTF-8"));
            continue;
        };
        let cases = match toml::from_str::<CaseFile>(text) {
            Ok(cases) => cases.case,
            Err(error) => {
                let line = error.span().map(|span| line_of(text, span.start));
                report.problems.push(problem(line, "", error.message().to_owned(), "按 docs/dictionaries.md 的格式改正"));
                continue;
            }
        };
        for case in cases {
            report.run += 1;
            let line = Some(line_of(text, case.name.span().start));
            let name = case.name.get_ref();
            if let Some(fault) = case.fault() {
                report.problems.push(problem(line, name, fault.to_owned(), "改正用例"));
                continue;
            }
            let draft = case.draft();
            let verdict = judge(&draft);
            let failures = failures(&case, &draft, &verdict);
            report.problems.extend(failures.into_iter().map(|reason| problem(line, name, reason, "改词条，或改用例")));
        }
    }
    report
}

/// Counted from 1.
fn line_of(text: &str, byte: usize) -> u64 {
    1 + text.bytes().take(byte).filter(|&b| b == b'\n').count() as u64
}

fn failures(case: &Case, draft: &Draft, verdict: &Verdict) -> Vec<String> {
    let mut failures = Vec::new();
    if let Some(undetermined) = verdict.undetermined {
        failures.push(format!("无法判定：{}", undetermined.reason.chinese()));
    }
    for want in &case.hit {
        if !verdict.findings.iter().any(|finding| is(want, finding, draft)) {
            let set_aside = verdict.suppressed.iter().find(|hit| Some(&*hit.code) == want.split(['@', '/']).next());
            failures.push(match set_aside {
                Some(hit) => format!("应当命中 {want}，实际被放过（{}：{}）", hit.reason.chinese(), hit.detail),
                None => format!("应当命中 {want}，实际没有命中；{}", found(verdict)),
            });
        }
    }
    for want in &case.miss {
        let unwanted = verdict.findings.iter().filter(|finding| match &**want {
            "*" => finding.severity >= Severity::S1,
            want => is(want, finding, draft),
        });
        failures.extend(unwanted.map(|finding| format!("不应命中 {want}，实际命中 {}（规则 {}）", finding.code, finding.rule)));
    }
    let mut expect = |what: &str, expected: Option<&str>, actual: &str| {
        if let Some(expected) = expected.filter(|&expected| expected != actual) {
            failures.push(format!("{what}应为 {expected}，实际为 {actual}"));
        }
    };
    expect("队列", case.queue.map(Queue::as_str), verdict.queue.as_str());
    expect("级别", case.level.map(Level::as_str), verdict.level.as_str());
    let yes_no = |blocked| if blocked { "阻断" } else { "不阻断" };
    expect("结论", case.blocked.map(yes_no), yes_no(verdict.blocked));
    failures
}

/// Whether `CODE`, `CODE/S2` or either with `@submitted text` names this finding. The slice of the draft is compared, not
/// the masked text.
fn is(want: &str, finding: &Finding, draft: &Draft) -> bool {
    let (name, text) = match want.split_once('@') {
        Some((name, text)) => (name, Some(text)),
        None => (want, None),
    };
    let (code, severity) = match name.split_once('/') {
        Some((code, severity)) => (code, Some(severity)),
        None => (name, None),
    };
    finding.code == code
        && severity.is_none_or(|s| s.parse() == Ok(finding.severity))
        && text.is_none_or(|t| place::slice(draft, finding.into()) == Some(t))
}

/// Whether the severity in `CODE/S2@text`, if there is one, is a severity.
fn has_no_such_severity(want: &str) -> bool {
    let name = want.split('@').next().unwrap_or_default();
    name.split_once('/').is_some_and(|(_, severity)| severity.parse::<Severity>().is_err())
}

fn found(verdict: &Verdict) -> String {
    if verdict.findings.is_empty() {
        return "没有任何命中".to_owned();
    }
    let mut codes: Vec<_> = verdict.findings.iter().map(|finding| format!("{}@{}", finding.code, finding.text)).collect();
    codes.dedup();
    format!("命中的是 {}", codes.join("、"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Category, Field, Text};

    /// Finds 百家乐 as `ILL.GAMBLING` and nothing else.
    fn judge(draft: &Draft) -> Verdict {
        let start = draft.body.find("百家乐").map(|byte| draft.body.char_indices().take_while(|&(at, _)| at < byte).count());
        let finding = |start| Finding {
            code: "ILL.GAMBLING".into(),
            category: Category::Harmful,
            severity: Severity::S2,
            field: Field::Body,
            path: None,
            start,
            end: start + 3,
            text: "百家乐".into(),
            rule: "terms/gambling:1".into(),
            message: Text::default(),
            suggestion: None,
            basis: Text::default(),
            transforms: Vec::new(),
            evidence: Default::default(),
        };
        Verdict {
            unit: draft.unit.clone(),
            id: draft.id.clone(),
            revision: draft.revision,
            verdict_id: String::new(),
            content_hash: String::new(),
            ruleset: String::new(),
            as_of: AS_OF,
            queue: if start.is_some() { Queue::Ad } else { Queue::Routine },
            level: Level::L1,
            blocked: false,
            findings: start.map(finding).into_iter().collect(),
            suppressed: Vec::new(),
            undetermined: None,
        }
    }

    fn report(cases: &str) -> CaseReport {
        let files = RuleFiles([("dictionaries/terms/a.cases.toml".to_owned(), cases.as_bytes().to_vec())].into());
        run_with(&files, judge)
    }

    #[test]
    fn cases_that_hold_are_counted_and_silent() {
        let report = report(
            r#"
            [[case]]
            name = "广告"
            text = "点我进入百家乐"
            hit = ["ILL.GAMBLING@百家乐", "ILL.GAMBLING"]
            miss = ["ILL.FRAUD", "ILL.GAMBLING@进入"]
            queue = "ad"
            level = "L1"
            blocked = false
            [[case]]
            name = "干净"
            title = "通知"
            body = "明天开会"
            kind = "reply"
            format = "markdown"
            as_of = "2026-01-01"
            links = [{ url = "http://a.example" }]
            miss = ["*"]
            "#,
        );
        assert_eq!(report, CaseReport { run: 2, problems: vec![] });
        assert!(report.holds());
    }

    #[test]
    fn a_case_that_does_not_hold_is_named_with_file_line_and_reason() {
        for (expectation, reason) in [
            ("hit = [\"ILL.FRAUD\"]", "应当命中 ILL.FRAUD"),
            ("hit = [\"ILL.GAMBLING@家乐\"]", "应当命中 ILL.GAMBLING@家乐"),
            ("miss = [\"*\"]", "不应命中 *"),
            ("miss = [\"ILL.GAMBLING@百家乐\"]", "不应命中 ILL.GAMBLING@百家乐"),
            ("queue = \"routine\"", "队列应为 routine，实际为 ad"),
            ("level = \"L3\"", "级别应为 L3，实际为 L1"),
            ("blocked = true", "结论应为 阻断，实际为 不阻断"),
        ] {
            let report = report(&format!("# 第一行\n[[case]]\nname = \"广告\"\ntext = \"点我进入百家乐\"\n{expectation}\n"));
            let [problem] = &report.problems[..] else { panic!("{expectation}: {report:?}") };
            assert_eq!((&*problem.file, problem.line, &*problem.key), ("dictionaries/terms/a.cases.toml", Some(3), "广告"));
            assert!(problem.reason.contains(reason), "{problem}");
        }
    }

    #[test]
    fn a_case_that_cannot_fail_or_cannot_be_read_is_a_problem() {
        for bad in [
            "[[case]]\nname = \"空\"\ntext = \"甲\"",
            "[[case]]\nname = \"两个正文\"\ntext = \"甲\"\nbody = \"乙\"\nmiss = [\"*\"]",
            "[[case]]\nname = \"没有代码\"\ntext = \"甲\"\nhit = [\"@甲\"]",
            "[[case]]\nname = \"错别字\"\ntext = \"甲\"\nhits = [\"ILL.FRAUD\"]",
            "[[case]]\ntext = \"无名\"\nmiss = [\"*\"]",
            "[[cases]]\nname = \"表名写错\"",
            "[[case]",
        ] {
            assert_eq!(report(bad).problems.len(), 1, "{bad}");
        }
        let not_utf8 = RuleFiles([("dictionaries/a.cases.toml".to_owned(), vec![0xb0, 0xa1])].into());
        assert_eq!(run_with(&not_utf8, judge).problems.len(), 1);
    }

    #[test]
    fn other_files_hold_no_cases() {
        let files = RuleFiles([("dictionaries/cases.csv".to_owned(), b"[[case]".to_vec())].into());
        assert_eq!(run_with(&files, judge), CaseReport::default());
    }
}
