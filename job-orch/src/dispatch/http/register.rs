//! `POST /register-worker`

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;
use url::Url;

use super::answer::Refusal;
use super::operation::Operation;
use super::{Site, answer, take};
use crate::dispatch::callback::{envelope, mark};
use crate::dispatch::matching::{RegisterError, Registered};
use crate::dispatch::parcel::Parcel;
use crate::dispatch::server::{Handed, Handover};

/// Where the worker is called back; in an answer, that it will be.
const CALLBACK: HeaderName = HeaderName::from_static("cpee-callback");

pub(super) fn operation() -> Operation {
    let job = json!({"Job": {"id": "…", "data": "…", "submitted_at": "…"}});
    Operation::post("/register-worker", register)
        .summary("Registers a worker for one job")
        .header("CPEE-CALLBACK", "the URL to which a later job is sent by PUT")
        .may_have(
            "Job-Take",
            "a new name for each registration; by the same name it stands in line once, and gets one job",
        )
        .answer(
            200,
            "a job that waited; `Job-Token` and `Job-Result` are for its result, `Job-Delivery` tells a repetition",
            Some(job),
        )
        .answer(202, "none waits: the first one that comes is sent to the URL", Some(json!("Queued")))
        .answer(
            400,
            "the URL is Missing, NotAString or NotAUrl, or the name is NotAName",
            Some(json!({"Error": "Missing"})),
        )
        .answer(403, "the URL may not be called", Some(json!({"Error": "Forbidden"})))
        .answer(503, "too many wait, or it could not be stored", Some(json!({"Error": "Full"})))
}

/// Takes a worker, and gives it a job if one waits.
async fn register(
    State(site): State<Site>,
    handover: Option<Extension<Handover>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let (callback, key) = (callback(&headers)?, take::key(&headers)?);
    let registered = match key {
        Some(key) => site.dispatcher.register_named(callback, key).await,
        None => site.dispatcher.register_worker(&callback, None).await,
    };
    Ok(match registered {
        Ok(Registered::Job(parcel)) => give(&site, parcel, handover),
        Ok(Registered::Again(take)) => take::repeat(&take),
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
    })
}

/// Gives a job in an answer.
pub(super) fn give(site: &Site, parcel: Parcel, handover: Option<Extension<Handover>>) -> Response {
    site.dispatcher.0.counts.given.add();
    let mut response = answer::body_of(StatusCode::OK, Body::empty());
    mark(response.headers_mut(), parcel.job().id, parcel.delivery().id(), parcel.delivery().token());
    let handover = handover.map(|Extension(handover)| handover);
    *response.body_mut() = Body::new(Handed::new(envelope(parcel.job()), parcel, handover));
    response
}

fn callback(headers: &HeaderMap) -> Result<Url, Refusal> {
    let refusal = |name| Refusal(StatusCode::BAD_REQUEST, name);
    let value = headers.get(CALLBACK).ok_or(refusal("Missing"))?;
    let text = value.to_str().map_err(|_| refusal("NotAString"))?;
    Url::parse(text).map_err(|_| refusal("NotAUrl"))
}
