//! Who holds a bank account: a unit's may be published, a person's may not (DOMAIN §3.2).
//! Must not know numbers.

use super::Scan;
use super::personal::Personal;
use super::reading::Reading;
use crate::text::fold::Class;
use std::ops::Range;

/// How far from an account the name of its holder stands, in characters.
const HOLDER_CHARS: usize = 60;
/// Words before the holder of an account.
const HOLDER_WORDS: [&str; 6] = ["户名", "账户名称", "账户名", "帐户名", "收款单位", "收款方"];
/// What the name of a unit ends in.
const UNIT_ENDS: &str = "局会院所校园部处室站社厂司府学心团户队馆委办联";
/// Fewest characters of a unit's name: shorter ones may be persons.
const UNIT_CHARS_MIN: usize = 5;

impl Personal {
    /// Whether the holder named in the same line is a unit (…局、公司、对公账户).
    pub(super) fn unit_holds(&self, scan: &Scan<'_>, index: usize, range: &Range<usize>) -> bool {
        scan.readings.get(index).is_some_and(|reading| {
            let line = reading.paragraph(range.clone());
            let near = range.start.saturating_sub(40).max(line.start)..(range.end + 20).min(line.end);
            reading.has_word(scan.lexicon, self.unit_holder, near) || names_a_unit(reading, range)
        })
    }
}

/// Whether the name after 户名, 收款单位 … near an account is a unit's.
fn names_a_unit(reading: &Reading<'_>, range: &Range<usize>) -> bool {
    let near = reading.around(range.clone(), HOLDER_CHARS, HOLDER_CHARS);
    near.clone().any(|at| {
        let Some(word) = HOLDER_WORDS.iter().find(|word| reading.starts_with(at, word)) else { return false };
        let mut start = at + word.chars().count();
        while matches!(reading.char(start), Some('称' | '：' | ':' | ' ' | '为' | '是' | '“')) {
            start += 1;
        }
        let in_name = |i: &usize| reading.class(*i).is(Class::HAN) || matches!(reading.char(*i), Some('(' | ')' | '（' | '）'));
        let end = start + (start..near.end + HOLDER_CHARS).take_while(in_name).count();
        end >= start + UNIT_CHARS_MIN && reading.char(end - 1).is_some_and(|c| UNIT_ENDS.contains(c) || matches!(c, ')' | '）'))
    })
}
