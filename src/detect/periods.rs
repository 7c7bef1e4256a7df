//! Dates that must be right: the day exists, its weekday is right, a period ends after it begins and lasts as long as is
//! said (DOMAIN §5.6, deterministic checks). Must not know queues.

use super::Scan;
use super::calendar::{self, WrittenDate};
use super::quantity;
use super::reading::Reading;
use super::report::{Found, Report};
use crate::model::Severity;
use crate::text::fold::Class;
use jiff::civil::Date;
use std::ops::Range;

/// How far from a period its length may be written, in characters.
const LENGTH_CHARS: usize = 24;
/// Between the two ends of a period stand at most so many characters.
const GAP_CHARS_MAX: usize = 4;
/// So many months back, a period without years does not turn the year: 12月10日至11月30日.
const MONTHS_BACK_MAX: i8 = 2;
const LAST_HOUR: u32 = 24;
const LAST_MINUTE: u32 = 59;

pub fn detect(scan: &Scan<'_>, index: usize, report: &mut Report) {
    let Some(reading) = scan.readings.get(index) else { return };
    let dates = calendar::dates(reading);
    for date in &dates {
        exists(scan, index, reading, date, report);
    }
    for pair in dates.windows(2) {
        if let [from, to] = pair {
            period(scan, index, reading, (from, to), report);
        }
    }
}

fn exists(scan: &Scan<'_>, index: usize, reading: &Reading<'_>, date: &WrittenDate, report: &mut Report) {
    let candidates = date.candidates(scan.as_of);
    let wrong = |range, what: &'static str| Found::new("WRD.date", Severity::S2, index, range, "wording/date").saying(what);
    if candidates.is_empty() {
        // 2月29日 of a year that is not written may be right.
        if date.has_year || (date.month, date.day) != (2, 29) {
            report.find(wrong(date.range.clone(), "日期不存在，请核对"));
        }
        return;
    }
    if let (end, Some((hour, minute))) = calendar::time_of_day(reading, date.range.end)
        && (hour > LAST_HOUR || minute > LAST_MINUTE)
    {
        report.find(wrong(date.range.start..end, "时间不存在，请核对"));
    }
    // 2025年工作总结 with days of that year.
    let is_of_title = |written| {
        let title = scan.title().filter(|_| date.year.is_none());
        title
            .and_then(calendar::year_of)
            .and_then(|year| Date::new(year, date.month, date.day).ok())
            .is_some_and(|d| d.weekday() == written)
    };
    if let Some((written, place)) = &date.weekday
        && !is_of_title(*written)
        && !candidates.iter().any(|d| d.weekday() == *written)
        && let Some(first) = candidates.last()
    {
        let right = calendar::chinese(first.weekday());
        report.find(
            Found::new("WRD.weekday", Severity::S2, index, place.clone(), "wording/weekday")
                .instead(format!("{first} 是{right}"))
                .because("weekday", right),
        );
    }
}

/// A至B: the end must not lie before the start, and a number of days must fit.
fn period(scan: &Scan<'_>, index: usize, reading: &Reading<'_>, (from, to): (&WrittenDate, &WrittenDate), report: &mut Report) {
    let from_end = from.weekday.as_ref().map_or(0, |(_, place)| place.end).max(calendar::time_of_day(reading, from.range.end).0);
    let gap = from_end.min(to.range.start)..to.range.start;
    begins_and_ends(scan, index, reading, (from, to), report);
    if gap.len() > GAP_CHARS_MAX || !reading.chars(gap.clone()).iter().any(|c| matches!(c, '至' | '到' | '-' | '—' | '～' | '~')) {
        return;
    }
    // 2027年2月1日至2月29日: the year of the end is that of the beginning.
    if from.has_year && !to.has_year && (to.month, to.day) == (2, 29) && to.month >= from.month && to.exact().is_none() {
        let found = Found::new("WRD.date", Severity::S2, index, to.range.clone(), "wording/date");
        report.find(found.saying("日期不存在，请核对"));
        return;
    }
    let (Some(start), Some(end)) = (from.likeliest(scan.as_of), to.likeliest(scan.as_of)) else { return };
    let span = from.range.start..to.range.end;
    // 2025年12月29日至1月4日: the year of the end is left out and turns.
    let turns = !to.has_year && (from.month - to.month > MONTHS_BACK_MAX || reading.holds_one(gap, &[&['次'], &['翌'], &['明'], &['第']]));
    if to.has_year && from.year.is_none() {
        return;
    }
    let is_before = if to.has_year { end < start } else { (to.month, to.day) < (from.month, from.day) };
    if is_before {
        if !turns {
            let found = Found::new("WRD.date", Severity::S2, index, span, "wording/period");
            report.find(found.saying("结束日期早于开始日期，请核对"));
        }
        return;
    }
    if start > end {
        return;
    }
    let sentence = reading.sentence(span.clone());
    let near = span.start.saturating_sub(LENGTH_CHARS).max(sentence.start)..sentence.end.min(span.end + LENGTH_CHARS);
    let Some(length) = length_written(reading, near) else { return };
    let counted = if length.is_of_workdays { workdays(scan, start, end) } else { Some(calendar_days(start, end)) };
    let Some((all, without_first)) = counted else { return };
    // Of a notice the first day may be left out; an event of three days has three.
    let fits = match length.is_least {
        true => length.days <= all,
        false => length.days == all || length.is_of_notice && length.days == without_first,
    };
    if !fits {
        let days = if length.is_of_workdays { "个工作日" } else { "天" };
        report.find(
            Found::new("WRD.date", Severity::S2, index, length.place, "wording/workdays")
                .saying(format!("两个日期之间有 {all} {days}（不计首日为 {without_first} {days}），与所写不符"))
                .because("workdays", i64::from(all)),
        );
    }
}

/// What follows the first and the last day of something.
const BEGINS: [&str; 6] = ["开始", "起", "启动", "开工", "动工", "开幕"];
const ENDS: [&str; 6] = ["截止", "止", "结束", "竣工", "完工", "闭幕"];

/// 报名自12月10日开始，12月5日截止: one sentence says when something begins and when it ends.
fn begins_and_ends(scan: &Scan<'_>, index: usize, reading: &Reading<'_>, (from, to): (&WrittenDate, &WrittenDate), report: &mut Report) {
    let after = |date: &WrittenDate| calendar::time_of_day(reading, date.range.end).0;
    let says = |date: &WrittenDate, words: &[&str]| words.iter().any(|word| reading.starts_with(after(date), word));
    if !says(from, &BEGINS) || !says(to, &ENDS) || !reading.sentence(from.range.clone()).contains(&to.range.start) {
        return;
    }
    let (Some(start), Some(end)) = (from.likeliest(scan.as_of), to.likeliest(scan.as_of)) else { return };
    // 12月10日开始，1月5日截止: of the next year.
    let turns = !to.has_year && from.month - to.month > MONTHS_BACK_MAX;
    let is_told = from.has_year == to.has_year || from.has_year;
    let is_before = if to.has_year { end < start } else { (to.month, to.day) < (from.month, from.day) };
    if is_told && is_before && !turns {
        let found = Found::new("WRD.date", Severity::S2, index, from.range.start..to.range.end, "wording/period");
        report.find(found.saying("结束日期早于开始日期，请核对"));
    }
}

/// Days of a period, and without the first.
fn workdays(scan: &Scan<'_>, start: Date, end: Date) -> Option<(u32, u32)> {
    let counted = scan.lexicon.tables.workdays_between(start, end)?;
    Some((counted, counted - u32::from(scan.lexicon.tables.is_workday(start)?)))
}

fn calendar_days(start: Date, end: Date) -> (u32, u32) {
    let days = u32::try_from((end - start).get_days()).unwrap_or(0);
    (days + 1, days)
}

/// How long a period is said to last.
struct Length {
    days: u32,
    is_of_workdays: bool,
    /// 不少于5个工作日
    is_least: bool,
    /// 公示期5天, not 为期5天.
    is_of_notice: bool,
    place: Range<usize>,
}

/// `5个工作日`, `五个工作日`, and behind 公示期 `10日`, `7天`; 5个工作日内 is a time limit of something else.
fn length_written(reading: &Reading<'_>, range: Range<usize>) -> Option<Length> {
    let workdays = (range.start..range.end).find(|&i| reading.starts_with(i, "个工作日")).map(|sign| (sign, 4, true));
    let days = |labels: &[&str]| {
        let is_sign = |&i: &usize| matches!(reading.char(i), Some('日' | '天')) && is_behind(reading, i, labels);
        range.clone().find(is_sign).map(|sign| (sign, 1, false))
    };
    let of_notice = workdays.or_else(|| days(&NOTICES));
    let is_of_notice = of_notice.is_some();
    let (sign, unit_len, is_of_workdays) = of_notice.or_else(|| days(&EVENTS))?;
    let start = number_start(reading, sign);
    let chars = reading.chars(start..sign);
    let days = match chars.first()?.is_ascii_digit() {
        true => reading.text(start..sign).parse().ok()?,
        false => u32::try_from(quantity::han(chars)?).ok()?,
    };
    let is_limit = matches!(reading.char(sign + unit_len), Some('内' | '后' | '前')) || reading.starts_with(sign + unit_len, "之内");
    let is_least = reading.holds_one(start.saturating_sub(4)..start, &[&['少', '于'], &['至', '少'], &['低', '于']]);
    (!is_limit && days > 0).then_some(Length { days, is_of_workdays, is_least, is_of_notice, place: start..sign + unit_len })
}

/// Where the digits or Han numerals that end at `end` begin.
fn number_start(reading: &Reading<'_>, end: usize) -> usize {
    let is_number = |&i: &usize| reading.class(i).is(Class::DIGIT | Class::NUMERAL) || matches!(reading.char(i), Some('十' | '两'));
    (end.saturating_sub(3)..end).rev().take_while(is_number).last().unwrap_or(end)
}

/// What the days of a public notice and those of an event are counted behind.
const NOTICES: [&str; 4] = ["公示期", "公示时间", "公告期", "公示"];
const EVENTS: [&str; 4] = ["为期", "会期", "假期", "共"];

/// Whether the number before 日 or 天 stands right behind one of the words: 公示期5天, 公示期为5天, 会期两天.
fn is_behind(reading: &Reading<'_>, sign: usize, words: &[&str]) -> bool {
    let start = number_start(reading, sign);
    let mut head = start;
    let is_label = |head: usize| words.iter().any(|word| reading.ends_with(head, word));
    while head > 0 && !is_label(head) && matches!(reading.char(head - 1), Some('：' | ':' | '为' | '限' | '共')) && start - head < 3 {
        head -= 1;
    }
    start < sign && is_label(head)
}
