//! The program `job-orch`: runs processes, and looks after stores.
//!
//! One file for each command: its arguments, and what it does. What several of them share stands in `exit.rs`.

mod exit;
mod run;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Runs processes as jobs, and looks after stores of jobs.
#[derive(Debug, Parser)]
#[command(name = "job-orch", version, arg_required_else_help = true, after_help = exit::HELP)]
struct Program {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Arguments),
    Serve(serve::Arguments),
}

fn main() -> ExitCode {
    let result = match Program::parse().command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
    };
    result.unwrap_or_else(|error| exit::report(&error))
}
