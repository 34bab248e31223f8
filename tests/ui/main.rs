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

/// Lines of a screen: what is longer is not read.
const SCREEN: usize = 60;

#[test]
fn every_message_fits_on_a_screen() -> std::io::Result<()> {
    let mut read = 0;
    for room in std::fs::read_dir("ui/fail")? {
        for file in std::fs::read_dir(room?.path())? {
            let path = file?.path();
            if path.extension().is_some_and(|extension| extension == "stderr") {
                let lines = std::fs::read_to_string(&path)?.lines().count();
                assert!(lines <= SCREEN, "{}: {lines} lines", path.display());
                read += 1;
            }
        }
    }
    assert!(read > 200, "only {read} messages");
    Ok(())
}
