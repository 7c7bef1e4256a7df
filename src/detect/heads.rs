//! Persons at the head of a clause that goes on like one: 张三，男，…; 李四（16岁… (DOMAIN §3.5).
//! Must not know severities.

use super::names::{CHILD_AGE_MAX, Demand, FOLLOWED_BY_SEX, NameLists, Person, masked_at, name_at};
use super::reading::Reading;
use crate::lexicon::Lexicon;
use crate::text::fold::Class;
use std::ops::Range;

/// How far behind the first character of a name the sign of a person may begin, in characters: `欧阳张三（ 116周岁`,
/// `欧阳张三，2018年11月12日生`.
const SIGN_CHARS: usize = 16;

/// How far behind the first character of a name a number of its owner may begin, in characters.
const PROOF_CHARS: usize = 26;
/// The letter that hides a given name: 张xx.
const MASK_LETTER: char = 'x';
/// Longest surname, in characters.
const SURNAME_CHARS: usize = 2;

/// Stretches, by place, in which a name may begin that something says is a person's. Without any sign of a person there is
/// nobody to look for.
pub fn places_of_signs(reading: &Reading<'_>, lexicon: &Lexicon, lists: &NameLists, proofs: &[Range<usize>]) -> Vec<Range<usize>> {
    let signs = lists.illness.and(lists.opening).and(lists.sign);
    if proofs.is_empty() && !reading.lists.meets(signs) {
        return Vec::new();
    }
    let hits = reading.words_in(lexicon, signs, 0..reading.len());
    let mut places: Vec<Range<usize>> = hits.map(|hit| (hit.start as usize).saturating_sub(SIGN_CHARS)..hit.end as usize + 1).collect();
    places.extend(proofs.iter().map(|proof| proof.start.saturating_sub(PROOF_CHARS)..proof.start + 1));
    // A letter may hide a name too.
    if reading.classes.is(Class::LETTER) {
        let letters = reading.folded.chars.iter().enumerate().filter(|(_, c)| **c == MASK_LETTER);
        places.extend(letters.map(|(at, _)| at.saturating_sub(SURNAME_CHARS)..at + 1));
    }
    places.sort_by_key(|place| place.start);
    places
}

/// Persons at heads of clauses that begin in these stretches, which are sorted by where they begin.
pub fn at_heads(
    reading: &Reading<'_>,
    lexicon: &Lexicon,
    lists: &NameLists,
    proofs: &[Range<usize>],
    stretches: Vec<Range<usize>>,
) -> Vec<Person> {
    let has_opening = reading.lists.meets(lists.opening);
    let mut persons = Vec::new();
    let mut at = 0;
    for stretch in stretches {
        at = at.max(stretch.start);
        while at < stretch.end.min(reading.len()) {
            let Some(person) = at_head(reading, lexicon, lists, proofs, has_opening, at) else {
                at += 1;
                continue;
            };
            at = if person.is_masked { person.range.end } else { at + 1 };
            persons.push(person);
        }
    }
    persons
}

/// A person at `at`, at the head of a clause that goes on like one: （男，、，女，、，16岁、（手机 … or with a personal number near.
fn at_head(
    reading: &Reading<'_>,
    lexicon: &Lexicon,
    lists: &NameLists,
    proofs: &[Range<usize>],
    has_opening: bool,
    at: usize,
) -> Option<Person> {
    let c = reading.char(at)?;
    let before = at.checked_sub(1);
    let after_break = before.is_none_or(|i| !reading.class(i).is(Class::HAN | Class::LETTER));
    let is_requested = before.is_some_and(|i| matches!(reading.char(i), Some('请' | '由')));
    let has_mask = reading.char(at + 1) == Some('某');
    // All asked at once: each alone is hard to foresee for the processor, all together are seldom true.
    if !((after_break | is_requested | has_opening | has_mask) & lexicon.tables.begins_surname(c)) {
        return None;
    }
    let masked = |end: usize| Person { range: at..end, is_masked: true, why: "已遮蔽的姓名", is_later_in_list: false };
    // 其中陈某（16岁…）: 某 says enough by itself.
    if has_mask && let Some(end) = masked_at(reading, lexicon, at) {
        return Some(masked(end));
    }
    let opened = has_opening && is_after_opening(reading, lexicon, lists, at);
    let asked = opened || is_requested;
    if !(after_break || asked) || !reading.class(at).is(Class::HAN) {
        return None;
    }
    if let Some(end) = masked_at(reading, lexicon, at) {
        return Some(masked(end));
    }
    let falls_ill = reading.has_word(lexicon, lists.illness, at + 2..at + 8);
    let demand = if asked || falls_ill { Demand::Likely } else { Demand::None };
    let end = name_at(reading, lexicon, at, lists, demand)?;
    let close = || proofs.iter().any(|p| p.start >= at && p.start <= at + PROOF_CHARS && reading.sentence(at..at + 1).contains(&p.start));
    // 张三，因病致困
    let says_on = end + usize::from(matches!(reading.char(end), Some(',' | '，')));
    let is_ill = reading.words_in(lexicon, lists.illness, end..end + 6).any(|h| h.start as usize == end || h.start as usize == says_on);
    let why = if is_ill {
        "后接病情"
    } else if goes_on_like_a_person(reading, end) {
        FOLLOWED_BY_SEX
    } else if close() {
        "附近有本人号码"
    } else if opened {
        "前接单位、班级"
    } else {
        return None;
    };
    let is_later_in_list = list_number(reading, at).is_some_and(|n| n > 1);
    Some(Person { range: at..end, is_masked: false, why, is_later_in_list })
}

/// 我镇、五年级1班的 … : the word that ends here leads over to a name.
fn is_after_opening(reading: &Reading<'_>, lexicon: &Lexicon, lists: &NameLists, at: usize) -> bool {
    reading.words_in(lexicon, lists.opening, at.saturating_sub(4)..at).any(|h| h.end as usize == at)
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
    // 普文华，现年8岁: of children only, the age of others is told of anybody.
    let lead = ["现年", "今年", "年仅"].iter().find(|word| reading.starts_with(at, word)).map_or(0, |word| word.chars().count());
    at += lead;
    let sex = matches!(reading.char(at), Some('男' | '女')) && !reading.class(at + 1).is(Class::HAN);
    let mut digits = at;
    while digits < at + 3 && reading.class(digits).is(Class::DIGIT) {
        digits += 1;
    }
    if lead > 0 && reading.text(at..digits).parse::<u32>().map_or(true, |age| age > CHILD_AGE_MAX) {
        return false;
    }
    sex || (digits > at && (is_birth(reading, at) || reading.starts_with(digits, "岁") || reading.starts_with(digits, "周岁")))
}

/// `2018年5月生`, `2011年3月2日出生`.
fn is_birth(reading: &Reading<'_>, at: usize) -> bool {
    let end = (at..at + 12).find(|&i| reading.char(i) == Some('生')).unwrap_or(at);
    reading.char(at + 4) == Some('年') && reading.chars(at..end).iter().all(|c| c.is_ascii_digit() || "年月日出".contains(*c)) && end > at
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::personal::Personal;
    use crate::model::Field;
    use crate::rule_files;
    use crate::ruleset::Ruleset;
    use crate::text::passage::{Passage, Role};
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static RULES: LazyLock<Ruleset> =
        LazyLock::new(|| Ruleset::compile(&rule_files::read(&Default::default()).expect("shipped")).expect("shipped rules compile"));

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8 * ProptestConfig::default().cases))]

        /// Names are sought near signs of a person and numbers only: nothing else may hold one.
        #[test]
        fn no_name_stands_far_from_every_sign(pieces in prop::collection::vec(prop::sample::select(&[
            "张三", "李某", "王小明", "欧阳明月", "陈*", "冯某某", "我镇", "村民", "五年级1班的", "请", "由", "（男，", "，女，", "，16岁", "(5周岁)", "患有",
            "肺结核", "因病致困", "13800138000", "，", "。", "、", "2.", "①", "高平", "和", "全县", "经济发展", "茶叶产业", " ", "a", "x1", "\n", "同志", "一二三四五六七八九十",
        ][..]), 0..24)) {
            let text = pieces.concat();
            let mut problems = Vec::new();
            let lists = &Personal::new(RULES.lexicon(), &mut problems).names;
            let reading = Reading::new(Passage::plain(Field::Body, None, Role::Body, &text), RULES.lexicon(), Default::default());
            let proofs: Vec<Range<usize>> =
                std::iter::successors(reading.digits.next_run(0), |run| reading.digits.next_run(run.end)).filter(|run| run.len() == 11).collect();
            let places = |stretches: Vec<Range<usize>>| at_heads(&reading, RULES.lexicon(), lists, &proofs, stretches).into_iter().map(|p| p.range).collect::<Vec<_>>();
            let stretches = places_of_signs(&reading, RULES.lexicon(), lists, &proofs);
            // Without any sign nobody is looked for, not even behind a mask (和x).
            if !stretches.is_empty() {
                prop_assert_eq!(places(stretches), places(std::iter::once(0..reading.len()).collect()));
            }
        }
    }
}
