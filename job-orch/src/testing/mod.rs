//! For whoever tests what stands on this crate.
//!
//! - [`Kit`]: jobs under test, one step at a time, in memory or on a file.
//! - [`history`]: what many processes saw, and a checker that says whether the promises were kept.
//! - [`Rig`]: an engine that writes such a history, and in whose way faults can be put.
//! - Mock channels are in [`channel::mock`](crate::channel::mock), the laws of channels in
//!   [`channel::laws`](crate::channel::laws).

pub mod history;
#[cfg(all(feature = "memory", feature = "sqlite"))]
mod kit;
#[cfg(all(feature = "memory", feature = "sqlite"))]
pub mod rig;

#[cfg(all(feature = "memory", feature = "sqlite"))]
pub use kit::{Backing, Kit, Stuck};
#[cfg(all(feature = "memory", feature = "sqlite"))]
pub use rig::{Point, Rig};
