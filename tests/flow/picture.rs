//! A flow as a picture: nothing lies on anything else, and no line goes through what it does not lead to.

use std::fs;
use std::path::Path;

use job_orch::flow::{Flow, Graph, Wire, arm};
use job_orch::retry::Retry;

use crate::graph::Odd;
use crate::jobs::{Add, Double, Halve, Increment, Parse, Sleep, Sum, Wrong, start};

#[derive(job_orch::Route)]
#[expect(dead_code, reason = "only drawn")]
enum Size {
    Small(u64),
    Large(u64),
    VeryLarge(u64),
    Nothing(u64),
}

fn routed() -> Graph {
    let flow = Flow::define("routed", |n: Wire<Size, Wrong>| {
        n.route(SizeArms {
            small: arm(|n| n.to(Double)),
            large: arm(|n| n.attempt(Halve).or(|_| 0).fork(|a| a.to(Double), |b| b.to(Increment)).to(Add)),
            very_large: arm(|n| n.attempt(Halve).dead_letter()),
            nothing: arm(|n| n),
        })
    });
    flow.unwrap().graph().clone()
}

fn nested() -> Graph {
    let flow = Flow::define("nested", |n: Wire<Vec<Vec<u64>>, Wrong>| {
        n.each(|n| {
            n.each(|n| {
                let part = |n: Wire<u64, Wrong>| n.fork3(|a| a.to(Double), |b| b, |c| c.to(Sleep)).map(|all| all.0);
                n.retry_part(Retry::times(3), part).batch(10, "1ms", |n| n.map(|n| n))
            })
            .to(Sum)
        })
        .fork(|all| all.each(|n| n), |all| all.to(Sum))
    });
    flow.unwrap().graph().clone()
}

fn shared() -> Graph {
    let flow = Flow::define("shared", |n: Wire<u64, Wrong>| {
        n.share(|n| n.to(Double).to(Increment), |a| a.to(Halve), |n, a| n.to(Increment).with(a).to(Add))
    });
    flow.unwrap().graph().clone()
}

fn long() -> Graph {
    let flow = Flow::define("a long one", |n: Wire<String, Wrong>| {
        (0..10).fold(n.to(Parse), |n, _| n.to(Double).to(Increment).filter(|n| *n > 0))
    });
    flow.unwrap().graph().clone()
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Rect {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Rect {
    fn meets(&self, other: &Self) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }
}

fn attribute(tag: &str, name: &str) -> f64 {
    let value = tag.split(&format!(" {name}=\"")).nth(1).unwrap_or("0").split('"').next().unwrap();
    value.parse().unwrap()
}

/// What has one of these classes.
fn rects(svg: &str, classes: &[&str]) -> Vec<Rect> {
    let is_one = |tag: &&str| classes.iter().any(|class| tag.starts_with(&format!("rect class=\"{class}")));
    let rect = |tag: &str| {
        let [left, top, width, height] = ["x", "y", "width", "height"].map(|name| attribute(tag, name));
        Rect { left, top, right: left + width, bottom: top + height }
    };
    svg.split('<').filter(is_one).map(rect).collect()
}

/// The straight pieces of lines that join branches: as thin rectangles, without the ends that touch.
fn pieces(svg: &str) -> Vec<Rect> {
    let mut pieces = Vec::new();
    for tag in svg.split('<').filter(|tag| tag.starts_with("path class=\"line\"")) {
        let numbers: Vec<f64> = tag
            .split(" d=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
            .split(|letter: char| letter.is_ascii_alphabetic() || letter == ' ')
            .filter_map(|number| number.parse().ok())
            .collect();
        for pair in numbers.chunks(2).collect::<Vec<_>>().windows(2) {
            let ([x, y], [to_x, to_y]) = ([pair[0][0], pair[0][1]], [pair[1][0], pair[1][1]]);
            let (left, right, top, bottom) = (x.min(to_x), x.max(to_x), y.min(to_y), y.max(to_y));
            pieces.push(Rect { left: left - 0.1, right: right + 0.1, top: top + 0.1, bottom: bottom - 0.1 });
        }
    }
    pieces
}

#[test]
fn nothing_lies_on_anything_else() {
    for graph in [routed(), nested(), shared(), long()] {
        let svg = graph.svg();
        let nodes = rects(&svg, &["job", "attempt", "dead", "end", "function", "bar", "tab", "share", "way"]);
        let turns = graph.nodes.iter().filter(|node| ["route", "merge"].contains(&node.kind.name())).count();
        let ways = graph.edges.iter().filter(|edge| edge.label.is_some()).count();
        assert_eq!(nodes.len() + turns, graph.nodes.len() + ways, "{svg}");
        let all = Rect { left: 0.0, top: 0.0, right: attribute(&svg, "width"), bottom: attribute(&svg, "height") };
        for (at, node) in nodes.iter().enumerate() {
            assert!(node.left >= 0.0 && node.right <= all.right && node.bottom <= all.bottom, "{node:?} of {svg}");
            assert!(nodes[..at].iter().all(|other| !other.meets(node)), "{node:?} of {svg}");
            assert!(pieces(&svg).iter().all(|piece| !piece.meets(node)), "{node:?} of {svg}");
        }
        // A frame holds a node, or has nothing of it; but its own tabs are on its border.
        for frame in rects(&svg, &["frame"]) {
            for node in nodes.iter().filter(|node| frame.meets(node)) {
                let is_inside = frame.left < node.left && node.right < frame.right;
                assert!(is_inside, "{frame:?} cuts {node:?} of {svg}");
            }
        }
    }
}

#[test]
fn pictures_are_as_expected() {
    for (name, graph) in [("routed", routed()), ("nested", nested()), ("shared", shared())] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("flow/pictures").join(name).with_extension("svg");
        if std::env::var("JOB_ORCH_EXPECT").is_ok_and(|wish| wish == "overwrite") {
            fs::write(&file, graph.svg()).unwrap();
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        assert!(graph.svg() == expected, "`{}` is not the picture any more: look at it", file.display());
    }
}

#[test]
fn names_of_all_sorts_are_escaped() {
    let flow = Flow::define("a<b> & \"c\"\n\u{1}größe 任務", |n: Wire<u64>| n.attempt(Odd).or(|_| 1)).unwrap();
    let svg = flow.graph().svg();
    assert!(svg.contains("<title>a&lt;b&gt; &amp; &quot;c&quot;  größe 任務</title>"), "{svg}");
    assert!(svg.contains(">a &quot;b&quot; &lt;c&gt;;</text>"), "{svg}");
    let long: &'static str = "é".repeat(500).leak();
    let flow = Flow::define(long, |n: Wire<u64>| n).unwrap();
    assert!(attribute(&flow.graph().svg(), "width") < 600.0);
}

#[tokio::test]
async fn a_picture_shows_how_far_a_run_is() {
    let orch = start(1, 8).await;
    let flow = Flow::define("counted", |n: Wire<Vec<u64>, Wrong>| n.each(|n| n.to(Double))).unwrap();
    let mut run = orch.run(&flow, (0..10).collect());
    let progress = run.progress();
    run.await.unwrap();
    let mut counts = progress.now();
    assert!(flow.graph().counted(&counts).svg().contains(">10/10</text>"));
    counts[0].done = 5;
    let svg = flow.graph().counted(&counts).svg();
    let (whole, done) = (rects(&svg, &["todo"])[0], rects(&svg, &["done"])[0]);
    assert!((done.right - done.left) * 2.0 <= whole.right - whole.left, "{svg}");
    assert!(svg.contains(">5/10</text>"), "{svg}");
    assert!(!flow.graph().svg().contains("/10"));
}
