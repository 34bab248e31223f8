//! The reader of a process: a connection beside the writer's, for whoever only looks.

use std::fmt;
use std::sync::mpsc;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::error::StoreError;
#[cfg(feature = "testing")]
use crate::sync::{Mutex, lock};

type Look = Box<dyn FnOnce(&Connection) + Send>;

/// The way to the reader.
pub(super) struct Reader(Way);

enum Way {
    Thread(mpsc::Sender<Look>),
    #[cfg(feature = "testing")]
    Here(Mutex<Connection>),
}

impl Reader {
    /// A reader on a thread of its own, which ends with the last way to it.
    pub(super) fn spawn(connection: Connection) -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::channel::<Look>();
        std::thread::Builder::new()
            .name("job-orch-sqlite-reader".to_owned())
            .spawn(move || receiver.into_iter().for_each(|look| look(&connection)))?;
        Ok(Self(Way::Thread(sender)))
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
            Way::Thread(sender) => {
                let (reply, answer) = oneshot::channel();
                // Nobody waits any more: then nobody wants to know.
                let look: Look = Box::new(move |connection| drop(reply.send(look(connection))));
                sender.send(look).map_err(|_| StoreError::Closed)?;
                Ok(answer.await.map_err(|_| StoreError::Closed)??)
            }
            #[cfg(feature = "testing")]
            Way::Here(connection) => Ok(look(&lock(connection))?),
        }
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}
