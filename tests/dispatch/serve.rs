//! `job-orch serve`, as a process.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::http::Client;

/// The modes that outlive their process.
pub(crate) const DURABLE: [&str; 3] = ["JsonFile", "CachedJsonFile", "Sqlite"];
/// All of them.
pub(crate) const MODES: [&str; 4] = ["InMemory", "JsonFile", "CachedJsonFile", "Sqlite"];

/// A dispatcher in a directory of its own.
pub(crate) struct Served {
    directory: TempDir,
    arguments: Vec<String>,
    pub(crate) port: u16,
    // It is started where it was before.
    stays: bool,
    child: Option<Child>,
}

impl Served {
    pub(crate) fn new(mode: &str) -> Self {
        Self::with(&["--mode", mode, "--allow-local-callbacks"])
    }

    pub(crate) fn with(arguments: &[&str]) -> Self {
        let mut served = Self::idle(arguments);
        served.start();
        served
    }

    /// One that has yet to be started.
    pub(crate) fn idle(arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        Self { directory: TempDir::new().unwrap(), arguments, port: 0, stays: false, child: None }
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory().join(name)
    }

    /// A command on a port that is free, or on its own.
    pub(crate) fn command(&mut self) -> Command {
        if !self.stays {
            self.port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_job-orch"));
        command.args(["serve", "--port", &self.port.to_string(), "--dir"]).arg(self.directory.path());
        command.args(&self.arguments).stderr(Stdio::null());
        command
    }

    pub(crate) fn start(&mut self) {
        self.start_with(|_| {});
    }

    /// On the port that it had before.
    pub(crate) fn start_there(&mut self) {
        self.stays = true;
        self.start();
        self.stays = false;
    }

    pub(crate) fn start_with(&mut self, adjust: impl FnOnce(&mut Command)) {
        let mut command = self.command();
        adjust(&mut command);
        self.child = Some(command.spawn().unwrap());
        self.wait_until_up();
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    fn wait_until_up(&self) {
        let begun = Instant::now();
        while Client::new(self.port).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(30), "it does not answer");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Ends it as a person does.
    pub(crate) fn interrupt(&mut self) {
        let mut child = self.child.take().unwrap();
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        assert!(child.wait().unwrap().success());
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.port).unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
