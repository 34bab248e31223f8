//! Other processes, which run this program: each runs one of its tests that is ignored otherwise.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

/// Where a process finds the folder of the test that started it.
const FOLDER: &str = "JOB_ORCH_SQLITE_FOLDER";

/// The folder of the test that started this process. None where somebody runs ignored tests by hand.
pub(crate) fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

/// What starts a process that runs this test. Its words stand before it: `sh -c …`.
pub(crate) fn command(words: &[&str], test: &str, folder: &Path) -> Command {
    let program = std::env::current_exe().unwrap();
    let mut command = match words {
        [] => Command::new(program),
        [shell, rest @ ..] => {
            let mut command = Command::new(shell);
            command.args(rest).arg(program);
            command
        }
    };
    command.args([test, "--exact", "--ignored", "--nocapture"]).env(FOLDER, folder);
    command
}

/// A process, which is killed when it is dropped.
pub(crate) struct Child(std::process::Child);

impl Child {
    /// Starts a process that runs this test, and that nobody listens to.
    pub(crate) fn start(test: &str, folder: &Path) -> Self {
        Self(command(&[], test, folder).stdout(Stdio::null()).spawn().unwrap())
    }

    /// Sends it a signal: `-STOP`.
    pub(crate) fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.0.id().to_string()]).status().unwrap().success());
    }

    /// How it has ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().unwrap()
    }

    /// Waits until it has ended.
    pub(crate) fn wait(mut self) -> ExitStatus {
        self.0.wait().unwrap()
    }

    /// Kills it by SIGKILL, and waits until it has gone.
    pub(crate) fn kill(self) {
        drop(self);
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
