//! Who waits for the answer to a request that waits, or runs elsewhere. While a request is held here, its envelope has them.

use std::collections::HashMap;
use std::time::Duration;

use super::channel::Channel;
use super::error::StoreError;
use super::local::Local;
use super::responses::{self, Entry, Kept};
use super::settling::DEAD;
use super::transaction::Transaction;
use crate::channel::Envelope;
use crate::channel::ticket::Asked;
use crate::id::JobId;
use crate::job::Run;
use crate::outcome::{CallError, FailureKind};
use crate::sync::atomic::{AtomicI64, Ordering};
use crate::sync::{Arc, Mutex, Weak, lock};

/// If answers cannot be read, that is tried again after this time.
const PAUSE: Duration = Duration::from_millis(100);

/// The callers of one job in this process.
pub(super) struct Callers<J: Run> {
    waiting: Mutex<Waiting<J>>,
    // Up to here, responses were searched for answers.
    searched: AtomicI64,
    // Whose request was lost: what became of it may stand before that.
    lost: Mutex<Vec<JobId>>,
}

/// Those who wait, until nobody may wait any more.
struct Waiting<J: Run> {
    callers: HashMap<JobId, Asked<J>>,
    is_over: bool,
}

impl<J: Run> Callers<J> {
    /// Nobody waits yet for responses from this position on.
    pub(super) fn from(position: i64) -> Self {
        let waiting = Waiting { callers: HashMap::new(), is_over: false };
        Self { waiting: Mutex::new(waiting), searched: AtomicI64::new(position), lost: Mutex::default() }
    }

    /// Who waits for the answer to this request.
    pub(super) fn take(&self, id: JobId) -> Option<Asked<J>> {
        lock(&self.waiting).callers.remove(&id)
    }

    fn has(&self, id: JobId) -> bool {
        lock(&self.waiting).callers.contains_key(&id)
    }
}

/// What has become of a request that somebody else took.
enum Fate {
    /// It waits or runs: who ends it will say so.
    Open,
    Ended(Kept),
    /// Nobody can tell any more.
    Forgotten,
}

impl Transaction<'_> {
    fn fate_of(&mut self, job: i64, id: JobId) -> rusqlite::Result<Fate> {
        let is_open = self
            .prepare(
                "SELECT EXISTS (SELECT 1 FROM request LEFT JOIN aside USING (seq)
                 WHERE id = ?1 AND coalesce(state, 0) <> ?2)",
            )?
            .query_row(rusqlite::params![id.to_bytes(), DEAD], |row| row.get(0))?;
        if is_open {
            return Ok(Fate::Open);
        }
        Ok(responses::find(self.connection()?, job, id)?.map_or(Fate::Forgotten, |(_, kept)| Fate::Ended(kept)))
    }
}

impl<J: Run> Channel<J> {
    /// Takes the caller of a request that leaves this process, so that it can be answered from anywhere.
    pub(super) fn keep_caller(&self, envelope: &mut Envelope<J>) {
        if envelope.is_awaited()
            && let Some(asked) = envelope.take_asked()
        {
            let mut waiting = lock(&self.callers.waiting);
            // A worker may be dropped with what it holds after all others were told.
            let dismissed = if waiting.is_over { Some(asked) } else { waiting.callers.insert(envelope.id(), asked) };
            drop(waiting);
            drop(dismissed);
        }
    }

    /// Gives the caller back to a request that did not leave.
    pub(super) fn return_caller(&self, envelope: &mut Envelope<J>) {
        if let Some(asked) = self.callers.take(envelope.id()) {
            envelope.set_asked(asked);
        }
    }

    /// Answers everybody who waits, or will: nobody else does.
    pub(super) fn dismiss_callers(&self) {
        let mut waiting = lock(&self.callers.waiting);
        waiting.is_over = true;
        let callers = std::mem::take(&mut waiting.callers);
        drop(waiting);
        // Dropped without the lock: each tells its caller that the job is served no more.
        drop(callers);
    }

    /// Tells everybody who waits that no answer can be told any more.
    fn disappoint_callers(&self, fault: &StoreError) {
        let callers = std::mem::take(&mut lock(&self.callers.waiting).callers);
        for asked in callers.into_values() {
            asked.answer(Err(CallError::Engine { job: J::NAME, source: fault.clone().into() }));
        }
    }

    /// Answers a caller, if it waits here.
    pub(super) fn answer(&self, id: JobId, answer: Result<J::Response, CallError<J::Error>>) {
        if let Some(asked) = self.callers.take(id) {
            asked.answer(answer);
        }
    }

    /// Answers those whose requests ended in another process, each time such ends are on the disk.
    pub(super) async fn answer_callers(channel: Weak<Self>, local: Arc<Local>) {
        loop {
            local.foreign.notified().await;
            let Some(channel) = channel.upgrade() else { return };
            if let Some(fault) = local.broken() {
                channel.disappoint_callers(&fault);
                continue;
            }
            let (searched, found) = (channel.search_answers().await, channel.answer_lost().await);
            drop(channel);
            if let Err(error) = searched.and(found) {
                tracing::warn!(target: "job_orch", { job.name = J::NAME, %error }, "answers could not be read yet");
                tokio::time::sleep(PAUSE).await;
                local.foreign.notify_one();
            }
        }
    }

    async fn search_answers(&self) -> Result<(), StoreError> {
        loop {
            // Read first: whoever begins to wait after this is answered at a later position.
            let published = self.local.published.load(Ordering::Acquire);
            let from = self.callers.searched.load(Ordering::Acquire);
            if lock(&self.callers.waiting).callers.is_empty() {
                self.callers.searched.fetch_max(published, Ordering::AcqRel);
                return Ok(());
            }
            let job = self.local.job;
            let mut entries = self.store.reader.ask(move |store| responses::read(store, job, from, None)).await?;
            // What stands behind that may not be on the disk yet: this is called again when it is.
            entries.retain(|entry| entry.next() <= published);
            let Some(last) = entries.last() else { return Ok(()) };
            self.callers.searched.fetch_max(last.next(), Ordering::AcqRel);
            for entry in entries {
                if let Entry::Response(kept, _) = entry
                    && self.callers.has(kept.id)
                {
                    self.answer(kept.id, self.read_answer(kept));
                }
            }
        }
    }

    /// The lease of this request was lost: has its caller told what came of it, which may be long ago.
    pub(super) fn note_lost(&self, id: JobId) {
        if self.callers.has(id) {
            lock(&self.callers.lost).push(id);
            self.local.foreign.notify_one();
        }
    }

    /// Answers those whose request was lost, and has ended since then. Of the others, the end is yet to come.
    async fn answer_lost(&self) -> Result<(), StoreError> {
        let lost = lock(&self.callers.lost).clone();
        if lost.is_empty() {
            return Ok(());
        }
        let (job, sought) = (self.local.job, lost.clone());
        let find = move |transaction: &mut Transaction<'_>| {
            sought.iter().map(|id| Ok((*id, transaction.fate_of(job, *id)?))).collect::<rusqlite::Result<Vec<_>>>()
        };
        // The writer is asked, so that what is found is on the disk.
        for (id, fate) in self.store.writer.ask(find).await? {
            match fate {
                Fate::Open => {}
                Fate::Ended(kept) => self.answer_again(kept),
                Fate::Forgotten => {
                    let source = "it ended in another process, and its response is kept no more".into();
                    self.answer(id, Err(CallError::Engine { job: J::NAME, source }));
                }
            }
        }
        lock(&self.callers.lost).retain(|id| !lost.contains(id));
        Ok(())
    }

    fn read_answer(&self, kept: Kept) -> Result<J::Response, CallError<J::Error>> {
        let job = J::NAME;
        self.read_response(kept).outcome.map_err(|failure| match failure.kind {
            FailureKind::Cancelled => CallError::Cancelled { job },
            FailureKind::Shed => CallError::Shed { job },
            FailureKind::Expired => CallError::Expired { job },
            _ => CallError::Elsewhere { job, failure },
        })
    }

    /// Has the caller of a request looked for that came to it while it ran.
    pub(super) fn answer_late(&self, id: JobId) {
        if self.callers.has(id) {
            self.local.foreign.notify_one();
        }
    }

    /// Answers a step that has ended before.
    pub(super) fn answer_again(&self, kept: Kept) {
        self.answer(kept.id, self.read_answer(kept));
    }
}
