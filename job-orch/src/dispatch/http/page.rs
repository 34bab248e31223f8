//! `/public`: the page on which a customer orders a drink, embedded in the program.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::json;

use super::operation::Operation;
use super::{Site, answer};

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const PICTURE: &str = "image/svg+xml";

/// What a browser may do with what it gets here: nothing but what this server sent it for.
const GUARDS: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

pub(super) fn operations() -> [Operation; 7] {
    let file = |path, kind, text: &'static str| {
        Operation::get(path, move || async move { file(kind, text) }).open().answer(200, kind, None)
    };
    let page = include_str!("../public/index.html");
    [
        file("/public", HTML, page).summary("The page to order a drink: `?drink=…`, `name`, `logo`"),
        file("/public/", HTML, page).summary("The same"),
        file("/public/index.html", HTML, page).summary("The same"),
        file("/public/drink.js", SCRIPT, include_str!("../public/drink.js")).summary("Its script"),
        file("/public/drink.css", STYLE, include_str!("../public/drink.css")).summary("Its style"),
        file("/public/glass.svg", PICTURE, include_str!("../public/glass.svg")).summary("Its picture"),
        Operation::get("/public/config.json", config).open().summary("What the page needs to know").answer(
            200,
            "the port",
            Some(json!({"server_port": 2567})),
        ),
    ]
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(Bytes::from_static(text.as_bytes())));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    // It changes with the program.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    for (name, value) in GUARDS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

async fn config(State(site): State<Site>) -> Response {
    answer::json(StatusCode::OK, format!(r#"{{"server_port":{}}}"#, site.port))
}
