//! Jobs that run processes.

use std::time::{Duration, Instant};

use job_orch::prelude::*;
use job_orch::process::{Coordinator, OutputError, StartError, Status};
use job_orch_tests::within_a_minute;

use crate::shell::{is_gone, sh};

#[derive(Debug, thiserror::Error)]
enum ScriptError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("it was forgotten")]
    Forgotten(#[from] job_orch::process::Unknown),
    #[error("{0}")]
    Failed(Status),
}

/// Its last line.
#[job(retry(max = 2, backoff = constant("1ms")))]
async fn script(script: &String, processes: &Coordinator) -> Result<String, ScriptError> {
    let process = processes.attach(sh(script)).await?;
    let mut lines = process.lines()?;
    let mut last = String::new();
    while let Some(line) = lines.next().await {
        last = line?.text().into_owned();
    }
    match process.wait().await?.status {
        status if status.is_success() => Ok(last),
        status => Err(ScriptError::Failed(status)),
    }
}

async fn orchestrator(processes: &Coordinator) -> Orchestrator<Memory> {
    Orchestrator::on(Memory::new()).share(processes.clone()).host(Script).start().await.unwrap()
}

#[tokio::test]
async fn a_process_is_called_and_retried_like_any_job() {
    let processes = Coordinator::new();
    let orch = orchestrator(&processes).await;
    assert_eq!(within_a_minute(orch.call(Script, "echo one; echo two".to_owned())).await.unwrap(), "two");
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("attempts");
    let script = format!("echo x >>{0}; test $(wc -l <{0}) -eq 3 && echo third", file.display());
    assert_eq!(within_a_minute(orch.call(Script, script)).await.unwrap(), "third");
    let error = within_a_minute(orch.call(Script, "exit 9".to_owned())).await.unwrap_err();
    assert!(
        matches!(error, CallError::Failed { error: ScriptError::Failed(Status::Exited { code: 9 }), .. }),
        "{error:?}"
    );
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_cancelled_job_takes_its_process_with_it() {
    let processes = Coordinator::new();
    let orch = orchestrator(&processes).await;
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("pid");
    let receipt =
        orch.send(Script, format!("echo $$ >{0}.new; mv {0}.new {0}; sleep 1000", file.display())).await.unwrap();
    let begun = Instant::now();
    while !file.exists() {
        assert!(begun.elapsed() < Duration::from_secs(30));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let pid = std::fs::read_to_string(file).unwrap();
    assert!(orch.cancel(Script, receipt.id).await);
    assert!(tokio::task::spawn_blocking(move || is_gone(pid.trim())).await.unwrap());
    orch.shutdown().await.unwrap();
}
