//! The server: connections, their limits, and their end.

mod handover;
mod peers;
mod request_id;
mod wire;

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_service::Service;
use tracing::Instrument as _;

pub(super) use handover::{Handed, Handover};
use peers::{Peers, Seat};
use request_id::RequestId;
use wire::Wire;

use super::options::Limits;
use super::{Dispatcher, http};
use crate::span::FAR;

/// Headers of one request, in number and in bytes.
const MOST_HEADERS: usize = 64;
const MOST_HEAD: usize = 16 * 1024;

/// After an error of the listener it pauses, so that it does not spin while there are no file descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// Answers on this listener until `stop`, and then what has begun.
pub(super) async fn serve(dispatcher: &Dispatcher, listener: TcpListener, stop: CancellationToken) {
    let limits = dispatcher.0.limits;
    let port = listener.local_addr().map_or(0, |address| address.port());
    let router = http::router(dispatcher, port);
    let peers = Peers::new(limits.connections, limits.connections_of_one);
    let open = TaskTracker::new();
    let cut = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(target: "job_orch", %error, "a connection was not accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        // Who has too many finds this one closed.
        let Some(seat) = peers.sit(peer.ip()) else {
            dispatcher.0.counts.refused.add();
            continue;
        };
        let (router, dispatcher) = (router.clone(), dispatcher.clone());
        let connection = Connection { stream, peer, seat, router, dispatcher };
        open.spawn(connection.answer(stop.clone(), cut.clone()));
    }
    drop(listener);
    dispatcher.0.ending.cancel();
    open.close();
    if tokio::time::timeout(limits.drain, open.wait()).await.is_err() {
        tracing::warn!(target: "job_orch", connections = open.len(), "cut off at the drain deadline");
        cut.cancel();
        open.wait().await;
    }
}

/// One connection.
struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    // Free again when the connection ends.
    seat: Seat,
    router: Router,
    dispatcher: Dispatcher,
}

impl Connection {
    async fn answer(self, stop: CancellationToken, cut: CancellationToken) {
        let Self { stream, peer, seat, router, dispatcher } = self;
        let Limits { head, answer, .. } = dispatcher.0.limits;
        // Answers are short, and each is waited for.
        let _ = stream.set_nodelay(true);
        let handover = Handover::default();
        let wire = TokioIo::new(Wire::new(stream, handover.clone(), answer));
        let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
            dispatcher.0.counts.requests.add();
            request.extensions_mut().insert(handover.clone());
            respond(router.clone(), request.map(Body::new))
        });
        let mut connection = std::pin::pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                // Beyond what the clock can count, it would not be a limit but an end.
                .header_read_timeout(head.min(FAR))
                .max_headers(MOST_HEADERS)
                .max_buf_size(MOST_HEAD)
                .serve_connection(wire, service)
        );
        let ended = tokio::select! {
            ended = &mut connection => ended,
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    ended = connection => ended,
                    () = cut.cancelled() => Ok(()),
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(target: "job_orch", %peer, %error, "a connection ended");
        }
        drop(seat);
    }
}

/// Answers one request, unless a page of another origin has made it.
fn respond(mut router: Router, request: Request<Body>) -> impl Future<Output = Result<Response, Infallible>> {
    let id = RequestId::of(&request);
    let span = id.span(&request);
    let answered = (!http::is_foreign(&request)).then(|| router.call(request));
    let answer = async move {
        let mut response = match answered {
            Some(answered) => answered.await?,
            None => http::forbidden(),
        };
        tracing::debug!(target: "job_orch", { http.status = response.status().as_u16() }, "answered");
        id.mark(&mut response);
        Ok(response)
    };
    answer.instrument(span)
}
