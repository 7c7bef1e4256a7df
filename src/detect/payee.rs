//! A private account to pay into: a bank's name beside a number of the length of a card, digits hidden or not.
//! Must not know whether the number is a valid card (`personal`), nor queues.

use super::Scan;
use super::reading::Reading;
use super::report::{Found, Report};
use crate::lexicon::{Lexicon, ListSet};
use crate::model::{Problem, Severity};
use std::ops::Range;

/// How far from the bank's name the number may begin or end, and a unit's name may stand, in characters.
const NEAR_CHARS: usize = 30;
/// Digits of a card number.
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 16..=19;
/// Most separators between two digits.
const GAP_CHARS_MAX: usize = 3;

pub struct Payee {
    bank: ListSet,
    unit: ListSet,
}

impl Payee {
    pub fn new(lexicon: &Lexicon, problems: &mut Vec<Problem>) -> Self {
        Self { bank: lexicon.lists(problems).scanned("bank_name"), unit: lexicon.lists(problems).asked("payee_unit") }
    }

    pub fn detect(&self, scan: &Scan<'_>, report: &mut Report) {
        // A citizen who writes down an account is not asking the public for money.
        if scan.is_message() {
            return;
        }
        for (index, reading) in scan.prose().filter(|(_, r)| r.lists.meets(self.bank)) {
            let mut done = 0;
            for hit in reading.words_in(scan.lexicon, self.bank, 0..reading.len()) {
                let near = reading.around(
                    hit.start as usize..hit.end as usize,
                    NEAR_CHARS + 2 * *CARD_DIGITS.end(),
                    NEAR_CHARS + 2 * *CARD_DIGITS.end(),
                );
                let Some(card) = card_number(reading, near.start.max(done)..near.end) else { continue };
                done = card.end;
                let gap = if card.start >= hit.end as usize {
                    card.start - hit.end as usize
                } else {
                    (hit.start as usize).saturating_sub(card.end)
                };
                let around = reading.around(card.clone(), NEAR_CHARS, NEAR_CHARS);
                if gap > NEAR_CHARS || reading.has_word(scan.lexicon, self.unit, around) || report.covers(&["PII."], index, &card) {
                    continue;
                }
                let found = Found::new("ILL.FRAUD", Severity::S2, index, card, "fraud/payee")
                    .saying("写着银行和卡号，像是让人往个人账户打款")
                    .instead("删除；确属单位账户的写明户名");
                report.find(found);
            }
        }
    }
}

/// The first number of the length of a card in the range; `x` stands for a hidden digit.
fn card_number(reading: &Reading<'_>, range: Range<usize>) -> Option<Range<usize>> {
    let digit = |at: usize| reading.char(at).is_some_and(|c| c.is_ascii_digit() || c == 'x');
    let mut at = range.start;
    while at < range.end {
        if !digit(at) || at.checked_sub(1).is_some_and(|b| reading.char(b).is_some_and(|c| c.is_ascii_alphanumeric())) {
            at += 1;
            continue;
        }
        let (mut digits, mut end, mut next) = (0, at, at);
        while digits <= *CARD_DIGITS.end() {
            if digit(next) {
                digits += 1;
                next += 1;
                end = next;
            } else if next - end < GAP_CHARS_MAX && matches!(reading.char(next), Some(' ' | '.' | ',' | '，' | '·' | '。' | '-' | '—'))
            {
                next += 1;
            } else {
                break;
            }
        }
        let glued = reading.char(end).is_some_and(|c| c.is_ascii_alphanumeric());
        if CARD_DIGITS.contains(&digits) && !glued {
            return Some(at..end);
        }
        at = end.max(at + 1);
    }
    None
}
