//! Findings as SARIF 2.1.0, for editors and pipelines that show problems in place.
//! Must not know how drafts are read. A log is written as it grows: results first, what they refer to at the end.

use super::codes::Codes;
use super::input::{Content, Item, Refusal};
use super::json_place;
use super::{encoding, pretty};
use crate::lexicon::tables::CodeText;
use crate::model::{Draft, ENGINE_VERSION, Finding, Severity, Text, Verdict};
use crate::place;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Rule of the result that stands for a draft the machine could not judge.
const UNDETERMINED: &str = "UNDETERMINED";

/// The beginning of a log, up to the first result.
pub const OPEN: &str = "\"version\":\"2.1.0\",\"runs\":[{\"columnKind\":\"unicodeCodePoints\",\"results\":[";

/// What comes before [`OPEN`].
pub fn schema_line() -> String {
    format!("{{\"$schema\":{},", json!(SCHEMA))
}

/// Codes met, with the sentence of one of their findings, for the list of rules at the end.
pub type Rules = BTreeMap<Text, (Text, Text)>;

/// The results of one verdict, `,` between them, and the rules they name.
pub fn results(item: &Item, draft: &Draft, verdict: &Verdict) -> (String, Rules) {
    let source = Source::of(item);
    let mut rules = Rules::new();
    let mut results: Vec<String> = Vec::new();
    for finding in &verdict.findings {
        rules.entry(finding.code.clone()).or_insert_with(|| (finding.message.clone(), finding.basis.clone()));
        results.push(result(&source, draft, verdict, finding).to_string());
    }
    if let Some(undetermined) = verdict.undetermined {
        let message = format!("机器未能判定（{}），须人工审核", undetermined.reason.chinese());
        rules.insert(UNDETERMINED.into(), (message.clone().into(), Text::default()));
        let location = location(&source, draft, None);
        results.push(json!({"ruleId": UNDETERMINED, "level": "error", "message": {"text": message}, "locations": [location]}).to_string());
    }
    (results.join(","), rules)
}

fn result(source: &Source<'_>, draft: &Draft, verdict: &Verdict, finding: &Finding) -> Value {
    let (level, kind) = match finding.severity {
        Severity::S3 => ("error", "fail"),
        Severity::S2 => ("warning", "fail"),
        Severity::S1 => ("note", "fail"),
        Severity::S0 => ("none", "informational"),
    };
    let mut text = finding.message.to_string();
    if let Some(suggestion) = finding.suggestion.as_deref().filter(|suggestion| !suggestion.is_empty()) {
        text.push_str(&format!("（建议：{suggestion}）"));
    }
    json!({
        "ruleId": finding.code,
        "level": level,
        "kind": kind,
        "message": {"text": text},
        "locations": [location(source, draft, Some(finding))],
        "properties": {
            "severity": finding.severity, "category": finding.category, "field": finding.field, "path": finding.path,
            "start": finding.start, "end": finding.end, "text": finding.text, "rule": finding.rule, "basis": finding.basis,
            "transforms": finding.transforms, "queue": verdict.queue, "blocked": verdict.blocked,
        },
    })
}

fn location(source: &Source<'_>, draft: &Draft, finding: Option<&Finding>) -> Value {
    let mut physical = json!({"artifactLocation": {"uri": source.uri}});
    if let Some(region) = finding.and_then(|finding| source.region(draft, finding)).or_else(|| source.line_region()) {
        physical["region"] = region;
    }
    let field = finding.map(|finding| finding.path.clone().unwrap_or_else(|| finding.field.as_str().to_owned()));
    let mut name = format!("{}/{}/{}", draft.unit, draft.id, draft.revision);
    if let Some(field) = &field {
        name.push_str(&format!("#{field}"));
    }
    json!({"physicalLocation": physical, "logicalLocations": [{"fullyQualifiedName": name, "kind": "member"}]})
}

/// The end of a log: the tool, its rules, and what could not be read.
pub fn close(rules: &Rules, codes: &Codes, refused: &[(super::input::Origin, Refusal)]) -> String {
    let rules: Vec<Value> = rules.iter().map(|(code, (message, basis))| rule(code, message, basis, codes)).collect();
    let notifications: Vec<Value> = refused
        .iter()
        .map(|(origin, refusal)| json!({"level": "error", "message": {"text": pretty::refusal_line(origin, refusal)}}))
        .collect();
    let driver = json!({"name": "xianshen", "version": env!("CARGO_PKG_VERSION"), "semanticVersion": ENGINE_VERSION, "rules": rules});
    let invocation = json!({"executionSuccessful": refused.is_empty(), "toolExecutionNotifications": notifications});
    format!("],\"tool\":{},\"invocations\":[{invocation}]}}]}}\n", json!({"driver": driver}))
}

fn rule(code: &str, message: &str, basis: &str, codes: &Codes) -> Value {
    let described = codes.get(code);
    // What the set does not say of a code, its findings do.
    let or = |part: fn(&CodeText) -> &str, absent| described.map(part).filter(|text| !text.is_empty()).unwrap_or(absent).to_owned();
    json!({
        "id": code,
        "name": or(|text| &text.name, code),
        "shortDescription": {"text": or(|text| &text.name, message)},
        "fullDescription": {"text": or(|text| &text.finds, message)},
        "help": {"text": or(|text| &text.why, message)},
        "properties": {"basis": or(|text| &text.basis, basis)},
    })
}

/// The text that a draft was read from, and where in its file that text begins.
struct Source<'a> {
    uri: String,
    text: &'a str,
    is_json: bool,
    line: Option<u64>,
    chars_before: usize,
}

impl<'a> Source<'a> {
    fn of(item: &'a Item) -> Self {
        let (bytes, is_json): (&[u8], bool) = match &item.content {
            Content::Json(bytes) => (bytes, true),
            Content::Body(bytes, _) => (bytes, false),
            Content::Refused(_) => (b"", true),
        };
        // A byte order mark is a character of the file, though not of the body.
        let mark = usize::from(encoding::without_mark(bytes).len() != bytes.len());
        Self {
            uri: item.origin.file.as_deref().map_or_else(|| "stdin".to_owned(), uri),
            text: encoding::decode(bytes).unwrap_or_default(),
            is_json,
            line: item.origin.line,
            chars_before: item.origin.chars_before + mark,
        }
    }

    /// The bytes of `text` that a finding marks.
    fn bytes(&self, draft: &Draft, finding: &Finding) -> Option<(usize, usize)> {
        if !self.is_json {
            let range = (finding.field == crate::model::Field::Body).then(|| place::bytes(self.text, finding.start, finding.end))??;
            return Some((range.start, range.end));
        }
        place::string(draft, finding.field, finding.path.as_deref())?;
        let raw = json_place::string(self.text, finding.path.as_deref().unwrap_or_else(|| finding.field.as_str()))?;
        let string = self.text.get(raw.clone())?;
        let at = |scalar| Some(raw.start + json_place::byte_of_scalar(string, scalar)?);
        Some((at(finding.start)?, at(finding.end)?))
    }

    fn region(&self, draft: &Draft, finding: &Finding) -> Option<Value> {
        let (start, end) = self.bytes(draft, finding)?;
        let (before, marked) = (self.text.get(..start)?, self.text.get(start..end)?);
        let (line, column) = self.line_and_column(before);
        let (end_line, end_column) = self.line_and_column(self.text.get(..end)?);
        Some(json!({
            "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column,
            "charOffset": self.chars_before + before.chars().count(), "charLength": marked.chars().count(),
        }))
    }

    /// The line of a file of lines.
    fn line_region(&self) -> Option<Value> {
        self.line.map(|line| json!({"startLine": line}))
    }

    /// Where the end of `before` is, counted from 1.
    fn line_and_column(&self, before: &str) -> (u64, usize) {
        let lines = before.bytes().filter(|&byte| byte == b'\n').count() as u64;
        let column = before.chars().rev().take_while(|&c| c != '\n').count();
        (self.line.unwrap_or(1) + lines, column + 1)
    }
}

/// A path as a relative or absolute URI reference.
fn uri(path: &str) -> String {
    let escaped: String = path
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect();
    if path.starts_with('/') { format!("file://{escaped}") } else { escaped }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::fixture;
    use crate::cli::input::Origin;
    use crate::model::{Format, Undetermined, UndeterminedReason};

    fn log(item: &Item, draft: &Draft, verdict: &Verdict) -> Value {
        let (results, rules) = results(item, draft, verdict);
        let refused = [(item.origin.clone(), Refusal::whole("not JSON"))];
        let text = format!("{}{OPEN}{results}{}", schema_line(), close(&rules, &Codes::default(), &refused));
        serde_json::from_str(&text).expect("JSON")
    }

    fn marked(text: &str, region: &Value) -> String {
        let number = |key: &str| region[key].as_u64().expect("a number") as usize;
        let by_offset: String = text.chars().skip(number("charOffset")).take(number("charLength")).collect();
        let lines: Vec<Vec<char>> = text.split('\n').map(|line| line.chars().collect()).collect();
        assert_eq!(number("startLine"), number("endLine"));
        let by_column: String = lines[number("startLine") - 1][number("startColumn") - 1..number("endColumn") - 1].iter().collect();
        assert_eq!(by_offset, by_column);
        by_offset
    }

    #[test]
    fn a_region_marks_the_source_of_the_finding_in_every_kind_of_file() {
        let body = "第一行\n加微信\"茶\"😀";
        let mut draft = fixture::draft(body, Format::Text);
        draft.links = Some(vec![crate::model::Link { label: None, url: "http://茶.example".into() }]);
        let mut verdict = fixture::verdict(&draft, &[("AD.CONTACT", "微信\"茶\"", "微信\"茶\"")]);
        let in_link = Finding {
            field: crate::model::Field::Links,
            path: Some("links[0].url".into()),
            start: 7,
            end: 8,
            ..verdict.findings[0].clone()
        };
        verdict.findings.push(in_link);
        let json = serde_json::to_string(&draft).expect("JSON");
        let earlier = "{\"第\":\"一行\"}\n";
        let files = [
            ("one.json", json.clone(), None, 0, json.clone()),
            ("two.jsonl", json.clone(), Some(2), earlier.chars().count(), format!("{earlier}{json}")),
        ];
        for (file, content, line, chars_before, whole) in files {
            let item = Item { origin: Origin { file: Some(file.into()), line, chars_before }, content: Content::Json(content.into()) };
            let log = log(&item, &draft, &verdict);
            let region = |n: usize| &log["runs"][0]["results"][n]["locations"][0]["physicalLocation"]["region"];
            assert_eq!(marked(&whole, region(0)), "微信\\\"茶\\\"");
            assert_eq!(marked(&whole, region(1)), "茶");
        }
        let origin = Origin { file: Some("三.txt".into()), line: None, chars_before: 0 };
        let item = Item { origin, content: Content::Body(format!("\u{feff}{body}").into(), Format::Text) };
        let log = log(&item, &draft, &verdict);
        let place = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
        assert_eq!(marked(&format!("\u{feff}{body}"), &place["region"]), "微信\"茶\"");
        assert_eq!(place["artifactLocation"]["uri"], "%E4%B8%89.txt");
    }

    #[test]
    fn the_log_has_the_shape_of_sarif() {
        let draft = fixture::draft("加微信谈，座机0879-4230000", Format::Text);
        let mut verdict = fixture::verdict(&draft, &[("AD.CONTACT", "加微信", "加微信"), ("PII.LANDLINE", "0879-4230000", "0879-42***00")]);
        verdict.undetermined = Some(Undetermined { reason: UndeterminedReason::Limit });
        let origin = Origin { file: None, line: Some(4), chars_before: 0 };
        let item = Item { origin, content: Content::Json(serde_json::to_vec(&draft).expect("JSON")) };
        let log = log(&item, &draft, &verdict);
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        let levels: Vec<_> = run["results"].as_array().expect("results").iter().map(|r| (&r["ruleId"], &r["level"])).collect();
        assert_eq!(json!(levels), json!([["AD.CONTACT", "error"], ["PII.LANDLINE", "none"], ["UNDETERMINED", "error"]]));
        let rules: Vec<_> = run["tool"]["driver"]["rules"].as_array().expect("rules").iter().map(|rule| &rule["id"]).collect();
        assert_eq!(json!(rules), json!(["AD.CONTACT", "PII.LANDLINE", "UNDETERMINED"]));
        assert_eq!(run["invocations"][0]["executionSuccessful"], false);
        assert!(
            run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"].as_str().is_some_and(|text| text.contains("第 4 行"))
        );
        assert_eq!(run["results"][2]["locations"][0]["physicalLocation"]["region"], json!({"startLine": 4}));
        // Personal data stays masked.
        assert!(!log.to_string().contains("0879-4230000"));
    }
}
