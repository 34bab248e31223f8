//! Who knows the token of the dispatcher is admitted, where it has one.

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::MethodRouter;
use hyper::StatusCode;
use hyper::header::{HeaderValue, WWW_AUTHENTICATE};

use super::Site;
use super::answer::Refusal;
use super::bearer::bearer;
use crate::dispatch::AccessToken;

/// Refuses who does not bring the token, before anything else is looked at.
pub(super) fn guard(route: MethodRouter<Site>, token: &AccessToken) -> MethodRouter<Site> {
    route.layer(from_fn_with_state(token.clone(), admit))
}

async fn admit(State(token): State<AccessToken>, request: Request, next: Next) -> Response {
    if bearer(request.headers()).is_some_and(|brought| token.is(brought)) {
        return next.run(request).await;
    }
    let mut refused = Refusal(StatusCode::UNAUTHORIZED, "Token").into_response();
    refused.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    refused
}
