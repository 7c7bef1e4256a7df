//! Prices of wares: after the word that says so, and, where something is sold, whatever is so much a piece.
//! Must not know what a price adds to an advertisement.

use super::reading::Reading;
use crate::lexicon::{Lexicon, ListSet};
use crate::text::fold::{Class, digit_value};
use std::ops::Range;

/// Prices with less between them are one, in characters: 原价198元，现价99元.
const APART_CHARS: usize = 8;
/// Longest amount, in characters.
const AMOUNT_CHARS: usize = 12;
/// How far before an amount the word stands that says what it is, in characters.
const SAYS_CHARS: usize = 6;

/// Digits of a price that says no unit.
const PRICE_DIGITS_MAX: usize = 6;

/// What wares are sold by.
const MEASURES: &str = "斤克枚瓶盒袋箱件份套个只条棵株亩平㎡颗期节坛罐桶包提张次位人月晚间板双支根筐对天年";
/// What wares with a signed price are sold by.
const SIGNED_MEASURES: &str = "斤箱盒份人间晚瓶袋件套只提罐";
/// An amount after these is a price.
const SAYS_PRICE: [&str; 15] =
    ["价", "月租", "租金", "首付", "月供", "人均", "只要", "只需", "只卖", "仅售", "仅需", "仅要", "折后", "直降", "立减"];
/// What is paid after these is no price of wares.
const OTHER_SUMS: [char; 10] = ['补', '奖', '罚', '缴', '薪', '资', '险', '费', '税', '赔'];
/// How far before a price the word stands, or ends in it, that says it is no ware's, in characters.
const PUBLIC_CHARS: usize = 6;
/// Prices that public bodies tell of, or the market makes.
const PUBLIC: [&[char]; 8] = [
    &['票', '价'],
    &['门', '票'],
    &['车', '票'],
    &['地', '头', '价'],
    &['收', '购', '价'],
    &['收', '购', '均', '价'],
    &['指', '导', '价'],
    &['统', '货'],
];
const AVERAGE: [&[char]; 2] = [&['均', '价'], &['批', '发', '价']];
const WEIGHTS: [&[char]; 4] = [&['斤'], &['千', '克'], &['吨'], &['k', 'g']];
/// An amount before these is a price.
const BECKONS: [&str; 6] = ["起", "抢", "包邮", "秒杀", "带走", "/"];

/// The word lists of prices.
#[derive(Debug, Clone, Copy)]
pub struct PriceWords {
    /// 现价, 特价.
    pub said: ListSet,
    /// ￥.
    pub sign: ListSet,
}

/// The prices of a reading, by place. `sells`: whether something is sold where a character stands.
pub fn prices(reading: &Reading<'_>, lexicon: &Lexicon, words: PriceWords, sells: Option<&dyn Fn(usize) -> bool>) -> Vec<Range<usize>> {
    let mut found = said_prices(reading, lexicon, words.said);
    if reading.lists.meets(words.sign) {
        found.extend(signed_prices(reading, lexicon, words.sign));
    }
    if let Some(sells) = sells {
        found.extend(piece_prices(reading).into_iter().filter(|span| sells(span.start)));
    }
    found.sort_unstable_by_key(|span| (span.start, span.end));
    leave_public_prices(reading, &mut found);
    let mut spans: Vec<Range<usize>> = Vec::new();
    for span in found {
        match spans.last_mut() {
            Some(previous) if span.start <= previous.end + APART_CHARS => previous.end = previous.end.max(span.end),
            _ => spans.push(span),
        }
    }
    spans
}

/// Takes out fares, tickets and the prices of the market, which a county tells of whoever advertises beside: 门票60元，半价30元,
/// 均价每斤1.7元.
fn leave_public_prices(reading: &Reading<'_>, found: &mut Vec<Range<usize>>) {
    let mut public_end: Option<usize> = None;
    found.retain(|span| {
        let before = span.start.saturating_sub(PUBLIC_CHARS)..span.start + PUBLIC_CHARS.min(span.len());
        let is_next = public_end.is_some_and(|end| span.start <= end + 1);
        let by_weight = || reading.holds_one(span.start.saturating_sub(PUBLIC_CHARS)..span.end + 3, &WEIGHTS);
        let is_public = is_next || reading.holds_one(before.clone(), &PUBLIC) || reading.holds_one(before, &AVERAGE) && by_weight();
        if is_public {
            public_end = Some(span.end);
        }
        !is_public
    });
}

/// 现价99元, 特价￥9.9.
fn said_prices(reading: &Reading<'_>, lexicon: &Lexicon, said: ListSet) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for hit in reading.words_in(lexicon, said, 0..reading.len()) {
        let mut at = hit.end as usize;
        while at < hit.end as usize + 3 && matches!(reading.char(at), Some(' ' | '￥' | '¥' | '：' | ':' | '为' | '价')) {
            at += 1;
        }
        if let Some(end) = han_amount(reading, at) {
            found.push(hit.start as usize..end);
            continue;
        }
        let digits =
            (at..reading.len()).take(AMOUNT_CHARS).take_while(|&i| reading.char(i).is_some_and(|c| c.is_ascii_digit() || c == '.')).count();
        if digits == 0 {
            continue;
        }
        let mut end = at + digits;
        let has_unit = reading.char(end) == Some('元') || at > hit.end as usize && matches!(reading.char(at - 1), Some('￥' | '¥'));
        if reading.char(end) == Some('元') {
            end += 1;
        }
        // 仅需3分钟 is no price.
        if !has_unit && !reading.text(hit.start as usize..at).contains('价') {
            continue;
        }
        found.push(hit.start as usize..end);
    }
    found
}

/// Where an amount in Han numerals ends, which says its unit or ends the clause: 现价九十九，; 仅需九块九.
fn han_amount(reading: &Reading<'_>, at: usize) -> Option<usize> {
    let is_numeral = |i: usize| {
        reading.class(i).is(Class::NUMERAL) && !reading.class(i).is(Class::DIGIT)
            || matches!(reading.char(i), Some('十' | '百' | '千' | '两'))
    };
    let end = (at..reading.len()).take(AMOUNT_CHARS).take_while(|&i| is_numeral(i)).last()? + 1;
    match reading.char(end) {
        Some('元') => Some(end + 1),
        // 九块九.
        Some('块') => Some(end + 1 + usize::from(is_numeral(end + 1) || reading.char(end + 1) == Some('钱'))),
        // 仅需三 is no price; nor is 现价九十九座.
        next => (end > at + 1 && next.is_none_or(|_| !reading.class(end).is_word())).then_some(end),
    }
}

/// ￥99/箱: with its sign and its measure it is a price whatever stands around it, unless it is a charge or a subsidy.
fn signed_prices(reading: &Reading<'_>, lexicon: &Lexicon, sign: ListSet) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for hit in reading.words_in(lexicon, sign, 0..reading.len()) {
        let start = hit.start as usize;
        let at = hit.end as usize + usize::from(reading.char(hit.end as usize) == Some(' '));
        let is_amount = |i: usize| reading.char(i).is_some_and(|c| c.is_ascii_digit() || c == '.');
        let Some(end) = (at..reading.len()).take(AMOUNT_CHARS).take_while(|&i| is_amount(i)).last().map(|i| i + 1) else { continue };
        let is_each =
            matches!(reading.char(end), Some('/' | '每' | '一')) && reading.char(end + 1).is_some_and(|c| SIGNED_MEASURES.contains(c));
        let before = reading.chars(start.saturating_sub(SAYS_CHARS)..start);
        let is_other = before.iter().any(|c| OTHER_SUMS.contains(c)) || before.ends_with(&['标', '准']) || before.contains(&'租');
        if is_each && !is_other {
            found.push(start..end + 2);
        }
    }
    found
}

/// 一斤88块, 99元/瓶, 月租900, 九块九包邮.
fn piece_prices(reading: &Reading<'_>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(run) = reading.numerals.next_run(at) {
        let is_amount = |i: usize| {
            reading.char(i).is_some_and(|c| digit_value(c).is_some() || matches!(c, '十' | '百' | '千' | '万' | '两' | '半' | '.'))
        };
        let end =
            (run.start..reading.len()).take(AMOUNT_CHARS).take_while(|&i| is_amount(i)).last().map_or(run.end, |i| i + 1).max(run.end);
        at = end;
        if let Some(span) = piece_price(reading, run.start..end) {
            at = span.end;
            found.push(span);
        }
    }
    found
}

/// Whether a sum of money stands in the range that nobody owes, earns or is granted: 99元, 一坛一百九十八, 四百八，.
pub fn tells_sum(reading: &Reading<'_>, range: Range<usize>) -> bool {
    first_sum(reading, range).is_some()
}

/// The first such sum, with its unit.
pub fn first_sum(reading: &Reading<'_>, range: Range<usize>) -> Option<Range<usize>> {
    let mut at = range.start;
    while let Some(run) = reading.numerals.next_run(at).filter(|run| run.end <= range.end) {
        let is_amount =
            |i: usize| reading.char(i).is_some_and(|c| digit_value(c).is_some() || matches!(c, '十' | '百' | '千' | '两' | '.'));
        let end = (run.start..range.end).take(AMOUNT_CHARS).take_while(|&i| is_amount(i)).last().map_or(run.end, |i| i + 1).max(run.end);
        at = end;
        let before = reading.chars(run.start.saturating_sub(SAYS_CHARS)..run.start);
        let is_other = before.iter().any(|c| OTHER_SUMS.contains(c));
        // 正月十五元宵节, 十块地.
        let has_unit = matches!(reading.char(end), Some('元' | '块')) && !matches!(reading.char(end + 1), Some('宵' | '旦' | '地'));
        // 四百八, 一百九十八一坛: spoken as only sums are.
        let written = reading.chars(run.start..end);
        let is_spoken = written.len() > 1 && written.iter().any(|c| matches!(c, '百' | '十')) && !written.iter().any(char::is_ascii_digit);
        let ends = !reading.class(end).is_word() && !before.ends_with(&['第'])
            || reading.char(end).is_some_and(|c| MEASURES.contains(c)) && written.ends_with(&['一']);
        if !is_other && (has_unit || is_spoken && ends) {
            return Some(run.start..end + usize::from(has_unit));
        }
    }
    None
}

fn piece_price(reading: &Reading<'_>, amount: Range<usize>) -> Option<Range<usize>> {
    let before = reading.chars(amount.start.saturating_sub(SAYS_CHARS)..amount.start);
    if before.iter().any(|c| OTHER_SUMS.contains(c)) {
        return None;
    }
    let says: String = before.iter().rev().take(4).rev().filter(|c| !matches!(c, ' ' | '：' | ':' | '为' | '是')).collect();
    let is_sign = matches!(before.last(), Some('￥' | '¥')) || says.ends_with("rmb");
    let begins = |at: usize, words: &[&str]| words.iter().any(|word| reading.starts_with(at, word));
    let is_measure = |at: usize| reading.char(at).is_some_and(|c| MEASURES.contains(c));
    let unit = match reading.char(amount.end) {
        Some('元') => 1,
        // 九块九, 九块钱; not 99块一箱.
        Some('块') => {
            let goes_on = |c| c == '钱' || digit_value(c).is_some() && !is_measure(amount.end + 2);
            1 + usize::from(reading.char(amount.end + 1).is_some_and(goes_on))
        }
        _ => 0,
    };
    let end = amount.end + unit;
    let is_count = |c: char| c.is_ascii_digit() || digit_value(c).is_some() || matches!(c, '每' | '两' | '半' | '单' | '/');
    // Behind: 99元/瓶, 99元一瓶, 88元每斤, 199/套.
    let a_piece = reading.char(end).is_some_and(is_count) && is_measure(end + 1);
    if a_piece && (unit > 0 || reading.char(end) == Some('/')) {
        return Some(amount.start..end + 2);
    }
    if unit > 0 && begins(end, &BECKONS) || is_sign {
        return Some(amount.start - usize::from(is_sign && matches!(before.last(), Some('￥' | '¥')))..end);
    }
    // Before: 一斤88块, 每坛1299元, 100克88元, 5斤装19.9元.
    let packed = usize::from(before.last() == Some(&'装'));
    let measure = amount.start.checked_sub(1 + packed)?;
    let is_piece_before = is_measure(measure) && measure > 0 && reading.char(measure - 1).is_some_and(is_count);
    if is_piece_before && unit > 0 {
        let digits = (0..measure).rev().take(AMOUNT_CHARS).take_while(|&i| reading.char(i).is_some_and(is_count)).count();
        return Some(measure - digits..end);
    }
    let said = SAYS_PRICE.iter().any(|word| says.ends_with(word));
    // Of one digit it is a count, of many a number to call.
    let has_size = (2..=PRICE_DIGITS_MAX).contains(&amount.len()) || unit > 0;
    (said && has_size && !reading.class(end).is(Class::LETTER)).then(|| amount.start.saturating_sub(2)..end)
}
