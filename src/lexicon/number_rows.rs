//! `regex` rows that may begin with a digit: tried on the characters around digits, and there only when the characters that
//! every match must hold are present. Must not know rows beyond their expression, nor text beyond a window.

use regex_syntax::hir::{Class, Hir, HirKind};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Most characters of a set that is worth testing for.
const SET_CHARS_MAX: usize = 64;
/// Most sets tested for one row.
const SETS_MAX: usize = 4;

/// Most sets taken of an alternation.
const BRANCH_SETS_MAX: usize = 2;

/// The rows with what their matches cannot do without.
#[derive(Default)]
pub struct NumberRows {
    rows: Vec<NumberRow>,
    /// One bit for each character of the basic plane that is in some set.
    in_some: Vec<u64>,
    /// Which sets such a character is in, one bit a set.
    sets: FxHashMap<char, u64>,
}

struct NumberRow {
    row: u32,
    /// Sets of which each must have a character in the window.
    needs: u64,
}

impl NumberRows {
    /// `commonness`: how often a character stands in ordinary text, for choosing the rarest sets.
    pub fn new(expressions: &[(u32, &str)], commonness: impl Fn(char) -> f32) -> Self {
        let mut sets: BTreeMap<Vec<char>, u32> = BTreeMap::new();
        let mut rows = Vec::with_capacity(expressions.len());
        for &(row, expression) in expressions {
            let Ok(hir) = regex_syntax::Parser::new().parse(expression) else {
                rows.push(NumberRow { row, needs: 0 });
                continue;
            };
            let mut needed = Vec::new();
            let weight = |set: &[char]| set.iter().map(|&c| commonness(c)).sum::<f32>();
            needs(&hir, &weight, &mut needed);
            needed.sort_by(|a, b| weight(a).total_cmp(&weight(b)));
            needed.dedup();
            let mut bits = 0u64;
            for set in needed.into_iter().take(SETS_MAX) {
                let next = sets.len() as u32;
                let bit = *sets.entry(set).or_insert(next);
                // Beyond the last bit a set is not tested: the row is tried more often, never less.
                bits |= 1u64.checked_shl(bit).unwrap_or(0);
            }
            rows.push(NumberRow { row, needs: bits });
        }
        let mut masks: FxHashMap<char, u64> = FxHashMap::default();
        let mut in_some = vec![0u64; 0x1_0000 / 64];
        for (set, bit) in &sets {
            for c in set {
                *masks.entry(*c).or_default() |= 1u64.checked_shl(*bit).unwrap_or(0);
                if let Some(word) = in_some.get_mut(*c as usize >> 6) {
                    *word |= 1 << (*c as u32 & 63);
                }
            }
        }
        // A character beyond the plane is never seen: do not ask for it.
        if sets.keys().flatten().any(|&c| c as u32 >= 0x1_0000) {
            rows.iter_mut().for_each(|r| r.needs = 0);
        }
        Self { rows, in_some, sets: masks }
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Rows that may match somewhere in `window`.
    pub fn possible(&self, window: &[char]) -> impl Iterator<Item = u32> {
        let is_in_some = |c: char| self.in_some.get(c as usize >> 6).is_some_and(|word| word >> (c as u32 & 63) & 1 == 1);
        let sets = window.iter().filter(|&&c| is_in_some(c)).filter_map(|c| self.sets.get(c));
        let present = sets.fold(0, |all, sets| all | sets);
        self.rows.iter().filter(move |r| r.needs & !present == 0).map(|r| r.row)
    }
}

/// Sets of characters of which every match holds at least one each.
fn needs(hir: &Hir, weight: &impl Fn(&[char]) -> f32, into: &mut Vec<Vec<char>>) {
    match hir.kind() {
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).unwrap_or_default();
            into.extend(text.chars().filter(|c| !c.is_ascii_digit()).map(|c| vec![c]));
        }
        HirKind::Class(Class::Unicode(class)) => {
            let count: usize = class.ranges().iter().map(|r| r.end() as usize + 1 - r.start() as usize).sum();
            if count <= SET_CHARS_MAX {
                let set: Vec<char> = class.ranges().iter().flat_map(|r| r.start()..=r.end()).collect();
                if !set.iter().any(char::is_ascii_digit) {
                    into.push(set);
                }
            }
        }
        HirKind::Capture(capture) => needs(&capture.sub, weight, into),
        HirKind::Repetition(repetition) if repetition.min > 0 => needs(&repetition.sub, weight, into),
        HirKind::Concat(parts) => parts.iter().for_each(|part| needs(part, weight, into)),
        HirKind::Alternation(branches) => {
            // One character of some branch: the rarest set of each; and one of the next rarest where each has two.
            let mut sets = Vec::with_capacity(branches.len());
            for branch in branches {
                let mut own = Vec::new();
                needs(branch, weight, &mut own);
                own.sort_by(|a, b| weight(a).total_cmp(&weight(b)));
                sets.push(own);
            }
            for rank in 0..BRANCH_SETS_MAX {
                let mut union = Vec::new();
                for own in &sets {
                    match own.get(rank) {
                        Some(set) => union.extend_from_slice(set),
                        None => return,
                    }
                }
                union.sort_unstable();
                union.dedup();
                if union.len() <= SET_CHARS_MAX {
                    into.push(union);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EXPRESSIONS: [&str; 7] = [
        "[0-9]{2}年(?:[0-9]{1,2}月|以来|底)",
        "[一二三]、[一二三](?:天|人)",
        "(?:约|近) ?[0-9]+(?:多|余)",
        "[0-9]+ ?[-~] ?[0-9]+%",
        "[0-9](?:m2|m3)(?:$|[^a-z])",
        "(?:发|办)?[(][0-9]{2}[)]",
        "[0-9]+",
    ];

    proptest! {
        #[test]
        fn a_row_that_matches_is_always_possible(text in "[0-9年月以来底一、天人约近多余~%m(发) -]{0,24}") {
            let rows: Vec<(u32, &str)> = (0u32..).zip(EXPRESSIONS).collect();
            let compiled = NumberRows::new(&rows, |c| c as u32 as f32);
            let chars: Vec<char> = text.chars().collect();
            let possible: Vec<u32> = compiled.possible(&chars).collect();
            for (row, expression) in rows {
                if regex::Regex::new(expression).unwrap().is_match(&text) {
                    prop_assert!(possible.contains(&row), "{expression}");
                }
            }
        }
    }

    #[test]
    fn a_row_without_its_characters_is_not_tried() {
        let rows: Vec<(u32, &str)> = (0u32..).zip(EXPRESSIONS).collect();
        let compiled = NumberRows::new(&rows, |c| c as u32 as f32);
        let possible: Vec<u32> = compiled.possible(&"共有12个".chars().collect::<Vec<_>>()).collect();
        assert_eq!(possible, [6]);
    }
}
