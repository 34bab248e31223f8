//! A store whose disk has failed: whoever waits is told so, and nothing is done that could not be recorded.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use job_orch::engine::Durability;
use job_orch::engine::sqlite::StoreError;
use job_orch::prelude::*;
use job_orch_tests::within_a_minute;

use crate::store::Place;

/// While one of its workers cannot record what it has done, the others wait for more.
#[job]
#[processor(workers = 4)]
async fn told(_: &u64, #[context] context: &Context) {
    println!("ran {}", context.id());
}

/// Nobody works on it.
#[job]
async fn left_alone(_: &u64) {}

const STORE: &str = "JOB_ORCH_BROKEN_STORE";

/// A process of which this sync fails.
fn failing(process: &str, place: &Place, nth: usize) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([process, "--exact", "--ignored", "--nocapture"]).env(STORE, place.file());
    command.env("JOB_ORCH_FAIL", format!("sync:{nth}")).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// The process whose disk fails: it tells what runs, and what a caller hears.
#[tokio::test]
#[ignore = "a process of the test below"]
async fn process() {
    let Some(store) = std::env::var_os(STORE).map(PathBuf::from) else { return };
    let assembly = Orchestrator::on(Sqlite::open(store).unwrap()).host(Told).reach(LeftAlone);
    let orch = assembly.drain_for("10ms").unwrap().start().await.unwrap();
    let call = {
        let orch = orch.clone();
        tokio::spawn(async move { orch.call(LeftAlone, 1).await })
    };
    let waiting = orch.client(LeftAlone).unwrap();
    while waiting.waiting().await.unwrap() == 0 && !call.is_finished() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    while within_a_minute(orch.send(Told, 2)).await.is_ok() {}
    match within_a_minute(call).await.unwrap() {
        Err(CallError::Engine { source, .. }) => {
            println!("called in vain: {}", matches!(source.downcast_ref(), Some(StoreError::Disk(_))));
        }
        other => println!("called: {other:?}"),
    }
    // For longer than a worker tries to record what it has done.
    tokio::time::sleep(Duration::from_secs(8)).await;
    let _ = within_a_minute(orch.shutdown()).await;
}

/// The process that need not survive the loss of power, whose disk fails.
#[tokio::test]
#[ignore = "a process of the test below"]
async fn careless() {
    let Some(store) = std::env::var_os(STORE).map(PathBuf::from) else { return };
    let store = Sqlite::options().durability(Durability::ProcessCrash).open(store).unwrap();
    let orch = Orchestrator::on(store).reach(LeftAlone).start().await.unwrap();
    for number in 0..300 {
        if let Err(refused) = within_a_minute(orch.send(LeftAlone, number)).await {
            println!("refused the {number}: {refused:?}");
            break;
        }
    }
    let _ = within_a_minute(orch.shutdown()).await;
}

/// Else a log of which the power took one page looks damaged, and with it all of the store would be refused.
#[tokio::test]
async fn what_need_not_survive_the_loss_of_power_is_synced_by_and_by() {
    let output = failing("broken::careless", &Place::new(), 1).wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("refused the ") && told.contains("told to fail"), "{told}");
}

#[tokio::test]
async fn a_disk_that_fails_leaves_no_caller_waiting_and_nothing_runs_again() {
    let spawned = [6, 9, 14].map(|nth| {
        let place = Place::new();
        drop(place.open());
        let child = failing("broken::process", &place, nth);
        (place, child)
    });
    for (_place, child) in spawned {
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
        assert!(told.contains("called in vain: true"), "{told}");
        let mut ran: Vec<_> = told.lines().filter_map(|line| line.split_once("ran ")).map(|(_, id)| id).collect();
        let runs = ran.len();
        ran.sort_unstable();
        ran.dedup();
        assert_eq!(ran.len(), runs, "each ran once: {told}");
    }
}
