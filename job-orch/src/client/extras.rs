//! What was asked for with a request, beyond that it be run.

use std::time::Duration;

use super::{NotSent, Refusal};
use crate::channel::ticket::Wishes;
use crate::channel::{Envelope, SendOptions, UniqueKey};
use crate::job::Run;
use crate::retry::Retry;
use crate::span::InvalidSpan;

/// The wishes of one request, as they were given.
#[derive(Default)]
pub(super) struct Extras {
    pub(super) delay: Option<Result<Duration, InvalidSpan>>,
    pub(super) unique: Option<String>,
    pub(super) window: Option<Result<Duration, InvalidSpan>>,
    pub(super) trace_parent: Option<Box<str>>,
    pub(super) retry: Option<Box<Retry>>,
    pub(super) options: SendOptions,
}

impl Extras {
    /// The request in its envelope, and what was asked for.
    pub(super) fn unfold<J: Run>(self, request: J::Request) -> Result<(Envelope<J>, SendOptions), NotSent<J::Request>> {
        let Extras { delay, unique, window, trace_parent, retry, mut options } = self;
        match (delay.transpose(), window.transpose()) {
            (Ok(delay), Ok(window)) => (options.delay, options.unique_for) = (delay, window),
            (Err(error), _) | (_, Err(error)) => {
                return Err(NotSent::new(J::NAME, request, Refusal::InvalidSpan(error)));
            }
        }
        let envelope = match (trace_parent, retry) {
            (None, None) => Envelope::new(request),
            (trace_parent, retry) => Envelope::asking(request, Wishes { trace_parent, retry, ..Wishes::default() }),
        };
        let key = unique.or_else(|| Some(J::UNIQUE?.ask(envelope.request(), &mut options)));
        options.unique = key.map(|key| UniqueKey { key, id: envelope.id() });
        Ok((envelope, options))
    }
}
