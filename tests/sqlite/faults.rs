//! Disks that are full, writes that fail, files that are somebody else's, and requests that are too much.

use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use job_orch::engine::sqlite::{OpenError, StoreError};
use job_orch::prelude::*;
use job_orch_tests::within_a_minute;
use tempfile::TempDir;

use crate::child;
use crate::store::{Place, file_in};

#[job(retry(max = 3, backoff = constant("1ms")))]
#[processor(requests = 10_000)]
async fn repeat(times: &usize) -> String {
    "x".repeat(*times)
}

#[job]
#[processor(requests = 10_000)]
async fn measure(text: &String) -> usize {
    text.len()
}

/// What is mounted here in memory, until it is dropped. `None` where this process may not.
struct Mounted(TempDir);

impl Mounted {
    fn new(options: &str) -> Option<Self> {
        let folder = Self(TempDir::new().unwrap());
        let words = ["-t", "tmpfs", "-o", options, "tmpfs"];
        let mounted = Command::new("mount").args(words).arg(folder.0.path()).output().unwrap();
        if mounted.status.success() {
            return Some(folder);
        }
        // Loudly: nobody should think that it was proved here.
        eprintln!("SKIPPED: mounting needs root: {}", String::from_utf8_lossy(&mounted.stderr));
        None
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("jobs.db")
    }

    fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        assert!(Command::new("mount").args(["-o", &options]).arg(self.0.path()).status().unwrap().success());
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

/// The error of the store that is behind this one.
pub(crate) fn store_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> &'a StoreError {
    let mut source = Some(error);
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref() {
            return error;
        }
        source = error.source();
    }
    panic!("{error:?} is no error of the store")
}

#[tokio::test]
async fn a_payload_over_the_limit_is_refused_and_says_by_how_much() {
    let place = Place::new();
    let store = Sqlite::options().most_payload(100).open(place.file()).unwrap();
    let orch = Orchestrator::on(store).host(Measure).start().await.unwrap();
    // As JSON it has two more.
    assert_eq!(within_a_minute(orch.call(Measure, "x".repeat(98))).await.unwrap(), 98);
    let refused = orch.send(Measure, "x".repeat(99)).await.unwrap_err();
    assert!(matches!(store_error(&refused), StoreError::TooLarge { size: 101, most: 100 }), "{refused}");
    assert_eq!(refused.into_request().len(), 99, "it is handed back");
    assert_eq!(place.number("SELECT count(*) FROM jobs"), 0);
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_response_over_the_limit_is_a_failure() {
    let place = Place::new();
    let store = Sqlite::options().most_payload(100).open(place.file()).unwrap();
    let orch = Orchestrator::on(store).host(Repeat).start().await.unwrap();
    assert_eq!(within_a_minute(orch.call(Repeat, 98)).await.unwrap().len(), 98);
    let error = within_a_minute(orch.call(Repeat, 99)).await.unwrap_err();
    assert!(matches!(store_error(&error), StoreError::TooLarge { size: 101, most: 100 }), "{error}");
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_job_that_nobody_knows_waits_and_is_in_nobodys_way() {
    let place = Place::new();
    let orch = Orchestrator::on(place.open()).reach(Repeat).start().await.unwrap();
    let unknown = orch.send(Repeat, 1).await.unwrap();
    orch.shutdown().await.unwrap();
    drop(orch);
    // This program has another job.
    let orch = Orchestrator::on(place.open()).host(Measure).start().await.unwrap();
    assert_eq!(within_a_minute(orch.call(Measure, "four".to_owned())).await.unwrap(), 4);
    orch.shutdown().await.unwrap();
    let rows = place.rows("SELECT job, id, state FROM jobs");
    assert_eq!(rows, [["repeat".to_owned(), unknown.id.to_string(), "ready".to_owned()]]);
}

#[tokio::test]
async fn a_store_that_cannot_be_written_is_refused() {
    let Some(folder) = Mounted::new("size=16m") else { return };
    drop(Sqlite::open(folder.file()).unwrap());
    folder.remount("ro");
    let error = Sqlite::open(folder.file()).unwrap_err();
    assert!(matches!(error, OpenError::Sqlite { .. } | OpenError::Io { .. }), "{error:?}");
    assert!(error.to_string().contains("jobs.db") && error.source().is_some(), "{error}");
    folder.remount("rw");
    Sqlite::open(folder.file()).unwrap();
}

#[test]
fn a_store_of_somebody_else_is_refused() {
    let place = Place::new();
    drop(place.open());
    if std::os::unix::fs::chown(place.file(), Some(12_345), None).is_err() {
        eprintln!("SKIPPED: giving a file away needs root");
        return;
    }
    let error = Sqlite::open(place.file()).unwrap_err();
    assert!(matches!(error, OpenError::Foreign { owner: 12_345, .. }), "{error:?}");
    assert!(error.to_string().contains("12345"), "{error}");
}

#[tokio::test]
async fn a_full_disk_refuses_and_goes_on_when_there_is_room() {
    let Some(folder) = Mounted::new("size=24m") else { return };
    let filler = folder.0.path().join("filler");
    let orch = Orchestrator::on(Sqlite::open(folder.file()).unwrap()).reach(Measure).start().await.unwrap();
    std::fs::write(&filler, vec![0; 8 << 20]).unwrap();
    let (text, mut accepted) = ("x".repeat(50_000), Vec::new());
    let refused = loop {
        match within_a_minute(orch.send(Measure, text.clone())).await {
            Ok(receipt) => accepted.push(receipt.id),
            Err(refused) => break refused,
        }
        assert!(accepted.len() < 1000, "the disk is never full");
    };
    assert!(accepted.len() > 10, "{} fit", accepted.len());
    assert!(matches!(store_error(&refused), StoreError::Sqlite(_)), "{refused:?}");
    std::fs::remove_file(&filler).unwrap();
    // The same process, the same open store.
    accepted.push(within_a_minute(orch.send(Measure, refused.into_request())).await.unwrap().id);
    let worker = Orchestrator::on(Sqlite::open(folder.file()).unwrap()).host(Measure).start().await.unwrap();
    within_a_minute(all_end(&orch, &accepted)).await;
    worker.shutdown().await.unwrap();
    orch.shutdown().await.unwrap();
}

async fn all_end(orch: &Orchestrator<Sqlite>, accepted: &[JobId]) {
    for id in accepted {
        while orch.response(Measure, *id).await.unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// What a process held that could not give it back is free after this time.
const LEASE: Duration = Duration::from_millis(200);

/// The process: it tells what was accepted, until it has tried enough.
#[tokio::test]
#[ignore = "a process of the test below"]
async fn process() {
    let Some(folder) = child::folder() else { return };
    let Ok(store) = Sqlite::options().lease(LEASE).open(file_in(&folder)) else { return };
    let Ok(orch) = Orchestrator::on(store).host(Measure).drain_for("10ms").unwrap().start().await else { return };
    for number in 0..20 {
        if let Ok(receipt) = within_a_minute(orch.send(Measure, "x".repeat(number * 100))).await {
            println!("accepted {}", receipt.id);
        }
    }
    let _ = within_a_minute(orch.shutdown()).await;
}

/// Runs it, with every write failing that would make a file larger than this.
fn limited(folder: &Path, bytes: u64) -> Output {
    // A signal that nobody ignores would kill it instead.
    let script = format!("trap '' XFSZ; exec prlimit --fsize={bytes}:{bytes} \"$@\"");
    child::command(&["sh", "-c", &script, "sh"], "faults::process", folder).output().unwrap()
}

/// Wherever the first write fails, and all further ones of that file: whatever was accepted is there afterwards, and nobody
/// panicked.
#[tokio::test]
async fn whichever_write_fails_nothing_is_lost() {
    let (mut some, mut all) = (0, 0);
    let begun = Instant::now();
    // `JOB_ORCH_EVERY_WRITE=1` tries each page.
    let step = if std::env::var_os("JOB_ORCH_EVERY_WRITE").is_some() { 4096 } else { 40_960 };
    for bytes in (4096..1_200_000).step_by(step) {
        let place = Place::new();
        let output = limited(place.folder(), bytes);
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "at {bytes}: {told}\n{}", String::from_utf8_lossy(&output.stderr));
        let accepted: Vec<JobId> =
            told.lines().filter_map(|line| line.split("accepted ").nth(1)).map(|id| id.parse().unwrap()).collect();
        let store = Sqlite::options().lease(LEASE).open(place.file()).unwrap();
        let orch = Orchestrator::on(store).host(Measure).start().await.unwrap();
        within_a_minute(all_end(&orch, &accepted)).await;
        orch.shutdown().await.unwrap();
        some += usize::from(!accepted.is_empty() && accepted.len() < 20);
        all += usize::from(accepted.len() == 20);
    }
    assert!(some > 3 && all > 0, "{some} times some were accepted, {all} times all");
    println!("{some} times some of twenty were accepted, {all} times all, in {:?}", begun.elapsed());
}
