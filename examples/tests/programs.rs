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

fn start(name: &str, folder: &Path) -> Child {
    Command::new(program(name)).arg(folder).stdout(Stdio::piped()).spawn().unwrap()
}

fn run(name: &str, folder: &Path) -> String {
    let output = Command::new(program(name)).arg(folder).output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Ends a program as Ctrl-C does, and returns what it has printed.
fn interrupt(mut child: Child) -> Vec<String> {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let printed = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap).collect();
    assert!(child.wait().unwrap().success());
    printed
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Waits until the server has printed so many responses.
fn printed(server: &mut Child, responses: usize) -> Vec<String> {
    let begun = Instant::now();
    let mut lines = BufReader::new(server.stdout.as_mut().unwrap()).lines();
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

#[test]
fn programs_work_together_and_survive_each_other() {
    let folder = TempDir::new().unwrap();
    // The spawner comes first: nobody is there to make the store for it.
    assert!(run("spawner", folder.path()).starts_with("50 jobs are accepted"));
    let mut server = start("server", folder.path());
    let first = start("worker", folder.path());
    let second = start("worker", folder.path());
    std::thread::sleep(Duration::from_millis(60));
    kill(first);
    run("spawner", folder.path());
    run("spawner_blocking", folder.path());
    // What the killed worker held comes back when its lease is over; the watcher may have come after the first responses.
    let seen = printed(&mut server, 60);
    assert!(seen.iter().any(|line| line.contains(": 233 ")), "89 + 144: {seen:?}");
    let worked = interrupt(second);
    assert!(worked.last().unwrap().ends_with("succeeded"), "{worked:?}");
    kill(server);
}
