//! Links: every address of a draft, in markup, in prose, disguised or in a QR code, judged by its host (DOMAIN §4.4).
//! Fetches nothing.
//!
//! What it finds: short links, disguised addresses, shops, bare IP addresses, look-alike hosts, unknown hosts.
//! Why it matters: 墨政办发〔2024〕37号 二(四): 严禁链接商业广告页面.
//! Example: mjbm点com → LINK.OBFUSCATED.
//! Known false alarms: an enterprise named in a notice with its own site is LINK.UNKNOWN S1: a person looks.

use super::Scan;
use super::addresses::{APP_SCHEMES, Addresses, InProse, WRITTEN_OUT_DOT};
use super::mailboxes;
use super::prices::{PriceWords, prices};
use super::report::{Found, Report};
use super::spaced_addresses::SPACED;
use super::targets::{Target, target};
use crate::lexicon::{Lexicon, ListSet};
use crate::model::Problem;
use crate::model::{Kind, Severity, Text, Transform};
use crate::text::passage::Role;
use rustc_hash::FxHashSet;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use url::{Host, Url};

/// How near a price makes the link of a shop an advertisement, in characters.
const PRICE_CHARS: usize = 60;
/// How far from an address in markup its label may begin or end, in bytes, and how long it may be.
const LABEL_BYTES_MAX: usize = 200;

const BACKSLASH: &str = "反斜杠后面的部分是伪装，浏览器打开的是前面的网站";
const OTHER_LABEL: &str = "显示的是官方网址，点开却是别的网站";
/// Stands for the page's own host where an address has none.
const OWN_PAGE: &str = "https://page.invalid";

pub struct Links {
    price: ListSet,
    price_words: PriceWords,
    coupon: ListSet,
    addresses: Addresses,
}

/// Prices of the text, looked for once for all links of shops.
#[derive(Default)]
struct Priced {
    by_reading: HashMap<usize, Vec<Range<usize>>>,
    anywhere: Option<bool>,
}

/// What an address turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    Official,
    Finding { code: &'static str, severity: Severity, rule: &'static str, message: Option<String>, host: String },
}

impl Links {
    pub fn new(lexicon: &Lexicon, problems: &mut Vec<Problem>) -> Self {
        let addresses = Addresses::new(lexicon, problems);
        let mut lists = lexicon.lists(problems);
        let price = lists.scanned("price");
        let price_words = PriceWords { said: price, sign: lists.scanned("share_mark") };
        Self { price, price_words, coupon: lists.asked("coupon"), addresses }
    }

    pub fn detect(&self, scan: &mut Scan<'_>, report: &mut Report) {
        let (mut addresses, mut mailboxes) = (Vec::new(), Vec::new());
        let mut priced = Priced::default();
        let source = scan.draft.source.as_ref().and_then(|s| s.url.as_deref()).filter(|_| scan.draft.kind == Kind::Repost);
        let mut seen: HashSet<String> = HashSet::new();
        for (index, reading) in scan.readings.iter().enumerate() {
            let role = reading.passage.role;
            if role.is_address() {
                let text = reading.passage.text.trim();
                if role == Role::Qr && !looks_like_address(text) {
                    continue;
                }
                // The source of a repost is judged as a source.
                if role == Role::SourceUrl || source == Some(text) {
                    continue;
                }
                self.address(scan, index, 0..reading.len(), text, &mut priced, report);
            } else if role.is_prose() || role == Role::ImageName {
                // In the name of an image a dot is ordinary: only what is disguised counts.
                let counts = |found: &InProse| role != Role::ImageName || found.disguise.is_some();
                for found in self.addresses.of(scan, index).into_iter().filter(counts) {
                    if let Some(mailbox) = mailboxes::written(reading, &found) {
                        mailboxes.push((index, mailbox));
                        continue;
                    }
                    addresses.push((index, found.range.clone()));
                    let bytes = reading.folded.bytes(&reading.passage.text, found.range.start, found.range.end);
                    let raw = reading.passage.text.get(bytes).unwrap_or_default().to_owned();
                    // The same address again (label and target, text and link list) is one finding a field.
                    if source == Some(raw.as_str()) || !seen.insert(format!("{index}:{raw}")) {
                        continue;
                    }
                    match found.disguise {
                        // www. yn.gov.cn: a blank too many.
                        Some(SPACED) if is_official(scan, host_of(&found.host)) => {}
                        Some(how) => {
                            let mut finding = Found::new("LINK.OBFUSCATED", Severity::S3, index, found.range.clone(), "links/obfuscated")
                                .because("disguise", how)
                                .because("host", found.host.clone());
                            if matches!(how, WRITTEN_OUT_DOT | SPACED) {
                                finding = finding.through(Transform::Separator);
                            }
                            report.find(finding);
                        }
                        None => self.address(scan, index, found.range, &raw, &mut priced, report),
                    }
                }
            }
        }
        (scan.addresses, scan.mailboxes) = (addresses, mailboxes);
    }

    /// Judges one address.
    fn address(&self, scan: &Scan<'_>, index: usize, range: Range<usize>, raw: &str, known: &mut Priced, report: &mut Report) {
        let Some(reading) = scan.readings.get(index) else { return };
        if let Verdict::Finding { mut code, mut severity, mut rule, mut message, host } = self.judge(scan, raw, reading.passage.role) {
            if code == "LINK.UNKNOWN" && severity == Severity::S1 && is_labelled_official(scan, index) {
                (code, severity, rule, message) = ("LINK.LOOKALIKE", Severity::S3, "links/label", Some(OTHER_LABEL.to_owned()));
            }
            let severity = if code == "LINK.ECOMMERCE" && self.is_priced(scan, index, &range, known) { Severity::S3 } else { severity };
            let mut found = Found::new(code, severity, index, range, rule).because("host", host);
            found.message = message.map(Text::from);
            report.find(found);
        }
    }

    /// A price or coupon stands near the address, or, where the address stands apart from the text (markup, link list, QR
    /// code), anywhere in the text.
    fn is_priced(&self, scan: &Scan<'_>, index: usize, range: &Range<usize>, known: &mut Priced) -> bool {
        let Some(reading) = scan.readings.get(index) else { return false };
        if reading.passage.role.is_prose() {
            let near = reading.around(range.clone(), PRICE_CHARS, PRICE_CHARS);
            return reading.has_word(scan.lexicon, self.price, near.clone()) || {
                let prices =
                    known.by_reading.entry(index).or_insert_with(|| prices(reading, scan.lexicon, self.price_words, Some(&|_| true)));
                prices.get(prices.partition_point(|price| price.start < near.start)).is_some_and(|price| price.end <= near.end)
            };
        }
        *known.anywhere.get_or_insert_with(|| {
            scan.prose().any(|(_, text)| {
                text.has_word(scan.lexicon, self.coupon, 0..text.len())
                    || !prices(text, scan.lexicon, self.price_words, Some(&|_| true)).is_empty()
            })
        })
    }

    fn judge(&self, scan: &Scan<'_>, raw: &str, role: Role) -> Verdict {
        let finding = |code, severity, rule, message: Option<&str>, host: &str| Verdict::Finding {
            code,
            severity,
            rule,
            message: message.map(str::to_owned),
            host: host.to_owned(),
        };
        let lower = raw.trim().to_lowercase();
        if lower.starts_with("weixin://") || lower.starts_with("#小程序://") {
            return finding("AD.MINIPROGRAM", Severity::S2, "links/miniprogram", None, "miniprogram");
        }
        if let Some(scheme) = APP_SCHEMES.iter().find(|scheme| lower.strip_prefix(**scheme).is_some_and(|rest| rest.starts_with(':'))) {
            return finding("LINK.UNKNOWN", Severity::S2, "links/app", Some("打开别的应用或下载工具，读者看不到去哪里"), scheme);
        }
        if hides_host(&lower) {
            return finding("LINK.LOOKALIKE", Severity::S3, "links/userinfo", Some(BACKSLASH), host_of(without_scheme(&lower)));
        }
        let address = match target(raw) {
            Target::Here => return self.forwarded_beside(scan, &lower, raw, role),
            Target::Address(address) => address,
            Target::Script(scheme) => {
                return finding(
                    "LINK.OBFUSCATED",
                    Severity::S3,
                    "links/scheme",
                    Some("不是普通网址，可能执行脚本或打开内嵌的页面"),
                    scheme,
                );
            }
            Target::LocalFile => {
                return finding("LINK.UNKNOWN", Severity::S1, "links/local_file", Some("指向编辑电脑上的文件，读者打不开"), "file");
            }
        };
        let Ok(url) = Url::parse(&address) else {
            return finding("LINK.OBFUSCATED", Severity::S3, "links/unreadable", Some("网址写法不规范，无法确定指向哪里"), "");
        };
        if !url.username().is_empty() || url.password().is_some() {
            return finding(
                "LINK.LOOKALIKE",
                Severity::S3,
                "links/userinfo",
                Some("网址里 @ 前面的部分是伪装，真正的网站在 @ 后面"),
                url.host_str().unwrap_or_default(),
            );
        }
        let host = match url.host() {
            Some(Host::Domain(host)) => host.trim_end_matches('.').to_lowercase(),
            Some(Host::Ipv4(ip)) => return finding("LINK.IP", Severity::S2, "links/ip", None, &ip.to_string()),
            Some(Host::Ipv6(ip)) => return finding("LINK.IP", Severity::S2, "links/ip", None, &ip.to_string()),
            None => return finding("LINK.UNKNOWN", Severity::S1, "links/unknown", None, url.scheme()),
        };
        if self.is_lookalike(scan, &host) {
            return finding("LINK.LOOKALIKE", Severity::S3, "links/lookalike", None, &host);
        }
        if is_personal_card(&host, url.path()) {
            return finding("AD.QR", Severity::S3, "links/personal_card", None, &host);
        }
        // The code of an official account.
        if role == Role::Qr && host == "weixin.qq.com" && url.path().starts_with("/r/") {
            return Verdict::Official;
        }
        let bare = host.strip_prefix("www.").unwrap_or(&host);
        if let Some(kind) = scan.lexicon.tables.short_links.get(bare).or_else(|| scan.lexicon.tables.short_links.get(&host)) {
            return if kind == "map" {
                finding("LINK.SHORT", Severity::S0, "links/map", Some("地图短链接，仅供核对"), &host)
            } else {
                finding("LINK.SHORT", Severity::S3, "links/short", None, &host)
            };
        }
        if is_official(scan, &host) {
            if url.scheme() == "http" && lower.starts_with("http://") {
                return finding("LINK.UNKNOWN", Severity::S0, "links/http", Some("官方网站，建议改用 https 地址"), &host);
            }
            return self.forwarded(scan, &url, role).unwrap_or(Verdict::Official);
        }
        if under(&host, &scan.lexicon.tables.ecommerce_hosts) {
            return finding("LINK.ECOMMERCE", Severity::S2, "links/ecommerce", None, &host);
        }
        // A page that only leads on is as bad as where it leads.
        match self.forwarded(scan, &url, role) {
            Some(Verdict::Finding { code, severity, rule, message, host }) if severity > Severity::S1 => {
                Verdict::Finding { code, severity, rule, message, host }
            }
            _ => finding("LINK.UNKNOWN", Severity::S1, "links/unknown", None, &host),
        }
    }

    /// A reference inside the page whose query leads elsewhere: `/redirect?u=https://dwz.cn/abc`.
    fn forwarded_beside(&self, scan: &Scan<'_>, lower: &str, raw: &str, role: Role) -> Verdict {
        let has_target = lower.split_once('?').is_some_and(|(_, query)| query.contains("//") || query.contains("%2f%2f"));
        let url = has_target.then(|| Url::parse(OWN_PAGE).and_then(|page| page.join(raw)).ok()).flatten();
        url.and_then(|url| self.forwarded(scan, &url, role)).unwrap_or(Verdict::Official)
    }

    /// An address that leads on to another one: `…/redirect?url=http%3A%2F%2Fexample.com`.
    fn forwarded(&self, scan: &Scan<'_>, url: &Url, role: Role) -> Option<Verdict> {
        let is_address = |value: &str| value.starts_with("http://") || value.starts_with("https://") || value.starts_with("//");
        let target = url.query_pairs().map(|(_, value)| value).find(|value| is_address(value))?;
        // Without its own query: one step is followed, not a chain.
        let target = target.split(['?', '#']).next().unwrap_or_default().to_owned();
        match self.judge(scan, &target, role) {
            Verdict::Finding { code, severity, rule, host, .. } if severity >= Severity::S1 => {
                Some(Verdict::Finding { code, severity, rule, message: Some("网址后面带着跳往别处的地址".to_owned()), host })
            }
            _ => None,
        }
    }

    /// Hosts that are made to be taken for an official site: `gov.cn.example.com`, `evilgov.cn`, `ɡov.cn`, `12306-cn.com`.
    fn is_lookalike(&self, scan: &Scan<'_>, host: &str) -> bool {
        let (shown, _) = idna::domain_to_unicode(host);
        let folded: String = scan.lexicon.fold.fold(&shown).chars.into_iter().collect();
        let official = |host: &str| host == "gov.cn" || host.ends_with(".gov.cn");
        if official(host) {
            return false;
        }
        let digits_read: String = folded.chars().map(|c| if c == '0' { 'o' } else { c }).collect();
        // Written with look-alike letters.
        if official(&folded) || official(&digits_read) {
            return true;
        }
        let registrable = psl::domain_str(host);
        let name = registrable.unwrap_or(host).split('.').next().unwrap_or_default();
        folded.contains("gov.cn")
            // www.gov.cm: one letter beside.
            || ["gov.cm", "gov.cc", "gov.cn.com"].iter().any(|end| folded == *end || folded.ends_with(&format!(".{end}")))
            || folded.contains("gov-cn")
            || folded.contains("govcn")
            || name.ends_with("-gov")
            || name.starts_with("gov-")
            // yn.gov.com, yngov.top; gov.uk is nobody's.
            || registrable.is_some() && name.ends_with("gov")
            || scan.lexicon.tables.imitated_hosts.contains(&name.replace('-', ""))
    }
}

fn looks_like_address(text: &str) -> bool {
    text.contains("://")
        || text.starts_with("www.")
        || text.split(['/', '?']).next().is_some_and(|h| h.contains('.') && h.is_ascii() && !h.contains(' '))
}

/// Whether the address at `index` is shown under the address of an official site: `[www.yn.gov.cn](https://example.com)`.
fn is_labelled_official(scan: &Scan<'_>, index: usize) -> bool {
    let Some(reading) = scan.readings.get(index) else { return false };
    let shows = |label: &str| {
        let label = label.trim().to_lowercase();
        let host = host_of(without_scheme(&label));
        let is_host = host.contains('.') && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
        is_host && is_official(scan, host)
    };
    match reading.passage.role {
        Role::LinkUrl => {
            let label = index.checked_sub(1).and_then(|before| scan.readings.get(before)).map(|r| &r.passage);
            let is_own = |path: &String| path.strip_suffix("label") == reading.passage.path.as_deref().and_then(|p| p.strip_suffix("url"));
            label.is_some_and(|l| l.role == Role::LinkLabel && l.path.as_ref().is_some_and(is_own) && shows(&l.text))
        }
        Role::BodyUrl => {
            let (submitted, place) = (reading.passage.submitted, reading.passage.locate(0..reading.passage.text.len()));
            let behind = submitted.get(place.end..).unwrap_or_default();
            let before = submitted.get(..place.start).unwrap_or_default();
            // <a href="…">label</a>; the tag may have more to say.
            let tag_end = behind.bytes().take(LABEL_BYTES_MAX).position(|b| b == b'>');
            let text = tag_end.and_then(|end| behind.get(end + 1..)).unwrap_or_default();
            let of_tag = text.bytes().take(LABEL_BYTES_MAX).position(|b| b == b'<').and_then(|end| text.get(..end));
            // [label](…).
            let of_mark = before.strip_suffix("](").and_then(|text| {
                let open = text.bytes().rev().take(LABEL_BYTES_MAX).position(|b| b == b'[')?;
                text.get(text.len() - open..)
            });
            of_mark.or(of_tag).is_some_and(shows)
        }
        _ => false,
    }
}

/// Whether a `\` hides the host from the eye: `https://example.com\@www.yn.gov.cn/` opens example.com.
fn hides_host(address: &str) -> bool {
    let authority = without_scheme(address).split(['/', '?', '#']).next().unwrap_or_default();
    authority.split_once('\\').is_some_and(|(_, rest)| rest.contains('@'))
}

fn without_scheme(address: &str) -> &str {
    address.split_once("://").map_or(address, |(_, rest)| rest)
}

/// The host of an address without its scheme.
fn host_of(address: &str) -> &str {
    address.split(['/', '?', ':', '#', '\\']).next().unwrap_or_default()
}

/// Where the cards of persons and the invitations to groups of WeChat, its office version and QQ lie: host and path.
const PERSONAL_CARDS: [(&str, &str); 7] = [
    ("u.wechat.com", "/"),
    ("weixin.qq.com", "/g/"),
    ("qm.qq.com", "/"),
    ("jq.qq.com", "/"),
    ("work.weixin.qq.com", "/gm/"),
    ("work.weixin.qq.com", "/u/"),
    ("qun.qq.com", "/qrcode"),
];

fn is_personal_card(host: &str, path: &str) -> bool {
    PERSONAL_CARDS.iter().any(|(card_host, begin)| host == *card_host && path.starts_with(begin))
}

/// Whether `host` is one of `hosts` or below one, on label boundaries.
fn under(host: &str, hosts: &FxHashSet<String>) -> bool {
    let mut rest = host;
    loop {
        if hosts.contains(rest) {
            return true;
        }
        match rest.split_once('.') {
            Some((_, parent)) => rest = parent,
            None => return false,
        }
    }
}

/// Hosts of the government, of official media and of the unit itself.
pub fn is_official(scan: &Scan<'_>, host: &str) -> bool {
    let tables = &scan.lexicon.tables;
    if under(host, &tables.official_hosts) {
        return true;
    }
    let below = |parent: &String| host == parent || host.strip_suffix(parent.as_str()).is_some_and(|h| h.ends_with('.'));
    let unit = tables.unit(&scan.draft.unit, "");
    let account = tables.unit(&scan.draft.unit, &scan.draft.account);
    [unit, account].into_iter().flatten().any(|row| row.own_hosts.iter().chain(&row.ancestor_hosts).any(below))
        || tables.source_units.iter().any(|s| s.hosts.iter().any(below))
}
