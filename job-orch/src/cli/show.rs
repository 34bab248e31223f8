//! `job-orch show`

use std::process::ExitCode;

use job_orch::JobId;
use job_orch::engine::sqlite::inspect::Ended;
use serde_json::{Value, json};

use crate::exit::Failure;
use crate::jobs;
use crate::store::{Form, Store, moment, payload, print_line};

/// Shows a request and its responses.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The id of the request
    id: JobId,

    #[command(flatten)]
    store: Store,
    #[command(flatten)]
    form: Form,
}

/// Shows it.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let store = arguments.store.open()?;
    let request = store.request(arguments.id)?;
    let responses = store.responses(arguments.id)?;
    if request.is_none() && responses.is_empty() {
        return Err(format!("the store knows no request {}", arguments.id).into());
    }
    for (number, found) in request.iter().map(jobs::row).chain(responses.iter().map(row)).enumerate() {
        if number > 0 && !arguments.form.is_json() {
            print_line("")?;
        }
        arguments.form.print_one(&found, &["id", "job", "state"])?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A response as an object.
pub(crate) fn row(ended: &Ended) -> Value {
    json!({
        "id": ended.id.to_string(),
        "job": ended.job,
        "state": if ended.is_failure { "failed" } else { "succeeded" },
        "position": ended.position,
        "ended": moment(ended.ended),
        "response": payload(&ended.payload),
    })
}
