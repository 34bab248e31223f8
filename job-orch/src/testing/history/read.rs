//! [`History`]: what was written, merged.

use std::io;
use std::path::{Path, PathBuf};

use super::check::Checker;
use super::event::Entry;
use super::verdict::{Promises, Rejected, Summary};

/// What many processes saw, in the order in which they saw it.
#[derive(Clone, Debug, Default)]
pub struct History(Vec<Entry>);

/// A history that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A folder or a file cannot be read.
    #[error("{} cannot be read", path.display())]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A line is no entry. (The last line of a file may be cut off: its process was killed.)
    #[error("line {line} of {} is no entry", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

impl History {
    /// These entries, sorted: by time, then by process and by its own order.
    #[must_use]
    pub fn new(mut entries: Vec<Entry>) -> Self {
        entries.sort_by(|a, b| (a.at, &a.process, a.seq).cmp(&(b.at, &b.process, b.seq)));
        Self(entries)
    }

    /// What the recorders of many processes wrote into a folder.
    ///
    /// # Errors
    /// [`ReadError`] says which file, and why.
    pub fn read(folder: impl AsRef<Path>) -> Result<Self, ReadError> {
        let folder = folder.as_ref();
        let io = |path: &Path, source| ReadError::Io { path: path.to_owned(), source };
        let mut entries = Vec::new();
        for file in std::fs::read_dir(folder).map_err(|source| io(folder, source))? {
            let path = file.map_err(|source| io(folder, source))?.path();
            if path.extension().is_some_and(|extension| extension == "jsonl") {
                let text = std::fs::read_to_string(&path).map_err(|source| io(&path, source))?;
                parse(&path, &text, &mut entries)?;
            }
        }
        Ok(Self::new(entries))
    }

    /// The entries, in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// Judges it, in one pass.
    ///
    /// # Errors
    /// [`Rejected::Broken`] if a promise was broken; [`Rejected::Dull`] if none was, but too little happened to tell.
    pub fn check(&self, promises: &Promises) -> Result<Summary, Rejected> {
        let mut checker = Checker::new(promises);
        self.0.iter().for_each(|entry| checker.see(entry));
        checker.end(&self.0)
    }
}

fn parse(path: &Path, text: &str, entries: &mut Vec<Entry>) -> Result<(), ReadError> {
    for (at, line) in text.split_inclusive('\n').enumerate() {
        match serde_json::from_str(line) {
            Ok(entry) => entries.push(entry),
            // Cut off by a kill.
            Err(_) if !line.ends_with('\n') => {}
            Err(source) => return Err(ReadError::Line { path: path.to_owned(), line: at + 1, source }),
        }
    }
    Ok(())
}
