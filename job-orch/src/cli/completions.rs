//! `job-orch completions`

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap_complete::Shell;

use crate::exit::Failure;

/// Prints what a shell needs to complete the arguments of this program.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The shell
    shell: Shell,
}

/// Prints it.
pub(crate) fn run(arguments: &Arguments, mut program: clap::Command) -> Result<ExitCode, Failure> {
    // Into memory first: where nobody reads it, the generator would panic.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut program, "job-orch", &mut script);
    io::stdout().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}
