//! `JOB_ORCH_DEBUG=count cargo check` prints what the attributes make of `count`.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use syn::Ident;

/// Prints the expansion of the item `name`, if the environment asks for it.
pub(crate) fn print(name: &Ident, expansion: &TokenStream) {
    if std::env::var("JOB_ORCH_DEBUG").is_ok_and(|wanted| *name == wanted) {
        let mut text = String::new();
        write(expansion.clone(), 0, &mut text);
        eprintln!("// `{name}` expands to:\n{text}");
    }
}

/// Tokens as text: a line per statement, an indent per brace. Enough to read, and no formatter to compile.
fn write(tokens: TokenStream, depth: usize, text: &mut String) {
    for token in tokens {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                text.push('{');
                line(text, depth + 1);
                write(group.stream(), depth + 1, text);
                line(text, depth);
                text.push('}');
                line(text, depth);
            }
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    _ => ("", ""),
                };
                text.push_str(open);
                write(group.stream(), depth, text);
                text.truncate(text.trim_end_matches(' ').len());
                text.push_str(close);
                text.push(' ');
            }
            TokenTree::Punct(punct) => {
                text.push(punct.as_char());
                match (punct.as_char(), punct.spacing()) {
                    (';', _) => line(text, depth),
                    (_, Spacing::Alone) => text.push(' '),
                    (_, Spacing::Joint) => {}
                }
            }
            other => {
                text.push_str(&other.to_string());
                text.push(' ');
            }
        }
    }
}

fn line(text: &mut String, depth: usize) {
    text.truncate(text.trim_end_matches(' ').len());
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&"    ".repeat(depth));
}
