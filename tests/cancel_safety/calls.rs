//! Calling a job.

use job_orch::prelude::*;
use job_orch_tests::{Bare, Counted, Gate, Tally, cut_off, settle, soon};

#[job(retry(max = 1, backoff = "1s", jitter = 0))]
#[processor(requests = 1)]
async fn make(value: &Counted, gate: &Gate, tally: &Tally, #[context] context: &Context) -> Result<Counted, Bare> {
    gate.pass().await;
    if value.number == 13 && context.attempt() == 1 { Err(Bare::of("once more")) } else { Ok(tally.one(value.number)) }
}

#[job(cache)]
async fn remember(number: &u64, gate: &Gate, tally: &Tally) -> Counted {
    gate.pass().await;
    tally.one(*number)
}

struct Scene {
    orch: Orchestrator<Memory>,
    gate: Gate,
    tally: Tally,
}

async fn scene() -> Scene {
    let (gate, tally) = (Gate::shut(), Tally::default());
    let orch = Orchestrator::on(Memory::new()).share(gate.clone()).share(tally.clone());
    Scene { orch: orch.host(Make).host(Remember).start().await.unwrap(), gate, tally }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_before_it_was_accepted_sends_nothing() {
    for polls in 0..4 {
        let scene = scene().await;
        scene.orch.send(Make, scene.tally.one(0)).await.unwrap();
        scene.gate.reached_by(1).await;
        scene.orch.send(Make, scene.tally.one(1)).await.unwrap();
        assert!(cut_off(polls, scene.orch.call(Make, scene.tally.one(2))).await.is_none());
        assert!(cut_off(polls, scene.orch.call(Make, scene.tally.one(3)).timeout("1h").priority(1)).await.is_none());
        assert_eq!(scene.tally.alive(), 2);
        scene.gate.open();
        scene.orch.shutdown().await.unwrap();
        assert_eq!(scene.orch.counts(Make).unwrap().succeeded, 2);
        assert_eq!(scene.tally.alive(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_later_leaves_its_request_to_run() {
    for number in [7, 13] {
        for polls in 1..6 {
            let scene = scene().await;
            let mut responses = scene.orch.responses(Make);
            assert!(cut_off(polls, scene.orch.call(Make, scene.tally.one(number))).await.is_none());
            scene.gate.open();
            assert_eq!(soon(responses.receive()).await.unwrap().outcome.as_ref().unwrap().number, number);
            scene.orch.shutdown().await.unwrap();
            let job = &scene.orch.health().await.jobs[0];
            assert_eq!((job.accepted, job.counts.succeeded, job.counts.failed), (1, 1, 0));
            drop(responses);
            assert_eq!(scene.tally.alive(), 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_fetched_is_dropped_with_its_call() {
    let scene = scene().await;
    scene.gate.open();
    let mut call = Box::pin(scene.orch.call(Make, scene.tally.one(7)));
    assert!(cut_off(1, &mut call).await.is_none());
    settle().await;
    assert_eq!(scene.tally.alive(), 1, "the answer lies in the call's slot");
    drop(call);
    assert_eq!(scene.tally.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_led_others_and_is_dropped_leaves_them_their_answer() {
    for polls in 1..6 {
        let scene = scene().await;
        let mut leader = Box::pin(scene.orch.call(Remember, 1));
        assert!(cut_off(1, &mut leader).await.is_none());
        scene.gate.reached_by(1).await;
        let mut joined = Box::pin(scene.orch.call(Remember, 1));
        assert!(cut_off(1, &mut joined).await.is_none());
        assert!(cut_off(polls, &mut leader).await.is_none());
        drop(leader);
        scene.gate.open();
        assert_eq!(soon(joined).await.unwrap().number, 1);
        assert_eq!(scene.gate.arrived(), 1);
    }
}
