//! Programs without an asynchronous runtime.

use job_orch::Refusal;
use job_orch::prelude::*;
use job_orch_tests::{Bare, Gate, within_a_minute};

#[job]
async fn double(number: &u64) -> Result<u64, Bare> {
    if *number == 13 { Err(Bare::of("an unlucky number")) } else { Ok(number * 2) }
}

#[job]
#[processor(requests = 1)]
async fn jam(number: &u64, gate: &Gate) -> u64 {
    gate.pass().await;
    *number
}

#[job(cache)]
#[processor(workers = 2)]
async fn jam_once(number: &u64, gate: &Gate) -> u64 {
    gate.pass().await;
    *number
}

#[job]
async fn elsewhere(_: &String) {}

/// A runtime of its own, as a synchronous program has.
fn runtime(threads: usize) -> tokio::runtime::Runtime {
    match threads {
        0 => tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
        _ => tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build().unwrap(),
    }
}

#[test]
fn a_plain_thread_calls_and_sends() {
    let runtime = runtime(2);
    let orch = runtime.block_on(Orchestrator::on(Memory::new()).host(Double).start()).unwrap();
    assert_eq!(orch.call_blocking(Double, 21).unwrap(), 42);
    let error = orch.call_blocking(Double, 13).unwrap_err();
    assert!(matches!(error, CallError::Failed { job: "double", .. }), "{error}");
    assert!(!orch.send_blocking(Double, 1).unwrap().is_duplicate);
    runtime.block_on(orch.shutdown()).unwrap();
    assert_eq!(orch.counts(Double).unwrap().succeeded, 2);
    assert!(matches!(orch.call_blocking(Double, 1), Err(CallError::Closed { job: "double" })));
    let refused = orch.send_blocking(Double, 1).unwrap_err();
    assert!(matches!(refused.reason(), Refusal::Closed));
}

#[test]
fn who_waits_is_told_when_the_runtime_of_the_workers_is_gone() {
    for threads in [0, 2] {
        let (home, abroad, gate) = (runtime(threads), runtime(1), Gate::shut());
        let orch = home.block_on(Orchestrator::on(Memory::new()).share(gate.clone()).host(Jam).start()).unwrap();
        // One runs, one waits, and the others wait for room.
        let calls: Vec<_> = (0..4)
            .map(|number| {
                let orch = orch.clone();
                abroad.spawn(async move { orch.call(Jam, number).await })
            })
            .collect();
        home.block_on(within_a_minute(async {
            gate.reached_by(1).await;
            while orch.health().await.jobs[0].waiting != Some(1) {
                tokio::task::yield_now().await;
            }
        }));
        drop(home);
        abroad.block_on(within_a_minute(async {
            for call in calls {
                let error = call.await.unwrap().unwrap_err();
                assert!(matches!(error, CallError::Closed { job: "jam" }), "{error}");
            }
            assert!(matches!(orch.call(Jam, 1).await, Err(CallError::Closed { job: "jam" })));
            assert!(orch.responses(Jam).receive().await.is_err(), "nobody responds any more");
            orch.shutdown().await.unwrap();
        }));
        assert!(matches!(orch.call_blocking(Jam, 1), Err(CallError::Closed { job: "jam" })));
    }
}

#[test]
fn who_joined_an_equal_request_is_told_too_when_the_runtime_of_the_workers_is_gone() {
    let (home, abroad, gate) = (runtime(2), runtime(1), Gate::shut());
    let orch = home.block_on(Orchestrator::on(Memory::new()).share(gate.clone()).host(JamOnce).start()).unwrap();
    let call = || {
        let orch = orch.clone();
        abroad.spawn(async move { orch.call(JamOnce, 7).await })
    };
    let calls = [call(), call(), call()];
    home.block_on(within_a_minute(async {
        gate.reached_by(1).await;
        while orch.health().await.jobs[0].counts.cache.is_none_or(|cache| cache.joins < 2) {
            tokio::task::yield_now().await;
        }
    }));
    drop(home);
    abroad.block_on(within_a_minute(async {
        for call in calls {
            let error = call.await.unwrap().unwrap_err();
            assert!(matches!(error, CallError::Closed { job: "jam_once" }), "{error}");
        }
    }));
}

#[test]
fn a_job_that_is_not_hosted_is_refused() {
    let runtime = runtime(2);
    let orch = runtime.block_on(Orchestrator::on(Memory::new()).host(Double).start()).unwrap();
    let error = orch.call_blocking(Elsewhere, String::new()).unwrap_err();
    assert!(matches!(error, CallError::NotHosted { job: "elsewhere" }), "{error}");
    let refused = orch.send_blocking(Elsewhere, "hey".to_owned()).unwrap_err();
    assert!(matches!(refused.reason(), Refusal::NotHosted));
    assert_eq!(refused.into_request(), "hey");
}

#[test]
fn a_plain_thread_waits_for_room() {
    let runtime = runtime(2);
    let gate = Gate::shut();
    let orch = runtime.block_on(Orchestrator::on(Memory::new()).share(gate.clone()).host(Jam).start()).unwrap();
    orch.send_blocking(Jam, 0).unwrap();
    runtime.block_on(gate.reached_by(1));
    orch.send_blocking(Jam, 1).unwrap();
    let clone = orch.clone();
    let blocked = std::thread::spawn(move || clone.send_blocking(Jam, 2).is_ok());
    gate.open();
    assert!(blocked.join().unwrap());
    runtime.block_on(orch.shutdown()).unwrap();
    assert_eq!(orch.counts(Jam).unwrap().succeeded, 3);
}

#[test]
fn a_runtime_of_one_thread_serves_a_plain_thread() {
    let runtime = runtime(0);
    let orch = runtime.block_on(Orchestrator::on(Memory::new()).host(Double).start()).unwrap();
    let clone = orch.clone();
    let caller = std::thread::spawn(move || clone.call_blocking(Double, 21).unwrap());
    runtime.block_on(async {
        while !caller.is_finished() {
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(caller.join().unwrap(), 42);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thread_for_blocking_work_may_block() {
    let orch = Orchestrator::on(Memory::new()).host(Double).start().await.unwrap();
    let clone = orch.clone();
    let answer = tokio::task::spawn_blocking(move || {
        clone.send_blocking(Double, 1).unwrap();
        clone.call_blocking(Double, 21).unwrap()
    });
    assert_eq!(within_a_minute(answer).await.unwrap(), 42);
}

#[tokio::test]
async fn inside_a_runtime_of_one_thread_a_blocking_call_is_an_error() {
    let orch = Orchestrator::on(Memory::new()).host(Double).start().await.unwrap();
    let error = orch.call_blocking(Double, 1).unwrap_err();
    assert!(matches!(error, CallError::InsideRuntime { job: "double" }), "{error}");
    let refused = orch.send_blocking(Double, 7).unwrap_err();
    assert!(matches!(refused.reason(), Refusal::InsideRuntime));
    assert_eq!(refused.into_request(), 7);
    assert_eq!(orch.call(Double, 1).await.unwrap(), 2, "nothing was hurt");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inside_a_runtime_of_many_threads_a_blocking_call_is_an_error() {
    let orch = Orchestrator::on(Memory::new()).host(Double).start().await.unwrap();
    let clone = orch.clone();
    let inside = tokio::spawn(async move { clone.call_blocking(Double, 1).unwrap_err() });
    assert!(matches!(within_a_minute(inside).await.unwrap(), CallError::InsideRuntime { .. }));
    assert!(matches!(orch.send_blocking(Double, 1).unwrap_err().reason(), Refusal::InsideRuntime));
    assert_eq!(orch.health().await.jobs[0].accepted, 0);
}

#[test]
fn inside_another_runtime_a_blocking_call_is_an_error_too() {
    let runtime_of_jobs = runtime(2);
    let orch = runtime_of_jobs.block_on(Orchestrator::on(Memory::new()).host(Double).start()).unwrap();
    let other = runtime(0);
    let error = other.block_on(async { orch.call_blocking(Double, 1).unwrap_err() });
    assert!(matches!(error, CallError::InsideRuntime { .. }), "{error}");
}
