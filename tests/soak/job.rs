//! The job that everything is tried with. Its number says how it behaves.

use std::time::Duration;

use job_orch::prelude::*;
use job_orch::testing::history::{Event, Recorder};
use serde::{Deserialize, Serialize};

/// A process that gives no sign of life for so long is taken for dead.
pub(crate) const LEASE: Duration = Duration::from_millis(300);

/// What an attempt responds: another one's response is another one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) id: JobId,
    attempt: u32,
    process: u32,
    double: u64,
}

/// No request is attempted more often than this.
pub(crate) const ATTEMPTS: u32 = 25;

#[expect(clippy::panic, reason = "a job that panics is one of the things that are tried")]
#[job(retry(max = 24, backoff = constant("1ms")))]
#[processor(workers = 4, requests = 100)]
pub(crate) async fn double(number: &u64, #[context] context: &Context) -> Result<Answer, String> {
    let attempt = context.attempt();
    tokio::time::sleep(Duration::from_micros(number % 4 * 700)).await;
    match number % 64 {
        3 | 19 | 35 | 51 if attempt == 1 => return Err("the first attempt fails".to_owned()),
        5 => return Err("every attempt fails".to_owned()),
        7 if attempt == 1 => panic!("the first attempt panics"),
        // Longer than its lease: it is extended meanwhile.
        9 => tokio::time::sleep(LEASE * 3 / 2).await,
        _ => {}
    }
    Ok(Answer { id: context.id(), attempt, process: std::process::id(), double: number * 2 })
}

/// A panic of the job's own is a failure; any other breaks a promise.
pub(crate) fn tell_panics(recorder: Recorder) {
    std::panic::set_hook(Box::new(move |panic| {
        let text = panic.to_string();
        if !text.contains("the first attempt panics") {
            recorder.note(Event::Broke { what: text });
        }
    }));
}
