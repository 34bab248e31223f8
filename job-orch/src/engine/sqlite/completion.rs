//! How a running job ends its request in a transaction of its own.

use std::any::{Any, type_name};
use std::fmt;

use rusqlite::{Connection, params};

use super::channel::Channel;
use super::lease::Lease;
use super::places;
use super::requests::{Grip, Lost, Next};
use super::responses::{Kept, NewResponse};
use super::transaction::Transaction;
use crate::channel::{CompleteError, Completes, Response, SettleError, Transact};
use crate::id::JobId;
use crate::job::Run;
use crate::sync::atomic::Ordering;
use crate::sync::{Arc, Mutex, lock};

/// What a job has at hand to end its request with.
pub(super) struct Completion<J: Run> {
    channel: Arc<Channel<J>>,
    id: JobId,
    grip: Grip,
    // What was recorded, if its transaction was committed.
    done: Mutex<Option<Arc<Done>>>,
}

/// A response, and where it was recorded.
struct Done {
    place: i64,
    response: Arc<NewResponse>,
}

impl<J: Run> Completion<J> {
    pub(super) fn new(channel: &Arc<Channel<J>>, id: JobId, grip: Grip) -> Self {
        Self { channel: Arc::clone(channel), id, grip, done: Mutex::default() }
    }

    fn record(&self, user: &dyn Transact, response: NewResponse) -> Result<(), CompleteError> {
        let response = Arc::new(response);
        let (job, grip, id) = (J::NAME, self.grip, self.id);
        let store = &self.channel.store;
        let refused = |source| CompleteError::Transaction { job, source };
        let has_runs = store.has_runs.load(Ordering::Relaxed);
        let recorded = store.take_part(user, grip.job, |transaction| {
            if transaction.conclude(id, grip, &Next::Gone, Some(&response), has_runs)? == Err(Lost) {
                return Ok(None);
            }
            Ok(Some(places::position(grip.job, transaction.job(grip.job)?.position() - 1)))
        });
        if let Some(place) = recorded.map_err(refused)? {
            *lock(&self.done) = Some(Arc::new(Done { place, response }));
            return Ok(());
        }
        let connection = store.connection_of(user).map_err(refused)?;
        let before = lock(&self.done).clone();
        if before.is_some_and(|done| done.is_in(connection).unwrap_or(false)) {
            return Err(CompleteError::Twice { job });
        }
        // Nothing that a run did that has lost its lease may be committed, whatever becomes of this error.
        connection.execute_batch("ROLLBACK").map_err(|error| refused(error.into()))?;
        Err(CompleteError::Lost { job })
    }
}

impl Done {
    fn is_in(&self, connection: &Connection) -> rusqlite::Result<bool> {
        let Self { place, response } = self;
        connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM response WHERE place = ?1 AND id = ?2 AND checksum = ?3)")?
            .query_row(params![place, response.id.to_bytes(), response.checksum], |row| row.get(0))
    }
}

impl<J: Run> Completes for Completion<J> {
    fn complete_in(
        &self,
        transaction: &dyn Transact,
        response: &dyn Any,
        name: &'static str,
    ) -> Result<(), CompleteError> {
        let job = J::NAME;
        let expected = type_name::<J::Response>();
        let response = response.downcast_ref().ok_or(CompleteError::WrongType { job, expected, found: name })?;
        let written = self.channel.write_response(self.id, Ok(response));
        self.record(transaction, written.map_err(|source| CompleteError::Unwritable { job, source })?)
    }
}

impl<J: Run> fmt::Debug for Completion<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completion").field("job", &J::NAME).field("id", &self.id).finish_non_exhaustive()
    }
}

impl<J: Run> Lease<J> {
    /// How the job ended the request, if it did so in a transaction that was committed. Then it is settled.
    pub(super) async fn completed(&mut self) -> Result<Option<Response<J>>, SettleError> {
        let Some(done) = self.completion().and_then(|completion| lock(&completion.done).clone()) else {
            return Ok(None);
        };
        // The writer is asked, so that the response is on the disk, and listeners here have heard of it.
        let sought = Arc::clone(&done);
        let is_in = move |transaction: &mut Transaction<'_>| sought.is_in(transaction.connection()?);
        let is_in = self.channel().store.writer.ask(is_in).await;
        if !is_in.map_err(|error| SettleError::Engine(error.into()))? {
            return Ok(None);
        }
        self.forget();
        let NewResponse { id, payload, .. } = &*done.response;
        let kept = Kept { id: *id, is_failure: false, payload: Ok(payload.clone()) };
        Ok(Some(self.channel().read_response(kept)))
    }
}
