//! Words of lists that are looked for only where a detector asks: guards are full of everyday words, and a hit for each of
//! them in every text would cost more than all the rest. What was looked at once answers the next question, too.
//! Must not know what a list is for.

use super::compile::{Hit, Layer, ListSet};
use super::matcher::{Matcher, Occurrence};
use std::collections::BTreeMap;
use std::ops::Range;

/// Characters that are looked at together where a long stretch is asked about.
const BLOCK_CHARS: usize = 64;
/// Longest stretch that is looked at for one question alone, in characters. Most questions are about a few characters far from
/// each other; the long ones are about sentences, which many hits share.
const STRETCH_CHARS_MAX: usize = 2 * BLOCK_CHARS;

/// All lists that are only asked for.
pub struct AskedLists {
    lists: Vec<AskedList>,
    all: ListSet,
    /// Where each list stands, by its number.
    places: Vec<usize>,
}

struct AskedList {
    set: ListSet,
    matcher: Matcher,
    /// Characters of the longest word.
    longest: usize,
}

/// What has been looked at of one text, by list.
#[derive(Debug, Default)]
pub struct Answers(Vec<Answer>);

/// Which words of one list stand in the blocks that have been looked at.
#[derive(Debug, Default)]
struct Answer {
    /// For each block that has been looked at, the first of the words that begin in it, and how many there are.
    blocks: Vec<Option<(u32, u32)>>,
    /// In each block sorted by place.
    words: Vec<(u32, u32)>,
}

impl Answers {
    pub fn clear(&mut self) {
        for answer in &mut self.0 {
            answer.blocks.clear();
            answer.words.clear();
        }
    }
}

impl AskedLists {
    /// `words`: those of each list, by its number. `weight` says how common a pair is in ordinary text.
    pub fn new(words: BTreeMap<u8, Vec<Vec<char>>>, weight: impl Fn(char, char) -> f32) -> Self {
        let mut places = vec![0; usize::from(u8::MAX) + 1];
        for (place, number) in words.keys().enumerate() {
            if let Some(entry) = places.get_mut(usize::from(*number)) {
                *entry = place;
            }
        }
        let lists: Vec<AskedList> = words
            .into_iter()
            .map(|(number, words)| AskedList {
                set: ListSet::of(number),
                matcher: Matcher::new(&words, &weight, |_| false),
                longest: words.iter().map(Vec::len).max().unwrap_or(0),
            })
            .collect();
        Self { all: lists.iter().fold(ListSet::default(), |all, list| all.and(list.set)), lists, places }
    }

    /// Whether some of these lists are among them.
    pub fn holds(&self, lists: ListSet) -> bool {
        self.all.meets(lists)
    }

    /// Calls `found` with start and end of every word of these lists that lies inside the range of the text `chars`. `answers`
    /// are of this text.
    pub fn words(&self, lists: ListSet, chars: &[char], range: Range<usize>, answers: &mut Answers, mut found: impl FnMut(u32, u32)) {
        let range = range.start.min(chars.len())..range.end.min(chars.len());
        // Of hundreds of questions each asks for one or two of many lists.
        for number in self.all.in_both(lists).numbers() {
            let Some(&place) = self.places.get(usize::from(number)) else { continue };
            let Some(list) = self.lists.get(place) else { continue };
            if range.len() <= STRETCH_CHARS_MAX {
                let from = range.start as u32;
                let stretch = chars.get(range.clone()).unwrap_or_default();
                list.matcher.scan(stretch, |Occurrence { start, end, .. }| found(from + start, from + end));
                continue;
            }
            if answers.0.len() <= place {
                answers.0.resize_with(self.lists.len(), Answer::default);
            }
            if let Some(answer) = answers.0.get_mut(place) {
                answer.look_at(list, chars, &range);
                answer.words_in(&range).for_each(|(start, end)| found(start, end));
            }
        }
    }

    /// Those words, by place; their pattern is none of the lexicon's.
    pub fn words_in(&self, lists: ListSet, chars: &[char], range: Range<usize>, answers: &mut Answers) -> Vec<Hit> {
        let mut hits = Vec::new();
        let mut push = |start, end| hits.push(Hit { start, end, pattern: u32::MAX, layer: Layer::Folded });
        self.words(lists, chars, range, answers, &mut push);
        hits.sort_unstable();
        hits
    }

    /// Whether there is such a word.
    pub fn has_word(&self, lists: ListSet, chars: &[char], range: Range<usize>, answers: &mut Answers) -> bool {
        let mut has = false;
        self.words(lists, chars, range, answers, |_, _| has = true);
        has
    }
}

impl Answer {
    /// Words that lie inside the range, all of whose blocks have been looked at.
    fn words_in(&self, range: &Range<usize>) -> impl Iterator<Item = (u32, u32)> {
        let of_block = |block: usize| {
            let (first, count) = self.blocks.get(block).copied().flatten().unwrap_or_default();
            self.words.get(first as usize..(first + count) as usize).unwrap_or_default()
        };
        let is_inside = |(start, end): &(u32, u32)| *start as usize >= range.start && *end as usize <= range.end;
        blocks_of(range).flat_map(of_block).copied().filter(is_inside)
    }

    /// Looks at the blocks of the range that have not been looked at, neighbours together.
    fn look_at(&mut self, list: &AskedList, chars: &[char], range: &Range<usize>) {
        let blocks = blocks_of(range);
        if self.blocks.len() < blocks.end {
            self.blocks.resize(blocks.end, None);
        }
        let mut from = blocks.start;
        while from < blocks.end {
            let is_known = |block: &usize| self.blocks.get(*block).is_some_and(Option::is_some);
            let to = (from..blocks.end).find(is_known).unwrap_or(blocks.end);
            if from < to {
                self.scan(list, chars, from..to);
            }
            from = to + 1;
        }
    }

    fn scan(&mut self, list: &AskedList, chars: &[char], blocks: Range<usize>) {
        let (from, to) = (blocks.start * BLOCK_CHARS, blocks.end * BLOCK_CHARS);
        // A word may reach into the next block.
        let text = chars.get(from..(to + list.longest).min(chars.len())).unwrap_or_default();
        let mut at = self.words.len();
        list.matcher.scan(text, |Occurrence { start, end, .. }| {
            if from + (start as usize) < to {
                self.words.push((from as u32 + start, from as u32 + end));
            }
        });
        self.words.get_mut(at..).unwrap_or_default().sort_unstable();
        for block in blocks {
            let is_before_end = |word: &&(u32, u32)| (word.0 as usize) < (block + 1) * BLOCK_CHARS;
            let count = self.words.get(at..).unwrap_or_default().iter().take_while(is_before_end).count();
            if let Some(place) = self.blocks.get_mut(block) {
                *place = Some((at as u32, count as u32));
            }
            at += count;
        }
    }
}

fn blocks_of(range: &Range<usize>) -> Range<usize> {
    range.start / BLOCK_CHARS..range.end.div_ceil(BLOCK_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn answers_do_not_depend_on_what_was_asked_before(
            words in prop::collection::btree_map(0u8..3, prop::collection::btree_set("[甲乙a]{1,4}", 1..6), 1..4),
            text in "[甲乙丙a]{0,600}",
            questions in prop::collection::vec((prop::collection::vec(0u8..3, 1..4), 0usize..620, 0usize..400), 1..12),
        ) {
            let words: BTreeMap<u8, Vec<Vec<char>>> =
                words.into_iter().map(|(list, words)| (list, words.iter().map(|word| word.chars().collect()).collect())).collect();
            let chars: Vec<char> = text.chars().collect();
            let asked = AskedLists::new(words.clone(), |_, _| 0.0);
            let mut answers = Answers::default();
            for (lists, start, len) in questions {
                let lists = lists.into_iter().map(ListSet::of).fold(ListSet::default(), ListSet::and);
                let range = start..start + len;
                let of_lists = || words.iter().filter(|(list, _)| ListSet::of(**list).meets(lists)).flat_map(|(_, words)| words);
                let mut expected: Vec<(u32, u32)> = (range.start..range.end.min(chars.len()))
                    .flat_map(|at| of_lists().map(move |word| (at, word)))
                    .filter(|(at, word)| at + word.len() <= range.end && chars[*at..].starts_with(word))
                    .map(|(at, word)| (at as u32, (at + word.len()) as u32))
                    .collect();
                expected.sort_unstable();
                let found = asked.words_in(lists, &chars, range.clone(), &mut answers);
                prop_assert_eq!(found.iter().map(|hit| (hit.start, hit.end)).collect::<Vec<_>>(), expected.clone());
                prop_assert_eq!(asked.has_word(lists, &chars, range, &mut answers), !expected.is_empty());
            }
        }
    }
}
