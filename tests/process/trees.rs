//! Processes that start others, and do not want to end.

use std::time::Duration;

use job_orch::process::{Cause, Coordinator, Status};
use job_orch_tests::within_a_minute;

use crate::shell::{first_line, is_gone, read, runs, start};

const GRACE: Duration = Duration::from_millis(300);

fn coordinator() -> Coordinator {
    Coordinator::options().grace(GRACE).build()
}

/// One that would be seen to wait for what lingers.
fn patient() -> Coordinator {
    Coordinator::options().grace(GRACE).linger(Duration::from_secs(3600)).build()
}

/// Stops what a script has started, and sees that all of it is gone in time. It prints the numbers of its processes first.
async fn stopped(script: &str) -> Status {
    let processes = patient();
    let id = start(&processes, script).await;
    let line = first_line(&processes, id).await;
    processes.stop(id).unwrap();
    let ended = within_a_minute(processes.wait(id)).await.unwrap();
    assert_eq!(ended.cause, Cause::Stopped);
    for pid in line.split(' ') {
        assert!(is_gone(pid), "{pid} survives");
    }
    ended.status
}

#[tokio::test]
async fn children_end_with_their_parent() {
    assert_eq!(stopped("sleep 1000 & echo $$ $!; wait").await, Status::Killed { signal: 15 });
}

#[tokio::test]
async fn a_tree_that_ignores_the_request_is_killed() {
    let script = "trap '' TERM; sh -c 'sleep 1000; sleep 1000' & echo $$ $!; sleep 1000; sleep 1000";
    assert_eq!(stopped(script).await, Status::Killed { signal: 9 });
}

#[tokio::test]
async fn a_parent_that_obeys_takes_the_child_with_it_that_does_not() {
    let script = "sh -c \"trap '' TERM; while :; do sleep 1000; done\" & trap 'exit 5' TERM; echo $$ $!; wait";
    assert_eq!(stopped(script).await, Status::Exited { code: 5 });
}

#[tokio::test]
async fn one_that_is_suspended_is_killed() {
    // Its child says so once it is.
    let status = stopped("sh -c 'kill -STOP $PPID; echo $PPID; exec sleep 1000'; sleep 1000").await;
    assert_eq!(status, Status::Killed { signal: 9 });
}

#[tokio::test]
async fn what_is_left_behind_ends_too() {
    let processes = patient();
    let id = start(&processes, "sleep 1000 >/dev/null 2>&1 & echo $!; exit 0").await;
    let pid = first_line(&processes, id).await;
    // Nobody waits for what says nothing.
    assert!(within_a_minute(processes.wait(id)).await.unwrap().status.is_success());
    assert!(is_gone(&pid));
}

#[tokio::test]
async fn what_is_left_behind_may_say_what_it_has_to_say() {
    let processes = coordinator();
    let id = start(&processes, "(sleep 0.2; echo late) & echo early").await;
    assert_eq!(read(processes.stdout(id).unwrap()).await, b"early\nlate\n");
    let id = start(&processes, "sleep 1000 & echo $!").await;
    let pid = first_line(&processes, id).await;
    let ended = within_a_minute(processes.wait(id)).await.unwrap();
    assert!(ended.took < Duration::from_secs(3), "{ended:?}");
    assert!(is_gone(&pid), "but not for ever");
}

#[tokio::test]
async fn one_that_has_closed_its_output_runs_on() {
    let processes = coordinator();
    let id = start(&processes, "echo $$; exec >&- 2>&-; sleep 1000").await;
    let output = within_a_minute(read(processes.stdout(id).unwrap()));
    // The output ends, when its process does.
    let pid = first_line(&processes, id).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(processes.status(id).unwrap(), Status::Running);
    assert!(runs(&pid));
    processes.kill(id).unwrap();
    assert_eq!(output.await, format!("{pid}\n").into_bytes());
    assert_eq!(within_a_minute(processes.wait(id)).await.unwrap().status, Status::Killed { signal: 9 });
}

#[tokio::test]
async fn one_who_left_the_group_and_holds_the_output_holds_nobody_up() {
    let processes = coordinator();
    let id = start(&processes, "setsid sleep 1000 & echo $!; sleep 0.1").await;
    let pid = first_line(&processes, id).await;
    let ended = within_a_minute(processes.wait(id)).await.unwrap();
    assert!(ended.took < Duration::from_secs(3), "{ended:?}");
    // Nobody but a cgroup could find it.
    if runs(&pid) {
        assert!(std::process::Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
    }
}

#[tokio::test]
async fn an_end_by_a_signal_is_told() {
    let processes = coordinator();
    for (name, signal) in [("TERM", 15), ("KILL", 9), ("SEGV", 11), ("USR1", 10)] {
        let id = start(&processes, &format!("kill -{name} $$")).await;
        let ended = within_a_minute(processes.wait(id)).await.unwrap();
        assert_eq!((ended.status, ended.cause), (Status::Killed { signal }, Cause::Itself));
        assert_eq!(ended.status.exit_code(), Some(128 + signal));
    }
}

/// By a mark in its environment, and by a control group where one can be had: this one may be off before it is in there.
#[tokio::test]
async fn s10_one_who_left_the_group_is_caught() {
    let processes = Coordinator::options().grace(GRACE).contain().build();
    // It has a session of its own, ignores requests, and its parent is gone.
    let stray = "trap \"\" TERM HUP; echo $$; setsid sleep 1000 >/dev/null & sleep 1000; sleep 1000";
    let script = format!("setsid sh -c 'setsid sh -c '\\''{stray}'\\'' & exit 0' & sleep 1000");
    let id = start(&processes, &script).await;
    let pid = first_line(&processes, id).await;
    let children = || {
        let listed = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
        listed.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    while children().len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let all = children();
    processes.stop(id).unwrap();
    within_a_minute(processes.wait(id)).await.unwrap();
    for pid in all.iter().chain([&pid]) {
        assert!(is_gone(pid), "{pid} survives");
    }
    // One that ends by itself leaves nobody either.
    let id = start(&processes, "setsid sleep 1000 >/dev/null 2>&1 & echo $!; sleep 0.1").await;
    let pid = first_line(&processes, id).await;
    assert!(within_a_minute(processes.wait(id)).await.unwrap().status.is_success());
    assert!(is_gone(&pid));
    // Another process of the same coordinator is left alone.
    let (first, second) = (start(&processes, "sleep 1000").await, start(&processes, "sleep 0.1; exit 3").await);
    assert_eq!(within_a_minute(processes.wait(second)).await.unwrap().status.exit_code(), Some(3));
    assert_eq!(processes.status(first).unwrap(), Status::Running);
}
