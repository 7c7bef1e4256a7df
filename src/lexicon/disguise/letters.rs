//! Terms by the letters they are written with: whole in pinyin or initials, or mixed with characters.
//! Must not know how a whole term is read.

use super::walk::is_letter;
use super::{Disguises, Marks, Spot, Term};
use crate::lexicon::bridges::GAP_CHARS_MAX;
use crate::lexicon::compile::Hit;
use crate::text::fold::{Class, Folded};
use rustc_hash::FxHashMap;

/// Most spellings of one term, by characters with several readings.
const SPELLINGS_MAX: usize = 16;

/// One letter further on the way to a spelling.
#[derive(Debug, Default)]
struct Node {
    next: Vec<(char, u32)>,
    /// Terms spelled like this.
    terms: Vec<u32>,
}

/// All spellings as a tree, and which letter stands beside which character.
#[derive(Debug, Default)]
pub(super) struct Letters {
    nodes: Vec<Node>,
    /// (character, letter after it) → where the character stands in a term.
    after: FxHashMap<(char, char), Vec<Spot>>,
    /// (letter before it, character) → where the character stands in a term.
    before: FxHashMap<(char, char), Vec<Spot>>,
}

impl Letters {
    pub fn new(terms: &[Term], syllables: &[Vec<char>]) -> Self {
        let mut letters = Self { nodes: vec![Node::default()], ..Self::default() };
        let spelled = |reading: &u16| syllables.get(*reading as usize).map(Vec::as_slice).unwrap_or_default();
        for (index, term) in terms.iter().enumerate() {
            let index = index as u32;
            let mut full: Vec<Vec<char>> = vec![Vec::new()];
            let mut initials: Vec<Vec<char>> = vec![Vec::new()];
            for (at, (&c, readings)) in term.chars.iter().zip(&term.readings).enumerate() {
                let own = [c];
                let (syllables, firsts): (Vec<&[char]>, Vec<&[char]>) = if c.is_ascii_alphabetic() {
                    (vec![&own], vec![&own])
                } else {
                    (readings.iter().map(spelled).collect(), readings.iter().filter_map(|r| spelled(r).get(..1)).collect())
                };
                full = spell(&full, &syllables);
                initials = spell(&initials, &firsts);
                let file = |spots: &mut FxHashMap<(char, char), Vec<Spot>>, key, at: usize| {
                    let spots = spots.entry(key).or_default();
                    if !spots.contains(&(index, at as u8)) {
                        spots.push((index, at as u8));
                    }
                };
                for syllable in &syllables {
                    if let (Some(&first), Some(&last)) = (syllable.first(), syllable.last()) {
                        if let Some(&left) = at.checked_sub(1).and_then(|left| term.chars.get(left)) {
                            file(&mut letters.after, (left, first), at - 1);
                        }
                        if let Some(&right) = term.chars.get(at + 1) {
                            file(&mut letters.before, (last, right), at + 1);
                            file(&mut letters.before, (first, right), at + 1);
                        }
                    }
                }
            }
            for spelling in full.iter().chain(if term.chars.len() >= 3 { initials.as_slice() } else { &[] }) {
                letters.add(spelling, index);
            }
        }
        letters
    }

    fn add(&mut self, spelling: &[char], term: u32) {
        if spelling.is_empty() {
            return;
        }
        let mut at = 0;
        for &c in spelling {
            let known = self.next(at, c);
            at = match known {
                Some(next) => next,
                None => {
                    let next = self.nodes.len() as u32;
                    self.nodes.push(Node::default());
                    if let Some(node) = self.nodes.get_mut(at as usize) {
                        node.next.push((c, next));
                    }
                    next
                }
            };
        }
        if let Some(node) = self.nodes.get_mut(at as usize)
            && !node.terms.contains(&term)
        {
            node.terms.push(term);
        }
    }

    fn next(&self, node: u32, c: char) -> Option<u32> {
        self.nodes.get(node as usize)?.next.iter().find(|(letter, _)| *letter == c).map(|(_, next)| *next)
    }

    fn terms(&self, node: u32) -> &[u32] {
        self.nodes.get(node as usize).map(|n| n.terms.as_slice()).unwrap_or_default()
    }
}

/// Every beginning followed by every piece; nothing where a character cannot be spelled.
fn spell(beginnings: &[Vec<char>], pieces: &[&[char]]) -> Vec<Vec<char>> {
    let mut all: Vec<Vec<char>> = Vec::new();
    for beginning in beginnings {
        for piece in pieces {
            let mut spelling = beginning.clone();
            spelling.extend_from_slice(piece);
            if all.len() < SPELLINGS_MAX && !all.contains(&spelling) {
                all.push(spelling);
            }
        }
    }
    all
}

impl Disguises {
    /// Pinyin: runs of letters that spell a term, and letters beside a character of one.
    pub(super) fn scan_letters(&self, folded: &Folded, hits: &mut Vec<Hit>) {
        let mut at = 0;
        while let Some(step) = folded.classes.get(at..).and_then(|rest| memchr::memchr(Class::LETTER, rest)) {
            let start = at + step;
            if !is_letter(folded, start) {
                at = start + 1;
                continue;
            }
            let end = (start..folded.len()).find(|&i| !is_letter(folded, i)).unwrap_or(folded.len());
            self.scan_spelled(folded, start, hits);
            if let (Some(left), Some(&first)) = (over(folded, start, false), folded.chars.get(start)) {
                self.scan_beside(folded, left, |c| self.letters.after.get(&(c, first)), hits);
            }
            if let (Some(right), Some(&last)) = (over(folded, end, true), folded.chars.get(end - 1)) {
                self.scan_beside(folded, right, |c| self.letters.before.get(&(last, c)), hits);
            }
            at = end;
        }
    }

    fn scan_beside<'s>(&'s self, folded: &Folded, at: usize, spots: impl Fn(char) -> Option<&'s Vec<Spot>>, hits: &mut Vec<Hit>) {
        let Some(&c) = folded.chars.get(at) else { return };
        for &spot in spots(c).into_iter().flatten() {
            self.walk_from(folded, spot, at..at + 1, Marks::default(), hits);
        }
    }

    /// Terms whose spelling begins at `start`, the beginning of a run of letters; it may go on over separators.
    fn scan_spelled(&self, folded: &Folded, start: usize, hits: &mut Vec<Hit>) {
        let (mut node, mut at) = (0, start);
        loop {
            let Some(next) = folded.chars.get(at).and_then(|&c| self.letters.next(node, c)) else { return };
            node = next;
            at += 1;
            if is_letter(folded, at) {
                continue;
            }
            for &term in self.letters.terms(node) {
                self.walk_whole(folded, term, start, hits);
            }
            let Some(next) = (at..=at + GAP_CHARS_MAX).find(|&i| !folded.class(i).is(Class::SKIP)) else { return };
            if !is_letter(folded, next) {
                return;
            }
            at = next;
        }
    }
}

/// The character on the other side of at most [`GAP_CHARS_MAX`] separators, if it is a Han character or digit.
fn over(folded: &Folded, edge: usize, to_the_right: bool) -> Option<usize> {
    for gap in 0..=GAP_CHARS_MAX {
        let at = if to_the_right { edge + gap } else { edge.checked_sub(gap + 1)? };
        if at >= folded.len() {
            return None;
        }
        let class = folded.class(at);
        if !class.is(Class::SKIP) {
            return class.is(Class::HAN | Class::DIGIT).then_some(at);
        }
    }
    None
}
