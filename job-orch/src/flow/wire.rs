//! [`Wire`]: what is known of a flow at one point while it is defined.

use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;

use super::bind::{Binder, Lay, Next};
use super::contract::Leads;
use super::draft::{Draft, Home, Tail};
use super::error::Mistake;
use super::graph::Kind;
use crate::channel::scope::StepNo;
use crate::sync::Arc;

/// A point of a flow that is being defined: `T` is what goes on from here, and `F` is how the flow may fail.
///
/// A wire is a value that moves: each step takes it and gives the next one. A closure is given one wire and must return it, so a
/// flow has no cycle, and an output that nobody consumes cannot be written. Nothing runs yet.
#[must_use = "a wire that is dropped loses what it carries"]
pub struct Wire<T, F = Infallible> {
    pub(super) draft: Draft,
    pub(super) home: Home,
    /// Inside of which step.
    pub(super) inside: Option<StepNo>,
    /// The step that it comes from.
    pub(super) last: Tail,
    pub(super) lay: Lay<T>,
    pub(super) flow: PhantomData<fn() -> F>,
}

impl<T: Send + 'static, F: Send + 'static> Wire<T, F> {
    /// The wire of a new closure, which begins behind this step.
    pub(super) fn begin(draft: &Draft, inside: Option<StepNo>, last: Tail) -> Self {
        let home = draft.home();
        let lay: Lay<T> = Box::new(move |binder, next| binder.begin(home, next));
        Self { draft: draft.clone(), home, inside, last, lay, flow: PhantomData }
    }

    /// Goes on through a part of a flow: a function from wire to wire. The same as calling it, where a chain reads better.
    pub fn then<U>(self, part: impl Leads<T, U, F>) -> Wire<U, F> {
        part(self)
    }

    /// One more step: `make` makes it, with the step that it leads to.
    pub(super) fn step<U: Send + 'static>(
        self,
        kind: Kind,
        make: impl Fn(StepNo, &mut Binder<'_>, Arc<dyn Next<U>>) -> Arc<dyn Next<T>> + Send + Sync + 'static,
    ) -> Wire<U, F> {
        let step = self.draft.add(kind, self.inside, &[self.last]);
        self.become_step(step, make)
    }

    /// One more step, which is in the draft already.
    pub(super) fn become_step<U: Send + 'static>(
        self,
        last: impl Into<Tail>,
        make: impl Fn(StepNo, &mut Binder<'_>, Arc<dyn Next<U>>) -> Arc<dyn Next<T>> + Send + Sync + 'static,
    ) -> Wire<U, F> {
        let Self { draft, home, inside, lay, .. } = self;
        let last = last.into();
        let step = last.step;
        let lay: Lay<U> = Box::new(move |binder, next| {
            let made = make(step, binder, next);
            lay(binder, made);
        });
        Wire { draft, home, inside, last, lay, flow: PhantomData }
    }

    /// A closure inside of the step `within`, laid between its own wire and a step behind it.
    pub(super) fn part<A: Send + 'static, B: Send + 'static>(
        &self,
        within: impl Into<Tail>,
        inside: Option<StepNo>,
        closure: impl Leads<A, B, F>,
    ) -> Part<A, B> {
        Part::of(&self.draft, within.into(), inside, closure)
    }
}

/// What a closure has made of its wire.
pub(super) struct Part<A, B> {
    home: Home,
    /// Its last step.
    pub(super) last: Tail,
    lay: Lay<B>,
    begins: PhantomData<fn(A)>,
}

impl<A: Send + 'static, B: Send + 'static> Part<A, B> {
    /// What the closure makes of a wire that begins behind this step.
    pub(super) fn of<F: Send + 'static>(
        draft: &Draft,
        within: Tail,
        inside: Option<StepNo>,
        closure: impl Leads<A, B, F>,
    ) -> Self {
        let wire = Wire::<A, F>::begin(draft, inside, within);
        let home = wire.home;
        let end = closure(wire);
        if end.home != home || !end.draft.is(draft) {
            draft.refuse(Mistake::SmuggledWire { inside: draft.name(within.step) });
        }
        Self { home, last: end.last, lay: end.lay, begins: PhantomData }
    }

    /// Lays it before this step, and gives its first.
    pub(super) fn lay(&self, binder: &mut Binder<'_>, next: Arc<dyn Next<B>>) -> Option<Arc<dyn Next<A>>> {
        (self.lay)(binder, next);
        binder.head(self.home)
    }
}

impl<T, F> fmt::Debug for Wire<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("last", &self.last).finish_non_exhaustive()
    }
}
