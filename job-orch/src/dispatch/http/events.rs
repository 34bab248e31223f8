//! `GET /jobs/{id}/events`: the states of a job, as they come.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http_body::Frame;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Site;
use super::answer::Refusal;
use super::job::{Id, UNKNOWN};
use super::operation::Operation;
use crate::dispatch::Dispatcher;
use crate::dispatch::state::{JobState, State as Became};
use crate::id::JobId;

/// A line that moves is not told about more often.
const PACE: Duration = Duration::from_millis(50);

/// So often at least something is sent: what stands between may cut off a silent connection.
const PULSE: Duration = Duration::from_secs(15);

pub(super) fn operation() -> Operation {
    Operation::get("/jobs/{id}/events", events)
        .summary("The states of a job as they come, as server-sent events; the last one is Done")
        .answer(200, "`text/event-stream`; each event is a state as of `/jobs/{id}`", None)
        .answer(404, "no such job is known any more", None)
}

async fn events(State(site): State<Site>, Id(id): Id) -> Result<Response, Refusal> {
    site.dispatcher.state(id).ok_or(UNKNOWN)?;
    // One that is not read is not made.
    let (sender, receiver) = mpsc::channel(1);
    site.dispatcher.0.tasks.spawn(tell(site.dispatcher.clone(), id, sender));
    let mut response = Response::new(Body::new(Events(receiver)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Sends each new state, until the last one or until nobody listens.
async fn tell(dispatcher: Dispatcher, id: JobId, events: mpsc::Sender<Bytes>) {
    let mut changes = dispatcher.changes();
    let mut last: Option<JobState> = None;
    while let Some(state) = dispatcher.state(id) {
        let text = if last == Some(state) { ":\n\n".to_owned() } else { format!("data: {}\n\n", state.to_json()) };
        last = Some(state);
        if events.send(Bytes::from(text)).await.is_err() || matches!(state.became, Became::Done(_)) {
            return;
        }
        let pulse = Instant::now() + PULSE;
        loop {
            let has_changed = tokio::select! {
                has_changed = changes.changed(pulse, &dispatcher) => has_changed,
                () = events.closed() => return,
            };
            if dispatcher.0.ending.is_cancelled() {
                return;
            }
            // A change of the line is often not one of this job.
            if !has_changed || dispatcher.state(id) != last {
                break;
            }
            tokio::time::sleep(PACE).await;
        }
    }
}

/// A body of events.
struct Events(mpsc::Receiver<Bytes>);

impl http_body::Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|event| event.map(|event| Ok(Frame::data(event))))
    }
}
