//! Hearsay about events, and offices that answer it (DOMAIN §5.8): 听说, 据传, 速转; 关于网传……的情况通报.
//! Must not know which words are events.

use super::Scan;
use super::reading::Reading;
use super::report::Found;
use crate::lexicon::ListSet;
use crate::lexicon::compile::Lists;
use crate::model::Severity;
use crate::text::passage::Role;
use std::ops::Range;

pub struct Rumours {
    opinion: ListSet,
    /// 科学辟谣, 三个谣言: a title that teaches, and answers nobody.
    lesson: ListSet,
    tone: ListSet,
    /// 通报, 说明, 辟谣: what an office answers hearsay with.
    answer: ListSet,
    /// 经核实, 不实: the text says what came out.
    verified: ListSet,
}

impl Rumours {
    pub fn new(lists: &mut Lists<'_>) -> Self {
        Self {
            opinion: lists.scanned("evt_opinion"),
            lesson: lists.asked("evt_opinion_lesson"),
            tone: lists.scanned("rumour_tone"),
            answer: lists.asked("evt_answer"),
            verified: lists.asked("evt_verified"),
        }
    }

    /// 网传, 辟谣, 舆情 in a title.
    pub fn in_title(&self, scan: &Scan<'_>) -> Option<Found> {
        let (index, title) = scan.prose().find(|(_, r)| r.passage.role == Role::Title)?;
        let hit = title.words_in(scan.lexicon, self.opinion, 0..title.len()).next()?;
        let is_lesson = title.has_word(scan.lexicon, self.lesson, 0..title.len());
        let severity = if is_lesson { Severity::S0 } else { Severity::S2 };
        Some(Found::new("EVT.OPINION", severity, index, hit.start as usize..hit.end as usize, "events/opinion"))
    }

    /// Whether the draft answers hearsay: 关于网传……的情况说明.
    pub fn is_answer(&self, scan: &Scan<'_>) -> bool {
        scan.title().is_some_and(|title| title.lists.meets(self.opinion) && title.has_word(scan.lexicon, self.answer, 0..title.len()))
    }

    /// Whether somebody tells it by hearsay in this stretch.
    pub fn is_hearsay(&self, scan: &Scan<'_>, reading: &Reading<'_>, range: Range<usize>) -> bool {
        reading.lists.meets(self.tone) && reading.has_word(scan.lexicon, self.tone, range)
    }

    /// The word that makes hearsay of the draft; that of the text before that of the title. Answers to hearsay quote it.
    pub fn tone(&self, scan: &Scan<'_>) -> Option<Found> {
        if self.is_answer(scan) {
            return None;
        }
        let is_verified = scan.body().is_some_and(|(_, body)| body.has_word(scan.lexicon, self.verified, 0..body.len()));
        [Role::Body, Role::Title].into_iter().find_map(|role| {
            scan.prose().filter(|(_, r)| r.passage.role == role && r.lists.meets(self.tone)).find_map(|(index, reading)| {
                let mut words = reading.words_in(scan.lexicon, self.tone, 0..reading.len());
                let is_quoted = |range: Range<usize>| reading.has_word(scan.lexicon, self.opinion, range) && is_verified;
                let range = words.find(|h| !is_quoted(h.start as usize..h.end as usize)).map(|h| h.start as usize..h.end as usize)?;
                Some(Found::new("EVT.RUMOUR_TONE", Severity::S2, index, range, "events/rumour_tone"))
            })
        })
    }
}
