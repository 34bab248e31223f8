//! [`Record`]: one line of the file that the history outlives its process in.

use std::borrow::Cow;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use url::Url;

use super::Unclear;
use super::delivery::DeliveryId;
use super::takes::TakeKey;
use crate::dispatch::item::Item;
use crate::dispatch::token::Token;
use crate::id::JobId;

const BREAKS: [u8; 2] = [b'\n', b'\r'];

/// What has happened. A line of JSON.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Record<'a> {
    /// A job is about to be sent to a worker.
    #[serde(borrow)]
    Offered(Offered<'a>),
    /// A worker is about to stand in line, and has named its registration.
    #[serde(borrow)]
    Registered(Named<'a>),
    /// This job has arrived.
    Given(JobId),
    /// It has not.
    NotGiven(JobId),
    /// A worker was offered this job last, and has it or not. Stands for all of the above when the file is written anew.
    #[serde(borrow)]
    Past(Dated<'a>),
    /// The result of a job.
    #[serde(borrow)]
    Result(Ended<'a>),
}

/// A text that JSON has mostly not to escape.
pub(super) type Text<'a> = Cow<'a, str>;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Offered<'a> {
    #[serde(borrow)]
    pub(super) delivery: Text<'a>,
    #[serde(borrow)]
    pub(super) token: Text<'a>,
    #[serde(borrow)]
    pub(super) at: Text<'a>,
    /// Where the worker can be called.
    #[serde(borrow)]
    pub(super) callback: Option<Text<'a>>,
    /// Its place in the line of workers, if it stood there.
    pub(super) worker: Option<JobId>,
    /// How the worker named its request, if it did.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) take: Option<Text<'a>>,
    /// The job leaves the file of its line, and stands here until it has arrived or the file has it again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) left: bool,
    /// The job, as it is sent.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) job: Option<&'a RawValue>,
    /// The same, where it has several lines.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) job_text: Option<Text<'a>>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Named<'a> {
    #[serde(borrow)]
    pub(super) take: Text<'a>,
    pub(super) worker: JobId,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Dated<'a> {
    pub(super) job: JobId,
    #[serde(borrow)]
    pub(super) token: Text<'a>,
    #[serde(borrow)]
    pub(super) at: Text<'a>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Ended<'a> {
    pub(super) job: JobId,
    #[serde(borrow)]
    pub(super) at: Text<'a>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) data: Option<&'a RawValue>,
    /// The same, where it has several lines.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) data_text: Option<Text<'a>>,
}

impl Offered<'_> {
    /// What was on its way, and since when.
    pub(super) fn read(&self) -> Result<(Unclear, SystemTime), serde_json::Error> {
        let Self { delivery, token, at, callback, worker, take, left, job, job_text } = self;
        let callback = callback.as_ref().map(|url| Url::parse(url).map_err(serde::de::Error::custom)).transpose()?;
        let found = Unclear {
            delivery: read_delivery(delivery)?,
            token: read_token(token)?,
            job: Item::read_job(read_sent(*job, job_text.as_deref())?)?,
            callback,
            worker: *worker,
            take: take.as_ref().map(|take| read_take(take)).transpose()?,
            has_left: *left,
            has_ended: false,
        };
        Ok((found, read_time(at)?))
    }
}

/// A line of a file is not what was written there.
#[derive(Debug, thiserror::Error)]
#[error("{0} is no {1}")]
struct Strange(String, &'static str);

impl Record<'_> {
    pub(super) fn to_line(&self) -> Result<String, serde_json::Error> {
        let mut line = serde_json::to_string(self)?;
        line.push('\n');
        Ok(line)
    }
}

/// JSON for a line, to be read byte for byte as it was sent: as it is, or, where it has several lines, as a text.
pub(super) fn sent(json: &[u8]) -> Result<(Option<&RawValue>, Option<Text<'_>>), serde_json::Error> {
    if json.iter().any(|byte| BREAKS.contains(byte)) {
        let text = std::str::from_utf8(json).map_err(serde::de::Error::custom)?;
        return Ok((None, Some(text.into())));
    }
    Ok((Some(serde_json::from_slice(json)?), None))
}

/// The JSON that stands in a line in either way.
pub(super) fn read_sent<'a>(
    json: Option<&'a RawValue>,
    text: Option<&'a str>,
) -> Result<&'a RawValue, serde_json::Error> {
    match (json, text) {
        (Some(json), _) => Ok(json),
        (None, text) => serde_json::from_str(text.unwrap_or_default()),
    }
}

/// A record, and its line as text.
pub(super) fn read_line(line: &[u8]) -> Result<(Record<'_>, &str), serde_json::Error> {
    let line = std::str::from_utf8(line).map_err(serde::de::Error::custom)?;
    Ok((serde_json::from_str(line)?, line))
}

/// What is wrong with the line after these. The place that it names is one in the line.
pub(super) fn in_line(before: &[u8], error: &serde_json::Error) -> serde_json::Error {
    let number = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    serde::de::Error::custom(format_args!("line {number}: {error}"))
}

pub(super) fn time(at: SystemTime) -> Text<'static> {
    humantime::format_rfc3339_millis(at).to_string().into()
}

pub(super) fn read_time(text: &str) -> Result<SystemTime, serde_json::Error> {
    humantime::parse_rfc3339(text).map_err(|_| strange(text, "time"))
}

pub(super) fn read_token(text: &str) -> Result<Token, serde_json::Error> {
    // A token is a secret, also one that is none.
    Token::read(text).ok_or_else(|| strange("…", "token"))
}

pub(super) fn read_take(text: &str) -> Result<TakeKey, serde_json::Error> {
    TakeKey::read(text).ok_or_else(|| strange(text, "name of a request"))
}

pub(super) fn read_delivery(text: &str) -> Result<DeliveryId, serde_json::Error> {
    DeliveryId::read(text).ok_or_else(|| strange(text, "delivery"))
}

fn strange(text: &str, what: &'static str) -> serde_json::Error {
    serde::de::Error::custom(Strange(text.to_owned(), what))
}
