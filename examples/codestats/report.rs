//! Adds up, and says what came out.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::count::Counts;

/// A file or directory that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Unreadable {
    #[serde(serialize_with = "lossily")]
    path: PathBuf,
    error: String,
}

impl Unreadable {
    pub(crate) fn new(path: PathBuf, error: &dyn std::fmt::Display) -> Self {
        Self { path, error: error.to_string() }
    }
}

/// What became of a file.
pub(crate) type Outcome = Result<(PathBuf, Counts), Unreadable>;

/// Adds up what became of all files.
pub(crate) fn sum_up(outcomes: Vec<Outcome>) -> Summary {
    let mut summary = Summary::default();
    outcomes.into_iter().for_each(|outcome| summary.add(outcome));
    summary
}

fn lossily<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

/// Files, and what they hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct Tally {
    files: u64,
    lines: u64,
    words: u64,
    bytes: u64,
}

impl Tally {
    fn add(&mut self, counts: Counts) {
        self.files += 1;
        self.lines += counts.lines;
        self.words += counts.words;
        self.bytes += counts.bytes;
    }
}

/// What one run found.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Summary {
    #[serde(flatten)]
    total: Tally,
    extensions: BTreeMap<String, Tally>,
    unreadable: Vec<Unreadable>,
}

impl Summary {
    fn add(&mut self, outcome: Outcome) {
        match outcome {
            Ok((path, counts)) => {
                self.total.add(counts);
                let extension = path.extension().unwrap_or_default().to_string_lossy();
                match self.extensions.get_mut(&*extension) {
                    Some(tally) => tally.add(counts),
                    None => self.extensions.entry(extension.into_owned()).or_default().add(counts),
                }
            }
            Err(unreadable) => self.unreadable.push(unreadable),
        }
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.unreadable.is_empty()
    }
}

/// What the cache did.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Cache {
    pub(crate) hits: u64,
    pub(crate) misses: u64,
}

/// How one run went.
#[derive(Debug)]
pub(crate) struct Lap {
    pub(crate) took: Duration,
    pub(crate) cache: Cache,
}

/// What the last run found, and how all of them went.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) summary: Summary,
    pub(crate) laps: Vec<Lap>,
}

#[derive(Serialize)]
struct Object<'a> {
    #[serde(flatten)]
    summary: &'a Summary,
    cache: Cache,
}

impl Report {
    /// Sorts what came in any order.
    pub(crate) fn new(mut summary: Summary, laps: Vec<Lap>) -> Self {
        summary.unreadable.sort();
        Self { summary, laps }
    }

    /// One JSON object. Its cache counts all runs.
    pub(crate) fn json(&self, mut out: impl Write) -> io::Result<()> {
        let mut cache = Cache::default();
        for lap in &self.laps {
            cache.hits += lap.cache.hits;
            cache.misses += lap.cache.misses;
        }
        serde_json::to_writer(&mut out, &Object { summary: &self.summary, cache })?;
        writeln!(out)?;
        out.flush()
    }

    /// A table for people: the extension with the most lines first.
    pub(crate) fn table(&self, mut out: impl Write) -> io::Result<()> {
        let mut rows: Vec<(String, &Tally)> =
            self.summary.extensions.iter().map(|(extension, tally)| (label(extension), tally)).collect();
        rows.sort_by(|(one, a), (other, b)| b.lines.cmp(&a.lines).then_with(|| one.cmp(other)));
        rows.push(("total".to_owned(), &self.summary.total));
        let names = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max("extension".len());
        // No number is longer than its total.
        let total = &self.summary.total;
        let widths = [("files", total.files), ("lines", total.lines), ("words", total.words), ("bytes", total.bytes)]
            .map(|(title, total)| title.len().max(total.to_string().len()));
        let [files, lines, words, bytes] = widths;
        writeln!(
            out,
            "{:names$}  {:>files$}  {:>lines$}  {:>words$}  {:>bytes$}",
            "extension", "files", "lines", "words", "bytes"
        )?;
        for (name, row) in &rows {
            writeln!(
                out,
                "{name:names$}  {:>files$}  {:>lines$}  {:>words$}  {:>bytes$}",
                row.files, row.lines, row.words, row.bytes
            )?;
        }
        self.unreadable(&mut out)?;
        self.times(&mut out)?;
        out.flush()
    }

    fn unreadable(&self, out: &mut impl Write) -> io::Result<()> {
        let unreadable = &self.summary.unreadable;
        if !unreadable.is_empty() {
            writeln!(out, "\n{} could not be read:", unreadable.len())?;
        }
        // In quotes and escaped: a name may hold anything, also what would command a terminal.
        unreadable.iter().try_for_each(|Unreadable { path, error }| writeln!(out, "  {path:?}: {error}"))
    }

    fn times(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out)?;
        self.laps.iter().try_for_each(|Lap { took, cache }| {
            writeln!(out, "{:.3} s, cache: {} hits, {} misses", took.as_secs_f64(), cache.hits, cache.misses)
        })
    }
}

/// An extension for people, whatever is in it.
fn label(extension: &str) -> String {
    if extension.is_empty() { "(none)".to_owned() } else { extension.escape_debug().to_string() }
}
