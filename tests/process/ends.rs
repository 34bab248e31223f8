//! The end of a coordinator.

use std::time::Duration;

use job_orch::process::{Cause, Coordinator, StartError};
use job_orch_tests::within_a_minute;

use crate::shell::{first_line, is_gone, sh, start};

#[tokio::test]
async fn a_shutdown_asks_kills_and_waits() {
    let processes = Coordinator::options().grace(Duration::from_millis(300)).running(2).build();
    let obeys = start(&processes, "trap 'exit 0' TERM; echo ready; while :; do sleep 0.02; done").await;
    let ignores = start(&processes, "trap '' TERM; echo ready; while :; do sleep 1000; done").await;
    first_line(&processes, obeys).await;
    first_line(&processes, ignores).await;
    let waits = tokio::spawn({
        let processes = processes.clone();
        async move { processes.start(sh("true")).await }
    });
    tokio::task::yield_now().await;
    within_a_minute(processes.shutdown()).await;
    let (obeyed, ignored) = (processes.wait(obeys).await.unwrap(), processes.wait(ignores).await.unwrap());
    assert_eq!((obeyed.cause, obeyed.status.exit_code()), (Cause::Shutdown, Some(0)));
    assert_eq!((ignored.cause, ignored.status.exit_code()), (Cause::Shutdown, Some(137)));
    assert!(matches!(waits.await.unwrap(), Err(StartError::Closed)));
    assert!(matches!(processes.start(sh("true")).await, Err(StartError::Closed)));
}

#[tokio::test]
async fn a_drain_lets_them_end_by_themselves() {
    let processes = Coordinator::new();
    let id = start(&processes, "sleep 0.3; exit 6").await;
    within_a_minute(processes.drain()).await;
    let ended = processes.wait(id).await.unwrap();
    assert_eq!((ended.cause, ended.status.exit_code()), (Cause::Itself, Some(6)));
}

#[tokio::test]
async fn nothing_outlives_the_last_handle() {
    let processes = Coordinator::new();
    let id = start(&processes, "trap '' TERM; sleep 1000 & echo $! $$; sleep 1000; sleep 1000").await;
    let line = first_line(&processes, id).await;
    let mut output = processes.stdout(id).unwrap();
    drop(processes);
    for pid in line.split(' ') {
        assert!(is_gone(pid), "{pid} survives");
    }
    // Also its output ends.
    while within_a_minute(output.next()).await.is_some() {}
}

#[test]
fn nothing_outlives_the_runtime() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let processes = Coordinator::new();
    let (id, line) = runtime.block_on(async {
        let id = start(&processes, "sleep 1000 & echo $! $$; wait").await;
        (id, first_line(&processes, id).await)
    });
    drop(runtime);
    for pid in line.split(' ') {
        assert!(is_gone(pid), "{pid} survives");
    }
    assert_eq!(processes.status(id).unwrap().exit_code(), Some(137), "{:?}", processes.status(id));
}

#[tokio::test]
async fn a_process_ends_with_who_attends_to_it() {
    let processes = Coordinator::new();
    let attached = processes.attach(sh("echo $$; sleep 1000")).await.unwrap();
    let (id, pid) = (attached.id(), first_line(&processes, attached.id()).await);
    drop(attached);
    assert_eq!(within_a_minute(processes.wait(id)).await.unwrap().cause, Cause::Stopped);
    assert!(is_gone(&pid));
}
