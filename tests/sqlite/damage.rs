//! Bytes that are damaged, or no request of the job: dead letters, never a loop and never silence.

use job_orch::Engine;

use job_orch::channel::{Channels, Delivery, Envelope, McReceive, MpSend};
use job_orch::engine::EngineChannels;
use job_orch::prelude::*;
use job_orch_tests::within_a_minute;
use serde::{Deserialize, Serialize};

use crate::store::Place;

#[job]
async fn measure(text: &String) -> usize {
    text.len()
}

/// Reading it panics, if it says so.
#[derive(Debug, Serialize)]
pub(crate) struct Trap(bool);

impl<'de> Deserialize<'de> for Trap {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let is_set = bool::deserialize(deserializer)?;
        assert!(!is_set, "trapped");
        Ok(Self(is_set))
    }
}

#[job]
async fn step(trap: &Trap) -> bool {
    trap.0
}

/// A response that cannot be written.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Unwritable;

impl Serialize for Unwritable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("there are no words for it"))
    }
}

#[job]
async fn stutter(_: &()) -> Unwritable {
    Unwritable
}

/// Sends three, damages the second, and returns the reason of the one dead letter that comes of it.
async fn damaged(sql: &str) -> String {
    let place = Place::new();
    let store = place.open();
    let channels = Engine::open::<Measure>(&store, &Measure::SERVING).await.unwrap();
    for text in ["one", "two", "three"] {
        channels.request_sender().send(Envelope::new(text.to_owned())).await.unwrap();
    }
    assert_eq!(place.sql().execute(sql, []).unwrap(), 1);
    let mut receiver = channels.request_receiver();
    for text in ["one", "three"] {
        let delivery = within_a_minute(receiver.receive()).await.unwrap();
        assert_eq!(delivery.message().request(), text);
        delivery.ack().await.unwrap();
    }
    let dead = channels.dead_letters().await.unwrap();
    assert_eq!((dead.len(), dead[0].reason.kind), (1, FailureKind::Unreadable));
    assert_eq!(place.rows("SELECT state FROM jobs"), [["dead"]], "its bytes are kept");
    let response = channels.response(dead[0].id).await.unwrap().unwrap();
    assert_eq!(response.outcome, Err(dead[0].reason.clone()));
    dead[0].reason.message.clone()
}

#[tokio::test]
async fn a_flipped_bit_is_told() {
    let reason = damaged("UPDATE request SET payload = x'2274776e22' WHERE seq & 3 = 2").await;
    assert!(reason.contains("checksum"), "{reason}");
}

#[tokio::test]
async fn the_bytes_of_another_request_are_told() {
    let swap = "UPDATE request SET payload = (SELECT payload FROM request WHERE seq & 3 = 1) WHERE seq & 3 = 2";
    assert!(damaged(swap).await.contains("checksum"));
}

#[tokio::test]
async fn another_codec_or_version_is_told() {
    assert!(damaged("UPDATE request SET codec = 77 WHERE seq & 3 = 2").await.contains("checksum"));
    assert!(damaged("UPDATE request SET version = version + 1 WHERE seq & 3 = 2").await.contains("checksum"));
}

#[tokio::test]
async fn what_is_no_request_of_the_job_is_a_dead_letter() {
    let place = Place::new();
    let store = place.open();
    // Sent by a program in which a job of this name takes something else.
    let channels = Engine::open::<other::Measure>(&store, &other::Measure::SERVING).await.unwrap();
    channels.request_sender().send(Envelope::new(7)).await.unwrap();
    let orch = Orchestrator::on(store).host(Measure).start().await.unwrap();
    assert_eq!(within_a_minute(orch.call(Measure, "four".to_owned())).await.unwrap(), 4);
    let dead = orch.dead_letters(Measure).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert!(dead[0].reason.message.contains("invalid type"), "{}", dead[0].reason);
    orch.shutdown().await.unwrap();
}

mod other {
    use job_orch::prelude::*;

    #[job]
    pub(super) async fn measure(number: &u64) -> u64 {
        *number
    }
}

#[tokio::test]
async fn a_request_whose_reading_panics_is_a_dead_letter() {
    let place = Place::new();
    let orch = Orchestrator::on(place.open()).host(Step).start().await.unwrap();
    orch.send(Step, Trap(true)).await.unwrap();
    assert!(!within_a_minute(orch.call(Step, Trap(false))).await.unwrap());
    let dead = orch.dead_letters(Step).await.unwrap();
    assert_eq!((dead.len(), dead[0].reason.kind), (1, FailureKind::Unreadable));
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_response_that_cannot_be_written_is_a_failure() {
    let place = Place::new();
    let orch = Orchestrator::on(place.open()).host(Stutter).start().await.unwrap();
    let error = within_a_minute(orch.call(Stutter, ())).await.unwrap_err();
    assert!(matches!(&error, CallError::Engine { source, .. } if source.to_string().contains("no words")), "{error}");
    let receipt = orch.send(Stutter, ()).await.unwrap();
    within_a_minute(async {
        while orch.dead_letters(Stutter).await.unwrap().iter().all(|letter| letter.id != receipt.id) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    orch.shutdown().await.unwrap();
}
