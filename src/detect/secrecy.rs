//! Secrecy: marks, credentials and phrases that say a text is not for the public (DOMAIN §5.1).
//! Must not know queues.
//!
//! What it finds: 机密★1年, 内部资料, 此件不公开, passwords with their value.
//! Why it matters: 保守国家秘密法; 墨政办发〔2024〕37号 二(五).
//! Example: 机密★1年 → SEC.MARK.
//! Known false alarms: education about secrecy quotes the marks; quoted marks are S1, phrases there are no finding.

use super::reading::Reading;
use super::report::{Found, Report};
use super::{Scan, terms};
use crate::lexicon::{Hit, Lexicon, ListSet};
use crate::model::Problem;
use crate::model::{Severity, SuppressedReason};
use crate::text::fold::Class;
use crate::text::passage::Role;
use regex::Regex;
use std::cell::LazyCell;
use std::ops::Range;

/// The first lines of a document, where file numbers and urgency stand, in characters.
const HEAD_CHARS: usize = 120;
/// Most blanks inside a mark, in characters.
const BLANKS_MAX: usize = 4;
/// Longest number of a file with its year and brackets, in characters.
const FILE_NUMBER_CHARS_MAX: usize = 16;
/// How far behind 密码 it may be said that it is set to something, in characters.
const CREDENTIAL_SAID_CHARS: usize = 5;

/// Longest value of a password that is looked at, in characters.
const VALUE_CHARS: usize = 64;
/// Shortest value without any sign before it, in characters.
const PLAIN_VALUE_CHARS_MIN: usize = 6;

/// Longest issuer of a file number, in characters: 墨政办发.
const ISSUER_CHARS_MAX: usize = 10;
/// What says that a word of urgency follows.
const URGENCY_LABELS: [&str; 4] = ["等级", "紧急程度", "缓急", "缓急程度"];

pub struct Secrecy {
    level: ListSet,
    /// Words of laws and rules about secrecy.
    talk: ListSet,
    education: ListSet,
    credential: ListSet,
    /// 统一为, 设为
    credential_said: ListSet,
    /// 用户名, 登录, 后台
    credential_account: ListSet,
    /// 弱口令, 不要使用
    credential_advice: ListSet,
    /// 密★ of a mark whose characters are set apart.
    mark_star: ListSet,
    /// 密发
    secret_issue: ListSet,
    copy_number: ListSet,
    urgency: ListSet,
    secret_file: ListSet,
    /// 东经, 坐标 …
    coordinate: ListSet,
    /// Reservoirs, power and military sites.
    sensitive_site: ListSet,
    /// A coordinate finer than a second of arc.
    fine: Option<Regex>,
}

impl Secrecy {
    pub fn new(lexicon: &Lexicon, problems: &mut Vec<Problem>) -> Self {
        let mut lists = lexicon.lists(problems);
        Self {
            level: lists.scanned("secret_level"),
            talk: lists.asked("secrecy_talk"),
            education: lists.scanned("secrecy_education"),
            credential: lists.scanned("credential"),
            credential_said: lists.asked("credential_said"),
            credential_account: lists.asked("credential_account"),
            credential_advice: lists.asked("credential_advice"),
            mark_star: lists.scanned("mark_star"),
            secret_issue: lists.scanned("secret_issue"),
            copy_number: lists.scanned("copy_number"),
            urgency: lists.scanned("urgency"),
            secret_file: lists.scanned("secret_file"),
            coordinate: lists.scanned("coordinate"),
            sensitive_site: lists.asked("sensitive_site"),
            fine: Regex::new("[0-9]{1,2}\\.[0-9]+ ?[″\"秒”]|[0-9]{2,3}\\.[0-9]{4,}").ok(),
        }
    }

    pub fn detect(&self, scan: &Scan<'_>, report: &mut Report) {
        // Asked only where something looks like a secret.
        let is_education = LazyCell::new(|| self.is_education(scan));
        for (index, reading) in scan.written() {
            self.marks(scan, index, || *is_education, report);
            self.credentials(scan, index, report);
            self.coordinates(scan, index, report);
            if reading.passage.role == Role::Body {
                self.head(scan, index, report);
            }
        }
        for (index, _) in scan.image_names() {
            self.marks(scan, index, || *is_education, report);
        }
        for term in &scan.terms {
            let Some(ready) = scan.lexicon.row(term.row).filter(|r| r.row.code.starts_with("SEC.")) else { continue };
            let Some(reading) = scan.readings.get(term.reading) else { continue };
            let found = terms::from_row(scan, term, &ready.row, ready.row.severity);
            if *is_education {
                report.suppress(found, SuppressedReason::Guard, "保密宣传教育中的说法");
            } else if ready.row.code == "SEC.URGENCY"
                && !(matches!(reading.passage.role, Role::Body | Role::Title) && term.range.start < HEAD_CHARS)
            {
                report.suppress(found, SuppressedReason::Context, "不在文件开头");
            } else if ready.row.code == "SEC.URGENCY" && reading.ends_with(term.range.end, "急") && !stands_alone(reading, &term.range) {
                report.suppress(found, SuppressedReason::Context, "不是单独标注的紧急程度");
            } else {
                report.find(found);
            }
        }
    }

    /// The title or the first paragraph teaches about secrecy.
    fn is_education(&self, scan: &Scan<'_>) -> bool {
        let says = |r: &Reading<'_>, range: Range<usize>| r.has_word(scan.lexicon, self.education, range);
        scan.title().is_some_and(|t| says(t, 0..t.len()))
            || scan.body().is_some_and(|(_, b)| says(b, 0..b.paragraph(0..1).end.min(HEAD_CHARS)))
    }

    /// 密级★期限, 机　密★1年; 机密件, 秘密级, 绝密文件; 墨密发〔2026〕3号.
    fn marks(&self, scan: &Scan<'_>, index: usize, is_education: impl Fn() -> bool, report: &mut Report) {
        let Some(reading) = scan.readings.get(index) else { return };
        for hit in reading.words_in(scan.lexicon, self.level, 0..reading.len()) {
            let (start, mut end) = (hit.start as usize, hit.end as usize);
            let star = star_behind(reading, end);
            // 【绝密】★8分 is a film; with nothing but blanks between, the star alone says enough.
            let is_plain = star == end + blanks(reading, end);
            if reading.char(star).is_some_and(is_star) && (is_plain || period(reading, star + 1) > 0) {
                mark(index, reading, start..star + 1, &is_education, report);
                continue;
            }
            let word = ["文件", "件", "级"].into_iter().find(|w| reading.starts_with(end, w));
            if let Some(word) = word {
                end += word.chars().count();
                // 商业秘密级, 秘密级别 and 国家秘密文件管理 are talk about secrecy.
                let is_other = |hit: Hit| hit.end as usize <= start || hit.start as usize >= end;
                let talk = reading.starts_with(end, "别")
                    || ["商业", "国家", "工作", "个人"].iter().any(|w| reading.ends_with(start, w))
                    || reading.words_in(scan.lexicon, self.talk, reading.sentence(start..end)).any(is_other);
                let found = Found::new("SEC.MARK", Severity::S2, index, start..end, "secrecy/grade");
                if talk || is_education() {
                    report.suppress(found, SuppressedReason::Guard, "谈论保密制度，不是密级标志");
                } else if reading.straddled(scan.lexicon, start, end).is_none() {
                    report.find(found);
                }
            }
        }
        for hit in reading.words_in(scan.lexicon, self.mark_star, 0..reading.len()) {
            // The red head of a document sets the characters apart; together they are found above.
            let (last, end) = (hit.start as usize, hit.end as usize);
            let apart = (last.saturating_sub(BLANKS_MAX)..last).rev().take_while(|&i| reading.class(i).is(Class::BLANK)).count();
            // 机蜜★1年: the star says what is meant.
            let is_likeness = reading.char(last) != Some('密');
            let Some(start) = (last - apart).checked_sub(1).filter(|_| apart > 0 || is_likeness) else { continue };
            let runs_on = start > 0 && reading.class(start - 1).is(Class::HAN);
            if matches!(reading.char(start), Some('绝' | '机' | '秘')) && !runs_on {
                mark(index, reading, start..end, &is_education, report);
            }
        }
        for hit in reading.words_in(scan.lexicon, self.secret_issue, 0..reading.len()) {
            let end = hit.end as usize;
            let number = (end..reading.len())
                .take(FILE_NUMBER_CHARS_MAX)
                .take_while(|&i| {
                    reading.class(i).is(Class::DIGIT) || reading.char(i).is_some_and(|c| "〔〕[]()（）【】﹝﹞第 ".contains(c))
                })
                .last();
            if let Some(last) = number.filter(|&last| reading.class(last).is(Class::DIGIT) && reading.char(last + 1) == Some('号')) {
                let found = Found::new("SEC.MARK", Severity::S3, index, hit.start as usize..last + 2, "secrecy/file_number");
                report.find(found);
            }
        }
    }

    /// 份号：000012 and 〔2026〕密3号 in the first lines.
    fn head(&self, scan: &Scan<'_>, index: usize, report: &mut Report) {
        let Some(reading) = scan.readings.get(index) else { return };
        let head = 0..reading.len().min(HEAD_CHARS);
        for hit in reading.words_in(scan.lexicon, self.copy_number, head.clone()) {
            let mut at = hit.end as usize;
            while matches!(reading.char(at), Some('：' | ':' | ' ')) && at < hit.end as usize + 3 {
                at += 1;
            }
            let digits = (at..reading.len()).take(7).take_while(|&i| reading.class(i).is(Class::DIGIT)).count();
            if digits == 6 {
                report.find(Found::new("SEC.MARK", Severity::S3, index, hit.start as usize..at + 6, "secrecy/copy_number"));
            }
        }
        for hit in reading.words_in(scan.lexicon, self.urgency, head.clone()) {
            let range = hit.start as usize..hit.end as usize;
            if stands_alone(reading, &range) && !report.covers(&["SEC.URGENCY"], index, &range) {
                report.find(Found::new("SEC.URGENCY", Severity::S1, index, range, "secrecy/urgency"));
            }
        }
        // 〔2026〕密3号
        for hit in reading.words_in(scan.lexicon, self.secret_file, 0..reading.len()) {
            let at = hit.end as usize;
            let end = (at..reading.len()).find(|&i| !reading.class(i).is(Class::DIGIT)).unwrap_or(reading.len());
            if end > at && reading.char(end) == Some('号') {
                let start = (hit.start as usize).saturating_sub(5);
                report.find(Found::new("SEC.MARK", Severity::S3, index, start..end + 1, "secrecy/file_number"));
            }
        }
    }

    /// Coordinates finer than a second of arc of reservoirs, power and military sites (DOMAIN §5.1).
    fn coordinates(&self, scan: &Scan<'_>, index: usize, report: &mut Report) {
        let Some(reading) = scan.readings.get(index).filter(|r| r.lists.meets(self.coordinate)) else { return };
        let mut done = 0;
        for hit in reading.words_in(scan.lexicon, self.coordinate, 0..reading.len()) {
            let sentence = reading.sentence(hit.start as usize..hit.end as usize);
            if sentence.start < done || !reading.has_word(scan.lexicon, self.sensitive_site, sentence.clone()) {
                continue;
            }
            done = sentence.end;
            let text = reading.text(sentence.clone());
            let Some(found) = self.fine.as_ref().and_then(|r| r.find(&text)) else { continue };
            let at = |bytes: usize| sentence.start + text.get(..bytes).map_or(0, |t| t.chars().count());
            report.find(
                Found::new("SEC.WORK_SECRET", Severity::S2, index, at(found.start())..at(found.end()), "secrecy/coordinate")
                    .saying("重要设施的坐标精确到1″以内，发布前须做保密审查"),
            );
        }
    }

    /// Nothing stands between the word and its value, but an account or a system is named before it, or the value is letters
    /// and digits: 用户名admin，密码admin123, 密码Mj2026. What warns of weak passwords names them, too.
    fn is_of_account(&self, scan: &Scan<'_>, reading: &Reading<'_>, word: Hit, at: usize) -> bool {
        if !reading.char(at).is_some_and(is_credential) {
            return false;
        }
        let value = || (at..reading.len()).take(VALUE_CHARS).map_while(|i| reading.char(i)).take_while(|c| is_credential(*c));
        let is_mixed = value().any(|c| c.is_ascii_alphabetic()) && value().any(|c| c.is_ascii_digit());
        let sentence = reading.sentence(word.start as usize..at);
        value().count() >= PLAIN_VALUE_CHARS_MIN
            && (is_mixed || reading.has_word(scan.lexicon, self.credential_account, sentence.start..at))
            && !reading.has_word(scan.lexicon, self.credential_advice, sentence)
    }

    /// A password or passphrase with its value beside it.
    fn credentials(&self, scan: &Scan<'_>, index: usize, report: &mut Report) {
        let Some(reading) = scan.readings.get(index) else { return };
        for hit in reading.words_in(scan.lexicon, self.credential, 0..reading.len()) {
            // 红包口令, 动态密码: open to all, or good for a minute.
            if PASSING_CODES.iter().any(|word| reading.ends_with(hit.start as usize, word)) {
                continue;
            }
            let mut at = hit.end as usize;
            let said = reading.words_in(scan.lexicon, self.credential_said, at..(at + CREDENTIAL_SAID_CHARS).min(reading.len())).next();
            let mut says = false;
            if let Some(said) = said.filter(|said| said.start as usize == at) {
                (at, says) = (said.end as usize, true);
            }
            let first = at;
            while at < first + 4 {
                match reading.char(at) {
                    Some('：' | ':' | '是' | '为' | '=' | '“' | '"' | '「') => says = true,
                    Some(' ' | '【' | '[' | '(' | '（') => {}
                    _ => break,
                }
                at += 1;
            }
            let is_apart = at > hit.end as usize || self.is_of_account(scan, reading, hit, at);
            let value = || (at..reading.len()).take(VALUE_CHARS).map_while(|i| reading.char(i)).take_while(|c| is_credential(*c));
            let len = value().count();
            let signs = value().filter(char::is_ascii_alphanumeric).count();
            // Without a sign between, only what looks like a password: 密码 123456, not 密码 2026年.
            let looks_so = || is_apart && value().any(|c| c.is_ascii_digit()) && !reading.class(at + len).is(Class::HAN);
            // ****** shows nothing; 8-16位 says how long it must be.
            if signs * 2 < len || reading.char(at + len) == Some('位') || !says && !looks_so() {
                continue;
            }
            let range = hit.start as usize..at + len;
            if len >= 4 && !report.covers(&["SEC.CREDENTIAL"], index, &range) {
                report.find(Found::new("SEC.CREDENTIAL", Severity::S3, index, range, "secrecy/credential"));
            }
        }
    }
}

/// Words before 口令 or 密码 that make no secret of it.
const PASSING_CODES: [&str; 7] = ["复制这条", "复制此条", "复制", "红包", "动态", "短信", "一次性"];

/// Whether a word of urgency is a note of its own, as at the head of a document: 特急 墨政办发〔2026〕5号, 【特急】,
/// 等级：特急. 加急快递, “特急”, 加急费 and cells of a table are none.
fn stands_alone(reading: &Reading<'_>, range: &Range<usize>) -> bool {
    let is_blank = |i: &usize| reading.class(*i).is(Class::BLANK) && reading.char(*i) != Some('\n');
    let first = range.start - (range.start.saturating_sub(BLANKS_MAX)..range.start).rev().take_while(is_blank).count();
    let opens = match first.checked_sub(1).and_then(|i| reading.char(i)) {
        None | Some('\n' | '【' | '[') => true,
        Some('：' | ':') => URGENCY_LABELS.iter().any(|label| reading.ends_with(first - 1, label)),
        // 机密★1年 特急, 墨政办发〔2026〕5号 特急: behind a mark or a number, with a blank between.
        Some(c) => first < range.start && (is_star(c) || "年月天期密级件号".contains(c)),
    };
    if !opens || reading.header_of(range.start).is_some() {
        return false;
    }
    let next = range.end + (range.end..range.end + BLANKS_MAX).take_while(is_blank).count();
    match reading.char(next) {
        None | Some('\n' | '】' | ']' | '·') => true,
        // 加急 3个工作日
        Some(c) if next > range.end => !c.is_ascii_digit() && !matches!(c, '：' | ':'),
        _ => {
            // 特急墨政办发〔2026〕5号
            let word = (next..next + ISSUER_CHARS_MAX).take_while(|&i| reading.class(i).is(Class::HAN)).count();
            matches!(reading.char(next + word), Some('〔' | '[')) && reading.class(next + word + 1).is(Class::DIGIT)
        }
    }
}

fn is_credential(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!@#$%^&*_.-".contains(c)
}

/// Where the star of a mark stands, if there is one: behind blanks, brackets that close, or on the next line.
fn star_behind(reading: &Reading<'_>, level_end: usize) -> usize {
    let is_between = |&i: &usize| reading.class(i).is(Class::BLANK) || reading.char(i).is_some_and(|c| "】]）)〕』」\n".contains(c));
    level_end + (level_end..reading.len()).take(BLANKS_MAX).take_while(is_between).count()
}

fn blanks(reading: &Reading<'_>, at: usize) -> usize {
    (at..reading.len()).take(BLANKS_MAX).take_while(|&i| reading.class(i).is(Class::BLANK)).count()
}

/// A mark up to its star, with the period behind it.
fn mark(index: usize, reading: &Reading<'_>, place: Range<usize>, is_education: impl Fn() -> bool, report: &mut Report) {
    let range = place.start..place.end + period(reading, place.end);
    let quoted = quoted(reading, place.start);
    let severity = if quoted && is_education() { Severity::S1 } else { Severity::S3 };
    report.find(Found::new("SEC.MARK", severity, index, range, "secrecy/mark").because("quoted", quoted));
}

fn is_star(c: char) -> bool {
    matches!(c, '★' | '☆' | '*' | '✩' | '✭' | '⭐' | '✰' | '⋆' | '✪' | '🌟' | '✮' | '✯')
}

/// The period after the star: 1年, 六个月, 长期, 会议开始前 — its length.
fn period(reading: &Reading<'_>, at: usize) -> usize {
    let is_between = |&i: &usize| reading.class(i).is(Class::BLANK) || matches!(reading.char(i), Some('【' | '[' | '\n'));
    let blanks = (at..reading.len()).take(2).take_while(is_between).count();
    let from = at + blanks;
    if reading.starts_with(from, "长期") {
        return blanks + 2;
    }
    let digits = (from..reading.len())
        .take(3)
        .take_while(|&i| reading.class(i).is(Class::DIGIT | Class::NUMERAL) || reading.char(i) == Some('十'))
        .count();
    if digits > 0 {
        // 3★年 is taken apart like 机★密.
        let digits = digits + usize::from(reading.char(from + digits).is_some_and(is_star));
        for unit in ["年", "个月", "月", "天"] {
            if reading.starts_with(from + digits, unit) {
                return blanks + digits + unit.chars().count();
            }
        }
    }
    for len in 2..=13 {
        match reading.char(from + len - 1) {
            Some('前' | '后' | '时') if len >= 3 => return blanks + len,
            Some(c) if reading.class(from + len - 1).is(Class::HAN) && c != '\n' => {}
            _ => break,
        }
    }
    0
}

/// Inside quotation marks of the same line.
fn quoted(reading: &Reading<'_>, at: usize) -> bool {
    (at.saturating_sub(20)..at)
        .rev()
        .map_while(|i| reading.char(i).filter(|c| *c != '\n'))
        .find(|c| matches!(c, '“' | '”' | '「' | '」' | '《' | '》' | '"'))
        .is_some_and(|c| matches!(c, '“' | '「' | '《' | '"'))
}
