//! Minors who can be recognised: by age, by school and class, by what the text calls them (DOMAIN §3.2, PII.MINOR).
//! Must not know how names are recognised, nor queues.

use super::names::{self, Demand, NameLists, Person};
use super::occurrence::is_of_old;
use super::people::Patterns;
use super::personal::Personal;
use super::reading::Reading;
use super::report::{Found, Report};
use super::{Scan, beside, plain_words};
use crate::lexicon::Lexicon;
use crate::model::Severity;
use crate::text::fold::Class;
use crate::text::passage::Cell;
use jiff::civil::Date;
use std::ops::Range;

/// Longest word that calls somebody a child, in characters: 未成年犯罪嫌疑人.
const CALLED_CHARS: usize = 8;
/// Longest rest of a date of birth behind its year, in characters: 年11月12日出生.
const BIRTH_CHARS: usize = 9;
/// Most cells of a row that are looked through.
const ROW_CELLS_MAX: usize = 24;

/// What tells that a child is called by such a word right before its name: 女童张语桐.
const CALLED: &str = "紧邻儿童称谓";
/// How far around a name its age, school and class are looked for, in characters.
const CHILD_CHARS: (usize, usize) = (24, 48);
/// Words of grown-ups at a school.
const GROWN_UP: [&[char]; 6] = [&['教', '师'], &['老', '师'], &['任', '教'], &['毕', '业'], &['大', '学'], &['校', '长']];
/// Headers of columns that tell a pupil's school or class, and those that tell where somebody works or goes.
const SCHOOL_COLUMNS: [&[char]; 4] = [&['学', '校'], &['就', '读'], &['年', '级'], &['班', '级']];
const NO_SCHOOL_COLUMNS: [&[char]; 6] = [&['毕', '业'], &['招', '聘'], &['录', '取'], &['单', '位'], &['院', '校'], &['高', '校']];
/// How much of a title is looked at for each row, in characters.
const TITLE_CHARS: usize = 60;
/// Words of lists of those who teach or are hired.
const STAFF: [&[char]; 7] = [&['教', '师'], &['老', '师'], &['教', '职'], &['录', '用'], &['聘'], &['岗'], &['职', '务']];

/// The child whose name follows the word at `role`: 女童张语桐, 患儿王梓涵. Its age, school or illness stands beside.
pub fn of_role(reading: &Reading<'_>, lexicon: &Lexicon, role: &Range<usize>, lists: &NameLists) -> Option<Person> {
    let at = role.end + usize::from(matches!(reading.char(role.end), Some('：' | ':' | '“' | '叫')));
    let name = at..named_child(reading, lexicon, at, lists)?;
    let near = near_child(reading, &name);
    let is_patient = || {
        let is_called = ["患儿", "同学"].iter().any(|word| reading.ends_with(role.end, word));
        is_called && reading.has_word(lexicon, lists.illness, near.clone())
    };
    // 男孩陈子墨（7岁…）, 14岁少年刘浩然, 9岁的小男孩…
    let age_before = || [0, 1, 2].iter().filter_map(|gap| role.start.checked_sub(1 + gap)).find(|&at| reading.char(at) == Some('岁'));
    let age = || {
        age_near(reading, lexicon, lists, name.end..near.end)
            .or_else(|| age_before().and_then(|at| age_ending_at(reading, at)).filter(|age| *age <= names::CHILD_AGE_MAX))
    };
    (is_pupil(reading, lexicon, lists, near.clone()) || age().is_some() || is_patient()).then(|| beside::person(name, CALLED))
}

/// The end of the name at `at`, of which every character is one of given names.
pub fn named_child(reading: &Reading<'_>, lexicon: &Lexicon, at: usize, lists: &NameLists) -> Option<usize> {
    let given = at + lexicon.tables.surname_len(reading.chars(at..at + 2))?;
    let end = names::name_at(reading, lexicon, at, lists, Demand::Likely)?;
    // 6岁的张弓岭小学: the name of a school.
    let is_school = || reading.words_in(lexicon, lists.school, end..end + 4).any(|word| word.start as usize == end);
    (plain_words::is_given(reading, lexicon, given..end) && beside::is_child(reading, at..end) && !is_school()).then_some(end)
}

fn near_child(reading: &Reading<'_>, name: &Range<usize>) -> Range<usize> {
    let sentence = reading.sentence(name.clone());
    let near = reading.around(name.clone(), CHILD_CHARS.0, CHILD_CHARS.1);
    near.start.max(sentence.start)..near.end.min(sentence.end)
}

/// The first age of a child in the range.
fn age_near(reading: &Reading<'_>, lexicon: &Lexicon, lists: &NameLists, range: Range<usize>) -> Option<u32> {
    let ends = reading.words_in(lexicon, lists.sign, range).map(|word| word.start as usize).filter(|&at| reading.char(at) == Some('岁'));
    ends.filter_map(|at| age_ending_at(reading, at)).find(|age| *age <= names::CHILD_AGE_MAX)
}

/// The number of years before 岁 at `end`.
fn age_ending_at(reading: &Reading<'_>, end: usize) -> Option<u32> {
    let start = (end.saturating_sub(2)..end).rev().take_while(|&i| reading.class(i).is(Class::DIGIT)).last()?;
    reading.text(start..end).parse().ok()
}

/// Whether a school or a class is told there, and nobody who teaches.
pub fn is_pupil(reading: &Reading<'_>, lexicon: &Lexicon, lists: &NameLists, range: Range<usize>) -> bool {
    // 上班, 值班
    let is_class = |word: crate::lexicon::Hit| reading.char(word.start as usize) != Some('班');
    (reading.has_word(lexicon, lists.school, range.clone()) || reading.words_in(lexicon, lists.class_sign, range.clone()).any(is_class))
        && !reading.holds_one(range, &GROWN_UP)
}

/// Where the word begins that calls the person a child: 留守儿童白小雨 beside a school or class, 未成年犯罪嫌疑人李小天 anywhere.
fn called_before(reading: &Reading<'_>, lexicon: &Lexicon, person: &Person, lists: &NameLists) -> Option<usize> {
    let start = person.range.start;
    let words = || reading.words_in(lexicon, lists.child_role, start.saturating_sub(CALLED_CHARS)..start);
    let is_minor_at = (start.saturating_sub(CALLED_CHARS)..start).find(|&at| reading.starts_with(at, "未成年"));
    if let Some(at) = is_minor_at.filter(|_| !person.is_masked) {
        let is_one = (at..start).all(|i| reading.class(i).is(Class::HAN));
        return is_one.then_some(at);
    }
    // 同学, 小朋友 may be anybody's; 留守儿童 and 孤儿 are the child itself.
    let is_the_child =
        |word: crate::lexicon::Hit| word.end as usize == start && (word.end > word.start + 3 || reading.ends_with(start, "孤儿"));
    let is_called = person.why == CALLED || words().any(is_the_child);
    if !is_called || !is_pupil(reading, lexicon, lists, near_child(reading, &person.range)) {
        return None;
    }
    Some(words().map(|word| word.start as usize).min().unwrap_or(start))
}

/// Whether the row of a list of aided pupils tells the school of the person at `name`.
fn is_in_school_list(personal: &Personal, scan: &Scan<'_>, reading: &Reading<'_>, name: usize) -> bool {
    let byte = reading.folded.at.get(name).map_or(0, |at| *at as usize);
    let Some(own) = reading.passage.cell(byte) else { return false };
    let first = reading.passage.cells.partition_point(|c| c.span.end <= byte);
    let chars = |bytes: &Range<usize>| reading.folded.index_of_byte(bytes.start)..reading.folded.index_of_byte(bytes.end);
    let row = reading.passage.cells.get(first..).unwrap_or_default().iter().take(ROW_CELLS_MAX);
    let row = || row.clone().take_while(|c| (c.table, c.row) == (own.table, own.row));
    let tells_school = |cell: &Cell| {
        let Some(header) = cell.header.as_ref().map(chars) else { return false };
        reading.holds_one(header.clone(), &SCHOOL_COLUMNS)
            && !reading.holds_one(header, &NO_SCHOOL_COLUMNS)
            && reading.has_word(scan.lexicon, personal.school.and(personal.class_sign), chars(&cell.span))
    };
    let is_staff = || {
        let in_title = scan.title().is_some_and(|title| title.holds_one(0..title.len().min(TITLE_CHARS), &STAFF));
        in_title || row().any(|cell| cell.header.as_ref().is_some_and(|header| reading.holds_one(chars(header), &STAFF)))
    };
    row().any(tells_school) && !is_staff()
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
    is_aid: bool,
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
            is_aid: told(personal.aid_to_minor),
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
pub fn minors(
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
        // 1949年，区长段某收养了一个5岁的孤儿: grown up since.
        if is_of_old(reading, sentence.start..person.range.start, scan.as_of) {
            continue;
        }
        let next = persons.get(i + 1).map_or(usize::MAX, |p| p.range.start);
        let until = sentence.end.min(person.range.end + 48).min(next);
        let after = person.range.end..until.max(person.range.end);
        let age = age_in(reading, after.clone(), scan.as_of)
            .or_else(|| age_before(reading, person))
            .or_else(|| age_in_row(reading, person.range.start, scan.as_of));
        let is_child = age.is_none_or(|(age, _)| age <= names::CHILD_AGE_MAX);
        let age = age.filter(|_| is_child);
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
            .or_else(|| beside::pupil_before(reading, person.range.start))
            .or_else(|| called_before(reading, scan.lexicon, person, &personal.names).filter(|_| is_child))
            .or_else(|| {
                let is_listed = class.is_none() && occasion.is_aid && is_in_school_list(personal, scan, reading, person.range.start);
                (!person.is_masked && is_child && is_listed).then_some(person.range.start)
            });
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
