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
`doctor` exits with 1 if something is not as it should be; `redrive`, `drop`, `retry` and `cancel`, if one of the named
requests is none that this can be done with.
`run` exits as the program that it runs: with its status, or with 128 and the number of the signal that ended it. If there
is no such program, with 127; if it cannot be run for another reason, with 125.";

/// Says on standard error what failed and why. That nobody reads the output any more is no failure.
pub(crate) fn report(failure: &Failure) -> ExitCode {
    match failure.downcast_ref::<std::io::Error>() {
        Some(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        _ => report_as(failure, 1),
    }
}

/// The same with another status than 1.
pub(crate) fn report_as(failure: &Failure, status: u8) -> ExitCode {
    let mut text = failure.to_string();
    let mut cause = failure.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    warn(&text);
    ExitCode::from(status)
}

/// Says something on standard error, in one line whatever it contains.
pub(crate) fn warn(text: &str) {
    // A standard error that is closed hears nothing.
    let _ = writeln!(std::io::stderr(), "job-orch: {}", plain(text));
}

/// A text that can move no cursor and end no line.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_control() { plain.extend(char.escape_default()) } else { plain.push(char) }
    }
    plain
}
