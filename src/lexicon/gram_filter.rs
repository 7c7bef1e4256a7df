//! Which characters, pairs or triples of neighbouring ones may be among many: three bits of one word for each, tested for
//! a whole block of text at once. Must not know what they stand for.
//!
//! The one file with `unsafe` code. On x86-64 with AVX2 eight places are hashed and looked up together; the portable twin
//! gives the same answers (property test) and serves every other machine. Measured with 15,000 patterns on 11 MB of posts,
//! medians of five alternating runs: the scan 1.7 times, judging as a whole 1.24 times as fast as with the portable twin.
#![allow(unsafe_code)]

/// Most places tested in one call: one bit each in a word.
pub const BLOCK_PLACES: usize = 64;
/// Bits of the table for each gram.
const BITS_A_GRAM: usize = 16;

/// A set of `N` neighbouring characters, or numbers. May say yes wrongly (about one in a hundred), never no.
#[derive(Debug, Clone)]
pub struct GramFilter<const N: usize> {
    words: Box<[u32]>,
    /// Takes a hash to the number of its word.
    shift: u32,
    has_avx2: bool,
}

/// Each character of a gram is multiplied and turned by its own, so that their order counts.
const FACTORS: [u32; 3] = [0x9e37_79b1, 0x85eb_ca77, 0xc2b2_ae3d];
const TURNS: [u32; 3] = [0, 15, 26];

#[inline]
fn hash<const N: usize>(gram: [u32; N]) -> u32 {
    let mut hash = 0;
    // Counted, so that the compiler writes the steps out.
    let mut at = 0;
    while at < N {
        hash ^= gram[at].wrapping_mul(FACTORS[at]).rotate_left(TURNS[at]);
        at += 1;
    }
    hash
}

fn marks(hash: u32) -> u32 {
    1 << (hash & 31) | 1 << (hash >> 5 & 31) | 1 << (hash >> 10 & 31)
}

impl<const N: usize> GramFilter<N> {
    /// An empty set with room for so many grams.
    pub fn with_capacity(grams: usize) -> Self {
        const { assert!(N <= FACTORS.len()) };
        // At least 64 words, at most 2^22 (16 MB).
        let log2 = (grams * BITS_A_GRAM / 32).next_power_of_two().trailing_zeros().clamp(6, 22);
        #[cfg(target_arch = "x86_64")]
        let has_avx2 = is_x86_feature_detected!("avx2");
        #[cfg(not(target_arch = "x86_64"))]
        let has_avx2 = false;
        Self { words: vec![0; 1 << log2].into_boxed_slice(), shift: 32 - log2, has_avx2 }
    }

    pub fn insert(&mut self, gram: [u32; N]) {
        let hash = hash(gram);
        if let Some(word) = self.words.get_mut((hash >> self.shift) as usize) {
            *word |= marks(hash);
        }
    }

    #[inline(always)]
    pub fn may_hold(&self, gram: [u32; N]) -> bool {
        let hash = hash(gram);
        self.words.get((hash >> self.shift) as usize).is_some_and(|word| word & marks(hash) == marks(hash))
    }

    /// One bit for each of the first [`BLOCK_PLACES`] places of `text` where a gram begins that may be in the set.
    pub fn passing(&self, text: &[char]) -> u64 {
        let text = text.get(..BLOCK_PLACES + N - 1).unwrap_or(text);
        #[cfg(target_arch = "x86_64")]
        if self.has_avx2 {
            // SAFETY: the processor has AVX2, as found out when the set was made.
            return unsafe { self.passing_avx2(text) };
        }
        self.passing_portable(text, 0)
    }

    fn passing_portable(&self, text: &[char], from: usize) -> u64 {
        let grams = (from..).map_while(|at| Some((at, text.get(at..)?.first_chunk::<N>()?)));
        grams.fold(0, |all, (at, gram)| all | u64::from(self.may_hold(gram.map(u32::from))) << at)
    }

    /// `text` has at most [`BLOCK_PLACES`] + N - 1 characters.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    unsafe fn passing_avx2(&self, text: &[char]) -> u64 {
        use std::arch::x86_64::{
            __m256i, _mm_cvtsi32_si128, _mm256_and_si256, _mm256_castsi256_ps, _mm256_cmpeq_epi32, _mm256_i32gather_epi32,
            _mm256_loadu_si256, _mm256_movemask_ps, _mm256_mullo_epi32, _mm256_or_si256, _mm256_set1_epi32, _mm256_setzero_si256,
            _mm256_sll_epi32, _mm256_sllv_epi32, _mm256_srl_epi32, _mm256_srli_epi32, _mm256_xor_si256,
        };
        let (one, low) = (_mm256_set1_epi32(1), _mm256_set1_epi32(31));
        let shift = _mm_cvtsi32_si128(self.shift as i32);
        let mut all = 0u64;
        let mut at = 0;
        while at + 7 + N <= text.len() {
            let mut hash = _mm256_setzero_si256();
            for ((step, factor), turn) in (0..N).zip(FACTORS).zip(TURNS) {
                // SAFETY: characters at..at + 7 + N are inside `text`, `step` is below N, and a `char` is 32 bits wide.
                let part = unsafe { _mm256_loadu_si256(text.as_ptr().add(at + step).cast::<__m256i>()) };
                let part = _mm256_mullo_epi32(part, _mm256_set1_epi32(factor as i32));
                let (up, down) = (_mm_cvtsi32_si128(turn as i32), _mm_cvtsi32_si128(32 - turn as i32));
                hash = _mm256_xor_si256(hash, _mm256_or_si256(_mm256_sll_epi32(part, up), _mm256_srl_epi32(part, down)));
            }
            let places = _mm256_srl_epi32(hash, shift);
            // SAFETY: a hash shifted by `shift` is below the number of words, which is at most 2^22.
            let words = unsafe { _mm256_i32gather_epi32::<4>(self.words.as_ptr().cast::<i32>(), places) };
            let first = _mm256_sllv_epi32(one, _mm256_and_si256(hash, low));
            let second = _mm256_sllv_epi32(one, _mm256_and_si256(_mm256_srli_epi32::<5>(hash), low));
            let third = _mm256_sllv_epi32(one, _mm256_and_si256(_mm256_srli_epi32::<10>(hash), low));
            let marks = _mm256_or_si256(_mm256_or_si256(first, second), third);
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

    /// Plants grams of the set in a text and compares the answers of both ways.
    fn check<const N: usize>(held: &[[char; N]], mut text: Vec<char>, places: Vec<usize>) -> Result<(), TestCaseError> {
        for (gram, place) in held.iter().zip(places) {
            if let Some(piece) = text.get_mut(place..place + N) {
                piece.copy_from_slice(gram);
            }
        }
        let mut filter = GramFilter::with_capacity(held.len());
        for gram in held {
            filter.insert(gram.map(u32::from));
            prop_assert!(filter.may_hold(gram.map(u32::from)));
        }
        let block = &text[..text.len().min(BLOCK_PLACES + N - 1)];
        let expected = (0..block.len().saturating_sub(N - 1)).fold(0, |all, at| {
            let gram = std::array::from_fn(|step| block[at + step] as u32);
            all | u64::from(filter.may_hold(gram)) << at
        });
        prop_assert_eq!(filter.passing(&text), expected);
        prop_assert_eq!(filter.passing_portable(block, 0), expected);
        Ok(())
    }

    fn text() -> impl Strategy<Value = Vec<char>> {
        prop::collection::vec(prop_oneof![any::<char>(), prop::sample::select(vec!['中', '国', 'a', '1', '。'])], 0..100)
    }

    proptest! {
        #[test]
        fn every_gram_of_the_set_passes_on_every_machine(
            pairs in prop::collection::vec(any::<[char; 2]>(), 0..200),
            triples in prop::collection::vec(any::<[char; 3]>(), 0..200),
            text in text(),
            places in prop::collection::vec(0usize..80, 0..20),
        ) {
            check(&pairs, text.clone(), places.clone())?;
            check(&triples, text, places)?;
        }
    }

    #[test]
    fn few_other_grams_pass() {
        let mut pairs = GramFilter::with_capacity(10_000);
        let mut triples = GramFilter::with_capacity(10_000);
        let han = |code: u32| 0x4e00 + code % 20_000;
        for i in 0..10_000 {
            pairs.insert([han(i * 7), han(i * 13 + 5)]);
            triples.insert([han(i * 7), han(i * 13 + 5), han(i * 29)]);
        }
        let wrong = |may_hold: &dyn Fn(u32) -> bool| (0..100_000).filter(|&i| may_hold(i)).count();
        let (of_pairs, of_triples) = (
            wrong(&|i| pairs.may_hold([han(i * 11 + 3), han(i * 17 + 1)])),
            wrong(&|i| triples.may_hold([han(i * 11 + 3), han(i * 17 + 1), han(i * 5)])),
        );
        assert!(of_pairs < 1_500 && of_triples < 1_500, "{of_pairs}, {of_triples} of 100,000");
    }
}
