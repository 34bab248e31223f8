//! Many processes, and many subscribers.

use std::time::Duration;

use job_orch::process::{Coordinator, Keep, Program};
use job_orch_tests::within_a_minute;

use crate::shell::{noise, sh};

/// The children of this process that are dead and not reaped, by their numbers.
fn zombies() -> Vec<String> {
    let own = format!(" Z {} ", std::process::id());
    let stats = std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
    let dead = stats.filter(|stat| stat.contains(&own));
    dead.filter_map(|stat| stat.split(' ').next().map(str::to_owned)).collect()
}

fn files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_short_processes_leave_nothing_behind() {
    let processes = Coordinator::options().running(16).waiting(2000).remember(Duration::from_secs(60), 10).build();
    let run = |number: usize| {
        let processes = processes.clone();
        async move {
            let id = processes.start(sh(&format!("exit {}", number % 7))).await.unwrap();
            let ended = processes.wait(id).await.unwrap();
            assert_eq!(ended.status.exit_code(), Some(i32::try_from(number % 7).unwrap()));
        }
    };
    within_a_minute(run(0)).await;
    let before = files();
    let tasks: Vec<_> = (0..1000).map(|number| tokio::spawn(run(number))).collect();
    for task in tasks {
        within_a_minute(task).await.unwrap();
    }
    within_a_minute(processes.drain()).await;
    assert!(processes.ids().len() <= 10);
    // Other tests of this program start processes at the same time, and theirs are dead for a moment too.
    let dead = zombies();
    let is_flat = async {
        while zombies().iter().any(|zombie| dead.contains(zombie)) || files() > before + 64 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(20), is_flat).await.is_ok(), "{dead:?} {}", files());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_subscribers_read_the_same() {
    // All of it is in memory, once: it is the very same bytes that all of them see.
    let processes = Coordinator::options().keep(Keep::usual().file(0)).build();
    let bytes: std::sync::Arc<[u8]> = noise(256 << 10).into();
    let id = processes.start(Program::new("/bin/cat").stdin_written()).await.unwrap();
    let subscribe = |_| {
        let mut output = processes.stdout(id).unwrap();
        let bytes = std::sync::Arc::clone(&bytes);
        async move {
            let mut place = 0;
            while let Some(blob) = output.next().await {
                let blob = blob.unwrap();
                assert!(bytes[place..].starts_with(&blob));
                place += blob.len();
            }
            assert_eq!(place, bytes.len());
        }
    };
    let tasks: Vec<_> = (0..10)
        .map(|_| tokio::spawn(futures_util::future::join_all((0..1000).map(subscribe).collect::<Vec<_>>())))
        .collect();
    processes.write(id, bytes.to_vec()).await.unwrap();
    processes.close_stdin(id).await.unwrap();
    for task in tasks {
        within_a_minute(task).await.unwrap();
    }
}
