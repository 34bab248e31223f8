//! Starting, asking, stopping, waiting.

use std::time::{Duration, Instant};

use job_orch::JobId;
use job_orch::process::{Cause, Coordinator, ProcessError, StartError, Status, Unknown};
use job_orch_tests::within_a_minute;

use crate::shell::{read, sh, start};

#[tokio::test]
async fn both_outputs_and_the_end_are_told() {
    let processes = Coordinator::new();
    let id = start(&processes, "echo out; echo err >&2; exit 3").await;
    let (stdout, stderr) = (processes.stdout(id).unwrap(), processes.stderr(id).unwrap());
    assert_eq!(within_a_minute(read(stdout)).await, b"out\n");
    assert_eq!(within_a_minute(read(stderr)).await, b"err\n");
    let ended = within_a_minute(processes.wait(id)).await.unwrap();
    assert_eq!((ended.status, ended.cause, ended.written), (Status::Exited { code: 3 }, Cause::Itself, 8));
    assert_eq!(processes.status(id), Ok(Status::Exited { code: 3 }));
}

#[tokio::test]
async fn one_who_comes_late_reads_from_the_beginning() {
    let processes = Coordinator::new();
    let id = start(&processes, "echo one; echo two >&2; echo three").await;
    within_a_minute(processes.wait(id)).await.unwrap();
    assert_eq!(read(processes.stdout(id).unwrap()).await, b"one\nthree\n");
    assert_eq!(read(processes.output(id).unwrap()).await.len(), 14);
}

#[tokio::test]
async fn what_runs_is_running_until_a_signal_ends_it() {
    let processes = Coordinator::new();
    let id = start(&processes, "sleep 1000").await;
    assert_eq!(processes.status(id), Ok(Status::Running));
    processes.stop(id).unwrap();
    let ended = within_a_minute(processes.wait(id)).await.unwrap();
    assert_eq!((ended.status, ended.cause), (Status::Killed { signal: 15 }, Cause::Stopped));
    let id = start(&processes, "sleep 1000").await;
    processes.kill(id).unwrap();
    assert_eq!(within_a_minute(processes.wait(id)).await.unwrap().status, Status::Killed { signal: 9 });
}

#[tokio::test]
async fn stopping_what_has_ended_differs_from_stopping_what_nobody_knows() {
    let processes = Coordinator::new();
    let id = start(&processes, "exit 4").await;
    within_a_minute(processes.wait(id)).await.unwrap();
    let error = processes.stop(id).unwrap_err();
    assert!(matches!(error, ProcessError::Ended { status: Status::Exited { code: 4 }, .. }), "{error}");
    let nobody = JobId::new();
    assert!(matches!(processes.stop(nobody), Err(ProcessError::Unknown(Unknown { id })) if id == nobody));
    assert!(matches!(processes.kill(nobody), Err(ProcessError::Unknown(_))));
    assert_eq!(processes.status(nobody), Err(Unknown { id: nobody }));
}

#[tokio::test]
async fn what_cannot_be_started_is_an_error() {
    let processes = Coordinator::new();
    let start = |program| processes.start(program);
    let no_program = start(job_orch::process::Program::new("no-such-program")).await;
    assert!(matches!(no_program, Err(StartError::NotFound { .. })), "{no_program:?}");
    let a_folder = start(job_orch::process::Program::new("/tmp")).await;
    assert!(matches!(a_folder, Err(StartError::NotFound { .. })), "{a_folder:?}");
    let no_folder = start(sh("true").directory("/no/such/folder")).await;
    assert!(matches!(no_folder, Err(StartError::Io { .. })), "{no_folder:?}");
    let nul = start(sh("true").arg("a\0b")).await;
    assert!(matches!(nul, Err(StartError::Unfit { .. })), "{nul:?}");
    assert_eq!(processes.ids(), []);
}

#[tokio::test]
async fn a_process_that_ignores_the_request_is_killed_after_the_grace() {
    let processes = Coordinator::options().grace(Duration::from_millis(300)).build();
    let id = start(&processes, "trap '' TERM; echo ready; while :; do sleep 1000; done").await;
    within_a_minute(processes.stdout(id).unwrap().next()).await.unwrap().unwrap();
    let begun = Instant::now();
    processes.stop(id).unwrap();
    let ended = within_a_minute(processes.wait(id)).await.unwrap();
    assert_eq!(ended.status, Status::Killed { signal: 9 });
    assert!(begun.elapsed() >= Duration::from_millis(300));
}
