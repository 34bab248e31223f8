//! From a pipe into the log.

use std::io;
use std::pin::Pin;
use std::task::Poll;

use bytes::BytesMut;
use tokio::net::unix::pipe::Receiver;
use tokio_util::io::poll_read_buf;

use super::{Log, Pipe};

/// What is read at once: as much as a pipe holds.
const BUFFER: usize = 64 << 10;

/// The same of a process that floods: its pipe is made larger, so that it and we need not wait for each other so often.
const FLOOD: usize = 256 << 10;

/// Reads a pipe to its end. Calls `note` after each read.
pub(in crate::process) async fn pump(mut reader: Receiver, pipe: Pipe, log: &Log, mut note: impl FnMut()) {
    let mut buffer = BytesMut::new();
    let (mut size, mut unread) = (BUFFER, 0);
    loop {
        // The buffer is made when there is something to read: a process that is silent holds none.
        if reader.readable().await.is_err() {
            return;
        }
        if buffer.capacity() < size / 4 {
            buffer.reserve(size);
        }
        let room = buffer.capacity();
        match std::future::poll_fn(|context| Poll::Ready(poll_read_buf(Pin::new(&mut reader), context, &mut buffer)))
            .await
        {
            Poll::Pending => {}
            Poll::Ready(Ok(0)) => return,
            Poll::Ready(Ok(read)) => {
                let is_over = log.append(pipe, buffer.split().freeze());
                note();
                if is_over {
                    size = widen(&reader, size, log);
                    log.make_room().await;
                }
                if read < room {
                    buffer = BytesMut::new();
                }
                unread += read;
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

/// Makes the pipe of a process that floods larger, once. Returns what is to be read at once.
fn widen(pipe: &Receiver, size: usize, log: &Log) -> usize {
    // Else one blob would be all that is kept.
    if size >= FLOOD || log.memory() < 4 * FLOOD {
        return size;
    }
    // Where that may not be done, it stays as it is.
    #[cfg(target_os = "linux")]
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, 4 * FLOOD);
    #[cfg(not(target_os = "linux"))]
    let _ = pipe;
    FLOOD
}
