//! When a response may be used again: the user's own lookup, [`GetCache`], and the cache behind `#[job(cache)]`.

mod archive;
mod key;
mod memory;

use std::fmt::Debug;
use std::future::Future;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::OnceLock;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use archive::{Archive, ArchiveKeep, Archived, Begun, Kept};
pub(crate) use archive::{Leave, Turn};
pub use key::{CachedRequest, KeyBy, KeyOf, Keyable, Keyless, StoredKey};
pub use memory::MemoryKeep;

use crate::job::Run;

/// A job whose answers may be looked up through its resources instead of being computed.
///
/// Written by `#[job(cache(with = lookup, put = store))]`. A worker asks it before each run.
pub trait GetCache: Run {
    /// The answer to this request, if one is at hand.
    fn get_cache(
        request: &Self::Request,
        resources: &mut Self::Resources,
    ) -> impl Future<Output = Option<Self::Response>> + Send;

    /// Takes note of a fresh answer. By default nothing happens.
    fn put_cache(
        request: &Self::Request,
        response: &Self::Response,
        resources: &mut Self::Resources,
    ) -> impl Future<Output = ()> + Send {
        let _ = (request, response, resources);
        std::future::ready(())
    }
}

/// How the cache of a job keeps its answers: the options of `#[job(cache(…))]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// How long an answer is fresh; `None` for ever.
    pub ttl: Option<Duration>,
    /// How long after that it may still be served, while a fresh one is computed.
    pub stale: Duration,
    /// Answers kept. Beyond it, those that are used least go.
    pub capacity: usize,
    /// How long an error is kept; `None` not at all.
    pub errors: Option<Duration>,
    /// The version of the answers, beside the job's own.
    pub version: u32,
}

impl Policy {
    /// 10,000 answers, fresh for ever; no errors.
    pub const DEFAULT: Self = Self { ttl: None, stale: Duration::ZERO, capacity: 10_000, errors: None, version: 0 };

    /// With answers that are fresh so long.
    #[must_use]
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// With answers that are served so long after, while a fresh one is computed.
    #[must_use]
    pub const fn stale(mut self, stale: Duration) -> Self {
        self.stale = stale;
        self
    }

    /// With room for so many answers.
    #[must_use]
    pub const fn capacity(mut self, capacity: usize) -> Self {
        self.capacity = capacity;
        self
    }

    /// With errors kept so long.
    #[must_use]
    pub const fn errors(mut self, errors: Duration) -> Self {
        self.errors = Some(errors);
        self
    }

    /// With another version.
    #[must_use]
    pub const fn version(mut self, version: u32) -> Self {
        self.version = version;
        self
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What a cache has for a request.
#[derive(Debug)]
#[non_exhaustive]
pub enum Found<T, E> {
    /// A fresh outcome.
    Fresh(Result<T, E>),
    /// An answer past its time, served while a fresh one is computed. Only one asker gets it: that one sees to the fresh
    /// one, and for the others it counts as fresh meanwhile.
    Stale(T),
    /// Nothing.
    Missing,
}

/// A store of a job's answers, behind the job's name and version. Senders ask it before they send, workers before they run.
pub trait Keep<J: Run>: Debug + Send + Sync {
    /// What there is for this request.
    fn find(&self, request: &J::Request) -> Found<J::Response, J::Error>;

    /// The outcome for this request, if it is fresh. Counts nothing.
    fn fresh(&self, request: &J::Request) -> Option<Result<J::Response, J::Error>>;

    /// Keeps an outcome.
    fn keep(&self, request: &J::Request, outcome: Result<&J::Response, &J::Error>);

    /// Takes back that somebody sees to a fresh answer for this request.
    fn give_up(&self, request: &J::Request);

    /// The request's key as a number: equal requests have equal ones.
    fn digest(&self, request: &J::Request) -> Digest;

    /// One more of this answer.
    fn copy(&self, response: &J::Response) -> J::Response;

    /// Counts a request that joined a running one.
    fn count_join(&self);

    /// Forgets everything.
    fn clear(&self);

    /// What it has counted.
    fn counts(&self) -> CacheCounts;

    /// The cache in an engine's store that this is, if it is one: whoever asks it waits. All methods above are about what is
    /// at hand.
    fn archive(&self) -> Option<&ArchiveKeep<J>> {
        None
    }
}

/// What a cache has counted since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CacheCounts {
    /// Requests answered from it.
    pub hits: u64,
    /// Requests it had nothing for.
    pub misses: u64,
    /// Requests that joined an equal one which was running.
    pub joins: u64,
    /// Answers it holds.
    pub entries: u64,
}

/// How a job is remembered. Written by `#[job(cache)]`.
pub trait Remember: Run {
    /// How long, how many.
    const POLICY: Policy;
    /// What tells requests apart.
    type Key: Hash + Eq + Clone + Send + Sync + 'static;

    /// The key of a request.
    fn key(request: &Self::Request) -> Self::Key;

    /// Looks at the key without owning it, where that is cheaper.
    fn with_key<R>(request: &Self::Request, look: impl FnOnce(&Self::Key) -> R) -> R {
        look(&Self::key(request))
    }

    /// One more of this answer.
    fn copy(response: &Self::Response) -> Self::Response;

    /// One more of this error, where errors are kept.
    fn copy_error(error: &Self::Error) -> Option<Self::Error> {
        let _ = error;
        None
    }
}

/// A response that can be kept.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be cached",
    label = "not `Clone`",
    note = "derive `Clone` for `{Self}`, or respond with an `Arc` of it"
)]
pub trait CachedResponse: Clone {}
#[diagnostic::do_not_recommend]
impl<T: Clone> CachedResponse for T {}

/// An error that can be kept.
#[diagnostic::on_unimplemented(
    message = "errors of the type `{Self}` cannot be cached",
    label = "not `Clone`",
    note = "derive `Clone` for `{Self}`, or leave `errors` off: they are then not cached"
)]
pub trait CachedError: Clone {}
#[diagnostic::do_not_recommend]
impl<T: Clone> CachedError for T {}

/// 128 bits that stand for a key: two keyed hashes, so that nobody outside can make two keys collide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest([u64; 2]);

/// The digest of a key, the same within one process.
#[must_use]
pub fn digest<T: Hash + ?Sized>(key: &T) -> Digest {
    static STATES: OnceLock<[RandomState; 2]> = OnceLock::new();
    let states = STATES.get_or_init(|| [RandomState::new(), RandomState::new()]);
    Digest([states[0].hash_one(key), states[1].hash_one(key)])
}
