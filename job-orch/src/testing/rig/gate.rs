//! The gate at which requests stand before they are received.

use std::collections::BTreeMap;

use tokio::sync::watch;

/// Lets requests through: all, or so many of each job.
#[derive(Debug)]
pub(in crate::testing) struct Gate(watch::Sender<Way>);

#[derive(Debug, Default)]
struct Way {
    is_open: bool,
    passes: BTreeMap<&'static str, u32>,
}

impl Way {
    fn admits(&self, job: &str) -> bool {
        self.is_open || self.passes.contains_key(job)
    }
}

impl Gate {
    pub(super) fn open() -> Self {
        Self(watch::Sender::new(Way { is_open: true, ..Way::default() }))
    }

    pub(super) fn shut() -> Self {
        Self(watch::Sender::new(Way::default()))
    }

    /// Lets all requests through, or none from now on.
    pub(in crate::testing) fn set_open(&self, is_open: bool) {
        self.0.send_modify(|way| way.is_open = is_open);
    }

    pub(super) fn open_for_good(&self) {
        self.set_open(true);
    }

    /// Lets one more request of this job through.
    pub(in crate::testing) fn admit(&self, job: &'static str) {
        self.0.send_modify(|way| *way.passes.entry(job).or_default() += 1);
    }

    /// Waits until a request of the job may pass, or, if `admits` is false, until none may any more.
    pub(super) async fn until(&self, job: &str, admits: bool) {
        // It is ours, so it is not closed.
        let _ = self.0.subscribe().wait_for(|way| way.admits(job) == admits).await;
    }

    /// Whether a request of the job may pass; it then does.
    pub(super) fn pass(&self, job: &'static str) -> bool {
        let mut passes = false;
        self.0.send_if_modified(|way| {
            passes = way.admits(job);
            let Some(left) = way.passes.get_mut(job).filter(|_| !way.is_open) else { return false };
            *left -= 1;
            if *left == 0 {
                way.passes.remove(job);
            }
            true
        });
        passes
    }
}
