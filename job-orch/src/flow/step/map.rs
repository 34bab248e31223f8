//! Steps that are functions.

use std::marker::PhantomData;

use super::super::bind::Next;
use super::super::graph::Kind;
use super::super::wire::Wire;
use super::call_user;
use crate::channel::scope::{At, Place, StepNo};
use crate::sync::Arc;

impl<T: Send + 'static, F: Send + 'static> Wire<T, F> {
    /// Calls a function with what the wire carries, and goes on with what it returns. It runs where the value is, so it must be
    /// quick and must not block: what waits is a job.
    pub fn map<U: Send + 'static>(self, call: impl Fn(T) -> U + Send + Sync + 'static) -> Wire<U, F> {
        let call = Arc::new(call);
        self.step(Kind::Map, move |step, _, next| {
            Arc::new(Map { step, call: Arc::clone(&call), next, flow: PhantomData::<fn() -> F> })
        })
    }

    /// Goes on with the values of which this says so. The others are taken out of the flow: an `each` goes on without them, and
    /// a run ends with [`FlowError::Empty`](crate::flow::FlowError::Empty).
    pub fn filter(self, keep: impl Fn(&T) -> bool + Send + Sync + 'static) -> Self {
        let keep = Arc::new(keep);
        self.step(Kind::Filter, move |step, _, next| {
            Arc::new(Filter { step, keep: Arc::clone(&keep), next, flow: PhantomData::<fn() -> F> })
        })
    }
}

struct Map<C, U, F> {
    step: StepNo,
    call: Arc<C>,
    next: Arc<dyn Next<U>>,
    flow: PhantomData<fn() -> F>,
}

impl<T, U, F, C> Next<T> for Map<C, U, F>
where
    T: Send + 'static,
    U: Send + 'static,
    F: Send + 'static,
    C: Fn(T) -> U + Send + Sync + 'static,
{
    fn accept(&self, at: At<'_>, value: T) {
        if let Some(mapped) = call_user::<F, _>(at, self.step, "map", || (self.call)(value)) {
            self.next.accept(at, mapped);
        }
    }

    fn accept_all(&self, values: &mut Vec<(Place, T)>) {
        let map = |(place, value): (Place, T)| {
            let mapped = call_user::<F, _>(place.at(), self.step, "map", || (self.call)(value))?;
            Some((place, mapped))
        };
        let mut mapped = values.drain(..).filter_map(map).collect();
        self.next.accept_all(&mut mapped);
    }
}

struct Filter<K, T, F> {
    step: StepNo,
    keep: Arc<K>,
    next: Arc<dyn Next<T>>,
    flow: PhantomData<fn() -> F>,
}

impl<T, F, K> Next<T> for Filter<K, T, F>
where
    T: Send + 'static,
    F: Send + 'static,
    K: Fn(&T) -> bool + Send + Sync + 'static,
{
    fn accept(&self, at: At<'_>, value: T) {
        match call_user::<F, _>(at, self.step, "filter", || (self.keep)(&value)) {
            Some(true) => self.next.accept(at, value),
            Some(false) => at.end_empty(self.step),
            None => {}
        }
    }
}
