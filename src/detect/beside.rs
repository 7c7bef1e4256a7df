//! Persons told by what stands right beside them: their number, their illness, their class. Between the name and what tells
//! of it only connecting words may stand: 种植户李桂花，电话138…; 王建国因尿毒症; 大三班杨子涵小朋友.
//! Must not know severities.

use super::names::{self, Demand, NameLists, Person};
use super::people::YEAR_CHARS;
use super::reading::Reading;
use super::{children, plain_words};
use crate::lexicon::Lexicon;
use crate::text::fold::Class;
use std::ops::Range;

/// Farthest a name may stand from its number, in characters (DOMAIN §3.5).
pub const NUMBER_CHARS: usize = 20;
/// Most characters of a school between a name and a class.
const SCHOOL_CHARS: usize = 20;
/// Last characters of what somebody is or belongs to: 护林员, 失主人, 民兴村, 县水务局.
const LEADS: &str = "员户人者局村镇乡组所站区司社院校店厂";
/// Words right before a name.
const LEAD_WORDS: [&str; 10] = ["请与", "请找", "可与", "请向", "致电", "拨打", "联系", "岁的", "岁", "叫"];
/// Words right before the name of a child that is told with its class or age: 伤者是…, 同学….
const CHILD_LEADS: [&str; 18] = [
    "是",
    "系",
    "为",
    "同学",
    "孩子",
    "得主",
    "主犯",
    "从犯",
    "嫌疑人",
    "受害人",
    "被害人",
    "伤者",
    "溺水者",
    "儿子",
    "女儿",
    "男孩",
    "女孩",
    "少年",
];
/// Posts: 县长李某 is no private person (DOMAIN §3.5).
const POSTS: [&str; 16] =
    ["书记", "主任", "局长", "县长", "镇长", "乡长", "科长", "所长", "院长", "校长", "部长", "市长", "省长", "主席", "委员", "董事长"];

pub const BESIDE_NUMBER: &str = "紧邻本人号码";
pub const BESIDE_ADDRESS: &str = "紧邻住址";
pub const BESIDE_ILLNESS: &str = "紧邻病情";
pub const BESIDE_CLASS: &str = "紧邻班级";
const BESIDE_AGE: &str = "紧邻年龄";

/// What may stand between a class and the child of it.
const OF_CLASS: [&str; 13] = ["小朋友", "学生", "同学", "男生", "女生", "幼儿", "有一个", "有个", "有名", "那个", "名叫", "叫", "的"];
/// Longest stretch of such words and signs.
const GAP_CHARS_MAX: usize = 8;
/// Pupils of a school before their name: 联珠小学学生李某.
const PUPILS: [&str; 10] =
    ["小学学生", "小学的学生", "小学生", "中学学生", "中学的学生", "中学生", "初中生", "初中学生", "高中生", "高中学生"];
/// Behind a class: who or what is told there is not one of its children.
pub const OF_OTHERS: [&str; 6] = ["班主任", "老师", "教师", "教室", "任", "家长"];
/// Fewest characters of a speech behind the name of who speaks.
const SPEECH_CHARS: usize = 10;
/// Who is told with a class but is no child of it.
const NO_CHILDREN: [&str; 7] = ["老师", "教师", "校长", "主任", "同志", "教练", "辅导员"];
/// What no name beside a class ends in: 广播操, 文明岗, 啦啦队.
const CLASS_NOUN_ENDS: &str = "班级队组奖赛课校园会营节日室部操舞歌曲剧类项目岗角标兵";
/// Most names of a list behind a class.
const CLASS_NAMES_MAX: usize = 32;
/// What may stand between a child and its age.
const TO_AGE: [&str; 8] = ["今年", "现年", "年仅", "年龄", "刚满", "女", "男", "才"];
/// Who stands between an age and the name: 11岁男孩普某.
pub const CHILD_WORDS: [&str; 15] =
    ["小男孩", "小女孩", "幼童", "患儿", "幼儿", "男孩", "女孩", "男童", "女童", "男生", "女生", "儿童", "学生", "孩子", "少年"];
/// Children below are protected most (个人信息保护法 Art. 28).
const SENSITIVE_AGE: u32 = 14;
/// Farthest a child stands from its age, in characters.
const AGE_CHARS: usize = 10;
/// What follows an age that is a limit or is said of many: 12岁以下, 11岁儿童.
const AGE_LIMITS: [&str; 9] = ["以", "至", "到", "及", "-", "—", "~", "儿童", "(含"];

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

/// What the name of a business or a unit ends in.
const BUSINESS_ENDS: &str = "店馆院局所司社厂部铺坊吧厅站场行城室园";
/// What may stand between a person and the address of a home.
const TO_ADDRESS: [&str; 32] = [
    "租住在",
    "家住在",
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

/// The start of the connecting signs and words that end at `end`, at most `limit` characters back.
pub(super) fn back_over(reading: &Reading<'_>, end: usize, words: &[&str], limit: usize) -> usize {
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
/// `is_proven`: a number or an address of somebody stands beside, so that rare surnames and any noun before are believed;
/// `leads` are words that lead to a name here.
pub(super) fn name_ending_at(
    reading: &Reading<'_>,
    lexicon: &Lexicon,
    end: usize,
    lists: &NameLists,
    leads: &[&str],
    is_proven: bool,
) -> Option<Range<usize>> {
    if end == 0 || !reading.class(end - 1).is(Class::HAN) {
        return None;
    }
    let run = (end.saturating_sub(12)..end).rev().take_while(|&i| reading.class(i).is(Class::HAN)).last()?;
    [4, 3, 2].into_iter().filter_map(|len| end.checked_sub(len)).filter(|start| *start >= run).find_map(|start| {
        let given = start + lexicon.tables.surname_len(reading.chars(start..end))?;
        // 驾驶员|张三, not 员张三; 组长|孙红梅, not 长孙红梅; 班主任|李明, not 任李明.
        let is_lead = start > run
            && (reading.char(start).is_some_and(|c| c == '长' || given == start + 1 && LEADS.contains(c))
                || reading.ends_with(start + 1, "主任"));
        let fits = (given + 1..=given + 2).contains(&end)
            && !is_lead
            && names::is_whole_name(reading, lexicon, start, given..end, lists, is_proven);
        let is_led = || {
            leads_to_a_name(reading, lexicon, start, given..end, run, lists)
                || leads.iter().any(|word| reading.ends_with(start, word))
                || is_proven && is_behind_word(reading, lexicon, start, given..end, run)
        };
        (fits && is_led()).then_some(start..end)
    })
}

/// Whether a name may begin at `start`, in the run of Han characters that begins at `run`.
fn leads_to_a_name(reading: &Reading<'_>, lexicon: &Lexicon, start: usize, given: Range<usize>, run: usize, lists: &NameLists) -> bool {
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
        || LEAD_WORDS.iter().any(|word| reading.ends_with(start, word))
}

/// 民兴村王建国, 护林员王建国: not 社保卡, where a word goes on, nor 账户农科站.
fn is_behind_unit(reading: &Reading<'_>, lexicon: &Lexicon, start: usize, given: Range<usize>, run: usize) -> bool {
    let goes_on = || (1..=2).any(|len| reading.is_dictionary_word(lexicon, start - 1..start + len));
    start >= run + 2
        && reading.char(start - 1).is_some_and(|c| LEADS.contains(c))
        && !goes_on()
        && plain_words::is_given(reading, lexicon, given)
}

/// 被处罚人|张三, 护士|张三, 港澳人士|张三: any word, where what follows looks like a given name and is no part of a word.
fn is_behind_word(reading: &Reading<'_>, lexicon: &Lexicon, start: usize, given: Range<usize>, run: usize) -> bool {
    let has = |range: Range<usize>| reading.is_dictionary_word(lexicon, range);
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

pub fn is_post(reading: &Reading<'_>, end: usize) -> bool {
    // A form teacher holds no office.
    POSTS.iter().any(|post| reading.ends_with(end, post)) && !reading.ends_with(end, "班主任")
}

pub(super) fn person(range: Range<usize>, why: &'static str) -> Person {
    Person { range, is_masked: false, why, is_later_in_list: false }
}

/// The person whose number stands at `number`.
pub fn of_number(reading: &Reading<'_>, lexicon: &Lexicon, number: &Range<usize>, lists: &NameLists) -> Option<Person> {
    let end = back_over(reading, number.start, &TO_NUMBER, NUMBER_CHARS);
    if let Some(name) = name_ending_at(reading, lexicon, end, lists, &[], true) {
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
    if let Some(word) = ["联系人", "负责人", "老板", "店主", "经理", "，找", ",找", "找"].iter().find(|word| reading.starts_with(at, word))
    {
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
pub fn of_address(reading: &Reading<'_>, lexicon: &Lexicon, address: &Range<usize>, lists: &NameLists) -> Option<Person> {
    let end = back_over(reading, address.start, &TO_ADDRESS, NUMBER_CHARS);
    let beside = (end < address.start).then(|| name_ending_at(reading, lexicon, end, lists, &[], true)).flatten();
    let name = beside
        .or_else(|| subject_of_address(reading, lexicon, address.start, end, lists))
        .or_else(|| dweller_behind(reading, lexicon, address.end, lists))?;
    // 常熟（…镇…村…组）: more than a surname must tell that it is nobody's town.
    let surname = lexicon.tables.surname_len(reading.chars(name.clone()))?;
    let is_town = || ["县", "市", "区"].iter().any(|kind| lexicon.tables.is_place(&format!("{}{kind}", reading.text(name.clone()))));
    (plain_words::is_given(reading, lexicon, name.start + surname..name.end) && !is_town()).then(|| person(name, BESIDE_ADDRESS))
}

/// 李建国违建，地址：…: the sentence begins with who lives there.
fn subject_of_address(reading: &Reading<'_>, lexicon: &Lexicon, address: usize, lead: usize, lists: &NameLists) -> Option<Range<usize>> {
    let is_asked =
        ["地址", "住址", "位于", "坐落"].iter().any(|word| reading.starts_with(lead + 1, word) && !reading.class(lead).is(Class::HAN));
    let sentence = reading.sentence(address..address);
    if !is_asked || address - sentence.start > NUMBER_CHARS {
        return None;
    }
    let start = (sentence.start..lead).find(|&i| reading.class(i).is(Class::HAN))?;
    let end = names::name_at(reading, lexicon, start, lists, Demand::Likely)?;
    // 李建国茶叶店: a business.
    let is_business = lead.checked_sub(1).and_then(|i| reading.char(i)).is_none_or(|c| BUSINESS_ENDS.contains(c));
    let is_name = end == start + 3 && plain_words::is_given(reading, lexicon, start + 1..end);
    (is_name && end < lead && !is_business).then_some(start..end)
}

/// What those who live there are called before their names.
const DWELLERS: [&str; 8] = ["市民", "村民", "居民", "业主", "住户", "租客", "老人", "村民小组长"];

/// 家住县城南正街47号的李国庆, …3栋2单元501室业主李国庆: who lives there stands behind.
fn dweller_behind(reading: &Reading<'_>, lexicon: &Lexicon, address_end: usize, lists: &NameLists) -> Option<Range<usize>> {
    let of = usize::from(reading.char(address_end) == Some('的'));
    let dweller = DWELLERS.iter().find(|word| reading.starts_with(address_end + of, word)).map_or(0, |word| word.chars().count());
    let start = address_end + of + dweller;
    let end = names::name_at(reading, lexicon, start, lists, Demand::Likely).filter(|_| start > address_end)?;
    (end == start + 3 && plain_words::is_given(reading, lexicon, start + 1..end)).then_some(start..end)
}

/// 护照（…）已办好，请张三女士领取: who is asked by name behind a number.
fn asked_behind(reading: &Reading<'_>, lexicon: &Lexicon, number: &Range<usize>, lists: &NameLists) -> Option<Range<usize>> {
    let until = reading.sentence(number.clone()).end.min(number.end + NUMBER_CHARS);
    let asks = (number.end..until).find(|&i| matches!(reading.char(i), Some('请')))?;
    let start = asks + 1;
    let given = start + lexicon.tables.surname_len(reading.chars(start..start + 2))?;
    let is_called = |end: usize| ["女士", "先生", "同志"].iter().any(|word| reading.starts_with(end, word));
    let end = [given + 1, given + 2].into_iter().find(|&end| is_called(end))?;
    names::is_whole_name(reading, lexicon, start, given..end, lists, true).then_some(start..end)
}

/// Whether a name ends where a document of somebody begins: 附张三身份证照片.
pub fn of_document(reading: &Reading<'_>, lexicon: &Lexicon, document: usize, lists: &NameLists) -> bool {
    name_ending_at(reading, lexicon, back_over(reading, document, &[], 2), lists, &[], false).is_some()
}

/// The children of the class at `class`: 大三班杨子涵小朋友, 五年级1班 张欣怡、刘子轩, 杨子涵（县幼儿园大三班）.
/// `is_occasion`: the text tells of aid, harm or prizes, so that a class and a name may stand apart without the school.
pub fn of_class(reading: &Reading<'_>, lexicon: &Lexicon, class: &Range<usize>, lists: &NameLists, is_occasion: bool) -> Vec<Person> {
    let mut children = Vec::new();
    if OF_OTHERS.iter().any(|word| reading.starts_with(class.end, word)) {
        return children;
    }
    let may_be_apart = is_occasion || reading.char(class.start + 1).is_some_and(|c| matches!(c, '学' | '中' | '校'));
    let (mut at, is_apart) = behind_class(reading, class.end);
    let mut demand = if is_apart { Demand::None } else { Demand::Likely };
    while children.len() < CLASS_NAMES_MAX
        && (may_be_apart || !is_apart)
        && let Some(end) = called(reading, lexicon, at, lists)
            .or_else(|| names::name_at(reading, lexicon, at, lists, demand))
            .or_else(|| of_parents(reading, lexicon, at).filter(|_| !is_apart))
            .filter(|end| is_child(reading, at..*end))
        && !(is_apart && speaks(reading, end))
    {
        children.push(person(at..end, BESIDE_CLASS));
        (at, demand) = (end + 1, Demand::None);
        if !matches!(reading.char(end), Some('、' | ' ')) {
            break;
        }
    }
    // Of a year alone, only those behind it are its pupils.
    if !children.is_empty() || class.len() == YEAR_CHARS && reading.ends_with(class.end, "年级") {
        return children;
    }
    let mut start = class.start;
    while class.start - start < SCHOOL_CHARS && start > 0 && reading.class(start - 1).is(Class::HAN) {
        start -= 1;
    }
    let is_sign = |at: usize| match reading.char(at) {
        Some(' ' | '\t') => may_be_apart,
        c => matches!(c, Some('，' | ',' | '（' | '(' | '：' | ':' | '、')),
    };
    // 我家孩子普志明在县一中初三2班
    // … but not 在上小学五年级时.
    let is_past = ["时", "那年", "的时候", "开始", "起"].iter().any(|word| reading.starts_with(class.end, word));
    let attends = (start..if is_past { start } else { class.start }).rev().find(|&i| matches!(reading.char(i), Some('在' | '读')));
    let attending = attends.and_then(|at| name_ending_at(reading, lexicon, at, lists, &CHILD_LEADS, false));
    if let Some(name) = attending.filter(|name| is_child(reading, name.clone())) {
        children.push(person(name, BESIDE_CLASS));
    } else if let Some(end) = start.checked_sub(1).filter(|at| is_sign(*at)) {
        let end = back_over(reading, end, &["同学", "小朋友", "学生", "幼儿"], 4);
        let name = name_ending_at(reading, lexicon, end, lists, &CHILD_LEADS, false).filter(|name| is_child(reading, name.clone()));
        children.extend(name.map(|name| person(name, BESIDE_CLASS)));
    }
    children
}

/// 李小梅的父亲: the end of a full name whose family is told.
fn of_parents(reading: &Reading<'_>, lexicon: &Lexicon, at: usize) -> Option<usize> {
    const PARENTS: [&str; 6] = ["的父", "的母", "的爸", "的妈", "的爷", "的奶"];
    let surname = lexicon.tables.surname_len(reading.chars(at..at + 2))?;
    let end = at + surname + 2;
    let is_given = plain_words::is_given(reading, lexicon, at + surname..end);
    (is_given && PARENTS.iter().any(|word| reading.starts_with(end, word))).then_some(end)
}

/// 叫张小明的: the end of a name between 叫 and 的.
fn called(reading: &Reading<'_>, lexicon: &Lexicon, at: usize, lists: &NameLists) -> Option<usize> {
    let end = (at + 2..=at + 4).find(|&i| reading.char(i) == Some('的')).filter(|_| reading.ends_with(at, "叫"))?;
    let given = at + lexicon.tables.surname_len(reading.chars(at..end))?;
    (given < end && names::is_whole_name(reading, lexicon, at, given..end, lists, false)).then_some(end)
}

/// Where a name may begin behind a class that ends at `end`, and whether a blank or a colon stands between.
pub fn behind_class(reading: &Reading<'_>, end: usize) -> (usize, bool) {
    let (mut at, mut is_apart) = (end, false);
    while at < end + GAP_CHARS_MAX {
        at += match reading.char(at) {
            Some(' ' | '\t' | '：' | ':') => {
                is_apart = true;
                1
            }
            Some('（' | '(') => 1,
            _ => match OF_CLASS.iter().find(|word| reading.starts_with(at, word)) {
                Some(word) => word.chars().count(),
                None => break,
            },
        };
    }
    (at, is_apart)
}

/// Where the word for a pupil begins that ends right before the name at `name`.
pub fn pupil_before(reading: &Reading<'_>, name: usize) -> Option<usize> {
    let word = PUPILS.iter().find(|word| reading.ends_with(name, word))?;
    Some(name - word.chars().count())
}

/// 某校初三（6）班 陈某某 中国汉字听写大会…: who speaks in the news is told by class and name.
fn speaks(reading: &Reading<'_>, end: usize) -> bool {
    matches!(reading.char(end), Some(' ' | '：' | ':')) && (end + 1..end + 1 + SPEECH_CHARS).all(|i| reading.class(i).is(Class::HAN))
}

/// Whether the name beside a class is a child's: 张老师 teaches it, 广播操 is a thing.
pub(super) fn is_child(reading: &Reading<'_>, name: Range<usize>) -> bool {
    let is_thing = name.len() > 2 && name.end.checked_sub(1).and_then(|i| reading.char(i)).is_some_and(|c| CLASS_NOUN_ENDS.contains(c));
    // 宋庆龄奖
    let is_named_after = reading.char(name.end).is_some_and(|c| matches!(c, '奖' | '杯' | '牌' | '号'));
    !is_thing && !is_named_after && !NO_CHILDREN.iter().any(|word| reading.starts_with(name.end, word))
}

/// The child whose age ends before 岁 at `end`: 溺水者张欣怡，11岁; in an accident or a crime also 11岁男孩张小明溺水.
pub fn of_age(reading: &Reading<'_>, lexicon: &Lexicon, end: usize, lists: &NameLists) -> Option<Person> {
    let digits = (end.saturating_sub(3)..end).rev().take_while(|&i| reading.class(i).is(Class::DIGIT)).last()?;
    let age: u32 = reading.text(digits..end).parse().ok()?;
    if age > names::CHILD_AGE_MAX {
        return None;
    }
    let mut at = end + 1 + usize::from(reading.char(end + 1) == Some('的'));
    at += CHILD_WORDS.iter().find(|word| reading.starts_with(at, word)).map_or(0, |word| word.chars().count());
    // 12岁的王欣怡在小学读六年级, 今年9岁的王小芳正在….
    if reading.char(end + 1) == Some('的')
        && at == end + 2
        && let Some(name_end) = children::named_child(reading, lexicon, at, lists)
        && (name_end > at + 2 && age < SENSITIVE_AGE && is_of_today(reading, digits)
            || children::is_pupil(reading, lexicon, lists, at..reading.sentence(at..name_end).end.min(name_end + SCHOOL_CHARS)))
    {
        return Some(person(at..name_end, BESIDE_AGE));
    }
    if at > end + 1
        && reading.char(at).is_some_and(|c| lexicon.tables.begins_surname(c))
        && let Some(name_end) = names::name_at(reading, lexicon, at, lists, Demand::Likely)
        && is_child(reading, at..name_end)
        && reading.words_in(lexicon, lists.harm_to_minor, reading.sentence(at..name_end)).any(|word| word.end > word.start + 1)
    {
        return Some(person(at..name_end, BESIDE_AGE));
    }
    if AGE_LIMITS.iter().any(|word| reading.starts_with(end + 1, word)) {
        return None;
    }
    let name_end = back_over(reading, digits, &TO_AGE, AGE_CHARS);
    name_ending_at(reading, lexicon, name_end, lists, &CHILD_LEADS, false)
        .filter(|name| name_end < digits && is_child(reading, name.clone()))
        .map(|name| person(name, BESIDE_AGE))
}

/// Whether the age before 岁 is told of today: 今年9岁的…, or at the head of a sentence; not 1938年，12岁的….
fn is_of_today(reading: &Reading<'_>, digits: usize) -> bool {
    let sentence = reading.sentence(digits..digits);
    let has_year = || {
        reading
            .chars(sentence.start..digits)
            .windows(5)
            .any(|w| matches!(w, [a, b, c, d, '年'] if [a, b, c, d].iter().all(|c| c.is_ascii_digit())))
    };
    ["今年", "现年", "年仅", "刚满"].iter().any(|word| reading.ends_with(digits, word)) || digits == sentence.start && !has_year()
}

/// The person who 就读于 a school or is called 小朋友, that is where the word at `word` ends the name.
pub fn before_word(reading: &Reading<'_>, lexicon: &Lexicon, word: &Range<usize>, lists: &NameLists) -> Option<Person> {
    let mut end = word.start;
    while end > 0 && reading.char(end - 1).is_some_and(|c| "现，,".contains(c)) {
        end -= 1;
    }
    name_ending_at(reading, lexicon, end, lists, &[], false).map(|name| person(name, BESIDE_CLASS))
}
