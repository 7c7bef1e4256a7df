//! Stops the dead-letter topic from swallowing everything after a bad deployment: too many unreadable records in a row,
//! or among the last ones. Pure: must not know Kafka or what a record holds.

use std::collections::VecDeque;

/// Unreadable records in a row that open it.
pub const IN_A_ROW_MAX: usize = 50;
/// Records that are looked back on …
pub const WINDOW: usize = 200;
/// … and how many of them may be unreadable: a fifth.
pub const IN_WINDOW_MAX: usize = WINDOW / 5;

/// Counts what passes; once open it stays open until it is reset by a person (a restart, or SIGHUP).
#[derive(Debug, Default)]
pub struct Breaker {
    recent: VecDeque<bool>,
    in_a_row: usize,
    in_window: usize,
    open: bool,
}

impl Breaker {
    /// May this record pass? A readable one always may, as long as the breaker is closed.
    pub fn pass(&mut self, unreadable: bool) -> bool {
        if self.open {
            return false;
        }
        let in_a_row = if unreadable { self.in_a_row + 1 } else { 0 };
        let leaving = self.recent.len() == WINDOW && self.recent.front() == Some(&true);
        let in_window = self.in_window - usize::from(leaving) + usize::from(unreadable);
        if unreadable && (in_a_row > IN_A_ROW_MAX || (self.recent.len() == WINDOW && in_window > IN_WINDOW_MAX)) {
            self.open = true;
            return false;
        }
        if self.recent.len() == WINDOW {
            self.recent.pop_front();
        }
        self.recent.push_back(unreadable);
        (self.in_a_row, self.in_window) = (in_a_row, in_window);
        true
    }

    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Begins anew.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_in_a_row_pass_and_the_next_one_opens_it_for_everything() {
        let mut breaker = Breaker::default();
        assert!((0..IN_A_ROW_MAX).all(|_| breaker.pass(true)));
        assert!(!breaker.pass(true) && breaker.is_open() && !breaker.pass(false));
        breaker.reset();
        assert!(breaker.pass(true) && !breaker.is_open());
    }

    #[test]
    fn a_fifth_of_the_last_ones_is_the_most() {
        let mut breaker = Breaker::default();
        // Every fifth: 40 of 200, for as long as one likes.
        assert!((0..2_000).all(|n| breaker.pass(n % 5 == 0)));
        // Every fourth opens it within one window.
        let passed = (0..WINDOW).take_while(|n| breaker.pass(n % 4 == 0)).count();
        assert!(breaker.is_open() && passed < WINDOW, "{passed}");
    }

    #[test]
    fn single_ones_never_open_it() {
        let mut breaker = Breaker::default();
        assert!((0..10_000).all(|n| breaker.pass(n % 100 == 0)));
    }
}
