//! Sending to a job.

use job_orch::prelude::*;
use job_orch_tests::{Counted, Gate, Log, Tally, cut_off, settle};

#[job]
#[processor(requests = 2)]
async fn take(value: &Counted, gate: &Gate, ran: &Log<u64>) {
    gate.pass().await;
    ran.push(value.number);
}

struct Scene {
    orch: Orchestrator<Memory>,
    gate: Gate,
    ran: Log<u64>,
    tally: Tally,
}

/// A job that runs the request 0; 1 and 2 wait, and there is no room for more.
async fn full() -> Scene {
    let (gate, ran, tally) = (Gate::shut(), Log::new(), Tally::default());
    let orch = Orchestrator::on(Memory::new()).share(gate.clone()).share(ran.clone()).host(Take);
    let orch = orch.start().await.unwrap();
    orch.send(Take, tally.one(0)).await.unwrap();
    gate.reached_by(1).await;
    orch.send_many(Take, [tally.one(1), tally.one(2)]).await.unwrap();
    Scene { orch, gate, ran, tally }
}

/// What ran in the end; no value is left.
async fn end(scene: Scene) -> Vec<u64> {
    scene.gate.open();
    scene.orch.shutdown().await.unwrap();
    let job = &scene.orch.health().await.jobs[0];
    assert_eq!((job.accepted, job.waiting), (job.counts.succeeded + job.counts.cancelled, Some(0)));
    assert_eq!(scene.tally.alive(), 0);
    scene.ran.entries()
}

#[tokio::test(start_paused = true)]
async fn a_send_that_is_dropped_has_sent_nothing() {
    for polls in 0..4 {
        let scene = full().await;
        assert!(cut_off(polls, scene.orch.send(Take, scene.tally.one(3))).await.is_none());
        assert!(cut_off(polls, scene.orch.send(Take, scene.tally.one(4)).priority(9).unique("key")).await.is_none());
        assert!(cut_off(polls, scene.orch.send(Take, scene.tally.one(5)).after("1s")).await.is_none());
        assert_eq!(scene.tally.alive(), 3);
        assert_eq!(end(scene).await, [0, 1, 2]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_send_that_is_ready_has_sent() {
    let scene = full().await;
    let (orch, gate) = (scene.orch.clone(), scene.gate.clone());
    let opener = tokio::spawn(async move {
        settle().await;
        gate.let_through(1);
        drop(orch);
    });
    assert!(cut_off(10, scene.orch.send(Take, scene.tally.one(3))).await.unwrap().is_ok());
    opener.await.unwrap();
    assert_eq!(end(scene).await, [0, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn of_many_that_are_dropped_the_first_were_sent() {
    for polls in 0..8 {
        let scene = full().await;
        let many: Vec<_> = (3..9).map(|number| scene.tally.one(number)).collect();
        let mut send = Box::pin(scene.orch.send_many(Take, many));
        for _ in 0..polls {
            if cut_off(1, &mut send).await.is_some() {
                break;
            }
            scene.gate.let_through(1);
            settle().await;
        }
        drop(send);
        let ran = end(scene).await;
        assert_eq!(ran, (0..ran.len() as u64).collect::<Vec<_>>(), "after {polls} polls, in order and without a gap");
    }
}
