//! `POST /take-job`: for workers that cannot be called back.

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use hyper::header::{HeaderMap, HeaderName};
use hyper::{StatusCode, Uri};
use serde_json::json;

use super::answer::Refusal;
use super::operation::Operation;
use super::{Site, answer, register, wait};
use crate::dispatch::callback::{envelope, mark};
use crate::dispatch::history::{Take, TakeKey};
use crate::dispatch::server::Handover;
use crate::dispatch::taking::Taking;

/// How a worker names its request: the same when it asks again, because the answer was lost.
const TAKE: HeaderName = HeaderName::from_static("job-take");

pub(super) fn operation() -> Operation {
    let job = json!({"Job": {"id": "…", "data": "…", "submitted_at": "…"}});
    Operation::post("/take-job", take)
        .summary("Takes the first job, for a worker that cannot be called back")
        .waits()
        .may_have("Job-Take", "a new name for each job that is wanted; the same name gets the same job again")
        .answer(200, "the job", Some(job))
        .answer(204, "none came in that time", None)
        .answer(400, "the time is NotSeconds, or the name is NotAName", Some(json!({"Error": "NotAName"})))
        .answer(503, "it could not be stored", Some(json!({"Error": "NotStored"})))
}

async fn take(
    State(site): State<Site>,
    handover: Option<Extension<Handover>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let (until, key) = (wait::until(&uri)?, key(&headers)?);
    Ok(match site.dispatcher.take_job(until, key.as_ref()).await {
        Ok(Taking::Job(parcel)) => register::give(&site, parcel, handover),
        Ok(Taking::Again(take)) => repeat(&take),
        Ok(Taking::Nothing) => {
            let mut response = Response::default();
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
        Err(error) => answer::line(&error),
    })
}

pub(super) fn key(headers: &HeaderMap) -> Result<Option<TakeKey>, Refusal> {
    let Some(value) = headers.get(TAKE) else { return Ok(None) };
    let key = value.to_str().ok().and_then(TakeKey::read);
    key.map(Some).ok_or(Refusal(StatusCode::BAD_REQUEST, "NotAName"))
}

/// The same answer as before.
pub(super) fn repeat(Take { job, delivery, token, .. }: &Take) -> Response {
    let mut response = answer::body_of(StatusCode::OK, Body::from(envelope(job)));
    mark(response.headers_mut(), job.id, *delivery, token);
    response
}
