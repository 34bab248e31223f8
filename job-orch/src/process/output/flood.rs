//! Reading the output of a process that floods: on a thread for blocking work, in bursts.
//!
//! What floods has to be read, kept in the file and told to its subscribers at the same time. A thread of its own does that
//! without a change of tasks in between: it lets some output gather, moves it out of the process's way, takes it into a
//! buffer that has been used before, and writes what is oldest into the file itself. A burst is short, so that many
//! processes can share the threads.

use std::io;
use std::os::fd::OwnedFd;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::net::unix::pipe::Receiver;
use tokio::task::spawn_blocking;

use super::basin::Basin;
use super::{Log, Pipe};
use crate::sync::{Arc, Mutex, Weak, lock};

/// The size of a buffer: subscribers are woken once for each.
const BUFFER: usize = 512 << 10;

/// The size that the pipe is given: the largest one that everybody may have.
#[cfg(target_os = "linux")]
const PIPE: usize = 1 << 20;

/// Buffers that wait to be used again.
const SPARE: usize = 2;

/// How long output gathers.
const PAUSE: Duration = Duration::from_micros(100);

/// After so many pauses without any output, it does not flood any more.
const PATIENCE: u32 = 20;

/// How often is looked whether subscribers are reading, and what they read meanwhile at least.
const LOOKS: u32 = 100;
const LOOK: Duration = Duration::from_micros(200);
const READING: u64 = 16 << 10;

/// How long a burst is, and what is less in that time is no flood.
const BURST: Duration = Duration::from_millis(50);
const LITTLE: usize = 2 << 20;

/// Whether so much is kept in memory that these buffers are not most of it.
pub(super) const fn is_for(log: &Log) -> bool {
    log.memory() >= 4 * BUFFER
}

/// Reads a pipe as long as it floods. Returns what is to be read further, if it has not ended.
pub(super) async fn flood(
    reader: Receiver,
    pipe: Pipe,
    log: &Arc<Log>,
    note: &(impl Fn() + Clone + Send + 'static),
) -> Option<Receiver> {
    // The runtime is not to be woken by each of its writes.
    let mut reader = reader.into_nonblocking_fd().ok()?;
    let enough = widen(&reader);
    let spare = Arc::new(Spare::default());
    let (log, note) = (Arc::clone(log), note.clone());
    let mut burst =
        Burst { pipe, log: Arc::clone(&log), note, enough, basin: Basin::new(BUFFER), spare, in_vain: None };
    loop {
        let read = spawn_blocking(move || {
            let left = burst.read(&reader);
            (reader, burst, left)
        });
        let left;
        (reader, burst, left) = read.await.ok()?;
        match left {
            Left::Nothing => return None,
            Left::Little => return Receiver::from_owned_fd(reader).ok(),
            Left::Much => {}
            Left::NoRoom => log.make_room().await,
        }
    }
}

/// Makes the pipe larger, where that may be done. Returns how much of it is worth a read.
fn widen(pipe: &OwnedFd) -> usize {
    #[cfg(target_os = "linux")]
    let size = {
        let _ = rustix::pipe::fcntl_setpipe_size(pipe, PIPE);
        rustix::pipe::fcntl_getpipe_size(pipe).unwrap_or(BUFFER / 4)
    };
    #[cfg(not(target_os = "linux"))]
    let size = {
        let _ = pipe;
        BUFFER / 4
    };
    (size / 2).min(BUFFER / 2)
}

struct Burst<N> {
    pipe: Pipe,
    log: Arc<Log>,
    note: N,
    enough: usize,
    basin: Basin,
    spare: Arc<Spare>,
    // Nobody has read anything since it was waited for that.
    in_vain: Option<u64>,
}

/// What is left after a burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Nothing,
    Little,
    Much,
    /// Subscribers have to read on first.
    NoRoom,
}

impl<N: Fn()> Burst<N> {
    fn read(&mut self, reader: &OwnedFd) -> Left {
        let (begun, mut all) = (Instant::now(), 0);
        loop {
            let mut buffer = self.spare.take();
            let (len, left) = self.fill(reader, &mut buffer);
            all += len;
            if len > 0 {
                let is_over = self.log.append(self.pipe, lend(buffer, len, &self.spare));
                (self.note)();
                if is_over {
                    self.let_them_read();
                    if !self.log.make_room_now(BUFFER) {
                        return if left == Left::Nothing { left } else { Left::NoRoom };
                    }
                }
            }
            if left != Left::Much {
                return left;
            }
            if begun.elapsed() >= BURST {
                return if all < LITTLE { Left::Little } else { Left::Much };
            }
        }
    }

    /// Holds the process up for a moment, if there are subscribers that lag behind and read fast, or have had no processor
    /// to read on. One that reads slowly, or not at all, holds nobody up.
    fn let_them_read(&mut self) {
        let before = self.log.reading().1;
        if self.in_vain == Some(before) {
            return;
        }
        for look in 0..LOOKS {
            let (lag, now) = self.log.reading();
            let (read, expected) = (now - before, u64::from(look) * READING);
            if lag < self.log.memory() as u64 / 2 || (0 < read && read < expected) {
                return;
            }
            thread::sleep(LOOK);
        }
        self.in_vain = Some(self.log.reading().1);
    }

    /// Reads until that was worth it, or nothing more comes.
    fn fill(&self, reader: &OwnedFd, buffer: &mut [u8]) -> (usize, Left) {
        let (mut len, mut pauses) = (0, 0);
        while len < self.enough {
            match self.basin.read(reader, &mut buffer[len..]) {
                Ok(0) => return (len, Left::Nothing),
                Ok(read) => {
                    len += read;
                    if len >= self.enough {
                        break;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => {
                    tracing::warn!(target: "job_orch", %error, "the output of a process could not be read on");
                    return (len, Left::Nothing);
                }
            }
            // What has come is not kept waiting for long.
            if pauses >= PATIENCE || (len > 0 && pauses > 1) {
                return (len, if len > 0 { Left::Much } else { Left::Little });
            }
            pauses += 1;
            thread::sleep(PAUSE);
        }
        (len, Left::Much)
    }
}

/// Buffers that have been read. Their memory is the system's no more than once.
#[derive(Debug, Default)]
struct Spare(Mutex<Vec<Vec<u8>>>);

impl Spare {
    fn take(&self) -> Vec<u8> {
        lock(&self.0).pop().unwrap_or_else(|| vec![0; BUFFER])
    }

    fn put(&self, buffer: Vec<u8>) {
        let mut spare = lock(&self.0);
        if spare.len() < SPARE {
            spare.push(buffer);
        }
    }
}

/// A buffer with output, until nobody reads it any more.
struct Lent {
    buffer: Vec<u8>,
    len: usize,
    spare: Weak<Spare>,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.buffer[..self.len]
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(spare) = self.spare.upgrade() {
            spare.put(std::mem::take(&mut self.buffer));
        }
    }
}

/// So much of a buffer. Little is copied, so that it does not hold all of it.
fn lend(buffer: Vec<u8>, len: usize, spare: &Arc<Spare>) -> Bytes {
    if len < BUFFER / 2 {
        let bytes = Bytes::copy_from_slice(&buffer[..len]);
        spare.put(buffer);
        return bytes;
    }
    Bytes::from_owner(Lent { buffer, len, spare: Arc::downgrade(spare) })
}
