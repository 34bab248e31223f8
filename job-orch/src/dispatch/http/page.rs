//! `/public`: what a browser shows.

use axum::extract::State;
use axum::response::Response;
use hyper::StatusCode;

use super::{Site, answer};

/// What the page needs to know.
pub(super) async fn config(State(site): State<Site>) -> Response {
    answer::json(StatusCode::OK, format!(r#"{{"server_port":{}}}"#, site.port))
}
