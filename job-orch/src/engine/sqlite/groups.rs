//! What the writer does: groups of operations become transactions, and everybody who waited is told.

use std::path::PathBuf;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::Notify;

use super::clock::{Clock, boot, millis, uptime};
use super::error::StoreError;
use super::keeper;
use super::local::Local;
use super::requests::Claimed;
use super::transaction::{JobRow, Transaction};
use super::writer::{Command, Task, Told, give_back};
use crate::engine::Durability;
use crate::sync::atomic::Ordering;
use crate::sync::{Arc, Mutex, Weak, lock};

/// The channels of this process.
pub(super) type Locals = Arc<Mutex<Vec<Weak<Local>>>>;

/// What the writer owns.
pub(super) struct Groups {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    pub(super) clock: Clock,
    pub(super) durability: Durability,
    pub(super) lease: Duration,
    pub(super) retention: Duration,
    pub(super) process: String,
    pub(super) holder: i64,
    // Whether commits wait for the disk, as it is set at the moment.
    pub(super) is_patient: bool,
    pub(super) version: i64,
    // More is too old than was removed at once.
    pub(super) has_old: bool,
    // What nobody waits for and could not be done yet.
    pub(super) later: Vec<Box<dyn Task>>,
    pub(super) locals: Locals,
    pub(super) changed: Arc<Notify>,
}

impl Groups {
    /// Works on what has come together. Says whether that is the end.
    pub(super) fn turn(&mut self, group: Vec<Command>) -> bool {
        let mut work = Work { locals: self.living(), ..Work::default() };
        let (mut silent, mut closes) = (Vec::new(), false);
        for command in group {
            match command {
                Command::Task(task) if task.is_wanted() => work.tasks.push(task),
                Command::Task(_) | Command::Glance => {}
                Command::Look(local) => work.looks.push(local),
                Command::Silence(local) => silent.push(local),
                Command::Beat => work.beats = true,
                Command::Close => closes = true,
            }
        }
        if work.beats {
            work.tasks.append(&mut self.later);
        }
        if self.is_foreign() {
            self.changed.notify_waiters();
            work.locals.iter().for_each(|local| local.foreign.notify_one());
            work.looks.clone_from(&work.locals);
        }
        work.cleans = work.beats || self.has_old;
        let locals = work.locals.clone();
        if !work.tasks.is_empty() || work.cleans || self.has_news(&work.looks) {
            self.commit(work);
        }
        silent.iter().for_each(|local| local.silence());
        for surplus in locals.iter().flat_map(|local| local.give_up_returning()) {
            self.commit_alone(give_back(&surplus), &locals);
        }
        closes
    }

    fn living(&self) -> Vec<Arc<Local>> {
        lock(&self.locals).iter().filter_map(Weak::upgrade).collect()
    }

    /// Does all of it in one transaction. If that fails, each task in its own, so that none pays for another.
    fn commit(&mut self, mut work: Work) {
        match self.transact(&mut work) {
            Ok(served) => {
                // First, so that a worker that comes back finds what was claimed for it.
                self.deliver(served, &work.locals);
                work.tasks.into_iter().for_each(|task| task.end(Ok(())));
            }
            Err(error) => {
                tracing::warn!(target: "job_orch", %error, tasks = work.tasks.len(), "a transaction failed");
                let is_busy = error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy);
                let Work { tasks, looks, locals, .. } = work;
                for task in tasks {
                    if is_busy && task.is_promise() {
                        // Another process keeps the file: each would wait for it as long again.
                        task.end(Err(StoreError::Busy));
                    } else {
                        self.commit_alone(task, &locals);
                    }
                }
                let error = StoreError::from(error);
                looks.iter().for_each(|local| local.fail(&error));
            }
        }
    }

    fn commit_alone(&mut self, task: Box<dyn Task>, locals: &[Arc<Local>]) {
        let mut work = Work { tasks: vec![task], ..Work::default() };
        let done = self.transact(&mut work);
        let Some(task) = work.tasks.pop() else { return };
        match done {
            Ok(served) => {
                self.deliver(served, locals);
                task.end(Ok(()));
            }
            Err(error) if task.is_promise() => task.end(Err(error.into())),
            Err(_) => self.later.push(task),
        }
    }

    fn transact(&mut self, work: &mut Work) -> rusqlite::Result<Served> {
        // A claim needs no sync of its own: a power cut may forget it, never an accepted request or a recorded end.
        self.be_patient(work.tasks.iter().any(|task| task.is_durable()))?;
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let done = self.run(work);
        let committed = done.and_then(|served| self.connection.execute_batch("COMMIT").map(|()| served));
        // Some errors have rolled it back already.
        if committed.is_err() && !self.connection.is_autocommit() {
            self.connection.execute_batch("ROLLBACK")?;
        }
        if committed.is_ok() {
            self.ring();
        }
        committed
    }

    fn run(&self, work: &mut Work) -> rusqlite::Result<Served> {
        let mut transaction = Transaction::new(&self.connection, self.clock, self.holder);
        let mut served = Served::default();
        if work.beats {
            served.holder = Some(self.beat(&mut transaction)?);
        }
        if work.cleans {
            served.has_old = self.clean(&transaction, &work.locals)?;
        }
        for task in &mut work.tasks {
            task.run(&mut transaction)?;
        }
        for local in &work.looks {
            // Looked at, and so touched.
            transaction.job(local.job)?;
        }
        for (job, _) in transaction.touched() {
            for local in work.locals.iter().filter(|local| local.job == job) {
                let returning = transaction.returning.iter().filter(|other| Arc::ptr_eq(other, local)).count();
                let wanted = local.demand() + returning;
                if wanted == 0 {
                    continue;
                }
                if !transaction.is_listed()? {
                    // It was taken for dead, and has yet to give its next sign of life.
                    transaction.holder = self.sign(&mut transaction)?;
                    served.holder = Some(transaction.holder);
                }
                let claimed = claim_for(&mut transaction, local, wanted)?;
                if !claimed.is_empty() {
                    served.claimed.push((Arc::clone(local), claimed, returning));
                }
            }
        }
        transaction.save()?;
        served.touched = transaction.touched();
        served.has_news = transaction.has_news;
        Ok(served)
    }

    /// Tells everybody what has become of it.
    fn deliver(&mut self, served: Served, locals: &[Arc<Local>]) {
        self.holder = served.holder.unwrap_or(self.holder);
        self.has_old = served.has_old;
        if served.has_news {
            locals.iter().for_each(|local| local.foreign.notify_one());
        }
        for (job, row) in served.touched {
            for local in locals.iter().filter(|local| local.job == job) {
                local.publish(row.position());
                if row.waiting() < local.room {
                    local.room_made.notify_one();
                }
                local.note_empty(row.waiting() == 0);
            }
        }
        for (local, claimed, returning) in served.claimed {
            local.expect_back(returning);
            for surplus in local.hand_over(claimed) {
                self.commit_alone(give_back(&surplus), locals);
            }
        }
    }

    /// Whether any of them could be given or told something. Only reads.
    fn has_news(&self, looks: &[Arc<Local>]) -> bool {
        let mut transaction = Transaction::new(&self.connection, self.clock, self.holder);
        // An error shows again where it can be told.
        looks.iter().any(|local| has_news(&mut transaction, local).unwrap_or(true))
    }

    fn ring(&self) {
        // Alone in a test, nobody listens.
        if matches!(self.clock, Clock::System) {
            keeper::ring(&self.path);
        }
    }

    /// Whether another process has written since the last time.
    fn is_foreign(&mut self) -> bool {
        let version = Transaction::version(&self.connection).unwrap_or(self.version);
        std::mem::replace(&mut self.version, version) != version
    }

    /// Sets whether commits wait for the disk.
    fn be_patient(&mut self, is_patient: bool) -> rusqlite::Result<()> {
        if self.durability >= Durability::PowerLoss && self.is_patient != is_patient {
            let level = if is_patient { "PRAGMA synchronous = FULL" } else { "PRAGMA synchronous = NORMAL" };
            self.connection.execute_batch(level)?;
            self.is_patient = is_patient;
        }
        Ok(())
    }

    /// Gives a sign of life. Returns the number of this process.
    fn sign(&self, transaction: &mut Transaction<'_>) -> rusqlite::Result<i64> {
        transaction.beat(&self.process, &boot(), uptime() + millis(self.lease))
    }

    /// Gives a sign of life, and takes back what the dead held.
    fn beat(&self, transaction: &mut Transaction<'_>) -> rusqlite::Result<i64> {
        transaction.holder = self.sign(transaction)?;
        let reclaimed = transaction.sweep(&boot(), uptime())?;
        if reclaimed > 0 {
            tracing::warn!(target: "job_orch", reclaimed, "took requests back from processes that died");
        }
        Ok(transaction.holder)
    }

    /// Removes what is too old, some of it. Says whether there may be more.
    fn clean(&self, transaction: &Transaction<'_>, locals: &[Arc<Local>]) -> rusqlite::Result<bool> {
        let cutoff = transaction.now - millis(self.retention);
        let mut has_more = false;
        for local in locals {
            has_more |= transaction.remove_old(local.job, cutoff)?;
        }
        has_more |= transaction.remove_gone_answers()?;
        has_more |= transaction.remove_old_steps(cutoff)?;
        transaction.shrink()?;
        Ok(has_more)
    }

    /// Leaves the store tidy: nobody needs to wait until this process is taken for dead.
    pub(super) fn close(mut self) {
        let holder = self.holder;
        let mut tasks = std::mem::take(&mut self.later);
        tasks.push(Box::new(Told(move |transaction: &mut Transaction<'_>| transaction.leave(holder))));
        self.commit(Work { tasks, ..Work::default() });
        if !self.later.is_empty() {
            tracing::warn!(target: "job_orch", store = %self.path.display(), "the store was closed before all was stored");
        }
    }
}

/// What one transaction is about.
#[derive(Default)]
struct Work {
    tasks: Vec<Box<dyn Task>>,
    looks: Vec<Arc<Local>>,
    locals: Vec<Arc<Local>>,
    beats: bool,
    cleans: bool,
}

/// What came of one transaction, beside its tasks.
#[derive(Default)]
struct Served {
    // With the number of workers that will be back for it.
    claimed: Vec<(Arc<Local>, Vec<Claimed>, usize)>,
    touched: Vec<(i64, JobRow)>,
    holder: Option<i64>,
    has_old: bool,
    has_news: bool,
}

fn has_news(transaction: &mut Transaction<'_>, local: &Local) -> rusqlite::Result<bool> {
    let (waiting, position) = {
        let row = transaction.job(local.job)?;
        (row.waiting(), row.position())
    };
    if local.published.load(Ordering::Acquire) < position || (waiting == 0 && local.is_closed()) {
        return Ok(true);
    }
    if transaction.job(local.job)?.is_paused() {
        local.note_due(None);
        return Ok(false);
    }
    let due = transaction.next_due(local.job)?;
    local.note_due(due);
    let is_ready = due.is_some_and(|due| due <= transaction.now) || transaction.has_ready(local.job)?;
    Ok((is_ready && local.demand() > 0) || waiting < local.room && local.in_line.load(Ordering::Acquire) > 0)
}

/// Claims as much as the local receivers wait for.
fn claim_for(transaction: &mut Transaction<'_>, local: &Local, wanted: usize) -> rusqlite::Result<Vec<Claimed>> {
    let mut passed = local.passed.load(Ordering::Relaxed);
    let claimed = transaction.claim(local.job, wanted, local.most_attempts, &mut passed)?;
    local.passed.store(passed, Ordering::Relaxed);
    if claimed.len() < wanted {
        // Of a paused job, nothing is ever due.
        let is_paused = transaction.job(local.job)?.is_paused();
        local.note_due(if is_paused { None } else { transaction.next_due(local.job)? });
    }
    Ok(claimed)
}
