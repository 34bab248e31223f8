//! The schedules of the hosted jobs: who fires their ticks, and when they stop.

#[cfg(not(feature = "cron"))]
pub(super) use without::{Clock, Clocks};

#[cfg(feature = "cron")]
pub(super) use with::{Clock, Clocks};

#[cfg(feature = "cron")]
mod with {
    use std::pin::Pin;

    use tokio::task::JoinSet;

    use crate::channel::BoxError;
    use crate::cron::Schedule;
    use crate::engine::Engine;
    use crate::job::Run;
    use crate::processor::{Dial, Timekeeper};
    use crate::sync::{Arc, Mutex, lock};

    /// The schedule of one job, which has begun and does not run yet.
    pub(in crate::orchestrator) struct Clock {
        dial: Arc<Dial>,
        run: Pin<Box<dyn Future<Output = ()> + Send>>,
    }

    impl Clock {
        /// That of a job, if it has one.
        pub(in crate::orchestrator) async fn of<J: Run, E: Engine>(
            channels: &E::Channels<J>,
        ) -> Result<Option<Self>, BoxError> {
            let Some(cron) = J::CRON else { return Ok(None) };
            let keeper = Timekeeper::begin(cron, channels.clone()).await?;
            Ok(Some(Self { dial: keeper.dial(), run: Box::pin(keeper.run()) }))
        }
    }

    /// All that run. Dropped, they stop.
    pub(in crate::orchestrator) struct Clocks {
        dials: Vec<Arc<Dial>>,
        keepers: Mutex<JoinSet<()>>,
    }

    impl Clocks {
        pub(in crate::orchestrator) fn start(clocks: Vec<Clock>) -> Self {
            let (mut dials, mut keepers) = (Vec::new(), JoinSet::new());
            for Clock { dial, run } in clocks {
                dials.push(dial);
                keepers.spawn(run);
            }
            Self { dials, keepers: Mutex::new(keepers) }
        }

        /// Fires nothing more.
        pub(in crate::orchestrator) fn stop(&self) {
            lock(&self.keepers).abort_all();
        }

        pub(in crate::orchestrator) fn read(&self) -> Vec<Schedule> {
            self.dials.iter().map(|dial| dial.read()).collect()
        }
    }
}

#[cfg(not(feature = "cron"))]
mod without {
    use crate::channel::BoxError;
    use crate::engine::Engine;
    use crate::job::Run;

    /// No job has a schedule.
    pub(in crate::orchestrator) enum Clock {}

    impl Clock {
        pub(in crate::orchestrator) fn of<J: Run, E: Engine>(
            _: &E::Channels<J>,
        ) -> impl Future<Output = Result<Option<Self>, BoxError>> + Send + use<J, E> {
            std::future::ready(Ok(None))
        }
    }

    pub(in crate::orchestrator) struct Clocks;

    impl Clocks {
        pub(in crate::orchestrator) fn start(_: Vec<Clock>) -> Self {
            Self
        }

        #[expect(clippy::unused_self, reason = "as where there are schedules")]
        pub(in crate::orchestrator) fn stop(&self) {}
    }
}
