//! Where one person went: a dated chain of places (流调轨迹, DOMAIN §3.2).
//! Must not know addresses, how names are recognised, nor queues.

use super::names::Person;
use super::people::persons_in;
use super::personal::Personal;
use super::reading::Reading;
use super::report::{Found, Report};
use super::{Scan, beside};
use crate::model::Severity;
use crate::text::class_bits::ClassBits;
use crate::text::fold::Class;
use std::ops::Range;

/// How far around the word that tells of a track its stations are looked for, in characters.
const TRACK_CHARS: (usize, usize) = (60, 300);
/// Fewest places of a track.
const PLACES_MIN: usize = 3;
/// Characters that end a station.
const STATION_ENDS: [char; 8] = ['，', ',', '。', '；', ';', '、', '\n', '.'];
/// Verbs before a place.
const GOES: [&[char]; 18] = [
    &['到'],
    &['在'],
    &['乘'],
    &['入', '住'],
    &['前', '往'],
    &['抵', '达'],
    &['途', '经'],
    &['返', '回'],
    &['去', '往'],
    &['至'],
    &['就', '诊'],
    &['就', '餐'],
    &['购', '物'],
    &['驾', '车'],
    &['步', '行'],
    &['去'],
    &['进', '入'],
    &['离', '开'],
];
/// What these begin with.
const GOES_BEGIN: [char; GOES.len()] = {
    let mut begin = ['\0'; GOES.len()];
    let mut verb = 0;
    while verb < GOES.len() {
        begin[verb] = GOES[verb][0];
        verb += 1;
    }
    begin
};
/// What the names of places end in where no verb leads to them: 11月10日 示例超市.
const PLACE_ENDS: &str = "店院站场市园馆楼城区校镇村乡县厅所室吧厂库港寨局家";
/// Longest day or hour that ends a stretch of its own, in characters: 11月10日9时许.
const DAY_CHARS: usize = 10;
/// How far behind a word for one of the sick that of their way stands, in characters: 患者行动轨迹.
const CASE_CHARS: usize = 6;
/// Longest name that hides the given one, in characters.
const MASKED_CHARS: usize = 3;

/// A dated chain of three places or more for one person (流调轨迹). Timetables have no person, leaders' ways their verbs.
pub fn detect(personal: &Personal, scan: &Scan<'_>, index: usize, persons: &[Person], report: &mut Report) {
    let Some(reading) = scan.readings.get(index).filter(|r| r.classes.is(Class::DIGIT)) else { return };
    // Under the title 流调信息 the persons themselves are where a track begins.
    let is_titled = || scan.title().is_some_and(|title| title.lists.meets(personal.track));
    let titled = if !persons.is_empty() && is_titled() { persons } else { &[] };
    if titled.is_empty() && !reading.lists.meets(personal.track) && !is_titled() {
        return;
    }
    // 先进事迹, 调研: what the title says holds for the whole text.
    let is_public =
        |title: &Reading<'_>| !title.lists.meets(personal.track) && title.has_word(scan.lexicon, personal.track_not, 0..title.len());
    if scan.title().is_some_and(is_public) {
        return;
    }
    let words = reading.words_in(scan.lexicon, personal.track, 0..reading.len()).map(|hit| hit.start as usize..hit.end as usize);
    let mut starts: Vec<Range<usize>> = words.chain(titled.iter().map(|p| p.range.clone())).collect();
    // 关于1例输入性病例活动轨迹的通告: the title says whose way it is.
    let is_of_title = scan.title().is_some_and(|title| {
        title.holds_one(0..title.len(), &[&['轨', '迹']]) && title.holds_one(0..title.len(), &[&['例'], &['感', '染', '者'], &['某']])
    });
    if is_of_title && scan.body().is_some_and(|(body, _)| body == index) {
        starts.push(0..0);
    }
    starts.sort_by_key(|start| start.start);
    let mut done = 0;
    for word in starts {
        if word.start < done {
            continue;
        }
        let near = reading.around(word.clone(), TRACK_CHARS.0, TRACK_CHARS.1);
        let near = near.start.max(done)..near.end;
        done = near.end.min(word.end + TRACK_CHARS.1 / 2);
        let Some((places, range)) = stations(reading, near.clone()) else { continue };
        let ahead = near.start..range.start + TRACK_CHARS.0 / 3;
        // 病例1, 张某, 女，35岁
        let somebody = word.is_empty()
            || persons_in(persons, ahead.clone()).any(|p| !beside::is_post(reading, p.range.start))
            || tells_sex_or_age(reading, ahead.clone())
            || reading.words_in(scan.lexicon, personal.track, ahead).any(|hit| is_of_case(personal, scan, reading, hit.end as usize));
        if somebody && !reading.has_word(scan.lexicon, personal.track_not, near.start..range.end) {
            let range = word.start.min(range.start)..range.end;
            done = range.end;
            report.find(Found::new("PII.TRACK", Severity::S3, index, range, "personal/track").because("places", places as i64));
        }
    }
}

/// Whether the word that ends at `end` is one of the sick: 病例1, not 病例3例; 病例活动轨迹.
fn is_of_case(personal: &Personal, scan: &Scan<'_>, reading: &Reading<'_>, end: usize) -> bool {
    if !reading.char(end.saturating_sub(1)).is_some_and(|c| matches!(c, '例' | '者' | '接')) {
        return false;
    }
    // 患者玉某
    if reading.chars(end..end + MASKED_CHARS).contains(&'某') {
        return true;
    }
    let digits = (end..end + 3).take_while(|&i| reading.class(i).is(Class::DIGIT)).count();
    let is_numbered = digits > 0 && !matches!(reading.char(end + digits), Some('例' | '名' | '人'));
    let is_way = |hit: crate::lexicon::Hit| matches!(reading.char(hit.end as usize - 1), Some('迹' | '程'));
    is_numbered || reading.words_in(scan.lexicon, personal.track, end..end + CASE_CHARS).any(is_way)
}

/// Stretches with a time and a place, if there are enough of them, and where they stand.
fn stations(reading: &Reading<'_>, near: Range<usize>) -> Option<(usize, Range<usize>)> {
    let (mut places, mut timed, mut span) = (0, 0, None::<Range<usize>>);
    let mut told_time = None;
    let (mut begins, mut ends) = (ClassBits::default(), ClassBits::default());
    begins.mark_among(reading.chars(near.clone()), &GOES_BEGIN);
    ends.mark_among(reading.chars(near.clone()), &STATION_ENDS);
    let first_in =
        |bits: &ClassBits, range: Range<usize>| bits.first_in(range.start - near.start..range.end - near.start).map(|at| at + near.start);
    let mut start = near.start;
    while start < near.end {
        let end = first_in(&ends, start..near.end).unwrap_or(near.end);
        let mut from = start;
        let goes = |at: usize| GOES.iter().any(|verb| reading.chars(at..end).starts_with(verb));
        let verb = std::iter::from_fn(|| {
            let at = first_in(&begins, from..end)?;
            from = at + 1;
            Some(at)
        })
        .find(|&at| goes(at));
        let place = || {
            let last = (start..end).rev().find(|&i| !matches!(reading.char(i), Some(')' | '）' | ' ')))?;
            let is_place = reading.char(last).is_some_and(|c| PLACE_ENDS.contains(c)) || reading.ends_with(last + 1, "ktv");
            is_place.then_some(last)
        };
        if let Some(place) = verb.filter(|verb| end > verb + 2).or_else(place) {
            let time = (start..place).find(|&i| {
                let clock =
                    reading.class(i).is(Class::DIGIT) && matches!(reading.char(i + 1), Some('时' | '日' | '月' | '点' | '号' | ':' | '：'));
                clock || ["上午", "中午", "下午", "晚", "凌晨", "早"].iter().any(|word| reading.starts_with(i, word))
            });
            let time = time.or(told_time.take());
            if time.is_some() || places > 0 {
                places += 1;
                timed += usize::from(time.is_some());
                let first = span.as_ref().map_or(start.min(time.unwrap_or(start)), |s| s.start);
                span = Some(first..end);
            }
        } else {
            // 11月10日，示例超市: the day stands alone before its place.
            let digit = (end.saturating_sub(DAY_CHARS).max(start)..end).find(|&i| reading.class(i).is(Class::DIGIT));
            let ends_day = end > start && matches!(reading.char(end - 1), Some('日' | '时' | '分' | '许' | '点'));
            told_time = digit.filter(|_| ends_day);
        }
        start = end + 1;
    }
    span.filter(|_| places >= PLACES_MIN && timed + 1 >= PLACES_MIN).map(|span| (places, span))
}

/// `，女，`, `35岁`.
fn tells_sex_or_age(reading: &Reading<'_>, range: Range<usize>) -> bool {
    range.clone().any(|i| match reading.char(i) {
        // 刀女士, 李先生
        Some('女') if reading.char(i + 1) == Some('士') => true,
        Some('先') => reading.char(i + 1) == Some('生'),
        Some('男' | '女') => !reading.class(i + 1).is(Class::HAN),
        Some('岁') => i > range.start && reading.class(i - 1).is(Class::DIGIT),
        _ => false,
    })
}
