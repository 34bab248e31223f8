//! [`Given`]: what has been given and is still on the disk, one id a line.
//!
//! Giving and removing are two steps, and a process may be killed between them. This file closes the gap: a line is written,
//! without waiting for the disk, the moment something has been given, and read at the next start. Of what was on its way then,
//! the history knows. (After a loss of power both may lack the last ones. They are given twice then; none is lost.)

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::STORE;
use crate::dispatch::error::OpenError;
use crate::dispatch::files;
use crate::id::JobId;
use crate::sync::{Arc, Mutex, lock};

/// Above this size the file is emptied as soon as it can be, or written anew.
const LARGE: u64 = 64 * 1024;

#[derive(Debug)]
pub(in crate::dispatch) struct Given {
    path: PathBuf,
    open: Mutex<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    size: u64,
    ids: HashSet<JobId>,
}

/// Who is to be told what was given. Each has notes of its own: what one of them has been told, the other may hold still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dispatch) enum Holder {
    /// The file of a line.
    File,
    /// The durable engine.
    Store,
}

impl Holder {
    /// What is in a directory for a line of this name: what holds the line, and what was given of that.
    pub(in crate::dispatch) fn paths(self, directory: &Path, name: &str) -> [PathBuf; 2] {
        let names = match self {
            Self::File => [format!("{name}.json"), format!("{name}.given")],
            Self::Store => [STORE.to_owned(), format!("{name}.db.given")],
        };
        names.map(|name| directory.join(name))
    }
}

impl Given {
    /// The notes for this holder of a line, and what they say was given.
    pub(in crate::dispatch) fn open(
        directory: &Path,
        name: &str,
        holder: Holder,
    ) -> Result<(Arc<Self>, Vec<JobId>), OpenError> {
        let [_, path] = holder.paths(directory, name);
        let io = |source| OpenError::Io { path: path.clone(), source };
        let (file, lines) = files::lines(&path).map_err(io)?;
        let ids: Vec<JobId> = String::from_utf8_lossy(&lines).lines().filter_map(|line| line.parse().ok()).collect();
        let open = Open { file, size: lines.len() as u64, ids: ids.iter().copied().collect() };
        Ok((Arc::new(Self { path, open: Mutex::new(open) }), ids))
    }

    /// What the file says was given.
    pub(in crate::dispatch) fn ids(&self) -> HashSet<JobId> {
        lock(&self.open).ids.clone()
    }

    /// Whether this was given, and is on the disk still.
    pub(in crate::dispatch) fn has(&self, id: JobId) -> bool {
        lock(&self.open).ids.contains(&id)
    }

    /// This was given.
    pub(in crate::dispatch) fn note(&self, id: JobId) {
        let mut open = lock(&self.open);
        open.ids.insert(id);
        let Open { file, size, .. } = &mut *open;
        if let Err(error) = files::add(file, size, format!("{id}\n").as_bytes()) {
            tracing::warn!(target: "job_orch", path = %self.path.display(), %error, "killed now, it would give twice");
        }
    }

    /// Whether the disk knows all of it.
    pub(super) fn is_told(&self) -> bool {
        lock(&self.open).ids.is_empty()
    }

    /// These are on the disk no more.
    pub(super) fn forget(&self, ids: &[JobId]) {
        let mut open = lock(&self.open);
        for id in ids {
            open.ids.remove(id);
        }
        if let Err(error) = open.tidy(&self.path) {
            tracing::warn!(target: "job_orch", path = %self.path.display(), %error, "the file grows");
        }
    }
}

impl Open {
    fn tidy(&mut self, path: &Path) -> io::Result<()> {
        if self.ids.is_empty() && self.size > 0 {
            self.file.set_len(0)?;
            self.size = 0;
            return Ok(());
        }
        if self.size < LARGE.max(self.ids.len() as u64 * 128) {
            return Ok(());
        }
        let anew = path.with_extension("given.new");
        let mut file = files::create(&anew)?;
        let text: String = self.ids.iter().map(|id| format!("{id}\n")).collect();
        file.write_all(text.as_bytes())?;
        std::fs::rename(&anew, path)?;
        self.file = file;
        self.size = text.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_a_loss_of_power_has_torn_spoils_no_other_one() {
        let Ok(folder) = tempfile::tempdir() else { unreachable!("a folder") };
        let path = folder.path().join("jobs.given");
        let open = || Given::open(folder.path(), "jobs", Holder::File).unwrap_or_else(|error| unreachable!("{error}"));
        let (before, id) = (JobId::new(), JobId::new());
        assert!(std::fs::write(&path, format!("{before}\n0190-half")).is_ok());
        open().0.note(id);
        assert_eq!(open().1, [before, id]);
    }
}
