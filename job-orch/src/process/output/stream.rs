//! [`Output`]: what a subscriber holds.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use tokio::task::JoinHandle;

use super::lines::Lines;
use super::log::{Cursor, Found, Log};
use super::spill::Region;
use super::{Blob, Pipe};
use crate::process::error::OutputError;
use crate::sync::Arc;

/// The output of a process, from its beginning, as a stream of [`Blob`]s.
///
/// It ends when the process has ended and all of its output was read. How slowly it is read is nobody's concern but its own:
/// what was dropped before it was read is an [`OutputError::Missed`], with the count.
///
/// It can be read inside of a Tokio runtime. Reading is cancel safe: no byte is lost when
/// [`next`](Output::next) is dropped.
#[must_use = "a stream does nothing unless it is read"]
pub struct Output {
    log: Arc<Log>,
    cursor: Cursor,
    reading: Option<(Region, JoinHandle<io::Result<Bytes>>)>,
}

impl Output {
    pub(in crate::process) fn of(log: &Arc<Log>, pipe: Option<Pipe>) -> Self {
        Self { log: Arc::clone(log), cursor: log.subscribe(pipe), reading: None }
    }

    /// The next bytes, or none at the end.
    ///
    /// # Errors
    /// [`OutputError`] where bytes are missing. The stream goes on after it.
    ///
    /// # Cancel safety
    /// If it is dropped, no byte is lost.
    pub async fn next(&mut self) -> Option<Result<Blob, OutputError>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The same as lines of at most 64 KiB: longer ones come in parts.
    pub fn lines(self) -> Lines {
        Lines::of(self)
    }

    /// What has been read from the file, or why it could not be.
    fn poll_reading(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Blob, OutputError>>> {
        let Some((region, reading)) = &mut self.reading else { return Poll::Ready(None) };
        let read = ready!(Pin::new(reading).poll(context)).map_err(io::Error::other).flatten();
        let region = *region;
        self.reading = None;
        if !self.log.accept(&mut self.cursor, &region) {
            // Dropped meanwhile: the log says how much.
            return Poll::Ready(None);
        }
        let bytes = region.len as u64;
        Poll::Ready(Some(match read {
            Ok(bytes) => Ok(Blob { pipe: region.pipe, bytes }),
            Err(source) => Err(OutputError::Unreadable { bytes, source }),
        }))
    }
}

impl Stream for Output {
    type Item = Result<Blob, OutputError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(read) = ready!(this.poll_reading(context)) {
                return Poll::Ready(Some(read));
            }
            // A process that floods must not keep its subscriber's task from giving way to others.
            let progress = ready!(tokio::task::coop::poll_proceed(context));
            let found = ready!(this.log.poll_next(&mut this.cursor, context));
            progress.made_progress();
            match found {
                Found::Blob(blob) => return Poll::Ready(Some(Ok(blob))),
                Found::Missed(bytes) => return Poll::Ready(Some(Err(OutputError::Missed { bytes }))),
                Found::InFile(region) => this.reading = Some((region, this.log.spill.read(region))),
                Found::End => return Poll::Ready(None),
            }
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.log.leave(&self.cursor);
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").finish_non_exhaustive()
    }
}
