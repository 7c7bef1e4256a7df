//! Messages of the public and replies to them: hazards, threats to life, crime tips, rumours asked about, empty replies
//! (DOMAIN §2.6, R-46, R-47).
//! Must not know queues.
//!
//! What it finds: what must reach the competent unit at once, and replies that answer nothing.
//! Why it matters: 墨政办发〔2024〕37号 三(二).
//! Known false alarms: criticism is never a finding.

use super::Scan;
use super::reading::Reading;
use super::report::{Found, Place, Report};
use crate::lexicon::{Hit, Lexicon, ListSet};
use crate::model::Problem;
use crate::model::{Kind, Severity};
use crate::text::fold::Class;
use crate::text::passage::Role;
use std::ops::Range;

/// How near to each other a thing and what is wrong with it stand, in characters: 围墙歪了, 掉石头.
const HAZARD_CHARS: usize = 12;
/// How near before 不见了 stands who is lost, in characters: 孩子不见了, not 孩子的书包不见了.
const LOST_CHARS: usize = 3;
/// Shortest phrase that says itself, whatever words its ends may be part of, in characters: 从楼上跳下去.
const PHRASE_CHARS_MIN: usize = 3;
/// How near a word stands that makes a threat a way of speaking, or something of the past, in characters.
const SETTLED_CHARS: usize = 6;
/// How far behind an assurance its result or date may stand, in characters.
const RESULT_CHARS: usize = 40;

pub struct Comments {
    hazard_thing: ListSet,
    hazard_state: ListSet,
    hazard_settled: ListSet,
    life_settled: ListSet,
    complaint: ListSet,
    offers_itself: ListSet,
    hazard: ListSet,
    hazard_place: ListSet,
    hazard_urgent: ListSet,
    life_threat: ListSet,
    /// 孩子 and 不见了: who is lost, and the words for it.
    life_lost_who: ListSet,
    life_lost: ListSet,
    /// 都拉肚子, 见人就咬: needs no thing and no urgency beside it.
    hazard_sure: ListSet,
    tip: ListSet,
    tip_crime: ListSet,
    tip_drugs: ListSet,
    rumour_query: ListSet,
    rumour_hearsay: ListSet,
    rumour_event: ListSet,
    rumour_asks: ListSet,
    rumour_spread: ListSet,
    empty_reply: ListSet,
    empty_attention: ListSet,
    empty_wait: ListSet,
    concrete: ListSet,
    /// What a reply with substance names: a unit, a rule, a step.
    substance: ListSet,
}

/// What a message does with what it only heard, and the words that say so.
enum Rumour {
    Asked(Range<usize>),
    Spread(Range<usize>),
}

/// What follows 已 where a reply only says that it has read.
const RECEIPTS: [&str; 10] = ["知悉", "收悉", "获悉", "收到", "了解", "关注", "知晓", "阅", "记录", "登记"];

impl Comments {
    pub fn new(lexicon: &Lexicon, problems: &mut Vec<Problem>) -> Self {
        let mut lists = lexicon.lists(problems);
        Self {
            hazard_thing: lists.asked("hazard_thing"),
            hazard_state: lists.asked("hazard_state"),
            hazard_settled: lists.asked("hazard_settled"),
            life_settled: lists.asked("life_settled"),
            complaint: lists.asked("complaint"),
            offers_itself: lists.asked("offers_itself"),
            hazard: lists.asked("hazard"),
            hazard_place: lists.asked("hazard_place"),
            hazard_urgent: lists.asked("hazard_urgent"),
            life_threat: lists.scanned("life_threat"),
            life_lost_who: lists.asked("life_lost_who"),
            life_lost: lists.asked("life_lost"),
            hazard_sure: lists.asked("hazard_sure"),
            tip: lists.scanned("tip"),
            tip_crime: lists.scanned("tip_crime"),
            tip_drugs: lists.scanned("tip_drugs"),
            rumour_query: lists.scanned("rumour_query"),
            rumour_hearsay: lists.scanned("rumour_hearsay"),
            rumour_event: lists.asked("rumour_event"),
            rumour_asks: lists.asked("rumour_asks"),
            rumour_spread: lists.asked("rumour_spread"),
            empty_reply: lists.scanned("empty_reply"),
            empty_attention: lists.scanned("empty_attention"),
            empty_wait: lists.scanned("empty_wait"),
            concrete: lists.asked("concrete"),
            substance: lists.asked("reply_substance"),
        }
    }

    pub fn detect(&self, scan: &Scan<'_>, report: &mut Report) {
        match scan.draft.kind {
            Kind::Message => self.message(scan, report),
            Kind::Reply => self.reply(scan, report),
            _ => {}
        }
    }

    fn message(&self, scan: &Scan<'_>, report: &mut Report) {
        let (mut is_tip, mut is_complaint) = (false, false);
        for (index, reading) in scan.prose().filter(|(_, r)| matches!(r.passage.role, Role::Body | Role::Title)) {
            let whole = 0..reading.len();
            let has = |list| reading.has_word(scan.lexicon, list, 0..reading.len());
            let is_word = |r: &Range<usize>| r.len() >= PHRASE_CHARS_MIN || reading.straddled(scan.lexicon, r.start, r.end).is_none();
            let all = |list| reading.words_in(scan.lexicon, list, whole.clone()).map(|h| h.start as usize..h.end as usize);
            let first = |list| all(list).find(is_word);
            let rumour = self.rumour(scan, reading);
            // 听说水库要溃坝了，是真的吗: who asks or passes it on has seen nothing.
            let is_retold = |range: &Range<usize>| {
                let retelling = self.rumour_hearsay.and(self.rumour_query);
                rumour.is_some() && reading.has_word(scan.lexicon, retelling, reading.sentence(range.clone()))
            };
            let is_settled = |range: &Range<usize>| {
                reading.has_word(scan.lexicon, self.life_settled, reading.around(range.clone(), SETTLED_CHARS, SETTLED_CHARS))
            };
            let lost = all(self.life_lost).filter_map(|lost| {
                let before = lost.start.saturating_sub(LOST_CHARS)..lost.start;
                let who = reading.words_in(scan.lexicon, self.life_lost_who, before).next()?;
                Some(who.start as usize..lost.end)
            });
            let threat = all(self.life_threat).filter(is_word).chain(lost).find(|r| !is_settled(r) && !is_retold(r));
            if let Some(range) = threat {
                report.find(Found::new("EVT.LIFE_THREAT", Severity::S2, index, range, "comments/life_threat"));
            }
            let listed = || if has(self.hazard_place) || has(self.hazard_urgent) { first(self.hazard) } else { None };
            if !has(self.hazard_settled)
                && let Some(range) = listed()
                    .or_else(|| self.broken_thing(scan, reading))
                    .or_else(|| all(self.hazard_sure).next())
                    .filter(|range| !is_retold(range))
            {
                report.find(Found::new("EVT.HAZARD_REPORT", Severity::S2, index, range, "comments/hazard"));
            }
            match rumour {
                Some(Rumour::Asked(range)) => {
                    report.find(Found::new("EVT.RUMOUR_QUERY", Severity::S1, index, range, "comments/rumour_query"));
                }
                Some(Rumour::Spread(range)) => {
                    report.find(Found::new("EVT.RUMOUR_TONE", Severity::S2, index, range, "comments/rumour_tone"));
                }
                None => {}
            }
            // An advertisement that says 有人 is no tip.
            let sells =
                report.found.iter().any(|f| (f.code.starts_with("AD.") || f.code.starts_with("LINK.")) && f.severity >= Severity::S2);
            is_complaint |= !sells && has(self.complaint) && !has(self.offers_itself);
            if has(self.tip) && !sells {
                // 有人种大麻 straddles 人种; a tip is not worth losing for it.
                let any = |list| reading.words_in(scan.lexicon, list, 0..reading.len()).map(|h| h.start as usize..h.end as usize).next();
                if let Some(range) = any(self.tip_drugs) {
                    report.find(Found::new("ILL.DRUGS_TIP", Severity::S2, index, range, "comments/drugs_tip"));
                    is_tip = true;
                } else if let Some(range) = any(self.tip_crime) {
                    report.find(Found::new("ILL.TIP", Severity::S2, index, range, "comments/tip"));
                    is_tip = true;
                }
            }
        }
        if is_tip || is_complaint {
            // Whoever reports a crime, or asks what can be done about it, names it.
            for found in report
                .found
                .iter_mut()
                .filter(|f| f.code.starts_with("ILL.") && !f.code.ends_with("TIP") && matches!(f.place, Place::At { .. }))
                // Abuse is excused by no question.
                .filter(|f| is_tip || f.code != "ILL.DISCRIMINATION")
            {
                found.severity = Severity::S0;
                found.evidence.insert("guard", if is_tip { "举报线索" } else { "群众反映或咨询" });
            }
        }
    }

    /// Hearsay that is asked about, or passed on for others to spread.
    fn rumour(&self, scan: &Scan<'_>, reading: &Reading<'_>) -> Option<Rumour> {
        let first = |list| reading.words_in(scan.lexicon, list, 0..reading.len()).map(|h| h.start as usize..h.end as usize).next();
        let hearsay = first(self.rumour_hearsay);
        let has_event = || reading.has_word(scan.lexicon, self.rumour_event, 0..reading.len());
        if let Some(asked) = first(self.rumour_query)
            && (hearsay.is_some() || has_event())
        {
            return Some(Rumour::Asked(asked));
        }
        if let Some(spread) = first(self.rumour_spread)
            && has_event()
        {
            return Some(Rumour::Spread(spread));
        }
        // 听说爆炸了，有没有人受伤: not 听说可以网上办，请问怎么办.
        let hearsay = hearsay?;
        let rest = hearsay.end..reading.sentence(hearsay.clone()).end;
        let asks =
            reading.char(rest.end).is_some_and(|c| matches!(c, '？' | '?')) || reading.has_word(scan.lexicon, self.rumour_asks, rest);
        (asks && has_event()).then_some(Rumour::Asked(hearsay))
    }

    /// Something of public use and what is wrong with it: 电线杆快要倒了, 大坝渗水.
    fn broken_thing(&self, scan: &Scan<'_>, reading: &Reading<'_>) -> Option<Range<usize>> {
        reading.words_in(scan.lexicon, self.hazard_state, 0..reading.len()).find_map(|state| {
            let state = state.start as usize..state.end as usize;
            let near = reading.around(state.clone(), HAZARD_CHARS, HAZARD_CHARS / 2);
            let clause = reading.sentence(state.clone());
            let near = near.start.max(clause.start)..near.end.min(clause.end.max(near.start));
            let thing = reading.words_in(scan.lexicon, self.hazard_thing, near).next()?;
            Some(state.start.min(thing.start as usize)..state.end.max(thing.end as usize))
        })
    }

    fn reply(&self, scan: &Scan<'_>, report: &mut Report) {
        let Some((index, body)) = scan.body() else { return };
        // A reply names who dealt with it, what came of it or when, or whom to call; one with none of it is empty.
        // 已知悉, 已收到: that it was read is no result.
        let is_receipt = |word: Hit| RECEIPTS.iter().any(|receipt| body.starts_with(word.end as usize, receipt));
        let is_concrete = body.classes.is(Class::DIGIT)
            || body.has_word(scan.lexicon, self.substance, 0..body.len())
            || body.words_in(scan.lexicon, self.concrete, 0..body.len()).any(|word| !is_receipt(word))
            || scan.draft.links.as_ref().is_some_and(|l| !l.is_empty());
        let listed = body.lists.meets(self.empty_reply.and(self.empty_attention).and(self.empty_wait));
        if !is_concrete && !listed && !body.is_empty() {
            let end = body.sentence(0..1).end.max(1).min(body.len());
            report.find(
                Found::new("OPS.EMPTY_REPLY", Severity::S1, index, 0..end, "comments/no_substance")
                    .saying("答复没有写明办理单位、结果或下一步时间、联系方式"),
            );
        }
        // A result, or the date of the next step, or whom to call.
        let has_result =
            |after: Range<usize>| body.has_word(scan.lexicon, self.concrete, after.clone()) || body.digits.first_in(after).is_some();
        let has_next_step = body.has_word(scan.lexicon, self.concrete, 0..body.len()) && body.classes.is(Class::DIGIT);
        let mut empty: Vec<(Range<usize>, &'static str)> = Vec::new();
        for hit in body.words_in(scan.lexicon, self.empty_reply.and(self.empty_attention).and(self.empty_wait), 0..body.len()) {
            let phrase = hit.start as usize..hit.end as usize;
            let lists = scan.lexicon.lists_of(hit.pattern);
            let rule = if lists.meets(self.empty_reply) { "comments/empty_reply" } else { "comments/empty_attention" };
            let is_excused = !lists.meets(self.empty_reply)
                && (has_result(phrase.end..(phrase.end + RESULT_CHARS).min(body.len())) || lists.meets(self.empty_wait) && has_next_step);
            match empty.last_mut() {
                _ if is_excused => {}
                // 暂无法答复 is one phrase, not 暂无法 and 无法答复.
                Some((last, last_rule)) if phrase.start < last.end => {
                    if phrase.len() > last.len() {
                        (*last, *last_rule) = (phrase, rule);
                    }
                }
                _ => empty.push((phrase, rule)),
            }
        }
        for (phrase, rule) in empty {
            report.find(Found::new("OPS.EMPTY_REPLY", Severity::S1, index, phrase, rule));
        }
    }
}
