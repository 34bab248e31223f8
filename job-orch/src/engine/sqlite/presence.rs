//! Who is there. Each process holds the lock of a file in a folder beside the store, under a name that its row in the store
//! tells. However the process ends, the system lets go of the lock: then what it held can be taken back at once. One that is
//! stopped keeps its lock, and whether it is taken for dead is the matter of its lease.
//!
//! This only makes haste. Where there can be no such folder, or somebody has emptied it, the leases do what they always do;
//! and whoever is taken for dead can settle nothing, for its fences are old.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::id::JobId;

/// So often a name is tried: another process may remove what it takes for left over.
const TRIES: usize = 10;

/// The sign of one process. Dropped, it takes it away: the process leaves in peace.
#[derive(Debug)]
pub(super) struct Presence {
    folder: PathBuf,
    sign: String,
    // Locked as long as it is open.
    _file: File,
}

impl Presence {
    /// Says that this process is there.
    pub(super) fn of(store: &Path) -> io::Result<Self> {
        Self::locked_by(store, File::try_lock)
    }

    fn locked_by(store: &Path, lock: impl Fn(&File) -> Result<(), TryLockError>) -> io::Result<Self> {
        let folder = folder_of(store);
        for _ in 0..TRIES {
            match Self::sign(&folder, &lock) {
                Ok(Some(presence)) => return Ok(presence),
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                // Whoever left has taken the folder along, or somebody has taken the file for one of a dead process.
                Ok(None) | Err(_) => {}
            }
        }
        Err(io::Error::new(ErrorKind::TimedOut, format!("whatever is put into {} is taken away", folder.display())))
    }

    fn sign(folder: &Path, lock: impl Fn(&File) -> Result<(), TryLockError>) -> io::Result<Option<Self>> {
        make(folder)?;
        let sign = JobId::new().to_string();
        let path = folder.join(&sign);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        let signed = Self { folder: folder.to_owned(), sign, _file: file };
        // Before it is locked it looks as if its process had died. Dropped, it takes what it has put there away.
        match lock(&signed._file) {
            Ok(()) => Ok(path.exists().then_some(signed)),
            Err(TryLockError::WouldBlock) => Ok(None),
            // Not every file system has locks.
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// What the process is called in the folder, and in the store.
    pub(super) fn name(&self) -> &str {
        &self.sign
    }

    /// Who looks for the others.
    pub(super) fn lookout(&self) -> Lookout {
        Lookout { folder: self.folder.clone(), own: self.sign.clone() }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.folder.join(&self.sign));
        // The last one takes the folder along: it goes only when it is empty.
        let _ = fs::remove_dir(&self.folder);
    }
}

/// Looks for processes that have died.
#[derive(Debug)]
pub(super) struct Lookout {
    pub(super) folder: PathBuf,
    own: String,
}

impl Lookout {
    /// The signs of those that have died since anybody looked: of all that look, one is told of each.
    pub(super) fn dead(&self) -> Vec<String> {
        let Ok(files) = fs::read_dir(&self.folder) else { return Vec::new() };
        let names = files.filter_map(|file| file.ok()?.file_name().into_string().ok());
        names.filter(|name| *name != self.own && name.parse::<JobId>().is_ok() && self.has_died(name)).collect()
    }

    /// Whether nobody holds the lock of this file. Then it is removed, while it is locked here.
    fn has_died(&self, name: &str) -> bool {
        let path = self.folder.join(name);
        // Only to read: who waits for files that were written and closed hears nothing of it.
        let Ok(file) = File::open(&path) else { return false };
        file.try_lock().is_ok() && fs::remove_file(&path).is_ok()
    }
}

fn folder_of(store: &Path) -> PathBuf {
    let mut folder = store.as_os_str().to_owned();
    folder.push("-live");
    folder.into()
}

/// Makes the folder for its owner alone. One that is there has to be like that.
fn make(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => return made,
    }
    let there = fs::symlink_metadata(folder)?;
    if there.is_dir() && is_ours(&there) {
        return Ok(());
    }
    Err(io::Error::new(ErrorKind::PermissionDenied, format!("{} is not ours alone", folder.display())))
}

#[cfg(target_os = "linux")]
fn is_ours(folder: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    folder.uid() == rustix::process::geteuid().as_raw() && folder.mode() & 0o022 == 0
}

#[cfg(not(target_os = "linux"))]
fn is_ours(_: &fs::Metadata) -> bool {
    true
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

    use super::*;

    fn place() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("jobs.db");
        (folder, store)
    }

    #[test]
    fn whoever_lives_is_not_dead_and_whoever_dies_is_so_once() {
        let (_folder, store) = place();
        let (one, two) = (Presence::of(&store).unwrap(), Presence::of(&store).unwrap());
        assert!(one.lookout().dead().is_empty());
        let sign = two.name().to_owned();
        // As the system does it when a process ends: the lock goes, and the file stays.
        let Presence { _file, .. } = &two;
        _file.unlock().unwrap();
        assert_eq!(one.lookout().dead(), [sign]);
        assert!(one.lookout().dead().is_empty(), "it was told");
    }

    #[test]
    fn whoever_leaves_in_peace_leaves_nothing() {
        let (_folder, store) = place();
        let (one, two) = (Presence::of(&store).unwrap(), Presence::of(&store).unwrap());
        drop(two);
        assert!(one.lookout().dead().is_empty());
        drop(one);
        assert!(!folder_of(&store).exists());
    }

    #[test]
    fn a_file_system_without_locks_is_not_asked_for_ever() {
        let (_folder, store) = place();
        let refused = Presence::locked_by(&store, |_| Err(TryLockError::Error(ErrorKind::Unsupported.into())));
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Unsupported);
        let taken = Presence::locked_by(&store, |_| Err(TryLockError::WouldBlock));
        assert_eq!(taken.unwrap_err().kind(), ErrorKind::TimedOut);
        assert!(!folder_of(&store).exists(), "nothing is left of the tries");
    }

    #[test]
    fn what_is_no_sign_stays() {
        let (_folder, store) = place();
        let one = Presence::of(&store).unwrap();
        let diary = folder_of(&store).join("diary");
        fs::write(&diary, "dear").unwrap();
        assert!(one.lookout().dead().is_empty() && diary.exists());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_folder_that_is_elsewhere_or_open_to_others_is_not_used() {
        use std::os::unix::fs::PermissionsExt as _;
        let (folder, store) = place();
        let elsewhere = folder.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, folder_of(&store)).unwrap();
        assert_eq!(Presence::of(&store).unwrap_err().kind(), ErrorKind::PermissionDenied);
        fs::remove_file(folder_of(&store)).unwrap();
        fs::create_dir(folder_of(&store)).unwrap();
        fs::set_permissions(folder_of(&store), fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(Presence::of(&store).unwrap_err().kind(), ErrorKind::PermissionDenied);
    }
}
