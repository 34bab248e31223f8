//! What can go wrong with a flow: when it is defined, and when it runs.

use std::any::Any;
use std::fmt;

use super::bind::NotHosted;
use super::graph::Graph;
use crate::channel::scope::{Fault, StepNo};
use crate::outcome::CallError;
use crate::span::InvalidSpan;

/// A flow that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("flow `{flow}`: {mistake}")]
#[non_exhaustive]
pub struct InvalidFlow {
    /// The flow's name.
    pub flow: &'static str,
    /// What is wrong.
    pub mistake: Mistake,
}

/// What is wrong with a flow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Mistake {
    /// A closure returned another wire than the one it was given, such as one that was smuggled in.
    #[error("the closure of a step `{inside}` returns a wire that is not its own: return the one that it was given")]
    SmuggledWire {
        /// What the step is called.
        inside: &'static str,
    },
    /// `.with(…)` outside of the closure that was given the late value.
    #[error("`.with(…)` outside of the closure of `share` that was given the late value: use it there")]
    SmuggledLate,
    /// It has too many steps.
    #[error("it has more than {0} steps: make a part of it a flow of its own")]
    TooLong(usize),
    /// A limit of zero lets nothing through.
    #[error("the limit of a step `{step}` is 0, which lets nothing through")]
    NothingAtOnce {
        /// What the step is called.
        step: &'static str,
    },
    /// A length of time is none.
    #[error(transparent)]
    InvalidSpan(#[from] InvalidSpan),
}

/// Why a run of a flow has no output. `F` is the error that the flow declares.
#[non_exhaustive]
pub enum FlowError<F> {
    /// A step failed.
    Step {
        /// The flow's name.
        flow: &'static str,
        /// The number of the step in [`Flow::graph`](super::Flow::graph).
        step: StepNo,
        /// Why: it names the job.
        error: CallError<F>,
    },
    /// Nothing came out: what went in was taken out by a filter or became a dead letter.
    Empty {
        /// The flow's name.
        flow: &'static str,
        /// The number of the step that took it out.
        step: StepNo,
        /// What that step is called.
        name: &'static str,
    },
    /// A step was given more at once than it can count.
    Beyond {
        /// The flow's name.
        flow: &'static str,
        /// The number of the step.
        step: StepNo,
        /// The most that it takes.
        limit: u64,
    },
    /// A batch returned another number of values than it was given.
    Miscounted {
        /// The flow's name.
        flow: &'static str,
        /// The number of the step.
        step: StepNo,
        /// How many it was given.
        given: usize,
        /// How many it returned.
        returned: usize,
    },
    /// Several steps failed, of a flow that collects its failures.
    Several {
        /// The flow's name.
        flow: &'static str,
        /// All failures, in the order in which they came.
        errors: Vec<FlowError<F>>,
    },
    /// This orchestrator does not host a job of the flow.
    NotHosted {
        /// The flow's name.
        flow: &'static str,
        /// The number of the first such step.
        step: StepNo,
        /// Its job.
        job: &'static str,
    },
    /// The deadline of this run passed first.
    Expired {
        /// The flow's name.
        flow: &'static str,
    },
    /// The orchestrator is shutting down.
    Closed {
        /// The flow's name.
        flow: &'static str,
    },
    /// The limit of this run is no span of time.
    InvalidSpan {
        /// The flow's name.
        flow: &'static str,
        /// What it is.
        source: InvalidSpan,
    },
    /// A step could not go on for a reason that is none of yours: please report it.
    Broken {
        /// The flow's name.
        flow: &'static str,
        /// The number of the step.
        step: StepNo,
    },
}

impl<F> FlowError<F> {
    /// The name of the flow.
    #[must_use]
    pub const fn flow(&self) -> &'static str {
        match self {
            Self::Step { flow, .. }
            | Self::Empty { flow, .. }
            | Self::Beyond { flow, .. }
            | Self::Miscounted { flow, .. }
            | Self::Several { flow, .. }
            | Self::NotHosted { flow, .. }
            | Self::Expired { flow }
            | Self::Closed { flow }
            | Self::InvalidSpan { flow, .. }
            | Self::Broken { flow, .. } => flow,
        }
    }

    /// The flow's own error, if a job returned it.
    #[must_use]
    pub fn into_failed(self) -> Option<F> {
        match self {
            Self::Step { error, .. } => error.into_failed(),
            _ => None,
        }
    }

    pub(super) const fn not_hosted(flow: &'static str, missing: NotHosted) -> Self {
        Self::NotHosted { flow, step: missing.step, job: missing.job }
    }
}

impl<F: 'static> FlowError<F> {
    pub(super) fn of(graph: &Graph, fault: Fault) -> Self {
        let flow = graph.flow;
        match fault {
            Fault::Step(step, error) => match (error as Box<dyn Any>).downcast::<CallError<F>>() {
                Ok(error) => Self::Step { flow, step, error: *error },
                Err(_) => Self::Broken { flow, step },
            },
            Fault::Empty(step) => Self::Empty { flow, step, name: graph.name(step) },
            Fault::Beyond(step, limit) => Self::Beyond { flow, step, limit },
            Fault::Miscounted { step, given, returned } => Self::Miscounted { flow, step, given, returned },
            Fault::Broken(step) => Self::Broken { flow, step },
            Fault::Several(faults) => {
                Self::Several { flow, errors: faults.into_iter().map(|fault| Self::of(graph, fault)).collect() }
            }
        }
    }
}

impl<F: fmt::Display> fmt::Display for FlowError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "flow `{}`", self.flow())?;
        match self {
            Self::Step { step, error, .. } => write!(f, ", step {step}: {error}"),
            Self::Empty { step, name, .. } => write!(f, ": nothing came out, step {step} (`{name}`) took it out"),
            Self::Beyond { step, limit, .. } => write!(f, ", step {step}: it takes at most {limit} values at once"),
            Self::Miscounted { step, given, returned, .. } => {
                write!(f, ", step {step}: a batch of {given} values returned {returned}")
            }
            Self::Several { errors, .. } => {
                write!(f, ": {} failures", errors.len())?;
                errors.iter().try_for_each(|error| write!(f, "; {error}"))
            }
            Self::NotHosted { step, job, .. } => write!(f, ", step {step}: job `{job}` is not hosted here"),
            Self::Expired { .. } => f.write_str(": the deadline of the run passed"),
            Self::Closed { .. } => f.write_str(": the orchestrator is shutting down"),
            Self::InvalidSpan { source, .. } => write!(f, ": {source}"),
            Self::Broken { step, .. } => write!(f, ", step {step} could not go on: a defect of job-orch"),
        }
    }
}

// By its text, so that `F` needs no `Debug`.
impl<F: fmt::Display> fmt::Debug for FlowError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FlowError({self})")
    }
}

impl<F: fmt::Display> std::error::Error for FlowError<F> {}
