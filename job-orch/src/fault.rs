//! Named points at which a test may have the process die, or pause: `fault!("before_commit")`. Nothing unless the feature
//! `failpoints` is on.

/// Marks a point at which a process may be told to die or to pause.
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

/// Where to pause, each time, and for how many milliseconds: `JOB_ORCH_PAUSE=before_sync:5` is a slow disk.
#[cfg(feature = "failpoints")]
const PAUSE: &str = "JOB_ORCH_PAUSE";

/// Pauses if it is told to, and dies if it is told to, as if it was killed.
#[cfg(feature = "failpoints")]
pub(crate) fn strike(point: &'static str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    type Told = OnceLock<Option<(String, AtomicU64)>>;
    static DEATH: Told = OnceLock::new();
    static PAUSES: Told = OnceLock::new();
    let told = |cell: &'static Told, variable: &str| {
        let read = || {
            let told = std::env::var(variable).ok()?;
            let (name, number) = told.split_once(':')?;
            Some((name.to_owned(), AtomicU64::new(number.parse().ok()?)))
        };
        cell.get_or_init(read).as_ref().filter(|(name, _)| name == point).map(|(_, number)| number)
    };
    if let Some(millis) = told(&PAUSES, PAUSE) {
        std::thread::sleep(Duration::from_millis(millis.load(Ordering::Relaxed)));
    }
    if let Some(left) = told(&DEATH, VARIABLE)
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
