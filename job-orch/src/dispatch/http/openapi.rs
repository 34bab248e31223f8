//! `GET /openapi.json`

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use hyper::StatusCode;
use serde_json::{Map, json};

use super::operation::Operation;
use super::{Site, answer};

pub(super) fn operation() -> Operation {
    Operation::get("/openapi.json", openapi).summary("This description").answer(200, "OpenAPI 3.1", None)
}

async fn openapi(State(site): State<Site>) -> Response {
    answer::json(StatusCode::OK, site.description.clone())
}

/// The description of these operations.
pub(super) fn describe(operations: &[Operation]) -> Bytes {
    let mut paths = Map::new();
    operations.iter().for_each(|operation| operation.describe(&mut paths));
    let info = json!({
        "title": "job-orch dispatcher",
        "version": env!("CARGO_PKG_VERSION"),
        "license": {"name": "MIT OR Apache-2.0"},
    });
    Bytes::from(json!({"openapi": "3.1.0", "info": info, "paths": paths}).to_string())
}
