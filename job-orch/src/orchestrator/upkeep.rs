//! What people do to look after jobs: count, pause, see to dead letters, ask how they are doing.

use super::{Health, Orchestrator};
use crate::channel::{BoxError, Response};
use crate::client::{Asking, Client};
use crate::engine::{DeadLetter, Engine, KeepsResponses, Pauses};
use crate::error::Error;
use crate::id::JobId;
use crate::job::Run;
use crate::processor::JobCounts;
use crate::resources::KnownTo;

#[expect(clippy::needless_pass_by_value, reason = "a job is named by its value, which is nothing")]
impl<E: Engine, A> Orchestrator<E, A> {
    /// What has become of a job's requests so far.
    ///
    /// # Errors
    /// [`Error::NotHosted`].
    pub fn counts<J: KnownTo<A>>(&self, job: J) -> Result<JobCounts, Error> {
        let _ = job;
        self.hosted::<J>().map(Client::counts)
    }

    /// The response to the request with this id, if it has ended and the engine keeps its response: for a caller that was
    /// started again, or that only sent it.
    ///
    /// # Errors
    /// [`Error::NotHosted`], [`Error::Engine`].
    pub fn response<J: KnownTo<A>>(&self, job: J, id: JobId) -> Asking<'_, Option<Response<J>>, Error>
    where
        E: KeepsResponses,
    {
        let _ = job;
        Box::pin(async move { asked::<J, _>(self.hosted::<J>()?.response(id).await) })
    }

    /// Has no further request of a job run, in all processes and after every start, until
    /// [`resume`](Orchestrator::resume). Those that run go on, and requests are accepted as before.
    ///
    /// # Errors
    /// [`Error::NotHosted`], [`Error::Engine`].
    pub fn pause<J: KnownTo<A>>(&self, job: J) -> Asking<'_, (), Error>
    where
        E: Pauses,
    {
        let _ = job;
        Box::pin(async move { asked::<J, _>(self.hosted::<J>()?.pause().await) })
    }

    /// Has the requests of a paused job run again.
    ///
    /// # Errors
    /// [`Error::NotHosted`], [`Error::Engine`].
    pub fn resume<J: KnownTo<A>>(&self, job: J) -> Asking<'_, (), Error>
    where
        E: Pauses,
    {
        let _ = job;
        Box::pin(async move { asked::<J, _>(self.hosted::<J>()?.resume().await) })
    }

    /// The requests of a job that used up their attempts and had no caller, oldest first.
    ///
    /// # Errors
    /// [`Error::NotHosted`], [`Error::Engine`].
    pub async fn dead_letters<J: KnownTo<A>>(&self, job: J) -> Result<Vec<DeadLetter>, Error> {
        let _ = job;
        asked::<J, _>(self.hosted::<J>()?.dead_letters().await)
    }

    /// Sends a dead letter again, with all attempts before it. Says whether there was one of this id.
    ///
    /// # Errors
    /// [`Error::NotHosted`], [`Error::Engine`].
    pub async fn redrive<J: KnownTo<A>>(&self, job: J, id: JobId) -> Result<bool, Error> {
        let _ = job;
        asked::<J, _>(self.hosted::<J>()?.redrive(id).await)
    }

    /// Drops a dead letter. Says whether there was one of this id.
    ///
    /// # Errors
    /// [`Error::NotHosted`], [`Error::Engine`].
    pub async fn drop_dead_letter<J: KnownTo<A>>(&self, job: J, id: JobId) -> Result<bool, Error> {
        let _ = job;
        asked::<J, _>(self.hosted::<J>()?.drop_dead_letter(id).await)
    }

    /// The schedules of the jobs that run here by the clock, with their next ticks: see [`cron`](crate::cron).
    #[cfg(feature = "cron")]
    #[must_use]
    pub fn schedules(&self) -> Vec<crate::cron::Schedule> {
        self.running.clocks.read()
    }

    /// How every hosted job is doing.
    pub async fn health(&self) -> Health {
        let mut jobs = Vec::new();
        for job in self.running.in_order() {
            jobs.push(job.health().await);
        }
        Health { jobs }
    }
}

fn asked<J: Run, T>(asked: Result<T, BoxError>) -> Result<T, Error> {
    asked.map_err(|source| Error::Engine { job: J::NAME, source })
}
