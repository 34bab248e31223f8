//! Forks: branches at once, and their ends.

use futures_util::{StreamExt, stream};
use job_orch::flow::{Flow, FlowError, Wire};

use crate::jobs::{Add, Double, Halve, Increment, Odd, Sleep, Wrong, start};

#[tokio::test]
async fn what_comes_out_of_all_branches_goes_on_as_a_tuple() {
    let orch = start(1, 1).await;
    let two = Flow::define("two", |n: Wire<u64>| n.fork(|a| a.to(Double), |b| b.to(Increment)).to(Add)).unwrap();
    assert_eq!(orch.run(&two, 10).await.unwrap(), 31);
    let three = Flow::define("three", |n: Wire<u64>| {
        n.fork3(|a| a, |b| b.to(Double).map(|n| n.to_string()), |c| c.fork(|a| a.to(Increment), |b| b).to(Add))
    })
    .unwrap();
    assert_eq!(orch.run(&three, 10).await.unwrap(), (10, "20".to_owned(), 21));
}

#[tokio::test(start_paused = true)]
async fn the_first_failure_stops_the_other_branches() {
    let orch = start(1, 8).await;
    let flow = Flow::define("stops", |n: Wire<u64, Wrong>| {
        n.fork(|a| a.map(|_| 60_000).to(Sleep), |b| b.map(|_| 10).to(Double).map(|_| 7).to(Halve))
    })
    .unwrap();
    let started = tokio::time::Instant::now();
    assert_eq!(orch.run(&flow, 1).await.unwrap_err().into_failed(), Some(Wrong::Odd(Odd(7))));
    assert_eq!(started.elapsed().as_secs(), 0);
    // The sleeper was stopped: its worker is free.
    let sleep = Flow::define("sleep", |n: Wire<u64>| n.to(Sleep)).unwrap();
    assert_eq!(orch.run(&sleep, 5).timeout("1s").await.unwrap(), 5);
    assert_eq!(orch.counts(Sleep).unwrap().cancelled, 1);
}

#[tokio::test(start_paused = true)]
async fn a_flow_that_collects_failures_waits_for_all_branches() {
    let orch = start(1, 8).await;
    let flow = Flow::define("collects", |n: Wire<u64, Wrong>| {
        n.fork3(|a| a.to(Halve), |b| b.map(|_| 2000).to(Sleep), |c| c.map(|n| n + 2).to(Halve))
    })
    .unwrap()
    .collect_failures();
    let error = orch.run(&flow, 7).await.unwrap_err();
    let FlowError::Several { errors, .. } = &error else { panic!("{error}") };
    assert_eq!(errors.len(), 2);
    assert!(error.to_string().contains("7 is odd") && error.to_string().contains("9 is odd"), "{error}");
    assert_eq!(orch.counts(Sleep).unwrap().succeeded, 1);
}

#[tokio::test]
async fn a_branch_of_which_nothing_comes_out_ends_the_fork_without_an_output() {
    let orch = start(1, 8).await;
    let flow =
        Flow::define("empty", |n: Wire<u64>| n.fork(|a| a.to(Double), |b| b.filter(|n| *n > 5)).to(Add)).unwrap();
    assert_eq!(orch.run(&flow, 6).await.unwrap(), 18);
    let error = orch.run(&flow, 5).await.unwrap_err();
    assert_eq!(error.to_string(), "flow `empty`: nothing came out, step 3 (`filter`) took it out");
}

#[tokio::test]
async fn a_failure_is_collected_even_if_nothing_comes_out_of_another_branch() {
    let orch = start(1, 8).await;
    let flow = Flow::define("lost", |n: Wire<Vec<u64>, Wrong>| {
        n.each(|n| n.fork(|a| a.to(Halve), |b| b.to(Increment).filter(|n| *n != 8)))
    });
    let flow = flow.unwrap().collect_failures();
    assert_eq!(orch.run(&flow, vec![4, 7]).await.unwrap_err().into_failed(), Some(Wrong::Odd(Odd(7))));
    let filtered = Flow::define("filtered", |n: Wire<u64, Wrong>| n.fork(|a| a.filter(|_| false), |b| b.to(Halve)));
    let error = orch.run(&filtered.unwrap().collect_failures(), 4).await.unwrap_err();
    assert!(matches!(error, FlowError::Empty { name: "filter", .. }), "{error}");
}

/// Cannot be copied.
struct Single(u64);

impl Clone for Single {
    fn clone(&self) -> Self {
        panic!("{} is single", self.0)
    }
}

#[tokio::test]
async fn a_value_whose_copy_panics_fails_once_and_in_its_branch() {
    let orch = start(1, 8).await;
    let flow = || {
        Flow::define("single", |n: Wire<u64, Wrong>| {
            n.fork(|a| a.to(Halve), |b| b.map(Single).fork(|a| a, |b| b).map(|_| 0))
        })
        .unwrap()
    };
    let ends = orch.run_all(&flow(), stream::iter([1, 3])).as_completed().count().await;
    assert_eq!(ends, 2);
    let error = orch.run(&flow().collect_failures(), 5).await.unwrap_err().to_string();
    assert!(error.contains("5 is odd") && error.contains("5 is single"), "{error}");
}
