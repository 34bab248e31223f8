//! `job-orch tail`

use std::process::ExitCode;
use std::time::Duration;

use job_orch::engine::sqlite::inspect::Inspector;

use crate::exit::Failure;
use crate::show;
use crate::store::{Form, Store};

/// Prints responses as they come, until Ctrl-C.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Of these jobs only
    jobs: Vec<String>,

    /// Begins with the oldest response that is kept
    #[arg(long)]
    from_start: bool,

    /// Ends when there are no more, instead of waiting
    #[arg(long)]
    no_follow: bool,

    #[command(flatten)]
    store: Store,
    #[command(flatten)]
    form: Form,
}

/// How often is looked for new ones.
const LOOK: Duration = Duration::from_millis(100);

/// So many are read at once.
const MOST: u32 = 500;

const COLUMNS: [&str; 5] = ["ended", "job", "id", "state", "response"];

/// Prints them.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let store = arguments.store.open_with(&arguments.jobs)?;
    let mut places = places(&store, arguments)?;
    let (mut version, mut is_first) = (None, true);
    loop {
        let now = store.version()?;
        if version == Some(now) {
            std::thread::sleep(LOOK);
            continue;
        }
        version = Some(now);
        if arguments.jobs.is_empty() {
            add_new(&store, &mut places)?;
        }
        for (job, position) in &mut places {
            while print_some(&store, job, position, arguments.form, &mut is_first)? {}
        }
        if arguments.no_follow {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// The jobs, and where their next responses stand.
fn places(store: &Inspector, arguments: &Arguments) -> Result<Vec<(String, i64)>, Failure> {
    let jobs = if arguments.jobs.is_empty() { store.jobs()? } else { arguments.jobs.clone() };
    let place = |job: String| {
        let position = if arguments.from_start { 0 } else { store.next_position(&job)?.unwrap_or(0) };
        Ok((job, position))
    };
    jobs.into_iter().map(place).collect()
}

/// Adds the jobs that have come since: all their responses are new.
fn add_new(store: &Inspector, places: &mut Vec<(String, i64)>) -> Result<(), Failure> {
    for job in store.jobs()? {
        if places.iter().all(|(known, _)| *known != job) {
            places.push((job, 0));
        }
    }
    Ok(())
}

/// Prints the next responses of a job. Says whether there may be more.
fn print_some(
    store: &Inspector,
    job: &str,
    position: &mut i64,
    form: Form,
    is_first: &mut bool,
) -> Result<bool, Failure> {
    let found = store.responses_from(job, *position, MOST)?;
    if let Some(last) = found.last() {
        *position = last.position + 1;
        let rows: Vec<_> = found.iter().map(show::row).collect();
        form.print_more(&COLUMNS, &rows, std::mem::take(is_first))?;
    }
    Ok(found.len() as u64 >= u64::from(MOST))
}
