//! Between receiving and settling a request.

use std::fmt;
use std::future::Future;

use super::aside::Item;
use super::receiver::Home;
use crate::channel::{Delivery, Failure, Return, SettleError};
use crate::span::from_now;
use crate::sync::Arc;

/// A received request. Dropped unsettled, it goes back to the front of the channel, and no attempt is counted.
pub struct Lease<M: Send + 'static> {
    // `None` once it is settled.
    item: Option<Item<M>>,
    home: Arc<Home<M>>,
}

impl<M: Send + 'static> Lease<M> {
    pub(super) const fn new(item: Item<M>, home: Arc<Home<M>>) -> Self {
        Self { item: Some(item), home }
    }

    fn settle(&mut self) -> Option<Item<M>> {
        let item = self.item.take()?;
        if let Some(past) = &item.past {
            self.home.queue().release(past);
        }
        Some(item)
    }
}

impl<M: Send + Sync + 'static> Delivery for Lease<M> {
    type Message = M;

    #[expect(clippy::expect_used, reason = "every method that empties the lease consumes it")]
    fn message(&self) -> &M {
        &self.item.as_ref().expect("a lease holds its message until it is settled").message
    }

    fn message_mut(&mut self) -> Option<&mut M> {
        self.item.as_mut().map(|item| &mut item.message)
    }

    fn attempt(&self) -> u32 {
        let past = self.item.as_ref().and_then(|item| item.past.as_ref());
        past.map_or(1, |past| past.failures.saturating_add(1))
    }

    fn ack(mut self) -> impl Future<Output = Result<(), SettleError>> + Send {
        if let Some(Item { past: Some(past), .. }) = &self.item {
            self.home.queue().release(past);
        }
        self.item = None;
        std::future::ready(Ok(()))
    }

    fn bury(mut self, reason: Failure) -> impl Future<Output = Result<(), SettleError>> + Send {
        if let Some(item) = self.settle() {
            self.home.graveyard().bury(item.message, reason);
        }
        std::future::ready(Ok(()))
    }

    fn nack(mut self, back: Return) -> impl Future<Output = Result<(), SettleError>> + Send {
        if let Some(mut item) = self.item.take() {
            let due = match back {
                Return::Untouched => None,
                Return::Snoozed(after) => Some(from_now(after)),
                Return::Failed(after) => {
                    item.past.get_or_insert_default().failures += 1;
                    Some(from_now(after))
                }
            };
            self.home.give_back(item, due);
        }
        std::future::ready(Ok(()))
    }
}

impl<M: Send + 'static> Drop for Lease<M> {
    fn drop(&mut self) {
        if let Some(item) = self.item.take() {
            self.home.give_back(item, None);
        }
    }
}

impl<M: Send + Sync + 'static> fmt::Debug for Lease<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("attempt", &self.attempt()).finish_non_exhaustive()
    }
}
