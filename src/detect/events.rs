//! Events that need a leader's sign-off: disasters, casualties, epidemics, safety, mass incidents, schools, crime
//! (DOMAIN §5.8, R-25).
//! Must not know levels or queues.
//!
//! What it finds: an event word together with a time of occurrence or an effect, in one sentence.
//! Why it matters: 墨政办发〔2024〕37号 二(四): 严禁未经审核或授权擅自发布.
//! Example: 11月22日3时许，……发生山体滑坡，造成2人失联 → EVT.DISASTER, EVT.CASUALTY.
//! Known false alarms: prevention, planning, drills and warnings by template; drills in the title come out as S0.

use super::Scan;
use super::reading::Reading;
use super::report::{Found, Place, Report};
use crate::lexicon::{Lexicon, ListSet};
use crate::model::Problem;
use crate::model::{Severity, SuppressedReason};
use crate::text::fold::{Class, digit_value};
use crate::text::passage::Role;
use std::ops::Range;

pub struct Events {
    kinds: [(&'static str, ListSet); 6],
    mass: ListSet,
    opinion: ListSet,
    casualty: ListSet,
    time: ListSet,
    effect: ListSet,
    guard: ListSet,
    guard_mass: ListSet,
    drill_title: ListSet,
    signal: ListSet,
    advice: ListSet,
    rumour_tone: ListSet,
}

impl Events {
    pub fn new(lexicon: &Lexicon, problems: &mut Vec<Problem>) -> Self {
        let mut list = |name| lexicon.list(name, problems);
        Self {
            kinds: [
                ("EVT.DISASTER", list("evt_disaster")),
                ("EVT.EPIDEMIC", list("evt_epidemic")),
                ("EVT.SCHOOL", list("evt_school")),
                ("EVT.JUDICIAL", list("evt_judicial")),
                ("EVT.PUBLIC_SAFETY", list("evt_safety")),
                ("EVT.MASS_INCIDENT", list("evt_mass")),
            ],
            mass: list("evt_mass"),
            opinion: list("evt_opinion"),
            casualty: list("evt_casualty"),
            time: list("evt_time"),
            effect: list("evt_effect"),
            guard: list("evt_guard"),
            guard_mass: list("evt_guard_mass"),
            drill_title: list("drill_title"),
            signal: list("warning_signal"),
            advice: list("warning_advice"),
            rumour_tone: list("rumour_tone"),
        }
    }

    pub fn detect(&self, scan: &Scan<'_>, report: &mut Report) {
        if scan.is_message() {
            return;
        }
        let is_drill = scan.title().is_some_and(|t| t.has_word(scan.lexicon, self.drill_title, 0..t.len()));
        let is_template = self.is_template(scan);
        let mut found: Vec<Found> = Vec::new();
        for (index, reading) in
            scan.prose().filter(|(_, r)| matches!(r.passage.role, Role::Title | Role::Subtitle | Role::Body | Role::Hidden))
        {
            for (code, list) in self.kinds {
                if reading.lists.meets(list) {
                    self.events(scan, index, code, list, is_drill, is_template, &mut found, report);
                }
            }
            if reading.lists.meets(self.casualty) {
                self.casualties(scan, index, is_drill, is_template, &mut found, report);
            }
        }
        self.opinion_in_title(scan, is_drill, &mut found);
        self.rumour(scan, &mut found);
        // The body tells the event; the title repeats it.
        let in_body: Vec<String> = found.iter().filter(|f| is_body(scan, f)).map(|f| f.code.to_string()).collect();
        for event in found {
            if is_body(scan, &event) || !in_body.contains(&event.code.to_string()) {
                report.find(event);
            }
        }
    }

    /// An authorised template, or the form of a weather warning signal with advice.
    fn is_template(&self, scan: &Scan<'_>) -> Option<&'static str> {
        if scan.draft.declared.as_ref().is_some_and(|d| d.template.is_some()) {
            return Some("声明使用授权模板");
        }
        let (_, body) = scan.body()?;
        let signal = body.lists.meets(self.signal) || scan.title().is_some_and(|t| t.lists.meets(self.signal));
        (signal && body.lists.meets(self.advice)).then_some("预警信号的规定格式")
    }

    #[allow(clippy::too_many_arguments)]
    fn events(
        &self,
        scan: &Scan<'_>,
        index: usize,
        code: &'static str,
        list: ListSet,
        is_drill: bool,
        is_template: Option<&'static str>,
        found: &mut Vec<Found>,
        report: &mut Report,
    ) {
        let Some(reading) = scan.readings.get(index) else { return };
        let mut reported = 0;
        let mut suppressed = 0;
        let mut covered = 0;
        for hit in reading.words_in(scan.lexicon, list, 0..reading.len()) {
            let range = hit.start as usize..hit.end as usize;
            if range.start < covered {
                continue;
            }
            // 山体滑坡 over 滑坡: hits are sorted by start; the longest at a place wins.
            let longest = reading
                .words_in(scan.lexicon, list, range.start..range.end + 4)
                .filter(|h| h.start == hit.start)
                .map(|h| h.end as usize)
                .max()
                .unwrap_or(range.end);
            let range = range.start..longest;
            let sentence = reading.sentence(range.clone());
            let timed = has_date(reading, sentence.clone()) || reading.has_word(scan.lexicon, self.time, sentence.clone());
            let effect = reading.has_word(scan.lexicon, self.effect, sentence.clone());
            let guards = if list == self.mass { self.guard_mass } else { self.guard };
            let guard = reading
                .words_in(scan.lexicon, guards, sentence.clone())
                .find(|h| h.end as usize <= range.start || h.start as usize >= range.end);
            // Asked last, since it costs most.
            if (timed || effect || is_template.is_some()) && reading.straddled(scan.lexicon, hit.start as usize, hit.end as usize).is_some()
            {
                continue;
            }
            covered = range.end;
            let occurred = ["发生", "突发", "引发"].iter().any(|w| reading.ends_with(range.start, w));
            let event =
                Found::new(code, Severity::S2, index, range.clone(), rule_of(code)).because("time", timed).because("effect", effect);
            if let Some(template) = is_template {
                if suppressed < 1 {
                    report.suppress(event, SuppressedReason::Guard, template);
                    suppressed += 1;
                }
                continue;
            }
            if !timed && !effect {
                continue;
            }
            if let Some(guard) = guard.filter(|_| !(occurred && timed && effect)) {
                if suppressed < 3 {
                    report.suppress(
                        event,
                        SuppressedReason::Guard,
                        format!("同句有“{}”", reading.text(guard.start as usize..guard.end as usize)),
                    );
                    suppressed += 1;
                }
                continue;
            }
            if reported == 0 {
                let severity = if is_drill { Severity::S0 } else { Severity::S2 };
                found.push(Found { severity, ..event });
                reported += 1;
            }
        }
    }

    /// 2人失联, 致6人死亡, 一死一伤.
    fn casualties(
        &self,
        scan: &Scan<'_>,
        index: usize,
        is_drill: bool,
        is_template: Option<&'static str>,
        found: &mut Vec<Found>,
        report: &mut Report,
    ) {
        let Some(reading) = scan.readings.get(index) else { return };
        let mut covered = 0;
        for hit in reading.words_in(scan.lexicon, self.casualty, 0..reading.len()) {
            let end = hit.end as usize;
            let Some(start) = counted_before(reading, hit.start as usize) else { continue };
            if start < covered {
                continue;
            }
            let range = start..end;
            covered = end;
            let sentence = reading.sentence(range.clone());
            let event = Found::new("EVT.CASUALTY", Severity::S2, index, range.clone(), "events/casualty");
            if is_template.is_some() {
                continue;
            }
            let timed = has_date(reading, sentence.clone()) || reading.has_word(scan.lexicon, self.time, sentence.clone());
            let effect = ["造成", "致", "导致", "已致"].iter().any(|w| reading.text(sentence.clone()).contains(w));
            if !timed && !effect && reading.passage.role != Role::Title {
                continue;
            }
            let guard = reading.words_in(scan.lexicon, self.guard, sentence.clone()).next();
            if let Some(guard) = guard.filter(|_| !(timed && effect)) {
                report.suppress(
                    event,
                    SuppressedReason::Guard,
                    format!("同句有“{}”", reading.text(guard.start as usize..guard.end as usize)),
                );
                continue;
            }
            let severity = if is_drill { Severity::S0 } else { Severity::S2 };
            found.push(Found { severity, ..event });
        }
    }

    fn opinion_in_title(&self, scan: &Scan<'_>, is_drill: bool, found: &mut Vec<Found>) {
        for (index, reading) in scan.prose().filter(|(_, r)| r.passage.role == Role::Title) {
            if let Some(hit) = reading.words_in(scan.lexicon, self.opinion, 0..reading.len()).next().filter(|_| !is_drill) {
                found.push(Found::new("EVT.OPINION", Severity::S2, index, hit.start as usize..hit.end as usize, "events/opinion"));
            }
        }
    }

    /// Hearsay about an event: the event itself then weighs S3.
    fn rumour(&self, scan: &Scan<'_>, found: &mut Vec<Found>) {
        if !found.iter().any(|f| f.severity >= Severity::S2 && f.code != "EVT.OPINION") {
            return;
        }
        let mut tones = Vec::new();
        for (index, reading) in scan.prose().filter(|(_, r)| matches!(r.passage.role, Role::Title | Role::Body)) {
            if let Some(hit) = reading.words_in(scan.lexicon, self.rumour_tone, 0..reading.len()).next() {
                tones.push(Found::new("EVT.RUMOUR_TONE", Severity::S2, index, hit.start as usize..hit.end as usize, "events/rumour_tone"));
            }
        }
        if !tones.is_empty() {
            for event in found.iter_mut().filter(|f| f.severity == Severity::S2 && f.code != "EVT.OPINION") {
                event.severity = Severity::S3;
                event.evidence.insert("unverified".into(), true.into());
            }
            found.extend(tones.into_iter().take(1));
        }
    }
}

fn rule_of(code: &'static str) -> &'static str {
    match code {
        "EVT.DISASTER" => "events/disaster",
        "EVT.EPIDEMIC" => "events/epidemic",
        "EVT.SCHOOL" => "events/school",
        "EVT.JUDICIAL" => "events/judicial",
        "EVT.PUBLIC_SAFETY" => "events/public_safety",
        _ => "events/mass_incident",
    }
}

fn is_body(scan: &Scan<'_>, found: &Found) -> bool {
    match &found.place {
        Place::At { reading, .. } => scan.readings.get(*reading).is_some_and(|r| r.passage.role == Role::Body),
        Place::Absent => false,
    }
}

/// 11月22日, 22日3时, 7:30.
fn has_date(reading: &Reading<'_>, range: Range<usize>) -> bool {
    range.clone().any(|at| {
        let digit = |i: usize| reading.class(i).is(Class::DIGIT);
        at > range.start
            && digit(at - 1)
            && (matches!(reading.char(at), Some('日' | '时' | '号' | '点')) || reading.char(at) == Some(':') && digit(at + 1))
    })
}

/// Where the count before a casualty word begins: `2人`失联, `3名群众`受伤, `致6人`死亡.
fn counted_before(reading: &Reading<'_>, at: usize) -> Option<usize> {
    let is_count =
        |i: usize| reading.char(i).is_some_and(|c| digit_value(c).is_some() || matches!(c, '十' | '百' | '千' | '两' | '余' | '多' | '数'));
    let mut place = at;
    // Over up to six characters between the unit and the word: 名群众, 人因伤.
    for _ in 0..7 {
        place = place.checked_sub(1)?;
        let c = reading.char(place)?;
        if matches!(c, '人' | '名') && place > 0 && is_count(place - 1) {
            let mut start = place;
            while start > 0 && is_count(start - 1) {
                start -= 1;
            }
            return Some(start);
        }
        if !reading.class(place).is(Class::HAN) {
            return None;
        }
    }
    None
}
