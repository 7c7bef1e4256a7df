//! Dictionary rows from CSV bytes, every mistake named by file, line, column and cure.
//! Must not know how rows are matched.

use crate::model::{Category, Draft, Field, Kind, Problem, Severity, Text};
use jiff::civil::Date;
use std::collections::HashMap;
use std::sync::Arc;

/// Longest term, in characters.
pub const TERM_CHARS_MAX: usize = 64;
/// Longest pattern of a `regex` row, in bytes.
pub const PATTERN_BYTES_MAX: usize = 1_024;
/// Most rows of one dictionary.
pub const ROWS_MAX: usize = 1_000_000;
/// Farthest a `with` clause may look, in characters.
pub const NEAR_CHARS_MAX: usize = 400;

/// How a term is compared with the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MatchMode {
    Exact,
    Fold,
    Skip,
    Pinyin,
    Disguise,
    Regex,
}

impl MatchMode {
    /// Separators may stand between the characters.
    pub fn skips(self) -> bool {
        matches!(self, Self::Skip | Self::Pinyin | Self::Disguise)
    }

    /// Letters may stand for the characters.
    pub fn reads_pinyin(self) -> bool {
        matches!(self, Self::Pinyin | Self::Disguise)
    }
}

/// Where the words of a condition are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Within so many characters on either side.
    Near(usize),
    Before(usize),
    After(usize),
    Sentence,
    Paragraph,
    Title,
    Text,
}

/// One `with` clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    pub negated: bool,
    pub words: Vec<String>,
    pub scope: Scope,
}

/// Where a row applies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Only {
    pub kinds: Vec<Kind>,
    pub fields: Vec<Field>,
    pub platforms: Vec<String>,
    /// Where the term is pulled apart or disguised: the plain word is an everyday one.
    pub disguised: bool,
}

impl Only {
    pub fn allows(&self, draft: &Draft, field: Field) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&draft.kind))
            && (self.fields.is_empty() || self.fields.contains(&field))
            && (self.platforms.is_empty() || self.platforms.contains(&draft.platform))
    }
}

/// One row of a dictionary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Names the row in findings: dictionary and term. Stable as long as the row itself is.
    pub rule: Text,
    pub file: Arc<str>,
    pub line: u64,
    pub term: Text,
    pub code: Text,
    pub severity: Severity,
    pub mode: MatchMode,
    pub on_word_boundary: bool,
    pub with: Vec<Condition>,
    pub unless: Vec<String>,
    pub only: Only,
    pub suggest: Text,
    pub message: Text,
    pub basis: Text,
    pub effective_from: Option<Date>,
    pub effective_to: Option<Date>,
}

impl Row {
    pub fn is_effective(&self, as_of: Date) -> bool {
        self.effective_from.is_none_or(|from| from <= as_of) && self.effective_to.is_none_or(|to| as_of <= to)
    }
}

/// A CSV or TSV file as named columns, with line numbers.
pub struct Sheet {
    pub file: String,
    columns: HashMap<String, usize>,
    records: Vec<(u64, csv::StringRecord)>,
}

impl Sheet {
    /// Reads a whole sheet. `.tsv` files may hold `#` lines and need no quoting.
    pub fn read(file: &str, bytes: &[u8], required: &[&str], optional: Option<&[&str]>, problems: &mut Vec<Problem>) -> Option<Self> {
        let problem =
            |line, key: &str, reason: String, cure: &str| Problem { file: file.into(), line, key: key.into(), reason, cure: cure.into() };
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        if let Err(error) = std::str::from_utf8(bytes) {
            let line = bytes.iter().take(error.valid_up_to()).filter(|&&b| b == b'\n').count() as u64 + 1;
            problems.push(problem(Some(line), "", "不是 UTF-8 编码".into(), "在 WPS 或 Excel 中另存为“CSV UTF-8”"));
            return None;
        }
        let tabs = file.ends_with(".tsv");
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(if tabs { b'\t' } else { b',' })
            .quoting(!tabs)
            .comment(tabs.then_some(b'#'))
            .trim(csv::Trim::All)
            .from_reader(bytes);
        let header = match reader.headers() {
            Ok(header) => header.clone(),
            Err(error) => {
                problems.push(problem(Some(1), "", format!("读不出表头：{error}"), "第一行写列名"));
                return None;
            }
        };
        let mut columns = HashMap::new();
        for (index, name) in header.iter().enumerate() {
            if name.is_empty() {
                continue;
            }
            let known = required.contains(&name) || optional.is_none_or(|o| o.contains(&name));
            if !known {
                problems.push(problem(Some(1), name, "不认识的列".into(), "改正列名或删除该列"));
            } else if columns.insert(name.to_owned(), index).is_some() {
                problems.push(problem(Some(1), name, "列重复".into(), "删除重复的列"));
            }
        }
        for name in required {
            if !columns.contains_key(*name) {
                problems.push(problem(Some(1), name, "缺少该列".into(), "在表头补上列名"));
                return None;
            }
        }
        let mut records = Vec::new();
        // The reader's own line number is one short after `\r\n`; count the line ends before the record itself.
        let (mut counted, mut line) = (0usize, 1u64);
        for record in reader.records() {
            match record {
                Ok(record) => {
                    let at = record.position().map_or(counted, |p| p.byte() as usize);
                    let blank = bytes.iter().skip(at).take_while(|b| matches!(b, b'\r' | b'\n')).count();
                    line += bytes.get(counted..at + blank).unwrap_or_default().iter().filter(|&&b| b == b'\n').count() as u64;
                    counted = at + blank;
                    if records.len() >= ROWS_MAX {
                        problems.push(problem(Some(line), "", format!("超过 {ROWS_MAX} 行"), "拆分词库"));
                        return None;
                    }
                    if record.iter().any(|cell| !cell.is_empty()) {
                        records.push((line, record));
                    }
                }
                Err(error) => {
                    let line = error.position().map(csv::Position::line);
                    problems.push(problem(line, "", "列数与表头不符或引号不成对".into(), "检查逗号和引号；含逗号的单元格要加英文双引号"));
                }
            }
        }
        Some(Self { file: file.to_owned(), columns, records })
    }

    /// Rows with their line numbers.
    pub fn rows(&self) -> impl Iterator<Item = (u64, Cells<'_>)> {
        self.records.iter().map(|(line, record)| (*line, Cells { columns: &self.columns, record }))
    }
}

/// One row; cells by column name.
#[derive(Clone, Copy)]
pub struct Cells<'s> {
    columns: &'s HashMap<String, usize>,
    record: &'s csv::StringRecord,
}

impl<'s> Cells<'s> {
    /// The cell of a column; empty where there is none.
    pub fn get(self, column: &str) -> &'s str {
        self.columns.get(column).and_then(|&i| self.record.get(i)).unwrap_or_default()
    }
}

const REQUIRED: [&str; 4] = ["term", "code", "severity", "source"];
const OPTIONAL: [&str; 10] =
    ["match", "boundary", "with", "unless", "suggest", "basis", "effective_from", "effective_to", "only", "message"];

/// The rows of one term dictionary.
pub fn rows(file: &str, bytes: &[u8], is_code: impl Fn(&str) -> bool, problems: &mut Vec<Problem>) -> Vec<Row> {
    let Some(sheet) = Sheet::read(file, bytes, &REQUIRED, Some(&OPTIONAL), problems) else { return Vec::new() };
    let stem = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".csv").to_owned();
    let shared_file: Arc<str> = file.into();
    let mut rows: Vec<Row> = Vec::new();
    let mut seen: HashMap<[&str; 4], u64> = HashMap::new();
    let mut names: HashMap<&str, usize> = HashMap::new();
    // Few codes, reasons and suggestions serve many rows.
    let mut texts: HashMap<&str, Text> = HashMap::new();
    for (line, cells) in sheet.rows() {
        let mut held = |text| texts.entry(text).or_insert_with(|| text.to_owned().into()).clone();
        let cell = |column: &str| cells.get(column);
        let mut bad = |key: &str, reason: String, cure: &str| {
            problems.push(Problem { file: file.into(), line: Some(line), key: key.into(), reason, cure: cure.into() });
        };
        let term = cell("term");
        if term.is_empty() {
            bad("term", "词语为空".into(), "填写词语或删除该行");
            continue;
        }
        let code = cell("code");
        if Category::of_code(code).is_none() || !is_code(code) {
            bad("code", format!("codes.csv 中没有代码 {code}"), "改正代码，或在 codes.csv 中登记");
        }
        let severity = cell("severity").parse().unwrap_or_else(|()| {
            bad("severity", "须为 S0、S1、S2 或 S3".into(), "改正严重程度");
            Severity::S2
        });
        let mode = match cell("match") {
            "" | "fold" => MatchMode::Fold,
            "exact" => MatchMode::Exact,
            "skip" => MatchMode::Skip,
            "pinyin" => MatchMode::Pinyin,
            "disguise" => MatchMode::Disguise,
            "regex" => MatchMode::Regex,
            _ => {
                bad("match", "须为 exact、fold、skip、pinyin、disguise 或 regex".into(), "改正匹配方式");
                MatchMode::Fold
            }
        };
        if mode == MatchMode::Regex {
            if term.len() > PATTERN_BYTES_MAX {
                bad("term", format!("式样超过 {PATTERN_BYTES_MAX} 字节"), "缩短式样");
                continue;
            }
            if let Err(error) = pattern(term) {
                bad("term", format!("式样无法使用：{error}"), "不支持前瞻、后顾和反向引用；用 with、unless 列代替");
                continue;
            }
        } else {
            let length = term.chars().count();
            if length > TERM_CHARS_MAX {
                bad("term", format!("词语超过 {TERM_CHARS_MAX} 个字"), "缩短词语");
            }
            if term.chars().any(char::is_control) {
                bad("term", "词语含控制字符".into(), "删除控制字符");
            }
            if length == 1 && cell("with").is_empty() {
                bad("term", "单字词没有语境条件，会误报".into(), "在 with 列写明必须同时出现的词");
            }
        }
        let on_word_boundary = match cell("boundary") {
            "" | "word" => true,
            "none" => false,
            _ => {
                bad("boundary", "须为 word 或 none".into(), "改正边界");
                true
            }
        };
        let with = conditions(cell("with")).unwrap_or_else(|reason| {
            bad("with", reason, "写成 甲|乙@12，范围可用 数字、<数字、>数字、sentence、paragraph、title、text");
            Vec::new()
        });
        let unless: Vec<String> = cell("unless").split('|').filter(|p| !p.is_empty()).map(str::to_owned).collect();
        let only = only(cell("only")).unwrap_or_else(|reason| {
            bad("only", reason, "写成 kind=message|reply;field=title;platform=微博;written=disguised");
            Only::default()
        });
        let mut date = |name: &str| -> Option<Date> {
            let text = cell(name);
            let date = text.parse().ok();
            if !text.is_empty() && date.is_none() {
                bad(name, "不是日期".into(), "写成 2026-01-31");
            }
            date
        };
        let (effective_from, effective_to) = (date("effective_from"), date("effective_to"));
        if let (Some(from), Some(to)) = (effective_from, effective_to)
            && from > to
        {
            bad("effective_to", "早于 effective_from".into(), "改正日期");
        }
        if cell("source").is_empty() {
            bad("source", "没有注明来源".into(), "填写来源，并在 SOURCES.md 中说明");
        }
        if let Some(first) = seen.insert([term, code, cell("only"), cell("with")], line) {
            bad("term", format!("与第 {first} 行重复"), "删除其中一行");
        }
        let number = names.entry(term).or_default();
        *number += 1;
        let rule = if *number == 1 { format!("{stem}:{term}") } else { format!("{stem}:{term}#{number}") };
        rows.push(Row {
            rule: rule.into(),
            file: Arc::clone(&shared_file),
            line,
            term: term.to_owned().into(),
            code: held(code),
            severity,
            mode,
            on_word_boundary,
            with,
            unless,
            only,
            suggest: held(cell("suggest")),
            message: held(cell("message")),
            basis: held(cell("basis")),
            effective_from,
            effective_to,
        });
    }
    rows
}

/// Compiles the pattern of a `regex` row: linear time, bounded size.
pub fn pattern(term: &str) -> Result<regex::Regex, String> {
    regex::RegexBuilder::new(term).size_limit(1 << 20).dfa_size_limit(8 << 20).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "式样太大".to_owned(),
        _ => "语法错误".to_owned(),
    })
}

fn conditions(text: &str) -> Result<Vec<Condition>, String> {
    let mut all = Vec::new();
    for clause in text.split(';').map(str::trim).filter(|c| !c.is_empty()) {
        let (negated, clause) = match clause.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, clause),
        };
        let (words, scope) = clause.rsplit_once('@').ok_or_else(|| format!("“{clause}”没有写范围"))?;
        let number = |digits: &str| match digits.parse() {
            Ok(n) if (1..=NEAR_CHARS_MAX).contains(&n) => Ok(n),
            _ => Err(format!("“{clause}”的范围须为 1 到 {NEAR_CHARS_MAX}")),
        };
        let scope = match scope {
            "sentence" => Scope::Sentence,
            "paragraph" => Scope::Paragraph,
            "title" => Scope::Title,
            "text" => Scope::Text,
            _ => match (scope.strip_prefix('<'), scope.strip_prefix('>')) {
                (Some(n), _) => Scope::Before(number(n)?),
                (_, Some(n)) => Scope::After(number(n)?),
                _ => Scope::Near(number(scope)?),
            },
        };
        let words: Vec<String> = words.split('|').map(str::trim).filter(|w| !w.is_empty()).map(str::to_owned).collect();
        if words.is_empty() {
            return Err(format!("“{clause}”没有词"));
        }
        all.push(Condition { negated, words, scope });
    }
    Ok(all)
}

fn only(text: &str) -> Result<Only, String> {
    let mut only = Only::default();
    for clause in text.split(';').map(str::trim).filter(|c| !c.is_empty()) {
        let (key, values) = clause.split_once('=').ok_or_else(|| format!("“{clause}”缺少等号"))?;
        for value in values.split('|').map(str::trim) {
            let name = serde_json::Value::String(value.to_owned());
            match key {
                "kind" => only.kinds.push(serde_json::from_value(name).map_err(|_| format!("没有“{value}”这种稿件"))?),
                "field" => only.fields.push(serde_json::from_value(name).map_err(|_| format!("没有“{value}”这个字段"))?),
                "platform" => only.platforms.push(value.to_owned()),
                "written" if value == "disguised" => only.disguised = true,
                "written" => return Err("written 后只能写 disguised".to_owned()),
                _ => return Err(format!("不认识“{key}”")),
            }
        }
    }
    Ok(only)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<Row>, Vec<String>) {
        let mut problems = Vec::new();
        let rows = rows("dictionaries/x.csv", text.as_bytes(), |_| true, &mut problems);
        (rows, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_good_row_is_read_whole() {
        let (rows, problems) = read(
            "\u{feff}term,code,severity,match,with,unless,only,source\r\n返利,ILL.FRAUD,S2,skip,\"刷单|兼职@12;!警方@sentence\",往返利津,kind=message;field=body,own\r\n",
        );
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(rows[0].rule, "x:返利");
        assert_eq!(rows[0].with.len(), 2);
        assert!(rows[0].with[1].negated && rows[0].with[1].scope == Scope::Sentence);
        assert_eq!(rows[0].unless, ["往返利津"]);
        assert_eq!(rows[0].line, 2);
    }

    #[test]
    fn every_mistake_is_named_with_its_line_and_a_cure() {
        for (row, key) in [
            (",ILL.PORN,S2,,,,o", "term"),
            ("甲,ILL.PORN,S2,,,,o", "term"),
            ("甲乙,ZZZ.Y,S2,,,,o", "code"),
            ("甲乙,ILL.PORN,S9,,,,o", "severity"),
            ("甲乙,ILL.PORN,S2,fuzzy,,,o", "match"),
            ("(a+)(?=b),ILL.PORN,S2,regex,,,o", "term"),
            ("\\pL{1000}{1000},ILL.PORN,S2,regex,,,o", "term"),
            ("甲乙,ILL.PORN,S2,,丙丁,,o", "with"),
            ("甲乙,ILL.PORN,S2,,丙丁@9999,,o", "with"),
            ("甲乙,ILL.PORN,S2,,,kind=book,o", "only"),
            ("甲乙,ILL.PORN,S2,,,,", "source"),
        ] {
            let (_, problems) = read(&format!("term,code,severity,match,with,only,source\n好词,ILL.PORN,S2,,,,own\n{row}\n"));
            assert!(problems.iter().any(|p| p.starts_with(&format!("dictionaries/x.csv:3 [{key}]"))), "{row}: {problems:?}");
        }
        let (_, problems) = read("term,code,severity,source\n甲乙,ILL.PORN,S2,o\n甲乙,ILL.PORN,S2,o\n");
        assert!(problems[0].contains("与第 2 行重复"), "{problems:?}");
        let mut problems = Vec::new();
        rows("dictionaries/x.csv", b"term,code,severity,source\n\xc4\xe3,ILL.PORN,S2,o\n", |_| true, &mut problems);
        assert!(problems[0].to_string().contains(":2") && problems[0].reason.contains("UTF-8"));
    }
}
