//! A flow as a picture.
//!
//! A flow is written as brackets: a fork and its join, an `each` and its collect, one in the other. So the picture needs no search:
//! [`block`] reads the brackets and measures, [`place`] puts each block below the one before and branches side by side, and
//! [`paint`] writes. Nothing can overlap, branches stay in the order in which they were written, and the time is linear. General
//! layouts of graphs know neither the brackets nor the order.

mod block;
mod paint;
mod place;
mod size;

use super::graph::Graph;

impl Graph {
    /// The flow as an SVG picture, from top to bottom, readable on light and dark. The same flow always gives the same text.
    ///
    /// With [`counted`](Graph::counted), each job shows how far it is.
    ///
    /// ```
    /// # use job_orch::flow::{Flow, Wire};
    /// # use job_orch::job;
    /// # #[job] async fn double(number: &u64) -> u64 { number * 2 }
    /// # fn main() -> Result<(), job_orch::flow::InvalidFlow> {
    /// let flow = Flow::define("doubled", |numbers: Wire<Vec<u64>>| numbers.each(|number| number.to(Double)))?;
    /// assert!(flow.graph().svg().starts_with("<svg "));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn svg(&self) -> String {
        let flow = block::read(self);
        let picture = place::place(self, &flow);
        paint::paint(self.flow, &picture)
    }
}
