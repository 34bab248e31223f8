//! The dispatcher, beside a handler that answers the same bytes and does nothing.

use std::fs::File;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use job_orch::dispatch::{Dispatcher, Mode};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::http::{Client, request};
use crate::table::{Group, Plan, Target, Verdict};

const CONNECTIONS: usize = 64;
const JOB: &str = r#"{"drink":"lemonade","ice":true,"table":17,"name":"a customer with a name"}"#;
const QUEUED: &str = r#"{"Queued":{"position":1}}"#;

fn folder() -> TempDir {
    TempDir::new_in(Path::new(".")).expect("a folder")
}

/// On two threads, with the clients on them too.
fn two<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async { tokio::spawn(future).await.expect("the round ends") })
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    (listener, address)
}

/// A job submitted, and a worker registered.
fn pair() -> (Vec<u8>, Vec<u8>) {
    (
        request("/submit-job", "Content-Type: application/json\r\n", JOB),
        request("/register-worker", "CPEE-CALLBACK: http://127.0.0.1:1/\r\n", ""),
    )
}

/// Has so many clients submit a job and register a worker, again and again; returns pairs a second, in thousands.
async fn pairs(address: SocketAddr, count: usize) -> f64 {
    let (submit, register) = pair();
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        clients.push(Client::connect(address).await);
    }
    let start = Instant::now();
    let tasks: Vec<_> = clients
        .into_iter()
        .map(|mut client| {
            let (submit, register) = (submit.clone(), register.clone());
            tokio::spawn(async move {
                for _ in 0..count / CONNECTIONS {
                    assert_eq!(client.ask(&submit).await, 202);
                    assert_eq!(client.ask(&register).await, 200);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a client ends");
    }
    count as f64 / start.elapsed().as_secs_f64() / 1e3
}

/// Has one client do so; returns the microseconds that half of its pairs take at most.
async fn one_after_the_other(address: SocketAddr, count: usize) -> f64 {
    let ((submit, register), mut client) = (pair(), Client::connect(address).await);
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        assert_eq!(client.ask(&submit).await, 202);
        assert_eq!(client.ask(&register).await, 200);
        times.push(start.elapsed());
    }
    median(times)
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e6
}

/// Handlers that answer the same bytes.
fn bare() -> f64 {
    two(async {
        let given = format!(
            r#"{{"Job":{{"id":"01a1ff00-c234-755e-be59-74bbb4db6bf6","data":{JOB},"submitted_at":"2026-11-21T16:46:42.233Z"}}}}"#
        );
        let json = [("content-type", "application/json")];
        let submit = move |_: Bytes| async move { (StatusCode::ACCEPTED, json, QUEUED) };
        let register = move || async move { (json, given) };
        let router = Router::new().route("/submit-job", post(submit)).route("/register-worker", post(register));
        let (listener, address) = listen().await;
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        let rate = pairs(address, 40_000).await;
        server.abort();
        rate
    })
}

/// Pairs a second of the dispatcher, in thousands, with so many jobs that wait all the time.
fn ours(mode: Mode, waiting: usize, count: usize) -> f64 {
    with_dispatcher(mode, waiting, move |address| pairs(address, count))
}

/// What is measured of a dispatcher with so many jobs that wait all the time.
fn with_dispatcher<F>(mode: Mode, waiting: usize, measured: impl FnOnce(SocketAddr) -> F + Send + 'static) -> f64
where
    F: Future<Output = f64> + Send,
{
    let folder = folder();
    two(async move {
        let builder = Dispatcher::builder().mode(mode).directory(folder.path()).allow_local_callbacks(true);
        let dispatcher = builder.open().await.expect("it opens");
        let (listener, address) = listen().await;
        let stop = CancellationToken::new();
        let server = {
            let (dispatcher, stop) = (dispatcher.clone(), stop.clone());
            tokio::spawn(async move { dispatcher.serve(listener, stop).await })
        };
        fill(address, waiting).await;
        let measure = measured(address).await;
        stop.cancel();
        server.await.expect("it ends");
        measure
    })
}

async fn fill(address: SocketAddr, count: usize) {
    let submit = request("/submit-job", "", JOB);
    let tasks: Vec<_> = (0..count.min(CONNECTIONS))
        .map(|client| {
            let (submit, jobs) = (submit.clone(), (client..count).step_by(CONNECTIONS).count());
            tokio::spawn(async move {
                let mut client = Client::connect(address).await;
                for _ in 0..jobs {
                    assert_eq!(client.ask(&submit).await, 202);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a client ends");
    }
}

/// Microseconds that half of the pairs of one client take at most, while 1,000 jobs wait in a file. Nobody shares its syncs.
fn alone() -> f64 {
    with_dispatcher(Mode::CachedJsonFile, 1_000, |address| one_after_the_other(address, 200))
}

/// Microseconds for each pair of 64 clients at once, while 1,000 jobs wait in a file: no latency, for they share their syncs.
fn shared() -> f64 {
    1e3 / ours(Mode::CachedJsonFile, 1_000, 6_400)
}

/// Microseconds that half of the synced writes of one job take at most.
fn sync() -> f64 {
    let folder = folder();
    let mut file = File::create(folder.path().join("log")).expect("a file");
    let times = (0..200)
        .map(|_| {
            let start = Instant::now();
            file.write_all(JOB.as_bytes()).expect("room for it");
            file.sync_data().expect("a disk");
            start.elapsed()
        })
        .collect();
    median(times)
}

/// The table.
pub(super) fn table(plan: &Plan, verdict: &mut Verdict) {
    verdict.begin("Dispatcher: a job submitted and a worker registered, 64 connections");
    let mut rates = Group::new("k pairs/s");
    rates
        .contender("bare", bare)
        .contender("memory", || ours(Mode::InMemory, 0, 40_000))
        .contender("sqlite", || ours(Mode::Sqlite, 0, 12_800))
        .row("dispatch, in memory", "memory", "bare", Some(Target::AtLeast(0.5, 0.8)))
        .row("dispatch, Sqlite", "sqlite", "bare", Some(Target::AtLeast(0.2, 0.4)))
        .measure(plan, verdict);
    let mut times = Group::new("us/pair");
    times
        .contender("alone", alone)
        .contender("shared", shared)
        .contender("fdatasync", sync)
        .row("file, 1,000 wait, one client: median", "alone", "fdatasync", Some(Target::AtMost(20.0, 5.0)))
        .row("file, 1,000 wait, 64 clients: time/pairs", "shared", "fdatasync", None)
        .measure(plan, verdict);
}
