//! Reads a term character by character out of disguised text, from one given place to both sides.
//! Must not know where such places come from.

use super::{Disguises, Marks, Side, Spot, Term};
use crate::lexicon::bridges::GAP_CHARS_MAX;
use crate::lexicon::compile::{Hit, Layer};
use crate::text::fold::{Class, Folded};
use std::ops::Range;

/// Most readings tried around one place.
const STEPS_MAX: u32 = 512;

/// What a term was read from so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub same: u8,
    pub syllables: u8,
    /// Syllables of one letter.
    pub short: u8,
    pub initials: u8,
    pub pictures: u8,
    pub splits: u8,
    /// Separators between characters.
    pub gaps: u8,
}

impl Tally {
    pub fn with(mut self, mark: Marks) -> Self {
        match mark {
            Marks::SYLLABLE => self.syllables += 1,
            Marks::INITIAL => self.initials += 1,
            Marks::PICTURE => self.pictures += 1,
            Marks::SPLIT => self.splits += 1,
            _ => self.same += 1,
        }
        self
    }

    /// Whether more characters could still make this a disguise of a term of `len` characters.
    fn is_open(self, len: usize) -> bool {
        let kinds = [self.syllables, self.initials, self.pictures, self.splits].iter().filter(|&&n| n > 0).count();
        kinds <= if len == 2 { 1 } else { 2 } && (self.syllables == 0 || self.initials == 0)
    }

    /// Whether this is a disguise: something is disguised, and not so much that anything could be read into it.
    pub fn is_disguise(self, len: usize) -> bool {
        let disguised = len.saturating_sub(self.same as usize);
        disguised > 0
            && self.is_open(len)
            && (self.short == 0 || self.same == 0)
            && (self.initials == 0
                || self.gaps == 0 && len >= 3 && (self.initials as usize == len || self.initials as usize == disguised && self.same >= 2))
    }

    pub fn marks(self) -> Marks {
        [(self.syllables, Marks::SYLLABLE), (self.initials, Marks::INITIAL), (self.pictures, Marks::PICTURE), (self.splits, Marks::SPLIT)]
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .fold(Marks::default(), |all, (_, mark)| all.and(mark))
    }
}

/// One reading under way.
struct Walk<'w> {
    disguises: &'w Disguises,
    folded: &'w Folded,
    term: &'w Term,
    side: Side,
    steps_left: u32,
    ends: Vec<(usize, Tally)>,
}

impl Disguises {
    /// Reads the term of `spot` around the characters `found`, which stand for its character there.
    pub(super) fn walk_from(&self, folded: &Folded, spot: Spot, found: Range<usize>, mark: Marks, hits: &mut Vec<Hit>) {
        let (Some(term), at) = (self.terms.get(spot.0 as usize), spot.1 as usize) else { return };
        let mut walk = Walk { disguises: self, folded, term, side: Side::Left, steps_left: STEPS_MAX, ends: Vec::new() };
        walk.step(at, found.start, Tally::default().with(mark), GAP_CHARS_MAX);
        for (start, tally) in std::mem::take(&mut walk.ends) {
            walk.side = Side::Right;
            walk.step(at + 1, found.end, tally, GAP_CHARS_MAX);
            for (end, tally) in walk.ends.drain(..) {
                push(term, start, end, tally, hits);
            }
        }
    }

    /// Reads a whole term from `start` on.
    pub(super) fn walk_whole(&self, folded: &Folded, term: u32, start: usize, hits: &mut Vec<Hit>) {
        let Some(term) = self.terms.get(term as usize) else { return };
        let mut walk = Walk { disguises: self, folded, term, side: Side::Right, steps_left: STEPS_MAX, ends: Vec::new() };
        // The first character stands at its place, behind no separator.
        walk.step(0, start, Tally::default(), 0);
        for (end, tally) in walk.ends {
            push(term, start, end, tally, hits);
        }
    }
}

fn push(term: &Term, start: usize, end: usize, tally: Tally, hits: &mut Vec<Hit>) {
    if tally.is_disguise(term.chars.len()) {
        hits.push(Hit { start: start as u32, end: end as u32, pattern: term.pattern, layer: Layer::Disguised(tally.marks()) });
    }
}

impl Walk<'_> {
    /// `next`: the character of the term to read next (to the left: the one after it). `edge`: where reading has come to.
    fn step(&mut self, next: usize, edge: usize, tally: Tally, gap_max: usize) {
        if self.steps_left == 0 {
            return;
        }
        self.steps_left -= 1;
        let index = match self.side {
            Side::Right if next < self.term.chars.len() => next,
            Side::Left if next > 0 => next - 1,
            _ => {
                // A run of letters is read whole or not at all.
                let runs_on = is_letter(self.folded, edge) && edge.checked_sub(1).is_some_and(|before| is_letter(self.folded, before));
                if !runs_on && !self.ends.contains(&(edge, tally)) {
                    self.ends.push((edge, tally));
                }
                return;
            }
        };
        for gap in 0..=gap_max {
            let (place, at) = match self.side {
                Side::Right => (edge + gap, edge + gap),
                Side::Left => match edge.checked_sub(gap + 1) {
                    Some(at) => (edge - gap, at),
                    None => return,
                },
            };
            let Some(&c) = self.folded.chars.get(at) else { return };
            self.read(index, place, c, Tally { gaps: tally.gaps + u8::from(gap > 0), ..tally });
            if !self.folded.class(at).is(Class::SKIP) {
                return;
            }
        }
    }

    /// Reads character `index` of the term at `place`; `c` is the character next to it.
    fn read(&mut self, index: usize, place: usize, c: char, tally: Tally) {
        let (disguises, term) = (self.disguises, self.term);
        let Some(&wanted) = term.chars.get(index) else { return };
        if c == wanted {
            self.go(index, place, 1, tally.with(Marks::default()));
            return;
        }
        if c.is_ascii_alphabetic() {
            let mut initials = Vec::new();
            for &reading in term.readings.get(index).into_iter().flatten() {
                let Some(syllable) = disguises.syllables.get(reading as usize) else { continue };
                if self.stands(place, syllable) {
                    let mut tally = tally.with(Marks::SYLLABLE);
                    tally.short += u8::from(syllable.len() == 1);
                    self.go(index, place, syllable.len(), tally);
                }
                if syllable.first() == Some(&c) && !initials.contains(&c) {
                    initials.push(c);
                    self.go(index, place, 1, tally.with(Marks::INITIAL));
                }
            }
            return;
        }
        if !term.is_free {
            return;
        }
        if term.pictures.get(index).is_some_and(|pictures| pictures.contains(&c)) {
            self.go(index, place, 1, tally.with(Marks::PICTURE));
        }
        for parts in term.splits.get(index).into_iter().flatten() {
            if self.stands(place, parts) {
                self.go(index, place, parts.len(), tally.with(Marks::SPLIT));
            }
        }
    }

    /// Whether `piece` stands at `place`: after it to the right, before it to the left.
    fn stands(&self, place: usize, piece: &[char]) -> bool {
        let start = match self.side {
            Side::Right => Some(place),
            Side::Left => place.checked_sub(piece.len()),
        };
        start.is_some_and(|start| self.folded.chars.get(start..start + piece.len()) == Some(piece))
    }

    fn go(&mut self, index: usize, place: usize, len: usize, tally: Tally) {
        if !tally.is_open(self.term.chars.len()) {
            return;
        }
        match self.side {
            Side::Right => self.step(index + 1, place + len, tally, GAP_CHARS_MAX),
            Side::Left => self.step(index, place - len, tally, GAP_CHARS_MAX),
        }
    }
}

pub(super) fn is_letter(folded: &Folded, at: usize) -> bool {
    folded.chars.get(at).is_some_and(char::is_ascii_alphabetic)
}
