//! The HTTP interface: one file for each part of it.

mod admission;
mod answer;
mod bearer;
mod events;
mod job;
mod metrics;
mod openapi;
mod operation;
mod origin;
mod page;
mod register;
mod submit;
mod take;
mod wait;

use axum::Router;
use bytes::Bytes;

pub(super) use origin::is_foreign;

use super::Dispatcher;
use operation::Operation;

/// What every handler knows.
#[derive(Clone, Debug)]
pub(super) struct Site {
    dispatcher: Dispatcher,
    port: u16,
    description: Bytes,
}

/// The whole interface.
pub(super) fn router(dispatcher: &Dispatcher, port: u16) -> Router {
    let mut operations = vec![submit::operation(), register::operation(), take::operation(), events::operation()];
    operations.extend(job::operations());
    operations.extend(metrics::operations());
    operations.extend(page::operations());
    operations.push(openapi::operation());
    if let Some(token) = &dispatcher.0.access {
        operations = operations.into_iter().map(|operation| operation.guard(token)).collect();
    }
    let site = Site { dispatcher: dispatcher.clone(), port, description: openapi::describe(&operations) };
    let add = |router: Router<Site>, Operation { path, route, .. }| router.route(path, route);
    operations
        .into_iter()
        .fold(Router::new(), add)
        .fallback(answer::nothing_here)
        .method_not_allowed_fallback(answer::not_so)
        .with_state(site)
}

/// Refuses a request that a page of another origin has made.
pub(super) fn forbidden() -> axum::response::Response {
    answer::error(hyper::StatusCode::FORBIDDEN, "Origin")
}
