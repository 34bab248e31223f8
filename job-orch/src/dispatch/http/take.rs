//! `POST /take-job`: for workers that cannot be called back.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use hyper::{StatusCode, Uri};
use serde_json::json;

use super::answer::Refusal;
use super::operation::Operation;
use super::{Site, answer, register, wait};
use crate::dispatch::server::Handover;

pub(super) fn operation() -> Operation {
    Operation::post("/take-job", take)
        .summary("Takes the first job, for a worker that cannot be called back")
        .waits()
        .answer(200, "the job", Some(json!({"Job": {"id": "…", "data": "…", "submitted_at": "…"}})))
        .answer(204, "none came in that time", None)
}

async fn take(State(site): State<Site>, handover: Option<Extension<Handover>>, uri: Uri) -> Result<Response, Refusal> {
    let until = wait::until(&uri)?;
    Ok(match site.dispatcher.take_job(until).await {
        Ok(Some(job)) => register::give(&site, job, None, handover),
        Ok(None) => {
            let mut response = Response::default();
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
        Err(error) => answer::line(&error),
    })
}
