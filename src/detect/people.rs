//! Persons and what is said of them: names, illness, minors (DOMAIN §3.2, §3.5); where they are is in `whereabouts`.
//! Must not know how names are recognised, nor queues.

use super::names::Person;
use super::personal::Personal;
use super::reading::Reading;
use super::report::{Found, Report};
use super::{Scan, beside, whereabouts};
use crate::model::{Severity, SuppressedReason};
use crate::text::fold::Class;
use crate::text::passage::Cell;
use jiff::civil::Date;
use regex::Regex;
use std::ops::Range;

/// Patterns over a sentence of folded text.
pub struct Patterns {
    class: Option<Regex>,
    places: whereabouts::Patterns,
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
            places: whereabouts::Patterns::default(),
        }
    }
}

/// Addresses of a reading, whoever lives there.
pub fn addresses(personal: &Personal, patterns: &Patterns, scan: &Scan<'_>, reading: &Reading<'_>) -> Vec<whereabouts::Address> {
    whereabouts::places(personal, &patterns.places, scan, reading)
}

/// Whom and what a reading names.
pub struct Named<'a> {
    pub persons: &'a [Person],
    /// Classes of a school.
    pub classes: &'a [Range<usize>],
    pub addresses: &'a [whereabouts::Address],
}

pub fn detect(personal: &Personal, patterns: &Patterns, scan: &Scan<'_>, index: usize, named: &Named<'_>, report: &mut Report) {
    let Some(reading) = scan.readings.get(index) else { return };
    let &Named { persons, classes, addresses } = named;
    let minors = minors(personal, patterns, scan, index, persons, classes, report);
    let sick = medical(personal, scan, index, persons, report);
    whereabouts::addresses(personal, scan, index, persons, addresses, report);
    let is_public = std::cell::LazyCell::new(|| is_public_list(scan, reading));
    for person in persons.iter().filter(|p| !p.is_masked && !p.is_later_in_list) {
        let first = minors.partition_point(|m| m.end < person.range.end);
        if minors.iter().skip(first).take(NEIGHBOURS).any(|m| m.start <= person.range.start) {
            continue;
        }
        let sentence = reading.sentence(person.range.clone());
        let is_sick = sick.get(sick.partition_point(|s| s.start < sentence.start)).is_some_and(|s| s.start < sentence.end);
        let severity = match (is_sick, *is_public) {
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
    whereabouts::track(personal, scan, index, persons, report);
}

/// Headers of columns about the health of a person.
const ILLNESS_COLUMNS: [&[char]; 5] = [&['残', '疾'], &['病', '种'], &['病', '情'], &['疾', '病'], &['诊', '断']];
/// Longest rest of a date of birth behind its year, in characters: 年11月12日出生.
const BIRTH_CHARS: usize = 9;
/// Most cells of a row that are looked through.
const ROW_CELLS_MAX: usize = 24;
/// How far before 班、年级 a class may begin, and how far behind it may end, in characters.
const CLASS_CHARS: (usize, usize) = (14, 6);

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
        }
    }
    classes
}

/// How much of a text tells what kind of list it is, in characters.
const OPENING_CHARS: usize = 120;
/// Lists of which the names have to stand: 任前公示, 任免, 拟录用 (DOMAIN §3.2).
const PUBLIC_LISTS: [&[char]; 6] = [
    &['任', '前', '公', '示'],
    &['任', '职', '前', '公', '示'],
    &['任', '职', '公', '示'],
    &['任', '免'],
    &['职', '务', '任', '命'],
    &['拟', '录', '用'],
];

/// Whether names have to stand in this text.
fn is_public_list(scan: &Scan<'_>, reading: &Reading<'_>) -> bool {
    reading.holds_one(0..OPENING_CHARS.min(reading.len()), &PUBLIC_LISTS)
        || scan.title().is_some_and(|title| title.holds_one(0..OPENING_CHARS.min(title.len()), &PUBLIC_LISTS))
}

/// Most spans of minors that can end behind a person and begin before.
const NEIGHBOURS: usize = 8;

/// Persons that stand wholly inside the range; persons are in order of place.
pub fn persons_in(persons: &[Person], range: Range<usize>) -> impl Iterator<Item = &Person> {
    let first = persons.partition_point(|p| p.range.start < range.start);
    persons.iter().skip(first).take_while(move |p| p.range.start < range.end).filter(move |p| p.range.end <= range.end)
}

/// Whether a text or its title tells of aid, accidents, crimes or prizes: there a class and a name are a child.
pub fn is_occasion(personal: &Personal, scan: &Scan<'_>, reading: &Reading<'_>) -> bool {
    let lists = personal.aid_to_minor.and(personal.harm_to_minor).and(personal.honour).and(personal.prize);
    let says = |r: &Reading<'_>| r.has_word(scan.lexicon, lists, 0..r.len());
    says(reading) || scan.title().is_some_and(says)
}

/// What a text tells of children, as far as it weighs for the severity.
struct Occasion {
    is_prize: bool,
    /// A prize or honour by its everyday words, without aid, and no harm in the title.
    is_honour: bool,
}

impl Occasion {
    fn of(personal: &Personal, scan: &Scan<'_>, reading: &Reading<'_>) -> Self {
        let says = |r: &Reading<'_>, list| r.has_word(scan.lexicon, list, 0..r.len());
        let told = |list| says(reading, list) || scan.title().is_some_and(|title| says(title, list));
        let is_notice = || [Some(reading), scan.title()].into_iter().flatten().any(|r| r.holds_one(0..r.len(), &[&['公', '示']]));
        Self {
            is_prize: says(reading, personal.prize) && !told(personal.harm_to_minor) && !is_notice(),
            is_honour: told(personal.honour)
                && !told(personal.aid_to_minor)
                && !scan.title().is_some_and(|title| tells_of_harm(personal, scan, title, 0..title.len())),
        }
    }
}

/// Whether what is said there is an accident, a crime or abuse. 案 and 骗 alone stand in 方案 and 防骗 too.
fn tells_of_harm(personal: &Personal, scan: &Scan<'_>, reading: &Reading<'_>, range: Range<usize>) -> bool {
    reading.words_in(scan.lexicon, personal.harm_to_minor, range).any(|word| word.end > word.start + 1)
}

/// Minors who can be recognised: a name (even masked) with an age up to 17, or with school and class.
fn minors(
    personal: &Personal,
    patterns: &Patterns,
    scan: &Scan<'_>,
    index: usize,
    persons: &[Person],
    classes: &[Range<usize>],
    report: &mut Report,
) -> Vec<Range<usize>> {
    let Some(reading) = scan.readings.get(index) else { return Vec::new() };
    let mut spans: Vec<Range<usize>> = Vec::new();
    // Said of the whole text, so asked once, however many children stand in it.
    let occasion = std::cell::LazyCell::new(|| Occasion::of(personal, scan, reading));
    let consent = scan.draft.declared.as_ref().and_then(|d| d.guardian_consent) == Some(true);
    // Where the names behind one class end: 五年级1班 张欣怡、刘子轩.
    let mut listed_to = None;
    for (i, person) in persons.iter().enumerate() {
        let sentence = reading.sentence(person.range.clone());
        let next = persons.get(i + 1).map_or(usize::MAX, |p| p.range.start);
        let until = sentence.end.min(person.range.end + 48).min(next);
        let after = person.range.end..until.max(person.range.end);
        let age = age_in(reading, after.clone(), scan.as_of)
            .or_else(|| age_before(reading, person))
            .or_else(|| age_in_row(reading, person.range.start, scan.as_of))
            .filter(|(age, _)| *age <= 17);
        let text = reading.text(after.clone());
        let class = patterns.class.as_ref().and_then(|r| r.find(&text)).map(|m| {
            let chars = |bytes: usize| text.get(..bytes).map_or(0, |t| t.chars().count());
            after.start + chars(m.start())..after.start + chars(m.end())
        });
        // 李建国，高三2班班主任: the class of others.
        let class = class.filter(|c| !beside::OF_OTHERS.iter().any(|word| reading.starts_with(c.end, word)));
        let school = reading.words_in(scan.lexicon, personal.school, after.clone()).map(|h| h.end as usize).last();
        // 五年级1班的冯小宇: the class may stand before the name.
        let before = classes.get(..classes.partition_point(|c| c.end <= person.range.start)).and_then(<[_]>::last);
        let is_listed = person.why == beside::BESIDE_CLASS && listed_to.is_some_and(|end| end + 1 == person.range.start);
        let class_before = before
            .filter(|c| c.start >= sentence.start && beside::behind_class(reading, c.end).0 == person.range.start)
            .map(|c| c.start)
            .or(is_listed.then_some(person.range.start))
            .or_else(|| beside::pupil_before(reading, person.range.start));
        listed_to = class_before.map(|_| person.range.end);
        // A child needs an age, or a class of a school: 某某小学 alone may be an adult's place of work.
        let end = match (&age, &class, school) {
            (Some((_, end)), class, school) => {
                (*end).max(person.range.end).max(class.as_ref().map_or(0, |c| c.end)).max(school.unwrap_or(0))
            }
            (None, _, _) if class_before.is_some() => person.range.end,
            (None, Some(class), _) => class.end,
            (None, None, _) => continue,
        };
        let end = extend_to_student(reading, end, until);
        let span = class_before.unwrap_or(person.range.start)..close_bracket(reading, person.range.start, end);
        let harmed = || tells_of_harm(personal, scan, reading, sentence.clone());
        let severity = if consent && occasion.is_honour && !harmed() {
            Severity::S1
        } else if !consent && occasion.is_prize {
            Severity::S2
        } else {
            Severity::S3
        };
        let mut found = Found::new("PII.MINOR", severity, index, span.clone(), "personal/minor").because("guardian_consent", consent);
        if let Some((age, _)) = age {
            found = found.because("age", i64::from(age));
        }
        report.find(found);
        spans.push(span);
    }
    spans
}

/// 16岁, 9周岁, 2018年5月12日出生: the age and where it ends.
fn age_in(reading: &Reading<'_>, range: Range<usize>, as_of: Date) -> Option<(u32, usize)> {
    let mut at = range.start;
    while at < range.end {
        if reading.class(at).is(Class::DIGIT) {
            let end = (at..range.end.max(at)).find(|&i| !reading.class(i).is(Class::DIGIT)).unwrap_or(range.end);
            for word in ["岁", "周岁"] {
                if reading.starts_with(end, word) {
                    return Some((reading.text(at..end).parse().ok()?, end + word.chars().count()));
                }
            }
            if end - at == 4 && reading.char(end) == Some('年') {
                let until = range.end.min(end + BIRTH_CHARS);
                let birth = (end..until).find(|&i| reading.char(i) == Some('生'));
                let is_date = |born: &usize| reading.chars(end..*born).iter().all(|c| c.is_ascii_digit() || "年月日出".contains(*c));
                if let Some(born) = birth.filter(is_date) {
                    return Some((age_of(&reading.text(at..born), as_of)?, born + 1));
                }
            }
            at = end.max(at + 1);
        } else {
            at += 1;
        }
    }
    None
}

/// 现年8岁的普文华, 11岁男孩普文华: the age right before the name.
fn age_before(reading: &Reading<'_>, person: &Person) -> Option<(u32, usize)> {
    // 5岁男童江某 is hidden well enough.
    let words: &[&str] = if person.is_masked { &[] } else { &beside::CHILD_WORDS };
    let behind = person.range.start;
    let name = behind - words.iter().find(|word| reading.ends_with(behind, word)).map_or(0, |word| word.chars().count());
    let word = ["周岁的", "岁的", "岁"].iter().find(|w| reading.ends_with(name, w))?;
    let end = name - word.chars().count();
    let start = (end.saturating_sub(2)..end).rev().take_while(|&i| reading.class(i).is(Class::DIGIT)).last()?;
    Some((reading.text(start..end).parse().ok()?, behind))
}

/// The age in the same row of a table, under 年龄 or 出生年月.
fn age_in_row(reading: &Reading<'_>, name: usize, as_of: Date) -> Option<(u32, usize)> {
    let byte = *reading.folded.at.get(name)? as usize;
    let own = reading.passage.cell(byte)?;
    let first = reading.passage.cells.partition_point(|c| c.span.end <= byte);
    let same = |c: &&Cell| c.table == own.table && c.row == own.row;
    let cells = reading.passage.cells.get(first..)?.iter().take(ROW_CELLS_MAX).take_while(same);
    cells.filter(|c| c.header.is_some()).find_map(|cell| {
        let header = cell.header.as_ref()?;
        let title = reading.text(reading.folded.index_of_byte(header.start)..reading.folded.index_of_byte(header.end));
        let text = reading.text(reading.folded.index_of_byte(cell.span.start)..reading.folded.index_of_byte(cell.span.end));
        let text = text.trim().trim_end_matches(['岁', '周']);
        let age = if title.contains("年龄") {
            text.parse().ok()
        } else if title.contains("出生") {
            age_of(text, as_of)
        } else {
            None
        };
        age.map(|age| (age, reading.folded.index_of_byte(own.span.end)))
    })
}

/// The age in full years of who was born in 2018年5月, 2018-05 or 201805.
fn age_of(birth: &str, as_of: Date) -> Option<u32> {
    let year: i16 = birth.get(..4)?.parse().ok()?;
    let rest: String = birth.chars().skip(4).skip_while(|c| !c.is_ascii_digit()).take(2).take_while(char::is_ascii_digit).collect();
    let month: i8 = rest.parse().unwrap_or(1);
    let age = as_of.year() - year - i16::from(month > as_of.month());
    (1900..=as_of.year()).contains(&year).then_some(u32::try_from(age).unwrap_or(0))
}

fn extend_to_student(reading: &Reading<'_>, end: usize, until: usize) -> usize {
    for word in ["学生", "的学生", "在读学生", "就读"] {
        if reading.starts_with(end, word) && end + word.chars().count() <= until {
            return end + word.chars().count();
        }
    }
    end
}

/// Includes the closing bracket of a bracket opened inside the span.
fn close_bracket(reading: &Reading<'_>, start: usize, end: usize) -> usize {
    let depth = (start..end).fold(0i32, |d, i| match reading.char(i) {
        Some('(' | '（') => d + 1,
        Some(')' | '）') => d - 1,
        _ => d,
    });
    if depth > 0 && matches!(reading.char(end), Some(')' | '）')) { end + 1 } else { end }
}

/// Illness of a person: full name S3, masked name or relation S2; poverty through illness S2 with any name.
fn medical(personal: &Personal, scan: &Scan<'_>, index: usize, persons: &[Person], report: &mut Report) -> Vec<Range<usize>> {
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
        // 残疾证号: the number of a paper is no illness.
        if range.start < last_end || reading.starts_with(range.end, "号") {
            continue;
        }
        let sentence = reading.sentence(range.clone());
        // A name that holds a part of the illness is none.
        let apart = |p: &&Person| p.range.end <= range.start || p.range.start >= range.end;
        let Some(person) = persons_in(persons, sentence).filter(apart).min_by_key(|p| p.range.start.abs_diff(range.start)) else {
            continue;
        };
        // 感染者, 乙肝患者 are whoever has it.
        let is_bearer = ["者", "患者", "病人"].iter().any(|word| reading.starts_with(range.end, word));
        if !is_bearer && reading.straddled(scan.lexicon, range.start, range.end).is_some() {
            continue;
        }
        let is_poverty = scan.lexicon.lists_of(hit.pattern).meets(personal.poverty);
        let severity = if is_poverty || person.is_masked { Severity::S2 } else { Severity::S3 };
        last_end = range.end;
        if severity == Severity::S3 {
            severe.push(range.clone());
        }
        report.find(Found::new("PII.MEDICAL", severity, index, range, "personal/medical").because("name_masked", person.is_masked));
    }
    severe
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
