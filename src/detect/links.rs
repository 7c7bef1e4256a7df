//! Links: every address of a draft, in markup, in prose, disguised or in a QR code, judged by its host (DOMAIN §4.4).
//! Fetches nothing.
//!
//! What it finds: short links, disguised addresses, shops, bare IP addresses, look-alike hosts, unknown hosts.
//! Why it matters: 墨政办发〔2024〕37号 二(四): 严禁链接商业广告页面.
//! Example: mjbm点com → LINK.OBFUSCATED.
//! Known false alarms: an enterprise named in a notice with its own site is LINK.UNKNOWN S1: a person looks.

use super::Scan;
use super::prices::prices;
use super::reading::Reading;
use super::report::{Found, Report};
use super::targets::{Target, target};
use crate::lexicon::{Lexicon, ListSet};
use crate::model::Problem;
use crate::model::{Kind, Severity, Text, Transform};
use crate::text::fold::Class;
use crate::text::passage::Role;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use url::{Host, Url};

/// Longest address followed, in characters.
const ADDRESS_CHARS_MAX: usize = 2_048;
/// Longest host name looked at, in characters.
const HOST_CHARS_MAX: usize = 64;

/// How near a price makes the link of a shop an advertisement, in characters.
const PRICE_CHARS: usize = 60;

/// Top-level domains that make a bare `name.tld` an address.
const TOP_LEVELS: [&str; 39] = [
    "com", "cn", "net", "org", "gov", "edu", "top", "xyz", "vip", "shop", "club", "site", "online", "store", "icu", "cc", "tv", "me", "co",
    "io", "info", "biz", "ltd", "fun", "wang", "ren", "work", "link", "live", "asia", "mobi", "hk", "tw", "app", "pro", "so", "ly", "gd",
    "tech",
];

/// Top-level domains that are tried behind a written-out dot.
const WRITTEN_OUT: [&str; 14] = ["com", "cn", "net", "top", "xyz", "vip", "cc", "shop", "club", "tv", "icu", "me", "org", "fun"];

const WRITTEN_OUT_DOT: &str = "把点写成字或符号";

pub struct Links {
    price: ListSet,
    coupon: ListSet,
    browser: ListSet,
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
        let mut lists = lexicon.lists(problems);
        Self { price: lists.scanned("price"), coupon: lists.asked("coupon"), browser: lists.scanned("browser") }
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
                for found in self.in_prose(scan, index) {
                    addresses.push((index, found.range.clone()));
                    let bytes = reading.folded.bytes(&reading.passage.text, found.range.start, found.range.end);
                    let raw = reading.passage.text.get(bytes).unwrap_or_default().to_owned();
                    // The same address again (label and target, text and link list) is one finding a field.
                    if source == Some(raw.as_str()) || !seen.insert(format!("{index}:{raw}")) {
                        continue;
                    }
                    match found.disguise {
                        Some(how) => {
                            let mut finding = Found::new("LINK.OBFUSCATED", Severity::S3, index, found.range.clone(), "links/obfuscated")
                                .because("disguise", how)
                                .because("host", found.host.clone());
                            if how == WRITTEN_OUT_DOT {
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
                let prices = known.by_reading.entry(index).or_insert_with(|| prices(reading, scan.lexicon, self.price, Some(&|_| true)));
                prices.get(prices.partition_point(|price| price.start < near.start)).is_some_and(|price| price.end <= near.end)
            };
        }
        *known.anywhere.get_or_insert_with(|| {
            scan.prose().any(|(_, text)| {
                text.has_word(scan.lexicon, self.coupon, 0..text.len())
                    || !prices(text, scan.lexicon, self.price, Some(&|_| true)).is_empty()
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

    /// Addresses in running text.
    fn in_prose(&self, scan: &Scan<'_>, index: usize) -> Vec<InProse> {
        let Some(reading) = scan.readings.get(index) else { return Vec::new() };
        // An address has letters.
        if !reading.classes.is(Class::LETTER) && !reading.has_word(scan.lexicon, self.browser, 0..reading.len()) {
            return Vec::new();
        }
        let chars = &reading.folded.chars;
        let mut all: Vec<InProse> = Vec::new();
        let mut from = 0;
        let mut at = 0;
        // Before the sign that makes an address stands a letter or a digit, or 小程序: go from run to run.
        let is_mini_program = |at: usize| chars.get(at) == Some(&'序') && reading.starts_with(at + 1, "://");
        let text = &*reading.passage.text;
        let has_mini_program = memchr::memchr(b'#', text.as_bytes()).is_some() && text.contains("#小程序");
        loop {
            let next = match reading.alphanumerics.next(at) {
                Some(next) if !has_mini_program => next,
                next => match (at..next.unwrap_or(reading.len())).find(|&i| is_mini_program(i)).or(next) {
                    Some(next) => next,
                    None => break,
                },
            };
            at = next + 1;
            while reading.char(at).is_some_and(|c| c.is_ascii_alphanumeric() || c == '-') {
                at += 1;
            }
            // One blank may stand before a written-out dot.
            let sign = at + usize::from(reading.char(at) == Some(' '));
            let found = match reading.char(sign) {
                Some(':') if reading.starts_with(sign, "://") => self.with_scheme(scan, index, sign),
                Some('.') => self.bare(scan, index, sign),
                Some('点' | '。' | '[' | '(' | '【' | '·' | '・' | '（' | '•' | '●' | '🔴' | '⚫' | 'd') => {
                    self.written_out(scan, index, sign)
                }
                _ => None,
            };
            if let Some(found) = found
                && found.range.start >= from
            {
                from = found.range.end;
                at = from;
                all.push(found);
            }
        }
        all
    }

    fn with_scheme(&self, scan: &Scan<'_>, index: usize, colon: usize) -> Option<InProse> {
        let reading = scan.readings.get(index)?;
        if reading.ends_with(colon, "#小程序") {
            let end = (colon + 3..reading.len())
                .take(64)
                .take_while(|&i| !reading.class(i).is(Class::BLANK | Class::END))
                .last()
                .map_or(colon + 3, |i| i + 1);
            return Some(InProse { range: colon.checked_sub(4)?..end, host: String::new(), disguise: None });
        }
        let start =
            (colon.saturating_sub(8)..colon).rev().take_while(|&i| reading.char(i).is_some_and(|c| c.is_ascii_alphabetic())).last()?;
        let scheme = reading.text(start..colon);
        if scheme == "weixin" {
            return Some(InProse { range: start..end_of_address(reading, colon + 3), host: String::new(), disguise: None });
        }
        let end = end_of_address(reading, chinese_host(reading, colon + 3).unwrap_or(colon + 3));
        if end <= colon + 3 {
            return None;
        }
        let host = reading.text(colon + 3..end);
        let disguise = if scheme.contains("xx") || host.contains("[.]") {
            Some("改写协议或加括号")
        } else if !matches!(scheme.as_str(), "http" | "https" | "ftp") {
            return None;
        } else {
            self.odd_letters(scan, index, start..end)
        };
        Some(InProse { range: start..end, host, disguise })
    }

    /// `name.tld` with nothing before it: the whole address around the dot at `dot`.
    fn bare(&self, scan: &Scan<'_>, index: usize, dot: usize) -> Option<InProse> {
        let reading = scan.readings.get(index)?;
        let in_name = |i: usize| reading.char(i).is_some_and(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.');
        if !(dot > 0 && reading.char(dot - 1).is_some_and(|c| c.is_ascii_alphanumeric())) {
            return None;
        }
        let start = (dot.saturating_sub(128)..dot).rev().take_while(|&i| in_name(i)).last()?;
        let end = (dot..reading.len()).take(128).take_while(|&i| in_name(i)).last()? + 1;
        if start > 0 && matches!(reading.char(start - 1), Some('@' | '_' | '/')) {
            return None;
        }
        let name = reading.text(start..end);
        let name = name.trim_end_matches(['.', '-']);
        let (labels, top) = name.rsplit_once('.')?;
        let last = labels.rsplit('.').next().unwrap_or_default();
        let named = last.chars().any(|c| c.is_ascii_alphabetic()) || last.len() >= 3 && name.matches('.').count() >= 1 && !last.is_empty();
        if !TOP_LEVELS.contains(&top)
            || last.is_empty()
            || !named
            || labels.chars().all(|c| c.is_ascii_digit() || c == '.') && labels.contains('.')
        {
            return None;
        }
        let host_end = start + name.chars().count();
        // user@example.com is a mailbox.
        if reading.char(host_end) == Some('@') {
            return None;
        }
        let end = match reading.char(host_end) {
            Some('/' | ':' | '?') => end_of_address(reading, host_end).max(host_end),
            _ => host_end,
        };
        let disguise = self.odd_letters(scan, index, start..host_end);
        Some(InProse { range: start..end, host: name.to_owned(), disguise })
    }

    /// `mjbm点com`, `mjbm[.]vip`, `abc。cn`: a label, a written-out dot, a top-level domain.
    fn written_out(&self, scan: &Scan<'_>, index: usize, at: usize) -> Option<InProse> {
        let reading = scan.readings.get(index)?;
        // A top-level domain follows, in brackets or not.
        if !(at + 1..at + 6).any(|i| reading.char(i).is_some_and(|c| c.is_ascii_alphabetic())) {
            return None;
        }
        let forms = [
            "【点】",
            "(点)",
            "（点）",
            "[点]",
            "[.]",
            "(.)",
            "【.】",
            "（.）",
            "[dot]",
            "(dot)",
            "【dot】",
            "点",
            "。",
            "·",
            "・",
            "•",
            "●",
            "🔴",
            "⚫",
            "dot ",
        ];
        let form = forms.iter().find(|f| reading.starts_with(at, f))?;
        let blank = |i: usize| reading.char(i) == Some(' ');
        let after = at + form.chars().count();
        let after = after + usize::from(blank(after));
        let before = at - usize::from(at > 0 && blank(at - 1));
        let in_label = |i: usize| reading.char(i).is_some_and(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.');
        let start = (before.saturating_sub(64)..before).rev().take_while(|&i| in_label(i)).last()?;
        let is_letter = |i: usize| reading.char(i).is_some_and(|c| c.is_ascii_alphabetic());
        // c o m is com.
        let step = if is_letter(after) && blank(after + 1) && is_letter(after + 2) && !is_letter(after + 3) { 2 } else { 1 };
        let end = (after..reading.len()).step_by(step).take(16).take_while(|&i| is_letter(i)).last()? + 1;
        let label = reading.text(start..before);
        let top: String = (after..end).step_by(step).filter_map(|i| reading.char(i)).collect();
        let has_letter = label.chars().any(|c| c.is_ascii_alphabetic());
        if !WRITTEN_OUT.contains(&top.as_str()) || label.len() < 2 || !(has_letter || label.len() >= 3) {
            return None;
        }
        if reading.char(end).is_some_and(|c| c.is_ascii_alphanumeric()) {
            return None;
        }
        // A sentence that ends in 。 and goes on with a word such as Top is no address unless it says so.
        if *form == "。" && label.chars().all(|c| c.is_ascii_digit()) {
            return None;
        }
        let whole = match reading.char(end) {
            Some('/') => end_of_address(reading, end),
            _ => end,
        };
        Some(InProse { range: start..whole, host: format!("{label}.{top}"), disguise: Some(WRITTEN_OUT_DOT) })
    }

    /// Full-width, circled or foreign letters in a host name, or in the scheme before any host. Ordinary addresses are plain
    /// ASCII.
    fn odd_letters(&self, scan: &Scan<'_>, index: usize, range: Range<usize>) -> Option<&'static str> {
        let reading = scan.readings.get(index)?;
        let bytes = reading.folded.bytes(&reading.passage.text, range.start, range.end);
        let raw = reading.passage.text.get(bytes)?;
        let (scheme, rest) = raw.split_once("://").unwrap_or(("", raw));
        if !scheme.is_ascii() {
            return Some("用了变体字母");
        }
        let host = rest.split(['/', '?']).next()?;
        let invisible = host.chars().any(|c| scan.lexicon.fold.transform(c) == Some(Transform::Invisible));
        let odd_letter = host.chars().any(|c| !c.is_ascii() && scan.lexicon.fold.transform(c).is_some_and(|t| t != Transform::Invisible));
        // Look-alike letters in an official name are LINK.LOOKALIKE, which says more.
        let folded: String = scan.lexicon.fold.fold(host).chars.into_iter().collect();
        if odd_letter && !folded.ends_with("gov.cn") {
            Some("用了变体字母")
        } else if invisible {
            Some("夹杂不可见字符")
        } else {
            None
        }
    }
}

/// An address in running text.
struct InProse {
    range: Range<usize>,
    host: String,
    /// How it is disguised, if it is.
    disguise: Option<&'static str>,
}

/// Where the address that goes on at `at` ends: ASCII address characters, without closing punctuation.
fn end_of_address(reading: &Reading<'_>, at: usize) -> usize {
    let mut end = (at..reading.len().min(at + ADDRESS_CHARS_MAX))
        .take_while(|&i| {
            reading.char(i).is_some_and(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"' | '`' | '{' | '}' | '|' | '\\'))
        })
        .last()
        .map_or(at, |i| i + 1);
    while end > at && matches!(reading.char(end - 1), Some('.' | ',' | ';' | ':' | '!' | '?' | ')' | '\'' | '*' | '_')) {
        end -= 1;
    }
    end
}

/// Top-level domains written in Chinese.
const CHINESE_TOP_LEVELS: [&str; 14] =
    ["中国", "公司", "网络", "政务", "公益", "在线", "中文网", "网址", "商城", "网店", "集团", "手机", "我爱你", "商店"];

/// Where a host name with a Chinese top-level domain ends (公益.中国), if one begins at `at`.
fn chinese_host(reading: &Reading<'_>, at: usize) -> Option<usize> {
    let in_host =
        |i: usize| reading.class(i).is(Class::HAN) || reading.char(i).is_some_and(|c| c.is_ascii_alphanumeric() || "-.".contains(c));
    let end = (at..reading.len()).take(HOST_CHARS_MAX).take_while(|&i| in_host(i)).last()? + 1;
    let dots = (at + 1..end).filter(|&i| reading.char(i) == Some('.'));
    dots.filter_map(|dot| CHINESE_TOP_LEVELS.iter().find(|top| reading.starts_with(dot + 1, top)).map(|top| dot + 1 + top.chars().count()))
        .next_back()
}

fn looks_like_address(text: &str) -> bool {
    text.contains("://")
        || text.starts_with("www.")
        || text.split(['/', '?']).next().is_some_and(|h| h.contains('.') && h.is_ascii() && !h.contains(' '))
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
