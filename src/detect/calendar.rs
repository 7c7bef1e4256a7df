//! Dates written in text: which day they name, whether it exists, what weekday it is.
//! Must not know findings or severities.

use super::reading::Reading;
use jiff::civil::{Date, Weekday};
use std::ops::Range;

/// Longest run of digits read as one number; fits 32 bits.
const NUMBER_DIGITS_MAX: usize = 9;

/// A date in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenDate {
    /// From the year (or month, or day) to 日.
    pub range: Range<usize>,
    pub year: Option<i16>,
    pub month: i8,
    pub day: i8,
    /// The weekday written behind it, and where it ends.
    pub weekday: Option<(Weekday, usize)>,
}

/// All dates with month and day, in order; a missing year is taken from the date before it.
pub fn dates(reading: &Reading<'_>) -> Vec<WrittenDate> {
    let mut dates: Vec<WrittenDate> = Vec::new();
    let mut at = 0;
    let mut last_year: Option<i16> = None;
    while let Some(run) = reading.digits.next_run(at) {
        if !matches!(reading.char(run.end), Some('年' | '月' | '日')) {
            at = run.end;
            continue;
        }
        // Of a longer run the last piece that can be a number.
        at = run.end - ((run.len() - 1) % NUMBER_DIGITS_MAX + 1);
        let (number, end) = number(reading, at);
        let next = match reading.char(end) {
            Some('年') if (1900..=2100).contains(&number) => {
                last_year = Some(number as i16);
                match month_day(reading, end + 1) {
                    Some((month, day, end)) => {
                        dates.push(WrittenDate { range: at..end, year: last_year, month, day, weekday: weekday(reading, end) });
                        end
                    }
                    None => end,
                }
            }
            Some('月') => match month_day(reading, at) {
                Some((month, day, end)) => {
                    dates.push(WrittenDate { range: at..end, year: last_year, month, day, weekday: weekday(reading, end) });
                    end
                }
                None => end,
            },
            // …6月7日（星期日）、8日（星期一）
            Some('日')
                if number <= 31 && at > 0 && matches!(reading.char(at - 1), Some('、' | '至' | '—' | '-' | '～' | '~' | '和' | '到')) =>
            {
                if let Some(previous) = dates.last().filter(|d| at.saturating_sub(d.range.end) <= 14) {
                    let (year, month) = (previous.year, previous.month);
                    dates.push(WrittenDate { range: at..end + 1, year, month, day: number as i8, weekday: weekday(reading, end + 1) });
                }
                end
            }
            _ => end,
        };
        at = next.max(at + 1);
    }
    dates
}

fn number(reading: &Reading<'_>, at: usize) -> (u32, usize) {
    let (mut number, mut end) = (0, at);
    while end < at + NUMBER_DIGITS_MAX
        && let Some(digit) = reading.char(end).and_then(|c| c.to_digit(10))
    {
        number = number * 10 + digit;
        end += 1;
    }
    (if end == at { u32::MAX } else { number }, end)
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

/// `（星期六）`, `星期六`, `(周六)`, `，星期天` right after a date.
fn weekday(reading: &Reading<'_>, at: usize) -> Option<(Weekday, usize)> {
    let bracketed = matches!(reading.char(at), Some('(' | '（'));
    let from = at + usize::from(bracketed || matches!(reading.char(at), Some('，' | ' ')));
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
    // 周六至周日, 周一到周五 names a span, not the day before it.
    if !bracketed && matches!(reading.char(place + 1), Some('至' | '到' | '—' | '-' | '、')) {
        return None;
    }
    let closed = bracketed && matches!(reading.char(place + 1), Some(')' | '）'));
    (closed || !bracketed).then_some((day, place + 1 + usize::from(closed)))
}

impl WrittenDate {
    /// The day meant; years left out are those around `as_of`.
    pub fn candidates(&self, as_of: Date) -> Vec<Date> {
        let years: Vec<i16> = match self.year {
            Some(year) => vec![year],
            None => vec![as_of.year(), as_of.year() + 1, as_of.year() - 1],
        };
        years.into_iter().filter_map(|year| Date::new(year, self.month, self.day).ok()).collect()
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
