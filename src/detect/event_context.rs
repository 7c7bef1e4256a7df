//! What the words around an event word make of it: a fact, a lesson, advice, a plan, a statistic, a part of a name.
//! Must not know codes, severities or titles.

use super::Scan;
use super::event_apart::Apart;
use super::occurrence::{
    ONE_OF_THEM, clause_end, clause_start, counted_before, has_date, has_day, is_advice, is_counted_case, is_denied, is_of_old, is_rule,
    is_said, is_supposed, is_titled, is_told, past,
};
use super::reading::Reading;
use crate::lexicon::compile::Lists;
use crate::lexicon::{Hit, ListSet};
use crate::text::fold::Class;
use crate::text::passage::Role;
use std::cell::LazyCell;
use std::ops::Range;

/// The word lists that guard events.
pub struct Context {
    time: ListSet,
    /// 昨晚, 凌晨: a day that can be named; not 近日.
    day: ListSet,
    effect: ListSet,
    guard: ListSet,
    /// Words that also stand in reports of what happened: they guard only where time or effect is missing.
    guard_weak: ListSet,
    guard_mass: ListSet,
    /// Words that teach, prevent or tell old stories: what they govern did not happen now.
    governing: ListSet,
    /// 扑救方法, 逃生知识: what a lesson is about.
    lesson: ListSet,
    /// 拨打, 就医: what advice says to do.
    advised: ListSet,
    /// Events that happened only where the sentence says so: 火灾`报警器` is a thing.
    noun: ListSet,
    /// What makes the event word the first part of a name: 滑坡`监测点`, 溺水`警示牌`.
    compound: ListSet,
    /// 局, 中心, 指挥部: a guard before one is a part of a name.
    organ: ListSet,
    /// Everyday words (聚集) that are an incident only with a grievance.
    mass_everyday: ListSet,
    grievance: ListSet,
    /// 冲突, 纠纷: an incident only between peoples or about religion.
    mass_dispute: ListSet,
    faith: ListSet,
    /// 工人, 工资: who stops work and why; 通知书, 寒潮: why work is stopped.
    strike: ListSet,
    suspended: ListSet,
    /// 地震台网, 信息爆炸: words that hold an event word and name none.
    other: ListSet,
    /// 确诊, 病例: an event only with a number.
    case: ListSet,
    clinical: ListSet,
    /// 坠楼, 死亡: an event of schools only where a pupil is named.
    school_bare: ListSet,
    pupil: ListSet,
    /// 看守所: an event only where somebody dies or escapes.
    custody: ListSet,
    custody_end: ListSet,
    /// 判处, 宣判: the case is tried.
    trial: ListSet,
    /// 未发生, 同比: what makes a statistic of 以来.
    statistic: ListSet,
    /// 模拟, 假设.
    played: ListSet,
    /// 民国, 明代.
    era: ListSet,
    /// 昨日, 日电: what stands in news only.
    news: ListSet,
    /// 凌晨, 时许: what stands in news, and in remembrance of what is long ago.
    hour: ListSet,
    /// 宣判, 调查报告: what is told of an event of another year.
    aftermath: ListSet,
    /// 遗址, 周年: of events long over.
    remembrance: ListSet,
    apart: Apart,
}

/// What a sentence says besides its events.
pub struct Signs {
    pub sentence: Range<usize>,
    pub timed: bool,
    pub has_effect: bool,
}

/// An event word in its sentence.
pub struct Told<'e> {
    pub sentence: &'e Range<usize>,
    pub event: &'e Range<usize>,
    pub timed: bool,
    pub effect: bool,
    /// An effect is named, not only that it was one event.
    pub has_effect: bool,
    pub told: bool,
}

/// Months after which a dated event is history.
const HISTORY_MONTHS: i32 = 13;
/// Months after which an event dated with its hour is history where it is remembered or taught.
const HISTORY_WITH_HOUR_MONTHS: i32 = 36;
/// Months after which news beside what is remembered is of something else.
const LONG_AGO_MONTHS: i32 = 120;
/// How far before the event a year is looked for that says that all of it is an old story, in characters.
const OLD_CHARS: usize = 60;
/// What follows a word that guards elsewhere and makes it a part of what happened.
const THINGS: [&str; 8] = ["故障", "损坏", "老化", "短路", "失灵", "仓库", "车间", "厂房"];

/// How far before the event a word that governs it may stand, in characters.
const GOVERNED_CHARS: usize = 14;
/// Longest word that makes a name of an event word, in characters.
const COMPOUND_CHARS: usize = 5;
/// How far behind a guard the end of an organ's name may stand, in characters.
const ORGAN_CHARS: usize = 6;
/// How far before 坠楼 the pupil may be named, in characters.
const PUPIL_CHARS: usize = 16;
/// How far behind 看守所 the death may be told, in characters.
const CUSTODY_CHARS: usize = 20;
/// How far behind an event what a lesson says of it may stand, in characters: 溺水后的`急救`方法.
const LESSON_CHARS: usize = 6;
/// How far around an event word a longer word that holds it may reach, in characters.
const OTHER_CHARS: usize = 3;
/// How far before 袭击 the weather may be named that does it, in characters.
const WEATHER_CHARS: usize = 10;

impl Context {
    pub fn new(lists: &mut Lists<'_>) -> Self {
        Self {
            time: lists.asked("evt_time"),
            day: lists.asked("evt_day"),
            effect: lists.asked("evt_effect"),
            guard: lists.asked("evt_guard"),
            guard_weak: lists.asked("evt_guard_weak"),
            guard_mass: lists.asked("evt_guard_mass"),
            governing: lists.asked("evt_governing"),
            lesson: lists.asked("evt_lesson"),
            advised: lists.asked("evt_advised"),
            noun: lists.asked("evt_noun"),
            compound: lists.asked("evt_compound"),
            organ: lists.asked("evt_organ"),
            mass_everyday: lists.asked("evt_mass_everyday"),
            grievance: lists.asked("evt_grievance"),
            mass_dispute: lists.asked("evt_mass_dispute"),
            faith: lists.asked("evt_faith"),
            strike: lists.asked("evt_strike"),
            suspended: lists.asked("evt_suspended"),
            other: lists.asked("evt_other"),
            case: lists.asked("evt_case"),
            clinical: lists.asked("evt_clinical"),
            school_bare: lists.asked("evt_school_bare"),
            pupil: lists.asked("evt_pupil"),
            custody: lists.asked("evt_custody"),
            custody_end: lists.asked("evt_custody_end"),
            trial: lists.asked("evt_trial"),
            statistic: lists.asked("evt_statistic"),
            played: lists.asked("evt_played"),
            era: lists.asked("evt_era"),
            news: lists.asked("evt_news"),
            hour: lists.asked("evt_hour"),
            aftermath: lists.asked("evt_aftermath"),
            remembrance: lists.asked("evt_remembrance"),
            apart: Apart::new(lists),
        }
    }

    /// Time and effect told anywhere in a sentence.
    pub fn signs(&self, scan: &Scan<'_>, reading: &Reading<'_>, sentence: Range<usize>) -> Signs {
        let timed = has_date(reading, sentence.clone()) || reading.has_word(scan.lexicon, self.time, sentence.clone());
        // 地震所造成的 explains something else; 消防救援大队 is a name.
        let is_name = |end: usize| ["大队", "支队", "总队", "站"].iter().any(|organ| reading.starts_with(end, organ));
        // 应急救援, 地震救援等任务: what is done in such a case.
        let is_task = |h: &Hit| {
            reading.starts_with(h.start as usize, "救援")
                && (reading.ends_with(h.start as usize, "应急")
                    || ["等", "、", "任务", "物资", "装备", "能力", "力量", "知识"]
                        .iter()
                        .any(|word| reading.starts_with(h.end as usize, word)))
        };
        let has_effect = reading
            .words_in(scan.lexicon, self.effect, sentence.clone())
            .any(|h| !reading.ends_with(h.start as usize, "所") && !is_name(h.end as usize) && !is_task(&h));
        Signs { sentence, timed, has_effect }
    }

    /// Whether a word that is an event only in company has that company: 确诊`1例`, `学生`…坠楼, 看守所…`死亡`.
    pub fn is_event(&self, scan: &Scan<'_>, reading: &Reading<'_>, list: EventKind, sentence: &Range<usize>, event: &Range<usize>) -> bool {
        let is = |list: ListSet| reading.is_word(scan.lexicon, list, event);
        let has = |list: ListSet, range: Range<usize>| reading.has_word(scan.lexicon, list, range);
        match list {
            // 3例疑难病例手术 is a hospital's work.
            EventKind::Epidemic if is(self.case) => is_counted_case(reading, sentence, event) && !has(self.clinical, sentence.clone()),
            EventKind::School if is(self.school_bare) => self.is_of_pupil(scan, reading, sentence, event),
            // 学生坠楼 is told under schools.
            EventKind::Safety if is(self.school_bare) => !self.is_of_pupil(scan, reading, sentence, event),
            EventKind::Judicial if is(self.custody) => has(self.custody_end, event.end..(event.end + CUSTODY_CHARS).min(sentence.end)),
            EventKind::Judicial => !has(self.trial, sentence.clone()),
            EventKind::Mass if is(self.mass_dispute) => has(self.faith, sentence.start..event.start),
            _ => true,
        }
    }

    fn is_of_pupil(&self, scan: &Scan<'_>, reading: &Reading<'_>, sentence: &Range<usize>, event: &Range<usize>) -> bool {
        let clause = clause_start(reading, sentence, event).max(event.start.saturating_sub(PUPIL_CHARS))..event.start;
        // 退休教师李某去世: no pupil's death.
        let is_obituary = || {
            ["去世", "离世"].iter().any(|word| reading.starts_with(event.start, word))
                && reading.holds_one(clause.clone(), &[&['教', '师'], &['老', '师'], &['校', '长'], &['教', '授']])
        };
        // 学生观看溺水死亡的警示片.
        reading.has_word(scan.lexicon, self.pupil, clause.clone())
            && !reading.has_word(scan.lexicon, self.governing, clause.clone())
            && !is_obituary()
    }

    /// Why the word names no event at all, whatever the title says.
    pub fn names_no_event(&self, scan: &Scan<'_>, reading: &Reading<'_>, told: &Told<'_>) -> Option<&'static str> {
        let &Told { sentence, event, .. } = told;
        let around = reading.around(event.clone(), OTHER_CHARS, OTHER_CHARS);
        let holds = |word: Hit| word.start as usize <= event.start && event.end <= word.end as usize;
        if reading.words_in(scan.lexicon, self.other, around).any(holds) {
            return Some("是别的词语的一部分");
        }
        // 台风袭击, 遭遇“天鸽”正面袭击: weather.
        let is_weather = || {
            let before = event.start.saturating_sub(WEATHER_CHARS).max(sentence.start)..event.start;
            reading.holds_one(
                before,
                &[&['雨'], &['雪'], &['台', '风'], &['飓', '风'], &['龙', '卷', '风'], &['寒', '潮'], &['沙', '尘'], &['冰', '雹']],
            )
        };
        if reading.starts_with(event.start, "袭击") && is_weather() {
            return Some("是天气");
        }
        if is_denied(reading, sentence, event) {
            return Some("句中说没有发生");
        }
        if is_advice(reading, sentence, event, |range| reading.has_word(scan.lexicon, self.advised, range)) {
            return Some("是遇到时怎么办的提示");
        }
        let clause = clause_start(reading, sentence, event)..event.start;
        let after = event.end..(event.end + LESSON_CHARS).min(clause_end(reading, sentence, event));
        (!told.told && reading.has_word(scan.lexicon, self.lesson, after) && reading.has_word(scan.lexicon, self.governing, clause))
            .then_some("是讲授、演示的内容")
    }

    /// Why an event word beside a date or an effect tells nothing that happened now, if so.
    pub fn told_of_nothing_new(
        &self,
        scan: &Scan<'_>,
        reading: &Reading<'_>,
        list: (EventKind, ListSet),
        told: &Told<'_>,
    ) -> Option<&'static str> {
        let &Told { sentence, event, effect, has_effect, told: is_told, .. } = told;
        if is_titled(reading, sentence, event) {
            return Some("在书名号或引号内，是名称");
        }
        if self.is_history(scan, reading, sentence.start..event.start) {
            return Some("日期在一年以前，是历史");
        }
        if is_rule(reading, sentence, event) {
            return Some("是法规条文，不是已发生的事");
        }
        if is_supposed(reading, sentence, event) {
            return Some("是假设的情形");
        }
        let names_day = |range: Range<usize>| has_day(reading, range.clone()) || reading.has_word(scan.lexicon, self.day, range);
        if let Some(why) = self.apart.why(scan, reading, told, names_day, has_effect) {
            return Some(why);
        }
        if list.0 == EventKind::Mass
            && reading.is_word(scan.lexicon, self.mass_everyday, event)
            && !reading.has_word(scan.lexicon, self.grievance, sentence.clone())
        {
            return Some("同句没有诉求或纠纷");
        }
        if list.0 == EventKind::Mass && reading.starts_with(event.start, "停工") && !self.is_strike(scan, reading, sentence, event) {
            return Some("不是职工停工");
        }
        // 滑坡体 is a name; 火灾区域的群众已疏散 tells of a fire.
        let chars_min = if is_told || effect { 2 } else { 1 };
        if self.is_compound(scan, reading, list.1, event.end, chars_min) || !is_told && reading.ends_with(event.start, "防") {
            return Some("是名称的一部分");
        }
        if is_told {
            return None;
        }
        if !effect && !is_said(reading, event.end) && reading.is_word(scan.lexicon, self.noun, event) {
            return Some("只是修饰后面的词，没有说发生");
        }
        let clause = clause_start(reading, sentence, event).max(event.start.saturating_sub(GOVERNED_CHARS))..event.start;
        let is_governed =
            || reading.words_in(scan.lexicon, self.governing, clause).any(|word| !self.is_of_organ(scan, reading, word.end as usize));
        (!effect && is_governed()).then_some("前面是讲授、防范或记述的用语")
    }

    /// Workers stop work over something; no office orders it, no weather.
    fn is_strike(&self, scan: &Scan<'_>, reading: &Reading<'_>, sentence: &Range<usize>, event: &Range<usize>) -> bool {
        reading.has_word(scan.lexicon, self.strike, sentence.clone())
            && !reading.has_word(scan.lexicon, self.suspended, event.start.saturating_sub(GOVERNED_CHARS).max(sentence.start)..sentence.end)
    }

    /// Whether a sentence tells a fact that no lesson tells: a day, and that it happened or what is done about it.
    pub fn is_hard_fact(&self, scan: &Scan<'_>, reading: &Reading<'_>, told: &Told<'_>, is_core: bool) -> bool {
        let &Told { sentence, event, .. } = told;
        if !self.is_dated(scan, reading, sentence) {
            return false;
        }
        let is_fact = |word: Hit| {
            const DONE: [&str; 10] = ["已", "正在", "仍在", "紧急", "双向", "道路", "交通", "造成", "致", "人"];
            DONE.iter().any(|done| reading.ends_with(word.start as usize, done)) || counted_before(reading, word.start as usize).is_some()
        };
        told.told
            || is_counted_case(reading, sentence, event)
            || reading.words_in(scan.lexicon, self.effect, sentence.clone()).any(is_fact)
            || is_core && is_said(reading, event.end) && !reading.is_word(scan.lexicon, self.noun, event)
    }

    /// A day or an hour is named, and nothing is played in it.
    pub fn is_of_day(&self, scan: &Scan<'_>, reading: &Reading<'_>, sentence: &Range<usize>) -> bool {
        (has_day(reading, sentence.clone()) || reading.has_word(scan.lexicon, self.day, sentence.clone()))
            && !reading.has_word(scan.lexicon, self.played, sentence.clone())
    }

    /// A day is named, nothing is played and nothing counted up.
    pub fn is_dated(&self, scan: &Scan<'_>, reading: &Reading<'_>, sentence: &Range<usize>) -> bool {
        (has_date(reading, sentence.clone()) || reading.has_word(scan.lexicon, self.day, sentence.clone()))
            && !reading.has_word(scan.lexicon, self.played.and(self.statistic), sentence.clone())
    }

    /// 1976年7月28日, 民国三十一年五月: told of no more as news, and no news of today beside it.
    pub fn is_history(&self, scan: &Scan<'_>, reading: &Reading<'_>, before: Range<usize>) -> bool {
        let says = |reading: &Reading<'_>, list, range| reading.has_word(scan.lexicon, list, range);
        let paragraph = LazyCell::new(|| reading.paragraph(before.clone()));
        let is_remembered = LazyCell::new(|| {
            says(reading, self.remembrance, paragraph.clone())
                || scan.title().is_some_and(|title| says(title, self.remembrance, 0..title.len()))
        });
        // 该事故造成31人死亡: its date stands in the sentence before.
        let dated =
            if is_of_that(reading, before.start) { reading.sentence(before.start - 1..before.start - 1).start } else { before.start };
        let past = past(reading, dated..before.end, scan.as_of);
        // Of an hour of years ago courts and investigations tell news.
        let is_past = past.is_some_and(|past| match past.has_clock {
            true => {
                past.months >= HISTORY_WITH_HOUR_MONTHS
                    && (scan.is_education || *is_remembered)
                    && !says(reading, self.aftermath, paragraph.clone())
            }
            false => past.months >= HISTORY_MONTHS,
        });
        // 地震纪念馆近日开馆 may stand beside what is remembered, 凌晨 in it.
        if past.is_some_and(|past| past.months >= LONG_AGO_MONTHS) && *is_remembered {
            return is_past && !says(reading, self.news, reading.sentence(before.clone()));
        }
        // 1959年冬，…。有一次塌方…: the sentences before tell of a time long ago, this one names no day.
        let of_old = || {
            let told_before = paragraph.start.max(before.end.saturating_sub(OLD_CHARS))..before.end;
            !self.is_timed(scan, reading, &before) && is_of_old(reading, told_before, scan.as_of)
        };
        (is_past || says(reading, self.era, before.clone()) || of_old()) && !says(reading, self.news.and(self.hour), paragraph.clone())
    }

    /// 滑坡监测点, 滑坡、泥石流灾害的可能性: what follows the event word makes a name of it.
    fn is_compound(&self, scan: &Scan<'_>, reading: &Reading<'_>, list: ListSet, end: usize, chars_min: usize) -> bool {
        let mut from = end;
        if reading.char(from) == Some('、') {
            let events = reading.words_in(scan.lexicon, list, from + 1..from + 1 + COMPOUND_CHARS);
            from = events.filter(|word| word.start as usize == from + 1).map(|word| word.end as usize).max().unwrap_or(from);
        }
        if ["灾害", "事故", "事件", "死亡"].iter().any(|word| reading.starts_with(from, word)) {
            from += 2;
        }
        let after = if from == end { end..end + COMPOUND_CHARS } else { end..from + COMPOUND_CHARS };
        reading.words_in(scan.lexicon, self.compound, after.start..after.end.min(reading.len())).any(|word| {
            let start = word.start as usize;
            (start == end || start == from) && word.end as usize - start >= chars_min
        })
    }

    /// 疾病预防控制中心, 应对工作组, 培训楼: the word is part of a name.
    fn is_of_organ(&self, scan: &Scan<'_>, reading: &Reading<'_>, end: usize) -> bool {
        let after = end..(end + ORGAN_CHARS).min(reading.len());
        let after = after.start..after.clone().find(|&i| !reading.class(i).is(Class::HAN)).unwrap_or(after.end);
        is_place_of(reading, end) || reading.has_word(scan.lexicon, self.organ, after)
    }

    /// A word of prevention, science, law … in the sentence, outside the event itself and no part of a longer word (保险杠).
    pub fn guard_beside(
        &self,
        scan: &Scan<'_>,
        reading: &Reading<'_>,
        guarded: &Range<usize>,
        is_mass: bool,
        event: &Range<usize>,
        is_reported: bool,
    ) -> Option<Range<usize>> {
        let guards = if is_mass { self.guard_mass } else { self.guard };
        let guards = if is_reported { guards } else { guards.and(self.guard_weak) };
        reading
            .words_in(scan.lexicon, guards, guarded.clone())
            .map(|h| h.start as usize..h.end as usize)
            .filter(|r| r.end <= event.start || r.start >= event.end)
            .find(|r| {
                let is_response = is_plan(reading, r.clone()) && reading.holds_one(guarded.clone(), &[&['启', '动']]);
                // 变电站设备故障 tells how it came, 医疗设备仓库 where.
                let is_thing = || THINGS.iter().any(|word| reading.starts_with(r.end, word));
                !is_response
                    && !is_thing()
                    && !self.is_since(scan, reading, guarded, r)
                    && !self.is_of_organ(scan, reading, r.end)
                    && reading.straddled(scan.lexicon, r.end, r.end).is_none()
            })
    }

    /// 11月18日以来, 入汛以来: since when it goes on, where no statistic follows (今年以来未发生).
    fn is_since(&self, scan: &Scan<'_>, reading: &Reading<'_>, sentence: &Range<usize>, word: &Range<usize>) -> bool {
        reading.chars(word.clone()) == ['以', '来']
            && word.start.checked_sub(1).and_then(|at| reading.char(at)).is_some_and(|c| "日月晚汛春夏秋冬".contains(c))
            && !reading.has_word(scan.lexicon, self.statistic, sentence.clone())
    }

    /// Where a guard may stand for this event.
    pub fn guarded(&self, reading: &Reading<'_>, told: &Told<'_>) -> Range<usize> {
        let &Told { sentence, event, .. } = told;
        match (told.timed, told.told) {
            (true, true) => clause_start(reading, sentence, event)..clause_end(reading, sentence, event),
            (true, false) => sentence.start..clause_end(reading, sentence, event),
            _ => sentence.clone(),
        }
    }

    /// Whether something of an effect is told behind a place.
    pub fn has_effect(&self, scan: &Scan<'_>, reading: &Reading<'_>, range: Range<usize>) -> bool {
        reading.has_word(scan.lexicon, self.effect, range)
    }

    /// 昨日, 日电: the sentence is news.
    pub fn is_news(&self, scan: &Scan<'_>, reading: &Reading<'_>, sentence: &Range<usize>) -> bool {
        reading.has_word(scan.lexicon, self.news.and(self.hour), sentence.clone())
    }

    pub fn is_timed(&self, scan: &Scan<'_>, reading: &Reading<'_>, sentence: &Range<usize>) -> bool {
        has_date(reading, sentence.clone()) || reading.has_word(scan.lexicon, self.time, sentence.clone())
    }

    /// How the event stands in its sentence; `befell` says in another way that it happened.
    pub fn told<'e>(
        &self,
        reading: &Reading<'_>,
        signs: &Signs,
        sentence: &'e Range<usize>,
        event: &'e Range<usize>,
        befell: impl FnOnce() -> bool,
    ) -> Told<'e> {
        let told = is_told(reading, sentence.clone(), event) || befell();
        let is_one = told && (reading.passage.role == Role::Title || reading.holds_one(sentence.start..event.start, &ONE_OF_THEM));
        Told { sentence, event, timed: signs.timed, effect: signs.has_effect || is_one, has_effect: signs.has_effect, told }
    }
}

/// The kinds of events whose words ask for different company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    Disaster,
    Epidemic,
    School,
    Judicial,
    Safety,
    Mass,
}

/// 培训`楼`, 防治`站`, 培训`车辆`: the word before says what a place or a thing is for.
pub fn is_place_of(reading: &Reading<'_>, end: usize) -> bool {
    ["楼", "基地", "教室", "馆", "站", "车辆"].iter().any(|place| reading.starts_with(end, place))
}

/// Whether the word is 预案.
pub fn is_plan(reading: &Reading<'_>, word: Range<usize>) -> bool {
    reading.chars(word) == ['预', '案']
}

/// 该事故, 这场地震 at the head of a sentence: what it tells is dated in the one before.
fn is_of_that(reading: &Reading<'_>, start: usize) -> bool {
    const HEAD_CHARS: usize = 7;
    const THINGS: [&[char]; 6] = [&['事', '故'], &['事', '件'], &['灾', '害'], &['火', '灾'], &['地', '震'], &['爆', '炸']];
    start > 0 && matches!(reading.char(start), Some('该' | '此' | '这')) && reading.holds_one(start..start + HEAD_CHARS, &THINGS)
}
