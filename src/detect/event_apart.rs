//! Events of other places, of statistics and of lessons, and those that are only to be prevented (DOMAIN §5.8).
//! Must not know codes, severities, titles or which words are events.

use super::Scan;
use super::event_context::Told;
use super::occurrence::{clause_end, clause_start, is_count};
use super::reading::Reading;
use crate::lexicon::ListSet;
use crate::lexicon::compile::Lists;
use std::ops::Range;

pub struct Apart {
    /// 汲取, 引以为戒: what is learned from events.
    lesson_drawn: ListSet,
    /// 外省, 多地, 有的地方: no place of this account.
    elsewhere: ListSet,
    /// 防止, 严防: what they govern is not to happen.
    prevented: ListSet,
    /// 年以来, 上半年: what makes a count a statistic.
    period: ListSet,
}

/// How far before an event it may say that it was elsewhere or that it is to be prevented, in characters.
const BEFORE_CHARS: usize = 40;
/// How far behind an event its count and the lesson drawn from it may stand, in characters: 火灾事故`138起`.
const COUNT_CHARS: usize = 6;
const LESSON_CHARS: usize = 24;
/// How far before a count its period may stand, in characters: 今年1至10月.
const PERIOD_CHARS: usize = 80;
/// From so many digits on a count of events is a statistic without a period, too: 126起.
const STATISTIC_DIGITS: usize = 2;
/// What is said of something that happened some time.
const ONCE: [&[char]; 3] = [&['生', '过'], &['现', '过'], &['遇', '过']];
/// What makes the event itself the thing that is to be prevented: 防止…引发群体性事件; not 防汛不力.
const HAPPENING: [&[char]; 5] = [&['发', '生'], &['引', '发'], &['造', '成'], &['导', '致'], &['出', '现']];

impl Apart {
    pub fn new(lists: &mut Lists<'_>) -> Self {
        Self {
            lesson_drawn: lists.asked("evt_lesson_drawn"),
            elsewhere: lists.asked("evt_elsewhere"),
            prevented: lists.asked("evt_prevented"),
            period: lists.asked("evt_period"),
        }
    }

    /// Why an event is none of the place and day of the draft, if so. `named_day`: a day stands in a range;
    /// `has_effect`: it says what came of it.
    pub fn why(
        &self,
        scan: &Scan<'_>,
        reading: &Reading<'_>,
        told: &Told<'_>,
        named_day: impl Fn(Range<usize>) -> bool,
        has_effect: bool,
    ) -> Option<&'static str> {
        let &Told { sentence, event, .. } = told;
        let has = |list, range| reading.has_word(scan.lexicon, list, range);
        let before = event.start.saturating_sub(BEFORE_CHARS).max(sentence.start)..event.start;
        let clause = clause_start(reading, sentence, event).max(before.start)..event.start;
        if self.is_statistic(scan, reading, told, &named_day) {
            return Some("是一段时间的统计");
        }
        if self.is_prevented(scan, reading, clause.clone()) {
            return Some("是要防止的事，没有发生");
        }
        let behind = event.end..(event.end + LESSON_CHARS).min(sentence.end);
        let is_lesson = has(self.lesson_drawn, clause) && reading.holds_one(behind.clone(), &[&['教', '训'], &['为', '戒'], &['为', '鉴']]);
        if is_lesson {
            return Some("是吸取教训，不是通报事件");
        }
        if reading.holds_one(event.start.saturating_sub(ONCE_CHARS).max(sentence.start)..event.start, &ONCE)
            && !named_day(sentence.start..event.start)
        {
            return Some("是曾经发生过的事");
        }
        let is_elsewhere = reading
            .words_in(scan.lexicon, self.elsewhere, before)
            // 多地震感强烈; 外省车辆 in the county.
            .any(|word| (word.end as usize) < event.start && !is_of_thing(reading, word.end as usize));
        (is_elsewhere && (!has_effect || has(self.lesson_drawn, behind)) && !named_day(sentence.clone())).then_some("是外地的事")
    }

    /// 今年1至10月发生火灾138起, 火灾126起: counted up, no news of one.
    fn is_statistic(&self, scan: &Scan<'_>, reading: &Reading<'_>, told: &Told<'_>, named_day: &impl Fn(Range<usize>) -> bool) -> bool {
        let &Told { sentence, event, .. } = told;
        let end = clause_end(reading, sentence, event).min(event.end + COUNT_CHARS);
        let Some(number) = reading.digits.first_in(event.end..end) else { return false };
        let unit = reading.digits.run_end(number);
        let is_counted = matches!(reading.char(unit), Some('起' | '次' | '宗'));
        let is_many = || unit - number >= STATISTIC_DIGITS && !named_day(sentence.clone());
        // Terror is news in any number.
        let is_terror = reading.holds_one(event.clone(), &[&['恐'], &['袭']]);
        let before = event.start.saturating_sub(PERIOD_CHARS).max(sentence.start)..event.start;
        is_counted
            && !is_terror
            && (is_many() || reading.has_word(scan.lexicon, self.period, before.clone()) || has_span_of_months(reading, before))
    }

    /// 严防因欠薪引发集体讨薪: the happening itself is to be prevented.
    fn is_prevented(&self, scan: &Scan<'_>, reading: &Reading<'_>, clause: Range<usize>) -> bool {
        reading.words_in(scan.lexicon, self.prevented, clause.clone()).any(|word| {
            let (start, end) = (word.start as usize, word.end as usize);
            let failed = ["未能", "未", "没有", "不力", "难以", "无法", "未有效"].iter().any(|no| reading.ends_with(start, no));
            !failed && reading.holds_one(end..clause.end, &HAPPENING)
        })
    }
}

/// How far before an event 发生过 may stand, in characters.
const ONCE_CHARS: usize = 12;

/// 外省车辆, 外地游客: somebody from elsewhere.
fn is_of_thing(reading: &Reading<'_>, end: usize) -> bool {
    ["车", "货车", "籍", "游客", "人员", "牌照", "司机", "务工", "男子", "女子", "来"].iter().any(|thing| reading.starts_with(end, thing))
        || (0..4).any(|far| is_count(reading, end) && reading.starts_with(end + far, "辆"))
}

/// 1至10月, 1月—10月.
fn has_span_of_months(reading: &Reading<'_>, range: Range<usize>) -> bool {
    let mut at = range.start;
    while let Some(number) = reading.digits.first_in(at..range.end) {
        at = reading.digits.run_end(number);
        let joins = number.checked_sub(1).and_then(|before| reading.char(before));
        if reading.char(at) == Some('月') && matches!(joins, Some('至' | '到' | '-' | '—' | '–' | '~' | '～')) {
            return true;
        }
    }
    false
}
