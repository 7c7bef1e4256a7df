//! Persons and what is said of them: names, illness, minors, addresses, tracks (DOMAIN §3.2, §3.5).
//! Must not know how names are recognised, nor queues.

use super::Scan;
use super::names::Person;
use super::personal::Personal;
use super::reading::Reading;
use super::report::{Found, Report};
use crate::model::{Severity, SuppressedReason};
use crate::text::class_bits::next_where;
use crate::text::fold::Class;
use regex::Regex;
use std::ops::Range;

/// …路85号44幢4单元1547室, …小区8栋2单元301, …花园3号楼, …路5号院2单元301室: at least two of number, building, room.
/// What every match holds is told by [`may_hold_room`].
const ROOM: &str = concat!(
    r"[\p{Han}0-9]{0,40}?[\p{Han}](?:[0-9]{1,5}号(?:院)?)?[\p{Han}]{0,10}?[a-z]?[0-9]{1,4}(?:-[0-9]{1,3})?(?:栋|幢|号楼|座)(?:[0-9a-z]{1,3}单元)?(?:[0-9]{1,2}(?:楼|层))?[0-9]{3,5}(?:室|号|房)?",
    r"|[\p{Han}0-9]{0,40}?(?:[0-9]{1,5}号|小区|花园|公寓|家园|苑|新村|大院|佳苑|华府)[0-9]{1,4}(?:栋|幢|号楼)(?:[0-9a-z]{1,3}单元)?",
    r"|[\p{Han}0-9]{0,40}?(?:路|街|道|巷|弄|村|组|大道|小区|花园|公寓|苑)[\p{Han}0-9]{0,12}?[0-9]{1,5}号(?:院)?(?:[0-9]{1,2}单元)?[0-9]{2,4}室",
    r"|[\p{Han}0-9]{0,40}?(?:路|街|道|巷|弄|村|组|大道|小区|花园|公寓|苑)[\p{Han}0-9]{0,12}?[0-9]{1,5}号(?:院)?[0-9]{1,2}单元[0-9]{2,4}(?:室|号)?"
);
/// 联珠镇曼兴村老寨组12号. Every match holds a sign of each of [`VILLAGE_SIGNS`].
const VILLAGE: &str =
    r"[\p{Han}]{2,12}?(?:乡|镇|街道)[\p{Han}]{1,14}?(?:村民委员会|村委会|村|社区)[\p{Han}0-9]{0,10}?(?:组|小组|寨|屯|队)(?:[0-9]{1,4}号)?";
const VILLAGE_SIGNS: [&[char]; 3] = [&['组', '寨', '屯', '队'], &['乡', '镇', '街'], &['村', '社']];

/// Patterns over a sentence of folded text.
pub struct Patterns {
    room: Option<Regex>,
    village: Option<Regex>,
    class: Option<Regex>,
}

impl Default for Patterns {
    fn default() -> Self {
        // Written here, tested here: a pattern that does not compile is a bug that the tests show.
        let compile = |pattern: &str| Regex::new(pattern).ok();
        Self {
            room: compile(ROOM),
            village: compile(VILLAGE),
            // 高二（3）班, 三年级2班, 初二4班, 小学六年级
            class: compile(
                r"(?:[小初高][一二三四五六1-6](?:年级)?|[一二三四五六七八九1-9]年级)[(（]?[0-9一二三四五六七八九十]{0,2}[)）]?班",
            ),
        }
    }
}

pub fn detect(personal: &Personal, patterns: &Patterns, scan: &Scan<'_>, index: usize, persons: &[Person], report: &mut Report) {
    let Some(reading) = scan.readings.get(index) else { return };
    let minors = minors(personal, patterns, scan, index, persons, report);
    let sick = medical(personal, scan, index, persons, report);
    addresses(personal, patterns, scan, index, persons, report);
    for person in persons.iter().filter(|p| !p.is_masked && !p.is_later_in_list) {
        let first = minors.partition_point(|m| m.end < person.range.end);
        if minors.iter().skip(first).take(NEIGHBOURS).any(|m| m.start <= person.range.start) {
            continue;
        }
        let sentence = reading.sentence(person.range.clone());
        let is_sick = sick.get(sick.partition_point(|s| s.start < sentence.start)).is_some_and(|s| s.start < sentence.end);
        let severity = if is_sick { Severity::S3 } else { Severity::S1 };
        let found = Found::new("PII.NAME", severity, index, person.range.clone(), "personal/name").because("why", person.why);
        if scan.is_message() {
            report.suppress(found, SuppressedReason::Context, "留言人自述，公开前由人工遮蔽");
        } else {
            report.find(found);
        }
    }
    track(personal, scan, index, persons, report);
}

/// What a building, a room, a staircase and the parts of a village end in.
const ADDRESS_SIGNS: [char; 10] = ['栋', '幢', '座', '室', '楼', '单', '组', '寨', '屯', '队'];
/// Most spans of minors that can end behind a person and begin before.
const NEIGHBOURS: usize = 8;

/// Persons that stand wholly inside the range; persons are in order of place.
pub fn persons_in(persons: &[Person], range: Range<usize>) -> impl Iterator<Item = &Person> {
    let first = persons.partition_point(|p| p.range.start < range.start);
    persons.iter().skip(first).take_while(move |p| p.range.start < range.end).filter(move |p| p.range.end <= range.end)
}

/// Minors who can be recognised: a name (even masked) with an age up to 17, or with school and class.
fn minors(
    personal: &Personal,
    patterns: &Patterns,
    scan: &Scan<'_>,
    index: usize,
    persons: &[Person],
    report: &mut Report,
) -> Vec<Range<usize>> {
    let Some(reading) = scan.readings.get(index) else { return Vec::new() };
    let mut spans: Vec<Range<usize>> = Vec::new();
    // Said of the whole text, so asked once, however many children stand in it.
    let is_prize = std::cell::LazyCell::new(|| {
        let whole = 0..reading.len();
        let harm = reading.has_word(scan.lexicon, personal.harm_to_minor, whole.clone())
            || scan.title().is_some_and(|t| t.has_word(scan.lexicon, personal.harm_to_minor, 0..t.len()));
        !harm && reading.has_word(scan.lexicon, personal.prize, whole)
    });
    for (i, person) in persons.iter().enumerate() {
        let sentence = reading.sentence(person.range.clone());
        let next = persons.get(i + 1).map_or(usize::MAX, |p| p.range.start);
        let until = sentence.end.min(person.range.end + 48).min(next);
        let after = person.range.end..until.max(person.range.end);
        let age = age_in(reading, after.clone()).filter(|(age, _)| *age <= 17);
        let text = reading.text(after.clone());
        let class = patterns.class.as_ref().and_then(|r| r.find(&text)).map(|m| {
            let chars = |bytes: usize| text.get(..bytes).map_or(0, |t| t.chars().count());
            after.start + chars(m.start())..after.start + chars(m.end())
        });
        let school = reading.words_in(scan.lexicon, personal.school, after.clone()).map(|h| h.end as usize).last();
        // 五年级1班的冯小宇: the class may stand before the name.
        let before = person.range.start.saturating_sub(16).max(sentence.start)..person.range.start;
        let class_before = patterns.class.as_ref().is_some_and(|r| {
            let text = reading.text(before.clone());
            r.find_iter(&text)
                .last()
                .is_some_and(|m| text.get(m.end()..).is_some_and(|rest| matches!(rest, "" | "的" | "学生" | "的学生" | "同学")))
        });
        // A child needs an age, or a class of a school: 某某小学 alone may be an adult's place of work.
        let end = match (&age, &class, school) {
            (Some((_, end)), class, school) => (*end).max(class.as_ref().map_or(0, |c| c.end)).max(school.unwrap_or(0)),
            (None, Some(class), _) => class.end,
            (None, None, _) if class_before => person.range.end,
            (None, None, _) => continue,
        };
        let end = extend_to_student(reading, end, until);
        let start = if class_before { before.start } else { person.range.start };
        let span = start..close_bracket(reading, person.range.start, end);
        let consent = scan.draft.declared.as_ref().and_then(|d| d.guardian_consent) == Some(true);
        let severity = match (*is_prize, consent) {
            (true, true) => Severity::S1,
            (true, false) => Severity::S2,
            _ => Severity::S3,
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

/// 16岁, 9周岁: the age and where it ends.
fn age_in(reading: &Reading<'_>, range: Range<usize>) -> Option<(u32, usize)> {
    let mut at = range.start;
    while at < range.end {
        if reading.class(at).is(Class::DIGIT) {
            let end = (at..range.end.max(at)).find(|&i| !reading.class(i).is(Class::DIGIT)).unwrap_or(range.end);
            for word in ["岁", "周岁"] {
                if reading.starts_with(end, word) {
                    return Some((reading.text(at..end).parse().ok()?, end + word.chars().count()));
                }
            }
            at = end.max(at + 1);
        } else {
            at += 1;
        }
    }
    None
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
    let mut last_end = 0;
    for hit in reading.words_in(scan.lexicon, both, 0..reading.len()) {
        let range = hit.start as usize..hit.end as usize;
        if range.start < last_end {
            continue;
        }
        let sentence = reading.sentence(range.clone());
        let Some(person) = persons_in(persons, sentence).min_by_key(|p| p.range.start.abs_diff(range.start)) else { continue };
        if reading.straddled(scan.lexicon, range.start, range.end).is_some() {
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

/// Home addresses: to the room S3, to the group of a village S2 beside a person.
fn addresses(personal: &Personal, patterns: &Patterns, scan: &Scan<'_>, index: usize, persons: &[Person], report: &mut Report) {
    let Some(reading) = scan.readings.get(index) else { return };
    let chars = reading.folded.chars.as_slice();
    let villages = reading.lists.meets(personal.address) || !persons.is_empty();
    let mut at = 0;
    while at < chars.len() {
        if !villages {
            // Only what follows a digit can be a building or a room: go from digit to digit.
            let Some(number) = reading.digits.next_run(at) else { return };
            at = number.end + usize::from(chars.get(number.end) == Some(&'号'));
        } else {
            let Some((sign, _)) = next_where(chars, at, |c| ADDRESS_SIGNS.iter().fold(false, |any, sign| any | (c == *sign))) else {
                return;
            };
            at = sign;
        }
        let is_trigger = match chars.get(at) {
            Some('栋' | '幢' | '座' | '室' | '楼' | '单') => {
                at > 0 && chars.get(at - 1).is_some_and(|c| c.is_ascii_digit() || *c == '号')
            }
            Some('组' | '寨' | '屯' | '队') => {
                villages && (!persons.is_empty() || reading.has_word(scan.lexicon, personal.address, reading.sentence(at..at + 1)))
            }
            _ => false,
        };
        if !is_trigger {
            at += 1;
            continue;
        }
        let clause = address_window(reading, at);
        // What every match must hold is looked for first: most windows have none of it.
        let window = reading.chars(clause.clone());
        let may_be_room = may_hold_room(window);
        let may_be_village = may_hold_village(window);
        let text = if may_be_room || may_be_village { reading.text(clause.clone()) } else { String::new() };
        let chars = |bytes: usize| text.get(..bytes).map_or(0, |t| t.chars().count());
        let room = patterns.room.as_ref().filter(|_| may_be_room).and_then(|r| r.find(&text));
        let village = patterns.village.as_ref().filter(|_| may_be_village && room.is_none()).and_then(|r| r.find(&text));
        let Some((found, is_room)) = room.map(|m| (m, true)).or(village.map(|m| (m, false))) else {
            at = clause.end.max(at + 1);
            continue;
        };
        let mut range = clause.start + chars(found.start())..clause.start + chars(found.end());
        range.start = after_lead(reading, scan, personal, range.clone());
        at = range.end.max(at + 1);
        let before = range.start.saturating_sub(16)..range.start;
        let home = reading.has_word(scan.lexicon, personal.address, reading.around(range.clone(), 12, 0));
        let sentence = reading.sentence(range.clone());
        let person = persons_in(persons, sentence).any(|p| !p.is_masked);
        let public = !home && reading.has_word(scan.lexicon, personal.office_place, before);
        let inside_public = !home && !person && reading.has_word(scan.lexicon, personal.office_place, range.clone());
        let found = |severity| {
            Found::new("PII.ADDRESS", severity, index, range.clone(), "personal/address").because("room", is_room).because("home", home)
        };
        if public || inside_public {
            report.suppress(found(Severity::S2), SuppressedReason::Context, "单位、场所或项目的地址");
        } else if is_room {
            report.find(found(if home || person || scan.is_message() { Severity::S3 } else { Severity::S2 }));
        } else if home && !scan.is_message() || person {
            report.find(found(if person { Severity::S3 } else { Severity::S2 }));
        }
    }
}

/// Whether the window holds what every match of [`VILLAGE`] does.
fn may_hold_village(window: &[char]) -> bool {
    VILLAGE_SIGNS.iter().all(|signs| window.iter().any(|c| signs.contains(c)))
}

/// Whether the window holds what every match of [`ROOM`] does: a building with a number before it that another
/// one follows or that stands in a place to live, a numbered room, or a staircase with its room. 14座绿色矿山 is none.
fn may_hold_room(window: &[char]) -> bool {
    let is_digit = |at: usize| window.get(at).is_some_and(char::is_ascii_digit);
    window.iter().enumerate().any(|(at, c)| {
        let follows_digit = at > 0 && is_digit(at - 1);
        let numbered = |end: usize| window.get(end).is_some_and(char::is_ascii_alphanumeric);
        match c {
            '栋' | '幢' => follows_digit && (numbered(at + 1) || is_of_estate(window, at)),
            '号' if window.get(at + 1) == Some(&'楼') => follows_digit && (numbered(at + 2) || is_of_estate(window, at)),
            '座' => follows_digit && numbered(at + 1),
            '室' => follows_digit,
            '单' => window.get(at + 1) == Some(&'元') && is_digit(at + 2),
            _ => false,
        }
    })
}

/// Whether the number before the building at `at` follows the name of a place to live: 阳光小区3栋, 人民路5号2栋.
fn is_of_estate(window: &[char], at: usize) -> bool {
    let before = window.get(..at).unwrap_or_default();
    let estate = before.iter().rposition(|c| !c.is_ascii_digit()).and_then(|end| before.get(end));
    matches!(estate, Some('号' | '区' | '园' | '寓' | '苑' | '村' | '院' | '府'))
}

/// The stretch of Han characters, digits and address signs around `at`.
fn address_window(reading: &Reading<'_>, at: usize) -> Range<usize> {
    let belongs = |i: usize| {
        reading.class(i).is(Class::HAN | Class::DIGIT | Class::LETTER)
            || matches!(reading.char(i), Some('-' | '(' | ')' | '（' | '）' | '#'))
    };
    let mut start = at;
    while start > 0 && at - start < 60 && belongs(start - 1) {
        start -= 1;
    }
    let mut end = at;
    while end < reading.len() && end - at < 40 && belongs(end) {
        end += 1;
    }
    start..end
}

/// Leaves the words that lead to an address (住址、家住、现住) out of its span.
fn after_lead(reading: &Reading<'_>, scan: &Scan<'_>, personal: &Personal, range: Range<usize>) -> usize {
    let mut start = range.start;
    for hit in reading.words_in(scan.lexicon, personal.address, range.clone()) {
        start = start.max(hit.end as usize);
    }
    while start < range.end && matches!(reading.char(start), Some('为' | '在' | '是' | '于')) {
        start += 1;
    }
    start.min(range.end.saturating_sub(1))
}

/// A dated chain of three places or more for one person (流调轨迹).
fn track(personal: &Personal, scan: &Scan<'_>, index: usize, persons: &[Person], report: &mut Report) {
    let Some(reading) = scan.readings.get(index) else { return };
    if !reading.lists.meets(personal.track) || !reading.lists.meets(personal.visit) {
        return;
    }
    let person_words = reading.lists.meets(personal.disease) || !persons.is_empty();
    for hit in reading.words_in(scan.lexicon, personal.track, 0..reading.len()).take(1) {
        let near = reading.around(hit.start as usize..hit.end as usize, 60, 300);
        let visits: Vec<_> = reading.words_in(scan.lexicon, personal.visit, near).collect();
        let (Some(first), Some(last)) = (visits.first(), visits.last()) else { continue };
        if visits.len() >= 3 && person_words {
            let range = hit.start.min(first.start) as usize..last.end as usize;
            report.find(Found::new("PII.TRACK", Severity::S3, index, range, "personal/track").because("places", visits.len() as i64));
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
        report.find(Found::new("PII.BIOMETRIC", Severity::S2, index, hit.start as usize..hit.end as usize, "personal/biometric"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::string::string_regex;

    #[test]
    fn every_pattern_compiles() {
        let patterns = Patterns::default();
        assert!(patterns.room.is_some() && patterns.village.is_some() && patterns.class.is_some());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn what_a_pattern_matches_is_never_passed_over(
            room in string_regex(ROOM).unwrap(),
            village in string_regex(VILLAGE).unwrap(),
            before in "[\\p{Han}0-9a-z]{0,6}",
            behind in "[\\p{Han}0-9a-z]{0,6}",
        ) {
            let window = |address: &str| format!("{before}{address}{behind}").chars().collect::<Vec<_>>();
            prop_assert!(may_hold_room(&window(&room)));
            prop_assert!(may_hold_village(&window(&village)));
            // Both are looked at around one of these.
            prop_assert!(room.contains(ADDRESS_SIGNS) && village.contains(ADDRESS_SIGNS));
        }
    }
}
