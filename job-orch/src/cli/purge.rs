//! `job-orch purge`

use std::process::ExitCode;
use std::time::Duration;

use job_orch::IntoSpan as _;

use crate::exit::Failure;
use crate::store::{Store, for_each, print_line};

/// Empties a job's queue: cancels what waits, drops its dead letters, and forgets its responses.
///
/// What runs goes on. Say what is to go, or `--everything`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
pub(crate) struct Arguments {
    /// The name of the job
    job: String,

    /// Cancels the requests that wait
    #[arg(long, group = "what")]
    waiting: bool,

    /// Drops the dead letters
    #[arg(long, group = "what")]
    dead: bool,

    /// Forgets responses that ended longer ago than this: "0s", "1h"
    #[arg(long, group = "what", value_name = "AGE", value_parser = span)]
    results: Option<Duration>,

    /// All of it
    #[arg(long, group = "what", conflicts_with_all = ["waiting", "dead", "results"])]
    everything: bool,

    #[command(flatten)]
    store: Store,
}

fn span(text: &str) -> Result<Duration, job_orch::InvalidSpan> {
    text.into_span()
}

/// Empties it.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let job = &arguments.job;
    let mut store = arguments.store.open_with([job])?;
    if arguments.waiting || arguments.everything {
        let ids = store.waiting(job)?;
        let done = for_each(&ids, "cancel", |id| Ok(store.cancel(id)?))?;
        print_line(&format!("{done} cancelled"))?;
    }
    if arguments.dead || arguments.everything {
        let ids = store.dead_letters(job)?;
        let done = for_each(&ids, "drop", |id| Ok(store.drop_dead_letter(id)?))?;
        print_line(&format!("{done} dropped"))?;
    }
    // Last: what has been cancelled has just been answered.
    if let Some(age) = arguments.results.or(arguments.everything.then_some(Duration::ZERO)) {
        while store.remove_responses(job, age)? {}
        print_line("old responses are forgotten")?;
    }
    Ok(ExitCode::SUCCESS)
}
