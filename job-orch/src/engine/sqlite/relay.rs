//! Telling many at once that their operations have ended. To wake a task from outside of its runtime takes a lock and often a
//! system call; from inside it takes neither. So of many, only the first is woken from outside, and it wakes the others.
//!
//! It may not come: its task was dropped, or its runtime is stuck. Then whoever drops the relay, or the disk's thread after a
//! moment, does it.

use std::time::{Duration, Instant};

use super::committed::Committed;
use super::error::StoreError;
use crate::sync::{Arc, Mutex, lock};

/// As many are worth it.
pub(super) const MANY: usize = 8;

/// After so long, the disk's thread does it.
pub(super) const SOON: Duration = Duration::from_millis(2);

type Rest = Arc<Mutex<Option<(Committed, Result<(), StoreError>)>>>;

/// Those who have yet to be told. Dropped, it tells them.
pub(super) struct Relay(Rest);

/// Looks whether somebody has told them.
pub(super) struct Watch {
    rest: Rest,
    since: Instant,
}

impl Relay {
    pub(super) fn new(committed: Committed, synced: Result<(), StoreError>) -> (Self, Watch) {
        let rest = Arc::new(Mutex::new(Some((committed, synced))));
        (Self(Arc::clone(&rest)), Watch { rest, since: Instant::now() })
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        tell(&self.0);
    }
}

impl Watch {
    /// Tells them at once.
    pub(super) fn tell(&self) {
        tell(&self.rest);
    }

    /// Whether they were told, or are now: nobody has come for so long.
    pub(super) fn is_done(&self) -> bool {
        if lock(&self.rest).is_none() {
            return true;
        }
        let is_late = self.since.elapsed() >= SOON;
        if is_late {
            self.tell();
        }
        is_late
    }
}

fn tell(rest: &Rest) {
    let taken = lock(rest).take();
    if let Some((committed, synced)) = taken {
        committed.tell_each(&synced);
    }
}
