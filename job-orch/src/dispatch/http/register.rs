//! `POST /register-worker`

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::{Site, answer};
use crate::dispatch::callback::envelope;
use crate::dispatch::matching::{RegisterError, Registered};
use crate::dispatch::server::{Handed, Handover};

/// Where the worker is called back; in an answer, that it will be.
const CALLBACK: HeaderName = HeaderName::from_static("cpee-callback");

/// Takes a worker, and gives it a job if one waits.
pub(super) async fn register(
    State(site): State<Site>,
    handover: Option<Extension<Handover>>,
    headers: HeaderMap,
) -> Response {
    let callback = match callback(&headers) {
        Ok(callback) => callback,
        Err(name) => return answer::error(StatusCode::BAD_REQUEST, name),
    };
    match site.dispatcher.register_worker(&callback).await {
        Ok(Registered::Job(job)) => {
            let body = Handed::new(envelope(job.item()), job, handover.map(|Extension(handover)| handover));
            answer::body_of(StatusCode::OK, Body::new(body))
        }
        Ok(Registered::Queued) => {
            let mut response = answer::json(StatusCode::ACCEPTED, Bytes::from_static(br#""Queued""#));
            response.headers_mut().insert(CALLBACK, HeaderValue::from_static("true"));
            response
        }
        Err(RegisterError::Forbidden(reason)) => {
            tracing::info!(target: "job_orch", %reason, "a worker was not registered");
            answer::error(StatusCode::FORBIDDEN, "Forbidden")
        }
        Err(RegisterError::Line(error)) => answer::line(&error),
    }
}

fn callback(headers: &HeaderMap) -> Result<Url, &'static str> {
    let value = headers.get(CALLBACK).ok_or("Missing")?;
    let text = value.to_str().map_err(|_| "NotAString")?;
    Url::parse(text).map_err(|_| "NotAUrl")
}
