//! One process, as its coordinator knows it.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::net::unix::pipe::Sender;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::bonds::Bonds;
use super::child;
use super::output::Log;
use super::status::{Cause, Ended, Status};
use crate::id::JobId;
use crate::sync::{Arc, Mutex, lock};

/// One process, from its start until it is forgotten.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: JobId,
    pub(super) log: Arc<Log>,
    pub(super) end: watch::Sender<Option<Ended>>,
    /// Standard input, as long as it is open.
    pub(super) stdin: tokio::sync::Mutex<Option<Sender>>,
    pub(super) bonds: Bonds,
    started: Instant,
    pid: Pid,
    orders: Mutex<Orders>,
    // The orders have changed.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Orders {
    // Then the numbers of the process and its group may be others'.
    is_reaped: bool,
    cause: Option<Cause>,
    kill_at: Option<Instant>,
}

impl Entry {
    pub(super) fn new(id: JobId, pid: Pid, bonds: Bonds, stdin: Option<Sender>, log: Log) -> Self {
        Self {
            id,
            bonds,
            log: Arc::new(log),
            end: watch::Sender::new(None),
            stdin: tokio::sync::Mutex::new(stdin),
            started: Instant::now(),
            pid,
            orders: Mutex::default(),
            changed: Notify::new(),
        }
    }

    pub(super) fn status(&self) -> Status {
        self.end.borrow().map_or(Status::Running, |ended| ended.status)
    }

    pub(super) fn has_ended(&self) -> bool {
        self.end.borrow().is_some()
    }

    /// Sends a signal to the whole group, unless all of it has ended. Returns whether it has not. A kill is for the control
    /// group too; who bears the mark of the process is found by a sweep, which takes too long for this.
    pub(super) fn signal(&self, signal: Signal) -> bool {
        let orders = lock(&self.orders);
        if !orders.is_reaped {
            // A group that has none but the dead says so; it has ended all the same.
            let _ = kill_process_group(self.pid, signal);
            if signal == Signal::KILL {
                // It may have gone to another group.
                let _ = kill_process(self.pid, signal);
                self.bonds.kill();
            }
        }
        !orders.is_reaped
    }

    /// Asks the group to end, and kills what is left of it after the grace. Asked again, it may only come earlier.
    pub(super) fn stop(&self, cause: Cause, grace: Duration) -> bool {
        let kill_at = crate::span::from_now(grace);
        let mut orders = lock(&self.orders);
        orders.cause.get_or_insert(cause);
        orders.kill_at = Some(orders.kill_at.map_or(kill_at, |before| before.min(kill_at)));
        drop(orders);
        self.changed.notify_one();
        self.signal(if grace.is_zero() { Signal::KILL } else { Signal::TERM })
    }

    /// Kills the whole group.
    pub(super) fn kill(&self, cause: Cause) -> bool {
        self.stop(cause, Duration::ZERO)
    }

    /// Does as is ordered when its time has come. Ends when the process has been killed.
    pub(super) async fn obey(&self, time: Option<Duration>, grace: Duration) {
        // A limit beyond what the clock can count is none.
        let mut time_limit = time.and_then(|time| self.started.checked_add(time));
        loop {
            let kill_at = lock(&self.orders).kill_at;
            let next = [kill_at, time_limit].into_iter().flatten().min();
            tokio::select! {
                () = self.changed.notified() => continue,
                () = sleep_until(next) => {}
            }
            if kill_at.is_some_and(|at| at <= Instant::now()) {
                self.signal(Signal::KILL);
                return;
            }
            time_limit = None;
            self.stop(Cause::TimeLimit, grace);
        }
    }

    /// Takes the exit status of the process. It must have exited, or be about to.
    pub(super) fn reap(&self) -> Status {
        let mut orders = lock(&self.orders);
        orders.is_reaped = true;
        child::reap(self.pid)
    }

    /// Tells everybody that it has ended.
    pub(super) fn conclude(&self, status: Status) {
        let cause = lock(&self.orders).cause.unwrap_or(Cause::Itself);
        let ended = Ended { status, cause, took: self.started.elapsed(), written: self.log.written() };
        self.log.close();
        self.end.send_replace(Some(ended));
    }

    pub(super) const fn pid(&self) -> Pid {
        self.pid
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
