//! Messages of a broadcast, which all its listeners see: [`Shared`] and [`SharedMany`].

use std::fmt;
use std::future::{Future, ready};
use std::ops::Deref;

use super::ring::Segment;
use crate::channel::{Delivery, Return, SettleError};

/// One listener's own handle of a segment. Each message it gives out holds one: counting at the segment itself, which all
/// listeners share, would cost more than the message.
pub(super) type Own<T> = std::sync::Arc<Segment<T>>;

/// A message that all listeners share: it derefs to the message.
pub struct Shared<T> {
    segment: Own<T>,
    at: usize,
}

impl<T> Shared<T> {
    pub(super) const fn new(segment: Own<T>, at: usize) -> Self {
        Self { segment, at }
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.segment[self.at]
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self { segment: Own::clone(&self.segment), at: self.at }
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// A broadcast needs no settling: both ways of it do nothing.
impl<T: Send + Sync + 'static> Delivery for Shared<T> {
    type Message = T;
    fn message(&self) -> &T {
        self
    }
    fn ack(self) -> impl Future<Output = Result<(), SettleError>> + Send {
        ready(Ok(()))
    }
    fn nack(self, _: Return) -> impl Future<Output = Result<(), SettleError>> + Send {
        ready(Ok(()))
    }
}

/// Messages that all listeners share: they deref to a slice.
pub struct SharedMany<T> {
    segment: Own<T>,
    from: usize,
}

impl<T> SharedMany<T> {
    pub(super) const fn new(segment: Own<T>, from: usize) -> Self {
        Self { segment, from }
    }
}

impl<T> Deref for SharedMany<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.segment[self.from..]
    }
}

impl<T: fmt::Debug> fmt::Debug for SharedMany<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
