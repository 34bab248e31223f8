//! Holds the example `codestats` against the real `wc` in the C locale.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in a test, both are failures")]

mod program;
mod store;
mod tree;
mod wc;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use program::{binary, codestats, json, unprivileged};
use serde_json::Value;
use tree::{Dice, Folder, tree};
use wc::{numbers, wc};

#[test]
fn counts_what_wc_counts() {
    for seed in 1..=12 {
        let folder = Folder::new();
        let files = tree(&folder, &mut Dice(0x9e37_79b9_7f4a_7c15 ^ seed));
        let (report, status) = json(&[], &folder.0);

        let all: Vec<PathBuf> = files.values().flatten().cloned().collect();
        assert_eq!(status, Some(0), "seed {seed}: {report}");
        assert_eq!(report["files"], all.len(), "seed {seed}");
        assert_eq!(numbers(&report), wc(&all), "seed {seed}");
        assert_eq!(report["extensions"].as_object().unwrap().len(), files.len(), "seed {seed}");
        for (extension, files) in files {
            let tally = &report["extensions"][extension];
            assert_eq!(tally["files"], files.len(), "seed {seed}, {extension:?}");
            assert_eq!(numbers(tally), wc(&files), "seed {seed}, {extension:?}");
        }
        assert_eq!(report["unreadable"], Value::Array(Vec::new()), "seed {seed}");
    }
}

#[test]
fn counts_each_byte_between_others() {
    let folder = Folder::new();
    let mut files = Vec::new();
    for byte in 0..=u8::MAX {
        for (at, around) in
            [[b'a', b'b'], [b' ', b'b'], [b'a', b' '], [b' ', b' '], [0, 0], [0, b'b']].iter().enumerate()
        {
            files.push(folder.write(format!("{byte}.{at}"), [around[0], byte, around[1]]));
        }
    }
    let (report, _) = json(&["--workers", "3"], &folder.0);
    assert_eq!(numbers(&report), wc(&files));
}

#[test]
fn second_run_comes_from_the_cache() {
    let folder = Folder::new();
    tree(&folder, &mut Dice(99));
    let (once, _) = json(&[], &folder.0);
    let (twice, status) = json(&["--repeat", "2", "--workers", "2"], &folder.0);
    assert_eq!(status, Some(0));
    assert_eq!(once["cache"]["hits"], 0);
    assert_eq!(twice["cache"]["hits"], twice["files"]);
    assert_eq!(twice["cache"]["misses"], twice["files"]);
    assert_eq!(numbers(&twice), numbers(&once));
}

#[test]
fn directory_inside_another_is_counted_once() {
    let folder = Folder::new();
    folder.write("a.rs", "one\n");
    folder.write("inside/b.rs", "two\n");
    folder.write("target/c.rs", "three\n");
    let dots = folder.0.join("inside/../inside/.");
    let target = folder.0.join("target");
    let given = [OsStr::new("--json"), folder.0.as_os_str(), dots.as_os_str(), folder.0.as_os_str()];
    let report: Value = serde_json::from_slice(&codestats(given).stdout).unwrap();
    assert_eq!(report["files"], 2);
    // What is skipped elsewhere is counted where it is given.
    let given = [OsStr::new("--json"), folder.0.as_os_str(), target.as_os_str()];
    let report: Value = serde_json::from_slice(&codestats(given).stdout).unwrap();
    assert_eq!(report["files"], 3);
}

#[test]
fn missing_directory_is_reported_and_the_rest_counted() {
    let folder = Folder::new();
    folder.write("a.rs", "one two\n");
    let missing = folder.0.join("missing");
    let output = codestats([OsStr::new("--json"), missing.as_os_str(), folder.0.as_os_str()]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(numbers(&report), [1, 2, 8]);
    assert_eq!(report["unreadable"][0]["path"], missing.to_str().unwrap());
    assert!(report["unreadable"][0]["error"].as_str().unwrap().contains("No such file"), "{report}");
}

#[test]
fn unreadable_files_and_directories_are_reported_and_the_rest_counted() {
    let (program, folder) = (Folder::new(), Folder::new());
    folder.write("a.rs", "one two\n");
    let file = folder.write("sub/secret.rs", "three\n");
    let directory = folder.write("closed/b.rs", "four\n").parent().unwrap().to_owned();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o0)).unwrap();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o0)).unwrap();
    let flags = ["--json", "--repeat", "2"].map(OsStr::new);
    let Some(output) = unprivileged(&program, &[&flags[..], &[folder.0.as_os_str()]].concat()) else { return };
    let table = unprivileged(&program, &[folder.0.as_os_str()]).unwrap();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();

    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!((&report["files"], numbers(&report)), (&Value::from(1), [1, 2, 8]));
    let unreadable = report["unreadable"].as_array().unwrap();
    assert_eq!(unreadable.len(), 2, "{report}");
    for (entry, path) in unreadable.iter().zip([&directory, &file]) {
        assert_eq!(entry["path"], path.to_str().unwrap());
        assert!(entry["error"].as_str().unwrap().contains("Permission denied"), "{report}");
    }
    assert_eq!(table.status.code(), Some(1));
    let text = String::from_utf8(table.stdout).unwrap();
    assert!(text.contains("\n2 could not be read:\n") && text.contains("secret.rs\": Permission denied"), "{text}");
}

#[test]
fn wrong_command_lines_have_their_own_status() {
    let wrong: [&[&str]; 4] = [&["--wrong", "."], &["--workers", "0", "."], &["--repeat", "0", "."], &["--words", "x"]];
    for args in wrong {
        let output = Command::new(binary()).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{args:?}");
    }
    assert_eq!(codestats(["--help"]).status.code(), Some(0));
}

#[test]
fn without_a_directory_it_counts_the_working_one() {
    let folder = Folder::new();
    folder.write("a.rs", "1\n2\n");
    let output = Command::new(binary()).arg("--json").current_dir(&folder.0).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["files"], numbers(&report)), (&Value::from(1), [2, 2, 4]));
}

#[test]
fn table_is_sorted_by_lines_and_ends_with_the_total() {
    let folder = Folder::new();
    folder.write("a.rs", "1\n");
    folder.write("b.md", "1\n2\n3\n");
    folder.write("c", "1\n2\n");
    let output = codestats([&folder.0]);
    let text = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<&str> = text.lines().map_while(|line| line.split_whitespace().next()).collect();
    assert_eq!(rows, ["extension", "md", "(none)", "rs", "total"]);
    assert!(text.contains(", cache: 0 hits, 3 misses\n"), "{text}");
    // No bar where there is no terminal.
    assert_eq!(output.stderr, b"");
}

#[test]
fn reader_that_leaves_is_no_fault() {
    let folder = Folder::new();
    tree(&folder, &mut Dice(7));
    for flags in [&["--json"][..], &[]] {
        let mut command = Command::new(binary());
        let mut child =
            command.args(flags).arg(&folder.0).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr)), (Some(0), "".into()));
    }
}
