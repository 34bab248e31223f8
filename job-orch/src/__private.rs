//! What expansions may name. NOT subject to semver.

// The shape of a return type.
pub use crate::shape::{
    Answers, ByValue, Clones, Many, One, Outcome, Outcomes, Plain, Returns, Served, Shape, Single, Unserved,
    settle_all, settle_first,
};

// Constants.
pub use crate::retry::Retry;
pub use crate::settings::{Overflow, Serving, Settings};
pub use crate::unique::{KeyText, Unique};
pub use std::time::Duration;

// Schedules.
#[cfg(feature = "cron")]
pub use crate::cron::{Cron, Fields, Missed, Overlap, cron};

// Resources.
pub use crate::orchestrator::{Assembly, Provider};
pub use crate::resources::{EachWorker, Gives, Here, Hosts, Lends, Mine, Ours, Supplies};
pub use std::sync::Arc;

// Flows.
pub use crate::context::Context;
pub use crate::flow::{Flow, FlowError, HostedFlow, InvalidFlow, Lane, Routing, Unwired, WireOf, Wired, Wiring};
pub use std::any::TypeId;

// Cache.
pub use crate::cache::{
    Archived, CachedError, CachedRequest, CachedResponse, Digest, Keep, KeyBy, KeyOf, Keyable, Keyless, MemoryKeep,
    Policy, Remember, StoredKey, digest,
};
pub use crate::engine::{AtHand, Stored};

// Unique requests. Not by name: `Keyless` is a word of the cache's too.
pub use crate::engine::{Keyed, KeyedFor, Keyless as Unkeyed};

/// Checks that a request can be the key of a cache.
pub const fn cached_request<T: CachedRequest>() {}
/// The bytes of a key.
///
/// # Errors
/// If it does not become bytes, or this program has no engine with a store.
pub fn key_bytes<T: StoredKey>(key: &T) -> Result<Vec<u8>, crate::channel::BoxError> {
    #[cfg(feature = "__json")]
    return Ok(serde_json::to_vec(key)?);
    #[cfg(not(feature = "__json"))]
    {
        let _ = key;
        Err("no engine of this program has a store".into())
    }
}
/// The text of a unique key.
#[must_use]
pub fn key_text<T: KeyText + ?Sized>(key: &T) -> String {
    key.to_string()
}
/// Checks that a batch job returns one outcome per request.
pub const fn batch_of_outcomes<T: Outcomes>() {}
/// One more of a response.
#[must_use]
pub fn copied<T: CachedResponse>(response: &T) -> T {
    response.clone()
}
/// One more of an error.
#[must_use]
pub fn copied_error<T: CachedError>(error: &T) -> T {
    error.clone()
}

/// A hash of a job's name, for [`is_fresh`].
#[must_use]
pub const fn name_hash(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
}

/// Whether the name at `index` stands nowhere before it.
#[must_use]
pub const fn is_fresh(names: &[u64], index: usize) -> bool {
    let mut at = 0;
    while at < index {
        if names[at] == names[index] {
            return false;
        }
        at += 1;
    }
    true
}
