//! The two clocks of a store: one for what users ask for (delays), one for who is alive (leases).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Later than this is never: some thirty thousand years.
const NEVER: i64 = 1 << 50;

/// The clock of delays and deadlines, in milliseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) enum Clock {
    /// The system's: all processes of a store share it.
    System,
    /// Tokio's, which a test can pause; only inside its runtime.
    #[cfg(feature = "testing")]
    Tokio { base: i64, start: Instant },
}

impl Clock {
    #[cfg(feature = "testing")]
    pub(super) fn of_tokio() -> Self {
        Self::Tokio { base: system_now(), start: Instant::now() }
    }

    pub(super) fn now(self) -> i64 {
        match self {
            Self::System => system_now(),
            #[cfg(feature = "testing")]
            Self::Tokio { base, start } => base + millis(start.elapsed()),
        }
    }

    /// The moment after this time; it never comes too early, so it is rounded up.
    pub(super) fn after(self, delay: Duration) -> i64 {
        self.now().saturating_add(millis(delay)).saturating_add(1).min(NEVER)
    }

    /// When this moment comes by tokio's clock.
    pub(super) fn instant(self, at: i64) -> Instant {
        let left = Duration::from_millis(u64::try_from(at.saturating_sub(self.now())).unwrap_or(0));
        crate::span::from_now(left)
    }

    /// Whether anybody may look now and then: a paused clock would jump from look to look.
    pub(super) const fn polls(self) -> bool {
        matches!(self, Self::System)
    }

    /// The same of a moment of tokio's clock.
    pub(super) fn at(self, instant: Instant) -> i64 {
        self.after(instant.saturating_duration_since(Instant::now()))
    }
}

fn system_now() -> i64 {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

pub(super) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(NEVER).min(NEVER)
}

/// Milliseconds since the machine was started: the same in all its processes, and never set.
#[cfg(target_os = "linux")]
pub(super) fn uptime() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    now.tv_sec.saturating_mul(1000).saturating_add(now.tv_nsec / 1_000_000)
}

/// Which start of the machine [`uptime`] counts from.
#[cfg(target_os = "linux")]
pub(super) fn boot() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|id| id.trim().to_owned()).unwrap_or_default()
}

/// Where there is no such clock, the system's, which may be set: then a lease may end early or late.
#[cfg(not(target_os = "linux"))]
pub(super) fn uptime() -> i64 {
    system_now()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn boot() -> String {
    String::new()
}
