//! An error that is as poor as an error may be.

use std::fmt;

/// An error without `Debug`, `Clone` and `std::error::Error`: a job's error needs none of them.
#[derive(PartialEq, Eq)]
#[expect(missing_debug_implementations, reason = "that is what it is for")]
pub struct Bare(
    /// Its text.
    pub String,
);

impl Bare {
    /// An error with this text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Bare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
