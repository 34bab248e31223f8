//! Peers that link another `SQLite` than job-orch does: programs of their own, built and run beside this one.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::folder;

/// A program under `peers/`, which is built when it is first asked for. Its own dependencies are of exact versions; there is no
/// lock file, which is another one for each registry.
#[derive(Debug)]
pub struct Peer {
    name: &'static str,
    program: Option<PathBuf>,
}

impl Peer {
    /// The program of this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, program: None }
    }

    /// Thousand jobs a second that it takes in (`enqueue`) or works off (`drain`).
    pub fn rate(&mut self, what: &str) -> f64 {
        let name = self.name;
        let program = self.program.get_or_insert_with(|| build(name));
        let folder = folder();
        let output = Command::new(program).arg(folder.path()).arg(what).output().expect("the peer runs");
        assert!(output.status.success(), "{name} fails: {}", String::from_utf8_lossy(&output.stderr));
        let rate: f64 = String::from_utf8_lossy(&output.stdout).trim().parse().expect("it prints a figure");
        rate / 1e3
    }
}

fn build(name: &str) -> PathBuf {
    let own = env::current_exe().expect("the program has a path");
    let target = own.parent().expect("in a folder").join("peers");
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(name).join("Cargo.toml");
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--quiet", "--release", "--manifest-path"])
        .arg(manifest)
        .env("CARGO_TARGET_DIR", &target)
        .env_remove("RUSTFLAGS")
        .status()
        .expect("cargo runs");
    assert!(status.success(), "`{name}` compiles");
    target.join("release").join(format!("job-orch-peer-{name}"))
}
