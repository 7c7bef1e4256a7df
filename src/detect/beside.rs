//! Persons told by what stands right beside them: their number, their illness, their class. Between the name and what tells
//! of it only connecting words may stand: 种植户李桂花，电话138…; 王建国因尿毒症; 大三班杨子涵小朋友.
//! Must not know severities.

use super::names::{self, Demand, NameLists, Person};
use super::plain_words;
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
pub const BESIDE_ADDRESS: &str = "紧邻住址";
pub const BESIDE_ILLNESS: &str = "紧邻病情";
pub const BESIDE_CLASS: &str = "紧邻班级";

/// Words of illness that name none.
const FALLS_ILL: [&str; 4] = ["确诊", "感染", "患有", "患病"];

const SIGNS: [char; 19] = [' ', '\t', '\n', '：', ':', '，', ',', '、', '（', '(', '【', '[', '“', '"', '-', '—', '/', '的', '是'];

/// What may stand between a person and a number of theirs.
const TO_NUMBER: [&str; 64] = [
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
    "公民身份证号码",
    "公民身份号码",
    "身份证件号码",
    "身份证号码",
    "身份证件号",
    "身份证号",
    "身份证",
    "证件号码",
    "证件号",
    "证号",
    "港澳居民来往内地通行证号",
    "来往内地通行证号",
    "往来港澳通行证号",
    "通行证号",
    "通行证",
    "护照号码",
    "护照号",
    "护照",
    "银行卡号",
    "银行账号",
    "银行卡",
    "卡号",
    "账号",
    "账户",
    "家长",
    "监护人",
    "家属",
    "父亲",
    "母亲",
    "联系人",
];

/// What may stand between a person and the address of a home.
const TO_ADDRESS: [&str; 30] = [
    "家庭住址",
    "家庭地址",
    "户籍地址",
    "户籍所在地",
    "户籍地",
    "户籍",
    "居住地址",
    "居住地",
    "居住在",
    "通讯地址",
    "送达地址",
    "暂住地",
    "暂住",
    "现居住",
    "现居",
    "现住",
    "常住",
    "租住",
    "家住",
    "住所地",
    "住所",
    "住址",
    "住在",
    "住",
    "地址",
    "房屋坐落",
    "坐落",
    "位于",
    "为",
    "于",
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
/// `is_proven`: a number or an address of somebody stands beside, so that rare surnames and any noun before are believed.
fn name_ending_at(reading: &Reading<'_>, lexicon: &Lexicon, end: usize, lists: NameLists, is_proven: bool) -> Option<Range<usize>> {
    if end == 0 || !reading.class(end - 1).is(Class::HAN) {
        return None;
    }
    let run = (end.saturating_sub(12)..end).rev().take_while(|&i| reading.class(i).is(Class::HAN)).last()?;
    [4, 3, 2].into_iter().filter_map(|len| end.checked_sub(len)).filter(|start| *start >= run).find_map(|start| {
        let given = start + lexicon.tables.surname_len(reading.chars(start..end))?;
        // 驾驶员|张三, not 员张三; 组长|孙红梅, not 长孙红梅.
        let is_lead = start > run && reading.char(start).is_some_and(|c| c == '长' || given == start + 1 && LEADS.contains(c));
        let fits = (given + 1..=given + 2).contains(&end)
            && !is_lead
            && names::is_whole_name(reading, lexicon, start, given..end, lists, is_proven);
        let is_led = || {
            leads_to_a_name(reading, lexicon, start, given..end, run, lists)
                || is_proven && is_behind_word(reading, lexicon, start, given..end, run)
        };
        (fits && is_led()).then_some(start..end)
    })
}

/// Whether a name may begin at `start`, in the run of Han characters that begins at `run`.
fn leads_to_a_name(reading: &Reading<'_>, lexicon: &Lexicon, start: usize, given: Range<usize>, run: usize, lists: NameLists) -> bool {
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
        || is_behind_unit(reading, lexicon, start, given, run)
        || ["请与", "请找", "可与", "请向", "致电", "拨打", "联系", "岁的", "岁"].iter().any(|word| reading.ends_with(start, word))
}

/// 民兴村王建国, 护林员王建国: not 社保卡, where a word goes on, nor 账户农科站.
fn is_behind_unit(reading: &Reading<'_>, lexicon: &Lexicon, start: usize, given: Range<usize>, run: usize) -> bool {
    let goes_on = || (1..=2).any(|len| lexicon.segmenter.has(reading.chars(start - 1..start + len)));
    start >= run + 2
        && reading.char(start - 1).is_some_and(|c| LEADS.contains(c))
        && !goes_on()
        && plain_words::is_given(reading, lexicon, given)
}

/// 被处罚人|张三, 护士|张三, 港澳人士|张三: any word, where what follows looks like a given name and is no part of a word.
fn is_behind_word(reading: &Reading<'_>, lexicon: &Lexicon, start: usize, given: Range<usize>, run: usize) -> bool {
    let has = |range: Range<usize>| lexicon.segmenter.has(reading.chars(range));
    let is_noun = || {
        reading.char(start - 1).is_some_and(|c| c == '长' || LEADS.contains(c))
            || (2..=4).any(|len| start >= run + len && has(start - len..start))
    };
    let is_part = || (1..=2).any(|before| start >= run + before && has(start - before..given.end));
    start >= run + 2 && !is_post(reading, start) && plain_words::is_given(reading, lexicon, given.clone()) && is_noun() && !is_part()
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
    if let Some(name) = name_ending_at(reading, lexicon, end, lists, true) {
        return Some(person(name, BESIDE_NUMBER));
    }
    if let Some(name) = asked_behind(reading, lexicon, number, lists) {
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

/// The person who lives at `address`: 被处罚人张三，住所…, 张三（联珠镇曼兴村大寨组）.
pub fn of_address(reading: &Reading<'_>, lexicon: &Lexicon, address: &Range<usize>, lists: NameLists) -> Option<Person> {
    let end = back_over(reading, address.start, &TO_ADDRESS, NUMBER_CHARS);
    let name = (end < address.start).then(|| name_ending_at(reading, lexicon, end, lists, true)).flatten()?;
    // 常熟（…镇…村…组）: more than a surname must tell that it is nobody's town.
    let surname = lexicon.tables.surname_len(reading.chars(name.clone()))?;
    let is_town = || ["县", "市", "区"].iter().any(|kind| lexicon.tables.is_place(&format!("{}{kind}", reading.text(name.clone()))));
    (plain_words::is_given(reading, lexicon, name.start + surname..name.end) && !is_town()).then(|| person(name, BESIDE_ADDRESS))
}

/// 护照（…）已办好，请张三女士领取: who is asked by name behind a number.
fn asked_behind(reading: &Reading<'_>, lexicon: &Lexicon, number: &Range<usize>, lists: NameLists) -> Option<Range<usize>> {
    let until = reading.sentence(number.clone()).end.min(number.end + NUMBER_CHARS);
    let asks = (number.end..until).find(|&i| matches!(reading.char(i), Some('请')))?;
    let start = asks + 1;
    let given = start + lexicon.tables.surname_len(reading.chars(start..start + 2))?;
    let is_called = |end: usize| ["女士", "先生", "同志"].iter().any(|word| reading.starts_with(end, word));
    let end = [given + 1, given + 2].into_iter().find(|&end| is_called(end))?;
    names::is_whole_name(reading, lexicon, start, given..end, lists, true).then_some(start..end)
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
    let name = name_ending_at(reading, lexicon, end, lists, false).or_else(|| {
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
    name_ending_at(reading, lexicon, back_over(reading, document, &[], 2), lists, false).is_some()
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
    name_ending_at(reading, lexicon, end, lists, false).map(|name| person(name, BESIDE_CLASS))
}

/// The person who 就读于 a school or is called 小朋友, that is where the word at `word` ends the name.
pub fn before_word(reading: &Reading<'_>, lexicon: &Lexicon, word: &Range<usize>, lists: NameLists) -> Option<Person> {
    let mut end = word.start;
    while end > 0 && reading.char(end - 1).is_some_and(|c| "现，,".contains(c)) {
        end -= 1;
    }
    name_ending_at(reading, lexicon, end, lists, false).map(|name| person(name, BESIDE_CLASS))
}
