//! Power cuts: a copy of the disk at a moment at which nothing is being written is what a cut would leave.
//!
//! Two processes work, and a third one calls and listens. What anybody was told must be there after the cut. Most
//! disks take long for each sync, so that there is always something that is committed and not yet on them.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use job_orch::testing::history::{Event, FaultKind, History, Promises, Recorder, Rejected, Summary};
use tempfile::TempDir;

use crate::args::{Args, Role};
use crate::disk::{Image, Mounted, memory};
use crate::job::ATTEMPTS;
use crate::run::{Chance, Trouble, Worker};
use crate::store;

/// So many cuts of a store that does not wait for the disk: some of them must lose something.
const CONTROLS: u64 = 10;

/// What the process is called that works at nothing.
const LISTENER: &str = "listener";

/// Cuts the power, and judges. Says how it went.
pub(crate) fn run(args: &Args) -> Result<String, Trouble> {
    let mut chance = Chance::of(args.seed);
    let (mut accepted, mut done, mut told) = (0, 0, Told::default());
    for cut in 1..=args.cuts {
        let (judged, folder) = cut_once(&mut chance, Role::Worker)?;
        let summary = match judged {
            Ok(summary) => summary,
            // It came before anything was accepted.
            Err(Rejected::Dull(_)) => continue,
            Err(rejected) => {
                let kept = folder.keep();
                return Err(Trouble::Broken(format!("{rejected}\nthe history is in {}", kept.display())));
            }
        };
        (accepted, done) = (accepted + summary.accepted, done + summary.done);
        told.add(&History::read(folder.path())?);
        if cut % 50 == 0 {
            eprintln!("{cut} cuts: {accepted} accepted, {done} done, {told}, none lost");
        }
    }
    let (mut lost, mut tried) = (0, 0);
    // Of a short run, one that lost something is enough.
    while tried < CONTROLS && (lost == 0 || args.cuts >= 100) {
        tried += 1;
        lost += u64::from(matches!(cut_once(&mut chance, Role::Careless)?.0, Err(Rejected::Broken(_))));
    }
    if lost == 0 {
        return Err(Trouble::Broken(format!("{tried} cuts lost nothing of a store that does not wait for the disk")));
    }
    let least = args.cuts * 5;
    if accepted < least {
        return Err(Trouble::Broken(format!("only {accepted} requests were accepted before the cuts")));
    }
    if told.heard < args.cuts || told.answered * 4 < args.cuts {
        return Err(Trouble::Broken(format!("too little was told before the cuts: {told}")));
    }
    let control = format!("a store that does not wait for the disk lost some in {lost} of {tried}");
    Ok(format!("{} power cuts: {accepted} accepted, {done} done, {told}, none lost; {control}", args.cuts))
}

/// What a process was told of others.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    heard: u64,
    answered: u64,
}

impl Told {
    fn add(&mut self, history: &History) {
        for entry in history.entries().iter().filter(|entry| entry.process == LISTENER) {
            self.heard += u64::from(matches!(entry.event, Event::Heard { .. }));
            self.answered += u64::from(matches!(entry.event, Event::Answered { .. }));
        }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ends heard and {} calls answered in another process", self.heard, self.answered)
    }
}

/// One cut, what was judged of it, and its history.
fn cut_once(chance: &mut Chance, role: Role) -> Result<(Result<Summary, Rejected>, TempDir), Trouble> {
    let is_careless = role == Role::Careless;
    let slowness = [Vec::new(), vec![("JOB_ORCH_PAUSE", "before_sync:5".to_owned())]];
    let disk_is = &slowness[usize::from(chance.below(4) > 0)];
    // In memory, and so outside of the disk.
    let folder = TempDir::new_in(memory())?;
    let history = TempDir::new_in(memory())?;
    let driver = Recorder::append(history.path(), "driver")?;
    let image = Image::new(&folder.path().join("image"))?;
    let copy = {
        let disk = image.mount(&folder.path().join("disk"))?;
        let store = disk.path().join("jobs.db");
        // One that waited for the disk would have it keep what the others commit.
        let listener = if is_careless { Role::Careless } else { Role::Listener };
        let start = |name: &str, role| Worker::start(&store, history.path(), name.to_owned(), role, disk_is);
        let workers = [start("one", role)?, start("two", role)?, start(LISTENER, listener)?];
        wait_for(&store);
        std::thread::sleep(Duration::from_millis(chance.below(500)));
        let copy = frozen(&workers, &disk, &image, &folder.path().join("copy"))?;
        for worker in workers {
            worker.kill()?;
        }
        copy
    };
    driver.note(Event::Fault { fault: FaultKind::PowerCut, target: String::new() });
    let disk = copy.mount(&folder.path().join("after"))?;
    let store = disk.path().join("jobs.db");
    let drained = store::drain(&store, &Recorder::append(history.path(), "drainer")?);
    drop(disk);
    if !is_careless {
        drained?;
    }
    let judged = History::read(history.path())?.check(&Promises::new().attempts(ATTEMPTS));
    Ok((judged, history))
}

/// A store that is being made is no store yet.
fn wait_for(store: &Path) {
    let begun = std::time::Instant::now();
    while !store.exists() && begun.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// What is on the disk at a moment at which nothing is being written to it.
fn frozen(workers: &[Worker], disk: &Mounted, image: &Image, to: &Path) -> Result<Image, Trouble> {
    loop {
        workers.iter().try_for_each(Worker::stop)?;
        let before = disk.writes()?;
        let copy = image.copy(to)?;
        if disk.writes()? == before {
            return Ok(copy);
        }
        workers.iter().try_for_each(Worker::go_on)?;
        std::thread::sleep(Duration::from_millis(50));
    }
}
