//! Engines whose store is the user's database too.

use super::Engine;
use crate::channel::{Acceptance, Envelope, SendError, SendOptions, Transact};
use crate::job::Run;

/// An engine that can take part in a transaction of yours: what is sent in it is accepted if it commits, and only then.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot send in a transaction of yours",
    label = "this engine takes part in no transaction",
    note = "its requests are not in your database: commit first, and send then"
)]
pub trait Transacts: Engine {
    /// Puts a request in, as a part of the transaction. Never waits for room.
    ///
    /// # Errors
    /// As [`MpSend::send_with`](crate::channel::MpSend::send_with). [`SendError::Engine`] has a
    /// [`TransactionError`](crate::channel::TransactionError) as its source. The transaction is as it was.
    fn send_in<J: Run>(
        channels: &Self::Channels<J>,
        transaction: &dyn Transact,
        message: Envelope<J>,
        options: &SendOptions,
    ) -> Result<Acceptance, SendError<Envelope<J>>>;
}
