//! Exit statuses, and how a failure is told.

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

/// Why a command could not do what it was asked to.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// What the statuses mean; shown below the help.
pub(crate) const HELP: &str = "\
Exit statuses:
  0  done
  1  it could not be done; the reason is on standard error
  2  the arguments are wrong
`run` exits as the process that it runs: with its status, or with 128 and the number of the signal that ended it.";

/// Says on standard error what failed and why.
pub(crate) fn report(failure: &Failure) -> ExitCode {
    let mut text = format!("job-orch: {failure}");
    let mut cause = failure.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    // A standard error that is closed hears nothing.
    let _ = writeln!(std::io::stderr(), "{text}");
    ExitCode::FAILURE
}
