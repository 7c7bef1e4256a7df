//! Reposts: may this source be reposted, is it named, is the title kept, is the text kept, whose opinion is it
//! (DOMAIN §4.1, §4.2; ).
//! Must not know queues. Whether a page says what it is said to say is not looked up: nothing is fetched.

use super::fidelity::{self, Kept, Original};
use super::reading::Reading;
use super::report::{Found, Report};
use super::title::{self, Fidelity};
use super::{Scan, links};
use crate::lexicon::{Lexicon, ListSet};
use crate::model::Problem;
use crate::model::{Kind, Severity};
use crate::text::fold::Class;
use crate::text::passage::Role;
use std::ops::Range;
use url::Url;

pub struct Sources {
    source_line: ListSet,
    opinion: ListSet,
    /// 有删节
    abridged: ListSet,
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
        Self { source_line: lists.scanned("source_line"), opinion: lists.scanned("opinion"), abridged: lists.asked("abridged") }
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
        let roles = |r: &Reading<'_>| matches!(r.passage.role, Role::Body | Role::Subtitle | Role::Title | Role::Author);
        let places = scan.prose().filter(|(_, r)| roles(r)).filter_map(|(index, reading)| {
            let (_, name) = self.source_lines(scan, reading, 0..reading.len()).last()?;
            Some((index, name))
        });
        places.last()
    }

    /// Where a source is printed in a range, and its name: 来源：云南网, 【来源】云南网, 来 源／云南网; 来源 云南网 where a line
    /// begins so.
    fn source_lines<'s>(
        &'s self,
        scan: &'s Scan<'_>,
        reading: &'s Reading<'_>,
        range: Range<usize>,
    ) -> impl Iterator<Item = (usize, Range<usize>)> + 's {
        reading.words_in(scan.lexicon, self.source_line, range).filter_map(move |hit| {
            let start = hit.start as usize;
            let mut at = hit.end as usize;
            let blanks = |at: usize| (at..reading.len()).take_while(|&i| reading.class(i).is(Class::BLANK)).count();
            let is_bracketed = matches!(reading.char(at), Some('】' | ']' | '〕'));
            let behind = at + blanks(at);
            let is_line = behind > at && start.checked_sub(1).and_then(|i| reading.char(i)).is_none_or(|c| c == '\n');
            if is_bracketed || matches!(reading.char(behind), Some('：' | ':' | '丨' | '|' | '｜' | '/' | '／')) {
                at = if is_bracketed { at + 1 } else { behind + 1 };
                at += usize::from(is_bracketed && matches!(reading.char(at), Some('：' | ':')));
            } else if !is_line && !reading.starts_with(at, "自") && !reading.ends_with(at, "转自") && !reading.ends_with(at, "转载自")
            {
                return None;
            } else if reading.starts_with(at, "自") {
                at += 1;
            }
            at += blanks(at);
            let end = (at..reading.len())
                .take(40)
                .take_while(|&i| {
                    reading.class(i).is_word() || matches!(reading.char(i), Some('《' | '》' | '“' | '”' | '·' | '.' | '-' | '@'))
                })
                .last()
                .map_or(at, |i| i + 1);
            (end > at).then_some((start, at..end))
        })
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
            Some(name) if is_upper_office(scan, name) => Standing::Allowed,
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
        let tables = &scan.lexicon.tables;
        // The year of the day may be left out (DOMAIN §4.4).
        let this_year = format!("{}年", scan.as_of.year());
        let without_year = source.contains(&this_year) && !scan.draft.title.contains(&this_year);
        let source = if without_year { source.replacen(&this_year, "", 1) } else { source.to_owned() };
        let mut fidelity = title::compare(&source, &scan.draft.title, outlet, &tables.title_tokens);
        if matches!(fidelity, Fidelity::Review { .. }) && title::places_differ(&source, &scan.draft.title, |name| tables.is_place(name)) {
            fidelity = Fidelity::Distorted("地名".to_owned());
        }
        // In traditional characters the same title.
        let plain = |text: &str| scan.lexicon.fold.fold(text).chars;
        if matches!(fidelity, Fidelity::Review { .. }) && plain(&source) == plain(&scan.draft.title) {
            return;
        }
        match fidelity {
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
        let theirs = fidelity::sentences(source);
        let mut original = Original::default();
        for range in &theirs {
            original.add(source, range.clone());
        }
        let ours = fidelity::sentences(body);
        let (mut kept, mut is_abridged) = (0, false);
        for range in &ours {
            if original.compare(body, range.clone()) == Kept::Whole {
                kept += 1;
                continue;
            }
            if body.has_word(scan.lexicon, self.abridged, range.clone()) {
                is_abridged = true;
                continue;
            }
            // 来源：云南网 at the end of a sentence is ours to add.
            let range = range.start..self.source_lines(scan, body, range.clone()).next().map_or(range.end, |(start, _)| start);
            match original.compare(body, range.clone()) {
                Kept::Whole => kept += 1,
                Kept::ButNumbers => {
                    for range in original.changed_numbers(body, range) {
                        let found = Found::new("SRC.BODY_CHANGED", Severity::S3, index, range, "source/number");
                        report.find(found.saying("数字与原文不一致"));
                    }
                }
                Kept::No => {
                    let found = Found::new("SRC.BODY_CHANGED", Severity::S2, index, range, "source/inserted");
                    report.find(found.saying("原文没有这句话"));
                }
            }
        }
        let left_out = (theirs.len().saturating_sub(ours.len() + 1)).max(fidelity::paragraphs_left_out(source, &theirs, body, &ours));
        if kept > 0 && left_out > 0 && !is_abridged {
            report.find(
                Found::absent("SRC.BODY_CHANGED", Severity::S1, "source/shortened")
                    .saying("比原文少了段落，请注明“有删节”")
                    .because("sentences_left_out", left_out as i64),
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

/// 云南省教育厅, 普洱市人民政府网站: offices of the province and the city above the unit. Which those are, the hosts above the
/// unit say: the province's is listed with its name, the city's is its name in pinyin.
fn is_upper_office(scan: &Scan<'_>, name: &str) -> bool {
    const OFFICES: [&str; 9] = ["考试院", "气象台", "厅", "局", "委", "委员会", "办公室", "人民政府", "政府网"];
    const AREAS: [char; 3] = ['市', '州', '盟'];
    const AREA_CHARS_MAX: usize = 12;
    let tables = &scan.lexicon.tables;
    let Some(unit) = tables.unit(&scan.draft.unit, "") else { return false };
    let mut name = name;
    for ending in ["官方网站", "门户网站", "网站", "官网", "微信公众号", "公众号", "客户端"] {
        name = name.strip_suffix(ending).unwrap_or(name);
    }
    if !OFFICES.iter().any(|office| name.ends_with(office)) {
        return false;
    }
    // 思茅区 of the own city, 昆明市 of the own province stand beside the unit, not above it.
    let names_area = |rest: &str| {
        let ends = rest.char_indices().skip(2).map(|(at, _)| at).take(AREA_CHARS_MAX);
        ends.filter_map(|end| rest.get(..end)).any(|area| tables.is_place(area))
    };
    let is_above = |host: &String| host != "gov.cn" && unit.ancestor_hosts.contains(host);
    let of_province = tables.source_units.iter().filter(|s| s.hosts.iter().any(is_above)).find_map(|s| {
        let province = s.name.strip_suffix("人民政府").filter(|province| !province.is_empty())?;
        name.strip_prefix(province)
    });
    let syllable = |c: char| tables.pinyin.iter().find(|(known, _)| *known == c).map(|(_, syllable)| syllable.as_str());
    let is_city = |name: &str| {
        let Some((at, area)) = name.char_indices().take(AREA_CHARS_MAX).find(|(_, c)| AREAS.contains(c)) else { return false };
        let (Some(head), Some(rest)) = (name.get(..at), name.get(at + area.len_utf8()..)) else { return false };
        let Some(head) = head.chars().map(syllable).collect::<Option<String>>().filter(|head| !head.is_empty()) else { return false };
        let is_of = |host: &String| {
            let label = host.strip_suffix(".gov.cn").unwrap_or_default();
            label.strip_prefix(&head).is_some_and(|rest| matches!(rest, "" | "shi" | "zhou" | "meng"))
        };
        !names_area(rest) && unit.ancestor_hosts.iter().any(is_of)
    };
    of_province.is_some_and(|rest| !names_area(rest) || is_city(rest)) || is_city(name)
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
