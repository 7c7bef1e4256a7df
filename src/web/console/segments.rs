//! Cuts one submitted string at the ends of every finding, so that overlapping and nested findings can be marked.
//! Must not know HTML: a segment is a slice with a severity and numbers.

use crate::model::Severity;
use std::collections::BTreeSet;
use std::ops::Range;

/// Most finding numbers that one segment lists; a text under thousands of nested findings stays linear in size.
pub const SEGMENT_NUMBERS_MAX: usize = 8;

/// A finding as a mark on one string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Number of the finding on the page.
    pub number: u32,
    pub severity: Severity,
    /// Unicode scalars, half open. Places outside the string are moved to its end.
    pub start: usize,
    pub end: usize,
}

/// What a stretch of markup stands for when the text is read without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Markup {
    /// Nothing.
    Inline,
    /// A gap, as between two cells of a table.
    Gap,
    /// A new line.
    Line,
    /// This character.
    Character(char),
}

/// Markup by bytes of the string: ascending, on character boundaries, none overlapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkupRange {
    pub bytes: Range<usize>,
    pub markup: Markup,
}

/// A finding that begins at a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begin {
    pub number: u32,
    pub severity: Severity,
}

/// A slice inside which nothing begins or ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment<'a> {
    pub text: &'a str,
    /// The severest finding over it; none outside of findings.
    pub severity: Option<Severity>,
    /// Findings over it, ascending, at most [`SEGMENT_NUMBERS_MAX`].
    pub numbers: Vec<u32>,
    /// Findings that begin here. A finding of no length (an absence) is an empty segment of its own.
    pub begins: Vec<Begin>,
    pub markup: Option<Markup>,
}

/// The segments of one string: joined they are that string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segmented<'a> {
    pub segments: Vec<Segment<'a>>,
    /// For each mark as given, the segments it covers.
    pub covers: Vec<Range<usize>>,
}

/// Cuts `text` at all ends of `marks` and `markup`. Takes time in proportion to the text, and n log n in the marks.
pub fn cut<'a>(text: &'a str, marks: &[Mark], markup: &[MarkupRange]) -> Segmented<'a> {
    let spans = byte_spans(text, marks);
    let mut boundaries: Vec<usize> = vec![0, text.len()];
    boundaries.extend(spans.iter().flat_map(|span| [span.start, span.end]));
    boundaries.extend(markup.iter().flat_map(|range| [range.bytes.start, range.bytes.end]));
    boundaries.sort_unstable();
    boundaries.dedup();

    let mut by_start: Vec<usize> = (0..marks.len()).collect();
    by_start.sort_by_key(|&i| (spans[i].start, marks[i].number));
    let mut by_end: Vec<usize> = (0..marks.len()).filter(|&i| !spans[i].is_empty()).collect();
    by_end.sort_by_key(|&i| spans[i].end);
    let (mut starting, mut ending) = (by_start.into_iter().peekable(), by_end.into_iter().peekable());
    let mut markup = markup.iter().peekable();

    let mut open = Open::default();
    let mut segments = Vec::with_capacity(boundaries.len());
    let mut covers = vec![0..0; marks.len()];
    for (nth, &at) in boundaries.iter().enumerate() {
        while let Some(i) = ending.next_if(|&i| spans[i].end <= at) {
            covers[i].end = segments.len();
            open.remove(&marks[i]);
        }
        let (mut points, mut begins) = (Vec::new(), Vec::new());
        while let Some(i) = starting.next_if(|&i| spans[i].start <= at) {
            let begin = Begin { number: marks[i].number, severity: marks[i].severity };
            if spans[i].is_empty() {
                points.push((i, begin));
            } else {
                begins.push((i, begin));
            }
        }
        for (i, begin) in points {
            covers[i] = segments.len()..segments.len() + 1;
            segments.push(Segment {
                text: "",
                severity: Some(begin.severity),
                numbers: vec![begin.number],
                begins: vec![begin],
                markup: None,
            });
        }
        let Some(&next) = boundaries.get(nth + 1) else { break };
        for (i, _) in &begins {
            covers[*i].start = segments.len();
            open.insert(&marks[*i]);
        }
        while markup.next_if(|range| range.bytes.end <= at).is_some() {}
        segments.push(Segment {
            text: text.get(at..next).unwrap_or_default(),
            severity: open.severest(),
            numbers: open.numbers.iter().copied().take(SEGMENT_NUMBERS_MAX).collect(),
            begins: begins.into_iter().map(|(_, begin)| begin).collect(),
            markup: markup.peek().filter(|range| range.bytes.start <= at).map(|range| range.markup),
        });
    }
    Segmented { segments, covers }
}

/// The findings over the current segment.
#[derive(Default)]
struct Open {
    numbers: BTreeSet<u32>,
    by_severity: [usize; Severity::ALL.len()],
}

impl Open {
    fn insert(&mut self, mark: &Mark) {
        if self.numbers.insert(mark.number) {
            self.by_severity[mark.severity as usize] += 1;
        }
    }

    fn remove(&mut self, mark: &Mark) {
        if self.numbers.remove(&mark.number) {
            self.by_severity[mark.severity as usize] -= 1;
        }
    }

    fn severest(&self) -> Option<Severity> {
        Severity::ALL.into_iter().rev().find(|&severity| self.by_severity[severity as usize] > 0)
    }
}

/// Scalars to bytes for all marks in one walk over the text.
fn byte_spans(text: &str, marks: &[Mark]) -> Vec<Range<usize>> {
    let mut scalars: Vec<usize> = marks.iter().flat_map(|mark| [mark.start, mark.end]).collect();
    scalars.sort_unstable();
    scalars.dedup();
    let mut bytes = Vec::with_capacity(scalars.len());
    let mut walk = text.char_indices().map(|(byte, _)| byte).enumerate();
    for &scalar in &scalars {
        // The walk stands behind the last scalar looked up, which was smaller.
        bytes.push(walk.find(|&(nth, _)| nth == scalar).map_or(text.len(), |(_, byte)| byte));
    }
    let byte = |scalar: usize| scalars.binary_search(&scalar).ok().and_then(|at| bytes.get(at)).copied().unwrap_or(text.len());
    marks.iter().map(|mark| byte(mark.start)..byte(mark.end.max(mark.start))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mark(number: u32, severity: Severity, start: usize, end: usize) -> Mark {
        Mark { number, severity, start, end }
    }

    fn slice(text: &str, start: usize, end: usize) -> String {
        text.chars().skip(start).take(end.saturating_sub(start)).collect()
    }

    fn covered(cut: &Segmented<'_>, nth: usize) -> String {
        cut.segments[cut.covers[nth].clone()].iter().map(|segment| segment.text).collect()
    }

    #[test]
    fn overlapping_findings_share_the_segment_with_the_severest_on_top() {
        let cut = cut("甲乙丙丁戊", &[mark(1, Severity::S1, 0, 3), mark(2, Severity::S3, 1, 4)], &[]);
        let seen: Vec<_> = cut.segments.iter().map(|s| (s.text, s.severity, s.numbers.clone())).collect();
        assert_eq!(
            seen,
            [
                ("甲", Some(Severity::S1), vec![1]),
                ("乙丙", Some(Severity::S3), vec![1, 2]),
                ("丁", Some(Severity::S3), vec![2]),
                ("戊", None, vec![]),
            ]
        );
        assert_eq!(cut.segments[1].begins, [Begin { number: 2, severity: Severity::S3 }]);
    }

    #[test]
    fn the_severity_falls_back_when_a_nested_finding_ends() {
        let cut = cut("甲乙丙", &[mark(1, Severity::S2, 0, 3), mark(2, Severity::S3, 1, 2)], &[]);
        let severities: Vec<_> = cut.segments.iter().map(|s| s.severity).collect();
        assert_eq!(severities, [Some(Severity::S2), Some(Severity::S3), Some(Severity::S2)]);
    }

    #[test]
    fn an_absence_is_an_empty_segment_at_its_place() {
        let cut = cut("甲乙", &[mark(1, Severity::S2, 0, 0), mark(2, Severity::S1, 0, 1), mark(3, Severity::S1, 2, 2)], &[]);
        let seen: Vec<_> = cut.segments.iter().map(|s| (s.text, s.numbers.clone())).collect();
        assert_eq!(seen, [("", vec![1]), ("甲", vec![2]), ("乙", vec![]), ("", vec![3])]);
    }

    #[test]
    fn an_absence_in_an_empty_string_is_still_shown() {
        let cut = cut("", &[mark(1, Severity::S2, 0, 0)], &[]);
        assert_eq!(cut.segments.len(), 1);
        assert_eq!(cut.segments[0].begins.len(), 1);
    }

    #[test]
    fn a_place_outside_the_string_loses_no_text() {
        let cut = cut("甲乙", &[mark(1, Severity::S3, 1, 900), mark(2, Severity::S3, 700, 900), mark(3, Severity::S0, 1, 0)], &[]);
        assert_eq!(cut.segments.iter().map(|s| s.text).collect::<String>(), "甲乙");
        assert_eq!(covered(&cut, 0), "乙");
    }

    #[test]
    fn markup_is_cut_out_even_under_a_finding() {
        let text = "<b>甲</b>";
        let markup = [MarkupRange { bytes: 0..3, markup: Markup::Inline }, MarkupRange { bytes: 6..10, markup: Markup::Line }];
        let cut = cut(text, &[mark(1, Severity::S1, 1, 5)], &markup);
        let seen: Vec<_> = cut.segments.iter().map(|s| (s.text, s.markup, s.severity.is_some())).collect();
        assert_eq!(
            seen,
            [
                ("<", Some(Markup::Inline), false),
                ("b>", Some(Markup::Inline), true),
                ("甲", None, true),
                ("<", Some(Markup::Line), true),
                ("/b>", Some(Markup::Line), false),
            ]
        );
    }

    #[test]
    fn ten_thousand_nested_findings_stay_linear() {
        let text = "字".repeat(20_000);
        let marks: Vec<_> = (0..10_000).map(|n| mark(n as u32 + 1, Severity::S1, n, 20_000 - n)).collect();
        let cut = cut(&text, &marks, &[]);
        assert_eq!(cut.segments.len(), 19_999);
        assert!(cut.segments.iter().all(|segment| segment.numbers.len() <= SEGMENT_NUMBERS_MAX));
    }

    fn severities() -> impl Strategy<Value = Severity> {
        prop_oneof![Just(Severity::S0), Just(Severity::S1), Just(Severity::S2), Just(Severity::S3)]
    }

    proptest! {
        #[test]
        fn segments_join_to_the_source_and_each_finding_to_its_slice(
            text in "[a-z<&字符😀\u{200b}\u{202e}\r\n]{0,40}",
            raw in prop::collection::vec((0usize..50, 0usize..50, severities()), 0..20),
            marked in prop::collection::btree_set(0usize..40, 0..8),
        ) {
            let marks: Vec<_> = raw.iter().enumerate().map(|(n, &(a, b, s))| mark(n as u32 + 1, s, a.min(b), a.max(b))).collect();
            let edges: Vec<usize> = text.char_indices().map(|(byte, _)| byte).chain([text.len()]).enumerate()
                .filter(|(nth, _)| marked.contains(nth)).map(|(_, byte)| byte).collect();
            let markup: Vec<_> = edges.chunks_exact(2).map(|pair| MarkupRange { bytes: pair[0]..pair[1], markup: Markup::Inline }).collect();
            let cut = cut(&text, &marks, &markup);

            prop_assert_eq!(cut.segments.iter().map(|s| s.text).collect::<String>(), text.clone());
            for (nth, mark) in marks.iter().enumerate() {
                prop_assert_eq!(covered(&cut, nth), slice(&text, mark.start, mark.end));
                let begun: Vec<_> = cut.segments.iter().enumerate()
                    .filter(|(_, s)| s.begins.iter().any(|b| b.number == mark.number)).map(|(at, _)| at).collect();
                prop_assert_eq!(begun, vec![cut.covers[nth].start], "exactly one badge, at the first segment");
                for segment in &cut.segments[cut.covers[nth].clone()] {
                    prop_assert!(segment.text.is_empty() || segment.severity >= Some(mark.severity));
                }
            }
            let dimmed: String = cut.segments.iter().filter(|s| s.markup.is_some()).map(|s| s.text).collect();
            let expected: String = markup.iter().map(|m| &text[m.bytes.clone()]).collect();
            prop_assert_eq!(dimmed, expected);
        }
    }
}
