//! Counts lines, words and bytes of every regular file below directories, as a flow: walk → each file count → sum up.
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
use count::{Buffer, Count, File};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use job_orch::flow::{Flow, FlowRun, InvalidFlow, Progress, Wire, arm};
use job_orch::prelude::*;
use report::{Cache, Lap, Outcome, Report, SumUp, Summary, Unreadable};
use walk::{FindArms, Walk};

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

/// The whole program, as a flow.
fn stats(workers: u32) -> Result<Stats, InvalidFlow> {
    Flow::define("codestats", |directories: Wire<Vec<PathBuf>, io::Error>| {
        directories
            .to(Walk)
            .each_at_once(workers * PER_WORKER, |find| {
                find.route(FindArms { file: arm(count_one), unreadable: arm(|unreadable| unreadable.map(Err)) })
            })
            .to(SumUp)
    })
}

/// Counts a file, and keeps its path beside.
fn count_one(file: Wire<File, io::Error>) -> Wire<Outcome, io::Error> {
    file.fork(|file| file.map(|file| file.path), |file| file.attempt(Count).result()).map(|(path, counted)| {
        match counted {
            Ok(counts) => Ok((path, counts)),
            Err(CallError::Failed { error, .. }) => Err(Unreadable::new(path, &error)),
            Err(error) => Err(Unreadable::new(path, &error)),
        }
    })
}

/// Says whether everything was read.
async fn run(args: &Args) -> Result<bool, Box<dyn Error>> {
    let (bar, flow) = (bar(), stats(args.workers().into())?);
    let orch = Orchestrator::on(Memory::new())
        .provide(Buffer::default())
        .share(args.words)
        .share(bar.clone())
        .host(Walk)
        .host_with(Count, Count::SERVING.workers(args.workers().into()))
        .host(SumUp)
        .start()
        .await?;

    let mut laps = Vec::new();
    let mut summary = Summary::default();
    for _ in 0..args.repeat {
        let (began, before) = (Instant::now(), cache(&orch)?);
        summary = watched(orch.run(&flow, args.directories.clone()), &bar).await?;
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
    progress.now().iter().filter(|count| count.job == Count::NAME).map(|count| count.done).sum()
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
