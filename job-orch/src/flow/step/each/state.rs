//! What has become of the parts of one `each`.

use std::collections::VecDeque;

use crate::channel::scope::Fault;

/// What has become of the parts of one `each`.
pub(super) struct State<I, U, V> {
    // `None` while somebody takes from it, and after its end.
    pub(super) source: Option<I>,
    // The memory for parts on their way to the first step.
    pub(super) spare: Vec<U>,
    // The number of the next part.
    pub(super) next: u32,
    pub(super) in_flight: u32,
    pub(super) is_filling: bool,
    pub(super) is_exhausted: bool,
    // What came out of the first parts, in order.
    pub(super) done: Vec<V>,
    // Of the parts behind them.
    pub(super) ahead: VecDeque<Slot<V>>,
    pub(super) faults: Vec<Fault>,
}

/// What has become of a part.
pub(super) enum Slot<V> {
    InFlight,
    Done(V),
    /// Nothing came out of it.
    Empty,
}

/// What is to be done when a part has ended.
pub(super) enum Then<V> {
    Nothing,
    Fill,
    Finish(Vec<V>, Vec<Fault>),
}

impl<I, U, V> State<I, U, V> {
    pub(super) const fn new(source: I, done: Vec<V>) -> Self {
        Self {
            source: Some(source),
            spare: Vec::new(),
            next: 0,
            in_flight: 0,
            is_filling: false,
            is_exhausted: false,
            done,
            ahead: VecDeque::new(),
            faults: Vec::new(),
        }
    }

    /// One part has ended.
    pub(super) fn settle(&mut self, element: u32, slot: Slot<V>, at_once: u32) -> Then<V> {
        self.in_flight = self.in_flight.saturating_sub(1);
        // The number of the first part that is ahead.
        let first = self.next - self.ahead.len() as u32;
        if let Some(place) = element.checked_sub(first).and_then(|at| self.ahead.get_mut(at as usize)) {
            *place = slot;
        }
        while let Some(Slot::Done(_) | Slot::Empty) = self.ahead.front() {
            if let Some(Slot::Done(value)) = self.ahead.pop_front() {
                self.done.push(value);
            }
        }
        self.then(at_once)
    }

    pub(super) fn then(&mut self, at_once: u32) -> Then<V> {
        if self.is_filling {
            // Whoever fills looks again.
            Then::Nothing
        } else if !self.is_exhausted {
            // In batches: one look at the source and one lock of the first job's channel for many parts.
            if self.in_flight <= at_once / 2 { Then::Fill } else { Then::Nothing }
        } else if self.in_flight == 0 {
            Then::Finish(std::mem::take(&mut self.done), std::mem::take(&mut self.faults))
        } else {
            Then::Nothing
        }
    }
}
