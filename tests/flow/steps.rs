//! The other steps: attempt, route, retry, batch, share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use job_orch::flow::{Flow, FlowError, Mistake, Wire, arm};
use job_orch::prelude::*;
use job_orch::retry::Retry;
use job_orch::{CallError, Route};
use job_orch_tests::within_a_minute;

use crate::jobs::{Add, Double, Explode, Halve, Increment, Odd, Sleep, Sum, Wrong, start};

#[tokio::test]
async fn a_failure_is_handled_in_place() {
    let orch = start(1, 8).await;
    let flow = Flow::define("or", |n: Wire<Vec<u64>>| {
        n.each(|n| n.attempt(Halve).or(|error| error.into_failed().map_or(0, |Odd(n)| n)).attempt(Explode).or(|_| 99))
    })
    .unwrap();
    assert_eq!(orch.run(&flow, vec![4, 5, 13, 26]).await.unwrap(), [2, 5, 99, 99]);
}

#[tokio::test]
async fn a_failure_becomes_a_dead_letter_and_leaves_the_flow() {
    let orch = start(1, 8).await;
    let flow = Flow::define("dead", |n: Wire<Vec<u64>>| n.each(|n| n.attempt(Halve).dead_letter().to(Double))).unwrap();
    assert_eq!(orch.run(&flow, vec![4, 5, 6]).await.unwrap(), [4, 6]);
    let letters = orch.dead_letters(Halve).await.unwrap();
    assert_eq!(letters.iter().map(|letter| &*letter.reason.message).collect::<Vec<_>>(), ["5 is odd"]);
    // Redriven, it runs again, and troubles the flow no more.
    assert!(orch.redrive(Halve, letters[0].id).await.unwrap());
    within_a_minute(orch.shutdown()).await.unwrap();
    let alone = Flow::define("alone", |n: Wire<u64>| n.attempt(Halve).dead_letter()).unwrap();
    let orch = start(1, 8).await;
    assert!(matches!(orch.run(&alone, 5).await, Err(FlowError::Empty { step: 1, .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_a_run_has_ended_its_dead_letters_are_there() {
    let orch = start(1, 8).await;
    let alone = Flow::define("alone", |n: Wire<u64>| n.attempt(Halve).dead_letter()).unwrap();
    for run in 1..=500 {
        within_a_minute(orch.run(&alone, 5)).await.unwrap_err();
        assert_eq!(orch.dead_letters(Halve).await.unwrap().len(), run);
    }
}

#[derive(Route)]
enum Task {
    Twice(u64),
    Both(u64, u64),
    Nothing,
}

#[tokio::test]
async fn a_value_takes_the_way_of_its_variant() {
    let orch = start(1, 1).await;
    let flow = Flow::define("route", |tasks: Wire<Vec<Task>>| {
        tasks.each(|task| {
            task.route(TaskArms {
                nothing: arm(|n| n.map(|()| 0)),
                twice: arm(|n| n.to(Double)),
                both: arm(|n| n.to(Add)),
            })
            .to(Increment)
        })
    })
    .unwrap();
    let tasks = vec![Task::Both(3, 4), Task::Nothing, Task::Twice(5)];
    assert_eq!(orch.run(&flow, tasks).await.unwrap(), [8, 1, 11]);
}

/// Fails so often, and counts.
#[job]
async fn flaky(left: &Left) -> Result<u64, Odd> {
    let before = left.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
    before.map_or(Ok(0), |left| Err(Odd(left)))
}

#[derive(Clone)]
struct Left(Arc<AtomicU64>);

impl Left {
    fn of(left: u64) -> Self {
        Self(Arc::new(AtomicU64::new(left)))
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_that_fails_is_repeated_from_its_beginning() {
    let orch = Orchestrator::on(Memory::new()).host(Flaky).host(Double).start().await.unwrap();
    let flow = Flow::define("again", |n: Wire<Left, Odd>| {
        n.retry_part(Retry::times(3).constant(Duration::from_secs(10)).jitter(0.0), |n| {
            n.fork(|a| a.map(|_| 1).to(Double), |b| b.to(Flaky))
        })
    })
    .unwrap();
    let started = tokio::time::Instant::now();
    assert_eq!(orch.run(&flow, Left::of(2)).await.unwrap(), (2, 0));
    assert_eq!(started.elapsed().as_secs(), 20);
    // The other branch begins anew each time, and is skipped where the failure came first.
    let doubled = orch.counts(Double).unwrap();
    assert_eq!(doubled.succeeded + doubled.cancelled, 3);
    // One attempt more than there are retries.
    assert_eq!(orch.run(&flow, Left::of(9)).await.unwrap_err().into_failed(), Some(Odd(6)));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_is_not_repeated() {
    let orch = Orchestrator::on(Memory::new()).host(Flaky).start().await.unwrap();
    let policy = Retry::times(3).constant(Duration::from_secs(10));
    let flow = Flow::define("again", |n: Wire<Left, Odd>| n.retry_part(policy, |n| n.to(Flaky))).unwrap();
    let left = Left::of(9);
    assert!(matches!(orch.run(&flow, left.clone()).timeout("15s").await, Err(FlowError::Expired { .. })));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(left.0.load(Ordering::Relaxed), 7);
}

#[job]
async fn largest(numbers: &Vec<u64>) -> Vec<u64> {
    vec![numbers.iter().copied().max().unwrap_or_default(); numbers.len()]
}

#[tokio::test(start_paused = true)]
async fn values_go_on_together_and_each_gets_its_own_back() {
    let orch = Orchestrator::on(Memory::new()).host(Largest).host(Double).start().await.unwrap();
    let flow =
        Flow::define("batch", |n: Wire<Vec<u64>>| n.each(|n| n.to(Double).batch(3, "1s", |all| all.to(Largest))))
            .unwrap();
    let started = tokio::time::Instant::now();
    assert_eq!(orch.run(&flow, vec![3, 1, 2, 5, 4, 6, 7]).await.unwrap(), [6, 6, 6, 12, 12, 12, 14]);
    // The last one waited for company.
    assert_eq!(started.elapsed().as_secs(), 1);
    assert_eq!(orch.counts(Largest).unwrap().succeeded, 3);
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_several_runs_fails_for_each_of_them() {
    let orch = start(1, 8).await;
    let flow = Flow::define("batch", |n: Wire<u64, Wrong>| {
        n.batch(2, "1s", |all| all.to(Sum).to(Halve).map(|half| vec![half]))
    })
    .unwrap();
    let (one, two) = tokio::join!(orch.run(&flow, 2), orch.run(&flow, 3));
    let (one, two) = (one.unwrap_err(), two.unwrap_err());
    assert!(matches!(&two, FlowError::Step { error: CallError::Joined { .. }, .. }), "{two}");
    assert_eq!(one.into_failed(), Some(Wrong::Odd(Odd(5))));
    let (one, _) = tokio::join!(orch.run(&flow, 2), orch.run(&flow, 4));
    assert!(matches!(one, Err(FlowError::Miscounted { given: 2, returned: 1, .. })), "{one:?}");
}

#[tokio::test(start_paused = true)]
async fn a_branch_waits_for_what_another_has_at_its_middle() {
    let orch = start(1, 1).await;
    for (a, b) in [(0, 1000), (1000, 0)] {
        // C from A, D from A and B: C does not wait for B.
        let flow = Flow::define("share", |n: Wire<u64>| {
            n.share(
                move |n| n.fork(|n| n, move |n| n.map(move |_| a).to(Sleep)).map(|(n, _)| n).to(Double),
                |a| a.to(Increment),
                move |n, late| n.fork(|n| n, move |n| n.map(move |_| b).to(Sleep)).map(|(n, _)| n).with(late).to(Add),
            )
        })
        .unwrap();
        assert_eq!(within_a_minute(orch.run(&flow, 10)).await.unwrap(), (21, 30));
    }
    let fails = Flow::define("fails", |n: Wire<u64, Wrong>| {
        n.share(|n| n.to(Halve), |a| a.to(Increment), |n, late| n.to(Double).with(late).to(Add))
    })
    .unwrap()
    .collect_failures();
    assert_eq!(within_a_minute(orch.run(&fails, 5)).await.unwrap_err().into_failed(), Some(Wrong::Odd(Odd(5))));
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_late_value_ends_with_its_run_and_gives_its_place_back() {
    let orch = start(1, 1).await;
    // Dropped while the second branch waits, and where nothing comes out of the trunk.
    for (millis, is_kept) in [(1000, true), (1, false)] {
        let flow =
            Flow::define("late", |n: Wire<u64>| n.share(|n| n.to(Sleep).filter(move |_| is_kept), |a| a, Wire::with));
        let flow = flow.unwrap().at_once(1);
        for _ in 0..3 {
            let run = tokio::time::timeout(Duration::from_millis(10), orch.run(&flow, millis)).await;
            assert!(matches!(run, Err(_) | Ok(Err(FlowError::Empty { .. }))), "{run:?}");
        }
        assert_eq!(within_a_minute(orch.run(&flow, 0)).await.is_ok(), is_kept);
    }
    within_a_minute(orch.shutdown()).await.unwrap();
}

#[test]
fn a_late_value_is_of_use_in_its_closure_only() {
    let refused = Flow::define("late", |n: Wire<u64>| {
        let mut kept = None;
        n.share(
            |n| n.to(Double),
            |a| a,
            |n, late| {
                kept = Some(late);
                n
            },
        )
        .with(kept.unwrap())
    });
    assert_eq!(refused.unwrap_err().mistake, Mistake::SmuggledLate);
}

#[job(cache)]
async fn remember(number: &u64, runs: &AtomicU64) -> u64 {
    runs.fetch_add(1, Ordering::Relaxed);
    number * 2
}

#[tokio::test]
async fn a_step_is_answered_from_the_cache_of_its_job() {
    let orch = Orchestrator::on(Memory::new()).share(AtomicU64::new(0)).host(Remember).start().await.unwrap();
    let alone = Flow::define("alone", |n: Wire<u64>| n.to(Remember)).unwrap();
    let each = Flow::define("each", |n: Wire<Vec<u64>>| n.each(|n| n.to(Remember))).unwrap();
    assert_eq!(orch.run(&alone, 1).await.unwrap(), 2);
    assert_eq!(orch.run(&each, vec![1, 2, 3]).await.unwrap(), [2, 4, 6]);
    assert_eq!(orch.run(&each, vec![3, 2, 1]).await.unwrap(), [6, 4, 2]);
    assert_eq!(orch.run(&alone, 3).await.unwrap(), 6);
    let counts = orch.counts(Remember).unwrap();
    let cache = counts.cache.unwrap();
    assert_eq!((cache.hits, cache.misses, counts.succeeded), (5, 3, 3));
}

#[tokio::test(start_paused = true)]
async fn an_each_whose_elements_are_all_cached_needs_no_more_of_the_stack() {
    const MANY: u64 = 300_000;
    let orch = Orchestrator::on(Memory::new()).share(AtomicU64::new(0)).host(Remember).start().await.unwrap();
    let flow = Flow::define("again", |n: Wire<u64>| {
        n.map(|n| vec![n; MANY as usize]).each(|n| n.to(Remember)).map(|all| all.into_iter().sum::<u64>())
    })
    .unwrap();
    let once = orch.call(Remember, 3).await.unwrap();
    assert_eq!(orch.run(&flow, 3).await.unwrap(), once * MANY);
}

#[tokio::test]
async fn an_attempt_gives_its_result() {
    let orch = start(1, 8).await;
    let flow =
        Flow::define("results", |n: Wire<Vec<u64>>| n.each(|n| n.attempt(Halve).result().map(Result::ok))).unwrap();
    assert_eq!(orch.run(&flow, vec![4, 5, 6]).await.unwrap(), [Some(2), None, Some(3)]);
}
