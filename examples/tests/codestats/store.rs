//! With a store: killed and started again, it ends with the numbers of `wc`, and a further start counts nothing.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::program::{binary, json};
use crate::tree::{Dice, Folder, tree};
use crate::wc::{numbers, rule, wc};

const FILES: usize = 2000;

/// A tree that takes a moment, with names that are no text too.
fn many(folder: &Folder) -> Vec<PathBuf> {
    let dice = &mut Dice(7);
    let mut files: Vec<PathBuf> = tree(folder, dice).into_values().flatten().collect();
    for number in 0..FILES {
        files.push(folder.write(format!("{}/{number}.txt", number % 50), "one two\n".repeat(number % 40)));
    }
    let odd: &OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"no \xFF text.txt");
    files.push(folder.write(odd, "one\n"));
    files
}

fn store(place: &Folder) -> String {
    place.0.join("counts.db").to_str().unwrap().to_owned()
}

/// Starts it, and kills it after this time, if it has not ended.
fn start_and_kill(store: &str, folder: &Path, after: Duration) {
    let mut command = Command::new(binary());
    command.args(["--words", rule(), "--store", store]).arg(folder).stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn killed_again_and_again_it_ends_with_the_numbers_of_wc() {
    let (folder, place) = (Folder::new(), Folder::new());
    let files = many(&folder);
    let store = store(&place);
    for round in 1..=6 {
        start_and_kill(&store, &folder.0, Duration::from_millis(40 * round));
    }
    let (report, status) = json(&["--store", &store], &folder.0);
    assert_eq!((status, numbers(&report)), (Some(0), wc(&files)), "{report}");
    assert_eq!(report["files"], files.len());
    assert!(report["cache"]["hits"].as_u64().unwrap() > 0, "it went on: {}", report["cache"]);

    let (again, status) = json(&["--store", &store], &folder.0);
    assert_eq!((status, numbers(&again)), (Some(0), wc(&files)));
    assert_eq!((&again["cache"]["hits"], &again["cache"]["misses"]), (&Value::from(files.len()), &Value::from(0)));
}

#[test]
fn what_has_changed_is_counted_anew() {
    let (folder, place) = (Folder::new(), Folder::new());
    let mut files = vec![folder.write("a.rs", "one two\n"), folder.write("b.rs", "three\n")];
    let store = store(&place);
    let (first, _) = json(&["--store", &store], &folder.0);
    assert_eq!(first["cache"]["misses"], 2);
    // As long as before.
    folder.write("a.rs", "one\ntwo\n");
    files.push(folder.write("c.rs", "four\n"));
    let (second, _) = json(&["--store", &store], &folder.0);
    assert_eq!(numbers(&second), wc(&files));
    assert_eq!((&second["cache"]["hits"], &second["cache"]["misses"]), (&Value::from(1), &Value::from(2)));
    // Another rule for words is another question.
    let other = if rule() == "any" { "printable" } else { "any" };
    let output = Command::new(binary()).args(["--json", "--words", other, "--store", &store]).arg(&folder.0).output();
    let third: Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
    assert_eq!(third["cache"]["misses"], 3);
}

#[test]
fn a_file_that_is_no_store_is_refused() {
    let folder = Folder::new();
    let file = folder.write("a.txt", "not a store, but a text that is long enough to look like a file\n".repeat(20));
    let output = Command::new(binary()).arg("--store").arg(&file).arg(&folder.0).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("is no store of job-orch"), "{told}");
}
