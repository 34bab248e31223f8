//! Processes of the operating system as jobs, with their output as streams. (Feature `process`; Unix.)

mod attached;
mod child;
mod coordinator;
mod entry;
mod error;
mod keep;
mod keeper;
mod limits;
mod options;
mod output;
mod program;
mod status;
mod supervise;
mod table;

pub use attached::Attached;
pub use coordinator::Coordinator;
pub use error::{OutputError, ProcessError, StartError, Unknown};
pub use keep::Keep;
pub use limits::Limits;
pub use options::Options;
pub use output::{Blob, Line, Lines, Output, Pipe};
pub use program::Program;
pub use status::{Cause, Ended, Status};
