//! Parts told in running text that exceed their whole: 造林3000亩（联珠镇1200亩、景星镇1100亩、新抚镇900亩）;
//! 男性占52%，女性占51% (DOMAIN §5.6, deterministic checks). Must not know tables, dates, nor queues.

use super::reading::Reading;
use super::report::{Found, Report};
use crate::model::Severity;
use crate::text::fold::Class;
use std::ops::Range;

/// Longest name of a part, in characters.
const LABEL_CHARS_MAX: usize = 16;
/// Longest unit behind a number, in characters.
const UNIT_CHARS_MAX: usize = 4;
/// Longest list, in characters.
const LIST_CHARS_MAX: usize = 400;
/// Most parts of one list.
const PARTS_MAX: usize = 32;
/// How far shares may exceed a hundred together, in percent: each is rounded.
const SHARES_OFF_MAX: f64 = 0.5;
/// Longest line of a list, in characters.
const LINE_CHARS_MAX: usize = 40;
/// By how much parts that were added up wrongly exceed their whole at most.
const SLIP_MAX: f64 = 1.2;
/// How far before a list its whole begins, in characters.
const WHOLE_CHARS: usize = 24;

/// What parts are called that may overlap: 女党员 and 少数民族党员 are partly the same people.
const OVERLAPPING: [&str; 26] = [
    "女",
    "男",
    "少数民族",
    "党员",
    "以上",
    "以下",
    "岁",
    "新增",
    "本年",
    "同比",
    "累计",
    "低保",
    "脱贫",
    "建档",
    "残疾",
    "特困",
    "监测",
    "重点",
    "其中",
    "上年",
    "去年",
    "历年",
    "超过",
    "不足",
    "达到",
    "完成",
];
/// What compares, or counts over more than the whole.
const BEYOND: [&str; 14] = ["累计", "历年", "去年", "上年", "总", "同比", "分别", "比", "较", "%", "达", "超", "最高", "以上"];
/// Names of shares of which nobody belongs to two.
const EXCLUSIVE: [&[&str]; 5] = [
    &["男", "女"],
    &["城镇", "农村", "乡村", "城市"],
    &["非常满意", "很满意", "基本满意", "较满意", "比较满意", "不满意", "满意", "一般", "不了解"],
    &["支持", "赞成", "同意", "反对", "不同意", "弃权"],
    &["小学", "初中", "高中", "中专", "大专", "本科", "研究生", "硕士", "博士"],
];
/// What stands between the name of a part and its number.
const VERBS: [&str; 12] = ["占比为", "占比", "占股", "占", "为", "有", "是", "约", "共", "计", "各", "率"];

/// `联珠镇1200亩`: a part, or the whole.
#[derive(Debug)]
struct Item {
    label: String,
    value: f64,
    /// Digits after the point.
    decimals: usize,
    unit: String,
    range: Range<usize>,
}

pub fn detect(index: usize, reading: &Reading<'_>, report: &mut Report) {
    let (mut at, mut shares_to, mut parts_to) = (0, 0, 0);
    let mut last_share = None;
    // Both need numbers: most texts are left after a look at what stands behind each.
    while let Some(run) = reading.digits.next_run(at) {
        at = run.end;
        let may_be_ratio = matches!(reading.char(run.end), Some('.' | ':' | '：' | '∶'));
        if may_be_ratio && is_after_structure(reading, run.start) {
            at = structure(index, reading, run.start, report).max(run.end);
        } else if let Some(line) = line_of_total(reading, run.start) {
            lines(index, reading, line, report);
        }
        if let Some(whole) = product_before(reading, run.start) {
            sectors(index, reading, whole, run.start, report);
        }
        if reading.char(run.end) == Some('%') {
            let is_near = last_share.replace(run.end).is_some_and(|last| run.end - last <= 2 * LABEL_CHARS_MAX);
            if is_near && run.end >= shares_to {
                shares_to = shares(index, reading, run.end, report);
            }
        } else if run.end >= parts_to
            && let Some(list) = list_behind(reading, run.end)
        {
            parts_to = parts(index, reading, list, report);
        }
    }
}

/// What stands right before the shares of the three sectors of an economy.
const BEFORE_STRUCTURE: [char; 7] = ['为', '由', '是', '比', '到', '至', '从'];
/// How far before them their name stands, in characters.
const STRUCTURE_CHARS: usize = 28;
/// Sums that are no mistaken hundred: the numbers are something else.
const STRUCTURE_SUM: Range<f64> = 80.0..125.0;

fn is_after_structure(reading: &Reading<'_>, number: usize) -> bool {
    number > 0
        && reading.char(number - 1).is_some_and(|c| BEFORE_STRUCTURE.contains(&c))
        && reading.holds_one(number.saturating_sub(STRUCTURE_CHARS)..number, &[&['产', '业', '结', '构'], &['次', '产', '业', '比']])
}

/// 三次产业结构为23.3:30.1:56.6: three shares that are not a hundred together; where they end.
fn structure(index: usize, reading: &Reading<'_>, start: usize, report: &mut Report) -> usize {
    let is_part = |&i: &usize| reading.class(i).is(Class::DIGIT) || matches!(reading.char(i), Some('.' | ':' | '：' | '∶'));
    let end = (start..reading.len()).take_while(is_part).last().map_or(start, |last| last + 1);
    let text = reading.text(start..end);
    let shares: Vec<f64> = text.split([':', '：', '∶']).filter_map(|share| share.trim_end_matches('.').parse().ok()).collect();
    let sum: f64 = shares.iter().sum();
    if shares.len() == 3 && (sum - 100.0).abs() > SHARES_OFF_MAX && STRUCTURE_SUM.contains(&sum) {
        let found = Found::new("WRD.numeral", Severity::S2, index, start..end, "wording/shares");
        report.find(found.saying(format!("各项占比相加为{sum:.1}%，不是100%，请核对")).because("sum", format!("{sum:.1}")));
    }
    end
}

/// The three sectors of an economy: together they are all of it.
const SECTORS: [&str; 3] = ["第一产业", "第二产业", "第三产业"];
/// What stands between a sector and its value.
const ADDED: [&str; 6] = ["增加值", "实现", "完成", "达到", "达", "为"];
/// What they are parts of.
const PRODUCT: &str = "生产总值";
/// How far before the first sector the product is told, and how far behind a sector the next, in characters.
const PRODUCT_CHARS: usize = 80;
const SECTOR_CHARS: usize = 60;

/// Whether the number at `at` is the value of a sector: 第一产业增加值`15.2`亿元.
fn is_of_sector(reading: &Reading<'_>, at: usize, sector: &str) -> bool {
    let mut end = at;
    while let Some(word) = ADDED.iter().find(|word| reading.ends_with(end, word)) {
        end -= word.chars().count();
    }
    reading.ends_with(end, sector)
}

/// A value in 亿元 or 万元 that begins at `at`.
fn money(reading: &Reading<'_>, at: usize) -> Option<Item> {
    let is_number = |i: &usize| reading.class(*i).is(Class::DIGIT) || matches!(reading.char(*i), Some('.' | ','));
    let end = at + (at..reading.len()).take_while(is_number).count();
    ["亿元", "万元"].iter().any(|unit| reading.starts_with(end, unit)).then(|| item(reading, at..end + 2)).flatten()
}

/// The product told before the first sector, whose value begins at `at`.
fn product_before(reading: &Reading<'_>, at: usize) -> Option<Item> {
    if !at.checked_sub(1).and_then(|i| reading.char(i)).is_some_and(|c| matches!(c, '业' | '值' | '现' | '成' | '到' | '达' | '为'))
        || !is_of_sector(reading, at, SECTORS[0])
    {
        return None;
    }
    let from = at.saturating_sub(PRODUCT_CHARS).max(reading.paragraph(at..at).start);
    let end = (from..at).rev().find(|&i| reading.ends_with(i, PRODUCT))?;
    let number = reading.digits.first_in(end..at).filter(|&number| is_of_sector(reading, number, PRODUCT))?;
    let label = end - PRODUCT.chars().count();
    money(reading, number).map(|whole| Item { range: label..whole.range.end, ..whole })
}

/// 生产总值68.4亿元，其中第一产业…，第二产业…，第三产业…: whatever is told between, they add up to it.
fn sectors(index: usize, reading: &Reading<'_>, whole: Item, first: usize, report: &mut Report) {
    let mut items: Vec<Item> = money(reading, first).into_iter().collect();
    let mut at = first;
    for sector in &SECTORS[1..] {
        let runs = std::iter::successors(reading.digits.next_run(at), |run| reading.digits.next_run(run.end));
        let mut near = runs.take_while(|run| run.start <= at + SECTOR_CHARS);
        let Some(run) = near.find(|run| is_of_sector(reading, run.start, sector)) else { return };
        items.extend(money(reading, run.start));
        at = run.start;
    }
    let sum: f64 = items.iter().map(|item| item.value).sum();
    let is_same = items.len() == SECTORS.len() && items.iter().all(|item| item.unit == whole.unit);
    let range = whole.range.start..sentence_of(&items).end;
    if is_same && (sum - whole.value).abs() > rounding(&items, &whole) && !report.covers(&["WRD.numeral"], index, &range) {
        let decimals = items.iter().map(|item| item.decimals).max().unwrap_or(0);
        let sum = format!("{sum:.decimals$}");
        let found = Found::new("WRD.numeral", Severity::S2, index, range, "wording/sectors");
        report.find(found.saying(format!("三次产业相加为{sum}，与生产总值不符，请核对")).because("sum", sum));
    }
}

/// What the line of a total begins with.
const TOTALS: [&str; 3] = ["合计", "总计", "共计"];

/// The line that begins with 合计 and goes on with the number at `number`.
fn line_of_total(reading: &Reading<'_>, number: usize) -> Option<Range<usize>> {
    let is_sign = |i: usize| matches!(reading.char(i), Some('：' | ':' | ' ' | '为' | '共'));
    let end = (number.saturating_sub(2)..number).rev().take_while(|&i| is_sign(i)).last().unwrap_or(number);
    let start = end.checked_sub(2).filter(|_| TOTALS.iter().any(|word| reading.ends_with(end, word)))?;
    let line_end = (number..reading.len().min(number + LABEL_CHARS_MAX)).find(|&i| reading.char(i) == Some('\n'));
    let is_line = start > 0 && reading.char(start - 1) == Some('\n');
    is_line.then(|| start..line_end.unwrap_or(reading.len().min(number + LABEL_CHARS_MAX)))
}

/// Lines of one item each above the line of their total that add up to something else.
fn lines(index: usize, reading: &Reading<'_>, total: Range<usize>, report: &mut Report) {
    let without_sign =
        |line: Range<usize>| line.start..line.end - usize::from(reading.chars(line).last().is_some_and(|c| "。；;，,".contains(*c)));
    let Some(whole) = item(reading, without_sign(total.clone())) else { return };
    let mut items = Vec::new();
    let mut end = total.start - 1;
    while items.len() < PARTS_MAX {
        let start = (end.saturating_sub(LINE_CHARS_MAX)..end).rev().find(|&i| reading.char(i) == Some('\n')).map_or(0, |i| i + 1);
        let part = item(reading, without_sign(start..end)).filter(|part| part.unit == whole.unit && !part.label.contains(['计', '中']));
        let Some(part) = part else { break };
        items.push(part);
        if start == 0 {
            break;
        }
        end = start - 1;
    }
    let sum: f64 = items.iter().map(|item| item.value).sum();
    let decimals = items.iter().map(|item| item.decimals).max().unwrap_or(0);
    if items.len() >= 2 && whole.unit != "%" && (sum - whole.value).abs() > rounding(&items, &whole) {
        let found = Found::new("WRD.numeral", Severity::S2, index, whole.range, "wording/total");
        let sum = format!("{sum:.decimals$}");
        report.find(found.saying(format!("以上各项相加为{sum}，与合计不符，请核对")).because("sum", sum));
    }
}

/// How far a sum may be off its whole: whole numbers add up, rounded ones may each be off by half of their last digit.
fn rounding(items: &[Item], whole: &Item) -> f64 {
    let decimals = items.iter().map(|item| item.decimals).max().unwrap_or(0);
    match whole.decimals == 0 && decimals == 0 {
        true => 0.5,
        false => 0.5 * (items.len() + 1) as f64 * 0.1f64.powi(whole.decimals.min(decimals) as i32),
    }
}

/// Shares that exclude each other and exceed a hundred together, in the sentence of the sign at `sign`; where it ends.
fn shares(index: usize, reading: &Reading<'_>, sign: usize, report: &mut Report) -> usize {
    let sentence = reading.sentence(sign..sign);
    let end = sentence.end.max(sign + 1);
    let mut items = items(reading, sentence);
    items.retain(|item| item.unit.starts_with('%'));
    let is_group = |group: &[&str]| {
        let words: Vec<&str> = items.iter().filter_map(|item| group.iter().find(|word| item.label.contains(**word)).copied()).collect();
        // 城镇养老保险覆盖率95%，农村60% are rates, no shares.
        let is_share = |(item, word): (&Item, &&str)| item.label == **word || reading.text(item.range.clone()).contains('占');
        words.len() == items.len() && is_distinct(&words) && items.iter().zip(&words).all(is_share)
    };
    let labels = || items.iter().map(|item| item.label.as_str());
    let has = |word: &str| labels().filter(|label| label.contains(word)).count();
    let are_ages = || items.iter().all(|item| item.label.contains('岁') && reading.text(item.range.clone()).contains('占'));
    let are_holdings = || reading.text(sentence_of(&items)).contains("占股");
    let is_cumulative = || has("以上") > 1 || has("以下") > 1;
    let is_exclusive = || EXCLUSIVE.iter().any(|group| is_group(group)) || are_ages() || are_holdings();
    let sum: f64 = items.iter().map(|item| item.value).sum();
    if items.len() >= 2 && sum > 100.0 + SHARES_OFF_MAX && is_distinct(&labels().collect::<Vec<_>>()) && !is_cumulative() && is_exclusive()
    {
        let found = Found::new("WRD.numeral", Severity::S2, index, sentence_of(&items), "wording/shares");
        report.find(found.saying(format!("各项占比相加为{sum:.1}%，超过100%，请核对")).because("sum", format!("{sum:.1}")));
    }
    end
}

/// Where a list of parts opens behind a number with its unit: 687名，其中; 3000亩（; 30个岗位：; 86.4亿元。其中，. The sign and how
/// long it is.
fn list_behind(reading: &Reading<'_>, number_end: usize) -> Option<(usize, usize)> {
    let is_han = |i: usize| reading.class(i).is(Class::HAN);
    let at = (number_end..=number_end + UNIT_CHARS_MAX).find(|&i| !is_han(i)).filter(|&sign| sign > number_end)?;
    match reading.char(at)? {
        '（' | '(' | '：' | ':' => Some((at, 1)),
        '，' | ',' | '。' | '；' => {
            let next = at + 1 + usize::from(reading.char(at + 1) == Some(' '));
            reading.starts_with(next, "其中").then_some((next, 2))
        }
        _ => None,
    }
}

/// 其中…, （…） or 共…：… whose parts exceed the whole before them; where the list ends.
fn parts(index: usize, reading: &Reading<'_>, (open, len): (usize, usize), report: &mut Report) -> usize {
    let is_listed = len == 2;
    let before = open.saturating_sub(WHOLE_CHARS)..open;
    let behind = open + len + usize::from(matches!(reading.char(open + len), Some('，' | ',' | '：' | ':')));
    let farthest = reading.len().min(behind + LIST_CHARS_MAX);
    let end = (behind..farthest).find(|&i| matches!(reading.char(i), Some('。' | '；' | ';' | '\n' | '）' | ')'))).unwrap_or(farthest);
    // The whole right before: 共有林长687名，其中; 生产总值86.4亿元。其中，
    let whole = items_in(reading, before.clone()).pop().filter(|whole| is_right_before(reading, whole, open));
    let Some(whole) = whole.filter(|_| reading.digits.first_in(behind..end).is_some()) else { return open };
    let items: Vec<Item> = items(reading, behind..end).into_iter().take_while(|item| is_same_unit(&item.unit, &whole.unit)).collect();
    let is_sum_told = || reading.text(before.clone()).contains(['共', '总']);
    // What overlaps exceeds the whole by far; a slip does not.
    let is_slip = |sum: f64| is_listed && items.len() > 2 && sum < whole.value * SLIP_MAX;
    let is_partition = || {
        let last = |item: &Item| item.label.chars().next_back();
        let first = items.first().and_then(last);
        is_distinct(&items.iter().map(|item| item.label.as_str()).collect::<Vec<_>>())
            && items.iter().all(|item| !item.label.is_empty() && !OVERLAPPING.iter().any(|word| item.label.contains(word)))
            && (first.is_some() && items.iter().all(|item| last(item) == first)
                || !is_listed && items.len() > 2 && is_sum_told()
                || is_slip(items.iter().map(|item| item.value).sum()))
    };
    let sum: f64 = items.iter().map(|item| item.value).sum();
    let decimals = items.iter().map(|item| item.decimals).max().unwrap_or(0);
    let off = rounding(&items, &whole);
    // 每人420元，其中财政补助670元: one part alone is more than the whole.
    let is_more = |part: &Item| {
        let told = reading.text(whole.range.start..part.range.end);
        is_listed && part.value > whole.value && part.unit == whole.unit && !BEYOND.iter().any(|word| told.contains(word))
    };
    if let Some(part) = items.first().filter(|part| whole.unit != "%" && is_more(part)) {
        let found = Found::new("WRD.numeral", Severity::S2, index, whole.range.start..part.range.end, "wording/parts");
        report.find(found.saying("“其中”的一项大于总数，请核对"));
    } else if items.len() >= 2 && whole.unit != "%" && sum - whole.value > off && is_partition() {
        let found = Found::new("WRD.numeral", Severity::S2, index, whole.range.start..sentence_of(&items).end, "wording/parts");
        let sum = format!("{sum:.decimals$}");
        report.find(found.saying(format!("各项相加为{sum}，超过总数，请核对")).because("sum", sum));
    }
    end.max(open)
}

fn is_distinct(words: &[&str]) -> bool {
    words.iter().enumerate().all(|(i, word)| !words.iter().take(i).any(|other| other == word))
}

/// 名 and 名林长, 个 and 个岗位.
fn is_same_unit(part: &str, whole: &str) -> bool {
    !part.is_empty() && !whole.is_empty() && (part.starts_with(whole) || whole.starts_with(part))
}

/// Whether nothing but signs and blanks stands between the whole and the list.
fn is_right_before(reading: &Reading<'_>, whole: &Item, open: usize) -> bool {
    reading.chars(whole.range.end..open).iter().all(|c| matches!(c, '，' | ',' | '。' | '；' | ';' | ' '))
}

fn sentence_of(items: &[Item]) -> Range<usize> {
    items.first().map_or(0, |item| item.range.start)..items.last().map_or(0, |item| item.range.end)
}

/// The items of a list that goes on without interruption; the first clause that is none ends it.
fn items(reading: &Reading<'_>, range: Range<usize>) -> Vec<Item> {
    let mut all = Vec::new();
    let mut start = range.start;
    while start < range.end && all.len() < PARTS_MAX {
        let end = (start..range.end).find(|&i| is_comma(reading, i)).unwrap_or(range.end);
        match item(reading, start..end) {
            Some(item) => all.push(item),
            None if all.is_empty() => {}
            None => break,
        }
        start = end + 1;
    }
    all
}

/// All items of a range, whatever stands between.
fn items_in(reading: &Reading<'_>, range: Range<usize>) -> Vec<Item> {
    let mut clauses: Vec<Range<usize>> = Vec::new();
    let mut start = range.start;
    for i in range.clone() {
        if is_comma(reading, i) || matches!(reading.char(i), Some('。' | '；' | ';' | '\n')) {
            clauses.push(start..i);
            start = i + 1;
        }
    }
    clauses.push(start..range.end);
    clauses.into_iter().filter_map(|clause| item(reading, clause)).collect()
}

/// A comma between clauses; 1,280 holds none.
fn is_comma(reading: &Reading<'_>, i: usize) -> bool {
    let is_digit = |at: usize| reading.class(at).is(Class::DIGIT);
    match reading.char(i) {
        Some('，' | '、' | '和' | '；') => true,
        Some(',') => !(i > 0 && is_digit(i - 1) && is_digit(i + 1)),
        _ => false,
    }
}

/// `小学语文15名`, `60岁及以上占18.2%`: a clause that is a name and one number with its unit.
fn item(reading: &Reading<'_>, clause: Range<usize>) -> Option<Item> {
    let is_number = |i: usize| reading.class(i).is(Class::DIGIT) || matches!(reading.char(i), Some('.' | ','));
    // The number that ends the clause but for its unit.
    let last = clause.clone().rev().find(|&i| is_number(i))?;
    let first = (clause.start..=last).rev().take_while(|&i| is_number(i)).last()?;
    let (digits, unit) = (reading.text(first..last + 1).replace(',', ""), reading.text(last + 1..clause.end));
    let unit = unit.trim();
    let is_unit = (1..=UNIT_CHARS_MAX).contains(&unit.chars().count())
        && unit.chars().all(|c| c == '%' || crate::text::fold::is_han(c as u32))
        && !unit.starts_with(['年', '月', '日', '时', '号', '岁', '级', '%']) | unit.eq("%");
    if !is_unit || !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let label = reading.text(clause.start..first);
    let mut label = label.trim().to_owned();
    while let Some(verb) = VERBS.iter().find(|verb| label.ends_with(**verb)) {
        label.truncate(label.len() - verb.len());
    }
    (label.chars().count() <= LABEL_CHARS_MAX).then(|| Item {
        label,
        decimals: digits.split_once('.').map_or(0, |(_, behind)| behind.len()),
        value: digits.parse().unwrap_or(f64::NAN),
        unit: unit.to_owned(),
        range: clause.start..clause.end,
    })
}
