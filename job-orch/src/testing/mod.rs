//! For whoever tests what stands on this crate.
//!
//! - [`history`]: what many processes saw, and a checker that says whether the promises were kept.
//! - Mock channels are in [`channel::mock`](crate::channel::mock), the laws of channels in
//!   [`channel::laws`](crate::channel::laws).

pub mod history;
