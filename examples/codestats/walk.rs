//! Finds the files to count.

use std::collections::BTreeSet;
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use crate::count::{File, Stamp};
use crate::report::Unreadable;

/// Directories of these names are not entered.
const SKIPPED: [&str; 2] = [".git", "target"];

/// A file to count, or what cannot be read.
pub(crate) type Find = Result<File, Unreadable>;

/// A directory to read.
struct Directory {
    path: PathBuf,
    // Without links and dots: what tells whether it was given too.
    real: PathBuf,
}

/// Shows every regular file below the directories to `found`, until that says that it wants no more. It blocks.
pub(crate) fn walk(given: &[PathBuf], mut found: impl FnMut(Find) -> bool) {
    let mut roots = BTreeSet::new();
    let mut waiting = Vec::new();
    for path in given {
        match fs::canonicalize(path) {
            Ok(real) if roots.insert(real.clone()) => waiting.push(Directory { path: path.clone(), real }),
            Ok(_) => {}
            Err(error) => {
                if !found(Err(Unreadable::new(path.clone(), &error))) {
                    return;
                }
            }
        }
    }
    // The last first, so that no more than one branch waits at a time.
    while let Some(directory) = waiting.pop() {
        let is_new = |real: &Path| !roots.contains(real);
        if !read(&directory, is_new, &mut waiting, &mut found) {
            return;
        }
    }
}

/// Reads one directory; says whether to go on.
fn read(
    directory: &Directory,
    is_new: impl Fn(&Path) -> bool,
    waiting: &mut Vec<Directory>,
    found: &mut impl FnMut(Find) -> bool,
) -> bool {
    let failed = |error: &io::Error| Err(Unreadable::new(directory.path.clone(), error));
    let entries = match fs::read_dir(&directory.path) {
        Ok(entries) => entries,
        Err(error) => return found(failed(&error)),
    };
    for entry in entries {
        let go_on = match entry.and_then(|entry| Ok((entry.file_type()?, entry))) {
            Ok((kind, entry)) if kind.is_dir() => {
                let below = Directory { path: entry.path(), real: directory.real.join(entry.file_name()) };
                if !is_skipped(&entry) && is_new(&below.real) {
                    waiting.push(below);
                }
                true
            }
            Ok((kind, entry)) if kind.is_file() => found(file(&entry)),
            // A link, a pipe, a socket, a device.
            Ok(_) => true,
            Err(error) => found(failed(&error)),
        };
        if !go_on {
            return false;
        }
    }
    true
}

fn is_skipped(directory: &DirEntry) -> bool {
    SKIPPED.iter().any(|name| directory.file_name() == *name)
}

fn file(entry: &DirEntry) -> Find {
    let path = entry.path();
    // Of the entry itself: a link that took the file's place meanwhile is not followed.
    match entry.metadata() {
        Ok(metadata) => Ok(File { stamp: Stamp::of(&metadata), path }),
        Err(error) => Err(Unreadable::new(path, &error)),
    }
}
