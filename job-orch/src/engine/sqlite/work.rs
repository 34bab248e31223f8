//! What one transaction is about: what has come together, and what comes while that is done.

use std::sync::mpsc::Receiver;

use super::local::Local;
use super::requests::Claimed;
use super::transaction::{Touched, Transaction};
use super::writer::{Command, Task};
use crate::sync::Arc;

/// A transaction of fewer operations than this is small. What comes while it is done becomes a part of it: those who were told
/// together come back one by one, and the first of them would have a transaction and a sync to himself.
pub(super) const FEW: usize = 32;

/// What one transaction is about.
#[derive(Default)]
pub(super) struct Work<'a> {
    pub(super) tasks: Vec<Box<dyn Task>>,
    pub(super) looks: Vec<Arc<Local>>,
    pub(super) locals: Vec<Arc<Local>>,
    pub(super) beats: bool,
    pub(super) cleans: bool,
    /// Where more may come from.
    pub(super) late: Option<&'a Receiver<Command>>,
    /// What came from there and is no part of a transaction.
    pub(super) left: Option<Command>,
}

impl Work<'_> {
    /// Nothing but this.
    pub(super) fn of(tasks: Vec<Box<dyn Task>>) -> Self {
        Self { tasks, ..Self::default() }
    }

    /// Only what is done from time to time.
    pub(super) fn of_upkeep(beats: bool, cleans: bool, locals: &[Arc<Local>]) -> Self {
        Self { beats, cleans, locals: locals.to_vec(), ..Self::default() }
    }

    /// Does the operations, and those that come meanwhile while they are few.
    pub(super) fn perform(&mut self, transaction: &mut Transaction<'_>) -> rusqlite::Result<()> {
        let mut done = 0;
        loop {
            let next = &mut self.tasks[done..];
            transaction.end_together(next.iter().filter_map(|task| task.ends()))?;
            for task in next {
                task.run(transaction)?;
            }
            done = self.tasks.len();
            if done >= FEW || !self.gather() {
                return Ok(());
            }
        }
    }

    /// Takes in what has come late. Says whether there are more operations now.
    fn gather(&mut self) -> bool {
        let before = self.tasks.len();
        let Some(late) = self.late.filter(|_| self.left.is_none()) else { return false };
        for command in late.try_iter().take(FEW) {
            match command {
                Command::Task(task) => self.tasks.extend(task.is_wanted().then_some(task)),
                Command::Look(local) => self.looks.push(local),
                other => {
                    self.left = Some(other);
                    break;
                }
            }
        }
        self.tasks.len() > before
    }
}

/// What came of one transaction, beside its tasks.
#[derive(Default)]
pub(super) struct Served {
    /// With the number of workers that will be back for it.
    pub(super) claimed: Vec<(Arc<Local>, Vec<Claimed>, usize)>,
    pub(super) touched: Vec<Touched>,
    pub(super) holder: Option<i64>,
    /// If it was cleaned.
    pub(super) has_old: Option<bool>,
    pub(super) has_news: bool,
    pub(super) has_stops: bool,
    pub(super) has_freed: bool,
}
