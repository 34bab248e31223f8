//! Finds the files to count.

use std::collections::BTreeSet;
use std::fs::{self, DirEntry};
use std::io;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread::{self, JoinHandle};

use indicatif::ProgressBar;
use job_orch::Route;

use crate::count::{File, Stamp, Words};
use crate::report::Unreadable;

/// Directories of these names are not entered.
const SKIPPED: [&str; 2] = [".git", "target"];

/// How many files the walk may be ahead: so many that it has soon seen all of them, and a bar can say how many are left.
const AHEAD: usize = 16 * 1024;

/// What a walk comes upon.
#[derive(Debug, Route)]
pub(crate) enum Find {
    /// A file to count.
    File(File),
    /// What cannot be read.
    Unreadable(Unreadable),
}

/// Walks on a thread of its own, while what it has found is counted.
pub(crate) fn walk(given: Vec<PathBuf>, words: Words, bar: ProgressBar) -> Finds {
    let (found, finds) = sync_channel(AHEAD);
    let late = found.clone();
    let walking = thread::Builder::new().name("walk".to_owned()).spawn(move || {
        search(&given, words, |find| {
            bar.inc_length(1);
            found.send(find).is_ok()
        });
    });
    let thread = walking.map_err(|error| {
        // There is room for one.
        let _ = late.try_send(Find::Unreadable(Unreadable::new(PathBuf::from("."), &error)));
    });
    Finds(Mutex::new(Walking { finds, thread: thread.ok() }))
}

/// What a walk finds, as it goes on.
// What goes through a flow may move to another thread: the lock is for the compiler, one thread takes all.
#[derive(Debug)]
pub(crate) struct Finds(Mutex<Walking>);

/// The walk's end of a channel.
#[derive(Debug)]
pub(crate) struct Walking {
    finds: Receiver<Find>,
    thread: Option<JoinHandle<()>>,
}

impl IntoIterator for Finds {
    type Item = Find;
    type IntoIter = Walking;
    fn into_iter(self) -> Walking {
        self.0.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Iterator for Walking {
    type Item = Find;

    fn next(&mut self) -> Option<Find> {
        let find = match self.finds.try_recv() {
            // The runtime gets another thread for its other tasks meanwhile.
            Err(TryRecvError::Empty) => tokio::task::block_in_place(|| self.finds.recv().ok()),
            find => find.ok(),
        };
        // A walk that broke off must not look like one that ended.
        if find.is_none()
            && let Some(Err(panic)) = self.thread.take().map(JoinHandle::join)
        {
            resume_unwind(panic);
        }
        find
    }
}

/// A directory to read.
struct Directory {
    path: PathBuf,
    // Without links and dots: what tells whether it was given too.
    real: PathBuf,
}

/// Shows every regular file below the directories to `found`, until that says that it wants no more. It blocks.
fn search(given: &[PathBuf], words: Words, mut found: impl FnMut(Find) -> bool) {
    let mut roots = BTreeSet::new();
    let mut waiting = Vec::new();
    for path in given {
        match fs::canonicalize(path) {
            Ok(real) if roots.insert(real.clone()) => waiting.push(Directory { path: path.clone(), real }),
            Ok(_) => {}
            Err(error) => {
                if !found(Find::Unreadable(Unreadable::new(path.clone(), &error))) {
                    return;
                }
            }
        }
    }
    // The last first, so that no more than one branch waits at a time.
    while let Some(directory) = waiting.pop() {
        let is_new = |real: &Path| !roots.contains(real);
        if !read(&directory, words, is_new, &mut waiting, &mut found) {
            return;
        }
    }
}

/// Reads one directory; says whether to go on.
fn read(
    directory: &Directory,
    words: Words,
    is_new: impl Fn(&Path) -> bool,
    waiting: &mut Vec<Directory>,
    found: &mut impl FnMut(Find) -> bool,
) -> bool {
    let failed = |error: &io::Error| Find::Unreadable(Unreadable::new(directory.path.clone(), error));
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
            Ok((kind, entry)) if kind.is_file() => found(file(&entry, words)),
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

fn file(entry: &DirEntry, words: Words) -> Find {
    let path = entry.path();
    // Of the entry itself: a link that took the file's place meanwhile is not followed.
    match entry.metadata() {
        Ok(metadata) => Find::File(File { stamp: Stamp::of(&metadata), path, words }),
        Err(error) => Find::Unreadable(Unreadable::new(path, &error)),
    }
}
