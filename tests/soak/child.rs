//! A process that sends, calls, listens and works, until it is killed, or its input ends.

use std::io::Read as _;
use std::time::Duration;

use job_orch::channel::ReceiveError;
use job_orch::testing::Rig;
use job_orch::testing::history::{Event, Recorder, fingerprint};
use job_orch::{Durability, NotSent, Responses, prelude::*};
use rusqlite::{Connection, OpenFlags};

use crate::args::{Child, Role};
use crate::job::{Double, LEASE, tell_panics};
use crate::run::Trouble;

/// How long a call may take after it was told to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// So many call at once.
const CALLERS: usize = 4;

pub(crate) fn main(child: &Child) -> Result<(), Trouble> {
    let recorder = Recorder::append(&child.history, &child.name)?;
    tell_panics(recorder.clone());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let worked = runtime.block_on(work(child, &recorder));
    if let Err(trouble) = &worked {
        recorder.note(Event::Broke { what: trouble.to_string() });
    }
    worked
}

async fn work(child: &Child, recorder: &Recorder) -> Result<(), Trouble> {
    let durability = if child.role == Role::Careless { Durability::ProcessCrash } else { Durability::PowerLoss };
    let store = Sqlite::options().lease(LEASE).durability(durability).open(&child.store)?;
    let watcher = watch_lease(child, recorder.clone())?;
    let on = Orchestrator::on(Rig::of(store, recorder.clone()));
    let orch = match child.role {
        Role::Listener => on.reach(Double).start().await?,
        Role::Worker | Role::Careless => on.host(Double).drain_for("1ms")?.start().await?,
    };
    let callers = (0..CALLERS).map(|first| tokio::spawn(call(orch.clone(), recorder.clone(), first)));
    let mut tasks: Vec<_> = callers.collect();
    tasks.push(tokio::spawn(listen(orch.responses(Double), recorder.clone())));
    if child.role != Role::Listener {
        tasks.push(tokio::spawn(send(orch.clone())));
    }
    let _ = tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0])).await;
    let stopped = orch.shutdown().await;
    for task in tasks {
        let ended = tokio::time::timeout(PATIENCE, task).await;
        ended.map_err(|_| Trouble::Broken("a send, a call or a listener hangs".to_owned()))??;
    }
    drop(watcher);
    stopped?;
    recorder.note(Event::Left);
    Ok(())
}

/// Sends until the orchestrator is gone: at once, later, and some with a key.
async fn send(orch: Orchestrator<Rig>) {
    for number in 0.. {
        let send = orch.send(Double, number);
        let sent = match number % 16 {
            1 => send.after("20ms").await,
            2 => send.priority(5).await,
            4 => send.unique(format!("key {}", number / 16 % 4)).await,
            _ => send.await,
        };
        if is_over(sent.map(drop)).await {
            return;
        }
    }
}

/// Listens until the orchestrator is gone. What is heard, the rig writes down.
async fn listen(mut responses: Responses<Double, Rig>, recorder: Recorder) {
    loop {
        match responses.receive().await {
            Ok(_) => {}
            Err(ReceiveError::Closed) => return,
            Err(error) => recorder.note(Event::Broke { what: format!("a listener: {error}") }),
        }
    }
}

/// Whether nothing more will be accepted. After any other error it may be tried again.
async fn is_over<T>(sent: Result<(), NotSent<T>>) -> bool {
    match sent {
        Ok(()) => false,
        Err(error) if matches!(error.reason(), job_orch::Refusal::Closed) => true,
        Err(_) => {
            tokio::time::sleep(Duration::from_millis(5)).await;
            false
        }
    }
}

/// Calls until the orchestrator is gone, and writes down each answer.
async fn call(orch: Orchestrator<Rig>, recorder: Recorder, first: usize) {
    for number in (first as u64..).step_by(CALLERS) {
        match orch.call(Double, number).await {
            Ok(answer) => {
                let bytes = serde_json::to_vec(&answer).unwrap_or_default();
                recorder.note(Event::Answered { id: answer.id, hash: fingerprint(&bytes) });
            }
            Err(error) => {
                recorder.note(Event::Unanswered { why: error.to_string() });
                if matches!(error, CallError::Closed { .. }) {
                    return;
                }
            }
        }
    }
}

/// Writes down until when this process has its leases, as the store says; until it is dropped.
fn watch_lease(child: &Child, recorder: Recorder) -> Result<std::sync::mpsc::Sender<()>, Trouble> {
    let store = Connection::open_with_flags(&child.store, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let suffix = format!("%:{}", std::process::id());
    std::thread::spawn(move || {
        loop {
            let row = store.query_row(
                "SELECT number, until FROM holder WHERE process LIKE ?1 ORDER BY number DESC",
                [&suffix],
                |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)),
            );
            if let Ok((holder, until)) = row {
                recorder.note(Event::Alive { until: until.cast_unsigned() * 1000, holder });
            }
            if stopped.recv_timeout(LEASE / 6) != Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                return;
            }
        }
    });
    Ok(stop)
}
