//! Wording that can be checked: names of autonomous areas, one wrong character in the name of
//! the state, its organs and fixed policy terms (DOMAIN §5.4–§5.7), leaders' activities in titles.
//! Must not know queues. Literal rules are rows of `wording.csv`.
//!
//! What it finds: 墨江县哈尼族自治县, 中华人民共合国.
//! Why it matters: a severe expression error is a veto item of the inspection.
//! Known false alarms: historical names in a historical text; a person keeps them with a reason.

use super::Scan;
use super::area_names::AreaNames;
use super::periods;
use super::report::{Found, Report};
use crate::lexicon::fixed_names::{FixedName, WrongName};
use crate::lexicon::{Lexicon, ListSet};
use crate::model::Problem;
use crate::model::Severity;
use crate::text::fold::Class;
use crate::text::passage::Role;
use std::collections::{HashMap, HashSet};

/// Length from which a name with one similar wrong character is an error even where that character makes a word with its
/// neighbour (最高人名法院), in characters.
const SURE_CHARS_MIN: usize = 6;
/// Up to this length the characters of a wrong name may stand side by side by chance.
const CHANCE_CHARS_MAX: usize = 3;
/// What begins a rank or a place that something 居: 居全国前列.
const RANKS: &str = "全世前中首第于高末后榜多省市州县";
/// Most names found with one error whose places can overlap a new one.
const NEIGHBOURS: usize = 16;

pub struct Wording {
    autonomous_suffix: ListSet,
    leader: ListSet,
    activity: ListSet,
    /// The names that must be right: one of them is no misspelling of another (社会主义法治, 社会主义法制).
    known_names: HashSet<Vec<char>>,
    autonomous: Vec<Vec<char>>,
    autonomous_set: HashSet<String>,
    /// 撤销, 原: what is said of areas of another time.
    area_past: ListSet,
    area_names: AreaNames,
}

impl Wording {
    pub fn new(lexicon: &Lexicon, problems: &mut Vec<Problem>) -> Self {
        let autonomous: Vec<Vec<char>> = lexicon.tables.autonomous.iter().map(|n| lexicon.fold.fold_term(n)).collect();
        Self {
            autonomous_suffix: lexicon.lists(problems).scanned("autonomous_suffix"),
            area_past: lexicon.lists(problems).asked("area_past"),
            leader: lexicon.lists(problems).asked("leader"),
            activity: lexicon.lists(problems).asked("activity"),
            known_names: lexicon
                .tables
                .fixed_names
                .iter()
                .flat_map(|(name, kind)| FixedName::all_of(name, kind, &lexicon.fold))
                .map(|FixedName { mut chars, core, .. }| chars.drain(core).collect())
                .collect(),
            area_names: AreaNames::new(&autonomous),
            autonomous,
            autonomous_set: lexicon.tables.autonomous.iter().cloned().collect(),
        }
    }

    pub fn detect(&self, scan: &Scan<'_>, report: &mut Report) {
        if scan.is_message() {
            return;
        }
        for (index, reading) in scan.prose() {
            if reading.passage.role == Role::Author {
                continue;
            }
            periods::detect(scan, index, report);
            self.autonomous(scan, index, report);
            self.fixed_names(scan, index, report);
            if reading.passage.role == Role::Title {
                self.leader_activity(scan, index, report);
            }
        }
    }

    fn autonomous(&self, scan: &Scan<'_>, index: usize, report: &mut Report) {
        let Some(reading) = scan.readings.get(index) else { return };
        let mut known: HashMap<String, Option<(String, usize)>> = HashMap::new();
        for hit in reading.words_in(scan.lexicon, self.autonomous_suffix, 0..reading.len()) {
            let end = hit.end as usize;
            let start = (end.saturating_sub(16)..end).rev().take_while(|&i| reading.class(i).is(Class::HAN)).last().unwrap_or(end);
            // 县、自治州 names none.
            if end - start < AREA_CHARS_MIN {
                continue;
            }
            let run = reading.text(start..end);
            let wrong = known.entry(run.clone()).or_insert_with(|| self.wrong_area(scan, &run));
            let Some((name, wrong_len)) = wrong.clone() else { continue };
            let range = end - wrong_len..end;
            // 1957年撤销的黎平侗族自治县: of another time.
            if reading.has_word(scan.lexicon, self.area_past, reading.around(range.clone(), PAST_CHARS, PAST_CHARS)) {
                continue;
            }
            // 安达卢西亚自治区 is no 西藏自治区: the name would begin inside a word.
            if reading.straddled(scan.lexicon, range.start, range.start).is_some() {
                continue;
            }
            if !report.covers(&["WRD.place"], index, &range) {
                report.find(Found::new("WRD.place", Severity::S2, index, range, "wording/autonomous_area").instead(name));
            }
        }
    }

    /// The name that should stand at the end of `run` where a wrong one does, and the length of the wrong one.
    fn wrong_area(&self, scan: &Scan<'_>, run: &str) -> Option<(String, usize)> {
        let chars: Vec<char> = run.chars().collect();
        if self.is_official(&chars) {
            return None;
        }
        self.area_names.wrong(&chars, scan.lexicon).or_else(|| {
            let name = self.nearest(run)?;
            let wrong_len = self.wrong_length(run, &name).min(chars.len());
            Some((name, wrong_len))
        })
    }

    fn is_official(&self, run: &[char]) -> bool {
        self.autonomous.iter().any(|name| run.ends_with(name))
    }

    /// The official name that the end of `run` nearly is; `None` when it is right or like no name.
    fn nearest(&self, run: &str) -> Option<String> {
        let chars: Vec<char> = run.chars().collect();
        if self.is_official(&chars) {
            return None;
        }
        // 石林彝族自冶县: the name ends in a similar character.
        let mut righted = chars.clone();
        for c in righted.iter_mut().rev().take(SUFFIX_CHARS) {
            *c = match *c {
                '冶' => '治',
                '洲' => '州',
                c => c,
            };
        }
        if righted != chars {
            return self.autonomous.iter().find(|name| righted.ends_with(name)).map(|name| name.iter().collect());
        }
        // 新疆维吾尔自治州: the name of another rank.
        if let Some(name) = self.autonomous.iter().find(|name| without_last(&chars).ends_with(without_last(name))) {
            return Some(name.iter().collect());
        }
        // 江城哈尼族自治县, 墨江哈尼族彝族自治县: a people left out of the name, or put into it.
        let is_other = |name: &&Vec<char>| is_short_of_a_people(&chars, name) || is_of_more_peoples(&chars, name, &self.autonomous);
        if chars.contains(&'族')
            && let Some(name) = self.autonomous.iter().find(is_other)
        {
            return Some(name.iter().collect());
        }
        let mut best: Option<(usize, &Vec<char>)> = None;
        for name in &self.autonomous {
            if chars.len() + 1 < name.len() || name.iter().rev().take(3).ne(chars.iter().rev().take(3)) {
                continue;
            }
            for len in name.len().saturating_sub(2)..=name.len() + 2 {
                let Some(window) = chars.len().checked_sub(len).and_then(|s| chars.get(s..)) else { continue };
                if window.first() != name.first() {
                    continue;
                }
                let distance = edit_distance(window, name, 2);
                // Names left out in part (大理自治州) are common short forms; a changed or added character is an error.
                let is_short_form = window.len() + distance == name.len() && distance > 1;
                if distance <= 2 && !is_short_form && best.is_none_or(|(d, _)| distance < d) {
                    best = Some((distance, name));
                }
            }
        }
        best.map(|(_, name)| name.iter().collect())
    }

    fn wrong_length(&self, run: &str, name: &str) -> usize {
        let chars: Vec<char> = run.chars().collect();
        let first = name.chars().next();
        debug_assert!(self.autonomous_set.contains(name));
        let longest = name.chars().count() + MORE_CHARS_MAX;
        (4..=longest.min(chars.len()))
            .rev()
            .find(|&len| chars.len().checked_sub(len).and_then(|s| chars.get(s)).copied() == first)
            .unwrap_or(longest)
    }

    /// One wrong, similar character in a name that must be right.
    fn fixed_names(&self, scan: &Scan<'_>, index: usize, report: &mut Report) {
        let Some(reading) = scan.readings.get(index) else { return };
        let hits = reading.hits.iter().map(|hit| (hit.pattern, hit.start as usize));
        let mut wrong: Vec<WrongName<'_>> = Vec::new();
        for found in scan.lexicon.fixed_names.wrong_in(&reading.folded.chars, hits) {
            let overlaps = |other: &WrongName<'_>| other.range.start < found.range.end && found.range.start < other.range.end;
            let is_known = reading.folded.chars.get(found.range.clone()).is_some_and(|c| self.known_names.contains(c));
            if !is_known && !wrong.iter().rev().take(NEIGHBOURS).any(overlaps) {
                wrong.push(found);
            }
        }
        for found in wrong {
            let whole = found.whole();
            let WrongName { name: fixed, range, at } = found;
            // The differing character is read in a word of its own (人民政协 beside 人民政府): no typo.
            let is_word = || reading.straddled(scan.lexicon, at, at + 1).is_some();
            // 公司发部分奖金: three characters are a name only where words begin and end with them.
            let is_by_chance = || whole.len() <= CHANCE_CHARS_MAX && reading.straddled(scan.lexicon, whole.start, whole.end).is_some();
            // 我省生态环境居全国前列: a verb stands where the name would end.
            let is_verb =
                || at + 1 == range.end && reading.char(at) == Some('居') && reading.char(range.end).is_some_and(|c| RANKS.contains(c));
            if is_verb()
                || (fixed.kind != "state" && whole.len() < SURE_CHARS_MIN && is_word())
                || is_by_chance()
                || super::terms::is_correction(reading, &range, "WRD.typo").is_some()
                || report.covers(&["WRD.severe_typo", "WRD.typo"], index, &range)
            {
                continue;
            }
            let right: String = fixed.chars.get(fixed.core.clone()).unwrap_or_default().iter().collect();
            let (code, severity) = match fixed.kind.as_str() {
                "state" | "organ" => ("WRD.severe_typo", Severity::S3),
                "policy" => ("WRD.severe_typo", Severity::S2),
                _ => ("WRD.typo", Severity::S1),
            };
            report.find(Found::new(code, severity, index, range, "wording/fixed_name").instead(right).because(
                "kind",
                match fixed.kind.as_str() {
                    "state" => "国家名称",
                    "organ" => "机关名称",
                    "policy" => "固定提法",
                    "term" => "法律和公文用语",
                    _ => "法规名称",
                },
            ));
        }
    }

    /// 县领导调研 in a title counts towards the share of leaders' activities.
    fn leader_activity(&self, scan: &Scan<'_>, index: usize, report: &mut Report) {
        let Some(reading) = scan.readings.get(index) else { return };
        for leader in reading.words_in(scan.lexicon, self.leader, 0..reading.len()) {
            // 班主任, 主任医师 lead nobody.
            let is_calling =
                ["医师", "护师", "药师", "技师", "护士", "医生"].iter().any(|calling| reading.starts_with(leader.end as usize, calling));
            if is_calling || reading.ends_with(leader.start as usize, "班") {
                continue;
            }
            let after = leader.end as usize..(leader.end as usize + 10).min(reading.len());
            if let Some(activity) = reading.words_in(scan.lexicon, self.activity, after).next() {
                let start = (leader.start as usize).saturating_sub(1);
                let start = if reading.class(start).is(Class::HAN) { start } else { leader.start as usize };
                report.find(Found::new(
                    "OPS.LEADER_ACTIVITY",
                    Severity::S0,
                    index,
                    start..activity.end as usize,
                    "wording/leader_activity",
                ));
                return;
            }
        }
    }
}

/// How far from the name of an area it may say that it was long ago, in characters.
const PAST_CHARS: usize = 16;
/// Characters of 自治县 and its like.
const SUFFIX_CHARS: usize = 3;
/// Shortest name of an autonomous area, in characters: 西藏自治区.
const AREA_CHARS_MIN: usize = 5;
/// Characters of an autonomous area's name before its peoples, at least.
const HEAD_CHARS: usize = 2;
/// So many characters a wrong name is longer than the right one, at most.
const MORE_CHARS_MAX: usize = 6;

fn without_last(name: &[char]) -> &[char] {
    name.split_last().map_or(&[], |(_, body)| body)
}

/// Whether the end of `chars` is `name` with peoples that do not belong to it.
fn is_of_more_peoples(chars: &[char], name: &[char], all: &[Vec<char>]) -> bool {
    let (Some(head), Some(body)) = (name.get(..HEAD_CHARS), name.len().checked_sub(SUFFIX_CHARS).and_then(|end| name.get(..end))) else {
        return false;
    };
    let is_people =
        |people: &&[char]| all.iter().any(|other| other.windows(people.len() + 1).any(|w| w.starts_with(&['族']) && w.ends_with(people)));
    (name.len() + 1..=name.len() + MORE_CHARS_MAX).any(|len| {
        let Some(window) = chars.len().checked_sub(len).and_then(|from| chars.get(from..)) else { return false };
        let more = window.get(body.len()..window.len() - SUFFIX_CHARS).unwrap_or_default();
        // 彝族 behind the peoples of the name; each of them is one of some other name.
        window.starts_with(head)
            && window.starts_with(body)
            && more.ends_with(&['族'])
            && more.split_inclusive(|c| *c == '族').all(|p| is_people(&p))
    })
}

/// Whether the end of `chars` is `name` without some of its peoples; 大理自治州, which names none, is a common short form.
fn is_short_of_a_people(chars: &[char], name: &[char]) -> bool {
    let Some(head) = name.get(..HEAD_CHARS) else { return false };
    let longest = chars.len().min(name.len().saturating_sub(1));
    (HEAD_CHARS + SUFFIX_CHARS + 1..=longest).any(|len| {
        let Some(window) = chars.len().checked_sub(len).and_then(|from| chars.get(from..)) else { return false };
        let mut rest = name.iter();
        window.starts_with(head)
            && window.iter().filter(|c| **c == '族').count() > 0
            && window.iter().filter(|c| **c == '族').count() < name.iter().filter(|c| **c == '族').count()
            && window.iter().all(|c| rest.any(|n| n == c))
    })
}

/// Levenshtein distance, or `most + 1` when it is larger.
pub fn edit_distance(a: &[char], b: &[char], most: usize) -> usize {
    if a.len().abs_diff(b.len()) > most {
        return most + 1;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
        let mut smallest = left;
        for (place, y) in row.iter_mut().skip(1).zip(b) {
            let value = (diagonal + usize::from(x != y)).min(left + 1).min(*place + 1);
            diagonal = *place;
            *place = value;
            left = value;
            smallest = smallest.min(value);
        }
        if smallest > most {
            return most + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::edit_distance;

    #[test]
    fn the_distance_counts_edits_up_to_a_bound() {
        let chars = |s: &str| s.chars().collect::<Vec<_>>();
        for (a, b, distance) in
            [("墨江县哈尼族", "墨江哈尼族", 1), ("甲乙", "甲乙", 0), ("甲乙丙", "丙乙甲", 2), ("", "甲", 1), ("甲乙丙丁", "戊己庚辛", 3)]
        {
            assert_eq!(edit_distance(&chars(a), &chars(b), 2), distance, "{a} {b}");
        }
    }
}
