//! What the programs have in common: a job, its queues, and where its store is.

use std::error::Error;
use std::path::PathBuf;

use job_orch::prelude::*;
use serde::{Deserialize, Serialize};

/// A second queue of the job, for what is in no hurry.
#[allow(dead_code, reason = "one of the programs does without")]
pub(crate) const SLOW: &str = "slow";

/// One step of the sequence: two consecutive numbers.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Pair {
    pub(crate) a: u64,
    pub(crate) b: u64,
}

/// Adds two consecutive numbers of the sequence: the next one.
#[job(retry(max = 5, backoff = "100ms..10s"), timeout = "10s")]
#[processor(queue = "numbers", workers = 2, requests = 100_000)]
pub(crate) async fn fibonacci(pair: &Pair) -> Result<u64, String> {
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    pair.a.checked_add(pair.b).ok_or_else(|| format!("{} and {} are too large", pair.a, pair.b))
}

/// The sequence.
#[allow(dead_code, reason = "the spawners need it")]
pub(crate) fn pairs() -> impl Iterator<Item = Pair> {
    std::iter::successors(Some(Pair { a: 0, b: 1 }), |pair| Some(Pair { a: pair.b, b: pair.a + pair.b }))
}

/// The store in the directory that the command line names. Without one, it says what to do.
pub(crate) fn store() -> Result<Option<Sqlite>, Box<dyn Error>> {
    let Some(directory) = std::env::args_os().nth(1).map(PathBuf::from) else {
        println!("This is one of four programs that work together on one file. Each in a terminal of its own:");
        for program in ["server", "worker", "spawner", "spawner_blocking"] {
            println!("    cargo run --example {program} -- DIRECTORY");
        }
        return Ok(None);
    };
    std::fs::create_dir_all(&directory)?;
    Ok(Some(Sqlite::open(directory.join("jobs.db"))?))
}
