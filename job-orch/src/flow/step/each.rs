//! Many values, each on its way, and all that comes out of them in order.

mod state;

use std::marker::PhantomData;

use self::state::{Slot, State, Then};
use super::super::bind::Next;
use super::super::contract::{Leads, Many};
use super::super::error::Mistake;
use super::super::graph::Kind;
use super::super::wire::Wire;
use super::{Nowhere, call_user, try_user};
use crate::channel::scope::{At, Fault, Holds, Place, Scope, StepNo, scope_of_all};
use crate::sync::{Arc, Mutex, lock};

/// Elements of one `each` that are in flight at once, unless told otherwise.
pub(super) const AT_ONCE: u32 = 256;

/// Failures that a flow which collects them keeps of one `each`.
const MOST_FAULTS: usize = 128;

impl<T: Send + 'static, F: Send + 'static> Wire<T, F> {
    /// Splits what the wire carries, goes on with each part, and then with all that came out, in order.
    ///
    /// At most 256 parts are in flight at once; the others wait in what was split, which is asked for more as the first ones end.
    /// So an iterator of a million values costs the memory of its output and of those 256.
    ///
    /// The first failure is the flow's, and the other parts are stopped. Parts of which nothing comes out are left out.
    pub fn each<U: Send + 'static, V: Send + 'static>(self, part: impl Leads<U, V, F>) -> Wire<Vec<V>, F>
    where
        T: Many<U>,
    {
        self.each_at_once(AT_ONCE, part)
    }

    /// As [`each`](Wire::each), with at most so many parts in flight at once.
    pub fn each_at_once<U: Send + 'static, V: Send + 'static>(
        self,
        at_once: u32,
        part: impl Leads<U, V, F>,
    ) -> Wire<Vec<V>, F>
    where
        T: Many<U>,
    {
        if at_once == 0 {
            self.draft.refuse(Mistake::NothingAtOnce { step: "each" });
        }
        let each = self.draft.add(Kind::Each, self.inside, &[self.last]);
        let part = self.part::<U, V>(each, Some(each), part);
        let collect = self.draft.add(Kind::Collect, self.inside, &[part.last]);
        self.become_step(collect, move |step, binder, next: Arc<dyn Next<Vec<V>>>| {
            let end = Arc::new(Collect::<T::Iter, U, V, F> { step, running: PhantomData });
            let head = part.lay(binder, end).unwrap_or_else(|| Arc::new(Nowhere(step)));
            let rules = Rules { step: each, at_once: at_once.max(1), collects: binder.collects() };
            Arc::new(Each::<T, U, V, F> { rules, head, next, types: PhantomData })
        })
    }
}

/// How an `each` goes on.
#[derive(Clone, Copy)]
struct Rules {
    step: StepNo,
    at_once: u32,
    // Whether the others go on when one fails.
    collects: bool,
}

struct Each<T, U, V, F> {
    rules: Rules,
    head: Arc<dyn Next<U>>,
    next: Arc<dyn Next<Vec<V>>>,
    types: PhantomData<fn(T) -> F>,
}

impl<T: Many<U>, U: Send + 'static, V: Send + 'static, F: Send + 'static> Next<T> for Each<T, U, V, F> {
    fn accept(&self, at: At<'_>, value: T) {
        let Some((source, hint)) = call_user::<F, _>(at, self.rules.step, "each", || {
            let source = value.begin();
            let hint = source.size_hint().0;
            (source, hint)
        }) else {
            return;
        };
        let mut done = Vec::new();
        // A hint may be wrong; then the output grows as it comes.
        let _ = done.try_reserve(hint);
        let state = State::new(source, done);
        let (rules, head, next) = (self.rules, Arc::clone(&self.head), Arc::clone(&self.next));
        let scope =
            at.open(Running::<T::Iter, U, V, F> { rules, head, next, state: Mutex::new(state), flow: PhantomData });
        if let Some(running) = scope.holds::<Running<T::Iter, U, V, F>>() {
            running.fill(&scope);
        }
    }
}

/// One `each` of a run.
struct Running<I, U, V, F> {
    rules: Rules,
    head: Arc<dyn Next<U>>,
    next: Arc<dyn Next<Vec<V>>>,
    state: Mutex<State<I, U, V>>,
    flow: PhantomData<fn() -> F>,
}

impl<I, U, V, F> Running<I, U, V, F>
where
    I: Iterator<Item = U> + Send + 'static,
    U: Send + 'static,
    V: Send + 'static,
    F: Send + 'static,
{
    /// Sends parts on their way, until enough are in flight.
    fn fill(&self, scope: &Arc<Scope>) {
        loop {
            let Some((source, mut parts, room)) = self.begin_to_fill() else { return };
            let Some((source, is_exhausted)) = self.take_parts(scope, source, &mut parts, room) else { return };
            let Some(first) = self.sent(source, parts.len(), is_exhausted) else {
                return fail(scope, Fault::Beyond(self.rules.step, u64::from(u32::MAX)));
            };
            if !parts.is_empty() {
                self.head.accept_many(scope, first, &mut parts);
            }
            let then = self.filled(parts);
            match then {
                Then::Fill if !scope.is_void() => {}
                Then::Finish(done, faults) => return self.finish(scope, done, faults),
                _ => return,
            }
        }
    }

    fn begin_to_fill(&self) -> Option<(I, Vec<U>, u32)> {
        let mut state = lock(&self.state);
        if state.is_filling {
            return None;
        }
        let source = state.source.take()?;
        state.is_filling = true;
        let room = self.rules.at_once.saturating_sub(state.in_flight).max(1);
        Some((source, std::mem::take(&mut state.spare), room))
    }

    /// Takes parts from the source, which is the user's code. Gives it back if it has more.
    fn take_parts(
        &self,
        scope: &Arc<Scope>,
        mut source: I,
        parts: &mut Vec<U>,
        room: u32,
    ) -> Option<(Option<I>, bool)> {
        let taken = try_user::<F, _>(self.rules.step, "each", || {
            parts.extend(source.by_ref().take(room as usize));
            let is_exhausted = parts.len() < room as usize;
            (if is_exhausted { None } else { Some(source) }, is_exhausted)
        });
        // In this order: a part that fails meanwhile finds the scope ended.
        taken.map_err(|fault| fail(scope, fault)).ok()
    }

    /// Counts parts as being in flight; gives the number of the first.
    fn sent(&self, source: Option<I>, count: usize, is_exhausted: bool) -> Option<u32> {
        let mut state = lock(&self.state);
        let (first, count) = (state.next, u32::try_from(count).ok()?);
        state.next = first.checked_add(count)?;
        state.in_flight += count;
        state.ahead.extend((0..count).map(|_| Slot::InFlight));
        state.source = source;
        state.is_exhausted = is_exhausted;
        Some(first)
    }

    fn filled(&self, spare: Vec<U>) -> Then<V> {
        let mut state = lock(&self.state);
        state.spare = spare;
        state.is_filling = false;
        state.then(self.rules.at_once)
    }

    fn settle(&self, at: At<'_>, slot: Slot<V>) {
        let then = lock(&self.state).settle(at.element, slot, self.rules.at_once);
        self.go_on(at.scope, then);
    }

    /// Of one scope, under one lock.
    fn settle_all(&self, scope: &Arc<Scope>, values: &mut Vec<(Place, V)>) {
        let mut state = lock(&self.state);
        let mut then = Then::Nothing;
        // The last one says what is to be done; the others leave something in flight.
        for (element, value) in values.drain(..).map(|(place, value)| (place.element, value)) {
            then = state.settle(element, Slot::Done(value), self.rules.at_once);
        }
        drop(state);
        self.go_on(scope, then);
    }

    fn go_on(&self, scope: &Arc<Scope>, then: Then<V>) {
        match then {
            Then::Nothing => {}
            Then::Fill => self.fill(scope),
            Then::Finish(done, faults) => self.finish(scope, done, faults),
        }
    }

    fn finish(&self, scope: &Arc<Scope>, done: Vec<V>, faults: Vec<Fault>) {
        let Some(parent) = scope.parent() else { return };
        match Fault::of(faults) {
            Some(fault) => parent.fail(fault),
            None => self.next.accept(parent, done),
        }
    }
}

/// Ends it with its first failure.
fn fail(scope: &Scope, fault: Fault) {
    if scope.end_early()
        && let Some(parent) = scope.parent()
    {
        parent.fail(fault);
    }
}

impl<I, U, V, F> Holds for Running<I, U, V, F>
where
    I: Iterator<Item = U> + Send + 'static,
    U: Send + 'static,
    V: Send + 'static,
    F: Send + 'static,
{
    fn failed(&self, at: At<'_>, fault: Fault) {
        if !self.rules.collects {
            return fail(at.scope, fault);
        }
        let mut state = lock(&self.state);
        if state.faults.len() < MOST_FAULTS {
            state.faults.push(fault);
        }
        let then = state.settle(at.element, Slot::Empty, self.rules.at_once);
        drop(state);
        self.go_on(at.scope, then);
    }

    fn emptied(&self, at: At<'_>, _: StepNo) {
        self.settle(at, Slot::Empty);
    }
}

/// The end of a part.
struct Collect<I, U, V, F> {
    step: StepNo,
    running: PhantomData<Box<Running<I, U, V, F>>>,
}

impl<I, U, V, F> Next<V> for Collect<I, U, V, F>
where
    I: Iterator<Item = U> + Send + 'static,
    U: Send + 'static,
    V: Send + 'static,
    F: Send + 'static,
{
    fn accept(&self, at: At<'_>, value: V) {
        match at.scope.holds::<Running<I, U, V, F>>() {
            Some(running) => running.settle(at, Slot::Done(value)),
            None => at.fail(Fault::Broken(self.step)),
        }
    }

    fn accept_all(&self, values: &mut Vec<(Place, V)>) {
        let scope = scope_of_all(values);
        let running = scope.as_ref().and_then(|scope| Some((scope, scope.holds::<Running<I, U, V, F>>()?)));
        match running {
            Some((scope, running)) => running.settle_all(scope, values),
            None => values.drain(..).for_each(|(place, value)| self.accept(place.at(), value)),
        }
    }
}
