//! Terms whose characters are pulled apart by separators, brackets and quotes, or the commas of a list: 赌*博, 【赌】【博】,
//! 赌（博）, 赌、博. Must not know what a pattern means.

use super::compile::{Hit, Layer};
use super::matcher::Matcher;
use crate::text::class_bits::{doubled, gaps, set_bits};
use crate::text::fold::{Class, Folded};

/// Most marks between two characters of a term.
pub const GAP_CHARS_MAX: usize = 3;
/// Most characters of a picture written as a word: `[微笑]`, `[OK]`.
const PICTURE_CHARS_MAX: usize = 4;
/// How far from the ends of a term on two lines its first line begins and its last line or clause ends, in characters.
const LINE_CHARS_MAX: usize = 8;
/// Word characters looked at on either side of a gap; covers the longest term that is matched over gaps.
pub const SIDE_CHARS: usize = 16;

/// Brackets and quotes.
pub fn is_bracket(c: char) -> bool {
    matches!(
        c,
        '(' | ')'
            | '['
            | ']'
            | '{'
            | '}'
            | '<'
            | '>'
            | '《'
            | '》'
            | '〈'
            | '〉'
            | '【'
            | '】'
            | '「'
            | '」'
            | '『'
            | '』'
            | '〔'
            | '〕'
            | '“'
            | '”'
            | '‘'
            | '’'
            | '"'
            | '\''
            | '〖'
            | '〗'
    )
}

/// What separates the items of a list: between all characters of a word it is a disguise, between some it is not.
pub fn is_list_mark(c: char) -> bool {
    matches!(c, '、' | ',' | '，' | ':' | '：' | '&' | '@' | '%') || is_sentence_mark(c)
}

/// What ends a sentence or line. Between all characters of a word it is a disguise; of a word of two it is chance.
fn is_sentence_mark(c: char) -> bool {
    matches!(c, '。' | '；' | ';' | '！' | '!' | '？' | '?' | '…' | '\n')
}

fn is_opening(c: char) -> bool {
    matches!(c, '“' | '‘' | '《' | '〈' | '「' | '『')
}

fn is_closing(c: char) -> bool {
    matches!(c, '”' | '’' | '》' | '〉' | '」' | '』')
}

/// What may stand between the characters of a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filler {
    Marks,
    /// Marks, and pictures written as words: `代[微笑]开`.
    Pictures,
    /// One letter or digit, the same between all: 六x合x彩.
    Letter(char),
    /// Every character a second time: 六六合合彩彩.
    Copies,
}

/// Where the picture ends that is written as a word from `at` on: `[微笑]`.
fn picture_end(folded: &Folded, at: usize) -> Option<usize> {
    if folded.chars.get(at) != Some(&'[') {
        return None;
    }
    let close = (at + 2..=at + 1 + PICTURE_CHARS_MAX).find(|&i| folded.chars.get(i) == Some(&']'))?;
    (at + 1..close).all(|i| folded.class(i).is(Class::HAN | Class::LETTER)).then_some(close + 1)
}

fn is_gap(folded: &Folded, at: usize) -> bool {
    folded.class(at).is(Class::SKIP) || folded.chars.get(at).is_some_and(|&c| is_bracket(c) || is_list_mark(c))
}

/// Finds terms of `matcher` that may be bridged over the marks between their characters: a gap is looked at only where
/// the characters on its two sides stand side by side in some term that allows it.
pub fn scan(folded: &Folded, matcher: &Matcher, is_bridged: impl Fn(u32) -> bool, hits: &mut Vec<Hit>) {
    let mut joined = Joined::default();
    for (from, gaps) in gaps(&folded.classes, Class::PUNCTUATION | Class::SKIP | Class::END, Class::WORD) {
        // Nearly every mark is alone and stands between two words that no term joins.
        let may_bridge = |mark: &usize| match folded.chars.get(mark - 1..mark + 2) {
            Some(&[left, sign, right]) => sign == '[' || matcher.may_bridge(left, right),
            _ => false,
        };
        let singles = set_bits(gaps.single).map(|bit| from + bit).filter(may_bridge);
        for mark in singles.chain(set_bits(gaps.run).map(|bit| from + bit)) {
            joined.scan(folded, mark, Filler::Marks, matcher, &is_bridged, hits);
            if picture_end(folded, mark).is_some() {
                joined.scan(folded, mark, Filler::Pictures, matcher, &is_bridged, hits);
            }
        }
    }
    for at in doubled(&folded.chars) {
        if let Some(&[left, _, right]) = folded.chars.get(at..at + 3)
            && matcher.may_bridge(left, right)
        {
            joined.scan(folded, at + 1, Filler::Copies, matcher, &is_bridged, hits);
        }
    }
    for (from, gaps) in gaps(&folded.classes, Class::LETTER | Class::DIGIT, Class::HAN) {
        for at in set_bits(gaps.single).map(|bit| from + bit) {
            // The same letter again behind the next character, or none of it.
            if let Some(&[left, letter, right, next]) = folded.chars.get(at - 1..at + 3)
                && letter == next
                && matcher.may_bridge(left, right)
            {
                joined.scan(folded, at, Filler::Letter(letter), matcher, &is_bridged, hits);
            }
        }
    }
}

/// Word characters on both sides of a gap, without the marks between them.
#[derive(Default)]
struct Joined {
    chars: Vec<char>,
    /// Where each stands.
    places: Vec<usize>,
}

impl Joined {
    /// Finds terms that are bridged over the gap that begins at `mark`, behind a word character.
    fn scan(
        &mut self,
        folded: &Folded,
        mark: usize,
        filler: Filler,
        matcher: &Matcher,
        is_bridged: impl Fn(u32) -> bool,
        hits: &mut Vec<Hit>,
    ) {
        let Self { chars, places } = self;
        let Some((left, right)) = mark.checked_sub(1).zip(after(folded, mark, filler)) else { return };
        let (Some(&a), Some(&b)) = (folded.chars.get(left), folded.chars.get(right)) else { return };
        if !matcher.may_bridge(a, b) {
            return;
        }
        chars.clear();
        places.clear();
        places.reserve(2 * SIDE_CHARS);
        let mut place = Some(left);
        while let Some(p) = place.filter(|_| places.len() < SIDE_CHARS) {
            places.push(p);
            place = before(folded, p, filler);
        }
        places.reverse();
        let gap = places.len();
        let mut place = Some(right);
        while let Some(p) = place.filter(|_| places.len() < gap + SIDE_CHARS) {
            places.push(p);
            place = after(folded, p + 1, filler);
        }
        chars.extend(places.iter().filter_map(|&p| folded.chars.get(p)));
        let places = &places;
        matcher.scan(chars, |o| {
            let (first, end) = (o.start as usize, o.end as usize);
            if first < gap
                && gap < end
                && is_bridged(o.pattern)
                && places.get(first..end).is_some_and(|p| is_even(folded, p, filler))
                && let (Some(&start), Some(&last)) = (places.get(first), places.get(end - 1))
            {
                let end = if filler == Filler::Copies { last + 2 } else { last + 1 };
                hits.push(Hit { start: start as u32, end: end as u32, pattern: o.pattern, layer: Layer::Bridged });
            }
        });
    }
}

/// Marks of a list count only when the same ones stand between all characters and the list ends with the term; so do two
/// quotations side by side: “上分”“下分” are two words, “百”“家”“乐” and （代开）（发票） are one.
fn is_even(folded: &Folded, places: &[usize], filler: Filler) -> bool {
    let gap = |pair: &[usize]| match pair {
        &[a, b] => folded.chars.get(a + 1..b).unwrap_or_default(),
        _ => &[],
    };
    let is_copied = |at: usize| folded.chars.get(at).is_some() && folded.chars.get(at) == folded.chars.get(at + 1);
    match filler {
        Filler::Letter(letter) => return places.len() > 2 && places.windows(2).all(|pair| gap(pair) == [letter]),
        // 大大小小: words of two characters are said so.
        Filler::Copies => return places.len() > 2 && places.iter().all(|&at| is_copied(at)),
        Filler::Marks | Filler::Pictures => {}
    }
    let has_list_mark = |gap: &[char]| gap.iter().any(|&c| is_list_mark(c));
    if !places.windows(2).any(|pair| has_list_mark(gap(pair))) {
        let parts = |pair: &[usize]| matches!(gap(pair), &[closing, .., opening] if is_closing(closing) && is_opening(opening));
        return !places.windows(2).any(parts) || places.windows(2).all(parts);
    }
    let first = places.get(..2).map(gap).unwrap_or_default();
    if places.len() == 2 && first.iter().any(|&c| is_sentence_mark(c)) {
        return false;
    }
    let goes_on = |at: Option<usize>| {
        at.is_some_and(|at| {
            folded.chars.get(at).is_some_and(|c| is_list_mark(*c) && first.contains(c) && *c != '，' && *c != ',' && !is_sentence_mark(*c))
        })
    };
    if places.windows(2).all(|pair| gap(pair) == first) {
        return !goes_on(places.first().and_then(|p| p.checked_sub(1))) && !goes_on(places.last().map(|p| p + 1));
    }
    places.len() > 2 && (is_broken_line(folded, places, gap) || is_strewn(places, gap))
}

/// Pieces of a term on short lines below each other: 代开 above 发票.
fn is_broken_line<'f>(folded: &Folded, places: &[usize], gap: impl Fn(&[usize]) -> &'f [char]) -> bool {
    let is_break = |gap: &[char]| gap.contains(&'\n') && gap.iter().all(|&c| matches!(c, '\n' | ' '));
    let (Some(&first), Some(&last)) = (places.first(), places.last()) else { return false };
    if !places.windows(2).all(|pair| gap(pair).is_empty() || is_break(gap(pair))) {
        return false;
    }
    let is_end = |i: usize| i >= folded.len() || folded.class(i).is(Class::END | Class::PUNCTUATION);
    let ends_soon = (last + 1..=last + 1 + LINE_CHARS_MAX).any(is_end);
    let begins = (0..=LINE_CHARS_MAX).any(|back| first.checked_sub(back + 1).is_none_or(|i| folded.chars.get(i) == Some(&'\n')));
    begins && ends_soon
}

/// The same sign of no list between some characters, twice at least: 代开&发&票.
fn is_strewn<'f>(places: &[usize], gap: impl Fn(&[usize]) -> &'f [char]) -> bool {
    let mut filled = places.windows(2).map(gap).filter(|gap| !gap.is_empty());
    let (Some(first), Some(second)) = (filled.next(), filled.next()) else { return false };
    matches!(first, ['&' | '@' | '%']) && first == second && filled.all(|gap| gap == first)
}

/// The word character at or after `at`, over what may stand between.
fn after(folded: &Folded, at: usize, filler: Filler) -> Option<usize> {
    let mut next = at;
    for _ in 0..=GAP_CHARS_MAX {
        let picture = if filler == Filler::Pictures { picture_end(folded, next) } else { None };
        next = match filler {
            _ if picture.is_some() => picture?,
            Filler::Letter(letter) if next == at && folded.chars.get(next) == Some(&letter) => next + 1,
            Filler::Copies if next == at && at > 0 && folded.chars.get(at) == folded.chars.get(at - 1) => next + 1,
            Filler::Marks | Filler::Pictures if is_gap(folded, next) => next + 1,
            _ => return Some(next).filter(|&i| folded.class(i).is_word()),
        };
    }
    None
}

/// The word character before `at`, over what may stand between.
fn before(folded: &Folded, at: usize, filler: Filler) -> Option<usize> {
    let mut next = at.checked_sub(1)?;
    for _ in 0..=GAP_CHARS_MAX {
        let picture = if filler == Filler::Pictures { picture_before(folded, next) } else { None };
        let step = match filler {
            _ if picture.is_some() => picture?,
            Filler::Letter(letter) if next + 1 == at && folded.chars.get(next) == Some(&letter) => 1,
            // The first of the two copies.
            Filler::Copies if next + 1 == at && next > 0 && folded.chars.get(next) == folded.chars.get(next - 1) => 1,
            Filler::Marks | Filler::Pictures if is_gap(folded, next) => 1,
            _ => return Some(next).filter(|&i| folded.class(i).is_word()),
        };
        next = next.checked_sub(step)?;
    }
    None
}

/// The length of the picture written as a word that ends with `at`.
fn picture_before(folded: &Folded, at: usize) -> Option<usize> {
    if folded.chars.get(at) != Some(&']') {
        return None;
    }
    (3..=2 + PICTURE_CHARS_MAX).find(|len| (at + 1).checked_sub(*len).and_then(|start| picture_end(folded, start)) == Some(at + 1))
}
