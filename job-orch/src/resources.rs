//! What jobs may use while they run, and who gives it to them.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::job::{Job, Run};

/// A resource that one worker owns: what a job takes as `&mut R`.
#[derive(Debug)]
pub struct Mine<R>(PhantomData<fn() -> R>);

/// A resource that all workers share: what a job takes as `&R`.
#[derive(Debug)]
pub struct Ours<R>(PhantomData<fn() -> R>);

/// Somebody who gives each worker a resource of type `R`: the list behind `.provide(…)`, or a struct that derives
/// `Resources`. `I` says where in the list it stands and is inferred.
#[diagnostic::on_unimplemented(
    message = "nobody provides `{R}`",
    label = "this job takes `&mut {R}`",
    note = "add `.provide(…)` with a `{R}` above this line, or a field of that type to the `App`"
)]
pub trait Gives<R, I> {
    /// One more for one more worker.
    fn give(&self) -> R;
}

/// Somebody who lends all workers one resource of type `R`: the list behind `.share(…)`, or a struct that derives
/// `Resources` and marks the field `#[shared]`.
#[diagnostic::on_unimplemented(
    message = "nobody shares `{R}`",
    label = "this job takes `&{R}`",
    note = "only the first parameter of a job is its request; every other `&R` is a resource that all workers share",
    note = "add `.share(…)` with a `{R}` above this line, or a field `#[shared]` of type `Arc<{R}>` to the `App`"
)]
pub trait Lends<R, I> {
    /// The one that all share.
    fn lend(&self) -> Arc<R>;
}

/// The place of a resource in a list: here.
#[derive(Debug)]
pub struct Here(());
/// The place of a resource in a list: further on.
#[derive(Debug)]
pub struct There<I>(PhantomData<fn() -> I>);

/// The empty list of resources.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nil;
/// A list of resources: one, and the rest.
#[derive(Clone, Debug)]
pub struct Cons<H, T>(pub(crate) H, pub(crate) T);
/// An entry of the list: a way to make one `R` per worker.
#[derive(Clone)]
pub struct Own<R>(pub(crate) Arc<dyn Fn() -> R + Send + Sync>);
/// An entry of the list: one `R` for all.
#[derive(Clone, Debug)]
pub struct Shared<R>(pub(crate) Arc<R>);

impl<R> fmt::Debug for Own<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Own<{}>", std::any::type_name::<R>())
    }
}

#[diagnostic::do_not_recommend]
impl<R, T> Gives<R, Here> for Cons<Own<R>, T> {
    fn give(&self) -> R {
        (self.0.0)()
    }
}

#[diagnostic::do_not_recommend]
impl<R, H, T: Gives<R, I>, I> Gives<R, There<I>> for Cons<H, T> {
    fn give(&self) -> R {
        self.1.give()
    }
}

#[diagnostic::do_not_recommend]
impl<R, T> Lends<R, Here> for Cons<Shared<R>, T> {
    fn lend(&self) -> Arc<R> {
        Arc::clone(&self.0.0)
    }
}

#[diagnostic::do_not_recommend]
impl<R, H, T: Lends<R, I>, I> Lends<R, There<I>> for Cons<H, T> {
    fn lend(&self) -> Arc<R> {
        self.1.lend()
    }
}

/// What a job wants, met by a provider `P`.
pub trait Wants<P, I> {
    /// What the job's workers own.
    type Resources;
    /// Collects it for one more worker.
    fn collect(provider: &P) -> Self::Resources;
}

impl<P: Gives<R, I>, R, I> Wants<P, I> for Mine<R> {
    type Resources = R;
    fn collect(provider: &P) -> R {
        provider.give()
    }
}

impl<P: Lends<R, I>, R, I> Wants<P, I> for Ours<R> {
    type Resources = Arc<R>;
    fn collect(provider: &P) -> Arc<R> {
        provider.lend()
    }
}

impl<P> Wants<P, ()> for () {
    type Resources = ();
    fn collect(_: &P) {}
}

macro_rules! wants_tuple {
    ($($want:ident $index:ident),+) => {
        impl<P, $($want: Wants<P, $index>, $index),+> Wants<P, ($($index,)+)> for ($($want,)+) {
            type Resources = ($($want::Resources,)+);
            fn collect(provider: &P) -> Self::Resources {
                ($($want::collect(provider),)+)
            }
        }
    };
}
wants_tuple!(A IA, B IB);
wants_tuple!(A IA, B IB, C IC);
wants_tuple!(A IA, B IB, C IC, D ID);
wants_tuple!(A IA, B IB, C IC, D ID, E IE);
wants_tuple!(A IA, B IB, C IC, D ID, E IE, F IF);
wants_tuple!(A IA, B IB, C IC, D ID, E IE, F IF, G IG);
wants_tuple!(A IA, B IB, C IC, D ID, E IE, F IF, G IG, H IH);

/// A job whose every resource the provider `P` has.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a job",
    note = "`#[job]` on `async fn index` makes the job type `Index`"
)]
pub trait HostedBy<P, I>: Job {
    /// Collects the resources of one more worker.
    fn collect(provider: &P) -> Self::Resources;
}

impl<J: Job, P, I> HostedBy<P, I> for J
where
    J::Wants: Wants<P, I, Resources = J::Resources>,
{
    fn collect(provider: &P) -> J::Resources {
        <J::Wants as Wants<P, I>>::collect(provider)
    }
}

/// A resource that can be given to each worker: every `Clone` is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be provided: each worker gets its own, and it is not `Clone`",
    label = "not `Clone`",
    note = "derive `Clone`, make one per worker with `.provide_with(|| …)`, or `.share(…)` it and take `&{Self}`"
)]
pub trait PerWorker: Send + Sync + 'static {
    /// One more for one more worker.
    #[must_use]
    fn another(&self) -> Self;
}

#[diagnostic::do_not_recommend]
impl<R: Clone + Send + Sync + 'static> PerWorker for R {
    fn another(&self) -> R {
        self.clone()
    }
}

/// What gives each worker a field of a struct that derives `Resources`.
#[derive(Debug)]
pub struct EachWorker;

/// A field of the type `R` can be given to each worker.
// `R` is a parameter, and not `Self`: the compiler would else advise to borrow, and leave our label out.
#[diagnostic::on_unimplemented(
    message = "`{R}` cannot be provided: each worker gets its own, and it is not `Clone`",
    label = "not `Clone`",
    note = "derive `Clone` for `{R}`, or mark the field `#[shared]`, write `Arc<{R}>`, and let jobs take `&{R}`"
)]
pub trait Supplies<R> {
    /// One more for one more worker.
    fn another(resource: &R) -> R;
}

#[diagnostic::do_not_recommend]
impl<R: PerWorker> Supplies<R> for EachWorker {
    fn another(resource: &R) -> R {
        resource.another()
    }
}

/// A provider that names the job `J` in its `#[hosts(…)]`.
#[diagnostic::on_unimplemented(
    message = "`{J}` is not hosted by `{Self}`",
    label = "`{Self}` does not host it",
    note = "add `{J}` to the `#[hosts(…)]` of `{Self}`"
)]
pub trait Hosts<J> {}

/// The jobs of an orchestrator that was put together by a chain of `.host(…)`: known when it runs, not before.
#[derive(Clone, Copy, Debug)]
pub struct Unlisted(());

#[diagnostic::do_not_recommend]
impl<J: Run> Hosts<J> for Unlisted {}

/// A job that a client of the provider `A` may call.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a job",
    note = "`#[job]` on `async fn index` makes the job type `Index`"
)]
pub trait KnownTo<A>: Run {}

impl<J: Run, A: Hosts<J>> KnownTo<A> for J {}
