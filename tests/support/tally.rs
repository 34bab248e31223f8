//! Values that are counted while they live.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts the [`Counted`] values it made that still live. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Tally(Arc<AtomicUsize>);

/// A value that is counted while it lives; a clone is one more.
#[derive(Debug)]
pub struct Counted {
    /// What it carries.
    pub number: u64,
    tally: Tally,
}

impl Tally {
    /// A value that counts.
    #[must_use]
    pub fn one(&self, number: u64) -> Counted {
        self.0.fetch_add(1, Ordering::Relaxed);
        Counted { number, tally: self.clone() }
    }

    /// How many live.
    #[must_use]
    pub fn alive(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.tally.one(self.number)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.tally.0.fetch_sub(1, Ordering::Relaxed);
    }
}
