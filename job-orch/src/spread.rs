//! What a busy task has woken, other threads may run.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Has any idle thread run what this thread has woken last, because whoever runs here goes on.
///
/// A task that is woken from a thread of the runtime lies in that thread's slot, from which no other thread can take it
/// (tokio 1.54). The next task that is scheduled pushes it out, into the queue that all threads share.
pub(crate) fn spread() {
    if has_other_threads() {
        drop(tokio::spawn(async {}));
    }
}

/// Whether this runs on a runtime whose threads take each other's tasks.
pub(crate) fn has_other_threads() -> bool {
    Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread)
}
