//! An engine that is watched, without a kit.

use job_orch::prelude::*;
use job_orch::testing::Rig;
use job_orch::testing::history::{Event, History, Interest, Promises, Recorder};
use job_orch_tests::within_a_minute;

#[job(retry(max = 2, backoff = constant("1ms")))]
#[processor(workers = 4)]
async fn flaky(number: &u64, #[context] context: &Context) -> Result<u64, String> {
    if number.is_multiple_of(3) && context.attempt() == 1 { Err("once".to_owned()) } else { Ok(number * 2) }
}

#[tokio::test]
async fn a_history_of_many_calls_in_memory_is_accepted() {
    let recorder = Recorder::in_memory("test");
    let orch = Orchestrator::on(Rig::of(Memory::new(), recorder.clone())).host(Flaky).start().await.unwrap();
    let calls = (0..100).map(|number| {
        let orch = orch.clone();
        tokio::spawn(async move { (number, orch.call(Flaky, number).await.unwrap()) })
    });
    for call in calls.collect::<Vec<_>>() {
        let (number, double) = within_a_minute(call).await.unwrap();
        assert_eq!(double, number * 2);
    }
    orch.shutdown().await.unwrap();
    recorder.note(Event::Drained);
    let mut history = recorder.entries();
    // Whom an answer belongs to, only its caller could tell.
    for entry in &mut history {
        if let Event::Sent { is_call, .. } = &mut entry.event {
            *is_call = false;
        }
    }
    let interest = Interest::new().requests(100).repeated_percent(30).events(["finished", "recorded"]);
    let summary = History::new(history).check(&Promises::new().attempts(3).interest(interest)).unwrap();
    assert_eq!((summary.done, summary.runs, summary.repeated), (100, 134, 34));
}
