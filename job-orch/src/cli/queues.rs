//! `job-orch queues`

use std::process::ExitCode;

use job_orch::engine::sqlite::inspect::Queue;
use serde_json::{Value, json};

use crate::exit::Failure;
use crate::store::{Form, Store, moment};

/// Lists the jobs of a store: what waits, runs or is dead.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    store: Store,
    #[command(flatten)]
    form: Form,
}

const COLUMNS: [&str; 9] =
    ["job", "ready", "delayed", "waiting_bytes", "running", "dead", "results", "paused", "oldest_ready"];

/// Lists them.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let queues: Vec<_> = arguments.store.open()?.queues()?.iter().map(row).collect();
    arguments.form.print(&COLUMNS, &queues)?;
    Ok(ExitCode::SUCCESS)
}

fn row(queue: &Queue) -> Value {
    json!({
        "job": queue.job,
        "ready": queue.ready,
        "delayed": queue.delayed,
        "waiting_bytes": queue.waiting_bytes,
        "running": queue.running,
        "dead": queue.dead,
        "results": queue.results,
        "paused": queue.is_paused,
        "oldest_ready": queue.oldest_ready.map(moment),
    })
}
