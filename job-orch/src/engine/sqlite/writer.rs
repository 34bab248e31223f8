//! The one writer of a process: operations are handed over to it, and those that are there together are one transaction, with
//! those that come while it is small.

use std::fmt;
use std::sync::mpsc::{self, Receiver};

use tokio::sync::oneshot;

use super::error::StoreError;
use super::groups::Groups;
use super::local::Local;
use super::relay::Relay;
use super::requests::{Claimed, Grip, Next};
use super::transaction::Transaction;
use crate::channel::Return;
use crate::sync::Arc;
#[cfg(feature = "testing")]
use crate::sync::{Mutex, lock};

/// So many operations are one transaction at most: the first of them waits for all.
pub(super) const GROUP: usize = 1024;

/// What those who ask for an operation are promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    /// It is on the disk when they hear of it.
    Lasting,
    /// The same. But what they wait for is what comes of it, and they may hear of it a moment later.
    Patient,
    /// It is done, and the loss of power may take it.
    Light,
}

/// What the writer is asked for.
pub(super) enum Command {
    Task(Box<dyn Task>),
    /// Somebody waits for requests, or the channel was closed.
    Look(Arc<Local>),
    /// Its last sender of responses has gone.
    Silence(Arc<Local>),
    /// Another process may have written.
    Glance,
    /// This process lives on.
    Beat,
    /// Nobody will ask for anything more.
    Close,
}

/// An operation, as part of a transaction.
pub(super) trait Task: Send {
    /// Does it. It may be done again, if the transaction of a group fails.
    fn run(&mut self, transaction: &mut Transaction<'_>) -> rusqlite::Result<()>;
    /// Whether anybody still waits for it.
    fn is_wanted(&self) -> bool;
    /// Whether somebody waits for it. What nobody waits for is tried again until it succeeds, if it is missed.
    fn is_promise(&self) -> bool {
        self.promise().is_some()
    }
    /// Whether anything is wrong if it is not done.
    fn is_missed(&self) -> bool {
        true
    }
    /// What is at an end with it, if that is held still.
    fn ends(&self) -> Option<Grip> {
        None
    }
    /// What those who wait for it are promised, if anybody does.
    fn promise(&self) -> Option<Promise>;
    /// Tells how it ended. Whoever waits for it drops the relay, and so tells others.
    fn end(self: Box<Self>, committed: Result<(), StoreError>, relay: Option<Relay>);
}

/// An operation and whoever waits for its result.
struct Asked<T, F, N> {
    run: F,
    result: Option<T>,
    promise: Promise,
    ends: Option<Grip>,
    // Told of the result once it is committed, also if nobody waits any more.
    note: N,
    reply: Reply<T>,
}

type Reply<T> = oneshot::Sender<(Result<T, StoreError>, Option<Relay>)>;

impl<T, F, N> Task for Asked<T, F, N>
where
    T: Send,
    F: FnMut(&mut Transaction<'_>) -> rusqlite::Result<T> + Send,
    N: FnOnce(&T) + Send,
{
    fn run(&mut self, transaction: &mut Transaction<'_>) -> rusqlite::Result<()> {
        self.result = Some((self.run)(transaction)?);
        Ok(())
    }

    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn ends(&self) -> Option<Grip> {
        self.ends
    }

    fn promise(&self) -> Option<Promise> {
        Some(self.promise)
    }

    fn end(self: Box<Self>, committed: Result<(), StoreError>, relay: Option<Relay>) {
        let Self { result, reply, note, .. } = *self;
        let result = committed.and_then(|()| result.ok_or(StoreError::Closed)).inspect(note);
        // Nobody waits any more: then nobody wants to know.
        let _ = reply.send((result, relay));
    }
}

/// An operation that nobody waits for.
pub(super) struct Told<F> {
    run: F,
    is_missed: bool,
}

impl<F> Told<F> {
    /// One that is tried until it is done.
    pub(super) const fn until_done(run: F) -> Self {
        Self { run, is_missed: true }
    }

    /// One that is tried once, for nobody misses it: what a cache keeps.
    pub(super) const fn once(run: F) -> Self {
        Self { run, is_missed: false }
    }
}

impl<F: FnMut(&mut Transaction<'_>) -> rusqlite::Result<()> + Send> Task for Told<F> {
    fn run(&mut self, transaction: &mut Transaction<'_>) -> rusqlite::Result<()> {
        (self.run)(transaction)
    }

    fn is_wanted(&self) -> bool {
        true
    }

    fn is_missed(&self) -> bool {
        self.is_missed
    }

    fn promise(&self) -> Option<Promise> {
        None
    }

    fn end(self: Box<Self>, _: Result<(), StoreError>, _: Option<Relay>) {}
}

/// The way to the writer.
pub(super) struct Writer(Way);

enum Way {
    Thread(mpsc::Sender<Command>),
    /// Everything happens on the thread that asks: with a paused clock, nothing may happen elsewhere.
    #[cfg(feature = "testing")]
    Here(Mutex<Queue>, Box<Mutex<Groups>>),
}

#[cfg(feature = "testing")]
#[derive(Default)]
struct Queue {
    commands: Vec<Command>,
    is_busy: bool,
}

impl Writer {
    /// A writer on a thread of its own, which ends with the last way to it.
    pub(super) fn spawn(mut groups: Groups) -> std::io::Result<(Self, std::thread::JoinHandle<()>)> {
        let (sender, receiver) = mpsc::channel();
        let thread = std::thread::Builder::new().name("job-orch-writer".to_owned()).spawn(move || {
            serve(&mut groups, &receiver);
            groups.close();
        })?;
        Ok((Self(Way::Thread(sender)), thread))
    }

    #[cfg(feature = "testing")]
    pub(super) fn here(groups: Groups) -> Self {
        Self(Way::Here(Mutex::default(), Box::new(Mutex::new(groups))))
    }

    /// Hands a command over.
    pub(super) fn command(&self, command: Command) {
        match &self.0 {
            // The thread ends after the last sender; and a panic of it has been told.
            Way::Thread(sender) => drop(sender.send(command)),
            #[cfg(feature = "testing")]
            Way::Here(queue, groups) => {
                let mut waiting = lock(queue);
                waiting.commands.push(command);
                if std::mem::replace(&mut waiting.is_busy, true) {
                    return;
                }
                while !waiting.commands.is_empty() {
                    let group = std::mem::take(&mut waiting.commands);
                    drop(waiting);
                    let mut groups = lock(groups);
                    groups.turn(group, None);
                    groups.finish(false);
                    drop(groups);
                    waiting = lock(queue);
                }
                waiting.is_busy = false;
            }
        }
    }

    /// Has an operation done, and waits until it is on the disk.
    ///
    /// Dropped before it was begun, it is not done.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        run: impl FnMut(&mut Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.ask_for(run, Promise::Lasting).await
    }

    /// Has an operation done that need not survive the loss of power, and waits until it is.
    pub(super) async fn ask_lightly<T: Send + 'static>(
        &self,
        run: impl FnMut(&mut Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.ask_for(run, Promise::Light).await
    }

    /// Has an operation done with which this is at an end, if it is held still, and waits until it is on the disk.
    pub(super) async fn ask_at_the_end<T: Send + 'static>(
        &self,
        ends: Option<Grip>,
        run: impl FnMut(&mut Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.hand_over(|reply| Asked { run, result: None, promise: Promise::Lasting, ends, note: |_: &T| {}, reply })
            .await
    }

    /// Has an operation done, and waits until what is promised holds.
    pub(super) async fn ask_for<T: Send + 'static>(
        &self,
        run: impl FnMut(&mut Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
        promise: Promise,
    ) -> Result<T, StoreError> {
        self.ask_and_note(run, promise, |_: &T| {}).await
    }

    /// The same, and the result is noted also if nobody waits for it any more.
    pub(super) async fn ask_and_note<T: Send + 'static>(
        &self,
        run: impl FnMut(&mut Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
        promise: Promise,
        note: impl FnOnce(&T) + Send + 'static,
    ) -> Result<T, StoreError> {
        self.hand_over(|reply| Asked { run, result: None, promise, ends: None, note, reply }).await
    }

    async fn hand_over<T, F, N>(&self, ask: impl FnOnce(Reply<T>) -> Asked<T, F, N>) -> Result<T, StoreError>
    where
        Asked<T, F, N>: Task + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.command(Command::Task(Box::new(ask(reply))));
        let (result, relay) = answer.await.unwrap_or((Err(StoreError::Closed), None));
        // Before the caller goes on: others wait for it.
        drop(relay);
        result
    }

    /// Has an operation done that nobody waits for.
    pub(super) fn tell(&self, run: impl FnMut(&mut Transaction<'_>) -> rusqlite::Result<()> + Send + 'static) {
        self.command(Command::Task(Box::new(Told::until_done(run))));
    }

    /// Has an operation tried that nobody waits for or misses.
    pub(super) fn suggest(&self, run: impl FnMut(&mut Transaction<'_>) -> rusqlite::Result<()> + Send + 'static) {
        self.command(Command::Task(Box::new(Told::once(run))));
    }

    /// Gives back what was claimed and not received.
    pub(super) fn give_back(&self, surplus: &[Claimed]) {
        for claimed in surplus {
            self.command(Command::Task(give_back(claimed)));
        }
    }
}

/// Works for the process until it closes the store.
fn serve(groups: &mut Groups, commands: &Receiver<Command>) {
    let mut next = Vec::new();
    loop {
        if next.is_empty() {
            let Ok(first) = commands.recv() else { return };
            next.push(first);
        }
        next.extend(commands.try_iter().take(GROUP - next.len()));
        let is_end = groups.turn(std::mem::take(&mut next), Some(commands));
        next.extend(groups.left.take());
        next.extend(commands.try_iter().take(GROUP - next.len()));
        if !is_end && let Some(patience) = groups.patience() {
            // One sync will do for this and for what comes of it.
            next.extend(next.is_empty().then(|| commands.recv_timeout(patience).ok()).flatten());
            if !next.is_empty() {
                continue;
            }
        }
        groups.finish(!next.is_empty());
        if is_end {
            return;
        }
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

/// Returns what was claimed and not received.
pub(super) fn give_back(claimed: &Claimed) -> Box<dyn Task> {
    let (grip, next) = (claimed.grip, Next::Back(Return::Untouched, None));
    Box::new(Told::until_done(move |transaction: &mut Transaction<'_>| transaction.settle(grip, &next).map(drop)))
}
