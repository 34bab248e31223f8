//! What an expert writes by hand with the crates at hand, and what the peers offer.

pub mod actors;
pub mod apalis;
pub mod apalis_workflow;
pub mod broadcast;
pub mod call;
pub mod flow;
pub mod log;
pub mod stream;
