//! Jobs wired by typed wires: a directed acyclic graph that the compiler has checked.
//!
//! ```
//! use job_orch::flow::{Flow, Wire};
//! use job_orch::prelude::*;
//!
//! #[job]
//! async fn double(number: &u64) -> u64 {
//!     number * 2
//! }
//!
//! #[job]
//! async fn parse(text: &String) -> Result<u64, std::num::ParseIntError> {
//!     text.parse()
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let doubled = Flow::define("doubled", |texts: Wire<String, std::num::ParseIntError>| texts.to(Parse).to(Double))?;
//!
//! let orch = Orchestrator::on(Memory::new()).host(Parse).host(Double).start().await?;
//! assert_eq!(orch.run(&doubled, "21".to_owned()).await?, 42);
//! # orch.shutdown().await?; Ok(()) }
//! ```
//!
//! A wire is a value that moves, and each closure has one, which it must return. So a flow has no cycle, every output is
//! consumed, and a mistake is one error of the compiler, at the step. What the compiler cannot see, [`Flow::define`] refuses.
//!
//! | how do I | |
//! |---|---|
//! | [chain steps](#how-do-i-chain-steps) | [`to`](Wire::to), [`map`](Wire::map), [`filter`](Wire::filter) |
//! | [branch and join](#how-do-i-branch-and-join) | [`fork`](Wire::fork), [`route`](Wire::route), [`each`](Wire::each), [`batch`](Wire::batch) |
//! | [run it over a stream](#how-do-i-run-a-flow-over-a-stream) | [`run_all`](crate::Orchestrator::run_all), [`#[flow]`](macro@crate::flow) |
//! | [handle errors](#how-do-i-handle-errors) | `Wire<T, E>`, [`attempt`](Wire::attempt), [`collect_failures`](Flow::collect_failures) |
//! | [retry, time out, cancel](#how-do-i-retry-time-out-and-cancel) | [`retry_part`](Wire::retry_part), [`timeout`](FlowRun::timeout), drop |
//! | [watch and draw](#how-do-i-watch-and-draw-a-flow) | [`progress`](FlowRun::progress), [`Graph`] |
//! | [reuse a part](#how-do-i-reuse-a-part) | [`then`](Wire::then), [`#[flow]`](macro@crate::flow) |
//! | [test](#how-do-i-test-a-flow) | [`Flow::graph`], a paused clock |
//! | [draw what is not forks in forks](#what-if-my-graph-is-not-forks-in-forks) | [`share`](Wire::share), [`with`](Wire::with) |
//! | know [what is bounded](#what-is-bounded) | [`Flow::at_once`], [`each_at_once`](Wire::each_at_once) |
#![doc = include_str!("guide/chain.md")]
#![doc = include_str!("guide/branch.md")]
#![doc = include_str!("guide/stream.md")]
#![doc = include_str!("guide/errors.md")]
#![doc = include_str!("guide/time.md")]
#![doc = include_str!("guide/watch.md")]
#![doc = include_str!("guide/reuse.md")]
#![doc = include_str!("guide/test.md")]
#![doc = include_str!("guide/graphs.md")]
#![doc = include_str!("guide/bounds.md")]
//! # How a flow runs
//!
//! A step that is a job puts a request into the channel of the hosted job, as any client does: its workers, retries, timeout,
//! cache, counters and broadcast serve it. The worker that has the answer goes on with it there and then, through the functions
//! behind the step and into the channel of the next job. No task waits for an answer, and
//! a message is neither boxed nor serialised.
//!
//! **After a crash.** On an engine that [remembers](crate::engine::Remembers) steps, a flow that is a hosted job goes on when its
//! request does, and any other as [`run_as`](crate::Orchestrator::run_as) says. Its closures run again, and are given the same
//! values in the same places; the jobs that have finished do not. A failure of before comes back as
//! [`CallError::Elsewhere`](crate::CallError::Elsewhere), with its text.
//!
//! **Bounds.** A worker that goes on must not wait for room that it may have to make itself, so what a flow has begun enters a
//! channel beyond its capacity. What it begins is bounded instead: [`Flow::at_once`] runs, the window of a
//! [`run_all`](crate::Orchestrator::run_all), and in each of them the parts of an [`each`](Wire::each) that are in flight. A
//! channel holds at most its capacity and the sum of these; other senders wait meanwhile. So flows on channels of one place do
//! not lock up, and back-pressure reaches the source.
//!
//! **Ends.** A failure ends the innermost scope around it, a fork, an `each` or a part that is retried, and goes on outwards until
//! something handles it. What waits in such a scope is not run, and jobs that run for it are stopped, as by
//! [`cancel`](crate::Orchestrator::cancel). A run that is dropped ends so, too. A panic is a failure of the step whose function or
//! job it was.
//!
//! **After a restart.** The engine in memory keeps nothing. What a run has come to is held by its scopes only, and what reaches
//! them are answers of jobs; so an engine that keeps the answers can build them again.

mod bind;
mod contract;
mod draft;
mod draw;
mod error;
mod graph;
mod hosted;
mod plan;
mod progress;
mod root;
mod run;
mod step;
mod stream;
mod svg;
mod wire;

use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;

pub use contract::{Absorbs, Copies, Copying, Fails, Leads, Many, Safe, SettledIn, Takes};
pub use error::{FlowError, InvalidFlow, Mistake};
pub use graph::{Edge, Graph, Kind, Node};
pub use hosted::{HostedFlow, Unwired, WireOf, Wired, Wiring};
pub use progress::{Progress, StepCount};
pub use run::FlowRun;
pub use step::{Arm, Arms, Late, Unhandled, arm};
#[doc(hidden)]
pub use step::{Binding, Branch, Here, Lane, Routing, Way};
pub use stream::FlowRuns;
pub use wire::Wire;

pub(crate) use bind::Doors;
pub(crate) use plan::Host;

use bind::NotHosted;
use draft::Draft;
use plan::{Layout, Plan, Plans};

use crate::sync::Arc;

/// Runs of one flow that are in flight at once, unless told otherwise.
const AT_ONCE: usize = 1024;

/// Jobs that are wired: takes `In`, comes to `Out`, and may fail with `F`. See the [module](self).
pub struct Flow<In, Out, F = Infallible> {
    graph: Graph,
    layout: Layout<Out>,
    plans: Plans<In, Out>,
    fails: PhantomData<fn() -> F>,
}

impl<In: Send + 'static, Out: Send + 'static, F: Send + 'static> Flow<In, Out, F> {
    /// Defines a flow: the closure is given the wire that carries the input, and returns the one that carries the output.
    ///
    /// Nothing runs yet, and no job need be hosted.
    ///
    /// # Errors
    /// [`InvalidFlow`] for what the compiler cannot see: a wire that was smuggled out of its closure, or a limit of zero.
    pub fn define(name: &'static str, wiring: impl Leads<In, Out, F>) -> Result<Self, InvalidFlow> {
        let draft = Draft::new(name);
        let first = draft.add(Kind::Input, None, &[]);
        let wire = Wire::begin(&draft, None, first.into());
        let home = wire.home;
        let end = wiring(wire);
        if end.home != home || !end.draft.is(&draft) {
            draft.refuse(Mistake::SmuggledWire { inside: "input" });
        }
        let last = draft.add(Kind::Output, None, &[end.last]);
        let graph = draft.finish().map_err(|mistake| InvalidFlow { flow: name, mistake })?;
        let layout = Layout { home, steps: graph.nodes.len(), last, lay: end.lay, at_once: AT_ONCE, collects: false };
        Ok(Self { graph, layout, plans: Plans::new(), fails: PhantomData })
    }

    /// Admits so many runs at once, at least one; further ones wait. Without it, 1,024.
    #[must_use]
    pub fn at_once(mut self, runs: usize) -> Self {
        self.layout.at_once = runs.max(1);
        self
    }

    /// Goes on in the other branches of a fork and with the other parts of an `each` when one has failed or nothing came out of
    /// it, and fails with all failures in the end. Without it, the first failure stops the others.
    #[must_use]
    pub fn collect_failures(mut self) -> Self {
        self.layout.collects = true;
        self
    }

    /// The flow's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.graph.flow
    }

    /// The flow as data.
    #[must_use]
    pub const fn graph(&self) -> &Graph {
        &self.graph
    }

    fn plan(&self, host: &dyn Host) -> Result<Arc<Plan<In, Out>>, NotHosted> {
        self.plans.get(&self.layout, host)
    }
}

impl<In, Out, F> fmt::Debug for Flow<In, Out, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flow").field("graph", &self.graph).finish_non_exhaustive()
    }
}
