//! From a pipe into the log.

use std::io;
use std::pin::Pin;
use std::task::Poll;

use bytes::{Bytes, BytesMut};
use tokio::net::unix::pipe::Receiver;
use tokio_util::io::poll_read_buf;

use super::flood::{self, flood};
use super::{Log, Pipe};
use crate::sync::Arc;

/// What is read at once: as much as a pipe holds.
const BUFFER: usize = 64 << 10;

/// What is kept of a buffer: a small part would hold all of it, of which nobody has counted more than that part.
fn of_its_own(part: Bytes) -> Bytes {
    if part.len() < BUFFER / 2 { Bytes::copy_from_slice(&part) } else { part }
}

/// Reads a pipe to its end. Calls `note` after each read.
pub(in crate::process) async fn pump(
    mut reader: Receiver,
    pipe: Pipe,
    log: Arc<Log>,
    note: impl Fn() + Clone + Send + 'static,
) {
    let mut buffer = BytesMut::new();
    let mut unread = 0;
    loop {
        // The buffer is made when there is something to read: a process that is silent holds none.
        if reader.readable().await.is_err() {
            return;
        }
        if buffer.capacity() < BUFFER / 4 {
            buffer.reserve(BUFFER);
        }
        let room = buffer.capacity();
        match std::future::poll_fn(|context| Poll::Ready(poll_read_buf(Pin::new(&mut reader), context, &mut buffer)))
            .await
        {
            Poll::Pending => {}
            Poll::Ready(Ok(0)) => return,
            Poll::Ready(Ok(read)) => {
                let is_over = log.append(pipe, of_its_own(buffer.split().freeze()));
                note();
                if read < room {
                    buffer = BytesMut::new();
                }
                unread += read;
                if is_over && unread >= BUFFER && flood::is_for(&log) {
                    buffer = BytesMut::new();
                    let Some(rest) = flood(reader, pipe, &log, &note).await else { return };
                    reader = rest;
                } else if is_over {
                    log.make_room().await;
                }
                if unread >= BUFFER {
                    // Whoever was woken may stand behind this task, and should read from memory and not from the file.
                    unread = 0;
                    tokio::task::yield_now().await;
                }
            }
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            Poll::Ready(Err(error)) => {
                tracing::warn!(target: "job_orch", %error, "the output of a process could not be read on");
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_part_holds_no_large_buffer() {
        let mut buffer = BytesMut::zeroed(BUFFER);
        let small = of_its_own(buffer.split_to(4096).freeze());
        let large = buffer.split_to(BUFFER / 2).freeze();
        let address = large.as_ptr();
        let large = of_its_own(large);
        assert!(small.is_unique(), "it shares nothing");
        assert_eq!((small.len(), large.as_ptr()), (4096, address), "a large one is not copied");
    }
}
