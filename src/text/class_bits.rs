//! Where the characters of some classes stand, one bit each: the next of them, the end of a run and how many lie in a
//! stretch take a few instructions, whatever lies between. The next of a few characters, many tested at once.
//! Must not know what is searched, nor detectors.

use super::fold::Folded;
use super::vector::{Avx2, among, bytes_with, same_as_next};
use std::ops::Range;

/// Characters of one word of bits.
const WORD_CHARS: usize = 64;

/// One bit for each character of a folded text.
#[derive(Debug, Default)]
pub struct ClassBits(Vec<u64>);

impl ClassBits {
    /// Marks the characters of some classes; what was marked before is forgotten.
    pub fn mark(&mut self, folded: &Folded, classes: u8) {
        self.0.clear();
        // Unmarked is the same as not there.
        if folded.all.is(classes) {
            let (blocks, rest) = folded.classes.as_chunks();
            self.0.extend(blocks.iter().map(|block| bytes_with(classes, block)));
            self.0.push(bytes_with(classes, &padded(rest)));
        }
    }

    /// Marks the characters that are among the wanted ones; what was marked before is forgotten.
    pub fn mark_among<const N: usize>(&mut self, chars: &[char], wanted: &[char; N]) {
        let avx2 = Avx2::detect();
        self.0.clear();
        self.0.extend(chars.chunks(WORD_CHARS).map(|block| among(avx2, block, wanted)));
    }

    /// The first marked character at or after `at`.
    pub fn next(&self, at: usize) -> Option<usize> {
        let mut place = at / WORD_CHARS;
        let mut word = self.0.get(place)? >> (at % WORD_CHARS) << (at % WORD_CHARS);
        while word == 0 {
            place += 1;
            word = *self.0.get(place)?;
        }
        Some(place * WORD_CHARS + word.trailing_zeros() as usize)
    }

    /// The first marked character of a range; looks no farther.
    pub fn first_in(&self, range: Range<usize>) -> Option<usize> {
        let mut at = range.start;
        while at < range.end {
            let word = self.from(at);
            if word != 0 {
                return Some(at + word.trailing_zeros() as usize).filter(|&place| place < range.end);
            }
            at += WORD_CHARS;
        }
        None
    }

    /// The last marked character of a range; looks no farther.
    pub fn last_in(&self, range: Range<usize>) -> Option<usize> {
        let mut end = range.end;
        while end > range.start {
            let at = end.saturating_sub(WORD_CHARS).max(range.start);
            let word = self.from(at) << (WORD_CHARS - (end - at)) >> (WORD_CHARS - (end - at));
            if word != 0 {
                return Some(at + word.ilog2() as usize);
            }
            end = at;
        }
        None
    }

    /// The next run of marked characters at or after `at`.
    pub fn next_run(&self, at: usize) -> Option<Range<usize>> {
        let start = self.next(at)?;
        Some(start..self.run_end(start))
    }

    /// Where the run of marked characters that `at` belongs to ends; `at` itself where it is not marked.
    pub fn run_end(&self, at: usize) -> usize {
        let (mut place, mut shift) = (at / WORD_CHARS, at % WORD_CHARS);
        loop {
            let word = self.0.get(place).copied().unwrap_or(0);
            let end = shift + (word >> shift).trailing_ones() as usize;
            // Most runs end in the word that they begin in.
            if end < WORD_CHARS {
                return place * WORD_CHARS + end;
            }
            (place, shift) = (place + 1, 0);
        }
    }

    /// How many of the `count` (1 to 64) characters from `at` are marked here or in `other`.
    pub fn count_either(&self, other: &Self, at: usize, count: usize) -> u32 {
        ((self.from(at) | other.from(at)) << (WORD_CHARS - count)).count_ones()
    }

    /// The bits of the 64 characters from `at`.
    fn from(&self, at: usize) -> u64 {
        let (place, shift) = (at / WORD_CHARS, at % WORD_CHARS);
        let word = |place: usize| self.0.get(place).copied().unwrap_or(0);
        // Shifted by one first: a shift by all 64 bits is none.
        word(place) >> shift | word(place + 1) << 1 << (WORD_CHARS - 1 - shift)
    }
}

/// The last characters' classes, fewer than 64, with none behind them.
fn padded(rest: &[u8]) -> [u8; WORD_CHARS] {
    let mut all = [0; WORD_CHARS];
    if let Some(place) = all.get_mut(..rest.len()) {
        place.copy_from_slice(rest);
    }
    all
}

/// Marks behind a word character, by their classes: those before another word character, and those that begin a run.
pub struct Gaps {
    pub single: u64,
    pub run: u64,
}

/// The gaps of a text, block by block, each with the place that its lowest bit stands for.
pub fn gaps(classes: &[u8], marks: u8, words: u8) -> impl Iterator<Item = (usize, Gaps)> {
    // Blocks overlap by two characters: both neighbours of those between are in sight.
    const STEP_CHARS: usize = WORD_CHARS - 2;
    const INNER: u64 = !(1 | 1 << (WORD_CHARS - 1));
    (0..classes.len()).step_by(STEP_CHARS).map(move |from| {
        let rest = classes.get(from..).unwrap_or_default();
        let last;
        let block = match rest.first_chunk() {
            Some(block) => block,
            None => {
                last = padded(rest);
                &last
            }
        };
        let (marks, words) = (bytes_with(marks, block), bytes_with(words, block));
        let behind_word = marks & words << 1 & INNER;
        (from, Gaps { single: behind_word & words >> 1, run: behind_word & marks >> 1 })
    })
}

/// The places of the bits that are set, the lowest first.
pub fn set_bits(bits: u64) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(bits), |bits| Some(bits & bits.wrapping_sub(1)))
        .take_while(|bits| *bits != 0)
        .map(|bits| bits.trailing_zeros() as usize)
}

/// The first character at or after `at` that `is_meant`, a condition without branches, so that the compiler tests many at
/// once.
pub fn next_where(chars: &[char], at: usize, is_meant: impl Fn(char) -> bool) -> Option<(usize, char)> {
    const BLOCK_CHARS: usize = 8;
    let (blocks, rest) = chars.get(at..)?.as_chunks::<BLOCK_CHARS>();
    let block = blocks.iter().position(|block| block.iter().fold(false, |any, &c| any | is_meant(c)));
    let (from, block) = match block {
        Some(number) => (at + number * BLOCK_CHARS, blocks.get(number)?.as_slice()),
        None => (at + blocks.len() * BLOCK_CHARS, rest),
    };
    block.iter().zip(from..).find(|(c, _)| is_meant(**c)).map(|(c, place)| (place, *c))
}

/// Where two characters begin each of which stands there twice: 六六合合.
pub fn doubled(chars: &[char]) -> impl Iterator<Item = usize> {
    // Blocks overlap by what the last place of each looks ahead.
    const STEP_CHARS: usize = WORD_CHARS - 2;
    let avx2 = Avx2::detect();
    (0..chars.len()).step_by(STEP_CHARS).flat_map(move |from| {
        let same = same_as_next(avx2, chars.get(from..).unwrap_or_default());
        set_bits(same & same >> 2 & !(0b11 << STEP_CHARS)).map(move |bit| from + bit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fold::Class;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_bits_say_what_a_look_at_every_class_says(
            classes in prop::collection::vec(prop_oneof![3 => Just(2u8), 1 => any::<u8>()], 0..300),
            class in 0u32..8,
            at in 0usize..320,
            count in 1usize..=64,
        ) {
            let class = 1 << class;
            let all = Class(classes.iter().fold(0, |all, class| all | class));
            let folded = Folded { classes, all, ..Folded::default() };
            let mut bits = ClassBits(vec![u64::MAX]);
            bits.mark(&folded, class);
            let is_marked = |i: usize| i < folded.classes.len() && folded.class(i).is(class);
            prop_assert_eq!(bits.next(at), (at..folded.classes.len()).find(|&i| is_marked(i)));
            prop_assert_eq!(bits.first_in(at..at + 3 * count), (at..at + 3 * count).find(|&i| is_marked(i)));
            prop_assert_eq!(bits.last_in(at..at + 3 * count), (at..at + 3 * count).rev().find(|&i| is_marked(i)));
            prop_assert_eq!(bits.run_end(at), (at..).find(|&i| !is_marked(i)).unwrap_or(at));
            let mut others = ClassBits::default();
            others.mark(&folded, Class::LETTER);
            let in_either = |i: &usize| is_marked(*i) || *i < folded.classes.len() && folded.class(*i).is(Class::LETTER);
            prop_assert_eq!(bits.count_either(&others, at, count) as usize, (at..at + count).filter(in_either).count());
            bits.mark(&folded, class | Class::LETTER);
            prop_assert_eq!(bits.next(at), (at..folded.classes.len()).find(in_either));
        }

        #[test]
        fn gaps_are_marks_behind_a_word_character(
            classes in prop::collection::vec(prop_oneof![3 => Just(1u8), 2 => any::<u8>()], 0..300),
        ) {
            let (mark, word) = (|i: usize| classes.get(i).is_some_and(|c| c & 0x90 != 0), |i: usize| classes.get(i).is_some_and(|c| c & 7 != 0));
            let behind_word = |i: &usize| *i > 0 && mark(*i) && word(i - 1);
            let (mut single, mut run) = (Vec::new(), Vec::new());
            for (from, gaps) in gaps(&classes, 0x90, 7) {
                single.extend(set_bits(gaps.single).map(|bit| from + bit));
                run.extend(set_bits(gaps.run).map(|bit| from + bit));
            }
            prop_assert_eq!(single, (0..classes.len()).filter(|i| behind_word(i) && word(i + 1)).collect::<Vec<_>>());
            prop_assert_eq!(run, (0..classes.len()).filter(|i| behind_word(i) && mark(i + 1)).collect::<Vec<_>>());
        }

        #[test]
        fn doubled_characters_are_found_wherever_they_stand(chars in prop::collection::vec(prop::sample::select(vec!['甲', '乙', 'a']), 0..200)) {
            let is_doubled = |i: &usize| i + 3 < chars.len() && chars[*i] == chars[i + 1] && chars[i + 2] == chars[i + 3];
            prop_assert_eq!(doubled(&chars).collect::<Vec<_>>(), (0..chars.len()).filter(is_doubled).collect::<Vec<_>>());
        }

        #[test]
        fn the_next_one_is_the_first_that_is_meant(
            chars in prop::collection::vec(prop_oneof![12 => Just('甲'), 1 => Just('a'), 1 => Just('丁')], 0..200),
            at in 0usize..210,
        ) {
            let mut bits = ClassBits(vec![u64::MAX]);
            bits.mark_among(&chars, &['a', '丁']);
            prop_assert_eq!(bits.next(at), (at..chars.len()).find(|&i| chars[i] != '甲'));
            let expected = (at..chars.len()).find(|&i| chars[i] != '甲').map(|i| (i, chars[i]));
            prop_assert_eq!(next_where(&chars, at, |c| (c == 'a') | (c == '丁')), expected);
        }
    }
}
