//! Addresses taken apart by blanks: `mjbm .com`, `w w w . mjbm . com`, `ht tp://mjbm.vip`. Read as one they are addresses, and
//! nobody writes them so for a reader who is to click them.
//! Must not know what is said of their hosts.

use super::addresses::{InProse, end_of_address};
use super::reading::Reading;
use std::ops::Range;

/// Longest address that is read with its blanks, in characters.
const SPACED_CHARS_MAX: usize = 64;
/// Most blanks in a row.
const BLANKS_MAX: usize = 2;
/// Longest scheme with its blanks, in characters.
const SCHEME_CHARS_MAX: usize = 10;
/// Top-level domains of the rules for disguised addresses; others are words of English sentences.
const TOP_LEVELS: [&str; 8] = ["com", "cn", "net", "top", "xyz", "vip", "cc", "shop"];
/// Names that end in one of them and are none: ASP. NET.
const OTHER_NAMES: [&str; 3] = ["asp", "vb", "ado"];

pub const SPACED: &str = "用空格拆开";

/// The address that begins with the run of letters and digits `run`, if blanks take it apart.
pub fn spaced(reading: &Reading<'_>, run: Range<usize>) -> Option<InProse> {
    let is_alnum = |i: usize| reading.char(i).is_some_and(|c| c.is_ascii_alphanumeric());
    let next = reading.char(run.end)?;
    let has_dot = next == '.' && reading.char(run.end + 1) == Some(' ') || next == ' ' && reading.char(run.end + 1) == Some('.');
    let is_spelled = run.len() == 1 && next == ' ' && is_single(reading, run.end + 1) && !run.start.checked_sub(2).is_some_and(is_alnum);
    let is_www = next == ' ' && reading.starts_with(run.start, "www") && run.len() == 3;
    if !(has_dot || is_spelled || is_www) {
        return None;
    }
    let (host, end) = compact(reading, run.start)?;
    let (labels, top) = host.rsplit_once('.')?;
    let name = labels.strip_prefix("www.").unwrap_or(labels);
    let is_name = name.len() >= 2 && name.bytes().any(|b| b.is_ascii_alphabetic()) && name != "www" && !OTHER_NAMES.contains(&name);
    // Beside other Latin words it is a sentence that ends: …tea co. net profit….
    let blank = |i: usize| reading.char(i) == Some(' ');
    let before = run.start.checked_sub(1).map(|i| if blank(i) { i.saturating_sub(1) } else { i });
    let is_latin = before.is_some_and(is_alnum) || is_alnum(end) || blank(end) && is_alnum(end + 1);
    if !TOP_LEVELS.contains(&top) || !is_name || is_latin {
        return None;
    }
    Some(InProse { range: run.start..end, host, disguise: Some(SPACED) })
}

/// Whether a letter or digit stands alone at `at`.
fn is_single(reading: &Reading<'_>, at: usize) -> bool {
    let is_alnum = |i: usize| reading.char(i).is_some_and(|c| c.is_ascii_alphanumeric());
    is_alnum(at) && !is_alnum(at + 1) && !at.checked_sub(1).is_some_and(is_alnum)
}

/// The host name from `start` on without its blanks, and where it ends.
fn compact(reading: &Reading<'_>, start: usize) -> Option<(String, usize)> {
    let mut host = String::new();
    let (mut at, mut end) = (start, start);
    while at < start + SPACED_CHARS_MAX {
        match reading.char(at) {
            Some(c) if c.is_ascii_alphanumeric() || c == '-' => {
                host.push(c);
                at += 1;
                end = at;
            }
            Some('.') if !host.ends_with('.') => {
                host.push('.');
                at += 1;
            }
            Some(' ') => {
                let next = (at..at + BLANKS_MAX).find(|&i| reading.char(i + 1) != Some(' ')).map(|i| i + 1)?;
                let is_at_dot = host.ends_with('.') || reading.char(next) == Some('.');
                let is_spelled = is_single(reading, at - 1) && is_single(reading, next);
                // www ynmj com.
                let has_no_dot =
                    || host == "www" || host.starts_with("www.") && TOP_LEVELS.iter().any(|top| reading.starts_with(next, top));
                if !is_at_dot && !is_spelled {
                    if !has_no_dot() {
                        break;
                    }
                    host.push('.');
                }
                at = next;
            }
            _ => break,
        }
    }
    let host = host.trim_end_matches(['.', '-']).to_owned();
    (!host.is_empty()).then_some((host, end))
}

/// An address whose scheme is taken apart: `h ttps://`, `http : //`. `colon` stands behind the run of letters that ends at `end`.
pub fn broken_scheme(reading: &Reading<'_>, end: usize) -> Option<InProse> {
    let skip = |at: usize| (at..=at + BLANKS_MAX).find(|&i| reading.char(i) != Some(' '));
    let colon = skip(end).filter(|&i| reading.char(i) == Some(':'))?;
    let slashes = skip(colon + 1).filter(|&i| reading.starts_with(i, "//"))?;
    let mut scheme = String::new();
    let mut start = end;
    let from = end.saturating_sub(SCHEME_CHARS_MAX);
    let mut at = end;
    while at > from && !matches!(scheme.as_str(), "ptth" | "sptth") {
        at -= 1;
        match reading.char(at) {
            Some(c) if c.is_ascii_alphabetic() => {
                scheme.push(c);
                start = at;
            }
            Some(' ') => {}
            _ => break,
        }
    }
    let is_whole = matches!(scheme.as_str(), "ptth" | "sptth");
    let blanks = (slashes - start).saturating_sub(scheme.len() + 1);
    let host = skip(slashes + 2)?;
    let end = end_of_address(reading, host);
    (is_whole && blanks > 0 && end > host).then(|| InProse { range: start..end, host: reading.text(host..end), disguise: Some(SPACED) })
}
