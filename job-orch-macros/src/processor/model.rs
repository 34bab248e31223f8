//! What `#[processor]` means: the rules, and the way of serving that keeps them.

use std::time::Duration;

use syn::{Ident, LitStr};

use super::args::{BatchArgs, ChannelArgs, Full, ProcessorArgs};
use crate::errors::Errors;
use crate::item_fn::ItemFn;
use crate::option::Once;
use crate::paths::Krate;
use crate::{names, signature};

/// How a job is served, as the output needs it. What is `None` keeps its default.
pub(crate) struct Processor {
    pub(crate) krate: Krate,
    pub(crate) function: Ident,
    /// The job type.
    pub(crate) ty: Ident,
    /// Whether there is a job type.
    pub(crate) is_free: bool,
    pub(crate) queue: Option<LitStr>,
    pub(crate) workers: Option<u64>,
    pub(crate) requests: Channel,
    pub(crate) responses: Channel,
    pub(crate) batch: Option<Batch>,
}

/// How much waits in a channel.
#[derive(Default)]
pub(crate) struct Channel {
    pub(crate) capacity: Option<u64>,
    pub(crate) bytes: Option<u64>,
    pub(crate) full: Option<Full>,
}

/// How a batch is filled.
pub(crate) struct Batch {
    pub(crate) max: u64,
    pub(crate) linger: Duration,
}

impl Processor {
    /// Judges the options. What is wrong with the function is for `#[job]` to say.
    pub(crate) fn build(args: &ProcessorArgs, krate: Krate, func: &ItemFn, errors: &mut Errors) -> Self {
        if let Some(at) = args.batch.span().filter(|_| !signature::is_batch(func)) {
            let name = &func.sig.ident;
            let text = format!("`{name}` takes one request at a time: take `&[…]` to get a batch, or remove `batch`");
            errors.at(at, text);
        }
        Self {
            krate,
            function: func.sig.ident.clone(),
            ty: names::job_type(&func.sig.ident),
            is_free: names::has_room_beside(&func.sig),
            queue: args.queue.get().cloned(),
            workers: args.workers.get().copied(),
            requests: Channel::build(&args.requests),
            responses: Channel::build(&args.responses),
            batch: args.batch.get().map(Batch::build),
        }
    }
}

impl Channel {
    fn build(args: &Once<ChannelArgs>) -> Self {
        args.get().map_or_else(Self::default, |args| Self {
            capacity: args.capacity.get().copied(),
            bytes: args.bytes.get().copied(),
            full: args.full.get().copied(),
        })
    }
}

impl Batch {
    /// The largest batch where nobody says how large: the runtime's own default.
    const DEFAULT_MAX: u64 = 100;

    fn build(args: &BatchArgs) -> Self {
        Self {
            max: args.max.get().copied().unwrap_or(Self::DEFAULT_MAX),
            linger: args.linger.get().copied().unwrap_or_default(),
        }
    }
}
