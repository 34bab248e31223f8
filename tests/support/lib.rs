//! Fixtures of the test suites.
#![allow(clippy::expect_used, reason = "a fixture that cannot go on fails its test")]

mod bare;
mod capture;
mod cut;
mod gate;
mod log;
mod poll;
mod tally;

pub use bare::Bare;
pub use capture::{Capture, Event, Seen};
pub use cut::{cut_off, settle};
pub use gate::Gate;
pub use log::Log;
pub use poll::{Driver, soon, within_a_minute};
pub use tally::{Counted, Tally};
