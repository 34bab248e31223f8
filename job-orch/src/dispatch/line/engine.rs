//! A line in the durable engine: its waiting requests are the line, and giving is settling.

use std::convert::Infallible;
use std::fmt::Debug;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::channel::{Channels, Delivery, Envelope, McReceive, MpSend, Withdraw};
// The errors of a shelf, for whoever puts another in its place.
pub(super) use crate::channel::{BoxError, SettleError};
use crate::dispatch::error::OpenError;
use crate::dispatch::item::{Item, Read};
use crate::engine::Engine;
use crate::engine::sqlite::{Lease as Leased, Sqlite, SqliteChannels};
use crate::id::JobId;
use crate::job::Run;
use crate::retry::Retry;
use crate::settings::{Serving, Settings};

/// An item as the engine keeps it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::dispatch) struct Stored(Box<RawValue>);

/// Claimed and lost in a crash is not attempted: what waits for a worker never dies.
const PATIENT: Settings = Settings::DEFAULT.retry(Retry::times(u32::MAX));

/// What stands in a line.
pub(in crate::dispatch) trait Lined: Run<Request = Stored, Response = Stored> + Debug {
    /// How it is read.
    const READ: Read;
}

macro_rules! line {
    ($(#[$docs:meta])* $line:ident, $name:literal, $read:ident) => {
        $(#[$docs])*
        #[derive(Debug)]
        pub(in crate::dispatch) struct $line;

        impl Lined for $line {
            const READ: Read = Item::$read;
        }

        impl Run for $line {
            const NAME: &'static str = $name;
            const SETTINGS: Settings = PATIENT;
            type Request = Stored;
            type Response = Stored;
            type Resources = ();
            type Error = Infallible;

            async fn run(request: &Stored, (): &mut ()) -> Result<Stored, Infallible> {
                Ok(Stored(request.0.clone()))
            }
        }
    };
}

line! {
    /// The line of jobs, under a name by which people find it in the store.
    Jobs, "dispatch-jobs", read_job
}
line! {
    /// The line of workers.
    Workers, "dispatch-workers", read_worker
}

/// A line of the engine.
#[async_trait]
pub(super) trait Shelf: Debug + Send + Sync {
    async fn put(&self, item: &Item) -> Result<(), BoxError>;
    /// Waits for the first one.
    async fn claim(&self) -> Result<(Item, Box<dyn Lease>), BoxError>;
    /// Who waits, in order.
    async fn waiting(&self) -> Result<Vec<Waiting>, BoxError>;
}

/// One that waits in the engine, and its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) id: JobId,
    pub(super) size: usize,
}

/// One that was claimed. Dropped, it is back.
#[async_trait]
pub(super) trait Lease: Debug + Send + Sync {
    async fn settle(self: Box<Self>) -> Result<(), SettleError>;
}

/// Opens a line. `gone` are those that were given before the engine was told.
pub(super) async fn open<J: Lined>(store: &Sqlite, gone: &[JobId]) -> Result<Box<dyn Shelf>, OpenError> {
    let serving = Serving::DEFAULT.requests(usize::MAX);
    let channels = store.open::<J>(&serving).await.map_err(OpenError::Engine)?;
    // The directory is ours alone: whoever held something of this line is dead.
    channels.take_back().await.map_err(OpenError::Engine)?;
    for id in gone {
        channels.request_sender().withdraw(*id).await.map_err(|error| OpenError::Engine(error.into()))?;
    }
    Ok(Box::new(Store::<J>(channels)))
}

#[derive(Debug)]
struct Store<J: Run>(SqliteChannels<J>);

#[async_trait]
impl<J: Lined> Shelf for Store<J> {
    async fn put(&self, item: &Item) -> Result<(), BoxError> {
        let request = Stored(RawValue::from_string(item.text().to_owned())?);
        let envelope = Envelope::with_id(item.id, request);
        self.0.request_sender().send(envelope).await.map_err(|error| error.map(drop).to_string().into())
    }

    async fn claim(&self) -> Result<(Item, Box<dyn Lease>), BoxError> {
        let lease = self.0.request_receiver().receive().await?;
        let item = J::READ(&lease.message().request().0)?;
        Ok((item, Box::new(lease)))
    }

    async fn waiting(&self) -> Result<Vec<Waiting>, BoxError> {
        let line = self.0.line().await?;
        Ok(line.into_iter().map(|(id, size)| Waiting { id, size }).collect())
    }
}

#[async_trait]
impl<J: Run> Lease for Leased<J> {
    async fn settle(self: Box<Self>) -> Result<(), SettleError> {
        self.ack().await
    }
}
