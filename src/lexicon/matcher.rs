//! Many terms at once: every term is filed under its rarest pair of neighbouring characters; the scan tests each pair of
//! the text against a small bit table and verifies what passes. All overlapping hits, never leftmost only.
//! Must not know what a pattern means.

use super::pair_filter::{BLOCK_PAIRS, PairFilter};
use std::collections::HashMap;

/// Where a pattern occurs: `start..end` in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
    pub start: u32,
    pub end: u32,
    pub pattern: u32,
}

/// Patterns of two or more characters (shorter ones are found by [`Matcher::scan`] through a table of their own).
pub struct Matcher {
    anchors: PairFilter,
    /// Open addressing: key (pair) → first place in `filed`; 0 is empty.
    slots: Box<[Slot]>,
    filed: Vec<Filed>,
    chars: Vec<char>,
    singles: HashMap<char, u32>,
    /// One bit for each character of the basic plane that is a pattern by itself; one for all beyond it.
    single_bits: Box<[u64]>,
    /// Each pair that stands anywhere in a pattern: needed to see whether a gap may be bridged.
    bridges: PairFilter,
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    key: u64,
    first: u32,
    count: u32,
}

#[derive(Debug, Clone, Copy)]
struct Filed {
    pattern: u32,
    /// First character of the pattern in `chars`.
    from: u32,
    len: u16,
    /// Where in the pattern the pair stands.
    offset: u16,
}

const HASH: u64 = 0x9e37_79b9_7f4a_7c15;

/// Characters beyond the basic plane share the place of NUL, which no folded text holds.
fn single_place(c: char) -> usize {
    if (c as u32) < 0x1_0000 { c as usize } else { 0 }
}

fn key(a: char, b: char) -> u64 {
    (a as u64) << 32 | b as u64
}

fn hash(key: u64) -> u64 {
    (key ^ key >> 29).wrapping_mul(HASH)
}

impl Matcher {
    /// `patterns[i]` is found as pattern `i`. `weight` says how common a pair is in ordinary text. `bridged` says whether
    /// the pairs of a pattern may be bridged over separators.
    pub fn new(patterns: &[Vec<char>], weight: impl Fn(char, char) -> f32, bridged: impl Fn(usize) -> bool) -> Self {
        let mut anchors = PairFilter::with_capacity(patterns.len());
        let pairs = patterns.iter().enumerate().filter(|(i, _)| bridged(*i)).map(|(_, p)| p.len()).sum();
        let mut bridges = PairFilter::with_capacity(pairs);
        let mut chars = Vec::new();
        let mut singles = HashMap::new();
        let has_singles = patterns.iter().any(|p| p.len() == 1);
        let mut single_bits = vec![0u64; if has_singles { 1 << 10 } else { 0 }].into_boxed_slice();
        let mut keyed: Vec<(u64, Filed)> = Vec::with_capacity(patterns.len());
        for (index, pattern) in patterns.iter().enumerate() {
            if bridged(index) {
                for pair in pattern.windows(2) {
                    if let [a, b] = pair {
                        bridges.insert(*a, *b);
                    }
                }
            }
            if let [only] = pattern.as_slice() {
                singles.insert(*only, index as u32);
                let place = single_place(*only);
                if let Some(word) = single_bits.get_mut(place >> 6) {
                    *word |= 1 << (place & 63);
                }
                continue;
            }
            let rarest = pattern
                .windows(2)
                .enumerate()
                .filter_map(|(at, pair)| if let [a, b] = pair { Some((at, *a, *b, weight(*a, *b))) } else { None })
                .min_by(|x, y| x.3.total_cmp(&y.3));
            let Some((offset, a, b, _)) = rarest else { continue };
            let filed = Filed { pattern: index as u32, from: chars.len() as u32, len: pattern.len() as u16, offset: offset as u16 };
            chars.extend_from_slice(pattern);
            anchors.insert(a, b);
            keyed.push((key(a, b), filed));
        }
        keyed.sort_by_key(|(key, filed)| (*key, filed.pattern));
        let size = (keyed.len() * 2).next_power_of_two().max(64);
        let mut slots = vec![Slot::default(); size].into_boxed_slice();
        let mut filed = Vec::with_capacity(keyed.len());
        for (key, entry) in keyed {
            let mut at = hash(key) as usize >> 20 & (size - 1);
            while let Some(slot) = slots.get_mut(at) {
                if slot.count == 0 {
                    *slot = Slot { key, first: filed.len() as u32, count: 1 };
                    break;
                }
                if slot.key == key {
                    slot.count += 1;
                    break;
                }
                at = (at + 1) & (size - 1);
            }
            filed.push(entry);
        }
        Self { anchors, slots, filed, chars, singles, single_bits, bridges }
    }

    /// Calls `found` for every occurrence of every pattern in `text`, in the order of their anchors.
    pub fn scan(&self, text: &[char], mut found: impl FnMut(Occurrence)) {
        let mut from = 0;
        // Blocks overlap by one character, which begins the first pair of the next.
        while let Some(block) = text.get(from..(from + BLOCK_PAIRS + 1).min(text.len())).filter(|b| !b.is_empty()) {
            if !self.single_bits.is_empty() {
                let mut singles = self.singles_in(block.get(..BLOCK_PAIRS).unwrap_or(block));
                while singles != 0 {
                    let at = from + singles.trailing_zeros() as usize;
                    singles &= singles - 1;
                    if let Some(&pattern) = text.get(at).and_then(|c| self.singles.get(c)) {
                        found(Occurrence { start: at as u32, end: at as u32 + 1, pattern });
                    }
                }
            }
            let mut pairs = self.anchors.passing(block);
            while pairs != 0 {
                let at = from + pairs.trailing_zeros() as usize;
                pairs &= pairs - 1;
                if let Some([left, right]) = text.get(at..at + 2) {
                    let key = key(*left, *right);
                    self.verify(text, at, key, hash(key), &mut found);
                }
            }
            from += BLOCK_PAIRS;
        }
    }

    /// One bit for each character of the block that may be a pattern. Without branches, so that the look-ups overlap.
    fn singles_in(&self, block: &[char]) -> u64 {
        let bits = &*self.single_bits;
        block.iter().enumerate().fold(0, |all, (i, c)| {
            let place = single_place(*c);
            all | (bits.get(place >> 6).map_or(0, |word| word >> (place & 63) & 1) << i)
        })
    }

    #[inline(never)]
    fn verify(&self, text: &[char], at: usize, key: u64, hash: u64, found: &mut impl FnMut(Occurrence)) {
        let mask = self.slots.len() - 1;
        let mut place = hash as usize >> 20 & mask;
        let slot = loop {
            match self.slots.get(place) {
                Some(slot) if slot.count > 0 && slot.key == key => break slot,
                Some(slot) if slot.count > 0 => place = (place + 1) & mask,
                _ => return,
            }
        };
        let filed = self.filed.get(slot.first as usize..(slot.first + slot.count) as usize).unwrap_or_default();
        for entry in filed {
            let Some(start) = at.checked_sub(entry.offset as usize) else { continue };
            let end = start + entry.len as usize;
            let pattern = self.chars.get(entry.from as usize..entry.from as usize + entry.len as usize);
            // Compared one by one: most terms are shorter than a call of memcmp is worth.
            if let (Some(piece), Some(pattern)) = (text.get(start..end), pattern)
                && piece.iter().zip(pattern).all(|(a, b)| a == b)
            {
                found(Occurrence { start: start as u32, end: end as u32, pattern: entry.pattern });
            }
        }
    }

    /// Whether `left` and `right` stand next to each other in a bridged pattern (may say yes wrongly, never no).
    pub fn may_bridge(&self, left: char, right: char) -> bool {
        self.bridges.may_hold(left, right)
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
