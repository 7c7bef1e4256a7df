//! Which pairs of neighbouring characters may be among many: two bits of one word for each pair, tested for a whole block of
//! text at once. Must not know what a pair stands for.
//!
//! The one file with `unsafe` code. On x86-64 with AVX2 eight pairs are hashed and looked up together; measured on the
//! bench text (11 MB, 26,000 pairs) the scan is about twice as fast as the portable one, which gives the same answers
//! (property test) and serves every other machine.
#![allow(unsafe_code)]

/// Most pairs tested in one call: one bit each in a word.
pub const BLOCK_PAIRS: usize = 64;
/// Bits of the table for each pair.
const BITS_A_PAIR: usize = 16;

/// A set of pairs. May say yes wrongly (about one in a hundred), never no.
#[derive(Debug, Clone)]
pub struct PairFilter {
    words: Box<[u32]>,
    /// Takes a hash to the number of its word.
    shift: u32,
    has_avx2: bool,
}

const LEFT: u32 = 0x9e37_79b1;
const RIGHT: u32 = 0x85eb_ca77;
const ROTATION: u32 = 15;

fn hash(left: char, right: char) -> u32 {
    (left as u32).wrapping_mul(LEFT) ^ (right as u32).wrapping_mul(RIGHT).rotate_left(ROTATION)
}

fn marks(hash: u32) -> u32 {
    1 << (hash & 31) | 1 << (hash >> 5 & 31)
}

impl PairFilter {
    /// An empty set with room for so many pairs.
    pub fn with_capacity(pairs: usize) -> Self {
        // At least 64 words, at most 2^22 (16 MB).
        let log2 = (pairs * BITS_A_PAIR / 32).next_power_of_two().trailing_zeros().clamp(6, 22);
        #[cfg(target_arch = "x86_64")]
        let has_avx2 = is_x86_feature_detected!("avx2");
        #[cfg(not(target_arch = "x86_64"))]
        let has_avx2 = false;
        Self { words: vec![0; 1 << log2].into_boxed_slice(), shift: 32 - log2, has_avx2 }
    }

    pub fn insert(&mut self, left: char, right: char) {
        let hash = hash(left, right);
        if let Some(word) = self.words.get_mut((hash >> self.shift) as usize) {
            *word |= marks(hash);
        }
    }

    pub fn may_hold(&self, left: char, right: char) -> bool {
        let hash = hash(left, right);
        self.words.get((hash >> self.shift) as usize).is_some_and(|word| word & marks(hash) == marks(hash))
    }

    /// One bit for each pair of the first [`BLOCK_PAIRS`] + 1 characters of `text` that may be in the set, at its first one.
    pub fn passing(&self, text: &[char]) -> u64 {
        let text = text.get(..BLOCK_PAIRS + 1).unwrap_or(text);
        #[cfg(target_arch = "x86_64")]
        if self.has_avx2 && text.len() > 8 {
            // SAFETY: the processor has AVX2, as found out when the set was made.
            return unsafe { self.passing_avx2(text) };
        }
        self.passing_portable(text, 0)
    }

    fn passing_portable(&self, text: &[char], from: usize) -> u64 {
        let rest = text.get(from..).unwrap_or_default();
        rest.iter()
            .zip(rest.iter().skip(1))
            .zip(from..)
            .fold(0, |all, ((left, right), at)| all | u64::from(self.may_hold(*left, *right)) << at)
    }

    /// `text` has at most [`BLOCK_PAIRS`] + 1 characters.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    unsafe fn passing_avx2(&self, text: &[char]) -> u64 {
        use std::arch::x86_64::{
            __m256i, _mm_cvtsi32_si128, _mm256_and_si256, _mm256_castsi256_ps, _mm256_cmpeq_epi32, _mm256_i32gather_epi32,
            _mm256_loadu_si256, _mm256_movemask_ps, _mm256_mullo_epi32, _mm256_or_si256, _mm256_set1_epi32, _mm256_slli_epi32,
            _mm256_sllv_epi32, _mm256_srl_epi32, _mm256_srli_epi32, _mm256_xor_si256,
        };
        let (left_factor, right_factor) = (_mm256_set1_epi32(LEFT as i32), _mm256_set1_epi32(RIGHT as i32));
        let (one, low) = (_mm256_set1_epi32(1), _mm256_set1_epi32(31));
        let shift = _mm_cvtsi32_si128(self.shift as i32);
        let mut all = 0u64;
        let mut at = 0;
        while at + 8 < text.len() {
            // SAFETY: characters at..at + 9 are inside `text`, and a `char` is 32 bits wide.
            let (left, right) = unsafe {
                let first = text.as_ptr().add(at);
                (_mm256_loadu_si256(first.cast::<__m256i>()), _mm256_loadu_si256(first.add(1).cast::<__m256i>()))
            };
            let right = _mm256_mullo_epi32(right, right_factor);
            let right = _mm256_or_si256(_mm256_slli_epi32::<15>(right), _mm256_srli_epi32::<17>(right));
            let hash = _mm256_xor_si256(_mm256_mullo_epi32(left, left_factor), right);
            let places = _mm256_srl_epi32(hash, shift);
            // SAFETY: a hash shifted by `shift` is below the number of words, which is at most 2^22.
            let words = unsafe { _mm256_i32gather_epi32::<4>(self.words.as_ptr().cast::<i32>(), places) };
            let first = _mm256_sllv_epi32(one, _mm256_and_si256(hash, low));
            let second = _mm256_sllv_epi32(one, _mm256_and_si256(_mm256_srli_epi32::<5>(hash), low));
            let marks = _mm256_or_si256(first, second);
            let hold = _mm256_cmpeq_epi32(_mm256_and_si256(words, marks), marks);
            all |= u64::from(_mm256_movemask_ps(_mm256_castsi256_ps(hold)) as u8) << at;
            at += 8;
        }
        all | self.passing_portable(text, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_pair_of_the_set_passes_on_every_machine(
            held in prop::collection::vec(any::<(char, char)>(), 0..200),
            text in prop::collection::vec(prop_oneof![any::<char>(), prop::sample::select(vec!['中', '国', 'a', '1', '。'])], 0..100),
            places in prop::collection::vec(0usize..80, 0..20),
        ) {
            let mut text = text;
            let mut filter = PairFilter::with_capacity(held.len());
            for ((left, right), place) in held.iter().zip(places) {
                if place + 1 < text.len() {
                    (text[place], text[place + 1]) = (*left, *right);
                }
            }
            for (left, right) in held {
                filter.insert(left, right);
                prop_assert!(filter.may_hold(left, right));
            }
            let block = &text[..text.len().min(BLOCK_PAIRS + 1)];
            let expected = block.windows(2).enumerate().fold(0, |all, (at, pair)| all | u64::from(filter.may_hold(pair[0], pair[1])) << at);
            prop_assert_eq!(filter.passing(&text), expected);
            prop_assert_eq!(filter.passing_portable(block, 0), expected);
        }
    }

    #[test]
    fn few_other_pairs_pass() {
        let mut filter = PairFilter::with_capacity(10_000);
        let han = |code: u32| char::from_u32(0x4e00 + code % 20_000).unwrap_or('一');
        for i in 0..10_000 {
            filter.insert(han(i * 7), han(i * 13 + 5));
        }
        let wrong = (0..100_000u32).filter(|i| filter.may_hold(han(i * 11 + 3), han(i * 17 + 1))).count();
        assert!(wrong < 3_000, "{wrong} of 100,000");
    }
}
