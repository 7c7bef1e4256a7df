//! `xianshen lexicon` and `xianshen explain` as a person or a pipeline uses them: the real binary.

#![allow(clippy::expect_used)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const DRAFT: &str = r#"{"unit":"u","id":"a","revision":1,"account":"","platform":"","kind":"original","format":"text","title":"通知","body":"县图书馆本周六照常开放。","as_of":"2026-11-23"}"#;

fn xianshen(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xianshen")).args(args).output().expect("the binary runs")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("an exit status")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// The shipped dictionaries without their cases, in a folder of their own.
fn dictionaries() -> tempfile::TempDir {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).expect("a folder");
        for entry in fs::read_dir(from).expect("the shipped dictionaries") {
            let path = entry.expect("an entry").path();
            let target = to.join(path.file_name().expect("a name"));
            if path.is_dir() {
                copy(&path, &target);
            } else if !path.to_string_lossy().ends_with(".cases.toml") {
                fs::copy(&path, &target).expect("copied");
            }
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("dictionaries"), folder.path());
    folder
}

#[test]
fn the_shipped_rules_have_no_problem() {
    let checked = xianshen(&["lexicon", "check"]);
    assert_eq!(code(&checked), 0, "{}{}", out(&checked), err(&checked));
    assert!(out(&checked).contains("没有问题"));
}

#[test]
fn the_shipped_cases_hold() {
    let tested = xianshen(&["lexicon", "test"]);
    assert_eq!(code(&tested), 0, "{}{}", out(&tested), err(&tested));
}

/// One more row of a dictionary, in the order of its columns.
fn add_row(folder: &tempfile::TempDir, dictionary: &str, cells: &[(&str, &str)]) -> usize {
    let path = folder.path().join(dictionary);
    let mut text = fs::read_to_string(&path).expect("a dictionary");
    let header = text.trim_start_matches('\u{feff}').lines().next().expect("a header").to_owned();
    let cell = |column: &str| cells.iter().find(|(name, _)| *name == column).map_or("", |(_, cell)| cell);
    let row: Vec<&str> = header.split(',').map(cell).collect();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let line = text.lines().count() + 1;
    fs::write(&path, format!("{text}{}\n", row.join(","))).expect("written");
    line
}

const MADE_UP: [(&str, &str); 6] =
    [("term", "图书馆本周六"), ("code", "ILL.GAMBLING"), ("severity", "S2"), ("match", "fold"), ("boundary", "none"), ("source", "own")];

#[test]
fn a_bad_row_refuses_the_set_and_is_named_by_file_and_line() {
    let folder = dictionaries();
    let bad = MADE_UP.map(|(column, cell)| (column, if column == "severity" { "S9" } else { cell }));
    let line = add_row(&folder, "gambling.csv", &bad);
    let checked = xianshen(&["lexicon", "check", "--dictionaries", folder.path().to_str().expect("UTF-8")]);
    assert_eq!(code(&checked), 2);
    assert!(out(&checked).contains(&format!("dictionaries/gambling.csv:{line} [severity]: ")), "{}", out(&checked));
    let judged = xianshen(&["check", "--dictionaries", folder.path().to_str().expect("UTF-8"), "-"]);
    assert_eq!((code(&judged), &*out(&judged)), (2, ""), "no draft is judged by half a set");
}

#[test]
fn a_changed_dictionary_shows_what_it_would_flag_newly() {
    let folder = dictionaries();
    add_row(&folder, "gambling.csv", &MADE_UP);
    let new = folder.path().to_str().expect("UTF-8").to_owned();
    let drafts = folder.path().join("drafts.jsonl");
    fs::write(&drafts, format!("{DRAFT}\n{}\n", DRAFT.replace("图书馆", "博物馆"))).expect("written");
    let against = drafts.to_str().expect("UTF-8");
    let added = xianshen(&["lexicon", "diff", "shipped", &new, "--against", against]);
    assert_eq!(code(&added), 1, "{}", err(&added));
    assert!(out(&added).contains("+ 较重 ILL.GAMBLING「图书馆本周六」"), "{}", out(&added));
    assert!(out(&added).ends_with("共 2 篇：新增命中 1 篇，不再命中 0 篇，其他变化 0 篇，无变化 1 篇。\n"), "{}", out(&added));
    let removed = xianshen(&["lexicon", "diff", &new, "shipped", "--against", against, "--format", "jsonl"]);
    let value: serde_json::Value = serde_json::from_str(&out(&removed)).expect("one changed draft");
    assert_eq!((&value["change"], value["removed"].as_array().map(Vec::len)), (&"no_longer_flagged".into(), Some(1)));
}

#[test]
fn the_shipped_configuration_is_checked_and_a_bad_one_refused() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/xianshen.toml");
    let checked = xianshen(&["config", "check", shipped.to_str().expect("UTF-8")]);
    assert_eq!(code(&checked), 0, "{}", out(&checked));
    let folder = tempfile::tempdir().expect("a folder");
    let bad = folder.path().join("bad.toml");
    fs::write(&bad, "[http]\nlisten = \"0.0.0.0:8080\"\nlisen = 1\n").expect("written");
    let checked = xianshen(&["config", "check", bad.to_str().expect("UTF-8")]);
    assert!(code(&checked) == 2 && out(&checked).contains("bad.toml:3 [http.lisen]"), "{}", out(&checked));
}

#[test]
fn a_case_that_does_not_hold_is_named_with_file_and_line() {
    let folder = dictionaries();
    let cases = "[[case]]\nname = \"造出来的\"\ntext = \"县图书馆照常开放\"\nhit = [\"ILL.GAMBLING@照常开放\"]\n";
    fs::write(folder.path().join("made-up.cases.toml"), cases).expect("written");
    let tested = xianshen(&["lexicon", "test", "--dictionaries", folder.path().to_str().expect("UTF-8")]);
    assert_eq!(code(&tested), 1, "{}", err(&tested));
    assert!(out(&tested).contains("dictionaries/made-up.cases.toml:2 [造出来的]: 应当命中 ILL.GAMBLING@照常开放"), "{}", out(&tested));
}

#[test]
fn rules_without_any_case_are_not_tested() {
    let folder = dictionaries();
    let tested = xianshen(&["lexicon", "test", "--dictionaries", folder.path().to_str().expect("UTF-8")]);
    assert_eq!(code(&tested), 2);
    assert!(err(&tested).contains("nothing was tested"), "{}", err(&tested));
}

#[test]
fn the_same_rules_change_no_verdict() {
    let folder = tempfile::tempdir().expect("a folder");
    let drafts = folder.path().join("drafts.jsonl");
    fs::write(&drafts, format!("{DRAFT}\n{DRAFT}\n")).expect("written");
    let diff = |against: &Path| xianshen(&["lexicon", "diff", "shipped", "shipped", "--against", against.to_str().expect("UTF-8")]);
    let same = diff(&drafts);
    assert_eq!(code(&same), 0, "{}", err(&same));
    assert_eq!(out(&same), "共 2 篇：新增命中 0 篇，不再命中 0 篇，其他变化 0 篇，无变化 2 篇。\n");
    fs::write(&drafts, format!("{DRAFT}\n{{}}\n")).expect("written");
    let bad = diff(&drafts);
    assert!(code(&bad) == 2 && err(&bad).contains("drafts.jsonl:2"), "{}", err(&bad));
    assert_eq!(code(&xianshen(&["lexicon", "diff", "shipped", "/no/such/folder", "--against", "-"])), 2);
}

#[test]
fn explain_takes_one_draft() {
    let folder = tempfile::tempdir().expect("a folder");
    let draft = folder.path().join("a.json");
    fs::write(&draft, DRAFT).expect("written");
    let explained = xianshen(&["explain", draft.to_str().expect("UTF-8")]);
    assert_eq!(code(&explained), 0, "{}", err(&explained));
    assert!(out(&explained).contains("u / a 第 1 版") && out(&explained).contains("结论"), "{}", out(&explained));
    for bad in ["-", "a.jsonl", "/no/such/file.json"] {
        assert_eq!(code(&xianshen(&["explain", bad])), 2, "{bad}");
    }
}
