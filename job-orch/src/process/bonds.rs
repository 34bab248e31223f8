//! [`Bonds`]: what holds the descendants of a process that have left its process group.

use super::cgroup::Cgroup;
use super::mark::Mark;

/// A control group where one can be had, and a mark; none of both, if descendants are not to be held.
#[derive(Debug, Default)]
pub(super) struct Bonds {
    pub(super) cgroup: Option<Cgroup>,
    pub(super) mark: Option<Mark>,
}

impl Bonds {
    /// Kills all who are in the control group.
    pub(super) fn kill(&self) {
        if let Some(cgroup) = &self.cgroup {
            cgroup.kill();
        }
    }

    /// Kills all who bear the mark. It looks at each process of the machine.
    pub(super) fn sweep(&self) {
        if let Some(mark) = &self.mark {
            mark.kill();
        }
    }

    /// Kills all who bear the mark, on a thread that may be held up. Says whether it has: it has not where the runtime ends.
    pub(super) async fn swept(&self) -> bool {
        let Some(mark) = self.mark.clone() else { return true };
        tokio::task::spawn_blocking(move || mark.kill()).await.is_ok()
    }

    /// Waits until all whom they held are gone.
    pub(super) async fn emptied(&self) {
        if let Some(cgroup) = &self.cgroup {
            cgroup.emptied().await;
        }
    }

    /// They hold nobody any more.
    pub(super) fn remove(&self) {
        if let Some(cgroup) = &self.cgroup {
            cgroup.remove();
        }
    }
}
