//! `GET /openapi.json`

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use hyper::StatusCode;
use serde_json::{Map, json};

use super::operation::Operation;
use super::{Site, answer};

/// What the way is called in which a client shows that it knows the token of the dispatcher.
pub(super) const SCHEME: &str = "access";

pub(super) fn operation() -> Operation {
    Operation::get("/openapi.json", openapi).open().summary("This description").answer(200, "OpenAPI 3.1", None)
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
    let schemes = json!({SCHEME: {"type": "http", "scheme": "bearer"}});
    let components = json!({"securitySchemes": schemes});
    Bytes::from(json!({"openapi": "3.1.0", "info": info, "paths": paths, "components": components}).to_string())
}
