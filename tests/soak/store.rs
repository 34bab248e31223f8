//! What is left in a store: run to its end, and written into the history.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use job_orch::prelude::*;
use job_orch::testing::Rig;
use job_orch::testing::history::{End, Event, Recorder, fingerprint};
use rusqlite::Connection;

use crate::job::{Double, LEASE, tell_panics};
use crate::run::Trouble;

/// So long may the rest take, and longer it hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// The most bytes of a store for each request that has ended in it and whose response is kept.
const MOST_BYTES: u64 = 2048;

/// Runs what is left, and writes down what stands in the store then.
pub(crate) fn drain(store: &Path, recorder: &Recorder) -> Result<(), Trouble> {
    tell_panics(recorder.clone());
    let build = || tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    // The first runtime of a process opens what all later ones share.
    drop(build()?);
    let files = open_files();
    let runtime = build()?;
    runtime.block_on(work_off(store, recorder))?;
    drop(runtime);
    dump(store, recorder)?;
    let value = left_open(files);
    recorder.note(Event::Measured { what: "open files".to_owned(), value, most: files });
    recorder.note(Event::Drained);
    Ok(())
}

async fn work_off(store: &Path, recorder: &Recorder) -> Result<(), Trouble> {
    let engine = Sqlite::options().lease(LEASE).open(store)?;
    let orch = Orchestrator::on(Rig::of(engine, recorder.clone())).host(Double).start().await?;
    let (sql, begun) = (Connection::open(store)?, Instant::now());
    let left = || sql.query_row("SELECT count(*) FROM jobs WHERE state <> 'dead'", [], |row| row.get::<_, i64>(0));
    while left()? > 0 {
        if begun.elapsed() > PATIENCE {
            return Err(Trouble::Broken(format!("{} requests are left, and nobody runs them", left()?)));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    orch.shutdown().await?;
    recorder.note(Event::Left);
    Ok(())
}

/// By the views that people read.
fn dump(store: &Path, recorder: &Recorder) -> Result<(), Trouble> {
    let sql = Connection::open(store)?;
    let check: String = sql.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if check != "ok" {
        recorder.note(Event::Broke { what: format!("the store is damaged: {check}") });
    }
    let mut statement = sql.prepare("SELECT id FROM jobs WHERE state = 'dead'")?;
    let mut dead: BTreeSet<JobId> = BTreeSet::new();
    for id in statement.query_map([], |row| row.get::<_, String>(0))? {
        dead.insert(id?.parse()?);
    }
    let mut statement = sql.prepare("SELECT id, outcome, response FROM results")?;
    let mut rows = statement.query([])?;
    let mut ended = 0_u64;
    while let Some(row) = rows.next()? {
        let id: JobId = row.get::<_, String>(0)?.parse()?;
        let is_ok = row.get::<_, String>(1)? == "succeeded";
        let end = match (is_ok, dead.remove(&id)) {
            (true, _) => End::Ok { hash: fingerprint(row.get::<_, String>(2)?.as_bytes()) },
            (false, true) => End::Dead,
            (false, false) => End::Failed,
        };
        recorder.note(Event::Stored { id, end });
        ended += 1;
    }
    for id in dead {
        recorder.note(Event::Stored { id, end: End::Dead });
    }
    let (what, value) = ("bytes of the store".to_owned(), std::fs::metadata(store)?.len());
    recorder.note(Event::Measured { what, value, most: ended * MOST_BYTES + 1_000_000 });
    Ok(())
}

/// How many files are open when the threads of the store have ended, which takes them a moment.
fn left_open(most: u64) -> u64 {
    let begun = Instant::now();
    while open_files() > most && begun.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(5));
    }
    open_files()
}

fn open_files() -> u64 {
    std::fs::read_dir("/proc/self/fd").map_or(0, |files| files.count() as u64)
}
