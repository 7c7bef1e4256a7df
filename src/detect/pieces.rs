//! Numbers told in pieces, with line ends, cells or signs between: 手机138，0013，8041; an identity number over two lines.
//! Right behind a word that asks for them, or proven by their check digit.
//! Must not know persons.

use super::Scan;
use super::numbers::{self, IdProof};
use super::personal::Personal;
use super::reading::Reading;
use super::report::{Found, Report};
use crate::lexicon::ListSet;
use crate::model::Severity;
use crate::text::fold::{Class, digit_value};
use std::ops::Range;

/// Most pieces of one number.
const PIECES_MAX: usize = 6;
/// Most digits of one number: those of the longest card.
const DIGITS_MAX: usize = 19;
/// Fewest digits of the first piece where no word asks for the number: those of the area.
const FIRST_DIGITS_MIN: usize = 6;
/// Longest gap of signs, and of blanks and line ends, in characters.
const SIGNS_MAX: usize = 3;
const BLANKS_MAX: usize = 24;
/// Longest name of a little picture, with its brackets: `[微笑]`, in characters.
const PICTURE_CHARS: usize = 6;
/// Most characters between the word and the number: 号码为：
const LINK_CHARS: usize = 6;
const ID_DIGITS: usize = 18;
const MOBILE_DIGITS: usize = 11;
/// What a mobile number is told in.
const MOBILE_SHAPES: [&[usize]; 4] = [&[3, 4, 4], &[4, 4, 3], &[3, 8], &[7, 4]];

/// What stands between two pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gap {
    /// One of the separators that every number may have.
    Plain,
    /// A line end or the next cell.
    Break,
    Signs,
    /// 年, 月, 日.
    Date,
}

#[derive(Debug, Default)]
struct Pieces {
    digits: Vec<u8>,
    /// Where each piece ends, and how many digits stand up to there.
    ends: Vec<(usize, usize)>,
    gaps: Vec<Gap>,
    /// In a way that is read here only: 洞, 拐, ㈠.
    is_spelled: bool,
}

impl Personal {
    /// All numbers told in pieces: where they stand, in order.
    pub(super) fn pieces(&self, scan: &Scan<'_>, index: usize, report: &mut Report) -> Vec<Range<usize>> {
        let mut taken = Vec::new();
        let Some(reading) = scan.readings.get(index) else { return taken };
        let asking = self.phone.and(self.id).and(self.bank).and(self.account);
        let has_digits = reading.classes.is(Class::DIGIT | Class::NUMERAL);
        if reading.lists.meets(asking) {
            let mut last = 0;
            for hit in reading.words_in(scan.lexicon, asking, 0..reading.len()) {
                let start = after_link(reading, hit.end as usize);
                if start <= last || told_digit(reading, start).is_none() {
                    continue;
                }
                last = start;
                let lists = scan.lexicon.lists_of(hit.pattern);
                taken.extend(self.asked_pieces(scan, index, start, lists, report));
            }
        }
        if !has_digits {
            return taken;
        }
        let asked = taken.clone();
        let is_asked = |at: usize| asked.get(asked.partition_point(|place| place.end <= at)).is_some_and(|place| place.start <= at);
        let mut at = 0;
        while let Some(run) = reading.digits.next_run(at) {
            at = run.end;
            let may_go_on = (FIRST_DIGITS_MIN..ID_DIGITS).contains(&run.len())
                && matches!(reading.char(run.end), Some('\n' | '\t' | '\r'))
                && !run.start.checked_sub(1).and_then(|i| reading.char(i)).is_some_and(|c| c.is_ascii_alphanumeric());
            if !may_go_on || is_asked(run.start) {
                continue;
            }
            let pieces = collect(reading, run.start);
            let broken = pieces.gaps.iter().take_while(|gap| matches!(gap, Gap::Break)).count();
            if let Some(range) =
                pieces.whole(reading, run.start, ID_DIGITS).filter(|(count, _)| count - 1 <= broken).map(|(_, range)| range)
                && self.is_proven(scan, &pieces, ID_DIGITS)
            {
                report.find(id_found(index, &range));
                at = range.end;
                taken.push(range);
            }
        }
        taken.sort_by_key(|range| range.start);
        taken
    }

    /// The number in pieces that begins at `start`, right behind a word of `lists`.
    fn asked_pieces(&self, scan: &Scan<'_>, index: usize, start: usize, lists: ListSet, report: &mut Report) -> Option<Range<usize>> {
        let reading = scan.readings.get(index)?;
        let pieces = collect(reading, start);
        if pieces.ends.len() < 2 && !pieces.is_spelled || scan.is_in_address(index, &(start..start + 1)) {
            return None;
        }
        if let Some((count, range)) = pieces.whole(reading, start, ID_DIGITS)
            && pieces.is_unusual(count)
            && self.is_proven(scan, &pieces, ID_DIGITS)
        {
            report.find(id_found(index, &range));
            return Some(range);
        }
        let context = self.context(scan, index, start);
        if lists.meets(self.phone)
            && !context.nearest.meets(self.other_number)
            && let Some((count, range)) = pieces.whole(reading, start, MOBILE_DIGITS)
            && pieces.is_unusual(count)
            && pieces.may_be_mobile(count)
            && !reading.char(range.end).is_some_and(|c| "元万亿亩吨%".contains(c))
            && let Some(found) = self.mobile(scan, index, pieces.digits.get(..MOBILE_DIGITS)?, &range, context, (&[], &[MOBILE_DIGITS]))
        {
            report.find(found);
            return Some(range);
        }
        if !lists.meets(self.bank.and(self.account)) {
            return None;
        }
        (15..=DIGITS_MAX).rev().find_map(|places| {
            let (_, range) = pieces.whole(reading, start, places).filter(|(count, _)| pieces.is_unusual(*count))?;
            report.find(self.card(scan, index, pieces.digits.get(..places)?, &range, context, true)?);
            Some(range)
        })
    }

    fn is_proven(&self, scan: &Scan<'_>, pieces: &Pieces, places: usize) -> bool {
        let digits = pieces.digits.get(..places).unwrap_or_default();
        numbers::prove_id18(digits, &scan.lexicon.tables, scan.as_of) == IdProof::Proven
    }
}

impl Pieces {
    /// The first so many digits, when a piece ends with them and nothing touches them: how many pieces, and where.
    fn whole(&self, reading: &Reading<'_>, start: usize, places: usize) -> Option<(usize, Range<usize>)> {
        let count = self.ends.iter().position(|(_, digits)| *digits == places)? + 1;
        let (end, _) = *self.ends.get(count - 1)?;
        (!reading.char(end).is_some_and(|c| c.is_ascii_alphanumeric())).then_some((count, start..end))
    }

    /// Whether the first pieces stand apart as no other number may: all else is read as one chain.
    fn is_unusual(&self, count: usize) -> bool {
        self.is_spelled || self.gaps.iter().take(count - 1).any(|gap| *gap != Gap::Plain)
    }

    /// Whether a mobile number is told like these pieces: in the usual groups, or broken once by a line end. A row of
    /// figures goes on with more of them.
    fn may_be_mobile(&self, count: usize) -> bool {
        let gaps = self.gaps.get(..count - 1).unwrap_or_default();
        let lens: Vec<usize> = self.lens().take(count).collect();
        let goes_on = gaps.contains(&Gap::Break) && self.gaps.get(count - 1) == Some(&Gap::Break) && self.ends.len() > count;
        let fits = MOBILE_SHAPES.contains(&lens.as_slice()) || gaps == [Gap::Break] || count == 1;
        fits && !goes_on && !gaps.contains(&Gap::Date)
    }

    fn lens(&self) -> impl Iterator<Item = usize> {
        let before = std::iter::once(0).chain(self.ends.iter().map(|end| end.1));
        self.ends.iter().zip(before).map(|((_, digits), before)| digits - before)
    }
}

fn id_found(index: usize, range: &Range<usize>) -> Found {
    Found::new("PII.ID18", Severity::S3, index, range.clone(), "personal/id18").because("check_digit", "正确").because("in_pieces", true)
}

/// Leaves 号码, 为 and signs behind a word out.
fn after_link(reading: &Reading<'_>, word_end: usize) -> usize {
    let is_link = |i: &usize| {
        matches!(reading.char(*i), Some('号' | '码' | '为' | '是' | '：' | ':' | ' ' | '\t' | '\n' | '(' | '（' | '【' | '[' | '“' | '"'))
    };
    word_end + (word_end..word_end + LINK_CHARS).take_while(is_link).count()
}

/// The digit at `at` as it is told aloud or written in a frame, too: 洞, 拐, 勾, ㈠; and whether only here.
fn told_digit(reading: &Reading<'_>, at: usize) -> Option<(u8, bool)> {
    let c = reading.char(at)?;
    if let Some(digit) = digit_value(c) {
        return Some((digit, false));
    }
    match c {
        '洞' => Some((0, true)),
        '拐' => Some((7, true)),
        '勾' => Some((9, true)),
        '㈠'..='㈨' => Some(((c as u32 - '㈠' as u32 + 1) as u8, true)),
        _ => None,
    }
}

/// The pieces from `start` on, a digit there.
fn collect(reading: &Reading<'_>, start: usize) -> Pieces {
    let mut pieces = Pieces::default();
    let mut at = start;
    loop {
        let before = pieces.digits.len();
        while let Some((digit, is_spelled)) = told_digit(reading, at).filter(|_| pieces.digits.len() <= DIGITS_MAX) {
            pieces.digits.push(digit);
            pieces.is_spelled |= is_spelled;
            at += 1;
        }
        if numbers::is_check_sign(reading, at, &pieces.digits) {
            pieces.digits.push(10);
            at += 1;
        }
        if pieces.digits.len() == before {
            // Nothing follows the last gap.
            pieces.gaps.pop();
            break;
        }
        pieces.ends.push((at, pieces.digits.len()));
        let Some((gap, len)) = gap_at(reading, at).filter(|_| pieces.digits.len() < DIGITS_MAX && pieces.ends.len() < PIECES_MAX) else {
            break;
        };
        pieces.gaps.push(gap);
        at += len;
    }
    pieces
}

/// What stands at `at` between two pieces, and how long it is.
fn gap_at(reading: &Reading<'_>, at: usize) -> Option<(Gap, usize)> {
    match reading.char(at)? {
        '年' | '月' | '日' => return Some((Gap::Date, 1)),
        '[' => {
            let end = (at + 1..at + PICTURE_CHARS).find(|&i| reading.char(i) == Some(']'))?;
            return Some((Gap::Signs, end + 1 - at));
        }
        _ => {}
    }
    let blanks = (at..at + BLANKS_MAX).take_while(|&i| reading.char(i).is_some_and(char::is_whitespace)).count();
    let is_broken = reading.chars(at..at + blanks).iter().any(|c| matches!(c, '\n' | '\t' | '\r'));
    if is_broken {
        return Some((Gap::Break, blanks));
    }
    let signs = (at..at + SIGNS_MAX + 1).take_while(|&i| i < reading.len() && !reading.class(i).is_word()).count();
    match signs {
        1 if reading.char(at).is_some_and(numbers::is_separator) => Some((Gap::Plain, 1)),
        1..=SIGNS_MAX => Some((Gap::Signs, signs)),
        _ => None,
    }
}
