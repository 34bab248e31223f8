//! Several orchestrators on one file, as several processes have them.

use std::time::Duration;

use job_orch::Engine;
use job_orch::channel::{Channels, Delivery, Envelope, McReceive, MpSend, Return};
use job_orch::engine::EngineChannels;
use job_orch::prelude::*;
use job_orch_tests::{Bare, Gate, within_a_minute};

use crate::child::{self, Child};
use crate::store::{Place, file_in};

#[job]
async fn half(number: &u64) -> Result<u64, Bare> {
    if number.is_multiple_of(2) { Ok(number / 2) } else { Err(Bare::of("odd")) }
}

#[tokio::test]
async fn a_caller_is_answered_by_a_worker_elsewhere() {
    let place = Place::new();
    let caller = Orchestrator::on(place.open()).reach(Half).start().await.unwrap();
    let worker = Orchestrator::on(place.open()).host(Half).start().await.unwrap();
    assert_eq!(within_a_minute(caller.call(Half, 8)).await.unwrap(), 4);
    let error = within_a_minute(caller.call(Half, 7)).await.unwrap_err();
    assert!(matches!(&error, CallError::Elsewhere { failure, .. } if failure.message == "odd"), "{error}");
    assert_eq!(worker.counts(Half).unwrap().succeeded, 1);
    let receipt = caller.send(Half, 10).await.unwrap();
    within_a_minute(async {
        while caller.response(Half, receipt.id).await.unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    caller.shutdown().await.unwrap();
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_listener_hears_workers_elsewhere() {
    let place = Place::new();
    let listener = Orchestrator::on(place.open()).reach(Half).start().await.unwrap();
    let mut responses = listener.responses(Half);
    let worker = Orchestrator::on(place.open()).host(Half).start().await.unwrap();
    for number in 0..10 {
        worker.send(Half, number * 2).await.unwrap();
    }
    for number in 0..10 {
        assert_eq!(within_a_minute(responses.receive()).await.unwrap().outcome, Ok(number));
    }
    worker.shutdown().await.unwrap();
    listener.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_worker_elsewhere_need_not_look_by_itself() {
    const NEVER: Duration = Duration::from_secs(86_400);
    let place = Place::new();
    // So that a process looks by itself for no sign of life either.
    let deaf = || Sqlite::options().poll_every(NEVER).lease(NEVER).open(place.file()).unwrap();
    let worker = Orchestrator::on(deaf()).host(Half).start().await.unwrap();
    let caller = Orchestrator::on(deaf()).reach(Half).start().await.unwrap();
    for number in 0..21 {
        // Sooner or later the other is asleep.
        tokio::time::sleep(Duration::from_millis(number)).await;
        assert_eq!(within_a_minute(caller.call(Half, 2 * number)).await.unwrap(), number);
    }
    caller.shutdown().await.unwrap();
    worker.shutdown().await.unwrap();
}

#[job]
async fn wait(_: &u64, gate: &Gate) {
    gate.pass().await;
}

#[tokio::test]
async fn what_waits_or_runs_elsewhere_can_be_cancelled() {
    let (place, gate) = (Place::new(), Gate::shut());
    let worker = Orchestrator::on(place.open()).share(gate.clone()).host(Wait).start().await.unwrap();
    let caller = Orchestrator::on(place.open()).reach(Wait).start().await.unwrap();
    let running = caller.send(Wait, 1).await.unwrap().id;
    within_a_minute(gate.reached_by(1)).await;
    let waiting = worker.send(Wait, 2).await.unwrap().id;
    let mut responses = caller.responses(Wait);
    assert!(caller.cancel(Wait, waiting).await, "it waits");
    assert!(caller.cancel(Wait, running).await, "it runs in the other process");
    for id in [waiting, running] {
        let response = within_a_minute(responses.receive()).await.unwrap();
        assert_eq!((response.id, response.outcome.as_ref().unwrap_err().kind), (id, FailureKind::Cancelled));
    }
    assert!(!caller.cancel(Wait, running).await, "it has ended");
    // The others may hear of it before the worker does, which waits for a sync of its own.
    within_a_minute(async {
        while worker.counts(Wait).unwrap().cancelled != 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(place.number("SELECT count(*) FROM jobs"), 0);
    caller.shutdown().await.unwrap();
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_caller_is_told_that_somebody_elsewhere_cancelled_its_request() {
    let (place, gate) = (Place::new(), Gate::shut());
    let worker = Orchestrator::on(place.open()).share(gate.clone()).host(Wait).start().await.unwrap();
    let (caller, other) = (place.open(), Orchestrator::on(place.open()).reach(Wait).start().await.unwrap());
    let caller = Orchestrator::on(caller).reach(Wait).start().await.unwrap();
    let call = caller.call(Wait, 1);
    let cancel = async {
        within_a_minute(gate.reached_by(1)).await;
        let id = place.rows("SELECT id FROM jobs")[0][0].parse().unwrap();
        assert!(other.cancel(Wait, id).await);
    };
    let (answer, ()) = within_a_minute(async { tokio::join!(call, cancel) }).await;
    assert!(matches!(answer, Err(CallError::Cancelled { .. })), "{answer:?}");
    for orch in [worker, caller, other] {
        orch.shutdown().await.unwrap();
    }
}

/// Somebody elsewhere has asked what this process holds to stop, and it has not heard of that.
async fn cancelled_unheard(place: &Place) -> (impl Delivery + use<>, JobId, Sqlite) {
    let (store, other) = (place.open(), place.open());
    let channels = Engine::open::<Half>(&store, &Half::SERVING).await.unwrap();
    let envelope = Envelope::new(8);
    let id = envelope.id();
    channels.request_sender().send(envelope).await.unwrap();
    let held = within_a_minute(channels.request_receiver().receive()).await.unwrap();
    let others = Engine::open::<Half>(&other, &Half::SERVING).await.unwrap();
    assert!(others.stop_elsewhere(id).await.unwrap());
    (held, id, other)
}

/// It has ended as cancelled, and does not come again.
async fn is_cancelled(place: &Place, store: &Sqlite, id: JobId) {
    let channels = Engine::open::<Half>(store, &Half::SERVING).await.unwrap();
    let response = channels.response(id).await.unwrap().unwrap();
    assert_eq!(response.outcome.unwrap_err().kind, FailureKind::Cancelled);
    assert_eq!(place.number("SELECT count(*) FROM jobs") + place.number("SELECT sum(waiting) FROM job"), 0);
}

#[tokio::test]
async fn what_was_cancelled_elsewhere_does_not_come_again_when_it_fails() {
    for back in [Return::Failed(Duration::ZERO), Return::Untouched, Return::Snoozed(Duration::from_secs(60))] {
        let place = Place::new();
        let (held, id, other) = cancelled_unheard(&place).await;
        held.nack(back).await.unwrap();
        is_cancelled(&place, &other, id).await;
    }
}

#[tokio::test]
async fn what_was_cancelled_elsewhere_does_not_come_again_when_its_process_dies() {
    let place = Place::new();
    let (held, id, _other) = cancelled_unheard(&place).await;
    place.sql().execute("UPDATE holder SET until = 0", []).unwrap();
    is_cancelled(&place, &place.open(), id).await;
    assert!(held.ack().await.is_err(), "it was taken away");
}

#[tokio::test]
async fn two_orchestrators_on_one_open_store_answer_each_other() {
    let place = Place::new();
    let store = place.open();
    let caller = Orchestrator::on(store.clone()).reach(Half).start().await.unwrap();
    let worker = Orchestrator::on(store).host(Half).start().await.unwrap();
    assert_eq!(within_a_minute(caller.call(Half, 8)).await.unwrap(), 4);
    caller.shutdown().await.unwrap();
    worker.shutdown().await.unwrap();
}

/// The lease of a process that is killed: nobody waits for it.
const LEASE: Duration = Duration::from_secs(3600);

/// The process that is killed while it holds a request.
#[tokio::test]
#[ignore = "a process of the tests below"]
async fn holder() {
    let Some(folder) = child::folder() else { return };
    let store = Sqlite::options().lease(LEASE).open(file_in(&folder)).unwrap();
    let channels = Engine::open::<Half>(&store, &Half::SERVING).await.unwrap();
    let _held = channels.request_receiver().receive().await.unwrap();
    std::future::pending::<()>().await;
}

/// A process that holds a request.
async fn holding(place: &Place) -> Child {
    let caller = Orchestrator::on(place.open()).reach(Half).start().await.unwrap();
    caller.send(Half, 8).await.unwrap();
    caller.shutdown().await.unwrap();
    let child = Child::start("processes::holder", place.folder());
    within_a_minute(async {
        while place.number("SELECT count(*) FROM jobs WHERE state = 'running'") == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    child
}

async fn ended(place: &Place) {
    within_a_minute(async {
        while place.number("SELECT count(*) FROM results WHERE outcome = 'succeeded'") == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_a_process_held_that_dies_is_taken_back_at_once() {
    let place = Place::new();
    let child = holding(&place).await;
    let store = Sqlite::options().lease(LEASE).open(place.file()).unwrap();
    let worker = Orchestrator::on(store).host(Half).start().await.unwrap();
    // It lives as long as it is stopped only, which its lease decides.
    child.signal("-STOP");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(place.number("SELECT attempts FROM jobs WHERE state = 'running'"), 1, "it is stopped, and lives");
    child.kill();
    ended(&place).await;
    worker.shutdown().await.unwrap();
    drop(worker);
    assert!(!place.file().with_extension("db-live").exists(), "nobody is there any more");
}

#[tokio::test]
async fn what_a_process_held_that_died_is_taken_back_by_the_next_start() {
    let place = Place::new();
    holding(&place).await.kill();
    let worker = Orchestrator::on(place.open()).host(Half).start().await.unwrap();
    ended(&place).await;
    worker.shutdown().await.unwrap();
}
