//! `POST /submit-job`

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::StatusCode;
use hyper::header::{HeaderValue, LOCATION};
use serde_json::json;

use super::answer::Refusal;
use super::operation::Operation;
use super::{Site, answer};
use crate::dispatch::Submitted;
use crate::dispatch::item::{Item, one_value};

pub(super) fn operation() -> Operation {
    Operation::post("/submit-job", submit)
        .summary("Submits a job")
        .body("any JSON")
        .answer(200, "a worker has it; `Location` says where it is", Some(json!("Assigned")))
        .answer(202, "it waits; `Location` says where it is", Some(json!({"Queued": {"position": 1}})))
        .answer(400, "the body is no JSON", Some(json!({"Error": "NotJson"})))
        .answer(413, "the body is too large", Some(json!({"Error": "TooLarge"})))
        .answer(503, "too many wait, or it could not be stored", Some(json!({"Error": "Full"})))
}

/// Takes a job, whatever JSON it is.
async fn submit(State(site): State<Site>, body: Body) -> Result<Response, Refusal> {
    let body = read(&site, body).await?;
    let job = match one_value(&body) {
        Ok(data) => Item::job(data),
        Err(error) => {
            tracing::debug!(target: "job_orch", %error, "a job that is no JSON");
            return Err(Refusal(StatusCode::BAD_REQUEST, "NotJson"));
        }
    };
    let (id, mut response) = match site.dispatcher.submit_item(job).await {
        Ok(Submitted::Assigned { id }) => (id, answer::json(StatusCode::OK, Bytes::from_static(br#""Assigned""#))),
        Ok(Submitted::Queued { id, position }) => {
            (id, answer::json(StatusCode::ACCEPTED, format!(r#"{{"Queued":{{"position":{position}}}}}"#)))
        }
        Err(error) => return Ok(answer::line(&error)),
    };
    if let Ok(place) = HeaderValue::try_from(format!("/jobs/{id}")) {
        response.headers_mut().insert(LOCATION, place);
    }
    Ok(response)
}

/// A body within its limits.
pub(super) async fn read(site: &Site, body: Body) -> Result<Bytes, Refusal> {
    let limits = &site.dispatcher.0.limits;
    let whole = Limited::new(body, limits.body).collect();
    match tokio::time::timeout(limits.request, whole).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal(StatusCode::PAYLOAD_TOO_LARGE, "TooLarge")),
        Ok(Err(_)) => Err(Refusal(StatusCode::BAD_REQUEST, "Cut")),
        Err(_) => Err(Refusal(StatusCode::REQUEST_TIMEOUT, "TooSlow")),
    }
}
