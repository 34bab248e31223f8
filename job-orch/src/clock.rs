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
