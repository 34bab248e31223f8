//! What a store keeps while nobody has it open.

use std::time::Duration;

use job_orch::channel::{Channels, Delivery, Envelope, McReceive, MpSend, ReceiveError, Return, SendError};
use job_orch::prelude::*;
use job_orch::{Durability, Engine};
use job_orch_tests::{Gate, Log, within_a_minute};

use crate::store::Place;

#[job]
async fn work(number: &u64, log: &Log<(u64, u32)>, gate: &Gate, #[context] context: &Context) -> u64 {
    log.push((*number, context.attempt()));
    gate.pass().await;
    number + 1
}

async fn working(place: &Place, log: &Log<(u64, u32)>, gate: &Gate) -> Orchestrator<Sqlite> {
    let assembly = Orchestrator::on(place.open()).share(log.clone()).share(gate.clone()).host(Work);
    assembly.drain_for("10ms").unwrap().start().await.unwrap()
}

#[tokio::test]
async fn a_shutdown_keeps_what_waits_and_gives_back_what_runs() {
    let (place, log, gate) = (Place::new(), Log::new(), Gate::shut());
    let orch = working(&place, &log, &gate).await;
    let ids = orch.send_many(Work, 0..3).await.unwrap();
    let delayed = orch.send(Work, 3).after("50ms").await.unwrap();
    gate.reached_by(1).await;
    orch.shutdown().await.unwrap();
    drop(orch);
    assert_eq!(place.number("SELECT count(*) FROM jobs WHERE state IN ('ready', 'delayed') AND attempts = 0"), 4);
    assert_eq!(place.number("SELECT count(*) FROM processes"), 0, "a process that leaves says so");
    gate.open();
    let orch = working(&place, &log, &gate).await;
    let mut responses = orch.responses(Work);
    let mut ended = Vec::new();
    while ended.len() < 4 {
        let response = within_a_minute(responses.receive()).await.unwrap();
        ended.push(response.id);
    }
    assert_eq!(ended, [ids[0], ids[1], ids[2], delayed.id]);
    orch.shutdown().await.unwrap();
    assert_eq!(log.entries(), [(0, 1), (0, 1), (1, 1), (2, 1), (3, 1)], "an interrupted job costs no attempt");
}

#[tokio::test]
async fn a_response_is_found_after_a_restart() {
    let (place, log, gate) = (Place::new(), Log::new(), Gate::shut());
    gate.open();
    let orch = working(&place, &log, &gate).await;
    assert_eq!(orch.call(Work, 6).await.unwrap(), 7);
    let receipt = orch.send(Work, 8).await.unwrap();
    gate.reached_by(2).await;
    orch.shutdown().await.unwrap();
    drop(orch);
    let orch = working(&place, &log, &gate).await;
    assert_eq!(orch.response(Work, receipt.id).await.unwrap().unwrap().outcome, Ok(9));
    orch.shutdown().await.unwrap();
}

/// A store in which 1 to 5 are the answers to five requests that have ended.
async fn five_done() -> Place {
    let (place, log, gate) = (Place::new(), Log::new(), Gate::shut());
    gate.open();
    let orch = working(&place, &log, &gate).await;
    for number in 0..5 {
        orch.call(Work, number).await.unwrap();
    }
    orch.shutdown().await.unwrap();
    place
}

#[tokio::test]
async fn the_broadcast_can_be_heard_again() {
    let place = five_done().await;
    let channels = Engine::open::<Work>(&place.open(), &Work::SERVING).await.unwrap();
    let listener = channels.response_receiver();
    let mut again = listener.from(3);
    let mut heard = Vec::new();
    while heard.len() < 3 {
        heard.push(*within_a_minute(again.receive()).await.unwrap().outcome.as_ref().unwrap());
    }
    assert_eq!((heard, again.position()), (vec![3, 4, 5], listener.position()));
}

#[tokio::test]
async fn a_store_that_was_cleaned_up_says_how_much_is_gone() {
    let place = five_done().await;
    place.sql().execute("DELETE FROM response WHERE place & 7 <= 2", []).unwrap();
    let channels = Engine::open::<Work>(&place.open(), &Work::SERVING).await.unwrap();
    let mut again = channels.response_receiver().from(1);
    assert!(matches!(within_a_minute(again.receive()).await, Err(ReceiveError::Lagged(2))));
    assert_eq!(within_a_minute(again.receive()).await.unwrap().outcome, Ok(3));
}

#[tokio::test]
async fn old_responses_go() {
    let place = Place::new();
    let options = Sqlite::options().keep_responses(Duration::ZERO).lease(Duration::from_millis(30));
    let store = options.open(place.file()).unwrap();
    let gate = Gate::shut();
    gate.open();
    let orch = Orchestrator::on(store).share(Log::<(u64, u32)>::new()).share(gate).host(Work).start().await.unwrap();
    orch.call(Work, 1).await.unwrap();
    within_a_minute(async {
        while place.number("SELECT count(*) FROM results") > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_process_that_was_taken_for_dead_can_settle_nothing() {
    let place = Place::new();
    let store = place.open();
    let channels = Engine::open::<Work>(&store, &Work::SERVING).await.unwrap();
    channels.request_sender().send(Envelope::new(1)).await.unwrap();
    let mut receiver = channels.request_receiver();
    let mut stale = within_a_minute(receiver.receive()).await.unwrap();
    assert_eq!(stale.attempt(), 1);
    assert!(stale.extend(Duration::from_secs(1)).await.is_ok());
    // As if nobody had heard of it for long: the next process to come takes what it held.
    place.sql().execute("UPDATE holder SET until = 0", []).unwrap();
    let other = place.open();
    let others = Engine::open::<Work>(&other, &Work::SERVING).await.unwrap();
    let fresh = within_a_minute(others.request_receiver().receive()).await.unwrap();
    assert_eq!((fresh.attempt(), fresh.message().id()), (2, stale.message().id()), "a lost lease counts");
    assert!(stale.extend(Duration::from_secs(1)).await.is_err());
    let late = <_ as Delivery>::nack(stale, Return::Failed(Duration::ZERO)).await;
    assert!(matches!(late, Err(job_orch::channel::SettleError::Lost)));
    assert_eq!(place.number("SELECT attempts FROM jobs WHERE state = 'running'"), 2);
    fresh.ack().await.unwrap();
    assert_eq!(place.number("SELECT count(*) FROM jobs"), 0);
}

#[tokio::test]
async fn of_many_that_end_at_once_only_those_that_are_held_still_do() {
    let place = Place::new();
    let store = place.open();
    let channels = Engine::open::<Work>(&store, &Work::SERVING).await.unwrap();
    let mut requests = (0..64).map(Envelope::new).collect();
    channels.request_sender().send_many(&mut requests).await.unwrap();
    let mut receiver = channels.request_receiver();
    let mut held = Vec::new();
    while held.len() < 64 {
        held.push(within_a_minute(receiver.receive()).await.unwrap());
    }
    // As if somebody else had taken two of them, and had claimed one of these again.
    let sql = place.sql();
    sql.execute("UPDATE held SET fence = 2 WHERE seq & 255 = 20", []).unwrap();
    sql.execute("DELETE FROM held WHERE seq & 255 = 50", []).unwrap();
    // They come together while the first of them waits for the disk.
    let ends = held.into_iter().map(Delivery::ack);
    let ended = futures_util::future::join_all(ends).await;
    let lost: Vec<_> = (1..).zip(&ended).filter(|(_, end)| end.is_err()).map(|(turn, _)| turn).collect();
    assert_eq!(lost, [20, 50]);
    assert_eq!(place.number("SELECT count(*) FROM held"), 1);
    assert_eq!(place.number("SELECT sum(seq & 255) FROM request"), 70, "nobody else's request is gone");
}

#[tokio::test]
async fn a_request_that_kills_its_processes_dies_in_the_end() {
    let place = Place::new();
    for _ in 0..26 {
        let store = place.open();
        let channels = Engine::open::<Work>(&store, &Work::SERVING).await.unwrap();
        if place.number("SELECT count(*) FROM jobs") == 0 {
            channels.request_sender().send(Envelope::new(1)).await.unwrap();
        }
        let held = within_a_minute(channels.request_receiver().receive()).await.unwrap();
        place.sql().execute("UPDATE holder SET until = 0", []).unwrap();
        let next = place.open();
        assert!(held.ack().await.is_err(), "the next process has taken it");
        drop(next);
    }
    let store = place.open();
    let channels = Engine::open::<Work>(&store, &Work::SERVING).await.unwrap();
    let mut receiver = channels.request_receiver();
    tokio::time::timeout(Duration::from_millis(200), receiver.receive()).await.unwrap_err();
    let dead = place.rows("SELECT state, json_extract(failure, '$.message') FROM jobs");
    assert_eq!(dead, [["dead", "its process died while it ran"].map(str::to_owned)]);
    assert_eq!(place.number("SELECT count(*) FROM results WHERE outcome = 'failed'"), 1, "whoever waits is told");
}

#[tokio::test]
async fn an_envelope_that_is_sent_again_is_accepted_once() {
    let place = Place::new();
    let store = Sqlite::options().durability(Durability::ProcessCrash).open(place.file()).unwrap();
    let channels = Engine::open::<Work>(&store, &Work::SERVING.requests(100_000)).await.unwrap();
    let sender = channels.request_sender();
    let mut batch: Vec<Envelope<Work>> = (0..500).map(Envelope::new).collect();
    let mut given_up = 0;
    // Each time it gives up at another moment; what it does not know to be accepted is in the vector.
    while !batch.is_empty() {
        let patience = Duration::from_micros(50 * given_up);
        match tokio::time::timeout(patience, sender.send_many(&mut batch)).await {
            Ok(sent) => sent.unwrap(),
            Err(_) => given_up += 1,
        }
    }
    assert_eq!(place.number("SELECT count(DISTINCT id) FROM jobs"), 500, "after giving up {given_up} times");
    assert_eq!(place.number("SELECT waiting FROM job"), 500);
    channels.close();
    assert!(matches!(sender.send(Envelope::new(1)).await, Err(SendError::Closed(_))));
}

#[tokio::test]
async fn a_paused_job_stays_paused_until_it_is_resumed() {
    let (place, log, gate) = (Place::new(), Log::new(), Gate::shut());
    gate.open();
    let orch = working(&place, &log, &gate).await;
    orch.pause(Work).await.unwrap();
    orch.send(Work, 1).await.unwrap();
    orch.shutdown().await.unwrap();
    drop(orch);
    let orch = working(&place, &log, &gate).await;
    assert!(orch.client(Work).unwrap().is_paused().await.unwrap());
    orch.send(Work, 2).after("1ms").await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(log.is_empty(), "nothing runs");
    orch.resume(Work).await.unwrap();
    within_a_minute(gate.reached_by(2)).await;
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_a_process_claimed_after_it_was_taken_for_dead_is_taken_back_too() {
    let place = Place::new();
    let store = place.open();
    let channels = Engine::open::<Work>(&store, &Work::SERVING).await.unwrap();
    // It was stopped for long, and goes on.
    place.sql().execute("DELETE FROM holder", []).unwrap();
    channels.request_sender().send(Envelope::new(1)).await.unwrap();
    let held = within_a_minute(channels.request_receiver().receive()).await.unwrap();
    assert_eq!(place.number("SELECT sum(running) FROM processes"), 1, "it is listed again");
    held.ack().await.unwrap();
}

#[tokio::test]
async fn a_full_store_refuses_and_goes_on_when_there_is_room() {
    let place = Place::new();
    let store = Sqlite::options().most_bytes(400_000).open(place.file()).unwrap();
    let channels = Engine::open::<Work>(&store, &Work::SERVING.requests(1_000_000)).await.unwrap();
    let sender = channels.request_sender();
    let mut accepted = 0;
    let refused = loop {
        match sender.send(Envelope::new(accepted)).await {
            Ok(()) => accepted += 1,
            Err(error) => break error,
        }
    };
    assert!(refused.is_retryable() && matches!(&refused, SendError::Engine { .. }), "{refused:?}");
    let source = std::error::Error::source(&refused).and_then(std::error::Error::source).unwrap();
    assert!(source.to_string().contains("full"), "{source}");
    assert_eq!(place.number("SELECT waiting FROM job"), i64::try_from(accepted).unwrap());
    let mut receiver = channels.request_receiver();
    for number in 0..accepted {
        let delivery = within_a_minute(receiver.receive()).await.unwrap();
        assert_eq!(*delivery.message().request(), number);
        delivery.ack().await.unwrap();
    }
    sender.send(refused.into_message()).await.unwrap();
    assert_eq!(*within_a_minute(receiver.receive()).await.unwrap().message().request(), accepted);
}
