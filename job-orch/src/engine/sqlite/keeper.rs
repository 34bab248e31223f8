//! The thread that keeps a process alive in its store: it says so in time, however busy everything else is, and it hears when
//! another process has written.

use std::path::Path;
use std::time::{Duration, Instant};

use super::presence::Lookout;
use super::writer::{Command, Writer};
use crate::sync::{Arc, Mutex, Weak, lock};

/// A process that writes all the time is looked at no more often than this.
const PACE: Duration = Duration::from_millis(1);

/// How often a process looks where the system tells of nothing.
const UNTOLD: Duration = Duration::from_millis(10);

/// What the thread needs to know.
pub(super) struct Keeper {
    pub(super) writer: Weak<Writer>,
    pub(super) outside: Arc<Outside>,
    /// Who looks for processes that have died.
    pub(super) lookout: Option<Lookout>,
    pub(super) lease: Duration,
    /// How often it looks by itself.
    pub(super) poll: Duration,
}

impl Keeper {
    /// Starts the thread. It ends soon after the writer.
    pub(super) fn spawn(self, path: &Path) -> std::io::Result<()> {
        let watch = Watch::of(path, self.lookout.as_ref().map(|lookout| lookout.folder.as_path()));
        std::thread::Builder::new().name("job-orch-keeper".to_owned()).spawn(move || self.keep(watch)).map(drop)
    }

    fn keep(self, mut watch: Watch) {
        let beat = (self.lease / 3).max(PACE);
        let (mut beaten, mut looked) = (Instant::now(), Instant::now());
        loop {
            let somebody_left = watch.wait(self.outside.patience(self.poll.min(beat)));
            let Some(writer) = self.writer.upgrade() else { return };
            if beaten.elapsed() >= beat {
                beaten = Instant::now();
                writer.command(Command::Beat);
            }
            writer.command(Command::Glance);
            // The lock of a file goes a moment after the file.
            std::thread::sleep(PACE);
            if somebody_left || looked.elapsed() >= self.poll {
                looked = Instant::now();
                self.bury_dead(&writer);
            }
        }
    }

    /// Has what dead processes held taken back. Of all that look, one is told of each death, and once: it does not give up.
    fn bury_dead(&self, writer: &Writer) {
        for sign in self.lookout.iter().flat_map(Lookout::dead) {
            writer.tell(move |transaction| transaction.bury_process(&sign).map(drop));
        }
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

/// Hears the bell, and that somebody has left.
#[cfg(target_os = "linux")]
struct Watch {
    told: Option<rustix::fd::OwnedFd>,
    // The number of the folder in what is told.
    folder: Option<i32>,
}

#[cfg(target_os = "linux")]
impl Watch {
    /// Without it, the poll has to do: a system may have run out of watches.
    fn of(path: &Path, folder: Option<&Path>) -> Self {
        use rustix::fs::inotify;
        let watch = || {
            let watch = inotify::init(inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC)?;
            inotify::add_watch(&watch, bell(path), inotify::WatchFlags::ATTRIB)?;
            let leaving = |folder| inotify::add_watch(&watch, folder, inotify::WatchFlags::CLOSE_WRITE).ok();
            let folder = folder.and_then(leaving);
            Ok::<_, rustix::io::Errno>((watch, folder))
        };
        match watch() {
            Ok((watch, folder)) => Self { told: Some(watch), folder },
            Err(error) => {
                tracing::info!(target: "job_orch", %error, "other processes are seen by polling");
                Self { told: None, folder: None }
            }
        }
    }

    /// Waits until it hears something. Says whether that was somebody who has left.
    fn wait(&mut self, most: Duration) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        use std::mem::MaybeUninit;
        let Some(watch) = &self.told else {
            std::thread::sleep(UNTOLD.min(most));
            return false;
        };
        let most = Timespec { tv_sec: most.as_secs().cast_signed(), tv_nsec: most.subsec_nanos().into() };
        let mut somebody_left = false;
        if poll(&mut [PollFd::new(watch, PollFlags::IN)], Some(&most)) != Ok(0) {
            // Read, so that it tells of the next one too.
            let mut said = [MaybeUninit::uninit(); 4096];
            let mut events = rustix::fs::inotify::Reader::new(watch, &mut said);
            while let Ok(event) = events.next() {
                somebody_left |= Some(event.wd()) == self.folder;
            }
        }
        somebody_left
    }
}

#[cfg(not(target_os = "linux"))]
struct Watch;

#[cfg(not(target_os = "linux"))]
impl Watch {
    fn of(_: &Path, _: Option<&Path>) -> Self {
        Self
    }

    fn wait(&mut self, most: Duration) -> bool {
        std::thread::sleep(UNTOLD.min(most));
        false
    }
}
