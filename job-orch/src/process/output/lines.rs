//! [`Lines`]: output by lines.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;

use super::{Output, Pipe};
use crate::process::error::OutputError;

/// Longer lines come in parts of this size.
const LONGEST: usize = 64 << 10;

/// A line of output.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Line {
    /// Where it came from.
    pub pipe: Pipe,
    /// Its bytes, without what ends it.
    pub bytes: Bytes,
    /// Whether the line goes on in the next [`Line`] of this pipe, because it is longer than 64 KiB.
    pub goes_on: bool,
}

impl Line {
    /// Its text; what is no UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }
}

/// The output of a process, from its beginning, as a stream of [`Line`]s. What comes after the last line's end is a line too.
///
/// Lines of standard output and standard error are told apart. Reading is cancel safe.
#[derive(Debug)]
#[must_use = "a stream does nothing unless it is read"]
pub struct Lines {
    output: Output,
    // Of each pipe: what was read and is no whole line yet, and how much of that has no end in it.
    rests: [(BytesMut, usize); 2],
    has_ended: bool,
}

impl Lines {
    pub(super) fn of(output: Output) -> Self {
        Self { output, rests: [(BytesMut::new(), 0), (BytesMut::new(), 0)], has_ended: false }
    }

    /// The next line, or none at the end.
    ///
    /// # Errors
    /// [`OutputError`] where bytes are missing. The stream goes on after it, and the line around the gap comes in two.
    ///
    /// # Cancel safety
    /// If it is dropped, no byte is lost.
    pub async fn next(&mut self) -> Option<Result<Line, OutputError>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// A whole line, or one that is too long to wait for the rest of it.
    fn take_line(&mut self) -> Option<Line> {
        for (pipe, (rest, searched)) in [Pipe::Stdout, Pipe::Stderr].into_iter().zip(&mut self.rests) {
            let end = rest.get(*searched..).and_then(|new| new.iter().position(|byte| *byte == b'\n'));
            match end.map(|end| *searched + end) {
                Some(end) if end <= LONGEST => {
                    let mut bytes = rest.split_to(end + 1).freeze();
                    bytes.truncate(end);
                    *searched = 0;
                    return Some(Line { pipe, bytes, goes_on: false });
                }
                _ if rest.len() > LONGEST => {
                    *searched = 0;
                    return Some(Line { pipe, bytes: rest.split_to(LONGEST).freeze(), goes_on: true });
                }
                _ => *searched = rest.len(),
            }
        }
        None
    }

    /// What is left without an end.
    fn take_rest(&mut self) -> Option<Line> {
        for (pipe, (rest, searched)) in [Pipe::Stdout, Pipe::Stderr].into_iter().zip(&mut self.rests) {
            if !rest.is_empty() {
                *searched = 0;
                return Some(Line { pipe, bytes: rest.split().freeze(), goes_on: false });
            }
        }
        None
    }
}

impl Stream for Lines {
    type Item = Result<Line, OutputError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(line) = self.take_line() {
                return Poll::Ready(Some(Ok(line)));
            }
            if self.has_ended {
                return Poll::Ready(self.take_rest().map(Ok));
            }
            match ready!(Pin::new(&mut self.output).poll_next(context)) {
                Some(Ok(blob)) => self.rests[blob.pipe as usize].0.extend_from_slice(&blob),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => self.has_ended = true,
            }
        }
    }
}
