//! Notices that the runtime of the workers is gone: callers live in other runtimes and threads too.

use std::future::pending;

use tokio::task::AbortHandle;

use super::running::Running;
use crate::sync::{Arc, Weak};

/// Watches over the runtime while this lives.
pub(super) struct Lookout(AbortHandle);

/// Dropped with the task that holds it, and so with the runtime.
struct Gone(Weak<Running>);

impl Lookout {
    /// Watches over this runtime, which runs the workers.
    pub(super) fn over(running: &Arc<Running>) -> Self {
        let gone = Gone(Arc::downgrade(running));
        let task = tokio::spawn(async move {
            let _gone = gone;
            pending::<()>().await;
        });
        Self(task.abort_handle())
    }
}

impl Drop for Lookout {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Drop for Gone {
    fn drop(&mut self) {
        if let Some(running) = self.0.upgrade() {
            running.lose_runtime();
        }
    }
}
