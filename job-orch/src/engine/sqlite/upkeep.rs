//! What the writer does besides: it gives signs of life, looks at what other processes do, and cleans up.

use super::clock::{Clock, millis, uptime};
use super::groups::Groups;
use super::local::Local;
use super::transaction::Transaction;
use super::work::Work;
use super::writer::Told;
use crate::fault::fault;
use crate::sync::Arc;

impl Groups {
    // ===== other processes =====

    /// Whether anybody may hear that this process has committed.
    pub(super) fn is_heard(&self) -> bool {
        // Alone in a test, nobody listens. And one that has come just now has written.
        matches!(self.clock, Clock::System)
            && (self.has_others || Transaction::version(&self.connection).is_ok_and(|version| version != self.version))
    }

    /// Whether another process has written since the last time.
    pub(super) fn is_foreign(&mut self) -> bool {
        let version = Transaction::version(&self.connection).unwrap_or(self.version);
        std::mem::replace(&mut self.version, version) != version
    }

    /// Looks who else has the file open, and what they ask for.
    pub(super) fn look_at_others(&mut self, locals: &[Arc<Local>]) {
        let others = self
            .connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM holder WHERE number <> ?1)")
            .and_then(|mut others| others.query_row([self.holder], |row| row.get(0)));
        // If that cannot be read, better once too often.
        self.has_others = others.unwrap_or(true);
        self.pass_stops(locals);
    }

    /// Tells the workers what they are asked to stop. It is told again until it has ended.
    pub(super) fn pass_stops(&self, locals: &[Arc<Local>]) {
        let mut look = Transaction::new(&self.connection, self.clock, self.holder);
        // An error shows again where it can be told.
        for (job, id) in look.asked_to_stop().unwrap_or_default() {
            locals.iter().filter(|local| local.job == job).for_each(|local| local.ask_to_stop(id));
        }
    }

    // ===== signs of life =====

    /// Gives a sign of life. Returns the number of this process.
    pub(super) fn sign(&self, transaction: &mut Transaction<'_>) -> rusqlite::Result<i64> {
        transaction.beat(&self.process, uptime() + millis(self.lease))
    }

    /// Gives a sign of life, and takes back what the dead held.
    ///
    /// Whoever is overdue by himself buries nobody yet: somebody's transaction was long, or the machine slept, and the others
    /// could say nothing either. They can until the next time, which must not be at once: signs of life may have piled up.
    pub(super) fn beat(&self, transaction: &mut Transaction<'_>) -> rusqlite::Result<i64> {
        let (now, lease) = (uptime(), millis(self.lease));
        let signed = transaction.until()?.map(|until| until - lease);
        transaction.holder = self.sign(transaction)?;
        fault!("while_extending");
        if signed.is_some_and(|signed| (lease / 4..=lease).contains(&(now - signed))) {
            transaction.sweep(&self.process.boot, now)?;
        }
        Ok(transaction.holder)
    }

    /// The sign of life, and the cleaning up, apart from each other and from all else: nobody is to be taken for dead because
    /// something cannot be written.
    pub(super) fn look_after(&mut self, beats: bool, cleans: bool, locals: &[Arc<Local>]) {
        for (beats, cleans) in [(beats, false), (false, cleans)] {
            if !beats && !cleans {
                continue;
            }
            match self.transact(&mut Work::of_upkeep(beats, cleans, locals)) {
                Ok(served) => self.deliver(served, locals),
                Err(error) => {
                    // It is tried with the next sign of life again.
                    self.has_old &= !cleans;
                    tracing::warn!(target: "job_orch", %error, beats, cleans, "the store could not be looked after");
                }
            }
        }
    }

    /// Removes what is too old, some of it. Says whether there may be more.
    pub(super) fn clean(&self, transaction: &mut Transaction<'_>, locals: &[Arc<Local>]) -> rusqlite::Result<bool> {
        let cutoff = transaction.now - millis(self.retention);
        let mut has_more = false;
        for local in locals {
            has_more |= transaction.remove_old(local.job, cutoff)?;
        }
        has_more |= transaction.remove_gone_answers()?;
        has_more |= transaction.remove_old_steps(cutoff)?;
        transaction.free_keys()?;
        Ok(transaction.shrink()? || has_more)
    }

    /// Leaves the store tidy: nobody needs to wait until this process is taken for dead.
    pub(super) fn close(mut self) {
        fault!("before_leaving");
        let holder = self.holder;
        let mut tasks = std::mem::take(&mut self.later);
        tasks.push(Box::new(Told::until_done(move |transaction: &mut Transaction<'_>| transaction.leave(holder))));
        self.commit(Work::of(tasks));
        self.finish(false);
        if !self.later.is_empty() {
            tracing::warn!(target: "job_orch", store = %self.path.display(), "the store was closed before all was stored");
        }
    }
}
