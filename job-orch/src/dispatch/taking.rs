//! Workers that cannot be called wait for jobs, and take them in the order in which they came.

use std::pin::pin;
use std::time::Duration;

use tokio::sync::MutexGuard;
use tokio::time::Instant;

use super::Dispatcher;
use super::error::LineError;
use super::history::{Take, TakeKey, To};
use super::parcel::Parcel;

/// So long a taker that finds jobs waits for its turn.
const TURN: Duration = Duration::from_secs(10);

/// What a worker gets that cannot be called.
#[derive(Debug)]
pub(super) enum Taking {
    /// The first job.
    Job(Parcel),
    /// What it was sent when it asked by this name before.
    Again(Take),
    /// None came in time.
    Nothing,
}

impl Dispatcher {
    /// Takes the first job, and waits for one. Those who wait get theirs in the order in which they came. Who has got one by
    /// this name gets the same again.
    pub(super) async fn take_job(&self, until: Instant, key: Option<&TakeKey>) -> Result<Taking, LineError> {
        let history = &self.0.history;
        if let Some(take) = key.and_then(|key| history.taken(key)) {
            return Ok(Taking::Again(take));
        }
        let _counted = self.0.counts.takers.enter();
        let Some(_turn) = self.turn(until).await else { return Ok(Taking::Nothing) };
        // It may have asked twice at once.
        if let Some(take) = key.and_then(|key| history.taken(key)) {
            return Ok(Taking::Again(take));
        }
        // Subscribed first: what happens from here on wakes it.
        let mut changes = self.changes();
        loop {
            if let Some(job) = self.0.jobs.take().await? {
                return Ok(Taking::Job(Parcel::new(job, history, To::Asking(None, key)).await?));
            }
            if !changes.changed(until, self).await {
                return Ok(Taking::Nothing);
            }
        }
    }

    /// Waits until all who came before have theirs. Who does not want to wait for a job does so as long as there are jobs.
    async fn turn(&self, until: Instant) -> Option<MutexGuard<'_, ()>> {
        let inner = &self.0;
        let (most, mut turn) = (until.max(Instant::now() + TURN), pin!(inner.takers.lock()));
        if let Ok(turn) = tokio::time::timeout_at(until, &mut turn).await {
            return Some(turn);
        }
        let mut moved = inner.jobs.watch();
        while inner.jobs.waiting() > 0 {
            tokio::select! {
                biased;
                turn = &mut turn => return Some(turn),
                _ = moved.changed() => {}
                () = tokio::time::sleep_until(most) => return None,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_does_not_wait_has_an_answer_as_soon_as_others_have_taken_all_jobs() {
        let Ok(dispatcher) = Dispatcher::builder().open().await else { unreachable!("it is in memory") };
        let Ok(job) = RawValue::from_string("1".to_owned()) else { unreachable!("it is JSON") };
        assert!(dispatcher.submit(&job).await.is_ok());
        // One that waits for long has the turn.
        let turn = dispatcher.0.takers.lock().await;
        let (begun, taker) = (Instant::now(), dispatcher.clone());
        let taking = tokio::spawn(async move { taker.take_job(begun, None).await });
        tokio::task::yield_now().await;
        assert!(!taking.is_finished(), "there is a job");
        let Ok(Some(taken)) = dispatcher.0.jobs.take().await else { unreachable!("there is a job") };
        assert!(matches!(taking.await, Ok(Ok(Taking::Nothing))));
        assert_eq!(begun.elapsed(), Duration::ZERO);
        drop((taken, turn));
    }
}
