//! Many terms at once: every term is filed under its rarest pair of neighbouring characters; the scan tests each pair of
//! the text against a small bit table and verifies what passes. All overlapping hits, never leftmost only.
//! Must not know what a pattern means.

use super::gram_filter::GramFilter;
use crate::text::class_bits::set_bits;
use crate::text::vector::BLOCK_PLACES;

/// Where a pattern occurs: `start..end` in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
    pub start: u32,
    pub end: u32,
    pub pattern: u32,
}

/// Patterns of any length. The tables are small and flat: memory that is not at hand costs more than the comparing.
pub struct Matcher {
    anchors: GramFilter<2>,
    /// Open addressing by pair; the first of its entries in `filed`.
    slots: Box<[Slot]>,
    filed: Vec<Filed>,
    chars: Vec<char>,
    /// Characters that are patterns by themselves.
    singles: Option<GramFilter<1>>,
    /// Each pair that stands anywhere in a pattern that may be bridged.
    bridges: GramFilter<2>,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    /// The lower halves of both characters; what collides is told apart by comparing the pattern.
    pair: u32,
    /// The first of its entries, in the low [`FIRST_BITS`] bits; above them, where only one pattern has the pair, a few
    /// bits of the character beside it, so that most wrong places are told apart at once.
    first: u32,
}

const FIRST_BITS: u32 = 24;
const EMPTY: Slot = Slot { pair: 0, first: u32::MAX };

impl Slot {
    fn new(pair: u32, first: usize, only: Option<&Filed>) -> Self {
        let check = only.and_then(|entry| Some((beside(entry.offset.into(), entry.len.into())?, entry)));
        let check = check.map_or(0, |(at, entry)| if at > usize::from(entry.offset) { AFTER } else { BEFORE } | check_bits(entry.beside));
        Self { pair, first: check << FIRST_BITS | first as u32 }
    }

    fn is_empty(self) -> bool {
        self.first == EMPTY.first
    }

    fn first(self) -> usize {
        (self.first & ((1 << FIRST_BITS) - 1)) as usize
    }

    /// Whether one of its patterns may stand where its pair stands at `at`.
    fn may_stand(self, text: &[char], at: usize) -> bool {
        let check = self.first >> FIRST_BITS;
        let beside = match check & (AFTER | BEFORE) {
            AFTER => text.get(at + 2),
            BEFORE => at.checked_sub(1).and_then(|before| text.get(before)),
            _ => return true,
        };
        beside.is_some_and(|&c| check_bits(c as u16) == check & CHECK)
    }
}

/// Which side the checked character stands on, and the bits of it that are kept.
const AFTER: u32 = 0x40;
const BEFORE: u32 = 0x80;
const CHECK: u32 = 0x3f;

fn check_bits(c: u16) -> u32 {
    u32::from(c) & CHECK
}

#[derive(Debug, Clone, Copy)]
struct Filed {
    pattern: u32,
    /// First character of the pattern in `chars`.
    from: u32,
    len: u16,
    /// Where in the pattern the pair stands.
    offset: u16,
    /// Lower half of the character after the pair, or before it where none comes after; 0 where there is neither. Tells
    /// nearly all wrong places apart before the pattern itself is looked at.
    beside: u16,
    is_last: bool,
}

/// A pattern of one character is filed as a pair with this, which no folded text holds.
const NOTHING: char = '\0';
/// Slots fetched together.
const FETCHED_SLOTS: usize = 8;
/// Most patterns, as many as a slot can number. The compiler of the lexicon refuses more.
pub const PATTERNS_MAX: usize = 1 << FIRST_BITS;

fn pair(a: char, b: char) -> u32 {
    (a as u32) << 16 | (b as u32 & 0xffff)
}

fn place(pair: u32, slots: usize) -> usize {
    (u64::from(pair).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 36) as usize & (slots - 1)
}

/// Where in a pattern the character beside its pair stands.
fn beside(offset: usize, len: usize) -> Option<usize> {
    Some(offset + 2).filter(|&after| after < len).or(offset.checked_sub(1))
}

impl Matcher {
    /// `patterns[i]` is found as pattern `i`. `weight` says how common a pair is in ordinary text. `bridged` says whether
    /// the pairs of a pattern may be bridged over separators.
    pub fn new(patterns: &[Vec<char>], weight: impl Fn(char, char) -> f32, bridged: impl Fn(usize) -> bool) -> Self {
        let mut anchors = GramFilter::with_capacity(patterns.len());
        let pairs = patterns.iter().enumerate().filter(|(i, _)| bridged(*i)).map(|(_, p)| p.len()).sum();
        let mut bridges = GramFilter::with_capacity(pairs);
        let count = patterns.iter().filter(|p| p.len() == 1).count();
        let mut singles = (count > 0).then(|| GramFilter::with_capacity(count));
        let mut chars = Vec::with_capacity(patterns.iter().map(Vec::len).sum());
        let mut keyed: Vec<(u32, Filed)> = Vec::with_capacity(patterns.len());
        for (index, pattern) in patterns.iter().enumerate().take(PATTERNS_MAX) {
            if bridged(index) {
                for pair in pattern.windows(2) {
                    if let [a, b] = pair {
                        bridges.insert([*a as u32, *b as u32]);
                    }
                }
            }
            let (key, offset) = if let [only] = pattern.as_slice() {
                if let Some(singles) = &mut singles {
                    singles.insert([*only as u32]);
                }
                (pair(*only, NOTHING), 0)
            } else {
                let rarest = pattern
                    .windows(2)
                    .enumerate()
                    .filter_map(|(at, pair)| if let [a, b] = pair { Some((at, *a, *b, weight(*a, *b))) } else { None })
                    .min_by(|x, y| x.3.total_cmp(&y.3));
                let Some((offset, a, b, _)) = rarest else { continue };
                anchors.insert([a as u32, b as u32]);
                (pair(a, b), offset)
            };
            let beside = beside(offset, pattern.len()).and_then(|at| pattern.get(at)).map_or(0, |&c| c as u16);
            let filed = Filed {
                pattern: index as u32,
                from: chars.len() as u32,
                len: pattern.len() as u16,
                offset: offset as u16,
                beside,
                is_last: false,
            };
            chars.extend_from_slice(pattern);
            keyed.push((key, filed));
        }
        keyed.sort_by_key(|(key, filed)| (*key, filed.pattern));
        let size = (keyed.len() * 3 / 2).next_power_of_two().max(16);
        let mut slots = vec![EMPTY; size].into_boxed_slice();
        let mut filed = Vec::with_capacity(keyed.len());
        for group in keyed.chunk_by(|a, b| a.0 == b.0) {
            let Some(&(pair, _)) = group.first() else { continue };
            let mut at = place(pair, size);
            while slots.get(at).is_some_and(|slot| !slot.is_empty()) {
                at = (at + 1) & (size - 1);
            }
            if let Some(slot) = slots.get_mut(at) {
                let only = if let [(_, only)] = group { Some(only) } else { None };
                *slot = Slot::new(pair, filed.len(), only);
            }
            filed.extend(group.iter().map(|(_, entry)| *entry));
            if let Some(last) = filed.last_mut() {
                last.is_last = true;
            }
        }
        Self { anchors, slots, filed, chars, singles, bridges }
    }

    /// Calls `found` for every occurrence of every pattern in `text`, block by block.
    pub fn scan(&self, text: &[char], mut found: impl FnMut(Occurrence)) {
        let mut from = 0;
        // Blocks overlap by one character, which begins the first pair of the next.
        while let Some(block) = text.get(from..(from + BLOCK_PLACES + 1).min(text.len())).filter(|b| !b.is_empty()) {
            if let Some(singles) = &self.singles {
                for place in set_bits(singles.passing(block.get(..BLOCK_PLACES).unwrap_or(block))) {
                    let at = from + place;
                    if let Some(only) = text.get(at) {
                        let pair = pair(*only, NOTHING);
                        self.verify(text, at, pair, self.home(pair), &mut found);
                    }
                }
            }
            let mut pairs = set_bits(self.anchors.passing(block)).filter_map(|place| match text.get(from + place..)? {
                [left, right, ..] => Some((from + place, pair(*left, *right))),
                _ => None,
            });
            // A few slots are fetched before the first is looked at: fetches that do not wait for each other cost little
            // more than one.
            let mut fetched = [(0, 0, EMPTY); FETCHED_SLOTS];
            loop {
                let mut count = 0;
                for (place, (at, pair)) in fetched.iter_mut().zip(&mut pairs) {
                    *place = (at, pair, self.home(pair));
                    count += 1;
                }
                if count == 0 {
                    break;
                }
                for &(at, pair, home) in fetched.iter().take(count) {
                    self.verify(text, at, pair, home, &mut found);
                }
            }
            from += BLOCK_PLACES;
        }
    }

    /// The slot where a pair is looked for first.
    fn home(&self, pair: u32) -> Slot {
        self.slots.get(place(pair, self.slots.len())).copied().unwrap_or(EMPTY)
    }

    #[inline(never)]
    fn verify(&self, text: &[char], at: usize, pair: u32, home: Slot, found: &mut impl FnMut(Occurrence)) {
        let mask = self.slots.len() - 1;
        let (mut slot, mut place) = (home, place(pair, self.slots.len()));
        while slot.pair != pair || slot.is_empty() {
            if slot.is_empty() {
                return;
            }
            place = (place + 1) & mask;
            slot = self.slots.get(place).copied().unwrap_or(EMPTY);
        }
        if !slot.may_stand(text, at) {
            return;
        }
        for entry in self.filed.get(slot.first()..).unwrap_or_default() {
            if let Some(start) = self.start_of(entry, text, at) {
                found(Occurrence { start: start as u32, end: start as u32 + u32::from(entry.len), pattern: entry.pattern });
            }
            if entry.is_last {
                return;
            }
        }
    }

    /// Where the pattern begins whose pair stands at `at`, if all of it stands there.
    fn start_of(&self, entry: &Filed, text: &[char], at: usize) -> Option<usize> {
        let (len, offset) = (usize::from(entry.len), usize::from(entry.offset));
        let start = at.checked_sub(offset)?;
        if let Some(beside) = beside(offset, len)
            && text.get(start + beside).is_none_or(|&c| c as u16 != entry.beside)
        {
            return None;
        }
        let pattern = self.chars.get(entry.from as usize..entry.from as usize + len)?;
        // Compared one by one: most terms are shorter than a call of memcmp is worth.
        text.get(start..start + len)?.iter().zip(pattern).all(|(a, b)| a == b).then_some(start)
    }

    /// Whether `left` and `right` stand next to each other in a bridged pattern (may say yes wrongly, never no).
    pub fn may_bridge(&self, left: char, right: char) -> bool {
        self.bridges.may_hold([left as u32, right as u32])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn naive(patterns: &[Vec<char>], text: &[char]) -> Vec<Occurrence> {
        let mut all = Vec::new();
        for (pattern, chars) in patterns.iter().enumerate() {
            for start in 0..text.len() {
                if text[start..].starts_with(chars) {
                    all.push(Occurrence { start: start as u32, end: (start + chars.len()) as u32, pattern: pattern as u32 });
                }
            }
        }
        all.sort();
        all
    }

    proptest! {
        #[test]
        fn finds_what_a_naive_search_finds(
            patterns in prop::collection::hash_set(prop::collection::vec(prop::sample::select(vec!['甲', '乙', 'a', '1']), 1..5), 1..40),
            text in prop::collection::vec(prop::sample::select(vec!['甲', '乙', '丙', 'a', '1']), 0..200),
            common in prop::sample::select(vec!['甲', '乙', 'a', '1']),
        ) {
            let patterns: Vec<Vec<char>> = patterns.into_iter().collect();
            let matcher = Matcher::new(&patterns, |a, b| f32::from(u8::from(a == common) + u8::from(b == common)), |_| true);
            let mut found = Vec::new();
            matcher.scan(&text, |o| found.push(o));
            found.sort();
            prop_assert_eq!(found, naive(&patterns, &text));
            for pattern in &patterns {
                for pair in pattern.windows(2) {
                    prop_assert!(matcher.may_bridge(pair[0], pair[1]));
                }
            }
        }
    }
}
