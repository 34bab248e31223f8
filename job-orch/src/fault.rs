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

/// Whether an operation of this name is to fail.
#[cfg(all(feature = "failpoints", feature = "sqlite"))]
macro_rules! fails {
    ($operation:literal) => {
        $crate::fault::is_to_fail($operation)
    };
}

/// It is not.
#[cfg(all(not(feature = "failpoints"), feature = "sqlite"))]
macro_rules! fails {
    ($operation:literal) => {
        false
    };
}

#[cfg(feature = "sqlite")]
pub(crate) use fails;
pub(crate) use fault;

/// Where to die, in the environment: `JOB_ORCH_FAULT=before_commit:12` is the twelfth time that the point is passed.
#[cfg(feature = "failpoints")]
const VARIABLE: &str = "JOB_ORCH_FAULT";

/// Where to pause, each time, and for how many milliseconds: `JOB_ORCH_PAUSE=before_sync:5` is a slow disk.
#[cfg(feature = "failpoints")]
const PAUSE: &str = "JOB_ORCH_PAUSE";

/// What is to fail, and the how-many-eth time: `JOB_ORCH_FAIL=sync:10`.
#[cfg(all(feature = "failpoints", feature = "sqlite"))]
const FAILURE: &str = "JOB_ORCH_FAIL";

/// A variable, once it was read: a name and a number.
#[cfg(feature = "failpoints")]
type Told = std::sync::OnceLock<Option<(String, std::sync::atomic::AtomicU64)>>;

/// The number that a variable has with this name.
#[cfg(feature = "failpoints")]
fn told(cell: &'static Told, variable: &str, name: &str) -> Option<&'static std::sync::atomic::AtomicU64> {
    let read = || {
        let told = std::env::var(variable).ok()?;
        let (name, number) = told.split_once(':')?;
        Some((name.to_owned(), number.parse::<u64>().ok()?.into()))
    };
    cell.get_or_init(read).as_ref().filter(|(known, _)| known == name).map(|(_, number)| number)
}

/// Pauses if it is told to, and dies if it is told to, as if it was killed.
#[cfg(feature = "failpoints")]
pub(crate) fn strike(point: &'static str) {
    use std::sync::atomic::Ordering;
    static DEATH: Told = Told::new();
    static PAUSES: Told = Told::new();
    if let Some(millis) = told(&PAUSES, PAUSE, point) {
        std::thread::sleep(std::time::Duration::from_millis(millis.load(Ordering::Relaxed)));
    }
    if told(&DEATH, VARIABLE, point).is_some_and(|left| left.fetch_sub(1, Ordering::Relaxed) == 1) {
        die();
    }
}

/// Whether this operation is told to fail now.
#[cfg(all(feature = "failpoints", feature = "sqlite"))]
pub(crate) fn is_to_fail(operation: &'static str) -> bool {
    use std::sync::atomic::Ordering;
    static FAILURES: Told = Told::new();
    let fails = told(&FAILURES, FAILURE, operation).is_some_and(|left| left.fetch_sub(1, Ordering::Relaxed) == 1);
    if fails {
        // Its test sees by that what was told before, and what after. In one piece, for others write there too.
        let told = format!("told to fail: {operation}\n");
        let _ = std::io::Write::write_all(&mut std::io::stderr(), told.as_bytes());
    }
    fails
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
