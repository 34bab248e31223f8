//! The coarse clock of a receiver's pace: a few nanoseconds a look, good to a few milliseconds. What users can see of time
//! goes by tokio's clock, which tests can pause.

use std::time::Duration;

/// A moment of the coarse clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tick(Duration);

impl Tick {
    /// How long ago this was: zero if the clock has not moved on since.
    pub(super) fn elapsed(self) -> Duration {
        now().0.saturating_sub(self.0)
    }
}

#[cfg(target_os = "linux")]
#[inline]
pub(super) fn now() -> Tick {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse);
    Tick(Duration::new(now.tv_sec.cast_unsigned(), u32::try_from(now.tv_nsec).unwrap_or(0)))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn now() -> Tick {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    Tick(START.get_or_init(std::time::Instant::now).elapsed())
}
