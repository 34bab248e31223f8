//! `job-orch run`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::job_orch;

fn run(args: &[&str]) -> Output {
    job_orch().arg("run").args(args).output().unwrap()
}

fn shell(script: &str) -> Output {
    run(&["--", "sh", "-c", script])
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

/// Waits until a process of this number is gone, or dead and nobody's.
fn is_gone(pid: &str) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(10) {
        match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
            Ok(stat) if !stat.contains(") Z ") => std::thread::sleep(Duration::from_millis(5)),
            _ => return true,
        }
    }
    false
}

#[test]
fn both_outputs_and_the_exit_status_are_passed_on() {
    let output = shell("echo out; echo err >&2; exit 3");
    assert_eq!((&*output.stdout, &*output.stderr), (&b"out\n"[..], &b"err\n"[..]));
    assert_eq!(output.status.code(), Some(3));
    assert!(shell("exit 0").status.success());
}

#[test]
fn a_signal_is_told_as_a_shell_tells_it() {
    assert_eq!(shell("kill -KILL $$").status.code(), Some(137));
    assert_eq!(shell("kill -TERM $$").status.code(), Some(143));
}

#[test]
fn bytes_pass_through_as_they_are() {
    let mut child = job_orch().args(["run", "--", "cat"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|number| (number.wrapping_mul(0x9E37_79B9) >> 24) as u8).collect();
    let mut stdin = child.stdin.take().unwrap();
    let written = bytes.clone();
    let writer = std::thread::spawn(move || stdin.write_all(&written).unwrap());
    let mut read = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut read).unwrap();
    writer.join().unwrap();
    assert!(child.wait().unwrap().success());
    assert!(read == bytes);
}

#[test]
fn more_than_is_kept_is_not_lost_on_a_slow_reader() {
    let mut child =
        job_orch().args(["run", "--", "head", "-c", "20000000", "/dev/zero"]).stdout(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let mut read = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut read).unwrap();
    assert_eq!(read.len(), 20_000_000);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_program_ends_when_nobody_reads_it_any_more() {
    let mut child = job_orch().args(["run", "--", "yes"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut some = [0; 100];
    child.stdout.take().unwrap().read_exact(&mut some).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143));
}

#[test]
fn the_first_interrupt_asks_and_the_second_kills() {
    let script = "trap 'echo asked' TERM; echo $$; while :; do sleep 0.05; done";
    let mut child =
        job_orch().args(["run", "--grace", "1h", "--", "sh", "-c", script]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let pid = lines.next().unwrap();
    signal(&child, "-INT");
    assert_eq!(lines.next().unwrap(), "asked");
    assert_eq!(child.try_wait().unwrap(), None);
    signal(&child, "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(137));
    assert!(is_gone(&pid));
}

#[test]
fn what_is_asked_to_end_may_end_as_it_wants() {
    let script = "trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done";
    let mut child = job_orch().args(["run", "--", "sh", "-c", script]).stdout(Stdio::piped()).spawn().unwrap();
    BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    signal(&child, "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(7));
}

#[test]
fn nothing_survives_a_kill_of_the_program() {
    let script = "sleep 1000 & echo $! $$; wait";
    let mut child = job_orch().args(["run", "--", "sh", "-c", script]).stdout(Stdio::piped()).spawn().unwrap();
    let line = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    for pid in line.split(' ') {
        assert!(is_gone(pid), "{pid} is an orphan");
    }
}

#[test]
fn a_program_out_of_time_is_ended_with_all_that_it_has_started() {
    let begun = Instant::now();
    let output =
        run(&["--timeout", "200ms", "--grace", "200ms", "--", "sh", "-c", "trap '' TERM; sleep 1000; sleep 1000"]);
    assert_eq!(output.status.code(), Some(137));
    assert_eq!(output.stderr, b"job-orch: killed by signal 9: its time was up\n");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn what_cannot_be_run_is_told_as_a_shell_tells_it() {
    let output = run(&["--", "no-such-program"]);
    assert_eq!(output.status.code(), Some(127));
    assert_eq!(output.stderr, b"job-orch: no program `no-such-program` that can be executed\n");
    assert_eq!(run(&["--dir", "/no/such/folder", "--", "true"]).status.code(), Some(125));
    assert_eq!(run(&["--grace", "soon", "--", "true"]).status.code(), Some(2));
}
