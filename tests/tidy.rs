//! Rules of style that a machine can hold: who may import whom, what the pure part may not name, how files open.
//! Reads the sources as text; DESIGN of the source tree stands in `README.md`, section "Where things are".

#![allow(clippy::expect_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Every top-level module and the ones it may import. An arrow that is not here does not exist.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    // The pure part: no I/O, no clock, no chance.
    ("model", &[]),
    ("place", &["model"]),
    ("text", &["model"]),
    ("lexicon", &["model", "text"]),
    ("detect", &["model", "text", "lexicon"]),
    ("policy", &["model"]),
    ("ruleset", &["model", "text", "lexicon", "detect", "policy"]),
    ("explain", &["model", "lexicon", "ruleset"]),
    ("cases", &["model", "place", "ruleset"]),
    // The rim: files, network, store, clock.
    ("rule_files", &["ruleset"]),
    ("metrics", &["model", "ruleset"]),
    ("store", &["model", "ruleset", "metrics"]),
    ("stream", &["model", "place", "ruleset", "cases", "rule_files", "metrics", "store"]),
    ("web", &["model", "place", "ruleset", "explain", "cases", "metrics", "store", "stream"]),
    // On top.
    ("config", &["model", "ruleset", "rule_files", "metrics", "store", "stream", "web"]),
    ("daemon", &["model", "place", "ruleset", "cases", "rule_files", "metrics", "store", "stream", "web", "config"]),
    (
        "cli",
        &[
            "model",
            "place",
            "text",
            "lexicon",
            "ruleset",
            "explain",
            "cases",
            "rule_files",
            "metrics",
            "store",
            "stream",
            "web",
            "config",
            "daemon",
        ],
    ),
    ("lib", &[]),
    ("main", &["cli", "daemon", "config"]),
];

const PURE: [&str; 9] = ["model", "place", "text", "lexicon", "detect", "policy", "ruleset", "explain", "cases"];

/// What the pure part may not name: paths that begin so.
const IMPURE: &[&str] = &[
    "tokio",
    "rusqlite",
    "sqlx",
    "rdkafka",
    "axum",
    "rand",
    "getrandom",
    "notify",
    "tracing",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "std::time::SystemTime",
    "std::time::Instant",
    "SystemTime",
    "Instant",
    "jiff::Timestamp",
    "Timestamp::now",
    "jiff::Zoned",
    "Zoned::now",
];

const LINES_MAX: usize = 700;

/// Files that may be longer, and why: flat catalogues of independent entries.
const CATALOGUES: &[(&str, &str)] = &[];

/// Code that never stays in the tree.
const LEFT_OPEN: [&str; 3] = ["todo!", "unimplemented!", "#[ignore"];

/// A source file: its path below the root, and its text.
struct Source {
    path: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "tests", "benches"] {
        collect(root, &root.join(folder), &mut files);
    }
    files
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<Source>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a folder that can be read").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(root, &path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&path).expect("a source file");
            let path = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
            files.push(Source { path, text });
        }
    }
}

/// Everything that is wrong with these sources, one line each.
fn violations(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        file_violations(source, &mut found);
        // A module `tests` knows whom it likes, in a file of its own as in the file it tests.
        if source.path.starts_with("src/") && !source.path.ends_with("/tests.rs") {
            import_violations(source, &mut found);
        }
    }
    found
}

fn file_violations(Source { path, text }: &Source, found: &mut Vec<String>) {
    if !text.starts_with("//!") {
        found.push(format!("{path}: does not open with a `//!` line that says what it is for"));
    }
    let lines = text.lines().count();
    if lines > LINES_MAX && !CATALOGUES.iter().any(|(catalogue, _)| catalogue == path) {
        found.push(format!("{path}: {lines} lines, at most {LINES_MAX}"));
    }
    let code = without_prose(text);
    found.extend(LEFT_OPEN.iter().filter(|open| code.contains(**open)).map(|open| format!("{path}: holds `{open}`")));
}

fn import_violations(source: &Source, found: &mut Vec<String>) {
    let module = module_of(&source.path);
    let Some(top) = module.first() else { return };
    let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| name == top) else {
        found.push(format!("{}: module `{top}` is not in the table of who may import whom", source.path));
        return;
    };
    let paths = paths(&without_tests(&without_prose(&source.text)));
    let imported: BTreeSet<String> = paths.iter().filter_map(|path| top_level_import(path, &module)).collect();
    for other in imported {
        if other != *top && !allowed.contains(&&*other) && MAY_IMPORT.iter().any(|(name, _)| *name == other) {
            found.push(format!("{}: `{top}` must not import `{other}`", source.path));
        }
    }
    if PURE.contains(&&**top) {
        let named: BTreeSet<&&str> = IMPURE.iter().filter(|impure| paths.iter().any(|path| begins_with(path, impure))).collect();
        found.extend(named.into_iter().map(|impure| format!("{}: the pure part must not name `{impure}`", source.path)));
    }
}

/// `src/text/fold.rs` → `text`, `fold`; `src/text/mod.rs` → `text`.
fn module_of(path: &str) -> Vec<String> {
    let inner = path.strip_prefix("src/").and_then(|path| path.strip_suffix(".rs")).expect("a source of the crate");
    inner.split('/').filter(|part| *part != "mod").map(str::to_owned).collect()
}

/// The top-level module that a path leads to: through `crate::`, through `super::`, or from outside through the crate's name.
fn top_level_import(path: &str, module: &[String]) -> Option<String> {
    let mut parts = path.split("::").peekable();
    match parts.next()? {
        "crate" | "xianshen" => parts.next().map(str::to_owned),
        "super" => {
            let mut up = 1;
            while parts.next_if_eq(&"super").is_some() {
                up += 1;
            }
            (up == module.len()).then(|| parts.next().map(str::to_owned))?
        }
        _ => None,
    }
}

fn begins_with(path: &str, start: &str) -> bool {
    path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Code without comments and without what stands between quotes.
fn without_prose(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    let is = |at: usize, what: &str| what.chars().enumerate().all(|(n, c)| chars.get(at + n) == Some(&c));
    while let Some(&c) = chars.get(at) {
        if is(at, "//") {
            while chars.get(at).is_some_and(|&c| c != '\n') {
                at += 1;
            }
        } else if is(at, "/*") {
            while at < chars.len() && !is(at, "*/") {
                at += 1;
            }
            at += 2;
        } else if let Some(hashes) = raw_string(&chars, at) {
            let end = format!("\"{}", "#".repeat(hashes));
            at += hashes + 2;
            while at < chars.len() && !is(at, &end) {
                at += 1;
            }
            at += end.len();
            out.push_str("\"\"");
        } else if c == '"' {
            at += 1;
            while chars.get(at).is_some_and(|&c| c != '"') {
                at += if is(at, "\\") { 2 } else { 1 };
            }
            at += 1;
            out.push_str("\"\"");
        } else if c == '\'' && (is(at + 1, "\\") || chars.get(at + 2) == Some(&'\'')) {
            at += if is(at + 1, "\\") { 3 } else { 2 };
            while chars.get(at).is_some_and(|&c| c != '\'') {
                at += 1;
            }
            at += 1;
            out.push_str("' '");
        } else {
            out.push(c);
            at += 1;
        }
    }
    out
}

/// Number of `#` of a raw string that begins at `r`.
fn raw_string(chars: &[char], at: usize) -> Option<usize> {
    let before = at.checked_sub(1).and_then(|before| chars.get(before)).is_some_and(|&c| c.is_alphanumeric() && c != 'b' || c == '_');
    if before || chars.get(at) != Some(&'r') {
        return None;
    }
    let hashes = chars.get(at + 1..)?.iter().take_while(|&&c| c == '#').count();
    (chars.get(at + 1 + hashes) == Some(&'"')).then_some(hashes)
}

/// Code without the items marked `#[cfg(test)]`: tests may read files and know everyone.
fn without_tests(code: &str) -> String {
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    while let Some((before, after)) = rest.split_once("#[cfg(test)]") {
        out.push_str(before);
        let body = after.find('{').filter(|&open| after.find(';').is_none_or(|end| open < end));
        rest = match body {
            // `mod tests;` or a `use`: one statement.
            None => after.split_once(';').map_or("", |(_, rest)| rest),
            Some(open) => {
                let mut depth = 0;
                let end = after.char_indices().skip_while(|&(at, _)| at < open).find(|&(_, c)| {
                    depth += i32::from(c == '{') - i32::from(c == '}');
                    depth == 0
                });
                end.map_or("", |(at, _)| after.get(at + 1..).unwrap_or_default())
            }
        };
    }
    out + rest
}

/// Every path with `::` in the code, and every one that a `use` of a group stands for.
fn paths(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let chars: Vec<char> = code.chars().collect();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        if c.is_alphabetic() || c == '_' {
            at = path_tree(&chars, at, "", &mut paths);
        } else {
            at += 1;
        }
    }
    paths
}

/// Reads `a::b::{c, d::e}` from `at` and adds what it stands for; returns where it ends.
fn path_tree(chars: &[char], mut at: usize, prefix: &str, paths: &mut Vec<String>) -> usize {
    let mut path = prefix.to_owned();
    loop {
        let name: String = chars.get(at..).unwrap_or_default().iter().take_while(|c| c.is_alphanumeric() || **c == '_').collect();
        at += name.chars().count();
        path.push_str(&name);
        if name.is_empty() || chars.get(at) != Some(&':') || chars.get(at + 1) != Some(&':') {
            paths.push(path);
            return at;
        }
        at += 2;
        path.push_str("::");
        if chars.get(at) == Some(&'{') {
            at += 1;
            while chars.get(at).is_some_and(|&c| c != '}') {
                let c = chars.get(at).copied().unwrap_or(' ');
                at = if c.is_alphabetic() || c == '_' { path_tree(chars, at, &path, paths) } else { at + 1 };
            }
            return at + 1;
        }
    }
}

#[test]
fn the_sources_are_tidy() {
    let sources = sources();
    assert!(sources.len() > 10, "the sources were not found");
    let found = violations(&sources);
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn every_catalogue_is_there_and_has_a_reason() {
    for (path, reason) in CATALOGUES {
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(path).is_file() && !reason.is_empty(), "{path}");
    }
}

#[test]
fn no_module_may_import_in_a_circle() {
    for (name, allowed) in MAY_IMPORT {
        let mut reached: BTreeSet<&str> = BTreeSet::new();
        let mut next: Vec<&str> = allowed.to_vec();
        while let Some(module) = next.pop() {
            if reached.insert(module) {
                next.extend(MAY_IMPORT.iter().find(|(name, _)| *name == module).expect("a module of the table").1);
            }
        }
        assert!(!reached.contains(name), "{name} reaches itself");
    }
}

/// The rules themselves: each made-up breach is found, each look-alike is let through.
#[test]
fn a_breach_is_found() {
    let check = |path: &str, code: &str| violations(&[Source { path: path.into(), text: format!("//! A file.\n{code}") }]);
    for (path, code, expected) in [
        ("src/model/draft.rs", "use crate::text::fold;", "`model` must not import `text`"),
        ("src/text/fold.rs", "use super::super::lexicon::Term;", "`text` must not import `lexicon`"),
        ("src/text/mod.rs", "use super::lexicon::Term;", "`text` must not import `lexicon`"),
        ("src/policy/mod.rs", "use crate::{model::Draft, detect};", "`policy` must not import `detect`"),
        ("src/ruleset.rs", "fn f() { crate::store::open() }", "`ruleset` must not import `store`"),
        ("src/store/sqlite.rs", "use crate::config::Config;", "`store` must not import `config`"),
        ("src/web/api.rs", "use crate::{\n    model::{Draft, Verdict},\n    daemon::run,\n};", "`web` must not import `daemon`"),
        ("src/detect/terms.rs", "use std::{collections::BTreeMap, fs::File};", "must not name `std::fs`"),
        ("src/detect/terms.rs", "let now = std::time::Instant::now();", "must not name `std::time::Instant`"),
        ("src/ruleset.rs", "use jiff::Timestamp;", "must not name `jiff::Timestamp`"),
        ("src/lexicon/load.rs", "use rusqlite::Connection;", "must not name `rusqlite`"),
        ("src/helpers.rs", "", "`helpers` is not in the table"),
        ("src/model/a.rs", "fn f() { todo!() }", "holds `todo!`"),
        ("tests/a.rs", "#[ignore]\n#[test]\nfn f() {}", "holds `#[ignore`"),
    ] {
        let found = check(path, code);
        assert!(found.len() == 1 && found.iter().all(|line| line.contains(expected)), "{path}: {code}: {found:?}");
    }
    for (path, code) in [
        (
            "src/model/draft.rs",
            "// use crate::text::fold;\nconst A: &str = \"crate::text\"; const B: &str = r#\"std::fs\"#; const C: char = '\"';",
        ),
        (
            "src/model/draft.rs",
            "#[cfg(test)]\nmod tests {\n    use crate::cli::fixture;\n    fn f() { { std::fs::read(\"a\") } }\n}\nuse super::verdict::Verdict;",
        ),
        ("src/model/draft.rs", "#[cfg(test)]\nuse crate::text::fold;\nfn f<'a>(x: &'a str) -> &'a str { x }"),
        ("src/text/fold.rs", "use super::passage::Passage; use crate::model::Draft;"),
        ("src/cli/check.rs", "use crate::ruleset::Ruleset; use std::time::Instant;"),
        ("src/detect/terms.rs", "struct Instantly; use self::std_fs::x; let operand = strand::x();"),
    ] {
        assert_eq!(check(path, code), Vec::<String>::new(), "{path}: {code}");
    }
    let bare = violations(&[Source { path: "src/model/a.rs".into(), text: "use std::fmt;\n".into() }]);
    assert!(bare.len() == 1 && bare.iter().all(|line| line.contains("//!")), "{bare:?}");
    let long = violations(&[Source { path: "src/model/a.rs".into(), text: format!("//! Long.\n{}", "\n".repeat(LINES_MAX)) }]);
    assert!(long.len() == 1 && long.iter().all(|line| line.contains("701 lines")), "{long:?}");
}
