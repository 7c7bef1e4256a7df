//! Events that need a leader's sign-off: disasters, casualties, epidemics, safety, mass incidents, schools, crime
//! (DOMAIN §5.8, R-25).
//! Must not know levels or queues.
//!
//! What it finds: an event word together with a time of occurrence or an effect, in one sentence.
//! Why it matters: 墨政办发〔2024〕37号 二(四): 严禁未经审核或授权擅自发布.
//! Example: 11月22日3时许，……发生山体滑坡，造成2人失联 → EVT.DISASTER, EVT.CASUALTY.
//! Known false alarms: prevention, planning, drills and warnings by template; drills in the title come out as S0.

use super::Scan;
use super::event_context::{Context, EventKind, Signs, is_place_of, is_plan};
use super::event_frames::Frames;
use super::occurrence::{
    clause_end, clause_start, counted_after, counted_before, is_count, is_own_word, is_rule, is_threshold, is_titled, sentence_of,
};
use super::reading::Reading;
use super::report::{Found, Place, Report};
use super::rumours::Rumours;
use crate::lexicon::{Hit, Lexicon, ListSet};
use crate::model::Problem;
use crate::model::{Severity, SuppressedReason};
use crate::text::passage::Role;
use std::ops::Range;

pub struct Events {
    kinds: [(&'static str, EventKind, ListSet); 6],
    all: ListSet,
    casualty: ListSet,
    /// 当场身亡: tells of a death without a count.
    casualty_plain: ListSet,
    /// 死一伤、死两伤 …: announces a count of dead and hurt.
    dead_hurt: ListSet,
    /// Casualties that need nothing else beside their count.
    casualty_grave: ListSet,
    /// The words that name an event best (DOMAIN §5.8).
    core: ListSet,
    drill_title: ListSet,
    lesson_title: ListSet,
    /// Everyday words and what they need beside them.
    frames: Frames,
    signal: ListSet,
    advice: ListSet,
    context: Context,
    rumours: Rumours,
}

/// What the title says of the events in the text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TitleGuard {
    None,
    /// 提醒, 排查, 科普: what happened on a day is still an event.
    Lesson,
    /// 演练: all of it is played.
    Drill,
}

impl Events {
    pub fn new(lexicon: &Lexicon, problems: &mut Vec<Problem>) -> Self {
        let frames = Frames::new(lexicon, problems);
        let mut lists = lexicon.lists(problems);
        let kinds = [
            ("EVT.DISASTER", EventKind::Disaster, lists.scanned("evt_disaster")),
            ("EVT.EPIDEMIC", EventKind::Epidemic, lists.scanned("evt_epidemic")),
            ("EVT.SCHOOL", EventKind::School, lists.scanned("evt_school")),
            ("EVT.JUDICIAL", EventKind::Judicial, lists.scanned("evt_judicial")),
            ("EVT.PUBLIC_SAFETY", EventKind::Safety, lists.scanned("evt_safety")),
            ("EVT.MASS_INCIDENT", EventKind::Mass, lists.scanned("evt_mass")),
        ];
        Self {
            kinds,
            all: kinds.iter().fold(ListSet::default(), |all, (_, _, list)| all.and(*list)),
            casualty: lists.scanned("evt_casualty"),
            casualty_plain: lists.asked("evt_casualty_plain"),
            dead_hurt: lists.scanned("evt_dead_hurt"),
            casualty_grave: lists.asked("evt_casualty_grave"),
            core: lists.asked("evt_core"),
            drill_title: lists.asked("drill_title"),
            lesson_title: lists.asked("lesson_title"),
            frames,
            signal: lists.scanned("warning_signal"),
            advice: lists.scanned("warning_advice"),
            context: Context::new(&mut lists),
            rumours: Rumours::new(&mut lists),
        }
    }

    pub fn detect(&self, scan: &Scan<'_>, report: &mut Report) {
        if scan.is_message() {
            return;
        }
        let title_guard = self.title_guard(scan);
        let is_template = self.is_template(scan);
        let mut found: Vec<Found> = Vec::new();
        for (index, reading) in scan.written().filter(|(_, r)| {
            matches!(r.passage.role, Role::Title | Role::Subtitle | Role::Body | Role::Hidden | Role::BodyAlt | Role::ImageAlt)
        }) {
            for &(code, kind, list) in &self.kinds {
                if reading.lists.meets(list) {
                    self.events(scan, index, (code, kind, list), title_guard, is_template, &mut found, report);
                }
            }
            if reading.lists.meets(self.casualty) {
                self.casualties(scan, index, title_guard, is_template, &mut found, report);
            }
        }
        // The draft told of the dead and hurt in one word: 一死一伤.
        if is_template.is_none() {
            for (index, _) in scan.written().filter(|(_, r)| matches!(r.passage.role, Role::Title) || r.lists.meets(self.dead_hurt)) {
                self.dead_and_hurt(scan, index, title_guard, &mut found);
            }
        }
        if title_guard == TitleGuard::None {
            found.extend(self.rumours.in_title(scan));
        }
        if found.is_empty() {
            return;
        }
        // 关于网传……命案的情况说明 names what was said, the text what was so.
        if self.rumours.is_answer(scan) {
            found.retain(|event| event.code == "EVT.OPINION" || is_body(scan, event));
        }
        leave_out_repeats(scan, &mut found);
        self.mark_hearsay(scan, &mut found);
        // The body tells the event; the title repeats it. A graver one in the title is no repetition.
        let (in_body, others): (Vec<Found>, Vec<Found>) = found.into_iter().partition(|event| is_body(scan, event));
        let repeats = |event: &Found| in_body.iter().any(|told| told.code == event.code && told.severity >= event.severity);
        let others: Vec<Found> = others.into_iter().filter(|event| !repeats(event)).collect();
        in_body.into_iter().chain(others).for_each(|event| report.find(event));
    }

    /// What the title makes of the events in the text.
    fn title_guard(&self, scan: &Scan<'_>) -> TitleGuard {
        let Some(title) = scan.title() else { return TitleGuard::None };
        let whole = 0..title.len();
        // 启动一级预案 is said of what happened.
        let is_response = || title.holds_one(whole.clone(), &[&['启', '动'], &['响', '应']]);
        let is_part = |h: Hit| is_place_of(title, h.end as usize) || is_plan(title, h.start as usize..h.end as usize) && is_response();
        // 应急演练中发生意外: what went wrong was not played.
        let is_mishap = || title.holds_one(whole.clone(), &[&['意', '外'], &['出', '事']]);
        if title.has_word(scan.lexicon, self.drill_title, whole.clone()) && !is_mishap() {
            TitleGuard::Drill
        } else if title.words_in(scan.lexicon, self.lesson_title, whole.clone()).any(|h| !is_part(h)) {
            TitleGuard::Lesson
        } else {
            TitleGuard::None
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
        (code, kind, list): (&'static str, EventKind, ListSet),
        title_guard: TitleGuard,
        is_template: Option<&'static str>,
        found: &mut Vec<Found>,
        report: &mut Report,
    ) {
        let Some(reading) = scan.readings.get(index) else { return };
        // The best of those that hold, and how many did.
        let mut best: Option<(u8, Found)> = None;
        let (mut held, mut suppressed, mut covered) = (0, 0, 0);
        let suppressed_max = if is_template.is_some() { 1 } else { SUPPRESSED_MAX };
        let mut signs: Option<Signs> = None;
        for hit in reading.words_in(scan.lexicon, list, 0..reading.len()) {
            let start = hit.start as usize;
            if start < covered {
                continue;
            }
            if suppressed >= suppressed_max && (best.is_some() || is_template.is_some()) {
                break;
            }
            // 山体滑坡 over 滑坡: hits are sorted by start; the longest at a place wins.
            let at_start = reading.words_in(scan.lexicon, list, start..start + WORD_CHARS_MAX).filter(|h| h.start == hit.start);
            let word = at_start.max_by_key(|h| h.end).unwrap_or(hit);
            let range = start..word.end as usize;
            let sentence = sentence_of(reading, range.clone());
            // Many events stand in one sentence; what it says is asked once.
            let known = signs.take().filter(|known| known.sentence == sentence);
            let known = signs.insert(known.unwrap_or_else(|| self.context.signs(scan, reading, sentence.clone())));
            let told = self.context.told(reading, known, &sentence, &range, || self.frames.befell(scan, reading, range.start));
            let (timed, effect) = (told.timed, told.effect);
            // Asked last, since it costs most.
            if !timed && !effect && is_template.is_none()
                || self.frames.lack(scan, reading, scan.lexicon.lists_of(word.pattern), &sentence, &range)
            {
                continue;
            }
            if !self.context.is_event(scan, reading, kind, &sentence, &range)
                || self.is_in_other_event(scan, reading, list, &range)
                || !is_own_word(reading, scan.lexicon, &range)
            {
                continue;
            }
            covered = range.end;
            let event =
                Found::new(code, Severity::S2, index, range.clone(), rule_of(code)).because("time", timed).because("effect", effect);
            if let Some(template) = is_template {
                report.suppress(event, SuppressedReason::Guard, template);
                suppressed += 1;
                continue;
            }
            let nothing_new = || self.context.told_of_nothing_new(scan, reading, (kind, list), &told);
            let nothing = self.context.names_no_event(scan, reading, &told);
            let why = nothing.or_else(|| if title_guard == TitleGuard::Drill { None } else { nothing_new() });
            if let Some(why) = why.filter(|_| nothing.is_some() || title_guard == TitleGuard::None) {
                if suppressed < suppressed_max {
                    report.suppress(event, SuppressedReason::Context, why);
                    suppressed += 1;
                }
                continue;
            }
            let is_mass = kind == EventKind::Mass;
            let guarded = self.context.guarded(reading, &told);
            let guard = self.context.guard_beside(scan, reading, &guarded, is_mass, &range, timed && (effect || told.told));
            let guard = guard.filter(|_| !(told.told && timed && effect));
            let is_core = reading.has_word(scan.lexicon, self.core, range.clone());
            let is_fact = || {
                self.context.is_hard_fact(scan, reading, &told, is_core)
                    || told.told && self.rumours.is_hearsay(scan, reading, sentence.clone())
            };
            // In a drill or a lesson the words stay as a hint (DOMAIN §5.8).
            let is_hint = match title_guard {
                TitleGuard::None => false,
                TitleGuard::Lesson => why.is_some() || guard.is_some() || !is_fact(),
                TitleGuard::Drill => true,
            };
            if let Some(guard) = guard.filter(|_| !is_hint) {
                if suppressed < suppressed_max {
                    report.suppress(event, SuppressedReason::Guard, format!("同句有“{}”", reading.text(guard)));
                    suppressed += 1;
                }
                continue;
            }
            let severity = if is_hint { Severity::S0 } else { Severity::S2 };
            let rank = 4 * u8::from(!is_hint) + 2 * u8::from(is_core) + u8::from(told.told);
            if best.as_ref().is_none_or(|(known, _)| rank > *known) {
                best = Some((rank, Found { severity, ..event }));
            }
            held += 1;
            if held >= HELD_MAX || is_core && !is_hint {
                break;
            }
        }
        found.extend(best.map(|(_, event)| event));
    }

    /// 森林火灾 is a disaster, not a 火灾 besides; 学生坠楼 is told under schools.
    fn is_in_other_event(&self, scan: &Scan<'_>, reading: &Reading<'_>, list: ListSet, event: &Range<usize>) -> bool {
        let around = event.start.saturating_sub(LEAD_CHARS)..(event.end + LEAD_CHARS).min(reading.len());
        let holds = |h: &Hit| h.start as usize <= event.start && h.end as usize >= event.end && (h.end - h.start) as usize > event.len();
        reading
            .hits_in(around)
            .filter(|h| holds(h))
            .any(|h| scan.lexicon.lists_of(h.pattern).meets(self.all) && !scan.lexicon.lists_of(h.pattern).meets(list))
    }

    /// 2人失联, 致6人死亡, 一死一伤.
    fn casualties(
        &self,
        scan: &Scan<'_>,
        index: usize,
        title_guard: TitleGuard,
        is_template: Option<&'static str>,
        found: &mut Vec<Found>,
        report: &mut Report,
    ) {
        let Some(reading) = scan.readings.get(index).filter(|_| is_template.is_none()) else { return };
        let known = found.len();
        let mut uncounted = None;
        let mut covered = 0;
        for hit in reading.words_in(scan.lexicon, self.casualty, 0..reading.len()) {
            let (start, end) = (hit.start as usize, hit.end as usize);
            let before = counted_before(reading, start).map(|counted| counted..end);
            let Some(range) = before.or_else(|| counted_after(reading, end).map(|counted| start..counted)) else {
                if uncounted.is_none() && reading.has_word(scan.lexicon, self.casualty_plain, start..end) {
                    uncounted = Some(start..end);
                }
                continue;
            };
            if range.start < covered {
                continue;
            }
            let sentence = sentence_of(reading, range.clone());
            let event = Found::new("EVT.CASUALTY", Severity::S2, index, range.clone(), "events/casualty");
            let timed = self.context.is_timed(scan, reading, &sentence);
            let effect = reading.holds_one(sentence.clone(), &[&['造', '成'], &['致']]);
            let is_grave = || reading.has_word(scan.lexicon, self.casualty_grave, range.clone());
            if !timed && !effect && reading.passage.role != Role::Title && !is_grave() {
                continue;
            }
            // 2名受伤工人康复: told of them, not of how they came to it.
            let is_attribute =
                || !effect && !is_grave() && reading.ends_with(start, "名") && !self.context.has_effect(scan, reading, end..sentence.end);
            // 昨日……造成10人以上死亡 is a count of news, not the bound of a rule.
            let is_news = || self.context.is_news(scan, reading, &sentence);
            // 受伤/害; 食物中毒 is an event of its own.
            let is_other_word = reading.char(end) == Some('害') || reading.ends_with(start, "食物");
            let is_total = range.start == start && !timed && !is_grave_news(reading, &range);
            if is_other_word
                || is_total
                || is_attribute()
                || self.context.is_history(scan, reading, sentence.start..range.start)
                || is_titled(reading, &sentence, &range)
                || is_threshold(reading, &range) && !(is_news() && reading.char(range.end) != Some('的'))
                || is_rule(reading, &sentence, &range)
            {
                continue;
            }
            // 11月21日，嫌疑人已被控制，3人死亡: of a day that is named, what excuses the dead must be said of them.
            let is_own_fact = || range.start != start && is_grave() && self.context.is_of_day(scan, reading, &sentence);
            let is_played = || reading.has_word(scan.lexicon, self.drill_title, sentence.clone());
            let guarded = match timed {
                true if is_own_fact() && !is_played() => clause_start(reading, &sentence, &range)..clause_end(reading, &sentence, &range),
                true => sentence.start..clause_end(reading, &sentence, &range),
                false => sentence.clone(),
            };
            let guard = self.context.guard_beside(scan, reading, &guarded, false, &range, timed && effect);
            covered = range.end;
            // 全省受灾近600万人，死亡109人: a statistic, whatever it says of the cause.
            let is_reported = timed && effect && range.start != start;
            if let Some(guard) = guard.filter(|_| !is_reported) {
                report.suppress(event, SuppressedReason::Guard, format!("同句有“{}”", reading.text(guard)));
                continue;
            }
            let severity = self.casualty_severity(scan, reading, title_guard, &sentence);
            found.push(Found { severity, ..event });
        }
        // 驾驶人当场身亡 where nobody is counted.
        if let Some(range) = uncounted.filter(|_| found.len() == known) {
            let sentence = sentence_of(reading, range.clone());
            let guarded = sentence.start..clause_end(reading, &sentence, &range);
            if !self.context.is_history(scan, reading, sentence.start..range.start)
                && !is_titled(reading, &sentence, &range)
                && self.context.guard_beside(scan, reading, &guarded, false, &range, true).is_none()
            {
                let severity = self.casualty_severity(scan, reading, title_guard, &sentence);
                found.push(Found::new("EVT.CASUALTY", severity, index, range, "events/casualty"));
            }
        }
    }

    fn casualty_severity(&self, scan: &Scan<'_>, reading: &Reading<'_>, title_guard: TitleGuard, sentence: &Range<usize>) -> Severity {
        match title_guard {
            TitleGuard::None => Severity::S2,
            TitleGuard::Lesson if self.context.is_dated(scan, reading, sentence) => Severity::S2,
            _ => Severity::S0,
        }
    }

    /// 一死一伤, 3死5伤.
    fn dead_and_hurt(&self, scan: &Scan<'_>, index: usize, title_guard: TitleGuard, found: &mut Vec<Found>) {
        let Some(reading) = scan.readings.get(index) else { return };
        let is_count = |i: usize| is_count(reading, i);
        for at in 1..reading.len() {
            if reading.char(at) != Some('死') || !is_count(at - 1) || !is_count(at + 1) {
                continue;
            }
            let hurt = (at + 1..at + 5).find(|&i| !is_count(i));
            if let Some(end) = hurt.filter(|&i| reading.char(i) == Some('伤')) {
                let start = (0..at).rev().take_while(|&i| is_count(i)).last().unwrap_or(at);
                let range = start..end + 1;
                let severity = self.casualty_severity(scan, reading, title_guard, &sentence_of(reading, range.clone()));
                found.push(Found::new("EVT.CASUALTY", severity, index, range, "events/casualty"));
                return;
            }
        }
    }

    /// Hearsay about an event: the event itself then weighs S3.
    fn mark_hearsay(&self, scan: &Scan<'_>, found: &mut Vec<Found>) {
        if !found.iter().any(|f| f.severity >= Severity::S2 && f.code != "EVT.OPINION") {
            return;
        }
        let Some(tone) = self.rumours.tone(scan) else { return };
        for event in found.iter_mut().filter(|f| f.severity == Severity::S2 && f.code != "EVT.OPINION") {
            event.severity = Severity::S3;
            event.evidence.insert("unverified", true);
        }
        found.push(tone);
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

/// 百余名游客被困 is told as a casualty, a burning forest as a disaster: neither is an accident besides.
fn leave_out_repeats(scan: &Scan<'_>, found: &mut Vec<Found>) {
    let place = |event: &Found| match &event.place {
        Place::At { reading, range } => Some((*reading, range.clone())),
        Place::Absent => None,
    };
    let is_fire = |event: &Found| {
        place(event)
            .and_then(|(reading, range)| Some(scan.readings.get(reading)?.chars(range)))
            .is_some_and(|chars| chars.contains(&'火') || chars.contains(&'烟'))
    };
    let burns = found.iter().any(|event| event.code == "EVT.DISASTER" && is_fire(event));
    let casualties: Vec<(usize, Range<usize>)> = found.iter().filter(|event| event.code == "EVT.CASUALTY").filter_map(place).collect();
    found.retain(|event| {
        let is_casualty = || {
            place(event).is_some_and(|(reading, range)| {
                casualties.iter().any(|(other, whole)| *other == reading && whole.start <= range.start && range.end == whole.end)
            })
        };
        event.code != "EVT.PUBLIC_SAFETY" || !(burns && is_fire(event) || is_casualty())
    });
}

fn is_body(scan: &Scan<'_>, found: &Found) -> bool {
    match &found.place {
        Place::At { reading, .. } => scan.readings.get(*reading).is_some_and(|r| r.passage.role == Role::Body),
        Place::Absent => false,
    }
}

/// Most hits of one kind in a passage that are shown as set aside.
const SUPPRESSED_MAX: usize = 3;
/// Most words of one kind in a passage among which the best is chosen.
const HELD_MAX: usize = 8;
/// Longest event word, in characters.
const WORD_CHARS_MAX: usize = 8;
/// How much longer than an event word one that holds it may be, in characters, to either side.
const LEAD_CHARS: usize = 6;

/// 遇难者升至7人: the count of one event goes on.
fn is_grave_news(reading: &Reading<'_>, range: &Range<usize>) -> bool {
    reading.holds_one(range.clone(), &[&['升', '至'], &['增', '至']])
}
