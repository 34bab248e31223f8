//! The HTTP interface: one file for each part of it.

mod answer;
mod page;
mod register;
mod submit;

use axum::Router;
use axum::routing::{get, post};

use super::Dispatcher;

/// What every handler knows.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) dispatcher: Dispatcher,
    pub(super) port: u16,
}

/// The whole interface.
pub(super) fn router(dispatcher: &Dispatcher, port: u16) -> Router {
    let site = Site { dispatcher: dispatcher.clone(), port };
    Router::new()
        .route("/submit-job", post(submit::submit))
        .route("/register-worker", post(register::register))
        .route("/public/config.json", get(page::config))
        .fallback(answer::nothing_here)
        .method_not_allowed_fallback(answer::not_so)
        .with_state(site)
}
