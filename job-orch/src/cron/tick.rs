//! [`Tick`]: a time that has come, and what it becomes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A time at which a job was to run: the request of a cron job, or what its request is made [from](FromTick).
///
/// In a store it reads `{"at":"2026-10-25T01:00:00Z","missed":0}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tick {
    /// When it was due. It may be handled later.
    #[serde(with = "rfc3339")]
    pub at: SystemTime,
    /// How many ticks came since the last firing and were not fired, up to a thousand.
    pub missed: u64,
}

impl Tick {
    /// A tick at this time, for a test, or to run the job beside its schedule.
    #[must_use]
    pub const fn at(at: SystemTime) -> Self {
        Self { at, missed: 0 }
    }

    /// A tick in this moment.
    #[must_use]
    pub fn now() -> Self {
        Self::at(SystemTime::now())
    }

    /// After so many others that were not fired.
    #[must_use]
    pub const fn missed(mut self, missed: u64) -> Self {
        self.missed = missed;
        self
    }
}

/// A request that a tick can be made into.
///
/// ```
/// use job_orch::cron::{FromTick, Tick};
/// use job_orch::job;
///
/// #[derive(Clone)]
/// struct Report { is_final: bool }
///
/// impl FromTick for Report {
///     fn from_tick(_: Tick) -> Self {
///         Self { is_final: true }
///     }
/// }
///
/// #[job(cron = "0 6 * * MON-FRI", tz = "America/New_York")]
/// async fn write_report(report: &Report) -> bool {
///     report.is_final
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a cron job is given the time at which it runs, and `{Self}` cannot be made of that",
    label = "not made of a `Tick`",
    note = "take no request, or `&Tick`; or implement `job_orch::cron::FromTick` for `{Self}`"
)]
pub trait FromTick {
    /// The request.
    fn from_tick(tick: Tick) -> Self;
}

impl FromTick for () {
    fn from_tick(_: Tick) {}
}

impl FromTick for Tick {
    fn from_tick(tick: Self) -> Self {
        tick
    }
}

/// Milliseconds since 1970.
pub(crate) fn millis(at: SystemTime) -> i64 {
    match at.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis),
    }
}

/// The moment so many milliseconds after 1970.
pub(crate) fn moment(millis: i64) -> SystemTime {
    let far = Duration::from_millis(millis.unsigned_abs());
    let moment = if millis < 0 { UNIX_EPOCH.checked_sub(far) } else { UNIX_EPOCH.checked_add(far) };
    moment.unwrap_or(UNIX_EPOCH)
}

/// As people write it, and not as two numbers.
mod rfc3339 {
    use std::time::SystemTime;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(at: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
        // The text would panic before 1970 and after 9999, where no tick is.
        let at = super::moment(super::millis(*at).clamp(0, 253_402_300_799_999));
        serializer.collect_str(&humantime::format_rfc3339(at))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_rfc3339(&text).map_err(D::Error::custom)
    }
}
