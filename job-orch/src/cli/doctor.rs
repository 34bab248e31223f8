//! `job-orch doctor`

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::time::Duration;

use indicatif::ProgressBar;
use serde_json::json;

use crate::exit::Failure;
use crate::store::{Form, Store};

/// Checks a store and its settings, and says what they prove.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    store: Store,
    #[command(flatten)]
    form: Form,
}

/// Checks it.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let store = arguments.store.open_unchecked()?;
    let spinner = if io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    spinner.enable_steady_tick(Duration::from_millis(100));
    let checks = store.check(|subject| spinner.set_message(subject));
    spinner.finish_and_clear();
    let rows: Vec<_> = checks
        .iter()
        .map(|check| json!({ "check": check.subject, "good": check.is_good, "finding": check.finding }))
        .collect();
    arguments.form.print(&["check", "good", "finding"], &rows)?;
    Ok(if checks.iter().all(|check| check.is_good) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
