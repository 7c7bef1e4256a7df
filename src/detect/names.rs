//! Personal names in context: a surname with one or two characters counts only where something says that a person stands
//! there (DOMAIN §3.5). Never a bare dictionary match.
//! Must not know severities.

use super::reading::Reading;
use super::{beside, children, heads, illness, plain_words};
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

/// A word that asks for a name stands before it.
const ASKED_FOR: &str = "姓名语境";
/// 村民, 志愿者 …: what news call people right before their names.
pub const CALLED: &str = "新闻称谓";
/// 姓名 heads the column; a sex or an age follows.
pub const IN_COLUMN: &str = "表格列名";
pub const FOLLOWED_BY_SEX: &str = "后接性别、年龄";

/// Characters that end a name.
fn ends_name(reading: &Reading<'_>, at: usize) -> bool {
    !reading.class(at).is(Class::HAN)
}

/// Words that begin with the last character of a word before names, and go on with a surname: 妇女儿童, 行业主管.
const GOES_ON: [&str; 10] = ["人员", "儿童", "主管", "民宿", "工资", "民航", "民居", "人文", "人居", "生计"];

/// How sure it is that a name stands here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// 姓名：, or a column headed 姓名.
    Certain,
    /// 患者, 村民 …: often followed by something else than a name.
    Likely,
    /// Nothing before it.
    None,
}

/// The name that begins at `at`, by surname: its end.
pub fn name_at(reading: &Reading<'_>, lexicon: &Lexicon, at: usize, lists: &NameLists, demand: Demand) -> Option<usize> {
    let given = at + lexicon.tables.surname_len(reading.chars(at..at + 2))?;
    if ends_name(reading, given) || reading.char(given) == Some('某') || is_measure(reading, at) {
        return None;
    }
    // With nothing before it a name goes up to the next sign.
    if demand == Demand::None && !ends_name(reading, given + 1) && !ends_name(reading, given + 2) {
        return None;
    }
    let is_rare = is_rare(reading, lexicon, at..given);
    if is_rare && demand != Demand::Certain {
        return None;
    }
    // 120万儿童
    if at > 0 && reading.class(at - 1).is(Class::DIGIT) && matches!(reading.char(at), Some('万' | '千' | '百')) {
        return None;
    }
    let end = [given + 2, given + 1].into_iter().find(|&end| {
        is_name(reading, lexicon, at, given..end, lists, demand)
            && !(demand == Demand::Likely && plain_words::are_words(reading, lexicon, at, given..end, ends_name(reading, end)))
            && (!is_rare || plain_words::is_given(reading, lexicon, given..end))
    })?;
    // 养老, 毕业后: everyday words that begin like a name. 负责人：禄劝彝族苗族自治县 is a place.
    let is_everyday = || reading.words_in(lexicon, lists.no_name, at..(at + 4).min(reading.len())).any(|h| h.start as usize == at);
    // 申请人：温馨提示 goes on, 姓名：温馨 does not.
    let may_be_word = demand != Demand::Certain || !ends_name(reading, end);
    let is_other = may_be_word && is_everyday() || is_autonomous_area(reading, at);
    (!is_other).then_some(end)
}

/// Whether `at..given.end` is a name, when its end is known from what follows: 王建国的电话.
/// `is_proven`: a number or an address of theirs stands beside.
pub fn is_whole_name(reading: &Reading<'_>, lexicon: &Lexicon, at: usize, given: Range<usize>, lists: &NameLists, is_proven: bool) -> bool {
    let end = given.end;
    let is_everyday = || reading.words_in(lexicon, lists.no_name, at..end).any(|h| h.start as usize == at);
    !is_measure(reading, at)
        && (!is_rare(reading, lexicon, at..given.start)
            || is_proven && !plain_words::is_verb_alone(reading, &given) && plain_words::is_given(reading, lexicon, given.clone()))
        && given.clone().all(|i| !ends_name(reading, i) && !reading.char(i).is_some_and(is_no_given))
        && !is_post_or_account(reading.chars(given.clone()))
        && !is_place(reading, &given)
        && !reading.is_plain_word(lexicon, at..end)
        && !reading.words_in(lexicon, lists.titles, given).any(|h| (h.start as usize) < end)
        && !is_everyday()
}

/// Surnames that count something behind a number: 门票20元一张, 长8米左右.
const MEASURES: &str = "元万时毛米石支双户项";

/// Whether the surname at `at` is what a number counts.
fn is_measure(reading: &Reading<'_>, at: usize) -> bool {
    let is_number =
        |i: usize| reading.class(i).is(Class::DIGIT | Class::NUMERAL) || matches!(reading.char(i), Some('十' | '百' | '千' | '万'));
    reading.char(at).is_some_and(|c| MEASURES.contains(c)) && at.checked_sub(1).is_some_and(is_number)
}

/// Short forms of posts behind a surname: 张工, 李总.
const SHORT_POSTS: &str = "工总队局处";
/// What somebody is the 长 of: 站长, 队长.
const LED: &str = "站队股厂组班园馆台店社会庭处司团行场连排营校院所局部科室镇乡县市省区州厅";
/// What neighbours are called behind their surname, alone and behind 大, 老, 阿: 张婶, 王大娘, 孙老伯.
const KIN: &str = "婶嫂叔伯姐哥爷妈娘姨奶爸婆舅";
/// Of these, what no given name begins with, and what follows the others where they are none.
const NEVER_GIVEN: &str = "婶嫂姨奶爷妈爸婆舅";
const SPEAKS: &str = "说道讲问答笑乐家们听看告";
/// Such words that are doubled or stand behind none of these.
const KIN_WORDS: [[char; 2]; 10] = [
    ['奶', '奶'],
    ['爷', '爷'],
    ['叔', '叔'],
    ['伯', '伯'],
    ['婆', '婆'],
    ['老', '汉'],
    ['老', '太'],
    ['老', '头'],
    ['嫂', '子'],
    ['婶', '子'],
];

/// Whether a surname is followed by such a word: no given name. 林叔乐呵呵 goes on behind it.
fn is_kin(given: &[char]) -> bool {
    match given {
        [one] | ['大' | '老' | '阿' | '小', one] => KIN.contains(*one),
        // 张婶说, 林叔乐呵呵: 叔平 and 伯涛 are given names, 婶说 is none.
        [first, second] => {
            NEVER_GIVEN.contains(*first) || KIN.contains(*first) && SPEAKS.contains(*second) || KIN_WORDS.contains(&[*first, *second])
        }
        _ => false,
    }
}

/// What the words for cards and accounts end in: 农行卡, 惠农折.
const ACCOUNT_ENDS: &str = "卡账帐户折证";

/// Whether what follows a surname is a post or an account and no given name.
fn is_post_or_account(given: &[char]) -> bool {
    match given {
        _ if is_kin(given) => true,
        [one] => SHORT_POSTS.contains(*one),
        [led, '长'] => LED.contains(*led),
        [.., last] => ACCOUNT_ENDS.contains(*last),
        [] => false,
    }
}

/// Whether the surname is of one character that is another word far more often: 和, 都, 家.
fn is_rare(reading: &Reading<'_>, lexicon: &Lexicon, surname: Range<usize>) -> bool {
    surname.len() == 1 && reading.char(surname.start).is_some_and(|c| lexicon.tables.is_rare_surname(c))
}

/// Last characters of places and units of three characters that begin like a surname: 安监站, 文昌阁.
const PLACES: &str = "桥站所办局楼阁寺庙店馆院厂园府街路巷村镇乡县区社队组寨室科处部厅场港岸";

/// Whether the given name ends like the name of a place or a unit (DOMAIN §3.5).
fn is_place(reading: &Reading<'_>, given: &Range<usize>) -> bool {
    given.len() == 2 && given.end.checked_sub(1).and_then(|i| reading.char(i)).is_some_and(|c| PLACES.contains(c))
}

/// Characters that no given name holds.
fn is_no_given(c: char) -> bool {
    matches!(c, '某' | '副' | '的' | '等' | '和' | '与' | '在' | '是' | '为' | '被' | '了' | '及' | '或' | '患' | '系')
}

/// Whether the surname at `at` and what follows as the given name make a name that ends there.
fn is_name(reading: &Reading<'_>, lexicon: &Lexicon, at: usize, given: Range<usize>, lists: &NameLists, demand: Demand) -> bool {
    let end = given.end;
    let letters = reading.chars(given.clone());
    if given.clone().any(|i| ends_name(reading, i)) || letters.iter().any(|c| is_no_given(*c)) || is_post_or_account(letters) {
        return false;
    }
    if demand != Demand::Certain && is_place(reading, &given) {
        return false;
    }
    // 李强因病: the word goes on.
    if given.len() > 1
        && end.checked_sub(1).and_then(|i| reading.char(i)).is_some_and(|c| "因已经将从对".contains(c))
        && !ends_name(reading, end)
    {
        return false;
    }
    let ends = ends_name(reading, end);
    if demand == Demand::None && !ends {
        return false;
    }
    let is_word = |range: Range<usize>| reading.is_dictionary_word(lexicon, range);
    // 关心、养老 are words, 高平、江城 places: no persons, unless the dictionary knows the word as a name. 联系人：龙洋
    let is_asked = || {
        let is_label =
            at.checked_sub(1).is_some_and(|i| matches!(reading.char(i), Some('：' | ':'))) && !is_rare(reading, lexicon, at..given.start);
        is_label
            && demand == Demand::Certain
            && end == at + 2
            && ends_name(reading, end)
            && plain_words::is_given(reading, lexicon, given.clone())
    };
    if reading.is_plain_word(lexicon, at..end) && !is_asked() {
        return false;
    }
    // 县长、公司 are no given names.
    if reading.words_in(lexicon, lists.titles, given.start..end + 1).any(|h| (h.start as usize) < end) {
        return false;
    }
    if ends {
        return true;
    }
    // 患者张三丰入院: the name ends where a word begins, and takes no character from a word. 联系人：李建国等。
    let starts_word = || {
        demand == Demand::Certain && reading.char(end).is_some_and(|c| "等收男女".contains(c)) && ends_name(reading, end + 1)
            || (2..=4).any(|len| is_word(end..end + len))
            || reading.char(end).is_some_and(|c| "在因于为系是读被已将从对与和到参获同家户现住患报说是老总经天每又也都就不没".contains(c))
    };
    // 赵建国|优抚金: the given name is a word itself.
    let is_given_word = || given.len() == 2 && is_word(given.clone()) && plain_words::is_given(reading, lexicon, given.clone());
    let crosses = || given.clone().any(|i| (2..=3).any(|len| i + len > end && is_word(i..i + len))) && !is_given_word();
    starts_word() && !crosses()
}

/// Longest first part of such a name: before it stand other words.
const JOINED_PART_CHARS_MAX: usize = 6;
/// Oldest child, in years (DOMAIN §3.2).
pub const CHILD_AGE_MAX: u32 = 17;
/// Longest name joined by a dot, in characters.
const JOINED_CHARS_MAX: usize = 16;
/// Longest name of an autonomous area up to 自治, in characters.
const AREA_CHARS: usize = 12;

/// Whether the name of an autonomous area begins here.
fn is_autonomous_area(reading: &Reading<'_>, at: usize) -> bool {
    let len = (at..at + AREA_CHARS).take_while(|&i| reading.class(i).is(Class::HAN)).count();
    let run = reading.chars(at..at + len);
    let head = run.windows(2).position(|pair| pair == ['自', '治']).and_then(|end| run.get(..end));
    head.is_some_and(|head| head.contains(&'族'))
}

/// 张某、张某某、欧阳某、张*、张**: the end of the masked name at `at`.
pub(super) fn masked_at(reading: &Reading<'_>, lexicon: &Lexicon, at: usize) -> Option<usize> {
    let len = lexicon.tables.surname_len(reading.chars(at..at + 2))?;
    let is_mask = |i: usize| matches!(reading.char(i), Some('某' | '*' | '×' | '○' | 'x'));
    if !is_mask(at + len) {
        return None;
    }
    if len == 1 && reading.char(at).is_some_and(|c| lexicon.tables.is_rare_surname(c)) && !ends_name(reading, at.wrapping_sub(1)) {
        return None;
    }
    let mut end = at + len;
    while is_mask(end) && end < at + len + 3 {
        end += 1;
    }
    // 张某红, not 张某说
    let speaks = reading.char(end).is_some_and(|c| "说道称讲问答".contains(c));
    if !speaks && reading.class(end).is(Class::HAN) && ends_name(reading, end + 1) && end == at + len + 1 {
        end += 1;
    }
    Some(end)
}

/// Asks for a name before a sign and as a header only: 号牌号码…，所有人：….
const OWNER: &str = "所有人";

/// Lists that names are found by.
#[derive(Debug, Clone, Copy)]
pub struct NameLists {
    /// Words after which a name stands: 姓名、户主、患者 …
    pub before: ListSet,
    /// Of these, what news call people: 村民、志愿者 …
    pub called: ListSet,
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
    /// What somebody is: 种植户、村医 …
    pub roles: ListSet,
    /// 讲座、专家 …: who speaks of an illness does not have it.
    pub of_illness_not: ListSet,
    /// 就读、小朋友 …: whoever stands right before is a child.
    pub class_sign: ListSet,
    /// 溺水、受伤 …: what happens to children.
    pub harm_to_minor: ListSet,
    /// 女童、患儿 …: what a child is called right before its name.
    pub child_role: ListSet,
    /// 小学、幼儿园 …
    pub school: ListSet,
}

/// Places that tell of a person right beside them.
#[derive(Debug, Default)]
pub struct Beside {
    /// Personal numbers and plates.
    pub numbers: Vec<Range<usize>>,
    /// Classes of a school.
    pub classes: Vec<Range<usize>>,
    /// The text tells of aid, harm or prizes.
    pub is_occasion: bool,
    /// Addresses, whoever lives there.
    pub addresses: Vec<Range<usize>>,
}

/// All persons of a reading. `proofs` are places of numbers that belong to a person (identity numbers, phones, cards).
pub fn persons(reading: &Reading<'_>, lexicon: &Lexicon, lists: &NameLists, proofs: &[Range<usize>], beside: &Beside) -> Vec<Person> {
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
            add(Person { range: at..end, is_masked: true, why: ASKED_FOR, is_later_in_list: false });
        } else {
            // 本人是苏北人, 负责人为…: a word alone asks for no name.
            let is_asked = (word_end..at).any(|i| !matches!(reading.char(i), Some('为' | '是')));
            // 让所有人平等享有
            if at == word_end && reading.ends_with(word_end, OWNER) {
                continue;
            }
            let demand = if is_asked { Demand::Certain } else { Demand::Likely };
            // 直接责任人员, 妇女儿童, 行业主管, 居民楼: the word itself goes on.
            let goes_on = || {
                GOES_ON.iter().any(|word| reading.starts_with(at.saturating_sub(1), word))
                    && !plain_words::is_name_alone(reading, lexicon, at)
                    || plain_words::goes_on(reading, lexicon, hit.start as usize..word_end)
            };
            if demand == Demand::Likely && goes_on() {
                continue;
            }
            // 户主：阿卜杜拉·买买提
            let joined = || (demand == Demand::Certain).then(|| joined_at(reading, at)).flatten();
            if let Some(end) = joined().or_else(|| name_at(reading, lexicon, at, lists, demand)) {
                let is_called =
                    || reading.words_in(lexicon, lists.called, hit.start as usize..word_end).any(|h| h.end as usize == word_end);
                let why = if !is_asked && is_called() { CALLED } else { ASKED_FOR };
                add(Person { range: at..end, is_masked: false, why, is_later_in_list: false });
            }
        }
    }
    let chars = |bytes: &Range<usize>| reading.folded.index_of_byte(bytes.start)..reading.folded.index_of_byte(bytes.end);
    let asks = |cell: Range<usize>| reading.has_word(lexicon, lists.before, cell.clone()) || is_spaced_header(reading, cell);
    let mut beside_name = None;
    for cell in &reading.passage.cells {
        let range = chars(&cell.span);
        // <th>姓名</th><td>马建国</td>: the header stands before the name.
        let is_beside = beside_name.replace((cell.table, cell.row, range.clone()));
        let headed = cell.header.as_ref().is_some_and(|header| asks(chars(header)));
        let is_beside =
            || is_beside.is_some_and(|(table, row, before)| (table, row) == (cell.table, cell.row) && before.len() <= 6 && asks(before));
        let demand = if headed {
            Demand::Certain
        } else if cell.header.is_none() && is_beside() {
            Demand::None
        } else {
            continue;
        };
        let is_name_column =
            || cell.header.as_ref().is_some_and(|header| reading.holds_one(chars(header), &[&['姓', '名'], &['户', '主']]));
        let name = || {
            joined_at(reading, range.start)
                .or_else(|| name_at(reading, lexicon, range.start, lists, demand))
                .or_else(|| cell_name(reading, lexicon, &range, lists).filter(|_| is_name_column()))
        };
        if let Some(end) = spaced_name(reading, lexicon, &range).or_else(|| masked_at(reading, lexicon, range.start)).or_else(name) {
            let is_masked = reading.text(range.start..end).contains(['某', '*', '×', '○']);
            add(Person { range: range.start..end, is_masked, why: IN_COLUMN, is_later_in_list: false });
        }
    }
    // 2. At the head of a clause, near what says that a person stands there.
    for person in heads::at_heads(reading, lexicon, lists, proofs, heads::places_of_signs(reading, lexicon, lists, proofs)) {
        add(person);
    }
    // 3. Right beside a number, an address, an illness or a class.
    for person in beside.numbers.iter().filter_map(|number| beside::of_number(reading, lexicon, number, lists)) {
        add(person);
    }
    for person in beside.addresses.iter().filter_map(|address| beside::of_address(reading, lexicon, address, lists)) {
        add(person);
    }
    for hit in reading.words_in(lexicon, lists.illness, 0..reading.len()) {
        if let Some(person) = illness::of_illness(reading, lexicon, &(hit.start as usize..hit.end as usize), lists) {
            add(person);
        }
    }
    for class in &beside.classes {
        for person in beside::of_class(reading, lexicon, class, lists, beside.is_occasion) {
            add(person);
        }
    }
    for hit in reading.words_in(lexicon, lists.sign, 0..reading.len()).filter(|hit| reading.char(hit.start as usize) == Some('岁')) {
        if let Some(person) = beside::of_age(reading, lexicon, hit.start as usize, lists) {
            add(person);
        }
    }
    for hit in reading.words_in(lexicon, lists.child_role, 0..reading.len()) {
        if let Some(person) = children::of_role(reading, lexicon, &(hit.start as usize..hit.end as usize), lists) {
            add(person);
        }
    }
    for hit in reading.words_in(lexicon, lists.class_sign, 0..reading.len()) {
        let word = hit.start as usize..hit.end as usize;
        // 就读、小朋友 follow the name; 班、年级 are the class itself.
        if matches!(reading.char(word.start), Some('就' | '小'))
            && let Some(person) = beside::before_word(reading, lexicon, &word, lists)
        {
            add(person);
        }
    }
    persons.sort_by_key(|p| p.range.start);
    persons.dedup_by(|later, first| later.range.start < first.range.end);
    persons
}

/// Whether a number or a name of its own stands between a label and the number behind: 序号1 乔红梅 138…
pub fn holds_entry(reading: &Reading<'_>, lexicon: &Lexicon, between: Range<usize>) -> bool {
    let is_name = |start: usize| {
        let end = (start..between.end).find(|&i| !reading.class(i).is(Class::HAN)).unwrap_or(between.end);
        let begins = start == between.start || !reading.class(start - 1).is(Class::HAN);
        let surname = if begins { lexicon.tables.surname_len(reading.chars(start..end)) } else { None };
        surname.is_some_and(|len| {
            (1..=2).contains(&(end - start).saturating_sub(len)) && plain_words::is_given(reading, lexicon, start + len..end)
        })
    };
    between.clone().any(|i| reading.class(i).is(Class::DIGIT) || reading.class(i).is(Class::HAN) && is_name(i))
}

/// 姓 名, 户　主 as the header of a column.
fn is_spaced_header(reading: &Reading<'_>, header: Range<usize>) -> bool {
    let letters = || reading.chars(header.clone()).iter().filter(|c| !c.is_whitespace());
    header.len() <= 8 && (letters().eq(&['姓', '名']) || letters().eq(&['户', '主']))
}

/// 李 强: a name of two characters with blanks between that fills its cell.
fn spaced_name(reading: &Reading<'_>, lexicon: &Lexicon, cell: &Range<usize>) -> Option<usize> {
    let is_blank = |i: &usize| reading.char(*i).is_some_and(char::is_whitespace);
    let given = cell.start + 1 + (cell.start + 1..cell.end.min(cell.start + 4)).take_while(is_blank).count();
    let fits = given > cell.start + 1 && given + 1 == cell.end && reading.class(given).is(Class::HAN);
    (fits && lexicon.tables.surname_len(reading.chars(cell.start..cell.start + 1)) == Some(1)).then_some(cell.end)
}

/// 高兴, 文静: a name that is a word too, where it fills its cell.
fn cell_name(reading: &Reading<'_>, lexicon: &Lexicon, cell: &Range<usize>, lists: &NameLists) -> Option<usize> {
    let name = reading.chars(cell.clone());
    let given = cell.start + lexicon.tables.surname_len(name)?;
    let fits = (given + 1..=given + 2).contains(&cell.end) && (given..cell.end).all(|i| reading.class(i).is(Class::HAN));
    let letters = reading.chars(given..cell.end);
    let is_other = || {
        reading.char(cell.start).is_some_and(|c| lexicon.tables.is_rare_surname(c))
            || letters.iter().any(|c| is_no_given(*c))
            || is_post_or_account(letters)
            || reading.has_word(lexicon, lists.titles, given..cell.end)
            || reading.words_in(lexicon, lists.no_name, cell.clone()).any(|hit| hit.start as usize == cell.start)
            || is_autonomous_area(reading, cell.start)
    };
    (fits && !is_other()).then_some(cell.end)
}

/// 阿卜杜拉·买买提: the end of a name joined by a dot.
fn joined_at(reading: &Reading<'_>, at: usize) -> Option<usize> {
    let in_name = |i: &usize| reading.class(*i).is(Class::HAN) || reading.char(*i) == Some('·');
    let end = at + (at..at + JOINED_CHARS_MAX).take_while(in_name).count();
    let dot = (at + 1..end.min(at + JOINED_PART_CHARS_MAX + 1)).find(|&i| reading.char(i) == Some('·'))?;
    (dot + 2 < end && end < at + JOINED_CHARS_MAX).then_some(end)
}
