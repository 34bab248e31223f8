//! The output of a process: kept once, read by any number of subscribers.

mod basin;
mod flood;
mod kept;
mod lines;
mod log;
mod pump;
mod spill;
mod stream;
mod subscribers;

use std::ops::Deref;

use bytes::Bytes;

pub use lines::{Line, Lines};
pub use stream::Output;

pub(super) use log::Log;
pub(super) use pump::pump;

/// One of the two outputs of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pipe {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Some bytes of output, as they came: neither lines nor characters are kept together.
///
/// The bytes are shared by all subscribers. They dereference to [`Bytes`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Blob {
    /// Where it came from.
    pub pipe: Pipe,
    /// The bytes; never none.
    pub bytes: Bytes,
}

impl Deref for Blob {
    type Target = Bytes;
    fn deref(&self) -> &Bytes {
        &self.bytes
    }
}

impl AsRef<[u8]> for Blob {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl From<Blob> for Bytes {
    fn from(blob: Blob) -> Self {
        blob.bytes
    }
}
