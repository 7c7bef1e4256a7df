//! Which records of one partition are finished, and up to where without a gap: only that far may be committed.
//! Pure: must not know Kafka, threads or what a record holds.

use std::collections::VecDeque;

/// How far one record has come.
enum State<T> {
    /// Under way.
    Open,
    /// Worked on; its outputs wait until the records before it have let theirs go.
    Ready(T),
    /// Its outputs are on their way.
    Released,
    /// Its effect is durable.
    Finished,
}

struct Slot<T> {
    offset: i64,
    state: State<T>,
}

/// The unfinished records of one partition in the order of their offsets. Outputs (`T`) are released in that order, and
/// [`Watermark::position`] never passes a record that is not finished.
pub struct Watermark<T> {
    slots: VecDeque<Slot<T>>,
    /// Slots at the front that need no release any more.
    released: usize,
    /// The offset after the last record that was begun.
    end: Option<i64>,
}

impl<T> Default for Watermark<T> {
    fn default() -> Self {
        Self { slots: VecDeque::new(), released: 0, end: None }
    }
}

impl<T> Watermark<T> {
    /// Begins a record; offsets may have gaps. False: it was begun before (fetched twice) and must be left alone.
    #[must_use]
    pub fn begin(&mut self, offset: i64) -> bool {
        if self.end.is_some_and(|end| offset < end) {
            return false;
        }
        self.end = Some(offset + 1);
        self.slots.push_back(Slot { offset, state: State::Open });
        true
    }

    /// Hands in the outputs of a record that was begun. False: it is not under way.
    #[must_use]
    pub fn ready(&mut self, offset: i64, outputs: T) -> bool {
        match self.slot(offset) {
            Some(slot) if matches!(slot.state, State::Open) => {
                slot.state = State::Ready(outputs);
                true
            }
            _ => false,
        }
    }

    /// The next outputs in the order of offsets, once; `None` while a record before them is still worked on.
    pub fn release(&mut self) -> Option<(i64, T)> {
        while let Some(slot) = self.slots.get_mut(self.released) {
            match std::mem::replace(&mut slot.state, State::Released) {
                State::Ready(outputs) => {
                    self.released += 1;
                    return Some((slot.offset, outputs));
                }
                State::Finished => {
                    slot.state = State::Finished;
                    self.released += 1;
                }
                other => {
                    slot.state = other;
                    return None;
                }
            }
        }
        None
    }

    /// Takes back the outputs that [`Watermark::release`] gave last; they will be given again.
    pub fn hold(&mut self, offset: i64, outputs: T) {
        let Ok(at) = self.slots.binary_search_by_key(&offset, |slot| slot.offset) else { return };
        if let Some(slot) = self.slots.get_mut(at) {
            slot.state = State::Ready(outputs);
            self.released = self.released.min(at);
        }
    }

    /// The effect of a record is durable. Returns the new position when it has moved.
    pub fn finish(&mut self, offset: i64) -> Option<i64> {
        self.slot(offset)?.state = State::Finished;
        let before = self.slots.len();
        while self.slots.front().is_some_and(|slot| matches!(slot.state, State::Finished)) {
            self.slots.pop_front();
            self.released = self.released.saturating_sub(1);
        }
        if self.slots.len() < before { self.position() } else { None }
    }

    /// The offset to read on from if everything were lost now: the lowest unfinished one. `None` before the first record.
    pub fn position(&self) -> Option<i64> {
        self.slots.front().map(|slot| slot.offset).or(self.end)
    }

    /// Records that were begun and cannot be passed yet.
    pub fn in_flight(&self) -> usize {
        self.slots.len()
    }

    fn slot(&mut self, offset: i64) -> Option<&mut Slot<T>> {
        let at = self.slots.binary_search_by_key(&offset, |slot| slot.offset).ok()?;
        self.slots.get_mut(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[derive(Debug, Clone)]
    enum Act {
        /// Begin the offset after a gap of this many.
        Begin(i64),
        /// Something that was begun, by its number: seen again, worked on, finished.
        Again(usize),
        Ready(usize),
        Finish(usize),
        Release,
        /// Release, and take it back.
        Hold,
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            4 => (0..3i64).prop_map(Act::Begin),
            1 => any::<usize>().prop_map(Act::Again),
            4 => any::<usize>().prop_map(Act::Ready),
            4 => any::<usize>().prop_map(Act::Finish),
            3 => Just(Act::Release),
            1 => Just(Act::Hold),
        ]
    }

    /// The model: what was begun, what is ready, released and finished, as sets.
    #[derive(Default)]
    struct Model {
        begun: Vec<i64>,
        ready: BTreeMap<i64, i64>,
        released: BTreeSet<i64>,
        finished: BTreeSet<i64>,
    }

    impl Model {
        fn position(&self) -> Option<i64> {
            self.begun.iter().find(|offset| !self.finished.contains(offset)).copied().or(self.begun.last().map(|last| last + 1))
        }

        fn next_release(&self) -> Option<i64> {
            let next = self.begun.iter().find(|offset| !self.finished.contains(offset) && !self.released.contains(offset))?;
            self.ready.contains_key(next).then_some(*next)
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400 * ProptestConfig::default().cases, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_position_never_passes_what_is_unfinished_and_outputs_leave_in_order(acts in prop::collection::vec(act(), 1..48)) {
            let mut watermark = Watermark::default();
            let mut model = Model::default();
            let pick = |model: &Model, number: usize| model.begun.get(number.checked_rem(model.begun.len()).unwrap_or(0)).copied();
            for act in acts {
                let before = model.position();
                match act {
                    Act::Begin(gap) => {
                        let offset = model.begun.last().map_or(gap, |last| last + 1 + gap);
                        prop_assert!(watermark.begin(offset));
                        model.begun.push(offset);
                    }
                    Act::Again(number) => if let Some(offset) = pick(&model, number) {
                        prop_assert!(!watermark.begin(offset));
                    },
                    Act::Ready(number) => if let Some(offset) = pick(&model, number) {
                        let open = !model.finished.contains(&offset) && !model.released.contains(&offset) && !model.ready.contains_key(&offset);
                        prop_assert_eq!(watermark.ready(offset, offset * 10), open);
                        if open {
                            model.ready.insert(offset, offset * 10);
                        }
                    },
                    Act::Finish(number) => if let Some(offset) = pick(&model, number) {
                        let moved = watermark.finish(offset);
                        model.finished.insert(offset);
                        model.ready.remove(&offset);
                        let after = model.position();
                        prop_assert_eq!(moved, if after == before { None } else { after });
                    },
                    Act::Release | Act::Hold => {
                        let expected = model.next_release();
                        let given = watermark.release();
                        prop_assert_eq!(given, expected.map(|offset| (offset, offset * 10)));
                        if let Some((offset, outputs)) = given {
                            if matches!(act, Act::Hold) {
                                watermark.hold(offset, outputs);
                            } else {
                                model.ready.remove(&offset);
                                model.released.insert(offset);
                            }
                        }
                    }
                }
                prop_assert_eq!(watermark.position(), model.position());
                prop_assert!(model.position() >= before, "it never goes back");
            }
            let unfinished = model.begun.iter().filter(|offset| **offset >= model.position().unwrap_or(0)).count();
            prop_assert_eq!(watermark.in_flight(), unfinished);
        }
    }
}
