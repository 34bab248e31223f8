//! Asking and stopping an orchestrator.

use job_orch::prelude::*;
use job_orch_tests::{Bare, Counted, Gate, Log, Tally, cut_off, settle, soon};

/// Fails for 13 until it is let off.
#[job]
#[processor(requests = 1, responses = 1)]
async fn work(value: &Counted, gate: &Gate, let_off: &Log<()>) -> Result<u64, Bare> {
    if value.number != 13 {
        gate.pass().await;
    } else if let_off.is_empty() {
        return Err(Bare::of("an unlucky number"));
    }
    Ok(value.number)
}

struct Scene {
    orch: Orchestrator<Memory>,
    gate: Gate,
    let_off: Log<()>,
    tally: Tally,
}

async fn scene() -> Scene {
    let (gate, let_off, tally) = (Gate::shut(), Log::new(), Tally::default());
    let orch = Orchestrator::on(Memory::new()).share(gate.clone()).share(let_off.clone());
    Scene { orch: orch.host(Work).start().await.unwrap(), gate, let_off, tally }
}

#[tokio::test(start_paused = true)]
async fn a_redrive_that_is_dropped_keeps_the_dead_letter() {
    for polls in 0..4 {
        let scene = scene().await;
        let dead = scene.orch.send(Work, scene.tally.one(13)).await.unwrap();
        settle().await;
        scene.orch.send(Work, scene.tally.one(1)).await.unwrap();
        scene.gate.reached_by(1).await;
        scene.orch.send(Work, scene.tally.one(2)).await.unwrap();
        // There is no room for it.
        assert!(cut_off(polls, scene.orch.redrive(Work, dead.id)).await.is_none());
        assert_eq!(scene.orch.dead_letters(Work).await.unwrap()[0].id, dead.id, "after {polls} polls");
        scene.gate.open();
        settle().await;
        scene.let_off.push(());
        assert!(soon(scene.orch.redrive(Work, dead.id)).await.unwrap());
        scene.orch.shutdown().await.unwrap();
        assert_eq!(scene.orch.counts(Work).unwrap().succeeded, 3);
        assert_eq!(scene.tally.alive(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_that_is_dropped_is_made_or_not() {
    for polls in 0..4 {
        let scene = scene().await;
        scene.orch.send(Work, scene.tally.one(1)).await.unwrap();
        scene.gate.reached_by(1).await;
        let waiting = scene.orch.send(Work, scene.tally.one(2)).await.unwrap();
        let cancelled = cut_off(polls, scene.orch.cancel(Work, waiting.id)).await;
        assert_eq!(cancelled, (polls > 0).then_some(true));
        scene.gate.open();
        scene.orch.shutdown().await.unwrap();
        let counts = scene.orch.counts(Work).unwrap();
        assert_eq!((counts.succeeded, counts.cancelled), if polls > 0 { (1, 1) } else { (2, 0) });
        assert_eq!(scene.tally.alive(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_that_is_dropped_while_it_tells_the_receivers_is_told_as_lag() {
    for polls in 1..4 {
        let scene = scene().await;
        let mut responses = scene.orch.responses(Work);
        scene.gate.let_through(1);
        scene.orch.send(Work, scene.tally.one(1)).await.unwrap();
        settle().await;
        scene.orch.send(Work, scene.tally.one(3)).await.unwrap();
        scene.gate.reached_by(2).await;
        let waiting = scene.orch.send(Work, scene.tally.one(2)).await.unwrap();
        // The response to 1 fills the only place.
        assert!(cut_off(polls, scene.orch.cancel(Work, waiting.id)).await.is_none());
        assert_eq!(soon(responses.receive()).await.unwrap().outcome, Ok(1));
        let missed = soon(responses.receive()).await.unwrap_err();
        assert!(matches!(missed, job_orch::channel::ReceiveError::Lagged(1)), "{missed}");
        assert_eq!(scene.orch.counts(Work).unwrap().cancelled, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_is_dropped_can_be_finished() {
    for polls in 0..6 {
        let scene = scene().await;
        scene.orch.send(Work, scene.tally.one(1)).await.unwrap();
        scene.gate.reached_by(1).await;
        scene.orch.send(Work, scene.tally.one(2)).await.unwrap();
        assert!(cut_off(polls, scene.orch.shutdown()).await.is_none());
        scene.gate.open();
        soon(scene.orch.shutdown()).await.unwrap();
        assert_eq!(scene.orch.counts(Work).unwrap().succeeded, 2);
        assert_eq!(scene.tally.alive(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_orchestrator_that_is_dropped_during_its_shutdown_leaves_nothing() {
    for polls in 0..6 {
        let scene = scene().await;
        scene.orch.send(Work, scene.tally.one(1)).await.unwrap();
        scene.gate.reached_by(1).await;
        scene.orch.send(Work, scene.tally.one(2)).await.unwrap();
        cut_off(polls, scene.orch.shutdown()).await;
        drop(scene.orch);
        settle().await;
        assert_eq!(scene.tally.alive(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_that_is_dropped_starts_nothing() {
    let (gate, let_off) = (Gate::shut(), Log::<()>::new());
    let assembly = Orchestrator::on(Memory::new()).share(gate).share(let_off.clone()).host(Work);
    assert!(cut_off(0, assembly.start()).await.is_none());
    settle().await;
    assert_eq!(let_off.holders(), 1);
}

#[tokio::test(start_paused = true)]
async fn questions_that_are_dropped_change_nothing() {
    for polls in 0..2 {
        let scene = scene().await;
        let dead = scene.orch.send(Work, scene.tally.one(13)).await.unwrap();
        settle().await;
        cut_off(polls, scene.orch.health()).await;
        cut_off(polls, scene.orch.dead_letters(Work)).await;
        cut_off(polls, scene.orch.client(Work).unwrap().waiting()).await;
        assert_eq!(scene.orch.dead_letters(Work).await.unwrap().len(), 1);
        let dropped = cut_off(polls, scene.orch.drop_dead_letter(Work, dead.id)).await.is_some();
        assert_eq!(scene.orch.dead_letters(Work).await.unwrap().len(), usize::from(!dropped));
        assert_eq!(scene.tally.alive(), usize::from(!dropped));
    }
}
