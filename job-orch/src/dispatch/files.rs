//! Files that only their owner may read: they hold what customers ordered, and the tokens of workers.
//!
//! No link is followed: who can put one into the directory chooses no file of ours.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

const OWNER_ONLY: u32 = 0o600;

/// A new file in place of the one that is there.
pub(super) fn create(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    open(OpenOptions::new().create_new(true).read(true).append(true), path)
}

/// A file to add lines to, and those that it has. What was not written to its end is cut off, whatever bytes it has: the next
/// line would be spoilt by it.
pub(super) fn lines(path: &Path) -> io::Result<(File, Vec<u8>)> {
    let file = open(OpenOptions::new().create(true).read(true).append(true), path)?;
    let mut lines = Vec::new();
    (&file).read_to_end(&mut lines)?;
    lines.truncate(lines.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1));
    file.set_len(lines.len() as u64)?;
    Ok((file, lines))
}

/// Adds lines to a file of this size, in whole or not at all.
pub(super) fn add(mut file: &File, size: &mut u64, lines: &[u8]) -> io::Result<()> {
    if let Err(error) = file.write_all(lines) {
        // Half a line would spoil the next one.
        file.set_len(*size)?;
        return Err(error);
    }
    *size += lines.len() as u64;
    Ok(())
}

/// All of a file that is there.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = plain(OpenOptions::new().read(true), path)?;
    let mut bytes = Vec::with_capacity(usize::try_from(file.metadata()?.len()).unwrap_or_default());
    io::copy(&mut file, &mut bytes)?;
    Ok(bytes)
}

/// One that is there may have been made by an umask, or a version of ours, that let others read it.
fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let file = plain(options.mode(OWNER_ONLY), path)?;
    if file.metadata()?.mode() & 0o777 != OWNER_ONLY {
        file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
    }
    Ok(file)
}

/// Opens a file that is no link, and nothing that nobody reads to its end.
fn plain(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let opened = options.custom_flags(flags.bits().cast_signed()).open(path);
    let file = opened.map_err(|error| match error.raw_os_error() {
        Some(code) if code == rustix::io::Errno::LOOP.raw_os_error() => {
            io::Error::new(io::ErrorKind::PermissionDenied, "it is a symbolic link")
        }
        _ => error,
    })?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is no plain file"));
    }
    Ok(file)
}

/// Whether somebody else could put files of their own into a directory, or take ours away.
pub(super) fn is_open(directory: &File) -> io::Result<bool> {
    const STICKY: u32 = 0o1000;
    let mode = directory.metadata()?.mode();
    Ok(mode & 0o002 != 0 && mode & STICKY == 0)
}
