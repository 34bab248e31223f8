//! Kills at random and at named points, stops, and peaceful leaves.

use std::path::{Path, PathBuf};
use std::time::Duration;

use job_orch::testing::history::{Event, FaultKind, History, Interest, Promises, Recorder, Summary};
use tempfile::TempDir;

use crate::args::{Args, Role};
use crate::disk::memory;
use crate::job::{ATTEMPTS, LEASE};
use crate::run::{Chance, Trouble, Worker};
use crate::store;

/// Where a process is told to die, as `fault!` names it in the engine and in the rig.
const POINTS: &[&str] = &[
    "before_send",
    "before_commit",
    "after_commit",
    "before_sync",
    "before_answer",
    "after_accept",
    "after_claim",
    "before_run",
    "before_record",
    "after_record",
    "while_extending",
    "before_leaving",
];

/// So many faults are one history.
const SPELL: u64 = 100;

/// A ready request waits no longer beside an idle worker: a killed process may have claimed it, and a start takes its time.
const IDLE: Duration = Duration::from_secs(10);

/// So long may it take a process to come to the point at which it dies.
const PATIENCE: Duration = Duration::from_secs(90);

/// What happens to a process.
#[derive(Clone, Copy, Debug)]
enum Torment {
    Kill,
    Point(&'static str),
    Stop,
}

/// Torments processes, and judges. Says how it went.
pub(crate) fn run(args: &Args) -> Result<String, Trouble> {
    let mut chance = Chance::of(args.seed);
    let mut torments: Vec<Torment> = (0..args.kills).map(|_| Torment::Kill).collect();
    torments.extend(POINTS.iter().flat_map(|point| (0..args.points).map(|_| Torment::Point(point))));
    torments.extend((0..args.stops).map(|_| Torment::Stop));
    // Mixed, so that each history has some of each.
    for at in (1..torments.len()).rev() {
        torments.swap(at, usize::try_from(chance.below(at as u64 + 1)).unwrap_or(0));
    }
    let mut total = Summary::default();
    for spell in torments.chunks(usize::try_from(SPELL).unwrap_or(1)) {
        add(&mut total, &spell_of(args, spell, &mut chance)?);
        eprintln!("{total}");
    }
    // Not each of them is at work when it is stopped.
    if total.lost < args.stops.div_ceil(4) {
        return Err(Trouble::Broken(format!("of {} stops, too few had a late end refused: {total}", args.stops)));
    }
    let faults =
        format!("{} kills, {} at each of {} points, {} stops", args.kills, args.points, POINTS.len(), args.stops);
    Ok(format!("{faults}: {total}"))
}

fn add(total: &mut Summary, more: &Summary) {
    total.accepted += more.accepted;
    total.recovered += more.recovered;
    total.done += more.done;
    total.failed += more.failed;
    total.cancelled += more.cancelled;
    total.runs += more.runs;
    total.repeated += more.repeated;
    total.lost += more.lost;
    total.answered += more.answered;
    total.heard += more.heard;
    more.faults.iter().for_each(|(fault, count)| *total.faults.entry(*fault).or_default() += count);
    more.events.iter().for_each(|(event, count)| *total.events.entry(event).or_default() += count);
}

/// One store with one history.
struct Spell<'a> {
    store: PathBuf,
    history: &'a Path,
    recorder: Recorder,
    started: u64,
}

impl Spell<'_> {
    fn start(&mut self, fault: Option<String>) -> Result<Worker, Trouble> {
        self.started += 1;
        let mut faults: Vec<_> = fault.map(|fault| ("JOB_ORCH_FAULT", fault)).into_iter().collect();
        if self.started.is_multiple_of(4) {
            // Its disk is slow: others hear of its commits long before it has synced them.
            faults.push(("JOB_ORCH_PAUSE", "before_sync:3".to_owned()));
        }
        Worker::start(&self.store, self.history, format!("worker-{}", self.started), Role::Worker, &faults)
    }

    /// Starts one that works at nothing.
    fn listen(&mut self) -> Result<Worker, Trouble> {
        self.started += 1;
        Worker::start(&self.store, self.history, format!("listener-{}", self.started), Role::Listener, &[])
    }

    fn note(&self, fault: FaultKind, worker: &Worker) {
        self.recorder.note(Event::Fault { fault, target: worker.name.clone() });
    }

    fn kill(&self, worker: Worker) -> Result<(), Trouble> {
        let target = worker.name.clone();
        worker.kill()?;
        self.recorder.note(Event::Fault { fault: FaultKind::Killed, target });
        Ok(())
    }
}

/// Torments processes on one store, judges, and keeps the history where it was not accepted.
fn spell_of(args: &Args, torments: &[Torment], chance: &mut Chance) -> Result<Summary, Trouble> {
    let history = TempDir::new_in(memory())?;
    let tormented = torment(args, &history, torments, chance).and_then(|()| judge(&history, torments));
    tormented.map_err(|trouble| Trouble::Broken(format!("{trouble}\nthe history is in {}", history.keep().display())))
}

fn torment(args: &Args, history: &TempDir, torments: &[Torment], chance: &mut Chance) -> Result<(), Trouble> {
    let folder = TempDir::new_in(&args.folder)?;
    let recorder = Recorder::append(history.path(), "driver")?;
    let mut spell = Spell { store: folder.path().join("jobs.db"), history: history.path(), recorder, started: 0 };
    // It outlives all the others.
    let listener = spell.listen()?;
    let mut workers = vec![spell.start(None)?, spell.start(None)?];
    for torment in torments {
        std::thread::sleep(Duration::from_millis(30 + chance.below(120)));
        let victim = workers.swap_remove(usize::try_from(chance.below(2)).unwrap_or(0));
        suffer(&mut spell, victim, *torment, chance)?;
        workers.push(spell.start(None)?);
    }
    for worker in workers.into_iter().chain([listener]) {
        worker.dismiss()?;
    }
    let drainer = Recorder::append(history.path(), "drainer")?;
    store::drain(&spell.store, &drainer)
}

fn suffer(spell: &mut Spell<'_>, victim: Worker, torment: Torment, chance: &mut Chance) -> Result<(), Trouble> {
    match torment {
        Torment::Kill => spell.kill(victim),
        Torment::Stop => {
            victim.stop()?;
            spell.note(FaultKind::Stopped, &victim);
            std::thread::sleep(LEASE * 2);
            spell.note(FaultKind::Continued, &victim);
            victim.go_on()?;
            std::thread::sleep(Duration::from_millis(20 + chance.below(100)));
            spell.kill(victim)
        }
        Torment::Point(point) => {
            // Its place is taken by one that dies by itself, and it goes in peace.
            let nth = if matches!(point, "before_leaving" | "while_extending") { 1 } else { 1 + chance.below(30) };
            let mut doomed = spell.start(Some(format!("{point}:{nth}")))?;
            if point == "before_leaving" {
                std::thread::sleep(Duration::from_millis(100));
                doomed.close();
            }
            let died = doomed.died(PATIENCE)?;
            spell.kill(doomed)?;
            if !died {
                return Err(Trouble::Broken(format!("{point} was not passed {nth} times in {PATIENCE:?}")));
            }
            victim.dismiss()
        }
    }
}

fn judge(history: &TempDir, torments: &[Torment]) -> Result<Summary, Trouble> {
    let mut interest = Interest::new().requests(20);
    if torments.len() >= 20 {
        interest = Interest::of_faults([FaultKind::Killed]).requests(200).repeated_percent(2).lost(0);
        interest =
            interest.events(["answered", "heard", "duplicate", "returned", "stored", "recorded", "left", "alive"]);
    }
    let promises = Promises::new().attempts(ATTEMPTS).idle(IDLE).interest(interest);
    History::read(history.path())?.check(&promises).map_err(|rejected| Trouble::Broken(rejected.to_string()))
}
