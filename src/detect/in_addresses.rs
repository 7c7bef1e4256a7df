//! Personal numbers inside addresses, codes and names of files, where nobody reads them and everybody can: an identity number
//! needs its check digit, a phone a key that says so. Ordinary addresses are full of long numbers.
//! Must not know links or hosts.

use super::Scan;
use super::numbers::{self, IdProof};
use super::reading::Reading;
use super::report::{Found, Report};
use crate::model::Severity;
use crate::text::passage::Role;
use std::ops::Range;

/// Keys of a query and schemes before a phone number, with their sign.
const PHONE_KEYS: [&str; 16] = [
    "tel:",
    "tel://",
    "sms:",
    "smsto:",
    "tel=",
    "phone=",
    "mobile=",
    "sjh=",
    "sjhm=",
    "sj=",
    "shouji=",
    "lxdh=",
    "dh=",
    "dianhua=",
    "phonenumber=",
    "telephone=",
];
/// Longest name before the `@` of a mailbox, in characters.
const MAILBOX_CHARS: usize = 64;
const ID_PLACES: usize = 18;
const MOBILE_PLACES: usize = 11;

/// Whether the text of a code is an address.
pub fn is_address(reading: &Reading<'_>) -> bool {
    let text = reading.passage.text.trim_start();
    text.contains("://") || text.starts_with("www.") || PHONE_KEYS.iter().any(|key| text.starts_with(key))
}

/// All personal numbers of an address or the name of an image.
pub fn detect(scan: &Scan<'_>, index: usize, report: &mut Report) {
    let Some(reading) = scan.readings.get(index) else { return };
    let mut at = 0;
    while let Some(run) = reading.digits.next_run(at) {
        at = run.end;
        if !matches!(run.len(), MOBILE_PLACES | 17 | ID_PLACES | 13) {
            continue;
        }
        let has_x = run.len() == ID_PLACES - 1 && reading.char(run.end) == Some('x');
        let range = run.start..run.end + usize::from(has_x);
        let digits: Vec<u8> =
            reading.chars(range.clone()).iter().filter_map(|c| c.to_digit(10).or((*c == 'x').then_some(10))).map(|d| d as u8).collect();
        if let Some(found) = number(scan, index, &digits, &range) {
            report.find(found);
        }
    }
}

/// Where the `@` of mailto:name@example.com stands.
pub fn mailbox(reading: &Reading<'_>) -> Option<usize> {
    const SCHEME: &str = "mailto:";
    let start = reading.chars(0..reading.len()).iter().take_while(|c| c.is_whitespace()).count();
    let rest = start + SCHEME.len()..start + SCHEME.len() + MAILBOX_CHARS;
    if !reading.starts_with(start, SCHEME) {
        return None;
    }
    rest.take_while(|&i| reading.char(i) != Some('?')).find(|&i| reading.char(i) == Some('@'))
}

/// One number of an address or the name of an image.
pub fn number(scan: &Scan<'_>, index: usize, digits: &[u8], range: &Range<usize>) -> Option<Found> {
    let reading = scan.readings.get(index)?;
    if !stands_alone(reading, range) {
        return None;
    }
    if digits.len() == ID_PLACES && numbers::prove_id18(digits, &scan.lexicon.tables, scan.as_of) == IdProof::Proven {
        let found = Found::new("PII.ID18", Severity::S3, index, range.clone(), "personal/id18").because("check_digit", "正确");
        return Some(
            found.saying("网址、二维码或文件名里带着完整身份证号，点开、扫码、下载的人都能看到").instead("换成不带证件号的网址或文件名"),
        );
    }
    let mobile = digits.strip_prefix(&[8, 6]).unwrap_or(digits);
    let is_named = reading.passage.role == Role::ImageName || follows_phone_key(reading, range.start);
    if mobile.len() == MOBILE_PLACES && numbers::is_mobile(mobile) && is_named {
        return Some(Found::new("PII.MOBILE", Severity::S2, index, range.clone(), "personal/mobile").because("in_address", true));
    }
    None
}

fn follows_phone_key(reading: &Reading<'_>, start: usize) -> bool {
    let start = if reading.ends_with(start, "+") { start - 1 } else { start };
    PHONE_KEYS.iter().any(|key| reading.ends_with(start, key))
}

/// Whether no letter or digit touches the number; %3d530822… is an encoded sign before it.
fn stands_alone(reading: &Reading<'_>, range: &Range<usize>) -> bool {
    let touches = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let is_encoded = range.start >= 3 && reading.char(range.start - 3) == Some('%');
    !touches(reading.char(range.end)) && (is_encoded || !touches(range.start.checked_sub(1).and_then(|i| reading.char(i))))
}
