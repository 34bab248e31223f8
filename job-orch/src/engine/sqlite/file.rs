//! The file of a store: where it really is, whose it is, and on which disk.

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};

use super::error::OpenError;

/// The path of a file, without links: `SQLite` keeps the log beside the file that a link leads to, and all processes must look
/// for each other in one place. It stays the same, too, when this process goes to another folder.
pub(super) fn find(path: &Path) -> Result<PathBuf, OpenError> {
    let found = match path.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !path.is_symlink() => within_folder(path),
        found => found,
    };
    found.map_err(|source| OpenError::Io { path: path.to_owned(), source })
}

/// The path that a file will have which is not there yet.
fn within_folder(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(folder.canonicalize()?.join(name))
}

/// Makes sure that the file is there, is local, and is nobody else's to write.
///
/// A file that is there is looked at by its path alone: to open and close it would take the locks away that another
/// connection of this process has on it.
pub(super) fn prepare(path: &Path) -> Result<(), OpenError> {
    let io = |source| OpenError::Io { path: path.to_owned(), source };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(io(error)),
    }
    let metadata = std::fs::metadata(path).map_err(io)?;
    // `SQLite` takes a single byte for nothing, and would write over it.
    if metadata.len() == 1 {
        return Err(OpenError::NotAStore { path: path.to_owned() });
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let (mode, owner, user) = (metadata.mode(), metadata.uid(), user(&metadata));
        if owner != user {
            return Err(OpenError::Foreign { path: path.to_owned(), owner, user });
        }
        if mode & 0o022 != 0 {
            return Err(OpenError::Open { path: path.to_owned(), mode: mode & 0o777 });
        }
    }
    if is_remote(path).map_err(io)? {
        return Err(OpenError::Network { path: path.to_owned() });
    }
    Ok(())
}

/// As whom this process runs.
#[cfg(target_os = "linux")]
fn user(_: &std::fs::Metadata) -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Where that cannot be asked, whoever has the file.
#[cfg(all(unix, not(target_os = "linux")))]
fn user(file: &std::fs::Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::uid(file)
}

#[cfg(target_os = "linux")]
fn is_remote(path: &Path) -> std::io::Result<bool> {
    // NFS, SMB, CIFS, SMB2, Coda, AFS, Ceph, 9P.
    const REMOTE: [u32; 8] =
        [0x6969, 0x517B, 0xFF53_4D42, 0xFE53_4D42, 0x7375_7245, 0x5346_414F, 0x00C3_6400, 0x0102_1997];
    let kind = rustix::fs::statfs(path)?.f_type & 0xFFFF_FFFF;
    Ok(u32::try_from(kind).is_ok_and(|kind| REMOTE.contains(&kind)))
}

#[cfg(not(target_os = "linux"))]
fn is_remote(_: &Path) -> std::io::Result<bool> {
    Ok(false)
}
