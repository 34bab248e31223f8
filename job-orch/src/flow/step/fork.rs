//! A value goes into several branches at once, and what comes out of all of them goes on as a tuple.

use std::marker::PhantomData;

use super::super::bind::{Binder, Next};
use super::super::contract::{Copies, Copying, Leads};
use super::super::graph::Kind;
use super::super::wire::{Part, Wire};
use super::{Nowhere, call_user};
use crate::channel::scope::{At, Fault, Holds, StepNo};
use crate::sync::{Arc, Mutex, lock};

/// What comes out of several branches: a tuple, and a slot for each member.
pub(super) trait Branches: Sized + Send + 'static {
    /// A slot for each branch.
    type Slots: Default + Send;
    /// How many branches there are.
    const COUNT: u32;
    /// The tuple, if every slot is filled.
    fn whole(slots: Self::Slots) -> Option<Self>;
}

/// One fork of a run: what has come out of its branches.
struct Joining<V: Branches> {
    slots: Mutex<Slots<V>>,
    // Whether the other branches go on when one fails.
    collects: bool,
}

struct Slots<V: Branches> {
    slots: V::Slots,
    left: u32,
    faults: Vec<Fault>,
    // The step that took a branch's value out, of a flow that collects failures.
    empty: Option<StepNo>,
}

/// What the branches have come to together.
enum Joined<V> {
    Whole(V),
    Empty(StepNo),
    Failed(Fault),
}

impl<V: Branches> Joining<V> {
    fn new(collects: bool) -> Self {
        let slots = Slots { slots: V::Slots::default(), left: V::COUNT, faults: Vec::new(), empty: None };
        Self { slots: Mutex::new(slots), collects }
    }

    /// One branch has ended: gives everything with the last.
    fn arrive(&self, put: impl FnOnce(&mut Slots<V>)) -> Option<Joined<V>> {
        let mut state = lock(&self.slots);
        put(&mut state);
        state.left = state.left.saturating_sub(1);
        if state.left > 0 {
            return None;
        }
        let (slots, faults, empty) = (std::mem::take(&mut state.slots), std::mem::take(&mut state.faults), state.empty);
        drop(state);
        // A failure is told even if nothing came out of another branch.
        match (Fault::of(faults), empty) {
            (Some(fault), _) => Some(Joined::Failed(fault)),
            (None, Some(step)) => Some(Joined::Empty(step)),
            (None, None) => V::whole(slots).map(Joined::Whole),
        }
    }

    /// One branch has ended without a value, of a flow that collects failures.
    fn end_without(&self, parent: At<'_>, put: impl FnOnce(&mut Slots<V>)) {
        match self.arrive(put) {
            Some(Joined::Failed(fault)) => parent.fail(fault),
            Some(Joined::Empty(step)) => parent.end_empty(step),
            Some(Joined::Whole(_)) | None => {}
        }
    }
}

impl<V: Branches> Holds for Joining<V> {
    fn failed(&self, at: At<'_>, fault: Fault) {
        let Some(parent) = at.scope.parent() else { return };
        if self.collects {
            self.end_without(parent, |slots| slots.faults.push(fault));
        } else if at.scope.end_early() {
            parent.fail(fault);
        }
    }

    fn emptied(&self, at: At<'_>, step: StepNo) {
        let Some(parent) = at.scope.parent() else { return };
        if self.collects {
            self.end_without(parent, |slots| slots.empty = slots.empty.or(Some(step)));
        } else if at.scope.end_early() {
            parent.end_empty(step);
        }
    }
}

/// The end of a branch.
struct Arrive<V: Branches, A> {
    step: StepNo,
    put: fn(&mut V::Slots, A),
    next: Arc<dyn Next<V>>,
}

impl<V: Branches, A: Send + 'static> Next<A> for Arrive<V, A> {
    fn accept(&self, at: At<'_>, value: A) {
        let (Some(joining), Some(parent)) = (at.scope.holds::<Joining<V>>(), at.scope.parent()) else {
            return at.fail(Fault::Broken(self.step));
        };
        match joining.arrive(|slots| (self.put)(&mut slots.slots, value)) {
            None => {}
            Some(Joined::Whole(whole)) => self.next.accept(parent, whole),
            Some(Joined::Empty(step)) => parent.end_empty(step),
            Some(Joined::Failed(fault)) => parent.fail(fault),
        }
    }
}

/// The first step of each branch.
struct Fork<T, V, F> {
    step: StepNo,
    heads: Vec<Arc<dyn Next<T>>>,
    copy: fn(&T) -> T,
    collects: bool,
    types: PhantomData<fn() -> (V, F)>,
}

impl<T: Send + 'static, V: Branches, F: Send + 'static> Next<T> for Fork<T, V, F> {
    fn accept(&self, at: At<'_>, value: T) {
        let Some((last, others)) = self.heads.split_last() else { return at.fail(Fault::Broken(self.step)) };
        let scope = at.open(Joining::<V>::new(self.collects));
        let mut element = 0;
        for head in others {
            let at = At { scope: &scope, element };
            if let Some(copy) = call_user::<F, _>(at, self.step, "fork", || (self.copy)(&value)) {
                head.accept(at, copy);
            }
            if scope.is_void() {
                return;
            }
            element += 1;
        }
        last.accept(At { scope: &scope, element }, value);
    }
}

/// Lays one branch.
fn branch<T: Send + 'static, V: Branches, A: Send + 'static>(
    binder: &mut Binder<'_>,
    part: &Part<T, A>,
    step: StepNo,
    put: fn(&mut V::Slots, A),
    next: &Arc<dyn Next<V>>,
) -> Arc<dyn Next<T>> {
    let end = Arc::new(Arrive::<V, A> { step, put, next: Arc::clone(next) });
    part.lay(binder, end).unwrap_or_else(|| Arc::new(Nowhere(step)))
}

macro_rules! fork {
    ($name:ident, $count:literal, $doc:literal, $($value:ident $closure:ident $index:tt),+) => {
        impl<$($value: Send + 'static),+> Branches for ($($value,)+) {
            type Slots = ($(Option<$value>,)+);
            const COUNT: u32 = $count;
            fn whole(slots: Self::Slots) -> Option<Self> {
                Some(($(slots.$index?,)+))
            }
        }

        impl<T: Send + 'static, F: Send + 'static> Wire<T, F> {
            #[doc = $doc]
            ///
            /// The first failure is the flow's, and the other branches are stopped; see
            /// [`Flow::collect_failures`](crate::flow::Flow::collect_failures). If nothing comes out of one branch, nothing comes
            /// out of the fork.
            pub fn $name<$($value: Send + 'static),+>(
                self,
                $($closure: impl Leads<T, $value, F>,)+
            ) -> Wire<($($value,)+), F>
            where
                Copying: Copies<T>,
            {
                let fork = self.draft.add(Kind::Fork, self.inside, &[self.last]);
                let parts = ($(self.part::<T, $value>(fork, self.inside, $closure),)+);
                let join = self.draft.add(Kind::Join, self.inside, &[$(parts.$index.last),+]);
                self.become_step(join, move |step, binder, next: Arc<dyn Next<($($value,)+)>>| {
                    let heads = vec![$(
                        branch(binder, &parts.$index, step, |slots, value| slots.$index = Some(value), &next)
                    ),+];
                    let (copy, collects) = (<Copying as Copies<T>>::copy, binder.collects());
                    Arc::new(Fork::<T, ($($value,)+), F> { step: fork, heads, copy, collects, types: PhantomData })
                })
            }
        }
    };
}

fork!(fork, 2, "Goes on in two branches at once (`fork3` to `fork6`: in more), then with what came out of both.", A a 0, B b 1);
fork!(fork3, 3, "As [`fork`](Wire::fork), with three branches.", A a 0, B b 1, C c 2);
fork!(fork4, 4, "As [`fork`](Wire::fork), with four branches.", A a 0, B b 1, C c 2, D d 3);
fork!(fork5, 5, "As [`fork`](Wire::fork), with five branches.", A a 0, B b 1, C c 2, D d 3, E e 4);
fork!(fork6, 6, "As [`fork`](Wire::fork), with six branches.", A a 0, B b 1, C c 2, D d 3, E e 4, G g 5);
