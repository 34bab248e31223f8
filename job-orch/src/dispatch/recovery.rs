//! Jobs that were on their way when the last process ended.
//!
//! A worker was about to be sent a job, and nobody has noted what came of it: it has the job, or not. It alone knows, so it
//! is sent the same job again, with the same `Job-Delivery`. If it says yes, it has the job now, once, however often it was
//! sent. If it does not, the job stands in its line again. One that has sent a result is not asked: it had the job.
//!
//! A worker of `/take-job` cannot be asked. If it has named its request, and the name is remembered, the job is its own: it
//! asks for the same again. If it has not, the job stands in its line again. So it is with a worker that was answered when it
//! registered.
//!
//! A job that has left the file of its line stands in the history alone. It is noted as lost when the file has it again, and
//! waits for that as long as its line is opened in another mode.

use std::path::Path;

use tokio::task::JoinSet;

use super::callback::{Caller, Targets};
use super::error::OpenError;
use super::history::{History, Lost, Unclear};
use super::item::Item;
use super::line::{Given, Holder};
use super::options::Mode;
use crate::sync::Arc;

/// Who can be asked, and where it is noted.
#[derive(Debug)]
pub(super) struct Recovery<'a> {
    pub(super) history: &'a Arc<History>,
    pub(super) caller: &'a Arc<Caller>,
    pub(super) targets: Targets,
    pub(super) directory: &'a Path,
    pub(super) jobs: Mode,
}

impl Recovery<'_> {
    /// Asks all who may have a job. To be called before the lines are opened: they find noted what was given. Returns who is
    /// to stand in the file of its line again, in order.
    pub(super) async fn ask(&self, mut unclear: Vec<Unclear>) -> Result<Vec<(Item, Lost)>, OpenError> {
        unclear.retain(|unclear| !unclear.has_left || self.jobs.is_file());
        let mut back = Vec::new();
        if unclear.is_empty() {
            return Ok(back);
        }
        let (jobs, workers) = (self.given("jobs")?, self.given("workers")?);
        let mut asked = JoinSet::new();
        for unclear in unclear {
            // Killed while it was being noted.
            let is_known = jobs.iter().any(|jobs| jobs.has(unclear.job.id));
            let (caller, history, targets) = (Arc::clone(self.caller), Arc::clone(self.history), self.targets);
            // Who has named its request asks for the same again, if it has not got it.
            let has_shown = unclear.has_ended || unclear.take.is_some() && unclear.worker.is_none();
            asked.spawn(async move {
                let is_given = is_known || has_shown || has_it(&caller, &history, targets, &unclear).await;
                (unclear, is_given)
            });
        }
        while let Some(answered) = asked.join_next().await {
            let Ok((unclear, is_given)) = answered else { continue };
            let id = unclear.job.id;
            tracing::info!(target: "job_orch", { job.id = %id, is_given }, "a worker was asked whether it has a job");
            if let Some(worker) = unclear.worker {
                workers.iter().for_each(|workers| workers.note(worker));
            }
            let delivery = self.history.resume(&unclear);
            let lost = if is_given { None } else { delivery.lose() };
            match lost {
                Some(lost) if unclear.has_left => back.push((unclear.job, lost)),
                Some(lost) => lost.note(),
                None => {
                    jobs.iter().for_each(|jobs| jobs.note(id));
                    delivery.given();
                }
            }
        }
        back.sort_unstable_by_key(|(job, _)| job.id);
        Ok(back)
    }

    /// Where is noted what has left a line, for all that may hold it, whichever mode comes next.
    fn given(&self, name: &str) -> Result<Vec<Arc<Given>>, OpenError> {
        let is_there = |holder: &Holder| holder.paths(self.directory, name)[0].exists();
        let open = |holder| Given::open(self.directory, name, holder).map(|(given, _)| given);
        [Holder::File, Holder::Store].into_iter().filter(is_there).map(open).collect()
    }
}

/// Sends a worker the job again.
async fn has_it(caller: &Caller, history: &Arc<History>, targets: Targets, unclear: &Unclear) -> bool {
    let Some(url) = unclear.callback.as_ref().filter(|url| targets.check(url).is_ok()) else { return false };
    let called = caller.call(url, &unclear.job, &history.resume(unclear)).await;
    if let Err(error) = &called {
        let (host, reason) = (url.host_str().unwrap_or_default(), error as &dyn std::error::Error);
        tracing::warn!(target: "job_orch", { job.id = %unclear.job.id, worker.host = host, reason }, "it may have it twice");
    }
    called.is_ok()
}
