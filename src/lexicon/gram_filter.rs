//! Which characters, pairs or triples of neighbouring ones may be among many: three bits of one word for each, tested for
//! a whole block of text at once. Must not know what they stand for.

use crate::text::vector::{Avx2, BLOCK_PLACES, gram_hash, gram_marks};

/// Bits of the table for each gram.
const BITS_A_GRAM: usize = 16;

/// A set of `N` neighbouring characters, or numbers. May say yes wrongly (about one in a hundred), never no.
#[derive(Debug, Clone)]
pub struct GramFilter<const N: usize> {
    words: Box<[u32]>,
    /// Takes a hash to the number of its word.
    shift: u32,
    avx2: Option<Avx2>,
}

impl<const N: usize> GramFilter<N> {
    /// An empty set with room for so many grams.
    pub fn with_capacity(grams: usize) -> Self {
        // At least 64 words, at most 2^22 (16 MB).
        let log2 = (grams * BITS_A_GRAM / 32).next_power_of_two().trailing_zeros().clamp(6, 22);
        Self { words: vec![0; 1 << log2].into_boxed_slice(), shift: 32 - log2, avx2: Avx2::detect() }
    }

    pub fn insert(&mut self, gram: [u32; N]) {
        let hash = gram_hash(gram);
        if let Some(word) = self.words.get_mut((hash >> self.shift) as usize) {
            *word |= gram_marks(hash);
        }
    }

    #[inline(always)]
    pub fn may_hold(&self, gram: [u32; N]) -> bool {
        let hash = gram_hash(gram);
        self.words.get((hash >> self.shift) as usize).is_some_and(|word| word & gram_marks(hash) == gram_marks(hash))
    }

    /// One bit for each of the first [`BLOCK_PLACES`] places of `text` where a gram begins that may be in the set.
    pub fn passing(&self, text: &[char]) -> u64 {
        let text = text.get(..BLOCK_PLACES + N - 1).unwrap_or(text);
        let (all, at) = self.avx2.map_or((0, 0), |avx2| avx2.grams::<N>(&self.words, self.shift, text));
        all | self.passing_portable(text, at)
    }

    fn passing_portable(&self, text: &[char], from: usize) -> u64 {
        let grams = (from..).map_while(|at| Some((at, text.get(at..)?.first_chunk::<N>()?)));
        grams.fold(0, |all, (at, gram)| all | u64::from(self.may_hold(gram.map(u32::from))) << at)
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
