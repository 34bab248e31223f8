//! What `unique` means: which options go together.

use std::time::Duration;

use proc_macro2::Span;

use super::args::{Key, UniqueArgs};
use crate::errors::Errors;

/// Which of the requests that are sent is accepted.
pub(crate) struct Unique {
    pub(crate) key: Key,
    pub(crate) within: Option<Duration>,
    pub(crate) while_waiting: bool,
    pub(crate) even_dead: bool,
}

impl Unique {
    /// Judges the options written in the `unique` that stands `at` a place.
    pub(crate) fn build(at: Span, args: &UniqueArgs, errors: &mut Errors) -> Option<Self> {
        if args.key.span().is_none() && !args.is_flawed {
            errors.at(at, "`unique` needs to know by what: add `key = path::to::function`");
        }
        if let (Some(_), Some(at)) = (args.within.span(), args.while_waiting.span()) {
            errors.at(
                at,
                "`within` counts requests that have ended, and `while_waiting` not even those that run: remove one of them",
            );
        }
        Some(Self {
            key: args.key.get()?.clone(),
            within: args.within.get().copied(),
            while_waiting: args.while_waiting.span().is_some(),
            even_dead: args.even_dead.span().is_some(),
        })
    }

    /// Whether a key is to be remembered when its request is over.
    pub(crate) const fn outlives_the_request(&self) -> bool {
        self.within.is_some() || self.even_dead
    }
}
