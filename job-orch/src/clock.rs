//! The coarse clock of ids: a few nanoseconds a look, good to a few milliseconds. What users can see of time goes by tokio's
//! clock, which tests can pause.

/// Milliseconds since 1970.
#[cfg(target_os = "linux")]
#[inline]
pub(crate) fn unix_millis() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
    // A clock before 1970 is a wrong one, and an id is an id.
    now.tv_sec.cast_unsigned().wrapping_mul(1_000).wrapping_add(now.tv_nsec.cast_unsigned() / 1_000_000)
}

/// Milliseconds since 1970.
#[cfg(not(target_os = "linux"))]
pub(crate) fn unix_millis() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Since the machine was started: the same in all its processes, and never set.
#[cfg(all(feature = "testing", target_os = "linux"))]
pub(crate) fn since_boot() -> std::time::Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    std::time::Duration::new(now.tv_sec.cast_unsigned(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// Where there is no such clock, the system's.
#[cfg(all(feature = "testing", not(target_os = "linux")))]
pub(crate) fn since_boot() -> std::time::Duration {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}

/// What the clock on the wall shows, in milliseconds since 1970. It goes with tokio's: where a test has stopped that one, it
/// stands, and where the test has moved it on, so is this.
#[cfg(feature = "cron")]
pub(crate) fn wall_millis() -> i64 {
    let (system, real) = (std::time::SystemTime::now(), std::time::Instant::now());
    let tokio = tokio::time::Instant::now().into_std();
    let ahead = tokio.saturating_duration_since(real).as_millis();
    let behind = real.saturating_duration_since(tokio).as_millis();
    let signed = |millis: u128| i64::try_from(millis).unwrap_or(i64::MAX);
    crate::cron::millis(system).saturating_add(signed(ahead)).saturating_sub(signed(behind))
}
