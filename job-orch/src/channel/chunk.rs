//! [`Chunk`]: messages that were fetched together and are handled where they lie.

use std::fmt;

/// Messages that a receiver has fetched together, in order.
///
/// A worker handles them where they lie: moving a message costs as much as a short job.
#[derive(Debug)]
pub struct Chunk<M> {
    // `None` once it is handled.
    slots: Vec<Option<M>>,
    // The first that is not handled.
    at: usize,
}

impl<M> Chunk<M> {
    /// No messages yet, with room for so many.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { slots: Vec::with_capacity(capacity), at: 0 }
    }

    /// How many messages are left.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.slots.len() - self.at
    }

    /// Whether none is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a message.
    pub fn push(&mut self, message: M) {
        self.slots.push(Some(message));
    }

    /// Takes the first message out.
    #[inline]
    pub fn pop(&mut self) -> Option<M> {
        let slot = self.slots.get_mut(self.at)?;
        self.at += 1;
        let message = slot.take();
        self.trim();
        message
    }

    /// Forgets the places at the end whose messages were taken out behind a first one that took long: they count no more.
    #[inline]
    pub(crate) fn trim(&mut self) {
        while self.slots.len() > self.at && matches!(self.slots.last(), Some(None)) {
            self.slots.pop();
        }
    }

    /// The first message, where it lies, and the others for `home` to take back.
    #[inline]
    pub fn split_first<'a>(&'a mut self, home: &'a dyn TakeBack<M>) -> Option<Fetched<'a, M>> {
        let (first, rest) = self.slots.get_mut(self.at..)?.split_first_mut()?;
        Some(Fetched { first: first.as_ref()?, rest, home: Some(home) })
    }
}

/// What a channel needs whose messages lie in chunks also before they are fetched.
#[cfg(feature = "memory")]
impl<M> Chunk<M> {
    /// Messages that it has held, the handled ones included.
    pub(crate) const fn used(&self) -> usize {
        self.slots.len()
    }

    /// Whether it has held as many as this, or has no memory for one more.
    #[inline]
    pub(crate) const fn is_full(&self, most: usize) -> bool {
        self.slots.len() >= most || self.slots.len() == self.slots.capacity()
    }

    /// Messages for which it has memory.
    pub(crate) const fn capacity(&self) -> usize {
        self.slots.capacity()
    }

    /// Adds a message that is made where it will lie.
    #[inline]
    pub(crate) fn push_made(&mut self, make: impl FnOnce() -> M) {
        // `push` would make it first and grow then, so that it could not be made in its place.
        self.slots.extend(std::iter::once_with(|| Some(make())));
    }

    /// The first message that is left.
    #[inline]
    pub(crate) fn first_mut(&mut self) -> Option<&mut M> {
        self.slots.get_mut(self.at)?.as_mut()
    }

    /// Drops the first message where it lies.
    #[inline]
    pub(crate) fn drop_first(&mut self) {
        if let Some(slot) = self.slots.get_mut(self.at) {
            self.at += 1;
            *slot = None;
            self.trim();
        }
    }

    /// Moves the first messages to the end of another chunk.
    #[inline]
    pub(crate) fn move_to(&mut self, other: &mut Self, count: usize) {
        for _ in 0..count {
            let Some(message) = self.pop() else { return };
            other.push(message);
        }
    }

    /// Forgets what was handled, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.slots.clear();
        self.at = 0;
    }

    /// Whether the first message that is left is one that `wanted` picks, and so on: takes the first such out.
    pub(crate) fn remove(&mut self, wanted: impl Fn(&M) -> bool) -> Option<M> {
        let found = self.slots[self.at..].iter().position(|slot| slot.as_ref().is_some_and(&wanted))?;
        self.slots.remove(self.at + found)
    }
}

/// The first of several messages that were fetched together, handled where it lies.
pub struct Fetched<'a, M> {
    first: &'a M,
    rest: &'a mut [Option<M>],
    home: Option<&'a dyn TakeBack<M>>,
}

/// A channel that takes back what was fetched from it.
pub trait TakeBack<M>: Sync {
    /// Takes messages back to where they were.
    fn take_back(&self, chunk: Chunk<M>);
}

impl<'a, M> Fetched<'a, M> {
    /// A message that lies alone, or behind which nothing needs to be given back.
    #[must_use]
    pub const fn alone(first: &'a M) -> Self {
        Self { first, rest: &mut [], home: None }
    }

    /// The message.
    #[must_use]
    pub const fn first(&self) -> &'a M {
        self.first
    }

    /// Gives the others back, because the first takes long.
    pub fn release_rest(self) {
        if let Some(home) = self.home {
            home.take_back(self.rest.iter_mut().filter_map(Option::take).collect());
        }
    }
}

impl<M> fmt::Debug for Fetched<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetched").field("rest", &self.rest.len()).finish_non_exhaustive()
    }
}

impl<M> Default for Chunk<M> {
    fn default() -> Self {
        Self { slots: Vec::new(), at: 0 }
    }
}

impl<M> Extend<M> for Chunk<M> {
    fn extend<I: IntoIterator<Item = M>>(&mut self, messages: I) {
        self.slots.extend(messages.into_iter().map(Some));
    }
}

impl<M> FromIterator<M> for Chunk<M> {
    fn from_iter<I: IntoIterator<Item = M>>(messages: I) -> Self {
        Self { slots: messages.into_iter().map(Some).collect(), at: 0 }
    }
}

impl<M> IntoIterator for Chunk<M> {
    type Item = M;
    type IntoIter = std::iter::Flatten<std::vec::IntoIter<Option<M>>>;
    fn into_iter(self) -> Self::IntoIter {
        self.slots.into_iter().flatten()
    }
}
