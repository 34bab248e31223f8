//! Calling workers back.

mod connect;
mod target;

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::Semaphore;
use url::Url;

pub(super) use target::Forbidden;
pub(super) use target::Targets;

use super::history::{Delivery, DeliveryId};
use super::item::Item;
use super::token::Token;
use crate::id::JobId;
use connect::Connector;

/// By which a worker proves later that it was given a job, and where it sends the result.
const TOKEN: HeaderName = HeaderName::from_static("job-token");
const RESULT: HeaderName = HeaderName::from_static("job-result");

/// The same whenever the same job is sent to the same worker again.
const DELIVERY: HeaderName = HeaderName::from_static("job-delivery");

/// Connections to one worker that are kept open.
const IDLE: usize = 4;

/// Calls workers back: at checked addresses only, a limited number at a time, and for a limited time.
#[derive(Debug)]
pub(super) struct Caller {
    client: Client<HttpsConnector<Connector>, Full<Bytes>>,
    permits: Semaphore,
    limit: Duration,
}

/// Why a worker did not take a job.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("its URL is none that can be called")]
    Url,
    #[error("it did not answer in {0:?}")]
    Late(Duration),
    #[error("it answered {0}")]
    Status(StatusCode),
    #[error("it could not be called")]
    Call(#[from] hyper_util::client::legacy::Error),
    #[error("the dispatcher ends")]
    Closed,
}

impl Caller {
    pub(super) fn new(targets: Targets, limit: Duration, at_once: usize) -> io::Result<Self> {
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(20))
            .pool_max_idle_per_host(IDLE)
            .retry_canceled_requests(true)
            .build(connect::encrypting(targets)?);
        Ok(Self { client, permits: Semaphore::new(at_once), limit })
    }

    /// Gives a job to a worker. Whatever is not a plain yes is a no: redirects are not followed.
    pub(super) async fn call(&self, url: &Url, job: &Item, delivery: &Delivery) -> Result<(), Refused> {
        let _permit = self.permits.acquire().await.map_err(|_| Refused::Closed)?;
        let uri: Uri = url.as_str().parse().map_err(|_| Refused::Url)?;
        let mut request = Request::new(Full::new(envelope(job)));
        *request.method_mut() = Method::PUT;
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        mark(headers, job.id, delivery.id(), delivery.token());
        let answer = tokio::time::timeout(self.limit, self.client.request(request)).await;
        let status = answer.map_err(|_| Refused::Late(self.limit))??.status();
        if status.is_success() { Ok(()) } else { Err(Refused::Status(status)) }
    }
}

/// Adds what a worker is told of a job beside the job itself.
pub(super) fn mark(headers: &mut HeaderMap, job: JobId, delivery: DeliveryId, token: &Token) {
    let result = format!("/jobs/{job}/result");
    for (name, value) in [(TOKEN, token.reveal()), (RESULT, result), (DELIVERY, delivery.to_string())] {
        // Ids are values of headers.
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
}

/// A job as a worker receives it.
pub(super) fn envelope(job: &Item) -> Bytes {
    let mut body = Vec::with_capacity(job.json.len() + 9);
    body.extend_from_slice(br#"{"Job":"#);
    body.extend_from_slice(&job.json);
    body.push(b'}');
    Bytes::from(body)
}
