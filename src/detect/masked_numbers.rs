//! Identity numbers and mobiles of which some digits are hidden: enough, or not (DOMAIN §3.1, §3.2).
//! Must not know persons.

use super::Scan;
use super::personal::Personal;
use super::report::{Found, Report};
use crate::model::{Severity, SuppressedReason};
use crate::text::fold::Class;
use std::ops::Range;

/// Most hidden places before the first digit of an identity number.
const FRONT_MASKS_MAX: usize = 14;
/// Characters that hide digits.
const MASKS: [char; 13] = ['*', '×', 'x', '●', '■', '□', '○', '＊', '⋆', '✱', '#', '▇', '█'];

/// Most places of a number looked at; an identity number has 18.
const PLACES_MAX: usize = 20;

/// 1388790*621: one of ten or a hundred is it.
fn is_mobile_but_for_few(places: &[char], hidden: usize, is_phone: bool) -> bool {
    let [first, second, ..] = places else { return false };
    // 1920x1080x2 tells a size.
    places.len() == 11 && (1..=2).contains(&hidden) && (is_phone || !places.contains(&'x')) && *first == '1' && matches!(second, '3'..='9')
}

/// 53082219770909*558: an area and a day of birth say that it is an identity number.
fn begins_like_id(scan: &Scan<'_>, places: &[char]) -> bool {
    let number = |range: Range<usize>| places.get(range).unwrap_or_default().iter().try_fold(0u32, |n, c| Some(n * 10 + c.to_digit(10)?));
    let date = || jiff::civil::Date::new(number(6..10)? as i16, number(10..12)? as i8, number(12..14)? as i8).ok();
    number(0..6).is_some_and(|area| scan.lexicon.tables.is_admin_code(area))
        && date().is_some_and(|born| born.year() > 1900 && born <= scan.as_of)
}

impl Personal {
    /// 530822********0018: masked well enough is S0, not enough is S2.
    pub(super) fn masked_ids(&self, scan: &Scan<'_>, index: usize, report: &mut Report) {
        let Some(reading) = scan.readings.get(index) else { return };
        if !reading.classes.is(Class::DIGIT) || !reading.lists.meets(self.mask_sign) {
            return;
        }
        let is_mask = |c: char| MASKS.contains(&c);
        let mut at = 0;
        while let Some(digit) = reading.digits.next(at) {
            // ****22188506150018: what is hidden may be the front.
            let hidden_front =
                (at.max(digit.saturating_sub(FRONT_MASKS_MAX))..digit).rev().take_while(|&i| reading.char(i).is_some_and(is_mask)).count();
            at = digit - hidden_front;
            let is_start = (hidden_front > 0 || reading.char(at).is_some_and(|c| c != '0'))
                && !at.checked_sub(1).and_then(|i| reading.char(i)).is_some_and(|c| c.is_ascii_alphanumeric() || is_mask(c));
            if !is_start {
                at = digit + 1;
                continue;
            }
            let is_place = |i: usize| reading.char(i).is_some_and(|c| c.is_ascii_digit() || is_mask(c));
            // 530822 1886 0214 31**: one blank or hyphen may part the places.
            let (mut places, mut end, mut next) = (Vec::new(), at, at);
            while places.len() <= PLACES_MAX && is_place(next) {
                places.extend(reading.char(next));
                end = next + 1;
                next = end + usize::from(matches!(reading.char(end), Some(' ' | '-')));
            }
            let is_parted = end - at > places.len();
            let masked = |range: Range<usize>| places.get(range).unwrap_or_default().iter().filter(|c| is_mask(**c)).count();
            let hidden = masked(0..places.len()) - usize::from(places.last() == Some(&'x') && places.len() == 18);
            let context = self.context(scan, index, at);
            let is_id = places.len() == 18 && hidden >= 2 && !is_parted && (places.iter().take(3).all(char::is_ascii_digit))
                || places.len() == 18 && hidden >= 1 && context.any.meets(self.id)
                || (16..=20).contains(&places.len()) && hidden >= 4 && context.any.meets(self.id)
                || places.len() == 18 && hidden >= 1 && !is_parted && begins_like_id(scan, &places);
            if is_id && !report.covers(&["PII.ID18"], index, &(at..end)) {
                // Enough: four places or more, and the birthday (month and day) or the serial hidden as a whole.
                let tail = places.len().saturating_sub(4);
                let enough = hidden >= 4 && (masked(10..14) == 4 || masked(tail.saturating_sub(1)..tail + 3) >= 3 && places.len() == 18);
                let found =
                    Found::new("PII.ID18_MASKED", if enough { Severity::S0 } else { Severity::S2 }, index, at..end, "personal/id18_masked")
                        .because("masked", hidden as i64);
                report.find(if enough {
                    found
                } else {
                    found.saying("去标识化不充分：出生月日或顺序码仍可看出").instead("至少遮蔽出生月日或顺序码，如 530822********0018")
                });
            } else if places.len() == 11 && hidden >= 3 && places.first() == Some(&'1') {
                let found = Found::new("PII.MOBILE", Severity::S2, index, at..end, "personal/mobile");
                report.suppress(found, SuppressedReason::Mask, "手机号已遮蔽");
            } else if is_mobile_but_for_few(&places, hidden, context.any.meets(self.phone)) {
                let found = Found::new("PII.MOBILE", Severity::S2, index, at..end, "personal/mobile").because("masked", hidden as i64);
                report.find(found.saying("手机号只遮蔽了一两位，仍可逐个试出").instead("遮蔽中间四位，如 138****1234"));
            }
            at = end;
        }
    }
}
