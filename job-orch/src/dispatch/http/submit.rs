//! `POST /submit-job`

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::StatusCode;

use super::{Site, answer};
use crate::dispatch::Submitted;
use crate::dispatch::item::{Item, one_value};

/// Takes a job, whatever JSON it is.
pub(super) async fn submit(State(site): State<Site>, body: Body) -> Response {
    let body = match read(&site, body).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let job = match one_value(&body) {
        Ok(data) => Item::job(data),
        Err(error) => {
            tracing::debug!(target: "job_orch", %error, "a job that is no JSON");
            return answer::error(StatusCode::BAD_REQUEST, "NotJson");
        }
    };
    match site.dispatcher.submit_item(job).await {
        Ok(Submitted::Assigned { .. }) => answer::json(StatusCode::OK, Bytes::from_static(br#""Assigned""#)),
        Ok(Submitted::Queued { position, .. }) => {
            answer::json(StatusCode::ACCEPTED, format!(r#"{{"Queued":{{"position":{position}}}}}"#))
        }
        Err(error) => answer::line(&error),
    }
}

/// A body within its limits.
pub(super) async fn read(site: &Site, body: Body) -> Result<Bytes, Response> {
    let limits = &site.dispatcher.0.limits;
    let whole = Limited::new(body, limits.body).collect();
    match tokio::time::timeout(limits.request, whole).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(answer::error(StatusCode::PAYLOAD_TOO_LARGE, "TooLarge"))
        }
        Ok(Err(_)) => Err(answer::error(StatusCode::BAD_REQUEST, "Cut")),
        Err(_) => Err(answer::error(StatusCode::REQUEST_TIMEOUT, "TooSlow")),
    }
}
