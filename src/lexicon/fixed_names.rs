//! Names that must be right – of the state, its organs, laws and policies – and where one similar character in them is wrong.
//! Must not know what is said of it.

use super::gram_filter::GramFilter;
use super::tables::Tables;
use super::uses::PatternSet;
use crate::text::class_bits::set_bits;
use crate::text::fold::FoldTable;
use crate::text::vector::BLOCK_PLACES;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// Shortest name, in characters: one other character in a shorter one is another word.
const NAME_CHARS_MIN: usize = 3;
/// Shortest short name of a law, in characters: 民法典 is too little to tell a wrong one by.
const SHORT_LAW_CHARS_MIN: usize = 4;
/// What the short name of a law leaves out: 《就业促进法》.
const LAW_PREFIX: &str = "中华人民共和国";
/// Shortest name in which two neighbouring characters may be wrong, in characters: 社会`注意`核心价值观.
const PAIR_NAME_CHARS_MIN: usize = 6;
/// Signs looked up together.
const SIGNS_TOGETHER: usize = 16;
/// Names of this kind are long and many.
const LAW: &str = "law";
/// The state, the party and what they are known by.
const STATE: &str = "state";

/// A name that must be right.
pub struct FixedName {
    pub chars: Vec<char>,
    /// Where the name itself stands in `chars`; the rest is company that must stand beside it: 县`公安局`.
    pub core: Range<usize>,
    pub kind: String,
}

impl FixedName {
    /// `县[公安局]`: a short name in its company; without brackets all of it is the name.
    pub fn new(written: &str, kind: &str, fold: &FoldTable) -> Self {
        let (before, name, after) = match written.split_once('[').and_then(|(before, rest)| Some((before, rest.split_once(']')?))) {
            Some((before, (name, after))) => (before, name, after),
            None => ("", written, ""),
        };
        let mut chars = fold.fold_term(before);
        let start = chars.len();
        chars.extend(fold.fold_term(name));
        let core = start..chars.len();
        chars.extend(fold.fold_term(after));
        Self { chars, core, kind: kind.to_owned() }
    }

    fn may_hold_pair(&self) -> bool {
        self.core.len() >= PAIR_NAME_CHARS_MIN
    }

    /// Neighbouring characters of the name, with their places, where they may be wrong together.
    fn pairs(&self) -> impl Iterator<Item = (usize, [char; 2])> {
        let core = self.chars.get(self.core.clone()).filter(|_| self.may_hold_pair()).unwrap_or_default();
        (self.core.start..).zip(core.windows(2).filter_map(|pair| pair.try_into().ok()))
    }

    /// The name as the table has it, and the short name of a law as it stands between book title marks.
    pub fn all_of(written: &str, kind: &str, fold: &FoldTable) -> impl Iterator<Item = Self> {
        let short = (kind == LAW).then(|| written.strip_prefix(LAW_PREFIX)).flatten();
        let short = short.filter(|short| short.chars().count() >= SHORT_LAW_CHARS_MIN).map(|short| format!("《[{short}]》"));
        let short = short.map(|short| Self::new(&short, kind, fold));
        std::iter::once(Self::new(written, kind, fold)).chain(short)
    }
}

/// A name with a wrong character, or a wrong word of two.
pub struct WrongName<'n> {
    pub name: &'n FixedName,
    /// Where it stands.
    pub range: Range<usize>,
    /// Where the (first) wrong character stands.
    pub at: usize,
}

impl WrongName<'_> {
    /// Where the name stands together with its company.
    pub fn whole(&self) -> Range<usize> {
        let start = self.range.start.saturating_sub(self.name.core.start);
        start..start + self.name.chars.len()
    }
}

/// A name that a sign may belong to.
#[derive(Debug, Clone, Copy)]
struct Use {
    name: u32,
    /// Where in the name the sign begins.
    from: u16,
}

/// Three neighbouring characters.
type Triple = [char; 3];

/// All of them, with the signs that give a wrong one away.
///
/// Names of organs and policies, and pieces of them, are everywhere in official text; a similar wrong character between its
/// right neighbours is hardly anywhere: those triples are the signs. Names of laws are long and many; of one with a wrong
/// character one half is intact, and halves are rare: those are patterns of the matcher.
pub struct FixedNames {
    names: Vec<FixedName>,
    triples: Triples,
    any_triple: GramFilter<3>,
    halves: FxHashMap<u32, Vec<Use>>,
    all_halves: PatternSet,
    similar: Similar,
}

/// What each triple may be a sign of, in two pieces of memory.
#[derive(Default)]
struct Triples {
    /// Where its uses begin in `uses`, and how many there are.
    places: FxHashMap<Triple, (u32, u32)>,
    uses: Vec<Use>,
}

impl Triples {
    fn new(mut signs: Vec<(Triple, Use)>) -> Self {
        signs.sort_unstable_by_key(|(triple, sign)| (*triple, sign.name, sign.from));
        let mut triples = Self::default();
        for group in signs.chunk_by(|a, b| a.0 == b.0) {
            let Some((triple, _)) = group.first() else { continue };
            triples.places.insert(*triple, (triples.uses.len() as u32, group.len() as u32));
            triples.uses.extend(group.iter().map(|(_, sign)| *sign));
        }
        triples
    }

    fn uses(&self, triple: &Triple) -> &[Use] {
        let (first, count) = self.places.get(triple).copied().unwrap_or_default();
        self.uses.get(first as usize..(first + count) as usize).unwrap_or_default()
    }
}

impl FixedNames {
    /// `commonness` of a pair per million; `words`: those that an input method may offer for a right one; `pattern` names a
    /// pattern of the matcher.
    pub fn new(
        tables: &Tables,
        fold: &FoldTable,
        commonness: impl Fn(char, char) -> f32,
        words: impl Iterator<Item = [char; 2]>,
        mut pattern: impl FnMut(Vec<char>) -> u32,
    ) -> Self {
        let names: Vec<FixedName> = tables
            .fixed_names
            .iter()
            .flat_map(|(name, kind)| FixedName::all_of(name, kind, fold))
            .filter(|name| name.chars.len() >= NAME_CHARS_MIN)
            .collect();
        let similar = Similar::new(tables, fold);
        let mut halves: FxHashMap<u32, Vec<Use>> = FxHashMap::default();
        let mut signs: Vec<(Triple, Use)> = Vec::new();
        // 行政府议: 政府 is everywhere, 府议 is nowhere else.
        let rarity = |[a, b, c]: Triple| -(commonness(a, b) + 1.0).ln() - (commonness(b, c) + 1.0).ln();
        let alike = similar.words_alike(names.iter().filter(|name| name.may_hold_pair()), words);
        for (name, fixed) in (0u32..).zip(&names) {
            let FixedName { chars, core, kind } = fixed;
            if kind == LAW {
                let (left, right) = chars.split_at(chars.len() / 2);
                for (half, from) in [(left, 0), (right, left.len())] {
                    halves.entry(pattern(half.to_vec())).or_default().push(Use { name, from: from as u16 });
                }
                continue;
            }
            for (at, &right) in chars.iter().enumerate().filter(|(at, _)| core.contains(at)) {
                for wrong in similar.to(right) {
                    let holding = (at.saturating_sub(2)..=at).filter_map(|from| {
                        let mut triple: Triple = chars.get(from..from + 3)?.try_into().ok()?;
                        *triple.get_mut(at - from)? = wrong;
                        Some((triple, Use { name, from: from as u16 }))
                    });
                    signs.extend(holding.max_by(|(a, _), (b, _)| rarity(*a).total_cmp(&rarity(*b))));
                }
            }
            for (at, right) in fixed.pairs() {
                for &[x, y] in alike.get(&right).into_iter().flatten() {
                    let before = at.checked_sub(1).and_then(|from| Some(([*chars.get(from)?, x, y], from)));
                    let behind = chars.get(at + 2).map(|&next| ([x, y, next], at));
                    let holding = before.into_iter().chain(behind).map(|(triple, from)| (triple, Use { name, from: from as u16 }));
                    signs.extend(holding.max_by(|(a, _), (b, _)| rarity(*a).total_cmp(&rarity(*b))));
                }
            }
        }
        let triples = Triples::new(signs);
        let mut any_triple = GramFilter::with_capacity(triples.places.len());
        for triple in triples.places.keys() {
            any_triple.insert(triple.map(u32::from));
        }
        let all_halves = PatternSet::of(halves.keys().copied());
        Self { names, triples, any_triple, halves, all_halves, similar }
    }

    /// Names that stand in `text` with one wrong character, by place. `hits` are patterns found, with where they begin.
    pub fn wrong_in(&self, text: &[char], hits: impl Iterator<Item = (u32, usize)>) -> Vec<WrongName<'_>> {
        let mut wrong = Vec::new();
        for (pattern, start) in hits.filter(|(pattern, _)| self.all_halves.has(*pattern)) {
            self.wrong_at(text, self.halves.get(&pattern).map(Vec::as_slice).unwrap_or_default(), start, &mut wrong);
        }
        // Signs are rare and their table is large: look-ups that do not wait for each other cost little more than one.
        let (mut places, mut count) = ([0; SIGNS_TOGETHER], 0);
        let mut look_up = |places: &[usize]| {
            for &at in places {
                if let Some(triple) = text.get(at..).and_then(|rest| rest.first_chunk()) {
                    self.wrong_at(text, self.triples.uses(triple), at, &mut wrong);
                }
            }
        };
        let mut from = 0;
        // Blocks overlap by two characters, which begin the first triples of the next.
        while let Some(block) = text.get(from..(from + BLOCK_PLACES + 2).min(text.len())).filter(|b| b.len() > 2) {
            for place in set_bits(self.any_triple.passing(block)) {
                if count == SIGNS_TOGETHER {
                    look_up(&places);
                    count = 0;
                }
                if let Some(next) = places.get_mut(count) {
                    *next = from + place;
                    count += 1;
                }
            }
            from += BLOCK_PLACES;
        }
        look_up(places.get(..count).unwrap_or_default());
        // The longer name says more: 生态环境部 over 生态环境.
        // The name of the state over that of its law.
        let rank = |name: &FixedName| name.kind != STATE;
        wrong.sort_by_key(|found| (found.range.start, rank(found.name), Reverse(found.range.end), Reverse(found.name.chars.len())));
        wrong
    }

    fn wrong_at<'n>(&'n self, text: &[char], uses: &[Use], start: usize, wrong: &mut Vec<WrongName<'n>>) {
        for &Use { name, from } in uses {
            let (Some(name), Some(begin)) = (self.names.get(name as usize), start.checked_sub(usize::from(from))) else { continue };
            let range = begin..begin + name.chars.len();
            let Some(window) = text.get(range.clone()) else { continue };
            let mut differing = window.iter().zip(&name.chars).enumerate().filter(|(_, (have, want))| have != want);
            let (Some((at, (have, want))), second, None) = (differing.next(), differing.next(), differing.next()) else { continue };
            // 社会注意: the word that an input method offers for another that sounds alike.
            let is_pair = |(other, (have, want)): (usize, (&char, &char))| {
                other == at + 1 && name.core.contains(&other) && name.may_hold_pair() && self.similar.sound_alike(*have, *want)
            };
            let fits = match second {
                Some(second) => self.similar.sound_alike(*have, *want) && is_pair(second),
                None => self.similar.are(*have, *want),
            };
            if fits && name.core.contains(&at) {
                let range = begin + name.core.start..begin + name.core.end;
                wrong.push(WrongName { name, range, at: begin + at });
            }
        }
    }
}

/// Characters that are mistaken for each other: same sound (without tone, see [`as_often_said`]) or similar shape.
struct Similar {
    sounds: HashMap<char, Vec<u16>>,
    of_sound: BTreeMap<u16, Vec<char>>,
    shapes: HashMap<char, Vec<char>>,
}

/// A syllable as half of the country says and types it: `zh`, `ch`, `sh` like `z`, `c`, `s`; `-ing`, `-eng`, `-ang` like
/// `-in`, `-en`, `-an`.
fn as_often_said(syllable: &str) -> String {
    let (first, rest) = match syllable.as_bytes() {
        [b'z' | b'c' | b's', b'h', ..] => {
            syllable.split_at_checked(2).map_or((syllable, ""), |(_, rest)| (syllable.get(..1).unwrap_or(syllable), rest))
        }
        _ => ("", syllable),
    };
    let rest = if ["ing", "eng", "ang"].iter().any(|end| rest.ends_with(end)) { rest.strip_suffix('g').unwrap_or(rest) } else { rest };
    format!("{first}{rest}")
}

impl Similar {
    fn new(tables: &Tables, fold: &FoldTable) -> Self {
        let mut ids: HashMap<String, u16> = HashMap::new();
        let mut similar = Self { sounds: HashMap::new(), of_sound: BTreeMap::new(), shapes: HashMap::new() };
        // What folding changes never stands in folded text.
        let is_folded = |c: char| fold.fold_term(c.encode_utf8(&mut [0; 4])) == [c];
        for (c, syllable) in tables.pinyin.iter().chain(&tables.polyphones).filter(|(c, _)| is_folded(*c)) {
            let next = ids.len() as u16;
            let id = *ids.entry(as_often_said(syllable)).or_insert(next);
            similar.sounds.entry(*c).or_default().push(id);
            similar.of_sound.entry(id).or_default().push(*c);
        }
        for &(a, b) in tables.similar_shapes.iter().filter(|(a, b)| is_folded(*a) && is_folded(*b)) {
            similar.shapes.entry(a).or_default().push(b);
            similar.shapes.entry(b).or_default().push(a);
        }
        similar
    }

    fn are(&self, a: char, b: char) -> bool {
        self.shapes.get(&a).is_some_and(|all| all.contains(&b)) || self.sound_alike(a, b)
    }

    fn sound_alike(&self, a: char, b: char) -> bool {
        self.sounds.get(&a).zip(self.sounds.get(&b)).is_some_and(|(x, y)| x.iter().any(|s| y.contains(s)))
    }

    /// For each pair of the names the words that sound like it and differ from it in both characters.
    fn words_alike<'n>(
        &self,
        names: impl Iterator<Item = &'n FixedName>,
        words: impl Iterator<Item = [char; 2]>,
    ) -> FxHashMap<[char; 2], Vec<[char; 2]>> {
        let sounds = |pair: [char; 2]| {
            let [first, second] = pair.map(|c| self.sounds.get(&c).map(Vec::as_slice).unwrap_or_default());
            first.iter().flat_map(move |a| second.iter().map(move |b| (*a, *b)))
        };
        let mut pairs: FxHashMap<(u16, u16), Vec<[char; 2]>> = FxHashMap::default();
        let all: std::collections::BTreeSet<[char; 2]> = names.flat_map(FixedName::pairs).map(|(_, pair)| pair).collect();
        for pair in all {
            sounds(pair).for_each(|sound| pairs.entry(sound).or_default().push(pair));
        }
        let mut alike: FxHashMap<[char; 2], Vec<[char; 2]>> = FxHashMap::default();
        for word in words {
            for pair in sounds(word).filter_map(|sound| pairs.get(&sound)).flatten() {
                let differs = pair.iter().zip(&word).all(|(a, b)| a != b);
                let words = if differs { alike.entry(*pair).or_default() } else { continue };
                if !words.contains(&word) {
                    words.push(word);
                }
            }
        }
        alike
    }

    /// All characters that `c` is mistaken for, sorted.
    fn to(&self, c: char) -> Vec<char> {
        let by_sound = self.sounds.get(&c).into_iter().flatten().filter_map(|sound| self.of_sound.get(sound)).flatten();
        let mut all: Vec<char> = by_sound.chain(self.shapes.get(&c).into_iter().flatten()).copied().filter(|&other| other != c).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_similar_wrong_character_in_a_name_is_given_away_by_a_sign() {
        let mut tables = Tables::default();
        tables.fixed_names =
            [("人民法院", "organ"), ("中华人民共和国", "state"), ("人民法院法", "law")].map(|(n, k)| (n.into(), k.into())).into();
        tables.pinyin =
            [('人', "ren"), ('仁', "ren"), ('民', "min"), ('名', "ming"), ('敏', "min"), ('发', "fa"), ('法', "fa"), ('院', "yuan")]
                .into_iter()
                .chain([('园', "yuan"), ('和', "he"), ('合', "he"), ('兴', "xing"), ('星', "xing"), ('乡', "xiang"), ('香', "xiang")])
                .map(|(c, s)| (c, s.to_owned()))
                .collect();
        tables.similar_shapes = vec![('国', '园'), ('中', '申')];
        let fold = FoldTable::new(&[], &[]);
        for common in [0.0, 1_000.0] {
            let mut patterns: Vec<Vec<char>> = Vec::new();
            let names = FixedNames::new(
                &tables,
                &fold,
                |_, _| common,
                [['发', '圆'], ['敏', '法']].into_iter(),
                |piece| {
                    patterns.iter().position(|p| *p == piece).unwrap_or_else(|| {
                        patterns.push(piece);
                        patterns.len() - 1
                    }) as u32
                },
            );
            let hits = |text: &[char]| -> Vec<(u32, usize)> {
                let starts = |piece: &Vec<char>| (0..text.len()).filter(|&at| text[at..].starts_with(piece)).collect::<Vec<_>>();
                (0u32..).zip(&patterns).flat_map(|(pattern, piece)| starts(piece).into_iter().map(move |at| (pattern, at))).collect()
            };
            let mut tried = 0;
            for (name, _) in &tables.fixed_names {
                let right: Vec<char> = name.chars().collect();
                let text = |name: &[char]| [&['在'; 70][..], name, &['里']].concat();
                assert!(names.wrong_in(&text(&right), hits(&text(&right)).into_iter()).is_empty());
                for at in 0..right.len() {
                    for wrong in names.similar.to(right[at]) {
                        let mut name = right.clone();
                        name[at] = wrong;
                        let text = text(&name);
                        let found = names.wrong_in(&text, hits(&text).into_iter());
                        assert!(found.iter().any(|w| w.at == 70 + at && w.range == (70..70 + right.len())), "{name:?}");
                        tried += 1;
                    }
                }
            }
            assert!(tried > 10);
        }
    }
}
