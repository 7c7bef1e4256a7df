//! The passages in which the elements of an advertisement are added up (DOMAIN §4.3): the paragraphs of the body, short lines
//! together. Titles, labels and codes belong to each of them. Must not know what an advertisement is made of.

use super::Scan;
use super::report::{Found, Place};
use std::collections::BTreeMap;
use std::ops::Range;

/// Up to this length two paragraphs are lines of one text, in characters: 古树茶88元/饼 … 加微信….
const LINE_CHARS_MAX: usize = 40;
/// A paragraph up to this length ends the one before, in characters: 详询微信….
const TAG_CHARS_MAX: usize = 24;

/// A passage of the body by its number, `None` for what stands beside all of them.
pub type Spot = Option<usize>;

/// The body cut into passages.
pub struct SalePassages {
    body: Option<usize>,
    /// Where each passage ends, in folded characters.
    ends: Vec<usize>,
}

impl SalePassages {
    /// A message is one passage.
    pub fn of(scan: &Scan<'_>) -> Self {
        let Some((body, reading)) = scan.body().filter(|_| !scan.is_message()) else { return Self { body: None, ends: Vec::new() } };
        let mut ends: Vec<usize> = Vec::new();
        let (mut start, mut last) = (0, None);
        for line in reading.folded.chars.split(|c| *c == '\n') {
            let end = start + line.len();
            // Blank lines end nothing by themselves.
            if line.iter().any(|c| *c != ' ') {
                let is_more =
                    last.is_some_and(|last| line.len() <= TAG_CHARS_MAX || last <= LINE_CHARS_MAX && line.len() <= LINE_CHARS_MAX);
                match ends.last_mut() {
                    Some(previous) if is_more => *previous = end,
                    _ => ends.push(end),
                }
                last = Some(line.len());
            }
            start = end + 1;
        }
        Self { body: Some(body), ends }
    }

    pub fn spot(&self, reading: usize, at: usize) -> Spot {
        // What stands on the last line end belongs to the last passage.
        (self.body == Some(reading)).then(|| self.ends.partition_point(|end| *end <= at).min(self.ends.len().saturating_sub(1)))
    }

    pub fn spot_of(&self, found: &Found) -> Spot {
        match &found.place {
            Place::At { reading, range } => self.spot(*reading, range.start),
            Place::Absent => None,
        }
    }

    pub fn is_body(&self, reading: usize) -> bool {
        self.body == Some(reading)
    }

    /// The characters of a passage of the body.
    pub fn range(&self, number: usize) -> Range<usize> {
        let start = number.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        start..self.ends.get(number).copied().unwrap_or(start)
    }
}

/// Points by passage.
#[derive(Default, Clone)]
pub struct Points {
    beside: i64,
    own: BTreeMap<usize, i64>,
    most: i64,
}

impl Points {
    pub fn add(&mut self, spot: Spot, points: i64) {
        match spot {
            None => self.beside += points,
            Some(number) => {
                let own = self.own.entry(number).or_default();
                *own += points;
                self.most = self.most.max(*own);
            }
        }
    }

    /// The score of a passage; what stands beside all counts with the heaviest.
    pub fn of(&self, spot: Spot) -> i64 {
        self.beside + spot.map_or(self.most, |number| self.own.get(&number).copied().unwrap_or(0))
    }

    /// The passages with points of their own.
    pub fn passages(&self) -> impl Iterator<Item = usize> {
        self.own.keys().copied()
    }

    pub fn is_none(&self) -> bool {
        self.beside == 0 && self.own.is_empty()
    }
}
