//! [`JobState`]: what has become of a job.

use std::time::SystemTime;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use super::Dispatcher;
use super::line::Standing;
use crate::id::JobId;

/// What has become of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct JobState {
    id: JobId,
    pub(super) became: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It waits, at this place, counted from 1.
    Queued(usize),
    /// It is on its way to a worker.
    Offered,
    /// A worker has it, since then.
    Assigned(SystemTime),
    /// It has a result, since then.
    Done(SystemTime),
}

impl JobState {
    pub(super) fn to_json(self) -> String {
        let time = |time| Value::String(humantime::format_rfc3339_millis(time).to_string());
        let id = self.id.to_string();
        match self.became {
            State::Queued(position) => json!({"id": id, "state": "Queued", "position": position}),
            State::Offered => json!({"id": id, "state": "Offered"}),
            State::Assigned(at) => json!({"id": id, "state": "Assigned", "assigned_at": time(at)}),
            State::Done(at) => json!({"id": id, "state": "Done", "done_at": time(at)}),
        }
        .to_string()
    }
}

impl Dispatcher {
    /// What has become of a job; `None` where nobody remembers it.
    pub(super) fn state(&self, id: JobId) -> Option<JobState> {
        let became = match (self.0.jobs.standing(id), self.0.history.find(id)) {
            (Some(Standing::Waiting(position)), _) => State::Queued(position),
            (_, Some(past)) if past.end.is_some() => State::Done(past.end.map_or(past.assigned, |end| end.at)),
            (Some(Standing::Held), _) => State::Offered,
            (None, Some(past)) => State::Assigned(past.assigned),
            (None, None) => return None,
        };
        Some(JobState { id, became })
    }

    /// Tells of everything that happens from now on.
    pub(super) fn changes(&self) -> Changes {
        Changes { line: self.0.jobs.watch(), history: self.0.history.watch() }
    }
}

/// Tells that something has changed.
#[derive(Debug)]
pub(super) struct Changes {
    line: watch::Receiver<()>,
    history: watch::Receiver<()>,
}

impl Changes {
    /// Waits for a change. Says whether there was one: else the time is up, or the dispatcher ends.
    pub(super) async fn changed(&mut self, until: Instant, dispatcher: &Dispatcher) -> bool {
        tokio::select! {
            changed = self.line.changed() => changed.is_ok(),
            changed = self.history.changed() => changed.is_ok(),
            () = tokio::time::sleep_until(until) => false,
            () = dispatcher.0.ending.cancelled() => false,
        }
    }
}
