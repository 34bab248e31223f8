//! Processes of the operating system as jobs, with their output as streams. (Feature `process`; Unix.)
//!
//! A [`Coordinator`] starts [`Program`]s, tells how they are, stops them with all that they have started, and has any number
//! of subscribers read their output, late ones from the beginning.
//!
//! ```
//! use job_orch::process::{Coordinator, Program};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let processes = Coordinator::new();
//! let id = processes.start(Program::new("sort").stdin_bytes("b\na\n")).await?;
//! let mut lines = processes.stdout(id)?.lines();
//! while let Some(line) = lines.next().await {
//!     println!("{}", line?.text());
//! }
//! assert!(processes.wait(id).await?.status.is_success());
//! # Ok(()) }
//! ```
//!
//! # As a job
//! A `#[job]` whose resource is a coordinator is a process that can be called, sent, retried, timed and cached: its request
//! becomes the arguments, each line of output is progress, and the exit status is the response or a typed error.
//! [`Coordinator::attach`] ties the process to the run: a job that is cancelled or out of time takes it along.
//!
#![cfg_attr(feature = "macros", doc = "```")]
#![cfg_attr(not(feature = "macros"), doc = "```ignore")]
//! use std::io;
//!
//! use job_orch::job;
//! use job_orch::process::{Coordinator, Program};
//!
//! /// How many lines a file has, as `wc` says.
//! #[job(timeout = "30s")]
//! async fn lines(path: &String, processes: &Coordinator) -> io::Result<u64> {
//!     let program = Program::new("wc").args(["-l", "--"]).arg(path);
//!     let process = processes.attach(program).await.map_err(io::Error::other)?;
//!     let mut output = process.lines().map_err(io::Error::other)?;
//!     let mut count = 0;
//!     while let Some(line) = output.next().await {
//!         let line = line.map_err(io::Error::other)?;
//!         count = line.text().split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(count);
//!     }
//!     let ended = process.wait().await.map_err(io::Error::other)?;
//!     if ended.status.is_success() { Ok(count) } else { Err(io::Error::other(ended.to_string())) }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> io::Result<()> {
//! let processes = Coordinator::new();
//! assert!(lines(&"Cargo.toml".to_owned(), &processes).await? > 10);
//! # Ok(()) }
//! ```
//!
//! # What ends with a process
//! A process has **ended** when it has exited, nothing of its process group is left, and its output is complete. What it leaves
//! behind in its group is killed when the output has ended, or after [a moment](Options::linger), if it holds the output
//! open.
//!
//! | what happens | what of it ends |
//! |---|---|
//! | it exits, or is stopped or killed | its process group; with [`Options::contain`] all its descendants |
//! | the last [`Coordinator`] is dropped, or its runtime | the same |
//! | our program ends or is killed, by `SIGKILL` too | the same: a helper sees it, a `/bin/sh` that each coordinator starts with its first process |
//! | our program is killed in the microseconds between the start of a process and the word to the helper | nothing: that one process lives on |
//! | our program and the helper are killed together | nothing, unless the whole machine or container ends |
//!
//! Who leaves the group of its process (`setsid`) lives on, unless the coordinator [contains](Options::contain) it: by a mark
//! in its environment, which is lost on who has put off its environment too, and by a control group, which nobody leaves,
//! where one can be had. A process is reaped last, when all signals to its group have been sent: so none reaches another that
//! has got its number. Nothing is left as a zombie of ours; orphans are the business of `init`, so a program that is process 1
//! of a container needs one.
//!
//! # What is bounded
//! Processes that run and that wait, those that are remembered, and the output of each of them that is kept ([`Keep`]):
//! all have a limit from [`Options`] or a usual one. What was dropped is told, with its count. What a process may use is
//! told by [`Limits`].
//!
//! # What a process is given
//! Its arguments byte for byte, with no shell between; of our environment [what is listed](Program); no open file of ours but
//! the standard ones. Secrets belong into [its input](Program::stdin_bytes): everybody can read arguments.

mod attached;
mod bonds;
mod cgroup;
mod child;
mod coordinator;
mod entry;
mod error;
mod keep;
mod keeper;
mod limits;
mod mark;
mod options;
mod output;
mod program;
mod shared;
mod started;
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
pub use started::Started;
pub use status::{Cause, Ended, Status};
