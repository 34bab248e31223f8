//! Who fires the ticks of a cron job.

use std::time::Duration;

use tokio::time::sleep;

use super::worker::PAUSE;
use crate::channel::{BoxError, Envelope};
use crate::clock::wall_millis;
use crate::cron::{Cron, Fired, Firing, Missed, Round, Schedule, Tick, Timetable, millis, moment};
use crate::engine::EngineChannels;
use crate::job::Run;
use crate::panics::guarded;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicI64, Ordering};

/// It looks at the clock this often at least: somebody may have set it.
const LOOK: Duration = Duration::from_secs(60);

/// How long a tick waits that finds no room, before it asks again.
const FULL: Duration = Duration::from_secs(1);

/// How long it waits after a fault of the engine.
const FAULT: Duration = PAUSE;

/// What anybody may know of a schedule.
pub(crate) struct Dial {
    schedule: Schedule,
    timetable: Timetable,
    // In milliseconds since 1970.
    last: AtomicI64,
}

impl Dial {
    /// The schedule as it is now.
    pub(crate) fn read(&self) -> Schedule {
        let last = self.last.load(Ordering::Relaxed);
        let next = self.timetable.after(last.max(wall_millis()));
        Schedule { last: moment(last), next: next.map(moment), ..self.schedule.clone() }
    }
}

/// Fires the ticks of a job.
pub(crate) struct Timekeeper<J: Run, C: EngineChannels<J>> {
    cron: Cron<J::Request>,
    channels: C,
    dial: Arc<Dial>,
}

/// What is next.
enum Next {
    /// The next tick that was found due, if there is one.
    GoOn,
    /// A look at what is due now: somebody else was at it.
    Look,
    Sleep(Duration),
    End,
}

impl<J: Run, C: EngineChannels<J>> Timekeeper<J, C> {
    /// Begins the schedule, or takes it up where it was left.
    pub(crate) async fn begin(cron: Cron<J::Request>, channels: C) -> Result<Self, BoxError> {
        let timetable = Timetable::new(cron.fields, cron.zone)?;
        let now = wall_millis();
        let last = channels.schedule(cron.expression, cron.zone, now).await?.unwrap_or(now);
        let Cron { expression, zone, missed, overlap, .. } = cron;
        let schedule = Schedule { job: J::NAME, expression, zone, missed, overlap, last: moment(last), next: None };
        let dial = Arc::new(Dial { schedule, timetable, last: AtomicI64::new(last) });
        Ok(Self { cron, channels, dial })
    }

    pub(crate) fn dial(&self) -> Arc<Dial> {
        Arc::clone(&self.dial)
    }

    /// Fires what comes, until the channel is closed, or another schedule takes the place of this one.
    pub(crate) async fn run(self) {
        loop {
            match self.look().await {
                Next::GoOn | Next::Look => {}
                Next::Sleep(time) => sleep(time).await,
                Next::End => return,
            }
        }
    }

    async fn look(&self) -> Next {
        let (last, now) = (self.dial.last.load(Ordering::Relaxed), wall_millis());
        match Round::of(&self.dial.timetable, last, now, self.cron.missed) {
            Round::Wait(next) => {
                let left = next.map_or(i64::MAX, |next| next.saturating_sub(now));
                Next::Sleep(Duration::from_millis(u64::try_from(left).unwrap_or(0)).min(LOOK))
            }
            Round::Pass(at) => {
                tracing::warn!(target: "job_orch", { job.name = J::NAME, last }, "ticks were missed, and are passed over");
                self.fire(at, None).await
            }
            Round::Anew(now) => {
                tracing::warn!(target: "job_orch", { job.name = J::NAME, last, now }, "the clock was wrong; the schedule begins anew");
                self.fire(now, None).await
            }
            Round::Fire(ticks) => {
                if self.cron.missed == Missed::All && ticks.len() >= crate::cron::MOST {
                    tracing::warn!(target: "job_orch", { job.name = J::NAME, last }, "only the last thousand ticks are fired");
                }
                for tick in ticks {
                    match self.fire(millis(tick.at), Some(tick)).await {
                        Next::GoOn => {}
                        other => return other,
                    }
                }
                Next::GoOn
            }
        }
    }

    /// What is sent at a tick: none if the user's code panics over it.
    fn request(&self, tick: Tick) -> Option<Envelope<J>> {
        let made = guarded(|| self.cron.request(tick));
        let report = |panic: &String| {
            tracing::error!(target: "job_orch", { job.name = J::NAME, panic }, "a tick made no request, and is passed over");
        };
        made.inspect_err(report).ok().map(Envelope::new)
    }

    /// Does the schedule up to this moment.
    async fn fire(&self, at: i64, tick: Option<Tick>) -> Next {
        let request = tick.and_then(|tick| self.request(tick));
        let last = self.dial.last.load(Ordering::Relaxed);
        let Cron { expression, zone, overlap, .. } = self.cron;
        let firing = Firing { schedule: (expression, zone), last, at, request, overlap };
        let job = J::NAME;
        match self.channels.fire(firing).await {
            Ok(Fired::Done) => tracing::debug!(target: "job_orch", { job.name = job, at }, "a tick was fired"),
            Ok(Fired::Overlapped) => {
                tracing::info!(target: "job_orch", { job.name = job, at }, "the last firing has not ended; a tick was passed over");
            }
            Ok(Fired::Elsewhere(done)) => {
                self.dial.last.store(done, Ordering::Relaxed);
                return Next::Look;
            }
            Ok(Fired::Full) => return Next::Sleep(FULL),
            Ok(Fired::Replaced) => {
                tracing::warn!(target: "job_orch", { job.name = job }, "another process has a later schedule; this one is over");
                return Next::End;
            }
            Ok(Fired::Closed) => return Next::End,
            Err(error) => {
                tracing::error!(target: "job_orch", { job.name = job, error = &*error as &dyn std::error::Error }, "a tick could not be fired yet");
                return Next::Sleep(FAULT);
            }
        }
        self.dial.last.store(at, Ordering::Relaxed);
        Next::GoOn
    }
}
