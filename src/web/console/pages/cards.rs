//! The card of a finding, and the line of a suppressed hit: why it was stopped, what to write, on which basis.

use super::strings::Locator;
use crate::model::{Finding, Severity, Suppressed, Verdict};
use crate::web::console::segments::Mark;
use crate::web::console::visible::{Visible, single_line};
use crate::web::console::words;

/// Most findings that get a card and a mark; more than these are counted on the page. The severest are kept.
pub const CARDS_MAX: usize = 5_000;
/// Most suppressed hits that are listed; more are counted on the page.
pub const SUPPRESSED_LISTED_MAX: usize = 1_000;
/// Most characters of the found text on a card; the whole of it is marked in the draft.
pub const CARD_TEXT_CHARS_MAX: usize = 120;

pub(super) struct Card<'a> {
    pub number: u32,
    pub severity: Severity,
    pub category: &'static str,
    pub code: Visible<'a>,
    pub text: Visible<'a>,
    /// Characters of the whole text, when the card shows only its beginning.
    pub text_chars: Option<usize>,
    pub message: Visible<'a>,
    pub suggestion: Option<Visible<'a>>,
    pub basis: Visible<'a>,
    pub transforms: Vec<&'static str>,
    pub evidence: Vec<String>,
    pub rule: Visible<'a>,
    pub place: String,
    /// Whether the finding has a mark to jump to.
    pub marked: bool,
}

/// A finding with its number on the page.
pub(super) struct Numbered<'a> {
    pub number: u32,
    pub finding: &'a Finding,
}

/// The findings that are shown, numbered in the order of the verdict.
pub(super) fn numbered(verdict: &Verdict) -> Vec<Numbered<'_>> {
    let mut shown: Vec<&Finding> = verdict.findings.iter().collect();
    if shown.len() > CARDS_MAX {
        // Keeps all of a severity that fit, in the order of the verdict.
        let mut order: Vec<(usize, &Finding)> = shown.into_iter().enumerate().collect();
        order.sort_by_key(|&(nth, finding)| (std::cmp::Reverse(finding.severity), nth));
        order.truncate(CARDS_MAX);
        order.sort_by_key(|&(nth, _)| nth);
        shown = order.into_iter().map(|(_, finding)| finding).collect();
    }
    shown.into_iter().zip(1..).map(|(finding, number)| Numbered { number, finding }).collect()
}

/// The marks of the findings on each string.
pub(super) fn marks(numbered: &[Numbered<'_>], locator: &Locator<'_, '_>, strings: usize) -> Vec<Vec<Mark>> {
    let mut marks = vec![Vec::new(); strings];
    for Numbered { number, finding } in numbered {
        let string = locator.string(finding.field, finding.path.as_deref());
        if let Some(of_string) = string.and_then(|nth| marks.get_mut(nth)) {
            of_string.push(Mark { number: *number, severity: finding.severity, start: finding.start, end: finding.end });
        }
    }
    marks
}

impl<'a> Card<'a> {
    pub fn new(numbered: &Numbered<'a>, locator: &Locator<'_, '_>) -> Self {
        let Numbered { number, finding } = numbered;
        let path = finding.path.as_deref();
        let (text, text_chars) = words::shortened(&finding.text, CARD_TEXT_CHARS_MAX);
        Self {
            number: *number,
            severity: finding.severity,
            category: finding.category.chinese(),
            code: Visible(&finding.code),
            text: Visible(text),
            text_chars,
            message: Visible(&finding.message),
            suggestion: finding.suggestion.as_deref().filter(|text| !text.is_empty()).map(Visible),
            basis: Visible(&finding.basis),
            transforms: finding.transforms.iter().map(|transform| transform.chinese()).collect(),
            evidence: finding.evidence.iter().map(|(key, value)| single_line(&words::evidence(key, value))).collect(),
            rule: Visible(&finding.rule),
            place: locator.place(finding.field, path, finding.start, finding.end),
            marked: locator.string(finding.field, path).is_some(),
        }
    }
}

pub(super) struct SuppressedLine<'a> {
    pub text: Visible<'a>,
    pub text_chars: Option<usize>,
    pub severity: Severity,
    pub category: &'static str,
    pub code: Visible<'a>,
    pub reason: &'static str,
    pub detail: Visible<'a>,
    pub rule: Visible<'a>,
    pub place: String,
}

impl<'a> SuppressedLine<'a> {
    pub fn new(hit: &'a Suppressed, locator: &Locator<'_, '_>) -> Self {
        let (text, text_chars) = words::shortened(&hit.text, CARD_TEXT_CHARS_MAX);
        Self {
            text: Visible(text),
            text_chars,
            severity: hit.severity,
            category: hit.category.chinese(),
            code: Visible(&hit.code),
            reason: hit.reason.chinese(),
            detail: Visible(&hit.detail),
            rule: Visible(&hit.rule),
            place: locator.place(hit.field, hit.path.as_deref(), hit.start, hit.end),
        }
    }
}
