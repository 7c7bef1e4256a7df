//! Figures of one text that must agree: shares with the whole, totals of tables with their parts, ages with dates of birth
//! (DOMAIN §5.6, deterministic checks). Must not know dates that stand alone, nor queues.
//!
//! What it finds: 教育40%、医疗30%、文化20%，合计100%; a table whose 合计 is not the sum of its column; 1985年3月生，现年51岁.
//! Why it matters: readers add up, and a wrong total in a public budget is what they pass on.
//! Known false alarms: a total of rows that the table leaves out; a person keeps them with a reason.

use super::Scan;
use super::reading::Reading;
use super::report::{Found, Report};
use super::{calendar, partitions};
use crate::lexicon::{Lexicon, ListSet};
use crate::model::{Problem, Severity};
use crate::text::fold::Class;
use crate::text::passage::{Cell, Role};
use std::ops::Range;

/// From the name of a share to its sign, in characters.
const SHARE_CHARS_MAX: usize = 12;
/// Fewest parts that are added up.
const PARTS_MIN: usize = 2;
/// How far the sum of shares may be off a hundred, in percent.
const SHARES_OFF_MAX: f64 = 0.5;
/// Most cells of one passage that are looked at, and most characters of one that are read.
const CELLS_MAX: usize = 20_000;
const CELL_CHARS_MAX: usize = 32;
/// How far before an age the date of birth may stand, in characters.
const BIRTH_CHARS: usize = 80;
/// How far behind the date of birth an age stands that is not said to be 现年, in characters.
const AGE_GAP_CHARS: usize = 12;
/// How far behind an age: 现年50岁（1990年生）.
const BIRTH_BEHIND_CHARS: usize = 16;
/// Fewest shares of a list that are added up.
const SHARES_MIN: usize = 3;
/// An age may be counted from one at birth (虚岁); that of the dead sometimes from two.
const NOMINAL_YEARS: i16 = 1;
const NOMINAL_YEARS_OF_THE_DEAD: i16 = 2;

/// What a date of birth follows.
const BEFORE_BIRTH: [&str; 6] = ["生于", "出生于", "出生日期:", "出生日期：", "出生年月:", "出生年月："];

pub struct Figures {
    /// 合计100%
    whole: ListSet,
    /// 不合格, 其他: the last item of a list of shares
    last_share: ListSet,
    /// 现年
    age: ListSet,
    /// 享年
    age_of_the_dead: ListSet,
}

impl Figures {
    pub fn new(lexicon: &Lexicon, problems: &mut Vec<Problem>) -> Self {
        let mut scanned = |name| lexicon.lists(problems).scanned(name);
        Self {
            whole: scanned("whole_share"),
            last_share: scanned("last_share"),
            age: scanned("age"),
            age_of_the_dead: scanned("age_of_the_dead"),
        }
    }

    pub fn detect(&self, scan: &Scan<'_>, report: &mut Report) {
        if scan.is_message() {
            return;
        }
        for (index, reading) in scan.prose().filter(|(_, reading)| reading.passage.role != Role::Author) {
            self.shares(scan, index, reading, report);
            self.closed_shares(scan, index, reading, report);
            self.ages(scan, index, reading, report);
            totals(index, reading, report);
            partitions::detect(index, reading, report);
        }
    }

    /// 教育40%、医疗30%、文化20%，合计100%: shares that are said to be the whole and are not (GB/T 15835).
    fn shares(&self, scan: &Scan<'_>, index: usize, reading: &Reading<'_>, report: &mut Report) {
        if !reading.lists.meets(self.whole) {
            return;
        }
        for hit in reading.words_in(scan.lexicon, self.whole, 0..reading.len()) {
            let range = hit.start as usize..hit.end as usize;
            let sentence = reading.sentence(range.clone());
            let parts = percentages(reading, sentence.start..range.start);
            let sum: f64 = parts.iter().sum();
            if parts.len() >= PARTS_MIN && (sum - 100.0).abs() > SHARES_OFF_MAX {
                let found = Found::new("WRD.numeral", Severity::S2, index, range, "wording/shares");
                report.find(found.saying(format!("各项占比相加为{sum:.1}%，不是100%，请核对")).because("sum", format!("{sum:.1}")));
            }
        }
    }

    /// 优秀占35%、良好占40%、合格占20%、不合格占10%: a list of shares whose last item closes it.
    fn closed_shares(&self, scan: &Scan<'_>, index: usize, reading: &Reading<'_>, report: &mut Report) {
        if !reading.lists.meets(self.last_share) {
            return;
        }
        for hit in reading.words_in(scan.lexicon, self.last_share, 0..reading.len()) {
            let range = hit.start as usize..hit.end as usize;
            let end = (range.end..(range.end + SHARE_CHARS_MAX).min(reading.len())).find(|&i| reading.char(i) == Some('%'));
            let Some(end) = end.filter(|&end| is_share(reading, end)) else { continue };
            let sentence = reading.sentence(range.clone());
            let signs = || sentence.clone().filter(|&i| reading.char(i) == Some('%'));
            // Of the whole sentence, and the last of it.
            // 不满意占1.1%，其余未作答
            let leaves_some = reading.holds_one(end..sentence.end, &[&['其', '余'], &['其', '他'], &['未']]);
            if leaves_some || signs().next_back() != Some(end) || !signs().all(|sign| is_share(reading, sign)) {
                continue;
            }
            let parts = percentages(reading, sentence.start..end + 1);
            let sum: f64 = parts.iter().sum();
            if parts.len() >= SHARES_MIN && (sum - 100.0).abs() > SHARES_OFF_MAX {
                let found = Found::new("WRD.numeral", Severity::S2, index, range.start..end + 1, "wording/shares");
                report.find(found.saying(format!("各项占比相加为{sum:.1}%，不是100%，请核对")).because("sum", format!("{sum:.1}")));
            }
        }
    }

    /// 1985年3月出生，现年51岁; 生于1930年5月1日，2020年3月2日去世，享年80岁.
    fn ages(&self, scan: &Scan<'_>, index: usize, reading: &Reading<'_>, report: &mut Report) {
        let both = self.age.and(self.age_of_the_dead);
        if !reading.lists.meets(both) {
            return;
        }
        for hit in reading.words_in(scan.lexicon, both, 0..reading.len()) {
            let is_of_the_dead = scan.lexicon.lists_of(hit.pattern).meets(self.age_of_the_dead);
            let (start, digits) = (hit.start as usize, hit.end as usize);
            let end = reading.digits.run_end(digits);
            let Ok(age) = reading.text(digits..end).parse::<i16>() else { continue };
            if end - digits > 3 || reading.char(end) != Some('岁') {
                continue;
            }
            let line = reading.paragraph(start..end);
            // 1990年3月生，46岁: what is told of an age in passing (18岁参军) is no age of today.
            let is_bare = reading.char(start) == Some('生');
            if is_bare && reading.class(end + 1).is(Class::HAN) {
                continue;
            }
            let before = if is_bare { digits } else { start };
            let behind = || birth(reading, end..(end + BIRTH_BEHIND_CHARS).min(line.end.max(end)));
            let Some(born) = birth(reading, start.saturating_sub(BIRTH_CHARS).max(line.start)..before).or_else(behind) else { continue };
            // 今年 may be said of somebody else: 其子今年12岁.
            let is_sure = is_of_the_dead || reading.starts_with(start, "现年");
            let gap = born.range.end..start;
            if !is_sure && (gap.len() > AGE_GAP_CHARS || reading.chars(gap).iter().any(|c| "其子女妻母父孙儿夫弟妹兄姐他她".contains(*c)))
            {
                continue;
            }
            let until = if is_of_the_dead {
                calendar::dates(reading)
                    .into_iter()
                    .rfind(|d| d.range.start >= born.range.end && d.range.end <= start)
                    .and_then(|d| d.exact())
            } else {
                Some(scan.as_of)
            };
            let of_death = || is_of_the_dead.then(|| last_year(reading, born.range.end..start)).flatten();
            let Some(year) = until.map(|until| until.year()).or_else(of_death) else { continue };
            let years = year - born.year;
            // The birthday of the last year is past, or not, or its day is not written.
            let full = match (born.month_day, until) {
                (Some(day), Some(until)) if day <= (until.month(), until.day()) => years..=years,
                (Some(_), Some(_)) => years - 1..=years - 1,
                _ => years - 1..=years,
            };
            let nominal = if is_of_the_dead { NOMINAL_YEARS_OF_THE_DEAD } else { NOMINAL_YEARS };
            if !(*full.start()..=full.end() + nominal).contains(&age) {
                let found = Found::new("WRD.date", Severity::S2, index, start..end + 1, "wording/age");
                report.find(found.saying("年龄与出生日期不符，请核对"));
            }
        }
    }
}

/// When somebody was born, as far as it is written.
struct Birth {
    range: Range<usize>,
    year: i16,
    /// Month and day.
    month_day: Option<(i8, i8)>,
}

/// The last date of birth in a range: 1985年3月（2日）（出）生, 生于1985年, 出生日期：1985年3月2日.
fn birth(reading: &Reading<'_>, range: Range<usize>) -> Option<Birth> {
    let mut last = None;
    let mut at = range.start;
    while let Some(run) = reading.digits.next_run(at).filter(|run| run.end < range.end) {
        at = run.end;
        let Some(year) = year(reading, &run) else { continue };
        let part = |from: usize, sign: char| {
            let end = reading.digits.run_end(from);
            let number = reading.text(from..end).parse::<i8>().ok()?;
            (reading.char(end) == Some(sign)).then_some((number, end + 1))
        };
        let month = part(run.end + 1, '月');
        let day = month.and_then(|(_, end)| part(end, '日'));
        let end = day.or(month).map_or(run.end + 1, |(_, end)| end);
        // 1985年3月生，but not 2023年3月生猪出栏.
        let is_birth = reading.starts_with(end, "出生")
            || reading.char(end) == Some('生') && !reading.class(end + 1).is(Class::HAN)
            || BEFORE_BIRTH.iter().any(|word| reading.ends_with(run.start, word));
        if is_birth {
            last = Some(Birth { range: run.start..end, year, month_day: month.zip(day).map(|((month, _), (day, _))| (month, day)) });
        }
        at = end;
    }
    last
}

/// The last year of a range: 卒于2025年3月.
fn last_year(reading: &Reading<'_>, range: Range<usize>) -> Option<i16> {
    let mut at = range.start;
    let mut last = None;
    while let Some(run) = reading.digits.next_run(at).filter(|run| run.end < range.end) {
        at = run.end;
        last = year(reading, &run).or(last);
    }
    last
}

/// A year of four digits before 年.
fn year(reading: &Reading<'_>, run: &Range<usize>) -> Option<i16> {
    let year = reading.text(run.clone()).parse().ok().filter(|year| (1850..=2100).contains(year))?;
    (run.len() == 4 && reading.char(run.end) == Some('年')).then_some(year)
}

/// Columns of a table whose 合计 is not the sum of what stands above (or, where it is the first row, below).
fn totals(index: usize, reading: &Reading<'_>, report: &mut Report) {
    let cells = reading.passage.cells.get(..CELLS_MAX).unwrap_or(&reading.passage.cells);
    for table in cells.chunk_by(|a, b| a.table == b.table) {
        let rows: Vec<&[Cell]> = table.chunk_by(|a, b| a.row == b.row).collect();
        // Cells that span others, and rows that belong to others, make the sum uncertain.
        let columns = rows.first().map_or(0, |row| row.len());
        if rows.iter().any(|row| row.len() != columns) {
            continue;
        }
        total_column(index, reading, &rows, report);
        let heads: Vec<String> = rows.iter().map(|row| row.first().map(|cell| content(reading, cell)).unwrap_or_default()).collect();
        let is_total = |head: &String| ["合计", "总计", "共计"].contains(&head.as_str());
        let is_part_of_part = |head: &String| head.contains("小计") || head.contains("其中") || head.starts_with(['一', '(', '（']);
        let (Some(total), false) = (heads.iter().position(is_total), heads.iter().any(is_part_of_part)) else { continue };
        if heads.iter().filter(|head| is_total(head)).count() > 1 {
            continue;
        }
        let parts = if total > 1 { 1..total } else { total + 1..rows.len() };
        let Some(parts) = rows.get(parts) else { continue };
        for column in 1..columns {
            let cell = |row: &&[Cell]| row.get(column).cloned();
            let Some(place) = rows.get(total).and_then(cell) else { continue };
            let title = rows.first().and_then(cell).map(|cell| content(reading, &cell)).unwrap_or_default();
            // Rates, prices and numbers of order are not added up; shares of a whole are.
            let is_share = title.contains("占比") || title.contains("比重");
            let read = |text: &str| Amount::read(if is_share { text.trim_end_matches('%') } else { text });
            if title.is_empty()
                || Amount::read(&title).is_some()
                || !is_share && title.contains(['率', '比', '均', '价', '号', '序', '年', '码', '编'])
            {
                continue;
            }
            let Some(written) = read(&content(reading, &place)) else { continue };
            let added = parts.iter().map(|row| {
                let text = cell(row).map(|cell| content(reading, &cell)).unwrap_or_default();
                if matches!(text.as_str(), "" | "-" | "—" | "——" | "/" | "无") { Some(None) } else { read(&text).map(Some) }
            });
            let Some(added) = added.collect::<Option<Vec<_>>>() else { continue };
            let added: Vec<Amount> = added.into_iter().flatten().collect();
            let sum: f64 = added.iter().map(|amount| amount.value).sum();
            let decimals = added.iter().chain([&written]).map(|amount| amount.decimals).max().unwrap_or(0);
            // Whole numbers add up; rounded ones and shares may each be off by half of their last digit.
            let off = if decimals == 0 && !is_share { 0.5 } else { 0.5 * (added.len() + 1) as f64 * 0.1f64.powi(written.decimals as i32) };
            if added.len() >= PARTS_MIN && (sum - written.value).abs() > off {
                let range = span(reading, &place);
                let found = Found::new("WRD.numeral", Severity::S2, index, range, "wording/total");
                let sum = format!("{sum:.0$}", decimals as usize);
                report.find(found.saying(format!("本列各行相加为{sum}，与合计不符，请核对")).because("sum", sum));
            }
        }
    }
}

/// A last column headed 合计 that is not the sum of its row.
fn total_column(index: usize, reading: &Reading<'_>, rows: &[&[Cell]], report: &mut Report) {
    let Some((head, rows)) = rows.split_first() else { return };
    let heads: Vec<String> = head.iter().map(|cell| content(reading, cell)).collect();
    let Some((total, parts)) = heads.get(1..).and_then(<[_]>::split_last) else { return };
    // Of one kind only: neither parts of parts nor columns with units of their own.
    let is_other = |head: &String| {
        head.is_empty() || head.contains(['计', '中', '率', '比', '均', '价', '号', '序', '年', '码', '(', '（', '数', '额'])
    };
    if !matches!(total.as_str(), "合计" | "总计" | "共计") || parts.len() < PARTS_MIN || parts.iter().any(is_other) {
        return;
    }
    for row in rows {
        let amounts: Option<Vec<Amount>> = row.iter().skip(1).map(|cell| Amount::read(&content(reading, cell))).collect();
        let (Some(place), Some((written, parts))) = (row.last(), amounts.as_deref().and_then(<[_]>::split_last)) else { continue };
        let sum: f64 = parts.iter().map(|amount| amount.value).sum();
        let off = 0.5 * (parts.len() + 1) as f64 * 0.1f64.powi(written.decimals as i32);
        let off = if written.decimals == 0 && parts.iter().all(|amount| amount.decimals == 0) { 0.5 } else { off };
        if (sum - written.value).abs() > off {
            let found = Found::new("WRD.numeral", Severity::S2, index, span(reading, place), "wording/total");
            report.find(found.saying(format!("本行各列相加为{sum}，与合计不符，请核对")));
        }
    }
}

/// A number of a table.
struct Amount {
    value: f64,
    /// Digits after the point.
    decimals: u32,
}

impl Amount {
    /// 1,234.50; `None` for anything else.
    fn read(text: &str) -> Option<Self> {
        let plain: String = text.chars().filter(|c| *c != ',').collect();
        let is_number =
            plain.starts_with(|c: char| c.is_ascii_digit() || c == '-') && plain.chars().all(|c| matches!(c, '0'..='9' | '.' | '-'));
        let value = plain.parse().ok().filter(|_| is_number)?;
        Some(Self { value, decimals: plain.split_once('.').map_or(0, |(_, behind)| behind.len() as u32) })
    }
}

/// The folded characters of a cell without blanks around them.
fn span(reading: &Reading<'_>, cell: &Cell) -> Range<usize> {
    let (start, end) = (reading.folded.index_of_byte(cell.span.start), reading.folded.index_of_byte(cell.span.end));
    let is_blank = |at: usize| reading.char(at).is_some_and(char::is_whitespace);
    let start = (start..end).find(|&at| !is_blank(at)).unwrap_or(end);
    let end = (start..end).rfind(|&at| !is_blank(at)).map_or(start, |last| last + 1);
    start..end
}

/// What stands in a cell, without blanks; long ones are no heading and no number.
fn content(reading: &Reading<'_>, cell: &Cell) -> String {
    let range = span(reading, cell);
    if range.len() > CELL_CHARS_MAX {
        return "…".to_owned();
    }
    reading.chars(range).iter().filter(|c| !c.is_whitespace()).collect()
}

/// Whether the percentage whose sign stands at `sign` is said to be a share: 占35%, 占比为35%.
fn is_share(reading: &Reading<'_>, sign: usize) -> bool {
    let is_number = |i: usize| reading.class(i).is(Class::DIGIT) || reading.char(i) == Some('.');
    let start = (sign.saturating_sub(SHARE_CHARS_MAX)..sign).rev().take_while(|&i| is_number(i)).last().unwrap_or(sign);
    ["占", "占比", "占比为", "占比例", "各占"].iter().any(|word| reading.ends_with(start, word))
}

/// The percentages written in a range: 40%, 12.5％.
fn percentages(reading: &Reading<'_>, range: Range<usize>) -> Vec<f64> {
    let is_number = |i: usize| reading.class(i).is(Class::DIGIT) || reading.char(i) == Some('.');
    let mut all = Vec::new();
    for at in range.clone().filter(|&at| reading.char(at) == Some('%')) {
        let start = (range.start..at).rev().take_while(|&i| is_number(i)).last().unwrap_or(at);
        all.extend(reading.text(start..at).parse::<f64>().ok());
    }
    all
}
