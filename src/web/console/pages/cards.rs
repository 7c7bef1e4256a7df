//! The card of a finding, and the line of a suppressed hit: why it was stopped, what to write, on which basis.

use super::strings::Locator;
use crate::explain::Step;
use crate::model::{Finding, Severity, Suppressed, Verdict};
use crate::web::console::segments::Mark;
use crate::web::console::visible::{Visible, masked};
use crate::web::console::words;
use std::borrow::Cow;

/// Most findings that get a card and a mark; more than these are counted on the page. The severest are kept.
pub const CARDS_MAX: usize = 5_000;
/// Most suppressed hits that are listed; more are counted on the page.
pub const SUPPRESSED_LISTED_MAX: usize = 1_000;
/// Most characters of the found text on a card; the whole of it is marked in the draft.
pub const CARD_TEXT_CHARS_MAX: usize = 120;

/// Steps that are left out of a page whose text is masked: they tell what stands there.
const TELLING_STEPS: [&str; 3] = ["折叠后", "证据", "放过原因"];

/// Steps that the card of a finding shows by themselves.
const CARD_STEPS: [&str; 3] = ["说明", "依据", "建议"];

/// One link of the chain from the text to the queue.
pub(super) struct ChainStep<'a> {
    pub name: &'static str,
    pub text: Visible<'a>,
}

fn chain<'a>(steps: Option<&'a Vec<Step>>, is_masked: bool) -> Vec<ChainStep<'a>> {
    let steps = steps.into_iter().flatten().filter(|step| !CARD_STEPS.contains(&step.name));
    let shown = steps.filter(|step| !is_masked || !TELLING_STEPS.contains(&step.name));
    shown.map(|step| ChainStep { name: step.name, text: Visible(&step.text) }).collect()
}

/// Text of a draft on a card.
pub(super) struct CardText<'a>(Cow<'a, str>);

impl<'a> CardText<'a> {
    fn new(text: &'a str, is_masked: bool) -> Self {
        Self(if is_masked { Cow::Owned(masked(text)) } else { Cow::Borrowed(text) })
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn visible(&self) -> Visible<'_> {
        Visible(&self.0)
    }
}

pub(super) struct Card<'a> {
    pub number: u32,
    pub severity: Severity,
    pub category: &'static str,
    pub code: Visible<'a>,
    pub text: CardText<'a>,
    /// Characters of the whole text, when the card shows only its beginning.
    pub text_chars: Option<usize>,
    pub message: Visible<'a>,
    pub suggestion: Option<Visible<'a>>,
    pub basis: Visible<'a>,
    pub transforms: Vec<&'static str>,
    pub chain: Vec<ChainStep<'a>>,
    pub place: String,
    /// Whether the finding has a mark to jump to.
    pub marked: bool,
}

/// A finding with its number on the page.
pub(super) struct Numbered<'a> {
    pub number: u32,
    /// Its place in the verdict.
    nth: usize,
    pub finding: &'a Finding,
}

/// The findings that are shown, numbered in the order of the verdict.
pub(super) fn numbered(verdict: &Verdict) -> Vec<Numbered<'_>> {
    let mut shown: Vec<(usize, &Finding)> = verdict.findings.iter().enumerate().collect();
    if shown.len() > CARDS_MAX {
        // Keeps all of a severity that fit, in the order of the verdict.
        shown.sort_by_key(|&(nth, finding)| (std::cmp::Reverse(finding.severity), nth));
        shown.truncate(CARDS_MAX);
        shown.sort_by_key(|&(nth, _)| nth);
    }
    shown.into_iter().zip(1..).map(|((nth, finding), number)| Numbered { number, nth, finding }).collect()
}

/// The marks of the findings on each string.
pub(super) fn marks(numbered: &[Numbered<'_>], locator: &Locator<'_, '_>, strings: usize) -> Vec<Vec<Mark>> {
    let mut marks = vec![Vec::new(); strings];
    for Numbered { number, finding, .. } in numbered {
        let string = locator.string(finding.field, finding.path.as_deref());
        if let Some(of_string) = string.and_then(|nth| marks.get_mut(nth)) {
            of_string.push(Mark { number: *number, severity: finding.severity, start: finding.start, end: finding.end });
        }
    }
    marks
}

impl<'a> Card<'a> {
    pub fn new(numbered: &Numbered<'a>, locator: &Locator<'_, '_>, chains: &'a [Vec<Step>], is_masked: bool) -> Self {
        let Numbered { number, nth, finding } = numbered;
        let path = finding.path.as_deref();
        let (text, text_chars) = words::shortened(&finding.text, CARD_TEXT_CHARS_MAX);
        Self {
            number: *number,
            severity: finding.severity,
            category: finding.category.chinese(),
            code: Visible(&finding.code),
            text: CardText::new(text, is_masked),
            text_chars,
            message: Visible(&finding.message),
            suggestion: finding.suggestion.as_deref().filter(|text| !text.is_empty()).map(Visible),
            basis: Visible(&finding.basis),
            transforms: finding.transforms.iter().map(|transform| transform.chinese()).collect(),
            chain: chain(chains.get(*nth), is_masked),
            place: locator.place(finding.field, path, finding.start, finding.end),
            marked: locator.string(finding.field, path).is_some(),
        }
    }
}

pub(super) struct SuppressedLine<'a> {
    pub text: CardText<'a>,
    pub text_chars: Option<usize>,
    pub severity: Severity,
    pub category: &'static str,
    pub code: Visible<'a>,
    pub reason: &'static str,
    pub detail: Visible<'a>,
    pub chain: Vec<ChainStep<'a>>,
    pub place: String,
}

impl<'a> SuppressedLine<'a> {
    pub fn new(hit: &'a Suppressed, locator: &Locator<'_, '_>, steps: Option<&'a Vec<Step>>, is_masked: bool) -> Self {
        let (text, text_chars) = words::shortened(&hit.text, CARD_TEXT_CHARS_MAX);
        Self {
            text: CardText::new(text, is_masked),
            text_chars,
            severity: hit.severity,
            category: hit.category.chinese(),
            code: Visible(&hit.code),
            reason: hit.reason.chinese(),
            detail: Visible(if is_masked { "" } else { &hit.detail }),
            chain: chain(steps, is_masked),
            place: locator.place(hit.field, hit.path.as_deref(), hit.start, hit.end),
        }
    }
}
