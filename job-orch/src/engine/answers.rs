//! Where the answers of a cached job are kept: in each process, or in the store of an engine that has one. And whether an
//! engine keeps all that a job wants kept.

use std::future::Future;

use super::{Engine, HeldOn, TravelsOn};
use crate::cache::{Archive, ArchiveKeep, Archived, Keep, Policy};
use crate::channel::BoxError;
use crate::job::{Job, Run};
use crate::sync::Arc;

/// An engine whose store can keep the answers of jobs: `#[job(cache(store = engine))]` asks for one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no store for the answers of a job",
    label = "this job keeps its answers by `cache(store = engine)`",
    note = "leave `store` out of the job's `cache(…)`: its answers are then kept in memory, by each process"
)]
pub trait KeepsAnswers: Engine {
    /// The place for the answers of one job.
    fn archive(
        &self,
        job: &'static str,
        policy: Policy,
    ) -> impl Future<Output = Result<Arc<dyn Archive>, BoxError>> + Send;
}

/// The answers of a job are kept by each process in memory, or not at all. Written by `#[job]`.
#[derive(Debug)]
pub struct AtHand;

/// The answers of a job are kept by the store of its engine. Written by `#[job(cache(store = engine))]`.
#[derive(Debug)]
pub struct Stored;

/// A place for the answers of the job `J`, on the engine `E`: [`AtHand`] or [`Stored`].
pub trait KeptIn<J: Run, E: Engine> {
    /// The job's cache, if it has one.
    fn keep(engine: &E) -> impl Future<Output = Result<Option<Box<dyn Keep<J>>>, BoxError>> + Send;
}

impl<J: Run, E: Engine> KeptIn<J, E> for AtHand {
    async fn keep(_: &E) -> Result<Option<Box<dyn Keep<J>>>, BoxError> {
        Ok(J::keep())
    }
}

impl<J: Archived + TravelsOn<E>, E: KeepsAnswers> KeptIn<J, E> for Stored {
    async fn keep(engine: &E) -> Result<Option<Box<dyn Keep<J>>>, BoxError> {
        let (Some(request), Some(response)) = (J::REQUEST, J::RESPONSE) else {
            return Err(format!("job `{}` has no codec", J::NAME).into());
        };
        let archive = engine.archive(J::NAME, J::POLICY).await?;
        Ok(Some(Box::new(ArchiveKeep::<J>::new(archive, request, response))))
    }
}

/// A job whose answers can be kept where it wants them, on the engine `E`, and the keys of its requests for as long as it wants.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a job",
    note = "`#[job]` on `async fn index` makes the job type `Index`"
)]
// Of `Run` and not of `Job`: in a `where`, it must not say that something is a job which is none.
pub trait KeptOn<E: Engine>: Run {
    /// The job's cache, if it has one.
    fn keep_on(engine: &E) -> impl Future<Output = Result<Option<Box<dyn Keep<Self>>>, BoxError>> + Send;
}

impl<J: Job<Answers: KeptIn<J, E>, Keys: HeldOn<E>>, E: Engine> KeptOn<E> for J {
    fn keep_on(engine: &E) -> impl Future<Output = Result<Option<Box<dyn Keep<J>>>, BoxError>> + Send {
        <J::Answers as KeptIn<J, E>>::keep(engine)
    }
}
