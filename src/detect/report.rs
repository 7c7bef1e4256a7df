//! Collects what detectors find, in folded positions, and turns it into findings of the submitted text.
//! Must not know how anything was detected, nor queues.

use super::Scan;
use super::reading::Reading;
use crate::lexicon::tables::CodeText;
use crate::model::finding::is_secret;
use crate::model::{Category, Evidence, Field, Finding, Scalar, Severity, Suppressed, SuppressedReason, Text, Transform};
use crate::text::passage::Role;
use std::cmp::Reverse;
use std::ops::Range;

/// Most findings, and most suppressed hits, of one draft; more than a person can read means: a person decides.
pub const FINDINGS_MAX: usize = 2_000;

/// Findings that may be held beyond those kept before the least grave are let go.
const FINDINGS_SLACK: usize = 500;

/// Where something stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Folded characters of a reading.
    At { reading: usize, range: Range<usize> },
    /// An absence: body, 0, 0.
    Absent,
}

/// A finding in the making.
#[derive(Debug, Clone)]
pub struct Found {
    pub code: Text,
    pub severity: Severity,
    pub place: Place,
    pub rule: Text,
    /// `None`: the text of the code.
    pub message: Option<Text>,
    pub suggest: Option<Text>,
    pub basis: Option<Text>,
    pub transforms: Vec<Transform>,
    pub evidence: Evidence,
}

impl Found {
    pub fn new(code: impl Into<Text>, severity: Severity, reading: usize, range: Range<usize>, rule: impl Into<Text>) -> Self {
        Self {
            code: code.into(),
            severity,
            place: Place::At { reading, range },
            rule: rule.into(),
            message: None,
            suggest: None,
            basis: None,
            transforms: Vec::new(),
            evidence: Evidence::default(),
        }
    }

    pub fn absent(code: &'static str, severity: Severity, rule: &'static str) -> Self {
        Self { place: Place::Absent, ..Self::new(code, severity, 0, 0..0, rule) }
    }

    pub fn because(mut self, key: &'static str, value: impl Into<Scalar>) -> Self {
        self.evidence.insert(Text::written(key), value);
        self
    }

    pub fn saying(mut self, message: impl Into<Text>) -> Self {
        self.message = Some(message.into());
        self
    }

    pub fn instead(mut self, suggest: impl Into<Text>) -> Self {
        self.suggest = Some(suggest.into());
        self
    }

    pub fn through(mut self, transform: Transform) -> Self {
        self.transforms.push(transform);
        self
    }

    /// The range when it stands in that reading.
    pub fn range_in(&self, reading: usize) -> Option<&Range<usize>> {
        match &self.place {
            Place::At { reading: r, range } if *r == reading => Some(range),
            _ => None,
        }
    }
}

/// A suppressed hit in the making.
#[derive(Debug, Clone)]
struct Dropped {
    found: Found,
    reason: SuppressedReason,
    detail: Text,
}

/// Everything found so far.
#[derive(Debug, Default)]
pub struct Report {
    pub found: Vec<Found>,
    dropped: Vec<Dropped>,
    /// More was found than is kept.
    overflowed: bool,
    /// The least grave of those kept when some were let go: what comes later and weighs no more would be let go, too.
    least_kept: Option<Gravity>,
}

impl Report {
    pub fn find(&mut self, found: Found) {
        if self.least_kept.is_some_and(|least| Gravity::of(&found) <= least) {
            return;
        }
        self.found.push(found);
        if self.found.len() > FINDINGS_MAX + FINDINGS_SLACK {
            self.keep_the_gravest();
        }
    }

    /// Lets go of what is more than a person can read, the least grave first and the later first; the order stays.
    fn keep_the_gravest(&mut self) {
        if self.found.len() <= FINDINGS_MAX {
            return;
        }
        self.overflowed = true;
        let mut order: Vec<(Reverse<Gravity>, usize)> =
            self.found.iter().enumerate().map(|(number, found)| (Reverse(Gravity::of(found)), number)).collect();
        let (_, &mut last_kept, _) = order.select_nth_unstable(FINDINGS_MAX - 1);
        let (Reverse(least), _) = last_kept;
        self.least_kept = Some(least);
        let mut number = 0;
        self.found.retain(|found| {
            let here = (Reverse(Gravity::of(found)), number);
            number += 1;
            here <= last_kept
        });
    }

    pub fn suppress(&mut self, found: Found, reason: SuppressedReason, detail: impl Into<Text>) {
        if self.dropped.len() < FINDINGS_MAX {
            self.dropped.push(Dropped { found, reason, detail: detail.into() });
        } else {
            self.overflowed = true;
        }
    }

    /// Forgets that hits of this code prefix at these places (sorted: reading, start, end) were set aside: they count after all.
    pub fn take_back(&mut self, code: &str, places: &[(usize, usize, usize)]) {
        let counts = |found: &Found| match &found.place {
            Place::At { reading, range } => {
                found.code.starts_with(code) && places.binary_search(&(*reading, range.start, range.end)).is_ok()
            }
            Place::Absent => false,
        };
        self.dropped.retain(|dropped| !counts(&dropped.found));
    }

    /// Whether something of these codes (prefixes) overlaps the range.
    pub fn covers(&self, codes: &[&str], reading: usize, range: &Range<usize>) -> bool {
        self.found.iter().any(|f| {
            codes.iter().any(|c| f.code.starts_with(c)) && f.range_in(reading).is_some_and(|r| r.start < range.end && range.start < r.end)
        })
    }

    /// Whether a hit of this code prefix that overlaps the range was set aside.
    pub fn set_aside(&self, code: &str, reading: usize, range: &Range<usize>) -> bool {
        self.dropped.iter().any(|d| {
            d.found.code.starts_with(code) && d.found.range_in(reading).is_some_and(|r| r.start < range.end && range.start < r.end)
        })
    }

    /// Findings of a code prefix inside a range of a reading.
    pub fn within<'s>(&'s self, code: &'s str, reading: usize, range: &'s Range<usize>) -> impl Iterator<Item = &'s Found> {
        self.found
            .iter()
            .filter(move |f| f.code.starts_with(code) && f.range_in(reading).is_some_and(|r| r.start >= range.start && r.end <= range.end))
    }

    /// Findings and suppressed hits of the submitted text, sorted by field, start, end, code, and whether there were more
    /// than are kept.
    pub fn finish(mut self, scan: &Scan<'_>) -> (Vec<Finding>, Vec<Suppressed>, bool) {
        self.keep_the_gravest();
        self.found.sort_by(|a, b| (&a.code, key(&a.place)).cmp(&(&b.code, key(&b.place))).then(b.severity.cmp(&a.severity)));
        self.found.dedup_by(|later, first| later.code == first.code && later.place == first.place);
        if self.found.is_empty() && self.dropped.is_empty() {
            return (Vec::new(), Vec::new(), self.overflowed);
        }
        let mut places: Vec<Place> =
            self.found.iter().map(|f| f.place.clone()).chain(self.dropped.iter().map(|d| d.found.place.clone())).collect();
        places.sort_by_key(key);
        places.dedup();
        let spans = Spans::of(scan, &places);
        let mut findings = Vec::with_capacity(self.found.len());
        for found in self.found {
            let Some(span) = spans.get(&found.place) else { continue };
            let text = scan.lexicon.tables.codes.get(&*found.code);
            let category = Category::of_code(&found.code).unwrap_or(Category::Operation);
            let mut transforms = span.transforms.clone();
            transforms.extend(&found.transforms);
            transforms.sort_unstable();
            transforms.dedup();
            findings.push(Finding {
                text: shown(&found.code, span.text),
                category,
                severity: found.severity,
                field: span.field,
                path: span.path.cloned(),
                start: span.start,
                end: span.end,
                rule: found.rule,
                message: found.message.unwrap_or_else(|| said(text, |t| &t.message)),
                suggestion: found.suggest.or_else(|| Some(said(text, |t| &t.suggest))).filter(|s| !s.is_empty()),
                basis: found.basis.unwrap_or_else(|| said(text, |t| &t.basis)),
                transforms,
                evidence: found.evidence,
                code: found.code,
            });
        }
        let mut suppressed = Vec::with_capacity(self.dropped.len());
        for Dropped { found, reason, detail } in self.dropped {
            let Some(span) = spans.get(&found.place) else { continue };
            suppressed.push(Suppressed {
                text: shown(&found.code, span.text),
                category: Category::of_code(&found.code).unwrap_or(Category::Operation),
                severity: found.severity,
                field: span.field,
                path: span.path.cloned(),
                start: span.start,
                end: span.end,
                rule: found.rule,
                reason,
                detail,
                code: found.code,
            });
        }
        findings.sort_by(|a, b| {
            (a.field, a.start, a.end, &a.code, &a.path, &a.rule).cmp(&(b.field, b.start, b.end, &b.code, &b.path, &b.rule))
        });
        suppressed.sort_by(|a, b| {
            (a.field, a.start, a.end, &a.code, &a.path, &a.rule, a.reason)
                .cmp(&(b.field, b.start, b.end, &b.code, &b.path, &b.rule, b.reason))
        });
        suppressed.dedup();
        (findings, suppressed, self.overflowed)
    }
}

/// What is kept when there is more than can be: secrecy before all, then by severity, then in the order of the queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Gravity(bool, Severity, u8);

impl Gravity {
    fn of(found: &Found) -> Self {
        let family = match found.code.split('.').next() {
            Some("SEC") => 5,
            Some("EVT") => 4,
            Some("PII" | "BIZ") => 3,
            Some("AD" | "LINK" | "ILL") => 2,
            Some("SRC") => 1,
            _ => 0,
        };
        Self(is_secret(&found.code, found.severity), found.severity, family)
    }
}

fn key(place: &Place) -> (usize, usize, usize) {
    match place {
        Place::At { reading, range } => (*reading, range.start, range.end),
        Place::Absent => (usize::MAX, 0, 0),
    }
}

fn said(text: Option<&CodeText>, part: impl Fn(&CodeText) -> &Text) -> Text {
    text.map(|t| part(t).clone()).unwrap_or_default()
}

/// A place in the submitted text.
#[derive(Debug, Clone)]
struct Span<'s> {
    field: Field,
    path: Option<&'s String>,
    start: usize,
    end: usize,
    text: &'s str,
    transforms: Vec<Transform>,
}

/// Places turned into scalar offsets: one sweep over each submitted string, however many places there are.
/// Sorted by place.
struct Spans<'s>(Vec<((usize, usize, usize), Span<'s>)>);

impl<'s> Spans<'s> {
    fn of(scan: &Scan<'s>, places: &[Place]) -> Self {
        let mut spans = Vec::with_capacity(places.len());
        // (reading, byte range in the submitted string, place)
        let mut bytes: Vec<(usize, Range<usize>, &Place)> = Vec::with_capacity(places.len());
        for place in places {
            match place {
                Place::Absent => {
                    let span = Span { field: Field::Body, path: None, start: 0, end: 0, text: "", transforms: Vec::new() };
                    spans.push((key(place), span));
                }
                Place::At { reading, range } => {
                    let Some(r) = scan.readings.get(*reading) else { continue };
                    let text = r.folded.bytes(&r.passage.text, range.start, range.end);
                    bytes.push((*reading, r.passage.locate(text), place));
                }
            }
        }
        let mut index = 0;
        while let Some((reading, _, _)) = bytes.get(index) {
            let reading = *reading;
            let same = bytes.iter().skip(index).take_while(|(r, _, _)| *r == reading).count();
            if let (Some(r), Some(part)) = (scan.readings.get(reading), bytes.get(index..index + same)) {
                // Nothing is left out of most texts: their folded characters are numbered as the submitted ones.
                let is_whole = r.passage.is_as_submitted() && !r.folded.has_dropped;
                let bounds = part.iter().filter(|_| !is_whole).flat_map(|(_, b, _)| [b.start, b.end]);
                let scalars = scalars_at(r.passage.submitted, bounds.collect());
                let scalar = |byte: usize| {
                    scalars.binary_search_by_key(&byte, |(at, _)| *at).ok().and_then(|i| scalars.get(i)).map_or(0, |(_, scalar)| *scalar)
                };
                for (_, b, place) in part {
                    let Place::At { range, .. } = place else { continue };
                    let (start, end) = if is_whole {
                        (range.start.min(r.len()), range.end.max(range.start + 1).min(r.len()))
                    } else {
                        (scalar(b.start), scalar(b.end))
                    };
                    let span = Span {
                        field: r.passage.field,
                        path: r.passage.path.as_ref(),
                        start,
                        end,
                        text: r.passage.submitted.get(b.clone()).unwrap_or_default(),
                        transforms: transforms(scan, r, range),
                    };
                    spans.push((key(place), span));
                }
            }
            index += same.max(1);
        }
        spans.sort_by_key(|(key, _)| *key);
        Self(spans)
    }

    fn get(&self, place: &Place) -> Option<&Span<'s>> {
        let index = self.0.binary_search_by_key(&key(place), |(key, _)| *key).ok()?;
        self.0.get(index).map(|(_, span)| span)
    }
}

/// Byte offsets with their scalar offsets, sorted, in one pass.
fn scalars_at(text: &str, mut bytes: Vec<usize>) -> Vec<(usize, usize)> {
    bytes.sort_unstable();
    bytes.dedup();
    let mut scalars = Vec::with_capacity(bytes.len());
    let (mut at, mut count) = (0, 0);
    for byte in bytes {
        count += text.get(at..byte).map_or(0, |piece| piece.chars().count());
        at = byte;
        scalars.push((byte, count));
    }
    scalars
}

/// Longest stretch whose transforms are listed, in bytes.
const TRANSFORM_BYTES_MAX: usize = 4_096;

/// What folding did to the characters of a range.
fn transforms(scan: &Scan<'_>, reading: &Reading<'_>, range: &Range<usize>) -> Vec<Transform> {
    let text = reading.folded.bytes(&reading.passage.text, range.start, range.end);
    let mut all = Vec::new();
    if reading.passage.has_entity(&text) {
        all.push(Transform::Entity);
    }
    if reading.passage.role == Role::Hidden {
        all.push(Transform::Hidden);
    }
    for c in reading.passage.text.get(text).unwrap_or_default().chars().scan(0, |bytes, c| {
        *bytes += c.len_utf8();
        (*bytes <= TRANSFORM_BYTES_MAX).then_some(c)
    }) {
        if let Some(transform) = scan.lexicon.fold.transform(c)
            && !all.contains(&transform)
        {
            all.push(transform);
        }
    }
    all
}

/// The submitted slice, masked for personal data and credentials.
fn shown(code: &str, text: &str) -> String {
    if code.starts_with("PII.") || code == "SEC.CREDENTIAL" { mask(code, text) } else { text.to_owned() }
}

/// Masks so that a reviewer can find the place but nobody can use the value (DOMAIN §3.0).
pub fn mask(code: &str, text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let (head, tail) = match code {
        "PII.ID18" | "PII.ID15" | "PII.SOCIAL" | "PII.USCC" | "PII.DRIVER_FILE" => (6, 4),
        "PII.ID18_MASKED" => return text.to_owned(),
        "PII.MOBILE" | "PII.LANDLINE" => (3, 4),
        "PII.BANK" | "PII.ACCOUNT" => (0, 4),
        "PII.PLATE" => (2, 1),
        "PII.NAME" => (1, 0),
        "SEC.CREDENTIAL" => (2, 0),
        _ => (1, 1),
    };
    let shown = head + tail;
    // Never show more than two thirds of what is there.
    let (head, tail) = if shown * 3 > chars.len() * 2 { (usize::from(chars.len() > 1), 0) } else { (head, tail) };
    let hidden = head..chars.len().saturating_sub(tail);
    chars.iter().enumerate().map(|(i, c)| if hidden.contains(&i) && (c.is_alphanumeric() || !c.is_ascii()) { '*' } else { *c }).collect()
}

#[cfg(test)]
mod tests {
    use super::{FINDINGS_MAX, FINDINGS_SLACK, Found, Report, Severity, mask};

    #[test]
    fn the_gravest_findings_are_kept_in_their_order_and_memory_stays_bounded() {
        let mut report = Report::default();
        for number in 0..50_000 {
            let (code, severity) = match number {
                30_000 => ("SEC.INTERNAL", Severity::S1),
                40_000 => ("PII.ID18", Severity::S3),
                40_001 => ("EVT.DISASTER", Severity::S2),
                _ => ("WRD.typo", Severity::S1),
            };
            report.find(Found::new(code, severity, 0, number..number + 1, "test"));
            assert!(report.found.len() <= FINDINGS_MAX + FINDINGS_SLACK);
        }
        report.keep_the_gravest();
        assert!(report.overflowed && report.found.len() == FINDINGS_MAX);
        let starts: Vec<usize> = report.found.iter().filter_map(|f| f.range_in(0)).map(|r| r.start).collect();
        assert!(starts.is_sorted(), "the order in which they were found stays");
        assert_eq!(starts[FINDINGS_MAX - 3..], [30_000, 40_000, 40_001]);
        assert_eq!(starts[..FINDINGS_MAX - 3], (0..FINDINGS_MAX - 3).collect::<Vec<_>>()[..], "of equals the first");
    }

    #[test]
    fn what_fits_is_kept_whole() {
        let mut report = Report::default();
        for number in 0..FINDINGS_MAX {
            report.find(Found::new("WRD.typo", Severity::S1, 0, number..number + 1, "test"));
        }
        report.keep_the_gravest();
        assert!(!report.overflowed && report.found.len() == FINDINGS_MAX);
    }

    #[test]
    fn a_mask_shows_where_but_not_what() {
        assert_eq!(mask("PII.MOBILE", "13800138000"), "138****8000");
        assert_eq!(mask("PII.ID18", "530822188506150018"), "530822********0018");
        assert_eq!(mask("PII.BANK", "6222 0000 1111 2222 333"), "**** **** **** **** 333");
        assert_eq!(mask("PII.NAME", "张三"), "张*");
        assert_eq!(mask("PII.MOBILE", "一三八零零一三八零零零"), "一三八****八零零零");
    }
}
