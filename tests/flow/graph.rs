//! A flow as data and as text, and how far a run is.

use std::convert::Infallible;

use futures_util::StreamExt;
use job_orch::engine::{AtHand, Keyless};
use job_orch::flow::{Flow, Kind, Safe, Takes, Wire, arm};
use job_orch::{Job, Run};

use crate::jobs::{Add, Double, Halve, Increment, Wrong, start};

fn flow() -> Flow<Vec<u64>, Vec<u64>, Wrong> {
    Flow::define("a \"quoted\" flow", |n: Wire<Vec<u64>, Wrong>| {
        n.each(|n| n.attempt(Halve).or(|_| 0).fork(|a| a.to(Double), |b| b.to(Increment).filter(|n| *n > 0)).to(Add))
    })
    .unwrap()
}

#[test]
fn a_flow_is_data() {
    let flow = flow();
    let names: Vec<&str> = flow.graph().nodes.iter().map(|node| node.kind.name()).collect();
    let expected =
        ["input", "each", "halve", "fork", "double", "increment", "filter", "join", "add", "collect", "output"];
    assert_eq!(names, expected);
    assert_eq!(flow.graph().nodes[2].kind, Kind::Attempt("halve"));
    assert_eq!(flow.graph().nodes[8].inside, Some(1));
    let edges: Vec<(u16, u16)> = flow.graph().edges.iter().map(|edge| (edge.from, edge.to)).collect();
    assert_eq!(edges, [(0, 1), (1, 2), (2, 3), (3, 4), (3, 5), (5, 6), (4, 7), (6, 7), (7, 8), (8, 9), (9, 10)]);
}

#[test]
fn a_flow_is_text_of_graphviz() {
    let expected = r#"digraph "a \"quoted\" flow" {
    rankdir=LR;
    n0 [label="input", shape=oval];
    n1 [label="each", shape=hexagon];
    subgraph cluster_1 { label="each";
        n2 [label="halve", shape=box];
        n3 [label="fork", shape=hexagon];
        n4 [label="double", shape=box];
        n5 [label="increment", shape=box];
        n6 [label="filter", shape=plaintext];
        n7 [label="join", shape=hexagon];
        n8 [label="add", shape=box];
    }
    n9 [label="collect", shape=hexagon];
    n10 [label="output", shape=oval];
    n0 -> n1;
    n1 -> n2;
    n2 -> n3;
    n3 -> n4;
    n3 -> n5;
    n5 -> n6;
    n4 -> n7;
    n6 -> n7;
    n7 -> n8;
    n8 -> n9;
    n9 -> n10;
}
"#;
    assert_eq!(flow().graph().dot(), expected);
}

#[derive(job_orch::Route)]
#[expect(dead_code, reason = "only drawn")]
enum Either {
    Left(u64),
    Right(u64),
}

/// A job whose name no attribute would allow.
pub(crate) struct Odd;

impl Run for Odd {
    const NAME: &'static str = "a \"b\"\n<c>;";
    type Request = u64;
    type Response = u64;
    type Resources = ();
    type Error = Infallible;

    async fn run(request: &u64, (): &mut ()) -> Result<u64, Infallible> {
        Ok(*request)
    }
}

impl Job for Odd {
    type Wants = ();
    type Failure = Safe;
    type Answers = AtHand;
    type Keys = Keyless;
}

impl Takes<u64> for Odd {
    fn request(message: u64) -> u64 {
        message
    }
}

#[test]
fn texts_are_escaped_and_ways_are_named() {
    let flow = Flow::define("ways", |n: Wire<Either>| {
        n.route(EitherArms { left: arm(|n| n.attempt(Odd).or(|_| 1)), right: arm(|n| n) })
    })
    .unwrap();
    let text = flow.graph().mermaid();
    assert!(text.contains("    n2[\"a #34;b#34; #60;c#62;#59;\"]\n"), "{text}");
    assert!(text.contains("    n1 -->|\"Left\"| n2\n    n2 --> n3\n    n1 -->|\"Right\"| n3\n"), "{text}");
    assert!(flow.graph().dot().contains("n2 [label=\"a \\\"b\\\" <c>;\", shape=box];"), "{}", flow.graph().dot());
}

#[tokio::test]
async fn a_run_tells_how_far_it_is() {
    let orch = start(1, 8).await;
    let flow = flow();
    let mut run = orch.run(&flow, (0..100).map(|n| n * 2).collect());
    let progress = run.progress();
    let (output, seen) = tokio::join!(run, progress.collect::<Vec<_>>());
    assert_eq!(output.unwrap().len(), 100);
    for pair in seen.windows(2) {
        let grows =
            pair[0].iter().zip(&pair[1]).all(|(before, after)| before.done <= after.done && after.done <= after.total);
        assert!(grows, "{pair:?}");
    }
    let last = seen.last().unwrap();
    let counts: Vec<_> = last.iter().map(|count| (count.step, count.job, count.done, count.total)).collect();
    assert_eq!(
        counts,
        [(2, "halve", 100, 100), (4, "double", 100, 100), (5, "increment", 100, 100), (8, "add", 100, 100)]
    );
    assert!(flow.graph().counted(last).mermaid().contains("n4[\"double 100/100\"]"));
    // A run that is dropped ends the stream too.
    let mut run = orch.run(&flow, vec![1]);
    let progress = run.progress();
    drop(run);
    assert_eq!(progress.count().await, 1);
}
