//! `job-orch schedules`

use std::process::ExitCode;

use job_orch::engine::sqlite::inspect::Schedule;
use serde_json::{Value, json};

use crate::exit::Failure;
use crate::store::{Form, Store, moment};

/// Lists the jobs of a store that run by the clock: when they ran last, and when they will run next.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    store: Store,
    #[command(flatten)]
    form: Form,
}

const COLUMNS: [&str; 7] = ["job", "expression", "tz", "next", "last", "missed", "overlap"];

/// Lists them.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let schedules: Vec<_> = arguments.store.open()?.schedules()?.iter().map(row).collect();
    arguments.form.print(&COLUMNS, &schedules)?;
    Ok(ExitCode::SUCCESS)
}

fn row(schedule: &Schedule) -> Value {
    json!({
        "job": schedule.job,
        "expression": schedule.expression,
        "tz": schedule.zone,
        "next": schedule.next.map(moment),
        "last": moment(schedule.last),
        "missed": schedule.missed,
        "overlap": schedule.overlap,
    })
}
