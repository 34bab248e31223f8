//! What the writer does: groups of operations become transactions, and everybody who waited is told.

use std::path::PathBuf;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::Notify;

use super::checkup::Found;
use super::clock::Clock;
use super::committed::Committed;
use super::disk::Disk;
use super::error::StoreError;
use super::keeper::{self, Outside};
use super::local::Local;
use super::presence::Presence;
use super::tidy::Tidy;
use super::transaction::{Process, Touched, Transaction};
use super::work::{Served, Work};
use super::writer::{Command, GROUP, Task, give_back};
use crate::fault::fault;
use crate::sync::atomic::Ordering;
use crate::sync::{Arc, Mutex, Weak, lock};

/// After so many changes of rows, the log is looked at.
const SOME: u64 = 100;

/// The channels of this process.
pub(super) type Locals = Arc<Mutex<Vec<Weak<Local>>>>;

/// What the writer owns.
pub(super) struct Groups {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    pub(super) clock: Clock,
    pub(super) lease: Duration,
    pub(super) retention: Duration,
    pub(super) process: Process,
    // Others see by it that this process lives. It goes after the last transaction.
    pub(super) presence: Option<Presence>,
    pub(super) holder: i64,
    pub(super) disk: Disk,
    // What was found in the file while it is in use.
    pub(super) damage: Found,
    // None in a test that stays on one thread: then `SQLite` tidies the log inside of commits.
    pub(super) tidy: Option<Tidy>,
    // Since then, the log has not been looked at.
    pub(super) changes: u64,
    // What the last turn has committed, and nobody was told of.
    pub(super) committed: Committed,
    // What came while a transaction was under way, and is no part of one: for the next turn.
    pub(super) left: Option<Command>,
    pub(super) version: i64,
    // Whether other processes have the file open, as far as this one knows.
    pub(super) has_others: bool,
    // More is too old than was removed at once.
    pub(super) has_old: bool,
    // What nobody waits for and could not be done yet.
    pub(super) later: Vec<Box<dyn Task>>,
    pub(super) locals: Locals,
    pub(super) changed: Arc<Notify>,
    pub(super) outside: Arc<Outside>,
}

impl Groups {
    /// Works on what has come together, which is then to be [finished](Self::finish), and on what comes `late`. Says whether
    /// that is the end.
    pub(super) fn turn(&mut self, group: Vec<Command>, late: Option<&Receiver<Command>>) -> bool {
        let fault = self.fault();
        let mut work = Work { locals: self.living(), late: late.filter(|_| fault.is_none()), ..Work::default() };
        let (mut silent, mut closes) = (Vec::new(), false);
        for command in group {
            match command {
                Command::Task(task) => match &fault {
                    Some(fault) if task.is_promise() => task.end(Err(fault.clone()), None),
                    _ if task.is_wanted() => work.tasks.push(task),
                    _ => {}
                },
                Command::Glance => {}
                Command::Look(local) => work.looks.push(local),
                Command::Silence(local) => silent.push(local),
                Command::Beat => work.beats = true,
                Command::Close => closes = true,
            }
        }
        if work.beats {
            // Each may need a transaction of its own, and all others wait meanwhile.
            work.tasks.extend(self.later.drain(..self.later.len().min(GROUP)));
        }
        let is_foreign = self.is_foreign();
        if is_foreign {
            self.changed.notify_waiters();
            self.outside.pass_on(&self.path);
            work.looks.clone_from(&work.locals);
        }
        if let Some(fault) = &fault {
            // What is run now could not be settled. And whoever waits for room is to hear of it.
            work.looks.clear();
            work.locals.iter().for_each(|local| {
                local.fail(fault);
                local.break_off(fault);
                local.room_made.notify_one();
            });
        }
        if is_foreign || work.beats {
            self.look_at_others(&work.locals);
        }
        work.cleans = work.beats || self.has_old;
        if !work.tasks.is_empty() || work.cleans || self.has_news(&work.looks) {
            self.commit(work);
        }
        silent.iter().for_each(|local| local.silence());
        let locals = self.living();
        for surplus in locals.iter().flat_map(|local| local.give_up_returning()) {
            self.commit_alone(give_back(&surplus), &locals);
        }
        closes
    }

    /// Why nothing can be promised any more, if that is so.
    fn fault(&self) -> Option<StoreError> {
        self.disk.fault().or_else(|| lock(&self.damage).clone())
    }

    fn living(&self) -> Vec<Arc<Local>> {
        lock(&self.locals).iter().filter_map(Weak::upgrade).collect()
    }

    /// Does all of it in one transaction. If that fails, each task in its own, so that none pays for another.
    pub(super) fn commit(&mut self, mut work: Work<'_>) {
        let done = self.transact(&mut work);
        self.left = work.left.take();
        match done {
            Ok(served) => {
                self.deliver(served, &work.locals);
                self.committed.tasks.append(&mut work.tasks);
            }
            Err(error) => {
                tracing::warn!(target: "job_orch", %error, tasks = work.tasks.len(), "a transaction failed");
                let is_busy = error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy);
                let Work { tasks, looks, locals, beats, cleans, .. } = work;
                if !is_busy {
                    self.look_after(beats, cleans, &locals);
                }
                for task in tasks {
                    match (is_busy, task.is_promise()) {
                        // Another process keeps the file: each would wait for it as long again.
                        (true, true) => task.end(Err(StoreError::Busy), None),
                        (true, false) => self.put_off(task, &error),
                        (false, _) => self.commit_alone(task, &locals),
                    }
                }
                let error = StoreError::from(error);
                looks.iter().for_each(|local| local.fail(&error));
            }
        }
    }

    fn commit_alone(&mut self, task: Box<dyn Task>, locals: &[Arc<Local>]) {
        let mut work = Work::of(vec![task]);
        let done = self.transact(&mut work);
        let Some(task) = work.tasks.pop() else { return };
        match done {
            Ok(served) => {
                self.deliver(served, locals);
                self.committed.tasks.push(task);
            }
            Err(error) if task.is_promise() => task.end(Err(error.into()), None),
            Err(error) => self.put_off(task, &error),
        }
    }

    /// It could not be done, and nobody waits for it.
    fn put_off(&mut self, task: Box<dyn Task>, error: &rusqlite::Error) {
        if task.is_missed() {
            self.later.push(task);
        } else {
            tracing::warn!(target: "job_orch", %error, "a cache could not be written to");
        }
    }

    /// Has what was committed put on the disk, and everybody told. If there is more to do, that goes on meanwhile.
    pub(super) fn finish(&mut self, has_more: bool) {
        let committed = std::mem::take(&mut self.committed);
        self.disk.finish(committed, has_more);
        let changes = self.connection.total_changes();
        if let Some(tidy) = &self.tidy
            && changes - self.changes >= SOME
        {
            self.changes = changes;
            if let Err(error) = tidy.look(&self.connection) {
                tracing::warn!(target: "job_orch", %error, "the log could not be tidied yet");
            }
        }
    }

    /// How much longer [`finish`](Self::finish) may wait for what comes next.
    pub(super) fn patience(&self) -> Option<Duration> {
        self.committed.patience()
    }

    pub(super) fn transact(&mut self, work: &mut Work<'_>) -> rusqlite::Result<Served> {
        self.execute("BEGIN IMMEDIATE")?;
        let done = self.run(work);
        fault!("before_commit");
        let committed = done.and_then(|served| self.execute("COMMIT").map(|()| served));
        // Some errors have rolled it back already.
        if committed.is_err() && !self.connection.is_autocommit() {
            self.execute("ROLLBACK")?;
        }
        fault!("after_commit");
        if committed.is_ok() {
            self.disk.note_commit();
        }
        if committed.is_ok() && self.is_heard() {
            keeper::ring(&self.path);
        }
        committed
    }

    fn run(&self, work: &mut Work<'_>) -> rusqlite::Result<Served> {
        let mut transaction = Transaction::new(&self.connection, self.clock, self.holder);
        let mut served = Served::default();
        if work.beats {
            served.holder = Some(self.beat(&mut transaction)?);
        }
        if work.cleans {
            served.has_old = Some(self.clean(&mut transaction, &work.locals)?);
        }
        work.perform(&mut transaction)?;
        if work.late.is_some() {
            // What came late may come from somebody who has come later than they were listed.
            work.locals = self.living();
        }
        for local in &work.looks {
            // Looked at, and so touched.
            transaction.job(local.job)?;
        }
        // What is run while a fault stands could not be settled, and would run again.
        let touched = if self.fault().is_some() { Vec::new() } else { transaction.touched() };
        for Touched { job, .. } in touched {
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
                let claimed = transaction.claim_for(local, wanted)?;
                if !claimed.is_empty() {
                    served.claimed.push((Arc::clone(local), claimed, returning));
                }
            }
        }
        transaction.save()?;
        served.touched = transaction.touched();
        served.has_news = transaction.has_news;
        served.has_stops = transaction.has_stops;
        served.has_freed = transaction.has_freed;
        Ok(served)
    }

    /// Tells everybody what has become of it.
    pub(super) fn deliver(&mut self, served: Served, locals: &[Arc<Local>]) {
        self.holder = served.holder.unwrap_or(self.holder);
        self.has_old = served.has_old.unwrap_or(self.has_old);
        if served.has_freed {
            self.changed.notify_waiters();
        }
        if served.has_stops {
            self.pass_stops(locals);
        }
        if served.has_news {
            self.committed.news.extend(locals.iter().cloned());
        }
        for Touched { job, before, row } in served.touched {
            // Two orchestrators of this process may have one open file.
            let has_twins = locals.iter().filter(|local| local.job == job).nth(1).is_some();
            for local in locals.iter().filter(|local| local.job == job) {
                let known = local.publishing.fetch_max(row.position(), Ordering::AcqRel);
                if known < row.position() {
                    self.committed.published.push((Arc::clone(local), row.position()));
                }
                if known < if has_twins { row.position() } else { before.position() } {
                    // Somebody else has recorded these ends.
                    self.committed.news.push(Arc::clone(local));
                }
                if local.room.is_there(&row) {
                    local.room_made.notify_one();
                }
                local.note_empty(row.waiting() == 0);
            }
        }
        for (local, claimed, returning) in served.claimed {
            fault!("after_claim");
            self.committed.begin(claimed.len());
            local.expect_back(returning);
            for surplus in local.hand_over(claimed) {
                self.commit_alone(give_back(&surplus), locals);
            }
        }
    }

    pub(super) fn execute(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(drop)
    }
}
