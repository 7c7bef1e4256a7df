//! The view for people at a terminal, in Chinese: what was found, in which sentence, why, and what to write instead.
//! Must not know how drafts are read. Nothing of a draft reaches the terminal but through `terminal` and `excerpt`.

use super::codes::Codes;
use super::excerpt::{Shown, is_masked};
use super::input::{Origin, Refusal};
use super::terminal::{Look, Painter, clip, columns_of, neutral, wrap};
use crate::model::{Draft, Field, Finding, Severity, Suppressed, Verdict};

const INDENT: &str = "        ";
const NOTE_INDENT: &str = "              ";

/// How to show verdicts.
#[derive(Debug, Clone)]
pub struct Pretty {
    pub painter: Painter,
    pub columns: usize,
    /// Show suppressed hits, and the reasons of S0 findings too.
    pub is_verbose: bool,
    pub codes: Codes,
}

/// What was counted over a whole run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub drafts: u64,
    pub blocked: u64,
    pub undetermined: u64,
    pub refused: u64,
    /// Drafts with nothing at S1 or above.
    pub clean: u64,
    /// Neither clean nor blocked.
    pub pending: u64,
    /// Findings by severity.
    pub findings: [u64; 4],
}

impl Tally {
    pub fn of(verdict: &Verdict) -> Self {
        let mut tally =
            Self { drafts: 1, blocked: verdict.blocked.into(), undetermined: verdict.undetermined.is_some().into(), ..Self::default() };
        for finding in &verdict.findings {
            if let Some(count) = tally.findings.get_mut(finding.severity as usize) {
                *count += 1;
            }
        }
        let is_clean =
            !verdict.blocked && verdict.undetermined.is_none() && verdict.findings.iter().all(|finding| finding.severity == Severity::S0);
        tally.clean = is_clean.into();
        tally.pending = (!is_clean && !verdict.blocked).into();
        tally
    }

    pub fn refused() -> Self {
        Self { refused: 1, ..Self::default() }
    }

    pub fn add(&mut self, other: Self) {
        self.drafts += other.drafts;
        self.blocked += other.blocked;
        self.undetermined += other.undetermined;
        self.refused += other.refused;
        self.clean += other.clean;
        self.pending += other.pending;
        for (count, more) in self.findings.iter_mut().zip(other.findings) {
            *count += more;
        }
    }
}

pub fn severity_look(severity: Severity) -> Look {
    match severity {
        Severity::S0 => Look::Blue,
        Severity::S1 => Look::Yellow,
        Severity::S2 => Look::Magenta,
        Severity::S3 => Look::Red,
    }
}

/// 正文, 标题 …
pub fn field_name(field: Field) -> &'static str {
    match field {
        Field::Title => "标题",
        Field::Subtitle => "副题",
        Field::Body => "正文",
        Field::Author => "作者",
        Field::Source => "来源",
        Field::Links => "链接",
        Field::Images => "图片",
        Field::Attachments => "附件",
    }
}

/// `稿件.jsonl:17`, or the line alone on standard input.
pub fn origin_name(origin: &Origin) -> String {
    match (&origin.file, origin.line) {
        (Some(file), Some(line)) => format!("{}:{line}", neutral(file)),
        (Some(file), None) => neutral(file),
        (None, Some(line)) => format!("标准输入第 {line} 行"),
        (None, None) => "标准输入".to_owned(),
    }
}

/// One line on standard error for something that is no draft.
pub fn refusal_line(origin: &Origin, refusal: &Refusal) -> String {
    let path = if refusal.path == "." { String::new() } else { format!("{}: ", neutral(&refusal.path)) };
    format!("{}: {path}{}", origin_name(origin), neutral(&refusal.reason))
}

impl Pretty {
    /// One draft and what was found in it.
    pub fn verdict(&self, origin: &Origin, draft: &Draft, verdict: &Verdict) -> String {
        let mut out = String::new();
        let shown = Shown::new(draft, verdict);
        self.header(&mut out, origin, draft, verdict, &shown.title());
        let (notes, serious): (Vec<_>, Vec<_>) = verdict.findings.iter().partition(|finding| finding.severity == Severity::S0);
        for finding in serious {
            self.finding(&mut out, finding, &shown);
        }
        for finding in notes {
            if self.is_verbose { self.finding(&mut out, finding, &shown) } else { self.note(&mut out, finding, &shown) }
        }
        if self.is_verbose {
            for hit in &verdict.suppressed {
                self.suppressed(&mut out, hit, &shown);
            }
        }
        out.push('\n');
        out
    }

    fn header(&self, out: &mut String, origin: &Origin, draft: &Draft, verdict: &Verdict, title: &str) {
        let is_clean = Tally::of(verdict).clean == 1;
        let (sign, look) = match verdict.blocked {
            true => ("✗", Look::Red),
            false if is_clean => ("✓", Look::Green),
            false => ("!", Look::Yellow),
        };
        self.painter.add(out, look, sign);
        out.push(' ');
        let title = if title.trim().is_empty() { "（无标题）" } else { title };
        self.painter.add(out, Look::Bold, &clip(title, self.columns.saturating_sub(2)));
        out.push_str("\n  ");
        let place = origin_name(origin);
        let id = neutral(&draft.id);
        let name = if origin.file.as_deref().is_some_and(|file| file.ends_with(&*draft.id)) { place } else { format!("{place} · {id}") };
        self.painter.add(out, Look::Dim, &clip(&name, self.columns.saturating_sub(2)));
        out.push_str("\n  ");
        out.push_str(&format!("队列 {}　级别 {} {}　", verdict.queue.chinese(), verdict.level.as_str(), verdict.level.chinese()));
        let (words, look) = match verdict.undetermined {
            Some(undetermined) => (format!("机器未能判定（{}），须人工审核", undetermined.reason.chinese()), Look::Red),
            None if verdict.blocked => ("阻断：照此不得发布".to_owned(), Look::Red),
            None if verdict.findings.is_empty() => ("机审未发现问题".to_owned(), Look::Green),
            None if is_clean => ("仅有提示".to_owned(), Look::Green),
            None => ("有待审校处理".to_owned(), Look::Yellow),
        };
        self.painter.add(out, look, &words);
        out.push('\n');
    }

    fn finding<'a>(&self, out: &mut String, finding: &'a Finding, shown: &Shown<'a>) {
        out.push_str("\n  ");
        self.painter.add(out, severity_look(finding.severity), finding.severity.chinese());
        out.push_str("  ");
        let name = self.codes.name(&finding.code);
        self.painter.add(out, Look::Bold, &neutral(if name.is_empty() { finding.category.chinese() } else { name }));
        out.push_str("  ");
        let place = self.place(finding.field, finding.path.as_deref(), finding.start, shown);
        self.painter.add(out, Look::Dim, &format!("{} {}　{place}", finding.severity.as_str(), neutral(&finding.code)));
        out.push('\n');
        if finding.end > finding.start {
            let masked = is_masked(&finding.code).then_some(&*finding.text);
            self.sentence(out, shown, finding.field, finding.path.as_deref(), finding.start..finding.end, masked);
        }
        self.remark(out, "原因", &finding.message);
        if let Some(suggestion) = finding.suggestion.as_deref() {
            self.remark(out, "建议", suggestion);
        }
        self.remark(out, "依据", &finding.basis);
        self.remark(out, "识别", &finding.transforms.iter().map(|transform| transform.chinese()).collect::<Vec<_>>().join("、"));
    }

    /// An S0 finding in one line.
    fn note<'a>(&self, out: &mut String, finding: &'a Finding, shown: &Shown<'a>) {
        let name = self.codes.name(&finding.code);
        let text = if is_masked(&finding.code) {
            finding.text.clone()
        } else {
            shown.hit(finding.field, finding.path.as_deref(), finding.start..finding.end)
        };
        let what = neutral(if name.is_empty() { &finding.message } else { name });
        let place = self.place(finding.field, finding.path.as_deref(), finding.start, shown);
        out.push_str("  ");
        self.painter.add(out, Look::Blue, finding.severity.chinese());
        let rest = self.columns.saturating_sub(8 + columns_of(&what) + columns_of(&place)).max(8);
        out.push_str(&format!("  {what}「{}」", clip(&text, rest)));
        self.painter.add(out, Look::Dim, &format!("　{place}"));
        out.push('\n');
    }

    fn suppressed<'a>(&self, out: &mut String, hit: &'a Suppressed, shown: &Shown<'a>) {
        out.push_str("\n  ");
        let place = self.place(hit.field, hit.path.as_deref(), hit.start, shown);
        let name = self.codes.name(&hit.code);
        let name = neutral(if name.is_empty() { hit.category.chinese() } else { name });
        self.painter.add(out, Look::Dim, &format!("放过  {name}  {} {}　{place}", hit.severity.as_str(), neutral(&hit.code)));
        out.push('\n');
        if hit.end > hit.start {
            let masked = is_masked(&hit.code).then_some(&*hit.text);
            self.sentence(out, shown, hit.field, hit.path.as_deref(), hit.start..hit.end, masked);
        }
        let detail = if hit.detail.is_empty() { String::new() } else { format!("：{}", hit.detail) };
        self.remark(out, "原因", &format!("{}{detail}（规则 {}）", hit.reason.chinese(), hit.rule));
    }

    /// 第2行第5字 of the body; the path of a string inside an object.
    fn place<'a>(&self, field: Field, path: Option<&'a str>, start: usize, shown: &Shown<'a>) -> String {
        let (line, column) = shown.line_and_column(field, path, start);
        match path {
            Some(path) => format!("{} {} 第{column}字", field_name(field), neutral(path)),
            None if field == Field::Body => format!("{} 第{line}行第{column}字", field_name(field)),
            None => format!("{} 第{column}字", field_name(field)),
        }
    }

    fn sentence<'a>(
        &self,
        out: &mut String,
        shown: &Shown<'a>,
        field: Field,
        path: Option<&'a str>,
        range: std::ops::Range<usize>,
        masked: Option<&str>,
    ) {
        let marks = if self.painter.is_on { 0 } else { 4 };
        let width = self.columns.saturating_sub(INDENT.len());
        let excerpt = shown.excerpt(field, path, range, width, marks);
        let hit = masked.map_or(excerpt.hit, |masked| clip(masked, width / 2));
        out.push_str(INDENT);
        out.push_str(&excerpt.before);
        if self.painter.is_on {
            self.painter.add(out, Look::Mark, &hit);
        } else {
            out.push_str(&format!("【{hit}】"));
        }
        out.push_str(&excerpt.after);
        out.push('\n');
    }

    /// `原因：…`, wrapped to the width.
    fn remark(&self, out: &mut String, label: &str, text: &str) {
        if text.is_empty() {
            return;
        }
        for (number, line) in wrap(text, self.columns.saturating_sub(NOTE_INDENT.len())).iter().enumerate() {
            if number == 0 {
                out.push_str(INDENT);
                self.painter.add(out, Look::Dim, label);
                out.push_str(if columns_of(label) == 4 { "　" } else { " " });
            } else {
                out.push_str(NOTE_INDENT);
            }
            out.push_str(line);
            out.push('\n');
        }
    }

    /// The last line: what was counted.
    pub fn summary(&self, tally: &Tally) -> String {
        let [s0, s1, s2, s3] = tally.findings;
        let mut out = format!("共 {} 篇：", tally.drafts);
        let mut parts = vec![(Look::Green, format!("{} 篇无须处理", tally.clean))];
        if tally.pending > 0 {
            parts.push((Look::Yellow, format!("{} 篇待处理", tally.pending)));
        }
        if tally.blocked > 0 {
            parts.push((Look::Red, format!("{} 篇阻断", tally.blocked)));
        }
        if tally.undetermined > 0 {
            parts.push((Look::Red, format!("（其中 {} 篇机器未能判定）", tally.undetermined)));
        }
        for (number, (look, part)) in parts.iter().enumerate() {
            if number > 0 && !part.starts_with('（') {
                out.push('，');
            }
            self.painter.add(&mut out, *look, part);
        }
        out.push_str(&format!("。命中：阻断 {s3}，较重 {s2}，一般 {s1}，提示 {s0}。"));
        if tally.refused > 0 {
            self.painter.add(&mut out, Look::Red, &format!("另有 {} 项不是稿件或读不出来。", tally.refused));
        }
        out.push('\n');
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::fixture;
    use crate::model::{Format, Undetermined, UndeterminedReason};

    fn pretty(is_on: bool, is_verbose: bool) -> Pretty {
        Pretty { painter: Painter { is_on }, columns: 80, is_verbose, codes: Codes::default() }
    }

    fn origin() -> Origin {
        Origin { file: Some("稿件.json".into()), line: None, chars_before: 0 }
    }

    fn sample() -> (Draft, Verdict) {
        let draft = fixture::draft(
            "各位茶友：\n上等普洱茶到货，加微信 mojiangcha2024，量大从优。咨询电话0879-4230000。\n大力促进茶产业大发展。",
            Format::Text,
        );
        let mut verdict = fixture::verdict(
            &draft,
            &[("AD.CONTACT", "加微信 mojiangcha2024", "加微信 mojiangcha2024"), ("PII.LANDLINE", "0879-4230000", "0879-42***00")],
        );
        verdict.suppressed.push(fixture::suppressed(&draft, "大发"));
        (draft, verdict)
    }

    #[test]
    fn a_blocked_draft_reads_well() {
        let (draft, verdict) = sample();
        insta::assert_snapshot!(pretty(false, false).verdict(&origin(), &draft, &verdict));
    }

    #[test]
    fn verbose_shows_what_was_suppressed() {
        let (draft, verdict) = sample();
        insta::assert_snapshot!(pretty(false, true).verdict(&origin(), &draft, &verdict));
    }

    #[test]
    fn colours_mark_the_hit_without_brackets() {
        let (draft, verdict) = sample();
        let shown = pretty(true, false).verdict(&origin(), &draft, &verdict);
        assert!(shown.contains("\x1b[1;7m加微信 mojiangcha2024\x1b[0m"), "{shown}");
        assert!(!shown.contains('【'));
    }

    #[test]
    fn no_part_of_a_draft_or_verdict_reaches_the_terminal_raw() {
        let (mut draft, mut verdict) = sample();
        let evil = "\x1b]0;a\x07\u{9b}31m\u{202e}";
        draft.title = format!("题{evil}");
        draft.id = evil.into();
        for finding in &mut verdict.findings {
            finding.message = evil.into();
            finding.suggestion = Some(evil.into());
            finding.basis = evil.into();
            finding.code = format!("PII.{evil}").into();
            finding.text = evil.into();
            finding.path = Some(evil.into());
        }
        verdict.suppressed[0].detail = evil.into();
        verdict.suppressed[0].rule = evil.into();
        let origin = Origin { file: Some(format!("a{evil}.json").into()), line: Some(3), chars_before: 0 };
        for view in [pretty(false, false), pretty(false, true)] {
            let shown = view.verdict(&origin, &draft, &verdict);
            assert!(!shown.chars().any(|c| c != '\n' && c.is_control() || c == '\u{202e}'), "{shown:?}");
        }
        let line = refusal_line(&origin, &Refusal { path: evil.into(), reason: evil.into() });
        assert!(!line.chars().any(|c| c.is_control()), "{line:?}");
    }

    #[test]
    fn an_undetermined_draft_never_looks_clean() {
        let (draft, mut verdict) = sample();
        verdict.findings.clear();
        verdict.undetermined = Some(Undetermined { reason: UndeterminedReason::Timeout });
        let shown = pretty(false, false).verdict(&origin(), &draft, &verdict);
        assert!(shown.starts_with('✗') && shown.contains("机器未能判定（机审超时）"), "{shown}");
        assert_eq!(Tally::of(&verdict).clean, 0);
    }

    #[test]
    fn the_summary_counts_drafts_and_findings() {
        let (draft, verdict) = sample();
        let clean = fixture::verdict(&draft, &[]);
        let pending = fixture::verdict(&draft, &[("WRD.typo", "茶产业", "茶产业")]);
        let mut tally = Tally::default();
        for each in [Tally::of(&verdict), Tally::of(&clean), Tally::of(&pending), Tally::refused()] {
            tally.add(each);
        }
        let summary = pretty(false, false).summary(&tally);
        assert_eq!(
            summary,
            "共 3 篇：1 篇无须处理，1 篇待处理，1 篇阻断。命中：阻断 1，较重 1，一般 0，提示 1。另有 1 项不是稿件或读不出来。\n"
        );
    }
}
