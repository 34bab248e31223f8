//! [`Turns`]: who registers by the same name does so one after the other.

use std::hash::{BuildHasher as _, RandomState};

use tokio::sync::{Mutex, MutexGuard};

use super::history::TakeKey;

/// So many names at once have turns of their own, but for chance.
const TURNS: u16 = 256;

#[derive(Debug)]
pub(super) struct Turns {
    locks: Box<[Mutex<()>]>,
    hasher: RandomState,
}

impl Default for Turns {
    fn default() -> Self {
        Self { locks: (0..TURNS).map(|_| Mutex::new(())).collect(), hasher: RandomState::new() }
    }
}

impl Turns {
    /// Waits for the turn of this name, which it shares with some others.
    pub(super) async fn wait(&self, key: &TakeKey) -> Option<MutexGuard<'_, ()>> {
        let number = usize::try_from(self.hasher.hash_one(key) % u64::from(TURNS)).ok()?;
        Some(self.locks.get(number)?.lock().await)
    }
}
