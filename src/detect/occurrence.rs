//! Whether a sentence tells that something happened: dates before an event word, what governs it, what it is part of.
//! Must not know codes, severities or which words are events.

use super::reading::Reading;
use crate::lexicon::Lexicon;
use crate::text::fold::{Class, digit_value};
use jiff::civil::Date;
use std::ops::Range;

/// What says that one thing of the kind happened.
pub const ONE_OF_THEM: [&[char]; 6] = [&['一', '起'], &['一', '宗'], &['多', '起'], &['两', '起'], &['一', '场'], &['一', '次']];
/// What says that something happened.
const HAPPENED: [&[char]; 6] = [&['发', '生'], &['突', '发'], &['引', '发'], &['遭', '遇'], &['突', '遭'], &['出', '现']];
/// What says that it did not, or not yet.
const SUPPOSED: [&[char]; 10] = [
    &['若'],
    &['一', '旦'],
    &['可', '能'],
    &['未'],
    &['发', '生', '的'],
    &['极', '易'],
    &['易', '发'],
    &['模', '拟'],
    &['假', '设'],
    &['假', '定'],
];
/// What may stand right before an event word so that a word of the list holds both: 发生爆炸, 因车祸, 暴发洪水.
const LEADS: [&str; 12] = ["发生", "暴发", "突然", "熊熊", "离奇", "空中", "煤气", "出", "因", "被", "遭", "核"];
/// What says that it did not happen, right before the event.
const DENIED: [&[char]; 7] =
    [&['排', '除'], &['并', '非'], &['不', '是'], &['未', '发', '生'], &['没', '有', '发', '生'], &['不', '存', '在'], &['未', '发', '现']];
/// What says so in a word: 桥面无断裂, 无一例食物中毒.
const NONE: [&str; 8] = ["无", "未", "没有", "无一例", "无一起", "未出现", "没有出现", "没有发现"];
/// How far before the event its denial may stand, in characters.
const DENIED_CHARS: usize = 6;
/// What begins advice: 发生火灾`请`拨打119.
const ADVICE: [&str; 13] = ["请", "应", "要", "须", "需", "可", "立即", "及时", "务必", "迅速", "尽快", "马上", "第一时间"];
/// How far behind the event what is advised may stand, in characters.
const ADVICE_CHARS: usize = 24;
/// How far from 确诊 or 病例 its number may stand, in characters: `1例`输入性霍乱确诊病例.
const CASE_CHARS: usize = 10;
/// How far before the event 发生 may stand, in characters.
const TOLD_CHARS: usize = 12;
/// How far before the event the mark that opens a title may stand, in characters.
const TITLE_CHARS: usize = 24;
/// Longest line that tells a part of a sentence, in characters: 11月22日3时许⏎示例村山体滑坡⏎2人失联.
const SHORT_LINE_CHARS: usize = 30;
/// Most short lines that are read as one sentence, to either side.
const SHORT_LINES_MAX: usize = 2;
/// How far before a casualty word its count may stand, in characters: 两名工人在清淤时中毒身亡.
const COUNTED_CHARS: usize = 11;
/// Longest number of an article, in characters: 第一百二十三条.
const ARTICLE_CHARS: usize = 7;
/// How far after the event 是指 may end, in characters: 重大火灾事故是指.
const DEFINED_CHARS: usize = 5;
/// How far before an event the word stands that supposes it, in characters.
const SUPPOSED_CHARS: usize = 14;
/// What lies so many years back is told of no more as news.
const OLD_YEARS: i32 = 20;
/// What says before a year that something began in it: 始建于1958年, 生于1988年.
const FOUNDED_IN: [&str; 7] = ["建于", "生于", "立于", "办于", "产于", "成于", "创于"];
/// What says so behind it.
const FOUNDED: [&[char]; 14] = [
    &['建', '成'],
    &['建', '造'],
    &['修', '建'],
    &['建', '立'],
    &['建', '校'],
    &['建', '厂'],
    &['创', '建'],
    &['成', '立'],
    &['创', '办'],
    &['开', '办'],
    &['投', '产'],
    &['竣', '工'],
    &['通', '车'],
    &['出', '生'],
];
/// How far behind its date it may end, in characters.
const FOUNDED_CHARS: usize = 5;
/// Longest month and day behind a year, in characters: 12月31日.
const DATE_CHARS: usize = 6;

/// 发生草甸森林火灾, 突发山洪, 一起疑似食物中毒: said as a fact, not as what may happen (发生火灾的, 发生地震时).
pub fn is_told(reading: &Reading<'_>, sentence: Range<usize>, event: &Range<usize>) -> bool {
    let before = event.start.saturating_sub(TOLD_CHARS).max(sentence.start)..event.start;
    let goes_on = matches!(reading.char(event.end), Some('的' | '时' | '等'))
        || reading.char(event.end) == Some('后') && (reading.class(event.end + 1).is(Class::HAN) || is_term(reading, event.end + 1));
    !goes_on
        && (reading.holds_one(before.clone(), &HAPPENED) || reading.holds_one(before.clone(), &ONE_OF_THEM))
        && !reading.holds_one(before.clone(), &SUPPOSED)
        && !before
            .into_iter()
            .any(|at| reading.char(at) == Some('如') && !reading.ends_with(at, "诺") && !reading.starts_with(at, "如其来"))
}

/// 2小时内, 24小时之内: when something is to be done.
fn is_term(reading: &Reading<'_>, at: usize) -> bool {
    const TERM_CHARS: usize = 8;
    reading.class(at).is(Class::DIGIT)
        && reading.holds_one(at..at + TERM_CHARS, &[&['时', '内'], &['钟', '内'], &['日', '内'], &['之', '内']])
}

/// Whether the event word is a word of its own, or a word of the list holds it and what it is told with (发生爆炸).
pub fn is_own_word(reading: &Reading<'_>, lexicon: &Lexicon, event: &Range<usize>) -> bool {
    reading.straddled(lexicon, event.start, event.end).is_none()
        || LEADS.iter().any(|lead| reading.ends_with(event.start, lead)) && reading.straddled(lexicon, event.end, event.end).is_none()
}

/// 已排除刑事案件, 并非山体滑坡, 无火灾.
pub fn is_denied(reading: &Reading<'_>, sentence: &Range<usize>, event: &Range<usize>) -> bool {
    let clause = clause_start(reading, sentence, event).max(event.start.saturating_sub(DENIED_CHARS))..event.start;
    // 正在排除险情, 排除滑坡隐患: what is there is cleared away.
    let is_cleared = || ["隐患", "险情", "风险"].iter().any(|danger| reading.starts_with(event.end, danger));
    NONE.iter().any(|none| reading.ends_with(event.start, none)) || reading.holds_one(clause, &DENIED) && !is_cleared()
}

/// 发生森林火灾及时拨打12119, 聚餐后发生食物中毒，请及时就医: what to do if it should happen. `is_advised` looks for what is
/// to be done.
pub fn is_advice(reading: &Reading<'_>, sentence: &Range<usize>, event: &Range<usize>, is_advised: impl Fn(Range<usize>) -> bool) -> bool {
    let mut at = event.end;
    for words in [["灾害", "事故", "事件", "险情", "症状"].as_slice(), &["后", "时", "的"]] {
        at += words.iter().find(|word| reading.starts_with(at, word)).map_or(0, |word| word.chars().count());
    }
    let is_apart = matches!(reading.char(at), Some(',' | '，'));
    at += usize::from(is_apart);
    if !ADVICE.iter().any(|word| reading.starts_with(at, word)) || !is_advised(at..(at + ADVICE_CHARS).min(sentence.end)) {
        return false;
    }
    // 示例厂发生火灾，请群众立即撤离 tells of one.
    let lead = ["发生", "发现", "遇到", "遇", "遭遇", "出现", "引发"].iter().find(|lead| reading.ends_with(event.start, lead));
    lead.is_some_and(|lead| {
        let start = event.start - lead.chars().count();
        !is_apart
            || start == clause_start(reading, sentence, event)
            || start.checked_sub(1).and_then(|before| reading.char(before)).is_some_and(|c| "后时如若旦中".contains(c))
    })
}

/// 确诊1例, 1例霍乱确诊病例, 水痘病例23例.
pub fn is_counted_case(reading: &Reading<'_>, sentence: &Range<usize>, event: &Range<usize>) -> bool {
    let is_counted = |number: usize| {
        let end = reading.digits.run_end(number);
        matches!(reading.char(end), Some('例' | '名' | '人'))
    };
    let around = event.start.saturating_sub(CASE_CHARS).max(sentence.start)..(event.end + CASE_CHARS).min(sentence.end);
    let before = reading.digits.last_in(around.start..event.start);
    let behind = reading.digits.first_in(event.end..around.end);
    let is_near = |number: usize| !reading.chars(event.end..number).iter().any(|c| matches!(c, ',' | '，' | '、'));
    // 死亡病例2202例, 累计确诊: totals.
    if reading.ends_with(event.start, "死亡") || reading.ends_with(event.start, "累计") || reading.ends_with(event.start, "现有") {
        return false;
    }
    before.is_some_and(is_counted) || behind.is_some_and(|number| is_near(number) && is_counted(number))
}

/// The sentence around a range; short lines that no mark ends belong together.
pub fn sentence_of(reading: &Reading<'_>, range: Range<usize>) -> Range<usize> {
    let mut sentence = reading.sentence(range);
    let is_open =
        |end: usize| reading.char(end) == Some('\n') && end.checked_sub(1).is_some_and(|last| !reading.class(last).is(Class::END));
    for _ in 0..SHORT_LINES_MAX {
        let Some(end) = sentence.start.checked_sub(1).filter(|&end| is_open(end)) else { break };
        let line = reading.sentence(end..end);
        if line.len() > SHORT_LINE_CHARS || sentence.len() > 2 * SHORT_LINE_CHARS {
            break;
        }
        sentence.start = line.start;
    }
    for _ in 0..SHORT_LINES_MAX {
        if !is_open(sentence.end) || sentence.len() > 2 * SHORT_LINE_CHARS {
            break;
        }
        let line = reading.sentence(sentence.end + 1..sentence.end + 1);
        if line.len() > SHORT_LINE_CHARS {
            break;
        }
        sentence.end = line.end;
    }
    sentence
}

/// 11月22日, 22日3时, 7:30, 10月以来.
pub fn has_date(reading: &Reading<'_>, range: Range<usize>) -> bool {
    let is_time = |at: usize| match reading.char(at) {
        Some('日' | '时' | '号' | '点') => true,
        Some('月') => reading.starts_with(at + 1, "以来") || reading.starts_with(at + 1, "份以来"),
        Some(':') => reading.class(at + 1).is(Class::DIGIT),
        _ => false,
    };
    numbers(reading, range.clone()).any(|at| is_time(at) && at < range.end)
}

/// 第三十九条 …, 本法所称…是指…, 造成人员死亡的，处…: what a rule says of events in general.
pub fn is_rule(reading: &Reading<'_>, sentence: &Range<usize>, event: &Range<usize>) -> bool {
    const DEFINES: [&[char]; 6] =
        [&['是', '指'], &['法', '所', '称'], &['例', '所', '称'], &['定', '所', '称'], &['则', '所', '称'], &['案', '所', '称']];
    is_article(reading, sentence.start)
        || is_article(reading, reading.paragraph(event.clone()).start)
        || reading.holds_one(sentence.start..event.end + DEFINED_CHARS, &DEFINES)
        || is_case_of_rule(reading, event.end..sentence.end) && !has_clock_time(reading, sentence.clone())
}

/// 第十二条 at the beginning of a paragraph or sentence.
fn is_article(reading: &Reading<'_>, from: usize) -> bool {
    let Some(at) = (from..from + 3).find(|&at| !reading.class(at).is(Class::BLANK)) else { return false };
    let number_end = (at + 1..at + 1 + ARTICLE_CHARS).find(|&i| !is_count(reading, i) && !matches!(reading.char(i), Some('〇' | '零')));
    reading.char(at) == Some('第')
        && number_end.is_some_and(|end| end > at + 1 && reading.char(end) == Some('条') && !reading.class(end + 1).is(Class::HAN))
}

/// 造成人员死亡的，处…, 发生事故的，由…: a case and what then applies; not 是昨日发生的，由….
fn is_case_of_rule(reading: &Reading<'_>, rest: Range<usize>) -> bool {
    const APPLIES: &str = "处由应按依给为属可予构追责从自严承";
    let mut clause = rest.start;
    for at in rest {
        if !matches!(reading.char(at), Some(',' | '，')) {
            continue;
        }
        let applies = reading.char(at + 1).is_some_and(|c| APPLIES.contains(c))
            || ["一切", "一律", "后果"].iter().any(|word| reading.starts_with(at + 1, word));
        if applies && reading.ends_with(at, "的") && !reading.holds_one(clause..at, &[&['是']]) {
            return true;
        }
        clause = at + 1;
    }
    false
}

/// 3人以上死亡, 死亡3人以上, 不满3人: the bound of a rule, no count of what happened.
pub fn is_threshold(reading: &Reading<'_>, count: &Range<usize>) -> bool {
    const BOUNDS: [&[char]; 2] = [&['以', '上'], &['以', '下']];
    reading.holds_one(count.start..count.end + 3, &BOUNDS) || reading.ends_with(count.start, "不满")
}

/// 3时许, 7:30, 18时40分.
fn has_clock_time(reading: &Reading<'_>, range: Range<usize>) -> bool {
    let is_time = |at: usize| match reading.char(at) {
        Some('时' | '点') => true,
        Some(':') => reading.class(at + 1).is(Class::DIGIT),
        _ => false,
    };
    numbers(reading, range.clone()).any(|at| is_time(at) && at < range.end)
}

/// Where the numbers of a range end.
fn numbers<'r>(reading: &'r Reading<'_>, range: Range<usize>) -> impl Iterator<Item = usize> + 'r {
    let mut at = range.start;
    std::iter::from_fn(move || {
        let number = reading.digits.first_in(at..range.end)?;
        at = reading.digits.run_end(number);
        Some(at)
    })
}

/// A day of the month or an hour: 11月22日, 3时许; not 10月以来.
pub fn has_day(reading: &Reading<'_>, range: Range<usize>) -> bool {
    numbers(reading, range.clone()).any(|at| matches!(reading.char(at), Some('日' | '号' | '时' | '点')) && at < range.end)
}

/// When the thing was that a date before an event tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    /// Months between that date and the day of the draft.
    pub months: i32,
    /// The date has an hour: 凌晨3时42分.
    pub has_clock: bool,
}

/// 1976年7月28日，唐山发生……: the last date before the event, where it has a year.
pub fn past(reading: &Reading<'_>, before: Range<usize>, as_of: Date) -> Option<Past> {
    let mut last: Option<(usize, i32)> = None;
    for end in numbers(reading, before.clone()) {
        match reading.char(end) {
            Some('年') if end >= before.start + 4 => last = year_before(reading, end, as_of).map(|year| (end, year)),
            // A month belongs to the year right before it.
            Some('月') if last.is_some_and(|(year, _)| year + 3 < end) => last = None,
            _ => {}
        }
    }
    let (end, year) = last?;
    let month = (end + 1..end + 3).map_while(|at| digit_value(reading.char(at)?)).fold(0, |month, digit| 10 * month + digit as i32);
    let month = if month == 0 { 12 } else { month };
    let months = 12 * (i32::from(as_of.year()) - year) + i32::from(as_of.month()) - month;
    Some(Past { months, has_clock: has_clock_time(reading, before) })
}

/// The year that ends before 年 at `end`, where something happened in it: not when a thing was founded or somebody was born.
fn year_before(reading: &Reading<'_>, end: usize, as_of: Date) -> Option<i32> {
    let start = end.checked_sub(4).filter(|_| reading.char(end) == Some('年'))?;
    let year = (start..end).try_fold(0, |year, at| Some(10 * year + digit_value(reading.char(at)?)? as i32))?;
    let is_founded = || FOUNDED_IN.iter().any(|word| reading.ends_with(start, word)) || is_founded_behind(reading, end + 1);
    ((1000..=i32::from(as_of.year())).contains(&year) && !is_founded()).then_some(year)
}

/// 1956年`创办`的, 1988年9月`生`，: what a year says of a thing or a person and not of an event.
fn is_founded_behind(reading: &Reading<'_>, from: usize) -> bool {
    let is_date = |at: &usize| reading.class(*at).is(Class::DIGIT) || matches!(reading.char(*at), Some('月' | '日'));
    let at = from + (from..from + DATE_CHARS).take_while(is_date).count();
    reading.char(at) == Some('生') && !reading.class(at + 1).is(Class::HAN) || reading.holds_one(at..at + FOUNDED_CHARS, &FOUNDED)
}

/// 遇落石、塌方等情况，封闭时间顺延; 若发生塌方，将封闭道路; 发生雪崩的，实行封闭; 发生食物中毒时，应立即报告: a case that may come;
/// not 遭遇山洪, 遇难, 遇上塌方.
pub fn is_supposed(reading: &Reading<'_>, sentence: &Range<usize>, event: &Range<usize>) -> bool {
    const SUPPOSES: [&[char]; 10] = [
        &['若', '发', '生'],
        &['如', '发', '生'],
        &['若', '出', '现'],
        &['如', '出', '现'],
        &['凡', '发', '生'],
        &['凡', '出', '现'],
        &['一', '旦'],
        &['万', '一'],
        &['倘', '若'],
        &['如', '果'],
    ];
    if has_date(reading, sentence.clone()) {
        return false;
    }
    let before = event.start.saturating_sub(SUPPOSED_CHARS).max(sentence.start)..event.start;
    let meets = |i: usize| {
        let opens = i == 0 || !reading.class(i - 1).is(Class::HAN) || matches!(reading.char(i - 1), Some('如' | '若' | '凡'));
        reading.char(i) == Some('遇') && opens && !reading.char(i + 1).is_some_and(|c| "难险害袭刺见上到".contains(c))
    };
    let until = sentence.end.min(event.end + SUPPOSED_CHARS);
    before.clone().any(meets)
        || reading.holds_one(before, &SUPPOSES)
        || (event.end..until).any(|i| {
            // 时，应; 的，实行; 时须
            let comma = usize::from(matches!(reading.char(i + 1), Some('，' | ',')));
            let then = reading.char(i + 1 + comma).is_some_and(|c| "应须要将由可实视立".contains(c));
            then && (reading.char(i) == Some('时') || comma == 1 && reading.char(i) == Some('的'))
        })
}

/// Whether the last year of a range lies twenty years or more back.
pub fn is_of_old(reading: &Reading<'_>, range: Range<usize>, as_of: Date) -> bool {
    let last = numbers(reading, range).filter_map(|end| year_before(reading, end, as_of)).last();
    last.is_some_and(|year| year <= i32::from(as_of.year()) - OLD_YEARS)
}

/// Inside 《》, or inside “” where nothing is told: the name of a film, a course, a lesson.
pub fn is_titled(reading: &Reading<'_>, sentence: &Range<usize>, event: &Range<usize>) -> bool {
    let before = reading.chars(event.start.saturating_sub(TITLE_CHARS).max(sentence.start)..event.start);
    let mark = before.iter().rev().find(|c| matches!(c, '《' | '》' | '“' | '”' | '〈' | '〉'));
    let after = || reading.chars(event.end..event.end + TITLE_CHARS);
    match mark {
        Some('《' | '〈') => true,
        Some('“') => {
            // 编造“某镇发生命案”等谣言: what somebody made up.
            let open = event.start - before.iter().rev().position(|c| *c == '“').map_or(0, |at| at + 1);
            let is_made_up = ["编造", "谎称", "捏造", "散布"].iter().any(|word| reading.ends_with(open, word));
            after().contains(&'”') && (is_made_up || !is_told(reading, sentence.clone(), event))
        }
        _ => false,
    }
}

/// Whether the event word stands where a verb would: at the end of the clause, before 了, 致, 事故 … and a number; not before
/// a thing that it describes (火灾报警器).
pub fn is_said(reading: &Reading<'_>, end: usize) -> bool {
    const GOES_ON: &str = "了致造导冲淹阻掩暴来已被后再又告现突在中和及发身死受伤引起维反要使达共超仍正持症蔓燃";
    let end = if ["灾害", "事故", "事件", "险情"].iter().any(|word| reading.starts_with(end, word)) { end + 2 } else { end };
    !reading.class(end).is(Class::HAN)
        || reading.starts_with(end, "的症")
        || reading.char(end).is_some_and(|c| digit_value(c).is_some() || GOES_ON.contains(c))
}

/// The clause that the event stands in ends here: a guard in a later one is about something else.
pub fn clause_end(reading: &Reading<'_>, sentence: &Range<usize>, event: &Range<usize>) -> usize {
    let rest = reading.chars(event.end..sentence.end);
    event.end + rest.iter().position(|c| matches!(c, ',' | '，')).unwrap_or(rest.len())
}

/// Where the clause begins that the event stands in.
pub fn clause_start(reading: &Reading<'_>, sentence: &Range<usize>, event: &Range<usize>) -> usize {
    let before = reading.chars(sentence.start..event.start);
    sentence.start + before.iter().rposition(|c| matches!(c, ',' | '，')).map_or(0, |comma| comma + 1)
}

/// Where the count before a casualty word begins: `2人`失联, `3名群众`受伤, `致6人`死亡.
pub fn counted_before(reading: &Reading<'_>, at: usize) -> Option<usize> {
    let mut place = at;
    // Over some characters between the unit and the word: 名群众, 人因伤.
    for _ in 0..COUNTED_CHARS {
        // 1人经抢救无效死亡: nobody rescues anybody there.
        if reading.ends_with(place, "抢救无效") {
            place -= 4;
        }
        place = place.checked_sub(1)?;
        let mut c = reading.char(place)?;
        // 一名68岁的老人: how old they are says nothing of how many.
        if c == '岁' && place > 0 && reading.class(place - 1).is(Class::DIGIT) {
            while place > 0 && reading.class(place - 1).is(Class::DIGIT) {
                place -= 1;
            }
            place = place.checked_sub(1)?;
            c = reading.char(place)?;
        }
        if let Some(start) = count_of_people(reading, place) {
            // 少数人, 大多数人: no count.
            let is_share = reading.char(start) == Some('数') && start > 0 && matches!(reading.char(start - 1), Some('少' | '多' | '半'));
            return Some(start).filter(|_| !is_share);
        }
        // 已经有人失联: some, not 如有人.
        if c == '人' && ["已有", "已经有", "致有", "造成有"].iter().any(|some| reading.ends_with(place, some)) {
            return Some(place - 1);
        }
        // 三名消防员救出被困老人: what they do is not what happened to them.
        let is_text = reading.class(place).is(Class::HAN) || reading.class(place).is(Class::BLANK);
        if !is_text || matches!(c, '救' | '为' | '对' | '给' | '向' | '送' | '参' | '问') {
            return None;
        }
    }
    None
}

/// Where the number begins that the unit at `unit` counts people with: `2`人, `三`名, `5`位, 一家`4`口.
pub fn count_of_people(reading: &Reading<'_>, unit: usize) -> Option<usize> {
    if !matches!(reading.char(unit)?, '人' | '名' | '位' | '口') {
        return None;
    }
    let start = (0..unit).rev().take_while(|&at| is_count(reading, at)).last()?;
    (reading.char(unit) != Some('口') || reading.ends_with(start, "家")).then_some(start)
}

/// Where a count after a casualty word ends: 死亡`2人`, 遇难者升至`7人`.
pub fn counted_after(reading: &Reading<'_>, at: usize) -> Option<usize> {
    // 失联36小时.
    if reading.ends_with(at, "失联") || reading.ends_with(at, "失踪") {
        let from = at + usize::from(matches!(reading.char(at), Some('近' | '约' | '超')));
        let end = (from..from + 6).find(|&i| !is_count(reading, i))?;
        let unit = ["个小时", "小时", "天"].iter().find(|unit| end > from && reading.starts_with(end, unit));
        if let Some(unit) = unit {
            return Some(end + unit.chars().count());
        }
    }
    const BETWEEN: [&str; 14] =
        ["者已升至", "者升至", "人数升至", "人数增至", "者增至", "人数达", "邻居", "群众", "村民", "学生", "路人", "工人", "约", ""];
    let from = BETWEEN.iter().find(|words| reading.starts_with(at, words)).map(|words| at + words.chars().count())?;
    let end = (from..from + 8).find(|&i| !is_count(reading, i))?;
    (end > from && matches!(reading.char(end), Some('人' | '名'))).then_some(end + 1)
}

/// A character of a number of people: 2, 三, 十几, 百余, 数.
pub fn is_count(reading: &Reading<'_>, at: usize) -> bool {
    reading.char(at).is_some_and(|c| digit_value(c).is_some() || matches!(c, '十' | '百' | '千' | '两' | '余' | '多' | '数' | '几'))
}
