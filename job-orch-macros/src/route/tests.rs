//! What `#[derive(Route)]` expands to, and what it says.

use quote::quote;

use super::route;
use crate::expected::{assert_expands_to, sentences};

#[test]
fn an_enum() {
    let item = quote! {
        pub enum Shape {
            Circle(Circle),
            RightTriangle(f64, f64),
            Type,
        }
    };
    assert_expands_to("route", route(item));
}

#[test]
fn all_mistakes_are_reported_together() {
    let item = quote! {
        enum Shape<T> { Circle { radius: T }, Point }
    };
    assert_eq!(
        sentences(route(item)),
        [
            "a route is one type: write the types these parameters stand for",
            "a wire carries one value: put these into a struct, and write `Circle(…)` with it",
        ]
    );
}

#[test]
fn a_struct_is_not_routed() {
    assert_eq!(sentences(route(quote! { struct Shape; })), ["a value is routed by its variant: write an `enum`"]);
    let text = "an enum without variants has no value to route: add a variant";
    assert_eq!(sentences(route(quote! { enum Never {} })), [text]);
}
