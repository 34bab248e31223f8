//! What processes read.

use job_orch::process::{Coordinator, ProcessError, Program};
use job_orch_tests::within_a_minute;

use crate::shell::{noise, read, sh, start};

#[tokio::test]
async fn bytes_are_read_to_their_end() {
    let processes = Coordinator::new();
    let bytes = noise(500_000);
    let id = processes.start(Program::new("/bin/cat").stdin_bytes(bytes.clone())).await.unwrap();
    assert!(read(processes.stdout(id).unwrap()).await == bytes);
    let id = processes.start(sh("exit 0").stdin_bytes(bytes)).await.unwrap();
    assert!(within_a_minute(processes.wait(id)).await.unwrap().status.is_success(), "reading is its own choice");
}

#[tokio::test]
async fn one_answers_what_it_is_written() {
    let processes = Coordinator::new();
    let script = sh("while read -r line; do echo \"<$line>\"; done").stdin_written();
    let id = processes.start(script).await.unwrap();
    let mut lines = processes.stdout(id).unwrap().lines();
    for text in ["one", "two"] {
        processes.write(id, format!("{text}\n")).await.unwrap();
        let line = within_a_minute(lines.next()).await.unwrap().unwrap();
        assert_eq!(line.text(), format!("<{text}>"));
    }
    processes.close_stdin(id).await.unwrap();
    assert!(within_a_minute(processes.wait(id)).await.unwrap().status.is_success());
}

#[tokio::test]
async fn one_that_reads_nothing_says_so() {
    let processes = Coordinator::new();
    let id = start(&processes, "cat; sleep 1000").await;
    assert!(matches!(processes.write(id, "x").await, Err(ProcessError::NoInput { .. })));
    let closed = processes.start(sh("exec <&-; echo closed; sleep 1000").stdin_written()).await.unwrap();
    within_a_minute(processes.stdout(closed).unwrap().next()).await.unwrap().unwrap();
    // A process that another test is just starting has its input for a moment too.
    let refused = within_a_minute(async {
        loop {
            if let Err(error) = processes.write(closed, "x").await {
                return error;
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    });
    assert!(matches!(refused.await, ProcessError::NoInput { .. }));
    processes.kill(closed).unwrap();
    within_a_minute(processes.wait(closed)).await.unwrap();
    assert!(matches!(processes.write(closed, "x").await, Err(ProcessError::Ended { .. })));
}
