//! How messages travel: the contracts of both ends of a channel.
//!
//! A **request channel** has competing consumers: each message is leased to one receiver, which settles the delivery. A
//! **response channel** is a broadcast: every receiver sees every message, or is told exactly how many it missed. Both are
//! an [`MpSend`] and an [`McReceive`]; an engine makes them, and so can you (example `own_channel`).

mod any;
mod channels;
mod chunk;
mod codec;
mod envelope;
mod error;
#[cfg(feature = "testing")]
pub mod laws;
#[cfg(feature = "testing")]
pub mod mock;
pub(crate) mod onward;
mod receive;
pub(crate) mod scope;
mod send;
pub(crate) mod stop;
pub(crate) mod ticket;
mod transact;

pub use crate::outcome::{Failure, FailureKind};
pub use any::{AnyDelivery, AnyReceiver, AnySender};
pub use channels::{Channels, Record};
pub use chunk::{Chunk, Fetched, TakeBack};
pub use codec::Codec;
pub use envelope::{Envelope, Response};
pub use error::{BoxError, ReceiveError, SendError, SettleError};
pub use receive::{Delivery, McReceive, Return};
pub use send::{Acceptance, MpSend, SendOptions, UniqueKey, Withdraw};
pub(crate) use transact::NothingToComplete;
pub use transact::{CompleteError, Completes, Transact, TransactionError};
