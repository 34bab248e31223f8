//! The place in a store for the answers of one job.

use std::fmt;

use async_trait::async_trait;

use super::answers::{self, Found, Key};
use super::store::Store;
use crate::cache::{Archive, Begun, Kept, Policy};
use crate::channel::BoxError;
use crate::id::JobId;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicI64, AtomicU64, Ordering};

pub(super) struct StoreArchive {
    store: Arc<Store>,
    job: i64,
    name: &'static str,
    policy: Policy,
    // As the last write of this process has found.
    entries: Arc<AtomicI64>,
    // So often it was to be cleared, and so often it was: between the two, readers still see what was there.
    clears: (AtomicU64, Arc<AtomicU64>),
}

impl StoreArchive {
    pub(super) async fn open(store: Arc<Store>, name: &'static str, policy: Policy) -> Result<Self, BoxError> {
        let job = store.writer.ask(move |transaction| transaction.register(name)).await?;
        let entries = store.reader.ask(move |connection| answers::entries(connection, job)).await?;
        Ok(Self { store, job, name, policy, entries: Arc::new(AtomicI64::new(entries)), clears: Default::default() })
    }

    fn report_damaged(&self, count: usize) {
        if count > 0 {
            tracing::warn!(
                target: "job_orch",
                { job.name = self.name, count },
                "kept answers are damaged, and are computed anew"
            );
        }
    }

    fn touch(&self, keys: Vec<Key>) {
        let job = self.job;
        if !keys.is_empty() {
            self.store.writer.suggest(move |transaction| transaction.touch_answers(job, &keys));
        }
    }

    /// Nobody computes this answer any more.
    fn end_flight(&self, key: Key, leader: JobId) {
        let job = self.job;
        self.store.writer.tell(move |transaction| transaction.end_flight(job, &key, leader));
    }
}

#[async_trait]
impl Archive for StoreArchive {
    async fn find(&self, keys: Vec<Vec<u8>>) -> Result<Vec<Option<Kept>>, BoxError> {
        let (asked, done) = &self.clears;
        if done.load(Ordering::Acquire) < asked.load(Ordering::Acquire) {
            return Ok(vec![None; keys.len()]);
        }
        let (job, now) = (self.job, self.store.clock.now());
        let look = move |connection: &rusqlite::Connection| {
            let find = |key: Vec<u8>| {
                let key = Key::of(key);
                answers::find(connection, job, &key, now).map(|found| (key, found))
            };
            keys.into_iter().map(find).collect::<rusqlite::Result<Vec<_>>>()
        };
        let (mut unused, mut damaged) = (Vec::new(), 0);
        let mut all = Vec::new();
        for (key, found) in self.store.reader.ask(look).await? {
            all.push(match found {
                Found::Kept { kept, is_long_unused } => {
                    unused.extend(is_long_unused.then_some(key));
                    Some(kept)
                }
                Found::Missing => None,
                Found::Damaged => {
                    damaged += 1;
                    None
                }
            });
        }
        self.touch(unused);
        self.report_damaged(damaged);
        Ok(all)
    }

    async fn begin(&self, key: Vec<u8>, leader: JobId) -> Result<Begun, BoxError> {
        let (job, key) = (self.job, Key::of(key));
        Ok(self.store.writer.ask_lightly(move |transaction| transaction.begin_answer(job, &key, leader)).await?)
    }

    async fn ended(&self, key: Vec<u8>) {
        let (job, key) = (self.job, Key::of(key));
        loop {
            let mut changed = std::pin::pin!(self.store.changed.notified());
            changed.as_mut().enable();
            let key = key.clone();
            let flies = self.store.reader.ask(move |connection| answers::is_in_flight(connection, job, &key)).await;
            if !matches!(flies, Ok(true)) {
                return;
            }
            // A process that died tells nobody.
            let _ = tokio::time::timeout(self.store.lease / 3, changed).await;
        }
    }

    async fn refreshes(&self, key: Vec<u8>) -> Result<bool, BoxError> {
        let (job, key, until) = (self.job, Key::of(key), self.store.clock.after(self.store.lease));
        Ok(self.store.writer.ask_lightly(move |transaction| transaction.refresh_answer(job, &key, until)).await?)
    }

    fn keep(&self, key: Vec<u8>, leader: JobId, answer: Vec<u8>) {
        let (job, policy, entries) = (self.job, self.policy, Arc::clone(&self.entries));
        let key = Key::of(key);
        let own = key.clone();
        self.store.writer.suggest(move |transaction| {
            entries.store(transaction.keep_answer(job, &own, &policy, &answer)?, Ordering::Relaxed);
            Ok(())
        });
        // Behind it, so that nobody computes it meanwhile; and also if it could not be kept.
        self.end_flight(key, leader);
    }

    fn give_up(&self, key: Vec<u8>, leader: JobId) {
        self.end_flight(Key::of(key), leader);
    }

    fn give_up_refreshing(&self, key: Vec<u8>) {
        let (job, key) = (self.job, Key::of(key));
        self.store.writer.tell(move |transaction| transaction.unrefresh_answer(job, &key));
    }

    fn clear(&self) {
        let (job, entries, done) = (self.job, Arc::clone(&self.entries), Arc::clone(&self.clears.1));
        let number = self.clears.0.fetch_add(1, Ordering::AcqRel) + 1;
        self.store.writer.tell(move |transaction| {
            transaction.clear_answers(job)?;
            entries.store(0, Ordering::Relaxed);
            done.fetch_max(number, Ordering::AcqRel);
            Ok(())
        });
    }

    fn entries(&self) -> u64 {
        u64::try_from(self.entries.load(Ordering::Relaxed)).unwrap_or(0)
    }
}

impl fmt::Debug for StoreArchive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreArchive").field("job", &self.name).finish_non_exhaustive()
    }
}
