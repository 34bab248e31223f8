//! A short share of `scripts/soak`: processes on one file are killed, stopped and cut off from the power, and the history of it
//! all is judged.

use std::process::{Command, Output, Stdio};

fn soak(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_soak")).arg("sqlite").args(words).output().unwrap()
}

#[track_caller]
fn holds(output: &Output) {
    let (told, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}\n{said}");
    print!("{told}");
}

#[test]
fn what_was_accepted_ends_once_whoever_is_killed() {
    holds(&soak(&["--kills", "25", "--points", "1", "--stops", "3"]));
}

#[test]
fn what_was_accepted_is_there_after_a_power_cut() {
    let output = soak(&["--cuts", "5"]);
    if output.status.code() == Some(2) {
        // Loudly: nobody should think that it was proved here.
        eprintln!("SKIPPED: {}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    holds(&output);
}

#[test]
fn processes_that_start_at_once_make_one_store() {
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let start = |name: &str| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_soak"));
            command.arg("child").arg(folder.path().join("jobs.db")).arg(folder.path()).arg(name);
            command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap()
        };
        for mut process in [start("one"), start("two"), start("three")] {
            assert!(process.wait().unwrap().success());
        }
    }
}
