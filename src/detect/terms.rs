//! Listed terms: word boundary, allow phrases and conditions decide whether a hit holds; harmful words (ILL.*) are then
//! weighed by their company, wording rows (WRD.*, OPS.*, BIZ.*) stand as listed.
//!
//! What it finds: words of the dictionaries, plain or pulled apart by symbols.
//! Why it matters: 墨政办发〔2024〕37号 二(四): harmful and wrong wording must not be published.
//! Example: 百*家*乐 → ILL.GAMBLING.
//! Known false alarms: police, anti-fraud and law texts quote these words; they come out as S0 (提示).

use super::reading::Reading;
use super::report::{Found, Place, Report};
use super::warned::Warned;
use super::{Scan, disguised};
use crate::lexicon::compile::Resolved;
use crate::lexicon::{Hit, Layer, Lexicon, ListSet, Marks, MatchMode, Row};
use crate::model::{Format, Problem, Severity, SuppressedReason, Text};
use crate::text::fold::{Class, text_of};
use crate::text::passage::Role;
use std::ops::Range;

/// A listed term that holds where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    pub reading: usize,
    pub range: Range<usize>,
    pub row: u32,
    pub layer: Layer,
}

/// How far a negation may stand before a claim, in characters (DOMAIN §5.9).
const NEGATION_CHARS: usize = 8;
/// How long a list behind a negation may be, in characters.
const LIST_CHARS: usize = 40;
/// How far behind a claim its denial may stand, in characters: 都是骗局.
const DENIAL_CHARS: usize = 24;
/// How far from a term its quotation marks may stand, in characters.
const QUOTED_CHARS: usize = 8;
/// How far a live contact, address or price makes a harmful word an offer, in characters.
const OFFER_CHARS: usize = 60;
/// How near an offer and its sum stand to a harmful word, in characters: 平台注册送38元.
const DEAL_CHARS: usize = 20;
/// How far from the text of a link its address may stand, in bytes of the submitted body.
const LINK_BYTES: usize = 512;
/// Digits with this many characters around them are tried against number patterns; words that an expression begins with,
/// with four times as many after them.
const WINDOW_CHARS: usize = 16;

/// Listed terms found so far.
#[derive(Default)]
struct Held {
    terms: Vec<Term>,
    /// Those that only a live contact or address beside them would make an offer; contacts are not known yet.
    waiting: Vec<Term>,
}

pub struct Terms {
    warned: Warned,
    negation: ListSet,
    denial: ListSet,
    offer: ListSet,
    invite: ListSet,
    /// Who reports an offer of harm, or complains of it, quotes its contact.
    told: ListSet,
    /// 订购, 疗程: who claims a cure sells it.
    claim_seller: ListSet,
}

impl Terms {
    pub fn new(lexicon: &Lexicon, problems: &mut Vec<Problem>) -> Self {
        Self {
            warned: Warned::new(lexicon, problems),
            negation: lexicon.lists(problems).asked("negation"),
            denial: lexicon.lists(problems).asked("denial"),
            offer: lexicon.lists(problems).asked("offer"),
            invite: lexicon.lists(problems).scanned("invite"),
            told: lexicon.lists(problems).asked("harm_told"),
            claim_seller: lexicon.lists(problems).asked("claim_seller"),
        }
    }

    /// Checks every listed hit; what holds goes to `scan.terms` for all detectors, what does not is kept with its reason.
    pub fn prepare(&self, scan: &mut Scan<'_>, report: &mut Report) {
        let mut held = Held::default();
        for (index, reading) in scan.readings.iter().enumerate() {
            // The name of an image can offer and keep secrets like any text; of wording and events it only reminds.
            let is_name = reading.passage.role == Role::ImageName;
            if !is_name && !reading.passage.role.is_prose() {
                continue;
            }
            let is_for_names =
                |row: u32| scan.lexicon.row(row).is_some_and(|r| ["ILL.", "AD.", "SEC."].iter().any(|area| r.row.code.starts_with(area)));
            for hit in &reading.hits {
                for &row in scan.lexicon.rows_of(hit.pattern).iter().filter(|&&row| !is_name || is_for_names(row)) {
                    self.check(scan, index, *hit, row, report, &mut held);
                }
                for &row in scan.lexicon.expressions_of(hit.pattern).iter().filter(|&&row| !is_name || is_for_names(row)) {
                    self.expression(scan, index, *hit, row, report, &mut held);
                }
            }
            if !is_name {
                self.number_patterns(scan, index, report, &mut held);
            }
        }
        scan.terms = settled(scan, held.terms);
        scan.waiting = held.waiting;
    }

    /// Tries a `regex` row where one of the words that its matches begin with was found.
    fn expression(&self, scan: &Scan<'_>, index: usize, hit: Hit, row: u32, report: &mut Report, held: &mut Held) {
        let (Some(reading), Some(ready)) = (scan.readings.get(index), scan.lexicon.row(row)) else { return };
        let start = hit.start as usize;
        let window = reading.folded.chars.get(start..(start + 4 * WINDOW_CHARS).min(reading.len())).unwrap_or_default();
        if !scan.lexicon.expressions().may_match(row, window) {
            return;
        }
        let text = text_of(window);
        if let Some(found) = ready.expression.as_ref().and_then(|e| e.find(&text)).filter(|found| found.start() == 0) {
            let hit = Hit { end: hit.start + found.as_str().chars().count() as u32, ..hit };
            self.check(scan, index, hit, row, report, held);
        }
    }

    fn number_patterns(&self, scan: &Scan<'_>, index: usize, report: &mut Report, held: &mut Held) {
        let Some(reading) = scan.readings.get(index) else { return };
        let expressions = scan.lexicon.expressions();
        let mut at = 0;
        while let Some(digit) = reading.digits.next(at) {
            // One window over all digits that stand close together in one line.
            let chars = reading.folded.chars.as_slice();
            let has_break = |range: Range<usize>| reading.chars(range).contains(&'\n');
            let before = reading.chars(digit.saturating_sub(WINDOW_CHARS)..digit);
            let start = digit - before.iter().rev().position(|&c| c == '\n').unwrap_or(before.len());
            let mut last = reading.digits.run_end(digit) - 1;
            while let Some(next) = reading.digits.next(last + 1).filter(|&next| next <= last + 2 * WINDOW_CHARS && !has_break(last..next)) {
                last = reading.digits.run_end(next) - 1;
            }
            let after = reading.chars(last + 1..last + 1 + WINDOW_CHARS);
            let end = last + 1 + after.iter().position(|&c| c == '\n').unwrap_or(after.len());
            let window = chars.get(start..end).unwrap_or_default();
            let mut text = String::new();
            for row in expressions.number_rows(window) {
                let Some(expression) = scan.lexicon.row(row).and_then(|r| r.expression.as_ref()) else { continue };
                if text.is_empty() {
                    text = text_of(window);
                }
                for found in expression.find_iter(&text) {
                    let before = text.get(..found.start()).map_or(0, |t| t.chars().count());
                    let len = found.as_str().chars().count();
                    let hit =
                        Hit { start: (start + before) as u32, end: (start + before + len) as u32, pattern: u32::MAX, layer: Layer::Folded };
                    self.check(scan, index, hit, row, report, held);
                }
            }
            at = end.max(last + 1);
        }
    }

    fn check(&self, scan: &Scan<'_>, index: usize, hit: Hit, row_index: u32, report: &mut Report, held: &mut Held) {
        let (Some(reading), Some(ready)) = (scan.readings.get(index), scan.lexicon.row(row_index)) else { return };
        let row = &ready.row;
        let range = hit.start as usize..hit.end as usize;
        let asks = scan.lexicon.asks(row_index);
        let may_read = match hit.layer {
            Layer::Folded => !row.only.disguised,
            Layer::Bridged => row.mode.skips(),
            Layer::Disguised(marks) if Marks::SYLLABLE.and(Marks::INITIAL).covers(marks) => row.mode.reads_pinyin(),
            Layer::Disguised(_) => row.mode == MatchMode::Disguise,
        };
        if !may_read || asks.more() && !applies(scan, reading, row, &range) {
            return;
        }
        let found = || Found::new(row.code.clone(), row.severity, index, range.clone(), row.rule.clone());
        if asks.more()
            && let Some(phrase) = allowing(reading, &ready.unless, &range)
        {
            report.suppress(found(), SuppressedReason::AllowPhrase, phrase.iter().collect::<String>());
            return;
        }
        let alone = |at: Option<usize>, edge: usize| {
            let ascii = |i: usize| reading.char(i).is_some_and(|c| c.is_ascii_alphanumeric());
            !(ascii(edge) && at.is_some_and(ascii))
        };
        // NB inside NBJ-001.
        if asks.alone() && !(alone(range.start.checked_sub(1), range.start) && alone(Some(range.end), range.end - 1)) {
            let around = reading.around(range.clone(), 4, 4);
            report.suppress(found(), SuppressedReason::Boundary, reading.text(around));
            return;
        }
        // Whether a live contact or address stands beside it is not known yet.
        let mut lacks_offer = None;
        if asks.more() {
            let failing = |condition: &&Resolved| !reading.holds(scan.lexicon, condition, range.clone(), scan.title());
            let mut failed = ready.with.iter().filter(failing);
            lacks_offer = failed.next();
            if let Some(first) = lacks_offer
                && (!first.live || failed.next().is_some())
            {
                report.suppress(found(), SuppressedReason::Context, first.failed.clone());
                return;
            }
        }
        if hit.layer != Layer::Folded
            && let Some((reason, detail)) = disguised::doubt(scan.lexicon, reading, &hit, row)
        {
            report.suppress(found(), reason, detail);
            return;
        }
        // Last, since it costs most. A disguise is not explained away by a boundary that the disguise itself broke.
        if asks.words()
            && hit.layer == Layer::Folded
            && let Some(words) = reading.straddled(scan.lexicon, range.start, range.end)
            // 出售枪支持货到付款: written so that it reads as other words, and yet an offer.
            && !(row.code.starts_with("ILL.") && self.is_invited(scan, reading, &range))
        {
            report.suppress(found(), SuppressedReason::Boundary, words);
            return;
        }
        let term = Term { reading: index, range: range.clone(), row: row_index, layer: hit.layer };
        if let Some(lacks) = lacks_offer {
            // Set aside, so that others know of it, until contacts are known.
            report.suppress(found(), SuppressedReason::Context, lacks.failed.clone());
            held.waiting.push(term);
        } else {
            held.terms.push(term);
        }
    }

    /// Whether a word of an offer stands in the sentence, apart from the term and no accident of its own (书包|过机).
    fn is_invited(&self, scan: &Scan<'_>, reading: &Reading<'_>, term: &Range<usize>) -> bool {
        reading.words_in(scan.lexicon, self.invite, reading.sentence(term.clone())).any(|word| {
            let (start, end) = (word.start as usize, word.end as usize);
            let is_torn = || reading.straddled(scan.lexicon, start, end).is_some_and(|words| words.contains('/'));
            (end <= term.start || start >= term.end) && !is_torn()
        })
    }

    /// Terms that lacked an offer beside them and have a live contact or address in their sentence, unless it tells of them.
    fn take_offered(&self, scan: &mut Scan<'_>, live: &Live, report: &mut Report) {
        let mut offered = std::mem::take(&mut scan.waiting);
        offered.retain(|term| {
            let Some(reading) = scan.readings.get(term.reading) else { return false };
            let sentence = reading.sentence(term.range.clone());
            let near = reading.around(term.range.clone(), OFFER_CHARS, OFFER_CHARS);
            let near = near.start.max(sentence.start)..near.end.min(sentence.end);
            live.begins_in(term.reading, &near)
                && !is_in_work_title(reading, term.range.start)
                && !reading.has_word(scan.lexicon, self.told, sentence)
        });
        if offered.is_empty() {
            return;
        }
        let mut places: Vec<_> = offered.iter().map(|term| (term.reading, term.range.start, term.range.end)).collect();
        places.sort_unstable();
        report.take_back("ILL.", &places);
        let mut terms = std::mem::take(&mut scan.terms);
        terms.append(&mut offered);
        scan.terms = settled(scan, terms);
    }

    /// Findings of harmful words and of wording, operation and trade secret rows.
    pub fn detect(&self, scan: &mut Scan<'_>, report: &mut Report) {
        let live = Live::of(report);
        if !scan.waiting.is_empty() {
            self.take_offered(scan, &live, report);
        }
        for term in &scan.terms {
            let Some(ready) = scan.lexicon.row(term.row) else { continue };
            let row = &ready.row;
            match row.code.split('.').next().unwrap_or_default() {
                "ILL" => self.harmful(scan, term, row, &live, report),
                "WRD" | "OPS" | "BIZ" => self.wording(scan, term, row, &live, report),
                // SEC.* and AD.* rows belong to their own detectors.
                _ => {}
            }
        }
    }

    /// S0 in warnings, law and education; S3 in messages, hidden text, links, beside a live contact and beside an offer with
    /// its sum; as listed otherwise.
    fn harmful(&self, scan: &Scan<'_>, term: &Term, row: &Row, live: &Live, report: &mut Report) {
        let Some(reading) = scan.readings.get(term.reading) else { return };
        let offer = reading.around(term.range.clone(), OFFER_CHARS, OFFER_CHARS);
        let near = reading.around(term.range.clone(), DEAL_CHARS, DEAL_CHARS);
        let is_priced = || has_sum(reading, near.clone()) && reading.has_word(scan.lexicon, self.offer, near.clone());
        let guard = self.warned.guard(scan, reading, &term.range, &row.code);
        // The telephone in a warning is the constable's: 都是诈骗，请拨打民警电话….
        let only_inviting = guard.is_some() && reading.has_word(scan.lexicon, self.told, reading.sentence(term.range.clone()));
        let has_live = live.stands_in(term.reading, &offer, only_inviting);
        let exposed = scan.is_message()
            || matches!(reading.passage.role, Role::Hidden | Role::LinkLabel | Role::Qr)
            || is_link_label(scan.draft.format, reading, &term.range);
        // Pulled apart with symbols: nobody disguises a warning.
        let disguised = term.layer != Layer::Folded;
        let severity = match guard {
            Some(_) if !has_live && !disguised => Severity::S0,
            _ if exposed || has_live || is_priced() => Severity::S3,
            _ => row.severity,
        };
        let mut found = from_row(scan, term, row, severity);
        if let Some(guard) = guard {
            found = found.because("guard", guard);
        }
        if has_live {
            found = found.because("live_contact", true);
        }
        report.find(found);
    }

    /// Why a wrong word stands there to be warned of, if so (DOMAIN §5.9).
    fn wording_guard(&self, scan: &Scan<'_>, reading: &Reading<'_>, term: &Range<usize>, code: &str) -> Option<&'static str> {
        if matches!(code, "WRD.medical_claim" | "WRD.vulgar" | "WRD.disability" | "OPS.FORCED") {
            if reading.has_word(scan.lexicon, self.negation, term.start.saturating_sub(NEGATION_CHARS)..term.start) {
                return Some("前面是否定或警示用语");
            }
            // A negation covers the whole list behind it.
            let list = reading.clause(term.clone()).start.max(term.start.saturating_sub(LIST_CHARS))..term.start;
            let mut negations = reading.words_in(scan.lexicon, self.negation, list);
            if negations.any(|word| is_list(reading.chars(word.end as usize..term.start))) {
                return Some("前面是否定或警示用语");
            }
            let after = term.end..reading.sentence(term.clone()).end.min(term.end + DENIAL_CHARS);
            if reading.has_word(scan.lexicon, self.denial, after) {
                return Some("后面说明不可信或不规范");
            }
        }
        let is_lesson = scan.is_education && matches!(code, "WRD.medical_claim" | "WRD.disability" | "WRD.ethnic" | "WRD.typo");
        (is_lesson && is_quoted(reading, term)).then_some("标题表明是宣传、提示，词语带引号")
    }

    fn wording(&self, scan: &Scan<'_>, term: &Term, row: &Row, live: &Live, report: &mut Report) {
        let Some(reading) = scan.readings.get(term.reading) else { return };
        if scan.is_message() && !row.code.starts_with("BIZ") && row.code != "WRD.vulgar" && row.only.kinds.is_empty() {
            // A citizen's message is not the unit's wording; vulgar words are masked in it (DOMAIN §2.5).
            report.suppress(from_row(scan, term, row, row.severity), SuppressedReason::Context, "群众留言不按用语规范要求");
            return;
        }
        if let Some(guard) = is_correction(reading, &term.range, &row.code)
            .or_else(|| self.wording_guard(scan, reading, &term.range, &row.code).filter(|_| row.severity < Severity::S3))
        {
            report.suppress(from_row(scan, term, row, row.severity), SuppressedReason::Guard, guard);
            return;
        }
        // A lesson repeats claims to refute them; with a contact or an offer beside the claim it sells (DOMAIN §5.9).
        let near = reading.around(term.range.clone(), OFFER_CHARS, OFFER_CHARS);
        let sells = || live.stands_in(term.reading, &near, false) || reading.has_word(scan.lexicon, self.claim_seller, near.clone());
        if row.code == "WRD.medical_claim" && scan.is_education && !sells() {
            report.find(from_row(scan, term, row, Severity::S0).because("guard", "标题表明是宣传、提示"));
            return;
        }
        report.find(from_row(scan, term, row, row.severity));
    }
}

/// Terms by place: of those of one code the longer one, and neighbours in one breath as one.
fn settled(scan: &Scan<'_>, mut terms: Vec<Term>) -> Vec<Term> {
    // The longer term of the same code says more: 残废人 over 残废.
    terms.sort_by(|a, b| {
        (a.reading, a.range.start, std::cmp::Reverse(a.range.end), a.row).cmp(&(
            b.reading,
            b.range.start,
            std::cmp::Reverse(b.range.end),
            b.row,
        ))
    });
    let lexicon = scan.lexicon;
    let readings = scan.readings;
    let is_blank = |reading: usize, at: usize| readings.get(reading).is_some_and(|r| r.class(at).is(Class::BLANK));
    let code = |term: &Term| lexicon.row(term.row).map(|r| r.row.code.as_str());
    let mut kept: Vec<Term> = Vec::with_capacity(terms.len());
    for term in terms {
        let inside = kept.iter().rev().take(16).any(|k| {
            k.reading == term.reading && k.range.start <= term.range.start && term.range.end <= k.range.end && code(k) == code(&term)
        });
        // 办证刻章 代开发票: one offer in one breath.
        let is_harmful = code(&term).is_some_and(|c| c.starts_with("ILL."));
        // What is read out of a disguise says itself from where to where.
        let is_disguised = |term: &Term| matches!(term.layer, Layer::Disguised(_));
        let joined = kept.last_mut().filter(|k| {
            is_harmful
                && !is_disguised(k)
                && !is_disguised(&term)
                && k.reading == term.reading
                && code(k) == code(&term)
                && (term.range.start == k.range.end || term.range.start == k.range.end + 1 && is_blank(term.reading, k.range.end))
        });
        match joined {
            _ if inside => {}
            Some(previous) => previous.range.end = term.range.end,
            None => kept.push(term),
        }
    }
    kept
}

/// Whether a sum of money stands in the range.
fn has_sum(reading: &Reading<'_>, range: Range<usize>) -> bool {
    let mut at = range.start;
    while let Some(digit) = reading.digits.next(at).filter(|&digit| digit < range.end) {
        at = reading.digits.run_end(digit);
        if at < range.end && matches!(reading.char(at), Some('元' | '块')) {
            return true;
        }
    }
    false
}

/// Whether the text from `negation` on to the term is a list: 严禁使用瞎子、聋子、残废人.
fn is_list(between: &[char]) -> bool {
    between.contains(&'、') || between.contains(&'”')
}

/// “人名政府”应为“人民政府”, 把“扫黑除恶”写成“扫黑险恶”: a lesson about the mistake. Somebody quotes it and says so beside.
pub fn is_correction(reading: &Reading<'_>, term: &Range<usize>, code: &str) -> Option<&'static str> {
    const SAYS_SO: [&[char]; 8] =
        [&['应', '为'], &['应', '是'], &['写', '成'], &['误', '写'], &['写', '作'], &['改', '为'], &['错', '写'], &['错', '别', '字']];
    let is_typo = matches!(code, "WRD.severe_typo" | "WRD.typo");
    let near = reading.around(term.clone(), QUOTED_CHARS, QUOTED_CHARS);
    (is_typo && is_quoted(reading, term) && reading.holds_one(near, &SAYS_SO)).then_some("讲解错别字，词语带引号")
}

/// Whether a place of the body is the text of a link: `<a href=…>百家乐</a>`, `[百家乐](https://…)`.
fn is_link_label(format: Format, reading: &Reading<'_>, range: &Range<usize>) -> bool {
    let passage = &reading.passage;
    if format == Format::Text || passage.role != Role::Body {
        return false;
    }
    let place = passage.locate(reading.folded.bytes(&passage.text, range.start, range.end));
    let (before, after) = (window(passage.submitted, place.start, LINK_BYTES, 0), window(passage.submitted, place.end, 0, LINK_BYTES));
    let tag = before.to_ascii_lowercase();
    let is_in_tag = || tag.rfind("<a ").is_some_and(|at| tag.get(at..).is_some_and(|rest| rest.contains("href") && !rest.contains("</a")));
    let is_in_brackets = || {
        let line = after.split('\n').next().unwrap_or_default();
        let opens = before.rfind('[').is_some_and(|at| before.get(at..).is_some_and(|rest| !rest.contains([']', '\n'])));
        opens && line.find(']').is_some_and(|at| line.get(at..).is_some_and(|rest| rest.starts_with("](")))
    };
    is_in_tag() || format == Format::Markdown && is_in_brackets()
}

/// Up to so many bytes before and behind a byte of `text`, whole characters only.
fn window(text: &str, at: usize, before: usize, behind: usize) -> &str {
    let start = (at.saturating_sub(before)..=at).find(|&i| text.is_char_boundary(i)).unwrap_or(at);
    let end = (at..=(at + behind).min(text.len())).rfind(|&i| text.is_char_boundary(i)).unwrap_or(at);
    text.get(start..end).unwrap_or_default()
}

/// Whether a place lies in the title of a work: 《色情与暴力》.
fn is_in_work_title(reading: &Reading<'_>, start: usize) -> bool {
    let before = reading.chars(start.saturating_sub(QUOTED_CHARS)..start);
    before.iter().rev().find(|c| matches!(c, '《' | '》')) == Some(&'《')
}

/// Whether the range is quoted: “聋子”.
pub fn is_quoted(reading: &Reading<'_>, range: &Range<usize>) -> bool {
    let before = reading.chars(range.start.saturating_sub(QUOTED_CHARS)..range.start);
    let after = reading.chars(range.end..range.end + QUOTED_CHARS);
    let opens = before.iter().rev().find(|c| matches!(c, '“' | '”' | '‘' | '’')).is_some_and(|c| matches!(c, '“' | '‘'));
    opens && after.iter().find(|c| matches!(c, '“' | '”' | '‘' | '’')).is_some_and(|c| matches!(c, '”' | '’'))
}

/// Whether a row is meant for this draft, this field, this day and this very spelling.
fn applies(scan: &Scan<'_>, reading: &Reading<'_>, row: &Row, range: &Range<usize>) -> bool {
    let is_spelled = || {
        let bytes = reading.folded.bytes(&reading.passage.text, range.start, range.end);
        reading.passage.text.get(bytes) == Some(row.term.as_str())
    };
    row.only.allows(scan.draft, reading.passage.field) && row.is_effective(scan.as_of) && (row.mode != MatchMode::Exact || is_spelled())
}

/// The allow phrase that the range lies in.
fn allowing<'p>(reading: &Reading<'_>, unless: &'p [(Vec<char>, usize)], range: &Range<usize>) -> Option<&'p [char]> {
    let is_inside = |phrase: &[char], offset: usize| {
        range
            .start
            .checked_sub(offset)
            .is_some_and(|start| reading.folded.chars.get(start..start + phrase.len()) == Some(phrase) && range.end <= start + phrase.len())
    };
    let holds = |(phrase, offset): &&(Vec<char>, usize)| {
        // Where an expression may begin in the phrase is not known.
        if *offset == usize::MAX { (0..phrase.len()).any(|at| is_inside(phrase, at)) } else { is_inside(phrase, *offset) }
    };
    unless.iter().find(holds).map(|(phrase, _)| phrase.as_slice())
}

/// Contacts, addresses and prices that detectors before this one found, by place: asked once for every term.
struct Live(Vec<LivePlace>);

struct LivePlace {
    reading: usize,
    range: Range<usize>,
    /// It calls to buy or to join; a bare telephone or address may be anybody's.
    invites: bool,
}

impl Live {
    fn of(report: &Report) -> Self {
        const INVITING: [&str; 6] = ["AD.CONTACT", "AD.KOULING", "AD.QR", "AD.PRICE", "PII.WECHAT", "PII.QQ"];
        const OTHERS: [&str; 2] = ["LINK.", "PII.MOBILE"];
        let mut places: Vec<LivePlace> = report
            .found
            .iter()
            .filter(|f| f.severity >= Severity::S1)
            .filter_map(|f| match &f.place {
                Place::At { reading, range } => {
                    let invites = INVITING.contains(&&*f.code) || f.code.starts_with("LINK.") && f.severity == Severity::S3;
                    let is_live = invites || OTHERS.iter().any(|code| f.code.starts_with(code));
                    is_live.then(|| LivePlace { reading: *reading, range: range.clone(), invites })
                }
                Place::Absent => None,
            })
            .collect();
        places.sort_unstable_by_key(|place| (place.reading, place.range.start, place.range.end));
        Self(places)
    }

    /// Those that begin at or behind the beginning of the range, in order.
    fn from(&self, reading: usize, range: &Range<usize>) -> impl Iterator<Item = &LivePlace> {
        let first = self.0.partition_point(|place| (place.reading, place.range.start) < (reading, range.start));
        self.0.iter().skip(first).take_while(move |place| place.reading == reading)
    }

    /// Whether one begins inside the range: an address may hold what ends a sentence.
    fn begins_in(&self, reading: usize, range: &Range<usize>) -> bool {
        self.from(reading, range).next().is_some_and(|place| place.range.start < range.end)
    }

    /// Whether one lies inside the range; of bare telephones and addresses none where only those count that invite.
    fn stands_in(&self, reading: usize, range: &Range<usize>, only_inviting: bool) -> bool {
        self.from(reading, range)
            .take_while(|place| place.range.start <= range.end)
            .any(|place| place.range.end <= range.end && (place.invites || !only_inviting))
    }
}

/// A finding that says what its dictionary row says.
pub fn from_row(scan: &Scan<'_>, term: &Term, row: &Row, severity: Severity) -> Found {
    let mut found =
        Found::new(row.code.clone(), severity, term.reading, term.range.clone(), row.rule.clone()).because("term", row.term.clone());
    let some = |text: &Text| (!text.is_empty()).then(|| text.clone());
    found.message = some(&row.message);
    found.suggest = some(&row.suggest);
    found.basis = some(&row.basis);
    if let Some(reading) = scan.readings.get(term.reading).filter(|_| term.layer != Layer::Folded) {
        for transform in disguised::transforms(reading, &term.range, term.layer) {
            found = found.through(transform);
        }
        if matches!(term.layer, Layer::Disguised(_)) {
            found = found.because("read_as", format!("{} → {}", reading.text(term.range.clone()), row.term));
        }
    }
    found
}
