//! Advertising and diversion: the elements of a passage are scored together; alone, most are ordinary (DOMAIN §4.3).
//! Must not know queues.
//!
//! What it finds: prices, contacts, share codes, group QR codes, diversion phrases, absolute terms.
//! Why it matters: 墨政办发〔2024〕37号 二(四): 不得参与商业性、盈利性经营活动，严禁刊登商业广告.
//! Example: 加微信mojiangcha2024 → AD.CONTACT.
//! Known false alarms: job fairs, consumption vouchers and produce fairs held by the government: S1.

use super::numbers::{is_separator, lookalike};
use super::reading::Reading;
use super::report::{Found, Place, Report};
use super::{AccountKind, Scan, terms};
use crate::lexicon::{Lexicon, ListSet};
use crate::model::Problem;
use crate::model::{Severity, SuppressedReason};
use crate::text::fold::{Class, digit_value};
use crate::text::passage::Role;
use regex::Regex;
use std::ops::Range;

/// Points from which a passage is an advertisement.
const AD_POINTS: i64 = 3;
/// Points from which the heaviest element blocks.
const BLOCK_POINTS: i64 = 5;
/// How near an absolute term must stand to product words, in characters.
const PRODUCT_CHARS: usize = 30;

const COPY: &str = "复制";
/// What begins with it and sends to a shop.
const COPY_AND_OPEN: &str =
    r"^复制.{0,20}(?:打开|去|到|后).{0,6}(?:淘.{0,2}[宝寳]|手淘|手机淘|拼多多|抖音|(?i:dou)音|快手|京东|小红书|闲鱼)";
/// Its longest match, in characters.
const COPY_AND_OPEN_CHARS: usize = 34;
/// Each of its shops has one of them.
const SHOP_SIGNS: [char; 7] = ['淘', '拼', '音', '快', '京', '红', '闲'];

pub struct Ads {
    weak: ListSet,
    product: ListSet,
    price: ListSet,
    wechat: ListSet,
    add_wechat: ListSet,
    qq: ListSet,
    copy: ListSet,
    share_mark: ListSet,
    official_account: ListSet,
    office: ListSet,
    public_service: ListSet,
    recruit: ListSet,
    pay: ListSet,
    share_code: Option<Regex>,
    copy_and_open: Option<Regex>,
}

/// The diversion phrases of one paragraph.
struct Appeal {
    reading: usize,
    paragraph: Range<usize>,
    /// Phrases that touch each other, with what is said of the first.
    clusters: Vec<(Range<usize>, Found)>,
    words: Vec<String>,
}

/// Most contacts that can overlap one term.
const NEIGHBOURS: usize = 8;

/// A contact in the making: whether it is advertising depends on its company.
struct Contact {
    reading: usize,
    range: Range<usize>,
    is_invited: bool,
    is_qq: bool,
    is_official: bool,
}

impl Ads {
    pub fn new(lexicon: &Lexicon, problems: &mut Vec<Problem>) -> Self {
        let mut lists = lexicon.lists(problems);
        Self {
            weak: lists.scanned("ad_weak"),
            product: lists.scanned("ad_product"),
            price: lists.scanned("price"),
            wechat: lists.scanned("wechat"),
            add_wechat: lists.scanned("add_wechat"),
            qq: lists.scanned("qq"),
            copy: lists.scanned("copy"),
            share_mark: lists.scanned("share_mark"),
            official_account: lists.asked("official_account"),
            office: lists.scanned("office"),
            public_service: lists.scanned("public_service"),
            recruit: lists.scanned("recruit"),
            pay: lists.scanned("pay"),
            share_code: Regex::new(r"[￥¥$€₤₳¢₴₰]\s?[A-Za-z0-9]{8,13}\s?[￥¥$€₤₳¢₴₰]|[(（《👉🔑/]\s?[A-Za-z0-9]{8,13}\s?[)）》👈🔑/]").ok(),
            copy_and_open: Regex::new(COPY_AND_OPEN).ok(),
        }
    }

    pub fn detect(&self, scan: &Scan<'_>, report: &mut Report) {
        let mut elements: Vec<Found> = Vec::new();
        let mut contacts = Vec::new();
        let mut points = 0;
        for (index, reading) in scan.prose() {
            self.prices(scan, index, &mut elements);
            self.share_codes(scan, index, &mut elements);
            contacts.extend(self.contacts(scan, index));
            if reading.passage.role == Role::Qr
                && !report.found.iter().any(|f| f.range_in(index).is_some())
                && !reading.passage.text.contains("://")
            {
                let live = !self.contacts(scan, index).is_empty();
                let severity = if live { Severity::S3 } else { Severity::S2 };
                elements.push(Found::new("AD.QR", severity, index, 0..reading.len(), "ads/qr_text"));
            }
        }
        points += elements.iter().map(|f| if f.code == "AD.PRICE" { 2 } else { 3 }).sum::<i64>();
        let links = report
            .found
            .iter()
            .filter(|f| (f.code.starts_with("LINK.") || f.code.starts_with("AD.")) && f.severity >= Severity::S1)
            .count() as i64;
        points += 3 * links.min(2);
        self.phrases(scan, &contacts, report, &mut elements);
        points += elements.iter().filter(|f| f.code == "AD.DIVERSION").count() as i64;
        let absolute = self.absolutes(scan, &mut elements);
        points += absolute;
        if points > 0 || !contacts.is_empty() {
            let weak = scan.prose().filter(|(_, r)| r.lists.meets(self.weak)).count() as i64;
            points += weak.min(1);
        }
        let before_contacts = points;
        for contact in &contacts {
            let is_ad = contact.is_invited || before_contacts >= 2;
            if is_ad && !contact.is_official {
                points += 3;
            }
        }
        for contact in contacts {
            let is_ad = (contact.is_invited || before_contacts >= 2) && !contact.is_official;
            let (code, rule) = match (is_ad, contact.is_qq) {
                (true, true) => ("AD.CONTACT", "ads/contact.qq"),
                (true, false) => ("AD.CONTACT", "ads/contact.wechat"),
                (false, true) => ("PII.QQ", "personal/qq"),
                (false, false) => ("PII.WECHAT", "personal/wechat"),
            };
            let severity = match (is_ad, contact.is_official) {
                (true, _) => Severity::S3,
                (false, true) => Severity::S0,
                (false, false) => Severity::S2,
            };
            let office = scan
                .readings
                .get(contact.reading)
                .is_some_and(|r| r.has_word(scan.lexicon, self.office.and(self.public_service), r.around(contact.range.clone(), 14, 8)));
            let severity = if !is_ad && office && contact.is_qq { severity.min(Severity::S1) } else { severity };
            report.find(Found::new(code, severity, contact.reading, contact.range, rule).because("score", points));
        }
        let is_public_service = scan.prose().any(|(_, r)| r.lists.meets(self.public_service)) && points < BLOCK_POINTS + 3;
        self.settle(scan, elements, points, is_public_service, report);
        self.recruiting(scan, report);
    }

    /// Severities by the score of the whole (DOMAIN §4.3).
    fn settle(&self, scan: &Scan<'_>, elements: Vec<Found>, points: i64, is_public_service: bool, report: &mut Report) {
        let mut settled: Vec<Found> = Vec::new();
        for mut element in elements {
            if let Place::At { reading, range } = &element.place
                && report.found.iter().any(|f| {
                    (f.code == "AD.CONTACT" || f.code.starts_with("LINK."))
                        && f.range_in(*reading).is_some_and(|r| r.start <= range.start && range.end <= r.end)
                })
            {
                continue;
            }
            element.severity = match &*element.code {
                "AD.KOULING" | "AD.QR" => element.severity,
                "AD.ABSOLUTE" if points < AD_POINTS => {
                    report.suppress(element, SuppressedReason::Context, "不在商业宣传语境中");
                    continue;
                }
                "AD.PRICE" if points < AD_POINTS => {
                    report.suppress(element, SuppressedReason::Context, "只有价格，没有其他广告要素");
                    continue;
                }
                _ if points < AD_POINTS || is_public_service => Severity::S1,
                _ => Severity::S2,
            };
            element.evidence.insert("score", points);
            settled.push(element);
        }
        let ads = |f: &Found| f.code.starts_with("AD.") || f.code.starts_with("LINK.");
        let blocked = settled.iter().chain(report.found.iter().filter(|f| ads(f))).any(|f| f.severity == Severity::S3);
        if points >= BLOCK_POINTS && !blocked && !is_public_service {
            let weight = |f: &Found| match &*f.code {
                "AD.QR" | "AD.MINIPROGRAM" => 3,
                "AD.PRICE" => 2,
                _ => 1,
            };
            if let Some(heaviest) = settled.iter_mut().max_by_key(|f| weight(f)) {
                heaviest.severity = Severity::S3;
            }
        }
        let _ = scan;
        for element in settled {
            report.find(element);
        }
    }

    /// 原价198元，现价99元: one price, however often it is told.
    fn prices(&self, scan: &Scan<'_>, index: usize, elements: &mut Vec<Found>) {
        let Some(reading) = scan.readings.get(index) else { return };
        let mut last: Option<Range<usize>> = None;
        let mut spans: Vec<Range<usize>> = Vec::new();
        for hit in reading.words_in(scan.lexicon, self.price, 0..reading.len()) {
            let mut at = hit.end as usize;
            while at < hit.end as usize + 3 && matches!(reading.char(at), Some(' ' | '￥' | '¥' | '：' | ':' | '为')) {
                at += 1;
            }
            let digits =
                (at..reading.len()).take(12).take_while(|&i| reading.char(i).is_some_and(|c| c.is_ascii_digit() || c == '.')).count();
            if digits == 0 {
                continue;
            }
            let mut end = at + digits;
            let has_unit = reading.char(end) == Some('元') || at > hit.end as usize && matches!(reading.char(at - 1), Some('￥' | '¥'));
            if reading.char(end) == Some('元') {
                end += 1;
            }
            // 仅需3分钟 is no price.
            if !has_unit && !reading.text(hit.start as usize..hit.end as usize).contains('价') {
                continue;
            }
            let span = hit.start as usize..end;
            match &mut last {
                Some(previous) if span.start <= previous.end + 8 => previous.end = span.end,
                _ => {
                    spans.extend(last.take());
                    last = Some(span);
                }
            }
        }
        spans.extend(last);
        for span in spans {
            elements.push(Found::new("AD.PRICE", Severity::S2, index, span, "ads/price"));
        }
    }

    fn share_codes(&self, scan: &Scan<'_>, index: usize, elements: &mut Vec<Found>) {
        let Some(reading) = scan.readings.get(index) else { return };
        let text = &*reading.passage.text;
        let mark = |c: char| matches!(c, '￥' | '¥' | '$' | '€' | '₤' | '₳' | '¢' | '₴' | '₰' | '👉' | '🔑');
        let has_marks = reading.lists.meets(self.share_mark);
        let is_copied = reading.lists.meets(self.copy);
        if !has_marks && !is_copied {
            return;
        }
        let mut codes: Vec<Range<usize>> = Vec::new();
        // A code that counts has letters.
        let share_code = self.share_code.as_ref().filter(|_| reading.classes.is(Class::LETTER));
        for found in share_code.iter().flat_map(|r| r.find_iter(text)) {
            let inner: String = found.as_str().chars().filter(char::is_ascii_alphanumeric).collect();
            let mixed = inner.chars().any(|c| c.is_ascii_digit())
                && inner.chars().any(|c| c.is_ascii_lowercase())
                && inner.chars().any(|c| c.is_ascii_uppercase());
            let marked = found.as_str().chars().next().is_some_and(mark);
            if (marked && inner.chars().any(|c| c.is_ascii_alphabetic())) || mixed && is_copied {
                codes.push(found.range());
            }
        }
        let kept = codes.is_empty();
        for bytes in codes {
            let range = reading.folded.index_of_byte(bytes.start)..reading.folded.index_of_byte(bytes.end);
            elements.push(Found::new("AD.KOULING", Severity::S3, index, range, "ads/share_code"));
        }
        if kept
            && is_copied
            && let Some(found) = self.copied_and_opened(text)
        {
            let range = reading.folded.index_of_byte(found.start)..reading.folded.index_of_byte(found.end);
            elements.push(Found::new("AD.KOULING", Severity::S3, index, range, "ads/copy_and_open"));
        }
    }

    /// 复制这段话，打开淘宝: the bytes. 可复制 and 复制推广 stand in any report, so each is looked at as far as it can reach.
    fn copied_and_opened(&self, text: &str) -> Option<Range<usize>> {
        text.match_indices(COPY).find_map(|(start, _)| {
            let rest = text.get(start..)?;
            let end = rest.char_indices().nth(COPY_AND_OPEN_CHARS).map_or(rest.len(), |(end, _)| end);
            let near = rest.get(..end).filter(|near| near.contains(SHOP_SIGNS))?;
            let found = self.copy_and_open.as_ref()?.find(near)?;
            Some(start + found.start()..start + found.end())
        })
    }

    fn phrases(&self, scan: &Scan<'_>, contacts: &[Contact], report: &mut Report, elements: &mut Vec<Found>) {
        let mut appeals: Vec<Appeal> = Vec::new();
        let mut taken: Vec<(usize, usize, usize)> = contacts.iter().map(|c| (c.reading, c.range.end, c.range.start)).collect();
        taken.sort_unstable();
        for term in &scan.terms {
            let Some(ready) = scan.lexicon.row(term.row).filter(|r| r.row.code == "AD.DIVERSION") else { continue };
            let Some(reading) = scan.readings.get(term.reading) else { continue };
            // 加微信 inside 加微信mojiangcha2024 is told by the contact.
            let first = taken.partition_point(|&(reading, end, _)| (reading, end) <= (term.reading, term.range.start));
            if taken.iter().skip(first).take(NEIGHBOURS).any(|&(reading, _, start)| reading == term.reading && start < term.range.end) {
                continue;
            }
            let guarded = scan.is_education || scan.account == AccountKind::Justice;
            let found = terms::from_row(scan, term, &ready.row, ready.row.severity);
            if guarded {
                report.suppress(found, SuppressedReason::Guard, "宣传、提示语境中的引用");
                continue;
            }
            let paragraph = reading.paragraph(term.range.clone());
            let touches = |cluster: &(Range<usize>, Found)| term.range.start <= cluster.0.end + 2;
            // Terms come in order of place, so only the paragraph before can be the same one.
            match appeals.last_mut().filter(|a| a.reading == term.reading && a.paragraph == paragraph) {
                Some(appeal) => {
                    appeal.words.push(ready.row.term.to_string());
                    match appeal.clusters.last_mut().filter(|c| touches(c)) {
                        Some((range, first)) => {
                            range.end = range.end.max(term.range.end);
                            first.transforms.extend(found.transforms);
                        }
                        None => appeal.clusters.push((term.range.clone(), found)),
                    }
                }
                None => appeals.push(Appeal {
                    reading: term.reading,
                    paragraph,
                    clusters: vec![(term.range.clone(), found)],
                    words: vec![ready.row.term.to_string()],
                }),
            }
        }
        for Appeal { reading, clusters, words, .. } in appeals {
            // One appeal a paragraph: shown where it leads away from the account, else where it is longest.
            let leads = |range: &Range<usize>| {
                scan.readings.get(reading).is_some_and(|r| r.text(range.clone()).contains(['群', '码', '链', '微', '私', '关', '加']))
            };
            if let Some((range, mut found)) = clusters.into_iter().max_by_key(|(range, _)| (leads(range), range.len())) {
                // What a disguised phrase was read as is said of that phrase alone.
                if found.evidence.get("read_as").is_none() {
                    found.place = Place::At { reading, range };
                }
                found.evidence.insert("phrases", words.join("、"));
                elements.push(found);
            }
        }
    }

    fn absolutes(&self, scan: &Scan<'_>, elements: &mut Vec<Found>) -> i64 {
        let mut count = 0;
        for term in &scan.terms {
            let Some(ready) = scan.lexicon.row(term.row).filter(|r| r.row.code == "AD.ABSOLUTE") else { continue };
            let Some(reading) = scan.readings.get(term.reading) else { continue };
            let near = reading.around(term.range.clone(), PRODUCT_CHARS, PRODUCT_CHARS);
            if reading.has_word(scan.lexicon, self.product.and(self.price), near) {
                count += 1;
                elements.push(terms::from_row(scan, term, &ready.row, Severity::S2));
            }
        }
        count.min(1)
    }

    /// WeChat and QQ numbers after the word that names them.
    fn contacts(&self, scan: &Scan<'_>, index: usize) -> Vec<Contact> {
        let Some(reading) = scan.readings.get(index) else { return Vec::new() };
        let words = self.wechat.and(self.add_wechat).and(self.qq);
        let mut contacts: Vec<Contact> = Vec::new();
        for hit in reading.words_in(scan.lexicon, words, 0..reading.len()) {
            let lists = scan.lexicon.lists_of(hit.pattern);
            let is_qq = lists.meets(self.qq);
            let start = hit.start as usize;
            // qq and vx inside a longer run of letters are something else.
            let glued = |i: Option<usize>| i.and_then(|i| reading.char(i)).is_some_and(|c| c.is_ascii_alphanumeric());
            if reading.char(start).is_some_and(|c| c.is_ascii_alphabetic()) && glued(start.checked_sub(1)) {
                continue;
            }
            let Some(id) = contact_id(reading, hit.end as usize, is_qq) else { continue };
            let mut span = start..id.end;
            let mut is_invited = lists.meets(self.add_wechat);
            // 加 or + before the word belongs to the invitation.
            let mut before = start;
            while before > 0 && start - before < 3 && matches!(reading.char(before - 1), Some('加' | '+' | ' ' | '我' | '➕')) {
                before -= 1;
            }
            while before < start && reading.char(before) == Some(' ') {
                before += 1;
            }
            if before < start {
                span.start = before;
                is_invited = true;
            }
            let near = reading.around(span.clone(), 12, 4);
            let own = !scan.draft.account.is_empty() && reading.text(reading.around(span.clone(), 24, 0)).contains(&*scan.draft.account);
            let is_official = own || reading.has_word(scan.lexicon, self.official_account, near);
            match contacts.last_mut() {
                Some(last) if last.range.end == span.end => {
                    last.range.start = last.range.start.min(span.start);
                    last.is_invited |= is_invited;
                }
                _ => contacts.push(Contact { reading: index, range: span, is_invited, is_qq, is_official }),
            }
        }
        // A column headed QQ or 微信号.
        for cell in &reading.passage.cells {
            let Some(header) = &cell.header else { continue };
            let chars = |bytes: &Range<usize>| reading.folded.index_of_byte(bytes.start)..reading.folded.index_of_byte(bytes.end);
            let Some(hit) = reading.words_in(scan.lexicon, words, chars(header)).next() else { continue };
            let is_qq = scan.lexicon.lists_of(hit.pattern).meets(self.qq);
            let place = chars(&cell.span);
            if let Some(id) = contact_id(reading, place.start, is_qq).filter(|id| id.end <= place.end) {
                contacts.push(Contact { reading: index, range: id, is_invited: false, is_qq, is_official: false });
            }
        }
        contacts
    }

    /// 诚聘、急招 with pay and a private contact.
    fn recruiting(&self, scan: &Scan<'_>, report: &mut Report) {
        for (index, reading) in scan.prose() {
            if !reading.lists.meets(self.recruit) || !reading.lists.meets(self.pay) {
                continue;
            }
            let Some(hit) = reading.words_in(scan.lexicon, self.recruit, 0..reading.len()).next() else { continue };
            let contact = report.found.iter().any(|f| {
                matches!(&*f.code, "AD.CONTACT" | "PII.MOBILE" | "PII.WECHAT" | "PII.QQ")
                    && f.range_in(index).is_some()
                    && f.severity >= Severity::S1
            });
            if contact {
                let official = scan.account == AccountKind::Employment || reading.lists.meets(self.public_service);
                let severity = if official { Severity::S1 } else { Severity::S2 };
                report.find(Found::new("AD.RECRUIT", severity, index, hit.start as usize..hit.end as usize, "ads/recruit"));
                return;
            }
        }
    }
}

/// The account number after a contact word: `号：mj_bm2026`, `：123456789`.
fn contact_id(reading: &Reading<'_>, after: usize, is_qq: bool) -> Option<Range<usize>> {
    let mut at = after;
    while at < after + 6
        && matches!(reading.char(at), Some('号' | '码' | '：' | ':' | '是' | '为' | ' ' | '同' | '群' | '或' | '/' | '【' | '“' | '='))
    {
        at += 1;
    }
    if is_qq && let Some(end) = qq_number(reading, at) {
        return Some(at..end);
    }
    let end = (at..reading.len())
        .take(24)
        .take_while(|&i| reading.char(i).is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')))
        .last()?
        + 1;
    let text = reading.text(at..end);
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let letters_first = text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
    let fits = if is_qq {
        digits && (5..=11).contains(&text.len()) && !text.starts_with('0')
    } else {
        letters_first && (6..=20).contains(&text.len()) || digits && (5..=12).contains(&text.len())
    };
    fits.then_some(at..end)
}

/// A QQ number of 5 to 11 digits, in any style, in groups or not: its end.
fn qq_number(reading: &Reading<'_>, at: usize) -> Option<usize> {
    let (mut digits, mut end, mut place) = (0, at, at);
    while place < at + 24 {
        let c = reading.char(place)?;
        let is_digit = digit_value(c).is_some() || (place > at || lookalike(c) == Some(1)) && lookalike(c).is_some();
        if is_digit {
            digits += 1;
            end = place + 1;
        } else if !(is_separator(c) && place == end && digits > 0) {
            break;
        }
        place += 1;
        if place == reading.len() {
            break;
        }
    }
    let first = reading.char(at).and_then(digit_value).or_else(|| reading.char(at).and_then(lookalike));
    let glued = reading.char(end).is_some_and(|c| c.is_ascii_alphanumeric());
    ((5..=11).contains(&digits) && first != Some(0) && !glued).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::string::string_regex;

    proptest! {
        #[test]
        fn what_copy_and_open_matches_is_never_passed_over(found in string_regex(COPY_AND_OPEN.trim_start_matches('^')).unwrap()) {
            prop_assert!(found.starts_with(COPY) && found.contains(SHOP_SIGNS));
            prop_assert!(found.chars().count() <= COPY_AND_OPEN_CHARS);
        }
    }
}
