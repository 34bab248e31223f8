//! Named points at which a test may have the process die: `fault!("before_commit")`. Nothing unless the feature `failpoints`
//! is on.

/// Marks a point at which a process may be told to die.
#[cfg(feature = "failpoints")]
macro_rules! fault {
    ($point:literal) => {
        $crate::fault::strike($point)
    };
}

/// Nothing.
#[cfg(not(feature = "failpoints"))]
macro_rules! fault {
    ($point:literal) => {};
}

pub(crate) use fault;

/// Where to die, in the environment: `JOB_ORCH_FAULT=before_commit:12` is the twelfth time that the point is passed.
#[cfg(feature = "failpoints")]
const VARIABLE: &str = "JOB_ORCH_FAULT";

/// Dies if it is told to, as if it was killed.
#[cfg(feature = "failpoints")]
pub(crate) fn strike(point: &'static str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static TOLD: OnceLock<Option<(String, AtomicU64)>> = OnceLock::new();
    let told = TOLD.get_or_init(|| {
        let told = std::env::var(VARIABLE).ok()?;
        let (name, times) = told.split_once(':')?;
        Some((name.to_owned(), AtomicU64::new(times.parse().ok()?)))
    });
    if let Some((name, left)) = told
        && name == point
        && left.fetch_sub(1, Ordering::Relaxed) == 1
    {
        die();
    }
}

#[cfg(all(feature = "failpoints", target_os = "linux"))]
fn die() {
    use rustix::process::{Signal, getpid, kill_process};
    let _ = kill_process(getpid(), Signal::KILL);
    // It comes soon, and nothing is to happen until then.
    loop {
        std::thread::park();
    }
}

#[cfg(all(feature = "failpoints", not(target_os = "linux")))]
fn die() {
    std::process::abort();
}
