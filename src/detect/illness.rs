//! Illness and who has it (DOMAIN §3.2, PII.MEDICAL): 李桂芳因艾滋病住院, but not 主任医师陈某讲解高血压.
//! Must not know queues.

use super::beside::{BESIDE_ILLNESS, back_over, name_ending_at, person};
use super::names::{self, Demand, NameLists, Person};
use super::people::persons_in;
use super::personal::Personal;
use super::reading::Reading;
use super::report::{Found, Report};
use super::{Scan, plain_words};
use crate::lexicon::Lexicon;
use crate::model::{Severity, SuppressedReason};
use crate::text::fold::Class;
use std::ops::Range;

/// Headers of columns about the health of a person.
const ILLNESS_COLUMNS: [&[char]; 5] = [&['残', '疾'], &['病', '种'], &['病', '情'], &['疾', '病'], &['诊', '断']];
/// Most cells of a row that are looked through.
const ROW_CELLS_MAX: usize = 24;
/// Farthest a name may stand from the illness that is said of it, in characters.
const ILLNESS_CHARS: usize = 10;
/// How far before a name and behind an illness the words stand that make it a doctor's or a lecture, in characters.
const GUARD_CHARS: usize = 10;

/// How far before a name the post of who bears it begins, in characters.
const POST_CHARS: usize = 6;
/// How far from an illness who has it is looked for behind who speaks of it, in characters.
const SUFFERER_CHARS: usize = 60;
/// How far the fields around one that names an illness belong to the same person, in characters.
const FIELDS_CHARS: usize = 24;
/// How far before an illness the sentence that tells of it begins with a name, in characters.
const SUBJECT_CHARS: usize = 40;
/// Verbs of falling ill, between a name and the illness.
const FALLING: [&[char]; 7] = [&['得', '了'], &['因'], &['患'], &['诊'], &['查', '出'], &['检', '出'], &['感', '染']];
/// Who else has an illness that a sentence about somebody tells of.
const OTHERS: [&[char]; 18] = [
    &['妻', '子'],
    &['丈', '夫'],
    &['爱', '人'],
    &['父'],
    &['母'],
    &['儿', '子'],
    &['女', '儿'],
    &['孩', '子'],
    &['患', '者'],
    &['病', '人'],
    &['群', '众'],
    &['居', '民'],
    &['村', '民'],
    &['老', '人'],
    &['学', '生'],
    &['他', '人'],
    &['同', '事'],
    &['病', '例'],
];
/// Farthest a word of where somebody is reaches, in characters.
const PLACE_CHARS: usize = 4;
/// Words of illness that name none.
const FALLS_ILL: [&str; 4] = ["确诊", "感染", "患有", "患病"];

/// What may stand between a person and an illness of theirs.
const TO_ILLNESS: [&str; 57] = [
    "是一名",
    "是一位",
    "是",
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
    "男",
    "女",
    "自述",
    "去年",
    "今年",
    "前年",
    "上月",
    "最近",
    "突然",
    "被查",
    "检查",
    "经",
    "后",
    "于",
    "其",
];

/// What leads to the name of somebody whose illness is told right behind it.
const LEADS_TO_PATIENT: [&str; 34] = [
    "因",
    "由于",
    "党员",
    "群众",
    "村民",
    "看望了",
    "送到",
    "交到",
    "来到",
    "走进",
    "见到",
    "慰问了",
    "走访了",
    "看望",
    "慰问",
    "走访",
    "救救",
    "帮帮",
    "资助",
    "帮扶",
    "对象",
    "老公",
    "老婆",
    "邻居",
    "同事",
    "朋友",
    "爱人",
    "表哥",
    "表姐",
    "舅舅",
    "叔叔",
    "大爷",
    "大妈",
    "重病的",
];

/// Relatives between the name and the illness: 李国庆的妻子患有….
const RELATIVES: [&str; 24] = [
    "妻子", "丈夫", "爱人", "老伴", "儿子", "女儿", "父亲", "母亲", "孙子", "孙女", "哥哥", "弟弟", "姐姐", "妹妹", "爷爷", "奶奶", "外公",
    "外婆", "儿媳", "女婿", "岳父", "岳母", "父母", "孩子",
];
/// Where somebody is, between the name and the next clause: 送到李国庆手里，他因….
const PLACES_OF_PERSON: [&str; 5] = ["手里", "手中", "家中", "家里", "家"];
/// What the value of a field is about whose key stands before it: 病种：尿毒症.
const ILLNESS_KEYS: [&str; 8] = ["病种", "病情", "疾病", "诊断", "原因", "病名", "类别", "情况"];

/// The person of whom the illness at `illness` is said.
pub fn of_illness(reading: &Reading<'_>, lexicon: &Lexicon, illness: &Range<usize>, lists: &NameLists) -> Option<Person> {
    // 被确诊为, 被查出患有: only with the illness itself behind.
    if FALLS_ILL.iter().any(|word| reading.starts_with(illness.start, word))
        && !reading.has_word(lexicon, lists.illness, illness.end..illness.end + GUARD_CHARS)
    {
        return None;
    }
    let end = back_over(reading, illness.start, &TO_ILLNESS, ILLNESS_CHARS);
    let falls_ill =
        || FALLS_ILL.iter().any(|word| reading.starts_with(illness.start, word)) || reading.holds_one(end..illness.start, &FALLING);
    // 同病房的李桂芳因艾滋病住院: with such a verb 的 and 叫 lead to a name, too.
    let is_led = |name: &Range<usize>| name.len() > 2 && falls_ill() && plain_words::is_given(reading, lexicon, name.start + 1..name.end);
    // 今年全县确诊艾滋病病例12例
    let counts = || reading.chars(illness.end..illness.end + GUARD_CHARS).contains(&'例');
    // 李国庆（脑瘫）; 看望了李国庆，她被诊断为尿毒症; 我老公李国强去年查出尿毒症
    let bracket = illness.start.checked_sub(1).filter(|&at| matches!(reading.char(at), Some('（' | '(')));
    let clause = end.checked_sub(2).filter(|&at| {
        matches!(reading.char(at), Some('，' | ',' | '!' | '！' | '。')) && matches!(reading.char(at + 1), Some('他' | '她'))
    });
    let led_end = bracket.or(clause.filter(|_| falls_ill())).unwrap_or(end);
    let is_close = bracket.is_some() || clause.is_some() || falls_ill();
    let led_end = if clause.is_some() { back_over(reading, led_end, &PLACES_OF_PERSON, PLACE_CHARS) } else { led_end };
    let led = || is_close.then(|| name_ending_at(reading, lexicon, led_end, lists, &LEADS_TO_PATIENT, false)).flatten();
    let name = name_ending_at(reading, lexicon, end, lists, &[], false)
        .or_else(led)
        .or_else(|| name_ending_at(reading, lexicon, end, lists, &["的", "叫"], false).filter(is_led))
        .or_else(|| (falls_ill() && !counts()).then(|| subject(reading, lexicon, end, lists)).flatten())
        .or_else(|| falls_ill().then(|| of_relative(reading, lexicon, end, lists)).flatten())
        .or_else(|| falls_ill().then(|| sufferer_behind(reading, lexicon, illness.end, lists)).flatten())
        .or_else(|| {
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

/// Whose relative has the illness: 李国庆的妻子患有….
fn of_relative(reading: &Reading<'_>, lexicon: &Lexicon, end: usize, lists: &NameLists) -> Option<Range<usize>> {
    let relative = RELATIVES.iter().find(|word| reading.ends_with(end, word))?.chars().count();
    let name_end = end - relative - usize::from(reading.ends_with(end - relative, "的"));
    name_ending_at(reading, lexicon, name_end, lists, &LEADS_TO_PATIENT, false)
}

/// 患精神分裂症的王秀兰.
fn sufferer_behind(reading: &Reading<'_>, lexicon: &Lexicon, illness_end: usize, lists: &NameLists) -> Option<Range<usize>> {
    let start = illness_end + 1;
    let end = names::name_at(reading, lexicon, start, lists, Demand::Likely).filter(|_| reading.char(illness_end) == Some('的'))?;
    (end == start + 3 && plain_words::is_given(reading, lexicon, start + 1..end)).then_some(start..end)
}

/// Whom the sentence is about that goes on with an illness at `end`: 她叫李春燕，2015年确诊…; 李春燕是教师，2015年确诊….
fn subject(reading: &Reading<'_>, lexicon: &Lexicon, end: usize, lists: &NameLists) -> Option<Range<usize>> {
    let sentence = reading.sentence(end..end);
    let from = sentence.start.max(end.saturating_sub(SUBJECT_CHARS));
    let called = (from..end).rev().find(|&i| reading.char(i) == Some('叫')).map(|i| i + 1);
    let head = || (from == sentence.start).then(|| (from..end).find(|&i| reading.class(i).is(Class::HAN))).flatten();
    let start = called.or_else(head)?;
    let name_end = names::name_at(reading, lexicon, start, lists, Demand::Likely)?;
    let goes_on = matches!(reading.char(name_end), Some('是' | '系' | '，' | ',' | '（' | '('));
    // 一位叫孟庆华的村民被确诊…: what they are stands behind.
    let is_described = called.is_some() && reading.char(name_end) == Some('的');
    let rest = if is_described { name_end + 3 } else { name_end }.min(end);
    let is_name = || name_end == start + 3 && plain_words::is_given(reading, lexicon, start + 1..name_end);
    // 她的丈夫确诊…, 接诊的患者确诊…: others have it.
    (name_end <= end && (goes_on || is_described) && is_name() && !reading.holds_one(rest..end, &OTHERS)).then_some(start..name_end)
}

/// Whether the illness may be this person's own: not of who speaks of it, treats it or sells cures.
fn may_have(personal: &Personal, scan: &Scan<'_>, reading: &Reading<'_>, person: &Range<usize>, illness: &Range<usize>) -> bool {
    let has = |list, range| reading.has_word(scan.lexicon, list, range);
    // 医生李某: what stands right before the name.
    let posts = person.start.saturating_sub(POST_CHARS)..person.start;
    let is_post = || reading.words_in(scan.lexicon, personal.illness_post, posts.clone()).any(|word| word.end as usize == person.start);
    if person.start > illness.start {
        return !is_post();
    }
    // 为糖尿病患者开展义诊
    let is_patients =
        ["患者", "病人"].iter().any(|word| reading.starts_with(illness.end, word) && reading.class(illness.end + 2).is(Class::HAN));
    let serves = || matches!(illness.start.checked_sub(1).and_then(|i| reading.char(i)), Some('为' | '向' | '给' | '对' | '替'));
    if is_patients && serves() && !["诊断为", "确诊为"].iter().any(|word| reading.ends_with(illness.start, word)) {
        return false;
    }
    // 王某因肺结核, 李某说自己患糖尿病
    let reached = back_over(reading, illness.start, &TO_ILLNESS, ILLNESS_CHARS);
    if reached <= person.end || ["自己", "本人", "他", "她"].iter().any(|word| reading.ends_with(reached, word)) {
        return true;
    }
    let is_topic = || {
        reading
            .words_in(scan.lexicon, personal.names.of_illness_not, illness.end..illness.end + 2)
            .any(|word| word.start as usize == illness.end)
    };
    !(is_post() || has(personal.illness_teller, person.end..illness.start) || is_topic())
}

/// Illness of a person: full name S3, masked name or relation S2; poverty through illness S2 with any name.
pub fn medical(personal: &Personal, scan: &Scan<'_>, index: usize, persons: &[Person], report: &mut Report) -> Vec<Range<usize>> {
    let Some(reading) = scan.readings.get(index) else { return Vec::new() };
    let mut severe = Vec::new();
    let both = personal.disease.and(personal.poverty);
    if persons.is_empty() {
        return severe;
    }
    illness_columns(personal, scan, index, persons, report);
    let mut last_end = 0;
    for hit in reading.words_in(scan.lexicon, both, 0..reading.len()) {
        let range = hit.start as usize..hit.end as usize;
        // 残疾证号, 患病情况: the number of a paper or the key of a field is no illness.
        if range.start < last_end || ["号", "情况"].iter().any(|word| reading.starts_with(range.end, word)) {
            continue;
        }
        let sentence = told_with(reading, &range);
        // A name that holds a part of the illness is none.
        let apart = |p: &&Person| p.range.end <= range.start || p.range.start >= range.end;
        let nearest = || persons_in(persons, sentence.clone()).filter(apart);
        let distance = |p: &&Person| p.range.start.abs_diff(range.start);
        let Some(first) = nearest().min_by_key(distance) else { continue };
        // 感染者, 乙肝患者 are whoever has it.
        let is_bearer = ["者", "患者", "病人"].iter().any(|word| reading.starts_with(range.end, word));
        if !is_bearer && reading.straddled(scan.lexicon, range.start, range.end).is_some() {
            continue;
        }
        last_end = range.end;
        let has_it = |p: &&Person| may_have(personal, scan, reading, &p.range, &range);
        let other = || nearest().filter(|p| distance(p) <= SUFFERER_CHARS).filter(has_it).min_by_key(distance);
        let sufferer = Some(first).filter(has_it).or_else(other);
        let Some(person) = sufferer else {
            let found = Found::new("PII.MEDICAL", Severity::S2, index, range, "personal/medical").because("name_masked", first.is_masked);
            report.suppress(found, SuppressedReason::Context, "讲解、诊治或借病行骗的人，不是患病的人");
            continue;
        };
        let is_poverty = scan.lexicon.lists_of(hit.pattern).meets(personal.poverty);
        // 李国庆的妻子患有…: who has it is not named.
        let is_relatives = || {
            let end = back_over(reading, range.start, &TO_ILLNESS, ILLNESS_CHARS);
            end > person.range.end && RELATIVES.iter().any(|word| reading.ends_with(end, word))
        };
        let severity = if is_poverty || person.is_masked || is_relatives() { Severity::S2 } else { Severity::S3 };
        if severity == Severity::S3 {
            severe.push(range.clone());
        }
        report.find(Found::new("PII.MEDICAL", severity, index, range, "personal/medical").because("name_masked", person.is_masked));
    }
    severe
}

/// The stretch in which the person stands whose illness is at `range`: its sentence; the one before, too, where it begins with
/// 他; and the fields around a field.
fn told_with(reading: &Reading<'_>, range: &Range<usize>) -> Range<usize> {
    let sentence = reading.row_or_sentence(range.clone());
    let key_end = back_over(reading, range.start, &["患有", "患"], ILLNESS_CHARS);
    if ILLNESS_KEYS.iter().any(|key| reading.ends_with(key_end, key)) && key_end < range.start {
        let fields = reading.around(range.clone(), FIELDS_CHARS, FIELDS_CHARS);
        return sentence.start.min(fields.start)..sentence.end.max(fields.end);
    }
    let is_pronoun = matches!(reading.char(sentence.start), Some('他' | '她')) && reading.char(sentence.start + 1) != Some('们');
    let start =
        if is_pronoun && sentence.start > 0 { reading.sentence(sentence.start - 1..sentence.start - 1).start } else { sentence.start };
    start..sentence.end
}

/// What a column says of whoever stands in the row: 残疾等级, 病种 …
fn illness_columns(personal: &Personal, scan: &Scan<'_>, index: usize, persons: &[Person], report: &mut Report) {
    let Some(reading) = scan.readings.get(index) else { return };
    let chars = |bytes: &Range<usize>| reading.folded.index_of_byte(bytes.start)..reading.folded.index_of_byte(bytes.end);
    let mut row_start = 0;
    for (i, cell) in reading.passage.cells.iter().enumerate() {
        let own = (cell.table, cell.row);
        if reading.passage.cells.get(row_start).is_some_and(|c| (c.table, c.row) != own) {
            row_start = i;
        }
        let Some(header) = cell.header.as_ref().map(chars) else { continue };
        // 残疾证号后四位: the number of a paper.
        if reading.holds_one(header.clone(), &[&['证'], &['号']]) {
            continue;
        }
        if !reading.holds_one(header.clone(), &ILLNESS_COLUMNS) && !reading.has_word(scan.lexicon, personal.poverty, header) {
            continue;
        }
        let (range, first) = (chars(&cell.span), reading.passage.cells.get(row_start).map_or(0, |c| chars(&c.span).start));
        let row_end = reading.passage.cells.iter().skip(i).take(ROW_CELLS_MAX).take_while(|c| (c.table, c.row) == own).last();
        let row = first..row_end.map_or(range.end, |c| chars(&c.span).end);
        let says_something = reading.chars(range.clone()).iter().any(|c| !matches!(c, ' ' | '无' | '-' | '/' | '否'));
        let is_told = || reading.has_word(scan.lexicon, personal.disease.and(personal.poverty), range.clone());
        if says_something && !is_told() && persons_in(persons, row).next().is_some() {
            report.find(Found::new("PII.MEDICAL", Severity::S2, index, range, "personal/medical").because("column", true));
        }
    }
}
