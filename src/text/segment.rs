//! Word boundaries, lazily: only the stretch of words around a candidate is segmented, once.
//! Must not know terms or detectors.
//!
//! The most probable segmentation by word frequencies, as jieba does it without its model for unknown words; equal to
//! segmenting the whole text, since no word crosses the ends of such a stretch.

use super::fold::{Class, Folded};
use std::collections::HashMap;
use std::ops::Range;

/// Longest stretch whose words overlap that is weighed as one, in characters; text made to be longer is cut there.
const PIECE_CHARS_MAX: usize = 4_096;

/// Bits of a slot that number its first word; the others count its words. Room for a million words, 4,095 of one pair.
const FIRST_BITS: u32 = 20;
/// Size of the table of pairs inside words: about eight bits for each of the 400,000 pairs of the shipped list.
const INNER_WORDS: usize = 1 << 16;
/// Ideographs of the basic plane: the characters whose own weight is kept.
const SINGLES_FROM: usize = 0x3400;
const SINGLES: usize = 0xa000 - SINGLES_FROM;

/// Segments runs of folded text.
#[derive(Default)]
pub struct Segmenter {
    /// Open addressing: first two characters → words of two and more that begin with them. A count of 0 is empty.
    slots: Box<[Slot]>,
    words: Vec<Word>,
    /// Third and later characters of the words that have no room for them.
    rest: Vec<u16>,
    /// ln(count) of single characters from [`SINGLES_FROM`]; NaN where the dictionary has none.
    singles: Box<[f64]>,
    /// ln(sum of all counts).
    total: f64,
    /// Pairs of characters that stand side by side in some word, two bits each: no word crosses any other pair. A third
    /// where a word begins with the pair. May name a pair wrongly, never leave one out.
    inner: Box<[u64]>,
    others: HashMap<String, bool>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    pair: u32,
    /// First of its words, in the high [`FIRST_BITS`] bits, and how many there are.
    words: u32,
}

impl Slot {
    fn range(self) -> Range<usize> {
        let first = (self.words >> (32 - FIRST_BITS)) as usize;
        first..first + self.count()
    }

    fn count(self) -> usize {
        (self.words & ((1 << (32 - FIRST_BITS)) - 1)) as usize
    }
}

/// What is known of one character before its words are compared with the text. Collected for a whole stretch first:
/// the tables are large, and look-ups that do not wait for each other cost little more than one.
#[derive(Debug, Clone, Copy)]
struct Begun {
    single: f64,
    slot: Slot,
    first: Option<Word>,
}

#[derive(Debug, Clone, Copy)]
struct Word {
    /// ln(count).
    weight: f64,
    /// Its third and later characters where they fit; else, in the first two, the number of the first of them in `rest`.
    later: [u16; LATER_CHARS],
    len: u8,
    is_person: bool,
}

/// Characters of a word that are kept beside its weight. Few words are longer: memory that is not at hand costs most.
const LATER_CHARS: usize = 3;

impl Word {
    /// Whether its later characters stand in `rest`, from where.
    fn from(&self) -> Option<usize> {
        let [low, high, ..] = self.later;
        (usize::from(self.len) > 2 + LATER_CHARS).then_some(usize::from(high) << 16 | usize::from(low))
    }

    fn set_from(&mut self, from: usize) {
        let [low, high, ..] = &mut self.later;
        (*low, *high) = (from as u16, (from >> 16) as u16);
    }
}

/// A line of the word list that cannot be read; the first where the list as a whole is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: not word, count, person")]
pub struct BadLine {
    pub line: u64,
}

/// Boundaries already known for one passage, and memory for finding more.
#[derive(Debug, Default)]
pub struct KnownRuns {
    /// One bit for each folded character: a word begins there, or the stretch before it ends.
    starts: Vec<u64>,
    /// One bit for each folded character of a stretch that has been segmented.
    known: Vec<u64>,
    piece: Piece,
}

/// The words of one stretch and the best way through them.
#[derive(Debug, Default)]
struct Piece {
    /// For each character of the stretch, where the words that begin with it and the next one are.
    begun: Vec<Begun>,
    /// End and weight of every word, by where it begins.
    words: Vec<(u32, f64)>,
    /// For each character, the first of its words; one more at the end.
    first: Vec<u32>,
    /// For each character, the weight of the best way from it to the end, and where its word ends.
    best: Vec<(f64, u32)>,
}

impl KnownRuns {
    pub fn clear(&mut self) {
        self.starts.clear();
        self.known.clear();
    }
}

fn has(bits: &[u64], at: usize) -> bool {
    bits.get(at >> 6).is_some_and(|word| word >> (at & 63) & 1 == 1)
}

fn set(bits: &mut Vec<u64>, at: usize) {
    if bits.len() <= at >> 6 {
        bits.resize((at >> 6) + 1, 0);
    }
    if let Some(word) = bits.get_mut(at >> 6) {
        *word |= 1 << (at & 63);
    }
}

fn pair(a: char, b: char) -> Option<u32> {
    // Words beyond the basic plane are names of rare characters; nothing else overlaps them.
    ((a as u32) < 0x1_0000 && (b as u32) < 0x1_0000).then_some((a as u32) << 16 | b as u32)
}

fn hash(pair: u32) -> u64 {
    u64::from(pair).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn place(pair: u32, slots: usize) -> usize {
    (hash(pair) >> 40) as usize & (slots - 1)
}

/// Which word of the table of inner pairs holds the bits of a pair, its bits, and one more where it begins a word.
fn inner_place(pair: u32) -> (usize, u64, u64) {
    let hash = hash(pair);
    ((hash >> 32) as usize & (INNER_WORDS - 1), 1 << (hash >> 20 & 63) | 1 << (hash >> 26 & 63), 1 << (hash >> 14 & 63))
}

impl Segmenter {
    /// Reads the list of words: a header, then `word`, `count`, `person` (1 for a person's name), divided by tabs.
    pub fn read(bytes: &[u8]) -> Result<Self, BadLine> {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| BadLine { line: bytes.iter().take(error.valid_up_to()).filter(|&&b| b == b'\n').count() as u64 + 1 })?;
        let mut singles = vec![f64::NAN; SINGLES].into_boxed_slice();
        let mut others = HashMap::new();
        let mut listed: Vec<(u32, Word)> = Vec::with_capacity(bytes.len() / 12);
        let mut rest: Vec<u16> = Vec::with_capacity(bytes.len() / 8);
        let mut inner = vec![0u64; INNER_WORDS].into_boxed_slice();
        let mut total = 0u64;
        for (line, row) in (1u64..).zip(text.lines()).skip(1).filter(|(_, row)| !row.is_empty()) {
            let mut cells = row.split('\t');
            let (Some(word), Some(count)) = (cells.next(), cells.next().and_then(|c| c.trim().parse::<u64>().ok())) else {
                return Err(BadLine { line });
            };
            if word.is_empty() || count == 0 || word.chars().nth(usize::from(u8::MAX)).is_some() {
                return Err(BadLine { line });
            }
            let is_person = cells.next().is_some_and(|c| c.trim() == "1");
            total += count;
            let weight = (count as f64).ln();
            for (number, (a, b)) in word.chars().zip(word.chars().skip(1)).enumerate() {
                let Some((at, bits, begin)) = pair(a, b).map(inner_place) else { continue };
                if let Some(place) = inner.get_mut(at) {
                    *place |= if number == 0 { bits | begin } else { bits };
                }
            }
            let mut chars = word.chars();
            let (first, second) = (chars.next(), chars.next());
            match (first, second) {
                (Some(only), None) => match singles.get_mut((only as usize).wrapping_sub(SINGLES_FROM)) {
                    Some(place) => *place = weight,
                    None => drop(others.insert(word.to_owned(), is_person)),
                },
                (Some(a), Some(b)) if word.chars().all(|c| (c as u32) < 0x1_0000) => {
                    let Some(pair) = pair(a, b) else { continue };
                    let len = word.chars().count() as u8;
                    let mut word = Word { weight, later: [0; LATER_CHARS], len, is_person };
                    if usize::from(len) > 2 + LATER_CHARS {
                        word.set_from(rest.len());
                        rest.extend(chars.map(|c| c as u16));
                    } else {
                        word.later.iter_mut().zip(chars).for_each(|(to, c)| *to = c as u16);
                    }
                    listed.push((pair, word));
                }
                _ => drop(others.insert(word.to_owned(), is_person)),
            }
        }
        if listed.len() >= 1 << FIRST_BITS {
            return Err(BadLine { line: 1 << FIRST_BITS });
        }
        // Equal words cannot be told apart: the last one counts, as in jieba.
        listed.sort_by_key(|(pair, word)| (*pair, word.len));
        // Common words lie together: what is asked for often has room in fast memory.
        let commonest = |group: &[(u32, Word)]| group.iter().map(|(_, word)| word.weight).fold(0.0, f64::max);
        let mut groups: Vec<(f64, &[(u32, Word)])> = listed.chunk_by(|a, b| a.0 == b.0).map(|group| (commonest(group), group)).collect();
        groups.sort_by(|a, b| b.0.total_cmp(&a.0));
        let size = (listed.len() * 3 / 4).next_power_of_two().max(64);
        let mut slots = vec![Slot::default(); size].into_boxed_slice();
        let mut words = Vec::with_capacity(listed.len());
        for (_, group) in groups {
            let Some((pair, _)) = group.first() else { continue };
            if group.len() >= 1 << (32 - FIRST_BITS) {
                return Err(BadLine { line: 1 });
            }
            let mut at = place(*pair, size);
            while slots.get(at).is_some_and(|slot| slot.count() > 0) {
                at = (at + 1) & (size - 1);
            }
            if let Some(slot) = slots.get_mut(at) {
                *slot = Slot { pair: *pair, words: (words.len() as u32) << (32 - FIRST_BITS) | group.len() as u32 };
            }
            words.extend(group.iter().map(|(_, word)| *word));
        }
        rest.shrink_to_fit();
        Ok(Self { slots, words, rest, singles, total: (total.max(1) as f64).ln(), inner, others })
    }

    fn single(&self, c: char) -> f64 {
        self.singles.get((c as usize).wrapping_sub(SINGLES_FROM)).copied().unwrap_or(f64::NAN)
    }

    /// The slot of the words of two and more characters that begin with this pair; an empty one where there is none.
    fn slot(&self, a: char, b: char) -> Slot {
        let Some(pair) = pair(a, b) else { return Slot::default() };
        let mut at = place(pair, self.slots.len().max(1));
        loop {
            match self.slots.get(at) {
                Some(&slot) if slot.pair == pair || slot.count() == 0 => return slot,
                Some(_) => at = (at + 1) & (self.slots.len() - 1),
                None => return Slot::default(),
            }
        }
    }

    fn words_of(&self, slot: Slot) -> &[Word] {
        self.words.get(slot.range()).unwrap_or_default()
    }

    /// Whether the third and later characters of the word are these.
    fn goes_on(&self, word: &Word, later: &[char]) -> bool {
        let count = usize::from(word.len) - 2;
        let kept = word.from().map_or(word.later.get(..count), |from| self.rest.get(from..from + count)).unwrap_or_default();
        kept.len() == later.len() && kept.iter().zip(later).all(|(&have, &c)| u32::from(have) == c as u32)
    }

    fn word(&self, chars: &[char]) -> Option<&Word> {
        let [a, b, later @ ..] = chars else { return None };
        let is_it = |word: &&Word| usize::from(word.len) == chars.len() && self.goes_on(word, later);
        self.words_of(self.slot(*a, *b)).iter().rfind(is_it)
    }

    pub fn has_word(&self, word: &str) -> bool {
        self.has(&word.chars().collect::<Vec<char>>())
    }

    /// Whether these characters are a word.
    pub fn has(&self, word: &[char]) -> bool {
        match word {
            [only] if !self.single(*only).is_nan() => true,
            word => self.word(word).is_some() || self.other(word).is_some(),
        }
    }

    /// How often the word list counts a word of two characters or more; 0 where it has none.
    pub fn count(&self, word: &[char]) -> f64 {
        self.word(word).map_or(0.0, |word| word.weight.exp())
    }

    /// Whether the dictionary knows the word as a person's name.
    pub fn is_person(&self, word: &[char]) -> bool {
        self.word(word).map(|w| w.is_person).or_else(|| self.other(word)).unwrap_or(false)
    }

    /// Whether a word that is kept apart, as rare characters are, is a person's name.
    fn other(&self, word: &[char]) -> Option<bool> {
        let may_be = word.len() == 1 || word.iter().any(|&c| c as u32 >= 0x1_0000);
        if may_be { self.others.get(&word.iter().collect::<String>()).copied() } else { None }
    }

    /// `None` when `start` and `end` are word boundaries of the folded text; otherwise the words around, joined by `/`.
    pub fn straddled(&self, folded: &Folded, start: usize, end: usize, known: &mut KnownRuns) -> Option<String> {
        if self.is_boundary(folded, start, known) && self.is_boundary(folded, end, known) {
            return None;
        }
        let mut from = start;
        while !self.is_boundary(folded, from, known) {
            from -= 1;
        }
        let mut to = end;
        while !self.is_boundary(folded, to, known) {
            to += 1;
        }
        let mut words = String::new();
        for at in from..to.min(folded.len()) {
            if at > from && self.is_boundary(folded, at, known) {
                words.push('/');
            }
            words.extend(folded.chars.get(at));
        }
        Some(words)
    }

    /// Whether a word of the folded text begins or ends at `at`.
    pub fn is_boundary(&self, folded: &Folded, at: usize, known: &mut KnownRuns) -> bool {
        let is_han = |i: usize| folded.class(i).is(Class::HAN);
        // Not inside a Han run: letters and digits are words of their own.
        if at == 0 || !is_han(at - 1) || !is_han(at) {
            return true;
        }
        if !self.may_cross(folded, at) {
            return true;
        }
        if !has(&known.known, at) {
            // No word reaches beyond a pair that stands in no word: what lies between two of those is cut by itself.
            let mut start = at;
            while start > 0 && is_han(start - 1) && self.may_cross(folded, start) {
                start -= 1;
            }
            let goes_on = |&i: &usize| is_han(i) && self.may_cross(folded, i);
            let end = (at + 1..folded.len()).find(|i| !goes_on(i)).unwrap_or(folded.len());
            self.segment(folded, start, end, known);
        }
        has(&known.starts, at)
    }

    /// Whether some word of the list may hold the characters before and at `at`.
    fn may_cross(&self, folded: &Folded, at: usize) -> bool {
        let Some([a, b]) = at.checked_sub(1).and_then(|before| folded.chars.get(before..=at)) else { return false };
        pair(*a, *b).is_some_and(|pair| {
            let (place, bits, _) = inner_place(pair);
            self.inner.get(place).is_some_and(|word| word & bits == bits)
        })
    }

    /// Whether some word of the list may begin with these two characters.
    fn may_begin(&self, a: char, b: char) -> bool {
        pair(a, b).is_some_and(|pair| {
            let (place, bits, begin) = inner_place(pair);
            self.inner.get(place).is_some_and(|word| word & (bits | begin) == bits | begin)
        })
    }

    /// Marks the word boundaries of a stretch that no word crosses the ends of.
    fn segment(&self, folded: &Folded, start: usize, end: usize, known: &mut KnownRuns) {
        let Some(run) = folded.chars.get(start..end) else { return };
        let KnownRuns { starts, known, piece } = known;
        (start..end).for_each(|at| set(known, at));
        piece.clear();
        let mut begun = std::mem::take(&mut piece.begun);
        begun.clear();
        let next = run.iter().skip(1).map(Some).chain([None]);
        begun.extend(run.iter().zip(next).map(|(&c, next)| Begun {
            single: self.single(c),
            slot: next.filter(|&&next| self.may_begin(c, next)).map_or(Slot::default(), |&next| self.slot(c, next)),
            first: None,
        }));
        for word in &mut begun {
            word.first = self.words_of(word.slot).first().copied();
        }
        // No word found so far reaches beyond here.
        let (mut piece_start, mut reach) = (0, 0);
        for (at, word) in begun.iter().enumerate() {
            if at == reach && at > piece_start || at - piece_start >= PIECE_CHARS_MAX {
                piece.mark(start + piece_start, self.total, starts);
                piece.clear();
                piece_start = at;
            }
            reach = reach.max(at + 1);
            piece.first.push(piece.words.len() as u32);
            if !word.single.is_nan() {
                piece.words.push(((at + 1 - piece_start) as u32, word.single));
            }
            let others = self.words_of(word.slot).get(1..).unwrap_or_default();
            for word in word.first.iter().chain(others) {
                let word_end = at + usize::from(word.len);
                let fits = word.len == 2 || run.get(at + 2..word_end).is_some_and(|later| self.goes_on(word, later));
                if fits {
                    piece.words.push(((word_end - piece_start) as u32, word.weight));
                    reach = reach.max(word_end);
                }
            }
        }
        piece.mark(start + piece_start, self.total, starts);
        piece.begun = begun;
        set(starts, end);
    }
}

impl Piece {
    fn clear(&mut self) {
        self.words.clear();
        self.first.clear();
    }

    /// Marks where the words of the most probable way begin; `start` is where the piece stands.
    fn mark(&mut self, start: usize, total: f64, starts: &mut Vec<u64>) {
        let Self { words, first, best, .. } = self;
        let len = first.len();
        match len {
            0 => return,
            1 => return set(starts, start),
            _ => {}
        }
        best.clear();
        best.resize(len + 1, (0.0, len as u32));
        let mut words_end = words.len();
        for at in (0..len).rev() {
            let from = first.get(at).copied().unwrap_or(0) as usize;
            let weight_at = |end: u32| best.get((end as usize).min(len)).map_or(0.0, |b| b.0);
            let mut chosen: Option<(f64, u32)> = None;
            for &(end, weight) in words.get(from..words_end).unwrap_or_default() {
                let whole = weight - total + weight_at(end);
                // Of two equally probable ways the longer word, as in jieba.
                if chosen.is_none_or(|(best, best_end)| whole > best || whole == best && end > best_end) {
                    chosen = Some((whole, end));
                }
            }
            words_end = from;
            let chosen = chosen.unwrap_or_else(|| (-total + weight_at(at as u32 + 1), at as u32 + 1));
            if let Some(place) = best.get_mut(at) {
                *place = chosen;
            }
        }
        let mut at = 0;
        while at < len {
            set(starts, start + at);
            at = best.get(at).map_or(len, |b| (b.1 as usize).max(at + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fold::FoldTable;
    use jieba_rs::Jieba;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static OURS: LazyLock<Segmenter> =
        LazyLock::new(|| Segmenter::read(include_bytes!("../../dictionaries/tables/words.tsv")).expect("the shipped words"));
    static JIEBA: LazyLock<Jieba> = LazyLock::new(Jieba::new);

    /// Counts of the shipped words, and the sum of them all.
    static COUNTS: LazyLock<(HashMap<&str, f64>, f64)> = LazyLock::new(|| {
        let lines = include_str!("../../dictionaries/tables/words.tsv").lines().skip(1);
        let counts: HashMap<&str, f64> = lines
            .map(|line| {
                let mut cells = line.split('\t');
                (cells.next().expect("a word"), cells.next().and_then(|n| n.parse().ok()).expect("its count"))
            })
            .collect();
        let sum = counts.values().sum();
        (counts, sum)
    });

    /// ln of the probability of these words; a character that is no word counts 1, as in jieba.
    fn log_probability(text: &str, boundaries: &[usize]) -> f64 {
        let (counts, sum) = &*COUNTS;
        let chars: Vec<char> = text.chars().collect();
        let word = |ends: &[usize]| chars[ends[0]..ends[1]].iter().collect::<String>();
        boundaries.windows(2).map(|ends| counts.get(word(ends).as_str()).map_or(0.0, |n| n.ln()) - sum.ln()).sum()
    }

    fn boundaries(text: &str) -> Vec<usize> {
        let folded = FoldTable::new(&[], &[]).fold(text);
        let mut known = KnownRuns::default();
        (0..=folded.len()).filter(|&at| OURS.is_boundary(&folded, at, &mut known)).collect()
    }

    fn boundaries_of_jieba(text: &str) -> Vec<usize> {
        let mut all: Vec<usize> = JIEBA.tokenize(text, jieba_rs::TokenizeMode::Default, false).iter().map(|t| t.start).collect();
        all.push(text.chars().count());
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8 * ProptestConfig::default().cases))]
        #[test]
        fn boundaries_are_those_of_jieba(
            words in prop::collection::vec(prop::sample::select(vec![
                "发展中国家", "中国", "国家", "人民", "民政", "政府", "府办", "办公室", "研究", "究生", "生命", "起源", "的", "大学生", "学生会",
                "会主席", "和", "服务", "务必", "结婚", "尚未", "未来", "来自", "自由", "由于", "长春市", "市长", "春药", "药店", "店员", "一",
                "中华人民共和国", "中华人民", "全国人民代表大会", "改革开放", "人民代表",
            ]), 1..30),
        ) {
            let text = words.concat();
            let (ours, theirs) = (boundaries(&text), boundaries_of_jieba(&text));
            // 一一/一 and 一/一一 are equally probable: which wins there is chance of rounding.
            let gain = log_probability(&text, &ours) - log_probability(&text, &theirs);
            prop_assert!(ours == theirs || gain.abs() < 1e-9, "{:?}, jieba {:?}, gain {}", ours, theirs, gain);
        }
    }

    #[test]
    fn ordinary_text_is_cut_as_jieba_cuts_it() {
        for line in include_str!("../../dictionaries/canary.txt").lines() {
            for run in line.split(|c: char| !crate::text::fold::is_han(c as u32)).filter(|run| !run.is_empty()) {
                assert_eq!(boundaries(run), boundaries_of_jieba(run), "{run}");
            }
        }
    }

    #[test]
    fn a_hit_across_words_is_told_with_the_words() {
        let folded = FoldTable::new(&[], &[]).fold("，长春药店开业。");
        let mut known = KnownRuns::default();
        assert_eq!(OURS.straddled(&folded, 2, 4, &mut known).as_deref(), Some("长春/药店"));
        assert_eq!(OURS.straddled(&folded, 1, 3, &mut known), None);
    }

    #[test]
    fn what_is_no_word_list_is_refused_with_its_line() {
        for (bytes, line) in
            [(&b"word\tcount\tperson\n\xff\t1\t\n"[..], 2), (b"word\tcount\tperson\na\t1\t\nb\tx\t\n", 3), ("w\n\n甲\t0\t".as_bytes(), 3)]
        {
            assert_eq!(Segmenter::read(bytes).err(), Some(BadLine { line }));
        }
        let list = |chars: usize| format!("w\n甲乙\t1\n{}\t1\n", "丙".repeat(chars));
        assert_eq!(Segmenter::read(list(256).as_bytes()).err(), Some(BadLine { line: 3 }));
        let longest = Segmenter::read(list(255).as_bytes()).expect("a word may have 255 characters");
        assert!(longest.has_word(&"丙".repeat(255)) && !longest.has_word(&"丙".repeat(254)));
    }
}
