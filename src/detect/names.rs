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

/// The name that begins at `at`, by surname: its end. `certain` when something before it demands a name.
fn name_at(reading: &Reading<'_>, lexicon: &Lexicon, at: usize, titles: ListSet, certain: bool) -> Option<usize> {
    let surnames = &lexicon.tables.surnames;
    let surname_len = if surnames.contains(&reading.text(at..at + 2)) {
        2
    } else if surnames.contains(&reading.text(at..at + 1)) {
        1
    } else {
        return None;
    };
    // Transliterated: 阿依古丽·买买提.
    let is_han = |i: usize| reading.class(i).is(Class::HAN);
    let given = at + surname_len;
    if !is_han(given) || reading.char(given) == Some('某') {
        return None;
    }
    for len in [2, 1] {
        let end = given + len;
        if !(given..end).all(is_han) || reading.text(given..end).contains(['某', '的', '等', '和', '与', '在', '是', '为', '被']) {
            continue;
        }
        let name = reading.text(at..end);
        // 县长、书记、公司 are no given names, 高平、江城 no persons.
        let is_word = lexicon.segmenter.has_word(&name);
        if is_word && !certain && !lexicon.segmenter.is_person(&name) {
            continue;
        }
        if reading.words_in(lexicon, titles, at + 1..end + 1).any(|h| (h.start as usize) < end && h.start as usize >= given) {
            continue;
        }
        if ends_name(reading, end) {
            return Some(end);
        }
        if certain {
            // 患者张三丰入院: the name ends where a word begins.
            let rest_is_word = (2..=4).any(|n| lexicon.segmenter.has_word(&reading.text(end..end + n)));
            let shorter_is_better = len == 2 && (2..=3).any(|n| lexicon.segmenter.has_word(&reading.text(end - 1..end - 1 + n)));
            if rest_is_word && !shorter_is_better || len == 1 {
                return Some(end);
            }
        }
    }
    None
}

/// 张某、张某某、欧阳某、张*、张**: the end of the masked name at `at`.
fn masked_at(reading: &Reading<'_>, lexicon: &Lexicon, at: usize) -> Option<usize> {
    let surnames = &lexicon.tables.surnames;
    let len = [2, 1].into_iter().find(|&n| surnames.contains(&reading.text(at..at + n)))?;
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
        while at < limit && matches!(reading.char(at), Some('：' | ':' | ' ' | '“' | '为' | '是' | '（' | '(' | '\t')) {
            at += 1;
        }
        if let Some(end) = masked_at(reading, lexicon, at) {
            add(Person { range: at..end, is_masked: true, why: "姓名语境", is_later_in_list: false });
        } else if let Some(end) = name_at(reading, lexicon, at, lists.titles, true) {
            add(Person { range: at..end, is_masked: false, why: "姓名语境", is_later_in_list: false });
        }
    }
    for cell in &reading.passage.cells {
        let Some(header) = cell.header.clone() else { continue };
        let header = reading.folded.index_of_byte(header.start)..reading.folded.index_of_byte(header.end);
        if !reading.has_word(lexicon, lists.before, header) {
            continue;
        }
        let range = reading.folded.index_of_byte(cell.span.start)..reading.folded.index_of_byte(cell.span.end);
        if let Some(end) = masked_at(reading, lexicon, range.start).or_else(|| name_at(reading, lexicon, range.start, lists.titles, true)) {
            let is_masked = reading.text(range.start..end).contains(['某', '*', '×', '○']);
            add(Person { range: range.start..end, is_masked, why: "表格列名", is_later_in_list: false });
        }
    }
    // 2. At the head of a clause that goes on like a person: （男，、，女，、，16岁、（手机 … or with a personal number near.
    let mut at = 0;
    while at < reading.len() {
        let after_break = at == 0 || !reading.class(at - 1).is(Class::HAN | Class::LETTER);
        let leads = after_break || is_after_opening(reading, lexicon, at);
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
        let Some(end) = name_at(reading, lexicon, at, lists.titles, false) else {
            at += 1;
            continue;
        };
        let why = if goes_on_like_a_person(reading, end) {
            Some("后接性别、年龄")
        } else if close {
            Some("附近有本人号码")
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

/// 我镇、学生、志愿者 … : the word that ends here leads over to a name.
fn is_after_opening(reading: &Reading<'_>, _lexicon: &Lexicon, at: usize) -> bool {
    ["我镇", "我乡", "我村", "我县", "请", "由"].iter().any(|w| reading.ends_with(at, w))
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
