//! What a step asks of the job or the value that it is given: each with a message in the user's words.

use std::convert::Infallible;
use std::marker::PhantomData;

use super::wire::Wire;
use crate::job::Job;

/// A job that takes what a wire carries.
///
/// Written by `#[job]`, for the job's own request.
// Concrete impls only: the compiler then also says what the job does take.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not take `{M}`",
    label = "the wire carries `{M}`",
    note = "make of it what the job takes by `.map(|value| …)`, or go on with each of many by `.each(|value| …)`",
    note = "a job is named by its type: `#[job]` on `async fn index` makes `Index`, as `#[flow]` does on a function of wires",
    note = "a function of wires that is no job goes by `.then(part)`; what waits is a job, and not a `.map(async |value| …)`"
)]
pub trait Takes<M>: Job {
    /// What the wire carries, as a request.
    fn request(message: M) -> Self::Request;
}

/// How a job fails: not at all. What `#[job]` writes for a function that returns no `Result`.
#[derive(Debug)]
pub struct Safe;

/// How a job fails: with `E`.
#[derive(Debug)]
pub struct Fails<E>(PhantomData<E>);

/// A way to fail that a flow with the error `F` settles.
#[diagnostic::on_unimplemented(message = "`{Self}` is not how a job fails: `Safe`, or `Fails<E>`")]
pub trait SettledIn<E, F> {
    /// The job's error as the flow's.
    fn settle(error: E) -> F;
}

impl<F> SettledIn<Infallible, F> for Safe {
    fn settle(error: Infallible) -> F {
        match error {}
    }
}

// Without `do_not_recommend`: the compiler goes on to `Absorbs`, which says what is missing.
impl<E, F: Absorbs<E>> SettledIn<E, F> for Fails<E> {
    fn settle(error: E) -> F {
        F::absorb(error)
    }
}

/// An error of a flow into which a job's error `E` converts.
#[diagnostic::on_unimplemented(
    message = "nobody handles `{E}`",
    label = "this job can fail with `{E}`, and the flow only with `{Self}`",
    note = "handle it in place: `.attempt(job).or(|error| …)` or `.attempt(job).dead_letter()`",
    note = "or let the flow fail with it: `Wire<_, MyError>` where `MyError: From<{E}>`"
)]
pub trait Absorbs<E>: Sized {
    /// The job's error as the flow's.
    fn absorb(error: E) -> Self;
}

#[diagnostic::do_not_recommend]
impl<E, F: From<E>> Absorbs<E> for F {
    fn absorb(error: E) -> F {
        error.into()
    }
}

/// What a wire must carry to be split by `each`: values of the type `U`, one after the other.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be split: it is not iterated over",
    label = "this wire carries one `{Self}`, not many values",
    note = "`each` takes a `Vec`, a range or another `IntoIterator`; put `.map(|value| …)` before it"
)]
pub trait Many<U>: Send + 'static {
    /// One after the other.
    type Iter: Iterator<Item = U> + Send + 'static;
    /// Begins with the first.
    fn begin(self) -> Self::Iter;
}

#[diagnostic::do_not_recommend]
impl<U, T> Many<U> for T
where
    T: IntoIterator<Item = U, IntoIter: Send + 'static> + Send + 'static,
{
    type Iter = T::IntoIter;
    fn begin(self) -> T::IntoIter {
        self.into_iter()
    }
}

/// What leads from a wire that carries `A` to one that carries `B`: every closure and function of that signature.
// A trait of ours, so that a job in its place is told what to write. The closure's signature comes from what is above.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not lead on from a `Wire<{A}, {F}>`",
    label = "expected a closure or a function from wire to wire",
    note = "to run a job, write `|wire| wire.to(…)`",
    note = "what is returned is a wire of the same flow: a `Wire<_, {F}>`"
)]
pub trait Leads<A, B, F>: FnOnce(Wire<A, F>) -> Wire<B, F> {}

#[diagnostic::do_not_recommend]
impl<A, B, F, C: FnOnce(Wire<A, F>) -> Wire<B, F>> Leads<A, B, F> for C {}

/// What copies a value for several branches.
#[derive(Debug)]
pub struct Copying;

/// A value of the type `T` can go into several branches: every `Clone` can.
// `T` is a parameter, and not `Self`: the compiler would else advise to borrow, and leave our label out.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be copied: it is not `Clone`",
    label = "each branch, attempt and run needs its own `{T}`",
    note = "derive `Clone` for `{T}`, or carry an `Arc` of it: `.map(Arc::new)` before this step"
)]
pub trait Copies<T> {
    /// One more.
    fn copy(value: &T) -> T;
}

#[diagnostic::do_not_recommend]
impl<T: Clone> Copies<T> for Copying {
    fn copy(value: &T) -> T {
        value.clone()
    }
}
