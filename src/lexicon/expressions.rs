//! What characters every match of a `regex` row must hold: most rows are never tried, since those are not there.
//! Must not know rows beyond their expression, nor text beyond a window.

use super::gram_filter::GramFilter;
use crate::text::class_bits::set_bits;
use crate::text::vector::BLOCK_PLACES;
use regex_syntax::hir::{Class, Hir, HirKind};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Most characters of a set that is worth testing for.
const SET_CHARS_MAX: usize = 64;
/// Most sets tested for one row.
const SETS_MAX: usize = 3;
/// Most sets taken of an alternation.
const BRANCH_SETS_MAX: usize = 2;

/// The `regex` rows with what their matches cannot do without.
pub struct Expressions {
    /// For each row, sets of characters of which each must have one in the window; the characters of a set are in order.
    needed: FxHashMap<u32, Vec<Vec<char>>>,
    /// The rows that nothing but a digit announces: many at once, so their sets have numbers.
    number_rows: Vec<Needing>,
    /// Characters that are in some set of those.
    any: GramFilter<1>,
    /// Which sets such a character is in.
    sets: FxHashMap<char, Sets>,
}

#[derive(Debug, Clone, Copy)]
struct Needing {
    row: u32,
    needs: Sets,
}

/// Some of the numbered sets, one bit each.
type Sets = u128;

impl Expressions {
    /// `rows`: each with its expression and whether it is to be tried around digits. `commonness`: how often a character
    /// stands in ordinary text, for choosing the rarest sets.
    pub fn new(rows: &[(u32, &str, bool)], commonness: impl Fn(char) -> f32) -> Self {
        let weight = |set: &[char]| set.iter().map(|&c| commonness(c)).sum::<f32>();
        let mut numbers: BTreeMap<&[char], u32> = BTreeMap::new();
        let rarest = |expression: &str| {
            let mut needed = Vec::new();
            if let Ok(hir) = regex_syntax::Parser::new().parse(expression) {
                needs(&hir, &weight, &mut needed);
                needed.sort_by(|a, b| weight(a).total_cmp(&weight(b)));
                needed.dedup();
                needed.truncate(SETS_MAX);
            }
            needed
        };
        let needed: FxHashMap<u32, Vec<Vec<char>>> = rows.iter().map(|&(row, expression, _)| (row, rarest(expression))).collect();
        let mut number_rows = Vec::new();
        for &(row, ..) in rows.iter().filter(|(.., is_number)| *is_number) {
            let mut needs = 0;
            for set in needed.get(&row).into_iter().flatten() {
                let next = numbers.len() as u32;
                // Beyond the last bit a set is not tested: the row is tried more often, never less.
                needs |= bit(*numbers.entry(set).or_insert(next));
            }
            number_rows.push(Needing { row, needs });
        }
        let mut sets: FxHashMap<char, Sets> = FxHashMap::default();
        for (set, number) in &numbers {
            for c in *set {
                *sets.entry(*c).or_default() |= bit(*number);
            }
        }
        let mut any = GramFilter::with_capacity(sets.len());
        sets.keys().for_each(|c| any.insert([*c as u32]));
        Self { needed, number_rows, any, sets }
    }

    /// Whether the row may match somewhere in the window.
    pub fn may_match(&self, row: u32, window: &[char]) -> bool {
        let mut needed = self.needed.get(&row).into_iter().flatten();
        needed.all(|set| set.iter().any(|c| window.contains(c)))
    }

    /// Rows to be tried around digits that may match somewhere in the window.
    pub fn number_rows(&self, window: &[char]) -> impl Iterator<Item = u32> {
        let in_some = |block: &[char], place: usize| block.get(place).and_then(|c| self.sets.get(c)).copied().unwrap_or(0);
        let present: Sets = window
            .chunks(BLOCK_PLACES)
            .fold(0, |present, block| set_bits(self.any.passing(block)).fold(present, |present, place| present | in_some(block, place)));
        self.number_rows.iter().filter(move |needing| needing.needs & !present == 0).map(|needing| needing.row)
    }
}

fn bit(number: u32) -> Sets {
    1u128.checked_shl(number).unwrap_or(0)
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

    fn compiled() -> Expressions {
        let rows: Vec<(u32, &str, bool)> = (0u32..).zip(EXPRESSIONS).map(|(row, expression)| (row, expression, true)).collect();
        Expressions::new(&rows, |c| c as u32 as f32)
    }

    proptest! {
        #[test]
        fn a_row_that_matches_is_always_possible(text in "[0-9年月以来底一、天人约近多余~%m(发) -]{0,24}") {
            let compiled = compiled();
            let chars: Vec<char> = text.chars().collect();
            let possible: Vec<u32> = compiled.number_rows(&chars).collect();
            for (row, expression) in (0u32..).zip(EXPRESSIONS) {
                if regex::Regex::new(expression).unwrap().is_match(&text) {
                    prop_assert!(compiled.may_match(row, &chars) && possible.contains(&row), "{expression}");
                }
            }
        }
    }

    #[test]
    fn a_row_without_its_characters_is_not_tried() {
        let compiled = compiled();
        let window: Vec<char> = "共有12个".chars().collect();
        assert_eq!(compiled.number_rows(&window).collect::<Vec<_>>(), [6]);
        assert!(!compiled.may_match(0, &window));
    }
}
