//! Disguised terms: pinyin, split characters, pictures, homophones, look-alike characters, reversed order. Built from the
//! character tables for the rows that allow it; looked for only where something gives a disguise away.
//! Must not know rows, conditions or detectors: it says what may be read as what, the detector weighs it.

mod letters;
mod walk;

#[cfg(test)]
mod tests;

use super::compile::{Hit, Layer, ListSet};
use super::gram_filter::GramFilter;
use super::tables::Tables;
use super::uses::PatternSet;
use crate::model::Transform;
use crate::text::fold::{Class, Folded};
use letters::Letters;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::HashMap;

/// Longest term looked for in disguise, in characters.
pub const TERM_CHARS_MAX: usize = 16;
/// Shortest term read backwards, in characters.
const REVERSED_CHARS_MIN: usize = 3;
/// How far from an inviting word a homophone or look-alike is looked for, in characters.
const INVITED_CHARS: usize = 24;
/// Class of pictures and other symbols that stand alone.
const SYMBOL: u8 = Class::PUNCTUATION | Class::SKIP;

/// What was done to a term; a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Marks(pub u8);

impl Marks {
    pub const SYLLABLE: Self = Self(1);
    pub const INITIAL: Self = Self(2);
    pub const PICTURE: Self = Self(4);
    pub const SPLIT: Self = Self(8);
    pub const REVERSED: Self = Self(16);
    pub const SOUND: Self = Self(32);
    pub const SHAPE: Self = Self(64);

    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether `other` holds nothing else.
    pub fn covers(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The transforms that a finding names.
    pub fn transforms(self) -> impl Iterator<Item = Transform> {
        [
            (Self::SYLLABLE, Transform::Pinyin),
            (Self::INITIAL, Transform::PinyinInitial),
            (Self::PICTURE, Transform::Emoji),
            (Self::SPLIT, Transform::Split),
            (Self::REVERSED, Transform::Reverse),
            (Self::SOUND, Transform::Homophone),
            (Self::SHAPE, Transform::Shape),
        ]
        .into_iter()
        .filter_map(move |(mark, transform)| self.has(mark).then_some(transform))
    }
}

/// A term that may be disguised, as the compiler hands it over.
pub struct Candidate {
    pub pattern: u32,
    /// Folded.
    pub chars: Vec<char>,
    /// Every disguise; otherwise pinyin only.
    pub is_free: bool,
}

/// A term with what each of its characters may be read from.
#[derive(Debug)]
struct Term {
    pattern: u32,
    chars: Vec<char>,
    /// For each character the syllables it is read as; empty for letters and digits.
    readings: Vec<Vec<u16>>,
    /// For each character the ways it is written apart.
    splits: Vec<Vec<Vec<char>>>,
    /// For each character the pictures that are read as it.
    pictures: Vec<Vec<char>>,
    is_free: bool,
}

impl Term {
    /// The Han characters and pictures, next to its neighbour, that character `index` may be read from when it is reached
    /// going to that side.
    fn beside(&self, index: usize, side: Side) -> Vec<char> {
        let nearest = |parts: &Vec<char>| if side == Side::Left { parts.last().copied() } else { parts.first().copied() };
        let written_apart = self.splits.get(index).into_iter().flatten().filter_map(nearest);
        let pictures = self.pictures.get(index).into_iter().flatten().copied();
        self.chars.get(index).copied().into_iter().chain(written_apart).chain(pictures).collect()
    }
}

/// A place in a term: which term, which character.
type Spot = (u32, u8);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Side {
    Left,
    Right,
}

/// No folded text holds it.
const NOTHING: char = '\0';

/// What a pattern of the matcher says about disguises.
#[derive(Debug, Default)]
struct Trigger {
    /// Terms that it is when read backwards.
    reversed: Vec<u32>,
    /// Characters that it is the parts of.
    split: Vec<char>,
}

/// All disguises of all terms that allow them.
pub struct Disguises {
    terms: Vec<Term>,
    /// Letters of each syllable; number 0 is none.
    syllables: Vec<Vec<char>>,
    /// Most common syllable of each character of the basic plane.
    sounds: Box<[u16]>,
    /// What a picture may be read as.
    pictures: FxHashMap<char, Vec<char>>,
    /// What a character looks like, both ways.
    shapes: FxHashMap<char, Vec<char>>,
    /// Where a character stands in terms that allow every disguise.
    holding: FxHashMap<char, Vec<Spot>>,
    /// What may stand beside a character of such a term that is disguised itself, by side; [`NOTHING`] where one begins or
    /// ends with it.
    beside: FxHashSet<(char, Side, char)>,
    /// Where two characters stand side by side in such terms, at the first.
    pairs: FxHashMap<(char, char), Vec<Spot>>,
    sound_pairs: FxHashMap<(u16, u16), Vec<Spot>>,
    any_sound_pair: GramFilter<2>,
    /// Pairs of such terms with one character that looks like the right one.
    any_shape_pair: GramFilter<2>,
    letters: Letters,
    triggers: FxHashMap<u32, Trigger>,
    all_triggers: PatternSet,
    /// Words beside which homophones and look-alikes are looked for.
    inviting: ListSet,
    /// How often other words sound like the rarest pair of the term, per million, by term pattern.
    commonness: FxHashMap<u32, f32>,
}

/// How common single characters and pairs are in ordinary text, per million.
pub struct Usage<'u> {
    pub pairs: &'u HashMap<(char, char), f32>,
}

impl Disguises {
    /// Compiles the disguises of `candidates`. `pattern_of` names a pattern of the main matcher, which will look for the
    /// reversed terms and split characters; `fold` is the fold of the text.
    pub fn new(
        candidates: Vec<Candidate>,
        tables: &Tables,
        usage: &Usage<'_>,
        inviting: ListSet,
        fold: &dyn Fn(&str) -> Vec<char>,
        pattern_of: &mut dyn FnMut(Vec<char>) -> u32,
    ) -> Self {
        let mut syllables: Vec<Vec<char>> = vec![Vec::new()];
        let mut numbers: HashMap<String, u16> = HashMap::new();
        let mut sounds = vec![0u16; 0x1_0000].into_boxed_slice();
        let mut readings: HashMap<char, Vec<u16>> = HashMap::new();
        for (c, syllable) in tables.pinyin.iter().chain(&tables.polyphones) {
            let number = *numbers.entry(syllable.clone()).or_insert_with(|| {
                syllables.push(syllable.chars().collect());
                (syllables.len() - 1) as u16
            });
            let all = readings.entry(*c).or_default();
            if !all.contains(&number) {
                all.push(number);
            }
            if let Some(place) = sounds.get_mut(*c as usize)
                && *place == 0
            {
                *place = number;
            }
        }
        let mut shapes: FxHashMap<char, Vec<char>> = FxHashMap::default();
        for &(a, b) in &tables.similar_shapes {
            shapes.entry(a).or_default().push(b);
            shapes.entry(b).or_default().push(a);
        }
        let pictures: FxHashMap<char, Vec<char>> = tables.pictures.iter().map(|(picture, reads)| (*picture, reads.clone())).collect();
        let mut pictured: HashMap<char, Vec<char>> = HashMap::new();
        for (picture, reads) in &tables.pictures {
            for &c in reads {
                pictured.entry(c).or_default().push(*picture);
            }
        }
        let mut splits: HashMap<char, Vec<Vec<char>>> = HashMap::new();
        for (c, parts) in &tables.split_characters {
            let parts = fold(parts);
            if parts.len() > 1 {
                splits.entry(*c).or_default().push(parts);
            }
        }
        let terms: Vec<Term> = candidates
            .into_iter()
            .filter(|c| (2..=TERM_CHARS_MAX).contains(&c.chars.len()) && c.chars.iter().any(|c| !c.is_ascii()))
            .map(|c| Term {
                pattern: c.pattern,
                readings: c.chars.iter().map(|c| readings.get(c).cloned().unwrap_or_default()).collect(),
                splits: c.chars.iter().map(|c| splits.get(c).cloned().unwrap_or_default()).collect(),
                pictures: c.chars.iter().map(|c| pictured.get(c).cloned().unwrap_or_default()).collect(),
                chars: c.chars,
                is_free: c.is_free,
            })
            .collect();
        let mut disguises = Self {
            letters: Letters::new(&terms, &syllables),
            terms,
            syllables,
            sounds,
            pictures,
            shapes,
            holding: FxHashMap::default(),
            beside: FxHashSet::default(),
            pairs: FxHashMap::default(),
            sound_pairs: FxHashMap::default(),
            any_sound_pair: GramFilter::with_capacity(0),
            any_shape_pair: GramFilter::with_capacity(0),
            triggers: FxHashMap::default(),
            all_triggers: PatternSet::default(),
            inviting,
            commonness: FxHashMap::default(),
        };
        disguises.file_spots(usage);
        disguises.file_triggers(pattern_of);
        disguises
    }

    /// Files each term under its characters, its pairs and its rarest pair of sounds.
    fn file_spots(&mut self, usage: &Usage<'_>) {
        let mut said: HashMap<(u16, u16), f32> = HashMap::new();
        for (&(a, b), weight) in usage.pairs {
            *said.entry((self.sound(a), self.sound(b))).or_default() += weight;
        }
        for (index, term) in self.terms.iter().enumerate() {
            let index = index as u32;
            let sounds: Vec<u16> = term.chars.iter().map(|&c| self.sounds.get(c as usize).copied().unwrap_or(0)).collect();
            let others = |at: usize| match (sounds.get(at..at + 2), term.chars.get(at..at + 2)) {
                (Some(&[a, b]), Some(&[x, y])) => {
                    said.get(&(a, b)).copied().unwrap_or(0.0) - usage.pairs.get(&(x, y)).copied().unwrap_or(0.0)
                }
                _ => 0.0,
            };
            let rarest = (0..term.chars.len().saturating_sub(1)).min_by(|&a, &b| others(a).total_cmp(&others(b)));
            self.commonness.insert(term.pattern, rarest.map_or(0.0, others));
            if !term.is_free {
                continue;
            }
            for (at, &c) in term.chars.iter().enumerate() {
                self.holding.entry(c).or_default().push((index, at as u8));
                for (side, next) in [(Side::Left, at.checked_sub(1)), (Side::Right, Some(at + 1).filter(|&next| next < term.chars.len()))] {
                    self.beside.extend(next.map_or(vec![NOTHING], |next| term.beside(next, side)).into_iter().map(|n| (c, side, n)));
                }
            }
            for (at, pair) in term.chars.windows(2).enumerate() {
                if let &[a, b] = pair {
                    self.pairs.entry((a, b)).or_default().push((index, at as u8));
                }
            }
            if let Some(at) = rarest
                && let Some(&[a, b]) = sounds.get(at..at + 2)
                && a != 0
                && b != 0
            {
                self.sound_pairs.entry((a, b)).or_default().push((index, at as u8));
            }
        }
        self.any_sound_pair = GramFilter::with_capacity(self.sound_pairs.len());
        for &(a, b) in self.sound_pairs.keys() {
            self.any_sound_pair.insert([a.into(), b.into()]);
        }
        let mut looking_like = Vec::new();
        for &(a, b) in self.pairs.keys() {
            looking_like.extend(self.shapes.get(&a).into_iter().flatten().map(|&x| [x, b]));
            looking_like.extend(self.shapes.get(&b).into_iter().flatten().map(|&y| [a, y]));
        }
        self.any_shape_pair = GramFilter::with_capacity(looking_like.len());
        for pair in looking_like {
            self.any_shape_pair.insert(pair.map(u32::from));
        }
    }

    /// Names what the main matcher is to look for.
    fn file_triggers(&mut self, pattern_of: &mut dyn FnMut(Vec<char>) -> u32) {
        let mut triggers: FxHashMap<u32, Trigger> = FxHashMap::default();
        for term in self.terms.iter().filter(|t| t.is_free && t.chars.len() >= REVERSED_CHARS_MIN) {
            let reversed: Vec<char> = term.chars.iter().rev().copied().collect();
            if reversed != term.chars {
                triggers.entry(pattern_of(reversed)).or_default().reversed.push(term.pattern);
            }
        }
        for term in self.terms.iter().filter(|t| t.is_free) {
            for (&c, ways) in term.chars.iter().zip(&term.splits) {
                for parts in ways {
                    let trigger = triggers.entry(pattern_of(parts.clone())).or_default();
                    if !trigger.split.contains(&c) {
                        trigger.split.push(c);
                    }
                }
            }
        }
        self.all_triggers = PatternSet::of(triggers.keys().copied());
        self.triggers = triggers;
    }

    fn sound(&self, c: char) -> u16 {
        self.sounds.get(c as usize).copied().unwrap_or(0)
    }

    /// How often other words sound like the rarest pair of this pattern's term, per million characters.
    pub fn commonness(&self, pattern: u32) -> f32 {
        self.commonness.get(&pattern).copied().unwrap_or(0.0)
    }

    /// Words that invite: beside them a disguise is believed sooner.
    pub fn inviting(&self) -> ListSet {
        self.inviting
    }

    /// Adds the disguised terms to the hits of the plain scan, which are sorted. `lists_of`: the lists of a pattern.
    pub fn scan(&self, folded: &Folded, lists_of: impl Fn(u32) -> ListSet, hits: &mut Vec<Hit>) {
        if self.terms.is_empty() {
            return;
        }
        let mut invited_to = 0;
        for index in 0..hits.len() {
            let Some(&hit) = hits.get(index) else { break };
            if lists_of(hit.pattern).meets(self.inviting) {
                let from = (hit.start as usize).saturating_sub(INVITED_CHARS).max(invited_to);
                let to = (hit.end as usize + INVITED_CHARS).min(folded.len());
                self.scan_invited(folded, from..to, hits);
                // Pairs begin inside the window: the next one may begin at its last character.
                invited_to = invited_to.max(to.saturating_sub(1));
            }
            if self.all_triggers.has(hit.pattern) {
                self.pull_trigger(folded, hit, hits);
            }
        }
        self.scan_letters(folded, hits);
        self.scan_pictures(folded, hits);
    }

    fn pull_trigger(&self, folded: &Folded, hit: Hit, hits: &mut Vec<Hit>) {
        let Some(trigger) = self.triggers.get(&hit.pattern) else { return };
        hits.extend(trigger.reversed.iter().map(|&pattern| Hit { pattern, layer: Layer::Disguised(Marks::REVERSED), ..hit }));
        for c in trigger.split.iter().filter(|c| self.may_be_of_term(folded, &hit, **c)) {
            for &spot in self.holding.get(c).into_iter().flatten() {
                self.walk_from(folded, spot, hit.start as usize..hit.end as usize, Marks::SPLIT, hits);
            }
        }
    }

    /// Whether what stands on both sides of the hit, read as `c`, may be read as neighbours of that character in a term.
    /// Most parts of characters stand by chance, and terms are not at hand.
    fn may_be_of_term(&self, folded: &Folded, hit: &Hit, c: char) -> bool {
        let sides = [(Side::Left, (hit.start as usize).checked_sub(1)), (Side::Right, Some(hit.end as usize))];
        sides.into_iter().all(|(side, place)| {
            let next = place.and_then(|place| folded.chars.get(place).map(|&next| (next, folded.class(place))));
            // Letters may be pinyin, and signs may be passed over.
            let goes_on = next.is_some_and(|(next, class)| !class.is(Class::HAN) || self.beside.contains(&(c, side, next)));
            goes_on || self.beside.contains(&(c, side, NOTHING))
        })
    }

    fn scan_pictures(&self, folded: &Folded, hits: &mut Vec<Hit>) {
        for at in memchr::memchr_iter(SYMBOL, &folded.classes) {
            let Some(reads) = folded.chars.get(at).and_then(|c| self.pictures.get(c)) else { continue };
            for c in reads {
                for &spot in self.holding.get(c).into_iter().flatten() {
                    self.walk_from(folded, spot, at..at + 1, Marks::PICTURE, hits);
                }
            }
        }
    }

    /// Homophones and look-alikes, character for character, of pairs that begin in `window`.
    fn scan_invited(&self, folded: &Folded, window: std::ops::Range<usize>, hits: &mut Vec<Hit>) {
        let Some(chars) = folded.chars.get(window.clone()) else { return };
        for (at, pair) in chars.windows(2).enumerate() {
            let &[x, y] = pair else { continue };
            let at = window.start + at;
            let (a, b) = (self.sound(x), self.sound(y));
            if a != 0 && b != 0 && self.any_sound_pair.may_hold([a.into(), b.into()]) {
                for &(term, offset) in self.sound_pairs.get(&(a, b)).into_iter().flatten() {
                    self.compare(folded, at, term, offset, Marks::SOUND, hits);
                }
            }
            if self.any_shape_pair.may_hold([x.into(), y.into()]) {
                let left = self.shapes.get(&x).into_iter().flatten().filter_map(|&a| self.pairs.get(&(a, y)));
                let right = self.shapes.get(&y).into_iter().flatten().filter_map(|&b| self.pairs.get(&(x, b)));
                for &(term, offset) in left.chain(right).flatten() {
                    self.compare(folded, at, term, offset, Marks::SHAPE, hits);
                }
            }
        }
    }

    /// Compares a term character for character, where each may sound or look like the wanted one.
    fn compare(&self, folded: &Folded, at: usize, term: u32, offset: u8, mark: Marks, hits: &mut Vec<Hit>) {
        let (Some(term), Some(start)) = (self.terms.get(term as usize), at.checked_sub(offset as usize)) else { return };
        let end = start + term.chars.len();
        let Some(chars) = folded.chars.get(start..end) else { return };
        let mut changed = 0;
        for (&c, &wanted) in chars.iter().zip(&term.chars) {
            if c == wanted {
                continue;
            }
            let is_like = if mark == Marks::SOUND {
                self.sound(c) != 0 && self.sound(c) == self.sound(wanted)
            } else {
                self.shapes.get(&wanted).is_some_and(|s| s.contains(&c))
            };
            if !is_like {
                return;
            }
            changed += 1;
        }
        // Half of the characters must stand for a look-alike to be the word.
        if changed > 0 && (mark == Marks::SOUND || changed * 2 <= term.chars.len()) {
            hits.push(Hit { start: start as u32, end: end as u32, pattern: term.pattern, layer: Layer::Disguised(mark) });
        }
    }
}
