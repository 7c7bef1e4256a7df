//! Advertising told by the company its words keep: many small signals (offers, invitations, urgency, prices, numbers to
//! call) add up to points; official vocabulary and the names of public bodies take points away (DOMAIN §4.3).
//! Must not know queues, nor which phrases are listed as advertising by themselves.

use super::reading::Reading;
use super::report::{Found, Report};
use super::{AccountKind, Scan};
use crate::lexicon::matcher::Matcher;
use crate::lexicon::tables::PromotionWord;
use crate::lexicon::{Lexicon, ListSet};
use crate::model::{Kind, Problem, Severity, SuppressedReason};
use crate::text::class_bits::next_where;
use crate::text::passage::Role;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;

const TABLE: &str = "dictionaries/tables/promotion.csv";
/// Points from which a stretch is an advertisement.
const AD_POINTS: i32 = 17;
/// What a citizen's message needs on top: people describe what they bought.
const MESSAGE_POINTS: i32 = 15;
/// Points that must come from the matter itself, not from courtesies, contacts and prices: 咨询电话 with a number is no
/// advertisement.
const MATTER_POINTS: i32 = 5;
/// Signals that stand in any notice.
const COURTESIES: [&str; 5] = ["contact", "clientele", "festival", "premises", "guard"];
/// Length of the stretch whose signals are added up, in characters; about one text message.
const STRETCH_CHARS: usize = 100;
/// How far before the stretch official vocabulary still counts, in characters.
const GUARD_CHARS: usize = 50;
/// A passage up to this length is weighed whole; a longer one only around words that are rare outside advertisements.
const WHOLE_CHARS_MAX: usize = 200;
/// What is weighed on either side of such a word, in characters.
const AROUND_CHARS: usize = 200;
/// Shortest run of digits that is a number to call, and of the `x` that stands for hidden digits, in characters.
const NUMBER_CHARS_MIN: usize = 7;
/// Longest number to call, with its dashes; longer ones are codes and serials.
const NUMBER_CHARS_MAX: usize = 13;
const HIDDEN_NUMBER_CHARS_MIN: usize = 5;
/// Exclamation marks from which a passage shouts.
const SHOUTS_MIN: usize = 2;
/// Longest name in 【】 that signs a message, in characters.
const SIGNATURE_CHARS_MAX: usize = 12;
/// Most different names of public bodies, and most different civic subjects, that count.
const ORGANS_MAX: usize = 2;
const CIVIC_MAX: usize = 3;
/// Most signals named in the evidence.
const NAMED_MAX: usize = 8;

/// What follows a public body that is only named as a landmark: 县政府对面.
const LANDMARK: [char; 15] = ['对', '斜', '旁', '隔', '附', '门', '楼', '往', '路', '东', '南', '西', '北', '侧', '后'];
/// How far behind the name such a word may stand, in characters.
const LANDMARK_CHARS: usize = 3;

/// Signals that are no words: the rows of the table that stand in braces.
const SHAPES: [&str; 5] = ["{number}", "{price}", "{discount}", "{exclamation}", "{signature}"];

/// What a word of the table is worth.
#[derive(Debug, Default)]
struct Word {
    text: String,
    /// Of advertising (> 0) or of other texts (< 0).
    points: i32,
    /// Speaks of wares, offers, jobs …
    is_matter: bool,
    /// Taken off where it names a public body or a civic subject.
    organ: i32,
    civic: i32,
}

/// A signal where it stands.
#[derive(Debug, Clone, Copy)]
struct Mark {
    start: usize,
    end: usize,
    word: usize,
    points: i32,
}

/// The stretch with the most points.
struct Stretch {
    points: i32,
    marks: Vec<Mark>,
}

pub struct Promotion {
    /// The words of the two matchers, then [`SHAPES`].
    words: Vec<Word>,
    /// Words that speak for advertising; most prose has few, and the others are looked for only where these are enough.
    signals: Matcher,
    others: Matcher,
    /// Number of the first of the others.
    others_from: usize,
    /// Words rare outside advertisements, in the main scan.
    strong: ListSet,
    public_service: ListSet,
    /// Who speaks of himself as a seller: 本店, 我公司.
    speaker: ListSet,
    /// What is bought and sold by tender.
    tender: ListSet,
    /// Who does not hold the fair that the title tells of, though he sells beside it.
    sale: ListSet,
}

impl Promotion {
    pub fn new(lexicon: &Lexicon, problems: &mut Vec<Problem>) -> Self {
        let mut words: Vec<(Vec<char>, Word)> = Vec::new();
        let mut shapes: [Word; 5] = Default::default();
        let mut known: HashMap<Vec<char>, usize> = HashMap::new();
        for PromotionWord { word, signal, points } in &lexicon.tables.promotion {
            if let Some(shape) = SHAPES.iter().position(|s| s == word).and_then(|i| shapes.get_mut(i)) {
                *shape = Word { text: word.clone(), points: *points, ..Word::default() };
                continue;
            }
            let pattern = lexicon.fold.fold_term(word);
            let index = *known.entry(pattern.clone()).or_insert_with(|| {
                words.push((pattern, Word { text: word.clone(), ..Word::default() }));
                words.len() - 1
            });
            let Some((_, entry)) = words.get_mut(index) else { continue };
            match signal.as_str() {
                "organ" => entry.organ = *points,
                "civic" => entry.civic = *points,
                _ => {
                    entry.points = *points;
                    entry.is_matter = !COURTESIES.contains(&signal.as_str());
                }
            }
        }
        if words.is_empty() || words.iter().any(|(pattern, _)| pattern.is_empty()) || shapes.iter().any(|s| s.text.is_empty()) {
            problems.push(Problem {
                file: TABLE.into(),
                line: None,
                key: "word".into(),
                reason: "没有词，或缺少花括号里的各行".into(),
                cure: "从发行包中恢复该文件".into(),
            });
        }
        words.sort_by_key(|(_, word)| word.points <= 0);
        let others_from = words.partition_point(|(_, word)| word.points > 0);
        let (patterns, mut words): (Vec<Vec<char>>, Vec<Word>) = words.into_iter().unzip();
        words.extend(shapes);
        let (signals, others) = patterns.split_at(others_from);
        let matcher = |patterns: &[Vec<char>]| Matcher::new(patterns, |a, b| lexicon.commonness(a, b), |_| false);
        let (signals, others) = (matcher(signals), matcher(others));
        let mut lists = lexicon.lists(problems);
        let (strong, public_service) = (lists.scanned("promotion_strong"), lists.scanned("public_service"));
        let speaker = lists.asked("promotion_speaker");
        let tender = lists.asked("tender");
        let sale = lists.scanned("sale_hook").and(lists.scanned("sale_call"));
        Self { words, signals, others, others_from, strong, public_service, speaker, tender, sale }
    }

    /// One finding a passage: where its signals stand closest. Passages that already carry an advertising finding of
    /// weight are left to it.
    pub fn detect(&self, scan: &Scan<'_>, report: &mut Report) {
        // What a unit answers to a citizen is full of the same courtesies.
        if scan.draft.kind == Kind::Reply {
            return;
        }
        for (index, reading) in scan.written().filter(|(_, r)| r.passage.role != Role::AttachmentName) {
            let known = report.found.iter().any(|f| {
                let is_ad = (f.code.starts_with("AD.") || f.code.starts_with("LINK.")) && f.severity >= Severity::S2;
                // A vacancy is told by itself, at whatever weight; a price is told besides.
                (is_ad && f.code != "AD.PRICE" || f.code == "AD.RECRUIT") && f.range_in(index).is_some()
            });
            if known {
                continue;
            }
            let best = if reading.len() <= WHOLE_CHARS_MAX {
                self.weigh(scan, reading, 0..reading.len())
            } else {
                let stretches = self.regions(scan.lexicon, reading).into_iter().filter_map(|region| self.weigh(scan, reading, region));
                // Of equals the first.
                stretches.reduce(|best, next| if next.points > best.points { next } else { best })
            };
            let Some(Stretch { points, marks }) = best else { continue };
            let Some(heaviest) = marks.iter().max_by_key(|m| (m.points, Reverse(m.start))) else { continue };
            let mut named: Vec<&str> = Vec::new();
            let mut by_weight: Vec<&Mark> = marks.iter().collect();
            by_weight.sort_by_key(|m| (Reverse(m.points), m.start));
            for text in by_weight.iter().filter_map(|m| self.words.get(m.word)).map(|w| w.text.as_str()) {
                if named.len() < NAMED_MAX && !named.contains(&text) && !text.starts_with('{') {
                    named.push(text);
                }
            }
            // 招聘会, 展销会 held by a public body (DOMAIN §4.3).
            let near = heaviest.start..heaviest.end;
            let is_public = scan.title().is_some_and(|title| title.lists.meets(self.public_service))
                && !reading.has_word(scan.lexicon, self.sale, reading.paragraph(near.clone()));
            let is_tender = reading.has_word(scan.lexicon, self.tender, reading.paragraph(near))
                || scan.title().is_some_and(|title| title.has_word(scan.lexicon, self.tender, 0..title.len()));
            let severity = if is_public { Severity::S1 } else { Severity::S2 };
            let found = Found::new("AD.DIVERSION", severity, index, heaviest.start..heaviest.end, "ads/promotion")
                .because("score", i64::from(points))
                .because("signals", named.join("、"))
                .saying("推销用语集中出现，像商业广告");
            if !self.is_backed(scan, index, reading, report) {
                report.suppress(found, SuppressedReason::Context, "有标题的文稿，没有价格、私人联系方式或商业链接");
            } else if is_tender {
                report.suppress(found, SuppressedReason::Context, "采购、招标、拍卖公告");
            } else if scan.is_education || scan.account == AccountKind::Justice {
                report.suppress(found, SuppressedReason::Guard, "宣传、提示语境中的引用");
            } else {
                report.find(found);
                Self::claim_contacts(index, report);
            }
        }
    }

    /// An office writes of courses, fares and fees in the words of advertisements. What comes with a title is one of its texts:
    /// there the words alone say nothing, only beside a price of wares, a private contact, somebody else's link or a seller
    /// who speaks of himself (DOMAIN §4.3). A text without a title is taken for what its words say.
    fn is_backed(&self, scan: &Scan<'_>, index: usize, reading: &Reading<'_>, report: &Report) -> bool {
        const BACKING: [&str; 7] = ["AD.PRICE", "AD.CONTACT", "AD.QR", "PII.MOBILE", "PII.WECHAT", "PII.QQ", "LINK."];
        let backs = |f: &Found| BACKING.iter().any(|code| f.code.starts_with(code)) && f.severity >= Severity::S1;
        let whole = 0..reading.len();
        scan.is_message()
            || scan.draft.title.trim().is_empty()
            || report.found.iter().any(|f| f.range_in(index).is_some() && backs(f))
            || report.set_aside("AD.PRICE", index, &whole)
            || reading.has_word(scan.lexicon, self.speaker, whole)
    }

    /// A private contact in an advertisement is the advertiser's (DOMAIN §4.4: AD.CONTACT in an ad passage).
    fn claim_contacts(index: usize, report: &mut Report) {
        for found in report.found.iter_mut().filter(|f| f.severity >= Severity::S2 && f.range_in(index).is_some()) {
            let rule = match &*found.code {
                "PII.WECHAT" => "ads/contact.wechat",
                "PII.QQ" => "ads/contact.qq",
                _ => continue,
            };
            (found.code, found.rule, found.severity) = ("AD.CONTACT".into(), rule.into(), Severity::S3);
        }
    }

    /// What is weighed of a long passage: the surroundings of words rare outside advertisements.
    fn regions(&self, lexicon: &Lexicon, reading: &Reading<'_>) -> Vec<Range<usize>> {
        let mut regions: Vec<Range<usize>> = Vec::new();
        for hit in reading.words_in(lexicon, self.strong, 0..reading.len()) {
            let region = reading.around(hit.start as usize..hit.end as usize, AROUND_CHARS, AROUND_CHARS);
            match regions.last_mut() {
                Some(last) if region.start <= last.end => last.end = last.end.max(region.end),
                _ => regions.push(region),
            }
        }
        regions
    }

    fn weigh(&self, scan: &Scan<'_>, reading: &Reading<'_>, region: Range<usize>) -> Option<Stretch> {
        let chars = reading.folded.chars.get(region.clone())?;
        // Most prose has little to add up; only what may be enough is put in order.
        let mut words_sum = 0;
        self.signals.scan(chars, |o| words_sum += self.words.get(o.pattern as usize).map_or(0, |w| w.points));
        if words_sum == 0 {
            return None;
        }
        let shapes = self.shapes(chars);
        if words_sum + shapes.iter().map(|m| m.points.max(0)).sum::<i32>() < AD_POINTS {
            return None;
        }
        let found = self.words_in(chars);
        let public = self.public(chars, &found);
        let mut marks: Vec<Mark> = Vec::with_capacity(found.len() + shapes.len());
        let mut covered = 0;
        for mark in found {
            let points = self.words.get(mark.word).map_or(0, |w| w.points);
            // 信用 inside 信用贷款 is told by the longer word.
            if mark.end > covered && points != 0 {
                covered = mark.end;
                marks.push(Mark { points, ..mark });
            }
        }
        marks.extend(shapes);
        let most: i32 = marks.iter().map(|m| m.points.max(0)).sum();
        if most + public < AD_POINTS {
            return None;
        }
        marks.sort_by_key(|m| m.start);
        let public = public + self.public_title(scan, reading);
        let extra = if scan.is_message() { MESSAGE_POINTS } else { 0 };
        let mut stretch = self.heaviest_stretch(&marks, AD_POINTS + extra - public)?;
        stretch.points += public;
        for mark in &mut stretch.marks {
            mark.start += region.start;
            mark.end += region.start;
        }
        Some(stretch)
    }

    /// All words of the table, by place, the longest first.
    fn words_in(&self, chars: &[char]) -> Vec<Mark> {
        let mut found: Vec<Mark> = Vec::new();
        for (matcher, from) in [(&self.signals, 0), (&self.others, self.others_from)] {
            matcher.scan(chars, |o| {
                found.push(Mark { start: o.start as usize, end: o.end as usize, word: from + o.pattern as usize, points: 0 });
            });
        }
        found.sort_by_key(|m| (m.start, Reverse(m.end)));
        found
    }

    /// Points (≤ 0) for public bodies and civic subjects that are named; landmarks do not count.
    fn public(&self, chars: &[char], found: &[Mark]) -> i32 {
        let (mut organs, mut civic): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
        for mark in found {
            let Some(word) = self.words.get(mark.word) else { continue };
            if word.organ == 0 && word.civic == 0 {
                continue;
            }
            let behind = chars.get(mark.end..).unwrap_or_default();
            // 招租公告：门面80平方米 goes on with another matter.
            let is_near = |c: &&char| !matches!(c, '：' | ':' | '，' | ',' | '。');
            if behind.iter().take(LANDMARK_CHARS).take_while(is_near).any(|c| LANDMARK.contains(c)) {
                continue;
            }
            if word.organ != 0 && organs.len() < ORGANS_MAX && !organs.contains(&mark.word) {
                organs.push(mark.word);
            }
            if word.civic != 0 && civic.len() < CIVIC_MAX && !civic.contains(&mark.word) {
                civic.push(mark.word);
            }
        }
        let worth = |words: &[usize], points: fn(&Word) -> i32| words.iter().filter_map(|&w| self.words.get(w)).map(points).sum::<i32>();
        worth(&organs, |w| w.organ) + worth(&civic, |w| w.civic)
    }

    /// A body is also what the title says who speaks.
    fn public_title(&self, scan: &Scan<'_>, reading: &Reading<'_>) -> i32 {
        let Some(title) = scan.title().filter(|t| !std::ptr::eq(*t, reading)) else { return 0 };
        let chars = title.chars(0..WHOLE_CHARS_MAX);
        self.public(chars, &self.words_in(chars))
    }

    /// Numbers to call, prices, shouting and signatures.
    fn shapes(&self, chars: &[char]) -> Vec<Mark> {
        let mut marks = Vec::new();
        let first = self.words.len() - SHAPES.len();
        let mut add = |shape: usize, range: Range<usize>| {
            let points = self.words.get(first + shape).map_or(0, |w| w.points);
            marks.push(Mark { start: range.start, end: range.end, word: first + shape, points });
        };
        let digit = |c: Option<&char>| c.is_some_and(|c| c.is_ascii_digit() || *c == 'x');
        let mut at = 0;
        let mut shouts = 0;
        let may_be_sign = |c: char| c.is_ascii() | (c == '元') | (c == '万') | (c == '厘') | (c == '折') | (c == '！') | (c == '【');
        while let Some((next, c)) = next_where(chars, at, may_be_sign) {
            at = next;
            match c {
                '0'..='9' | 'x' | '*' => {
                    let end = at + chars.iter().skip(at).take_while(|&&c| matches!(c, '0'..='9' | 'x' | '*' | '-')).count();
                    let hidden = chars.iter().skip(at).take_while(|&&c| c == 'x').count();
                    let has_digit = digit(chars.get(at)) || digit(chars.get(at + 1));
                    if has_digit && ((NUMBER_CHARS_MIN..=NUMBER_CHARS_MAX).contains(&(end - at)) || hidden >= HIDDEN_NUMBER_CHARS_MIN) {
                        add(0, at..end);
                    }
                    at = end.max(at + 1);
                    continue;
                }
                '元' | '万' | '厘' | '折' => {
                    let before = if at > 0 && chars.get(at - 1) == Some(&' ') { at.checked_sub(2) } else { at.checked_sub(1) };
                    if before.is_some_and(|b| digit(chars.get(b))) {
                        add(if c == '折' { 2 } else { 1 }, at..at + 1);
                    }
                }
                '!' | '！' => {
                    shouts += 1;
                    if shouts == SHOUTS_MIN {
                        add(3, at..at + 1);
                    }
                }
                '【' if at <= 1 || chars.len() - at <= SIGNATURE_CHARS_MAX + 2 => {
                    if let Some(len) = chars.iter().skip(at).take(SIGNATURE_CHARS_MAX + 2).position(|&c| c == '】')
                        && (at <= 1 || at + len + 2 >= chars.len())
                    {
                        add(4, at..at + len + 1);
                    }
                }
                _ => {}
            }
            at += 1;
        }
        marks
    }

    /// The stretch of [`STRETCH_CHARS`] whose different signals weigh most, if that is `needed` or more.
    fn heaviest_stretch(&self, marks: &[Mark], needed: i32) -> Option<Stretch> {
        // Each word counts once; both windows only move on, so this is linear.
        let mut signals = Tally::default();
        let mut guards = Tally::default();
        let mut matter = Tally::default();
        let is_matter = |m: &Mark| m.points > 0 && self.words.get(m.word).is_some_and(|w| w.is_matter);
        let (mut signals_end, mut guards_from, mut guards_end) = (0, 0, 0);
        let mut best: Option<(i32, usize)> = None;
        for (first, mark) in marks.iter().enumerate() {
            let until = mark.start + STRETCH_CHARS;
            while let Some(next) = marks.get(signals_end).filter(|m| m.start < until) {
                signals.add(next, next.points > 0);
                matter.add(next, is_matter(next));
                signals_end += 1;
            }
            while let Some(next) = marks.get(guards_end).filter(|m| m.start < until) {
                guards.add(next, next.points < 0);
                guards_end += 1;
            }
            while let Some(old) = marks.get(guards_from).filter(|m| m.start + GUARD_CHARS < mark.start) {
                guards.remove(old, old.points < 0);
                guards_from += 1;
            }
            let points = signals.points + guards.points;
            if points >= needed && matter.points >= MATTER_POINTS && best.is_none_or(|(most, _)| points > most) {
                best = Some((points, first));
            }
            signals.remove(mark, mark.points > 0);
            matter.remove(mark, is_matter(mark));
        }
        let (points, first) = best?;
        let from = marks.get(first)?.start;
        let marks = marks.iter().skip(first).take_while(|m| m.start < from + STRETCH_CHARS).filter(|m| m.points > 0).copied().collect();
        Some(Stretch { points, marks })
    }
}

/// Points of the different words in a window.
#[derive(Default)]
struct Tally {
    /// Few of the many words stand in one passage.
    counts: FxHashMap<usize, u32>,
    points: i32,
}

impl Tally {
    fn add(&mut self, mark: &Mark, applies: bool) {
        if applies {
            let count = self.counts.entry(mark.word).or_default();
            if *count == 0 {
                self.points += mark.points;
            }
            *count += 1;
        }
    }

    fn remove(&mut self, mark: &Mark, applies: bool) {
        if let Some(count) = self.counts.get_mut(&mark.word).filter(|c| applies && **c > 0) {
            *count -= 1;
            if *count == 0 {
                self.points -= mark.points;
            }
        }
    }
}
