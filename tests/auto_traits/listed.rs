//! The table is complete: every public type of the crate stands in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What only expansions can name.
const HIDDEN: &[&str] = &[
    "Answers",
    "Binding",
    "Branch",
    "ByValue",
    "HostedFlow",
    "Lane",
    "Many",
    "Returns",
    "Routing",
    "Served",
    "Shape",
    "Unwired",
    "Way",
    "Wiring",
];

/// The names behind `pub struct` and `pub enum` in the files of a folder.
fn gather(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("the sources are beside the tests") {
        let path = entry.expect("a file").path();
        if path.is_dir() {
            gather(&path, names);
            continue;
        }
        for line in fs::read_to_string(&path).expect("a text").lines() {
            let line = line.trim_start();
            let Some(rest) = line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum ")) else {
                continue;
            };
            let name: String = rest.chars().take_while(|letter| letter.is_alphanumeric()).collect();
            names.insert(name);
        }
    }
}

/// The words of a type: `Cons`, `Own` and `Nil` of `Cons<Own<Alone>, Nil>`.
fn words(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty())
}

#[test]
fn every_public_type_stands_in_the_table() {
    let mut names = BTreeSet::new();
    gather(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../job-orch/src"), &mut names);
    assert!(names.len() > 50, "only {names:?} were found");
    let mut listed: BTreeSet<&str> = crate::TYPES.iter().copied().flat_map(words).collect();
    // It stands there under the name that tells it from the marker trait.
    listed.insert("Send");
    let missing: Vec<_> =
        names.iter().filter(|name| !listed.contains(name.as_str()) && !HIDDEN.contains(&name.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?} are public; give each a line in the table");
}
