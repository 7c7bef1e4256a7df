//! Advertising and diversion: the elements of a passage are scored together; alone, most are ordinary (DOMAIN §4.3).
//! Must not know queues.
//!
//! What it finds: prices, contacts, share codes, group QR codes, diversion phrases, absolute terms.
//! Why it matters: 墨政办发〔2024〕37号 二(四): 不得参与商业性、盈利性经营活动，严禁刊登商业广告.
//! Example: 加微信mojiangcha2024 → AD.CONTACT.
//! Known false alarms: job fairs, consumption vouchers and produce fairs held by the government: S1.

use super::contacts::{Contact, Contacts, Kind};
use super::prices::{PriceWords, prices};
use super::reading::Reading;
use super::report::{Found, Place, Report};
use super::{AccountKind, Scan, terms};
use crate::lexicon::{Lexicon, ListSet};
use crate::model::Problem;
use crate::model::{Severity, SuppressedReason};
use crate::text::fold::Class;
use crate::text::passage::Role;
use regex::Regex;
use std::ops::Range;

/// Points from which a passage is an advertisement.
const AD_POINTS: i64 = 3;
/// Points from which the heaviest element blocks.
const BLOCK_POINTS: i64 = 5;
/// How near an absolute term must stand to product words, in characters.
const PRODUCT_CHARS: usize = 30;

/// How near a contact stands to the word of harm that it offers, in characters.
const HARM_CHARS: usize = 30;

/// How near a number stands to the words that it is an account as well, in characters.
const SAME_NUMBER_CHARS: usize = 8;

/// Why an element of an advertisement that is told about does not count.
const QUOTED: &str = "案例、提醒、询问或投诉中的引用";

const COPY: &str = "复制";
/// What begins with it and sends to a shop.
const COPY_AND_OPEN: &str =
    r"^复制.{0,20}(?:打开|咑閞|去|到|后).{0,6}(?:淘.{0,2}[宝寳]|手淘|手机淘|拼多多|抖音|(?i:dou)音|快手|京东|小红书|闲鱼)";
/// Its longest match, in characters.
const COPY_AND_OPEN_CHARS: usize = 34;
/// Each of its shops has one of them.
const SHOP_SIGNS: [char; 7] = ['淘', '拼', '音', '快', '京', '红', '闲'];

pub struct Ads {
    weak: ListSet,
    product: ListSet,
    /// 微信同号.
    same_account: ListSet,
    price: ListSet,
    contacts: Contacts,
    copy: ListSet,
    share_mark: ListSet,
    office: ListSet,
    public_service: ListSet,
    quoted: ListSet,
    reproved: ListSet,
    lesson: ListSet,
    /// A citizen asks whether what he was told is true.
    wondered: ListSet,
    /// Who reports an offer of harm, or complains of it, quotes its contact.
    told: ListSet,
    /// 让我加, 骗了我, 是不是骗子
    own_matter: ListSet,
    recruit: ListSet,
    pay: ListSet,
    public_post: ListSet,
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

impl Ads {
    pub fn new(lexicon: &Lexicon, problems: &mut Vec<Problem>) -> Self {
        let contacts = Contacts::new(lexicon, problems);
        let mut lists = lexicon.lists(problems);
        Self {
            contacts,
            weak: lists.scanned("ad_weak"),
            product: lists.scanned("ad_product"),
            same_account: lists.scanned("same_account"),
            price: lists.scanned("price"),
            copy: lists.scanned("copy"),
            share_mark: lists.scanned("share_mark"),
            office: lists.scanned("office"),
            public_service: lists.scanned("public_service"),
            lesson: lists.asked("ad_lesson"),
            wondered: lists.asked("ad_wondered"),
            told: lists.asked("harm_told"),
            own_matter: lists.asked("own_matter"),
            quoted: lists.asked("ad_quoted"),
            reproved: lists.asked("ad_reproved"),
            recruit: lists.scanned("recruit"),
            public_post: lists.asked("public_post"),
            pay: lists.scanned("pay"),
            share_code: Regex::new(r"[￥¥$€₤₳¢₴₰]\s?[A-Za-z0-9]{8,13}\s?[￥¥$€₤₳¢₴₰]|[(（《👉🔑/]\s?[A-Za-z0-9]{8,13}\s?[)）》👈🔑/]").ok(),
            copy_and_open: Regex::new(COPY_AND_OPEN).ok(),
        }
    }

    pub fn detect(&self, scan: &Scan<'_>, report: &mut Report) {
        let mut elements: Vec<Found> = Vec::new();
        let (mut contacts, mut sells, mut same_numbers) = (Vec::new(), Vec::new(), Vec::new());
        let mut points = 0;
        // Beside a shop or mini-program whatever is so much a piece is a price.
        let has_shop = report.found.iter().any(|f| matches!(&*f.code, "LINK.ECOMMERCE" | "AD.MINIPROGRAM"));
        for (index, _) in scan.prose() {
            let own = self.contacts.of(scan, index);
            let same = self.same_number(scan, index, report);
            sells.push(has_shop || same.is_some() || own.iter().any(|contact| !contact.is_official) || Self::appeals(scan, index));
            contacts.extend(own);
            same_numbers.extend(same);
        }
        // Who is to be added stands in the name of an image or behind the name of the source as well as anywhere.
        let beside = scan.readings.iter().enumerate().filter(|(_, r)| matches!(r.passage.role, Role::ImageName | Role::SourceName));
        for (index, _) in beside {
            contacts.extend(self.contacts.of(scan, index).into_iter().filter(|contact| contact.is_invited));
        }
        let is_private = contacts.iter().any(|contact| !contact.is_official);
        for ((index, reading), sells) in scan.prose().zip(sells) {
            let words = PriceWords { said: self.price, sign: self.share_mark };
            for span in prices(reading, scan.lexicon, words, sells) {
                let is_quoted = self.is_quoted(scan, reading, &span, is_private);
                let found = Found::new("AD.PRICE", Severity::S2, index, span, "ads/price");
                if is_quoted {
                    report.suppress(found, SuppressedReason::Guard, QUOTED);
                } else {
                    elements.push(found);
                }
            }
            self.share_codes(scan, index, &mut elements);
            if reading.passage.role == Role::Qr
                && !report.found.iter().any(|f| f.range_in(index).is_some())
                && !reading.passage.text.contains("://")
            {
                let live = contacts.iter().any(|contact: &Contact| contact.reading == index);
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
        self.phrases(scan, &contacts, is_private, report, &mut elements);
        points += elements.iter().filter(|f| f.code == "AD.DIVERSION").count() as i64;
        let absolute = self.absolutes(scan, is_private, report, &mut elements);
        points += absolute;
        if points > 0 || !contacts.is_empty() {
            let weak = scan.prose().filter(|(_, r)| r.lists.meets(self.weak)).count() as i64;
            points += weak.min(1);
        }
        points += Self::called_for(&elements, report);
        // A seller's number on WeChat, too; elsewhere it is told as a number.
        contacts.extend(same_numbers.into_iter().filter(|_| points >= 2));
        let before_contacts = points;
        for contact in &mut contacts {
            contact.is_invited |= self.offers_harm(scan, contact, report);
            contact.is_invited &= !self.is_own_matter(scan, contact);
        }
        for contact in &contacts {
            let is_ad = contact.is_invited || before_contacts >= 2;
            if is_ad && !contact.is_official {
                points += 3;
            }
        }
        for contact in contacts {
            let is_ad = (contact.is_invited || before_contacts >= 2) && !contact.is_official;
            let (code, rule) = match (is_ad, contact.kind) {
                (true, Kind::Qq) => ("AD.CONTACT", "ads/contact.qq"),
                (true, Kind::WeChat) => ("AD.CONTACT", "ads/contact.wechat"),
                (true, Kind::Other) => ("AD.CONTACT", "ads/contact.other"),
                (false, Kind::Qq) => ("PII.QQ", "personal/qq"),
                (false, Kind::WeChat) => ("PII.WECHAT", "personal/wechat"),
                (false, Kind::Other) => continue,
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
            let severity = if !is_ad && office && contact.kind == Kind::Qq { severity.min(Severity::S1) } else { severity };
            report.find(Found::new(code, severity, contact.reading, contact.range, rule).because("score", points));
        }
        let is_public_service = scan.prose().any(|(_, r)| r.lists.meets(self.public_service)) && points < BLOCK_POINTS + 3;
        Self::settle(elements, points, is_public_service, report);
        self.recruiting(scan, report);
    }

    /// The title says that the draft warns of advertisements or explains them, or the account does so for a living
    /// (DOMAIN §5.9). That it imparts knowledge is not enough: advertisers do.
    fn is_lesson(&self, scan: &Scan<'_>) -> bool {
        let says_so = |title: &Reading<'_>| title.has_word(scan.lexicon, self.lesson, 0..title.len());
        scan.account == AccountKind::Justice || scan.is_education && scan.title().is_some_and(says_so)
    }

    /// Severities by the score of the whole (DOMAIN §4.3).
    fn settle(elements: Vec<Found>, points: i64, is_public_service: bool, report: &mut Report) {
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
            let mut links = report.found.iter_mut().filter(|f| matches!(&*f.code, "AD.MINIPROGRAM" | "LINK.ECOMMERCE"));
            if let Some(heaviest) = links.next().filter(|_| !settled.is_empty()) {
                heaviest.severity = Severity::S3;
            } else if let Some(heaviest) = settled.iter_mut().max_by_key(|f| weight(f)) {
                heaviest.severity = Severity::S3;
            }
        }
        for element in settled {
            report.find(element);
        }
    }

    /// 13800138041，微信同号: a private number that is an account as well.
    fn same_number(&self, scan: &Scan<'_>, index: usize, report: &Report) -> Option<Contact> {
        let reading = scan.readings.get(index).filter(|reading| reading.lists.meets(self.same_account))?;
        let hit = reading.words_in(scan.lexicon, self.same_account, 0..reading.len()).next()?;
        let range = hit.start as usize..hit.end as usize;
        let near = reading.around(range.clone(), SAME_NUMBER_CHARS, SAME_NUMBER_CHARS);
        let is_number = |f: &Found| f.code == "PII.MOBILE" && f.severity >= Severity::S2;
        let touches = |f: &Found| f.range_in(index).is_some_and(|r| r.start < near.end && near.start < r.end);
        let is_private = report.found.iter().any(|f| is_number(f) && touches(f));
        let is_office = reading.has_word(scan.lexicon, self.office.and(self.public_service), reading.sentence(range.clone()));
        (is_private && !is_office).then_some(Contact { reading: index, range, kind: Kind::WeChat, is_invited: false, is_official: false })
    }

    /// Points of a private number in a passage with an appeal to buy: 诚招代理，日入过千，电话13….
    fn called_for(elements: &[Found], report: &Report) -> i64 {
        let reading = |f: &Found| match &f.place {
            Place::At { reading, .. } => Some(*reading),
            Place::Absent => None,
        };
        // Elements stand in the order of their readings, and there are few of those.
        let mut appeals: Vec<usize> = elements.iter().filter(|e| e.code == "AD.DIVERSION").filter_map(reading).collect();
        appeals.dedup();
        let is_number = |f: &Found| f.code == "PII.MOBILE" && f.severity >= Severity::S2;
        let is_called_for = |f: &Found| is_number(f) && reading(f).is_some_and(|number| appeals.contains(&number));
        if !appeals.is_empty() && report.found.iter().any(is_called_for) { 3 } else { 0 }
    }

    /// Two different appeals to buy stand in this reading; one alone stands in many a remark about what somebody bought.
    fn appeals(scan: &Scan<'_>, index: usize) -> bool {
        // Terms stand in the order of their readings.
        let from = scan.terms.partition_point(|term| term.reading < index);
        let of_reading = scan.terms.get(from..).unwrap_or_default().iter().take_while(|term| term.reading == index);
        let mut appeals =
            of_reading.filter(|term| scan.lexicon.row(term.row).is_some_and(|ready| ready.row.code == "AD.DIVERSION")).map(|term| term.row);
        let first = appeals.next();
        first.is_some() && appeals.any(|row| Some(row) != first)
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

    fn phrases(&self, scan: &Scan<'_>, contacts: &[Contact], is_private: bool, report: &mut Report, elements: &mut Vec<Found>) {
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
            let guarded = self.is_lesson(scan);
            let found = terms::from_row(scan, term, &ready.row, ready.row.severity);
            if guarded {
                report.suppress(found, SuppressedReason::Guard, "宣传、提示语境中的引用");
                continue;
            }
            if self.is_quoted(scan, reading, &term.range, is_private) {
                report.suppress(found, SuppressedReason::Guard, QUOTED);
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

    /// The contact stands beside a word of harm that its surroundings had excused: no warning asks to be added. Unless it is
    /// an office's, for those who report something.
    fn offers_harm(&self, scan: &Scan<'_>, contact: &Contact, report: &Report) -> bool {
        let Some(reading) = scan.readings.get(contact.reading) else { return false };
        let near = reading.around(contact.range.clone(), HARM_CHARS, HARM_CHARS);
        let is_tip = || scan.is_message() && reading.has_word(scan.lexicon, self.told, reading.sentence(contact.range.clone()));
        report.set_aside("ILL.", contact.reading, &near) && !reading.has_word(scan.lexicon, self.office, near) && !is_tip()
    }

    /// A message that tells what somebody did to its writer names the account (DOMAIN §2.6): 对方让我加QQ…，是不是骗子.
    fn is_own_matter(&self, scan: &Scan<'_>, contact: &Contact) -> bool {
        let of = |reading: &Reading<'_>| reading.has_word(scan.lexicon, self.own_matter, reading.sentence(contact.range.clone()));
        scan.is_message() && contact.is_invited && scan.readings.get(contact.reading).is_some_and(of)
    }

    /// A case, a warning, a question or a complaint tells what an advertisement said, or forbids the very words in quotation marks, and
    /// nobody can be reached by it (DOMAIN §5.9).
    fn is_quoted(&self, scan: &Scan<'_>, reading: &Reading<'_>, range: &Range<usize>, is_private: bool) -> bool {
        let says = |list| reading.has_word(scan.lexicon, list, reading.sentence(range.clone()));
        // The question mark ends the sentence and belongs to it.
        let sentence = reading.sentence(range.clone());
        let is_wondered = || scan.is_message() && reading.has_word(scan.lexicon, self.wondered, sentence.start..sentence.end + 1);
        !is_private && (is_wondered() || says(self.quoted) || terms::is_quoted(reading, range) && says(self.reproved))
    }

    fn absolutes(&self, scan: &Scan<'_>, is_private: bool, report: &mut Report, elements: &mut Vec<Found>) -> i64 {
        let mut count = 0;
        for term in &scan.terms {
            let Some(ready) = scan.lexicon.row(term.row).filter(|r| r.row.code == "AD.ABSOLUTE") else { continue };
            let Some(reading) = scan.readings.get(term.reading) else { continue };
            let near = reading.around(term.range.clone(), PRODUCT_CHARS, PRODUCT_CHARS);
            if reading.has_word(scan.lexicon, self.product.and(self.price), near) {
                let found = terms::from_row(scan, term, &ready.row, Severity::S2);
                if self.is_quoted(scan, reading, &term.range, is_private) {
                    report.suppress(found, SuppressedReason::Guard, QUOTED);
                    continue;
                }
                count += 1;
                elements.push(found);
            }
        }
        count.min(1)
    }

    /// 诚聘、急招 with pay and a private contact.
    fn recruiting(&self, scan: &Scan<'_>, report: &mut Report) {
        for (index, reading) in scan.prose() {
            if !reading.lists.meets(self.recruit) || !reading.lists.meets(self.pay) {
                continue;
            }
            // A public body fills its posts by an announcement.
            if reading.has_word(scan.lexicon, self.public_post, 0..reading.len()) {
                continue;
            }
            let Some(hit) = reading.words_in(scan.lexicon, self.recruit, 0..reading.len()).next() else { continue };
            let contact = report.found.iter().any(|f| {
                let is_private = matches!(&*f.code, "AD.CONTACT" | "PII.MOBILE" | "PII.WECHAT" | "PII.QQ") && f.severity >= Severity::S1;
                (is_private || f.code == "PII.LANDLINE") && f.range_in(index).is_some()
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
