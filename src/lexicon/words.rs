//! Word lists, and the words of conditions: written out in the row, or named in braces as a list that many rows share.
//! Must not know what a list is for.

use super::compile::{ListSet, Patterns, Resolved};
use super::load::{Condition, Row, Sheet};
use crate::model::{Problem, RuleFiles};
use crate::text::fold::FoldTable;
use std::collections::{BTreeMap, HashMap};

/// Most word lists.
const LISTS_MAX: usize = 256;
/// Most words of a condition that a report names.
const WORDS_SAID_MAX: usize = 6;
/// Stands among the words of a condition for contacts and addresses, which are no words: detectors find them.
const LIVE: &str = "{live}";

/// What `words/*.csv` holds.
#[derive(Default)]
pub(super) struct WordLists {
    /// Number of each list that detectors use.
    pub numbers: HashMap<String, u8>,
    /// Words of the lists that are only asked for, by list.
    pub asked: BTreeMap<u8, Vec<Vec<char>>>,
    /// Words of the lists that rows name in `with`, as written.
    pub in_rows: HashMap<String, Vec<String>>,
}

impl WordLists {
    pub fn read(files: &RuleFiles, fold: &FoldTable, patterns: &mut Patterns, problems: &mut Vec<Problem>) -> Self {
        let mut lists = Self::default();
        for (name, bytes) in files.0.iter().filter(|(name, _)| name.starts_with("dictionaries/words/") && name.ends_with(".csv")) {
            let Some(sheet) = Sheet::read(name, bytes, &["list", "word"], Some(&["when"]), problems) else { continue };
            for (line, cells) in sheet.rows() {
                let mut bad = |key: &str, reason: &str, cure: &str| {
                    problems.push(Problem {
                        file: name.clone(),
                        line: Some(line),
                        key: key.into(),
                        reason: reason.into(),
                        cure: cure.into(),
                    });
                };
                let (list, word) = (cells.get("list"), fold.fold_term(cells.get("word")));
                if list.is_empty() || word.is_empty() {
                    bad("word", "词表名或词语为空", "填写或删除该行");
                    continue;
                }
                if cells.get("when") == "row" {
                    lists.in_rows.entry(list.to_owned()).or_default().push(cells.get("word").to_owned());
                    continue;
                }
                let next = lists.numbers.len();
                let bit = match lists.numbers.get(list) {
                    Some(&bit) => bit,
                    None if next < LISTS_MAX => {
                        lists.numbers.insert(list.to_owned(), next as u8);
                        next as u8
                    }
                    None => {
                        bad("list", "词表太多", "合并词表");
                        continue;
                    }
                };
                match cells.get("when") {
                    "" => {}
                    "asked" => {
                        lists.asked.entry(bit).or_default().push(word);
                        continue;
                    }
                    _ => bad("when", "须为空、asked 或 row", "删除或改正"),
                }
                let pattern = patterns.of(word);
                let uses = patterns.at(pattern);
                uses.lists = uses.lists.and(ListSet::of(bit));
            }
        }
        lists
    }
}

/// Names sets of words while the lexicon is put together.
#[derive(Default)]
pub(super) struct WordSets(HashMap<Vec<Vec<char>>, u32>);

impl WordSets {
    /// A condition of `row` with its words named; `{list}` stands for all words of that list.
    pub fn resolve(
        &mut self,
        condition: &Condition,
        row: &Row,
        lists: &HashMap<String, Vec<String>>,
        fold: &FoldTable,
        problems: &mut Vec<Problem>,
    ) -> Resolved {
        let mut written: Vec<&str> = Vec::new();
        let live = !condition.negated && condition.words.iter().any(|word| word == LIVE);
        for word in condition.words.iter().filter(|word| !(live && *word == LIVE)) {
            match word.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                None => written.push(word),
                Some(name) => match lists.get(name) {
                    Some(words) => written.extend(words.iter().map(String::as_str)),
                    None => problems.push(Problem {
                        file: row.file.to_string(),
                        line: Some(row.line),
                        key: "with".into(),
                        reason: format!("没有供各行使用的词表 {name}"),
                        cure: "改正大括号里的词表名，或在 words 目录中补上该词表，when 列写 row".into(),
                    }),
                },
            }
        }
        let others = live.then_some("联系方式或网址");
        let said = others.into_iter().chain(written.iter().copied()).take(WORDS_SAID_MAX).collect::<Vec<_>>().join("、");
        let failed = if condition.negated { format!("附近出现：{said}") } else { format!("附近没有：{said}") };
        let mut words: Vec<Vec<char>> = written.iter().map(|word| fold.fold_term(word)).filter(|w| !w.is_empty()).collect();
        words.sort_unstable();
        words.dedup();
        let next = self.0.len() as u32;
        let words = *self.0.entry(words).or_insert(next);
        Resolved { negated: condition.negated, scope: condition.scope, failed: failed.into(), words, live }
    }

    /// The sets in the order of their names.
    pub fn by_name(self) -> Vec<Vec<Vec<char>>> {
        let mut named: Vec<(Vec<Vec<char>>, u32)> = self.0.into_iter().collect();
        named.sort_by_key(|(_, name)| *name);
        named.into_iter().map(|(words, _)| words).collect()
    }
}
