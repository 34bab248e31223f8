//! What becomes of processes whose program was killed. (T39)

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use job_orch::process::{Coordinator, Program};

use crate::shell::{first_line, is_gone, runs, start};

/// The program that is killed.
#[tokio::test]
#[ignore = "a process of the tests below"]
async fn program() {
    if std::env::var_os("JOB_ORCH_ORPHANS").is_none() {
        return;
    }
    let processes = Coordinator::options().contain().build();
    for _ in 0..3 {
        let script = "trap '' TERM HUP INT; setsid sleep 1000 & echo $! $$; sleep 1000; sleep 1000";
        let id = start(&processes, script).await;
        println!("pids {}", first_line(&processes, id).await);
    }
    println!("ready");
    std::future::pending::<()>().await;
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

/// Sends a signal to the helpers of this process. Other tests have some too.
fn signal_keepers(signal: &str) -> Vec<String> {
    let keepers: Vec<String> = keeper(std::process::id()).lines().map(str::to_owned).collect();
    for keeper in &keepers {
        Command::new("kill").args([signal, keeper]).status().unwrap();
    }
    keepers
}

async fn a_keeper_that_was_killed_is_replaced() {
    let processes = Coordinator::new();
    let first = start(&processes, "echo $$; sleep 1000").await;
    let pid = first_line(&processes, first).await;
    let killed = signal_keepers("-KILL");
    let second = start(&processes, "exit 3").await;
    assert_eq!(processes.wait(second).await.unwrap().status.exit_code(), Some(3));
    assert!(keeper(std::process::id()).lines().any(|keeper| !killed.contains(&keeper.to_owned())));
    assert!(runs(&pid));
}

/// One after the other: each signals all keepers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keeper_that_fails_is_replaced() {
    a_keeper_that_was_killed_is_replaced().await;
    a_keeper_that_does_not_listen_is_replaced_and_ends_nobody().await;
}

async fn a_keeper_that_does_not_listen_is_replaced_and_ends_nobody() {
    let processes = Coordinator::new();
    let first = start(&processes, "echo $$; sleep 1000").await;
    let pid = first_line(&processes, first).await;
    let stopped = signal_keepers("-STOP");
    // More than its pipe holds.
    let run = || async {
        for _ in 0..250 {
            let id = processes.start(Program::new("/bin/true")).await.unwrap();
            processes.wait(id).await.unwrap();
        }
    };
    futures_util::future::join_all((0..16).map(|_| run())).await;
    for keeper in stopped {
        let _ = Command::new("kill").args(["-CONT", &keeper]).stderr(Stdio::null()).status();
    }
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert!(runs(&pid), "its end of the pipe is not the end of the program");
    processes.shutdown().await;
    assert!(is_gone(&pid));
}
