//! What the compiler refuses, with its messages, and what it accepts without a warning.
//!
//! A refused program is named after its mistake. `TRYBUILD=overwrite cargo test --test ui` writes the messages anew;
//! read each one before it is kept. They are the words of the compiler in `rust-toolchain.toml`.

#[test]
fn mistakes_are_refused_with_a_message() {
    trybuild::TestCases::new().compile_fail("ui/fail/*/*.rs");
}

#[test]
fn right_programs_are_accepted() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/*/*.rs");
    cases.pass("ui/warnings/*.rs");
}
