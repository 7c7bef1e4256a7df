//! Whether a reposted text keeps the sentences of its source (DOMAIN §4.2, R-33): clauses are looked up by what they say,
//! numbers compared by value and unit. Must not know findings or severities.

use super::quantity;
use super::reading::Reading;
use crate::text::fold::Class;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// Longest sentence compared as one, in characters; a longer one is cut there in both texts.
const SENTENCE_CHARS_MAX: usize = 400;
/// Shortest stretch that is a sentence of its own, in characters.
const SENTENCE_CHARS_MIN: usize = 4;
/// Most places remembered for one clause; a clause that stands in more of them fits anywhere.
const PLACES_OF_CLAUSE_MAX: usize = 8;

/// The sentences of a text, in order, without a gap.
pub fn sentences(reading: &Reading<'_>) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    let mut start = 0;
    for at in 0..=reading.len() {
        let ends = reading.char(at).is_none_or(|_| reading.class(at).is(Class::END));
        if ends || at - start >= SENTENCE_CHARS_MAX {
            if at - start >= SENTENCE_CHARS_MIN {
                all.push(start..at);
            }
            start = if ends { at + 1 } else { at };
        }
    }
    all
}

/// Stands for a number in what is compared without numbers.
const NUMBER: char = '\u{1}';

/// What a stretch says, apart from punctuation and blanks, its numbers with their units in one form; and the same apart
/// from its numbers and units.
fn said(reading: &Reading<'_>, range: Range<usize>) -> (String, String) {
    let chars: Vec<char> = reading.chars(range).iter().copied().filter(|c| !c.is_whitespace()).collect();
    let (mut words, mut without_numbers) = (String::new(), String::new());
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let quantity = if quantity::begins(c) { quantity::read(&chars, at) } else { None };
        if let Some(quantity) = quantity {
            words.push_str(&quantity.value);
            words.push_str(quantity.unit);
            words.push(NUMBER);
            if !without_numbers.ends_with(NUMBER) {
                without_numbers.push(NUMBER);
            }
            at = quantity.end.max(at + 1);
            continue;
        }
        if c.is_alphanumeric() {
            words.push(c);
            without_numbers.push(c);
        } else if words.ends_with(NUMBER)
            && matches!(c, ':' | '：' | '-' | '—' | '–' | '~' | '～' | '/')
            && chars.get(at + 1).is_some_and(char::is_ascii_digit)
        {
            // 9:30 is not 930, 3～5% is not 35%.
            words.push('-');
        }
        at += 1;
    }
    (words, without_numbers)
}

/// The numbers of a stretch with their units, in one form, and where they stand.
fn numbers(reading: &Reading<'_>, range: Range<usize>) -> Vec<(String, Range<usize>)> {
    let (places, chars): (Vec<usize>, Vec<char>) =
        range.clone().zip(reading.chars(range)).filter(|(_, c)| !c.is_whitespace()).map(|(place, c)| (place, *c)).unzip();
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let quantity = if quantity::begins(c) { quantity::read(&chars, at) } else { None };
        let end = quantity.as_ref().map_or(at + 1, |quantity| quantity.end.max(at + 1));
        if let (Some(quantity), Some(&first), Some(&last)) = (quantity, places.get(at), places.get(end - 1)) {
            all.push((quantity.value + quantity.unit, first..last + 1));
        }
        at = end;
    }
    all
}

/// The clauses of a sentence.
fn clauses(reading: &Reading<'_>, sentence: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut start = sentence.start;
    let is_digit = move |at: usize| reading.class(at).is(Class::DIGIT);
    // 2,000 and 9:30 are not two clauses.
    let in_number = move |at: usize| at > 0 && is_digit(at - 1) && is_digit(at + 1);
    let ends = move |at: usize| match reading.char(at) {
        Some(',' | '，' | ':' | '：') => !in_number(at),
        Some('、' | '(' | ')' | '（' | '）' | '“' | '”') => true,
        _ => false,
    };
    (sentence.start..=sentence.end).filter_map(move |at| {
        (at == sentence.end || ends(at)).then(|| std::mem::replace(&mut start, at + 1)..at).filter(|range| !range.is_empty())
    })
}

/// How many sentences stand in paragraphs of the source of which no clause is kept.
pub fn paragraphs_left_out(source: &Reading<'_>, theirs: &[Range<usize>], body: &Reading<'_>, ours: &[Range<usize>]) -> usize {
    let clauses_of = |reading, sentence: &Range<usize>| -> Vec<String> {
        let long = |range: &Range<usize>| range.len() >= SENTENCE_CHARS_MIN;
        clauses(reading, sentence.clone()).filter(long).map(|clause| said(reading, clause).1).collect()
    };
    let kept: HashSet<String> = ours.iter().flat_map(|sentence| clauses_of(body, sentence)).collect();
    let same_paragraph = |a: &Range<usize>, b: &Range<usize>| !source.chars(a.end..b.start).contains(&'\n');
    theirs
        .chunk_by(same_paragraph)
        .filter(|sentences| {
            let mut clauses = sentences.iter().flat_map(|sentence| clauses_of(source, sentence)).peekable();
            clauses.peek().is_some() && clauses.all(|clause| !kept.contains(&clause))
        })
        .map(<[_]>::len)
        .sum()
}

/// How much of a sentence stands in the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    Whole,
    ButNumbers,
    No,
}

/// The original text, by what its sentences and clauses say.
#[derive(Debug, Default)]
pub struct Original {
    whole: HashSet<String>,
    without_numbers: HashSet<String>,
    /// Clause → its numbers, counted through the text.
    clauses: HashMap<String, Vec<u32>>,
    counted: u32,
    /// What a clause says without its numbers → its numbers.
    clauses_without_numbers: HashMap<String, Vec<String>>,
}

/// Most changed numbers of a sentence that are shown one by one.
const CHANGED_MAX: usize = 3;

impl Original {
    pub fn add(&mut self, reading: &Reading<'_>, sentence: Range<usize>) {
        for clause in clauses(reading, sentence.clone()) {
            let (words, without_numbers) = said(reading, clause.clone());
            if words.is_empty() {
                continue;
            }
            self.counted += 1;
            let known = self.clauses_without_numbers.entry(without_numbers);
            known.or_insert_with(|| numbers(reading, clause).into_iter().map(|(number, _)| number).collect());
            let places = self.clauses.entry(words).or_default();
            if places.len() <= PLACES_OF_CLAUSE_MAX {
                places.push(self.counted);
            }
        }
        let (words, without_numbers) = said(reading, sentence);
        self.whole.insert(words);
        self.without_numbers.insert(without_numbers);
    }

    /// Where the numbers stand that differ from the original; the whole sentence where that cannot be told.
    pub fn changed_numbers(&self, reading: &Reading<'_>, sentence: Range<usize>) -> Vec<Range<usize>> {
        let mut changed = Vec::new();
        for clause in clauses(reading, sentence.clone()) {
            let (words, without_numbers) = said(reading, clause.clone());
            if words.is_empty() || self.clauses.contains_key(&words) {
                continue;
            }
            let ours = numbers(reading, clause);
            match self.clauses_without_numbers.get(&without_numbers) {
                Some(theirs) if theirs.len() == ours.len() => {
                    changed.extend(ours.into_iter().zip(theirs).filter(|((our, _), their)| our != *their).map(|((_, place), _)| place));
                }
                _ => return vec![sentence],
            }
        }
        if changed.is_empty() || changed.len() > CHANGED_MAX { vec![sentence] } else { changed }
    }

    pub fn compare(&self, reading: &Reading<'_>, sentence: Range<usize>) -> Kept {
        let (words, without_numbers) = said(reading, sentence.clone());
        if self.whole.contains(&words) {
            return Kept::Whole;
        }
        if self.without_numbers.contains(&without_numbers) {
            return Kept::ButNumbers;
        }
        // Part of a longer sentence: its clauses follow each other in the original too.
        let mut before: Option<Vec<u32>> = None;
        let mut is_number = false;
        for clause in clauses(reading, sentence) {
            let (words, without_numbers) = said(reading, clause);
            if words.is_empty() {
                continue;
            }
            match self.clauses.get(&words) {
                Some(places) if places.len() > PLACES_OF_CLAUSE_MAX => before = None,
                Some(places) => {
                    let here: Vec<u32> = match before {
                        Some(known) => places.iter().copied().filter(|p| known.contains(&(p - 1))).collect(),
                        None => places.clone(),
                    };
                    if here.is_empty() {
                        return Kept::No;
                    }
                    before = Some(here);
                }
                None if words != without_numbers && self.clauses_without_numbers.contains_key(&without_numbers) => {
                    is_number = true;
                    before = None;
                }
                None => return Kept::No,
            }
        }
        if is_number { Kept::ButNumbers } else { Kept::Whole }
    }
}
