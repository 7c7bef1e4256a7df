//! The scan against a slow, obvious reading: every term tried at every place, over all ways to read it.

use super::*;
use crate::lexicon::bridges::{self, is_bracket, is_list_mark};
use crate::lexicon::compile::Layer;
use crate::lexicon::matcher::Matcher;
use crate::text::fold::FoldTable;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::LazyLock;

const SOUNDS: [(&str, &str); 10] = [
    ("赌", "du"),
    ("度", "du"),
    ("读", "du"),
    ("博", "bo"),
    ("波", "bo"),
    ("网", "wang"),
    ("王", "wang"),
    ("友", "you"),
    ("安", "an"),
    ("阿", "a"),
];
const SPLITS: [(char, &str); 4] = [('赌', "贝者"), ('博', "十尃"), ('友', "又又"), ('网', "冂十尃")];
const SHAPES: [(char, char); 3] = [('赌', '堵'), ('博', '搏'), ('网', '冈')];
/// Term, and whether it allows every disguise.
const TERMS: [(&str, bool); 7] =
    [("赌博", true), ("赌博网", true), ("博友", false), ("网赌博友", true), ("安博", true), ("加v赌", true), ("阿友", false)];
/// A single character that invites.
const INVITING: char = '来';

struct World {
    fold: FoldTable,
    disguises: Disguises,
    /// Patterns of the main matcher; the first ones are the terms.
    patterns: Vec<Vec<char>>,
}

static WORLD: LazyLock<World> = LazyLock::new(world);

fn world() -> World {
    let fold = FoldTable::new(&[], &[]);
    let mut tables = Tables::default();
    tables.pinyin = SOUNDS.iter().map(|(c, s)| (c.chars().next().unwrap_or_default(), (*s).to_owned())).collect();
    tables.polyphones = vec![('网', "mang".into())];
    tables.split_characters = SPLITS.iter().map(|&(c, parts)| (c, parts.to_owned())).collect();
    tables.similar_shapes = SHAPES.to_vec();
    tables.pictures = vec![('🎲', vec!['赌', '博']), ('★', vec!['友'])];
    let mut patterns: Vec<Vec<char>> = TERMS.iter().map(|(term, _)| term.chars().collect()).collect();
    let candidates = TERMS
        .iter()
        .enumerate()
        .map(|(i, (term, is_free))| Candidate { pattern: i as u32, chars: term.chars().collect(), is_free: *is_free })
        .collect();
    let pairs = HashMap::new();
    let disguises =
        Disguises::new(candidates, &tables, &Usage { pairs: &pairs }, ListSet::of(0), &|text| fold.fold_term(text), &mut |chars| {
            patterns.iter().position(|p| *p == chars).unwrap_or_else(|| {
                patterns.push(chars);
                patterns.len() - 1
            }) as u32
        });
    patterns.push(vec![INVITING]);
    World { fold, disguises, patterns }
}

type Found = BTreeSet<(u32, u32, u32)>;

impl World {
    fn scan(&self, text: &str) -> Found {
        let folded = self.fold.fold(text);
        let mut hits = Vec::new();
        for (pattern, chars) in self.patterns.iter().enumerate() {
            for start in 0..folded.len() {
                if folded.chars[start..].starts_with(chars) {
                    let hit = Hit { start: start as u32, end: (start + chars.len()) as u32, pattern: pattern as u32, layer: Layer::Folded };
                    hits.push(hit);
                }
            }
        }
        hits.sort_unstable();
        let invites = (self.patterns.len() - 1) as u32;
        self.disguises.scan(&folded, |pattern| if pattern == invites { ListSet::of(0) } else { ListSet::default() }, &mut hits);
        hits.iter().filter(|h| matches!(h.layer, Layer::Disguised(_))).map(|h| (h.start, h.end, h.pattern)).collect()
    }
}

/// How one character of a term was read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Same,
    Letter,
    Syllable,
    Initial,
    Picture,
    Split,
}

/// Where a reading ends, how each character was read, how often over separators.
type Read = (usize, Vec<Way>, usize);

/// All ways to read the rest of a term behind what is read.
fn readings(folded: &Folded, term: &[char], is_free: bool, read: &Read, all: &mut Vec<Read>) {
    let (at, ways, gaps) = (read.0, &read.1, read.2);
    let Some((&wanted, rest)) = term.split_first() else {
        all.push(read.clone());
        return;
    };
    let gap_max = if ways.is_empty() { 0 } else { 3 };
    for gap in 0..=gap_max {
        if !folded.classes.iter().skip(at).take(gap).all(|class| class & Class::SKIP != 0) {
            break;
        }
        let Some(text) = folded.chars.get(at + gap..).filter(|t| !t.is_empty()) else { break };
        let mut pieces: Vec<(String, Way)> = Vec::new();
        if text[0] == wanted {
            pieces.push((wanted.to_string(), Way::Same));
        } else {
            let polyphone = [("网", "mang")];
            for (_, syllable) in SOUNDS.iter().chain(&polyphone).filter(|(c, _)| c.starts_with(wanted)) {
                pieces.push(((*syllable).to_owned(), if syllable.len() == 1 { Way::Letter } else { Way::Syllable }));
                pieces.push((syllable[..1].to_owned(), Way::Initial));
            }
            if is_free {
                pieces.extend(SPLITS.iter().filter(|(c, _)| *c == wanted).map(|(_, parts)| ((*parts).to_owned(), Way::Split)));
                if wanted == '赌' || wanted == '博' {
                    pieces.push(("🎲".into(), Way::Picture));
                }
                if wanted == '友' {
                    pieces.push(("★".into(), Way::Picture));
                }
            }
        }
        for (piece, way) in pieces {
            let piece: Vec<char> = piece.chars().collect();
            if text.starts_with(&piece) {
                let ways = [ways.as_slice(), &[way]].concat();
                readings(folded, rest, is_free, &(at + gap + piece.len(), ways, gaps + usize::from(gap > 0)), all);
            }
        }
    }
}

fn is_disguise(ways: &[Way], gaps: usize) -> bool {
    let count = |way: Way| ways.iter().filter(|w| **w == way).count();
    let syllables = count(Way::Syllable) + count(Way::Letter);
    let kinds = [syllables, count(Way::Initial), count(Way::Picture), count(Way::Split)].iter().filter(|n| **n > 0).count();
    let same = count(Way::Same);
    let disguised = ways.len() - same;
    let initials_fit = count(Way::Initial) == 0
        || gaps == 0
            && syllables == 0
            && ways.len() >= 3
            && (count(Way::Initial) == ways.len() || same >= 2 && count(Way::Initial) == disguised);
    disguised > 0 && kinds <= if ways.len() == 2 { 1 } else { 2 } && (count(Way::Letter) == 0 || same == 0) && initials_fit
}

fn slowly(world: &World, text: &str) -> Found {
    let folded = world.fold.fold(text);
    let chars = &folded.chars;
    let letter = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(char::is_ascii_alphabetic);
    let sound = |c: char| SOUNDS.iter().find(|(s, _)| s.starts_with(c)).map(|(_, syllable)| *syllable);
    let mut found = Found::new();
    for (pattern, (term, is_free)) in TERMS.iter().enumerate() {
        let term: Vec<char> = term.chars().collect();
        for start in 0..chars.len() {
            let mut hit = |end: usize| found.insert((start as u32, end as u32, pattern as u32));
            let mut all = Vec::new();
            readings(&folded, &term, *is_free, &(start, Vec::new(), 0), &mut all);
            for (end, ways, gaps) in all {
                let runs_on = letter(start.checked_sub(1)) && letter(Some(start)) || letter(Some(end - 1)) && letter(Some(end));
                if !runs_on && is_disguise(&ways, gaps) {
                    hit(end);
                }
            }
            let Some(piece) = chars.get(start..start + term.len()).filter(|_| *is_free) else { continue };
            if term.len() > 2 && piece.iter().rev().eq(&term) {
                hit(start + term.len());
            }
            if chars.contains(&INVITING) && piece != term {
                let changed: Vec<(char, char)> =
                    piece.iter().copied().zip(term.iter().copied()).filter(|(have, wanted)| have != wanted).collect();
                let sounds_alike =
                    term.iter().all(|&c| sound(c).is_some()) && changed.iter().all(|&(have, wanted)| sound(have) == sound(wanted));
                let looks_alike = changed.len() * 2 <= term.len()
                    && changed.iter().all(|&(have, wanted)| SHAPES.contains(&(have, wanted)) || SHAPES.contains(&(wanted, have)));
                if sounds_alike || looks_alike {
                    hit(start + term.len());
                }
            }
        }
    }
    found
}

#[test]
fn each_disguise_is_read() {
    let world = &*WORLD;
    for text in [
        "du博",
        "赌bo",
        "dubo",
        "du bo",
        "🎲博",
        "赌🎲",
        "贝者博",
        "赌十尃",
        "贝者 十尃",
        "dubowang",
        "dbw",
        "赌dw博",
        "网d博友",
        "友博赌网",
        "来度博",
        "读波来",
        "来堵博",
        "赌搏网来",
        "anbo",
        "ayou",
        "jia",
    ] {
        let fast = world.scan(text);
        assert_eq!(fast, slowly(world, text), "{text}");
        assert_eq!(fast.is_empty(), matches!(text, "赌dw博" | "jia"), "{text}");
    }
}

/// 赌*博, 赌【博】, 【赌】、【博】 …: all terms over all gaps of marks.
fn bridged_slowly(folded: &Folded, terms: &[Vec<char>]) -> Found {
    let is_gap = |at: usize| folded.class(at).is(Class::SKIP) || is_bracket(folded.chars[at]) || is_list_mark(folded.chars[at]);
    let mut found = Found::new();
    for (pattern, term) in terms.iter().enumerate() {
        for start in 0..folded.len() {
            let (mut at, mut gaps) = (start, Vec::new());
            let fits = term.iter().enumerate().all(|(i, wanted)| {
                let from = at;
                while i > 0 && at < folded.len() && at - from < 3 && is_gap(at) {
                    at += 1;
                }
                if i > 0 {
                    gaps.push(folded.chars[from..at].to_vec());
                }
                at += 1;
                folded.chars.get(at - 1) == Some(wanted)
            });
            let lists = gaps.iter().any(|gap| gap.iter().any(|&c| is_list_mark(c)));
            // “赌博”“网”: two quotations.
            let parts = |gap: &Vec<char>| gap.len() > 1 && gap.first() == Some(&'”') && gap.last() == Some(&'“');
            let ends = |c: char| "。；;！!？?…\n".contains(c);
            let goes_on = |at: Option<usize>| {
                at.and_then(|at| folded.chars.get(at))
                    .is_some_and(|c| is_list_mark(*c) && *c != '，' && *c != ',' && !ends(*c) && gaps[0].contains(c))
            };
            // Pieces on short lines below each other.
            let is_break = |gap: &Vec<char>| gap.is_empty() || gap.contains(&'\n') && gap.iter().all(|c| "\n ".contains(*c));
            let begins = || (1..=9).any(|back| start.checked_sub(back).is_none_or(|i| folded.chars[i] == '\n'));
            let ends_soon = || (at..=at + 8).any(|i| i >= folded.len() || folded.class(i).is(Class::END | Class::PUNCTUATION));
            let is_broken_line = || term.len() > 2 && gaps.iter().all(is_break) && begins() && ends_soon();
            let is_list = || match gaps.iter().all(|gap| *gap == gaps[0]) {
                true => !goes_on(start.checked_sub(1)) && !goes_on(Some(at)),
                false => is_broken_line(),
            };
            if fits
                && gaps.iter().any(|gap| !gap.is_empty())
                && !(term.len() == 2 && gaps[0].iter().any(|&c| ends(c)))
                && (lists || !gaps.iter().any(parts) || gaps.iter().all(parts))
                && (!lists || is_list())
            {
                found.insert((start as u32, at as u32, pattern as u32));
            }
            // 赌赌博博网网
            let twice: Vec<char> = term.iter().flat_map(|&c| [c, c]).collect();
            if term.len() > 2 && folded.chars[start..].starts_with(&twice) {
                found.insert((start as u32, (start + twice.len()) as u32, pattern as u32));
            }
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120 * ProptestConfig::default().cases, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_scan_finds_what_the_slow_reading_finds(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "赌", "博", "网", "友", "度", "波", "贝者", "十尃", "又又", "冂", "堵", "搏", "冈", "du", "bo", "wang", "you", "d", "b", "w", "an", "a",
            "🎲", "★", "*", " ", "。", "来", "加v", "v", "来",
        ]), 0..12),
    ) {
        let text = pieces.concat();
        prop_assert_eq!(WORLD.scan(&text), slowly(&WORLD, &text), "{}", text);
    }

    #[test]
    fn marks_between_characters_are_read_over(
        pieces in prop::collection::vec(prop::sample::select(vec!["赌", "博", "网", "友", "【", "】", "（", "“", "”", "、", "，", "*", " ", "。", "\n", "赌赌博博", "网网", "\n赌", "博\n网"]), 0..16),
    ) {
        let terms: Vec<Vec<char>> = ["赌博", "赌博网", "友博"].iter().map(|t| t.chars().collect()).collect();
        let matcher = Matcher::new(&terms, |_, _| 1.0, |_| true);
        let text = pieces.concat();
        let folded = WORLD.fold.fold(&text);
        let mut hits = Vec::new();
        bridges::scan(&folded, &matcher, |_| true, &mut hits);
        let found: Found = hits.iter().map(|h| (h.start, h.end, h.pattern)).collect();
        prop_assert_eq!(found, bridged_slowly(&folded, &terms), "{}", text);
    }
}
