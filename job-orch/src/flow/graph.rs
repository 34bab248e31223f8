//! A flow as data: its steps, and what leads from one to the next.

use super::progress::StepCount;
use crate::channel::scope::StepNo;
use crate::id::JobId;

/// A flow as data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Graph {
    /// The flow's name.
    pub flow: &'static str,
    /// Its steps, in the order in which they were written.
    pub nodes: Vec<Node>,
    /// What leads from step to step.
    pub edges: Vec<Edge>,
}

/// One step of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Node {
    /// Its number.
    pub step: StepNo,
    /// What it does.
    pub kind: Kind,
    /// The number of the step inside of which it lies, such as an `each`.
    pub inside: Option<StepNo>,
    /// How far a run is here, if [`counted`](Graph::counted) has said so.
    pub count: Option<StepCount>,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// The input.
    Input,
    /// The output.
    Output,
    /// A job, by its name.
    To(&'static str),
    /// A job whose failure is handled in place.
    Attempt(&'static str),
    /// A job whose failed requests become dead letters, and leave the flow.
    DeadLetter(&'static str),
    /// A function.
    Map,
    /// A condition.
    Filter,
    /// A value goes into several branches.
    Fork,
    /// What came out of all branches.
    Join,
    /// A value goes into one of several branches.
    Route,
    /// What came out of the branch.
    Merge,
    /// Many values, each on its way.
    Each,
    /// All that came out of them, in order.
    Collect,
    /// Values of several runs or elements together.
    Batch,
    /// Each one's own again.
    Scatter,
    /// A part that is repeated if it fails.
    Retry,
    /// The end of such a part.
    Settled,
    /// A value that another branch waits for.
    Share,
    /// A value and one that another branch shared.
    With,
}

/// What leads from one step to another.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Edge {
    /// From this step,
    pub from: StepNo,
    /// to this one.
    pub to: StepNo,
    /// Which of several ways it is.
    pub label: Option<&'static str>,
}

impl Graph {
    pub(crate) fn new(flow: &'static str) -> Self {
        Self { flow, nodes: Vec::new(), edges: Vec::new() }
    }

    /// The same graph with how far a run is: drawn, it shows the counts.
    #[must_use]
    pub fn counted(&self, counts: &[StepCount]) -> Self {
        let mut graph = self.clone();
        for count in counts {
            if let Some(node) = graph.nodes.get_mut(usize::from(count.step)) {
                node.count = Some(*count);
            }
        }
        graph
    }

    /// This flow in one run: another one, if the flow is defined otherwise.
    pub(super) fn id_within(&self, run: JobId) -> JobId {
        JobId::within(run, self.dot().as_bytes())
    }

    /// The name of a step: of a job, its own.
    #[must_use]
    pub fn name(&self, step: StepNo) -> &'static str {
        self.nodes.get(usize::from(step)).map_or("unknown", |node| node.kind.name())
    }
}

impl Kind {
    /// The name of the job, if it is one.
    #[must_use]
    pub const fn job(&self) -> Option<&'static str> {
        match self {
            Self::To(job) | Self::Attempt(job) | Self::DeadLetter(job) => Some(job),
            _ => None,
        }
    }

    /// In one word; of a job, its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
            Self::To(job) | Self::Attempt(job) | Self::DeadLetter(job) => job,
            Self::Map => "map",
            Self::Filter => "filter",
            Self::Fork => "fork",
            Self::Join => "join",
            Self::Route => "route",
            Self::Merge => "merge",
            Self::Each => "each",
            Self::Collect => "collect",
            Self::Batch => "batch",
            Self::Scatter => "scatter",
            Self::Retry => "retry",
            Self::Settled => "settled",
            Self::Share => "share",
            Self::With => "with",
        }
    }
}
