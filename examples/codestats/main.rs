//! Counts lines, words and bytes of every regular file below directories, as a flow: walk → each file count → sum up.
//!
//! ```text
//! cargo run --release --example codestats -- .
//! cargo run --release --example codestats -- --repeat 2 --json .
//! cargo run --release --example codestats -- --store ~/counts.db .
//! ```
//!
//! With a store, killed at any moment and started again, it goes on: it walks anew, and what was counted comes from the cache
//! that the store keeps.
//!
//! Its numbers are those of `LC_ALL=C wc -lwc`.

mod args;
mod count;
mod path;
mod report;
mod walk;

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use args::Args;
use clap::Parser;
use count::{Buffer, Count, CountOnce, Counts, File};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use job_orch::Engine;
use job_orch::flow::{Flow, FlowRun, InvalidFlow, Progress, Takes, Wire, arm};
use job_orch::prelude::*;
use report::{Cache, Lap, Outcome, Report, Summary, Unreadable, sum_up};
use walk::{FindArms, walk};

/// How many files per worker are on their way, so that no worker waits for the next one.
const PER_WORKER: u32 = 16;

type Stats = Flow<Vec<PathBuf>, Summary, io::Error>;

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

/// What counts one file.
trait Counting: Takes<File, Request = File, Response = Counts, Error = io::Error> + Copy {}
impl<J: Takes<File, Request = File, Response = Counts, Error = io::Error> + Copy> Counting for J {}

/// The whole program, as a flow.
fn stats(args: &Args, count: impl Counting, bar: ProgressBar) -> Result<Stats, InvalidFlow> {
    let (words, at_once) = (args.words, u32::from(args.workers()) * PER_WORKER);
    Flow::define("codestats", move |directories: Wire<Vec<PathBuf>, io::Error>| {
        directories
            .map(move |directories| walk(directories, words, bar.clone()))
            .each_at_once(at_once, move |find| {
                find.route(FindArms {
                    file: arm(move |file| count_one(file, count)),
                    unreadable: arm(|unreadable| unreadable.map(Err)),
                })
            })
            .map(sum_up)
    })
}

/// Counts a file, and keeps its path beside.
fn count_one(file: Wire<File, io::Error>, count: impl Counting) -> Wire<Outcome, io::Error> {
    file.fork(|file| file.map(|file| file.path), |file| file.attempt(count).result()).map(|(path, counted)| {
        match counted {
            Ok(counts) => Ok((path, counts)),
            Err(CallError::Failed { error, .. }) => Err(Unreadable::new(path, &error)),
            Err(error) => Err(Unreadable::new(path, &error)),
        }
    })
}

/// Says whether everything was read.
async fn run(args: &Args) -> Result<bool, Box<dyn Error>> {
    let workers = args.workers().into();
    let report = match &args.store {
        None => {
            let on = Orchestrator::on(Memory::new()).provide(Buffer::default());
            let orch = on.host_with(Count, Count::SERVING.workers(workers)).start().await?;
            count_all(args, &orch, Count).await?
        }
        Some(file) => {
            let on = Orchestrator::on(Sqlite::open(file)?).provide(Buffer::default());
            let orch = on.host_with(CountOnce, CountOnce::SERVING.workers(workers)).start().await?;
            count_all(args, &orch, CountOnce).await?
        }
    };
    let out = io::BufWriter::new(io::stdout().lock());
    let printed = if args.json { report.json(out) } else { report.table(out) };
    match printed {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        printed => printed?,
    }
    Ok(report.summary.is_complete())
}

/// Runs the flow as often as it is wanted.
async fn count_all<E: Engine>(
    args: &Args,
    orch: &Orchestrator<E>,
    count: impl Counting,
) -> Result<Report, Box<dyn Error>> {
    let bar = bar();
    let flow = stats(args, count, bar.clone())?;
    let mut laps = Vec::new();
    let mut summary = Summary::default();
    for _ in 0..args.repeat {
        let (began, before) = (Instant::now(), cache(orch, count)?);
        summary = watched(orch.run(&flow, args.directories.clone()), &bar).await?;
        let after = cache(orch, count)?;
        let cache = Cache { hits: after.hits - before.hits, misses: after.misses - before.misses };
        laps.push(Lap { took: began.elapsed(), cache });
    }
    orch.shutdown().await?;
    Ok(Report::new(summary, laps))
}

fn cache<E: Engine>(orch: &Orchestrator<E>, count: impl Counting) -> Result<Cache, job_orch::Error> {
    let counts = orch.counts(count)?.cache.unwrap_or_default();
    Ok(Cache { hits: counts.hits, misses: counts.misses })
}

/// Runs the flow once, and moves the bar meanwhile.
async fn watched(
    mut run: FlowRun<'_, Vec<PathBuf>, Summary, io::Error>,
    bar: &ProgressBar,
) -> Result<Summary, Box<dyn Error>> {
    if bar.is_hidden() {
        return Ok(run.await?);
    }
    bar.reset();
    bar.set_length(0);
    let progress = run.progress();
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    tokio::pin!(run);
    let summary = loop {
        tokio::select! {
            summary = &mut run => break summary,
            _ = tick.tick() => bar.set_position(counted(&progress)),
        }
    };
    bar.finish_and_clear();
    Ok(summary?)
}

fn counted(progress: &Progress) -> u64 {
    progress.now().iter().map(|count| count.done).sum()
}

/// A bar on standard error, if that is a terminal. How long it is, the walk says.
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
