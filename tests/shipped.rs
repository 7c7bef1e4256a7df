//! What is shipped holds together: rules compile and pass their cases, samples land where their README says, and the
//! vectors of numbers, titles and working days come out as written down.

#![allow(clippy::expect_used)]

mod rules;

use rules::{FILES, RULES, codes, draft, judge};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use xianshen::cases;
use xianshen::detect::title::{Fidelity, compare};
use xianshen::explain::evidence_name;
use xianshen::model::{Draft, Format, Queue, Severity, Verdict};
use xianshen::ruleset::Ruleset;

fn vectors(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
    serde_json::from_slice(&std::fs::read(path).expect("the vectors")).expect("JSON")
}

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().expect("a list").iter().map(|v| v.as_str().or_else(|| v.get(0).and_then(Value::as_str)).expect("a string")).collect()
}

#[test]
fn every_case_beside_the_dictionaries_holds() {
    let report = cases::run(&RULES, &FILES);
    assert!(report.holds(), "{:#?}", report.problems.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert!(report.run > 200, "only {} cases were run", report.run);
}

#[test]
fn a_list_whose_hits_are_looked_at_may_not_be_left_out_of_the_scan() {
    let mut files = FILES.clone();
    let bytes = files.0.get_mut("dictionaries/words/links.csv").expect("the lists of links");
    let text = String::from_utf8(bytes.clone()).expect("text").replacen("share_mark,¥,", "share_mark,¥,asked", 1);
    *bytes = text.into_bytes();
    let problems = Ruleset::compile(&files).err().expect("refused");
    assert!(problems.iter().any(|problem| problem.key == "share_mark" && problem.cure.contains("when")), "{problems:?}");
}

#[test]
fn a_row_may_not_name_a_list_that_is_not_there() {
    let mut files = FILES.clone();
    let bytes = files.0.get_mut("dictionaries/drugs.csv").expect("the words of drugs");
    *bytes = String::from_utf8(bytes.clone()).expect("text").replacen("{seller}", "{sellers}", 1).into_bytes();
    let problems = Ruleset::compile(&files).err().expect("refused");
    assert!(problems.iter().any(|problem| problem.key == "with" && problem.reason.contains("sellers")), "{problems:?}");
}

#[test]
fn a_row_may_not_ask_that_no_live_contact_stands_beside_it() {
    let mut files = FILES.clone();
    let bytes = files.0.get_mut("dictionaries/drugs.csv").expect("the words of drugs");
    *bytes = String::from_utf8(bytes.clone()).expect("text").replacen(",{live}@20", ",!{live}@20", 1).into_bytes();
    let problems = Ruleset::compile(&files).err().expect("refused");
    assert!(problems.iter().any(|problem| problem.key == "with" && problem.reason.contains("live")), "{problems:?}");
}

#[test]
fn every_evidence_of_a_sample_is_named_in_words() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    for entry in std::fs::read_dir(&folder).expect("the samples") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let draft = Draft::from_json(&std::fs::read(&path).expect("the sample")).expect("a draft");
        for (key, _) in RULES.judge(&draft).findings.iter().flat_map(|finding| finding.evidence.iter()) {
            assert_ne!(evidence_name(key), key, "{}", path.display());
        }
    }
}

#[test]
fn every_evidence_that_a_detector_gives_is_named_in_words() {
    let mut keys = BTreeSet::new();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/detect")).expect("the detectors") {
        let code = std::fs::read_to_string(entry.expect("an entry").path()).expect("the code");
        keys.extend(code.split("because(\"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
    }
    assert!(keys.len() > 30, "{keys:?}");
    for key in keys {
        assert_ne!(evidence_name(&key), key);
    }
}

#[test]
fn every_sample_lands_in_the_queue_its_readme_names_and_every_queue_has_one() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let readme = std::fs::read_to_string(folder.join("README.md")).expect("the table");
    let mut wrong = Vec::new();
    let mut named = BTreeSet::new();
    let mut queues = BTreeSet::new();
    for line in readme.lines().filter(|line| line.contains(".json |")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let (file, queue) = (cells[1], cells[2]);
        let draft = Draft::from_json(&std::fs::read(folder.join(file)).expect("the sample")).expect("a draft");
        let verdict = RULES.judge(&draft);
        if verdict.queue.as_str() != queue || verdict.undetermined.is_some() {
            wrong.push(format!("{file}: {} instead of {queue}, {:?}", verdict.queue.as_str(), codes(&verdict)));
        }
        named.insert(file.to_owned());
        queues.insert(queue.to_owned());
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let there: BTreeSet<String> = std::fs::read_dir(&folder)
        .expect("the samples")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".json"))
        .collect();
    assert_eq!(named, there, "the README names exactly the samples that are there");
    for queue in Queue::ALL {
        assert!(queues.contains(queue.as_str()), "no sample for {}", queue.as_str());
    }
}

/// Findings of a code that are more than a hint.
fn has(verdict: &Verdict, code: &str) -> bool {
    verdict.findings.iter().any(|f| f.code == code && f.severity >= Severity::S1)
}

/// `value` with the remark in brackets taken off.
fn bare(value: &str) -> &str {
    value.split(" (").next().and_then(|v| v.split("(only").next()).expect("a first part")
}

#[test]
fn valid_numbers_are_found_and_invalid_ones_are_not() {
    let all = vectors("personal.json");
    let mut wrong = Vec::new();
    for (family, key, code, before) in [
        ("id18", "valid", "PII.ID18", "办理时登记 "),
        ("id15", "valid_with_context", "PII.ID15", "身份证号："),
        ("mobile", "valid", "PII.MOBILE", "联系电话："),
        ("bank", "valid", "PII.BANK", "银行卡号："),
        ("plates", "valid", "PII.PLATE", "车牌号："),
        ("passport", "valid", "", ""),
        ("email", "valid", "PII.EMAIL", "邮箱："),
    ] {
        for value in strings(&all[family][key]).into_iter().map(bare) {
            // The family of travel documents: which one a number is, its letters say.
            let (code, before) = match (family, value.chars().next()) {
                ("passport", Some('C' | 'H' | 'M')) => ("PII.HKM_PERMIT", "往来港澳通行证号："),
                ("passport", Some('T' | 'L')) => ("PII.TW_PERMIT", "往来台湾通行证号："),
                ("passport", _) => ("PII.PASSPORT", "护照号码："),
                _ => (code, before),
            };
            let verdict = judge(Format::Text, format!("{before}{value}，请核对。"));
            if !has(&verdict, code) {
                wrong.push(format!("{code} not found in {value}: {:?}", codes(&verdict)));
            }
        }
    }
    for (family, code, before) in [
        ("id18", "PII.ID18", "编号 "),
        ("id15", "PII.ID15", "编号："),
        ("mobile", "PII.MOBILE", "联系电话："),
        ("bank", "PII.BANK", "登记 "),
        ("plates", "PII.PLATE", "车牌号："),
        ("passport", "PII.PASSPORT", "护照号码："),
        ("email", "PII.EMAIL", "邮箱："),
    ] {
        for value in strings(&all[family]["invalid"]).into_iter().map(bare) {
            let verdict = judge(Format::Text, format!("{before}{value}，请核对。"));
            if has(&verdict, code) {
                wrong.push(format!("{code} found in {value}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn office_numbers_masks_and_company_codes_are_hints_at_most() {
    let all = vectors("personal.json");
    let mut wrong = Vec::new();
    let families = [
        (&all["landline"]["valid"], "咨询电话："),
        (&all["landline"]["hotlines_never_pii"], "热线电话："),
        (&all["mobile"]["masked_ok"], "联系电话："),
        (&all["false_positive_texts"], ""),
    ];
    for (values, before) in families {
        for value in strings(values) {
            let verdict = judge(Format::Text, format!("{before}{value}。"));
            let personal: Vec<_> =
                verdict.findings.iter().filter(|f| f.code.starts_with("PII.") && f.severity >= Severity::S1).map(|f| &f.code).collect();
            if !personal.is_empty() {
                wrong.push(format!("{value}: {personal:?}"));
            }
        }
    }
    for value in strings(&all["uscc"]["valid"]) {
        let verdict = judge(Format::Text, format!("统一社会信用代码：{value}。"));
        if !codes(&verdict).contains(&"PII.USCC") || verdict.blocked {
            wrong.push(format!("{value}: {:?}", codes(&verdict)));
        }
    }
    for value in strings(&all["uscc"]["invalid"]) {
        if codes(&judge(Format::Text, format!("代码：{value}。"))).contains(&"PII.USCC") {
            wrong.push(format!("PII.USCC in {value}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn titles_come_out_as_written_down() {
    let tokens = &RULES.lexicon().tables.title_tokens;
    let mut wrong = Vec::new();
    for pair in vectors("titles.json")["pairs"].as_array().expect("pairs") {
        let of = |i: usize| pair[i].as_str().expect("a string");
        let outlet = of(0).rsplit_once('_').map(|(_, name)| name);
        let fidelity = compare(of(0), of(1), outlet, tokens);
        let as_expected = match of(2) {
            "same" => fidelity == Fidelity::Same,
            "allowed" => matches!(fidelity, Fidelity::Allowed(_)),
            "review" => matches!(fidelity, Fidelity::Review { .. }),
            "distorted" => matches!(fidelity, Fidelity::Distorted(_)),
            other => panic!("no such outcome: {other}"),
        };
        if !as_expected {
            wrong.push(format!("{} → {}: {fidelity:?}, expected {}", of(0), of(1), of(2)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn working_days_come_out_as_written_down() {
    let tables = &RULES.lexicon().tables;
    let all = vectors("calendar.json");
    let date = |v: &Value| v.as_str().expect("a date").parse::<jiff::civil::Date>().expect("a date");
    for (day, is_workday) in all["is_workday"].as_object().expect("days") {
        assert_eq!(tables.is_workday(day.parse().expect("a date")), is_workday.as_bool(), "{day}");
    }
    for sum in all["add_workdays"].as_array().expect("sums") {
        let days = u32::try_from(sum[1].as_u64().expect("a number")).expect("small");
        assert_eq!(tables.add_workdays(date(&sum[0]), days), Some(date(&sum[2])), "{sum}");
    }
    for monday in all["week_without_workday"].as_array().expect("days").iter().map(date) {
        let week: Vec<_> = (0..7).map(|i| monday.saturating_add(jiff::Span::new().days(i))).collect();
        assert!(week.iter().all(|&day| tables.is_workday(day) == Some(false)), "{monday}");
    }
    for year in all["unknown_year"].as_array().expect("years") {
        let year = i16::try_from(year.as_i64().expect("a year")).expect("a year");
        assert_eq!(tables.is_workday(jiff::civil::date(year, 7, 1)), None);
        assert_eq!(tables.add_workdays(jiff::civil::date(year, 7, 1), 1), None);
    }
}

#[test]
fn wording_rules_hold_in_a_sentence_where_they_apply() {
    let mut wrong = Vec::new();
    for rule in vectors("wording.json")["rules"].as_array().expect("rules") {
        let of = |key: &str| rule[key].as_str().expect("a string");
        let mut draft = draft(Format::Text, of("text"));
        if let Some(title) = rule["title"].as_str() {
            draft.title = title.into();
        }
        let verdict = RULES.judge(&draft);
        let severity: Severity = of("severity").parse().expect("a severity");
        if !verdict.findings.iter().any(|f| f.code == of("code") && f.severity == severity) {
            wrong.push(format!("{} {severity:?} in {}: {:?}", of("code"), of("text"), codes(&verdict)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_clean_notice_is_routine_in_every_format() {
    for format in [Format::Text, Format::Html, Format::Markdown] {
        let verdict = RULES.judge(&draft(format, "县图书馆本周六照常开放，欢迎前来阅读。"));
        assert_eq!((verdict.queue, verdict.blocked), (Queue::Routine, false), "{format:?}");
        assert!(verdict.findings.is_empty(), "{:?}", codes(&verdict));
    }
}
