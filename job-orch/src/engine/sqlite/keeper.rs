//! The thread that keeps a process alive in its store: it says so in time, however busy everything else is, and it hears when
//! another process has written.

use std::path::Path;
use std::time::{Duration, Instant};

use super::writer::{Command, Writer};
use crate::sync::{Arc, Mutex, Weak, lock};

/// A process that writes all the time is looked at no more often than this.
const PACE: Duration = Duration::from_millis(1);

/// How often a process looks where the system tells of nothing.
const UNTOLD: Duration = Duration::from_millis(10);

/// What the thread works with.
pub(super) struct Keeper {
    pub(super) writer: Weak<Writer>,
    pub(super) outside: Arc<Outside>,
}

impl Keeper {
    /// Starts the thread, which looks by itself after each `poll`. It ends soon after the writer.
    pub(super) fn spawn(self, path: &Path, lease: Duration, poll: Duration) -> std::io::Result<()> {
        let Self { writer, outside } = self;
        let mut watch = Watch::of(path);
        let beat = (lease / 3).max(PACE);
        let keep = move || {
            let mut beaten = Instant::now();
            loop {
                watch.wait(outside.patience(poll.min(beat)));
                let Some(writer) = writer.upgrade() else { return };
                if beaten.elapsed() >= beat {
                    beaten = Instant::now();
                    writer.command(Command::Beat);
                }
                writer.command(Command::Glance);
                drop(writer);
                std::thread::sleep(PACE);
            }
        };
        std::thread::Builder::new().name("job-orch-keeper".to_owned()).spawn(keep).map(drop)
    }
}

/// Commits that are to come from connections of the user's: they ring no bell. So they are looked for, each time after half
/// as long as they have been expected: soon where they come soon, and a few times in all.
#[derive(Debug, Default)]
pub(super) struct Outside(Mutex<Option<Instant>>);

impl Outside {
    /// One is under way.
    pub(super) fn expect(&self, path: &Path) {
        *lock(&self.0) = Some(Instant::now());
        // For the keeper, which may wait for long.
        ring(path);
    }

    /// How long the keeper may wait.
    fn patience(&self, most: Duration) -> Duration {
        let mut since = lock(&self.0);
        match since.map(|since| since.elapsed() / 2) {
            Some(soon) if soon < most => soon.max(PACE),
            _ => {
                *since = None;
                most
            }
        }
    }

    /// Somebody else has committed. If it was one of these, the other processes have not heard of it either.
    pub(super) fn pass_on(&self, path: &Path) {
        if lock(&self.0).is_some() {
            ring(path);
        }
    }
}

/// Whose change says that a process has committed. By its path alone: to open and close a file of `SQLite`'s would take the
/// locks away that this process has on it.
#[cfg(target_os = "linux")]
fn bell(path: &Path) -> std::path::PathBuf {
    let mut bell = path.as_os_str().to_owned();
    bell.push("-shm");
    bell.into()
}

/// Tells other processes that this one has committed. The log itself would tell them too early: it grows before the commit
/// can be seen.
#[cfg(target_os = "linux")]
pub(super) fn ring(path: &Path) {
    use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, utimensat};
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    // Unheard, they look by themselves.
    let _ = utimensat(CWD, bell(path), &Timestamps { last_access: now, last_modification: now }, AtFlags::empty());
}

#[cfg(not(target_os = "linux"))]
pub(super) fn ring(_: &Path) {}

/// Hears the bell.
#[cfg(target_os = "linux")]
struct Watch(Option<rustix::fd::OwnedFd>);

#[cfg(target_os = "linux")]
impl Watch {
    /// Without it, the poll has to do: a system may have run out of watches.
    fn of(path: &Path) -> Self {
        use rustix::fs::inotify;
        let watch = || {
            let watch = inotify::init(inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC)?;
            inotify::add_watch(&watch, bell(path), inotify::WatchFlags::ATTRIB)?;
            Ok::<_, rustix::io::Errno>(watch)
        };
        let watch = watch();
        if let Err(error) = &watch {
            tracing::info!(target: "job_orch", %error, "other processes are seen by polling");
        }
        Self(watch.ok())
    }

    fn wait(&mut self, most: Duration) {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let Some(watch) = &self.0 else { return std::thread::sleep(UNTOLD.min(most)) };
        let most = Timespec { tv_sec: most.as_secs().cast_signed(), tv_nsec: most.subsec_nanos().into() };
        let heard = poll(&mut [PollFd::new(watch, PollFlags::IN)], Some(&most));
        if heard != Ok(0) {
            // Read, so that it tells of the next one too.
            let mut said = [0_u8; 4096];
            while rustix::io::read(watch, &mut said).is_ok_and(|count| count > 0) {}
        }
    }
}

#[cfg(not(target_os = "linux"))]
struct Watch;

#[cfg(not(target_os = "linux"))]
impl Watch {
    fn of(_: &Path) -> Self {
        Self
    }

    fn wait(&mut self, most: Duration) {
        std::thread::sleep(UNTOLD.min(most));
    }
}
