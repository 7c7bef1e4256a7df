//! Numbers by shape, then by proof: runs of digits in any style, joined over separators; check digits and tables.
//! Must not know severities or context words.

use super::reading::Reading;
use crate::lexicon::tables::Tables;
use crate::text::fold::{Class, digit_value};
use jiff::civil::Date;
use std::ops::Range;

/// One digit run (group) with nothing between its digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// 0–9; 10 stands for X.
    pub digits: Vec<u8>,
    /// Folded characters.
    pub range: Range<usize>,
    /// Written with Han numerals or look-alike letters.
    pub is_disguised: bool,
}

/// Groups that stand in one chain, one separator between each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    pub groups: Vec<Group>,
    /// Separators between the groups.
    pub separators: Vec<char>,
}

/// Longest chain looked at as one, in groups.
const GROUPS_MAX: usize = 64;
/// Fewest digits of a chain that can hold a personal number.
pub const CHAIN_DIGITS_MIN: usize = 7;
/// Within how many characters the first of so many digits stand, with a separator after each.
const CHAIN_CHARS: usize = 2 * CHAIN_DIGITS_MIN - 1;
/// Most letters that look like digits before the first digit of a group.
const LOOKALIKES_MAX: usize = 3;
/// Most letters of a group of look-alikes alone; as many groups before it are asked whether any is disguised.
const LETTERS_MAX: usize = 4;
/// Fewest Han numerals in a row that are read as a number.
const HAN_DIGITS_MIN: usize = 7;

pub fn is_separator(c: char) -> bool {
    matches!(c, ' ' | '-' | '–' | '—' | '·' | '•' | '.' | '_' | '－' | '‐' | '‑' | '−' | '・' | ')' | '）')
        || matches!(c, '★' | '☆' | '◆' | '◇' | '▲' | '△' | '▼' | '▽' | '※' | '♥' | '❤' | '♡' | '✦' | '✧' | '✿')
}

/// Letters that look like digits, inside a run of digits only.
pub fn lookalike(c: char) -> Option<u8> {
    match c {
        'o' => Some(0),
        'l' | 'i' => Some(1),
        _ => None,
    }
}

/// All chains of a reading that have at least [`CHAIN_DIGITS_MIN`] digits, in order; some of fewer may be among them.
pub fn chains(reading: &Reading<'_>) -> Vec<Chain> {
    let mut chains: Vec<Chain> = Vec::new();
    if !reading.classes.is(Class::DIGIT | Class::NUMERAL) {
        return chains;
    }
    let mut at = 0;
    while let Some(run) = reading.numerals.next_run(at) {
        at = run.start;
        // What stands right behind a chain may be its next group, however short.
        let continues = chains.last().and_then(|c| c.groups.last()).is_some_and(|last| at <= last.range.end + LOOKALIKES_MAX + 1);
        // Most digits of ordinary text are years, counts and list numbers, alone for far and wide.
        let from = at.saturating_sub(LOOKALIKES_MAX);
        if !continues && (reading.numerals.count_either(&reading.alphanumerics, from, at - from + CHAIN_CHARS) as usize) < CHAIN_DIGITS_MIN
        {
            at = run.end;
            continue;
        }
        if !continues && let Some(end) = short_chain(reading, at) {
            at = end;
            continue;
        }
        let Some(group) = group(reading, at, chains.last()) else {
            at += 1;
            continue;
        };
        let mut end = group.range.end;
        let joined = chains.last_mut().filter(|chain| {
            chain.groups.len() < GROUPS_MAX
                && chain.groups.last().is_some_and(|last| last.range.end + 1 == group.range.start)
                && reading.char(group.range.start - 1).is_some_and(is_separator)
        });
        match joined {
            Some(chain) => {
                chain.separators.extend(reading.char(group.range.start - 1));
                chain.groups.push(group);
            }
            None => chains.push(Chain { groups: vec![group], separators: Vec::new() }),
        }
        let is_disguised = |chain: &Chain| chain.groups.iter().rev().take(LETTERS_MAX).any(|g| g.is_disguised);
        if let Some(chain) = chains.last_mut().filter(|chain| is_disguised(chain) && chain.groups.len() < GROUPS_MAX)
            && let Some(letters) = letters_behind(reading, end)
        {
            chain.separators.extend(reading.char(end));
            end = letters.range.end;
            chain.groups.push(letters);
        }
        at = end;
    }
    for chain in &mut chains {
        let total: usize = chain.groups.iter().map(|g| g.digits.len()).sum();
        // 610·103·198·402·022·89X: the check character of an identity number told in groups.
        if let Some(last) = chain.groups.last_mut().filter(|_| total == 17) {
            let is_apart = reading.char(last.range.end).is_some_and(|c| matches!(c, ' ' | '-'));
            let check = last.range.end + usize::from(is_apart);
            if reading.char(check) == Some('x') && !reading.char(check + 1).is_some_and(|c| c.is_ascii_alphanumeric()) {
                last.digits.push(10);
                last.range.end = check + 1;
            }
        }
    }
    chains
}

/// The end of what could be a chain at `at` when it has too few digits to be any number that matters.
fn short_chain(reading: &Reading<'_>, at: usize) -> Option<usize> {
    let (mut digits, mut end, mut is_digit) = (0, at, true);
    if at.checked_sub(1).and_then(|i| reading.char(i)).is_some_and(|c| lookalike(c).is_some()) {
        return None;
    }
    while let Some(c) = reading.char(end) {
        match (digit_value(c).is_some() || lookalike(c).is_some(), is_separator(c)) {
            (true, _) => {
                digits += 1;
                is_digit = true;
            }
            (false, true) if is_digit => is_digit = false,
            _ => break,
        }
        if digits >= CHAIN_DIGITS_MIN {
            return None;
        }
        end += 1;
    }
    Some(end)
}

/// How many digits, with a separator between them or none, stand from `at` on, up to [`CHAIN_DIGITS_MIN`].
fn digits_from(reading: &Reading<'_>, at: usize) -> usize {
    let (mut digits, mut is_apart) = (0, true);
    for c in (at..).map_while(|i| reading.char(i)) {
        if digit_value(c).is_some() || lookalike(c).is_some() {
            (digits, is_apart) = (digits + 1, false);
        } else if is_apart || !is_separator(c) {
            break;
        } else {
            is_apart = true;
        }
        if digits >= CHAIN_DIGITS_MIN {
            break;
        }
    }
    digits
}

/// Look-alikes alone behind a separator at `end`, after groups that hold some too: 52O7 2797 ll.
fn letters_behind(reading: &Reading<'_>, end: usize) -> Option<Group> {
    reading.char(end).filter(|c| is_separator(*c))?;
    let start = end + 1;
    let digits: Vec<u8> = (start..start + LETTERS_MAX).map_while(|i| reading.char(i).and_then(lookalike)).collect();
    let range = start..start + digits.len();
    let is_whole = !digits.is_empty() && !reading.class(range.end).is(Class::LETTER | Class::DIGIT);
    is_whole.then_some(Group { digits, range, is_disguised: true })
}

/// Whether the run of digits, Han numerals and look-alikes at `range` is a part of a number told in parts, so many of them
/// together that they are no words: 一三八 八七九一 二三四五, 53O8 22l9 85O6. `chain`: what stands before.
fn is_part(reading: &Reading<'_>, range: &Range<usize>, plain: usize, chain: Option<&Chain>) -> bool {
    // 13887912345 一楼, 12 lol: another word begins or goes on.
    if reading.class(range.end).is(Class::LETTER) {
        return false;
    }
    let ahead = digits_from(reading, range.start);
    if ahead >= CHAIN_DIGITS_MIN {
        return true;
    }
    let last = chain.and_then(|c| c.groups.last());
    let Some(last) = last.filter(|last| last.range.end + 1 == range.start && reading.char(last.range.end).is_some_and(is_separator)) else {
        return false;
    };
    let before: usize = chain.map_or(0, |c| c.groups.iter().rev().take(CHAIN_DIGITS_MIN).map(|g| g.digits.len()).sum());
    let is_told_alike = last.is_disguised || plain > 0 || range.len() > 1;
    before + ahead >= CHAIN_DIGITS_MIN && is_told_alike && (last.is_disguised || !reading.class(range.end).is(Class::HAN))
}

/// The digits at `at`: ASCII digits (after folding), with Han numerals and look-alike letters among them. `chain`: the one
/// before.
fn group(reading: &Reading<'_>, first: usize, chain: Option<&Chain>) -> Option<Group> {
    // `l38…`: look-alikes before the first digit count when nothing but digits and look-alikes makes up the run.
    let mut at = first;
    while at > 0 && first - at < LOOKALIKES_MAX && reading.char(at - 1).is_some_and(|c| lookalike(c).is_some()) {
        at -= 1;
    }
    if at > 0 && reading.class(at - 1).is(Class::LETTER) {
        at = first;
    }
    let mut digits = Vec::new();
    let (mut plain, mut han, mut letters) = (0usize, 0usize, 0usize);
    let mut end = at;
    while let Some(c) = reading.char(end) {
        if c.is_ascii_digit() {
            plain += 1;
            digits.push(c as u8 - b'0');
        } else if let Some(value) = digit_value(c) {
            han += 1;
            digits.push(value);
        } else if let Some(value) = lookalike(c).filter(|_| plain + han > 0 || end < first) {
            letters += 1;
            digits.push(value);
        } else {
            break;
        }
        end += 1;
    }
    // 周一、三13887911001: the numeral before a mobile belongs to the word before.
    let leading = digits.len().checked_sub(11).filter(|count| (1..=2).contains(count) && han == *count && letters == 0);
    if let Some(count) = leading
        && reading.chars(at..at + count).iter().all(|c| !c.is_ascii_digit())
        && is_mobile(digits.get(count..).unwrap_or_default())
    {
        return Some(Group { digits: digits.split_off(count), range: at + count..end, is_disguised: false });
    }
    let is_short = letters > 0 && plain + letters < 8 || han > 0 && plain + letters + han < HAN_DIGITS_MIN;
    let is_part = is_short && is_part(reading, &(at..end), plain, chain);
    // Trailing look-alikes are letters of the next word unless digits follow; give them back.
    if letters > 0 && plain + letters < 8 && !is_part {
        if at < first {
            return group_at(reading, first);
        }
        let kept = (at..end).take_while(|&i| reading.char(i).is_some_and(|c| digit_value(c).is_some())).count();
        digits.truncate(kept);
        end = at + kept;
        letters = 0;
    }
    let mut end_with_x = end;
    if is_check_sign(reading, end, &digits) {
        digits.push(10);
        end_with_x = end + 1;
    }
    // Han numerals alone are words (一、三十五) unless there are many in a row.
    if han > 0 && plain + letters + han < HAN_DIGITS_MIN && !is_part {
        let kept = (at..end).take_while(|&i| reading.char(i).is_some_and(|c| c.is_ascii_digit())).count();
        if kept == 0 {
            return None;
        }
        digits.truncate(kept);
        return Some(Group { digits, range: at..at + kept, is_disguised: false });
    }
    Some(Group { digits, range: at..end_with_x, is_disguised: han > 0 || letters > 0 })
}

/// Plain digits only.
fn group_at(reading: &Reading<'_>, at: usize) -> Option<Group> {
    let digits: Vec<u8> = (at..).map_while(|i| reading.char(i).filter(char::is_ascii_digit)).map(|c| c as u8 - b'0').collect();
    let range = at..at + digits.len();
    (!digits.is_empty()).then_some(Group { digits, range, is_disguised: false })
}

/// Signs that look like the check character X, or are what it is called.
const CHECK_SIGNS: [char; 5] = ['×', '╳', '✕', '✖', '叉'];

/// Whether the check character stands at `at`, behind seventeen digits; what only looks like it may hide a digit, so that it
/// must be the right one.
pub fn is_check_sign(reading: &Reading<'_>, at: usize, digits: &[u8]) -> bool {
    digits.len() == 17
        && reading.char(at).is_some_and(|c| c == 'x' || CHECK_SIGNS.contains(&c) && is_id_check_digit(&[digits, &[10]].concat()))
}

/// MOD 11-2 of GB 11643 over 18 places (10 = X).
pub fn is_id_check_digit(digits: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECK: [u8; 11] = [1, 0, 10, 9, 8, 7, 6, 5, 4, 3, 2];
    if digits.len() != 18 {
        return false;
    }
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(d, w)| u32::from(*d) * w).sum();
    CHECK.get((sum % 11) as usize) == digits.last()
}

/// Luhn (ISO/IEC 7812).
pub fn is_luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, &d)| {
            let d = u32::from(d) * if i % 2 == 1 { 2 } else { 1 };
            if d > 9 { d - 9 } else { d }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Check character of a unified social credit code (GB 32100), 18 upper- or lower-case characters.
pub fn is_uscc(code: &[char]) -> bool {
    const ALPHABET: &str = "0123456789abcdefghjklmnpqrtuwxy";
    if code.len() != 18 {
        return false;
    }
    let mut weight = 1u32;
    let mut sum = 0;
    let mut values = Vec::with_capacity(18);
    for c in code {
        let Some(value) = ALPHABET.find(c.to_ascii_lowercase()) else { return false };
        values.push(value as u32);
    }
    for value in values.iter().take(17) {
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    // First place: registering department; second: kind of organisation; then six digits of area.
    let is_shape = code.iter().skip(2).take(6).all(char::is_ascii_digit) && code.first().is_some_and(|c| "1359anyf2468".contains(*c));
    is_shape && values.last() == Some(&((31 - sum % 31) % 31))
}

/// What the parts of an 18-place identity number say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdProof {
    Proven,
    /// Area and date are right, the check digit is not.
    WrongCheckDigit,
    Refuted(&'static str),
}

/// Area, date and check digit of an 18-digit number.
pub fn prove_id18(digits: &[u8], tables: &Tables, as_of: Date) -> IdProof {
    let number = |range: Range<usize>| digits.get(range).unwrap_or_default().iter().fold(0u32, |n, &d| n * 10 + u32::from(d));
    if digits.len() != 18 || digits.iter().take(17).any(|&d| d > 9) {
        return IdProof::Refuted("位数不对");
    }
    if !tables.is_admin_code(number(0..6)) {
        return IdProof::Refuted("行政区划代码从未使用");
    }
    let Ok(birth) = Date::new(number(6..10) as i16, number(10..12) as i8, number(12..14) as i8) else {
        return IdProof::Refuted("出生日期不存在");
    };
    if birth.year() < 1850 || birth > as_of {
        return IdProof::Refuted("出生日期超出范围");
    }
    if is_id_check_digit(digits) { IdProof::Proven } else { IdProof::WrongCheckDigit }
}

/// Area and date of a 15-digit number of the first generation.
pub fn is_id15(digits: &[u8], tables: &Tables) -> bool {
    let number = |range: Range<usize>| digits.get(range).unwrap_or_default().iter().fold(0u32, |n, &d| n * 10 + u32::from(d));
    digits.len() == 15
        && digits.iter().all(|&d| d <= 9)
        && tables.is_admin_code(number(0..6))
        && Date::new(1900 + number(6..8) as i16, number(8..10) as i8, number(10..12) as i8).is_ok()
}

/// Whether 11 digits are an issued mobile number (DOMAIN §3.3).
pub fn is_mobile(digits: &[u8]) -> bool {
    let [1, second, third, ..] = digits else { return false };
    digits.len() == 11
        && digits.iter().all(|&d| d <= 9)
        && match second {
            3 | 8 => true,
            4 => matches!(third, 5 | 7 | 9),
            5 => *third != 4,
            6 => matches!(third, 2 | 5..=7),
            7 => *third <= 8,
            9 => *third != 4,
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Vec<u8> {
        text.chars().map(|c| if c == 'X' { 10 } else { c as u8 - b'0' }).collect()
    }

    #[test]
    fn check_digits_of_the_standards() {
        for id in ["11010519491231002X", "440524188001010014", "530822188506150018"] {
            assert!(is_id_check_digit(&digits(id)), "{id}");
        }
        assert!(!is_id_check_digit(&digits("530822188506150019")));
        assert!(is_luhn(&digits("6222022502000000011")) && !is_luhn(&digits("6222022502000000012")));
        for code in ["914403001922038216", "9144030071526726XG", "91530822MA6K00006J", "52530822MJX00000XQ"] {
            assert!(is_uscc(&code.chars().collect::<Vec<_>>()), "{code}");
        }
        for code in ["91530822MA6K000060", "91530822MO6K00006J", "91530822MA6K0000I1"] {
            assert!(!is_uscc(&code.chars().collect::<Vec<_>>()), "{code}");
        }
    }

    #[test]
    fn mobile_prefixes_that_were_never_issued_are_refused() {
        for number in ["13800138000", "16212345678", "17400012345", "19212345678"] {
            assert!(is_mobile(&digits(number)), "{number}");
        }
        for number in
            ["12345678901", "10012345678", "15412345678", "16112345678", "16312345678", "19412345678", "1380013800", "20240710001"]
        {
            assert!(!is_mobile(&digits(number)), "{number}");
        }
    }
}
