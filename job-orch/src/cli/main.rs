//! The program `job-orch`: runs processes, serves the dispatcher, and looks after stores.
//!
//! One file for each command: its arguments, and what it does. What several of them share stands in `exit.rs` and `store.rs`.

mod completions;
mod doctor;
mod exit;
mod jobs;
mod pause;
mod purge;
mod queues;
mod requests;
mod run;
mod schedules;
mod serve;
mod show;
mod store;
mod tail;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use requests::Deed;

/// Runs processes as jobs, serves a dispatcher of jobs over HTTP, and looks after stores of jobs.
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
    Queues(queues::Arguments),
    Jobs(jobs::Arguments),
    Show(show::Arguments),
    Tail(tail::Arguments),
    Schedules(schedules::Arguments),
    /// Sends dead letters again, with all their attempts before them.
    Redrive(requests::Arguments),
    /// Drops dead letters for good.
    Drop(requests::Arguments),
    /// Has requests that wait for their time run now.
    Retry(requests::Arguments),
    /// Cancels requests that wait. What runs can be cancelled by its own process alone.
    Cancel(requests::Arguments),
    /// Hands out nothing more of a job. What runs goes on.
    Pause(pause::Arguments),
    /// Lets a job that was paused go on.
    Resume(pause::Arguments),
    Purge(purge::Arguments),
    Doctor(doctor::Arguments),
    Completions(completions::Arguments),
}

fn main() -> ExitCode {
    let result = match Program::parse().command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Queues(arguments) => queues::run(&arguments),
        Command::Jobs(arguments) => jobs::run(&arguments),
        Command::Show(arguments) => show::run(&arguments),
        Command::Tail(arguments) => tail::run(&arguments),
        Command::Schedules(arguments) => schedules::run(&arguments),
        Command::Redrive(arguments) => requests::run(Deed::Redrive, &arguments),
        Command::Drop(arguments) => requests::run(Deed::Drop, &arguments),
        Command::Retry(arguments) => requests::run(Deed::Retry, &arguments),
        Command::Cancel(arguments) => requests::run(Deed::Cancel, &arguments),
        Command::Pause(arguments) => pause::run(true, &arguments),
        Command::Resume(arguments) => pause::run(false, &arguments),
        Command::Purge(arguments) => purge::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments, Program::command()),
    };
    result.unwrap_or_else(|error| exit::report(&error))
}
