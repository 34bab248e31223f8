//! What becomes of processes whose program was killed. (T39)

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use job_orch::process::Coordinator;

use crate::shell::{first_line, is_gone, runs, start};

/// The program that is killed.
#[tokio::test]
#[ignore = "a process of the tests below"]
async fn program() {
    if std::env::var_os("JOB_ORCH_ORPHANS").is_none() {
        return;
    }
    let processes = Coordinator::new();
    for _ in 0..3 {
        let id = start(&processes, "trap '' TERM HUP INT; sleep 1000 & echo $! $$; sleep 1000; sleep 1000").await;
        println!("pids {}", first_line(&processes, id).await);
    }
    println!("ready");
    std::future::pending().await
}

/// Starts it; returns its processes too.
fn spawn() -> (Child, Vec<String>) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["orphans::program", "--exact", "--ignored", "--nocapture"]).env("JOB_ORCH_ORPHANS", "1");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut pids = Vec::new();
    for line in lines.take_while(|line| line != "ready") {
        if let Some((_, found)) = line.split_once("pids ") {
            pids.extend(found.split(' ').map(str::to_owned));
        }
    }
    assert_eq!(pids.len(), 6);
    (child, pids)
}

#[test]
fn t39_nothing_survives_a_kill() {
    let rounds = std::env::var("JOB_ORCH_KILLS").map_or(10, |kills| kills.parse().unwrap());
    for _ in 0..rounds {
        let (mut child, pids) = spawn();
        assert!(pids.iter().all(|pid| runs(pid)));
        child.kill().unwrap();
        child.wait().unwrap();
        for pid in &pids {
            assert!(is_gone(pid), "{pid} is an orphan");
        }
    }
}

/// The helper that ends them, by its parent.
fn keeper(parent: u32) -> String {
    let output = Command::new("pgrep").args(["-P", &parent.to_string(), "-f", "job-orch-keeper"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_keeper_that_was_killed_or_stopped_is_replaced() {
    for signal in ["-KILL", "-STOP"] {
        let processes = Coordinator::new();
        let first = start(&processes, "echo $$; sleep 1000").await;
        let pid = first_line(&processes, first).await;
        // Other tests have keepers too.
        for keeper in keeper(std::process::id()).lines() {
            Command::new("kill").args([signal, keeper]).status().unwrap();
        }
        for _ in 0..20 {
            let id = start(&processes, "exit 3").await;
            assert_eq!(processes.wait(id).await.unwrap().status.exit_code(), Some(3));
        }
        assert!(runs(&pid), "nobody takes the end of a keeper for the end of the program");
        processes.shutdown().await;
        assert!(is_gone(&pid));
    }
}
