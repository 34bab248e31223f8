//! Where everything goes.

use std::collections::HashMap;

use super::super::graph::{Graph, Kind, Node};
use super::block::{Block, Series, What, late};
use super::size::{self, ASIDE, GAP, LETTER, LINE, MARGIN, Size, letters, shortened};
use crate::channel::scope::StepNo;

/// Everything that is drawn, from the back to the front.
#[derive(Debug, Default)]
pub(super) struct Picture<'a> {
    pub(super) size: Size,
    pub(super) frames: Vec<(Rect, &'a Kind)>,
    pub(super) lines: Vec<Line>,
    pub(super) ways: Vec<(Rect, &'static str)>,
    pub(super) nodes: Vec<(Rect, &'a Node)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rect {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: i32,
    pub(super) height: i32,
}

/// A line of straight pieces.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) points: Vec<(i32, i32)>,
    pub(super) has_head: bool,
    /// A value that another branch waits for.
    pub(super) is_late: bool,
}

impl Rect {
    fn around(axis: i32, y: i32, size: Size) -> Self {
        Self { x: axis - size.width / 2, y, width: size.width, height: size.height }
    }

    pub(super) const fn middle(&self) -> (i32, i32) {
        (self.x + self.width / 2, self.y + self.height / 2)
    }

    const fn bottom(&self) -> i32 {
        self.y + self.height
    }
}

struct Placer<'a> {
    graph: &'a Graph,
    picture: Picture<'a>,
    placed: HashMap<StepNo, Rect>,
    // Right of a step that shares its value: where nothing else is between two branches.
    gutters: HashMap<StepNo, i32>,
}

/// Puts everything in its place.
pub(super) fn place<'a>(graph: &'a Graph, flow: &Series) -> Picture<'a> {
    let title = letters(&shortened(graph.flow)) * (LETTER + 1);
    let width = flow.size.width.max(title) + 2 * MARGIN;
    let top = MARGIN + LINE + MARGIN;
    let size = Size { width, height: top + flow.size.height + MARGIN };
    let picture = Picture { size, ..Picture::default() };
    let mut placer = Placer { graph, picture, placed: HashMap::new(), gutters: HashMap::new() };
    placer.series(flow, width / 2, top);
    placer.late();
    placer.picture
}

impl<'a> Placer<'a> {
    /// Puts blocks one below the other.
    fn series(&mut self, series: &Series, axis: i32, mut y: i32) {
        for (at, block) in series.blocks.iter().enumerate() {
            if at > 0 {
                let top = y + GAP + block.lead;
                self.line(vec![(axis, y), (axis, top)], !matches!(block.what, What::Way(_)));
                y = top;
            }
            self.block(block, axis, y);
            y += block.size.height;
        }
    }

    fn block(&mut self, block: &Block, axis: i32, y: i32) {
        let rect = Rect::around(axis, y, block.size);
        match &block.what {
            What::Step(step) => drop(self.step(*step, axis, y, 0)),
            What::Way(label) => self.picture.ways.push((rect, label)),
            What::Branches { open, branches, close } => self.branches(rect, *open, branches, *close),
            What::Part { open, body, close } => self.part(rect, *open, body, *close),
        }
    }

    fn node(&self, step: StepNo) -> Option<&'a Node> {
        self.graph.nodes.get(usize::from(step))
    }

    /// Puts a step at the bottom of its bracket.
    fn last(&mut self, step: StepNo, rect: Rect, at_least: i32) -> Option<Rect> {
        let height = size::node(self.node(step)?).height;
        self.step(step, rect.middle().0, rect.bottom() - height, at_least)
    }

    fn step(&mut self, step: StepNo, axis: i32, y: i32, at_least: i32) -> Option<Rect> {
        let node = self.node(step)?;
        let mut size = size::node(node);
        size.width = size.width.max(at_least);
        let rect = Rect::around(axis, y, size);
        self.picture.nodes.push((rect, node));
        self.placed.insert(step, rect);
        Some(rect)
    }

    fn part(&mut self, rect: Rect, open: StepNo, body: &Series, close: StepNo) {
        let axis = rect.middle().0;
        let Some(first) = self.step(open, axis, rect.y, 0) else { return };
        let Some(last) = self.last(close, rect, 0) else { return };
        let (top, bottom) = (first.middle().1, last.middle().1);
        if let Some(node) = self.node(open) {
            self.picture.frames.push((Rect { y: top, height: bottom - top, ..rect }, &node.kind));
        }
        if body.blocks.is_empty() {
            return self.line(vec![(axis, first.bottom()), (axis, last.y)], true);
        }
        self.line(vec![(axis, first.bottom()), (axis, first.bottom() + GAP)], true);
        self.series(body, axis, first.bottom() + GAP);
        self.line(vec![(axis, last.y - GAP), (axis, last.y)], true);
    }

    fn branches(&mut self, rect: Rect, open: StepNo, branches: &[Series], close: StepNo) {
        let axis = rect.middle().0;
        // All ways of a fork are gone at once: it is as wide as they are. One way of a route is.
        let is_wide = self.node(open).is_some_and(|node| node.kind == Kind::Fork);
        let wide = if is_wide { rect.width } else { 0 };
        let Some(first) = self.step(open, axis, rect.y, wide) else { return };
        let Some(last) = self.last(close, rect, wide) else { return };
        // The way between a step on the axis and what lies aside, from above to below.
        let into = |x: i32| match is_wide {
            true => vec![(x, first.bottom())],
            false => vec![(axis, first.bottom()), (axis, first.bottom() + GAP / 2), (x, first.bottom() + GAP / 2)],
        };
        let out = |x: i32| match is_wide {
            true => vec![(x, last.y)],
            false => vec![(x, last.y - GAP / 2), (axis, last.y - GAP / 2), (axis, last.y)],
        };

        let total = branches.iter().map(|branch| branch.size.width + ASIDE).sum::<i32>() - ASIDE;
        let (mut left, top) = (axis - total / 2, first.bottom() + GAP);
        for branch in branches {
            let aside = left + branch.size.width / 2;
            match branch.blocks.first() {
                None => self.line([into(aside), out(aside)].concat(), true),
                Some(block) => {
                    self.line([into(aside), vec![(aside, top)]].concat(), !matches!(block.what, What::Way(_)));
                    self.series(branch, aside, top);
                    self.line([vec![(aside, top + branch.size.height)], out(aside)].concat(), true);
                }
            }
            left += branch.size.width;
            self.gutters(branch, left + ASIDE / 2);
            left += ASIDE;
        }
    }

    fn gutters(&mut self, branch: &Series, x: i32) {
        for block in &branch.blocks {
            if let What::Step(step) = block.what {
                self.gutters.insert(step, x);
            }
        }
    }

    fn line(&mut self, points: Vec<(i32, i32)>, has_head: bool) {
        self.picture.lines.push(Line { points, has_head, is_late: false });
    }

    /// Draws the way of each value that another branch waits for: past its own branch, and behind what else is in the way.
    fn late(&mut self) {
        for (from, to) in late(self.graph) {
            let (Some(given), Some(awaited), Some(gutter)) =
                (self.placed.get(&from), self.placed.get(&to), self.gutters.get(&from))
            else {
                continue;
            };
            let (right, left) = (given.x + given.width, awaited.x);
            let (above, level) = (given.middle().1, awaited.middle().1);
            let points = vec![(right, above), (*gutter, above), (*gutter, level), (left, level)];
            self.picture.lines.push(Line { points, has_head: true, is_late: true });
        }
    }
}
