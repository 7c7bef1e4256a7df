//! Everyday words that tell of an event only in a frame: 坠入 with 河中, 外泄 with 氯气, 发热 with 23名幼儿 (DOMAIN §5.8, R-25).
//! Must not know codes, severities, times or guards.
//!
//! Such a word stands in the list of its kind of event and in those of its frames; each frame must find a word that it needs.

use super::Scan;
use super::occurrence::count_of_people;
use super::reading::Reading;
use crate::lexicon::{Lexicon, ListSet};
use crate::model::Problem;
use crate::text::fold::Class;
use std::ops::Range;

pub struct Frames {
    frames: [Frame; 8],
    /// 掉入, 滑落: said of things, too.
    drop: ListSet,
    symptom: ListSet,
    /// 出现, 先后, 送医: says that people fell ill.
    onset: ListSet,
    people: ListSet,
}

struct Frame {
    /// Words that need another one.
    words: ListSet,
    needs: ListSet,
    /// How far before and after the word the other one may stand, in characters.
    before: usize,
    after: usize,
}

/// How far before a symptom the count of the sick may stand, in characters: 20名工人误将亚硝酸盐当食盐食用，出现头晕.
const SICK_CHARS: usize = 40;
/// How far before an event those may stand that it befell, in characters: 3名小学生不慎溺水.
const BEFALLEN_CHARS: usize = 12;
/// What may stand between people and what befell them.
const BEFELL: [&str; 12] = ["", "不慎", "意外", "疑似", "疑", "先后", "相继", "集体", "突然", "因", "不幸", "误"];

impl Frames {
    pub fn new(lexicon: &Lexicon, problems: &mut Vec<Problem>) -> Self {
        let mut lists = lexicon.lists(problems);
        let mut frame = |words, needs: &[&str], before, after| Frame {
            words: lists.scanned(words),
            needs: needs.iter().fold(ListSet::default(), |all, list| all.and(lists.asked(list))),
            before,
            after,
        };
        Self {
            frames: [
                frame("evt_fall", &["evt_fall_place"], 0, 14),
                frame("evt_drop", &["evt_drop_victim", "evt_people"], 14, 0),
                frame("evt_leak", &["evt_leak_substance"], 8, 0),
                frame("evt_mistaken", &["evt_mistaken_as"], 0, 18),
                frame("evt_armed", &["evt_armed_deed"], 0, 24),
                frame("evt_ship", &["evt_ship_word"], 16, 0),
                frame("evt_rail", &["evt_rail_word"], 16, 0),
                frame("evt_break", &["evt_break_thing"], 12, 0),
            ],
            drop: lists.scanned("evt_drop"),
            symptom: lists.scanned("evt_symptom"),
            onset: lists.asked("evt_onset"),
            people: lists.asked("evt_people"),
        }
    }

    /// Whether the word, which stands in `lists`, is an everyday one without what makes an event of it.
    pub fn lack(&self, scan: &Scan<'_>, reading: &Reading<'_>, lists: ListSet, sentence: &Range<usize>, event: &Range<usize>) -> bool {
        if lists.meets(self.symptom) {
            return !self.are_sick(scan, reading, sentence, event);
        }
        self.frames.iter().filter(|frame| lists.meets(frame.words)).any(|frame| {
            let from = event.start.saturating_sub(frame.before).max(sentence.start);
            // 市民的手机掉进河里, 将钥匙掉入水沟: the thing falls, not whose it is.
            let thing = lists.meets(self.drop).then(|| fallen_thing(reading, from..event.start)).flatten();
            let from = thing.unwrap_or(from);
            let to = (event.end + frame.after).min(sentence.end);
            let holds = |range| reading.has_word(scan.lexicon, frame.needs, range);
            !holds(from..event.start) && !holds(event.end..to)
        })
    }

    /// 23名幼儿午餐后发热, 多名学生集体呕吐; not 一名游客发热, 120名发热患者.
    fn are_sick(&self, scan: &Scan<'_>, reading: &Reading<'_>, sentence: &Range<usize>, event: &Range<usize>) -> bool {
        let from = event.start.saturating_sub(SICK_CHARS).max(sentence.start);
        // One sick person is no event; `1` of `11` is more than one.
        let are_many = |unit: usize| {
            count_of_people(reading, unit).is_some_and(|start| start + 1 < unit || !matches!(reading.char(start), Some('1' | '一')))
        };
        let Some(people) = (from..event.start).rev().find(|&unit| are_many(unit) || reading.ends_with(unit, "部分学")) else {
            return false;
        };
        let told_to = (event.end + BEFALLEN_CHARS).min(sentence.end);
        reading.has_word(scan.lexicon, self.onset, people..event.start)
            || reading.has_word(scan.lexicon, self.onset, event.end..told_to)
            || self.befell(scan, reading, event.start)
    }

    /// 4口误食, 3名儿童不慎溺水, 5名工人触电: those whom the event befell stand right before it.
    pub fn befell(&self, scan: &Scan<'_>, reading: &Reading<'_>, event: usize) -> bool {
        let from = event.saturating_sub(BEFALLEN_CHARS);
        let is_near = |at: &usize| reading.class(*at).is(Class::HAN);
        let Some(unit) = (from..event).rev().take_while(is_near).find(|&at| count_of_people(reading, at).is_some()) else { return false };
        let people = reading.words_in(scan.lexicon, self.people, unit + 1..event).filter(|word| word.start as usize == unit + 1);
        // 5名落水儿童 are described by it; 5人落水 needs no other word.
        let is_whole = matches!(reading.char(unit), Some('人' | '口'));
        let Some(end) = people.map(|word| word.end as usize).max().or(is_whole.then_some(unit + 1)) else { return false };
        BEFELL.iter().any(|words| end + words.chars().count() == event && reading.starts_with(end, words))
    }
}

/// Where what falls begins behind its owner or behind 将, 把: 王女士的`钱包`; a person is no thing: 骑车的`张某`.
fn fallen_thing(reading: &Reading<'_>, before: Range<usize>) -> Option<usize> {
    let owner = before.clone().rev().find(|&at| matches!(reading.char(at), Some('的' | '将' | '把')))?;
    let thing = reading.chars(owner + 1..before.end);
    (!thing.is_empty() && !thing.iter().any(|c| matches!(c, ',' | '，' | '、' | '某' | '人' | '者'))).then_some(owner + 1)
}
