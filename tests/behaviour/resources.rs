//! What jobs may use while they run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use job_orch::prelude::*;
use job_orch_tests::{Gate, Log};

#[job]
async fn count_own(_: &(), own: &mut u64) -> u64 {
    *own += 1;
    *own
}

#[job]
async fn count_shared(_: &(), shared: &AtomicU64) -> u64 {
    shared.fetch_add(1, Ordering::Relaxed) + 1
}

#[job]
async fn use_both(text: &String, own: &mut String, seen: &Log<String>, count: &mut u64) -> String {
    own.push_str(text);
    *count += 1;
    seen.push(own.clone());
    format!("{own} {count}")
}

/// What one worker owns, told apart from what the others own.
struct Desk(u64);

#[job]
#[processor(workers = 3)]
async fn sit(_: &(), desk: &mut Desk, gate: &Gate) -> u64 {
    gate.pass().await;
    desk.0
}

#[tokio::test]
async fn a_worker_keeps_its_own_resource_from_run_to_run() {
    let orch = Orchestrator::on(Memory::new()).provide(0_u64).host(CountOwn).start().await.unwrap();
    for expected in 1..=3 {
        assert_eq!(orch.call(CountOwn, ()).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn jobs_of_one_orchestrator_do_not_share_what_they_own() {
    let orch = Orchestrator::on(Memory::new()).provide(0_u64).provide(String::new());
    let orch = orch.share(Log::<String>::new()).host(CountOwn).host(UseBoth).start().await.unwrap();
    assert_eq!(orch.call(CountOwn, ()).await.unwrap(), 1);
    assert_eq!(orch.call(UseBoth, "a".to_owned()).await.unwrap(), "a 1");
    assert_eq!(orch.call(UseBoth, "b".to_owned()).await.unwrap(), "ab 2");
}

#[tokio::test]
async fn a_shared_resource_is_one_for_all() {
    let orch = Orchestrator::on(Memory::new()).share(AtomicU64::new(10)).host(CountShared).start().await.unwrap();
    for expected in 11..=13 {
        assert_eq!(orch.call(CountShared, ()).await.unwrap(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn each_worker_owns_a_resource_of_its_own() {
    let (made, gate) = (Arc::new(AtomicU64::new(0)), Gate::shut());
    let desks = Arc::clone(&made);
    let orch = Orchestrator::on(Memory::new())
        .provide_with(move || Desk(desks.fetch_add(1, Ordering::Relaxed)))
        .share(gate.clone())
        .host(Sit)
        .start()
        .await
        .unwrap();
    let calls = async { tokio::join!(orch.call(Sit, ()), orch.call(Sit, ()), orch.call(Sit, ())) };
    let open = async {
        gate.reached_by(3).await;
        gate.open();
    };
    let ((first, second, third), ()) = tokio::join!(calls, open);
    let mut desks = [first.unwrap(), second.unwrap(), third.unwrap()];
    desks.sort_unstable();
    assert_eq!(desks, [0, 1, 2]);
    assert_eq!(made.load(Ordering::Relaxed), 3);
}

#[derive(Resources)]
#[hosts(CountOwn, CountShared)]
struct App {
    own: u64,
    #[shared]
    shared: Arc<AtomicU64>,
}

#[tokio::test]
async fn a_struct_provides_its_fields_and_hosts_its_jobs() {
    let shared = Arc::new(AtomicU64::new(100));
    let app = App { own: 5, shared: Arc::clone(&shared) };
    let orch: Orchestrator<Memory, App> = Orchestrator::on(Memory::new()).serve(app).start().await.unwrap();
    assert_eq!(orch.call(CountOwn, ()).await.unwrap(), 6);
    assert_eq!(orch.call(CountShared, ()).await.unwrap(), 101);
    assert_eq!(shared.load(Ordering::Relaxed), 101);
    orch.shutdown().await.unwrap();
}

#[tokio::test]
async fn resources_are_dropped_with_the_orchestrator() {
    let shared = Arc::new(AtomicU64::new(0));
    let app = App { own: 0, shared: Arc::clone(&shared) };
    let orch = Orchestrator::on(Memory::new()).serve(app).start().await.unwrap();
    assert!(Arc::strong_count(&shared) > 1);
    orch.shutdown().await.unwrap();
    assert_eq!(Arc::strong_count(&shared), 1);
}
