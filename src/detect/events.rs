//! Events that need a leader's sign-off: disasters, casualties, epidemics, safety, mass incidents, schools, crime
//! (DOMAIN §5.8, R-25).
//! Must not know levels or queues.
//!
//! What it finds: an event word together with a time of occurrence or an effect, in one sentence.
//! Why it matters: 墨政办发〔2024〕37号 二(四): 严禁未经审核或授权擅自发布.
//! Example: 11月22日3时许，……发生山体滑坡，造成2人失联 → EVT.DISASTER, EVT.CASUALTY.
//! Known false alarms: prevention, planning, drills and warnings by template; drills in the title come out as S0.

use super::Scan;
use super::event_frames::Frames;
use super::occurrence::{
    ONE_OF_THEM, clause_end, clause_start, counted_after, counted_before, has_date, is_count, is_history, is_rule, is_said, is_threshold,
    is_titled, is_told, sentence_of,
};
use super::reading::Reading;
use super::report::{Found, Place, Report};
use crate::lexicon::{Hit, Lexicon, ListSet};
use crate::model::Problem;
use crate::model::{Severity, SuppressedReason};
use crate::text::fold::Class;
use crate::text::passage::Role;
use std::ops::Range;

pub struct Events {
    kinds: [(&'static str, ListSet); 6],
    mass: ListSet,
    opinion: ListSet,
    casualty: ListSet,
    /// 死一伤、死两伤 …: announces a count of dead and hurt.
    dead_hurt: ListSet,
    time: ListSet,
    effect: ListSet,
    guard: ListSet,
    /// Words that also stand in reports of what happened: they guard only where time or effect is missing.
    guard_weak: ListSet,
    guard_mass: ListSet,
    /// Words that teach, prevent or tell old stories: what they govern did not happen now.
    governing: ListSet,
    /// Events that happened only where the sentence says so: 火灾`报警器` is a thing.
    noun: ListSet,
    /// What makes the event word the first part of a name: 滑坡`监测点`, 溺水`警示牌`.
    compound: ListSet,
    /// 局, 中心, 指挥部: a guard before one is a part of a name.
    organ: ListSet,
    /// Everyday words (聚集) that are an incident only with a grievance.
    mass_everyday: ListSet,
    grievance: ListSet,
    /// 民国, 明代.
    era: ListSet,
    /// 昨日, 日电: what stands in news only.
    news: ListSet,
    /// Casualties that need nothing else beside their count.
    casualty_grave: ListSet,
    drill_title: ListSet,
    /// Everyday words and what they need beside them.
    frames: Frames,
    signal: ListSet,
    advice: ListSet,
    rumour_tone: ListSet,
}

impl Events {
    pub fn new(lexicon: &Lexicon, problems: &mut Vec<Problem>) -> Self {
        let frames = Frames::new(lexicon, problems);
        let mut lists = lexicon.lists(problems);
        Self {
            kinds: [
                ("EVT.DISASTER", lists.scanned("evt_disaster")),
                ("EVT.EPIDEMIC", lists.scanned("evt_epidemic")),
                ("EVT.SCHOOL", lists.scanned("evt_school")),
                ("EVT.JUDICIAL", lists.scanned("evt_judicial")),
                ("EVT.PUBLIC_SAFETY", lists.scanned("evt_safety")),
                ("EVT.MASS_INCIDENT", lists.scanned("evt_mass")),
            ],
            mass: lists.scanned("evt_mass"),
            opinion: lists.scanned("evt_opinion"),
            casualty: lists.scanned("evt_casualty"),
            dead_hurt: lists.scanned("evt_dead_hurt"),
            time: lists.asked("evt_time"),
            effect: lists.asked("evt_effect"),
            guard: lists.asked("evt_guard"),
            guard_weak: lists.asked("evt_guard_weak"),
            guard_mass: lists.asked("evt_guard_mass"),
            governing: lists.asked("evt_governing"),
            noun: lists.asked("evt_noun"),
            compound: lists.asked("evt_compound"),
            organ: lists.asked("evt_organ"),
            mass_everyday: lists.scanned("evt_mass_everyday"),
            grievance: lists.asked("evt_grievance"),
            era: lists.asked("evt_era"),
            news: lists.asked("evt_news"),
            casualty_grave: lists.asked("evt_casualty_grave"),
            drill_title: lists.asked("drill_title"),
            frames,
            signal: lists.scanned("warning_signal"),
            advice: lists.scanned("warning_advice"),
            rumour_tone: lists.scanned("rumour_tone"),
        }
    }

    pub fn detect(&self, scan: &Scan<'_>, report: &mut Report) {
        if scan.is_message() {
            return;
        }
        let is_drill = scan.title().is_some_and(|t| {
            // 启动一级预案 is said of what happened.
            let is_response = || t.holds_one(0..t.len(), &[&['启', '动'], &['响', '应']]);
            t.words_in(scan.lexicon, self.drill_title, 0..t.len()).any(|h| !(is_plan(t, h.start as usize..h.end as usize) && is_response()))
        });
        let is_template = self.is_template(scan);
        let mut found: Vec<Found> = Vec::new();
        for (index, reading) in scan.written().filter(|(_, r)| {
            matches!(r.passage.role, Role::Title | Role::Subtitle | Role::Body | Role::Hidden | Role::BodyAlt | Role::ImageAlt)
        }) {
            for &(code, list) in &self.kinds {
                if reading.lists.meets(list) {
                    self.events(scan, index, code, list, is_drill, is_template, &mut found, report);
                }
            }
            if reading.lists.meets(self.casualty) {
                self.casualties(scan, index, is_drill, is_template, &mut found, report);
            }
        }
        // The draft told of the dead and hurt in one word: 一死一伤.
        if is_template.is_none() {
            for (index, _) in scan.written().filter(|(_, r)| matches!(r.passage.role, Role::Title) || r.lists.meets(self.dead_hurt)) {
                self.dead_and_hurt(scan, index, is_drill, &mut found);
            }
        }
        self.opinion_in_title(scan, is_drill, &mut found);
        if found.is_empty() {
            return;
        }
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
        // A warning tells of what may come; 2人失联 tells of what came.
        (signal && body.lists.meets(self.advice) && !self.tells_of_victims(scan, body)).then_some("预警信号的规定格式")
    }

    /// Whether a text counts dead or missing.
    fn tells_of_victims(&self, scan: &Scan<'_>, reading: &Reading<'_>) -> bool {
        reading.words_in(scan.lexicon, self.casualty, 0..reading.len()).any(|word| {
            let range = word.start as usize..word.end as usize;
            counted_before(reading, range.start).is_some() && reading.has_word(scan.lexicon, self.casualty_grave, range)
        })
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
        let suppressed_max = if is_template.is_some() { 1 } else { SUPPRESSED_MAX };
        let mut covered = 0;
        let mut signs: Option<Signs> = None;
        for hit in reading.words_in(scan.lexicon, list, 0..reading.len()) {
            let range = hit.start as usize..hit.end as usize;
            if range.start < covered {
                continue;
            }
            if suppressed >= suppressed_max && (reported > 0 || is_template.is_some()) {
                return;
            }
            // 山体滑坡 over 滑坡: hits are sorted by start; the longest at a place wins.
            let longest = reading
                .words_in(scan.lexicon, list, range.start..range.end + 4)
                .filter(|h| h.start == hit.start)
                .map(|h| h.end as usize)
                .max()
                .unwrap_or(range.end);
            let range = range.start..longest;
            let sentence = sentence_of(reading, range.clone());
            // Many events stand in one sentence; what it says is asked once.
            let known = signs.take().filter(|known| known.sentence == sentence);
            let Signs { timed, has_effect, .. } = *signs.insert(known.unwrap_or_else(|| self.signs(scan, reading, sentence.clone())));
            let told = is_told(reading, sentence.clone(), &range) || self.frames.befell(scan, reading, range.start);
            let effect =
                has_effect || told && (reading.passage.role == Role::Title || reading.holds_one(sentence.start..range.start, &ONE_OF_THEM));
            let guards = if list == self.mass { self.guard_mass } else { self.guard };
            // Asked last, since it costs most.
            if !timed && !effect && is_template.is_none() || self.frames.lack(scan, reading, &sentence, &range) {
                continue;
            }
            if reading.straddled(scan.lexicon, hit.start as usize, hit.end as usize).is_some() {
                continue;
            }
            covered = range.end;
            if let Some(why) = self.told_of_nothing_new(scan, reading, list, &sentence, &range, effect, told)
                && is_template.is_none()
                && !is_drill
            {
                if suppressed < suppressed_max {
                    let event = Found::new(code, Severity::S2, index, range.clone(), rule_of(code));
                    report.suppress(event, SuppressedReason::Context, why);
                    suppressed += 1;
                }
                continue;
            }
            let guarded = if told && timed {
                clause_start(reading, &sentence, &range)..clause_end(reading, &sentence, &range)
            } else if timed {
                sentence.start..clause_end(reading, &sentence, &range)
            } else {
                sentence.clone()
            };
            let guard = self.guard_beside(scan, reading, guards, &guarded, &range, timed && (effect || told));
            let occurred = told;
            let event =
                Found::new(code, Severity::S2, index, range.clone(), rule_of(code)).because("time", timed).because("effect", effect);
            if let Some(template) = is_template {
                report.suppress(event, SuppressedReason::Guard, template);
                suppressed += 1;
                continue;
            }
            // In a drill or a lesson the words stay as a hint (DOMAIN §5.8).
            if let Some(guard) = guard.filter(|_| !(is_drill || occurred && timed && effect)) {
                if suppressed < suppressed_max {
                    report.suppress(event, SuppressedReason::Guard, format!("同句有“{}”", reading.text(guard)));
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

    /// Time and effect told anywhere in a sentence.
    fn signs(&self, scan: &Scan<'_>, reading: &Reading<'_>, sentence: Range<usize>) -> Signs {
        let timed = has_date(reading, sentence.clone()) || reading.has_word(scan.lexicon, self.time, sentence.clone());
        // 地震所造成的 explains something else; 消防救援大队 is a name.
        let is_name = |end: usize| ["大队", "支队", "总队", "站"].iter().any(|organ| reading.starts_with(end, organ));
        let has_effect = reading
            .words_in(scan.lexicon, self.effect, sentence.clone())
            .any(|h| !reading.ends_with(h.start as usize, "所") && !is_name(h.end as usize));
        Signs { sentence, timed, has_effect }
    }

    /// Why an event word beside a date or an effect tells nothing that happened now, if so.
    #[allow(clippy::too_many_arguments)]
    fn told_of_nothing_new(
        &self,
        scan: &Scan<'_>,
        reading: &Reading<'_>,
        list: ListSet,
        sentence: &Range<usize>,
        event: &Range<usize>,
        effect: bool,
        told: bool,
    ) -> Option<&'static str> {
        if is_titled(reading, sentence, event) {
            return Some("在书名号或引号内，是名称");
        }
        if self.is_history(scan, reading, sentence.start..event.start) {
            return Some("日期在一年以前，是历史");
        }
        if is_rule(reading, sentence, event) {
            return Some("是法规条文，不是已发生的事");
        }
        if list == self.mass
            && reading.words_in(scan.lexicon, self.mass_everyday, event.clone()).next().is_some()
            && !reading.has_word(scan.lexicon, self.grievance, sentence.clone())
        {
            return Some("同句没有诉求或纠纷");
        }
        // 滑坡体 is a name; 火灾区域的群众已疏散 tells of a fire.
        let chars_min = if told || effect { 2 } else { 1 };
        if self.is_compound(scan, reading, list, event.end, chars_min) || !told && reading.ends_with(event.start, "防") {
            return Some("是名称的一部分");
        }
        if told {
            return None;
        }
        let must_be_said = |word: &Hit| (word.start as usize, word.end as usize) == (event.start, event.end);
        if !effect
            && !is_said(reading, event.end)
            && reading.words_in(scan.lexicon, self.noun, event.clone()).any(|word| must_be_said(&word))
        {
            return Some("只是修饰后面的词，没有说发生");
        }
        let clause = clause_start(reading, sentence, event).max(event.start.saturating_sub(GOVERNED_CHARS))..event.start;
        let is_governed =
            || reading.words_in(scan.lexicon, self.governing, clause).any(|word| !self.is_of_organ(scan, reading, word.end as usize));
        (!effect && is_governed()).then_some("前面是讲授、防范或记述的用语")
    }

    /// 1976年7月28日, 民国三十一年五月: long ago, and no news of today beside it.
    fn is_history(&self, scan: &Scan<'_>, reading: &Reading<'_>, before: Range<usize>) -> bool {
        (is_history(reading, before.clone(), scan.as_of) || reading.has_word(scan.lexicon, self.era, before.clone()))
            && !reading.has_word(scan.lexicon, self.news, reading.paragraph(before))
    }

    /// 滑坡监测点, 滑坡、泥石流灾害的可能性: what follows the event word makes a name of it.
    fn is_compound(&self, scan: &Scan<'_>, reading: &Reading<'_>, list: ListSet, end: usize, chars_min: usize) -> bool {
        let mut from = end;
        if reading.char(from) == Some('、') {
            let events = reading.words_in(scan.lexicon, list, from + 1..from + 1 + COMPOUND_CHARS);
            from = events.filter(|word| word.start as usize == from + 1).map(|word| word.end as usize).max().unwrap_or(from);
        }
        if ["灾害", "事故", "事件"].iter().any(|word| reading.starts_with(from, word)) {
            from += 2;
        }
        let after = if from == end { end..end + COMPOUND_CHARS } else { end..from + COMPOUND_CHARS };
        reading.words_in(scan.lexicon, self.compound, after.start..after.end.min(reading.len())).any(|word| {
            let start = word.start as usize;
            (start == end || start == from) && word.end as usize - start >= chars_min
        })
    }

    /// 疾病预防控制中心, 应对工作组: the word is part of a name.
    fn is_of_organ(&self, scan: &Scan<'_>, reading: &Reading<'_>, end: usize) -> bool {
        let after = end..(end + ORGAN_CHARS).min(reading.len());
        let after = after.start..after.clone().find(|&i| !reading.class(i).is(Class::HAN)).unwrap_or(after.end);
        reading.has_word(scan.lexicon, self.organ, after)
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
            let start = hit.start as usize;
            let before = counted_before(reading, start).map(|counted| counted..end);
            let Some(range) = before.or_else(|| counted_after(reading, end).map(|counted| start..counted)) else { continue };
            if range.start < covered {
                continue;
            }
            let sentence = sentence_of(reading, range.clone());
            let event = Found::new("EVT.CASUALTY", Severity::S2, index, range.clone(), "events/casualty");
            if is_template.is_some() {
                continue;
            }
            let timed = has_date(reading, sentence.clone()) || reading.has_word(scan.lexicon, self.time, sentence.clone());
            let effect = reading.holds_one(sentence.clone(), &[&['造', '成'], &['致']]);
            let is_grave = || reading.has_word(scan.lexicon, self.casualty_grave, range.clone());
            if !timed && !effect && reading.passage.role != Role::Title && !is_grave() {
                continue;
            }
            // 2名受伤工人康复: told of them, not of how they came to it.
            let is_attribute = || {
                !effect && !is_grave() && reading.ends_with(start, "名") && !reading.has_word(scan.lexicon, self.effect, end..sentence.end)
            };
            // 昨日……造成10人以上死亡 is a count of news, not the bound of a rule.
            let is_news = || reading.has_word(scan.lexicon, self.news, sentence.clone());
            // 受伤/害; 食物中毒 is an event of its own.
            let is_other_word = reading.char(end) == Some('害') || reading.ends_with(start, "食物");
            let is_total = range.start == start && !timed && !is_grave_news(reading, &range);
            if is_other_word
                || is_total
                || is_attribute()
                || self.is_history(scan, reading, sentence.start..range.start)
                || is_titled(reading, &sentence, &range)
                || is_threshold(reading, &range) && !(is_news() && reading.char(range.end) != Some('的'))
                || is_rule(reading, &sentence, &range)
            {
                continue;
            }
            let guarded = if timed { sentence.start..clause_end(reading, &sentence, &range) } else { sentence.clone() };
            let guard = self.guard_beside(scan, reading, self.guard, &guarded, &range, timed && effect);
            covered = range.end;
            // 全省受灾近600万人，死亡109人: a statistic, whatever it says of the cause.
            let is_reported = timed && effect && range.start != start;
            if let Some(guard) = guard.filter(|_| !is_reported) {
                report.suppress(event, SuppressedReason::Guard, format!("同句有“{}”", reading.text(guard)));
                continue;
            }
            let severity = if is_drill { Severity::S0 } else { Severity::S2 };
            found.push(Found { severity, ..event });
        }
    }

    /// A word of prevention, science, law … in the sentence, outside the event itself and no part of a longer word (保险杠).
    fn guard_beside(
        &self,
        scan: &Scan<'_>,
        reading: &Reading<'_>,
        guards: ListSet,
        sentence: &Range<usize>,
        event: &Range<usize>,
        is_reported: bool,
    ) -> Option<Range<usize>> {
        let guards = if is_reported { guards } else { guards.and(self.guard_weak) };
        reading
            .words_in(scan.lexicon, guards, sentence.clone())
            .map(|h| h.start as usize..h.end as usize)
            .filter(|r| r.end <= event.start || r.start >= event.end)
            .find(|r| {
                let is_response = is_plan(reading, r.clone()) && reading.holds_one(sentence.clone(), &[&['启', '动']]);
                !is_response && !self.is_of_organ(scan, reading, r.end) && reading.straddled(scan.lexicon, r.end, r.end).is_none()
            })
    }

    /// 一死一伤, 3死5伤.
    fn dead_and_hurt(&self, scan: &Scan<'_>, index: usize, is_drill: bool, found: &mut Vec<Found>) {
        let Some(reading) = scan.readings.get(index) else { return };
        let is_count = |i: usize| is_count(reading, i);
        for at in 1..reading.len() {
            if reading.char(at) != Some('死') || !is_count(at - 1) || !is_count(at + 1) {
                continue;
            }
            let hurt = (at + 1..at + 5).find(|&i| !is_count(i));
            if let Some(end) = hurt.filter(|&i| reading.char(i) == Some('伤')) {
                let start = (0..at).rev().take_while(|&i| is_count(i)).last().unwrap_or(at);
                let severity = if is_drill { Severity::S0 } else { Severity::S2 };
                found.push(Found::new("EVT.CASUALTY", severity, index, start..end + 1, "events/casualty"));
                return;
            }
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
                event.evidence.insert("unverified", true);
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

/// What a sentence says besides its events.
struct Signs {
    sentence: Range<usize>,
    timed: bool,
    has_effect: bool,
}

/// Most hits of one kind in a passage that are shown as set aside.
const SUPPRESSED_MAX: usize = 3;

/// 遇难者升至7人: the count of one event goes on.
fn is_grave_news(reading: &Reading<'_>, range: &Range<usize>) -> bool {
    reading.holds_one(range.clone(), &[&['升', '至'], &['增', '至']])
}

/// How far before the event a word that governs it may stand, in characters.
const GOVERNED_CHARS: usize = 14;
/// Longest word that makes a name of an event word, in characters.
const COMPOUND_CHARS: usize = 5;
/// How far behind a guard the end of an organ's name may stand, in characters.
const ORGAN_CHARS: usize = 6;

/// Whether the word is 预案.
fn is_plan(reading: &Reading<'_>, word: Range<usize>) -> bool {
    reading.chars(word) == ['预', '案']
}
