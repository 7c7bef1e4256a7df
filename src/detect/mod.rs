//! Detectors: from passages and hits to findings. One file, one concern; this file holds what they share and their order.
//! Must not know queues, levels, stores or the time of day.

pub mod account_cues;
pub mod account_holders;
pub mod addresses;
pub mod ads;
mod area_names;
pub mod beside;
pub mod calendar;
mod children;
pub mod collecting;
pub mod comments;
pub mod contacts;
pub mod disguised;
pub mod documents;
mod event_apart;
mod event_context;
mod event_frames;
pub mod events;
pub mod fidelity;
pub mod figures;
mod heads;
mod homes;
mod illness;
pub mod in_addresses;
pub mod links;
pub mod mailboxes;
mod masked_numbers;
pub mod names;
pub mod numbers;
mod occurrence;
pub mod partitions;
pub mod payee;
pub mod people;
pub mod periods;
pub mod personal;
pub mod phones;
mod pieces;
pub mod plain_words;
pub mod prices;
pub mod promotion;
pub mod quantity;
pub mod reading;
mod recruiting;
pub mod report;
mod rumours;
mod sale_passages;
pub mod secrecy;
mod share_codes;
pub mod source;
mod spaced_addresses;
pub mod targets;
pub mod terms;
pub mod title;
mod tracks;
pub mod warned;
pub mod wording;

use crate::lexicon::Lexicon;
use crate::model::Problem;
use crate::model::{Draft, Kind};
use jiff::civil::Date;
use reading::Reading;
use report::Report;

/// What the account usually does; decides guards (DOMAIN §4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountKind {
    General,
    /// Police, courts, prosecutors, anti-drug, anti-fraud: they quote bad words for a living.
    Justice,
    Employment,
}

/// A draft taken apart, with every hit, as all detectors see it.
pub struct Scan<'a> {
    pub draft: &'a Draft,
    pub as_of: Date,
    pub lexicon: &'a Lexicon,
    pub readings: &'a [Reading<'a>],
    pub account: AccountKind,
    /// Listed terms that hold where they stand (boundary, allow phrases and conditions checked).
    pub terms: Vec<terms::Term>,
    /// Listed terms that hold where a live contact or address stands beside them.
    pub waiting: Vec<terms::Term>,
    /// Addresses in running text: (reading, folded characters). Digits inside them are no phone numbers.
    pub addresses: Vec<(usize, std::ops::Range<usize>)>,
    /// Mailboxes in running text whose `@` is written otherwise, by reading.
    pub mailboxes: Vec<(usize, mailboxes::Written)>,
    /// The title says: this teaches or warns.
    pub is_education: bool,
}

impl<'a> Scan<'a> {
    /// Whether the range lies in an address of running text.
    pub fn is_in_address(&self, reading: usize, range: &std::ops::Range<usize>) -> bool {
        let first = self.addresses.partition_point(|(r, a)| (*r, a.end) <= (reading, range.start));
        self.addresses.get(first).is_some_and(|(r, a)| *r == reading && a.start < range.end)
    }

    pub fn is_message(&self) -> bool {
        self.draft.kind == Kind::Message
    }

    pub fn title(&self) -> Option<&Reading<'a>> {
        self.readings.iter().find(|r| r.passage.role == crate::text::passage::Role::Title)
    }

    pub fn body(&self) -> Option<(usize, &Reading<'a>)> {
        self.readings.iter().enumerate().find(|(_, r)| r.passage.role == crate::text::passage::Role::Body)
    }

    /// Readings of published prose in which something is written, with their index.
    pub fn written(&self) -> impl Iterator<Item = (usize, &Reading<'a>)> {
        self.prose().filter(|(_, r)| !r.is_empty())
    }

    /// Names of images, which a page shows where the image is missing and a phone when it is kept.
    pub fn image_names(&self) -> impl Iterator<Item = (usize, &Reading<'a>)> {
        self.readings.iter().enumerate().filter(|(_, r)| r.passage.role == crate::text::passage::Role::ImageName && !r.is_empty())
    }

    /// Readings of published prose with their index.
    pub fn prose(&self) -> impl Iterator<Item = (usize, &Reading<'a>)> {
        self.readings.iter().enumerate().filter(|(_, r)| r.passage.role.is_prose())
    }
}

/// All detectors, ready for use, in the order in which they run.
pub struct Detectors {
    terms: terms::Terms,
    secrecy: secrecy::Secrecy,
    links: links::Links,
    personal: personal::Personal,
    ads: ads::Ads,
    payee: payee::Payee,
    promotion: promotion::Promotion,
    wording: wording::Wording,
    figures: figures::Figures,
    source: source::Sources,
    events: events::Events,
    comments: comments::Comments,
}

impl Detectors {
    pub fn new(lexicon: &Lexicon, problems: &mut Vec<Problem>) -> Self {
        Self {
            terms: terms::Terms::new(lexicon, problems),
            secrecy: secrecy::Secrecy::new(lexicon, problems),
            links: links::Links::new(lexicon, problems),
            personal: personal::Personal::new(lexicon, problems),
            ads: ads::Ads::new(lexicon, problems),
            payee: payee::Payee::new(lexicon, problems),
            promotion: promotion::Promotion::new(lexicon, problems),
            wording: wording::Wording::new(lexicon, problems),
            figures: figures::Figures::new(lexicon, problems),
            source: source::Sources::new(lexicon, problems),
            events: events::Events::new(lexicon, problems),
            comments: comments::Comments::new(lexicon, problems),
        }
    }

    /// Runs every detector. The order matters where one reads what another found: addresses before personal numbers,
    /// both before the advertising score, which takes contacts and links as evidence.
    pub fn run(&self, scan: &mut Scan<'_>, report: &mut Report) {
        self.terms.prepare(scan, report);
        self.secrecy.detect(scan, report);
        self.links.detect(scan, report);
        self.personal.detect(scan, report);
        self.ads.detect(scan, report);
        self.payee.detect(scan, report);
        self.terms.detect(scan, report);
        self.promotion.detect(scan, report);
        self.wording.detect(scan, report);
        self.figures.detect(scan, report);
        self.source.detect(scan, report);
        self.events.detect(scan, report);
        self.comments.detect(scan, report);
    }
}
