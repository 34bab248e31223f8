//! A flow of every operation, nested, with parts that are functions, warns of nothing that its author did not write.

#![deny(warnings, clippy::pedantic)]
#![deny(missing_docs, missing_debug_implementations, unreachable_pub, rust_2018_idioms, unused_qualifications)]
#![deny(single_use_lifetimes, trivial_casts, unused_results, refining_impl_trait)]

use std::fmt;
use std::num::ParseIntError;

use job_orch::flow::{Flow, FlowError, InvalidFlow, Wire, arm};
use job_orch::retry::Retry;
use job_orch::{Route, flow, job};

/// Reads a number.
///
/// # Errors
/// If it is none.
#[job]
pub async fn parse(text: &String) -> Result<u64, ParseIntError> {
    text.parse()
}

/// Twice.
#[job]
pub async fn double(number: &u64) -> u64 {
    number * 2
}

/// Both.
#[job]
pub async fn add(pair: &(u64, u64)) -> u64 {
    pair.0 + pair.1
}

/// Many, at once.
#[job]
pub async fn double_all(numbers: &Vec<u64>) -> Vec<u64> {
    numbers.iter().map(|number| number * 2).collect()
}

/// Nothing goes in, and nothing comes out.
#[job]
pub async fn tick() {}

/// How the flows of this program fail.
#[derive(Debug)]
pub enum Wrong {
    /// In a number.
    Number(ParseIntError),
    /// In a flow.
    Part(String),
}

impl From<ParseIntError> for Wrong {
    fn from(error: ParseIntError) -> Self {
        Self::Number(error)
    }
}

impl<E: fmt::Display> From<FlowError<E>> for Wrong {
    fn from(error: FlowError<E>) -> Self {
        Self::Part(error.to_string())
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// Three shapes of a variant.
#[derive(Debug, Route)]
pub enum Task {
    /// Of one value.
    Twice(u64),
    /// Of two.
    Both(u64, u64),
    /// Of none.
    Nothing,
}

/// A flow that is a job.
#[flow(retry(max = 3), timeout = "10s", at_once = 2)]
pub fn doubled(texts: Wire<String, ParseIntError>) -> Wire<u64, ParseIntError> {
    texts.to(Parse).to(Double)
}

/// A part for flows of any error.
pub fn quadrupled<F: Send + 'static>(number: Wire<u64, F>) -> Wire<u64, F> {
    number.to(Double).to(Double)
}

/// A part that may fail.
pub fn parsed<F: From<ParseIntError> + Send + 'static>(text: Wire<String, F>) -> Wire<u64, F> {
    text.to(Parse)
}

/// A part that routes.
pub fn done(task: Wire<Task, Wrong>) -> Wire<u64, Wrong> {
    task.route(TaskArms {
        twice: arm(|number| number.to(Double)),
        both: arm(|pair| pair.to(Add).then(quadrupled)),
        nothing: arm(|nothing| nothing.to(Tick).map(|()| 0)),
    })
}

/// What goes in, and what comes out.
type Rows = Vec<Vec<u64>>;

/// A route in a batch in a route in a fork in an `each` in a part that is repeated in an `each`.
///
/// # Errors
/// Never.
pub fn nested() -> Result<Flow<Rows, Rows, Wrong>, InvalidFlow> {
    Flow::define("nested", |rows: Wire<Rows, Wrong>| {
        rows.each(|row| {
            row.retry_part(Retry::times(3), |row| {
                row.each_at_once(8, |number| {
                    let both = number.fork(quadrupled, |number| {
                        let task = number.map(|n| if n == 0 { Task::Nothing } else { Task::Both(n, n) });
                        done(task).batch(4, "10ms", |numbers| numbers.to(DoubleAll))
                    });
                    both.to(Add)
                })
            })
        })
    })
}

/// Every operation.
///
/// # Errors
/// Never.
pub fn every() -> Result<Flow<Vec<String>, u64, Wrong>, InvalidFlow> {
    let offset = 1;
    let flow = Flow::define("every", |texts: Wire<Vec<String>, Wrong>| {
        texts
            .each(|text| {
                text.fork4(
                    |text| text.then(parsed),
                    |text| text.attempt(Parse).or(|_| 0),
                    |text| text.attempt(Parse).dead_letter(),
                    |text| text.to(Doubled),
                )
                .filter(|(a, ..)| *a > 0)
                .map(move |(a, b, c, d)| a + b + c + d + offset)
                .share(
                    |n| n.to(Double),
                    |doubled| doubled.map(Task::Twice).then(done),
                    |n, doubled| {
                        n.fork3(|n| n, quadrupled, |n| n.to(Double)).map(|(a, b, c)| a + b + c).with(doubled).to(Add)
                    },
                )
                .to(Add)
            })
            .map(|numbers| numbers.into_iter().sum())
    })?;
    Ok(flow.at_once(64).collect_failures())
}

pub(crate) fn main() {
    for flow in [nested().map(|flow| flow.graph().clone()), every().map(|flow| flow.graph().clone())] {
        let graph = flow.unwrap();
        assert!(graph.mermaid().contains("double") && graph.dot().contains("each"));
    }
}
