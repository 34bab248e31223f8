//! Two branches of which the second waits for what the first has at its middle: the shape that forks in forks cannot draw.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use super::super::bind::Next;
use super::super::contract::{Copies, Copying, Leads};
use super::super::draft::{Draft, Home};
use super::super::error::Mistake;
use super::super::graph::Kind;
use super::super::wire::Wire;
use super::{Leave, Nowhere, call_user};
use crate::channel::scope::{At, Fault, Holds, Scope, StepNo, Waits};
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, Mutex, lock};

/// A value that the other branch of a [`share`](Wire::share) will have: [`Wire::with`] waits for it.
#[must_use = "`.with(…)` waits for it; without it, `fork` is enough"]
pub struct Late<S> {
    draft: Draft,
    // The step that gives the value away.
    from: StepNo,
    key: Home,
    // Whether the closure still runs that was given it.
    is_open: Arc<AtomicBool>,
    // Brought along: `with` asks for nothing that `share` has asked for.
    copy: fn(&S) -> S,
}

impl<S> fmt::Debug for Late<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Late").field("from", &self.from).finish_non_exhaustive()
    }
}

impl<T: Send + 'static, F: Send + 'static> Wire<T, F> {
    /// Goes on in two branches at once, of which the second may wait for what the first has at its middle.
    ///
    /// The first branch is `trunk` and then `first`. The second is `second`, which is given a token for what comes out of
    /// `trunk`: [`with`](Wire::with) waits there until it is. The token exists in that closure only and the value flows one way,
    /// so there is no cycle here either.
    ///
    /// ```
    /// # use job_orch::flow::{Flow, Wire};
    /// # use job_orch::prelude::*;
    /// # #[job] async fn a(n: &u64) -> u64 { n + 1 }
    /// # #[job] async fn b(n: &u64) -> u64 { n + 2 }
    /// # #[job] async fn c(n: &u64) -> u64 { n * 10 }
    /// # #[job] async fn d(pair: &(u64, u64)) -> u64 { pair.0 + pair.1 }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // A and B from one source, C from A, D from B and A.
    /// let flow = Flow::define("diamond", |n: Wire<u64>| {
    ///     n.share(|n| n.to(A), |a| a.to(C), |n, a| n.to(B).with(a).to(D))
    /// })?;
    /// # let orch = Orchestrator::on(Memory::new()).host(A).host(B).host(C).host(D).start().await?;
    /// assert_eq!(orch.run(&flow, 1).await?, (20, 5));
    /// # orch.shutdown().await?; Ok(()) }
    /// ```
    ///
    /// The first failure is the flow's, also in a flow that collects failures: what waits for a value that failed would wait for
    /// ever.
    pub fn share<S: Send + Sync + 'static, A: Send + 'static, B: Send + 'static>(
        self,
        trunk: impl Leads<T, S, F>,
        first: impl Leads<S, A, F>,
        second: impl FnOnce(Wire<T, F>, Late<S>) -> Wire<B, F>,
    ) -> Wire<(A, B), F>
    where
        Copying: Copies<T> + Copies<S>,
    {
        let (key, inside) = (self.draft.home(), self.inside);
        let is_open = Arc::new(AtomicBool::new(true));
        let from = Cell::new(self.last.step);
        let part = self.part::<T, (A, B)>(self.last, inside, |whole| {
            whole.fork(
                |branch| {
                    let given = trunk(branch).step(Kind::Share, move |step, _, next| {
                        let copy = <Copying as Copies<S>>::copy;
                        Arc::new(Give { step, key, copy, next, flow: PhantomData::<fn() -> F> })
                    });
                    from.set(given.last.step);
                    first(given)
                },
                |branch| {
                    let (draft, is_open) = (branch.draft.clone(), Arc::clone(&is_open));
                    let copy = <Copying as Copies<S>>::copy;
                    second(branch, Late { draft, from: from.get(), key, is_open, copy })
                },
            )
        });
        is_open.store(false, Ordering::Relaxed);
        self.become_step(part.last, move |step, binder, next| {
            let end = Arc::new(Leave { step, next });
            let head =
                binder.at_first_failure(|binder| part.lay(binder, end)).unwrap_or_else(|| Arc::new(Nowhere(step)));
            Arc::new(Open::<T, S> { key, head, shared: PhantomData })
        })
    }

    #[expect(clippy::needless_pass_by_value, reason = "a late value is waited for once")]
    /// Waits for what the other branch of a [`share`](Wire::share) has at its middle, and goes on with both.
    pub fn with<S: Send + Sync + 'static>(self, late: Late<S>) -> Wire<(T, S), F> {
        if !late.draft.is(&self.draft) || !late.is_open.load(Ordering::Relaxed) {
            self.draft.refuse(Mistake::SmuggledLate);
        }
        let (key, copy) = (late.key, late.copy);
        let with = self.draft.add(Kind::With, self.inside, &[self.last, late.from.into()]);
        self.become_step(with, move |step, _, next| {
            Arc::new(Await { step, key, copy, next, flow: PhantomData::<fn() -> F> })
        })
    }
}

/// One run through a `share`.
struct Sharing<S> {
    key: Home,
    value: Arc<Value<S>>,
}

/// The value that is shared, or who waits for it.
struct Value<S>(Mutex<Shared<S>>);

enum Shared<S> {
    Awaited(Option<Waiting<S>>),
    There(Arc<S>),
}

type GoOn<S> = Box<dyn FnOnce(S) + Send>;

/// Who waits for the value: dropped with the first scope around it that ends early, since they keep these scopes alive.
struct Waiting<S> {
    all: Vec<GoOn<S>>,
    scope: Arc<Scope>,
    value: Arc<dyn Waits>,
}

impl<S: Send + Sync + 'static> Waiting<S> {
    fn begin(scope: &Arc<Scope>, value: &Arc<Value<S>>) -> Self {
        let value: Arc<dyn Waits> = Arc::<Value<S>>::clone(value);
        scope.tell_waiting(&value);
        Self { all: Vec::new(), scope: Arc::clone(scope), value }
    }
}

impl<S> Waiting<S> {
    fn into_all(mut self) -> Vec<GoOn<S>> {
        std::mem::take(&mut self.all)
    }
}

impl<S> Drop for Waiting<S> {
    fn drop(&mut self) {
        self.scope.forget_waiting(&self.value);
    }
}

impl<S: Send + Sync + 'static> Waits for Value<S> {
    fn end(&self) {
        let waiting = match &mut *lock(&self.0) {
            Shared::Awaited(waiting) => waiting.take(),
            Shared::There(_) => None,
        };
        // Dropped without the lock: it holds the user's values.
        drop(waiting);
    }
}

impl<S: Send + Sync + 'static> Sharing<S> {
    /// The nearest around this place, and its scope.
    fn around(at: At<'_>, key: Home) -> Option<(&Arc<Scope>, &Self)> {
        let mut scope = at.scope;
        loop {
            if let Some(sharing) = scope.holds::<Self>().filter(|sharing| sharing.key == key) {
                return Some((scope, sharing));
            }
            scope = scope.parent()?.scope;
        }
    }
}

impl<S: Send + Sync + 'static> Holds for Sharing<S> {
    fn failed(&self, at: At<'_>, fault: Fault) {
        if at.scope.end_early()
            && let Some(parent) = at.scope.parent()
        {
            parent.fail(fault);
        }
    }

    fn emptied(&self, at: At<'_>, step: StepNo) {
        if at.scope.end_early()
            && let Some(parent) = at.scope.parent()
        {
            parent.end_empty(step);
        }
    }
}

/// The beginning of a `share`.
struct Open<T, S> {
    key: Home,
    head: Arc<dyn Next<T>>,
    shared: PhantomData<fn() -> S>,
}

impl<T: Send + 'static, S: Send + Sync + 'static> Next<T> for Open<T, S> {
    fn accept(&self, at: At<'_>, value: T) {
        let shared = Arc::new(Value(Mutex::new(Shared::<S>::Awaited(None))));
        let scope = at.open(Sharing { key: self.key, value: shared });
        self.head.accept(At { scope: &scope, element: 0 }, value);
    }
}

/// Gives the value to whoever waits for it, and goes on with it.
struct Give<S, F> {
    step: StepNo,
    key: Home,
    copy: fn(&S) -> S,
    next: Arc<dyn Next<S>>,
    flow: PhantomData<fn() -> F>,
}

impl<S: Send + Sync + 'static, F: Send + 'static> Next<S> for Give<S, F> {
    fn accept(&self, at: At<'_>, value: S) {
        let Some((_, sharing)) = Sharing::<S>::around(at, self.key) else { return at.fail(Fault::Broken(self.step)) };
        let copy = || call_user::<F, _>(at, self.step, "share", || (self.copy)(&value));
        let Some(kept) = copy() else { return };
        // In this order: who comes between finds the value.
        let before = std::mem::replace(&mut *lock(&sharing.value.0), Shared::There(Arc::new(kept)));
        let Shared::Awaited(waiting) = before else { return };
        for go_on in waiting.map(Waiting::into_all).unwrap_or_default() {
            let Some(given) = copy() else { return };
            go_on(given);
        }
        self.next.accept(at, value);
    }
}

/// Waits for the value.
struct Await<T, S, F> {
    step: StepNo,
    key: Home,
    copy: fn(&S) -> S,
    next: Arc<dyn Next<(T, S)>>,
    flow: PhantomData<fn() -> F>,
}

impl<T: Send + 'static, S: Send + Sync + 'static, F: Send + 'static> Next<T> for Await<T, S, F> {
    fn accept(&self, at: At<'_>, value: T) {
        let Some((scope, sharing)) = Sharing::<S>::around(at, self.key) else {
            return at.fail(Fault::Broken(self.step));
        };
        let mut shared = lock(&sharing.value.0);
        match &mut *shared {
            Shared::Awaited(waiting) => {
                let (place, next) = (at.place(), Arc::clone(&self.next));
                let waiting = waiting.get_or_insert_with(|| Waiting::begin(scope, &sharing.value));
                waiting.all.push(Box::new(move |late| next.accept(place.at(), (value, late))));
                drop(shared);
                // It may have ended just before.
                if scope.is_void() {
                    sharing.value.end();
                }
            }
            Shared::There(late) => {
                let late = Arc::clone(late);
                drop(shared);
                let copied = call_user::<F, _>(at, self.step, "with", || (self.copy)(&late));
                if let Some(late) = copied {
                    self.next.accept(at, (value, late));
                }
            }
        }
    }
}
