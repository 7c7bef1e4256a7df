//! Personal information in digits: identity numbers, phones, cards, accounts (DOMAIN §3). What is written in letters and
//! digits is in `documents`, how phones weigh in `phones`, persons and what is said of them in `people`.
//!
//! What it finds: numbers by shape, proven by check digits and tables, weighed by the words before them.
//! Why it matters: 个人信息保护法; unmasked numbers in public notices are the most common finding of inspections.
//! Example: 身份证号530822188506150018 → PII.ID18.
//! Known false alarms: file numbers, amounts, project codes (DOMAIN §3.6); the words before them set them aside.

use super::names::{NameLists, Person};
use super::numbers::{self, Chain, IdProof};
use super::reading::Reading;
use super::report::{Found, Place, Report};
use super::{Scan, beside, children, collecting, documents, in_addresses, mailboxes, names, people, phones};
use crate::lexicon::{Lexicon, ListSet};
use crate::model::Problem;
use crate::model::{Kind, Severity, SuppressedReason};
use crate::text::passage::Role;
use std::ops::Range;

/// How far before a number its context words may stand, in characters (DOMAIN §3.2).
pub const CONTEXT_CHARS: usize = 12;

/// Headers of columns that hold no personal numbers (DOMAIN §3.6).
const COUNTED: [&[char]; 7] = [&['元'], &['金', '额'], &['面', '积'], &['数', '量'], &['代', '码'], &['编', '号'], &['单', '价']];
/// Words of which one stands beside the file number of a driver (DOMAIN §3.2).
const OF_DRIVER: [&[char]; 3] = [&['驾', '驶'], &['准', '驾'], &['驾', '照']];
/// How far from the file number it stands, in characters.
const DRIVER_CHARS: usize = 60;
/// How far before a card or an account its holder is named, in characters.
const HOLDER_CHARS: usize = 14;
/// Most digits of any number that matters.
const NUMBER_DIGITS_MAX: usize = 30;
/// Farthest two phones of a list stand from each other, in characters.
const LIST_GAP_CHARS: usize = 40;

/// The word lists of all personal detectors.
pub struct Personal {
    pub id: ListSet,
    pub phone: ListSet,
    pub office: ListSet,
    pub home: ListSet,
    pub bank: ListSet,
    pub account: ListSet,
    pub unit_holder: ListSet,
    pub uscc: ListSet,
    pub passport: ListSet,
    pub hkm: ListSet,
    pub tw: ListSet,
    pub foreign_pr: ListSet,
    pub military: ListSet,
    pub social: ListSet,
    pub driver: ListSet,
    pub mask_sign: ListSet,
    pub plate: ListSet,
    pub server: ListSet,
    pub version: ListSet,
    /// 服务器, 内网, 登录: what an address of a machine stands beside.
    pub network: ListSet,
    pub personal_mail: ListSet,
    pub address: ListSet,
    pub office_place: ListSet,
    /// 食堂, 警务室: rooms where the public is served; somebody named beside one may live there.
    pub served_place: ListSet,
    /// 纠纷, 被骗, 低保: of whom such a thing is told is no bystander of the news.
    pub name_matter: ListSet,
    pub disease: ListSet,
    /// 医生、局长 …: right before the name of who treats an illness or speaks of it.
    pub illness_post: ListSet,
    /// 讲解、推销 …: what they do.
    pub illness_teller: ListSet,
    pub poverty: ListSet,
    pub school: ListSet,
    pub harm_to_minor: ListSet,
    pub aid_to_minor: ListSet,
    pub prize: ListSet,
    /// What prizes and honours are called, everyday words too.
    pub honour: ListSet,
    /// What the texts that honour people are called: names have to stand in them.
    pub honoured: ListSet,
    /// 选购、订房 …: hotlines that sell.
    pub sales_line: ListSet,
    pub track: ListSet,
    /// Whose ways are told in public, and places alone.
    pub track_not: ListSet,
    pub class_sign: ListSet,
    pub biometric: ListSet,
    pub ask_verb: ListSet,
    pub ask_service: ListSet,
    /// Words before numbers that are not personal: 编号、文号、项目代码 …
    pub other_number: ListSet,
    pub names: NameLists,
    people: people::Patterns,
}

/// What the words before a number say.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context {
    /// All lists met within [`CONTEXT_CHARS`] before, or in the column's header.
    pub any: ListSet,
    /// The lists of the nearest word.
    pub nearest: ListSet,
    /// Where the nearest word of the text ends; 0 where there is none.
    pub nearest_end: usize,
}

impl Personal {
    pub fn new(lexicon: &Lexicon, problems: &mut Vec<Problem>) -> Self {
        let mut lists = lexicon.lists(problems);
        Self {
            id: lists.scanned("id"),
            phone: lists.scanned("phone"),
            office: lists.scanned("office"),
            home: lists.scanned("home"),
            bank: lists.scanned("bank"),
            account: lists.scanned("account"),
            unit_holder: lists.asked("unit_holder"),
            uscc: lists.scanned("uscc"),
            passport: lists.scanned("passport"),
            hkm: lists.scanned("hkm"),
            tw: lists.scanned("tw"),
            foreign_pr: lists.scanned("foreign_pr"),
            military: lists.asked("military"),
            social: lists.scanned("social"),
            driver: lists.scanned("driver"),
            mask_sign: lists.scanned("mask_sign"),
            plate: lists.asked("plate"),
            server: lists.scanned("server"),
            version: lists.asked("version"),
            network: lists.asked("network"),
            personal_mail: lists.asked("personal_mail"),
            address: lists.scanned("address"),
            office_place: lists.asked("office_place"),
            served_place: lists.asked("served_place"),
            name_matter: lists.asked("name_matter"),
            disease: lists.scanned("disease"),
            illness_post: lists.asked("illness_post"),
            illness_teller: lists.asked("illness_teller"),
            poverty: lists.scanned("poverty"),
            school: lists.asked("school"),
            harm_to_minor: lists.asked("harm_to_minor"),
            aid_to_minor: lists.asked("aid_to_minor"),
            prize: lists.asked("prize"),
            honour: lists.asked("honour"),
            honoured: lists.asked("honoured"),
            sales_line: lists.asked("sales_line"),
            track: lists.scanned("track"),
            track_not: lists.asked("track_not"),
            class_sign: lists.scanned("class_sign"),
            biometric: lists.scanned("biometric"),
            ask_verb: lists.asked("ask_verb"),
            ask_service: lists.asked("ask_service"),
            other_number: lists.scanned("other_number"),
            names: NameLists {
                before: lists.scanned("name_before"),
                called: lists.asked("name_called"),
                titles: lists.asked("name_titles"),
                illness: lists.scanned("disease").and(lists.scanned("poverty")),
                opening: lists.scanned("name_opening"),
                sign: lists.scanned("person_sign"),
                no_name: lists.asked("name_not"),
                roles: lists.asked("name_role"),
                of_illness_not: lists.asked("illness_not"),
                class_sign: lists.scanned("class_sign"),
                harm_to_minor: lists.asked("harm_to_minor"),
                child_role: lists.scanned("child_role"),
                school: lists.asked("school"),
            },
            people: people::Patterns::default(),
        }
    }

    pub fn detect(&self, scan: &Scan<'_>, report: &mut Report) {
        for (index, reading) in scan.readings.iter().enumerate() {
            let role = reading.passage.role;
            if reading.is_empty() {
                continue;
            }
            if role == Role::ImageName {
                people::biometric(self, scan, index, report);
            }
            if matches!(role, Role::ImageName | Role::BodyUrl | Role::LinkUrl) || role == Role::Qr && in_addresses::is_address(reading) {
                in_addresses::detect(scan, index, report);
                if let Some(sign) = in_addresses::mailbox(reading) {
                    mailboxes::around(self, scan, index, sign, report);
                }
                continue;
            }
            if !role.is_prose() {
                continue;
            }
            let first = report.found.len();
            let pieces = self.pieces(scan, index, report);
            let chains = numbers::chains(reading);
            for chain in chains.iter().filter(|chain| !is_among(&pieces, chain)) {
                self.chain(scan, index, chain, report);
            }
            self.masked_ids(scan, index, report);
            documents::detect(self, scan, index, report);
            mailboxes::report_written(self, scan, index, report);
            let mut proofs = Vec::new();
            let classes = people::classes(self, &self.people, scan, reading);
            let is_occasion = !classes.is_empty() && children::is_occasion(self, scan, reading);
            let addresses = people::addresses(self, &self.people, scan, reading);
            let mut beside =
                names::Beside { classes, addresses: addresses.iter().map(|a| a.range.clone()).collect(), numbers: Vec::new(), is_occasion };
            for found in report.found.iter().skip(first).filter(|f| f.severity >= Severity::S1) {
                let Some(range) = found.range_in(index) else { continue };
                if ["PII.ID18", "PII.ID15", "PII.MOBILE", "PII.BANK", "PII.ACCOUNT", "PII.SOCIAL"].contains(&&*found.code) {
                    proofs.push(range.clone());
                    beside.numbers.push(range.clone());
                } else if [
                    "PII.PLATE",
                    "PII.DRIVER_FILE",
                    "PII.ID18_MASKED",
                    "PII.HKM_PERMIT",
                    "PII.TW_PERMIT",
                    "PII.PASSPORT",
                    "PII.FOREIGN_PR",
                ]
                .contains(&&*found.code)
                {
                    beside.numbers.push(range.clone());
                }
            }
            let persons = match role {
                Role::Author => Vec::new(),
                _ => names::persons(reading, scan.lexicon, &self.names, &proofs, &beside),
            };
            beside.numbers.sort_by_key(|number| number.start);
            let named = people::Named { persons: &persons, classes: &beside.classes, addresses: &addresses, numbers: &beside.numbers };
            people::detect(self, &self.people, scan, index, &named, report);
            self.raise_with_person(scan, index, &persons, first, report);
            people::biometric(self, scan, index, report);
            collecting::detect(self, scan, index, &persons, report);
        }
    }

    /// The words before `start`, nearest last.
    pub fn context(&self, scan: &Scan<'_>, index: usize, start: usize) -> Context {
        let Some(reading) = scan.readings.get(index) else { return Context::default() };
        let mut context = Context::default();
        let mut nearest_end = 0;
        let line_start =
            (start.saturating_sub(CONTEXT_CHARS)..start).rev().take_while(|&i| reading.char(i) != Some('\n')).last().unwrap_or(start);
        for hit in reading.hits_in(line_start..start).filter(|h| h.end as usize <= start) {
            let lists = scan.lexicon.lists_of(hit.pattern);
            if lists == ListSet::default() {
                continue;
            }
            context.any = context.any.and(lists);
            if hit.end > nearest_end {
                nearest_end = hit.end;
                context.nearest_end = hit.end as usize;
                context.nearest = lists;
            } else if hit.end == nearest_end {
                context.nearest = context.nearest.and(lists);
            }
        }
        if let Some(header) = reading.header_of(start) {
            for hit in reading.hits_in(header.clone()).filter(|h| h.end as usize <= header.end) {
                let lists = scan.lexicon.lists_of(hit.pattern);
                context.any = context.any.and(lists);
                context.nearest = context.nearest.and(lists);
            }
        }
        context
    }

    fn chain(&self, scan: &Scan<'_>, index: usize, chain: &Chain, report: &mut Report) {
        let digits_of = |group: usize| chain.groups.get(group).map_or(0, |g| g.digits.len());
        let mut from = 0;
        while from < chain.groups.len() {
            // The longest first that is no longer than any number, down to the shortest that may be one.
            let mut total = 0;
            let mut end = from;
            while end < chain.groups.len() && total + digits_of(end) <= NUMBER_DIGITS_MAX {
                total += digits_of(end);
                end += 1;
            }
            let mut taken = None;
            while total >= numbers::CHAIN_DIGITS_MIN && end > from {
                end -= 1;
                if self.number(scan, index, chain, from, end, report) {
                    taken = Some(end);
                    break;
                }
                total -= digits_of(end);
            }
            from = taken.unwrap_or(from) + 1;
        }
    }

    /// Judges groups `from..=to` of a chain as one number; `true` when it was recognised (reported or set aside).
    fn number(&self, scan: &Scan<'_>, index: usize, chain: &Chain, from: usize, to: usize, report: &mut Report) -> bool {
        let (Some(reading), Some(groups)) = (scan.readings.get(index), chain.groups.get(from..=to)) else { return false };
        let (Some(first), Some(last)) = (groups.first(), groups.last()) else { return false };
        let mut digits = Vec::with_capacity(NUMBER_DIGITS_MAX);
        groups.iter().for_each(|g| digits.extend_from_slice(&g.digits));
        let range = first.range.start..last.range.end;
        let separators = chain.separators.get(from..to).unwrap_or_default();
        let is_joined = !separators.is_empty();
        // A part of a longer code or an amount is no number of its own.
        let glued = |separator: Option<&char>| separator.is_some_and(|c| matches!(c, '-' | '.' | '_' | '–'));
        let list_item = from == 1 && chain.groups.first().is_some_and(|g| g.digits.len() <= 2) && chain.separators.first() == Some(&'.');
        let after_prefix = from == 1 && matches!(chain.groups.first().map(|g| g.digits.as_slice()), Some([8, 6] | [0, 0, 8, 6]));
        if from > 0 && glued(chain.separators.get(from - 1)) && !list_item && !after_prefix && digits.len() != 11 {
            return false;
        }
        let before = range.start.checked_sub(1).and_then(|i| reading.char(i));
        let after = reading.char(range.end);
        let touches = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        let is_id = || digits.len() == 18 && numbers::prove_id18(&digits, &scan.lexicon.tables, scan.as_of) == IdProof::Proven;
        if (touches(before) || touches(after)) && !phones::is_beside_cues(reading, &range, numbers::is_mobile(&digits), is_id) {
            return false;
        }
        if glued(chain.separators.get(to)) && from == to {
            let decimals = chain.separators.get(to) == Some(&'.');
            if decimals || digits.len() == 11 {
                return false;
            }
        }
        if scan.is_in_address(index, &range) {
            if let Some(found) = in_addresses::number(scan, index, &digits, &range).filter(|_| !is_joined) {
                report.find(found);
            }
            return true;
        }
        let context = self.context(scan, index, range.start);
        if let Some(found) = self.identity(scan, index, &digits, &range, context, is_joined) {
            return self.settle(found, report);
        }
        if let Some(found) = self.landline(scan, index, chain, from, to, &range, context) {
            return self.settle(found, report);
        }
        let is_amount = after.is_some_and(|c| "元万亿亩吨%户人平立千公台件斤美份张度米次个".contains(c))
            || matches!(before, Some('￥' | '¥' | '$' | '#'))
            || reading.header_of(range.start).is_some_and(|header| reading.holds_one(header, &COUNTED));
        let is_other = context.nearest.meets(self.other_number)
            && !context.nearest.meets(self.phone.and(self.bank).and(self.id).and(self.account))
            && !(context.nearest_end > 0 && names::holds_entry(reading, scan.lexicon, context.nearest_end..range.start));
        let shape: Vec<usize> = groups.iter().map(|g| g.digits.len()).collect();
        if let Some(found) = self.mobile(scan, index, &digits, &range, context, (separators, &shape)) {
            let is_other = is_other && phones::is_led_by_number_word(reading, context.nearest_end..range.start);
            // 13887911001张律师: of a telephone the character behind is who answers it.
            let is_amount = is_amount && !context.any.meets(self.phone) && phones::is_measured(reading, &range);
            if is_amount || is_other {
                report.suppress(found, SuppressedReason::Context, if is_amount { "后面是计量单位，是数量" } else { "前面是编号类词语" });
            } else {
                report.find(found);
            }
            return true;
        }
        if let Some(found) = self.card(scan, index, &digits, &range, context, is_joined) {
            if is_amount || is_other {
                report.suppress(found, SuppressedReason::Context, if is_amount { "后面是计量单位，是数量" } else { "前面是编号类词语" });
            } else {
                report.find(found);
            }
            return true;
        }
        if digits.len() == 12
            && context.any.meets(self.driver)
            && is_of_driver(reading, &range)
            && scan.lexicon.tables.is_admin_code(head(&digits, 4) * 100)
        {
            report.find(Found::new("PII.DRIVER_FILE", Severity::S2, index, range, "personal/driver_file"));
            return true;
        }
        if (8..=18).contains(&digits.len()) && context.nearest.meets(self.social) {
            report.find(Found::new("PII.SOCIAL", Severity::S3, index, range, "personal/social"));
            return true;
        }
        if (8..=30).contains(&digits.len()) && context.nearest.meets(self.account) && !is_amount {
            let holder = self.unit_holds(scan, index, &range);
            // A unit's account is left alone (DOMAIN §3.2).
            let severity = if holder { Severity::S0 } else { Severity::S2 };
            report.find(Found::new("PII.ACCOUNT", severity, index, range, "personal/account").because("unit_holder", holder));
            return true;
        }
        false
    }

    fn settle(&self, settled: Settled, report: &mut Report) -> bool {
        match settled {
            Settled::Found(found) => report.find(found),
            Settled::Suppressed(found, reason, detail) => report.suppress(found, reason, detail),
        }
        true
    }

    fn identity(
        &self,
        scan: &Scan<'_>,
        index: usize,
        digits: &[u8],
        range: &Range<usize>,
        context: Context,
        is_joined: bool,
    ) -> Option<Settled> {
        let has_context = context.any.meets(self.id.and(self.social));
        if digits.len() == 18 {
            let found = |severity| Found::new("PII.ID18", severity, index, range.clone(), "personal/id18");
            if context.any.meets(self.foreign_pr) && digits.first() == Some(&9) && numbers::is_id_check_digit(digits) {
                return Some(Settled::Found(Found::new("PII.FOREIGN_PR", Severity::S3, index, range.clone(), "personal/foreign_pr")));
            }
            if context.nearest.meets(self.social) && numbers::prove_id18(digits, &scan.lexicon.tables, scan.as_of) == IdProof::Proven {
                return Some(Settled::Found(Found::new("PII.SOCIAL", Severity::S3, index, range.clone(), "personal/social")));
            }
            return match numbers::prove_id18(digits, &scan.lexicon.tables, scan.as_of) {
                IdProof::Proven => Some(Settled::Found(found(Severity::S3).because("check_digit", "正确").because("context", has_context))),
                IdProof::WrongCheckDigit if has_context && !is_joined => Some(Settled::Found(
                    found(Severity::S2)
                        .because("check_digit", "不符")
                        .saying("疑似身份证件号码，校验码不符，请核对是否笔误；无论对错都不应完整公开"),
                )),
                IdProof::WrongCheckDigit if !is_joined && !context.any.meets(self.bank.and(self.uscc)) => {
                    Some(Settled::Suppressed(found(Severity::S2), SuppressedReason::CheckDigit, "校验码不符，附近也没有证件字样".into()))
                }
                IdProof::Refuted(why) if has_context && !context.any.meets(self.bank.and(self.uscc)) => {
                    Some(Settled::Suppressed(found(Severity::S2), SuppressedReason::CheckDigit, why.into()))
                }
                _ => None,
            };
        }
        // 身份证号略，准考证号530822260101023: fifteen digits prove little, so the nearest word decides.
        let is_other = context.nearest.meets(self.other_number) && !context.nearest.meets(self.id);
        if digits.len() == 15 && has_context && !is_other && numbers::is_id15(digits, &scan.lexicon.tables) {
            return Some(Settled::Found(Found::new("PII.ID15", Severity::S3, index, range.clone(), "personal/id15")));
        }
        None
    }

    pub(super) fn card(
        &self,
        scan: &Scan<'_>,
        index: usize,
        digits: &[u8],
        range: &Range<usize>,
        context: Context,
        is_joined: bool,
    ) -> Option<Found> {
        if !(15..=19).contains(&digits.len()) || digits.iter().any(|&d| d > 9) || !numbers::is_luhn(digits) {
            return None;
        }
        let is_known = scan.lexicon.tables.has_card_prefix(digits);
        let has_context = context.any.meets(self.bank.and(self.account));
        let looks_issued = matches!(head(digits, 2), 62 | 40..=49 | 51..=55 | 35 | 37 | 60 | 90..=99);
        if !(is_known && (head(digits, 2) == 62 || has_context || !is_joined) || looks_issued && has_context) {
            return None;
        }
        let holder = self.unit_holds(scan, index, range);
        let severity = if holder { Severity::S1 } else { Severity::S3 };
        Some(
            Found::new("PII.BANK", severity, index, range.clone(), "personal/bank")
                .because("luhn", "正确")
                .because("known_prefix", is_known)
                .because("unit_holder", holder),
        )
    }

    /// A phone or plate beside a name, identity number or card of the same sentence weighs S3 (DOMAIN §3.2).
    fn raise_with_person(&self, scan: &Scan<'_>, index: usize, persons: &[Person], first: usize, report: &mut Report) {
        let Some(reading) = scan.readings.get(index).filter(|_| report.found.len() > first) else { return };
        let places: Vec<(String, Severity, Range<usize>)> = report
            .found
            .iter()
            .skip(first)
            .filter_map(|f| f.range_in(index).map(|r| (f.code.to_string(), f.severity, r.clone())))
            .collect();
        let mobiles: Vec<Range<usize>> =
            places.iter().filter(|(code, severity, _)| code == "PII.MOBILE" && *severity == Severity::S2).map(|p| p.2.clone()).collect();
        // Two numbers close to each other are a list (DOMAIN §3.2).
        let in_list = |range: &Range<usize>| {
            let at = mobiles.partition_point(|m| m.start < range.start);
            let neighbours = [at.checked_sub(1), Some(at + 1)].into_iter().flatten().filter_map(|i| mobiles.get(i));
            let gap = |other: &Range<usize>| other.start.saturating_sub(range.end).max(range.start.saturating_sub(other.end));
            neighbours.into_iter().any(|other| gap(other) <= LIST_GAP_CHARS && reading.chars(other.clone()) != reading.chars(range.clone()))
        };
        for found in report.found.iter_mut().skip(first) {
            let Place::At { reading: r, range } = &found.place else { continue };
            if *r != index {
                continue;
            }
            let sentence = reading.row_or_sentence(range.clone());
            // The name may stand in the line before: 王建国 / 13800138061.
            let near = reading.around(range.clone(), beside::NUMBER_CHARS + 4, 8);
            let named = people::persons_in(persons, sentence.clone()).any(|p| !p.is_masked)
                || people::persons_in(persons, near).any(|p| p.why == beside::BESIDE_NUMBER);
            let near_other = |codes: &[&str]| {
                places.iter().any(|(code, severity, r)| {
                    codes.contains(&code.as_str()) && *severity >= Severity::S2 && r.start >= sentence.start && r.end <= sentence.end
                })
            };
            match &*found.code {
                // 值班民警张某（手机…）: a person's, whatever they are asked for, unless it is a unit's.
                "PII.MOBILE" if found.severity == Severity::S1 && !phones::names_a_unit(scan, reading, range) => {
                    let near = reading.around(range.clone(), CONTEXT_CHARS, CONTEXT_CHARS);
                    let near = near.start.max(sentence.start)..near.end.min(sentence.end);
                    let is_full = people::persons_in(persons, near.clone()).any(|p| !p.is_masked);
                    // A masked name behind it may begin another line.
                    if is_full || people::persons_in(persons, near.start..range.start).next().is_some() {
                        found.severity = if is_full { Severity::S3 } else { Severity::S2 };
                        found.evidence.insert("with_person", true);
                    }
                }
                "PII.MOBILE"
                    if found.severity == Severity::S2
                        && (named || in_list(range) || near_other(&["PII.ID18", "PII.ID15", "PII.BANK", "PII.ADDRESS"])) =>
                {
                    found.severity = Severity::S3;
                    found.evidence.insert("with_person", true);
                }
                // 投诉人：周国强（zhou@…）: the mailbox of somebody who is named right before.
                "PII.EMAIL"
                    if found.severity < Severity::S2
                        && people::persons_in(persons, range.start.saturating_sub(8)..range.start).any(|p| !p.is_masked) =>
                {
                    found.severity = Severity::S2;
                    found.evidence.insert("with_person", true);
                }
                // 汇至普建国农信社账户: his card, whoever collects the money.
                "PII.BANK" | "PII.ACCOUNT"
                    if found.severity < Severity::S2
                        && people::persons_in(persons, range.start.saturating_sub(HOLDER_CHARS)..range.start).any(|p| !p.is_masked) =>
                {
                    found.severity = if found.code == "PII.BANK" { Severity::S3 } else { Severity::S2 };
                    found.evidence.insert("with_person", true);
                }
                "PII.PLATE" if found.severity == Severity::S2 && named => {
                    found.severity = Severity::S3;
                    found.evidence.insert("with_person", true);
                }
                _ => {}
            }
        }
        let statute = scan.draft.declared.as_ref().and_then(|d| d.statute.as_ref()).is_some();
        if statute && scan.draft.kind != Kind::Message {
            for found in report.found.iter_mut().skip(first) {
                let lowered = match &*found.code {
                    "PII.NAME" | "PII.ID18_MASKED" => true,
                    "PII.MEDICAL" => found.severity == Severity::S2,
                    _ => false,
                };
                if lowered && found.severity > Severity::S0 {
                    found.severity = Severity::S0;
                    found.evidence.insert("declared_statute", true);
                }
            }
        }
    }
}

/// Whether the chain overlaps one of these places, which are in order.
fn is_among(places: &[Range<usize>], chain: &Chain) -> bool {
    let (Some(first), Some(last)) = (chain.groups.first(), chain.groups.last()) else { return false };
    let next = places.get(places.partition_point(|place| place.end <= first.range.start));
    next.is_some_and(|place| place.start < last.range.end)
}

/// Whether the file number at `range` is a driver's: 人事档案编号 is none.
fn is_of_driver(reading: &Reading<'_>, range: &Range<usize>) -> bool {
    reading.holds_one(reading.around(range.clone(), DRIVER_CHARS, DRIVER_CHARS), &OF_DRIVER)
}

/// A number as it was judged.
pub(super) enum Settled {
    Found(Found),
    Suppressed(Found, SuppressedReason, String),
}

/// The first digits as a number.
fn head(digits: &[u8], count: usize) -> u32 {
    digits.iter().take(count).fold(0, |n, &d| n * 10 + u32::from(d))
}

/// Published prose of the same reading: used by the other personal files.
pub fn reading<'s, 'a>(scan: &'s Scan<'a>, index: usize) -> Option<&'s Reading<'a>> {
    scan.readings.get(index)
}
