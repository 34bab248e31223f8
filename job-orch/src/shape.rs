//! The two shapes of a job's return type: with a `Result`, or without. The *type* decides, so an alias of `Result` works.

use std::convert::Infallible;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::flow::{Fails, Safe};

/// Asks a return type whether it is a `Result`: `Returns::<T>::A_RESULT`, with [`Plain`] in scope.
#[derive(Debug)]
pub struct Returns<T>(PhantomData<T>);

impl<T, E> Returns<Result<T, E>> {
    /// An inherent constant is found before the one of [`Plain`].
    pub const A_RESULT: bool = true;
}

/// The answer for every type that is not a `Result`.
pub trait Plain {
    /// No.
    const A_RESULT: bool = false;
}
impl<T> Plain for Returns<T> {}

/// The shape of a return type: `Shape<true>` is a `Result`, `Shape<false>` cannot fail.
#[derive(Debug)]
pub struct Shape<const A_RESULT: bool>;

/// What a return type `R` means in this shape.
pub trait Outcome<R> {
    /// What the job responds with.
    type Response;
    /// Why it fails.
    type Error;
    /// How it fails, as a flow asks: [`Fails`] with that error, or [`Safe`].
    type Failure;
    /// One returned value as a result.
    fn outcome(returned: R) -> Result<Self::Response, Self::Error>;
    /// One run as a result.
    // Without `Send`: the shape is known where this is called, so the compiler sees whether the future is, and asks
    // only once, for `Run`. With it, a future that is not would be reported three times.
    fn settle<F: Future<Output = R>>(run: F) -> impl Future<Output = Result<Self::Response, Self::Error>>;
}

impl<T, E> Outcome<Result<T, E>> for Shape<true> {
    type Response = T;
    type Error = E;
    type Failure = Fails<E>;
    fn outcome(returned: Result<T, E>) -> Result<T, E> {
        returned
    }
    fn settle<F: Future<Output = Result<T, E>>>(run: F) -> impl Future<Output = Result<T, E>> {
        run
    }
}

impl<T> Outcome<T> for Shape<false> {
    type Response = T;
    type Error = Infallible;
    type Failure = Safe;
    fn outcome(returned: T) -> Result<T, Infallible> {
        Ok(returned)
    }
    // A named future: an `async` one would move the run into itself when it is polled, which costs as much as a short job.
    fn settle<F: Future<Output = T>>(run: F) -> impl Future<Output = Result<T, Infallible>> {
        Unfailing { run }
    }
}

pin_project! {
    /// A run that cannot fail.
    struct Unfailing<F> {
        #[pin]
        run: F,
    }
}

impl<F: Future> Future for Unfailing<F> {
    type Output = Result<F::Output, Infallible>;
    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().run.poll(context).map(Ok)
    }
}

/// What a batch job returns: one outcome per request.
#[diagnostic::on_unimplemented(
    message = "a batch job returns one outcome per request",
    label = "`{Self}` is not a `Vec`",
    note = "return `Vec<Result<…>>`, or `Vec<…>` if the job cannot fail"
)]
// Nothing is built on this trait: it speaks once, and `Answers` goes on as if a single outcome were meant.
pub trait Outcomes {}
#[diagnostic::do_not_recommend]
impl<T> Outcomes for Vec<T> {}

/// Asks what a batch job returns whether it is a `Vec`: `Many::<V>::A_VEC`, with [`Single`] in scope.
#[derive(Debug)]
pub struct Many<V>(PhantomData<V>);

impl<T> Many<Vec<T>> {
    /// An inherent constant is found before the one of [`Single`].
    pub const A_VEC: bool = true;
}

/// The answer for every type that is not a `Vec`.
pub trait Single {
    /// No.
    const A_VEC: bool = false;
}
impl<V> Single for Many<V> {}

/// The outcomes in what a batch job returns: `Answers<true>` takes a `Vec` apart.
#[derive(Debug)]
pub struct Answers<const A_VEC: bool>;

/// One of the outcomes in `V`.
pub trait One<V> {
    /// Its type.
    type Outcome;
    /// All of them, in order.
    fn all(returned: V) -> Vec<Self::Outcome>;
}

impl<T> One<Vec<T>> for Answers<true> {
    type Outcome = T;
    fn all(returned: Vec<T>) -> Vec<T> {
        returned
    }
}

impl<V> One<V> for Answers<false> {
    type Outcome = V;
    fn all(returned: V) -> Vec<V> {
        vec![returned]
    }
}

/// Runs a batch job and gives each outcome its shape: what `#[job]` writes as `run_batch`. `A` takes the returned value
/// apart, and `S` is the shape of one outcome.
// `T` and `E` have names so that the compiler's messages print them, and not how they follow from `S`.
pub async fn settle_all<A, S, V, T, E, F>(run: F) -> Vec<Result<T, E>>
where
    A: One<V>,
    S: Outcome<A::Outcome, Response = T, Error = E>,
    F: Future<Output = V>,
{
    A::all(run.await).into_iter().map(S::outcome).collect()
}

/// The outcome of a batch of one: what `#[job]` writes as `run` of a batch job.
///
/// # Panics
/// If the job returned another number of outcomes than one; the worker records that as a failure.
#[expect(clippy::panic, reason = "it runs inside the worker's `catch_unwind`, which makes it the job's failure")]
pub async fn settle_first<T, E, F>(batch: F) -> Result<T, E>
where
    F: Future<Output = Vec<Result<T, E>>>,
{
    let mut outcomes = batch.await;
    match (outcomes.pop(), outcomes.len()) {
        (Some(outcome), 0) => outcome,
        (_, others) => panic!("a batch job returned {} outcomes for 1 request", others + usize::from(others > 0)),
    }
}

/// Asks a job whether `#[processor]` stands on it: `Served::<J>::SERVING`, with [`Unserved`] in scope.
#[derive(Debug)]
pub struct Served<J>(PhantomData<J>);

impl<J: crate::job::Serve> Served<J> {
    /// An inherent constant is found before the one of [`Unserved`].
    pub const SERVING: crate::settings::Serving = <J as crate::job::Serve>::SERVING;
}

/// The answer for every job without `#[processor]`.
pub trait Unserved {
    /// The defaults.
    const SERVING: crate::settings::Serving = crate::settings::Serving::DEFAULT;
}
impl<J> Unserved for Served<J> {}

/// What clones a request for a job that takes it by value.
#[derive(Debug)]
pub struct ByValue;

/// A request of the type `T` can be taken by value: every `Clone` can.
// `T` is a parameter, and not `Self`: the compiler would else advise to borrow, and leave our label out.
#[diagnostic::on_unimplemented(
    message = "a request taken by value is cloned for each attempt, and `{T}` is not `Clone`",
    label = "not `Clone`",
    note = "take `&{T}`, or derive `Clone` for it"
)]
pub trait Clones<T> {
    /// One more for one more attempt.
    fn by_value(request: &T) -> T;
}

#[diagnostic::do_not_recommend]
impl<T: Clone> Clones<T> for ByValue {
    fn by_value(request: &T) -> T {
        request.clone()
    }
}
