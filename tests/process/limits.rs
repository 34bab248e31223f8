//! What processes may use.

use std::time::{Duration, Instant};

use job_orch::process::{Cause, Coordinator, Limits, Status};
use job_orch_tests::within_a_minute;

use crate::shell::{read, sh};

#[tokio::test]
async fn time_is_limited() {
    let processes = Coordinator::options().grace(Duration::from_millis(200)).build();
    let begun = Instant::now();
    let limits = Limits::none().time(Duration::from_millis(300));
    let id = processes.start(sh("trap '' TERM; while :; do sleep 1000; done").limits(limits)).await.unwrap();
    let ended = within_a_minute(processes.wait(id)).await.unwrap();
    assert_eq!((ended.status, ended.cause), (Status::Killed { signal: 9 }, Cause::TimeLimit));
    assert!(begun.elapsed() >= Duration::from_millis(500));
}

#[tokio::test]
async fn a_time_that_no_clock_can_count_is_no_limit() {
    let processes = Coordinator::new();
    let id = processes.start(sh("sleep 0.2; exit 3").limits(Limits::none().time(Duration::MAX))).await.unwrap();
    let ended = within_a_minute(processes.wait(id)).await.unwrap();
    assert_eq!((ended.status, ended.cause), (Status::Exited { code: 3 }, Cause::Itself));
}

#[tokio::test]
async fn the_system_limits_what_it_can() {
    let usual = Limits::none().memory(200 << 20).files(20).file_size(1000).processes(777).cpu(Duration::from_secs(7));
    let processes = Coordinator::options().limits(usual).build();
    // It looks when the limits are set for certain.
    let script =
        "sleep 0.2; ulimit -v; ulimit -n; ulimit -f; ulimit -t; ulimit -c; grep 'Max processes' /proc/self/limits";
    let id = processes.start(sh(script).limits(Limits::none().files(30))).await.unwrap();
    let told = String::from_utf8(read(processes.stdout(id).unwrap()).await).unwrap();
    // `ulimit -f` counts half a KiB or one, by the shell.
    let told: Vec<_> = told.lines().collect();
    assert_eq!((told[0], told[1], told[3], told[4]), ("204800", "30", "7", "0"), "{told:?}");
    assert_eq!(told[5].split_whitespace().nth(2), Some("777"), "{told:?}");
}

#[tokio::test]
async fn one_that_takes_too_much_memory_fails_by_itself() {
    let processes = Coordinator::new();
    let limits = Limits::none().memory(100 << 20);
    let script = "sleep 0.2; head -c 300000000 /dev/zero | tail -c 300000000 >/dev/null";
    let id = processes.start(sh(script).limits(limits)).await.unwrap();
    let ended = within_a_minute(processes.wait(id)).await.unwrap();
    assert!(!ended.status.is_success(), "{ended}");
}

#[tokio::test]
async fn a_busy_process_is_ended_after_its_time() {
    let processes = Coordinator::new();
    let limits = Limits::none().cpu(Duration::from_secs(1));
    let id = processes.start(sh("while :; do :; done").limits(limits)).await.unwrap();
    let ended = within_a_minute(processes.wait(id)).await.unwrap();
    assert_eq!(ended.status, Status::Killed { signal: 24 }, "{ended}");
}
