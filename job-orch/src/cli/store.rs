//! What the commands over a store share: which file it is, and how what they find is shown.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::SystemTime;

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};
use indicatif::{ProgressBar, ProgressStyle};
use job_orch::JobId;
use job_orch::engine::sqlite::inspect::Inspector;
use serde_json::Value;

use crate::exit::{Failure, plain};

/// Which store.
#[derive(Debug, clap::Args)]
pub(crate) struct Store {
    /// The store's file
    #[arg(long = "store", short = 's', env = "JOB_ORCH_STORE", value_name = "FILE")]
    path: PathBuf,
}

impl Store {
    pub(crate) fn open(&self) -> Result<Inspector, Failure> {
        Ok(Inspector::open(&self.path)?)
    }

    /// The same, whatever state its rows are in.
    pub(crate) fn open_unchecked(&self) -> Result<Inspector, Failure> {
        Ok(Inspector::open_unchecked(&self.path)?)
    }

    /// A sound store, if it has these jobs.
    pub(crate) fn open_with<'a>(&self, jobs: impl IntoIterator<Item = &'a String>) -> Result<Inspector, Failure> {
        let store = self.open()?;
        for job in jobs {
            if !store.has_queue(job)? {
                return Err(format!("the store has no job `{job}`").into());
            }
        }
        Ok(store)
    }
}

/// How what is found is shown.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Form {
    /// Prints one JSON object a line; the default where the output is no terminal
    #[arg(long)]
    json: bool,

    /// Prints a table; the default on a terminal
    #[arg(long, conflicts_with = "json")]
    table: bool,
}

impl Form {
    pub(crate) fn is_json(self) -> bool {
        self.json || !(self.table || io::stdout().is_terminal())
    }

    /// Prints rows. Each is an object, of which a table shows these columns.
    pub(crate) fn print(self, columns: &[&str], rows: &[Value]) -> io::Result<()> {
        if self.is_json() {
            return rows.iter().try_for_each(print_json);
        }
        if rows.is_empty() {
            return print_line("none");
        }
        let mut table = table();
        table.set_header(columns.iter().map(|column| column.to_uppercase()));
        fill(table, columns, rows)
    }

    /// Prints rows that come one after the other: in a table, the columns are named with the first ones.
    pub(crate) fn print_more(self, columns: &[&str], rows: &[Value], is_first: bool) -> io::Result<()> {
        if self.is_json() || is_first { self.print(columns, rows) } else { fill(table(), columns, rows) }
    }

    /// Prints one object, a line for each field: these ones first.
    pub(crate) fn print_one(self, object: &Value, first: &[&str]) -> io::Result<()> {
        if self.is_json() {
            return print_json(object);
        }
        let all = || object.as_object().into_iter().flatten();
        let known = first.iter().filter_map(|name| all().find(|(other, _)| other == name));
        let others = all().filter(|(name, _)| !first.contains(&name.as_str()));
        let mut table = table();
        for (name, value) in known.chain(others).filter(|(_, value)| !value.is_null()) {
            table.add_row([name.clone(), shown(value)]);
        }
        print_line(&table.trim_fmt())
    }
}

fn fill(mut table: Table, columns: &[&str], rows: &[Value]) -> io::Result<()> {
    for row in rows {
        table.add_row(columns.iter().map(|column| cell(&row[column])));
    }
    print_line(&table.trim_fmt())
}

/// Numbers stand under each other.
fn cell(value: &Value) -> Cell {
    let cell = Cell::new(shown(value));
    if value.is_number() { cell.set_alignment(CellAlignment::Right) } else { cell }
}

/// A table as wide as the terminal.
fn table() -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if let Ok(size) = rustix::termios::tcgetwinsize(io::stdout())
        && size.ws_col > 0
    {
        table.set_width(size.ws_col);
    }
    table
}

/// Prints one object in a line.
pub(crate) fn print_json(value: &Value) -> io::Result<()> {
    print_line(&value.to_string())
}

/// Prints a line. Where nobody reads it, that is an error and no panic.
pub(crate) fn print_line(text: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{text}")
}

/// A value as a cell: what comes from others can write nothing but text.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(is_so) => if *is_so { "yes" } else { "no" }.to_owned(),
        Value::String(text) => plain(text),
        other => plain(&other.to_string()),
    }
}

/// A moment as a JSON value.
pub(crate) fn moment(at: SystemTime) -> Value {
    humantime::format_rfc3339_seconds(at).to_string().into()
}

/// Bytes that should be JSON.
pub(crate) fn payload(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// Does something with each of these, and shows how far it is. Returns how many there were that it could be done with.
pub(crate) fn for_each(
    ids: &[JobId],
    what: &'static str,
    mut work: impl FnMut(JobId) -> Result<bool, Failure>,
) -> Result<usize, Failure> {
    let bar = bar(ids.len() as u64, what);
    let mut done = 0;
    for id in ids {
        done += usize::from(work(*id)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(done)
}

/// A bar on standard error, if that is a terminal.
fn bar(length: u64, what: &'static str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style).with_message(what)
}
