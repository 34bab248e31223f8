//! How large things are, in pixels.

use super::super::graph::{Kind, Node};

/// From one block to the next: room for an arrow.
pub(super) const GAP: i32 = 30;
/// From one branch to the next.
pub(super) const ASIDE: i32 = 36;
/// Around what lies in a part.
pub(super) const PADDING: i32 = 18;
/// Around everything.
pub(super) const MARGIN: i32 = 20;
/// One letter of the fixed-width font, which is at most 0.61 of its size.
pub(super) const LETTER: i32 = 8;
/// One line of text.
pub(super) const LINE: i32 = 17;

/// The most letters of one line.
const MOST_LETTERS: i32 = 40;

/// How large a block is. Its axis is at half its width.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) width: i32,
    pub(super) height: i32,
}

/// How many letters wide a text is. Rather too many: letters of East Asia and pictures take two.
pub(super) fn letters(text: &str) -> i32 {
    text.chars().map(wide).sum()
}

fn wide(letter: char) -> i32 {
    if u32::from(letter) < 0x1100 { 1 } else { 2 }
}

/// The beginning of a text that is too long for one line.
pub(super) fn shortened(text: &str) -> String {
    if letters(text) <= MOST_LETTERS {
        return text.to_owned();
    }
    let mut room = MOST_LETTERS - 2;
    let mut short: String = text
        .chars()
        .take_while(|letter| {
            room -= wide(*letter);
            room >= 0
        })
        .collect();
    short.push('…');
    short
}

/// What is written in a node: its name, and below how far it is and what becomes of failures.
pub(super) fn lines(node: &Node) -> Vec<String> {
    let count = node.count.map(|count| format!("{}/{}", count.done, count.total));
    let failures = match node.kind {
        Kind::Attempt(_) => Some("failures handled".to_owned()),
        Kind::DeadLetter(_) => Some("failures \u{2192} dead letters".to_owned()),
        _ => None,
    };
    [Some(shortened(node.kind.name())), count, failures].into_iter().flatten().collect()
}

pub(super) fn node(node: &Node) -> Size {
    let lines = lines(node);
    let letters = lines.iter().map(|line| letters(line)).max().unwrap_or(0);
    let padding = match node.kind {
        Kind::Fork | Kind::Join => 2,
        _ if node.kind.job().is_some() => 18,
        Kind::Input | Kind::Output => 14,
        _ => 6,
    };
    let count = i32::try_from(lines.len()).unwrap_or(1);
    Size { width: (letters * LETTER + 28).max(56), height: count * LINE + padding }
}

/// The name of a way, written on its line.
pub(super) fn way(label: &str) -> Size {
    Size { width: letters(&shortened(label)) * LETTER + 12, height: LINE + 4 }
}
