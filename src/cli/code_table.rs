//! `xianshen codes`: the table of finding codes, made from the codes, the dictionaries, their cases and the policy.
//! Must not know detectors: what a code can weigh is what its rows say and its cases show.

use super::rules::RuleArgs;
use super::{Exit, print};
use crate::cases;
use crate::lexicon::tables::CodeText;
use crate::model::{Category, Draft, Field, Finding, Format, Kind, Queue, Severity, Text};
use crate::ruleset::{RuleFiles, Ruleset};
use clap::Args;
use std::collections::{BTreeMap, BTreeSet};

/// Stands for words added by the bench; no rule of anybody.
const BENCH_CODE: &str = "ILL.BENCH";

/// Families in the order of the queues.
const FAMILIES: [&str; 10] = ["SEC", "EVT", "PII", "BIZ", "AD", "LINK", "ILL", "SRC", "WRD", "OPS"];

/// The day the examples are judged for. A constant: the table must not change overnight.
const AS_OF: jiff::civil::Date = jiff::civil::Date::constant(2026, 11, 23);

/// Print the table of finding codes as Markdown: code, meaning, severity, queue, basis, example
#[derive(Debug, Args)]
pub struct CodesArgs {
    #[command(flatten)]
    pub rules: RuleArgs,
}

pub fn run(args: &CodesArgs) -> anyhow::Result<Exit> {
    let (ruleset, files) = args.rules.compile()?;
    print(&table(&ruleset, &files))?;
    Ok(Exit::Nothing)
}

/// The whole page.
pub fn table(ruleset: &Ruleset, files: &RuleFiles) -> String {
    let severities = severities(ruleset, files);
    let mut out = String::from(
        "# 检测代码一览\n\n\
         <!-- 由 `make docs` 生成，请勿手改：改 dictionaries/codes.csv、词库或 config/policy.toml，再运行 `make docs`。 -->\n\n\
         每一处命中都有一个代码。严重程度取决于词条和上下文，表中列出词库各行所写和样例中出现过的全部程度：\
         S0 提示，S1 一般，S2 较重，S3 阻断。队列按 `config/policy.toml`，指只有这一处命中时稿件（原创、转载、回复）去的队列；\
         一份稿件有多处命中时，去其中最优先的队列。群众留言另有三个队列，见各表末列。\n",
    );
    for family in FAMILIES {
        let codes: Vec<_> = shown_codes(ruleset).filter(|(code, _)| code.split('.').next() == Some(family)).collect();
        let Some(category) = Category::of_code(family).filter(|_| !codes.is_empty()) else { continue };
        out.push_str(&format!("\n## {}（{family}）\n\n", category.chinese()));
        out.push_str("| 代码 | 含义 | 严重程度 | 队列 | 依据 | 例子 | 留言队列 |\n| --- | --- | --- | --- | --- | --- | --- |\n");
        for (code, text) in codes {
            let of_code = severities.get(code.as_str()).cloned().unwrap_or_default();
            out.push_str(&row(ruleset, code, text, &of_code));
        }
    }
    out
}

fn shown_codes(ruleset: &Ruleset) -> impl Iterator<Item = (&String, &CodeText)> {
    ruleset.codes().iter().filter(|(code, _)| *code != BENCH_CODE)
}

/// What each code weighs: by the rows of the dictionaries, as found in the cases beside them, and in its own example.
fn severities(ruleset: &Ruleset, files: &RuleFiles) -> BTreeMap<String, BTreeSet<Severity>> {
    let mut all: BTreeMap<String, BTreeSet<Severity>> = BTreeMap::new();
    for finding in cases::findings(ruleset, files) {
        all.entry(finding.code.into()).or_default().insert(finding.severity);
    }
    for ready in ruleset.lexicon().rows() {
        // A row without cases of its own still counts; the policy may have moved it.
        let weighed = ruleset.weighed(finding(&ready.row.code, ready.row.severity));
        all.entry(weighed.code.into()).or_default().insert(weighed.severity);
    }
    for (code, text) in shown_codes(ruleset) {
        for kind in [Kind::Original, Kind::Repost, Kind::Message, Kind::Reply] {
            for title in ["", &text.example] {
                let example = Draft { title: title.to_owned(), body: text.example.clone(), as_of: Some(AS_OF), ..draft(kind) };
                let found = ruleset.judge(&example).findings.into_iter().filter(|finding| finding.code == *code);
                all.entry(code.clone()).or_default().extend(found.map(|finding| finding.severity));
            }
        }
    }
    all
}

fn row(ruleset: &Ruleset, code: &str, text: &CodeText, severities: &BTreeSet<Severity>) -> String {
    let weights = match severities.is_empty() {
        true => "视上下文".to_owned(),
        false => severities.iter().map(|severity| severity.as_str()).collect::<Vec<_>>().join(" "),
    };
    format!(
        "| `{code}` | **{}**：{} | {weights} | {} | {} | {} | {} |\n",
        escaped(&text.name),
        escaped(&text.message),
        queues(ruleset, code, severities, Kind::Original),
        escaped(&text.basis),
        escaped(&text.example),
        queues(ruleset, code, severities, Kind::Message),
    )
}

/// `一般信息（S0）、个人信息（S1 S2 S3）`.
fn queues(ruleset: &Ruleset, code: &str, severities: &BTreeSet<Severity>, kind: Kind) -> String {
    let draft = draft(kind);
    let mut found: Vec<(Queue, Vec<&str>)> = Vec::new();
    for &severity in severities {
        let queue = ruleset.queue_of(&draft, &finding(code, severity));
        match found.iter_mut().find(|(known, _)| *known == queue) {
            Some((_, of_queue)) => of_queue.push(severity.as_str()),
            None => found.push((queue, vec![severity.as_str()])),
        }
    }
    match &found[..] {
        [] => "按严重程度".to_owned(),
        [(queue, _)] => queue.chinese().to_owned(),
        _ => found.iter().map(|(queue, of)| format!("{}（{}）", queue.chinese(), of.join(" "))).collect::<Vec<_>>().join("、"),
    }
}

/// Text that neither ends its cell nor turns into markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.trim().chars() {
        match c {
            '\n' | '\r' => out.push(' '),
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '|' | '*' | '_' | '[' | ']' | '~' | '`' | '\\' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

fn draft(kind: Kind) -> Draft {
    let text = String::new;
    Draft {
        account: text(),
        as_of: None,
        attachments: None,
        author: None,
        body: text(),
        declared: None,
        format: Format::Text,
        id: text(),
        images: None,
        kind,
        links: None,
        platform: text(),
        revision: 1,
        source: None,
        subtitle: None,
        title: text(),
        unit: text(),
    }
}

fn finding(code: &str, severity: Severity) -> Finding {
    Finding {
        code: code.to_owned().into(),
        category: Category::of_code(code).unwrap_or(Category::Operation),
        severity,
        field: Field::Body,
        path: None,
        start: 0,
        end: 0,
        text: String::new(),
        rule: Text::default(),
        message: Text::default(),
        suggestion: None,
        basis: Text::default(),
        transforms: Vec::new(),
        evidence: Default::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> (Ruleset, RuleFiles) {
        let files = crate::rule_files::read(&Default::default()).expect("shipped");
        (Ruleset::compile(&files).expect("shipped rules compile"), files)
    }

    #[test]
    fn the_table_in_the_docs_is_up_to_date() {
        let (ruleset, files) = shipped();
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/codes.md");
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(kept == table(&ruleset, &files), "docs/codes.md is not what the rules say: run `make docs` and commit it");
    }

    #[test]
    fn every_code_has_a_row_with_every_cell_filled() {
        let (ruleset, files) = shipped();
        let table = table(&ruleset, &files);
        for (code, _) in shown_codes(&ruleset) {
            let rows: Vec<_> = table.lines().filter(|line| line.starts_with(&format!("| `{code}` |"))).collect();
            let [row] = rows[..] else { panic!("{code}: {} rows", rows.len()) };
            let cells: Vec<_> = row.trim_matches('|').split(" | ").collect();
            assert_eq!(cells.len(), 7, "{row}");
            assert!(cells.iter().all(|cell| !cell.trim().is_empty()), "{row}");
        }
        let unknown = table.matches("| 视上下文 |").count();
        assert!(unknown * 10 < ruleset.codes().len(), "no row, case or example shows what {unknown} codes weigh");
        assert!(table.contains("| 个人信息 |") && table.contains("保密审查"));
    }

    #[test]
    fn a_cell_ends_where_it_should() {
        assert_eq!(escaped("a|b\n*c* <x>"), "a\\|b \\*c\\* &lt;x>");
        assert_eq!(escaped("写成138****1234"), "写成138\\*\\*\\*\\*1234");
    }
}
