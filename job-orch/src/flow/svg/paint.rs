//! The picture as text.

use std::fmt::Write as _;

use super::super::graph::{Kind, Node};
use super::place::{Line, Picture, Rect};
use super::size::{LINE, MARGIN, lines, shortened};

/// How round corners are.
const ROUND: i32 = 8;

const STYLE: &str = "
.back{fill:#fff}text{font:13px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#1f2328;text-anchor:middle}
text.title{font-size:14px;font-weight:bold;text-anchor:start}text.small{font-size:11px;fill:#57606a}
.line{fill:none;stroke:#656d76;stroke-width:1.5}.head{fill:#656d76}.late{stroke-dasharray:5 4}
.way{fill:#fff;stroke:#8250df}.job{fill:#eaf2ff;stroke:#2f6fd6}.end{fill:#e6f6ea;stroke:#1a7f37}
.attempt{fill:#eaf2ff;stroke:#2f6fd6;stroke-dasharray:5 3}.dead{fill:#fff0ee;stroke:#cf222e}text.dead{fill:#b31d28;stroke:none}
.function{fill:#f6f8fa;stroke:#afb8c1}.bar{fill:#424a53}text.bar{fill:#fff}.turn{fill:#f3ebff;stroke:#8250df}
.tab{stroke-width:0}.frame{fill-opacity:.06}.each{fill:#0b7285;stroke:#0b7285}.batch{fill:#5b3fc4;stroke:#5b3fc4}
.retry{fill:#9a5b00;stroke:#9a5b00}text.tab{fill:#fff}.share{fill:#fff;stroke:#656d76;stroke-dasharray:5 4}
.todo{fill:#c9d5e8}.done{fill:#2f6fd6}
@media(prefers-color-scheme:dark){.back,.way,.share{fill:#0d1117}text{fill:#e6edf3}text.small{fill:#9aa4af}
.line{stroke:#8b949e}.head{fill:#8b949e}.job,.attempt{fill:#13233d;stroke:#58a6ff}.end{fill:#10291a;stroke:#3fb950}
.dead{fill:#32161a;stroke:#f85149}text.dead{fill:#ff8a80}.function{fill:#1b2028;stroke:#57606a}.bar{fill:#aab4be}
text.bar{fill:#0d1117}.way{stroke:#a371f7}.turn{fill:#261a3d;stroke:#a371f7}.frame{fill-opacity:.14}
.todo{fill:#2b3a52}.done{fill:#58a6ff}}
";

/// Writes everything.
pub(super) fn paint(flow: &str, picture: &Picture<'_>) -> String {
    let (width, height) = (picture.size.width, picture.size.height);
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">"#
    );
    let _ = writeln!(svg, "\n<title>{}</title>\n<style>{STYLE}</style>", escaped(flow));
    let _ = writeln!(svg, r#"<rect class="back" width="{width}" height="{height}" rx="{ROUND}"/>"#);
    let title = escaped(&shortened(flow));
    let _ = writeln!(svg, r#"<text class="title" x="{MARGIN}" y="{}">{title}</text>"#, MARGIN + LINE - 4);
    for (rect, kind) in &picture.frames {
        boxed(&mut svg, *rect, &format!("frame {}", tint(kind)), ROUND);
    }
    picture.lines.iter().for_each(|line| self::line(&mut svg, line));
    for (rect, label) in &picture.ways {
        boxed(&mut svg, *rect, "way", rect.height / 2);
        text(&mut svg, *rect, &[shortened(label)], "");
    }
    picture.nodes.iter().for_each(|(rect, node)| self::node(&mut svg, *rect, node));
    svg.push_str("</svg>\n");
    svg
}

fn node(svg: &mut String, rect: Rect, node: &Node) {
    let name = node.kind.name();
    let _ = write!(svg, "<g><title>{}</title>", escaped(name));
    let class = match node.kind {
        Kind::Input | Kind::Output => "end",
        Kind::To(_) => "job",
        Kind::Attempt(_) => "attempt",
        Kind::DeadLetter(_) => "dead",
        Kind::Map | Kind::Filter => "function",
        Kind::Fork | Kind::Join => "bar",
        Kind::Route | Kind::Merge => "turn",
        Kind::Share | Kind::With => "share",
        Kind::Each | Kind::Collect | Kind::Batch | Kind::Scatter | Kind::Retry | Kind::Settled => "tab",
    };
    match node.kind {
        Kind::Route | Kind::Merge => hexagon(svg, rect),
        _ if class == "tab" => boxed(svg, rect, &format!("tab {}", tint(&node.kind)), rect.height / 2),
        _ if class == "job" || class == "attempt" || class == "dead" => boxed(svg, rect, class, ROUND),
        _ => boxed(svg, rect, class, if class == "bar" { 4 } else { rect.height / 2 }),
    }
    if let Some(count) = node.count {
        let (x, y, width) = (rect.x + ROUND, rect.y + rect.height - 7, rect.width - 2 * ROUND);
        let share = u128::from(count.done.min(count.total)) * u128::from(width.unsigned_abs());
        let done = share.checked_div(u128::from(count.total)).unwrap_or(0);
        let _ = write!(svg, r#"<rect class="todo" x="{x}" y="{y}" width="{width}" height="3"/>"#);
        let _ = write!(svg, r#"<rect class="done" x="{x}" y="{y}" width="{done}" height="3"/>"#);
    }
    text(svg, rect, &lines(node), class);
    svg.push_str("</g>\n");
}

/// The colour of a part and of its tabs.
const fn tint(kind: &Kind) -> &'static str {
    match kind {
        Kind::Batch | Kind::Scatter => "batch",
        Kind::Retry | Kind::Settled => "retry",
        _ => "each",
    }
}

fn boxed(svg: &mut String, Rect { x, y, width, height }: Rect, class: &str, round: i32) {
    let _ = writeln!(svg, r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}" rx="{round}"/>"#);
}

fn hexagon(svg: &mut String, Rect { x, y, width, height }: Rect) {
    let (half, tip) = (height / 2, 10);
    let (inner, flat) = (x + tip, width - 2 * tip);
    let _ = writeln!(
        svg,
        r#"<path class="turn" d="M{x} {}L{inner} {y}h{flat}l{tip} {half}l-{tip} {half}h-{flat}Z"/>"#,
        y + half
    );
}

/// Lines of text in the middle; the first is the name.
fn text(svg: &mut String, rect: Rect, lines: &[String], class: &str) {
    let (x, middle) = rect.middle();
    let count = i32::try_from(lines.len()).unwrap_or(0);
    let mut y = middle - (count - 1) * LINE / 2 + 4;
    for (at, line) in lines.iter().enumerate() {
        let class = match (at, class) {
            (0, "tab" | "bar") => class,
            (0, _) => "",
            (_, "dead") if at + 1 == lines.len() => "small dead",
            _ => "small",
        };
        let _ = write!(svg, r#"<text class="{class}" x="{x}" y="{y}">{}</text>"#, escaped(line));
        y += LINE;
    }
}

/// A line with round corners, and a head at its end.
fn line(svg: &mut String, line: &Line) {
    let mut points = line.points.clone();
    points.dedup();
    let class = if line.is_late { "line late" } else { "line" };
    let Some(((x, y), rest)) = points.split_first() else { return };
    let _ = write!(svg, r#"<path class="{class}" d="M{x} {y}"#);
    let mut from = (*x, *y);
    for (at, corner) in rest.iter().enumerate() {
        match rest.get(at + 1) {
            Some(to) => {
                let (before, after) = (towards(*corner, from), towards(*corner, *to));
                let _ = write!(svg, "L{} {}Q{} {} {} {}", before.0, before.1, corner.0, corner.1, after.0, after.1);
            }
            None => drop(write!(svg, "L{} {}", corner.0, corner.1)),
        }
        from = *corner;
    }
    svg.push_str("\"/>\n");
    if let ([.., before, end], true) = (&points[..], line.has_head) {
        head(svg, *before, *end);
    }
}

/// A little way from a corner towards another point.
fn towards(corner: (i32, i32), to: (i32, i32)) -> (i32, i32) {
    let step = |from: i32, to: i32| from + ((to - from) / 2).clamp(-ROUND, ROUND);
    (step(corner.0, to.0), step(corner.1, to.1))
}

fn head(svg: &mut String, before: (i32, i32), (x, y): (i32, i32)) {
    let (right, down) = ((x - before.0).signum(), (y - before.1).signum());
    let (back, side) = (8, 4);
    let (a, b) = (x - right * back, y - down * back);
    let _ = writeln!(
        svg,
        r#"<path class="head" d="M{x} {y}L{} {}L{} {}Z"/>"#,
        a - down * side,
        b + right * side,
        a + down * side,
        b - right * side
    );
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            // XML has no way to write these.
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            letter if letter.is_control() => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe
}
