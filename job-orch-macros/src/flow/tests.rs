//! What `#[flow]` expands to, and what it says.

use quote::quote;

use super::flow;
use crate::expected::{assert_expands_to, sentences};

#[test]
fn a_flow() {
    let args = quote! { name = "stats/v2", at_once = 8, retry(max = 3), timeout = "1h" };
    let item = quote! {
        /// Counts the words of a directory.
        pub fn stats(dirs: Wire<PathBuf, StatsError>) -> Wire<Report, StatsError> {
            dirs.to(Walk).each(|file| file.to(Count)).to(Sum)
        }
    };
    assert_expands_to("flow", flow(args, item));
}

#[test]
fn all_mistakes_are_reported_together() {
    let args = quote! { at_onse = 3, at_once = 0 };
    let item = quote! { async fn stats<T>(dirs: Wire<T>, more: Wire<T>) {} };
    assert_eq!(
        sentences(flow(args, item)),
        [
            "`at_onse` is not an option of `#[flow]`: did you mean `at_once`?",
            "`at_once` is a whole number from 1 to 4096",
            "a flow is wired at once, and its jobs wait: remove `async`",
            "a flow that is a job is one flow: write the types these parameters stand for",
            "a flow takes one wire: carry both values on it, as a tuple",
            "a flow returns the wire that carries its output: write `-> Wire<T, E>`",
        ]
    );
}

#[test]
fn only_a_function_is_a_flow() {
    let text = "`#[flow]` belongs on a `fn` from wire to wire, and this is none";
    assert_eq!(sentences(flow(quote! {}, quote! { struct Stats; })), [text]);
}
