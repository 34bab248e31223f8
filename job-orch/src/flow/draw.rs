//! A flow as text that other programs draw: Mermaid and DOT. The same flow always gives the same text.

use std::fmt::Write as _;

use super::graph::{Graph, Kind, Node};
use crate::channel::scope::StepNo;

impl Graph {
    /// The flow as a Mermaid flowchart.
    ///
    /// ```
    /// # use job_orch::flow::{Flow, Wire};
    /// # use job_orch::job;
    /// # #[job] async fn double(number: &u64) -> u64 { number * 2 }
    /// # fn main() -> Result<(), job_orch::flow::InvalidFlow> {
    /// let flow = Flow::define("doubled", |numbers: Wire<Vec<u64>>| numbers.each(|number| number.to(Double)))?;
    /// assert_eq!(
    ///     flow.graph().mermaid(),
    ///     r#"---
    /// title: "doubled"
    /// ---
    /// flowchart LR
    ///     n0(["input"])
    ///     n1{{"each"}}
    ///     subgraph g1 ["each"]
    ///         n2["double"]
    ///     end
    ///     n3{{"collect"}}
    ///     n4(["output"])
    ///     n0 --> n1
    ///     n1 --> n2
    ///     n2 --> n3
    ///     n3 --> n4
    /// "#
    /// );
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn mermaid(&self) -> String {
        let mut text = format!("---\ntitle: \"{}\"\n---\nflowchart LR\n", quoted(self.flow));
        self.list(&Mermaid, None, 1, &mut text);
        for edge in &self.edges {
            let _ = match edge.label {
                None => writeln!(text, "    n{} --> n{}", edge.from, edge.to),
                Some(label) => writeln!(text, "    n{} -->|\"{}\"| n{}", edge.from, entities(label), edge.to),
            };
        }
        text
    }

    /// The flow in the language of Graphviz.
    #[must_use]
    pub fn dot(&self) -> String {
        let mut text = format!("digraph \"{}\" {{\n    rankdir=LR;\n", quoted(self.flow));
        self.list(&Dot, None, 1, &mut text);
        for edge in &self.edges {
            let _ = match edge.label {
                None => writeln!(text, "    n{} -> n{};", edge.from, edge.to),
                Some(label) => writeln!(text, "    n{} -> n{} [label=\"{}\"];", edge.from, edge.to, quoted(label)),
            };
        }
        text.push_str("}\n");
        text
    }

    /// The nodes that lie inside of this one, and what lies inside of them.
    fn list(&self, language: &dyn Language, inside: Option<StepNo>, depth: usize, text: &mut String) {
        for node in self.nodes.iter().filter(|node| node.inside == inside) {
            let _ = write!(text, "{:1$}", "", depth * 4);
            language.node(node, text);
            if self.nodes.iter().any(|other| other.inside == Some(node.step)) {
                let _ = write!(text, "{:1$}", "", depth * 4);
                language.open(node, text);
                self.list(language, Some(node.step), depth + 1, text);
                let _ = writeln!(text, "{:1$}{2}", "", depth * 4, language.close());
            }
        }
    }
}

/// What differs between languages.
trait Language {
    fn node(&self, node: &Node, text: &mut String);
    /// The box of what lies inside of a node.
    fn open(&self, node: &Node, text: &mut String);
    fn close(&self) -> &'static str;
}

/// What a node is called, with its counts if it has any, and what becomes of failures that leave the flow.
fn label(node: &Node) -> String {
    let mut label = node.kind.name().to_owned();
    if let Some(count) = node.count {
        let _ = write!(label, " {}/{}", count.done, count.total);
    }
    if matches!(node.kind, Kind::DeadLetter(_)) {
        label.push_str(", or dead letter");
    }
    label
}

struct Mermaid;

impl Language for Mermaid {
    fn node(&self, node: &Node, text: &mut String) {
        let (open, close) = match node.kind {
            Kind::Input | Kind::Output => ("([", "])"),
            _ if node.kind.job().is_some() => ("[", "]"),
            Kind::Map | Kind::Filter => ("(", ")"),
            _ => ("{{", "}}"),
        };
        let _ = writeln!(text, "n{}{open}\"{}\"{close}", node.step, entities(&label(node)));
    }

    fn open(&self, node: &Node, text: &mut String) {
        let _ = writeln!(text, "subgraph g{} [\"{}\"]", node.step, node.kind.name());
    }

    fn close(&self) -> &'static str {
        "end"
    }
}

struct Dot;

impl Language for Dot {
    fn node(&self, node: &Node, text: &mut String) {
        let shape = match node.kind {
            Kind::Input | Kind::Output => "oval",
            _ if node.kind.job().is_some() => "box",
            Kind::Map | Kind::Filter => "plaintext",
            _ => "hexagon",
        };
        let _ = writeln!(text, "n{} [label=\"{}\", shape={shape}];", node.step, quoted(&label(node)));
    }

    fn open(&self, node: &Node, text: &mut String) {
        let _ = writeln!(text, "subgraph cluster_{} {{ label=\"{}\";", node.step, node.kind.name());
    }

    fn close(&self) -> &'static str {
        "}"
    }
}

/// A text between quotes: of DOT, and of a title in YAML.
fn quoted(text: &str) -> String {
    escaped(text, |letter, safe| match letter {
        '"' | '\\' => safe.extend(['\\', letter]),
        letter => safe.push(letter),
    })
}

/// A text between quotes of Mermaid, which knows no escape but entities.
fn entities(text: &str) -> String {
    escaped(text, |letter, safe| match letter {
        '"' | '#' | '&' | '<' | '>' | '`' | ';' => {
            let _ = write!(safe, "#{};", u32::from(letter));
        }
        letter => safe.push(letter),
    })
}

fn escaped(text: &str, escape: impl Fn(char, &mut String)) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        escape(if letter.is_control() { ' ' } else { letter }, &mut safe);
    }
    safe
}
