//! The reader of a process: a connection beside the writer's, for whoever only looks.

use std::fmt;
use std::sync::mpsc;
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::error::StoreError;
#[cfg(feature = "testing")]
use crate::sync::{Mutex, lock};

type Look = Box<dyn FnOnce(&Connection) + Send>;

/// The way to the reader.
pub(super) struct Reader(Way);

enum Way {
    Thread(mpsc::Sender<Look>, JoinHandle<()>),
    Gone,
    #[cfg(feature = "testing")]
    Here(Mutex<Connection>),
}

impl Reader {
    /// A reader on a thread of its own, which ends with the last way to it.
    pub(super) fn spawn(connection: Connection) -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::channel::<Look>();
        let thread = std::thread::Builder::new()
            .name("job-orch-reader".to_owned())
            .spawn(move || receiver.into_iter().for_each(|look| look(&connection)))?;
        Ok(Self(Way::Thread(sender, thread)))
    }

    #[cfg(feature = "testing")]
    pub(super) fn here(connection: Connection) -> Self {
        Self(Way::Here(Mutex::new(connection)))
    }

    /// Has a look taken.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        match &self.0 {
            Way::Thread(sender, _) => {
                let (reply, answer) = oneshot::channel();
                // Nobody waits any more: then nobody wants to know.
                let look: Look = Box::new(move |connection| drop(reply.send(look(connection))));
                sender.send(look).map_err(|_| StoreError::Closed)?;
                Ok(answer.await.map_err(|_| StoreError::Closed)??)
            }
            Way::Gone => Err(StoreError::Closed),
            #[cfg(feature = "testing")]
            Way::Here(connection) => Ok(look(&lock(connection))?),
        }
    }
}

/// Its connection is closed when it has gone: the last one to close puts what is in the log into the file.
impl Drop for Reader {
    fn drop(&mut self) {
        if let Way::Thread(sender, thread) = std::mem::replace(&mut self.0, Way::Gone) {
            drop(sender);
            // A panic of it has been told.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}
