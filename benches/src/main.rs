//! Measures job-orch beside what an expert writes by hand and what its peers offer, in one run.
//!
//! ```text
//! cargo run --release -p job-orch-benches -- memory|flow|sqlite [--check] [--rounds N] [--only NAME-PREFIX]
//! ```
//!
//! The contenders of a table take turns, and each figure is a median over the rounds. A ratio is the median of the rounds'
//! own ratios. Only ratios carry over to another machine or day.

use std::process::ExitCode;

use job_orch_benches::table::{Plan, Verdict};
use job_orch_benches::{cache, call, compile, dispatch, flow, footprint, sqlite, stream};

const USAGE: &str = "usage: job-orch-benches memory|flow|sqlite [--check] [--rounds N] [--only NAME-PREFIX]

  --check   fail if a row misses its target
  --rounds  rounds of each row; the default is 7
  --only    rows whose names begin so";

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|first| first == "sqlite-worker") {
        // A process of the table's own.
        args.next().iter().for_each(|folder| sqlite::state::work(folder.as_ref()));
        return ExitCode::SUCCESS;
    }
    let Some((tables, plan, check)) = parse(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    // As its authors ask for: else crossfire spins where it should yield.
    crossfire::detect_backoff_cfg();
    let mut verdict = Verdict::default();
    for table in tables {
        table(&plan, &mut verdict);
    }
    if verdict.conclude() || !check { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

type Table = fn(&Plan, &mut Verdict);

const MEMORY: &[Table] = &[stream::table, call::table, dispatch::table, cache::table, footprint::table, compile::table];

/// The tables, the plan, and whether to check the targets.
fn parse(mut args: impl Iterator<Item = String>) -> Option<(&'static [Table], Plan, bool)> {
    let mut plan = Plan { rounds: 7, only: String::new() };
    let mut check = false;
    let tables: &[Table] = match args.next()?.as_str() {
        "memory" => MEMORY,
        "flow" => &[flow::table],
        "sqlite" => &[sqlite::table],
        _ => return None,
    };
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--check" => check = true,
            "--rounds" => plan.rounds = args.next()?.parse().ok().filter(|rounds| *rounds > 0)?,
            "--only" => plan.only = args.next()?,
            _ => return None,
        }
    }
    Some((tables, plan, check))
}
