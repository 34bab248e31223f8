//! What an engine is asked to do with a tick.

use std::fmt;

use super::{Overlap, Plan};
use crate::channel::{Envelope, SendOptions, UniqueKey};
use crate::job::Run;

/// A tick that is to be fired, or passed over: what an engine is asked for. Times are milliseconds since 1970.
#[non_exhaustive]
pub struct Firing<J: Run> {
    /// The schedule: one of another expression or zone may have taken its place.
    pub plan: Plan,
    /// Up to where the schedule was done, as far as this process knows. If that is not so, the tick is somebody else's.
    pub last: i64,
    /// Up to where it is done then.
    pub at: i64,
    /// The tick after that, if the calendar of the library has one.
    pub next: Option<i64>,
    /// The request. Without it, what has come is passed over.
    pub request: Option<Envelope<J>>,
}

impl<J: Run> Firing<J> {
    /// The unique key of a job's firings that may not overlap.
    pub(crate) const KEY: &'static str = "@cron";

    /// How the request is sent, where no schedule is kept that knows the last firing.
    pub(crate) fn options(&self) -> SendOptions {
        let id = self.request.as_ref().filter(|_| self.plan.overlap == Overlap::Skip).map(Envelope::id);
        let unique = id.map(|id| UniqueKey { key: Self::KEY.to_owned(), id });
        SendOptions { unique, refuse_if_full: true, ..SendOptions::default() }
    }
}

impl<J: Run> fmt::Debug for Firing<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Firing").field("job", &J::NAME).field("at", &self.at).finish_non_exhaustive()
    }
}

/// What became of a [`Firing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fired {
    /// The request was accepted, or what had come was passed over, as it was asked for.
    Done,
    /// The last firing has not ended: the tick was passed over.
    Overlapped,
    /// Somebody else has done the schedule up to here.
    Elsewhere(i64),
    /// There is no room. The tick has yet to be fired.
    Full,
    /// A process that was started later has another schedule for the job: this one is over.
    Replaced,
    /// The channel is closed.
    Closed,
}
