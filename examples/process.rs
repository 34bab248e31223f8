//! A program as a job: its request becomes arguments, its lines are progress, its exit status is the response or an error.
//!
//! ```text
//! cargo run --example process
//! ```

use job_orch::prelude::*;
use job_orch::process::{Coordinator, OutputError, Pipe, Program, StartError, Status, Unknown};
use tokio::sync::watch;

/// Stands for a long computation: counts to a number, a line for each step, and fails beyond five.
const SCRIPT: &str = r#"
i=0
while [ "$i" -lt "$1" ]; do
    i=$((i + 1))
    if [ "$i" -gt 5 ]; then echo "$i is too much" >&2; exit 3; fi
    echo "step $i"
    sleep 0.05
done
"#;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Steps {
    to: u32,
}

#[derive(Debug, thiserror::Error)]
enum CountError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error(transparent)]
    Forgotten(#[from] Unknown),
    #[error("{status}: {complaint}")]
    Failed { status: Status, complaint: String },
}

/// Who wants to know how far it is.
#[derive(Clone)]
struct Progress(watch::Sender<String>);

/// If it is cancelled or out of time, the process ends with it.
#[job(timeout = "10s", cache(ttl = "1h"))]
async fn count(request: &Steps, processes: &Coordinator, progress: &Progress) -> Result<u32, CountError> {
    let program = Program::new("sh").args(["-c", SCRIPT, "count"]).arg(request.to.to_string());
    let process = processes.attach(program).await?;
    let mut lines = process.lines()?;
    let (mut steps, mut complaint) = (0, String::new());
    while let Some(line) = lines.next().await {
        let line = line?;
        match line.pipe {
            Pipe::Stdout => {
                steps += 1;
                progress.0.send_replace(line.text().into_owned());
            }
            Pipe::Stderr => complaint = line.text().into_owned(),
        }
    }
    match process.wait().await?.status {
        status if status.is_success() => Ok(steps),
        status => Err(CountError::Failed { status, complaint }),
    }
}

#[tokio::main]
async fn main() -> Result<(), job_orch::Error> {
    let processes = Coordinator::options().running(4).build();
    let (progress, mut told) = watch::channel(String::new());
    let orch =
        Orchestrator::on(Memory::new()).share(processes.clone()).share(Progress(progress)).host(Count).start().await?;

    let watcher = tokio::spawn(async move {
        while told.changed().await.is_ok() {
            println!("  {}", *told.borrow_and_update());
        }
    });
    println!("it returned {}", orch.call(Count, Steps { to: 3 }).await?);
    println!("and from the cache {}", orch.call(Count, Steps { to: 3 }).await?);
    match orch.call(Count, Steps { to: 9 }).await {
        Ok(steps) => println!("it returned {steps}"),
        Err(error) => println!("it failed: {error}"),
    }
    orch.shutdown().await?;
    processes.shutdown().await;
    watcher.abort();
    Ok(())
}
