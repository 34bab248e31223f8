//! Processes: starting them, awaiting them, reading and writing.
#![cfg(target_os = "linux")]

use job_orch::process::{Coordinator, Keep, Program, StartError};
use job_orch_tests::{cut_off, within_a_minute};

fn sh(script: &str) -> Program {
    Program::new("/bin/sh").args(["-c", script])
}

#[tokio::test]
async fn a_start_that_is_dropped_has_started_nothing() {
    for polls in 0..4 {
        let processes = Coordinator::options().running(1).waiting(1).build();
        let first = processes.start(sh("sleep 1000")).await.unwrap();
        assert!(cut_off(polls, processes.start(sh("sleep 1000"))).await.is_none());
        assert_eq!(processes.ids(), [first]);
        assert!(cut_off(polls, processes.attach(sh("sleep 1000"))).await.is_none());
        assert!(cut_off(polls, processes.start_reading(sh("sleep 1000"))).await.is_none());
        assert_eq!(processes.ids(), [first], "and its place in the line was free");
        processes.kill(first).unwrap();
        within_a_minute(processes.start(sh("true"))).await.unwrap();
    }
}

/// With a control group, a thread starts the process: what it has started meanwhile is killed.
#[tokio::test]
async fn a_contained_start_that_is_dropped_leaves_nothing_that_runs() {
    for polls in 0..4 {
        let processes = Coordinator::options().contain().build();
        drop(cut_off(polls, processes.start(sh("sleep 0.01; exit 0"))).await);
        within_a_minute(processes.drain()).await;
    }
}

/// A process that writes many bytes, and waits for its one subscriber.
async fn writer(file: u64, bytes: &[u8]) -> (Coordinator, job_orch::JobId) {
    let keep = Keep::usual().memory(64 << 10).file(file).wait_for_subscribers();
    let processes = Coordinator::options().keep(keep).build();
    let id = processes.start(Program::new("/bin/cat").stdin_bytes(bytes.to_vec())).await.unwrap();
    (processes, id)
}

#[tokio::test]
async fn a_reader_that_is_dropped_has_lost_no_byte() {
    let bytes: Vec<u8> = (0..400_000_u32).flat_map(u32::to_be_bytes).collect();
    for (file, polls) in [(0, 0), (0, 1), (0, 2), (1 << 20, 1), (1 << 20, 2), (1 << 20, 3)] {
        let (processes, id) = writer(file, &bytes).await;
        let (mut output, mut read) = (processes.stdout(id).unwrap(), Vec::new());
        loop {
            let blob = match cut_off(polls, output.next()).await {
                Some(blob) => blob,
                None => within_a_minute(output.next()).await,
            };
            let Some(blob) = blob else { break };
            read.extend_from_slice(&blob.unwrap());
        }
        assert!(read == bytes);
    }
}

#[tokio::test]
async fn a_reader_of_lines_that_is_dropped_has_lost_none() {
    let bytes: Vec<u8> = (0..100_000_u32).flat_map(|number| format!("{number}\n").into_bytes()).collect();
    for polls in 0..3 {
        let (processes, id) = writer(0, &bytes).await;
        let mut lines = processes.stdout(id).unwrap().lines();
        for number in 0..100_000 {
            let line = match cut_off(polls, lines.next()).await {
                Some(line) => line,
                None => within_a_minute(lines.next()).await,
            };
            assert_eq!(line.unwrap().unwrap().bytes, format!("{number}"));
        }
    }
}

#[tokio::test]
async fn a_wait_that_is_dropped_changes_nothing() {
    for polls in 0..4 {
        let processes = Coordinator::new();
        let id = processes.start(sh("sleep 0.05; exit 3").stdin_written()).await.unwrap();
        let _ = cut_off(polls, processes.wait(id)).await;
        let _ = cut_off(polls, processes.close_stdin(id)).await;
        let _ = cut_off(polls, processes.drain()).await;
        assert_eq!(within_a_minute(processes.wait(id)).await.unwrap().status.exit_code(), Some(3));
        if polls > 0 {
            assert!(matches!(processes.start(sh("true")).await, Err(StartError::Closed)));
        }
        let _ = cut_off(polls, processes.shutdown()).await;
        within_a_minute(processes.shutdown()).await;
    }
}
