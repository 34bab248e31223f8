//! Proves the durable engine: processes on one file are killed at random and at named points, stopped for longer than their
//! lease, sent away, and cut off from the power, and the history of it all is judged by the invariants A1 to A12.
//!
//! ```text
//! ./scripts/soak sqlite --kills 1000 --cuts 1000
//! ```
//!
//! Every process listens, and one does nothing else but call: what anybody was told must stand in the store in the end.
//!
//! With an end that is recorded whatever the fence says, a sweep a quarter of a second early, or a response and a settlement in two
//! transactions, it fails (A4, A5, A6); a store that does not wait for the disk must fail each time that it is cut off.
//!
//! It ends with one line and a status: 0 if everything was kept, 1 if something was not, 2 if it could not be tried.

mod args;
mod child;
mod cuts;
mod disk;
mod job;
mod kills;
mod run;
mod store;

use std::process::ExitCode;

use args::{Args, Mode};

fn main() -> ExitCode {
    let mode = match args::parse(std::env::args().skip(1)) {
        Ok(mode) => mode,
        Err(usage) => {
            eprintln!("{usage}");
            return ExitCode::from(2);
        }
    };
    let done = match mode {
        Mode::Child(child) => child::main(&child).map(|()| Vec::new()),
        Mode::Soak(args) => soak(&args),
    };
    match done {
        Ok(lines) => {
            lines.iter().for_each(|line| println!("{line}"));
            ExitCode::SUCCESS
        }
        Err(run::Trouble::Broken(what)) => {
            println!("BROKEN: {what}");
            ExitCode::from(1)
        }
        Err(trouble) => {
            println!("NOT TRIED: {trouble}");
            ExitCode::from(2)
        }
    }
}

fn soak(args: &Args) -> Result<Vec<String>, run::Trouble> {
    // Found out before anything long begins.
    if args.cuts > 0 {
        disk::is_possible()?;
    }
    let mut lines = Vec::new();
    if args.kills + args.points + args.stops > 0 {
        lines.push(kills::run(args)?);
    }
    if args.cuts > 0 {
        lines.push(cuts::run(args)?);
    }
    lines.push("everything that was promised was kept".to_owned());
    Ok(lines)
}
