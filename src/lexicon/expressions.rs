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
    /// Sorted by row.
    rows: Vec<Needing>,
    /// The same of those that nothing but a digit announces.
    number_rows: Vec<Needing>,
    /// Characters that are in some set.
    any: GramFilter<1>,
    /// Which sets such a character is in.
    sets: FxHashMap<char, Sets>,
}

#[derive(Debug, Clone, Copy)]
struct Needing {
    row: u32,
    /// Sets of which each must have a character in the window.
    needs: Sets,
}

/// Sets of which some character stands in a window.
#[derive(Debug, Clone, Copy)]
pub struct Present(Sets);

/// Some of the sets, one bit each by number. One with a higher number than there are bits is not tested: its row is tried
/// more often, never less.
#[derive(Debug, Clone, Copy, Default)]
struct Sets([u128; 2]);

impl Sets {
    fn add(&mut self, number: usize) {
        let Self(words) = self;
        if let Some(word) = words.get_mut(number / 128) {
            *word |= 1 << (number % 128);
        }
    }

    fn and(self, other: Self) -> Self {
        let (Self([a, b]), Self([c, d])) = (self, other);
        Self([a | c, b | d])
    }

    fn are_all_in(self, other: Self) -> bool {
        let (Self([a, b]), Self([c, d])) = (self, other);
        a & !c | b & !d == 0
    }
}

impl Expressions {
    /// `rows`: each with its expression and whether it is to be tried around digits. `commonness`: how often a character
    /// stands in ordinary text, for choosing the rarest sets.
    pub fn new(rows: &[(u32, &str, bool)], commonness: impl Fn(char) -> f32) -> Self {
        let mut sets: BTreeMap<Vec<char>, usize> = BTreeMap::new();
        let (mut all, mut number_rows) = (Vec::with_capacity(rows.len()), Vec::new());
        // Those that only a digit announces need their sets most: theirs get the first numbers.
        let in_need = rows.iter().filter(|row| row.2).chain(rows.iter().filter(|row| !row.2));
        for &(row, expression, is_number) in in_need {
            let mut needed_sets = Sets::default();
            if let Ok(hir) = regex_syntax::Parser::new().parse(expression) {
                let mut needed = Vec::new();
                let weight = |set: &[char]| set.iter().map(|&c| commonness(c)).sum::<f32>();
                needs(&hir, &weight, &mut needed);
                needed.sort_by(|a, b| weight(a).total_cmp(&weight(b)));
                needed.dedup();
                for set in needed.into_iter().take(SETS_MAX) {
                    let next = sets.len();
                    needed_sets.add(*sets.entry(set).or_insert(next));
                }
            }
            let needing = Needing { row, needs: needed_sets };
            all.push(needing);
            if is_number {
                number_rows.push(needing);
            }
        }
        all.sort_unstable_by_key(|needing| needing.row);
        let mut sets_of: FxHashMap<char, Sets> = FxHashMap::default();
        for (set, number) in &sets {
            for c in set {
                sets_of.entry(*c).or_default().add(*number);
            }
        }
        let mut any = GramFilter::with_capacity(sets_of.len());
        sets_of.keys().for_each(|c| any.insert([*c as u32]));
        Self { rows: all, number_rows, any, sets: sets_of }
    }

    /// What stands in `window`.
    pub fn present(&self, window: &[char]) -> Present {
        let in_some = |block: &[char], place: usize| block.get(place).and_then(|c| self.sets.get(c)).copied().unwrap_or_default();
        Present(window.chunks(BLOCK_PLACES).fold(Sets::default(), |present, block| {
            set_bits(self.any.passing(block)).fold(present, |present, place| present.and(in_some(block, place)))
        }))
    }

    /// Whether the row may match somewhere in the window.
    pub fn may_match(&self, row: u32, present: Present) -> bool {
        let found = self.rows.binary_search_by_key(&row, |needing| needing.row).ok().and_then(|at| self.rows.get(at));
        found.is_none_or(|needing| needing.needs.are_all_in(present.0))
    }

    /// Rows to be tried around digits that may match somewhere in the window.
    pub fn number_rows(&self, present: Present) -> impl Iterator<Item = u32> {
        self.number_rows.iter().filter(move |needing| needing.needs.are_all_in(present.0)).map(|needing| needing.row)
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

    fn compiled() -> Expressions {
        let rows: Vec<(u32, &str, bool)> = (0u32..).zip(EXPRESSIONS).map(|(row, expression)| (row, expression, true)).collect();
        Expressions::new(&rows, |c| c as u32 as f32)
    }

    proptest! {
        #[test]
        fn a_row_that_matches_is_always_possible(text in "[0-9年月以来底一、天人约近多余~%m(发) -]{0,24}") {
            let compiled = compiled();
            let chars: Vec<char> = text.chars().collect();
            let present = compiled.present(&chars);
            let possible: Vec<u32> = compiled.number_rows(present).collect();
            for (row, expression) in (0u32..).zip(EXPRESSIONS) {
                if regex::Regex::new(expression).unwrap().is_match(&text) {
                    prop_assert!(compiled.may_match(row, present) && possible.contains(&row), "{expression}");
                }
            }
        }
    }

    #[test]
    fn a_row_without_its_characters_is_not_tried() {
        let compiled = compiled();
        let present = compiled.present(&"共有12个".chars().collect::<Vec<_>>());
        assert_eq!(compiled.number_rows(present).collect::<Vec<_>>(), [6]);
        assert!(!compiled.may_match(0, present));
    }
}
