//! The example as a program.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;

use crate::tree::Folder;
use crate::wc::rule;

/// The example, built as cargo builds it.
pub(crate) fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let built = Command::new(env!("CARGO"))
            .args(["build", "-q", "--example", "codestats", "--message-format=json"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let messages = serde_json::Deserializer::from_slice(&built.stdout).into_iter::<Value>().map(Result::unwrap);
        let executable = messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).last();
        executable.expect("cargo names the executable")
    })
}

pub(crate) fn codestats<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Output {
    Command::new(binary()).args(["--words", rule()]).args(args).output().unwrap()
}

/// The object it prints, and its exit status.
pub(crate) fn json(flags: &[&str], directory: &Path) -> (Value, Option<i32>) {
    let output = codestats(flags.iter().map(OsStr::new).chain([OsStr::new("--json"), directory.as_os_str()]));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    (serde_json::from_slice(&output.stdout).unwrap(), output.status.code())
}

/// Runs the example as somebody whom permissions stop: root becomes nobody. `None` where that is forbidden.
pub(crate) fn unprivileged(folder: &Folder, args: &[&OsStr]) -> Option<Output> {
    // In a place of its own, for nobody need not see the folder that cargo builds in.
    let copy = folder.0.join("codestats");
    fs::copy(binary(), &copy).unwrap();
    let mut command = Command::new(copy);
    command.args(args).current_dir(&folder.0);
    if fs::metadata(&folder.0).unwrap().uid() == 0 {
        const NOBODY: u32 = 65_534;
        command.gid(NOBODY).uid(NOBODY);
    }
    match command.output() {
        Ok(output) => Some(output),
        Err(error) => {
            eprintln!("skipped: root cannot become somebody else here: {error}");
            None
        }
    }
}
