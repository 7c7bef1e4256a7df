//! Names that must be right – of the state, its organs, laws and policies – and where one similar character in them is wrong.
//! Must not know what is said of it.

use super::pair_filter::{BLOCK_PAIRS, PairFilter};
use super::tables::Tables;
use crate::text::fold::FoldTable;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

/// Shortest name, in characters: one other character in a shorter one is another word.
const NAME_CHARS_MIN: usize = 4;
/// Names of this kind are long and many.
const LAW: &str = "law";

/// A name that must be right.
pub struct FixedName {
    pub chars: Vec<char>,
    pub kind: String,
}

/// A name with one wrong character.
pub struct WrongName<'n> {
    pub name: &'n FixedName,
    /// Where it stands.
    pub range: Range<usize>,
    /// Where the wrong character stands.
    pub at: usize,
}

/// A name that a sign may belong to.
struct Use {
    name: u32,
    /// Where in the name the sign begins.
    from: u16,
    /// A character beside the sign, which is right when the sign holds the wrong one: how far from the sign's begin it
    /// stands, and what it is. Saves looking at the name.
    beside: Option<(i8, char)>,
}

/// Signs by key. The keys are spread well enough by one multiplication; they are no input of strangers.
type Signs = HashMap<u64, Vec<Use>, BuildHasherDefault<KeyHasher>>;

#[derive(Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = (self.0.rotate_left(5) ^ key).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(26);
    }
}

fn pair_key(a: char, b: char) -> u64 {
    u64::from(a as u32) << 32 | u64::from(b as u32)
}

/// All of them, with the signs that give a wrong one away.
///
/// Names of organs and policies, and pieces of them, are everywhere in official text, a similar wrong character beside its
/// right neighbour is hardly anywhere: those pairs are the signs. Names of laws are long and many; of one with a wrong
/// character one half is intact, and halves are rare: those are patterns of the matcher.
pub struct FixedNames {
    names: Vec<FixedName>,
    pairs: Signs,
    any_pair: PairFilter,
    halves: Signs,
    similar: Similar,
}

impl FixedNames {
    /// `commonness` of a pair per million; `pattern` names a pattern of the matcher.
    pub fn new(
        tables: &Tables,
        fold: &FoldTable,
        commonness: impl Fn(char, char) -> f32,
        mut pattern: impl FnMut(Vec<char>) -> u32,
    ) -> Self {
        let names: Vec<FixedName> = tables
            .fixed_names
            .iter()
            .map(|(name, kind)| FixedName { chars: fold.fold_term(name), kind: kind.clone() })
            .filter(|name| name.chars.len() >= NAME_CHARS_MIN)
            .collect();
        let similar = Similar::new(tables, fold);
        let (mut pairs, mut halves) = (Signs::default(), Signs::default());
        let mut held: Vec<(char, char)> = Vec::new();
        for (index, name) in (0u32..).zip(&names) {
            let chars = name.chars.as_slice();
            if name.kind == LAW {
                let (left, right) = chars.split_at(chars.len() / 2);
                for (half, from) in [(left, 0), (right, left.len())] {
                    let sign = u64::from(pattern(half.to_vec()));
                    halves.entry(sign).or_default().push(Use { name: index, from: from as u16, beside: None });
                }
                continue;
            }
            for (at, &right) in chars.iter().enumerate() {
                for wrong in similar.to(right) {
                    // 行政府议: 政府 is everywhere, 府议 is nowhere else.
                    let before = at.checked_sub(1).and_then(|i| chars.get(i)).map(|&before| ((before, wrong), at - 1));
                    let after = chars.get(at + 1).map(|&after| ((wrong, after), at));
                    let rarer = before
                        .into_iter()
                        .chain(after)
                        .min_by(|((a, b), _), ((c, d), _)| commonness(*a, *b).total_cmp(&commonness(*c, *d)));
                    let Some(((a, b), from)) = rarer else { continue };
                    let beside = match (chars.get(from + 2), from.checked_sub(1).and_then(|i| chars.get(i))) {
                        (Some(&after), _) => Some((2, after)),
                        (None, Some(&before)) => Some((-1, before)),
                        (None, None) => None,
                    };
                    held.push((a, b));
                    pairs.entry(pair_key(a, b)).or_default().push(Use { name: index, from: from as u16, beside });
                }
            }
        }
        let mut any_pair = PairFilter::with_capacity(pairs.len());
        for (a, b) in held {
            any_pair.insert(a, b);
        }
        Self { names, pairs, any_pair, halves, similar }
    }

    /// Names that stand in `text` with one wrong character, by place. `hits` are patterns found, with where they begin.
    pub fn wrong_in(&self, text: &[char], hits: impl Iterator<Item = (u32, usize)>) -> Vec<WrongName<'_>> {
        let mut wrong = Vec::new();
        for (pattern, start) in hits {
            self.wrong_at(text, self.halves.get(&u64::from(pattern)), start, &mut wrong);
        }
        let mut from = 0;
        // Blocks overlap by one character, which begins the first pair of the next.
        while let Some(block) = text.get(from..(from + BLOCK_PAIRS + 1).min(text.len())).filter(|b| b.len() > 1) {
            let mut signs = self.any_pair.passing(block);
            while signs != 0 {
                let at = from + signs.trailing_zeros() as usize;
                signs &= signs - 1;
                if let Some([a, b]) = text.get(at..at + 2) {
                    self.wrong_at(text, self.pairs.get(&pair_key(*a, *b)), at, &mut wrong);
                }
            }
            from += BLOCK_PAIRS;
        }
        wrong.sort_by_key(|found| (found.range.start, found.range.end));
        wrong
    }

    fn wrong_at<'n>(&'n self, text: &[char], uses: Option<&Vec<Use>>, start: usize, wrong: &mut Vec<WrongName<'n>>) {
        for &Use { name, from, beside } in uses.into_iter().flatten() {
            if beside.is_some_and(|(step, c)| start.checked_add_signed(isize::from(step)).and_then(|at| text.get(at)) != Some(&c)) {
                continue;
            }
            let (Some(name), Some(begin)) = (self.names.get(name as usize), start.checked_sub(usize::from(from))) else { continue };
            let range = begin..begin + name.chars.len();
            let Some(window) = text.get(range.clone()) else { continue };
            let mut differing = window.iter().zip(&name.chars).enumerate().filter(|(_, (have, want))| have != want);
            let (Some((at, (have, want))), None) = (differing.next(), differing.next()) else { continue };
            if self.similar.are(*have, *want) {
                wrong.push(WrongName { name, range, at: begin + at });
            }
        }
    }
}

/// Characters that are mistaken for each other: same sound (without tone) or similar shape.
struct Similar {
    sounds: HashMap<char, Vec<u16>>,
    of_sound: BTreeMap<u16, Vec<char>>,
    shapes: HashMap<char, Vec<char>>,
}

impl Similar {
    fn new(tables: &Tables, fold: &FoldTable) -> Self {
        let mut ids: HashMap<&str, u16> = HashMap::new();
        let mut similar = Self { sounds: HashMap::new(), of_sound: BTreeMap::new(), shapes: HashMap::new() };
        // What folding changes never stands in folded text.
        let is_folded = |c: char| fold.fold_term(c.encode_utf8(&mut [0; 4])) == [c];
        for (c, syllable) in tables.pinyin.iter().filter(|(c, _)| is_folded(*c)) {
            let next = ids.len() as u16;
            let id = *ids.entry(syllable.as_str()).or_insert(next);
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
        self.shapes.get(&a).is_some_and(|all| all.contains(&b))
            || self.sounds.get(&a).zip(self.sounds.get(&b)).is_some_and(|(x, y)| x.iter().any(|s| y.contains(s)))
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
