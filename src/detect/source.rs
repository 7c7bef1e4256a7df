//! Reposts: may this source be reposted, is it named, is the title kept, is the text kept, whose opinion is it
//! (DOMAIN §4.1, §4.2; ).
//! Must not know queues. Whether a page says what it is said to say is not looked up: nothing is fetched.

use super::reading::Reading;
use super::report::{Found, Report};
use super::title::{self, Fidelity};
use super::{Scan, links};
use crate::lexicon::{Lexicon, ListSet};
use crate::model::Problem;
use crate::model::{Kind, Severity};
use crate::text::fold::Class;
use crate::text::passage::Role;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use url::Url;

pub struct Sources {
    source_line: ListSet,
    opinion: ListSet,
}

/// How a source stands to the list of those that may be reposted.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Standing {
    Allowed,
    OtherGovernment,
    OwnGovernment,
    NotListed,
}

impl Sources {
    pub fn new(lexicon: &Lexicon, problems: &mut Vec<Problem>) -> Self {
        let mut lists = lexicon.lists(problems);
        Self { source_line: lists.scanned("source_line"), opinion: lists.scanned("opinion") }
    }

    pub fn detect(&self, scan: &Scan<'_>, report: &mut Report) {
        if scan.draft.kind != Kind::Repost {
            return;
        }
        let printed = self.printed_source(scan);
        let source = scan.draft.source.as_ref();
        let name = source.and_then(|s| s.name.as_deref()).map(str::trim).filter(|n| !n.is_empty());
        let url = source.and_then(|s| s.url.as_deref()).map(str::trim).filter(|u| !u.is_empty());
        match &printed {
            None => report.find(Found::absent("SRC.MISSING", Severity::S2, "source/missing")),
            Some((index, range)) => {
                let text = scan.readings.get(*index).map(|r| r.text(range.clone())).unwrap_or_default();
                if let Some(name) = name
                    && !same_name(scan, name, &text)
                {
                    report.find(
                        Found::new("SRC.MISSING", Severity::S2, *index, range.clone(), "source/disagrees")
                            .saying("文中注明的来源与登记的来源不一致")
                            .instead("核对并改为同一来源"),
                    );
                }
            }
        }
        self.standing(scan, name, url, printed.as_ref(), report);
        if url.is_none() {
            let mut found = Found::absent("SRC.NO_URL", Severity::S1, "source/no_url");
            if let Some((index, range)) = &printed {
                found = Found::new("SRC.NO_URL", Severity::S1, *index, range.clone(), "source/no_url");
            }
            report.find(found);
        }
        self.title(scan, report);
        self.body(scan, report);
        self.opinions(scan, report);
    }

    /// The name after the last 来源： of the body or title.
    fn printed_source(&self, scan: &Scan<'_>) -> Option<(usize, Range<usize>)> {
        let mut last = None;
        for (index, reading) in
            scan.prose().filter(|(_, r)| matches!(r.passage.role, Role::Body | Role::Subtitle | Role::Title | Role::Author))
        {
            for hit in reading.words_in(scan.lexicon, self.source_line, 0..reading.len()) {
                let mut at = hit.end as usize;
                let colon = matches!(reading.char(at), Some('：' | ':' | '丨' | '|' | '｜')) || reading.starts_with(at, "自");
                if !colon {
                    continue;
                }
                at += 1;
                while reading.class(at).is(Class::BLANK) {
                    at += 1;
                }
                let end = (at..reading.len())
                    .take(40)
                    .take_while(|&i| {
                        reading.class(i).is_word() || matches!(reading.char(i), Some('《' | '》' | '“' | '”' | '·' | '.' | '-' | '@'))
                    })
                    .last()
                    .map_or(at, |i| i + 1);
                if end > at {
                    last = Some((index, at..end));
                }
            }
        }
        last
    }

    fn standing(
        &self,
        scan: &Scan<'_>,
        name: Option<&str>,
        url: Option<&str>,
        printed: Option<&(usize, Range<usize>)>,
        report: &mut Report,
    ) {
        let host = url.and_then(host_of);
        let printed_name = printed.and_then(|(i, range)| Some(scan.readings.get(*i)?.text(range.clone())));
        let standing = self.judge(scan, name.or(printed_name.as_deref()), host.as_deref());
        let (severity, message) = match standing {
            Standing::Allowed => return,
            Standing::OwnGovernment => (Severity::S0, "本级政府网站，可以转载，仅供核对"),
            Standing::OtherGovernment => (Severity::S1, "不是上级党委、政府网站，请确认主管单位是否允许转载"),
            Standing::NotListed => (Severity::S3, "不在允许转载的稿源范围内"),
        };
        // Reported on the name printed in the body when there is one, else on `source`.
        let place = match printed {
            Some((index, range)) => Some((*index, range.clone())),
            None => scan
                .readings
                .iter()
                .enumerate()
                .find(|(_, r)| matches!(r.passage.role, Role::SourceName | Role::SourceUrl))
                .map(|(i, r)| (i, 0..r.len())),
        };
        let mut found = match place {
            Some((index, range)) => Found::new("SRC.NOT_ALLOWED", severity, index, range, "source/not_allowed"),
            None if name.is_none() && url.is_none() => return,
            None => Found::absent("SRC.NOT_ALLOWED", severity, "source/not_allowed"),
        };
        found = found.saying(message);
        if let Some(host) = host {
            found = found.because("host", host);
        }
        report.find(found);
    }

    /// First match wins (DOMAIN §4.1).
    fn judge(&self, scan: &Scan<'_>, name: Option<&str>, host: Option<&str>) -> Standing {
        let tables = &scan.lexicon.tables;
        let below = |host: &str, parent: &str| host == parent || host.strip_suffix(parent).is_some_and(|h| h.ends_with('.'));
        let unit = tables.unit(&scan.draft.unit, "");
        let listed_name = name.is_some_and(|n| tables.source_units.iter().any(|s| same_name(scan, &s.name, n)));
        if let Some(host) = host {
            // A platform's host says nothing: the account decides.
            if is_platform(host) {
                return if listed_name { Standing::Allowed } else { Standing::NotListed };
            }
            if let Some(unit) = unit {
                if unit.own_hosts.iter().any(|h| below(host, h)) {
                    return Standing::OwnGovernment;
                }
                if unit.ancestor_hosts.iter().any(|h| if h == "gov.cn" { host == "gov.cn" || host == "www.gov.cn" } else { below(host, h) })
                {
                    return Standing::Allowed;
                }
            }
            // National and provincial platforms and listed media.
            if tables
                .source_units
                .iter()
                .any(|s| s.hosts.iter().any(|h| if h == "gov.cn" { host == "gov.cn" || host == "www.gov.cn" } else { below(host, h) }))
            {
                return Standing::Allowed;
            }
            if below(host, "gov.cn") {
                return Standing::OtherGovernment;
            }
            return if listed_name && links::is_official(scan, host) { Standing::Allowed } else { Standing::NotListed };
        }
        match name {
            Some(_) if listed_name => Standing::Allowed,
            Some(name) if name.contains("人民政府") => Standing::OtherGovernment,
            Some(_) => Standing::NotListed,
            None => Standing::Allowed,
        }
    }

    fn title(&self, scan: &Scan<'_>, report: &mut Report) {
        let Some((index, reading)) = scan.readings.iter().enumerate().find(|(_, r)| r.passage.role == Role::Title) else { return };
        let Some(source) = scan.draft.source.as_ref().and_then(|s| s.title.as_deref()).filter(|t| !t.trim().is_empty()) else { return };
        let outlet = scan.draft.source.as_ref().and_then(|s| s.name.as_deref());
        let whole = 0..reading.len();
        match title::compare(source, &scan.draft.title, outlet, &scan.lexicon.tables.title_tokens) {
            Fidelity::Same => {}
            Fidelity::Allowed(label) => {
                let end = title::label_of(&scan.draft.title).map_or(whole.end.min(label.chars().count().max(1)), |l| l.chars().count());
                if !label.is_empty() {
                    report.find(Found::new("SRC.TITLE_PREFIX", Severity::S0, index, 0..end.min(whole.end), "source/title_prefix"));
                }
            }
            Fidelity::Review { similarity, emotive } => {
                let severity = if similarity >= 80 || emotive { Severity::S1 } else { Severity::S2 };
                report.find(
                    Found::new("SRC.TITLE_CHANGED", severity, index, whole, "source/title")
                        .saying("标题与原标题不同，请对照原题确认没有改变原意")
                        .because("similarity_percent", i64::from(similarity))
                        .because("emotive", emotive),
                );
            }
            Fidelity::Distorted(what) => {
                report.find(Found::new("SRC.TITLE_CHANGED", Severity::S3, index, whole, "source/title").because("differs", what));
            }
        }
    }

    /// Where the source's text is given: changed numbers, added sentences, left-out paragraphs. Both texts are taken apart
    /// into clauses that are looked up by what they say, so this is linear and no sentence is left out.
    fn body(&self, scan: &Scan<'_>, report: &mut Report) {
        let Some(source) = scan.readings.iter().find(|r| r.passage.role == Role::SourceText) else { return };
        let Some((index, body)) = scan.body() else { return };
        let theirs = sentences(source);
        let mut original = Original::default();
        for range in &theirs {
            original.add(source, range.clone());
        }
        let mut kept = 0;
        let ours = sentences(body);
        for range in &ours {
            if body.has_word(scan.lexicon, self.source_line, range.clone()) {
                kept += 1;
                continue;
            }
            let found = match original.compare(body, range.clone()) {
                Kept::Whole => {
                    kept += 1;
                    continue;
                }
                Kept::ButNumbers => {
                    Found::new("SRC.BODY_CHANGED", Severity::S3, index, range.clone(), "source/number").saying("数字与原文不一致")
                }
                Kept::No => Found::new("SRC.BODY_CHANGED", Severity::S2, index, range.clone(), "source/inserted").saying("原文没有这句话"),
            };
            report.find(found);
        }
        if kept > 0 && theirs.len() > ours.len() + 1 {
            report.find(
                Found::absent("SRC.BODY_CHANGED", Severity::S1, "source/shortened")
                    .saying("比原文少了段落，请注明“有删节”")
                    .because("sentences_left_out", (theirs.len() - ours.len()) as i64),
            );
        }
    }

    /// 我认为、网友说 … in a repost.
    fn opinions(&self, scan: &Scan<'_>, report: &mut Report) {
        for (index, reading) in scan.prose().filter(|(_, r)| matches!(r.passage.role, Role::Body | Role::Title)) {
            for hit in reading.words_in(scan.lexicon, self.opinion, 0..reading.len()) {
                let range = hit.start as usize..hit.end as usize;
                if reading.straddled(scan.lexicon, range.start, range.end).is_none() {
                    report.find(Found::new("SRC.OPINION", Severity::S2, index, range, "source/opinion"));
                }
            }
        }
    }
}

/// Longest sentence compared as one, in characters; a longer one is cut there in both texts.
const SENTENCE_CHARS_MAX: usize = 400;
/// Shortest stretch that is a sentence of its own, in characters.
const SENTENCE_CHARS_MIN: usize = 4;
/// Most places remembered for one clause; a clause that stands in more of them fits anywhere.
const PLACES_OF_CLAUSE_MAX: usize = 8;

/// The sentences of a text, in order, without a gap.
fn sentences(reading: &Reading<'_>) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    let mut start = 0;
    for at in 0..=reading.len() {
        let ends = reading.char(at).is_none_or(|_| reading.class(at).is(Class::END));
        if ends || at - start >= SENTENCE_CHARS_MAX {
            if at - start >= SENTENCE_CHARS_MIN {
                all.push(start..at);
            }
            start = if ends { at + 1 } else { at };
        }
    }
    all
}

/// What a stretch says, apart from punctuation and blanks; and the same apart from its digits.
fn said(reading: &Reading<'_>, range: Range<usize>) -> (String, String) {
    let chars = reading.folded.chars.get(range).unwrap_or_default();
    let words: String = chars.iter().filter(|c| c.is_alphanumeric()).collect();
    let without_digits = words.chars().filter(|c| !c.is_ascii_digit()).collect();
    (words, without_digits)
}

/// The clauses of a sentence.
fn clauses(reading: &Reading<'_>, sentence: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut start = sentence.start;
    let ends = move |at: usize| matches!(reading.char(at), Some(',' | '，' | '、' | ':' | '：' | '(' | ')' | '（' | '）' | '“' | '”'));
    (sentence.start..=sentence.end).filter_map(move |at| {
        (at == sentence.end || ends(at)).then(|| std::mem::replace(&mut start, at + 1)..at).filter(|range| !range.is_empty())
    })
}

/// How much of a sentence stands in the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    Whole,
    ButNumbers,
    No,
}

/// The original text, by what its sentences and clauses say.
#[derive(Debug, Default)]
struct Original {
    whole: HashSet<String>,
    without_digits: HashSet<String>,
    /// Clause → its numbers, counted through the text.
    clauses: HashMap<String, Vec<u32>>,
    counted: u32,
    clauses_without_digits: HashSet<String>,
}

impl Original {
    fn add(&mut self, reading: &Reading<'_>, sentence: Range<usize>) {
        for clause in clauses(reading, sentence.clone()) {
            let (words, without_digits) = said(reading, clause);
            if words.is_empty() {
                continue;
            }
            self.counted += 1;
            self.clauses_without_digits.insert(without_digits);
            let places = self.clauses.entry(words).or_default();
            if places.len() <= PLACES_OF_CLAUSE_MAX {
                places.push(self.counted);
            }
        }
        let (words, without_digits) = said(reading, sentence);
        self.whole.insert(words);
        self.without_digits.insert(without_digits);
    }

    fn compare(&self, reading: &Reading<'_>, sentence: Range<usize>) -> Kept {
        let (words, without_digits) = said(reading, sentence.clone());
        if self.whole.contains(&words) {
            return Kept::Whole;
        }
        if self.without_digits.contains(&without_digits) {
            return Kept::ButNumbers;
        }
        // Part of a longer sentence: its clauses follow each other in the original too.
        let mut before: Option<Vec<u32>> = None;
        let mut is_number = false;
        for clause in clauses(reading, sentence) {
            let (words, without_digits) = said(reading, clause);
            if words.is_empty() {
                continue;
            }
            match self.clauses.get(&words) {
                Some(places) if places.len() > PLACES_OF_CLAUSE_MAX => before = None,
                Some(places) => {
                    let here: Vec<u32> = match before {
                        Some(known) => places.iter().copied().filter(|p| known.contains(&(p - 1))).collect(),
                        None => places.clone(),
                    };
                    if here.is_empty() {
                        return Kept::No;
                    }
                    before = Some(here);
                }
                None if words != without_digits && self.clauses_without_digits.contains(&without_digits) => {
                    is_number = true;
                    before = None;
                }
                None => return Kept::No,
            }
        }
        if is_number { Kept::ButNumbers } else { Kept::Whole }
    }
}

/// Hosts where anybody may publish.
fn is_platform(host: &str) -> bool {
    const PLATFORMS: [&str; 12] = [
        "weixin.qq.com",
        "weibo.com",
        "weibo.cn",
        "douyin.com",
        "kuaishou.com",
        "toutiao.com",
        "baijiahao.baidu.com",
        "sohu.com",
        "163.com",
        "bilibili.com",
        "xiaohongshu.com",
        "zhihu.com",
    ];
    PLATFORMS.iter().any(|p| host == *p || host.strip_suffix(p).is_some_and(|h| h.ends_with('.')))
}

fn host_of(url: &str) -> Option<String> {
    let with_scheme = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    Some(Url::parse(&with_scheme).ok()?.host_str()?.trim_end_matches('.').to_lowercase())
}

/// Names that differ only in 《》, 网站 and the like.
fn same_name(scan: &Scan<'_>, a: &str, b: &str) -> bool {
    let plain = |name: &str| -> String {
        let folded: String = scan.lexicon.fold.fold(name).chars.into_iter().filter(|c| c.is_alphanumeric()).collect();
        let mut plain = folded.as_str();
        for ending in ["微信公众号", "公众号", "客户端", "官方网站", "门户网站", "网站", "官网", "微博"] {
            plain = plain.strip_suffix(ending).filter(|p| !p.is_empty()).unwrap_or(plain);
        }
        plain.to_owned()
    };
    let (a, b) = (plain(a), plain(b));
    !a.is_empty() && a == b
}
