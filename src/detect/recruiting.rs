//! Employers who look for workers in a post (DOMAIN §4.4, AD.RECRUIT): 诚聘电工5名，月薪6000元.
//! Must not know what else makes an advertisement.

use super::reading::Reading;
use super::report::{Found, Report};
use super::{AccountKind, Scan};
use crate::lexicon::ListSet;
use crate::lexicon::compile::Lists;
use crate::model::Severity;
use std::ops::Range;

/// How far behind the word that looks for workers their pay stands, in characters.
const PAY_CHARS: usize = 80;

/// The word lists of vacancies.
pub struct Recruiting {
    /// 诚聘, 招工.
    recruit: ListSet,
    /// 月薪, 包吃住.
    pay: ListSet,
    /// 公开招聘, 笔试: a public body fills its posts.
    public_post: ListSet,
    /// 招聘会, 就业局: a public employment service tells of the post.
    service: ListSet,
}

impl Recruiting {
    pub fn of(lists: &mut Lists<'_>) -> Self {
        Self {
            recruit: lists.scanned("recruit"),
            pay: lists.scanned("pay"),
            public_post: lists.asked("public_post"),
            service: lists.asked("employment_service"),
        }
    }

    /// Whether workers are looked for and pay is spoken of. A public body fills its posts by an announcement.
    fn seeks(&self, scan: &Scan<'_>, reading: &Reading<'_>) -> bool {
        reading.lists.meets(self.recruit)
            && reading.lists.meets(self.pay)
            && !reading.has_word(scan.lexicon, self.public_post, 0..reading.len())
    }

    /// Whether a public employment service tells of the post: by its account, or named in the text or the title (DOMAIN §4.4).
    fn is_service(&self, scan: &Scan<'_>, reading: &Reading<'_>) -> bool {
        let says = |reading: &Reading<'_>| reading.has_word(scan.lexicon, self.service, 0..reading.len());
        scan.account == AccountKind::Employment || says(reading) || scan.title().is_some_and(says)
    }

    /// Whether an employer looks for workers and says what he pays.
    pub fn recruits(&self, scan: &Scan<'_>, index: usize) -> bool {
        scan.readings.get(index).is_some_and(|reading| self.seeks(scan, reading) && !self.is_service(scan, reading))
    }

    /// Whether a sum of pay stands behind the word that looks for workers: 诚聘…，月薪8000起.
    fn tells_pay(&self, scan: &Scan<'_>, reading: &Reading<'_>, word: Range<usize>) -> bool {
        let paragraph = reading.paragraph(word.clone());
        let behind = word.end..paragraph.end.min(word.end + PAY_CHARS);
        reading.words_in(scan.lexicon, self.pay, behind).any(|pay| {
            let sum = pay.end as usize..(pay.end as usize + 4).min(reading.len());
            reading.digits.first_in(sum).is_some()
        })
    }

    /// 诚聘、急招 with pay, or with a contact where pay is spoken of.
    pub fn detect(&self, scan: &Scan<'_>, report: &mut Report) {
        for (index, reading) in scan.prose() {
            if !self.seeks(scan, reading) {
                continue;
            }
            let Some(hit) = reading.words_in(scan.lexicon, self.recruit, 0..reading.len()).next() else { continue };
            let contact = report.found.iter().any(|f| {
                let is_private = matches!(&*f.code, "AD.CONTACT" | "PII.MOBILE" | "PII.WECHAT" | "PII.QQ") && f.severity >= Severity::S1;
                (is_private || f.code == "PII.LANDLINE") && f.range_in(index).is_some()
            });
            // DOMAIN §4.4: pay or a contact.
            let tells_pay = self.tells_pay(scan, reading, hit.start as usize..hit.end as usize);
            if contact || tells_pay {
                let severity = if self.is_service(scan, reading) { Severity::S1 } else { Severity::S2 };
                report.find(Found::new("AD.RECRUIT", severity, index, hit.start as usize..hit.end as usize, "ads/recruit"));
                return;
            }
        }
    }
}
