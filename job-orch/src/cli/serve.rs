//! `job-orch serve`

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use job_orch::IntoSpan as _;
use job_orch::dispatch::{AccessToken, Dispatcher, InvalidToken, Mode};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::filter::LevelFilter;

use crate::exit::Failure;

/// Files that are no connections of clients: callbacks, lines, and what the runtime has.
const OTHER_FILES: u64 = 600;

/// Serves the HTTP dispatcher: jobs as JSON, and workers that take them, first come, first served.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The port
    #[arg(long, default_value_t = 2567)]
    port: u16,
    /// The address to listen on. Who can reach it can order, and take jobs: 127.0.0.1 keeps it to this machine
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::UNSPECIFIED))]
    address: IpAddr,
    /// Where both lines stand: `InMemory`, `JsonFile`, `CachedJsonFile` or `Sqlite`
    #[arg(long, default_value = "InMemory", value_name = "MODE")]
    mode: Mode,
    /// Where the line of jobs stands, if not as --mode says
    #[arg(long, value_name = "MODE")]
    job_queue_mode: Option<Mode>,
    /// Where the line of workers stands, if not as --mode says
    #[arg(long, value_name = "MODE")]
    worker_queue_mode: Option<Mode>,
    /// The directory of the files
    #[arg(long, default_value = ".", value_name = "DIRECTORY")]
    dir: PathBuf,
    /// A file with the token that every request has to bring, as `Authorization: Bearer <token>`
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Call workers back at loopback and private addresses too
    #[arg(long)]
    allow_local_callbacks: bool,
    /// How many jobs may wait
    #[arg(long, default_value_t = 100_000, value_name = "COUNT")]
    max_jobs: usize,
    /// How many workers may wait
    #[arg(long, default_value_t = 100_000, value_name = "COUNT")]
    max_workers: usize,
    /// How many bytes the jobs that wait may have together, and the workers
    #[arg(long, default_value_t = 1024 * 1024 * 1024, value_name = "BYTES")]
    max_waiting_bytes: usize,
    /// How many bytes a body may have
    #[arg(long, default_value_t = 1024 * 1024, value_name = "BYTES")]
    max_body: usize,
    /// How many connections may be open
    #[arg(long, default_value_t = 10_000, value_name = "COUNT")]
    connections: usize,
    /// How many of them from one address
    #[arg(long, default_value_t = 1024, value_name = "COUNT")]
    connections_per_address: usize,
    /// How long a worker may take to answer a call
    #[arg(long, default_value = "10s", value_name = "TIME", value_parser = time)]
    callback_timeout: Duration,
    /// How long a client may take to send the head of a request, or to begin one
    #[arg(long, default_value = "10s", value_name = "TIME", value_parser = time)]
    head_timeout: Duration,
    /// How long a client may take to send the body of a request
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = time)]
    body_timeout: Duration,
    /// How long a client may take to read an answer that does not fit into the buffers of the system
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = time)]
    answer_timeout: Duration,
    /// How long an interruption waits for what has begun
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = time)]
    drain: Duration,
    /// What is written to standard error: off, error, warn, info, debug (each request) or trace
    #[arg(long, default_value = "info", value_name = "LEVEL")]
    log: LevelFilter,
}

fn time(text: &str) -> Result<Duration, job_orch::InvalidSpan> {
    text.into_span()
}

/// Serves until it is interrupted, and then answers what has begun. A second interruption ends it at once.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(arguments.log).with_ansi(false).init();
    allow_files(arguments.connections);
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(arguments))
}

/// Each connection is an open file, and a shell usually allows far fewer than the system does.
fn allow_files(connections: usize) {
    let allowed = getrlimit(Resource::Nofile);
    let most = allowed.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most }) {
        tracing::debug!(%error, "as many files as before");
    }
    let now = getrlimit(Resource::Nofile).current;
    if let Some(files) = now.filter(|files| *files < connections as u64 + OTHER_FILES) {
        tracing::warn!(files, connections, "fewer files may be open than connections: see `ulimit -n`");
    }
}

async fn serve(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut builder = Dispatcher::builder();
    if let Some(path) = &arguments.token_file {
        builder = builder.access_token(read_token(path)?);
    }
    let dispatcher = builder
        .job_queue_mode(arguments.job_queue_mode.unwrap_or(arguments.mode))
        .worker_queue_mode(arguments.worker_queue_mode.unwrap_or(arguments.mode))
        .directory(&arguments.dir)
        .allow_local_callbacks(arguments.allow_local_callbacks)
        .most_jobs(arguments.max_jobs)
        .most_workers(arguments.max_workers)
        .most_waiting_bytes(arguments.max_waiting_bytes)
        .most_bytes(arguments.max_body)
        .most_connections(arguments.connections, arguments.connections_per_address)
        .callback_timeout(arguments.callback_timeout)
        .head_timeout(arguments.head_timeout)
        .body_timeout(arguments.body_timeout)
        .answer_timeout(arguments.answer_timeout)
        .drain(arguments.drain)
        .open()
        .await?;
    // Before anybody can connect: who sees it listen can end it properly.
    let signals = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let place = SocketAddr::new(arguments.address, arguments.port);
    let listener = TcpListener::bind(place).await.map_err(|error| format!("nobody can listen on {place}: {error}"))?;
    let stop = CancellationToken::new();
    tokio::spawn(on_signals(signals, stop.clone()));
    tracing::info!("serving on http://{}", listener.local_addr()?);
    if !arguments.address.is_loopback() && arguments.token_file.is_none() {
        tracing::warn!(
            "who can reach this address can order and take jobs; --address 127.0.0.1 keeps it to this \
             machine, --token-file to those who know a token"
        );
    }
    dispatcher.serve(listener, stop).await;
    Ok(ExitCode::SUCCESS)
}

/// The token in a file, which may end in a line break. What is wrong with one is told, and never what it is.
fn read_token(path: &Path) -> Result<AccessToken, Failure> {
    let unusable = |error: &dyn std::error::Error| format!("`{}` holds no token: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| unusable(&error))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    Ok(text.parse().map_err(|error: InvalidToken| unusable(&error))?)
}

/// The first signal ends what is served, the second one the program.
#[expect(clippy::exit, reason = "whoever asks twice does not want to wait")]
async fn on_signals((mut interrupt, mut terminate): (Signal, Signal), stop: CancellationToken) {
    for status in [None, Some(130)] {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        match status {
            None => stop.cancel(),
            Some(status) => std::process::exit(status),
        }
    }
}
