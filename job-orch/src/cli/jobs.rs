//! `job-orch jobs`

use std::process::ExitCode;

use clap::ValueEnum;
use job_orch::engine::sqlite::inspect::{Request, State, Wanted};
use serde_json::{Value, json};

use crate::exit::Failure;
use crate::store::{Form, Store, moment, payload};

/// Lists requests that have not ended well, the latest first.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Of this job only
    job: Option<String>,

    /// In this state only
    #[arg(long, value_enum)]
    state: Option<Standing>,

    /// So many of them
    #[arg(long, default_value_t = 100, value_name = "COUNT")]
    limit: u32,

    #[command(flatten)]
    store: Store,
    #[command(flatten)]
    form: Form,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Standing {
    Ready,
    Delayed,
    Running,
    Dead,
}

const COLUMNS: [&str; 7] = ["id", "job", "state", "attempts", "sent", "due", "failure"];

/// Lists them.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let store = arguments.store.open_with(&arguments.job)?;
    let mut wanted = Wanted::all().at_most(arguments.limit);
    if let Some(job) = &arguments.job {
        wanted = wanted.of(job);
    }
    if let Some(state) = arguments.state {
        wanted = wanted.state(match state {
            Standing::Ready => State::Ready,
            Standing::Delayed => State::Delayed,
            Standing::Running => State::Running,
            Standing::Dead => State::Dead,
        });
    }
    let rows: Vec<_> = store.requests(&wanted)?.iter().map(row).collect();
    arguments.form.print(&COLUMNS, &rows)?;
    Ok(ExitCode::SUCCESS)
}

/// A request as an object.
pub(crate) fn row(request: &Request) -> Value {
    json!({
        "id": request.id.to_string(),
        "job": request.job,
        "state": request.state.name(),
        "attempts": request.attempts,
        "priority": request.priority,
        "sent": moment(request.sent),
        "due": moment(request.due),
        "unique_key": request.unique_key,
        "failure": request.failure.as_ref().map(|failure| &failure.message),
        "request": payload(&request.payload),
    })
}
