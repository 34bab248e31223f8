//! The examples `server`, `worker` and the spawners, as processes that work together and are killed.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in a test, both are failures")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

fn program(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    // From `target/debug/deps/programs-…` to `target/debug/examples`.
    path.pop();
    path.pop();
    path.join("examples").join(name)
}

/// A program that runs until it is told otherwise, and no longer than its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(name: &str, folder: &Path, queues: &[&str]) -> Running {
    Running(Command::new(program(name)).arg(folder).args(queues).stdout(Stdio::piped()).spawn().unwrap())
}

fn run(name: &str, folder: &Path) -> String {
    let output = Command::new(program(name)).arg(folder).output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Ends a program as Ctrl-C does, and returns what it has printed.
fn interrupt(mut running: Running) -> Vec<String> {
    let child = &mut running.0;
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let printed = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap).collect();
    assert!(child.wait().unwrap().success());
    printed
}

/// Waits until the server has printed so many responses.
fn printed(server: &mut Running, responses: usize) -> Vec<String> {
    let begun = Instant::now();
    let mut lines = BufReader::new(server.0.stdout.as_mut().unwrap()).lines();
    let mut seen = Vec::new();
    while seen.len() < responses {
        assert!(begun.elapsed() < Duration::from_secs(90), "only {} of {responses} were printed", seen.len());
        let line = lines.next().unwrap().unwrap();
        if line.ends_with("wait)") {
            seen.push(line);
        }
    }
    seen
}

/// How many of a queue a worker says to have run.
fn worked(running: Running, queue: &str) -> u64 {
    let printed = interrupt(running);
    let line = printed.iter().find(|line| line.contains(&format!("`{queue}`"))).unwrap();
    line.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn programs_work_together_and_survive_each_other() {
    let folder = TempDir::new().unwrap();
    // The spawner comes first: nobody is there to make the store for it.
    assert!(run("spawner", folder.path()).starts_with("50 jobs are accepted"));
    let mut server = start("server", folder.path(), &[]);
    let first = start("worker", folder.path(), &[]);
    let second = start("worker", folder.path(), &[]);
    std::thread::sleep(Duration::from_millis(60));
    drop(first);
    assert!(run("spawner_blocking", folder.path()).starts_with("50 jobs are accepted"));
    run("spawner", folder.path());
    // What the killed worker held comes back when its lease is over; the watcher may have come after the first responses.
    let seen = printed(&mut server, 100);
    drop(server);
    assert!(seen.iter().any(|line| line.contains(": 20365011074 ")), "the last number of the fifty: {seen:?}");
    assert!(worked(second, "numbers") > 50);
}

#[test]
fn a_worker_takes_from_the_queues_that_it_names_and_no_other() {
    let folder = TempDir::new().unwrap();
    run("spawner", folder.path());
    run("spawner", folder.path());
    let mut server = start("server", folder.path(), &[]);
    let mut first_line = String::new();
    BufReader::new(server.0.stdout.as_mut().unwrap()).read_line(&mut first_line).unwrap();
    assert_eq!(first_line, "watching\n");
    let slow = start("worker", folder.path(), &["slow"]);
    let seen = printed(&mut server, 2);
    assert!(
        seen.iter().all(|line| line.contains(": 20365011074 ")),
        "the last of the fifty, of the queue `slow`: {seen:?}"
    );
    assert_eq!(
        (worked(slow, "slow"), run("spawner_blocking", folder.path()).len()),
        (2, "50 jobs are accepted\n".len())
    );
    let numbers = start("worker", folder.path(), &["numbers"]);
    printed(&mut server, 98 + 50);
    assert_eq!(worked(numbers, "numbers"), 98 + 50);
    // Nobody takes from a queue that no job of its has.
    let unknown = Command::new(program("worker")).arg(folder.path()).arg("slwo").output().unwrap();
    assert!(!unknown.status.success() && String::from_utf8_lossy(&unknown.stderr).contains("slwo"));
    drop(server);
}
