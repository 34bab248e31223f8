//! Room in a queue: by number and by bytes, exact for several processes, and what gives way where there is none.
//!
//! Where the bytes are not counted back on every way, or room is looked for outside of the transaction, this fails.

use std::collections::BTreeSet;
use std::time::Duration;

use job_orch::Refusal;
use job_orch::prelude::*;
use job_orch::settings::{Overflow, Serving};
use job_orch_tests::{Bare, Gate, within_a_minute};

use crate::store::Place;

#[job(retry(max = 1, backoff = constant("1ms")))]
async fn weigh(text: &String, gate: &Gate) -> Result<usize, Bare> {
    gate.pass().await;
    if text.starts_with("bad") { Err(Bare::of("bad")) } else { Ok(text.len()) }
}

/// A text of so many bytes as JSON.
fn of(bytes: usize, first: char) -> String {
    std::iter::once(first).chain(std::iter::repeat_n('.', bytes - 3)).collect()
}

/// Senders alone, so that what is sent waits.
async fn reaching(place: &Place, serving: Serving) -> Orchestrator<Sqlite> {
    let gate = Gate::shut();
    // A worker that never gets anything: the job is paused.
    let orch = Orchestrator::on(place.open()).share(gate).host_with(Weigh, serving).start().await.unwrap();
    orch.pause(Weigh).await.unwrap();
    orch
}

fn counted(place: &Place) -> (i64, i64) {
    (place.number("SELECT waiting FROM job"), place.number("SELECT bytes FROM job"))
}

async fn refused(orch: &Orchestrator<Sqlite>, text: String) -> bool {
    let sent = orch.send(Weigh, text).refuse_if_full().await;
    matches!(sent, Err(error) if matches!(error.reason(), Refusal::Full))
}

#[tokio::test]
async fn what_waits_is_bound_by_its_bytes() {
    let place = Place::new();
    let orch = reaching(&place, Weigh::SERVING.request_bytes(100)).await;
    orch.send(Weigh, of(60, 'a')).await.unwrap();
    assert!(refused(&orch, of(41, 'b')).await, "a byte too many");
    orch.send(Weigh, of(40, 'c')).await.unwrap();
    assert_eq!(counted(&place), (2, 100));
    assert!(refused(&orch, of(3, 'd')).await);
    let error = orch.send(Weigh, of(101, 'e')).await.unwrap_err();
    assert!(!matches!(error.reason(), Refusal::Full), "it would wait for ever: {error}");
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn who_waits_for_bytes_gets_in_when_there_are_enough() {
    let place = Place::new();
    let orch = reaching(&place, Weigh::SERVING.request_bytes(100)).await;
    let (first, second) = (orch.send(Weigh, of(50, 'a')).await.unwrap(), orch.send(Weigh, of(40, 'b')).await.unwrap());
    let sending = {
        let orch = orch.clone();
        tokio::spawn(async move { orch.send(Weigh, of(60, 'c')).await.map(drop) })
    };
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(orch.cancel(Weigh, second.id).await, "there are fifty bytes now");
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(!sending.is_finished());
    assert!(orch.cancel(Weigh, first.id).await);
    within_a_minute(sending).await.unwrap().unwrap();
    assert_eq!(counted(&place), (1, 60));
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn bytes_are_counted_back_on_every_way() {
    let place = Place::new();
    let gate = Gate::shut();
    let orch = Orchestrator::on(place.open()).share(gate.clone()).host(Weigh).start().await.unwrap();
    for text in ["bad", "good", "bad again", "later"] {
        orch.send(Weigh, text.to_owned()).await.unwrap();
    }
    orch.send(Weigh, "delayed".to_owned()).after("10ms").priority(3).await.unwrap();
    within_a_minute(gate.reached_by(1)).await;
    assert_eq!(counted(&place), (4, 6 + 11 + 7 + 9));
    gate.open();
    within_a_minute(async {
        while place.number("SELECT count(*) FROM results") < 5 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
    assert_eq!(counted(&place), (0, 0), "some were tried again, and two are dead");
    orch.pause(Weigh).await.unwrap();
    for letter in orch.dead_letters(Weigh).await.unwrap() {
        assert!(orch.redrive(Weigh, letter.id).await.unwrap());
    }
    assert_eq!(counted(&place), (2, 5 + 11));
    orch.shutdown().await.unwrap();
    drop(orch);
    // Opening it looks whether the counts are right.
    drop(place.open());
}

/// The texts that wait, in the order in which they came, and those that were shed.
fn waiting_and_shed(place: &Place) -> (Vec<String>, Vec<String>) {
    let first = |text: &str| text.trim_matches('"').trim_end_matches('.').to_owned();
    let texts = |of: &str| place.rows(of).into_iter().map(|row| first(&row[0])).collect();
    (
        texts("SELECT request FROM jobs WHERE state <> 'dead' ORDER BY uuid"),
        texts("SELECT request FROM jobs WHERE state = 'dead' AND failure LIKE '%\"shed\"%' ORDER BY uuid"),
    )
}

fn shedding() -> Serving {
    Weigh::SERVING.full_requests(Overflow::Shed)
}

#[tokio::test]
async fn the_oldest_of_the_lowest_priority_makes_room() {
    let place = Place::new();
    let orch = reaching(&place, shedding().requests(3)).await;
    let send = |text: &str, priority| orch.send(Weigh, text.to_owned()).priority(priority);
    for (text, priority) in [("low", -5), ("a", 0), ("high", 5)] {
        send(text, priority).await.unwrap();
    }
    send("b", 0).await.unwrap();
    assert_eq!(waiting_and_shed(&place), (vec!["a".into(), "high".into(), "b".into()], vec!["low".into()]));
    send("c", 0).await.unwrap();
    send("d", 7).await.unwrap();
    assert_eq!(waiting_and_shed(&place).0, ["high", "c", "d"]);
    let error = send("too low", -1).await.unwrap_err();
    assert!(matches!(error.reason(), Refusal::Full), "what waits matters more: {error}");
    let reasons: Vec<_> =
        orch.dead_letters(Weigh).await.unwrap().into_iter().map(|letter| letter.reason.kind).collect();
    assert_eq!(reasons, [FailureKind::Shed; 3]);
    let id = orch.dead_letters(Weigh).await.unwrap()[0].id;
    assert!(orch.response(Weigh, id).await.unwrap().is_some_and(|response| response.outcome.is_err()));
    orch.shutdown().await.unwrap();
    drop(orch);
    drop(place.open());
}

#[tokio::test]
async fn bytes_make_room_for_bytes_all_or_nothing() {
    let place = Place::new();
    let orch = reaching(&place, shedding().request_bytes(100)).await;
    for (text, priority) in [('a', 0), ('b', 0), ('c', 0), ('d', 9)] {
        orch.send(Weigh, of(25, text)).priority(priority).await.unwrap();
    }
    orch.send(Weigh, of(50, 'e')).await.unwrap();
    assert_eq!(waiting_and_shed(&place), (vec!["c".into(), "d".into(), "e".into()], vec!["a".into(), "b".into()]));
    assert!(refused(&orch, of(90, 'f')).await, "`d` matters more, and so nobody makes room");
    assert_eq!(waiting_and_shed(&place).0, ["c", "d", "e"]);
    assert_eq!(counted(&place), (3, 100));
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_caller_of_what_was_shed_is_told_also_elsewhere() {
    let place = Place::new();
    let here = reaching(&place, shedding().requests(1)).await;
    let elsewhere = Orchestrator::on(place.open()).reach(Weigh).start().await.unwrap();
    let call = tokio::spawn({
        let here = here.clone();
        async move { here.call(Weigh, "first".to_owned()).await }
    });
    within_a_minute(async {
        while counted(&place).0 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    here.send(Weigh, "second".to_owned()).await.unwrap();
    let answer = within_a_minute(call).await.unwrap();
    assert!(matches!(answer, Err(CallError::Shed { .. })), "{answer:?}");
    let call = tokio::spawn({
        let elsewhere = elsewhere.clone();
        async move { elsewhere.call(Weigh, "third".to_owned()).await }
    });
    // That process has room for more.
    within_a_minute(async {
        while counted(&place).0 < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    here.send(Weigh, "fourth".to_owned()).await.unwrap();
    let answer = within_a_minute(call).await.unwrap();
    assert!(matches!(answer, Err(CallError::Shed { .. })), "{answer:?}");
    for orch in [here, elsewhere] {
        orch.shutdown().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_senders_never_exceed_the_room_and_lose_nothing() {
    let place = Place::new();
    let serving = shedding().requests(20).request_bytes(500);
    let (first, second) = (reaching(&place, serving).await, reaching(&place, serving).await);
    let mut tasks = tokio::task::JoinSet::new();
    for (sender, orch) in [first.clone(), second.clone(), first.clone(), second.clone()].into_iter().enumerate() {
        tasks.spawn(async move {
            let mut ids = Vec::new();
            for number in 0..50 {
                let text = of(10 + (number * 7 + sender) % 60, 'x');
                ids.push(orch.send(Weigh, text).await.unwrap().id);
            }
            ids
        });
    }
    let mut accepted = BTreeSet::new();
    while let Some(ids) = tasks.join_next().await {
        accepted.extend(ids.unwrap().into_iter().map(|id| id.to_string()));
    }
    let (waiting, bytes) = counted(&place);
    assert!(waiting <= 20 && bytes <= 500 && bytes > 400, "{waiting} and {bytes}");
    let kept: BTreeSet<String> = place.rows("SELECT id FROM jobs").into_iter().map(|row| row[0].clone()).collect();
    assert_eq!(kept, accepted, "each waits or stands among the dead");
    assert_eq!(place.number("SELECT count(*) FROM jobs WHERE state = 'dead'"), 200 - waiting);
    for orch in [first, second] {
        orch.shutdown().await.unwrap();
        drop(orch);
    }
    drop(place.open());
}
