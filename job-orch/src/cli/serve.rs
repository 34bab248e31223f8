//! `job-orch serve`

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::ExitCode;

use job_orch::dispatch::{Dispatcher, Mode};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::exit::Failure;

/// Serves the HTTP dispatcher: jobs as JSON, and workers that take them, first come, first served.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The port
    #[arg(long, default_value_t = 2567)]
    port: u16,
    /// The address to listen on
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
    /// Call workers back at loopback and private addresses too
    #[arg(long)]
    allow_local_callbacks: bool,
}

/// Serves until it is interrupted, and then answers what has begun. A second interruption ends it at once.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(arguments))
}

async fn serve(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let dispatcher = Dispatcher::builder()
        .job_queue_mode(arguments.job_queue_mode.unwrap_or(arguments.mode))
        .worker_queue_mode(arguments.worker_queue_mode.unwrap_or(arguments.mode))
        .directory(&arguments.dir)
        .allow_local_callbacks(arguments.allow_local_callbacks)
        .open()
        .await?;
    let listener = TcpListener::bind((arguments.address, arguments.port)).await?;
    let stop = CancellationToken::new();
    tokio::spawn(on_signals(stop.clone()));
    let mut error = std::io::stderr();
    // A standard error that is closed hears nothing.
    let _ = writeln!(error, "job-orch: serving on http://{}", listener.local_addr()?);
    dispatcher.serve(listener, stop).await;
    Ok(ExitCode::SUCCESS)
}

/// The first signal ends what is served, the second one the program.
#[expect(clippy::exit, reason = "whoever asks twice does not want to wait")]
async fn on_signals(stop: CancellationToken) {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
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
