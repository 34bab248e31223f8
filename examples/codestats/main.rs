//! Counts lines, words and bytes of every regular file below directories: one cached job, many workers.
//!
//! ```text
//! cargo run --release --example codestats -- .
//! cargo run --release --example codestats -- --repeat 2 --json .
//! ```
//!
//! Its numbers are those of `LC_ALL=C wc -lwc`.

mod args;
mod count;
mod report;
mod walk;

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use args::Args;
use clap::Parser;
use count::{Buffer, Count, Counts};
use futures_util::{StreamExt, stream};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use job_orch::prelude::*;
use report::{Cache, Lap, Report, Summary, Unreadable};
use tokio::sync::mpsc;
use walk::{Find, walk};

/// How many files the walk may be ahead: so many that it has soon seen all of them, and a bar can say how many are left.
const AHEAD: usize = 16 * 1024;

/// How many files per worker are on their way, so that no worker waits for the next one.
const PER_WORKER: usize = 4;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Where standard error is closed too, the exit status is all there is.
            let _ = writeln!(io::stderr(), "codestats: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Says whether everything was read.
async fn run(args: &Args) -> Result<bool, Box<dyn Error>> {
    let orch = Orchestrator::on(Memory::new())
        .provide(Buffer::default())
        .share(args.words)
        .host_with(Count, Count::SERVING.workers(args.workers()))
        .start()
        .await?;

    let mut laps = Vec::new();
    let mut summary = Summary::default();
    for _ in 0..args.repeat {
        let (began, before) = (Instant::now(), cache(&orch)?);
        summary = count_all(args, &orch).await?;
        let after = cache(&orch)?;
        let cache = Cache { hits: after.hits - before.hits, misses: after.misses - before.misses };
        laps.push(Lap { took: began.elapsed(), cache });
    }
    orch.shutdown().await?;

    let report = Report::new(summary, laps);
    let out = io::BufWriter::new(io::stdout().lock());
    let printed = if args.json { report.json(out) } else { report.table(out) };
    match printed {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        printed => printed?,
    }
    Ok(report.summary.is_complete())
}

fn cache(orch: &Orchestrator<Memory>) -> Result<Cache, job_orch::Error> {
    let counts = orch.counts(Count)?.cache.unwrap_or_default();
    Ok(Cache { hits: counts.hits, misses: counts.misses })
}

/// Walks once, and counts what the walk finds while it goes on.
async fn count_all(args: &Args, orch: &Orchestrator<Memory>) -> Result<Summary, Box<dyn Error>> {
    let bar = bar();
    let (found, mut finds) = mpsc::channel(AHEAD);
    let (directories, walked) = (args.directories.clone(), bar.clone());
    let walking = tokio::task::spawn_blocking(move || {
        walk(&directories, |find| {
            walked.inc_length(1);
            found.blocking_send(find).is_ok()
        });
    });

    let mut counted = stream::poll_fn(|context| finds.poll_recv(context))
        .map(|find| count_one(orch, find))
        .buffer_unordered(args.workers() * PER_WORKER);
    let mut summary = Summary::default();
    while let Some(outcome) = counted.next().await {
        summary.add(outcome);
        bar.inc(1);
    }
    bar.finish_and_clear();
    walking.await?;
    Ok(summary)
}

async fn count_one(orch: &Orchestrator<Memory>, find: Find) -> Result<(PathBuf, Counts), Unreadable> {
    let file = find?;
    let path = file.path.clone();
    match orch.call(Count, file).await {
        Ok(counts) => Ok((path, counts)),
        Err(CallError::Failed { error, .. }) => Err(Unreadable::new(path, &error)),
        Err(error) => Err(Unreadable::new(path, &error)),
    }
}

/// A bar on standard error, if that is a terminal.
fn bar() -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} files, {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
