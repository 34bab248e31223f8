//! A disk whose power can be cut: ext4 in an image on a tmpfs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::Trouble;

/// How large the disk is.
const BYTES: u64 = 64 << 20;

/// A folder in memory, if there is one: outside of every disk whose power is cut.
pub(crate) fn memory() -> PathBuf {
    let shared = Path::new("/dev/shm");
    if shared.is_dir() { shared.to_owned() } else { std::env::temp_dir() }
}

/// Whether this process may mount images.
pub(crate) fn is_possible() -> Result<(), Trouble> {
    let folder = tempfile::TempDir::new_in(memory())?;
    let tried = Image::new(&folder.path().join("image")).and_then(|image| image.mount(&folder.path().join("disk")));
    tried
        .map(drop)
        .map_err(|trouble| Trouble::Impossible(format!("power cuts need root, loop devices and mkfs.ext4 ({trouble})")))
}

/// An image of a disk.
pub(crate) struct Image(PathBuf);

impl Image {
    /// An empty disk.
    pub(crate) fn new(path: &Path) -> Result<Self, Trouble> {
        fs::File::create(path)?.set_len(BYTES)?;
        command("mkfs.ext4", &["-q".as_ref(), "-F".as_ref(), path.as_os_str()])?;
        Ok(Self(path.to_owned()))
    }

    /// What is on the disk now.
    pub(crate) fn copy(&self, to: &Path) -> Result<Self, Trouble> {
        command("cp", &["--sparse=always".as_ref(), self.0.as_os_str(), to.as_os_str()])?;
        Ok(Self(to.to_owned()))
    }

    /// Puts the disk into the tree, and repairs it as after a cut.
    pub(crate) fn mount(&self, at: &Path) -> Result<Mounted, Trouble> {
        fs::create_dir_all(at)?;
        let device = command("losetup", &["--find".as_ref(), "--show".as_ref(), self.0.as_os_str()])?;
        let mut mounted = Mounted { device: device.trim().to_owned(), at: at.to_owned(), is_mounted: false };
        command("mount", &["-t".as_ref(), "ext4".as_ref(), mounted.device.as_ref(), at.as_os_str()])?;
        mounted.is_mounted = true;
        Ok(mounted)
    }
}

/// A disk in the tree, until it is dropped.
pub(crate) struct Mounted {
    device: String,
    at: PathBuf,
    is_mounted: bool,
}

impl Mounted {
    pub(crate) fn path(&self) -> &Path {
        &self.at
    }

    /// How many writes the disk has done.
    pub(crate) fn writes(&self) -> Result<u64, Trouble> {
        let name = self.device.trim_start_matches("/dev/");
        let counts = fs::read_to_string(format!("/sys/block/{name}/stat"))?;
        let writes = counts.split_whitespace().nth(4).and_then(|count| count.parse().ok());
        writes.ok_or_else(|| Trouble::Impossible(format!("{name} does not count its writes")))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if self.is_mounted && command("umount", &[self.at.as_os_str()]).is_err() {
            // Somebody is at it still: it goes when they do.
            let _ = command("umount", &["--lazy".as_ref(), self.at.as_os_str()]);
        }
        let _ = command("losetup", &["--detach".as_ref(), self.device.as_ref()]);
    }
}

fn command(program: &str, words: &[&std::ffi::OsStr]) -> Result<String, Trouble> {
    let output = Command::new(program).args(words).output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Trouble::Impossible(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim())))
}
