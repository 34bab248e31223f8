//! `job-orch pause` and `job-orch resume`

use std::process::ExitCode;

use crate::exit::Failure;
use crate::store::{Store, print_line};

/// Which jobs.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The names of the jobs
    #[arg(required = true)]
    jobs: Vec<String>,

    #[command(flatten)]
    store: Store,
}

/// Pauses them, or lets them go on.
pub(crate) fn run(is_paused: bool, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut store = arguments.store.open_with(&arguments.jobs)?;
    for job in &arguments.jobs {
        store.pause(job, is_paused)?;
    }
    print_line(&format!("{} {}", arguments.jobs.len(), if is_paused { "paused" } else { "resumed" }))?;
    Ok(ExitCode::SUCCESS)
}
