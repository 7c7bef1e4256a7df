//! Dates written in text: which day they name, whether it exists, what weekday it is.
//! Must not know findings or severities.

use super::quantity;
use super::reading::Reading;
use crate::text::fold::Class;
use jiff::civil::{Date, Weekday};
use std::ops::Range;

const DAYS_OF_MONTH_MAX: i8 = 31;
/// Longest run of digits read as one number; fits 32 bits.
const NUMBER_DIGITS_MAX: usize = 9;

/// Numerals of a lunar or dynastic date stand within so many characters of its calendar.
const CALENDAR_CHARS: usize = 12;
/// Longest remark in brackets behind a date, in characters.
const REMARK_CHARS_MAX: usize = 16;

/// A date in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenDate {
    /// From the year (or month, or day) to 日.
    pub range: Range<usize>,
    pub year: Option<i16>,
    /// The year is written here, not taken from a date before.
    pub has_year: bool,
    pub month: i8,
    pub day: i8,
    /// The weekday written beside it, and from where to where both stand.
    pub weekday: Option<(Weekday, Range<usize>)>,
}

/// All dates with month and day, in order; a missing year is taken from the date before it.
pub fn dates(reading: &Reading<'_>) -> Vec<WrittenDate> {
    let mut dates: Vec<WrittenDate> = Vec::new();
    let mut at = 0;
    let mut last_year: Option<i16> = None;
    while let Some(run) = reading.numerals.next_run(at) {
        if !matches!(reading.char(run.end), Some('年' | '月' | '日' | '十' | '.' | '-' | '/')) {
            at = run.end;
            continue;
        }
        // Of a longer run the last piece that can be a number; 十 is no numeral of the class.
        at = run.end - ((run.len() - 1) % NUMBER_DIGITS_MAX + 1);
        if at > 0 && reading.char(at - 1) == Some('十') && !reading.class(at).is(Class::DIGIT) {
            at -= 1;
        }
        let (value, end) = number(reading, at);
        let mut add = |range: Range<usize>, year: Option<i16>, has_year, month, day| {
            if !is_of_another_calendar(reading, range.start) {
                dates.push(WrittenDate { weekday: weekday(reading, &range, year.is_some()), range, year, has_year, month, day });
            }
        };
        let next = match reading.char(end) {
            Some('年') if (1900..=2100).contains(&value) => {
                last_year = Some(value as i16);
                match month_day(reading, end + 1) {
                    Some((month, day, end)) => {
                        add(at..end, last_year, true, month, day);
                        end
                    }
                    None => end,
                }
            }
            Some('月') => match month_day(reading, at) {
                Some((month, day, end)) => {
                    add(at..end, last_year, false, month, day);
                    end
                }
                None => end,
            },
            // 2026-11-28, 2026.11.28, 2026/11/28
            Some(sign @ ('.' | '-' | '/')) if run.len() == 4 && (1900..=2100).contains(&value) => {
                match in_figures(reading, at, end, sign) {
                    Some((month, day, end)) => {
                        last_year = Some(value as i16);
                        add(at..end, last_year, true, month, day);
                        end
                    }
                    None => end,
                }
            }
            // …6月7日（星期日）、8日（星期一）
            Some('日')
                if value <= 31 && at > 0 && matches!(reading.char(at - 1), Some('、' | '至' | '—' | '-' | '～' | '~' | '和' | '到')) =>
            {
                let previous = dates.last().filter(|d| at.saturating_sub(d.range.end) <= 14);
                if let Some((year, month)) = previous.map(|d| (d.year, d.month)) {
                    let range = at..end + 1;
                    let weekday = weekday(reading, &range, year.is_some());
                    dates.push(WrittenDate { range, year, has_year: false, month, day: value as i8, weekday });
                }
                end
            }
            _ => end,
        };
        // 十七八年: the run was entered one character before it began, and no number is read there.
        at = next.max(run.end);
    }
    for at in 1..dates.len() {
        if let Some([from, to]) = dates.get_mut(at - 1..=at) {
            weekdays_of_span(reading, from, to);
        }
    }
    dates
}

/// 28日至29日（星期六、星期日）, 23日—27日（周一至周五）: the first weekday is that of the first day, the second that of the
/// last one. 1日至30日（周六、周日） lists the days of rest between them.
fn weekdays_of_span(reading: &Reading<'_>, from: &mut WrittenDate, to: &mut WrittenDate) {
    let joins = |c: char| matches!(c, '至' | '到' | '—' | '-' | '–' | '～' | '~');
    let lists = |c: char| matches!(c, '、' | '和' | '及');
    let gap = reading.chars(from.range.end..to.range.start);
    let is_pair = matches!(gap.len(), 1 | 2) && gap.iter().all(|&c| joins(c) || lists(c));
    let open = to.range.end + usize::from(reading.class(to.range.end).is(Class::BLANK));
    if !is_pair || from.weekday.is_some() || to.weekday.is_some() || !matches!(reading.char(open), Some('(' | '（')) {
        return;
    }
    let Some((first, first_end)) = weekday_at(reading, open + 1) else { return };
    let Some(sign) = reading.char(first_end).filter(|&c| joins(c) || lists(c)) else { return };
    let second_start = first_end + if reading.char(first_end + 1) == Some(sign) { 2 } else { 1 };
    let Some((second, end)) = weekday_at(reading, second_start) else { return };
    let is_next_day = from.month == to.month && from.day.checked_add(1) == Some(to.day);
    // 2日至18日（周一至周五） are the working days between.
    let days = if from.month == to.month { to.day - from.day } else { DAYS_OF_MONTH_MAX - from.day + to.day };
    let is_one_week = (0..7).contains(&days);
    if matches!(reading.char(end), Some(')' | '）')) && (joins(sign) && is_one_week || is_next_day) {
        from.weekday = Some((first, from.range.clone()));
        to.weekday = Some((second, to.range.start..end + 1));
    }
}

/// The first year that a text names: 2025年.
pub fn year_of(reading: &Reading<'_>) -> Option<i16> {
    let mut at = 0;
    while let Some(run) = reading.digits.next_run(at) {
        if run.len() == 4 && reading.char(run.end) == Some('年') {
            return reading.text(run).parse().ok().filter(|year| (1900..=2100).contains(year));
        }
        at = run.end;
    }
    None
}

/// 农历二月三十, 民国三十年二月三十日: not of the calendar of today.
fn is_of_another_calendar(reading: &Reading<'_>, at: usize) -> bool {
    const CALENDARS: [&[char]; 19] = [
        &['农', '历'],
        &['阴', '历'],
        &['旧', '历'],
        &['夏', '历'],
        &['古', '历'],
        &['闰'],
        &['民', '国'],
        &['光', '绪'],
        &['藏', '历'],
        &['咸', '丰'],
        &['同', '治'],
        &['道', '光'],
        &['嘉', '庆'],
        &['乾', '隆'],
        &['雍', '正'],
        &['康', '熙'],
        &['宣', '统'],
        &['万', '历'],
        &['洪', '武'],
    ];
    // 乙丑年二月三十日
    const BRANCHES: &str = "子丑寅卯辰巳午未申酉戌亥";
    let is_cyclic = |i: usize| reading.char(i) == Some('年') && i > 0 && reading.char(i - 1).is_some_and(|c| BRANCHES.contains(c));
    if (at.saturating_sub(2)..at).any(is_cyclic) {
        return true;
    }
    reading.holds_one(at.saturating_sub(CALENDAR_CHARS)..at, &CALENDARS)
}

/// Digits, or Han numerals up to thousands; the value and where it ends.
fn number(reading: &Reading<'_>, at: usize) -> (u32, usize) {
    let (mut number, mut end) = (0, at);
    while end < at + NUMBER_DIGITS_MAX
        && let Some(digit) = reading.char(end).and_then(|c| c.to_digit(10))
    {
        number = number * 10 + digit;
        end += 1;
    }
    if end > at {
        return (number, end);
    }
    let is_han = |c: &&char| matches!(**c, '〇' | '零' | '一' | '二' | '三' | '四' | '五' | '六' | '七' | '八' | '九' | '十');
    let run = reading.chars(at..at + NUMBER_DIGITS_MAX).iter().take_while(is_han).count();
    let run = reading.chars(at..at + run);
    match quantity::han(run).filter(|_| !run.is_empty()).and_then(|value| u32::try_from(value).ok()) {
        Some(value) => (value, at + run.len()),
        None => (u32::MAX, at),
    }
}

/// `7月10日` at `at`: month, day and end.
fn month_day(reading: &Reading<'_>, at: usize) -> Option<(i8, i8, usize)> {
    let (month, end) = number(reading, at);
    if reading.char(end) != Some('月') || end == at || month > 99 {
        return None;
    }
    let (day, end) = number(reading, end + 1);
    (matches!(reading.char(end), Some('日' | '号')) && day <= 99).then_some((month as i8, day as i8, end + 1))
}

/// The `-11-28` behind a year that begins at `start`; codes and versions (A2026-11-28, 2026.1.1.0) are no dates.
fn in_figures(reading: &Reading<'_>, start: usize, year_end: usize, sign: char) -> Option<(i8, i8, usize)> {
    let part = |at: usize| {
        let (value, end) = number(reading, at);
        (matches!(end - at, 1 | 2) && reading.class(at).is(Class::DIGIT)).then_some((value, end))
    };
    let (month, end) = part(year_end + 1)?;
    let (day, end) = part(end + 1).filter(|_| reading.char(end) == Some(sign))?;
    let runs_on = |at: usize| {
        let more = |c: char| c.is_ascii_alphanumeric();
        reading.char(at).is_some_and(|c| more(c) || matches!(c, '.' | '-' | '/') && reading.char(at + 1).is_some_and(more))
    };
    let begins = start.checked_sub(1).and_then(|i| reading.char(i)).is_none_or(|c| !c.is_ascii_alphanumeric() && !"-./_№号第".contains(c));
    let is_date = begins && !runs_on(end) && (1..=12).contains(&month) && (1..=31).contains(&day);
    is_date.then_some((month as i8, day as i8, end))
}

/// Where the time of day behind a date ends: 上午9时, 9:00, 19时30分; and its hour and minute.
pub fn time_of_day(reading: &Reading<'_>, at: usize) -> (usize, Option<(u32, u32)>) {
    const PARTS: [&str; 8] = ["上午", "下午", "晚上", "中午", "凌晨", "早上", "晚", "早"];
    let mut end = at + usize::from(reading.char(at) == Some(' '));
    end += PARTS.iter().find(|part| reading.starts_with(end, part)).map_or(0, |part| part.chars().count());
    let hour_end = reading.digits.run_end(end);
    let is_clock = hour_end > end && hour_end - end <= 2 && matches!(reading.char(hour_end), Some('时' | '点' | ':' | '：'));
    if !is_clock {
        return (if reading.char(at) == Some(' ') && end == at + 1 { at } else { end }, None);
    }
    let hour = number(reading, end).0;
    end = reading.digits.run_end(hour_end + 1);
    let minute = if end == hour_end + 3 { number(reading, hour_end + 1).0 } else { 0 };
    end += usize::from(reading.char(end) == Some('分'));
    (end, Some((hour, minute)))
}

/// The weekday at `at`, and its end: 星期六, 周六, 本周日.
fn weekday_at(reading: &Reading<'_>, at: usize) -> Option<(Weekday, usize)> {
    let from = at + usize::from(matches!(reading.char(at), Some('本' | '是' | '为')));
    let name = ["星期", "周", "礼拜"].into_iter().find(|w| reading.starts_with(from, w))?;
    let place = from + name.chars().count();
    let day = match reading.char(place)? {
        '一' | '1' => Weekday::Monday,
        '二' | '2' => Weekday::Tuesday,
        '三' | '3' => Weekday::Wednesday,
        '四' | '4' => Weekday::Thursday,
        '五' | '5' => Weekday::Friday,
        '六' | '6' => Weekday::Saturday,
        '日' | '天' | '7' => Weekday::Sunday,
        _ => return None,
    };
    Some((day, place + 1))
}

/// The weekday beside a date: `（星期六）`, `星期六`, `，星期六`, ` （周六上午）`, `上午9时（星期六）`, `星期六（11月28日）`.
fn weekday(reading: &Reading<'_>, date: &Range<usize>, is_of_known_year: bool) -> Option<(Weekday, Range<usize>)> {
    let opens = |at: usize| matches!(reading.char(at), Some('(' | '（'));
    let closes = |at: usize| matches!(reading.char(at), Some(')' | '）'));
    let blank = |at: usize| at + usize::from(reading.class(at).is(Class::BLANK));
    let (time_end, _) = time_of_day(reading, date.end);
    let at = blank(time_end);
    if opens(at) {
        let close = (at + 1..at + REMARK_CHARS_MAX).find(|&i| closes(i) || opens(i)).filter(|&i| closes(i))?;
        // （周六、周日）, （周一至周五） are of a span.
        if reading.chars(at..close).iter().any(|c| matches!(c, '、' | '至' | '到' | '—' | '-' | '每' | '～' | '~')) {
            return None;
        }
        let (day, _) = (at + 1..close).find_map(|i| weekday_at(reading, i))?;
        return Some((day, date.start..close + 1));
    }
    if date.start > 0 && opens(date.start - 1) && closes(date.end) {
        let before = (2..=4).find_map(|len| {
            let start = (date.start - 1).checked_sub(len)?;
            let (day, end) = weekday_at(reading, start)?;
            (end == date.start - 1).then_some((day, start))
        });
        let is_span = |start: usize| matches!(start.checked_sub(1).and_then(|i| reading.char(i)), Some('每' | '至' | '到' | '—' | '、'));
        return before.filter(|(_, start)| !is_span(*start)).map(|(day, start)| (day, start..date.end + 1));
    }
    // 明天（11月24日，周三）
    if date.start > 0
        && opens(date.start - 1)
        && matches!(reading.char(date.end), Some('，' | ',' | '、'))
        && let Some((day, end)) = weekday_at(reading, date.end + 1).filter(|(_, end)| closes(*end))
    {
        return Some((day, date.start..end));
    }
    // 本周五即11月28日
    if reading.ends_with(date.start, "即")
        && let Some((start, (day, _))) = (2..=4)
            .filter_map(|len| (date.start - 1).checked_sub(len))
            .filter_map(|i| Some((i, weekday_at(reading, i)?)))
            .find(|(_, (_, end))| *end == date.start - 1)
    {
        return Some((day, start..date.end));
    }
    // Behind a comma only in a text that says its year, or of what is announced (停水时间：11月24日，周三): old weather reports
    // look the same.
    let is_announced = ["时间：", "时间:", "时间为", "日期："].iter().any(|label| reading.ends_with(date.start, label));
    let comma = (is_of_known_year || is_announced) && matches!(reading.char(at), Some('，' | ','));
    let (day, end) = weekday_at(reading, blank(at + usize::from(comma)))?;
    // 周六至周日, 周一到周五 names a span, not the day before it; 周一鸣 behind a comma is a person.
    let runs_on = comma && reading.class(end).is(Class::HAN) && !reading.starts_with(at + 1, "星期");
    let is_span = matches!(reading.char(end), Some('至' | '到' | '—' | '-' | '、'));
    (!is_span && !runs_on).then_some((day, date.start..end))
}

impl WrittenDate {
    /// The days that may be meant, the likeliest first: of the year written here or before, else the nearest to `as_of`.
    pub fn candidates(&self, as_of: Date) -> Vec<Date> {
        let mut days: Vec<Date> = match self.year {
            Some(year) if self.has_year => vec![year],
            Some(year) => vec![year, as_of.year(), as_of.year() + 1, as_of.year() - 1],
            None => vec![as_of.year(), as_of.year() + 1, as_of.year() - 1],
        }
        .into_iter()
        .filter_map(|year| Date::new(year, self.month, self.day).ok())
        .collect();
        if !self.has_year {
            // Of the years around the day the nearest; a year written before may be that of something else.
            let kept = usize::from(self.year.is_some()).min(days.len());
            let days_off = |day: &Date| (*day - as_of).get_days().abs();
            let nearest = days.split_off(kept).into_iter().min_by_key(days_off);
            days.extend(nearest);
        }
        days
    }

    /// The day likeliest meant.
    pub fn likeliest(&self, as_of: Date) -> Option<Date> {
        if self.year.is_some() { self.exact() } else { self.candidates(as_of).first().copied() }
    }

    /// The day as written, with its year.
    pub fn exact(&self) -> Option<Date> {
        Date::new(self.year?, self.month, self.day).ok()
    }
}

/// 星期一 … 星期日.
pub fn chinese(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Monday => "星期一",
        Weekday::Tuesday => "星期二",
        Weekday::Wednesday => "星期三",
        Weekday::Thursday => "星期四",
        Weekday::Friday => "星期五",
        Weekday::Saturday => "星期六",
        Weekday::Sunday => "星期日",
    }
}
