//! For how long the unique keys of a job's requests are kept, and which engines keep them so long.

use super::{Deduplicates, Engine, RemembersKeys};

/// The requests of a job have no keys, but for those that senders give them. Written by `#[job]`.
#[derive(Debug)]
pub struct Keyless;

/// A request has its key while it is there. Written by `#[job(unique(key = …))]`.
#[derive(Debug)]
pub struct Keyed;

/// A request has its key for longer. Written by `#[job(unique(key = …, within = "1h"))]`, and with `even_dead`.
#[derive(Debug)]
pub struct KeyedFor;

/// An engine on which the keys of a job's requests are kept for as long as they are to be: [`Keyless`], [`Keyed`] or
/// [`KeyedFor`].
pub trait HeldOn<E: Engine> {}

impl<E: Engine> HeldOn<E> for Keyless {}
impl<E: Deduplicates> HeldOn<E> for Keyed {}
impl<E: RemembersKeys> HeldOn<E> for KeyedFor {}
