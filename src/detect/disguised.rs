//! Whether a disguised term is to be believed: how long it is, how rare its form is in ordinary text, what stands around.
//! Must not know how disguises are read, nor severities.

use super::reading::Reading;
use crate::lexicon::bridges::{is_bracket, is_list_mark};
use crate::lexicon::{Hit, Layer, Lexicon, Marks, Row};
use crate::model::{SuppressedReason, Transform};
use crate::text::fold::Class;
use std::ops::Range;

/// How far an inviting word may stand, in characters.
const INVITED_CHARS: usize = 20;
/// A pair of characters rarer than this (per million) hardly stands in ordinary text.
const RARE_PER_MILLION: f32 = 0.02;
/// A pair of sounds that other words share less often than this (per million) points at the term.
const SOUND_RARE_PER_MILLION: f32 = 2.0;

/// A pair of sounds that other words share more often than this (per million) says nothing by itself.
const SOUND_COMMON_PER_MILLION: f32 = 10.0;
/// A word of two characters that the word list counts less often, among 60 million, explains nothing away: 做庄 stands for 坐庄.
const RARE_WORD_COUNT: f64 = 4.5;

/// Why a term read out of a disguise is not believed; `None`: it is.
pub fn doubt(lexicon: &Lexicon, reading: &Reading<'_>, hit: &Hit, row: &Row) -> Option<(SuppressedReason, String)> {
    let range = hit.start as usize..hit.end as usize;
    let len = row.term.chars().count();
    let context = |detail: &str| Some((SuppressedReason::Context, detail.to_owned()));
    let is_invited = || is_invited(lexicon, reading, &range, row);
    if row.only.disguised {
        let near = reading.around(range.clone(), INVITED_CHARS, INVITED_CHARS);
        if reading.hits_in(near).any(|h| h.pattern == hit.pattern && h.layer == Layer::Folded) {
            return context("近旁写着同一个词，没有遮掩");
        }
        if hit.layer == Layer::Bridged && is_laid_out(reading, &range, len) {
            return context("像是整行拆开排版");
        }
    }
    let marks = match hit.layer {
        Layer::Folded => return None,
        Layer::Bridged => {
            let has_list_mark = reading.folded.chars.get(range.clone()).unwrap_or_default().iter().any(|&c| is_list_mark(c));
            if has_list_mark && len < 3 {
                // 仿真枪，支持: the pieces belong to the words outside.
                let is_outside = || {
                    reading.straddled(lexicon, range.start, range.start).is_some()
                        && reading.straddled(lexicon, range.end, range.end).is_some()
                };
                if is_outside() || !is_invited() {
                    return context("像是并列的单字");
                }
            }
            if has_list_mark && let Some(words) = explains_lines(lexicon, reading, &range, is_invited) {
                return Some((SuppressedReason::Boundary, words));
            }
            return None;
        }
        Layer::Disguised(marks) => marks,
    };
    if marks.has(Marks::SYLLABLE.and(Marks::INITIAL)) && is_part_of_address(reading, &range) {
        return context("在网址、邮箱或账号之中");
    }
    if marks.has(Marks::INITIAL) {
        let is_han = |at: usize| reading.class(at).is(Class::HAN);
        let is_mixed = range.clone().any(is_han);
        // 六h彩 is a disguise; in 首付仅x万 the letter stands for a number.
        if is_mixed && !(is_han(range.start) && is_han(range.end - 1)) {
            return context("字母在词的一端，可作他解");
        }
        if len < 5 && !is_invited() {
            return context("缩写太短，附近没有招揽用语");
        }
    }
    if marks.has(Marks::SYLLABLE) && len < 3 && lexicon.disguises().commonness(hit.pattern) > SOUND_RARE_PER_MILLION && !is_invited() {
        return context("同音词太多，附近没有招揽用语");
    }
    if marks.has(Marks::PICTURE) && len < 4 && !is_invited() {
        return context("表情可作他解，附近没有招揽用语");
    }
    if marks.has(Marks::SPLIT.and(Marks::REVERSED)) {
        let is_rare = rarest_pair(lexicon, reading, &range) < RARE_PER_MILLION;
        if !(is_rare && (len > 3 || marks.has(Marks::SPLIT))) && !is_invited() {
            return context("字面也可作他解，附近没有招揽用语");
        }
    }
    if marks.has(Marks::SOUND.and(Marks::SHAPE)) {
        if !is_invited() {
            return context("附近没有招揽用语");
        }
        let kept = |at: usize, wanted: char| reading.char(at) == Some(wanted);
        let is_all_changed = !row.term.chars().enumerate().any(|(i, wanted)| kept(range.start + i, wanted));
        if len < 3 && is_all_changed && lexicon.disguises().commonness(hit.pattern) > SOUND_COMMON_PER_MILLION && !asks_for_offer(row) {
            return context("同音词太多");
        }
    }
    if marks.has(Marks::SOUND.and(Marks::SHAPE).and(Marks::SPLIT).and(Marks::REVERSED)) {
        return not_left_over(lexicon, reading, range).map(|words| (SuppressedReason::Boundary, words));
    }
    None
}

/// The words that explain the characters of a range without any disguise; `None` where it is left over between words.
/// A disguise breaks a word into pieces, and its first or last piece may join the neighbour by chance (出马/非): one such
/// side is no explanation where the rest is single characters.
fn not_left_over(lexicon: &Lexicon, reading: &Reading<'_>, range: Range<usize>) -> Option<String> {
    let text = reading.text(range.clone());
    let is_word = || lexicon.segmenter.has_word(&text);
    // 体检 and 包裹 are said every day; that they sound like something else is chance.
    if if range.len() > 2 { is_word() } else { lexicon.segmenter.count(reading.chars(range.clone())) > RARE_WORD_COUNT } {
        return Some(text);
    }
    let words = reading.straddled(lexicon, range.start, range.end)?;
    let is_broken = |at: usize| reading.straddled(lexicon, at, at).is_some();
    let pieces: Vec<usize> = words.split('/').map(|w| w.chars().count()).collect();
    let inner = match (is_broken(range.start), is_broken(range.end)) {
        (true, false) => pieces.get(1..),
        (false, true) => pieces.get(..pieces.len().saturating_sub(1)),
        _ => None,
    };
    let is_left_over = range.len() > 2 && inner.is_some_and(|inner| !inner.is_empty() && inner.iter().all(|&chars| chars == 1));
    (!is_left_over).then_some(words)
}

/// The row itself asks for words of an offer beside its term.
fn asks_for_offer(row: &Row) -> bool {
    row.with.iter().any(|condition| !condition.negated)
}

/// An offer stands nearby: what the row itself asks for, or any inviting word.
fn is_invited(lexicon: &Lexicon, reading: &Reading<'_>, range: &Range<usize>, row: &Row) -> bool {
    asks_for_offer(row)
        || reading
            .words_in(lexicon, lexicon.disguises().inviting(), reading.around(range.clone(), INVITED_CHARS, INVITED_CHARS))
            .any(|word| word.end as usize <= range.start || word.start as usize >= range.end)
}

/// An everyday word with gaps in it that is set like the rest of its line: 热  线, 优 惠 券 发 放.
fn is_laid_out(reading: &Reading<'_>, range: &Range<usize>, len: usize) -> bool {
    let gap = reading.char(range.start + 1);
    let is_han = |at: Option<usize>| at.is_some_and(|at| reading.class(at).is(Class::HAN));
    let is_aligned = len == 2 && (range.start + 1..range.end - 1).all(|at| reading.class(at).is(Class::BLANK));
    let goes_on = gap == reading.char(range.end) && is_han(Some(range.end + 1));
    let went_on = range.start.checked_sub(1).and_then(|at| reading.char(at)) == gap && is_han(range.start.checked_sub(2));
    is_aligned || goes_on || went_on
}

/// The pieces of a term on two or more lines when they may be words of their own, or go on beyond it; `None` where the lines
/// break a word. Beside an offer only what goes on explains them. Characters one below the other are no words.
fn explains_lines(lexicon: &Lexicon, reading: &Reading<'_>, range: &Range<usize>, is_invited: impl Fn() -> bool) -> Option<String> {
    let lines: Vec<&[char]> = reading.chars(range.clone()).split(|&c| c == '\n').filter(|line| !line.is_empty()).collect();
    if lines.len() < 2 || lines.iter().all(|line| line.len() == 1) {
        return None;
    }
    if let Some(words) = reading.straddled(lexicon, range.start, range.end) {
        return Some(words);
    }
    let may_be_words = lines.iter().all(|line| line.len() > 1);
    (may_be_words && !is_invited()).then(|| lines.iter().map(|line| line.iter().collect::<String>()).collect::<Vec<_>>().join("/"))
}

/// How common the rarest pair of neighbouring characters is.
fn rarest_pair(lexicon: &Lexicon, reading: &Reading<'_>, range: &Range<usize>) -> f32 {
    let chars = reading.folded.chars.get(range.clone()).unwrap_or_default();
    chars.windows(2).map(|pair| if let &[a, b] = pair { lexicon.commonness(a, b) } else { f32::MAX }).fold(f32::MAX, f32::min)
}

/// Letters that go on over a dot, slash, `@` or digits are an address or an account name.
fn is_part_of_address(reading: &Reading<'_>, range: &Range<usize>) -> bool {
    let is_ascii = |at: Option<usize>| at.and_then(|at| reading.char(at)).is_some_and(|c| c.is_ascii_alphanumeric());
    let is_joint = |at: Option<usize>| at.and_then(|at| reading.char(at)).is_some_and(|c| matches!(c, '.' | '/' | '@' | '_' | '-' | '='));
    let before = range.start.checked_sub(1);
    let begins = is_ascii(Some(range.start)) && is_joint(before) && is_ascii(range.start.checked_sub(2));
    let ends = is_ascii(range.end.checked_sub(1)) && is_joint(Some(range.end)) && is_ascii(Some(range.end + 1));
    begins || ends || is_ascii(Some(range.start)) && reading.char(before.unwrap_or(usize::MAX)).is_some_and(|c| matches!(c, '@' | '/'))
}

/// The transforms between the submitted characters and the term.
pub fn transforms(reading: &Reading<'_>, range: &Range<usize>, layer: Layer) -> Vec<Transform> {
    let marks = match layer {
        Layer::Folded => return Vec::new(),
        Layer::Bridged => Marks::default(),
        Layer::Disguised(marks) => marks,
    };
    let mut all: Vec<Transform> = marks.transforms().collect();
    // The parts of a character may be strokes that look like separators.
    if !marks.has(Marks::SPLIT.and(Marks::REVERSED).and(Marks::PICTURE)) {
        for at in range.clone() {
            let Some(c) = reading.char(at) else { continue };
            let transform = match c {
                _ if is_bracket(c) => Transform::Bracket,
                _ if reading.class(at).is_word() => continue,
                _ if (c as u32) >= 0x1f000 => Transform::Emoji,
                _ if is_list_mark(c) || reading.class(at).is(Class::SKIP) => Transform::Separator,
                _ => continue,
            };
            if !all.contains(&transform) {
                all.push(transform);
            }
        }
    }
    all
}
