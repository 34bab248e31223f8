//! Answers: JSON, and refusals that say what was wrong.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};

use crate::dispatch::error::LineError;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// An answer whose body is this JSON.
pub(super) fn json(status: StatusCode, body: impl Into<Bytes>) -> Response {
    body_of(status, Body::from(body.into()))
}

/// An answer whose body yields JSON.
pub(super) fn body_of(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// A refusal, by its name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal(pub(super) StatusCode, pub(super) &'static str);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        error(self.0, self.1)
    }
}

/// A refusal, by its name.
pub(super) fn error(status: StatusCode, name: &str) -> Response {
    json(status, format!(r#"{{"Error":"{name}"}}"#))
}

/// A line that is full, or cannot be stored.
pub(super) fn line(refusal: &LineError) -> Response {
    let name = match refusal {
        LineError::Full { .. } | LineError::TooManyBytes { .. } => "Full",
        LineError::Store { .. } => "NotStored",
    };
    let mut response = error(StatusCode::SERVICE_UNAVAILABLE, name);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

pub(super) async fn nothing_here() -> Response {
    error(StatusCode::NOT_FOUND, "NotFound")
}

pub(super) async fn not_so() -> Response {
    error(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed")
}
