//! Bytes that are damaged, or no request of the job: dead letters, never a loop and never silence.

use job_orch::Engine;

use job_orch::channel::{Channels, Delivery, Envelope, McReceive, MpSend, ReceiveError, SendOptions};
use job_orch::engine::EngineChannels;
use job_orch::engine::sqlite::inspect::{Inspector, Wanted};
use job_orch::engine::sqlite::{OpenError, StoreError};
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
async fn what_fits_nowhere_is_told_and_stops_nobody() {
    let changes = [
        "version = 1 << 40",
        "codec = 300",
        "checksum = 1 << 40",
        "priority = 1 << 40",
        "trace = CAST(x'ff' AS TEXT)",
        "retry = CAST(x'ff' AS TEXT)",
    ];
    for change in changes {
        let reason = damaged(&format!("UPDATE request SET {change} WHERE seq & 3 = 2")).await;
        assert!(reason.contains("checksum"), "{change}: {reason}");
    }
}

/// A channel with one request beside the line, and one in it. Both were sent before this was done to their rows.
async fn beside(place: &Place, sql: &str) -> impl EngineChannels<Measure> {
    let store = place.open();
    let channels = Engine::open::<Measure>(&store, &Measure::SERVING).await.unwrap();
    let mut urgent = SendOptions::default();
    urgent.priority = 5;
    channels.request_sender().send_with(Envelope::new("urgent".to_owned()), urgent).await.unwrap();
    channels.request_sender().send(Envelope::new("plain".to_owned())).await.unwrap();
    place.sql().execute(sql, []).unwrap();
    channels
}

#[tokio::test]
async fn what_was_attempted_more_often_than_can_be_counted_stops_nobody() {
    let place = Place::new();
    let channels = beside(&place, "UPDATE aside SET attempts = 1 << 40").await;
    let delivery = within_a_minute(channels.request_receiver().receive()).await.unwrap();
    assert_eq!(delivery.message().request(), "plain");
    assert_eq!(channels.dead_letters().await.unwrap()[0].reason.kind, FailureKind::Interrupted);
}

#[tokio::test]
async fn counters_at_their_ends_stop_no_thread() {
    let place = Place::new();
    let channels = beside(&place, "UPDATE job SET waiting = -1 << 63, bytes = -1 << 63").await;
    let mut receiver = channels.request_receiver();
    for text in ["urgent", "plain"] {
        let delivery = within_a_minute(receiver.receive()).await.unwrap();
        assert_eq!(delivery.message().request(), text);
        delivery.ack().await.unwrap();
    }
}

#[tokio::test]
async fn a_row_that_nobody_has_written_is_damage() {
    let place = Place::new();
    let _channels = beside(&place, "UPDATE aside SET due = due").await;
    let mut inspector = Inspector::open(place.file()).unwrap();
    place.sql().execute("UPDATE job SET is_paused = 7", []).unwrap();
    let refused = inspector.pause("measure", true).unwrap_err();
    assert!(matches!(&refused, StoreError::Damaged { what } if what.contains('7')), "{refused:?}");
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

/// The store with one request, as large as that.
async fn of_bytes(place: &Place, bytes: usize) {
    let store = place.open();
    let channels = Engine::open::<Measure>(&store, &Measure::SERVING).await.unwrap();
    channels.request_sender().send(Envelope::new("x".repeat(bytes))).await.unwrap();
}

/// What no row shows by itself.
const MISCOUNTED: &str = "UPDATE job SET waiting = waiting + 4096";

#[tokio::test]
async fn counters_that_are_wrong_are_told_when_a_file_is_opened() {
    let wrong = [
        "UPDATE job SET head = head + 1024",
        "UPDATE job SET turn = turn | (1 << 40)",
        "UPDATE job SET turn = 0",
        "UPDATE job SET position = 0",
        MISCOUNTED,
    ];
    for sql in wrong {
        let place = Place::new();
        of_bytes(&place, 10).await;
        assert_eq!(place.sql().execute(sql, []).unwrap(), 1);
        let refused = Sqlite::open(place.file());
        assert!(matches!(refused, Err(OpenError::Damaged { .. })), "{sql}: {refused:?}");
    }
}

#[tokio::test]
async fn a_large_file_is_looked_at_while_it_is_in_use() {
    let place = Place::new();
    of_bytes(&place, 9 << 20).await;
    // As long as nothing is wrong with it, nobody notices.
    let store = place.open();
    let channels = Engine::open::<Measure>(&store, &Measure::SERVING).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    channels.request_sender().send(Envelope::new("one".to_owned())).await.unwrap();
    drop((channels, store));
    assert_eq!(place.sql().execute(MISCOUNTED, []).unwrap(), 1);
    let store = place.open();
    let channels = Engine::open::<Measure>(&store, &Measure::SERVING).await.unwrap();
    let refused = within_a_minute(async {
        loop {
            match channels.request_sender().send(Envelope::new("two".to_owned())).await {
                Ok(()) => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
                Err(error) => break error,
            }
        }
    })
    .await;
    let source = std::error::Error::source(&refused).and_then(|source| source.downcast_ref::<StoreError>());
    assert!(matches!(source, Some(StoreError::Damaged { what }) if what.contains("count")), "{refused:?}");
    let received = within_a_minute(channels.request_receiver().receive()).await;
    assert!(matches!(received, Err(ReceiveError::Engine(_))), "nothing is run that could not be settled");
}

#[tokio::test]
async fn the_doctor_finds_what_an_orchestrator_would() {
    let place = Place::new();
    of_bytes(&place, 9 << 20).await;
    let wrong = || {
        let found = Inspector::open(place.file()).unwrap().check(|_| {});
        let wrong = found.into_iter().filter(|check| !check.is_good);
        wrong.map(|check| (check.subject, check.finding)).collect::<Vec<_>>()
    };
    assert_eq!(wrong(), []);
    let orphan = "INSERT INTO aside (seq, job, state, turn, due, priority, attempts, fence)
                  VALUES (1 << 40 | 1 << 39 | 1, 1, 3, 1, 0, 0, 0, 0)";
    assert_eq!(place.sql().execute(orphan, []).unwrap(), 1);
    assert_eq!(wrong(), [("rows", "a request is missing".to_owned())]);
    let stray = "PRAGMA foreign_keys = OFF; DELETE FROM aside; INSERT INTO answers_of VALUES (77, 0)";
    place.sql().execute_batch(stray).unwrap();
    assert_eq!(wrong(), [("references", "1 rows of jobs that are not there".to_owned())]);
}

#[tokio::test]
async fn a_damaged_row_hides_no_other_from_who_looks() {
    let place = Place::new();
    let store = place.open();
    let channels = Engine::open::<Measure>(&store, &Measure::SERVING).await.unwrap();
    let mut urgent = SendOptions::default();
    urgent.priority = 5;
    let odd = Envelope::new("one".to_owned());
    let id = odd.id();
    channels.request_sender().send_with(odd, urgent).await.unwrap();
    channels.request_sender().send(Envelope::new("two".to_owned())).await.unwrap();
    let inspector = Inspector::open(place.file()).unwrap();
    let damages = [
        ("UPDATE aside SET attempts = 1 << 40", "measure", u32::MAX, 5),
        ("UPDATE aside SET attempts = -7", "measure", 0, 5),
        ("UPDATE request SET priority = 1 << 40 WHERE priority = 5", "measure", 0, i16::MAX),
        ("UPDATE request SET priority = -1 << 40 WHERE priority > 5", "measure", 0, i16::MIN),
        ("UPDATE job SET name = CAST(x'6dff' AS TEXT)", "m\u{fffd}", 0, i16::MIN),
        ("UPDATE job SET name = x'6eff'", "n\u{fffd}", 0, i16::MIN),
        ("UPDATE job SET name = NULL", "", 0, i16::MIN),
    ];
    for (damage, job, attempts, priority) in damages {
        write_anything(&place, damage);
        assert_eq!(inspector.requests(&Wanted::all()).unwrap().len(), 2, "{damage}");
        let found = inspector.request(id).unwrap().unwrap();
        assert_eq!((found.job.as_str(), found.attempts, found.priority), (job, attempts, priority), "{damage}");
        assert_eq!(inspector.queues().unwrap()[0].job, job, "{damage}");
        assert_eq!(inspector.jobs().unwrap(), [job], "{damage}");
    }
}

/// Writes what the tables would refuse, as a damaged file may have it.
fn write_anything(place: &Place, sql: &str) {
    let rules = [(") STRICT", ") /* STRICT */"), ("NOT NULL", "/* NOT NULL */")];
    let rewrite = |from: &str, to: &str| {
        let connection = place.sql();
        connection.pragma_update(None, "writable_schema", true).unwrap();
        let tables =
            "UPDATE sqlite_schema SET sql = replace(sql, ?1, ?2) WHERE sql LIKE '%)%STRICT%' AND sql NOT LIKE '%ROWID'";
        assert!(connection.execute(tables, [from, to]).unwrap() > 0);
    };
    rules.iter().for_each(|(rule, none)| rewrite(rule, none));
    place.sql().execute(sql, []).unwrap();
    rules.iter().for_each(|(rule, none)| rewrite(none, rule));
}

#[tokio::test]
async fn an_index_that_names_what_is_not_there_is_told_and_no_endless_loop() {
    let place = Place::new();
    let store = place.open();
    let channels = Engine::open::<Measure>(&store, &Measure::SERVING).await.unwrap();
    let mut urgent = SendOptions::default();
    urgent.priority = 5;
    channels.request_sender().send_with(Envelope::new("one".to_owned()), urgent).await.unwrap();
    let schema = |sql: &str| {
        let connection = place.sql();
        connection.pragma_update(None, "writable_schema", true).unwrap();
        connection.execute_batch(sql).unwrap();
    };
    // While the index is not known, it does not go with the table.
    schema(
        "CREATE TABLE aside_was AS SELECT * FROM sqlite_schema WHERE name = 'aside_ready';
         DELETE FROM sqlite_schema WHERE name = 'aside_ready'",
    );
    schema("UPDATE aside SET seq = seq + 1024");
    schema("INSERT INTO sqlite_schema SELECT * FROM aside_was");
    let received = within_a_minute(channels.request_receiver().receive()).await;
    assert!(matches!(received, Err(ReceiveError::Engine(_))), "{received:?}");
}
