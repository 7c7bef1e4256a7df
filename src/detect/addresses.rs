//! Addresses in running text, plain or disguised: with a scheme, as a bare name, with its dot written out, taken apart by blanks.
//! Must not know what is said of their hosts.

use super::Scan;
use super::reading::Reading;
use super::spaced_addresses::{broken_scheme, spaced};
use crate::lexicon::{Lexicon, ListSet};
use crate::model::{Problem, Transform};
use crate::text::fold::Class;
use std::ops::Range;

/// Longest address followed, in characters.
const ADDRESS_CHARS_MAX: usize = 2_048;
/// Longest host name looked at, in characters.
const HOST_CHARS_MAX: usize = 64;

/// Top-level domains that make a bare `name.tld` an address.
const TOP_LEVELS: [&str; 74] = [
    "com", "cn", "net", "org", "gov", "edu", "top", "xyz", "vip", "shop", "club", "site", "online", "store", "icu", "cc", "tv", "me", "co",
    "io", "info", "biz", "ltd", "fun", "wang", "ren", "work", "link", "live", "asia", "mobi", "hk", "tw", "app", "pro", "so", "ly", "gd",
    "tech", "bet", "cfd", "lol", "pw", "sbs", "cyou", "win", "bid", "loan", "click", "buzz", "rest", "mom", "skin", "hair", "monster",
    "quest", "casino", "poker", "bingo", "sexy", "sex", "porn", "adult", "cam", "games", "game", "ink", "bond", "beauty", "bar", "fit",
    "cool", "kim", "cm",
];

/// Schemes that open another program, or fetch through one: nobody sees where they lead.
pub const APP_SCHEMES: [&str; 11] =
    ["ed2k", "thunder", "magnet", "alipays", "alipay", "taobao", "tbopen", "tmall", "openapp", "pinduoduo", "kwai"];

/// Top-level domains that are tried behind a written-out dot.
const WRITTEN_OUT: [&str; 22] = [
    "com", "cn", "net", "top", "xyz", "vip", "cc", "shop", "club", "tv", "icu", "me", "org", "fun", "app", "bet", "lol", "pw", "cfd",
    "sbs", "win", "c0m",
];

/// Top-level domains under which names of Han characters are known.
const HAN_TOPS: [&str; 9] = ["com", "cn", "net", "org", "top", "vip", "xyz", "cc", "shop"];

/// Shortest name before a comma that stands for a dot, in characters.
const COMMA_NAME_CHARS_MIN: usize = 3;

/// What follows 点com where it is a socket or a part of a program: 零点COM口.
const OF_MACHINES: [char; 6] = ['口', '组', '接', '端', '对', '卡'];

/// What may stand between an address and the word for its end: 输入 mjbm，后缀com.
const ENDING: &str = "后缀";

/// Longest name of Han characters before 点com, and how far before a name the browser may be named, in characters.
const HAN_NAME_CHARS: usize = 12;

const ZERO: &str = "用数字 0 代替字母";
pub const WRITTEN_OUT_DOT: &str = "把点写成字或符号";

pub struct Addresses {
    browser: ListSet,
    /// 网址, 域名: what an address is spoken of with.
    spoken: ListSet,
    /// What sounds like com: 康姆.
    com_sound: ListSet,
}

impl Addresses {
    pub fn new(lexicon: &Lexicon, problems: &mut Vec<Problem>) -> Self {
        let mut lists = lexicon.lists(problems);
        Self { browser: lists.scanned("browser"), spoken: lists.asked("address_spoken"), com_sound: lists.asked("com_sound") }
    }

    /// Addresses in running text.
    pub fn of(&self, scan: &Scan<'_>, index: usize) -> Vec<InProse> {
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
                _ if self.is_han_name(reading, next..at) => self.han_name(reading, next..at),
                Some(':') if sign > at => broken_scheme(reading, at),
                Some(':') if reading.char(sign + 1) == Some(' ') => broken_scheme(reading, at),
                Some(':') if reading.starts_with(sign, ":?xt=") => {
                    Some(InProse { range: next..end_of_address(reading, sign), host: String::new(), disguise: None })
                }
                Some(':') if reading.starts_with(sign, "://") => self.with_scheme(scan, index, sign),
                Some('.') if reading.char(sign + 1) == Some('㏄') => self.written_out(scan, index, sign),
                Some('.') => self.bare(scan, index, sign),
                Some('点' | '。' | '[' | '(' | '【' | '·' | '・' | '（' | '•' | '●' | '🔴' | '⚫' | '{' | '‧' | '∙' | '⋅' | 'd') => {
                    self.written_out(scan, index, sign)
                }
                Some('后' | '，' | ',') => self.ending(scan, reading, next..at).or_else(|| self.comma(scan, reading, next..at)),
                _ => None,
            };
            let found = found.or_else(|| self.plain_han_name(reading, next..at)).or_else(|| spaced(reading, next..at));
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
        if matches!(scheme.as_str(), "s" | "ps" | "tps" | "ttps" | "p" | "tp" | "ttp") {
            return broken_scheme(reading, colon);
        }
        if scheme == "weixin" || APP_SCHEMES.contains(&scheme.as_str()) {
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
        // 14837.975: most dots between letters or digits are of numbers.
        let chars = reading.chars(start..end);
        let has_letter = chars.iter().any(|c| !c.is_ascii_digit() && *c != '.');
        if !has_letter && chars.iter().filter(|c| **c == '.').count() < DOTS_OF_MACHINE {
            return None;
        }
        let name = reading.text(start..end);
        let name = name.trim_end_matches(['.', '-']);
        if let Some(found) = public_machine(reading, start..start + name.chars().count()) {
            return Some(found);
        }
        let (labels, top) = name.rsplit_once('.')?;
        let last = labels.rsplit('.').next().unwrap_or_default();
        // s.id/aB3xY9: a service of short links, whatever its name ends in.
        let name_end = start + name.chars().count();
        let is_short = scan.lexicon.tables.short_links.contains_key(name)
            && reading.char(name_end) == Some('/')
            && reading.char(name_end + 1).is_some_and(|c| c.is_ascii_alphanumeric());
        // ynmj.c0m.
        let is_zero = top == "c0m" && last.len() >= 2;
        let named = last.chars().any(|c| c.is_ascii_alphabetic()) || last.len() >= 3 && name.matches('.').count() >= 1 && !last.is_empty();
        let is_host = (is_zero || TOP_LEVELS.contains(&top))
            && !last.is_empty()
            && named
            && !(labels.chars().all(|c| c.is_ascii_digit() || c == '.') && labels.contains('.'));
        if !is_host && !is_short {
            return None;
        }
        let host_end = name_end;
        // user@example.com is a mailbox.
        if reading.char(host_end) == Some('@') {
            return None;
        }
        let end = match reading.char(host_end) {
            Some('/' | ':' | '?') => end_of_address(reading, host_end).max(host_end),
            _ => host_end,
        };
        let disguise = if is_zero { Some(ZERO) } else { self.odd_letters(scan, index, start..host_end) };
        Some(InProse { range: start..end, host: name.to_owned(), disguise })
    }

    /// `mjbm点com`, `mjbm[.]vip`, `abc。cn`: a label, a written-out dot, a top-level domain.
    fn written_out(&self, scan: &Scan<'_>, index: usize, at: usize) -> Option<InProse> {
        let reading = scan.readings.get(index)?;
        // A top-level domain follows, in brackets or not.
        let is_sound = |after: usize| {
            let place = after..after + 2;
            reading.is_word(scan.lexicon, self.com_sound, &place) && reading.char(place.end) != Some('线')
        };
        if !(at + 1..at + 6).any(|i| reading.char(i).is_some_and(|c| c.is_ascii_alphabetic() || c == '㏄')) && !is_sound(at + 1) {
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
            "{dot}",
            "{点}",
            "{.}",
            "‧",
            "∙",
            "⋅",
            ".",
            "dot ",
        ];
        let form = forms.iter().find(|f| reading.starts_with(at, f))?;
        let blank = |i: usize| reading.char(i) == Some(' ');
        let after = at + form.chars().count();
        let after = after + usize::from(blank(after) || reading.char(after) == Some('-'));
        let before = at - usize::from(at > 0 && blank(at - 1));
        let in_label = |i: usize| reading.char(i).is_some_and(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.');
        let start = (before.saturating_sub(64)..before).rev().take_while(|&i| in_label(i)).last()?;
        // name@163点com is a mailbox.
        if start > 0 && reading.char(start - 1) == Some('@') {
            return None;
        }
        let is_letter = |i: usize| reading.char(i).is_some_and(|c| c.is_ascii_alphabetic());
        // c o m is com.
        let (sound, cc) = (is_sound(after), reading.char(after) == Some('㏄'));
        let step = if is_letter(after) && blank(after + 1) && is_letter(after + 2) && !is_letter(after + 3) { 2 } else { 1 };
        let in_top = |i: &usize| is_letter(*i) || reading.char(*i) == Some('0');
        let end = match (sound, cc) {
            (true, _) => after + 2,
            (_, true) => after + 1,
            _ => (after..reading.len()).step_by(step).take(16).take_while(in_top).last()? + 1,
        };
        let label = reading.text(start..before);
        let label = label.trim_end_matches('-');
        let top = match (sound, cc) {
            (true, _) => "com".to_owned(),
            (_, true) => "cc".to_owned(),
            _ => (after..end).step_by(step).filter_map(|i| reading.char(i)).collect(),
        };
        let has_letter = label.chars().any(|c| c.is_ascii_alphabetic());
        // t点cn/A6abc.
        let has_path = || label.len() == 1 && reading.char(end) == Some('/') && is_letter(end + 1);
        let is_name = label.len() >= 2 && (has_letter || label.len() >= 3 && !sound && top != "app") || has_letter && has_path();
        if !WRITTEN_OUT.contains(&top.as_str()) || !is_name {
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

    /// Whether the run is a top-level domain behind a name of Han characters: 彩票点com. A dot that ends a sentence ends it all.
    fn is_han_name(&self, reading: &Reading<'_>, run: Range<usize>) -> bool {
        let dot = run.start.checked_sub(1).and_then(|dot| reading.char(dot));
        let next = reading.char(run.end);
        let is_name = run.start.checked_sub(2).is_some_and(|name| reading.class(name).is(Class::HAN));
        let goes_on = match dot {
            Some('点') => next.is_some_and(|c| OF_MACHINES.contains(&c)),
            Some('。') => reading.class(run.end).is_word() || next == Some('.'),
            _ => true,
        };
        !goes_on && is_name && run.len() == 3 && reading.starts_with(run.start, "com")
    }

    /// 示例好货.com: a name of Han characters under a top-level domain of letters.
    fn plain_han_name(&self, reading: &Reading<'_>, run: Range<usize>) -> Option<InProse> {
        let dot = run.start.checked_sub(1).filter(|&dot| reading.char(dot) == Some('.'))?;
        let start = (dot.saturating_sub(HAN_NAME_CHARS)..dot).rev().take_while(|&i| reading.class(i).is(Class::HAN)).last()?;
        let is_top = HAN_TOPS.iter().any(|top| run.len() == top.len() && reading.starts_with(run.start, top));
        let ends = !reading.char(run.end).is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        let whole = if reading.char(run.end) == Some('/') { end_of_address(reading, run.end) } else { run.end };
        (is_top && ends).then(|| InProse { range: start..whole, host: reading.text(start..run.end), disguise: None })
    }

    /// 网址 mjgj,com: a comma for the dot, where an address is spoken of.
    fn comma(&self, scan: &Scan<'_>, reading: &Reading<'_>, name: Range<usize>) -> Option<InProse> {
        let top = name.end + 1;
        let end = reading.alphanumerics.run_end(top);
        let is_top = WRITTEN_OUT.contains(&reading.text(top..end).as_str());
        let is_name = name.len() >= COMMA_NAME_CHARS_MIN && reading.chars(name.clone()).iter().any(char::is_ascii_alphabetic);
        let is_told = || reading.has_word(scan.lexicon, self.spoken, reading.around(name.clone(), HAN_NAME_CHARS, HAN_NAME_CHARS));
        let host = || format!("{}.{}", reading.text(name.clone()), reading.text(top..end));
        (is_top && is_name && is_told()).then(|| InProse { range: name.start..end, host: host(), disguise: Some(WRITTEN_OUT_DOT) })
    }

    fn han_name(&self, reading: &Reading<'_>, top: Range<usize>) -> Option<InProse> {
        let dot = top.start.checked_sub(1)?;
        let from = dot.saturating_sub(HAN_NAME_CHARS);
        let start = (from..dot).rev().take_while(|&i| reading.class(i).is(Class::HAN)).last()?;
        let host = format!("{}.com", reading.text(start..dot));
        Some(InProse { range: start..top.end, host, disguise: Some(WRITTEN_OUT_DOT) })
    }

    /// 手动输入 mjbm，后缀com.
    fn ending(&self, scan: &Scan<'_>, reading: &Reading<'_>, name: Range<usize>) -> Option<InProse> {
        let word = (name.end..name.end + 2).find(|&i| !matches!(reading.char(i), Some('，' | ',' | ' ')))?;
        if name.len() < 2 || !reading.starts_with(word, ENDING) {
            return None;
        }
        let after = word + ENDING.chars().count();
        let top = (after..after + 3).find(|&i| !matches!(reading.char(i), Some('是' | '为' | '点' | '.' | ':' | '：' | ' ')))?;
        let end = reading.alphanumerics.run_end(top);
        let host = format!("{}.{}", reading.text(name.clone()), reading.text(top..end));
        let is_top = WRITTEN_OUT.contains(&reading.text(top..end).as_str());
        let is_told = || reading.has_word(scan.lexicon, self.browser, reading.around(name.clone(), HAN_NAME_CHARS, 0));
        (is_top && is_told()).then_some(InProse { range: name.start..end, host, disguise: Some(WRITTEN_OUT_DOT) })
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
pub struct InProse {
    pub range: Range<usize>,
    pub host: String,
    /// How it is disguised, if it is.
    pub disguise: Option<&'static str>,
}

/// Dots in the address of a machine.
const DOTS_OF_MACHINE: usize = 3;

/// `203.0.113.77:8899/hd`: a page on a machine without a name. One of an inner network is a secret, no link.
fn public_machine(reading: &Reading<'_>, host: Range<usize>) -> Option<InProse> {
    if reading.chars(host.clone()).iter().filter(|c| **c == '.').count() != DOTS_OF_MACHINE {
        return None;
    }
    let name = reading.text(host.clone());
    let Ok(url::Host::Ipv4(ip)) = url::Host::parse(&name) else { return None };
    let port_end = if reading.char(host.end) == Some(':') { reading.digits.run_end(host.end + 1) } else { host.end };
    let has_page = reading.char(port_end) == Some('/') && reading.char(port_end + 1).is_some_and(|c| c.is_ascii_alphabetic());
    let is_inner = ip.is_private() || ip.is_loopback() || ip.is_link_local();
    let is_version = ["版本", "版", "版本号", "固件"].iter().any(|word| reading.ends_with(host.start, word));
    (has_page && !is_inner && !is_version).then(|| InProse {
        range: host.start..end_of_address(reading, port_end),
        host: name,
        disguise: None,
    })
}

/// Where the address that goes on at `at` ends: ASCII address characters, without closing punctuation.
pub fn end_of_address(reading: &Reading<'_>, at: usize) -> usize {
    let mut end = (at..reading.len().min(at + ADDRESS_CHARS_MAX))
        .take_while(|&i| {
            reading.char(i).is_some_and(|c| {
                c.is_ascii_graphic()
                    && !matches!(c, '<' | '>' | '"' | '`' | '{' | '}' | '|')
                    && (c != '\\' || reading.char(i + 1) == Some('@'))
            })
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
    // 彩票.com.
    let is_han = (at..end).take_while(|&i| reading.char(i) != Some('.')).any(|i| reading.class(i).is(Class::HAN));
    let ascii_top = |dot: usize| TOP_LEVELS.contains(&reading.text(dot + 1..reading.alphanumerics.run_end(dot + 1)).as_str());
    if is_han && let Some(dot) = dots.clone().find(|&dot| ascii_top(dot)) {
        return Some(reading.alphanumerics.run_end(dot + 1));
    }
    dots.filter_map(|dot| CHINESE_TOP_LEVELS.iter().find(|top| reading.starts_with(dot + 1, top)).map(|top| dot + 1 + top.chars().count()))
        .next_back()
}
