//! Messages of the public and replies to them: hazards, threats to life, crime tips, rumours asked about, empty replies
//! (DOMAIN §2.6, R-46, R-47).
//! Must not know queues.
//!
//! What it finds: what must reach the competent unit at once, and replies that answer nothing.
//! Why it matters: 墨政办发〔2024〕37号 三(二).
//! Known false alarms: criticism is never a finding.

use super::Scan;
use super::report::{Found, Place, Report};
use crate::lexicon::{Lexicon, ListSet};
use crate::model::Problem;
use crate::model::{Kind, Severity};
use crate::text::fold::Class;
use crate::text::passage::Role;

pub struct Comments {
    hazard: ListSet,
    hazard_place: ListSet,
    hazard_urgent: ListSet,
    life_threat: ListSet,
    tip: ListSet,
    tip_crime: ListSet,
    tip_drugs: ListSet,
    rumour_query: ListSet,
    rumour_hearsay: ListSet,
    empty_reply: ListSet,
    empty_attention: ListSet,
    concrete: ListSet,
    /// What a reply with substance names: a unit, a rule, a step.
    substance: ListSet,
}

impl Comments {
    pub fn new(lexicon: &Lexicon, problems: &mut Vec<Problem>) -> Self {
        let mut lists = lexicon.lists(problems);
        Self {
            hazard: lists.asked("hazard"),
            hazard_place: lists.asked("hazard_place"),
            hazard_urgent: lists.asked("hazard_urgent"),
            life_threat: lists.scanned("life_threat"),
            tip: lists.scanned("tip"),
            tip_crime: lists.scanned("tip_crime"),
            tip_drugs: lists.scanned("tip_drugs"),
            rumour_query: lists.scanned("rumour_query"),
            rumour_hearsay: lists.scanned("rumour_hearsay"),
            empty_reply: lists.scanned("empty_reply"),
            empty_attention: lists.scanned("empty_attention"),
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
        let mut is_tip = false;
        for (index, reading) in scan.prose().filter(|(_, r)| matches!(r.passage.role, Role::Body | Role::Title)) {
            let whole = 0..reading.len();
            let has = |list| reading.has_word(scan.lexicon, list, 0..reading.len());
            let first = |list| {
                reading
                    .words_in(scan.lexicon, list, whole.clone())
                    .map(|h| h.start as usize..h.end as usize)
                    .find(|r| reading.straddled(scan.lexicon, r.start, r.end).is_none())
            };
            if let Some(range) = first(self.life_threat) {
                report.find(Found::new("EVT.LIFE_THREAT", Severity::S2, index, range, "comments/life_threat"));
            }
            if (has(self.hazard_place) || has(self.hazard_urgent))
                && let Some(range) = first(self.hazard)
            {
                report.find(Found::new("EVT.HAZARD_REPORT", Severity::S2, index, range, "comments/hazard"));
            }
            if has(self.rumour_query)
                && has(self.rumour_hearsay)
                && let Some(range) = first(self.rumour_query)
            {
                report.find(Found::new("EVT.RUMOUR_QUERY", Severity::S1, index, range, "comments/rumour_query"));
            }
            // An advertisement that says 有人 is no tip.
            let sells =
                report.found.iter().any(|f| (f.code.starts_with("AD.") || f.code.starts_with("LINK.")) && f.severity >= Severity::S2);
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
        if is_tip {
            // Whoever reports a crime names it.
            for found in report
                .found
                .iter_mut()
                .filter(|f| f.code.starts_with("ILL.") && !f.code.ends_with("TIP") && matches!(f.place, Place::At { .. }))
            {
                found.severity = Severity::S0;
                found.evidence.insert("guard", "举报线索");
            }
        }
    }

    fn reply(&self, scan: &Scan<'_>, report: &mut Report) {
        let Some((index, body)) = scan.body() else { return };
        // A reply names who dealt with it, what came of it or when, or whom to call; one with none of it is empty.
        let is_concrete = body.classes.is(Class::DIGIT)
            || body.has_word(scan.lexicon, self.concrete.and(self.substance), 0..body.len())
            || scan.draft.links.as_ref().is_some_and(|l| !l.is_empty());
        let listed = body.lists.meets(self.empty_reply.and(self.empty_attention));
        if !is_concrete && !listed && !body.is_empty() {
            let end = body.sentence(0..1).end.max(1).min(body.len());
            report.find(
                Found::new("OPS.EMPTY_REPLY", Severity::S1, index, 0..end, "comments/no_substance")
                    .saying("答复没有写明办理单位、结果或下一步时间、联系方式"),
            );
        }
        for hit in body.words_in(scan.lexicon, self.empty_reply, 0..body.len()) {
            report.find(Found::new("OPS.EMPTY_REPLY", Severity::S1, index, hit.start as usize..hit.end as usize, "comments/empty_reply"));
        }
        for hit in body.words_in(scan.lexicon, self.empty_attention, 0..body.len()) {
            let after = hit.end as usize..(hit.end as usize + 40).min(body.len());
            if !body.has_word(scan.lexicon, self.concrete, after.clone()) && !body.text(after).contains('已') {
                report.find(Found::new(
                    "OPS.EMPTY_REPLY",
                    Severity::S1,
                    index,
                    hit.start as usize..hit.end as usize,
                    "comments/empty_attention",
                ));
            }
        }
    }
}
