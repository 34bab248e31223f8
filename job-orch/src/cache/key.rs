//! The request as the key of a cache. The *type* decides whether it can be one, as in `shape.rs`: one that cannot is
//! refused by [`CachedRequest`] alone, and what is built on the key stays silent.

use std::hash::Hash;
use std::marker::PhantomData;

use serde::Serialize;

use super::{Digest, digest};

/// A request that can be the key of a cache.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of a cache",
    label = "not `Hash + Eq + Clone`",
    note = "derive `Hash`, `PartialEq`, `Eq` and `Clone` for `{Self}`, or say what tells requests apart: \
            `cache(key = function)`"
)]
pub trait CachedRequest: Hash + Eq + Clone + Send + Sync + 'static {}
#[diagnostic::do_not_recommend]
impl<T: Hash + Eq + Clone + Send + Sync + 'static> CachedRequest for T {}

/// What can tell the requests of a cache apart in the store of an engine.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of a cache in a store",
    label = "not `Serialize`",
    note = "derive `serde::Serialize` for `{Self}`"
)]
pub trait StoredKey: Serialize {}
#[diagnostic::do_not_recommend]
impl<T: Serialize> StoredKey for T {}

/// Asks a request type whether it can be a key: `Keyable::<T>::A_KEY`, with [`Keyless`] in scope.
#[derive(Debug)]
pub struct Keyable<T>(PhantomData<T>);

impl<T: CachedRequest> Keyable<T> {
    /// An inherent constant is found before the one of [`Keyless`].
    pub const A_KEY: bool = true;
}

/// The answer for every type that cannot be a key.
pub trait Keyless {
    /// No.
    const A_KEY: bool = false;
}
impl<T> Keyless for Keyable<T> {}

/// What the key of a request is: `KeyBy<true>` is the request itself.
#[derive(Debug)]
pub struct KeyBy<const A_KEY: bool>;

/// The key of a request of the type `T`.
pub trait KeyOf<T> {
    /// What tells requests apart.
    type Key: Hash + Eq + Clone + Send + Sync + 'static;
    /// The key of a request.
    fn key(request: &T) -> Self::Key;
    /// Looks at the key without owning it.
    fn with_key<R>(request: &T, look: impl FnOnce(&Self::Key) -> R) -> R;
}

impl<T: CachedRequest> KeyOf<T> for KeyBy<true> {
    type Key = T;
    fn key(request: &T) -> T {
        request.clone()
    }
    fn with_key<R>(request: &T, look: impl FnOnce(&T) -> R) -> R {
        look(request)
    }
}

// Only for the compiler to go on with: the job that would call it has been refused.
impl<T> KeyOf<T> for KeyBy<false> {
    type Key = Digest;
    fn key(_: &T) -> Digest {
        digest(&())
    }
    fn with_key<R>(request: &T, look: impl FnOnce(&Digest) -> R) -> R {
        look(&Self::key(request))
    }
}
