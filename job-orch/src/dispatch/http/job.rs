//! `/jobs/{id}`: what has become of a job, and its result.

use axum::body::Body;
use axum::extract::{FromRequestParts, Path, State};
use axum::response::Response;
use bytes::Bytes;
use hyper::header::HeaderMap;
use hyper::http::request::Parts;
use hyper::{StatusCode, Uri};
use serde_json::json;

use super::answer::Refusal;
use super::bearer::bearer;
use super::operation::Operation;
use super::{Site, answer, submit, wait};
use crate::dispatch::history::NotTaken;
use crate::dispatch::item::one_value;
use crate::dispatch::state::State as Became;
use crate::dispatch::token::Token;
use crate::id::JobId;

pub(super) fn operations() -> [Operation; 3] {
    let state = json!({"id": "…", "state": "Queued", "position": 1});
    [
        Operation::get("/jobs/{id}", show)
            .summary("What has become of a job")
            .answer(200, "its state: Queued, Offered, Assigned or Done", Some(state.clone()))
            .answer(404, "no such job is known any more", Some(json!({"Error": "NotFound"}))),
        Operation::get("/jobs/{id}/result", result)
            .summary("The result of a job")
            .waits()
            .answer(200, "the result, as the worker sent it", Some(json!("…")))
            .answer(202, "there is none yet; its state", Some(state))
            .answer(404, "no such job is known any more", Some(json!({"Error": "NotFound"}))),
        Operation::post("/jobs/{id}/result", post)
            .open()
            .summary("A worker's result")
            .header("Authorization", "`Bearer` and the `Job-Token` that came with the job")
            .body("any JSON")
            .answer(200, "it is kept", Some(json!("Done")))
            .answer(
                401,
                "the token is not that of the worker that was given the job last",
                Some(json!({"Error": "Token"})),
            )
            .answer(409, "there is a result already, or the job is back in line", Some(json!({"Error": "Ended"})))
            .answer(503, "it could not be stored", Some(json!({"Error": "NotStored"}))),
    ]
}

async fn show(State(site): State<Site>, Id(id): Id) -> Result<Response, Refusal> {
    let state = site.dispatcher.state(id).ok_or(UNKNOWN)?;
    Ok(answer::json(StatusCode::OK, state.to_json()))
}

async fn result(State(site): State<Site>, Id(id): Id, uri: Uri) -> Result<Response, Refusal> {
    let until = wait::until(&uri)?;
    let (inner, mut is_over) = (&site.dispatcher.0, false);
    loop {
        // Before it looks: a result that comes from here on wakes it.
        let mut waiting = inner.history.wait_for(id);
        let state = site.dispatcher.state(id).ok_or(UNKNOWN)?;
        if matches!(state.became, Became::Done(_)) {
            let end = inner.history.find(id).and_then(|past| past.end).ok_or(UNKNOWN)?;
            return Ok(answer::json(StatusCode::OK, end.result));
        }
        if is_over {
            return Ok(answer::json(StatusCode::ACCEPTED, state.to_json()));
        }
        is_over = tokio::select! {
            () = waiting.come() => false,
            () = tokio::time::sleep_until(until) => true,
            () = inner.ending.cancelled() => true,
        };
    }
}

async fn post(
    State(site): State<Site>,
    id: Result<Id, Refusal>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let (Ok(Id(id)), Some(token)) = (id, bearer(&headers).and_then(Token::read)) else {
        return Err(NO_TOKEN);
    };
    let body = submit::read(&site, body).await?;
    let value = one_value(&body).map_err(|_| Refusal(StatusCode::BAD_REQUEST, "NotJson"))?;
    let inner = &site.dispatcher.0;
    if inner.jobs.is_waiting(id) {
        return Err(BACK);
    }
    let ended = inner.history.end(id, &token, Bytes::copy_from_slice(value.as_bytes())).await;
    ended.map_err(|error| match error {
        NotTaken::Unknown => UNKNOWN,
        NotTaken::Token => NO_TOKEN,
        NotTaken::Ended => Refusal(StatusCode::CONFLICT, "Ended"),
        NotTaken::Back => BACK,
        NotTaken::NotStored => Refusal(StatusCode::SERVICE_UNAVAILABLE, "NotStored"),
    })?;
    inner.counts.results.add();
    Ok(answer::json(StatusCode::OK, r#""Done""#))
}

pub(super) const UNKNOWN: Refusal = Refusal(StatusCode::NOT_FOUND, "NotFound");
const BACK: Refusal = Refusal(StatusCode::CONFLICT, "Back");
const NO_TOKEN: Refusal = Refusal(StatusCode::UNAUTHORIZED, "Token");

/// The id of a job, in a path. What is none is that of no job.
#[derive(Clone, Copy, Debug)]
pub(super) struct Id(pub(super) JobId);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        // Not even every path is a text.
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.ok().and_then(|Path(id)| id.parse().ok()).map(Self).ok_or(UNKNOWN)
    }
}
