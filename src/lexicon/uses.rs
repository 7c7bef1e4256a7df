//! What each pattern serves, kept small: the scan asks for every hit, and memory that is not at hand costs more than the
//! question. Must not know what rows and lists mean.

use super::compile::ListSet;

/// What a pattern serves while the lexicon is put together.
#[derive(Debug, Clone, Default)]
pub struct Use {
    pub rows: Vec<u32>,
    pub lists: ListSet,
    /// Rows whose regular expression begins here.
    pub expressions: Vec<u32>,
    pub bridged: bool,
    /// Some row's term may be read out of pinyin.
    pub pinyin: bool,
    /// Some row's term may be read out of every disguise.
    pub disguised: bool,
}

/// The same for all patterns, ready for use.
#[derive(Debug, Default)]
pub struct Uses {
    /// For each pattern: number of its set of lists, and the flags below.
    kinds: Vec<u16>,
    /// Distinct sets of lists; the first is empty.
    lists: Vec<ListSet>,
    rows: Grouped,
    expressions: Grouped,
}

/// Numbers by pattern, in one piece of memory: those of pattern `i` are `all[ends[i - 1]..ends[i]]`.
#[derive(Debug, Default)]
struct Grouped {
    ends: Vec<u32>,
    all: Vec<u32>,
}

/// A set of patterns, one bit each: asked of every hit, and nearly always the answer is no.
#[derive(Debug, Default)]
pub struct PatternSet(Vec<u64>);

impl PatternSet {
    pub fn of(patterns: impl Iterator<Item = u32>) -> Self {
        let mut bits = Vec::new();
        for pattern in patterns {
            let (place, bit) = (pattern as usize / 64, 1 << (pattern % 64));
            if bits.len() <= place {
                bits.resize(place + 1, 0);
            }
            if let Some(word) = bits.get_mut(place) {
                *word |= bit;
            }
        }
        Self(bits)
    }

    pub fn has(&self, pattern: u32) -> bool {
        self.0.get(pattern as usize / 64).is_some_and(|word| word >> (pattern % 64) & 1 == 1)
    }
}

const HAS_ROWS: u16 = 1 << 15;
const HAS_EXPRESSIONS: u16 = 1 << 14;
const IS_BRIDGED: u16 = 1 << 13;
const LISTS: u16 = IS_BRIDGED - 1;

impl Grouped {
    fn push(&mut self, numbers: &[u32]) {
        self.all.extend_from_slice(numbers);
        self.ends.push(self.all.len() as u32);
    }

    fn of(&self, pattern: u32) -> &[u32] {
        let end = self.ends.get(pattern as usize).copied().unwrap_or(0);
        let from = (pattern as usize).checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.all.get(from as usize..end as usize).unwrap_or_default()
    }
}

impl Uses {
    pub fn new(uses: &[Use]) -> Self {
        let mut compact = Self { lists: vec![ListSet::default()], ..Self::default() };
        for one in uses {
            // There are at most 256 lists, and few words stand in more than one: far fewer sets than fit.
            let index = compact.lists.iter().position(|known| *known == one.lists).unwrap_or_else(|| {
                compact.lists.push(one.lists);
                compact.lists.len() - 1
            });
            debug_assert!(index <= usize::from(LISTS));
            let flag = |holds: bool, flag: u16| if holds { flag } else { 0 };
            compact.kinds.push(
                index as u16 & LISTS
                    | flag(!one.rows.is_empty(), HAS_ROWS)
                    | flag(!one.expressions.is_empty(), HAS_EXPRESSIONS)
                    | flag(one.bridged, IS_BRIDGED),
            );
            compact.rows.push(&one.rows);
            compact.expressions.push(&one.expressions);
        }
        compact
    }

    fn kind(&self, pattern: u32) -> u16 {
        self.kinds.get(pattern as usize).copied().unwrap_or(0)
    }

    pub fn lists(&self, pattern: u32) -> ListSet {
        self.lists.get(usize::from(self.kind(pattern) & LISTS)).copied().unwrap_or_default()
    }

    pub fn rows(&self, pattern: u32) -> &[u32] {
        if self.kind(pattern) & HAS_ROWS == 0 { &[] } else { self.rows.of(pattern) }
    }

    pub fn expressions(&self, pattern: u32) -> &[u32] {
        if self.kind(pattern) & HAS_EXPRESSIONS == 0 { &[] } else { self.expressions.of(pattern) }
    }

    pub fn is_bridged(&self, pattern: u32) -> bool {
        self.kind(pattern) & IS_BRIDGED != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_pattern_serves_what_it_was_given(
            given in prop::collection::vec((prop::collection::vec(any::<u32>(), 0..3), prop::collection::vec(any::<u8>(), 0..3), prop::collection::vec(any::<u32>(), 0..2), any::<bool>()), 0..40)
        ) {
            let uses: Vec<Use> = given
                .into_iter()
                .map(|(rows, lists, expressions, bridged)| Use { rows, lists: lists.into_iter().map(ListSet::of).fold(ListSet::default(), ListSet::and), expressions, bridged, ..Use::default() })
                .collect();
            let compact = Uses::new(&uses);
            for (pattern, one) in (0u32..).zip(&uses) {
                prop_assert_eq!(compact.rows(pattern), one.rows.as_slice());
                prop_assert_eq!(compact.lists(pattern), one.lists);
                prop_assert_eq!(compact.expressions(pattern), one.expressions.as_slice());
                prop_assert_eq!(compact.is_bridged(pattern), one.bridged);
            }
            prop_assert!(compact.rows(u32::MAX).is_empty() && compact.lists(u32::MAX) == ListSet::default());
        }
    }
}
