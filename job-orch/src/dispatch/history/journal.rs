//! [`Journal`]: the file that the history outlives its process in, a line for each thing that happens.
//!
//! A line is with the system when it has been appended: a process that is killed loses none. What has to outlive a loss of
//! power too is synced. A file that has become much larger than what it says is written anew, beside what goes on.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::dispatch::files;
use crate::sync::Arc;

/// Below this size a file is left as it is.
const SMALL: u64 = if cfg!(test) { 64 << 10 } else { 32 << 20 };

#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: Arc<File>,
    size: u64,
    // Bytes that were ever added.
    added: u64,
    // From this size on it is written anew.
    large: u64,
    is_rewritten: bool,
}

/// What a file is written anew with.
#[derive(Debug)]
pub(super) struct Anew {
    path: PathBuf,
    old: Arc<File>,
    // What comes from here on is kept.
    from: u64,
}

impl Journal {
    /// The file, and its lines.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Vec<u8>)> {
        let (file, lines) = files::lines(path)?;
        let size = lines.len() as u64;
        sync_folder(path)?;
        let journal =
            Self { path: path.to_owned(), file: Arc::new(file), size, added: 0, large: SMALL, is_rewritten: false };
        Ok((journal, lines))
    }

    /// Cuts off what comes from here on.
    pub(super) fn cut(&mut self, size: u64) -> io::Result<()> {
        self.size = size;
        self.file.set_len(size)
    }

    /// Adds lines, in whole or not at all.
    pub(super) fn append(&mut self, lines: &str) -> io::Result<()> {
        files::add(&self.file, &mut self.size, lines.as_bytes())?;
        self.added += lines.len() as u64;
        Ok(())
    }

    /// How many bytes were added so far.
    pub(super) const fn added(&self) -> u64 {
        self.added
    }

    /// The file as it is now.
    pub(super) fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// Whether it should be written anew. Who asks does so.
    pub(super) fn begin_anew(&mut self) -> Option<Anew> {
        if self.is_rewritten || self.size < self.large {
            return None;
        }
        self.is_rewritten = true;
        Some(Anew { path: self.path.clone(), old: Arc::clone(&self.file), from: self.size })
    }

    /// Takes the new file, and what has been added meanwhile.
    pub(super) fn end_anew(&mut self, anew: &Anew, new: io::Result<File>) -> io::Result<()> {
        self.is_rewritten = false;
        // Where that failed, it is tried again when there is twice as much.
        self.large = self.size * 2;
        let mut new = new?;
        let mut added = Vec::new();
        (&*anew.old).seek(SeekFrom::Start(anew.from))?;
        (&*anew.old).take(self.size - anew.from).read_to_end(&mut added)?;
        new.write_all(&added)?;
        new.sync_all()?;
        let size = new.metadata()?.len();
        fs::rename(anew.new_path(), &self.path)?;
        // The old one has no name any more: from here on nothing may go there, whatever else fails.
        self.file = Arc::new(new);
        self.size = size;
        self.large = (size * 2).max(SMALL);
        sync_folder(&self.path)
    }
}

impl Anew {
    fn new_path(&self) -> PathBuf {
        self.path.with_extension("history.new")
    }

    /// The new file with these lines, on the disk.
    pub(super) fn write(&self, lines: impl Iterator<Item = String>) -> io::Result<File> {
        let mut writer = io::BufWriter::new(files::create(&self.new_path())?);
        for line in lines {
            writer.write_all(line.as_bytes())?;
        }
        let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok(file)
    }
}

/// Has the disk know the file by its name.
fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
