//! Values that are counted while they live.

use std::sync::Arc;

/// Counts the [`Counted`] values it made that still live.
#[derive(Clone, Debug, Default)]
pub struct Tally(Arc<()>);

/// A value that is counted while it lives; a clone is one more.
#[derive(Clone, Debug)]
pub struct Counted {
    /// What it carries.
    pub number: u64,
    _life: Arc<()>,
}

impl Tally {
    /// A value that counts.
    #[must_use]
    pub fn one(&self, number: u64) -> Counted {
        Counted { number, _life: Arc::clone(&self.0) }
    }

    /// How many live.
    #[must_use]
    pub fn alive(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }
}
