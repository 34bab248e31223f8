//! `/jobs/{id}`: what has become of a job, and its result.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use hyper::header::{AUTHORIZATION, HeaderMap, WWW_AUTHENTICATE};
use hyper::{StatusCode, Uri, header::HeaderValue};
use serde_json::json;

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
            .summary("A worker's result")
            .header("Authorization", "`Bearer` and the `Job-Token` that came with the job")
            .body("any JSON")
            .answer(200, "it is kept", Some(json!("Done")))
            .answer(
                401,
                "the token is not that of the worker that was given the job last",
                Some(json!({"Error": "Token"})),
            )
            .answer(409, "there is a result already, or the job is back in line", Some(json!({"Error": "Ended"}))),
    ]
}

async fn show(State(site): State<Site>, Path(id): Path<String>) -> Response {
    match find(&site, &id) {
        Ok((_, state)) => answer::json(StatusCode::OK, state.to_json()),
        Err(refusal) => refusal,
    }
}

async fn result(State(site): State<Site>, Path(id): Path<String>, uri: Uri) -> Response {
    let until = match wait::until(&uri) {
        Ok(until) => until,
        Err(refusal) => return refusal,
    };
    // Subscribed first: what happens from here on wakes it.
    let mut changes = site.dispatcher.changes();
    loop {
        let (id, state) = match find(&site, &id) {
            Ok(found) => found,
            Err(refusal) => return refusal,
        };
        if matches!(state.became, Became::Done(_)) {
            let end = site.dispatcher.0.history.find(id).and_then(|past| past.end);
            return end.map_or_else(no_such_job, |end| answer::json(StatusCode::OK, end.result));
        }
        if !changes.changed(until, &site.dispatcher).await {
            return answer::json(StatusCode::ACCEPTED, state.to_json());
        }
    }
}

async fn post(State(site): State<Site>, Path(id): Path<String>, headers: HeaderMap, body: Body) -> Response {
    let (Some(id), Some(token)) = (id.parse().ok(), token(&headers)) else { return unauthorized() };
    let body = match submit::read(&site, body).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let Ok(value) = one_value(&body) else { return answer::error(StatusCode::BAD_REQUEST, "NotJson") };
    let is_back = site.dispatcher.0.jobs.is_waiting(id);
    if is_back {
        return answer::error(StatusCode::CONFLICT, "Back");
    }
    match site.dispatcher.0.history.end(id, &token, bytes::Bytes::copy_from_slice(value.as_bytes())) {
        Ok(()) => {
            site.dispatcher.0.counts.results.add();
            answer::json(StatusCode::OK, r#""Done""#)
        }
        Err(NotTaken::Unknown) => no_such_job(),
        Err(NotTaken::Token) => unauthorized(),
        Err(NotTaken::Ended) => answer::error(StatusCode::CONFLICT, "Ended"),
    }
}

fn token(headers: &HeaderMap) -> Option<Token> {
    Token::read(headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?)
}

fn unauthorized() -> Response {
    let mut response = answer::error(StatusCode::UNAUTHORIZED, "Token");
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

fn no_such_job() -> Response {
    answer::error(StatusCode::NOT_FOUND, "NotFound")
}

/// A job by the text of its id.
pub(super) fn find(site: &Site, id: &str) -> Result<(JobId, crate::dispatch::state::JobState), Response> {
    let id: JobId = id.parse().map_err(|_| no_such_job())?;
    let state = site.dispatcher.state(id).ok_or_else(no_such_job)?;
    Ok((id, state))
}
