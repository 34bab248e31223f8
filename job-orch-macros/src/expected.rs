//! Expected expansions: what the unit tests compare with.
//!
//! `JOB_ORCH_EXPECT=overwrite cargo test -p job-orch-macros` writes the files of `tests/expand` anew.

#![expect(clippy::expect_used, reason = "a test ends where it cannot go on")]

use std::fs;
use std::path::Path;

use proc_macro2::TokenStream;

/// Compares an expansion with `tests/expand/<name>.rs`. The file is formatted, so that a difference can be read.
pub(crate) fn assert_expands_to(name: &str, expansion: TokenStream) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expand").join(name).with_extension("rs");
    let found = formatted(expansion);
    if std::env::var("JOB_ORCH_EXPECT").is_ok_and(|wish| wish == "overwrite") {
        fs::write(&file, &found).expect("the expectation is written");
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    assert!(found == expected, "`{}` expects:\n{expected}\nand the expansion is:\n{found}", file.display());
}

/// The sentences of an expansion that is refused, in the order they are reported.
pub(crate) fn sentences(expansion: TokenStream) -> Vec<String> {
    let mut sentences = Vec::new();
    let file = syn::parse2::<syn::File>(expansion).expect("an expansion is Rust");
    for item in file.items {
        if let syn::Item::Macro(item) = item {
            let text = item.mac.parse_body::<syn::LitStr>().expect("`compile_error!` has a text");
            sentences.push(text.value());
        }
    }
    sentences
}

fn formatted(expansion: TokenStream) -> String {
    prettyplease::unparse(&syn::parse2(expansion).expect("an expansion is Rust"))
}
