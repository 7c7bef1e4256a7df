//! Word boundaries, lazily: only the run of Han characters that holds a candidate is segmented.
//! Must not know terms or detectors.

use super::fold::{Class, Folded};
use jieba_rs::{Jieba, TokenizeMode};
use std::collections::HashMap;

/// Longest run segmented as one, in characters; a longer one is cut at this length around the hit.
const RUN_CHARS_MAX: usize = 512;

/// Segments runs of folded text. jieba cuts each run of Han characters independently, so the boundaries equal those of
/// segmenting everything.
pub struct Segmenter {
    jieba: Jieba,
}

/// Boundaries already known for one passage: run → sorted token starts, relative to it, and its length.
#[derive(Debug, Default)]
pub struct KnownRuns(HashMap<(usize, usize), Vec<u32>>);

impl KnownRuns {
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl Segmenter {
    pub fn new() -> Self {
        Self { jieba: Jieba::new() }
    }

    pub fn has_word(&self, word: &str) -> bool {
        self.jieba.has_word(word)
    }

    /// Whether the dictionary knows the word as a person's name.
    pub fn is_person(&self, word: &str) -> bool {
        self.jieba.tag(word, false).first().is_some_and(|tag| tag.word == word && tag.tag.starts_with("nr"))
    }

    /// `None` when `start` and `end` are word boundaries of the folded text; otherwise the words around, joined by `/`.
    pub fn straddled(&self, folded: &Folded, start: usize, end: usize, known: &mut KnownRuns) -> Option<String> {
        let breaks = |at: usize, known: &mut KnownRuns| -> Option<(usize, usize)> {
            // Not inside a Han run: letters and digits are words of their own.
            if at == 0 || !folded.class(at - 1).is(Class::HAN) || !folded.class(at).is(Class::HAN) {
                return None;
            }
            let (run_start, run_end) = run_around(folded, at);
            let tokens = known.0.entry((run_start, run_end)).or_insert_with(|| self.tokens(folded, run_start, run_end));
            let relative = (at - run_start) as u32;
            match tokens.binary_search(&relative) {
                Ok(_) => None,
                Err(next) => {
                    let word_start = next.checked_sub(1).and_then(|i| tokens.get(i)).copied().unwrap_or(0) as usize;
                    let word_end = tokens.get(next).map_or(run_end - run_start, |&t| t as usize);
                    Some((run_start + word_start, run_start + word_end))
                }
            }
        };
        let left = breaks(start, known);
        let right = breaks(end, known);
        let (from, to) = match (left, right) {
            (None, None) => return None,
            (Some((a, b)), None) => (a, b.max(end)),
            (None, Some((a, b))) => (a.min(start), b),
            (Some((a, _)), Some((_, d))) => (a, d),
        };
        let mut words = String::new();
        for at in from..to.min(folded.len()) {
            if at > from && breaks(at, known).is_none() {
                words.push('/');
            }
            words.extend(folded.chars.get(at));
        }
        Some(words)
    }

    fn tokens(&self, folded: &Folded, start: usize, end: usize) -> Vec<u32> {
        let run = folded.text(start, end);
        let mut starts: Vec<u32> = self.jieba.tokenize(&run, TokenizeMode::Default, false).iter().map(|t| t.start as u32).collect();
        starts.push((end - start) as u32);
        starts
    }
}

impl Default for Segmenter {
    fn default() -> Self {
        Self::new()
    }
}

/// The run of Han characters around `at`, on a grid of [`RUN_CHARS_MAX`] where it is longer than that.
fn run_around(folded: &Folded, at: usize) -> (usize, usize) {
    let is_han = |i: usize| folded.class(i).is(Class::HAN);
    let mut start = at;
    while start > 0 && is_han(start - 1) && at - start < RUN_CHARS_MAX {
        start -= 1;
    }
    let mut end = at;
    while end < folded.len() && is_han(end) && end - at < RUN_CHARS_MAX {
        end += 1;
    }
    if end - start < RUN_CHARS_MAX {
        return (start, end);
    }
    let grid = at - at % (RUN_CHARS_MAX / 2);
    (start.max(grid.saturating_sub(RUN_CHARS_MAX / 4)), end.min(grid + RUN_CHARS_MAX * 3 / 4))
}
