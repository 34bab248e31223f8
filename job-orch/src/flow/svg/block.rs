//! The brackets of a flow, each measured.

use std::collections::HashMap;

use super::super::graph::{Graph, Kind, Node};
use super::size::{self, ASIDE, GAP, PADDING, Size};
use crate::channel::scope::StepNo;

/// What is drawn as one thing, below what comes before.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) size: Size,
    /// More room above it than the usual.
    pub(super) lead: i32,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    Step(StepNo),
    /// The name of the way that leads on.
    Way(&'static str),
    /// Branches side by side.
    Branches {
        open: StepNo,
        branches: Vec<Series>,
        close: StepNo,
    },
    /// A part in a frame.
    Part {
        open: StepNo,
        body: Series,
        close: StepNo,
    },
}

/// Blocks one below the other.
#[derive(Debug, Default)]
pub(super) struct Series {
    pub(super) size: Size,
    pub(super) blocks: Vec<Block>,
}

/// A bracket that is open.
struct Open {
    step: StepNo,
    // What has been read of it, and the last step of each.
    read: Vec<(Block, StepNo)>,
}

struct Reader<'a> {
    graph: &'a Graph,
    // What leads to each step, in the order in which it was said.
    into: HashMap<StepNo, Vec<(StepNo, Option<&'static str>)>>,
    open: Vec<Open>,
    read: Vec<(Block, StepNo)>,
}

/// Reads the whole flow.
pub(super) fn read(graph: &Graph) -> Series {
    let mut into: HashMap<_, Vec<_>> = HashMap::new();
    for edge in &graph.edges {
        into.entry(edge.to).or_default().push((edge.from, edge.label));
    }
    let mut reader = Reader { graph, into, open: Vec::new(), read: Vec::new() };
    for node in &graph.nodes {
        reader.node(node);
    }
    while let Some(open) = reader.open.pop() {
        // A bracket that nobody closed: somebody has changed the graph. Its steps are drawn as they come.
        let step = reader.step(open.step);
        let read = reader.top();
        read.push((step, open.step));
        read.extend(open.read);
    }
    Series::of(reader.read.into_iter().map(|(block, _)| block).collect())
}

/// The value that a [`Kind::With`] waits for comes from the second of the steps that lead to it.
pub(super) fn late(graph: &Graph) -> Vec<(StepNo, StepNo)> {
    let is_with = |step: StepNo| kind(graph, step) == Some(&Kind::With);
    let mut first = None;
    let mut late = Vec::new();
    for edge in graph.edges.iter().filter(|edge| is_with(edge.to)) {
        if first == Some(edge.to) {
            late.push((edge.from, edge.to));
        }
        first = Some(edge.to);
    }
    late
}

impl Reader<'_> {
    fn node(&mut self, node: &Node) {
        if opens(&node.kind).is_some() {
            return self.open.push(Open { step: node.step, read: Vec::new() });
        }
        let graph = self.graph;
        let closed = |open: &mut Open| kind(graph, open.step).and_then(opens) == Some(&node.kind);
        let block = match self.open.pop_if(closed) {
            Some(open) => self.bracket(open, node),
            None => self.step(node.step),
        };
        self.top().push((block, node.step));
    }

    fn top(&mut self) -> &mut Vec<(Block, StepNo)> {
        match self.open.last_mut() {
            Some(open) => &mut open.read,
            None => &mut self.read,
        }
    }

    fn size(&self, step: StepNo) -> Size {
        self.graph.nodes.get(usize::from(step)).map(size::node).unwrap_or_default()
    }

    fn step(&self, step: StepNo) -> Block {
        Block { size: self.size(step), lead: 0, what: What::Step(step) }
    }

    fn bracket(&self, open: Open, close: &Node) -> Block {
        if matches!(close.kind, Kind::Join | Kind::Merge) {
            return self.branches(open, close.step);
        }
        let (first, last) = (self.size(open.step), self.size(close.step));
        let body = Series::of(open.read.into_iter().map(|(block, _)| block).collect());
        // The frame goes through the middle of its first and its last step.
        let inside = if body.blocks.is_empty() { GAP } else { 2 * GAP + body.size.height };
        let width = body.size.width.max(first.width).max(last.width) + 2 * PADDING;
        let size = Size { width, height: first.height + inside + last.height };
        Block { size, lead: 0, what: What::Part { open: open.step, body, close: close.step } }
    }

    fn branches(&self, open: Open, close: StepNo) -> Block {
        let mut read = open.read.into_iter();
        let mut branches = Vec::new();
        for (last, label) in self.into.get(&close).into_iter().flatten() {
            let mut blocks = Vec::new();
            let mut label = *label;
            if *last != open.step {
                for (block, step) in read.by_ref() {
                    blocks.push(block);
                    if step == *last {
                        break;
                    }
                }
                label = blocks.first().and_then(|block| self.label(open.step, block));
            }
            let way = label.map(|label| Block { size: size::way(label), lead: 0, what: What::Way(label) });
            branches.push(Series::of(way.into_iter().chain(blocks).collect()));
        }
        self.lower(&mut branches);
        let inside = branches.iter().map(|branch| branch.size);
        let width = inside.clone().map(|size| size.width).sum::<i32>() + ASIDE * (inside.len().max(1) as i32 - 1);
        let (first, last) = (self.size(open.step), self.size(close));
        let height = first.height + inside.map(|size| size.height).max().unwrap_or(0) + 2 * GAP + last.height;
        let size = Size { width: width.max(first.width).max(last.width), height };
        Block { size, lead: 0, what: What::Branches { open: open.step, branches, close } }
    }

    /// The name of the way that leads from the step `open` to this block.
    fn label(&self, open: StepNo, block: &Block) -> Option<&'static str> {
        let first = match block.what {
            What::Step(step) | What::Branches { open: step, .. } | What::Part { open: step, .. } => step,
            What::Way(_) => return None,
        };
        self.into.get(&first)?.iter().find(|(from, _)| *from == open)?.1
    }

    /// Moves a step that waits for a value of the branch before below the step that gives it.
    fn lower(&self, branches: &mut [Series]) {
        for (from, to) in late(self.graph) {
            let at = |step| branches.iter().enumerate().find_map(|(branch, series)| Some((branch, series.find(step)?)));
            let (Some((_, (_, given))), Some((branch, (block, awaited)))) = (at(from), at(to)) else { continue };
            if let Some(series) = branches.get_mut(branch)
                && let Some(block) = series.blocks.get_mut(block)
            {
                let lead = (given - awaited).max(0);
                block.lead += lead;
                series.size.height += lead;
            }
        }
    }
}

impl Series {
    fn of(blocks: Vec<Block>) -> Self {
        let gaps = GAP * (blocks.len().max(1) as i32 - 1);
        let width = blocks.iter().map(|block| block.size.width).max().unwrap_or(ASIDE);
        let height = blocks.iter().map(|block| block.lead + block.size.height).sum::<i32>() + gaps;
        Self { size: Size { width, height }, blocks }
    }

    /// Which block a step is that lies in no bracket, and how far below the top.
    fn find(&self, step: StepNo) -> Option<(usize, i32)> {
        let mut below = 0;
        for (at, block) in self.blocks.iter().enumerate() {
            below += block.lead;
            if matches!(block.what, What::Step(other) if other == step) {
                return Some((at, below));
            }
            below += block.size.height + GAP;
        }
        None
    }
}

fn kind(graph: &Graph, step: StepNo) -> Option<&Kind> {
    graph.nodes.get(usize::from(step)).map(|node| &node.kind)
}

/// What closes the bracket that this opens.
fn opens(kind: &Kind) -> Option<&'static Kind> {
    Some(match kind {
        Kind::Fork => &Kind::Join,
        Kind::Route => &Kind::Merge,
        Kind::Each => &Kind::Collect,
        Kind::Batch => &Kind::Scatter,
        Kind::Retry => &Kind::Settled,
        _ => return None,
    })
}
