//! Mailboxes, with an `@` or with a word in its place (DOMAIN §3.2).
//! Must not know how addresses of pages are found.

use super::Scan;
use super::addresses::InProse;
use super::personal::Personal;
use super::reading::Reading;
use super::report::{Found, Report};
use crate::model::{Severity, Transform};
use crate::text::passage::Cell;
use std::ops::Range;

/// Most cells of a row that are looked through.
const ROW_CELLS_MAX: usize = 24;
/// Ends of mailboxes whose dot is written as a word or a full stop.
const WRITTEN_OUT_TOPS: [&str; 3] = ["com", "cn", "net"];
/// Longest name before the `@`, in characters.
const NAME_CHARS_MAX: usize = 64;

/// What is written for the `@` and means nothing else.
const SIGNS: [&str; 7] = ["(at)", "[at]", "【at】", "（at）", "{at}", "(@)", "【@】"];
/// What is written for the `@`, where a provider of mailboxes stands behind it.
const SIGNS_BEFORE_PROVIDERS: [&str; 10] = ["@", "在", " at ", "艾特", "爱特", "#", "(a)", "（a）", "【a】", "圈a"];
const PROVIDERS: [&str; 18] = [
    "qq.com",
    "163.com",
    "126.com",
    "139.com",
    "189.cn",
    "yeah.net",
    "sina.com",
    "sina.cn",
    "sohu.com",
    "foxmail.com",
    "gmail.com",
    "outlook.com",
    "hotmail.com",
    "icloud.com",
    "aliyun.com",
    "tom.com",
    "21cn.com",
    "wo.cn",
];

/// A mailbox whose `@` is written otherwise: `chen(at)qq(dot)com`, `liu#126.com`.
#[derive(Debug, Clone)]
pub struct Written {
    pub range: Range<usize>,
    pub domain: String,
}

fn in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._%+-".contains(c)
}

/// The mailbox that what looks like an address belongs to, if a name and a word for `@` stand before it.
pub fn written(reading: &Reading<'_>, address: &InProse) -> Option<Written> {
    let start = address.range.start;
    let is_provider = |host: &str| PROVIDERS.iter().any(|p| host == *p || host.strip_prefix("vip.") == Some(p));
    let ends_with = |at: usize, sign: &&&str| reading.ends_with(at, sign);
    let blanks = |at: usize| usize::from(at > 0 && reading.char(at - 1) == Some(' '));
    // wang圈a163点com: the letter stands in what looks like the host.
    let behind_a = address.host.strip_prefix('a').filter(|host| is_provider(host) && reading.ends_with(start, "圈"));
    let (sign, domain) = match behind_a {
        Some(host) => (start - 1, host),
        None => {
            let is_known = is_provider(&address.host);
            let near = start - blanks(start);
            let sign = SIGNS.iter().find(|sign| ends_with(near, sign)).map(|sign| near - sign.chars().count());
            let weak = || {
                SIGNS_BEFORE_PROVIDERS
                    .iter()
                    .find_map(|sign| [start, near].into_iter().find(|end| ends_with(*end, &sign)).map(|end| end - sign.chars().count()))
            };
            (sign.or_else(|| if is_known { weak() } else { None })?, address.host.as_str())
        }
    };
    let name_end = sign - blanks(sign);
    let from = name_end.saturating_sub(NAME_CHARS_MAX);
    let name = (from..name_end).rev().take_while(|&i| reading.char(i).is_some_and(in_name)).last()?;
    (name_end >= name + 2).then(|| Written { range: name..address.range.end, domain: domain.to_owned() })
}

/// Reports the mailboxes of a reading that are written so.
pub(super) fn report_written(personal: &Personal, scan: &Scan<'_>, index: usize, report: &mut Report) {
    for (_, mailbox) in scan.mailboxes.iter().filter(|(reading, _)| *reading == index) {
        if let Some(found) = weigh(personal, scan, index, mailbox.range.clone(), &mailbox.domain) {
            report.find(found.through(Transform::Separator));
        }
    }
}

/// A mailbox around the `@` at `at`.
pub(super) fn around(personal: &Personal, scan: &Scan<'_>, index: usize, at: usize, report: &mut Report) {
    let Some(reading) = scan.readings.get(index) else { return };
    let host = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    let start = (at.saturating_sub(NAME_CHARS_MAX)..at).rev().take_while(|&i| reading.char(i).is_some_and(in_name)).last().unwrap_or(at);
    let mut end = (at + 1..reading.len().min(at + 128)).take_while(|&i| reading.char(i).is_some_and(host)).last().map_or(at, |i| i + 1);
    while end > at + 1 && matches!(reading.char(end - 1), Some('.' | '-')) {
        end -= 1;
    }
    let mut domain = reading.text(at + 1..end.max(at + 1));
    // name@163点com, name@qq。com
    if end > at + 1
        && !domain.contains('.')
        && matches!(reading.char(end), Some('点' | '。'))
        && let Some(top) = WRITTEN_OUT_TOPS.iter().find(|top| reading.starts_with(end + 1, top))
        && !reading.char(end + 1 + top.len()).is_some_and(|c| c.is_ascii_alphanumeric())
    {
        domain = format!("{domain}.{top}");
        end += 1 + top.len();
    }
    let top = domain.rsplit('.').next().unwrap_or_default();
    if start == at
        || !domain.contains('.')
        || top.len() < 2
        // e@b.te
        || start + 1 == at && domain.find('.') == Some(1)
        || !top.chars().all(|c| c.is_ascii_alphabetic())
        || scan.is_in_address(index, &(start..end))
    {
        return;
    }
    if let Some(found) = weigh(personal, scan, index, start..end, &domain) {
        report.find(found);
    }
}

/// Whose mailbox it is, and how much that weighs.
fn weigh(personal: &Personal, scan: &Scan<'_>, index: usize, range: Range<usize>, domain: &str) -> Option<Found> {
    let reading = scan.readings.get(index)?;
    let Range { start, end } = range;
    let near = reading.around(start..end, 24, 6);
    // 我的邮箱, and the column beside the one of names.
    let is_mine = || reading.holds_one(reading.around(start..start, 6, 0), &[&['我', '的'], &['我', '邮'], &['本', '人']]);
    let in_list = || {
        let of_persons = |cell: &Cell| {
            let header = cell.header.clone().unwrap_or_default();
            reading.has_word(
                scan.lexicon,
                personal.names.before,
                reading.folded.index_of_byte(header.start)..reading.folded.index_of_byte(header.end),
            )
        };
        let byte = reading.folded.at.get(start).map_or(0, |b| *b as usize);
        reading.passage.cell(byte).is_some_and(|own| {
            let first = reading.passage.cells.partition_point(|c| (c.table, c.row) < (own.table, own.row));
            let row = reading.passage.cells.get(first..).unwrap_or_default().iter().take(ROW_CELLS_MAX);
            row.take_while(|c| (c.table, c.row) == (own.table, own.row)).any(of_persons)
        })
    };
    let official = domain == "gov.cn" || domain.ends_with(".gov.cn") || domain.ends_with(".edu.cn") || domain.ends_with(".org.cn");
    let personal_box = reading.has_word(scan.lexicon, personal.personal_mail, near) || is_mine() || in_list();
    // Who writes a message leaves his own.
    let severity = match official {
        _ if personal_box => Severity::S2,
        true => Severity::S0,
        false if scan.is_message() => Severity::S2,
        false => Severity::S1,
    };
    let found = Found::new("PII.EMAIL", severity, index, start..end, "personal/email")
        .because("domain", if official { "政务、教育等单位邮箱" } else { "商业邮箱" });
    Some(match severity {
        Severity::S0 => found.saying("政务邮箱，公开合法").instead("核对即可"),
        Severity::S1 => found.saying("用商业邮箱作办公邮箱，或疑似个人邮箱").instead("改用 gov.cn 政务邮箱"),
        _ => found,
    })
}
