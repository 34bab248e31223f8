//! The real `wc`, in the C locale.

use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// What `wc` says about these files: lines, words, bytes.
pub(crate) fn wc(files: &[PathBuf]) -> [u64; 3] {
    let mut names = Vec::new();
    // Twice nothing, so that there always is a total.
    for file in files.iter().map(PathBuf::as_path).chain([Path::new("/dev/null"); 2]) {
        names.extend_from_slice(file.as_os_str().as_bytes());
        names.push(0);
    }
    let output = piped(Command::new("wc").args(["-lwc", "--files0-from=-"]), names);
    let text = String::from_utf8_lossy(&output);
    let numbers: Vec<u64> =
        text.lines().last().unwrap().split_whitespace().take(3).map(|number| number.parse().unwrap()).collect();
    numbers.try_into().unwrap()
}

/// What a program prints for this input, in the C locale.
fn piped(command: &mut Command, input: Vec<u8>) -> Vec<u8> {
    let mut child =
        command.env("LC_ALL", "C").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("`wc` is installed");
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&input).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    output.stdout
}

/// What this machine's `wc` takes for a word: its releases differ, see `Words` in the example.
pub(crate) fn rule() -> &'static str {
    static RULE: OnceLock<&str> = OnceLock::new();
    RULE.get_or_init(|| match piped(Command::new("wc").arg("-w"), vec![1]).trim_ascii() {
        b"0" => "printable",
        _ => "any",
    })
}

pub(crate) fn numbers(tally: &Value) -> [u64; 3] {
    ["lines", "words", "bytes"].map(|key| tally[key].as_u64().unwrap())
}
