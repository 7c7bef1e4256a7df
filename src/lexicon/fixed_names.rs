//! Names that must be right – of the state, its organs, laws and policies – and where one similar character in them is wrong.
//! Must not know what is said of it.

use super::tables::Tables;
use crate::text::fold::FoldTable;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// Shortest name, in characters: one other character in a shorter one is another word.
const NAME_CHARS_MIN: usize = 4;
/// A piece of a name that is rarer than this in ordinary text, per million characters, is looked for itself.
const RARE_PER_MILLION: f32 = 20.0;

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

/// All of them, with the patterns that give them away.
///
/// Of a name with one wrong character the rest is intact: for every place that may be wrong there is a sign that does not
/// hold it, the rarest piece of two or three characters (民代表 of 全国人民代表大会). Where all that is left is common (国家 of
/// 国家安全), each similar wrong character beside its right neighbour is the sign; ordinary text hardly ever holds those.
pub struct FixedNames {
    names: Vec<FixedName>,
    /// Pattern → name, and where in the name the pattern begins.
    signs: HashMap<u32, Vec<(u32, u16)>>,
    /// One bit for each pattern that is a sign.
    is_sign: Vec<u64>,
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
        let mut signs: HashMap<u32, Vec<(u32, u16)>> = HashMap::new();
        for (index, name) in (0u32..).zip(&names) {
            let chars = name.chars.as_slice();
            let mut sign = |piece: &[char], from: usize| {
                let uses = signs.entry(pattern(piece.to_vec())).or_default();
                if !uses.contains(&(index, from as u16)) {
                    uses.push((index, from as u16));
                }
            };
            let mut pieces: Vec<Range<usize>> = Vec::new();
            for at in 0..chars.len() {
                if pieces.iter().any(|piece| !piece.contains(&at)) {
                    continue;
                }
                // The rarest piece that is intact when the character at `at` is wrong.
                let intact = |piece: &Range<usize>| piece.end <= chars.len() && !piece.contains(&at);
                let rarest = (0..chars.len())
                    .flat_map(|from| [from..from + 2, from..from + 3])
                    .filter(intact)
                    .filter_map(|piece| Some((commonness_of(chars.get(piece.clone())?, &commonness), piece)))
                    .min_by(|(a, _), (b, _)| a.total_cmp(b));
                match rarest {
                    Some((common, piece)) if common <= RARE_PER_MILLION => {
                        sign(chars.get(piece.clone()).unwrap_or_default(), piece.start);
                        pieces.push(piece);
                    }
                    _ => {
                        for wrong in chars.get(at).map(|&right| similar.to(right)).unwrap_or_default() {
                            // 行政府议: 政府 is everywhere, 府议 is nowhere else.
                            let before = at.checked_sub(1).and_then(|i| chars.get(i)).map(|&before| ([before, wrong], at - 1));
                            let after = chars.get(at + 1).map(|&after| ([wrong, after], at));
                            let rarer = before
                                .into_iter()
                                .chain(after)
                                .min_by(|(a, _), (b, _)| commonness_of(a, &commonness).total_cmp(&commonness_of(b, &commonness)));
                            if let Some((pair, from)) = rarer {
                                sign(&pair, from);
                            }
                        }
                    }
                }
            }
        }
        let mut is_sign = vec![0u64; signs.keys().max().map_or(0, |&last| last as usize / 64 + 1)];
        for &pattern in signs.keys() {
            if let Some(word) = is_sign.get_mut(pattern as usize / 64) {
                *word |= 1 << (pattern % 64);
            }
        }
        Self { names, signs, is_sign, similar }
    }

    /// Names that stand in `text` with one wrong character where a pattern was found at `start`.
    pub fn wrong_at<'n>(&'n self, text: &'n [char], pattern: u32, start: usize) -> impl Iterator<Item = WrongName<'n>> {
        let is_sign = self.is_sign.get(pattern as usize / 64).is_some_and(|word| word >> (pattern % 64) & 1 == 1);
        is_sign.then(|| self.signs.get(&pattern)).flatten().into_iter().flatten().filter_map(move |&(name, from)| {
            let name = self.names.get(name as usize)?;
            let begin = start.checked_sub(usize::from(from))?;
            let range = begin..begin + name.chars.len();
            let window = text.get(range.clone())?;
            let mut differing = window.iter().zip(&name.chars).enumerate().filter(|(_, (have, want))| have != want);
            let (Some((at, (have, want))), None) = (differing.next(), differing.next()) else { return None };
            self.similar.are(*have, *want).then_some(WrongName { name, range, at: begin + at })
        })
    }
}

/// As common as the rarest pair in it.
fn commonness_of(piece: &[char], pair: impl Fn(char, char) -> f32) -> f32 {
    piece.windows(2).filter_map(|p| if let [a, b] = p { Some(pair(*a, *b)) } else { None }).fold(f32::INFINITY, f32::min)
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
        let tables = Tables {
            fixed_names: [("人民法院", "organ"), ("中华人民共和国", "state"), ("乡村振兴", "policy")]
                .map(|(n, k)| (n.into(), k.into()))
                .into(),
            pinyin: [
                ('人', "ren"),
                ('仁', "ren"),
                ('民', "min"),
                ('名', "ming"),
                ('敏', "min"),
                ('发', "fa"),
                ('法', "fa"),
                ('院', "yuan"),
            ]
            .into_iter()
            .chain([('园', "yuan"), ('和', "he"), ('合', "he"), ('兴', "xing"), ('星', "xing"), ('乡', "xiang"), ('香', "xiang")])
            .map(|(c, s)| (c, s.to_owned()))
            .collect(),
            similar_shapes: vec![('国', '园'), ('中', '申')],
            ..Tables::default()
        };
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
            let mut tried = 0;
            for (name, _) in &tables.fixed_names {
                let right: Vec<char> = name.chars().collect();
                for at in 0..right.len() {
                    for wrong in names.similar.to(right[at]) {
                        let mut text: Vec<char> = "在".chars().chain(right.iter().copied()).chain("里".chars()).collect();
                        text[at + 1] = wrong;
                        let found = (0..text.len()).any(|start| {
                            patterns.iter().enumerate().any(|(pattern, piece)| {
                                text[start..].starts_with(piece)
                                    && names
                                        .wrong_at(&text, pattern as u32, start)
                                        .any(|w| w.at == at + 1 && w.range == (1..1 + right.len()))
                            })
                        });
                        assert!(found, "{name}: {wrong} at {at}");
                        tried += 1;
                    }
                }
            }
            assert!(tried > 10);
        }
    }
}
