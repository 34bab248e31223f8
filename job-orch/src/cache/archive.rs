//! The cache in an engine's store: what the store offers, and what makes a cache of a job of it.

use std::fmt;

use async_trait::async_trait;

use super::{CacheCounts, Digest, Found, Keep, Policy, digest};
use crate::channel::{BoxError, Codec};
use crate::id::JobId;
use crate::job::Run;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicU64, Ordering};

/// What an engine's store keeps of one job's answers: bytes, by keys that are bytes.
///
/// It is shared by all processes on the store. [`begin`](Archive::begin) lets one of them compute an answer that is missing; if
/// that process dies, another may.
#[async_trait]
pub trait Archive: fmt::Debug + Send + Sync {
    /// What is kept for each of these keys, in their order. What is damaged is not there.
    async fn find(&self, keys: Vec<Vec<u8>>) -> Result<Vec<Option<Kept>>, BoxError>;

    /// Asks for the leave to compute an answer, in the name of a request.
    async fn begin(&self, key: Vec<u8>, leader: JobId) -> Result<Begun, BoxError>;

    /// Waits until nobody else computes this answer.
    async fn ended(&self, key: Vec<u8>);

    /// Whether the caller is the one who sees to a fresh answer in place of a stale one.
    async fn refreshes(&self, key: Vec<u8>) -> Result<bool, BoxError>;

    /// Keeps an answer, and takes back the leave to compute it.
    fn keep(&self, key: Vec<u8>, leader: JobId, answer: Vec<u8>);

    /// Takes back the leave to compute an answer.
    fn give_up(&self, key: Vec<u8>, leader: JobId);

    /// Takes back that somebody sees to a fresh answer.
    fn give_up_refreshing(&self, key: Vec<u8>);

    /// Forgets everything.
    fn clear(&self);

    /// How many answers there are, as far as this process knows.
    fn entries(&self) -> u64;
}

/// An answer that a store has kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The answer.
    pub bytes: Vec<u8>,
    /// Whether it is past its time, and served only while a fresh one is computed.
    pub is_stale: bool,
}

/// Who computes an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Nobody: it is there.
    Kept(Vec<u8>),
    /// Whoever asked.
    Granted,
    /// Another process.
    Elsewhere,
}

/// How a job is remembered by the store of its engine. Written by `#[job(cache(store = engine))]`.
pub trait Archived: Run {
    /// How long, how many.
    const POLICY: Policy;

    /// What tells requests apart: the same bytes in every process.
    ///
    /// # Errors
    /// If there are none.
    fn key(request: &Self::Request, codec: Codec<Self::Request>) -> Result<Vec<u8>, BoxError> {
        codec.encode(request)
    }

    /// One more of this answer.
    fn copy(response: &Self::Response) -> Self::Response;
}

/// The cache of one job in the store of its engine.
pub struct ArchiveKeep<J: Run> {
    archive: Arc<dyn Archive>,
    // What stands before each request in its key.
    stamp: [u8; 17],
    key: KeyOf<J>,
    copy: fn(&J::Response) -> J::Response,
    request: Codec<J::Request>,
    response: Codec<J::Response>,
    hits: AtomicU64,
    misses: AtomicU64,
    joins: AtomicU64,
}

type KeyOf<J> = fn(&<J as Run>::Request, Codec<<J as Run>::Request>) -> Result<Vec<u8>, BoxError>;

/// What a cache in a store has for a request that is to be run.
pub(crate) enum Turn<J: Run> {
    Kept(J::Response),
    /// It is to be run here.
    Run(Leave),
    /// Another process runs it.
    Elsewhere,
}

/// The leave to compute an answer. Dropped, it is given back.
pub(crate) struct Leave(Option<Granted>);

struct Granted {
    archive: Arc<dyn Archive>,
    key: Vec<u8>,
    leader: JobId,
}

impl Leave {
    /// The answer.
    fn end(mut self, answer: Vec<u8>) {
        if let Some(Granted { archive, key, leader }) = self.0.take() {
            archive.keep(key, leader, answer);
        }
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        if let Some(Granted { archive, key, leader }) = self.0.take() {
            archive.give_up(key, leader);
        }
    }
}

impl<J: Archived> ArchiveKeep<J> {
    /// A cache in this store.
    pub fn new(archive: Arc<dyn Archive>, request: Codec<J::Request>, response: Codec<J::Response>) -> Self {
        let mut stamp = [0; 17];
        stamp[..4].copy_from_slice(&J::SETTINGS.version.to_le_bytes());
        stamp[4..8].copy_from_slice(&J::POLICY.version.to_le_bytes());
        stamp[8..16].copy_from_slice(&J::SETTINGS.fingerprint.to_le_bytes());
        stamp[16] = response.id();
        let count = || AtomicU64::new(0);
        let (hits, misses, joins) = (count(), count(), count());
        Self { archive, stamp, key: J::key, copy: J::copy, request, response, hits, misses, joins }
    }
}

impl<J: Run> ArchiveKeep<J> {
    fn key(&self, request: &J::Request) -> Result<Vec<u8>, BoxError> {
        let mut key = self.stamp.to_vec();
        key.extend((self.key)(request, self.request)?);
        Ok(key)
    }

    /// The key of a request; one that has none cannot be kept, and that is told.
    fn key_or_tell(&self, request: &J::Request) -> Option<Vec<u8>> {
        self.key(request).map_err(|error| Self::warn(&error, "a request is no key of its cache")).ok()
    }

    fn warn(error: &BoxError, what: &'static str) {
        tracing::warn!(target: "job_orch", { job.name = J::NAME, %error }, "{what}");
    }

    /// An answer from its bytes; what cannot be read is not there, and that is told.
    fn read(&self, bytes: &[u8]) -> Option<J::Response> {
        let read = self.response.decode(bytes);
        read.map_err(|error| Self::warn(&error, "a kept answer cannot be read, and is computed anew")).ok()
    }

    /// What there is for these requests, in their order. They are looked at once, before it waits.
    pub(crate) fn look_up<'a>(
        &self,
        requests: impl Iterator<Item = &'a J::Request>,
    ) -> impl Future<Output = Vec<Found<J::Response, J::Error>>> + Send {
        let keys: Vec<_> = requests.map(|request| self.key_or_tell(request)).collect();
        self.look_up_keys(keys)
    }

    async fn look_up_keys(&self, keys: Vec<Option<Vec<u8>>>) -> Vec<Found<J::Response, J::Error>> {
        let asked: Vec<Vec<u8>> = keys.iter().flatten().cloned().collect();
        let kept = self.archive.find(asked).await.unwrap_or_else(|error| {
            Self::warn(&error, "a cache could not be asked");
            Vec::new()
        });
        let mut kept = kept.into_iter();
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            let kept = key.and_then(|key| Some((key, kept.next()??)));
            found.push(match kept.and_then(|(key, kept)| Some((key, kept.is_stale, self.read(&kept.bytes)?))) {
                None => Found::Missing,
                Some((_, false, response)) => Found::Fresh(Ok(response)),
                Some((key, true, response)) => match self.archive.refreshes(key).await {
                    Ok(true) => Found::Stale(response),
                    _ => Found::Fresh(Ok(response)),
                },
            });
        }
        let misses = found.iter().filter(|found| matches!(found, Found::Missing)).count();
        self.misses.fetch_add(misses as u64, Ordering::Relaxed);
        self.hits.fetch_add((found.len() - misses) as u64, Ordering::Relaxed);
        found
    }

    /// Asks for the leave to run a request. Where the store fails, it is run without.
    pub(crate) async fn begin(&self, request: &J::Request, leader: JobId) -> Turn<J> {
        let Some(key) = self.key_or_tell(request) else { return Turn::Run(Leave(None)) };
        let granted = |key| Leave(Some(Granted { archive: Arc::clone(&self.archive), key, leader }));
        match self.archive.begin(key.clone(), leader).await {
            Ok(Begun::Kept(bytes)) => match self.read(&bytes) {
                Some(response) => Turn::Kept(response),
                // Whoever else finds it cannot read it either, so nobody needs to wait for this one.
                None => Turn::Run(granted(key)),
            },
            Ok(Begun::Granted) => Turn::Run(granted(key)),
            Ok(Begun::Elsewhere) => Turn::Elsewhere,
            Err(error) => {
                Self::warn(&error, "a cache could not be asked");
                Turn::Run(Leave(None))
            }
        }
    }

    /// Waits until no other process runs this request. Without the request, which may end meanwhile.
    pub(crate) fn ended(&self, request: &J::Request) -> impl Future<Output = ()> + Send + use<J> {
        let (archive, key) = (Arc::clone(&self.archive), self.key_or_tell(request));
        async move {
            if let Some(key) = key {
                archive.ended(key).await;
            }
        }
    }

    /// Keeps an answer.
    pub(crate) fn end(&self, leave: Leave, response: &J::Response) {
        match self.response.encode(response) {
            Ok(bytes) => leave.end(bytes),
            Err(error) => Self::warn(&error, "an answer cannot be kept"),
        }
    }
}

/// Nothing is at hand: what there is must be waited for.
impl<J: Run> Keep<J> for ArchiveKeep<J> {
    fn find(&self, _: &J::Request) -> Found<J::Response, J::Error> {
        Found::Missing
    }

    fn fresh(&self, _: &J::Request) -> Option<Result<J::Response, J::Error>> {
        None
    }

    /// Workers keep by the leave that they were granted.
    fn keep(&self, _: &J::Request, _: Result<&J::Response, &J::Error>) {}

    fn give_up(&self, request: &J::Request) {
        if let Some(key) = self.key_or_tell(request) {
            self.archive.give_up_refreshing(key);
        }
    }

    fn digest(&self, request: &J::Request) -> Digest {
        // One without a key is told when it is asked for.
        digest(&self.key(request).unwrap_or_default())
    }

    fn copy(&self, response: &J::Response) -> J::Response {
        (self.copy)(response)
    }

    fn count_join(&self) {
        self.joins.fetch_add(1, Ordering::Relaxed);
    }

    fn clear(&self) {
        self.archive.clear();
    }

    fn counts(&self) -> CacheCounts {
        CacheCounts {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            joins: self.joins.load(Ordering::Relaxed),
            entries: self.archive.entries(),
        }
    }

    fn archive(&self) -> Option<&ArchiveKeep<J>> {
        Some(self)
    }
}

impl<J: Run> fmt::Debug for ArchiveKeep<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArchiveKeep").field("job", &J::NAME).field("counts", &self.counts()).finish()
    }
}
