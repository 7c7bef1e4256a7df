//! Persons and what is said of them: names and classes (DOMAIN §3.2, §3.5). Where they live is in `homes`, where they went
//! in `tracks`, illness in `illness`, minors in `children`.
//! Must not know how names are recognised, nor queues.

use super::names::{self, Person};
use super::personal::Personal;
use super::reading::Reading;
use super::report::{Found, Report};
use super::{Scan, children, homes, illness, plain_words, tracks};
use crate::model::{Severity, SuppressedReason};
use crate::text::fold::Class;
use regex::Regex;
use std::ops::Range;

/// Patterns over a sentence of folded text.
pub struct Patterns {
    pub(super) class: Option<Regex>,
    places: homes::Patterns,
}

impl Default for Patterns {
    fn default() -> Self {
        // Written here, tested here: a pattern that does not compile is a bug that the tests show.
        let compile = |pattern: &str| Regex::new(pattern).ok();
        Self {
            // 高二（3）班, 三年级2班, 初二4班, 大（3）班, 七（2）班; without 班 only right behind the school: 小学五年级, 中学初三
            class: compile(concat!(
                r"(?:(?:小学|初中|高中|中学|学校|完小|中心校|附中|[一二三四五六七八九十]中)[\p{Han}]{0,2}?)?(?:[小初高][一二三四五六1-6](?:年级)?|[一二三四五六七八九1-9]年级)[(（]?[0-9一二三四五六七八九十]{0,2}[)）]?班",
                r"|(?:幼儿园|园)[大中小托][(（]?[0-9一二三四五六七八九十]{0,2}[)）]?班",
                r"|(?:小学|中学|学校|完小|附中|[一二三四五六]中)(?:初|高)?[一二三四五六七八九1-9][(（][0-9一二三四五六七八九十]{1,2}[)）]班",
                r"|[一二三四五六七八九][(（][0-9一二三四五六七八九十]{1,2}[)）]班",
                r"|(?:小学|初中|高中|中学|学校|完小|中心校|附中)[\p{Han}]{0,2}?[一二三四五六七八九1-9]年级",
                r"|(?:中学|学校|附中|[一二三四五六]中)[初高][一二三]"
            )),
            places: homes::Patterns::default(),
        }
    }
}

/// Addresses of a reading, whoever lives there.
pub fn addresses(personal: &Personal, patterns: &Patterns, scan: &Scan<'_>, reading: &Reading<'_>) -> Vec<homes::Address> {
    homes::places(personal, &patterns.places, scan, reading)
}

/// Whom and what a reading names.
pub struct Named<'a> {
    pub persons: &'a [Person],
    /// Classes of a school.
    pub classes: &'a [Range<usize>],
    pub addresses: &'a [homes::Address],
    /// Personal numbers and plates, in order.
    pub numbers: &'a [Range<usize>],
}

pub fn detect(personal: &Personal, patterns: &Patterns, scan: &Scan<'_>, index: usize, named: &Named<'_>, report: &mut Report) {
    let Some(reading) = scan.readings.get(index) else { return };
    let &Named { persons, classes, addresses, numbers } = named;
    let minors = children::minors(personal, patterns, scan, index, persons, classes, report);
    let sick = illness::medical(personal, scan, index, persons, report);
    homes::addresses(personal, scan, index, persons, addresses, report);
    let is_public = std::cell::LazyCell::new(|| is_public_list(scan, reading));
    let is_honour = std::cell::LazyCell::new(|| honours(personal, scan, reading));
    for person in persons.iter().filter(|p| !p.is_masked && !p.is_later_in_list) {
        let first = minors.partition_point(|m| m.end < person.range.end);
        if minors.iter().skip(first).take(NEIGHBOURS).any(|m| m.start <= person.range.start) {
            continue;
        }
        let sentence = reading.sentence(person.range.clone());
        let is_sick = sick.get(sick.partition_point(|s| s.start < sentence.start)).is_some_and(|s| s.start < sentence.end);
        let in_list = || [names::IN_COLUMN, names::FOLLOWED_BY_SEX].contains(&person.why);
        // 村民李学珍每天在园里务工: news of everyday life, no list of persons (DOMAIN §3.5).
        let in_news = || {
            let next = numbers.partition_point(|number| number.start < sentence.start);
            person.why == names::CALLED
                && numbers.get(next).is_none_or(|number| number.start >= sentence.end)
                && !tells_private_matter(personal, scan, reading, sentence.clone())
        };
        let severity = match (is_sick, *is_public || in_list() && *is_honour || in_news()) {
            (true, _) => Severity::S3,
            (false, true) => Severity::S0,
            (false, false) => Severity::S1,
        };
        let found = Found::new("PII.NAME", severity, index, person.range.clone(), "personal/name").because("why", person.why);
        if scan.is_message() {
            report.suppress(found, SuppressedReason::Context, "留言人自述，公开前由人工遮蔽");
        } else {
            report.find(found);
        }
    }
    tracks::detect(personal, scan, index, persons, report);
}

/// How far before 班、年级 a class may begin, and how far behind it may end, in characters.
const CLASS_CHARS: (usize, usize) = (14, 6);
/// Characters of a year alone: 五年级.
pub const YEAR_CHARS: usize = 3;
/// What pupils are called behind their names.
const PUPILS: [&str; 2] = ["同学", "小朋友"];

/// A year without a class, where somebody behind it is called its pupil: 五年级的李小明同学.
fn year_of_pupil(scan: &Scan<'_>, reading: &Reading<'_>, end: usize) -> Option<Range<usize>> {
    let year = end.checked_sub(YEAR_CHARS)?..end;
    let is_numeral = |at: usize| reading.class(at).is(Class::DIGIT | Class::NUMERAL);
    let is_year = reading.ends_with(end, "年级") && is_numeral(year.start) && year.start.checked_sub(1).is_none_or(|at| !is_numeral(at));
    let name = end + usize::from(reading.char(end) == Some('的'));
    let is_pupil = |at: usize| PUPILS.iter().any(|word| reading.starts_with(at, word));
    // 三年级学生李晓明, but not 三年级学生家长.
    let is_named = || {
        let at = name + 2;
        let surname = scan.lexicon.tables.surname_len(reading.chars(at..at + 2));
        reading.starts_with(name, "学生") && surname.is_some_and(|len| plain_words::is_given(reading, scan.lexicon, at + len..at + len + 2))
    };
    (is_year && ((name + 2..=name + 4).any(is_pupil) || is_named())).then_some(year)
}

/// Classes of a school, in order.
pub fn classes(personal: &Personal, patterns: &Patterns, scan: &Scan<'_>, reading: &Reading<'_>) -> Vec<Range<usize>> {
    let mut classes: Vec<Range<usize>> = Vec::new();
    let Some(pattern) = patterns.class.as_ref().filter(|_| reading.lists.meets(personal.class_sign)) else { return classes };
    for hit in reading.words_in(scan.lexicon, personal.class_sign, 0..reading.len()) {
        let (start, end) = (hit.start as usize, hit.end as usize);
        let from = start.saturating_sub(CLASS_CHARS.0).max(classes.last().map_or(0, |c| c.end));
        // 上班, 班子: a class is numbered.
        let is_numbered =
            start > 0 && reading.char(start - 1).is_some_and(|c| c.is_ascii_digit() || "一二三四五六七八九十)）级".contains(c));
        if from >= end || reading.char(start) == Some('班') && !is_numbered {
            continue;
        }
        let text = reading.text(reading.around(from..end, 0, CLASS_CHARS.1));
        if let Some(found) = pattern.find_iter(&text).last() {
            let chars = |bytes: usize| from + text.get(..bytes).map_or(0, |t| t.chars().count());
            classes.push(chars(found.start())..chars(found.end()));
        } else if is_numbered && let Some(class) = year_of_pupil(scan, reading, end) {
            classes.push(class);
        }
    }
    classes
}

/// How much of a text tells what kind of list it is, in characters.
const OPENING_CHARS: usize = 120;
/// Lists of which the names have to stand: 任前公示, 任免, 拟录用, 失信被执行人名单 (DOMAIN §3.2).
const PUBLIC_LISTS: [&[char]; 15] = [
    &['失', '信', '被', '执', '行', '人', '（'],
    &['委', '员', '名', '单'],
    &['陪', '审', '员', '名', '单'],
    &['烈', '士', '名', '录'],
    &['责', '任', '人', '”', '公', '示'],
    &['失', '信', '被', '执', '行', '人', '名', '单'],
    &['失', '信', '被', '执', '行', '人', '信', '息'],
    &['补', '选'],
    &['当', '选'],
    &['任', '前', '公', '示'],
    &['任', '职', '前', '公', '示'],
    &['任', '职', '公', '示'],
    &['任', '免'],
    &['职', '务', '任', '命'],
    &['拟', '录', '用'],
];

/// What a title that announces 公示 says of posts and of who gets them: 拟提拔任用干部公示, 拟聘用人员公示, 行政许可信息公示.
const PROPOSED: [&[char]; 9] = [
    &['行', '政', '许', '可'],
    &['行', '政', '处', '罚', '信', '息'],
    &['入', '党', '积', '极', '分', '子'],
    &['拟', '任'],
    &['拟', '提', '拔'],
    &['拟', '聘'],
    &['拟', '录'],
    &['任', '职', '人', '选'],
    &['任', '用', '干', '部'],
];

/// Whether names have to stand in this text.
fn is_public_list(scan: &Scan<'_>, reading: &Reading<'_>) -> bool {
    let is_announced = |title: &Reading<'_>| {
        let opening = 0..OPENING_CHARS.min(title.len());
        title.holds_one(opening.clone(), &PUBLIC_LISTS)
            || title.holds_one(opening.clone(), &[&['公', '示']]) && title.holds_one(opening, &PROPOSED)
    };
    reading.holds_one(0..OPENING_CHARS.min(reading.len()), &PUBLIC_LISTS) || scan.title().is_some_and(is_announced)
}

/// Whether a text honours those it names: 传承人名单, 被评为…. Of those who are helped nobody needs the names.
fn honours(personal: &Personal, scan: &Scan<'_>, reading: &Reading<'_>) -> bool {
    let says = |r: &Reading<'_>, list| r.has_word(scan.lexicon, list, 0..OPENING_CHARS.min(r.len()));
    let told = |list| says(reading, list) || scan.title().is_some_and(|title| says(title, list));
    told(personal.honoured) && !told(personal.aid_to_minor) && !told(personal.poverty)
}

/// Whether a sentence, or the title, tells of money owed, need, illness, a quarrel or an offence.
fn tells_private_matter(personal: &Personal, scan: &Scan<'_>, reading: &Reading<'_>, sentence: Range<usize>) -> bool {
    let lists = personal.name_matter.and(personal.disease).and(personal.poverty);
    reading.has_word(scan.lexicon, lists, sentence) || scan.title().is_some_and(|title| title.has_word(scan.lexicon, lists, 0..title.len()))
}

/// Most spans of minors that can end behind a person and begin before.
const NEIGHBOURS: usize = 8;

/// Persons that stand wholly inside the range; persons are in order of place.
pub fn persons_in(persons: &[Person], range: Range<usize>) -> impl Iterator<Item = &Person> {
    let first = persons.partition_point(|p| p.range.start < range.start);
    persons.iter().skip(first).take_while(move |p| p.range.start < range.end).filter(move |p| p.range.end <= range.end)
}

/// Pictures of identity documents, faces and fingerprints, by their names and alt texts.
pub fn biometric(personal: &Personal, scan: &Scan<'_>, index: usize, report: &mut Report) {
    use crate::text::passage::Role;
    let Some(reading) = scan.readings.get(index) else { return };
    if !matches!(reading.passage.role, Role::ImageAlt | Role::ImageName | Role::AttachmentName | Role::BodyAlt) {
        return;
    }
    for hit in reading.words_in(scan.lexicon, personal.biometric, 0..reading.len()) {
        // 人脸识别门禁, 办身份证照相处
        let near = reading.around(hit.start as usize..hit.end as usize, 4, 6);
        if reading.holds_one(near, &[&['门', '禁'], &['办'], &['自', '助'], &['取', '证'], &['保', '护'], &['宣', '传']]) {
            continue;
        }
        report.find(Found::new("PII.BIOMETRIC", Severity::S2, index, hit.start as usize..hit.end as usize, "personal/biometric"));
    }
}

#[cfg(test)]
mod tests {
    use super::Patterns;

    #[test]
    fn every_pattern_compiles() {
        assert!(Patterns::default().class.is_some());
    }
}
