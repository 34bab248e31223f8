//! Ticks on one file: each is fired once, whoever is there, and what nobody fired is remembered.
//!
//! Where the schedule does not move on in the transaction of the request, or nobody looks whether it has moved, this fails.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, SystemTime};

use job_orch::cron::{Missed, Tick};
use job_orch::engine::sqlite::inspect::Inspector;
use job_orch::prelude::*;
use job_orch_tests::{Gate, within_a_minute};

use crate::child::{self, Child};
use crate::store::{Place, file_in};

#[job(cron = "* * * * * *", missed = all)]
async fn beat(tick: &Tick) -> Tick {
    *tick
}

#[job(cron = "0 0 1 1 *")]
async fn yearly() {}

/// The same job, after its schedule was changed.
mod later {
    use job_orch::prelude::*;

    #[job(name = "yearly", cron = "0 0 2 1 *", tz = "Asia/Tokyo")]
    pub(super) async fn yearly() {}
}

/// Waits until it is so.
async fn until(is_so: impl Fn() -> bool) {
    within_a_minute(async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

/// Waits until two more ticks were fired or passed over.
async fn two_ticks(place: &Place) {
    let last = || place.number("SELECT last FROM schedule");
    let before = last();
    until(|| last() >= before + 2000).await;
}

#[tokio::test]
async fn a_schedule_stands_in_the_file_for_people() {
    let place = Place::new();
    let orch = Orchestrator::on(place.open()).host(Yearly).start().await.unwrap();
    let rows = place.rows("SELECT job, expression, zone, missed, overlap FROM schedules");
    assert_eq!(rows, [["yearly", "0 0 1 1 *", "UTC", "once", "allow"]]);
    let next = orch.schedules()[0].next.unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(place.number("SELECT unixepoch(next) FROM schedules"), i64::try_from(next).unwrap());
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_process_that_reaches_a_job_fires_nothing() {
    let place = Place::new();
    let orch = Orchestrator::on(place.open()).reach(Beat).start().await.unwrap();
    assert!(orch.schedules().is_empty());
    assert_eq!(place.number("SELECT count(*) FROM schedule"), 0);
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_start_takes_the_schedule_up_where_it_was_left() {
    let place = Place::new();
    let orch = Orchestrator::on(place.open()).host(Yearly).start().await.unwrap();
    orch.shutdown().await.unwrap();
    let begun = orch.schedules()[0].last;
    drop(orch);
    let orch = Orchestrator::on(place.open()).host(Yearly).start().await.unwrap();
    assert_eq!(orch.schedules()[0].last, begun);
    assert_eq!(Yearly::CRON.unwrap().missed, Missed::Once);
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_process_of_the_second_queue_alone_fires_too() {
    let place = Place::new();
    let other = Beat::SERVING.queue("bulk");
    let orch = Orchestrator::on(place.open()).host(Beat).host_with(Beat, other).only(["bulk"]).start().await.unwrap();
    assert_eq!(orch.schedules().len(), 1);
    until(|| !handled(&place).is_empty()).await;
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn another_schedule_of_the_job_takes_the_place_of_the_one_before() {
    let place = Place::new();
    let before = Orchestrator::on(place.open()).host(Yearly).start().await.unwrap();
    let after = Orchestrator::on(place.open()).host(later::Yearly).start().await.unwrap();
    assert_eq!(place.rows("SELECT expression, zone FROM schedules"), [["0 0 2 1 *", "Asia/Tokyo"]]);
    for orch in [before, after] {
        orch.shutdown().await.unwrap();
    }
}

/// The job of [`Yearly`], after what becomes of its ticks was changed.
mod strict {
    use job_orch::prelude::*;

    #[job(name = "yearly", cron = "0 0 1 1 *", missed = skip, overlap = skip)]
    pub(super) async fn yearly() {}
}

#[tokio::test]
async fn a_schedule_goes_on_when_its_ticks_are_to_be_treated_otherwise() {
    let place = Place::new();
    let orch = Orchestrator::on(place.open()).host(Yearly).start().await.unwrap();
    orch.shutdown().await.unwrap();
    let before = place.rows("SELECT last, next FROM schedule");
    let orch = Orchestrator::on(place.open()).host(strict::Yearly).start().await.unwrap();
    orch.shutdown().await.unwrap();
    assert_eq!(place.rows("SELECT missed, overlap FROM schedules"), [["skip", "skip"]]);
    assert_eq!(place.rows("SELECT last, next FROM schedule"), before);
}

#[tokio::test]
async fn a_damaged_schedule_begins_anew() {
    let place = Place::new();
    let orch = Orchestrator::on(place.open()).host(Yearly).start().await.unwrap();
    orch.shutdown().await.unwrap();
    drop(orch);
    // The first are flipped bits: otherwise the ticks of eight hundred years had been missed.
    let damages = [
        "last = last + (1 << 44)",
        "checksum = 1 << 40",
        "expression = CAST(x'b0' AS TEXT)",
        "overlap = CAST(x'ff' AS TEXT)",
        "last = 1 << 60",
    ];
    for damage in damages {
        place.sql().execute(&format!("UPDATE schedule SET {damage}"), []).unwrap();
        assert_eq!(Inspector::open(place.file()).unwrap().schedules().unwrap().len(), 1, "{damage}");
        let orch = Orchestrator::on(place.open()).host(Yearly).start().await.unwrap();
        assert!(orch.schedules()[0].last.elapsed().unwrap() < Duration::from_secs(60), "{damage}");
        orch.shutdown().await.unwrap();
        assert_eq!(place.rows("SELECT expression, overlap FROM schedules"), [["0 0 1 1 *", "allow"]], "{damage}");
    }
}

#[tokio::test]
async fn a_schedule_that_is_damaged_while_it_runs_goes_on() {
    let place = Place::new();
    let orch = Orchestrator::on(place.open()).host(Beat).start().await.unwrap();
    place.sql().execute("UPDATE schedule SET expression = CAST(x'b0' AS TEXT)", []).unwrap();
    until(|| !handled(&place).is_empty()).await;
    orch.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_missed_is_fired_once_by_those_who_start_together() {
    let place = Place::new();
    let orch = Orchestrator::on(place.open()).host(Beat).start().await.unwrap();
    orch.shutdown().await.unwrap();
    drop(orch);
    tokio::time::sleep(Duration::from_millis(5200)).await;
    let mut starts = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let store = place.open();
        starts.spawn(async move { Orchestrator::on(store).host(Beat).start().await.unwrap() });
    }
    let mut all = Vec::new();
    while let Some(started) = starts.join_next().await {
        all.push(started.unwrap());
    }
    until(|| handled(&place).len() >= 5).await;
    for orch in all {
        orch.shutdown().await.unwrap();
    }
    let counts = handled(&place);
    assert!(counts.values().all(|count| *count == 1), "each once: {counts:?}");
}

#[job(cron = "* * * * * *", overlap = skip)]
#[processor(workers = 1, requests(capacity = 1, full = shed))]
async fn crowd(_: &Tick, gate: &Gate) {
    gate.pass().await;
}

#[tokio::test]
async fn a_tick_that_is_passed_over_sheds_nothing() {
    let place = Place::new();
    let gate = Gate::shut();
    let orch = Orchestrator::on(place.open()).share(gate.clone()).host(Crowd).start().await.unwrap();
    gate.reached_by(1).await;
    let waits = orch.send(Crowd, Tick::now()).await.unwrap().id;
    two_ticks(&place).await;
    assert_eq!(place.rows("SELECT id FROM jobs WHERE state = 'ready'"), [[waits.to_string()]]);
    assert_eq!(place.rows("SELECT id FROM jobs WHERE state = 'dead'"), Vec::<Vec<String>>::new());
    gate.open();
    orch.shutdown().await.unwrap();
}

#[job(cron = "* * * * * *", overlap = skip)]
async fn patrol(_: &Tick, gate: &Gate) {
    gate.pass().await;
}

#[tokio::test]
async fn a_tick_is_passed_over_while_the_last_firing_runs_in_another_queue() {
    let place = Place::new();
    let gate = Gate::shut();
    let first = Orchestrator::on(place.open()).share(gate.clone()).host(Patrol).start().await.unwrap();
    gate.reached_by(1).await;
    // It fires nothing any more, and waits for what runs.
    let ending = tokio::spawn(async move { first.shutdown().await.unwrap() });
    let bulk = Patrol::SERVING.queue("bulk");
    let hosting = Orchestrator::on(place.open()).share(gate.clone()).host(Patrol).host_with(Patrol, bulk);
    let second = hosting.only(["bulk"]).start().await.unwrap();
    two_ticks(&place).await;
    assert_eq!((gate.arrived(), place.number("SELECT count(*) FROM jobs")), (1, 1), "the ticks were passed over");
    gate.open();
    ending.await.unwrap();
    gate.reached_by(2).await;
    second.shutdown().await.unwrap();
}

// ===== several processes =====

#[tokio::test]
#[ignore = "a process of the test below"]
async fn process() {
    let Some(folder) = child::folder() else { return };
    let store = Sqlite::options().lease(Duration::from_millis(300)).open(file_in(&folder)).unwrap();
    let _orch = Orchestrator::on(store).host(Beat).start().await.unwrap();
    std::future::pending::<()>().await;
}

fn spawn(folder: &Path) -> Child {
    Child::start("cron::process", folder)
}

/// How often each tick was handled, by its second.
fn handled(place: &Place) -> BTreeMap<u64, usize> {
    let mut counts = BTreeMap::new();
    for row in place.rows("SELECT response FROM results WHERE job IN ('beat', 'beat@bulk')") {
        let tick: Tick = serde_json::from_str(&row[0]).unwrap();
        *counts.entry(tick.at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()).or_default() += 1;
    }
    counts
}

#[tokio::test]
async fn each_tick_is_fired_once_by_several_processes_that_are_killed_and_started() {
    let place = Place::new();
    let folder = place.folder();
    let mut children: Vec<Child> = (0..4).map(|_| spawn(folder)).collect();
    for round in 0..6 {
        tokio::time::sleep(Duration::from_millis(700)).await;
        children.remove(0).kill();
        // For a while there is nobody.
        if round == 3 {
            children.clear();
            tokio::time::sleep(Duration::from_millis(2500)).await;
            children.extend((0..3).map(|_| spawn(folder)));
        }
        children.push(spawn(folder));
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    drop(children);
    // What was accepted and not handled yet, is.
    let orch = Orchestrator::on(place.open()).host(Beat).start().await.unwrap();
    until(|| place.number("SELECT count(*) FROM jobs") == 0).await;
    orch.shutdown().await.unwrap();
    let counts = handled(&place);
    assert!(counts.len() >= 8, "it says too little: {counts:?}");
    assert!(counts.values().all(|count| *count == 1), "each once: {counts:?}");
    let (first, last) = (counts.keys().next().unwrap(), counts.keys().last().unwrap());
    assert_eq!(counts.len() as u64, last - first + 1, "and none is missing: {counts:?}");
}
