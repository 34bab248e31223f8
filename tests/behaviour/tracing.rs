//! Spans and events around a run.

use job_orch::prelude::*;
use job_orch_tests::{Bare, Capture, Seen, soon};

#[job(retry(max = 1, backoff = "1s", jitter = 0))]
async fn speak(_: &(), #[context] context: &Context) -> Result<(), Bare> {
    tracing::info!(step = "before", "spoken");
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    tracing::info!(step = "after", "spoken");
    if context.attempt() == 1 { Err(Bare::of("once more")) } else { Ok(()) }
}

#[job]
#[processor(batch(max = 3, linger = "1s"))]
async fn speak_in_batch(numbers: &[u64]) -> Vec<u64> {
    tracing::info!("spoken");
    numbers.to_vec()
}

#[job]
async fn fall(_: &()) {
    panic!("fell")
}

fn field<'a>(seen: &'a Seen, name: &str) -> &'a str {
    seen.fields.get(name).map_or("", String::as_str)
}

#[tokio::test(start_paused = true)]
async fn each_attempt_has_a_span_with_the_name_the_id_and_the_attempt() {
    let captured = Capture::begin();
    let orch = Orchestrator::on(Memory::new()).host(Speak).start().await.unwrap();
    let id = orch.send(Speak, ()).await.unwrap().id.to_string();
    orch.shutdown().await.unwrap();
    let spans = captured.spans_named("job.run");
    assert_eq!(spans.len(), 2);
    for (attempt, span) in (1..).zip(&spans) {
        assert_eq!(span.target, "job_orch");
        assert_eq!((field(span, "job.name"), field(span, "job.id")), ("speak", id.as_str()));
        assert_eq!(field(span, "job.attempt"), attempt.to_string());
        assert_eq!(field(span, "trace.parent"), "");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_job_says_is_inside_its_span() {
    let captured = Capture::begin();
    let orch = Orchestrator::on(Memory::new()).host(Speak).start().await.unwrap();
    orch.send(Speak, ()).await.unwrap();
    orch.shutdown().await.unwrap();
    let events = captured.events.entries();
    let said: Vec<_> = events.iter().filter(|event| event.event.fields.contains_key("step")).collect();
    let told: Vec<_> = said
        .iter()
        .map(|event| {
            let span = event.span.as_ref().expect("it was said in a span");
            (field(&event.event, "step"), span.name.as_str(), field(span, "job.attempt"))
        })
        .collect();
    let expected = [("before", "1"), ("after", "1"), ("before", "2"), ("after", "2")];
    assert_eq!(told, expected.map(|(step, attempt)| (step, "job.run", attempt)));
}

#[tokio::test(start_paused = true)]
async fn the_trace_of_the_sender_goes_with_its_request() {
    let captured = Capture::begin();
    let orch = Orchestrator::on(Memory::new()).host(Speak).start().await.unwrap();
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    soon(orch.call(Speak, ()).trace_parent(parent)).await.unwrap();
    orch.send(Speak, ()).trace_parent(parent).after("1s").await.unwrap();
    orch.shutdown().await.unwrap();
    let spans = captured.spans_named("job.run");
    assert_eq!(spans.len(), 4);
    assert!(spans.iter().all(|span| field(span, "trace.parent") == parent), "{spans:?}");
}

#[tokio::test(start_paused = true)]
async fn a_batch_has_one_span() {
    let captured = Capture::begin();
    let orch = Orchestrator::on(Memory::new()).host(SpeakInBatch).start().await.unwrap();
    orch.send_many(SpeakInBatch, [1, 2, 3]).await.unwrap();
    orch.shutdown().await.unwrap();
    let spans = captured.spans_named("job.run_batch");
    assert_eq!(spans.len(), 1);
    assert_eq!((field(&spans[0], "job.name"), field(&spans[0], "job.batch")), ("speak_in_batch", "3"));
    let events = captured.events.entries();
    let said = events.iter().find(|event| field(&event.event, "message") == "spoken").unwrap();
    assert_eq!(said.span.as_ref().unwrap().name, "job.run_batch");
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_reported() {
    let captured = Capture::begin();
    let orch = Orchestrator::on(Memory::new()).host(Fall).start().await.unwrap();
    orch.send(Fall, ()).await.unwrap();
    orch.shutdown().await.unwrap();
    let events = captured.events.entries();
    let told =
        events.iter().find(|event| event.event.target == "job_orch" && field(&event.event, "job.name") == "fall");
    assert_eq!(field(&told.unwrap().event, "panic"), "fell");
}
