//! What people touch: processes and services, beside what they are made of.

mod dispatch;
mod http;
mod processes;

pub use processes::subscribers;

use crate::table::{Plan, Verdict};

/// The tables.
pub fn table(plan: &Plan, verdict: &mut Verdict) {
    dispatch::table(plan, verdict);
    processes::table(plan, verdict);
}
