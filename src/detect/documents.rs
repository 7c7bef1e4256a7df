//! Personal documents written in letters and digits: passports, permits, plates, social credit codes, addresses
//! of machines (DOMAIN §3.2, §3.4).
//! Must not know persons or queues.

use super::personal::Personal;
use super::reading::Reading;
use super::report::{Found, Report};
use super::{Scan, mailboxes, numbers};
use crate::model::{Severity, SuppressedReason};
use crate::text::fold::{Class, digit_value};
use std::ops::Range;

const PROVINCES: [char; 31] = [
    '京', '津', '沪', '渝', '冀', '豫', '云', '辽', '黑', '湘', '皖', '鲁', '新', '苏', '浙', '赣', '鄂', '桂', '甘', '晋', '蒙', '陕',
    '吉', '闽', '贵', '粤', '青', '藏', '川', '宁', '琼',
];
/// What stands for the dot of an address; the longer ones first.
const DOTS: [&str; 8] = [" . ", " 。 ", "[.]", "(.)", " .", ". ", "。", "."];
/// Fewest letters and digits of a document that is no plate.
const DOCUMENT_CHARS_MIN: usize = 8;
/// Most places of a plate behind its letter.
const PLATE_PLACES_MAX: usize = 6;
const PLATE_SUFFIXES: &str = "学挂领试超港澳警";

pub fn detect(personal: &Personal, scan: &Scan<'_>, index: usize, report: &mut Report) {
    let Some(reading) = scan.readings.get(index) else { return };
    if !reading.classes.is(Class::DIGIT | Class::LETTER) {
        return;
    }
    let chars = reading.folded.chars.as_slice();
    // Letters may be others than those of ASCII, digits are not.
    let has_letters = reading.classes.is(Class::LETTER);
    let mut at = 0;
    // Everything here has letters or digits: go from one run of them to the next.
    while let Some(first) = reading.alphanumerics.next(at) {
        at = first;
        let Some(&c) = chars.get(at).filter(|c| c.is_ascii_alphanumeric()) else {
            at += 1;
            continue;
        };
        if let Some(sign) = military_sign(reading, at) {
            military(personal, scan, index, sign, report);
        }
        let end = if has_letters {
            at + reading.chars(at..chars.len()).iter().take_while(|c| c.is_ascii_alphanumeric()).count()
        } else {
            reading.digits.run_end(at)
        };
        let separator = chars.get(end).copied();
        if matches!(separator, Some('.' | ':' | '-')) {
            if c.is_ascii_digit() && end - at <= 3 && separator == Some('.') {
                ip_address(personal, scan, index, at, report);
            }
            if end - at == 2 && separator != Some('.') {
                mac_address(scan, index, at, report);
            }
        }
        if c.is_ascii_digit() && end - at <= 3 && matches!(separator, Some('.' | '。' | ' ' | '[')) {
            disguised_ip(personal, scan, index, at, report);
        }
        let may_be_document = end - at >= DOCUMENT_CHARS_MIN || may_be_plate(reading, at);
        if may_be_document && end - at <= 24 && !scan.is_in_address(index, &(at..end)) {
            token(personal, scan, index, at..end, report);
        }
        let mut sign = end;
        while matches!(chars.get(sign), Some('.' | '_' | '%' | '+' | '-')) {
            sign += 1;
        }
        if chars.get(sign) == Some(&'@') {
            mailboxes::around(personal, scan, index, sign, report);
        }
        at = end;
    }
}

/// One run of ASCII letters and digits.
fn token(personal: &Personal, scan: &Scan<'_>, index: usize, range: Range<usize>, report: &mut Report) {
    let Some(reading) = scan.readings.get(index) else { return };
    let has_plate_word = || reading.has_word(scan.lexicon, personal.plate, range.start.saturating_sub(13)..range.start);
    if let Some((code, end)) = plate(reading, &range, has_plate_word) {
        // WJ云12345: the letters of the armed police stand before the province.
        let province = range.start - 1;
        // 投放号段云J·A0000至云J·A9999: nobody's yet.
        if reading.holds_one(reading.around(range.clone(), 30, 16), &[&['号', '段'], &['选', '号']]) {
            return;
        }
        let place = if reading.ends_with(province, "wj") { province - 2..end } else { province..end };
        if !report.covers(&["PII.PLATE"], index, &place) {
            report.find(Found::new(code, Severity::S2, index, place, "personal/plate").instead("遮蔽中间几位，如 云J1**45"));
        }
        return;
    }
    let chars = reading.folded.chars.get(range.clone()).unwrap_or_default();
    if chars.len() < DOCUMENT_CHARS_MIN {
        return;
    }
    let digits = |from: usize, count: usize| chars.len() == from + count && chars.iter().skip(from).all(char::is_ascii_digit);
    let letter_at = |i: usize, set: &str| chars.get(i).is_some_and(|c| set.contains(*c));
    if chars.len() == 18 && chars.iter().any(char::is_ascii_alphabetic)
        || chars.len() == 18 && personal.context(scan, index, range.start).any.meets(personal.uscc)
    {
        uscc(personal, scan, index, range.clone(), chars, report);
        return;
    }
    let is_mixed = chars.iter().any(char::is_ascii_digit) && chars.iter().any(char::is_ascii_alphabetic);
    if (8..=18).contains(&chars.len()) && is_mixed && personal.context(scan, index, range.start).nearest.meets(personal.social) {
        report.find(Found::new("PII.SOCIAL", Severity::S3, index, range, "personal/social"));
        return;
    }
    if !(8..=15).contains(&chars.len()) || report.covers(&["PII."], index, &range) {
        return;
    }
    let context = personal.context(scan, index, range.start);
    let second_letter_or_digit = chars.get(1).is_some_and(|c| c.is_ascii_digit() || c.is_ascii_alphabetic() && !"io".contains(*c));
    let e_form = chars.len() == 9 && letter_at(0, "e") && second_letter_or_digit && chars.iter().skip(2).all(char::is_ascii_digit);
    let passport = e_form
        || letter_at(0, "g") && digits(1, 8)
        || chars.len() == 9
            && matches!(chars.get(..2), Some(['s' | 'p' | 'd', 'e'] | ['m', 'a']))
            && chars.iter().skip(2).all(char::is_ascii_digit)
        || digits(0, 9) && matches!(chars.get(..2), Some(['1', '4' | '5']));
    let hkm = chars.len() == 9 && letter_at(0, "cw") && second_letter_or_digit && chars.iter().skip(2).all(char::is_ascii_digit)
        || letter_at(0, "hm") && (digits(1, 8) || digits(1, 10));
    let tw = letter_at(0, "tl") && digits(1, 8)
        || digits(0, 8)
        || chars.len() == 11 && chars.iter().take(10).all(char::is_ascii_digit) && chars.last().is_some_and(char::is_ascii_alphabetic);
    let foreign =
        chars.len() == 15 && chars.iter().take(3).all(char::is_ascii_alphabetic) && chars.iter().skip(3).all(char::is_ascii_digit);
    let code = if foreign && context.any.meets(personal.foreign_pr) {
        "PII.FOREIGN_PR"
    } else if hkm && context.any.meets(personal.hkm) {
        "PII.HKM_PERMIT"
    } else if tw && context.any.meets(personal.tw) {
        "PII.TW_PERMIT"
    } else if passport && context.any.meets(personal.passport) {
        "PII.PASSPORT"
    } else {
        return;
    };
    report.find(Found::new(code, Severity::S3, index, range, "personal/travel_document"));
}

fn uscc(personal: &Personal, scan: &Scan<'_>, index: usize, range: Range<usize>, chars: &[char], report: &mut Report) {
    let context = personal.context(scan, index, range.start);
    if numbers::is_uscc(chars) {
        let severity = if chars.starts_with(&['9', '2']) { Severity::S1 } else { Severity::S0 };
        let found = Found::new("PII.USCC", severity, index, range, "personal/uscc").because("check_character", "正确");
        report.find(if severity == Severity::S0 {
            found.saying("统一社会信用代码，单位信息，公开合法").instead("核对即可")
        } else {
            found
        });
    } else if context.any.meets(personal.uscc) {
        report.suppress(
            Found::new("PII.USCC", Severity::S0, index, range, "personal/uscc"),
            SuppressedReason::CheckDigit,
            "校验码不符，请核对",
        );
    }
}

/// Whether what stands before a run of letters and digits lets it be a plate.
fn may_be_plate(reading: &Reading<'_>, at: usize) -> bool {
    let Some(before) = at.checked_sub(1).and_then(|i| reading.char(i)) else { return false };
    let of_province = || reading.char(at).is_some_and(|c| c.is_ascii_alphabetic()) || reading.ends_with(at - 1, "wj");
    before == '使' || of_province() && PROVINCES.contains(&before)
}

/// A plate whose letters begin at `range.start`, right after the province (GA 36): its end.
fn plate(reading: &Reading<'_>, range: &Range<usize>, has_plate_word: impl Fn() -> bool) -> Option<(&'static str, usize)> {
    let province = reading.char(range.start.checked_sub(1)?)?;
    let rest = |from: usize, to: usize| reading.folded.chars.get(from..to).unwrap_or_default();
    let allowed = |c: &char| c.is_ascii_digit() || c.is_ascii_alphabetic() && !matches!(c, 'i' | 'o');
    if province == '使' && range.len() == 6 && rest(range.start, range.end).iter().all(char::is_ascii_digit) {
        return Some(("PII.PLATE", range.end));
    }
    if !PROVINCES.contains(&province) {
        return None;
    }
    if reading.ends_with(range.start - 1, "wj") {
        let number = rest(range.start, range.end);
        let is_number = number.len() == 5 && number.iter().take(4).all(char::is_ascii_digit) && number.iter().all(allowed);
        return is_number.then_some(("PII.PLATE", range.end));
    }
    let office = reading.char(range.start).filter(|c| c.is_ascii_alphabetic() && allowed(c))?;
    debug_assert!(office.is_ascii());
    // 云J·12345, 云J 12345, 云J12345
    let mut at = range.start + 1;
    let end = if at == range.end {
        if has_plate_word()
            && let Some(end) = spelled_serial(reading, at)
        {
            return Some(("PII.PLATE", end));
        }
        if !matches!(reading.char(at), Some('·' | '•' | ' ' | '-' | '.' | '・' | '☆' | '★' | '*')) {
            return None;
        }
        at += 1;
        (at..reading.len()).find(|&i| !reading.char(i).is_some_and(|c| c.is_ascii_alphanumeric())).unwrap_or(reading.len())
    } else {
        range.end
    };
    let serial = rest(at, end);
    if !serial.iter().all(allowed) {
        return None;
    }
    let digits = serial.iter().filter(|c| c.is_ascii_digit()).count();
    let energy = |c: Option<&char>| c.is_some_and(|c| "dabcefghjk".contains(*c));
    match serial.len() {
        4 if digits >= 1 && reading.char(end).is_some_and(|c| PLATE_SUFFIXES.contains(c)) => Some(("PII.PLATE", end + 1)),
        // Five letters are a plate only where the text says so.
        5 if digits >= 1 || has_plate_word() => {
            let suffix = reading.char(end) == Some('警');
            Some(("PII.PLATE", end + usize::from(suffix)))
        }
        6 if energy(serial.first()) && serial.iter().skip(2).all(char::is_ascii_digit) => Some(("PII.PLATE", end)),
        6 if energy(serial.last()) && serial.iter().take(5).all(char::is_ascii_digit) => Some(("PII.PLATE", end)),
        _ => None,
    }
}

/// The end of the five or six places of a plate that are told apart, in Han numerals or behind a bracket, from `at` on:
/// 云J·1 2 3 4 5, 云J一二三四五, （云J）12345.
fn spelled_serial(reading: &Reading<'_>, at: usize) -> Option<usize> {
    let is_place =
        |i: usize| reading.char(i).is_some_and(|c| digit_value(c).is_some() || c.is_ascii_alphabetic() && !matches!(c, 'i' | 'o'));
    let is_sign = |i: usize| matches!(reading.char(i), Some('·' | '•' | ' ' | '-' | '.' | '・' | ')' | '）' | ']' | '】'));
    let (mut places, mut digits, mut end, mut next) = (0, 0, at, at);
    while places < PLATE_PLACES_MAX {
        next += usize::from(is_sign(next));
        // 云J 12345 and 云J）·12345
        next += usize::from(places == 0 && is_sign(next));
        if !is_place(next) {
            break;
        }
        digits += usize::from(reading.char(next).is_some_and(|c| digit_value(c).is_some()));
        (places, next, end) = (places + 1, next + 1, next + 1);
    }
    (places >= PLATE_PLACES_MAX - 1 && digits >= 4 && !is_place(end)).then_some(end)
}

/// Where the 字 of 军字第01234567号 stands when the digits at `at` may follow it.
fn military_sign(reading: &Reading<'_>, at: usize) -> Option<usize> {
    let before = at.checked_sub(1)?;
    let sign = if reading.char(before) == Some('第') { before.checked_sub(1)? } else { before };
    (reading.char(sign) == Some('字')).then_some(sign)
}

/// 军字第01234567号 beside 军官证, 士兵证 …
fn military(personal: &Personal, scan: &Scan<'_>, index: usize, at: usize, report: &mut Report) {
    let Some(reading) = scan.readings.get(index) else { return };
    let Some(start) = at.checked_sub(1) else { return };
    if !reading.char(start).is_some_and(|c| "军兵士文职警武参政后装海空北沈兰济南广成".contains(c)) {
        return;
    }
    let mut digits = at + 1;
    if reading.char(digits) == Some('第') {
        digits += 1;
    }
    let mut end = digits;
    while reading.class(end).is(Class::DIGIT) {
        end += 1;
    }
    let near = reading.around(start..end, 16, 6);
    if !(6..=10).contains(&(end - digits)) || !reading.has_word(scan.lexicon, personal.military, near) {
        return;
    }
    if reading.char(end) == Some('号') {
        end += 1;
    }
    report.find(Found::new("PII.MILITARY", Severity::S3, index, start..end, "personal/military"));
}

/// An IPv4 address that begins at `at`, with its port.
fn ip_address(personal: &Personal, scan: &Scan<'_>, index: usize, at: usize, report: &mut Report) {
    let Some(reading) = scan.readings.get(index) else { return };
    // 地址:10.96.8.21 begins after a word, 1:10.96.8.21 does not; 第4.2.1.3条 is a clause.
    let before = at.checked_sub(1).and_then(|i| reading.char(i));
    let after_digit = at.checked_sub(2).is_some_and(|i| reading.class(i).is(Class::DIGIT));
    if matches!(before, Some('.' | '第')) || before == Some(':') && after_digit {
        return;
    }
    let end = (at..reading.len().min(at + 22))
        .find(|&i| !reading.char(i).is_some_and(|c| c.is_ascii_digit() || matches!(c, '.' | ':')))
        .unwrap_or_else(|| reading.len().min(at + 22));
    // 12.5 is no address.
    if reading.chars(at..end).iter().filter(|c| **c == '.').count() < 3 {
        return;
    }
    let text = reading.text(at..end);
    let (host, port) = text.split_once(':').map_or((text.as_str(), None), |(h, p)| (h, Some(p)));
    let host = host.trim_end_matches('.');
    let Ok(address) = host.parse::<core::net::Ipv4Addr>() else { return };
    let len =
        host.len() + port.filter(|p| !p.is_empty() && p.len() <= 5 && p.bytes().all(|b| b.is_ascii_digit())).map_or(0, |p| p.len() + 1);
    let range = at..at + len;
    if scan.is_in_address(index, &range) && (report.covers(&["LINK."], index, &range) || !address.is_private()) {
        return;
    }
    // Clauses and masks of networks are no addresses of machines.
    if matches!(reading.char(range.end), Some('条' | '款' | '节' | '章' | '项')) || address.octets().first() == Some(&255) {
        return;
    }
    // 修复4.8.0.12及以下版本
    let near = reading.around(range.clone(), 8, 6);
    if reading.has_word(scan.lexicon, personal.version, near) {
        report.suppress(Found::new("PII.IP", Severity::S1, index, range, "personal/ip"), SuppressedReason::Context, "附近是版本号字样");
    } else if address.is_private() {
        report.find(Found::new("SEC.INTERNAL_IP", Severity::S2, index, range, "secrecy/internal_ip"));
    } else if !address.is_loopback() && !address.is_unspecified() {
        report.find(Found::new("PII.IP", Severity::S1, index, range, "personal/ip"));
    }
}

/// A private IPv4 address that begins at `at` and hides its dots: 10。0。8。15, 192 . 168 . 10 . 5, 192.168.1[.]5.
fn disguised_ip(personal: &Personal, scan: &Scan<'_>, index: usize, at: usize, report: &mut Report) {
    let Some(reading) = scan.readings.get(index) else { return };
    if at.checked_sub(1).is_some_and(|before| matches!(reading.char(before), Some('.' | '。' | '第'))) {
        return;
    }
    let (mut octets, mut end, mut is_plain) = ([0u8; 4], at, true);
    for (number, octet) in octets.iter_mut().enumerate() {
        if number > 0 {
            let Some(dot) = DOTS.iter().find(|dot| reading.starts_with(end, dot)) else { return };
            is_plain &= *dot == ".";
            end += dot.chars().count();
        }
        let mut digits = reading.chars(end..end + 4).iter().map_while(|c| c.to_digit(10));
        let with = |value: u8, digit: u32| value.checked_mul(10)?.checked_add(digit as u8);
        let Some((value, len)) = digits.try_fold((0, 0), |(value, len), digit| Some((with(value, digit)?, len + 1))) else { return };
        if len == 0 {
            return;
        }
        *octet = value;
        end += len;
    }
    let goes_on = DOTS.iter().any(|dot| reading.starts_with(end, dot)) && reading.class(end + 1).is(Class::DIGIT);
    let near = reading.around(at..end, 8, 4);
    // 10。20。30。40 is a row of numbers.
    let is_of_network = octets.starts_with(&[192, 168]) || reading.has_word(scan.lexicon, personal.network, reading.sentence(at..end));
    if !is_plain
        && is_of_network
        && !goes_on
        && core::net::Ipv4Addr::from(octets).is_private()
        && !reading.has_word(scan.lexicon, personal.version, near)
    {
        report.find(Found::new("SEC.INTERNAL_IP", Severity::S2, index, at..end, "secrecy/internal_ip"));
    }
}

/// Six pairs of hexadecimal digits from `at`, with `:` or `-` between.
fn mac_address(scan: &Scan<'_>, index: usize, at: usize, report: &mut Report) {
    let Some(reading) = scan.readings.get(index) else { return };
    let hex = |at: usize| reading.char(at).is_some_and(|c| c.is_ascii_hexdigit());
    let separator = reading.char(at + 2);
    let is_shape =
        (0..6).all(|pair| hex(at + pair * 3) && hex(at + pair * 3 + 1) && (pair == 5 || reading.char(at + pair * 3 + 2) == separator));
    let runs_on = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || Some(c) == separator);
    // MAC:3C:7C:… begins after a word, 00:3C:7C:… goes on.
    let after_pair =
        at > 2 && reading.char(at - 1) == separator && hex(at - 2) && hex(at - 3) && !(at > 3 && reading.class(at - 4).is(Class::LETTER));
    let is_part = runs_on(reading.char(at + 17)) || at > 0 && reading.char(at - 1).is_some_and(|c| c.is_ascii_alphanumeric()) || after_pair;
    if is_shape && !is_part && (at..at + 17).any(|i| reading.char(i).is_some_and(|c| c.is_ascii_alphabetic())) {
        report.find(Found::new("PII.MAC", Severity::S1, index, at..at + 17, "personal/mac"));
    }
}
