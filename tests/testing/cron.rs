//! Jobs that run by the clock, on both engines, with a clock that the test moves.

use std::time::{Duration, SystemTime};

use job_orch::cron::{FromTick, Schedule, Tick};
use job_orch::prelude::*;
use job_orch::testing::{Backing, Kit, Rig};
use job_orch_tests::{Bare, Log};
use serde::{Deserialize, Serialize};

on_all! {
    a_tick_is_fired_when_it_comes
    one_of_the_missed_ticks_is_fired_and_counts_the_others
    missed_ticks_are_passed_over
    each_missed_tick_is_fired
    a_tick_is_fired_while_the_last_one_waits
    a_tick_is_passed_over_while_the_last_one_waits_or_waits_for_its_retry
    a_tick_that_finds_no_room_comes_when_there_is_some
    a_shutdown_ends_the_ticks
    a_job_of_two_queues_has_one_schedule
    a_tick_whose_request_panics_is_passed_over
    a_job_by_the_clock_can_be_sent_and_called
    schedules_are_listed_with_their_next_ticks
}

const MINUTE: Duration = Duration::from_secs(60);

#[job(cron = "* * * * *")]
async fn once(tick: &Tick, log: &Log<u64>) {
    log.push(tick.missed);
}

#[job(cron = "* * * * *", missed = skip)]
async fn skip(tick: &Tick) -> u64 {
    tick.missed
}

#[job(cron = "* * * * *", missed = all)]
async fn all(tick: &Tick) -> u64 {
    tick.missed
}

#[job(cron = "* * * * *", overlap = skip, retry(max = 1, backoff = constant("150s")))]
async fn alone(_: &Tick, #[context] context: &Context) -> Result<(), Bare> {
    if context.attempt() == 1 { Err(Bare::of("again")) } else { Ok(()) }
}

#[job(cron = "* * * * *", tz = "Europe/Berlin")]
async fn empty() {}

#[job(cron = "* * * * *")]
#[processor(requests = 2)]
async fn narrow(_: &Tick) {}

/// All of them, at a second after their first tick, which has been handled.
async fn started(backing: Backing) -> (Kit, Orchestrator<Rig>, Log<u64>) {
    let (kit, log) = (Kit::on(backing).unwrap(), Log::new());
    let hosting = Orchestrator::on(kit.engine()).share(log.clone()).host(Once).host(Skip).host(All).host(Alone);
    // What waits for its retry is handled in memory too.
    let orch = hosting.host(Empty).host(Narrow).drain_for("1h").unwrap().start().await.unwrap();
    let Schedule { last, next, .. } = orch.schedules()[0].clone();
    pass(&kit, next.unwrap().duration_since(last).unwrap() + Duration::from_secs(1)).await;
    (kit, orch, log)
}

/// Lets so much time pass, and everybody do what is to be done then.
async fn pass(kit: &Kit, time: Duration) {
    kit.advance(time).await;
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

fn missed(ticks: &[Tick]) -> Vec<u64> {
    ticks.iter().map(|tick| tick.missed).collect()
}

async fn a_tick_is_fired_when_it_comes(backing: Backing) {
    let (kit, orch, log) = started(backing).await;
    assert_eq!((kit.queued(Once).len(), kit.queued(Empty).len()), (1, 1));
    pass(&kit, Duration::from_secs(58)).await;
    assert_eq!(kit.queued(Once).len(), 1, "a second is left");
    pass(&kit, Duration::from_secs(2)).await;
    let ticks = kit.queued(Once);
    assert_eq!(ticks[1].at.duration_since(ticks[0].at).unwrap(), MINUTE);
    assert_eq!(ticks[0].at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() % 60, 0);
    while kit.run_one(Once).await.unwrap() {}
    assert_eq!(log.entries(), [0, 0]);
    orch.shutdown().await.unwrap();
}

async fn one_of_the_missed_ticks_is_fired_and_counts_the_others(backing: Backing) {
    let (kit, orch, _) = started(backing).await;
    pass(&kit, 5 * MINUTE).await;
    let ticks = kit.queued(Once);
    assert_eq!(missed(&ticks), [0, 4]);
    assert_eq!(ticks[1].at.duration_since(ticks[0].at).unwrap(), 5 * MINUTE, "the last of them");
    orch.shutdown().await.unwrap();
}

async fn missed_ticks_are_passed_over(backing: Backing) {
    let (kit, orch, _) = started(backing).await;
    // The last of them is late by less than a minute.
    pass(&kit, 5 * MINUTE).await;
    assert_eq!(missed(&kit.queued(Skip)), [0, 4]);
    pass(&kit, MINUTE).await;
    assert_eq!(missed(&kit.queued(Skip)), [0, 4, 0]);
    orch.shutdown().await.unwrap();
}

async fn each_missed_tick_is_fired(backing: Backing) {
    let (kit, orch, _) = started(backing).await;
    pass(&kit, 5 * MINUTE).await;
    let ticks = kit.queued(All);
    assert_eq!(missed(&ticks), [0; 6]);
    assert!(ticks.windows(2).all(|two| two[1].at.duration_since(two[0].at).unwrap() == MINUTE), "in order: {ticks:?}");
    orch.shutdown().await.unwrap();
}

async fn a_tick_is_fired_while_the_last_one_waits(backing: Backing) {
    let (kit, orch, _) = started(backing).await;
    pass(&kit, MINUTE).await;
    pass(&kit, MINUTE).await;
    assert_eq!(missed(&kit.queued(Once)), [0; 3]);
    orch.shutdown().await.unwrap();
}

async fn a_tick_is_passed_over_while_the_last_one_waits_or_waits_for_its_retry(backing: Backing) {
    let (kit, orch, _) = started(backing).await;
    pass(&kit, MINUTE).await;
    assert_eq!(kit.queued(Alone).len(), 1, "it waits");
    assert!(kit.run_one(Alone).await.unwrap());
    pass(&kit, MINUTE).await;
    assert_eq!(kit.queued(Alone).len(), 1, "it waits for its retry");
    pass(&kit, 2 * MINUTE).await;
    assert!(kit.run_one(Alone).await.unwrap());
    assert!(kit.queued(Alone).is_empty());
    pass(&kit, MINUTE).await;
    assert_eq!(missed(&kit.queued(Alone)), [0], "those that were passed over were not missed");
    orch.shutdown().await.unwrap();
}

async fn a_tick_that_finds_no_room_comes_when_there_is_some(backing: Backing) {
    let (kit, orch, _) = started(backing).await;
    for _ in 0..4 {
        pass(&kit, MINUTE).await;
    }
    assert_eq!(missed(&kit.queued(Narrow)), [0; 2], "there is room for two");
    assert!(kit.run_one(Narrow).await.unwrap());
    pass(&kit, Duration::from_secs(1)).await;
    assert_eq!(missed(&kit.queued(Narrow)), [0, 2]);
    orch.shutdown().await.unwrap();
}

async fn a_shutdown_ends_the_ticks(backing: Backing) {
    let (kit, orch, log) = started(backing).await;
    kit.run_freely();
    orch.shutdown().await.unwrap();
    let handled = log.len();
    pass(&kit, 5 * MINUTE).await;
    assert_eq!(log.len(), handled);
}

async fn a_job_of_two_queues_has_one_schedule(backing: Backing) {
    let kit = Kit::on(backing).unwrap();
    let other = All::SERVING.queue("other");
    let orch = Orchestrator::on(kit.engine()).host(All).host_with(All, other).start().await.unwrap();
    assert_eq!(orch.schedules().len(), 1);
    pass(&kit, 3 * MINUTE).await;
    assert_eq!(kit.queued(All).len(), 3);
    orch.shutdown().await.unwrap();
}

/// Of every other tick.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
struct Odd(u64);

impl FromTick for Odd {
    fn from_tick(tick: Tick) -> Self {
        let minute = tick.at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() / 60;
        assert!(minute % 2 == 1, "an even minute");
        Self(minute)
    }
}

#[job(cron = "* * * * *")]
async fn particular(_: &Odd) {}

async fn a_tick_whose_request_panics_is_passed_over(backing: Backing) {
    let kit = Kit::on(backing).unwrap();
    let orch = Orchestrator::on(kit.engine()).host(Particular).start().await.unwrap();
    for _ in 0..6 {
        pass(&kit, MINUTE).await;
    }
    assert_eq!(kit.queued(Particular).len(), 3, "the schedule goes on");
    orch.shutdown().await.unwrap();
}

async fn a_job_by_the_clock_can_be_sent_and_called(backing: Backing) {
    let (kit, orch, log) = started(backing).await;
    kit.run_freely();
    let tick = Tick::at(SystemTime::UNIX_EPOCH).missed(7);
    assert_eq!(orch.call(Skip, tick).await.unwrap(), 7);
    orch.call(Once, tick).await.unwrap();
    assert!(log.entries().contains(&7));
    orch.shutdown().await.unwrap();
}

async fn schedules_are_listed_with_their_next_ticks(backing: Backing) {
    let (kit, orch, _) = started(backing).await;
    let names: Vec<_> = orch.schedules().into_iter().map(|schedule| (schedule.job, schedule.zone)).collect();
    let zones = ["UTC", "UTC", "UTC", "UTC", "Europe/Berlin", "UTC"];
    assert_eq!(names, ["once", "skip", "all", "alone", "empty", "narrow"].into_iter().zip(zones).collect::<Vec<_>>());
    let before = orch.schedules()[0].clone();
    assert_eq!(before.next, Some(before.last + MINUTE));
    pass(&kit, MINUTE).await;
    assert_eq!(orch.schedules()[0].last, before.last + MINUTE);
    orch.shutdown().await.unwrap();
}
