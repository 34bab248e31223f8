//! Fair work: no request waits beside an idle worker.

use std::sync::Barrier;
use std::task::Poll;
use std::time::Duration;

use job_orch::channel::{Delivery, McReceive, MpSend, SendOptions};
use job_orch::engine::memory::requests;
use job_orch::prelude::*;
use job_orch::settings::{Overflow, Serving};
use job_orch_tests::{Driver, Gate, Log, settle, soon, within_a_minute};
use tokio::time::{Instant, sleep};

/// Even numbers are quick; an odd one waits at the gate.
#[job]
#[processor(workers = 2)]
async fn mixed(number: &u64, gate: &Gate, ran: &Log<u64>) -> u64 {
    if number % 2 == 1 {
        gate.pass().await;
    }
    ran.push(*number);
    *number
}

#[job]
async fn second_long(_: &()) {
    sleep(Duration::from_secs(1)).await;
}

/// Blocks its thread until the other has come.
#[job]
#[processor(workers = 2)]
async fn meet(_: &(), barrier: &Barrier) {
    barrier.wait();
}

#[tokio::test(start_paused = true)]
async fn a_job_that_waits_leaves_the_rest_to_others() {
    let (gate, ran) = (Gate::shut(), Log::new());
    let orch = Orchestrator::on(Memory::new()).share(gate.clone()).share(ran.clone()).host(Mixed);
    let orch = orch.start().await.unwrap();
    // Enough quick ones first, so that a worker fetches ahead.
    let mut numbers: Vec<u64> = (0..1000).map(|number| number * 2).collect();
    numbers.insert(900, 1);
    orch.send_many(Mixed, numbers).await.unwrap();
    gate.reached_by(1).await;
    sleep(Duration::from_millis(1)).await;
    assert_eq!(ran.len(), 1000, "all but the one that waits");
    gate.open();
    orch.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn as_many_jobs_run_at_once_as_there_are_workers() {
    for workers in [1, 3, 4] {
        let serving = Serving::DEFAULT.workers(workers);
        let orch = Orchestrator::on(Memory::new()).host_with(SecondLong, serving).start().await.unwrap();
        let begun = Instant::now();
        orch.send_many(SecondLong, vec![(); 12]).await.unwrap();
        orch.shutdown().await.unwrap();
        assert_eq!(begun.elapsed(), Duration::from_secs(12 / workers as u64));
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_sleeps_no_longer_than_until_the_next_is_due() {
    let orch = Orchestrator::on(Memory::new()).host_with(SecondLong, Serving::DEFAULT.workers(2));
    let orch = orch.start().await.unwrap();
    let begun = Instant::now();
    for delay in [5, 3, 9, 1] {
        orch.send(SecondLong, ()).after(Duration::from_secs(delay)).await.unwrap();
    }
    orch.shutdown().await.unwrap();
    assert_eq!(begun.elapsed(), Duration::from_secs(10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_jobs_that_block_their_threads_run_side_by_side() {
    let orch = Orchestrator::on(Memory::new()).share(Barrier::new(2)).host(Meet).start().await.unwrap();
    for _ in 0..20 {
        orch.send_many(Meet, [(), ()]).await.unwrap();
        while orch.client(Meet).unwrap().waiting().await.unwrap() > 0 {
            tokio::task::yield_now().await;
        }
    }
    within_a_minute(orch.shutdown()).await.unwrap();
}

#[tokio::test]
async fn a_receiver_that_gives_up_passes_its_wake_up_on() {
    let (sender, mut first) = requests(16, Overflow::Wait);
    let mut second = first.clone();
    let mut giving_up = Driver::new(first.receive());
    let mut waiting = Driver::new(second.receive());
    assert!(giving_up.poll().is_pending() && waiting.poll().is_pending());
    sender.send(1).await.unwrap();
    assert_eq!((giving_up.woken(), waiting.woken()), (1, 0));
    drop(giving_up);
    assert_eq!(waiting.woken(), 1);
    assert!(waiting.poll().is_ready());
}

#[tokio::test]
async fn a_receiver_at_its_only_message_is_woken_for_the_next() {
    for comes_in_time in [false, true] {
        let (sender, mut receiver) = requests(16, Overflow::Wait);
        let to_itself = sender.clone();
        let mut working = Driver::new(async move {
            assert!(receiver.fetch().await.unwrap().is_none());
            if comes_in_time {
                to_itself.try_send(2).unwrap();
            }
            receiver.drop_fetched();
            assert!(receiver.fetch_on().await.unwrap().is_none());
            receiver.first_fetched().map(|fetched| *fetched.first())
        });
        assert!(working.poll().is_pending());
        sender.send(1).await.unwrap();
        assert_eq!(working.woken(), 1);
        assert!(working.poll().is_pending(), "it lay down before it had looked again");
        if !comes_in_time {
            assert_eq!(working.woken(), 1);
            sender.send(2).await.unwrap();
        }
        assert_eq!(working.woken(), 2);
        assert_eq!(working.poll(), Poll::Ready(Some(2)));
    }
}

#[tokio::test]
async fn a_receiver_at_its_message_is_not_called_in_place_of_an_idle_one() {
    for comes_later in [false, true] {
        let (sender, mut first) = requests(16, Overflow::Wait);
        let mut second = first.clone();
        let mut busy = Driver::new(first.fetch());
        assert!(busy.poll().is_pending());
        let mut idle = Driver::new(second.fetch());
        assert!(comes_later || idle.poll().is_pending());
        sender.send(1).await.unwrap();
        assert!(busy.poll().is_ready());
        // The one is at its message; the other is idle, again and again.
        for number in 2..5 {
            assert!(number > 2 || !comes_later || idle.poll().is_pending());
            sender.send(number).await.unwrap();
            assert_eq!(idle.woken(), 1, "for {number}");
            assert!(idle.poll().is_ready());
            drop(idle);
            second.drop_fetched();
            idle = Driver::new(second.fetch());
            assert!(idle.poll().is_pending());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_gives_up_leaves_the_delayed_to_others() {
    let (sender, mut first) = requests(16, Overflow::Wait);
    let mut second = first.clone();
    let mut giving_up = Driver::new(first.receive());
    assert!(giving_up.poll().is_pending());
    let waiting = tokio::spawn(async move { second.receive().await.map(|delivery| *delivery.message()) });
    settle().await;
    let mut options = SendOptions::default();
    options.delay = Some(Duration::from_secs(10));
    sender.send_with(7, options).await.unwrap();
    assert_eq!(giving_up.woken(), 1);
    assert!(giving_up.poll().is_pending(), "it is the one that watches the clock");
    drop(giving_up);
    assert_eq!(soon(waiting).await.unwrap().unwrap(), 7);
}

#[tokio::test]
async fn a_receiver_that_is_busy_gives_back_what_it_fetched() {
    let (sender, mut busy) = requests(256, Overflow::Wait);
    let mut idle = busy.clone();
    sender.send_many(&mut (0..256).collect()).await.unwrap();
    // It fetches more and more at once.
    let mut last = 0;
    while busy.fetched() == 0 {
        let delivery = busy.receive().await.unwrap();
        last = *delivery.message();
        delivery.ack().await.unwrap();
    }
    let fetched = busy.fetched();
    busy.release();
    assert_eq!(busy.fetched(), 0);
    for expected in last + 1..=last + fetched {
        let delivery = idle.receive().await.unwrap();
        assert_eq!(*delivery.message(), expected, "in order");
        delivery.ack().await.unwrap();
    }
}

#[tokio::test]
async fn a_receiver_that_goes_away_gives_back_what_it_fetched() {
    let (sender, mut leaving) = requests(256, Overflow::Wait);
    let staying = leaving.clone();
    sender.send_many(&mut (0..256).collect()).await.unwrap();
    let mut handled = 0;
    while leaving.fetched() == 0 {
        leaving.receive().await.unwrap().ack().await.unwrap();
        handled += 1;
    }
    drop(leaving);
    assert_eq!(sender.waiting(), 256 - handled);
    drop(staying);
}

/// Yields once, beside a task that is ready.
#[job]
async fn yields(_: &(), log: &Log<&'static str>) {
    let other = log.clone();
    let beside = tokio::spawn(async move { other.push("another task") });
    tokio::task::yield_now().await;
    log.push("the job");
    beside.await.unwrap();
}

#[tokio::test]
async fn a_job_that_yields_lets_others_run() {
    let log = Log::new();
    let orch = Orchestrator::on(Memory::new()).share(log.clone()).host(Yields).start().await.unwrap();
    orch.call(Yields, ()).await.unwrap();
    assert_eq!(log.entries(), ["another task", "the job"]);
    orch.shutdown().await.unwrap();
}
