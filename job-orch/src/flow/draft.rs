//! What is known of a flow while its closures run: the graph so far, and the mistakes.

use super::error::Mistake;
use super::graph::{Edge, Graph, Kind, Node};
use crate::channel::scope::StepNo;
use crate::sync::{Arc, Mutex, lock};

/// The most steps of a flow.
const MOST_STEPS: usize = StepNo::MAX as usize;

/// A flow that is being defined, shared by its wires.
#[derive(Clone)]
pub(crate) struct Draft(Arc<Mutex<Record>>);

struct Record {
    graph: Graph,
    // The closures so far: each has its own wire.
    homes: u32,
    mistake: Option<Mistake>,
}

/// The end of a wire so far: a step, and which of several ways leads on from it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tail {
    pub(super) step: StepNo,
    pub(super) label: Option<&'static str>,
}

impl From<StepNo> for Tail {
    fn from(step: StepNo) -> Self {
        Self { step, label: None }
    }
}

/// The closure whose wire this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Home(pub(super) u32);

impl Draft {
    pub(super) fn new(flow: &'static str) -> Self {
        Self(Arc::new(Mutex::new(Record { graph: Graph::new(flow), homes: 0, mistake: None })))
    }

    /// One more closure.
    pub(super) fn home(&self) -> Home {
        let mut record = lock(&self.0);
        record.homes += 1;
        Home(record.homes)
    }

    /// One more step, behind these and inside of that one.
    pub(super) fn add(&self, kind: Kind, inside: Option<StepNo>, after: &[Tail]) -> StepNo {
        let mut record = lock(&self.0);
        let Some(step) = StepNo::try_from(record.graph.nodes.len()).ok().filter(|step| *step < StepNo::MAX) else {
            record.mistake.get_or_insert(Mistake::TooLong(MOST_STEPS));
            return StepNo::MAX;
        };
        record.graph.nodes.push(Node { step, kind, inside, count: None });
        record.graph.edges.extend(after.iter().map(|tail| Edge { from: tail.step, to: step, label: tail.label }));
        step
    }

    pub(super) fn refuse(&self, mistake: Mistake) {
        lock(&self.0).mistake.get_or_insert(mistake);
    }

    /// What a step is called.
    pub(super) fn name(&self, step: StepNo) -> &'static str {
        lock(&self.0).graph.name(step)
    }

    /// Whether both are of one definition.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The graph, or the first mistake.
    pub(super) fn finish(&self) -> Result<Graph, Mistake> {
        let mut record = lock(&self.0);
        match record.mistake.take() {
            Some(mistake) => Err(mistake),
            None => Ok(std::mem::take(&mut record.graph)),
        }
    }
}
