//! A sync that fails: nobody knows what is on the disk then, and so nothing more is accepted, recorded or told.
//!
//! Where anybody is told of what was committed although the sync failed, this fails.

use std::time::Duration;

use futures_util::future::join_all;
use job_orch::channel::ReceiveError;
use job_orch::prelude::*;
use job_orch_tests::within_a_minute;
use tokio::sync::mpsc;

use crate::child;
use crate::faults::store_error;
use crate::store::{Place, file_in};

/// What a process held that could not give it back is free after this time.
const LEASE: Duration = Duration::from_millis(200);

/// Takes so long that its request and its response are not on their way to the disk together.
#[job]
async fn measure(text: &String) -> usize {
    tokio::time::sleep(Duration::from_millis(200)).await;
    text.len()
}

/// Sends and calls in turns, and says what it was told of each: the one who asked, a listener, and whoever asks later. One
/// begins when all have heard of the one before, so that the lines stand in the order of what happened.
async fn tell(orch: Orchestrator<Sqlite>) {
    let mut responses = orch.responses(Measure);
    let (hear, mut heard) = mpsc::unbounded_channel();
    let listener = tokio::spawn(async move {
        loop {
            match responses.receive().await {
                Ok(response) => println!("heard {}", response.id),
                Err(ReceiveError::Closed) => return println!("heard the end"),
                Err(error) => println!("heard of {error:?}"),
            }
            let _ = hear.send(());
        }
    });
    for number in 0..20 {
        let text = "x".repeat(number);
        let asked = if number.is_multiple_of(2) {
            orch.send(Measure, text)
                .await
                .map(|receipt| receipt.id)
                .map_err(|error| format!("{:?}", store_error(&error)))
        } else {
            let mut call = orch.call(Measure, text);
            let id = call.id();
            call.await.map(|_| id).map_err(|error| format!("{error:?}"))
        };
        match &asked {
            Ok(id) => println!("told {id}"),
            Err(error) => {
                println!("refused: {error}");
                break;
            }
        }
        if tokio::time::timeout(Duration::from_secs(10), heard.recv()).await.is_err() {
            println!("heard nothing");
            break;
        }
        if let Ok(id) = asked
            && let Ok(Some(response)) = orch.response(Measure, id).await
        {
            println!("found {}", response.id);
        }
    }
    // What is told by mistake is told soon.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let refused = orch.send(Measure, String::new()).await.unwrap_err();
    println!("at last: {:?}", store_error(&refused));
    within_a_minute(listener).await.unwrap();
    let _ = within_a_minute(orch.shutdown()).await;
}

/// The process whose disk fails, where its own workers run.
#[tokio::test]
#[ignore = "a process of the test below"]
async fn working() {
    let Some(folder) = child::folder() else { return };
    let store = Sqlite::options().lease(LEASE).open(file_in(&folder)).unwrap();
    tell(Orchestrator::on(store).host(Measure).drain_for("10ms").unwrap().start().await.unwrap()).await;
}

/// The process whose disk fails, and whose requests run in another one.
#[tokio::test]
#[ignore = "a process of the test below"]
async fn reaching() {
    let Some(folder) = child::folder() else { return };
    let store = Sqlite::options().lease(LEASE).open(file_in(&folder)).unwrap();
    tell(Orchestrator::on(store).reach(Measure).start().await.unwrap()).await;
}

/// What the process says whose sync fails, so many syncs after its start: the lines before that, and those after.
async fn said(test: &'static str, place: &Place, nth: usize) -> (Vec<String>, Vec<String>) {
    let mut command = child::command(&["sh", "-c", "exec \"$@\" 2>&1", "sh"], test, place.folder());
    command.env("JOB_ORCH_FAIL", format!("sync:{nth}"));
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    let (before, after) = said.split_once("told to fail: sync\n").expect(&said);
    let lines = |part: &str| part.lines().map(str::to_owned).collect();
    (lines(before), lines(after))
}

/// The ids in the lines that begin so.
fn ids(lines: &[String], word: &str) -> Vec<JobId> {
    lines.iter().filter_map(|line| line.split(word).nth(1)?.parse().ok()).collect()
}

async fn nothing_is_told_after_the_sync_that_fails(test: &'static str, nth: usize) -> usize {
    let place = Place::new();
    drop(place.open());
    let is_elsewhere = test.ends_with("reaching");
    let worker = match is_elsewhere {
        true => Some(Orchestrator::on(place.open()).host(Measure).start().await.unwrap()),
        false => None,
    };
    let (before, after) = said(test, &place, nth).await;
    for word in ["told ", "heard ", "found "] {
        assert_eq!(ids(&after, word), [], "{nth}: it is not on the disk: {after:#?}");
    }
    assert!(after.iter().any(|line| line.starts_with("heard of Engine(Disk")), "{nth}: {after:#?}");
    assert!(after.iter().any(|line| line.contains("heard the end")), "{nth}: {after:#?}");
    assert!(after.iter().any(|line| line.starts_with("at last: Disk")), "{nth}: {after:#?}");
    let (told, heard) = (ids(&before, "told "), ids(&before, "heard "));
    // One for what was accepted, and one for its end: of that, each process sees to by itself.
    assert!(2 * heard.len() < nth, "{nth}: heard without a sync: {before:#?}");
    assert_eq!(ids(&before, "found "), heard, "{nth}: what is on the disk is told to whoever asks");
    // What was accepted is there, and ends.
    let worker = match worker {
        Some(worker) => worker,
        None => Orchestrator::on(place.open()).host(Measure).start().await.unwrap(),
    };
    within_a_minute(async {
        for id in &told {
            while worker.response(Measure, *id).await.unwrap().is_none() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    })
    .await;
    worker.shutdown().await.unwrap();
    told.len()
}

/// Those that accept a request, and those that record an answer.
async fn whichever_sync_fails(test: &'static str) {
    let told = join_all((3..9).map(|nth| nothing_is_told_after_the_sync_that_fails(test, nth))).await;
    assert!(told.iter().sum::<usize>() > 5, "it says too little: {told:?}");
}

#[tokio::test]
async fn a_sync_that_fails_ends_all_promises() {
    whichever_sync_fails("syncs::working").await;
}

#[tokio::test]
async fn whose_sync_fails_believes_no_other_process() {
    whichever_sync_fails("syncs::reaching").await;
}
