//! `job-orch run -- PROGRAM ARGS…`

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Read as _, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use job_orch::IntoSpan as _;
use job_orch::JobId;
use job_orch::process::{Cause, Coordinator, Ended, Keep, Limits, Output, Program, StartError, Started};
use tokio::runtime::Handle;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::{self, Failure};

/// Runs a program, passes its output through, and exits as it does.
///
/// The program and what it starts are a process group of their own, and a control group where one can be had, which ends with
/// this one, whatever ends it. Ctrl-C
/// (also SIGTERM and SIGHUP) asks it to end, and kills it after the grace; a second one kills it at once.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Works in this directory
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,

    /// Asks it to end after this time: "90s", "5m"
    #[arg(long, value_name = "TIME", value_parser = span)]
    timeout: Option<Duration>,

    /// How long it has to end when it is asked to, before it is killed
    #[arg(long, value_name = "TIME", value_parser = span, default_value = "10s")]
    grace: Duration,

    /// The program and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
}

fn span(text: &str) -> Result<Duration, job_orch::InvalidSpan> {
    text.into_span()
}

/// Runs it.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let ended = match runtime.block_on(pass_through(arguments)) {
        Ok(ended) => ended,
        // As a shell, `env` and `timeout` say it: the program has none of these from us.
        Err(failure) if is_not_found(&failure) => return Ok(exit::report_as(&failure, 127)),
        Err(failure) => return Ok(exit::report_as(&failure, 125)),
    };
    // A terminal's reader may wait for a line yet.
    runtime.shutdown_background();
    match ended.cause {
        Cause::TimeLimit => exit::warn(&ended.to_string()),
        _ if ended.status.exit_code().is_none() => exit::warn(&ended.to_string()),
        _ => {}
    }
    let code = ended.status.exit_code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

fn is_not_found(failure: &Failure) -> bool {
    matches!(failure.downcast_ref(), Some(StartError::NotFound { .. }))
}

async fn pass_through(arguments: &Arguments) -> Result<Ended, Failure> {
    let mut orders = Orders::hear()?;
    // Like a pipe: what nobody reads holds the program up.
    let keep = Keep::usual().file(0).wait_for_subscribers();
    let processes = Coordinator::options().running(1).contain().grace(arguments.grace).keep(keep).build();
    let Started { id, stdout, stderr, .. } = processes.start_reading(program(arguments)).await?;
    if io::stdin().is_terminal() {
        feed(processes.clone(), id);
    }
    let stdout = pass(processes.clone(), stdout, io::stdout());
    let stderr = pass(processes.clone(), stderr, io::stderr());
    let order = async {
        orders.next().await;
        let _ = processes.stop(id);
        orders.next().await;
        let _ = processes.kill(id);
        std::future::pending::<()>().await;
    };
    let ended = tokio::select! {
        ended = processes.wait(id) => ended?,
        () = order => return Err("interrupted".into()),
    };
    stdout.await??;
    stderr.await??;
    processes.shutdown().await;
    Ok(ended)
}

fn program(arguments: &Arguments) -> Program {
    let (program, rest) =
        arguments.program.split_first().map_or((OsString::new(), &[][..]), |(program, rest)| (program.clone(), rest));
    let mut program = Program::new(program).args(rest).inherit_env();
    if let Some(directory) = &arguments.dir {
        program = program.directory(directory);
    }
    if let Some(time) = arguments.timeout {
        program = program.limits(Limits::none().time(time));
    }
    // In the background, it may not read from a terminal itself.
    if io::stdin().is_terminal() { program.stdin_written() } else { program.stdin_inherited() }
}

/// Writes what a process has written, on a thread that may wait for it. Where nobody reads it any more, the process ends.
fn pass(
    processes: Coordinator,
    mut output: Output,
    mut target: impl Write + Send + 'static,
) -> tokio::task::JoinHandle<Result<(), io::Error>> {
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        while let Some(blob) = runtime.block_on(output.next()) {
            let blob = blob.map_err(io::Error::other)?;
            if let Err(error) = target.write_all(&blob).and_then(|()| target.flush()) {
                drop(output);
                for id in processes.ids() {
                    let _ = processes.stop(id);
                }
                return if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) };
            }
        }
        Ok(())
    })
}

/// Passes on what is typed, on a thread of its own, which ends with us.
fn feed(processes: Coordinator, id: JobId) {
    let runtime = Handle::current();
    std::thread::spawn(move || {
        let mut buffer = vec![0; 8192];
        while let Ok(count @ 1..) = io::stdin().read(&mut buffer) {
            let typed = buffer.get(..count).unwrap_or_default().to_vec();
            if runtime.block_on(processes.write(id, typed)).is_err() {
                return;
            }
        }
        let _ = runtime.block_on(processes.close_stdin(id));
    });
}

/// Signals that ask us to end.
struct Orders([Signal; 3]);

impl Orders {
    fn hear() -> io::Result<Self> {
        Ok(Self([signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?]))
    }

    async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
