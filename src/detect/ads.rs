//! Advertising and diversion: the elements of a passage are scored together; alone, most are ordinary (DOMAIN §4.3).
//! Must not know queues.
//!
//! What it finds: prices, contacts, share codes, group QR codes, diversion phrases, absolute terms.
//! Why it matters: 墨政办发〔2024〕37号 二(四): 不得参与商业性、盈利性经营活动，严禁刊登商业广告.
//! Example: 加微信mojiangcha2024 → AD.CONTACT.
//! Known false alarms: job fairs, consumption vouchers and produce fairs held by the government: S1.

use super::contacts::{Contact, Contacts, Kind};
use super::prices::{PriceWords, first_sum, prices, tells_sum};
use super::reading::Reading;
use super::recruiting::Recruiting;
use super::report::{Found, Place, Report};
use super::sale_passages::{Points, SalePassages, Spot};
use super::share_codes::ShareCodes;
use super::{AccountKind, Scan, terms};
use crate::lexicon::{Lexicon, ListSet};
use crate::model::Problem;
use crate::model::{Severity, SuppressedReason};
use crate::text::passage::Role;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Points from which a passage is an advertisement.
const AD_POINTS: i64 = 3;
/// Points from which the heaviest element blocks.
const BLOCK_POINTS: i64 = 5;
/// How far before an offer the word stands that forbids it, in characters.
const FORBIDDEN_CHARS: usize = 10;
/// Words that forbid it.
const FORBIDDEN: [&[char]; 3] = [&['严', '禁'], &['禁', '止'], &['不', '得']];
/// Most links and codes of a passage that count.
const LINKS_MAX: usize = 2;
/// How far before a number the word stands that has people call it to buy, in characters.
const CALL_CHARS: usize = 10;
/// How near an absolute term must stand to product words, in characters.
const PRODUCT_CHARS: usize = 30;

/// How near a contact stands to the word of harm that it offers, in characters.
const HARM_CHARS: usize = 30;
/// How near a number stands to the words that it is an account as well, in characters.
const SAME_NUMBER_CHARS: usize = 8;

/// Why an element of an advertisement that is told about does not count.
const QUOTED: &str = "案例、提醒、询问或投诉中的引用";

/// The commonest word of sellers.
const FREE_POST: &str = "包邮";

pub struct Ads {
    weak: ListSet,
    product: ListSet,
    /// 微信同号.
    same_account: ListSet,
    price: PriceWords,
    contacts: Contacts,
    share_codes: ShareCodes,
    office: ListSet,
    public_service: ListSet,
    quoted: ListSet,
    reproved: ListSet,
    /// Words of who sells: 包邮, 店主微信; and of where to call him: 订购热线.
    sale_hook: ListSet,
    sale_call: ListSet,
    /// What shops say of what they sell, and the words of offices beside which it does not count.
    retail: ListSet,
    retail_public: ListSet,
    tender: ListSet,
    recruiting: Recruiting,
    lesson: ListSet,
    /// A citizen asks whether what he was told is true.
    wondered: ListSet,
    /// Who reports an offer of harm, or complains of it, quotes its contact.
    told: ListSet,
    /// 让我加, 骗了我, 是不是骗子
    own_matter: ListSet,
}

/// A finding of advertising or of a link.
fn is_ad(found: &Found) -> bool {
    found.code.starts_with("AD.") || found.code.starts_with("LINK.")
}

fn is_shop(found: &Found) -> bool {
    matches!(&*found.code, "LINK.ECOMMERCE" | "AD.MINIPROGRAM")
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
        let share_codes = ShareCodes::new(lexicon, problems);
        let mut lists = lexicon.lists(problems);
        Self {
            contacts,
            weak: lists.scanned("ad_weak"),
            product: lists.scanned("ad_product"),
            same_account: lists.scanned("same_account"),
            price: PriceWords { said: lists.scanned("price"), sign: lists.scanned("share_mark") },
            share_codes,
            office: lists.scanned("office"),
            public_service: lists.scanned("public_service"),
            lesson: lists.asked("ad_lesson"),
            wondered: lists.asked("ad_wondered"),
            told: lists.asked("harm_told"),
            own_matter: lists.asked("own_matter"),
            quoted: lists.asked("ad_quoted"),
            reproved: lists.asked("ad_reproved"),
            sale_hook: lists.scanned("sale_hook"),
            sale_call: lists.scanned("sale_call"),
            retail: lists.scanned("retail"),
            retail_public: lists.asked("retail_public"),
            tender: lists.asked("tender"),
            recruiting: Recruiting::of(&mut lists),
        }
    }

    pub fn detect(&self, scan: &Scan<'_>, report: &mut Report) {
        let mut elements: Vec<Found> = Vec::new();
        let mut contacts = self.contacts_of(scan);
        if contacts.is_empty() && !self.may_sell(scan, report) {
            self.recruiting.detect(scan, report);
            return;
        }
        let passages = SalePassages::of(scan);
        let same_numbers: Vec<Contact> = scan.prose().filter_map(|(index, _)| self.same_number(scan, index, report)).collect();
        let mut sold = self.sold(scan, &contacts, &same_numbers, &passages);
        let is_private = contacts.iter().any(|contact| !contact.is_official);
        // Beside a shop or mini-program whatever is so much a piece is a price.
        let shops: BTreeSet<Spot> = report.found.iter().filter(|f| is_shop(f)).map(|f| passages.spot_of(f)).collect();
        for (index, reading) in scan.prose() {
            let sells = |at: usize| {
                let spot = passages.spot(index, at);
                shops.contains(&None) || shops.contains(&spot) || sold.contains(&(index, spot))
            };
            let something_is_sold = !sold.is_empty() || !shops.is_empty();
            for span in prices(reading, scan.lexicon, self.price, something_is_sold.then_some(&sells)) {
                let is_quoted = self.is_quoted(scan, reading, &span, is_private);
                let is_tender = self.is_tender(scan, reading, &span);
                let found = Found::new("AD.PRICE", Severity::S2, index, span, "ads/price");
                if is_quoted {
                    report.suppress(found, SuppressedReason::Guard, QUOTED);
                } else if is_tender {
                    report.suppress(found, SuppressedReason::Context, "采购、招标、拍卖公告");
                } else {
                    elements.push(found);
                }
            }
            self.share_codes.detect(scan, index, &mut elements);
            if reading.passage.role == Role::Qr
                && !report.found.iter().any(|f| f.range_in(index).is_some())
                && !reading.passage.text.contains("://")
            {
                let live = contacts.iter().any(|contact: &Contact| contact.reading == index);
                let severity = if live { Severity::S3 } else { Severity::S2 };
                elements.push(Found::new("AD.QR", severity, index, 0..reading.len(), "ads/qr_text"));
            }
        }
        let mut points = Points::default();
        self.shop_talk(scan, &passages, is_private, &mut elements, &mut points);
        let mut priced: BTreeSet<Spot> = BTreeSet::new();
        for element in &elements {
            let spot = passages.spot_of(element);
            if element.code != "AD.PRICE" {
                points.add(spot, 3);
            } else if priced.insert(spot) {
                points.add(spot, 2);
            }
        }
        let mut links: BTreeMap<Spot, usize> = BTreeMap::new();
        for found in report.found.iter().filter(|f| is_ad(f) && f.severity >= Severity::S1) {
            let spot = passages.spot_of(found);
            let count = links.entry(spot).or_default();
            *count += 1;
            if *count <= LINKS_MAX {
                points.add(spot, 3);
            }
        }
        self.phrases(scan, &contacts, is_private, report, &mut elements);
        for phrase in elements.iter().filter(|f| f.code == "AD.DIVERSION") {
            let spot = passages.spot_of(phrase);
            points.add(spot, 1);
            // 复刻包…，四百八一只: an offer and what it costs.
            if !priced.contains(&spot) && Self::costs(scan, phrase) {
                priced.insert(spot);
                points.add(spot, 2);
            }
        }
        self.absolutes(scan, is_private, &passages, report, &mut elements, &mut points);
        self.weak(scan, &contacts, &passages, &mut points);
        self.called_for(scan, &elements, &passages, report, &mut points);
        let before = points.clone();
        // A seller's number on WeChat, too; elsewhere it is told as a number.
        let is_sellers = |contact: &Contact| before.of(passages.spot(contact.reading, contact.range.start)) >= 2;
        let of_employer = |contact: &Contact| self.recruiting.recruits(scan, contact.reading);
        contacts.extend(same_numbers.into_iter().filter_map(|contact| {
            let is_employers = of_employer(&contact);
            (is_employers || is_sellers(&contact)).then_some(Contact { is_invited: contact.is_invited || is_employers, ..contact })
        }));
        let is_harmful = Self::offers_harm_itself(scan);
        for contact in &mut contacts {
            contact.is_invited |= self.offers_harm(scan, contact, report) || is_harmful && !self.tells_of_somebody(scan, contact);
            contact.is_invited &= !self.is_own_matter(scan, contact);
        }
        for contact in contacts {
            let spot = passages.spot(contact.reading, contact.range.start);
            let is_ad = (contact.is_invited || before.of(spot) >= 2) && !contact.is_official;
            if is_ad {
                points.add(spot, 3);
                sold.insert((contact.reading, spot));
            }
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
            let found = Found::new(code, severity, contact.reading, contact.range, rule);
            report.find(found.because("score", points.of(spot)));
        }
        let is_public_service = scan.prose().any(|(_, r)| r.lists.meets(self.public_service));
        // A seller who is to be reached does not hold the fair that the post tells of.
        let sellers: BTreeSet<Spot> = sold.iter().map(|(_, spot)| *spot).chain(shops).collect();
        let is_excused =
            |spot: Spot, points: i64| is_public_service && points < BLOCK_POINTS + 3 && (spot.is_none() || !sellers.contains(&spot));
        Self::settle(elements, &points, &passages, is_excused, report);
        self.recruiting.detect(scan, report);
    }

    /// 套餐128元，团购立省40元: the talk of a shop, with the sum that it asks for or with much of it (DOMAIN §4.3). What an office
    /// tells of fees and grants is none.
    fn shop_talk(&self, scan: &Scan<'_>, passages: &SalePassages, is_private: bool, elements: &mut Vec<Found>, points: &mut Points) {
        let Some((index, reading)) = scan.body().filter(|(_, r)| r.lists.meets(self.retail)) else { return };
        // 近视防控知识 sells as well; under 谨防“低价团”陷阱 it is quoted.
        let warns = |title: &Reading<'_>| title.has_word(scan.lexicon, self.quoted.and(self.reproved), 0..title.len());
        if scan.account == AccountKind::Justice || scan.title().is_some_and(warns) {
            return;
        }
        let mut talk: BTreeMap<Spot, Vec<Range<usize>>> = BTreeMap::new();
        for hit in reading.words_in(scan.lexicon, self.retail, 0..reading.len()) {
            let range = hit.start as usize..hit.end as usize;
            // 创新客户 holds no 新客户.
            if reading.straddled(scan.lexicon, range.start, range.end).is_some_and(|words| words.contains('/')) {
                continue;
            }
            talk.entry(passages.spot(index, range.start)).or_default().push(range);
        }
        let priced: BTreeSet<Spot> = elements.iter().filter(|e| e.code == "AD.PRICE").map(|e| passages.spot_of(e)).collect();
        for (spot, words) in talk {
            let (Some(first), Some(last)) = (words.first(), words.last()) else { continue };
            let whole = reading.sentence(first.clone()).start..reading.sentence(last.clone()).end;
            let is_excused = reading.has_word(scan.lexicon, self.retail_public, whole.clone())
                || self.is_quoted(scan, reading, first, is_private)
                || self.is_tender(scan, reading, first);
            if is_excused {
                continue;
            }
            let distinct: BTreeSet<String> = words.iter().map(|word| reading.text(word.clone())).collect();
            let is_priced = priced.contains(&spot);
            let found = |code: &'static str, range: Range<usize>, rule: &'static str| {
                Found::new(code, Severity::S2, index, range, rule)
                    .because("phrases", distinct.iter().cloned().collect::<Vec<_>>().join("、"))
            };
            let sum = if is_priced { None } else { first_sum(reading, whole) };
            // With the points of the element itself enough for an advertisement, not for a block.
            match sum {
                Some(sum) => {
                    elements.push(found("AD.PRICE", sum, "ads/price"));
                    points.add(spot, 1);
                }
                None if is_priced => points.add(spot, 1),
                None if distinct.len() > 1 => {
                    elements.push(found("AD.DIVERSION", first.clone(), "ads/promotion"));
                    points.add(spot, 2);
                }
                None => {}
            }
        }
    }

    /// Whether the sentence of an offer tells a sum that may be its price.
    fn costs(scan: &Scan<'_>, phrase: &Found) -> bool {
        let Place::At { reading: index, range } = &phrase.place else { return false };
        scan.readings.get(*index).is_some_and(|reading| tells_sum(reading, reading.sentence(range.clone())))
    }

    /// Who is to be reached: in prose, and who is to be added in the name of an image or behind the name of the source.
    fn contacts_of(&self, scan: &Scan<'_>) -> Vec<Contact> {
        let mut contacts: Vec<Contact> = scan.prose().flat_map(|(index, _)| self.contacts.of(scan, index)).collect();
        let beside = scan.readings.iter().enumerate().filter(|(_, r)| matches!(r.passage.role, Role::ImageName | Role::SourceName));
        for (index, _) in beside {
            contacts.extend(self.contacts.of(scan, index).into_iter().filter(|contact| contact.is_invited));
        }
        contacts
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

    /// Whether there is anything to add up; most drafts have nothing.
    fn may_sell(&self, scan: &Scan<'_>, report: &Report) -> bool {
        let words = [self.share_codes.lists(), self.sale_hook, self.sale_call, self.same_account, self.retail]
            .into_iter()
            .fold(self.price.said, ListSet::and);
        let is_ad_term = |term: &terms::Term| scan.lexicon.row(term.row).is_some_and(|ready| ready.row.code.starts_with("AD."));
        report.found.iter().any(is_ad)
            || scan.prose().any(|(_, r)| r.lists.meets(words) || r.passage.role == Role::Qr)
            || scan.terms.iter().any(is_ad_term)
    }

    /// Where something is sold: a contact, a seller's own word (包邮, 订购热线) or two different appeals to buy stand there; one
    /// alone stands in many a remark about what somebody bought.
    fn sold(&self, scan: &Scan<'_>, contacts: &[Contact], same_numbers: &[Contact], passages: &SalePassages) -> BTreeSet<(usize, Spot)> {
        let private = contacts.iter().filter(|contact| !contact.is_official).chain(same_numbers);
        let mut sold: BTreeSet<(usize, Spot)> =
            private.map(|contact| (contact.reading, passages.spot(contact.reading, contact.range.start))).collect();
        let hooks = self.sale_hook.and(self.sale_call);
        for (index, reading) in scan.prose().filter(|(_, r)| r.lists.meets(hooks)) {
            for hit in reading.words_in(scan.lexicon, hooks, 0..reading.len()) {
                // 175元包邮 says no more than a price.
                let start = hit.start as usize;
                if !(reading.starts_with(start, FREE_POST) && reading.ends_with(start, "元")) {
                    sold.insert((index, passages.spot(index, start)));
                }
            }
        }
        let mut appeals: BTreeMap<(usize, Spot), u32> = BTreeMap::new();
        for term in &scan.terms {
            if scan.lexicon.row(term.row).is_some_and(|ready| ready.row.code == "AD.DIVERSION") {
                let place = (term.reading, passages.spot(term.reading, term.range.start));
                if *appeals.entry(place).or_insert(term.row) != term.row {
                    sold.insert(place);
                }
            }
        }
        sold
    }

    /// A weak word counts beside another element.
    fn weak(&self, scan: &Scan<'_>, contacts: &[Contact], passages: &SalePassages, points: &mut Points) {
        if points.is_none() && contacts.is_empty() {
            return;
        }
        if scan.prose().any(|(index, r)| !passages.is_body(index) && r.lists.meets(self.weak)) {
            points.add(None, 1);
            return;
        }
        let Some((_, body)) = scan.body().filter(|(index, r)| passages.is_body(*index) && r.lists.meets(self.weak)) else { return };
        let reached = contacts.iter().filter_map(|contact| passages.spot(contact.reading, contact.range.start));
        let spots: BTreeSet<usize> = points.passages().chain(reached).collect();
        for number in spots {
            if body.has_word(scan.lexicon, self.weak, passages.range(number)) {
                points.add(Some(number), 1);
            }
        }
    }

    /// What is bought by tender is no ware of the account: 采购文件售价.
    fn is_tender(&self, scan: &Scan<'_>, reading: &Reading<'_>, range: &Range<usize>) -> bool {
        let says = |reading: &Reading<'_>, range| reading.has_word(scan.lexicon, self.tender, range);
        says(reading, reading.paragraph(range.clone())) || scan.title().is_some_and(|title| says(title, 0..title.len()))
    }

    /// The title says that the draft warns of advertisements or explains them, or the account does so for a living
    /// (DOMAIN §5.9). That it imparts knowledge is not enough: advertisers do.
    fn is_lesson(&self, scan: &Scan<'_>) -> bool {
        let says_so = |title: &Reading<'_>| title.has_word(scan.lexicon, self.lesson, 0..title.len());
        scan.account == AccountKind::Justice || scan.is_education && scan.title().is_some_and(says_so)
    }

    /// Severities by the score of the passage (DOMAIN §4.3).
    fn settle(elements: Vec<Found>, points: &Points, passages: &SalePassages, is_excused: impl Fn(Spot, i64) -> bool, report: &mut Report) {
        let mut settled: Vec<(Spot, Found)> = Vec::new();
        for mut element in elements {
            if let Place::At { reading, range } = &element.place
                && report.found.iter().any(|f| {
                    (f.code == "AD.CONTACT" || f.code.starts_with("LINK."))
                        && f.range_in(*reading).is_some_and(|r| r.start <= range.start && range.end <= r.end)
                })
            {
                continue;
            }
            let spot = passages.spot_of(&element);
            let points = points.of(spot);
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
                _ if points < AD_POINTS || is_excused(spot, points) => Severity::S1,
                _ => Severity::S2,
            };
            element.evidence.insert("score", points);
            settled.push((spot, element));
        }
        if settled.iter().any(|(spot, _)| points.of(*spot) >= BLOCK_POINTS) {
            Self::block(&mut settled, points, passages, is_excused, report);
        }
        for (_, element) in settled {
            report.find(element);
        }
    }

    /// In each passage that weighs enough, and in which nothing blocks by itself, the heaviest element does.
    fn block(
        settled: &mut [(Spot, Found)],
        points: &Points,
        passages: &SalePassages,
        is_excused: impl Fn(Spot, i64) -> bool,
        report: &mut Report,
    ) {
        let of_report = report.found.iter().filter(|f| is_ad(f)).map(|f| (passages.spot_of(f), f));
        let of_settled = settled.iter().map(|(spot, f)| (*spot, f));
        let mut blocked: BTreeSet<Spot> = of_report.chain(of_settled).filter(|(_, f)| f.severity == Severity::S3).map(|(s, _)| s).collect();
        let weight = |f: &Found| match &*f.code {
            "AD.QR" | "AD.MINIPROGRAM" => 3,
            "AD.PRICE" => 2,
            _ => 1,
        };
        let mut shops: BTreeMap<Spot, usize> = BTreeMap::new();
        for (number, found) in report.found.iter().enumerate().filter(|(_, f)| is_shop(f)) {
            shops.entry(passages.spot_of(found)).or_insert(number);
        }
        let mut heaviest: BTreeMap<Spot, (i64, usize)> = BTreeMap::new();
        for (number, (spot, found)) in settled.iter().enumerate() {
            let best = heaviest.entry(*spot).or_insert((weight(found), number));
            if weight(found) >= best.0 {
                *best = (weight(found), number);
            }
        }
        for (spot, (_, number)) in heaviest {
            let score = points.of(spot);
            let is_blocked = blocked.contains(&None) || blocked.contains(&spot) || spot.is_none() && !blocked.is_empty();
            if score < BLOCK_POINTS || is_blocked || is_excused(spot, score) {
                continue;
            }
            blocked.insert(spot);
            let shop = shops.get(&spot).or_else(|| shops.get(&None)).and_then(|&shop| report.found.get_mut(shop));
            if let Some(found) = shop.or_else(|| settled.get_mut(number).map(|(_, found)| found)) {
                found.severity = Severity::S3;
            }
        }
    }

    /// Points of a telephone in a passage: a private number beside an appeal (诚招代理，日入过千，电话13…), any number that is
    /// called to buy beside an appeal or a price (购机热线0816-…).
    fn called_for(&self, scan: &Scan<'_>, elements: &[Found], passages: &SalePassages, report: &Report, points: &mut Points) {
        let with = |code| elements.iter().filter(move |e| e.code == code).map(|e| passages.spot_of(e));
        let appeals: BTreeSet<Spot> = with("AD.DIVERSION").collect();
        let offers: BTreeSet<Spot> = appeals.iter().copied().chain(with("AD.PRICE")).collect();
        if offers.is_empty() {
            return;
        }
        let mut called: BTreeSet<Spot> = BTreeSet::new();
        for found in report.found.iter().filter(|f| matches!(&*f.code, "PII.MOBILE" | "PII.LANDLINE")) {
            let Place::At { reading: index, range } = &found.place else { continue };
            let spot = passages.spot(*index, range.start);
            let Some(reading) = scan.readings.get(*index).filter(|_| offers.contains(&spot)) else { continue };
            let is_private = found.code == "PII.MOBILE" && found.severity >= Severity::S2 && appeals.contains(&spot);
            if is_private || reading.has_word(scan.lexicon, self.sale_call, reading.around(range.clone(), CALL_CHARS, 0)) {
                called.insert(spot);
            }
        }
        for spot in called {
            points.add(spot, 3);
        }
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
            // 严禁由个人代购、厂家直销入校
            let before = reading.clause(term.range.clone()).start.max(term.range.start.saturating_sub(FORBIDDEN_CHARS))..term.range.start;
            let is_forbidden = !is_private && reading.holds_one(before, &FORBIDDEN);
            if is_forbidden || self.is_quoted(scan, reading, &term.range, is_private) {
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

    /// Whether a message offers something harmful: a contact in it is the writer's own, unless he tells of somebody.
    fn offers_harm_itself(scan: &Scan<'_>) -> bool {
        let is_harm = |term: &terms::Term| {
            let row = scan.lexicon.row(term.row).map(|ready| &ready.row);
            row.is_some_and(|row| row.code.starts_with("ILL.") && row.severity >= Severity::S2)
        };
        scan.is_message() && scan.terms.iter().any(is_harm)
    }

    /// Whether the paragraph of a contact tells of somebody else.
    fn tells_of_somebody(&self, scan: &Scan<'_>, contact: &Contact) -> bool {
        let of = |reading: &Reading<'_>| reading.has_word(scan.lexicon, self.told, reading.paragraph(contact.range.clone()));
        scan.readings.get(contact.reading).is_some_and(of)
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
        // A title or a question of others that quotes it wonders as well: “保本高收益”是真的吗？
        let may_wonder = scan.is_message() || terms::is_quoted(reading, range);
        let is_wondered = || may_wonder && reading.has_word(scan.lexicon, self.wondered, sentence.start..sentence.end + 1);
        // 谨防“低价团”套路: what the title warns of is quoted.
        let is_warned = || scan.title().is_some_and(|title| title.has_word(scan.lexicon, self.reproved, 0..title.len()));
        !is_private && (is_wondered() || is_warned() || says(self.quoted) || terms::is_quoted(reading, range) && says(self.reproved))
    }

    fn absolutes(
        &self,
        scan: &Scan<'_>,
        is_private: bool,
        passages: &SalePassages,
        report: &mut Report,
        elements: &mut Vec<Found>,
        points: &mut Points,
    ) {
        let mut done: BTreeSet<Spot> = BTreeSet::new();
        for term in &scan.terms {
            let Some(ready) = scan.lexicon.row(term.row).filter(|r| r.row.code == "AD.ABSOLUTE") else { continue };
            let Some(reading) = scan.readings.get(term.reading) else { continue };
            let near = reading.around(term.range.clone(), PRODUCT_CHARS, PRODUCT_CHARS);
            if reading.has_word(scan.lexicon, self.product.and(self.price.said), near) {
                let found = terms::from_row(scan, term, &ready.row, Severity::S2);
                if self.is_quoted(scan, reading, &term.range, is_private) {
                    report.suppress(found, SuppressedReason::Guard, QUOTED);
                    continue;
                }
                let spot = passages.spot_of(&found);
                if done.insert(spot) {
                    points.add(spot, 1);
                }
                elements.push(found);
            }
        }
    }
}
