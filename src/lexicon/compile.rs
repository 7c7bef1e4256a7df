//! The compiled lexicon: all rows, word lists and anchors in one matcher, conditions resolved to patterns.
//! Must not know detectors or drafts.

use super::asked::AskedLists;
use super::bridges;
use super::disguise::{Candidate, Disguises, Marks, Usage};
use super::expressions::Expressions;
use super::fixed_names::FixedNames;
use super::load::{self, MatchMode, Only, Row, Scope, Sheet};
use super::matcher::{Matcher, PATTERNS_MAX};
use super::tables::Tables;
use super::uses::{Use, Uses};
use super::words::{WordLists, WordSets};
use crate::model::{Problem, RuleFiles, Text};
use crate::text::fold::{FoldTable, Folded};
use crate::text::segment::Segmenter;
use indexmap::IndexSet;
use regex_syntax::hir::literal::{ExtractKind, Extractor};
use std::collections::HashMap;

/// A set of word lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListSet([u128; 2]);

impl ListSet {
    /// The list of this number alone.
    pub const fn of(number: u8) -> Self {
        let bit = 1 << (number % 128);
        if number < 128 { Self([bit, 0]) } else { Self([0, bit]) }
    }

    pub fn meets(self, other: Self) -> bool {
        let (Self([a, b]), Self([c, d])) = (self, other);
        a & c | b & d != 0
    }

    /// The lists of both.
    pub fn in_both(self, other: Self) -> Self {
        let (Self([a, b]), Self([c, d])) = (self, other);
        Self([a & c, b & d])
    }

    /// Their numbers, the lowest first.
    pub fn numbers(self) -> impl Iterator<Item = u8> {
        let Self([mut low, mut high]) = self;
        std::iter::from_fn(move || {
            let (bits, first) = if low != 0 { (&mut low, 0) } else { (&mut high, 128) };
            let number = (*bits != 0).then(|| first + bits.trailing_zeros() as u8);
            *bits &= bits.wrapping_sub(1);
            number
        })
    }

    pub const fn and(self, other: Self) -> Self {
        let (Self([a, b]), Self([c, d])) = (self, other);
        Self([a | c, b | d])
    }
}

/// How a hit was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// In the folded text as it stands.
    Folded,
    /// Over separators between the characters.
    Bridged,
    /// Read out of a disguise.
    Disguised(Marks),
}

/// A pattern found in folded text, `start..end` in folded characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    pub start: u32,
    pub end: u32,
    pub pattern: u32,
    pub layer: Layer,
}

/// A condition with its words resolved.
#[derive(Debug, Clone)]
pub struct Resolved {
    pub negated: bool,
    pub scope: Scope,
    /// What is said of a hit that it does not hold for.
    pub failed: Text,
    /// Names the words for [`Lexicon::words`]; equal sets of words share a name.
    pub words: u32,
    /// A live contact or address in the same sentence holds it as well.
    pub live: bool,
}

/// A row ready for use.
#[derive(Debug)]
pub struct Ready {
    pub row: Row,
    pub with: Vec<Resolved>,
    /// Allow phrases: folded characters, and where in them the term begins.
    pub unless: Vec<(Vec<char>, usize)>,
    pub expression: Option<regex::Regex>,
}

/// What has to be asked of a row before its term holds; one byte, since rows themselves are far apart in memory and most
/// ask for nothing but word boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asks(u8);

impl Asks {
    /// `only`, dates, `with`, `unless` or `match=exact`.
    const MORE: u8 = 1;
    const ALONE: u8 = 2;
    const WORDS: u8 = 4;

    fn of(ready: &Ready) -> Self {
        let Ready { row, with, unless, .. } = ready;
        let is_plain = row.only == Only::default()
            && row.effective_from.is_none()
            && row.effective_to.is_none()
            && with.is_empty()
            && unless.is_empty()
            && row.mode != MatchMode::Exact;
        let flag = |holds: bool, flag: u8| if holds { flag } else { 0 };
        Self(
            flag(!is_plain, Self::MORE)
                | flag(row.on_word_boundary, Self::ALONE)
                | flag(row.on_word_boundary && row.mode != MatchMode::Regex, Self::WORDS),
        )
    }

    /// Fields, kinds, platforms, dates, conditions, allow phrases or the very spelling.
    pub fn more(self) -> bool {
        self.0 & Self::MORE != 0
    }

    /// Letters and digits must not go on beyond the hit.
    pub fn alone(self) -> bool {
        self.0 & Self::ALONE != 0
    }

    /// The hit must begin and end where words do.
    pub fn words(self) -> bool {
        self.0 & Self::WORDS != 0
    }
}

/// Everything listed, compiled.
pub struct Lexicon {
    pub fold: FoldTable,
    pub segmenter: Segmenter,
    pub tables: Tables,
    rows: Vec<Ready>,
    /// By row.
    asks: Vec<Asks>,
    uses: Uses,
    matcher: Matcher,
    lists: HashMap<String, u8>,
    asked: AskedLists,
    pub fixed_names: FixedNames,
    /// Words of conditions: looked for only around hits of rows that ask.
    words: Vec<Matcher>,
    expressions: Expressions,
    frequency: Frequency,
    disguises: Disguises,
}

/// Gives detectors their word lists; what would leave a detector blind is a problem.
pub struct Lists<'l> {
    lexicon: &'l Lexicon,
    problems: &'l mut Vec<Problem>,
}

impl Lists<'_> {
    /// A list whose words are found by the scan of every text: its hits are looked at, and whether there are any.
    pub fn scanned(&mut self, name: &str) -> ListSet {
        let list = self.asked(name);
        if self.lexicon.asked.holds(list) {
            self.problem(name, format!("词表 {name} 的词要在每篇稿件里找到，不能只在询问时找"), "删去该词表各行 when 列的 asked");
        }
        list
    }

    /// A list that is only ever asked for ([`Lexicon::asked`]), so that it may be left out of the scan.
    pub fn asked(&mut self, name: &str) -> ListSet {
        match self.lexicon.lists.get(name) {
            Some(&bit) => ListSet::of(bit),
            None => {
                self.problem(name, format!("没有词表 {name}"), "从发行包中恢复 words 目录");
                ListSet::default()
            }
        }
    }

    fn problem(&mut self, name: &str, reason: String, cure: &str) {
        self.problems.push(Problem { file: "dictionaries/words".into(), line: None, key: name.into(), reason, cure: cure.into() });
    }
}

/// Names patterns while the lexicon is put together.
#[derive(Default)]
pub(super) struct Patterns {
    chars: IndexSet<Vec<char>>,
    uses: Vec<Use>,
}

impl Patterns {
    pub(super) fn of(&mut self, chars: Vec<char>) -> u32 {
        let (index, is_new) = self.chars.insert_full(chars);
        if is_new {
            self.uses.push(Use::default());
        }
        index as u32
    }

    pub(super) fn at(&mut self, index: u32) -> &mut Use {
        // Indices come from `of`.
        &mut self.uses[index as usize]
    }
}

impl Lexicon {
    pub fn compile(files: &RuleFiles, problems: &mut Vec<Problem>) -> Self {
        let fold = read_fold(files, problems);
        let segmenter = read_words(files, problems);
        let tables = Tables::read(files, problems);
        let frequency = Frequency::read(files, problems);
        let mut rows = Vec::new();
        for (name, bytes) in dictionary_files(files) {
            rows.extend(load::rows(name, bytes, |code| tables.codes.contains_key(code), problems));
        }
        let mut patterns = Patterns::default();
        let WordLists { numbers: lists, asked, in_rows } = WordLists::read(files, &fold, &mut patterns, problems);
        let mut ready = Vec::with_capacity(rows.len());
        let mut number_rows = Vec::new();
        let mut words = WordSets::default();
        for (index, row) in rows.into_iter().enumerate() {
            let mut expression = None;
            if row.mode == MatchMode::Regex {
                match anchors(&row.term) {
                    Some(literals) => {
                        for literal in literals {
                            let pattern = patterns.of(fold.fold_term(&literal));
                            patterns.at(pattern).expressions.push(index as u32);
                        }
                    }
                    None => number_rows.push(index as u32),
                }
                expression = load::pattern(&row.term).ok();
            } else {
                let term = fold.fold_term(&row.term);
                if term.is_empty() {
                    problems.push(Problem {
                        file: row.file.to_string(),
                        line: Some(row.line),
                        key: "term".into(),
                        reason: "折叠后没有字符，会匹配一切".into(),
                        cure: "删除该行".into(),
                    });
                    continue;
                }
                let bridged = row.mode.skips() && term.len() <= bridges::SIDE_CHARS;
                let pattern = patterns.of(term);
                let uses = patterns.at(pattern);
                uses.rows.push(index as u32);
                uses.bridged |= bridged;
                uses.pinyin |= row.mode.reads_pinyin();
                uses.disguised |= row.mode == MatchMode::Disguise;
            }
            let with = row.with.iter().map(|condition| words.resolve(condition, &row, &in_rows, &fold, problems)).collect();
            let term = fold.fold_term(&row.term);
            let mut unless = Vec::new();
            for phrase in &row.unless {
                let folded = fold.fold_term(phrase);
                let places: Vec<usize> = if row.mode == MatchMode::Regex {
                    vec![usize::MAX]
                } else {
                    (0..folded.len()).filter(|&at| folded.get(at..).is_some_and(|rest| rest.starts_with(&term))).collect()
                };
                if places.is_empty() {
                    problems.push(Problem {
                        file: row.file.to_string(),
                        line: Some(row.line),
                        key: "unless".into(),
                        reason: format!("“{phrase}”不含词语本身，永远不会起作用"),
                        cure: "写出包含该词语的说法".into(),
                    });
                }
                unless.extend(places.into_iter().map(|at| (folded.clone(), at)));
            }
            ready.push(Ready { row, with, unless, expression });
        }
        let fixed_names = FixedNames::new(&tables, &fold, |a, b| frequency.of(a, b), frequency.pairs(), |chars| patterns.of(chars));
        let expressions: Vec<(u32, &str, bool)> = (0u32..)
            .zip(&ready)
            .filter(|(_, ready)| ready.row.mode == MatchMode::Regex)
            .map(|(index, ready)| (index, ready.row.term.as_str(), number_rows.contains(&index)))
            .collect();
        let expressions = Expressions::new(&expressions, |c| frequency.of_char(c));
        let words = words.by_name();
        let words = words.iter().map(|words| Matcher::new(words, |a, b| frequency.of(a, b), |_| false)).collect();
        let disguises = compile_disguises(&mut patterns, &tables, &fold, &frequency, &lists);
        if patterns.chars.len() > PATTERNS_MAX {
            problems.push(Problem {
                file: "dictionaries".into(),
                line: None,
                key: "term".into(),
                reason: format!("词语超过 {PATTERNS_MAX} 个"),
                cure: "删去不用的词库".into(),
            });
        }
        let bridged: Vec<bool> = patterns.uses.iter().map(|u| u.bridged).collect();
        let asked = AskedLists::new(asked, |a, b| frequency.of(a, b));
        let Patterns { chars, uses } = patterns;
        let chars: Vec<Vec<char>> = chars.into_iter().collect();
        let matcher = Matcher::new(&chars, |a, b| frequency.of(a, b), |i| bridged.get(i).copied().unwrap_or(false));
        Self {
            fold,
            segmenter,
            tables,
            asks: ready.iter().map(Asks::of).collect(),
            rows: ready,
            uses: Uses::new(&uses),
            matcher,
            lists,
            asked,
            fixed_names,
            words,
            expressions,
            frequency,
            disguises,
        }
    }

    /// What may be read as what.
    pub fn disguises(&self) -> &Disguises {
        &self.disguises
    }

    /// How common a pair of characters is in ordinary text, per million.
    pub fn commonness(&self, a: char, b: char) -> f32 {
        self.frequency.of(a, b)
    }

    pub fn rows(&self) -> &[Ready] {
        &self.rows
    }

    pub fn row(&self, index: u32) -> Option<&Ready> {
        self.rows.get(index as usize)
    }

    /// What has to be asked of a row before its term holds.
    pub fn asks(&self, index: u32) -> Asks {
        self.asks.get(index as usize).copied().unwrap_or(Asks(Asks::MORE | Asks::ALONE | Asks::WORDS))
    }

    /// Names of word lists turned into sets, for detectors under construction.
    pub fn lists<'l>(&'l self, problems: &'l mut Vec<Problem>) -> Lists<'l> {
        Lists { lexicon: self, problems }
    }

    /// The lists that are looked for only where somebody asks.
    pub fn asked(&self) -> &AskedLists {
        &self.asked
    }

    /// The lists a pattern is a word of.
    pub fn lists_of(&self, pattern: u32) -> ListSet {
        self.uses.lists(pattern)
    }

    /// Rows whose term a pattern is.
    pub fn rows_of(&self, pattern: u32) -> &[u32] {
        self.uses.rows(pattern)
    }

    /// `regex` rows that may begin where this pattern begins.
    pub fn expressions_of(&self, pattern: u32) -> &[u32] {
        self.uses.expressions(pattern)
    }

    /// What the `regex` rows cannot match without.
    pub fn expressions(&self) -> &Expressions {
        &self.expressions
    }

    /// The words of a condition.
    pub fn words(&self, name: u32) -> Option<&Matcher> {
        self.words.get(name as usize)
    }

    /// All hits in folded text, sorted by place.
    pub fn scan(&self, folded: &Folded, hits: &mut Vec<Hit>) {
        hits.clear();
        self.matcher.scan(&folded.chars, |o| hits.push(Hit { start: o.start, end: o.end, pattern: o.pattern, layer: Layer::Folded }));
        bridges::scan(folded, &self.matcher, |pattern| self.uses.is_bridged(pattern), hits);
        hits.sort_unstable();
        let plain = hits.len();
        self.disguises.scan(folded, |pattern| self.lists_of(pattern), hits);
        if hits.len() > plain {
            hits.sort_unstable();
        }
        // The plainest reading of a stretch says enough.
        hits.dedup_by_key(|hit| (hit.start, hit.end, hit.pattern));
    }
}

/// Term dictionaries: every `.csv` directly in `dictionaries` but `codes.csv`.
pub fn dictionary_files(files: &RuleFiles) -> impl Iterator<Item = (&str, &[u8])> {
    files.0.iter().filter_map(|(name, bytes)| {
        let file = name.strip_prefix("dictionaries/")?;
        (!file.contains('/') && file.ends_with(".csv") && file != "codes.csv").then_some((name.as_str(), bytes.as_slice()))
    })
}

fn read_fold(files: &RuleFiles, problems: &mut Vec<Problem>) -> FoldTable {
    let mut pairs = |name: &str, from: &str, to: &str| -> Vec<(char, char)> {
        let bytes = files.0.get(name).map(Vec::as_slice).unwrap_or_default();
        let Some(sheet) = Sheet::read(name, bytes, &[from, to], None, problems) else { return Vec::new() };
        let one = |text: &str| {
            let mut chars = text.chars();
            chars.next().filter(|_| chars.next().is_none())
        };
        sheet.rows().filter_map(|(_, cells)| Some((one(cells.get(from))?, one(cells.get(to))?))).collect()
    };
    let traditional = pairs("dictionaries/tables/traditional.tsv", "traditional", "simplified");
    let lookalikes = pairs("dictionaries/tables/lookalikes.csv", "character", "as");
    FoldTable::new(&traditional, &lookalikes)
}

fn read_words(files: &RuleFiles, problems: &mut Vec<Problem>) -> Segmenter {
    let name = "dictionaries/tables/words.tsv";
    let bytes = files.0.get(name).map(Vec::as_slice).unwrap_or_default();
    if bytes.is_empty() {
        problems.push(Problem::missing(name));
    }
    Segmenter::read(bytes).unwrap_or_else(|bad| {
        problems.push(Problem {
            file: name.into(),
            line: Some(bad.line),
            key: "word".into(),
            reason: "须为词语、次数、是否人名三列，以制表符分隔，次数为正整数".into(),
            cure: "改正该行，或从发行包中恢复该文件".into(),
        });
        Segmenter::default()
    })
}

/// The list of words beside which a disguise is believed sooner.
const INVITING: &str = "invite";

fn compile_disguises(
    patterns: &mut Patterns,
    tables: &Tables,
    fold: &FoldTable,
    frequency: &Frequency,
    lists: &HashMap<String, u8>,
) -> Disguises {
    let candidates = patterns.uses.iter().zip(&patterns.chars).enumerate();
    let candidates = candidates
        .filter(|(_, (uses, _))| uses.pinyin)
        .map(|(pattern, (uses, chars))| Candidate { pattern: pattern as u32, chars: chars.clone(), is_free: uses.disguised })
        .collect();
    let inviting = lists.get(INVITING).map_or(ListSet::default(), |&bit| ListSet::of(bit));
    let usage = Usage { pairs: &frequency.listed };
    Disguises::new(candidates, tables, &usage, inviting, &|text| fold.fold_term(text), &mut |chars| patterns.of(chars))
}

/// Most beginnings with a digit by which an expression is looked for: the beginnings of all numbers are everywhere.
const NUMBER_ANCHORS_MAX: usize = 8;
/// Longest beginning by which an expression is looked for, in characters.
const ANCHOR_CHARS_MAX: usize = 4;

/// The literals that every match of an expression begins with: two or more characters each, not all digits; else `None`.
fn anchors(pattern: &str) -> Option<Vec<String>> {
    let hir = regex_syntax::Parser::new().parse(pattern).ok()?;
    let mut extractor = Extractor::new();
    extractor.kind(ExtractKind::Prefix).limit_total(400).limit_class(64).limit_repeat(4);
    let literals = extractor.extract(&hir);
    // A literal may end inside a character: the whole ones are kept.
    let literals: Vec<_> = literals.literals()?.iter().map(|literal| String::from_utf8_lossy(literal.as_bytes())).collect();
    // The longer say more; of shorter ones there are fewer.
    (2..=ANCHOR_CHARS_MAX).rev().find_map(|len| {
        let cut = |literal: &str| literal.chars().take_while(|c| *c != char::REPLACEMENT_CHARACTER).take(len).collect::<String>();
        let mut anchors: Vec<String> = literals.iter().map(|literal| cut(literal)).collect();
        anchors.sort();
        anchors.dedup();
        let is_telling = |anchor: &String| anchor.chars().nth(1).is_some() && !anchor.chars().all(|c| c.is_ascii_digit());
        let numbers = anchors.iter().filter(|anchor| anchor.contains(|c: char| c.is_ascii_digit())).count();
        (!anchors.is_empty() && anchors.iter().all(is_telling) && numbers <= NUMBER_ANCHORS_MAX).then_some(anchors)
    })
}

/// How common characters and pairs are in ordinary text, per million.
struct Frequency {
    singles: HashMap<char, f32>,
    listed: HashMap<(char, char), f32>,
}

impl Frequency {
    fn read(files: &RuleFiles, problems: &mut Vec<Problem>) -> Self {
        let mut frequency = Self { singles: HashMap::new(), listed: HashMap::new() };
        let name = "dictionaries/tables/han_frequency.tsv";
        let bytes = files.0.get(name).map(Vec::as_slice).unwrap_or_default();
        if let Some(sheet) = Sheet::read(name, bytes, &["piece", "per_million"], None, problems) {
            for (_, cells) in sheet.rows() {
                let weight: f32 = cells.get("per_million").parse().unwrap_or(1.0);
                let mut chars = cells.get("piece").chars();
                match (chars.next(), chars.next()) {
                    (Some(a), None) => drop(frequency.singles.insert(a, weight)),
                    (Some(a), Some(b)) => drop(frequency.listed.insert((a, b), weight)),
                    _ => {}
                }
            }
        }
        frequency
    }

    /// The pairs that are listed: words, and what stands in many.
    fn pairs(&self) -> impl Iterator<Item = [char; 2]> {
        self.listed.keys().map(|&(a, b)| [a, b])
    }

    /// Pairs that are not listed are as common as their characters make them by chance. Letters and digits are common
    /// in numbers and addresses, so a pair with a Han character in it is the better anchor.
    fn of(&self, a: char, b: char) -> f32 {
        self.listed.get(&(a, b)).copied().unwrap_or(0.0).max(self.of_char(a) * self.of_char(b) / 1.0e6)
    }

    fn of_char(&self, c: char) -> f32 {
        match self.singles.get(&c) {
            Some(&weight) => weight,
            None if c.is_ascii_alphanumeric() => 5_000.0,
            None => 1.0,
        }
    }
}
