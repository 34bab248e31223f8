//! `job-orch redrive`, `drop`, `retry` and `cancel`: each does one thing with requests.

use std::process::ExitCode;

use job_orch::JobId;
use job_orch::engine::sqlite::StoreError;
use job_orch::engine::sqlite::inspect::Inspector;

use crate::exit::{self, Failure};
use crate::store::{Store, for_each, print_line};

/// Which requests.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The ids of the requests
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    ids: Vec<JobId>,

    /// All of this job
    #[arg(long, value_name = "JOB")]
    all: Option<String>,

    #[command(flatten)]
    store: Store,
}

/// What is done with them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed {
    Redrive,
    Drop,
    Retry,
    Cancel,
}

/// Does it.
pub(crate) fn run(deed: Deed, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut store = arguments.store.open_with(&arguments.all)?;
    let ids = match &arguments.all {
        Some(job) => deed.all(&store, job)?,
        None => arguments.ids.clone(),
    };
    let is_named = arguments.all.is_none();
    let mut missed = Vec::new();
    let done = for_each(&ids, deed.name(), |id| {
        let is_done = deed.on(&mut store, id)?;
        if !is_done {
            missed.push(id);
        }
        Ok(is_done)
    })?;
    print_line(&format!("{done} {}", deed.done()))?;
    // Of all of them, some may have gone on meanwhile.
    if is_named && !missed.is_empty() {
        for id in missed {
            exit::warn(&format!("{id} is {}", deed.unmet()));
        }
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

impl Deed {
    fn all(self, store: &Inspector, job: &str) -> Result<Vec<JobId>, StoreError> {
        match self {
            Self::Redrive | Self::Drop => store.dead_letters(job),
            Self::Retry | Self::Cancel => store.waiting(job),
        }
    }

    fn on(self, store: &mut Inspector, id: JobId) -> Result<bool, StoreError> {
        match self {
            Self::Redrive => store.redrive(id),
            Self::Drop => store.drop_dead_letter(id),
            Self::Retry => store.hasten(id),
            Self::Cancel => store.cancel(id),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Redrive => "redrive",
            Self::Drop => "drop",
            Self::Retry => "retry",
            Self::Cancel => "cancel",
        }
    }

    const fn done(self) -> &'static str {
        match self {
            Self::Redrive => "redriven",
            Self::Drop => "dropped",
            Self::Retry => "due now",
            Self::Cancel => "cancelled",
        }
    }

    const fn unmet(self) -> &'static str {
        match self {
            Self::Redrive | Self::Drop => "no dead letter",
            Self::Retry => "not waiting for its time",
            Self::Cancel => "not waiting",
        }
    }
}
