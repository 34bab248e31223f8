//! [`RequestId`]: by which a request is found in logs, ours and others'.

use axum::response::Response;
use hyper::Request;
use hyper::header::{HeaderName, HeaderValue};

use crate::id::JobId;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST: usize = 64;

/// The id that came with a request, if it is one; else a new one.
#[derive(Debug)]
pub(super) struct RequestId(HeaderValue);

impl RequestId {
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        let given = request.headers().get(HEADER).filter(|value| is_plain(value.as_bytes())).cloned();
        // The text of a UUID is a value.
        Self(
            given.or_else(|| JobId::new().to_string().try_into().ok()).unwrap_or_else(|| HeaderValue::from_static("-")),
        )
    }

    /// What everything that is said meanwhile belongs to.
    pub(super) fn span<B>(&self, request: &Request<B>) -> tracing::Span {
        let (id, method, path) = (self.0.to_str().unwrap_or_default(), request.method().as_str(), request.uri().path());
        // The path is the client's; debugged, it stays one line.
        tracing::debug_span!(target: "job_orch", "request", request.id = id, http.method = method, http.path = ?path)
    }

    pub(super) fn mark(self, response: &mut Response) {
        response.headers_mut().insert(HEADER, self.0);
    }
}

/// Nothing that could be taken for anything else in a log.
fn is_plain(id: &[u8]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    (1..=LONGEST).contains(&id.len()) && id.iter().all(is_plain)
}
