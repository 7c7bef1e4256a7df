//! One passage folded and scanned, with questions that detectors ask of it: what stands near, in this sentence, before.
//! Must not know what a finding is.

use crate::lexicon::asked::Answers;
use crate::lexicon::compile::Resolved;
use crate::lexicon::{Hit, Lexicon, ListSet, Scope};
use crate::text::class_bits::ClassBits;
use crate::text::fold::{Class, Folded};
use crate::text::passage::{Cell, Passage};
use crate::text::segment::KnownRuns;
use std::cell::RefCell;
use std::ops::Range;

/// Farthest a sentence or paragraph is followed to either side, in characters.
const SENTENCE_CHARS_MAX: usize = 400;
/// Most cells of a row to either side.
const ROW_CELLS_MAX: usize = 60;

/// Where the words of a condition stand in the stretch they were last looked for in.
#[derive(Debug)]
struct KnownWords {
    words: u32,
    stretch: Range<usize>,
    places: Vec<Range<usize>>,
}

/// A passage with its folded text and hits. All positions are indices of folded characters.
pub struct Reading<'a> {
    pub passage: Passage<'a>,
    scanned: Box<Scanned>,
}

/// What is known of a passage. It is large, so it stays where it is; its memory is used again from passage to passage.
#[derive(Debug, Default)]
pub struct Scanned {
    pub folded: Folded,
    /// Sorted by place.
    pub hits: Vec<Hit>,
    /// Lists of which some word stands in the passage.
    pub lists: ListSet,
    /// Classes of which some character stands in the passage.
    pub classes: Class,
    /// Where digits stand, digits or Han numerals, digits or letters: many detectors go from one run of them to the next.
    pub digits: ClassBits,
    pub numerals: ClassBits,
    pub alphanumerics: ClassBits,
    sentence_ends: ClassBits,
    known_runs: RefCell<KnownRuns>,
    known_words: RefCell<Vec<KnownWords>>,
    answers: RefCell<Answers>,
}

/// Words of some lists in a range, by place: those found by the scan, then those looked for now.
pub struct Words<'s> {
    hits: std::slice::Iter<'s, Hit>,
    asked: std::vec::IntoIter<Hit>,
    lexicon: &'s Lexicon,
    lists: ListSet,
    /// Where the range ends.
    end: u32,
}

impl Iterator for Words<'_> {
    type Item = Hit;

    fn next(&mut self) -> Option<Hit> {
        for hit in self.hits.by_ref() {
            if hit.start >= self.end {
                self.hits = Default::default();
                break;
            }
            if hit.end <= self.end && self.lexicon.lists_of(hit.pattern).meets(self.lists) {
                return Some(*hit);
            }
        }
        self.asked.next()
    }
}

impl std::ops::Deref for Reading<'_> {
    type Target = Scanned;

    fn deref(&self) -> &Scanned {
        &self.scanned
    }
}

impl<'a> Reading<'a> {
    /// Folds and scans a passage, in memory of an earlier one.
    pub fn new(passage: Passage<'a>, lexicon: &Lexicon, mut scanned: Box<Scanned>) -> Self {
        let Scanned { folded, hits, lists, classes, digits, numerals, alphanumerics, sentence_ends, known_runs, known_words, answers } =
            &mut *scanned;
        known_runs.get_mut().clear();
        known_words.get_mut().clear();
        answers.get_mut().clear();
        lexicon.fold.fold_into(&passage.text, folded);
        lexicon.scan(folded, hits);
        *lists = hits.iter().fold(ListSet::default(), |all, hit| all.and(lexicon.lists_of(hit.pattern)));
        *classes = folded.all;
        digits.mark(folded, Class::DIGIT);
        numerals.mark(folded, Class::NUMERAL | Class::DIGIT);
        alphanumerics.mark(folded, Class::LETTER | Class::DIGIT);
        sentence_ends.mark(folded, Class::END);
        Self { passage, scanned }
    }

    /// Gives the memory back for another passage.
    pub fn into_scanned(self) -> Box<Scanned> {
        self.scanned
    }

    pub fn char(&self, at: usize) -> Option<char> {
        self.folded.chars.get(at).copied()
    }

    pub fn class(&self, at: usize) -> Class {
        self.folded.class(at)
    }

    pub fn len(&self) -> usize {
        self.folded.len()
    }

    pub fn is_empty(&self) -> bool {
        self.folded.is_empty()
    }

    pub fn text(&self, range: Range<usize>) -> String {
        self.folded.text(range.start, range.end)
    }

    /// The folded characters of a range, as far as there are any.
    pub fn chars(&self, range: Range<usize>) -> &[char] {
        self.folded.chars.get(range.start..range.end.min(self.len())).unwrap_or_default()
    }

    /// Whether the dictionary of the segmenter has exactly these characters as a word; never where the text ends before them.
    pub fn is_dictionary_word(&self, lexicon: &Lexicon, range: Range<usize>) -> bool {
        range.end <= self.len() && lexicon.segmenter.has(self.chars(range))
    }

    /// [`Self::is_dictionary_word`], and it is no person's name.
    pub fn is_plain_word(&self, lexicon: &Lexicon, range: Range<usize>) -> bool {
        self.is_dictionary_word(lexicon, range.clone()) && !lexicon.segmenter.is_person(self.chars(range))
    }

    /// Whether one of these words (already folded) stands wholly inside the range. For the few words of a rule over short
    /// stretches; lists are asked by [`Self::has_word`].
    pub fn holds_one(&self, range: Range<usize>, words: &[&[char]]) -> bool {
        let chars = self.chars(range);
        let stands = |word: &[char], first: &char| {
            chars.iter().enumerate().any(|(at, c)| c == first && chars.get(at..).unwrap_or_default().starts_with(word))
        };
        // Of most words not even the first character is there: many are compared with it at once.
        words.iter().any(|word| word.first().is_some_and(|first| chars.contains(first) && stands(word, first)))
    }

    /// Whether the folded text at `at` begins with `word` (already folded).
    pub fn starts_with(&self, at: usize, word: &str) -> bool {
        word.chars().zip(at..).all(|(c, i)| self.char(i) == Some(c))
    }

    /// Whether the folded text before `at` ends with `word`.
    pub fn ends_with(&self, at: usize, word: &str) -> bool {
        let mut before = self.folded.chars.get(..at).unwrap_or_default().iter().rev();
        word.chars().rev().all(|c| before.next() == Some(&c))
    }

    /// Hits that begin in the range.
    pub fn hits_in(&self, range: Range<usize>) -> impl Iterator<Item = &Hit> {
        let first = self.hits.partition_point(|h| (h.start as usize) < range.start);
        self.hits.get(first..).unwrap_or_default().iter().take_while(move |h| (h.start as usize) < range.end)
    }

    /// Words of these lists that lie inside the range, by place.
    pub fn words_in<'s>(&'s self, lexicon: &'s Lexicon, lists: ListSet, range: Range<usize>) -> Words<'s> {
        let end = range.end as u32;
        let asked = if lexicon.asked().holds(lists) {
            lexicon.asked().words_in(lists, &self.folded.chars, range.clone(), &mut self.answers.borrow_mut())
        } else {
            Vec::new()
        };
        // Most lists that are asked for have no word in the passage.
        let from = if self.lists.meets(lists) { self.hits.partition_point(|h| (h.start as usize) < range.start) } else { self.hits.len() };
        Words { hits: self.hits.get(from..).unwrap_or_default().iter(), asked: asked.into_iter(), lexicon, lists, end }
    }

    pub fn has_word(&self, lexicon: &Lexicon, lists: ListSet, range: Range<usize>) -> bool {
        let is_listed = |hit: &Hit| hit.end as usize <= range.end && lexicon.lists_of(hit.pattern).meets(lists);
        self.lists.meets(lists) && self.hits_in(range.clone()).any(is_listed)
            || lexicon.asked().holds(lists) && lexicon.asked().has_word(lists, &self.folded.chars, range, &mut self.answers.borrow_mut())
    }

    /// Whether the range is, as a whole, a word of these lists.
    pub fn is_word(&self, lexicon: &Lexicon, lists: ListSet, range: &Range<usize>) -> bool {
        self.words_in(lexicon, lists, range.clone()).any(|word| (word.start as usize, word.end as usize) == (range.start, range.end))
    }

    /// The range widened by so many characters.
    pub fn around(&self, range: Range<usize>, before: usize, after: usize) -> Range<usize> {
        range.start.saturating_sub(before)..(range.end + after).min(self.len())
    }

    /// The sentence around `range`: up to 。！？； or a line end.
    pub fn sentence(&self, range: Range<usize>) -> Range<usize> {
        let first = range.start.min(self.len());
        let farthest = range.start.saturating_sub(SENTENCE_CHARS_MAX).min(first);
        let start = self.sentence_ends.last_in(farthest..first).map_or(farthest, |end| end + 1);
        let last = range.end.max(start);
        let farthest = (range.end + SENTENCE_CHARS_MAX).min(self.len()).max(last);
        start..self.sentence_ends.first_in(last..farthest).unwrap_or(farthest)
    }

    /// The sentence around `range`, or all of the table row that it stands in: the values of a record stand in lines of
    /// their own.
    pub fn row_or_sentence(&self, range: Range<usize>) -> Range<usize> {
        let sentence = self.sentence(range.clone());
        let cells = &self.passage.cells;
        let byte = self.folded.at.get(range.start).map_or(0, |at| *at as usize);
        let own = cells.partition_point(|cell| cell.span.end <= byte);
        let Some(cell) = cells.get(own).filter(|cell| cell.span.start <= byte) else { return sentence };
        let is_of_row = |other: &&Cell| (other.table, other.row) == (cell.table, cell.row);
        let first = cells.get(..own).unwrap_or_default().iter().rev().take(ROW_CELLS_MAX).take_while(is_of_row).last().unwrap_or(cell);
        let last = cells.get(own..).unwrap_or_default().iter().take(ROW_CELLS_MAX).take_while(is_of_row).last().unwrap_or(cell);
        let (start, end) = (self.folded.index_of_byte(first.span.start), self.folded.index_of_byte(last.span.end));
        sentence.start.min(start)..sentence.end.max(end)
    }

    /// The paragraph around `range`: up to a line end.
    pub fn paragraph(&self, range: Range<usize>) -> Range<usize> {
        let is_line_end = |at: &usize| self.char(*at) == Some('\n');
        let first = range.start.min(self.len());
        let farthest = range.start.saturating_sub(SENTENCE_CHARS_MAX).min(first);
        // Line ends are among the ends of sentences.
        let before = std::iter::successors(self.sentence_ends.last_in(farthest..first), |&end| self.sentence_ends.last_in(farthest..end));
        let start = before.into_iter().find(is_line_end).map_or(farthest, |end| end + 1);
        let last = range.end.max(start);
        let farthest = (range.end + SENTENCE_CHARS_MAX).min(self.len()).max(last);
        let behind =
            std::iter::successors(self.sentence_ends.first_in(last..farthest), |&end| self.sentence_ends.first_in(end + 1..farthest));
        start..behind.into_iter().find(is_line_end).unwrap_or(farthest)
    }

    /// The clause around `range`: up to ，。：； …
    pub fn clause(&self, range: Range<usize>) -> Range<usize> {
        self.stretch(range, |class, c| class.is(Class::END) || matches!(c, ',' | '，' | '：' | ':'))
    }

    fn stretch(&self, range: Range<usize>, is_end: impl Fn(Class, char) -> bool) -> Range<usize> {
        let ends = |at: usize| self.char(at).is_none_or(|c| is_end(self.class(at), c));
        let mut start = range.start.min(self.len());
        while start > 0 && !ends(start - 1) && range.start - start < SENTENCE_CHARS_MAX {
            start -= 1;
        }
        let mut end = range.end.max(start);
        while end < self.len() && !ends(end) && end - range.end < SENTENCE_CHARS_MAX {
            end += 1;
        }
        start..end
    }

    /// Words that lie across the borders of `start..end`, joined by `/`; `None` when both are word boundaries.
    pub fn straddled(&self, lexicon: &Lexicon, start: usize, end: usize) -> Option<String> {
        lexicon.segmenter.straddled(&self.folded, start, end, &mut self.known_runs.borrow_mut())
    }

    /// The header of the table column that holds `at`, as a range of folded characters.
    pub fn header_of(&self, at: usize) -> Option<Range<usize>> {
        if self.passage.cells.is_empty() {
            return None;
        }
        let byte = *self.folded.at.get(at)? as usize;
        let header = self.passage.cell(byte)?.header.clone()?;
        Some(self.folded.index_of_byte(header.start)..self.folded.index_of_byte(header.end))
    }

    /// Whether a row's condition holds for a hit at `range`.
    pub fn holds(&self, lexicon: &Lexicon, condition: &Resolved, range: Range<usize>, title: Option<&Reading<'_>>) -> bool {
        // The hit itself is not its own context.
        let is_other = |place: &Range<usize>| place.start < range.start || place.end > range.end;
        // 取消 in 领取|消费券 excuses nothing.
        let is_word = |place: &Range<usize>| {
            let is_torn = || self.straddled(lexicon, place.start, place.end).is_some_and(|words| words.contains('/'));
            !(condition.negated && place.len() > 1 && is_torn())
        };
        let is_meant = |place: &Range<usize>| is_other(place) && is_word(place);
        let near = |window| self.find_words(lexicon, condition.words, &window).iter().any(is_meant);
        let known = |window| self.known_words(lexicon, condition.words, window, is_meant);
        let found = match condition.scope {
            Scope::Near(n) => near(self.around(range.clone(), n, n)),
            Scope::Before(n) => near(range.start.saturating_sub(n)..range.start),
            Scope::After(n) => near(range.end..(range.end + n).min(self.len())),
            Scope::Sentence => known(self.sentence(range.clone())),
            Scope::Paragraph => known(self.paragraph(range.clone())),
            Scope::Text => known(0..self.len()),
            Scope::Title => match title {
                Some(title) if std::ptr::eq(title, self) => known(0..self.len()),
                Some(title) => title.known_words(lexicon, condition.words, 0..title.len(), |_| true),
                None => return condition.negated,
            },
        };
        found != condition.negated
    }

    fn find_words(&self, lexicon: &Lexicon, words: u32, stretch: &Range<usize>) -> Vec<Range<usize>> {
        let mut places = Vec::new();
        if let (Some(words), Some(chars)) = (lexicon.words(words), self.folded.chars.get(stretch.clone())) {
            words.scan(chars, |o| places.push(stretch.start + o.start as usize..stretch.start + o.end as usize));
        }
        places
    }

    /// Like [`Self::find_words`] for long stretches that many hits share: what was found last is kept.
    fn known_words(&self, lexicon: &Lexicon, words: u32, stretch: Range<usize>, is_meant: impl Fn(&Range<usize>) -> bool) -> bool {
        let mut known = self.known_words.borrow_mut();
        let index = known.iter().position(|k| k.words == words).unwrap_or_else(|| {
            known.push(KnownWords { words, stretch: 0..0, places: Vec::new() });
            known.len() - 1
        });
        let Some(known) = known.get_mut(index) else { return false };
        if known.stretch != stretch {
            known.places = self.find_words(lexicon, words, &stretch);
            known.stretch = stretch;
        }
        known.places.iter().any(is_meant)
    }
}
