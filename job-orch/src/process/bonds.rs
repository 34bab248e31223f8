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
    /// Kills all whom they hold.
    pub(super) fn kill(&self) {
        if let Some(cgroup) = &self.cgroup {
            cgroup.kill();
        }
        if let Some(mark) = &self.mark {
            mark.kill();
        }
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
