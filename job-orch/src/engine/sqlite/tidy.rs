//! Moves what is in the log to its place in the file, on a thread and a connection of its own: the writer's commits would
//! wait for it.

use std::sync::mpsc;
use std::thread::JoinHandle;

use rusqlite::Connection;

use crate::sync::Arc;
use crate::sync::atomic::{AtomicU8, Ordering};

/// From so many pages in the log on, it is tidied.
pub(super) const FULL: i64 = 1000;

/// Nothing to do; at work; done: what has come since is little.
const IDLE: u8 = 0;
const BUSY: u8 = 1;
const DONE: u8 = 2;

/// Who tidies the log.
pub(super) struct Tidy {
    state: Arc<AtomicU8>,
    thread: Option<(mpsc::Sender<()>, JoinHandle<()>)>,
}

impl Tidy {
    /// A thread that ends with the writer.
    pub(super) fn spawn(connection: Connection) -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::channel();
        let state = Arc::new(AtomicU8::new(IDLE));
        let own = Arc::clone(&state);
        let tidy = move || {
            for () in receiver {
                // If it fails, the writer tries it, and can tell.
                let _ = checkpoint(&connection);
                own.store(DONE, Ordering::Release);
            }
        };
        let thread = std::thread::Builder::new().name("job-orch-tidy".to_owned()).spawn(tidy)?;
        Ok(Self { state, thread: Some((sender, thread)) })
    }

    /// Looks after the log, which has grown: has it tidied, or does the rest, so that it begins anew.
    pub(super) fn look(&self, writer: &Connection) -> rusqlite::Result<()> {
        match self.state.load(Ordering::Acquire) {
            BUSY => {}
            DONE => {
                self.state.store(IDLE, Ordering::Release);
                checkpoint(writer)?;
            }
            _ if pages(writer)? >= FULL => {
                self.state.store(BUSY, Ordering::Release);
                if self.thread.as_ref().is_none_or(|(sender, _)| sender.send(()).is_err()) {
                    checkpoint(writer)?;
                    self.state.store(IDLE, Ordering::Release);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl Drop for Tidy {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.thread.take() {
            drop(sender);
            // A panic of it has been told.
            let _ = thread.join();
        }
    }
}

/// Moves what no reader needs in the log any more, and waits for nobody.
fn checkpoint(connection: &Connection) -> rusqlite::Result<()> {
    connection.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?.query_row([], |_| Ok(()))
}

/// So many pages in the log are not in their place.
fn pages(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("PRAGMA wal_checkpoint(NOOP)")?
        .query_row([], |row| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?))
}
