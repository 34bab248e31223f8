//! [`Token`]: by which a worker proves that it was given a job.

use std::fmt;

use subtle::ConstantTimeEq as _;

/// 122 random bits. Printed by nobody but the one who sends it.
#[derive(Clone, Copy)]
pub(super) struct Token([u8; 16]);

impl Token {
    pub(super) fn new() -> Self {
        // The other 6 say which kind of UUID it is.
        Self(uuid::Uuid::new_v4().into_bytes())
    }

    /// From a request; `None` if it is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        uuid::Uuid::try_parse(text).ok().map(|uuid| Self(uuid.into_bytes()))
    }

    /// As a worker gets it.
    pub(super) fn reveal(&self) -> String {
        uuid::Uuid::from_bytes(self.0).simple().to_string()
    }

    /// Compares in the same time wherever they differ.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}
