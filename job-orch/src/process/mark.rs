//! [`Mark`]: a variable in the environment of a process, by which all that it has started is found, wherever it went.
//!
//! It takes the place of a control group where none can be had, and finds who was off before the process was put into one. Who
//! has left the group and the session of a process, and has lost its parent, has its environment still, unless it has put
//! that off too.

use std::process::Command;

use crate::id::JobId;

/// The variable.
pub(super) const NAME: &str = "JOB_ORCH_PROCESS";

/// What the variable of one process says.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    value: String,
    #[cfg(test)]
    looks: crate::sync::Arc<crate::sync::atomic::AtomicUsize>,
}

impl Mark {
    /// For a process that is about to be started.
    pub(super) fn put(id: JobId, command: &mut Command) -> Self {
        let value = id.to_string();
        command.env(NAME, &value);
        Self {
            value,
            #[cfg(test)]
            looks: crate::sync::Arc::default(),
        }
    }

    /// How often all processes of the machine were looked at.
    #[cfg(test)]
    pub(super) fn looks(&self) -> usize {
        self.looks.load(crate::sync::atomic::Ordering::SeqCst)
    }

    pub(super) fn value(&self) -> &str {
        &self.value
    }

    /// Kills all who bear it, and whom they start meanwhile. Takes a look at each process of the machine, and waits.
    #[cfg(target_os = "linux")]
    pub(super) fn kill(&self) {
        const ROUNDS: u32 = 100;
        let variable = format!("{NAME}={}", self.value);
        for _ in 0..ROUNDS {
            #[cfg(test)]
            self.looks.fetch_add(1, crate::sync::atomic::Ordering::SeqCst);
            if !linux::kill(variable.as_bytes()) {
                return;
            }
            // What was killed takes a moment to be gone.
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        tracing::warn!(target: "job_orch", "processes come faster than they can be killed");
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn kill(&self) {}
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;

    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

    /// Kills all processes in whose environment this stands; whether there were any.
    pub(super) fn kill(variable: &[u8]) -> bool {
        let Ok(processes) = fs::read_dir("/proc") else { return false };
        let numbers = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let found = numbers.filter_map(Pid::from_raw).filter(|pid| bears(*pid, variable) && kill_one(*pid, variable));
        found.count() > 0
    }

    /// The dead have no environment.
    fn bears(pid: Pid, variable: &[u8]) -> bool {
        let environment = fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|found| found == variable)
    }

    fn kill_one(pid: Pid, variable: &[u8]) -> bool {
        let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else { return false };
        // From here on it is the same one, which may not be the one that was looked at before.
        bears(pid, variable) && pidfd_send_signal(&process, Signal::KILL).is_ok()
    }
}
