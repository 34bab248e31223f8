//! Power cuts: a copy of the disk at a moment at which nothing is being written is what a cut would leave.

use std::path::Path;
use std::time::Duration;

use job_orch::testing::history::{Event, FaultKind, History, Promises, Recorder, Rejected, Summary};
use tempfile::TempDir;

use crate::args::Args;
use crate::disk::{Image, Mounted, memory};
use crate::job::ATTEMPTS;
use crate::run::{Chance, Trouble, Worker};
use crate::store;

/// So many cuts of a store that does not wait for the disk: some of them must lose something.
const CONTROLS: u64 = 10;

/// Cuts the power, and judges. Says how it went.
pub(crate) fn run(args: &Args) -> Result<String, Trouble> {
    let mut chance = Chance::of(args.seed);
    let (mut accepted, mut done) = (0, 0);
    for cut in 1..=args.cuts {
        let summary = match cut_once(&mut chance, false)? {
            (Ok(summary), _) => summary,
            // It came before anything was accepted.
            (Err(Rejected::Dull(_)), _) => continue,
            (Err(rejected), history) => {
                let kept = history.keep();
                return Err(Trouble::Broken(format!("{rejected}\nthe history is in {}", kept.display())));
            }
        };
        (accepted, done) = (accepted + summary.accepted, done + summary.done);
        if cut % 50 == 0 {
            eprintln!("{cut} cuts: {accepted} accepted, {done} done, none lost");
        }
    }
    let (mut lost, mut tried) = (0, 0);
    // Of a short run, one that lost something is enough.
    while tried < CONTROLS && (lost == 0 || args.cuts >= 100) {
        tried += 1;
        lost += u64::from(matches!(cut_once(&mut chance, true)?.0, Err(Rejected::Broken(_))));
    }
    if lost == 0 {
        return Err(Trouble::Broken(format!("{tried} cuts lost nothing of a store that does not wait for the disk")));
    }
    let least = args.cuts * 5;
    if accepted < least {
        return Err(Trouble::Broken(format!("only {accepted} requests were accepted before the cuts")));
    }
    let control = format!("a store that does not wait for the disk lost some in {lost} of {tried}");
    Ok(format!("{} power cuts: {accepted} accepted, {done} done, none lost; {control}", args.cuts))
}

/// One cut, what was judged of it, and its history.
fn cut_once(chance: &mut Chance, is_careless: bool) -> Result<(Result<Summary, Rejected>, TempDir), Trouble> {
    // In memory, and so outside of the disk.
    let folder = TempDir::new_in(memory())?;
    let history = TempDir::new_in(memory())?;
    let driver = Recorder::append(history.path(), "driver")?;
    let image = Image::new(&folder.path().join("image"))?;
    let copy = {
        let disk = image.mount(&folder.path().join("disk"))?;
        let store = disk.path().join("jobs.db");
        let start = |name: &str| Worker::start(&store, history.path(), name.to_owned(), None, is_careless);
        let workers = [start("one")?, start("two")?];
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
    let signal = |name| workers.iter().try_for_each(|worker| worker.signal(name));
    loop {
        signal("STOP")?;
        let before = disk.writes()?;
        let copy = image.copy(to)?;
        if disk.writes()? == before {
            return Ok(copy);
        }
        signal("CONT")?;
        std::thread::sleep(Duration::from_millis(50));
    }
}
