//! Persons told by what stands right beside them: their number, their illness, their class. Between the name and what tells
//! of it only connecting words may stand: 种植户李桂花，电话138…; 王建国因尿毒症; 大三班杨子涵小朋友.
//! Must not know severities.

use super::names::{self, Demand, NameLists, Person};
use super::reading::Reading;
use crate::lexicon::Lexicon;
use crate::text::fold::Class;
use std::ops::Range;

/// Farthest a name may stand from its number, in characters (DOMAIN §3.5).
pub const NUMBER_CHARS: usize = 20;
/// Farthest a name may stand from the illness that is said of it, in characters.
const ILLNESS_CHARS: usize = 10;
/// Most characters of a school between a name and a class.
const SCHOOL_CHARS: usize = 20;
/// How far before a name and behind an illness the words stand that make it a doctor's or a lecture, in characters.
const GUARD_CHARS: usize = 10;

/// Last characters of what somebody is or belongs to: 护林员, 失主人, 民兴村, 县水务局.
const LEADS: &str = "员户人者局村镇乡组所站区司社院校店厂";
/// Posts: 县长李某 is no private person (DOMAIN §3.5).
const POSTS: [&str; 16] =
    ["书记", "主任", "局长", "县长", "镇长", "乡长", "科长", "所长", "院长", "校长", "部长", "市长", "省长", "主席", "委员", "董事长"];

pub const BESIDE_NUMBER: &str = "紧邻本人号码";
pub const BESIDE_ILLNESS: &str = "紧邻病情";
pub const BESIDE_CLASS: &str = "紧邻班级";

/// Words of illness that name none.
const FALLS_ILL: [&str; 4] = ["确诊", "感染", "患有", "患病"];

const SIGNS: [char; 19] = [' ', '\t', '\n', '：', ':', '，', ',', '、', '（', '(', '【', '[', '“', '"', '-', '—', '/', '的', '是'];

/// What may stand between a person and a number of theirs.
const TO_NUMBER: [&str; 34] = [
    "手机号码",
    "电话号码",
    "联系电话",
    "联系方式",
    "移动电话",
    "微信同号",
    "车牌号码",
    "手机号",
    "车牌号",
    "号牌号码",
    "轿车",
    "电话",
    "手机",
    "联系",
    "号码",
    "车牌",
    "号牌",
    "驾驶",
    "驾车",
    "名下",
    "车辆",
    "本人",
    "同志",
    "先生",
    "女士",
    "师傅",
    "老师",
    "为",
    "号",
    "tel",
    "小型",
    "货车",
    "摩托车",
    "牌照",
];

/// What may stand between a person and an illness of theirs.
const TO_ILLNESS: [&str; 44] = [
    "确诊为",
    "诊断为",
    "诊断出",
    "确诊",
    "查出",
    "检出",
    "患上",
    "患有",
    "身患",
    "罹患",
    "曾患",
    "得了",
    "感染",
    "不幸",
    "因为",
    "由于",
    "被",
    "因",
    "系",
    "为",
    "患",
    "有",
    "已",
    "曾",
    "现",
    "家庭",
    "一家",
    "家中",
    "家",
    "同志",
    "先生",
    "女士",
    "长期",
    "多年",
    "重度",
    "病因",
    "病情",
    "病种",
    "携带",
    "自述",
    "经",
    "后",
    "于",
    "其",
];

/// The start of the connecting signs and words that end at `end`, at most `limit` characters back.
fn back_over(reading: &Reading<'_>, end: usize, words: &[&str], limit: usize) -> usize {
    let mut at = end;
    while at > 0 && end - at < limit {
        let sign = reading.char(at - 1).is_some_and(|c| SIGNS.contains(&c));
        let step = if sign { Some(1) } else { words.iter().filter(|w| reading.ends_with(at, w)).map(|w| w.chars().count()).max() };
        let Some(step) = step else { break };
        at -= step;
    }
    at
}

/// The name that ends at `end` and begins at a break, behind what somebody is (种植户、村医) or after 请、与.
fn name_ending_at(reading: &Reading<'_>, lexicon: &Lexicon, end: usize, lists: NameLists) -> Option<Range<usize>> {
    if end == 0 || !reading.class(end - 1).is(Class::HAN) {
        return None;
    }
    let run = (end.saturating_sub(12)..end).rev().take_while(|&i| reading.class(i).is(Class::HAN)).last()?;
    [3, 2, 4].into_iter().filter_map(|len| end.checked_sub(len)).filter(|start| *start >= run).find_map(|start| {
        let given = start + lexicon.tables.surname_len(reading.chars(start..end))?;
        let fits = (given + 1..=given + 2).contains(&end) && names::is_whole_name(reading, lexicon, start, given..end, lists);
        (fits && leads_to_a_name(reading, lexicon, start, run, lists)).then_some(start..end)
    })
}

/// Whether a name may begin at `start`, in the run of Han characters that begins at `run`.
fn leads_to_a_name(reading: &Reading<'_>, lexicon: &Lexicon, start: usize, run: usize, lists: NameLists) -> bool {
    if start == run {
        // 近120万儿童, 21周内: a count goes on, no name begins.
        if start > 0 && reading.class(start - 1).is(Class::DIGIT) {
            return false;
        }
        // 县长 李某: a post before the blank.
        let mut word_end = start;
        while word_end > 0 && matches!(reading.char(word_end - 1), Some(' ' | '：' | ':')) {
            word_end -= 1;
        }
        return word_end == start || !is_post(reading, word_end);
    }
    if is_post(reading, start) {
        return false;
    }
    // 请王建国…, 与王建国联系
    (start == run + 1 && reading.char(run).is_some_and(|c| "请与找由向和跟将给附".contains(c)))
        || ends_with_one(reading, lexicon, lists.before.and(lists.roles), start)
        || is_behind_unit(reading, lexicon, start, run)
        || ["请与", "请找", "可与", "请向", "致电", "拨打", "联系", "岁的", "岁"].iter().any(|word| reading.ends_with(start, word))
}

/// 民兴村王建国, 护林员王建国: not 社保卡, where a word goes on.
fn is_behind_unit(reading: &Reading<'_>, lexicon: &Lexicon, start: usize, run: usize) -> bool {
    let goes_on = || (1..=2).any(|len| lexicon.segmenter.has(reading.chars(start - 1..start + len)));
    start >= run + 2 && reading.char(start - 1).is_some_and(|c| LEADS.contains(c)) && !goes_on()
}

/// Whether a word of the lists ends at `end`.
fn ends_with_one(reading: &Reading<'_>, lexicon: &Lexicon, lists: crate::lexicon::ListSet, end: usize) -> bool {
    let before = end.saturating_sub(6)..end;
    reading.words_in(lexicon, lists, before).any(|hit| hit.end as usize == end)
}

fn is_post(reading: &Reading<'_>, end: usize) -> bool {
    POSTS.iter().any(|post| reading.ends_with(end, post))
}

fn person(range: Range<usize>, why: &'static str) -> Person {
    Person { range, is_masked: false, why, is_later_in_list: false }
}

/// The person whose number stands at `number`.
pub fn of_number(reading: &Reading<'_>, lexicon: &Lexicon, number: &Range<usize>, lists: NameLists) -> Option<Person> {
    let end = back_over(reading, number.start, &TO_NUMBER, NUMBER_CHARS);
    if let Some(name) = name_ending_at(reading, lexicon, end, lists) {
        return Some(person(name, BESIDE_NUMBER));
    }
    // 13800138061（王建国）
    let mut at = number.end;
    while at < number.end + 3 && matches!(reading.char(at), Some('（' | '(' | ' ' | '：' | ':' | '\n' | '-')) {
        at += 1;
    }
    if let Some(word) = ["联系人", "，找", ",找", "找"].iter().find(|word| reading.starts_with(at, word)) {
        at += word.chars().count();
    }
    if !lexicon.tables.begins_surname(reading.char(at)?) {
        return None;
    }
    let name_end = names::name_at(reading, lexicon, at, lists, Demand::None)?;
    // The next line of a list belongs to the next number.
    let is_of_next = reading.class(name_end + 1).is(Class::DIGIT) || reading.class(name_end).is(Class::DIGIT);
    (!is_of_next).then(|| person(at..name_end, BESIDE_NUMBER))
}

/// The person of whom the illness at `illness` is said.
pub fn of_illness(reading: &Reading<'_>, lexicon: &Lexicon, illness: &Range<usize>, lists: NameLists) -> Option<Person> {
    // 被确诊为, 被查出患有: only with the illness itself behind.
    if FALLS_ILL.iter().any(|word| reading.starts_with(illness.start, word))
        && !reading.has_word(lexicon, lists.illness, illness.end..illness.end + GUARD_CHARS)
    {
        return None;
    }
    let end = back_over(reading, illness.start, &TO_ILLNESS, ILLNESS_CHARS);
    let name = name_ending_at(reading, lexicon, end, lists).or_else(|| {
        // 残疾等级二级 白桂芳
        let mut at = illness.end;
        while at < illness.end + 6 && reading.char(at).is_some_and(|c| "一二三四1234级期为： :".contains(c)) {
            at += 1;
        }
        let is_apart = at > illness.end && matches!(reading.char(at - 1), Some(' ' | '：' | ':'));
        let end = is_apart.then(|| names::name_at(reading, lexicon, at, lists, Demand::None)).flatten()?;
        Some(at..end)
    })?;
    // 专家李建军，糖尿病防治讲座: the name of who speaks of it.
    let near = reading.around(name.start.min(illness.start)..name.end.max(illness.end), GUARD_CHARS, GUARD_CHARS);
    let sentence = reading.sentence(name.clone());
    let near = near.start.max(sentence.start)..near.end.min(sentence.end);
    (!reading.has_word(lexicon, lists.of_illness_not, near)).then(|| person(name, BESIDE_ILLNESS))
}

/// Whether a name ends where a document of somebody begins: 附张三身份证照片.
pub fn of_document(reading: &Reading<'_>, lexicon: &Lexicon, document: usize, lists: NameLists) -> bool {
    name_ending_at(reading, lexicon, back_over(reading, document, &[], 2), lists).is_some()
}

/// The child of the class at `class`: 大三班杨子涵小朋友, 杨子涵（县幼儿园大三班）.
pub fn of_class(reading: &Reading<'_>, lexicon: &Lexicon, class: &Range<usize>, lists: NameLists) -> Option<Person> {
    let mut at = class.end;
    while let Some(word) = ["学生", "同学", "男生", "女生", "的", "幼儿", "（", "("].iter().find(|w| reading.starts_with(at, w))
    {
        at += word.chars().count();
    }
    if let Some(end) = names::name_at(reading, lexicon, at, lists, Demand::Likely) {
        return Some(person(at..end, BESIDE_CLASS));
    }
    let mut start = class.start;
    while class.start - start < SCHOOL_CHARS && start > 0 && reading.class(start - 1).is(Class::HAN) {
        start -= 1;
    }
    let is_sign = |at: usize| matches!(reading.char(at), Some('，' | ',' | '（' | '(' | '：' | ':' | '、'));
    let end = start.checked_sub(1).filter(|at| is_sign(*at))?;
    let end = back_over(reading, end, &["同学", "小朋友", "学生", "幼儿"], 4);
    name_ending_at(reading, lexicon, end, lists).map(|name| person(name, BESIDE_CLASS))
}

/// The person who 就读于 a school or is called 小朋友, that is where the word at `word` ends the name.
pub fn before_word(reading: &Reading<'_>, lexicon: &Lexicon, word: &Range<usize>, lists: NameLists) -> Option<Person> {
    let mut end = word.start;
    while end > 0 && reading.char(end - 1).is_some_and(|c| "现，,".contains(c)) {
        end -= 1;
    }
    name_ending_at(reading, lexicon, end, lists).map(|name| person(name, BESIDE_CLASS))
}
