//! Personal names in context: a surname with one or two characters counts only where something says that a person stands
//! there (DOMAIN §3.5). Never a bare dictionary match.
//! Must not know severities.

use super::reading::Reading;
use crate::lexicon::{Lexicon, ListSet};
use crate::text::fold::Class;
use std::ops::Range;

/// A person in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub range: Range<usize>,
    /// 张某、张某某、张*: masked well enough.
    pub is_masked: bool,
    /// What says that a person stands here.
    pub why: &'static str,
    /// A later item of a numbered list whose first name is already reported.
    pub is_later_in_list: bool,
}

/// Characters that end a name.
fn ends_name(reading: &Reading<'_>, at: usize) -> bool {
    !reading.class(at).is(Class::HAN)
}

/// Surnames that are far more often function words.
const RARE_SURNAMES: &str = "和于向从及后时都会能有为以应国家在对是与其等又还就也要可能则即第由把被给让使占居全员资纳乐";

/// Words that begin with the last character of a word before names, and go on with a surname: 妇女儿童, 行业主管.
const GOES_ON: [&str; 10] = ["人员", "儿童", "主管", "民宿", "工资", "民航", "民居", "人文", "人居", "生计"];

/// How sure it is that a name stands here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Demand {
    /// 姓名：, or a column headed 姓名.
    Certain,
    /// 患者, 村民 …: often followed by something else than a name.
    Likely,
    /// Nothing before it.
    None,
}

/// The name that begins at `at`, by surname: its end.
fn name_at(reading: &Reading<'_>, lexicon: &Lexicon, at: usize, lists: NameLists, demand: Demand) -> Option<usize> {
    let titles = lists.titles;
    let surname_len = lexicon.tables.surname_len(reading.folded.chars.get(at..).unwrap_or_default())?;
    if demand != Demand::Certain && reading.char(at).is_some_and(|c| RARE_SURNAMES.contains(c)) {
        return None;
    }
    let is_han = |i: usize| reading.class(i).is(Class::HAN);
    // 120万儿童
    if at > 0 && reading.class(at - 1).is(Class::DIGIT) && matches!(reading.char(at), Some('万' | '千' | '百')) {
        return None;
    }
    // 养老, 毕业后: everyday words that begin like a name. 负责人：禄劝彝族苗族自治县 is a place.
    let is_everyday = || reading.words_in(lexicon, lists.no_name, at..(at + 4).min(reading.len())).any(|h| h.start as usize == at);
    if demand != Demand::Certain && is_everyday() || is_autonomous_area(reading, at) {
        return None;
    }
    let given = at + surname_len;
    if !is_han(given) || reading.char(given) == Some('某') {
        return None;
    }
    for len in [2, 1] {
        let end = given + len;
        let is_no_name = |c: char| matches!(c, '某' | '的' | '等' | '和' | '与' | '在' | '是' | '为' | '被' | '了' | '及' | '或');
        if !(given..end).all(is_han) || (given..end).any(|i| reading.char(i).is_some_and(is_no_name)) {
            continue;
        }
        // With nothing before it a name goes up to the next sign.
        if demand == Demand::None && !ends_name(reading, end) {
            continue;
        }
        let name = reading.text(at..end);
        // 关心、养老 are words, 高平、江城 places: no persons, unless the dictionary knows the word as a name.
        if lexicon.segmenter.has_word(&name) && !lexicon.segmenter.is_person(&name) {
            continue;
        }
        // 县长、公司 are no given names.
        if reading.words_in(lexicon, titles, given..end + 1).any(|h| (h.start as usize) < end) {
            continue;
        }
        if ends_name(reading, end) {
            return Some(end);
        }
        if demand == Demand::None {
            continue;
        }
        // 患者张三丰入院: the name ends where a word begins, and takes no character from a word.
        let takes = |from: usize| (2..=4).any(|n| lexicon.segmenter.has_word(&reading.text(from..from + n)));
        let crosses = (given..end).any(|i| (2..=3).any(|n| i + n > end && lexicon.segmenter.has_word(&reading.text(i..i + n))));
        let starts_word = takes(end)
            || reading.char(end).is_some_and(|c| "在因于为系被已将从对与和到参获同家户现住患报说是老总经天每又也都就不没".contains(c));
        if starts_word && !crosses {
            return Some(end);
        }
    }
    None
}

/// Longest name of an autonomous area up to 自治, in characters.
const AREA_CHARS: usize = 12;

/// Whether the name of an autonomous area begins here.
fn is_autonomous_area(reading: &Reading<'_>, at: usize) -> bool {
    let len = (at..at + AREA_CHARS).take_while(|&i| reading.class(i).is(Class::HAN)).count();
    reading.text(at..at + len).split_once("自治").is_some_and(|(head, _)| head.contains('族'))
}

/// 张某、张某某、欧阳某、张*、张**: the end of the masked name at `at`.
fn masked_at(reading: &Reading<'_>, lexicon: &Lexicon, at: usize) -> Option<usize> {
    let len = lexicon.tables.surname_len(reading.folded.chars.get(at..).unwrap_or_default())?;
    if len == 1 && reading.char(at).is_some_and(|c| RARE_SURNAMES.contains(c)) && !ends_name(reading, at.wrapping_sub(1)) {
        return None;
    }
    let mut end = at + len;
    let is_mask = |i: usize| matches!(reading.char(i), Some('某' | '*' | '×' | '○' | 'x'));
    if !is_mask(end) {
        return None;
    }
    while is_mask(end) && end < at + len + 3 {
        end += 1;
    }
    // 张某红
    if reading.class(end).is(Class::HAN) && ends_name(reading, end + 1) && end == at + len + 1 {
        end += 1;
    }
    Some(end)
}

/// Lists that names are found by.
#[derive(Debug, Clone, Copy)]
pub struct NameLists {
    /// Words after which a name stands: 姓名、户主、患者 …
    pub before: ListSet,
    /// Posts and other words that are no given names.
    pub titles: ListSet,
    /// 患有、确诊 …: whoever stands right before is a person.
    pub illness: ListSet,
    /// 我镇、班的 …: lead over to a name.
    pub opening: ListSet,
    /// 某、岁、男、女 and signs that hide a name.
    pub sign: ListSet,
    /// Everyday words that begin with a surname.
    pub no_name: ListSet,
}

/// All persons of a reading. `proofs` are places of numbers that belong to a person (identity numbers, phones, cards).
pub fn persons(reading: &Reading<'_>, lexicon: &Lexicon, lists: NameLists, proofs: &[Range<usize>]) -> Vec<Person> {
    let mut persons: Vec<Person> = Vec::new();
    let mut add = |person: Person| {
        if !persons.iter().rev().take(32).any(|p| p.range.start < person.range.end && person.range.start < p.range.end) {
            persons.push(person);
        }
    };
    // 1. After a word that asks for a name, and in a column headed by one.
    for hit in reading.words_in(lexicon, lists.before, 0..reading.len()) {
        let mut at = hit.end as usize;
        let limit = at + 6;
        let word_end = at;
        while at < limit && matches!(reading.char(at), Some('：' | ':' | ' ' | '“' | '为' | '是' | '（' | '(' | '\t')) {
            at += 1;
        }
        if let Some(end) = masked_at(reading, lexicon, at) {
            add(Person { range: at..end, is_masked: true, why: "姓名语境", is_later_in_list: false });
        } else {
            let demand = if at > word_end { Demand::Certain } else { Demand::Likely };
            // 直接责任人员, 妇女儿童, 行业主管: the word itself goes on.
            if demand == Demand::Likely && GOES_ON.contains(&reading.text(at.saturating_sub(1)..at + 1).as_str()) {
                continue;
            }
            if let Some(end) = name_at(reading, lexicon, at, lists, demand) {
                add(Person { range: at..end, is_masked: false, why: "姓名语境", is_later_in_list: false });
            }
        }
    }
    for cell in &reading.passage.cells {
        let Some(header) = cell.header.clone() else { continue };
        let header = reading.folded.index_of_byte(header.start)..reading.folded.index_of_byte(header.end);
        if !reading.has_word(lexicon, lists.before, header) {
            continue;
        }
        let range = reading.folded.index_of_byte(cell.span.start)..reading.folded.index_of_byte(cell.span.end);
        if let Some(end) =
            masked_at(reading, lexicon, range.start).or_else(|| name_at(reading, lexicon, range.start, lists, Demand::Certain))
        {
            let is_masked = reading.text(range.start..end).contains(['某', '*', '×', '○']);
            add(Person { range: range.start..end, is_masked, why: "表格列名", is_later_in_list: false });
        }
    }
    // 2. At the head of a clause that goes on like a person: （男，、，女，、，16岁、（手机 … or with a personal number near.
    // Without any sign of a person there is nobody to look for.
    let has_sign = !proofs.is_empty() || reading.lists.meets(lists.illness.and(lists.opening).and(lists.sign));
    let mut at = if has_sign { 0 } else { reading.len() };
    while let Some(c) = reading.char(at) {
        if !lexicon.tables.begins_surname(c) {
            at += 1;
            continue;
        }
        // 其中陈某（16岁…）: 某 says enough by itself.
        if reading.char(at + 1) == Some('某')
            && let Some(end) = masked_at(reading, lexicon, at)
        {
            add(Person { range: at..end, is_masked: true, why: "已遮蔽的姓名", is_later_in_list: false });
            at = end;
            continue;
        }
        let after_break = at == 0 || !reading.class(at - 1).is(Class::HAN | Class::LETTER);
        let opened = is_after_opening(reading, lexicon, lists, at);
        let asked = opened || at > 0 && matches!(reading.char(at - 1), Some('请' | '由'));
        let leads = after_break || asked;
        if !leads || !reading.class(at).is(Class::HAN) {
            at += 1;
            continue;
        }
        if let Some(end) = masked_at(reading, lexicon, at) {
            add(Person { range: at..end, is_masked: true, why: "已遮蔽的姓名", is_later_in_list: false });
            at = end;
            continue;
        }
        let close = proofs.iter().any(|p| p.start >= at && p.start <= at + 26 && reading.sentence(at..at + 1).contains(&p.start));
        let falls_ill = reading.has_word(lexicon, lists.illness, at + 2..at + 8);
        let demand = if asked || falls_ill { Demand::Likely } else { Demand::None };
        let Some(end) = name_at(reading, lexicon, at, lists, demand) else {
            at += 1;
            continue;
        };
        // 张三，因病致困
        let says_on = end + usize::from(matches!(reading.char(end), Some(',' | '，')));
        let is_ill = reading.words_in(lexicon, lists.illness, end..end + 6).any(|h| h.start as usize == end || h.start as usize == says_on);
        let why = if is_ill {
            Some("后接病情")
        } else if goes_on_like_a_person(reading, end) {
            Some("后接性别、年龄")
        } else if close {
            Some("附近有本人号码")
        } else if opened {
            Some("前接单位、班级")
        } else {
            None
        };
        if let Some(why) = why {
            let is_later_in_list = list_number(reading, at).is_some_and(|n| n > 1);
            add(Person { range: at..end, is_masked: false, why, is_later_in_list });
        }
        at += 1;
    }
    persons.sort_by_key(|p| p.range.start);
    persons
}

/// 我镇、五年级1班的 … : the word that ends here leads over to a name.
fn is_after_opening(reading: &Reading<'_>, lexicon: &Lexicon, lists: NameLists, at: usize) -> bool {
    reading.lists.meets(lists.opening) && reading.words_in(lexicon, lists.opening, at.saturating_sub(4)..at).any(|h| h.end as usize == at)
}

/// `，男，`、`（女，`、`，16岁`.
fn goes_on_like_a_person(reading: &Reading<'_>, end: usize) -> bool {
    let mut at = end;
    while at < end + 3 && matches!(reading.char(at), Some('，' | ',' | '（' | '(' | '、' | ' ')) {
        at += 1;
    }
    if at == end {
        return false;
    }
    let sex = matches!(reading.char(at), Some('男' | '女')) && !reading.class(at + 1).is(Class::HAN);
    let mut digits = at;
    while digits < at + 3 && reading.class(digits).is(Class::DIGIT) {
        digits += 1;
    }
    sex || (digits > at && (reading.starts_with(digits, "岁") || reading.starts_with(digits, "周岁")))
}

/// The number of the list item that begins at `at`: `2.李四`, `（3）王五`.
fn list_number(reading: &Reading<'_>, at: usize) -> Option<u32> {
    let mut before = at.checked_sub(1)?;
    if !matches!(reading.char(before), Some('.' | '、' | ')' | '）' | '．' | ' ')) {
        // ①张三 folds to 1张三
        before = at;
    }
    let mut start = before;
    while start > 0 && before - start < 3 && reading.class(start - 1).is(Class::DIGIT) {
        start -= 1;
    }
    if start > 0 && reading.class(start - 1).is(Class::DIGIT | Class::LETTER) {
        return None;
    }
    reading.text(start..before).parse().ok()
}
