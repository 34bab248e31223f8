//! What `cache` means: which options go together.

use std::time::Duration;

use proc_macro2::Span;
use syn::Path;
use syn::spanned::Spanned;

use super::args::CacheArgs;
use crate::errors::Errors;
use crate::option::Once;
use crate::signature::Call;

/// How a job's responses are reused.
pub(crate) enum Cache {
    /// The server of the job keeps them.
    Kept(Box<Kept>),
    /// Functions of the user's look them up and take them, through the job's resources.
    LookedUp { with: Path, put: Option<Path> },
}

/// What is kept, and for how long.
pub(crate) struct Kept {
    pub(crate) ttl: Option<Duration>,
    pub(crate) capacity: Option<u64>,
    pub(crate) key: Option<Path>,
    pub(crate) stale: Option<Duration>,
    pub(crate) errors: Option<Duration>,
    pub(crate) version: Option<u64>,
    /// By the store of the engine, instead of in memory.
    pub(crate) is_stored: bool,
}

impl Cache {
    /// Judges the options written in the `cache` that stands `at` a place.
    pub(crate) fn build(at: Span, args: &CacheArgs, call: &Call, errors: &mut Errors) -> Option<Self> {
        if call.is_batch() {
            errors.at(
                at,
                "a batch job cannot be cached, for a batch is no key: remove `cache`, or take one request by `&`",
            );
            return None;
        }
        if args.with.span().is_some() {
            refuse_kept(args, errors);
            return args.with.get().map(|with| Self::LookedUp { with: with.clone(), put: args.put.get().cloned() });
        }
        if let Some(at) = args.put.span() {
            errors.at(at, "`put` stores what `with` finds: add `with = path::to::lookup`");
        }
        Some(Self::Kept(Box::new(Kept::build(args, errors))))
    }
}

impl Kept {
    fn build(args: &CacheArgs, errors: &mut Errors) -> Self {
        if let Some(at) = args.stale.span().filter(|_| args.ttl.span().is_none()) {
            errors.at(at, "`stale` says how long a response is served after its `ttl`: add `ttl = \"1h\"`");
        }
        let is_stored = is_stored(&args.store, errors);
        if let Some(at) = args.errors.span().filter(|_| is_stored) {
            errors
                .at(at, "the store of an engine keeps no errors, for an error need not become bytes: remove `errors`");
        }
        Self {
            ttl: args.ttl.get().copied(),
            capacity: args.capacity.get().copied(),
            key: args.key.get().cloned(),
            stale: args.stale.get().copied(),
            errors: args.errors.get().copied().filter(|_| !is_stored),
            version: args.version.get().copied(),
            is_stored,
        }
    }
}

/// Whether the engine is to keep them.
fn is_stored(store: &Once<Path>, errors: &mut Errors) -> bool {
    let Some(store) = store.get() else { return false };
    if !store.is_ident("memory") && !store.is_ident("engine") {
        errors.at(
            store.span(),
            "there are two stores: write `store = memory` or `store = engine`, or look responses up yourself by `with`",
        );
    }
    store.is_ident("engine")
}

/// Options about what we keep say nothing about what the user looks up.
fn refuse_kept(args: &CacheArgs, errors: &mut Errors) {
    let kept = [
        ("ttl", args.ttl.span()),
        ("capacity", args.capacity.span()),
        ("key", args.key.span()),
        ("stale", args.stale.span()),
        ("errors", args.errors.span()),
        ("version", args.version.span()),
        ("store", args.store.span()),
    ];
    for (word, span) in kept {
        if let Some(span) = span {
            errors.at(span, format!("your own lookup decides this: remove `{word}`, or `with`"));
        }
    }
}
