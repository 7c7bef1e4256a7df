//! Links: every address of a draft, in markup, in prose, disguised or in a QR code, judged by its host (DOMAIN §4.4).
//! Fetches nothing.
//!
//! What it finds: short links, disguised addresses, shops, bare IP addresses, look-alike hosts, unknown hosts.
//! Why it matters: 墨政办发〔2024〕37号 二(四): 严禁链接商业广告页面.
//! Example: mjbm点com → LINK.OBFUSCATED.
//! Known false alarms: an enterprise named in a notice with its own site is LINK.UNKNOWN S1: a person looks.

use super::Scan;
use super::addresses::{Addresses, WRITTEN_OUT_DOT};
use super::prices::prices;
use super::report::{Found, Report};
use super::spaced_addresses::SPACED;
use super::targets::{Target, target};
use crate::lexicon::{Lexicon, ListSet};
use crate::model::Problem;
use crate::model::{Kind, Severity, Text, Transform};
use crate::text::passage::Role;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use url::{Host, Url};

/// How near a price makes the link of a shop an advertisement, in characters.
const PRICE_CHARS: usize = 60;

pub struct Links {
    price: ListSet,
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
        Self { price: lists.scanned("price"), coupon: lists.asked("coupon"), addresses }
    }

    pub fn detect(&self, scan: &mut Scan<'_>, report: &mut Report) {
        let mut addresses = Vec::new();
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
            } else if role.is_prose() {
                for found in self.addresses.of(scan, index) {
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
        scan.addresses = addresses;
    }

    /// Judges one address.
    fn address(&self, scan: &Scan<'_>, index: usize, range: Range<usize>, raw: &str, known: &mut Priced, report: &mut Report) {
        let Some(reading) = scan.readings.get(index) else { return };
        if let Verdict::Finding { code, severity, rule, message, host } = self.judge(scan, raw, reading.passage.role) {
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
                let prices = known.by_reading.entry(index).or_insert_with(|| prices(reading, scan.lexicon, self.price, true));
                prices.get(prices.partition_point(|price| price.start < near.start)).is_some_and(|price| price.end <= near.end)
            };
        }
        *known.anywhere.get_or_insert_with(|| {
            scan.prose().any(|(_, text)| {
                text.has_word(scan.lexicon, self.coupon, 0..text.len()) || !prices(text, scan.lexicon, self.price, true).is_empty()
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
        let address = match target(raw) {
            Target::Here => return Verdict::Official,
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
        if role == Role::Qr && is_personal_card(&host, url.path()) {
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
        finding("LINK.UNKNOWN", Severity::S1, "links/unknown", None, &host)
    }

    /// An official address that leads on to another one: `…/redirect?url=http%3A%2F%2Fexample.com`.
    fn forwarded(&self, scan: &Scan<'_>, url: &Url, role: Role) -> Option<Verdict> {
        let target = url.query_pairs().map(|(_, value)| value).find(|v| v.starts_with("http://") || v.starts_with("https://"))?;
        // Without its own query: one step is followed, not a chain.
        let target = target.split(['?', '#']).next().unwrap_or_default().to_owned();
        match self.judge(scan, &target, role) {
            Verdict::Finding { code, severity, rule, host, .. } if severity >= Severity::S1 => {
                Some(Verdict::Finding {
                    code, severity, rule, message: Some("官方网址后面带着跳往别处的地址".to_owned()), host
                })
            }
            _ => None,
        }
    }

    /// Hosts that are made to be taken for a government site: `gov.cn.example.com`, `evilgov.cn`, `ɡov.cn`.
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
        let registrable = psl::domain_str(host).unwrap_or(host);
        let name = registrable.split('.').next().unwrap_or_default();
        folded.contains("gov.cn")
            || folded.contains("gov-cn")
            || folded.contains("govcn")
            || name.ends_with("-gov")
            || name.starts_with("gov-")
    }
}

fn looks_like_address(text: &str) -> bool {
    text.contains("://")
        || text.starts_with("www.")
        || text.split(['/', '?']).next().is_some_and(|h| h.contains('.') && h.is_ascii() && !h.contains(' '))
}

/// The host of an address without its scheme.
fn host_of(address: &str) -> &str {
    address.split(['/', '?', ':', '#']).next().unwrap_or_default()
}

/// WeChat cards of persons and groups.
fn is_personal_card(host: &str, path: &str) -> bool {
    host == "u.wechat.com" || (host == "weixin.qq.com" && path.starts_with("/g/")) || host == "qm.qq.com" || host == "jq.qq.com"
}

/// Whether `host` is one of `hosts` or below one, on label boundaries.
fn under(host: &str, hosts: &HashSet<String>) -> bool {
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
