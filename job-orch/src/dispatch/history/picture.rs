//! [`Picture`]: what there is to say of a file that is written anew, in lines of the file.

use std::time::SystemTime;

use super::delivery::DeliveryId;
use super::record::{self, Dated, Ended, Named, Offered, Record};
use super::takes::{Take, TakeKey};
use super::{End, Past, To};
use crate::dispatch::item::Item;
use crate::dispatch::token::Token;
use crate::id::JobId;

/// What there is to say of a file that is written anew.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) jobs: Vec<(JobId, Past)>,
    pub(super) open: Vec<String>,
    pub(super) names: Vec<(TakeKey, JobId)>,
    // Jobs that have arrived, and may be asked for again.
    pub(super) takes: Vec<(TakeKey, Take)>,
}

pub(super) fn offered_line(
    delivery: DeliveryId,
    token: &Token,
    at: SystemTime,
    job: &Item,
    to: To<'_>,
    take: Option<&TakeKey>,
    left: bool,
) -> Result<String, serde_json::Error> {
    let (url, worker) = match to {
        To::Called(worker, url) => (Some(url), Some(worker)),
        To::Asking(url, _) => (url, None),
    };
    let (callback, take) = (url.map(|url| url.as_str().into()), take.map(|take| take.text().into()));
    let (delivery, token) = (delivery.to_string().into(), token.reveal().into());
    let (job, job_text) = record::sent(&job.json)?;
    let at = record::time(at);
    Record::Offered(Offered { delivery, token, at, callback, worker, take, left, job, job_text }).to_line()
}

pub(super) fn registered_line(worker: JobId, key: &TakeKey) -> Result<String, serde_json::Error> {
    Record::Registered(Named { take: key.text().into(), worker }).to_line()
}

pub(super) fn ended_line(job: JobId, end: &End) -> Result<String, serde_json::Error> {
    let (data, data_text) = record::sent(&end.result)?;
    Record::Result(Ended { job, at: record::time(end.at), data, data_text }).to_line()
}

impl Picture {
    pub(super) fn lines(self) -> impl Iterator<Item = String> {
        let past = self.jobs.into_iter().flat_map(|(job, Past { token, assigned, end, ending, is_lost })| {
            let past = Record::Past(Dated { job, token: token.reveal().into(), at: record::time(assigned) });
            // The line of one that is being synced is in the old file already, and only there.
            let end = end.or(ending).and_then(|end| ended_line(job, &end).ok());
            let lost = is_lost.then(|| Record::NotGiven(job).to_line().ok()).flatten();
            past.to_line().into_iter().chain(end).chain(lost)
        });
        let takes = self.takes.into_iter().flat_map(|(key, Take { job, delivery, token, at, .. })| {
            let offered = offered_line(delivery, &token, at, &job, To::Asking(None, None), Some(&key), false).ok();
            offered.into_iter().chain(Record::Given(job.id).to_line().ok())
        });
        let names = self.names.into_iter().filter_map(|(key, worker)| registered_line(worker, &key).ok());
        past.chain(takes).chain(names).chain(self.open)
    }
}
