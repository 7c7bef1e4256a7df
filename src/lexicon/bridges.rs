//! Terms whose characters are pulled apart by separators, brackets and quotes, or the commas of a list: 赌*博, 【赌】【博】,
//! 赌（博）, 赌、博. Must not know what a pattern means.

use super::compile::{Hit, Layer};
use super::matcher::Matcher;
use crate::text::class_bits::{gaps, set_bits};
use crate::text::fold::{Class, Folded};

/// Most marks between two characters of a term.
pub const GAP_CHARS_MAX: usize = 3;
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
            Some(&[left, _, right]) => matcher.may_bridge(left, right),
            _ => false,
        };
        let singles = set_bits(gaps.single).map(|bit| from + bit).filter(may_bridge);
        for mark in singles.chain(set_bits(gaps.run).map(|bit| from + bit)) {
            joined.scan(folded, mark, matcher, &is_bridged, hits);
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
    fn scan(&mut self, folded: &Folded, mark: usize, matcher: &Matcher, is_bridged: impl Fn(u32) -> bool, hits: &mut Vec<Hit>) {
        let Self { chars, places } = self;
        let Some((left, right)) = mark.checked_sub(1).zip(after(folded, mark)) else { return };
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
            place = before(folded, p);
        }
        places.reverse();
        let gap = places.len();
        let mut place = Some(right);
        while let Some(p) = place.filter(|_| places.len() < gap + SIDE_CHARS) {
            places.push(p);
            place = after(folded, p + 1);
        }
        chars.extend(places.iter().filter_map(|&p| folded.chars.get(p)));
        let places = &places;
        matcher.scan(chars, |o| {
            let (first, end) = (o.start as usize, o.end as usize);
            if first < gap
                && gap < end
                && is_bridged(o.pattern)
                && places.get(first..end).is_some_and(|p| is_even(folded, p))
                && let (Some(&start), Some(&last)) = (places.get(first), places.get(end - 1))
            {
                hits.push(Hit { start: start as u32, end: last as u32 + 1, pattern: o.pattern, layer: Layer::Bridged });
            }
        });
    }
}

/// Marks of a list count only when the same ones stand between all characters and the list ends with the term; so do two
/// quotations side by side: “上分”“下分” are two words, “百”“家”“乐” and （代开）（发票） are one.
fn is_even(folded: &Folded, places: &[usize]) -> bool {
    let gap = |pair: &[usize]| match pair {
        &[a, b] => folded.chars.get(a + 1..b).unwrap_or_default(),
        _ => &[],
    };
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
    places.windows(2).all(|pair| gap(pair) == first)
        && !goes_on(places.first().and_then(|p| p.checked_sub(1)))
        && !goes_on(places.last().map(|p| p + 1))
}

/// The word character at or after `at`, over marks and separators.
fn after(folded: &Folded, at: usize) -> Option<usize> {
    (at..=at + GAP_CHARS_MAX).find(|&i| !is_gap(folded, i)).filter(|&i| folded.class(i).is_word())
}

/// The word character before `at`, over marks and separators.
fn before(folded: &Folded, at: usize) -> Option<usize> {
    (1..=GAP_CHARS_MAX + 1).filter_map(|back| at.checked_sub(back)).find(|&i| !is_gap(folded, i)).filter(|&i| folded.class(i).is_word())
}
