//! A value goes into one of several branches, by its variant.

use std::fmt;

use super::super::bind::{Binder, Next};
use super::super::contract::Leads;
use super::super::draft::{Draft, Tail};
use super::super::graph::Kind;
use super::super::wire::{Part, Wire};
use super::Nowhere;
use crate::channel::scope::{At, StepNo};
use crate::sync::Arc;

impl<T: Send + 'static, F: Send + 'static> Wire<T, F> {
    /// Goes on in one of several branches, by the variant of an enum that derives [`Route`](crate::Route): the derive makes a
    /// struct with a field for each variant, so that none can be forgotten.
    ///
    /// ```
    /// use job_orch::flow::{Flow, Wire, arm};
    /// use job_orch::prelude::*;
    /// use job_orch::Route;
    ///
    /// #[derive(Route)]
    /// enum Number {
    ///     Even(u64),
    ///     Odd(u64),
    /// }
    ///
    /// #[job]
    /// async fn halve(number: &u64) -> u64 {
    ///     number / 2
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let flow = Flow::define("collatz", |number: Wire<u64>| {
    ///     number
    ///         .map(|n| if n.is_multiple_of(2) { Number::Even(n) } else { Number::Odd(n) })
    ///         .route(NumberArms { even: arm(|even| even.to(Halve)), odd: arm(|odd| odd.map(|n| 3 * n + 1)) })
    /// })?;
    /// # let orch = Orchestrator::on(Memory::new()).host(Halve).start().await?;
    /// assert_eq!(orch.run(&flow, 8).await?, 4);
    /// assert_eq!(orch.run(&flow, 5).await?, 16);
    /// # orch.shutdown().await?; Ok(()) }
    /// ```
    pub fn route<U: Send + 'static>(self, arms: impl Arms<T, U, F>) -> Wire<U, F> {
        let route = self.draft.add(Kind::Route, self.inside, &[self.last]);
        let mut routing = Routing { draft: self.draft.clone(), inside: self.inside, step: route, ends: Vec::new() };
        let lane = arms.lay(&mut routing);
        let merge = self.draft.add(Kind::Merge, self.inside, &routing.ends);
        self.become_step(merge, move |_, binder, next| {
            let turn = (lane.0)(&mut Binding { binder, next, step: route });
            Arc::new(Turn(turn))
        })
    }
}

/// Where one variant goes: a closure from wire to wire, by [`arm`].
pub struct Arm<'a, T, U, F>(Closure<'a, T, U, F>);

type Closure<'a, T, U, F> = Box<dyn FnOnce(Wire<T, F>) -> Wire<U, F> + 'a>;

/// Where one variant goes.
pub fn arm<'a, T, U, F>(part: impl Leads<T, U, F> + 'a) -> Arm<'a, T, U, F> {
    Arm(Box::new(part))
}

impl<T, U, F> fmt::Debug for Arm<'_, T, U, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arm").finish_non_exhaustive()
    }
}

/// Where each variant of `T` goes. Written by `#[derive(Route)]`.
#[diagnostic::on_unimplemented(
    message = "these are not the arms of `{T}`",
    label = "this wire carries `{T}`",
    note = "`#[derive(Route)]` on `enum Shape` makes the struct `ShapeArms` with a field for each variant"
)]
pub trait Arms<T, U, F> {
    /// Defines each arm.
    #[doc(hidden)]
    fn lay(self, routing: &mut Routing) -> Lane<T, U>;
}

/// A route that is being defined.
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "only an expansion holds one")]
pub struct Routing {
    draft: Draft,
    inside: Option<StepNo>,
    step: StepNo,
    ends: Vec<Tail>,
}

impl Routing {
    /// One arm.
    #[must_use]
    pub fn arm<A: Send + 'static, U: Send + 'static, F: Send + 'static>(
        &mut self,
        label: &'static str,
        arm: Arm<'_, A, U, F>,
    ) -> Branch<A, U> {
        let part = Part::of(&self.draft, Tail { step: self.step, label: Some(label) }, self.inside, arm.0);
        self.ends.push(part.last);
        Branch(part)
    }
}

/// An arm that was defined.
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "only an expansion holds one")]
pub struct Branch<A, U>(Part<A, U>);

type Binds<T, U> = Box<dyn Fn(&mut Binding<'_, '_, U>) -> Turns<T> + Send + Sync>;
type Turns<T> = Box<dyn Fn(Here<'_>, T) + Send + Sync>;

/// All arms of a route that were defined.
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "only an expansion holds one")]
pub struct Lane<T, U>(Binds<T, U>);

impl<T, U> Lane<T, U> {
    /// What makes, of each arm's first step, the turn that a value takes.
    pub fn new(bind: impl Fn(&mut Binding<'_, '_, U>) -> Turns<T> + Send + Sync + 'static) -> Self {
        Self(Box::new(bind))
    }
}

/// A route that is being bound.
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "only an expansion holds one")]
pub struct Binding<'a, 'b, U> {
    binder: &'a mut Binder<'b>,
    next: Arc<dyn Next<U>>,
    step: StepNo,
}

impl<U: Send + 'static> Binding<'_, '_, U> {
    /// The way into one arm.
    #[must_use]
    pub fn way<A: Send + 'static>(&mut self, branch: &Branch<A, U>) -> Way<A> {
        let head = branch.0.lay(self.binder, Arc::clone(&self.next));
        Way(head.unwrap_or_else(|| Arc::new(Nowhere(self.step))))
    }
}

/// The way into one arm.
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "only an expansion holds one")]
pub struct Way<A>(Arc<dyn Next<A>>);

/// Where the value is that takes a turn.
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "only an expansion holds one")]
pub struct Here<'a>(At<'a>);

impl Here<'_> {
    /// Goes on in this arm.
    pub fn go<A: 'static>(self, way: &Way<A>, value: A) {
        way.0.accept(self.0, value);
    }
}

struct Turn<T>(Turns<T>);

impl<T: Send + 'static> Next<T> for Turn<T> {
    fn accept(&self, at: At<'_>, value: T) {
        (self.0)(Here(at), value);
    }
}
