//! What people touch: processes and services, beside what they are made of.

mod processes;

pub use processes::subscribers;

use crate::table::{Plan, Verdict};

/// The tables.
pub fn table(plan: &Plan, verdict: &mut Verdict) {
    processes::table(plan, verdict);
}
