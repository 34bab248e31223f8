//! `GET /metrics` and `GET /healthz`

use std::fmt::Write as _;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use serde_json::json;

use super::operation::Operation;
use super::{Site, answer};

pub(super) fn operations() -> [Operation; 2] {
    [
        Operation::get("/metrics", metrics).summary("Figures for Prometheus").answer(200, "its text format", None),
        Operation::get("/healthz", health)
            .open()
            .summary("Whether it does what it is there for")
            .answer(200, "yes", Some(json!({"status": "Up", "jobs": 0, "workers": 0})))
            .answer(503, "a line cannot be stored", Some(json!({"status": "Down", "jobs": 0, "workers": 0}))),
    ]
}

async fn metrics(State(site): State<Site>) -> Response {
    let (inner, mut text) = (&site.dispatcher.0, String::new());
    let counts = &inner.counts;
    for (name, help, value) in [
        ("jobs_assigned_total", "Jobs that a worker took when they were submitted.", &counts.assigned),
        ("jobs_queued_total", "Jobs that were put in line.", &counts.queued),
        ("jobs_given_total", "Jobs out of the line that a worker was given.", &counts.given),
        ("workers_registered_total", "Workers that were put in line.", &counts.workers),
        ("callbacks_taken_total", "Calls that a worker answered with a yes.", &counts.calls_taken),
        ("callbacks_failed_total", "Calls that a worker did not answer with a yes.", &counts.calls_failed),
        ("results_total", "Results that workers sent.", &counts.results),
        ("requests_total", "HTTP requests.", &counts.requests),
        ("connections_refused_total", "Connections beyond the limits.", &counts.refused),
    ] {
        figure(&mut text, name, "counter", help, value.get());
    }
    for (name, help, line) in
        [("jobs_waiting", "Jobs in line.", &inner.jobs), ("workers_waiting", "Workers in line.", &inner.workers)]
    {
        figure(&mut text, name, "gauge", help, line.waiting() as u64);
    }
    figure(&mut text, "takers_waiting", "gauge", "Workers that wait for a job they take.", counts.takers.get());
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4"));
    response
}

fn figure(text: &mut String, name: &str, kind: &str, help: &str, value: u64) {
    let name = format!("job_orch_dispatch_{name}");
    // Writing to a text does not fail.
    let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
}

async fn health(State(site): State<Site>) -> Response {
    let (jobs, workers) = (&site.dispatcher.0.jobs, &site.dispatcher.0.workers);
    let is_well = jobs.is_well() && workers.is_well();
    let (status, word) = if is_well { (StatusCode::OK, "Up") } else { (StatusCode::SERVICE_UNAVAILABLE, "Down") };
    answer::json(status, json!({"status": word, "jobs": jobs.waiting(), "workers": workers.waiting()}).to_string())
}
