//! Small programs.

use job_orch::JobId;
use job_orch::process::{Coordinator, Output, Program};

/// A script for `sh`.
pub(crate) fn sh(script: &str) -> Program {
    Program::new("/bin/sh").args(["-c", script])
}

/// Starts a script.
pub(crate) async fn start(processes: &Coordinator, script: &str) -> JobId {
    processes.start(sh(script)).await.unwrap()
}

/// All that a subscriber reads.
pub(crate) async fn read(mut output: Output) -> Vec<u8> {
    let mut read = Vec::new();
    while let Some(blob) = output.next().await {
        read.extend_from_slice(&blob.unwrap());
    }
    read
}
