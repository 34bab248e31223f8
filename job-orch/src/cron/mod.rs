//! Jobs that run by the clock: `#[job(cron = "0 3 * * *", tz = "Europe/Berlin")]`.
//!
//! ```
//! use job_orch::cron::Tick;
//! use job_orch::prelude::*;
//!
//! /// Every night at three, by the clocks of Berlin.
//! #[job(cron = "0 3 * * *", tz = "Europe/Berlin")]
//! async fn tidy_up() {}
//!
//! /// Every quarter of an hour; not while the last run goes on.
//! #[job(cron = "*/15 * * * *", missed = skip, overlap = skip)]
//! async fn measure(tick: &Tick) -> u64 {
//!     tick.missed
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), job_orch::Error> {
//! let orch = Orchestrator::on(Memory::new()).host(TidyUp).host(Measure).start().await?;
//! let schedules = orch.schedules();
//! assert_eq!(schedules[0].expression, "0 3 * * *");
//! assert!(schedules[1].next.unwrap() > std::time::SystemTime::now());
//! // Such a job can be called and sent as any other.
//! assert_eq!(orch.call(Measure, Tick::now()).await?, 0);
//! # orch.shutdown().await }
//! ```
//!
//! # Expressions
//! Five fields: minute (0-59), hour (0-23), day of the month (1-31), month (1-12 or `JAN`-`DEC`), weekday (0-7 or `SUN`-`SAT`, and
//! both 0 and 7 are Sunday); or six, with the second (0-59) before them. A field is `*`, a number, a range `1-5`, one of them
//! with a step `*/15`, `10-40/5`, or several with commas between. If a day and a weekday are both written, and neither begins
//! with `*`, either one suffices. `@hourly`, `@daily`, `@weekly`, `@monthly` and `@yearly` stand for the usual ones. What is wrong
//! with an expression, and a zone that is not known, are errors of the compiler.
//!
//! # Which times are meant
//! Those of the zone `tz`, a name of the IANA database; without it, of UTC.
//!
//! When clocks are put **forward**, a job whose hours are written (`30 2 * * *`) and lie in the gap runs once, at its end. When
//! they are put **back**, it runs once, at the first of the two times. A job whose hours begin with `*` (`*/15 * * * *`) runs as
//! time goes by: in both of the hours that have the same name, and in none that was left out.
//!
//! # What is fired
//! A time that has come is a [`Tick`], and it is fired: a request is put in, which is handled, retried and answered as any other.
//! A job's request is made [from the tick](FromTick): it is `()`, the [`Tick`], or a type of yours.
//!
//! A tick is fired **once, however many processes** host the job on one store: up to where its schedule has been fired stands in
//! the store, and is moved on in the transaction that puts the request in. In memory, each process has a schedule of its own. A
//! process that only [reaches](crate::Assembly::reach) a job fires nothing. A clock that is set back has nothing fired again; by
//! more than a day, it was wrong before, and firing goes on from now.
//!
//! If the queue is full, a tick waits for room, and counts as missed when the next one comes. A paused job's ticks are fired, and
//! wait.
//!
//! ## `missed`
//! Ticks are missed while no process is up, the machine sleeps, or the queue is full. A store remembers them; memory begins
//! anew with each start. Changing the expression or the zone begins anew as well: the latest start decides.
//!
//! | option | what becomes of them |
//! |---|---|
//! | `missed = once` | one is fired, the last of them, and its [`missed`](Tick::missed) counts the others; the default |
//! | `missed = skip` | none is fired, unless it is late by less than a minute |
//! | `missed = all` | each is fired, in order, up to the last thousand |
//!
//! ## `overlap`
//! | option | if the last firing still waits, runs, or waits for its retry |
//! |---|---|
//! | `overlap = allow` | the tick is fired all the same, and waits for a worker; the default |
//! | `overlap = skip` | the tick is passed over |

mod firing;
mod round;
mod tick;
mod timetable;

use std::fmt;
use std::time::SystemTime;

pub use firing::{Fired, Firing};
pub use tick::{FromTick, Tick};
pub use timetable::Fields;

pub(crate) use round::{MOST, Round};
pub(crate) use tick::{millis, moment};
pub(crate) use timetable::Timetable;

/// What becomes of ticks at which nobody was there to fire them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Missed {
    /// They are passed over, unless they are late by less than a minute.
    Skip,
    /// The last of them is fired, and counts the others.
    #[default]
    Once,
    /// Each is fired, in order, up to the last thousand.
    All,
}

impl Missed {
    /// The word for it in `#[job]`, and in a store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Once => "once",
            Self::All => "all",
        }
    }
}

/// What becomes of a tick while the last firing still waits, runs, or waits for its retry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Overlap {
    /// It is fired.
    #[default]
    Allow,
    /// It is passed over.
    Skip,
}

impl Overlap {
    /// The word for it in `#[job]`, and in a store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Skip => "skip",
        }
    }
}

/// What an engine is told of a schedule: those that keep it show it to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// The expression, as it was written.
    pub expression: &'static str,
    /// The time zone whose times are meant.
    pub zone: &'static str,
    /// What becomes of missed ticks.
    pub missed: Missed,
    /// What becomes of a tick while the last firing has not ended.
    pub overlap: Overlap,
}

/// When a job runs by itself: [`Run::CRON`](crate::Run::CRON). `#[job(cron = "…")]` writes it.
///
/// ```
/// use job_orch::cron::{Missed, Overlap};
/// use job_orch::{Run, job};
///
/// #[job(cron = "@daily", overlap = skip)]
/// async fn report() {}
///
/// let cron = Report::CRON.unwrap();
/// assert_eq!((cron.expression, cron.zone), ("@daily", "UTC"));
/// assert_eq!((cron.missed, cron.overlap), (Missed::Once, Overlap::Skip));
/// ```
#[non_exhaustive]
pub struct Cron<R> {
    /// The expression, as it was written.
    pub expression: &'static str,
    /// The time zone whose times are meant.
    pub zone: &'static str,
    /// What becomes of missed ticks.
    pub missed: Missed,
    /// What becomes of a tick while the last firing has not ended.
    pub overlap: Overlap,
    pub(crate) fields: Fields,
    make: fn(Tick) -> R,
}

impl<R> Cron<R> {
    /// By the clocks of another zone.
    #[doc(hidden)]
    #[must_use]
    pub const fn tz(mut self, zone: &'static str) -> Self {
        self.zone = zone;
        self
    }

    /// With another answer to missed ticks.
    #[must_use]
    pub const fn missed(mut self, missed: Missed) -> Self {
        self.missed = missed;
        self
    }

    /// With another answer to a tick while the last firing has not ended.
    #[must_use]
    pub const fn overlap(mut self, overlap: Overlap) -> Self {
        self.overlap = overlap;
        self
    }

    /// What an engine is told of it.
    pub(crate) const fn plan(&self) -> Plan {
        let Self { expression, zone, missed, overlap, .. } = *self;
        Plan { expression, zone, missed, overlap }
    }

    /// The request of a tick.
    pub(crate) fn request(&self, tick: Tick) -> R {
        (self.make)(tick)
    }
}

/// A schedule in UTC that was read from this expression: what `#[job]` writes.
#[doc(hidden)]
#[must_use]
pub const fn cron<R: FromTick>(expression: &'static str, fields: Fields) -> Cron<R> {
    let (missed, overlap) = (Missed::Once, Overlap::Allow);
    Cron { expression, zone: "UTC", missed, overlap, fields, make: R::from_tick }
}

// Not derived: that would ask the same of `R`.
impl<R> Clone for Cron<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Cron<R> {}

impl<R> fmt::Debug for Cron<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cron")
            .field("expression", &self.expression)
            .field("zone", &self.zone)
            .field("missed", &self.missed)
            .field("overlap", &self.overlap)
            .finish_non_exhaustive()
    }
}

/// The schedule of a hosted job: what [`Orchestrator::schedules`](crate::Orchestrator::schedules) lists.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Schedule {
    /// The job's name.
    pub job: &'static str,
    /// The expression.
    pub expression: &'static str,
    /// The time zone.
    pub zone: &'static str,
    /// What becomes of missed ticks.
    pub missed: Missed,
    /// What becomes of a tick while the last firing has not ended.
    pub overlap: Overlap,
    /// The last tick that is known here to be fired or passed over; before the first one, when the schedule began.
    pub last: SystemTime,
    /// The next tick; none if the calendar of the library ends before it.
    pub next: Option<SystemTime>,
}
