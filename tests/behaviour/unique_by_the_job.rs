//! Of several requests with one key, one is accepted at a time: the job says what the key is.

use job_orch::engine::sqlite::Sqlite;
use job_orch::engine::{Carries, Deduplicates};
use job_orch::prelude::*;
use job_orch_tests::{Gate, within_a_minute};

/// A page of a site.
type Page = (String, u64);

fn site(page: &Page) -> &str {
    &page.0
}

fn page(site: &str, number: u64) -> Page {
    (site.to_owned(), number)
}

#[job(unique(key = site))]
async fn index(page: &Page, gate: &Gate) -> u64 {
    gate.pass().await;
    page.1
}

#[job(unique(key = "all", while_waiting))]
async fn sweep(page: &Page, gate: &Gate) -> u64 {
    gate.pass().await;
    page.1
}

/// An engine that can do what these sentences are about.
trait Able: Deduplicates + Carries<Page> + Carries<u64> {}
impl<E: Deduplicates + Carries<Page> + Carries<u64>> Able for E {}

async fn on<E: Able>(engine: E) -> (Orchestrator<E>, Gate) {
    let gate = Gate::shut();
    let orch = Orchestrator::on(engine).share(gate.clone()).host(Index).host(Sweep).start().await.unwrap();
    (orch, gate)
}

async fn a_request_with_the_key_of_another_is_a_duplicate<E: Able>(engine: E) {
    let (orch, gate) = on(engine).await;
    let first = orch.send(Index, page("a", 1)).await.unwrap();
    let second = orch.send(Index, page("a", 2)).await.unwrap();
    assert_eq!((first.is_duplicate, second.is_duplicate, second.id), (false, true, first.id));
    assert!(!orch.send(Index, page("b", 3)).await.unwrap().is_duplicate, "another site");
    gate.reached_by(1).await;
    assert!(orch.send(Index, page("a", 4)).refuse_if_full().await.unwrap().is_duplicate, "it runs");
    gate.open();
    orch.shutdown().await.unwrap();
}

async fn the_key_is_free_when_its_request_has_ended<E: Able>(engine: E) {
    let (orch, gate) = on(engine).await;
    gate.open();
    let mut responses = orch.responses(Index);
    let first = orch.send(Index, page("a", 1)).await.unwrap();
    assert_eq!(responses.receive().await.unwrap().id, first.id);
    loop {
        // The answer is published before the request is settled.
        let again = orch.send(Index, page("a", 2)).await.unwrap();
        if !again.is_duplicate {
            break;
        }
        assert_eq!(again.id, first.id);
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    assert_eq!(responses.receive().await.unwrap().outcome.as_ref().unwrap(), &2);
    orch.shutdown().await.unwrap();
}

async fn one_more_may_wait_behind_the_one_that_runs<E: Able>(engine: E) {
    let (orch, gate) = on(engine).await;
    orch.send(Sweep, page("a", 1)).await.unwrap();
    gate.reached_by(1).await;
    let behind = orch.send(Sweep, page("b", 2)).await.unwrap();
    assert!(!behind.is_duplicate);
    let third = orch.send(Sweep, page("c", 3)).await.unwrap();
    assert_eq!((third.is_duplicate, third.id), (true, behind.id));
    gate.open();
    orch.shutdown().await.unwrap();
}

async fn a_key_of_the_senders_takes_the_place_of_the_jobs<E: Able>(engine: E) {
    let (orch, gate) = on(engine).await;
    let first = orch.send(Sweep, page("a", 1)).await.unwrap();
    gate.reached_by(1).await;
    assert!(!orch.send(Sweep, page("a", 2)).unique("mine").await.unwrap().is_duplicate);
    let same = orch.send(Sweep, page("a", 3)).unique("all").await.unwrap();
    assert_eq!((same.is_duplicate, same.id), (true, first.id), "nothing is left of `while_waiting`");
    gate.open();
    orch.shutdown().await.unwrap();
}

async fn of_many_that_are_sent_together_duplicates_have_the_id_of_the_first<E: Able>(engine: E) {
    let (orch, gate) = on(engine).await;
    let ids = orch.send_many(Index, ["a", "b", "a", "b", "a"].map(|site| page(site, 0))).await.unwrap();
    assert_eq!((ids[2], ids[3], ids[4]), (ids[0], ids[1], ids[0]));
    assert_ne!(ids[0], ids[1]);
    assert_eq!(orch.health().await.jobs[0].accepted, 2);
    gate.open();
    orch.shutdown().await.unwrap();
}

async fn a_call_has_an_answer_of_its_own<E: Able>(engine: E) {
    let (orch, gate) = on(engine).await;
    assert!(!orch.send(Index, page("a", 1)).await.unwrap().is_duplicate);
    gate.open();
    let (one, two) = tokio::join!(orch.call(Index, page("a", 2)), orch.call(Index, page("a", 3)));
    assert_eq!((one.unwrap(), two.unwrap()), (2, 3));
    orch.shutdown().await.unwrap();
}

/// Each sentence holds on each engine.
macro_rules! on_each_engine {
    ($($sentence:ident)*) => {
        mod on_memory {
            $(#[tokio::test]
            async fn $sentence() {
                super::within_a_minute(super::$sentence(super::Memory::new())).await;
            })*
        }
        mod on_sqlite {
            $(#[tokio::test]
            async fn $sentence() {
                let folder = tempfile::tempdir().unwrap();
                let store = super::Sqlite::open(folder.path().join("jobs.db")).unwrap();
                super::within_a_minute(super::$sentence(store)).await;
            })*
        }
    };
}

on_each_engine! {
    a_request_with_the_key_of_another_is_a_duplicate
    the_key_is_free_when_its_request_has_ended
    one_more_may_wait_behind_the_one_that_runs
    a_key_of_the_senders_takes_the_place_of_the_jobs
    of_many_that_are_sent_together_duplicates_have_the_id_of_the_first
    a_call_has_an_answer_of_its_own
}
