//! How many run, wait, and are remembered.

use std::time::Duration;

use job_orch::process::{Coordinator, StartError, Status, Unknown};
use job_orch_tests::within_a_minute;

use crate::shell::{read, sh, start};

#[tokio::test]
async fn what_is_too_much_waits_in_line_and_what_is_too_long_is_refused() {
    let processes = Coordinator::options().running(1).waiting(2).build();
    let first = start(&processes, "sleep 1000").await;
    let waiting = |script: &'static str| {
        let processes = processes.clone();
        tokio::spawn(async move { start(&processes, script).await })
    };
    let (second, third) = (waiting("echo second"), waiting("echo third"));
    tokio::time::sleep(Duration::from_millis(100)).await;
    let refused = processes.start(sh("true")).await.unwrap_err();
    assert!(matches!(refused, StartError::Full { running: 1, waiting: 2 }), "{refused}");
    assert!(refused.is_retryable());
    assert_eq!(processes.ids(), [first]);
    processes.kill(first).unwrap();
    let (second, third) = (within_a_minute(second).await.unwrap(), within_a_minute(third).await.unwrap());
    assert!(second < third, "first come, first served");
    assert_eq!(read(processes.stdout(third).unwrap()).await, b"third\n");
}

#[tokio::test]
async fn one_that_no_longer_wants_to_start_leaves_the_line() {
    let processes = Coordinator::options().running(1).waiting(1).build();
    let first = start(&processes, "sleep 1000").await;
    for _ in 0..3 {
        let impatient = tokio::time::timeout(Duration::from_millis(20), processes.start(sh("true"))).await;
        assert!(impatient.is_err(), "the place of the one before is free again");
    }
    processes.kill(first).unwrap();
    within_a_minute(processes.start(sh("true"))).await.unwrap();
}

#[tokio::test]
async fn what_has_ended_is_forgotten_after_its_time() {
    let processes = Coordinator::options().remember(Duration::from_millis(300), 100).build();
    let id = start(&processes, "echo out").await;
    let mut output = processes.stdout(id).unwrap();
    within_a_minute(processes.wait(id)).await.unwrap();
    assert_eq!(processes.status(id), Ok(Status::Exited { code: 0 }));
    within_a_minute(async {
        while processes.status(id).is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    assert_eq!(processes.wait(id).await, Err(Unknown { id }));
    assert_eq!(output.next().await.unwrap().unwrap().bytes, "out\n", "who reads it may read on");
}

#[tokio::test]
async fn no_more_are_remembered_than_are_to_be() {
    let processes = Coordinator::options().remember(Duration::from_secs(3600), 3).build();
    let mut ids = Vec::new();
    for _ in 0..5 {
        let id = start(&processes, "true").await;
        within_a_minute(processes.wait(id)).await.unwrap();
        ids.push(id);
    }
    // The last end is told a moment before the earliest is forgotten.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(processes.ids(), ids[2..]);
    processes.forget(ids[3]).unwrap();
    assert_eq!(processes.forget(ids[3]), Err(Unknown { id: ids[3] }));
    assert_eq!(processes.ids(), [ids[2], ids[4]]);
    let running = start(&processes, "sleep 1000").await;
    assert_eq!(processes.forget(running), Err(Unknown { id: running }), "one that runs is not forgotten");
}
