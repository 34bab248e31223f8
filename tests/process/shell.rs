//! Small programs, and what the system says of them.

use std::time::{Duration, Instant};

use job_orch::JobId;
use job_orch::process::{Coordinator, Output, OutputError, Program};
use job_orch_tests::within_a_minute;

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
    while let Some(blob) = within_a_minute(output.next()).await {
        read.extend_from_slice(&blob.unwrap());
    }
    read
}

/// Reads what a subscriber can, out of what was written altogether. Each byte must be the one at its place, and what is not
/// read must be told as missed. Returns how much was missed.
pub(crate) async fn check(mut output: Output, all: &[u8]) -> usize {
    let (mut place, mut missed) = (0, 0);
    while let Some(blob) = within_a_minute(output.next()).await {
        match blob {
            Ok(blob) => {
                assert!(all[place..].starts_with(&blob), "{} bytes at {place}", blob.len());
                place += blob.len();
            }
            Err(OutputError::Missed { bytes }) => {
                place += bytes as usize;
                missed += bytes as usize;
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(place, all.len());
    missed
}

/// The first line that a process writes to standard output.
pub(crate) async fn first_line(processes: &Coordinator, id: JobId) -> String {
    let line = within_a_minute(processes.stdout(id).unwrap().lines().next()).await.unwrap().unwrap();
    line.text().into_owned()
}

/// Whether a process of this number runs. One that is dead and not reaped does not.
pub(crate) fn runs(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

/// Waits until no process of this number runs.
pub(crate) fn is_gone(pid: &str) -> bool {
    let begun = Instant::now();
    while runs(pid) {
        if begun.elapsed() > Duration::from_secs(10) {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}

/// Bytes that look like nothing else.
pub(crate) fn noise(count: usize) -> Vec<u8> {
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    let next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(count).collect()
}
