//! A line that others use too.

use std::time::Instant;

use tokio::task::JoinSet;

use super::*;
use crate::sync::atomic::{AtomicUsize, Ordering};

const JOBS: usize = 120;

async fn open(directory: &Path) -> Option<Line> {
    let store = Sqlite::open(directory.join("jobs.db")).ok()?;
    let opening = Opening {
        name: "jobs",
        mode: Mode::Sqlite,
        directory,
        store: Some(&store),
        limits: Room { items: JOBS, bytes: usize::MAX },
        history: &Arc::default(),
        back: &[],
    };
    Line::open::<Jobs>(opening).await.ok()
}

/// Takes until all are taken, and gives every third one back.
async fn take(line: Line, taken: Arc<AtomicUsize>) {
    for turn in 0.. {
        let held = line.take().await;
        match held {
            Ok(Some(held)) if turn % 3 == 0 => drop(held),
            Ok(Some(held)) => {
                assert!(held.settle().await.is_ok());
                taken.fetch_add(1, Ordering::SeqCst);
            }
            other => assert!(matches!(other, Ok(None)), "{other:?}"),
        }
        if taken.load(Ordering::SeqCst) == JOBS {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_line_in_the_store_has_as_many_places_as_items_whoever_comes_and_goes_while_it_is_looked_at() {
    let Ok(folder) = tempfile::tempdir() else { unreachable!("a folder") };
    let Some(line) = open(folder.path()).await else { unreachable!("a line") };
    let (taken, mut tasks) = (Arc::new(AtomicUsize::new(0)), JoinSet::new());
    let looking = line.clone();
    let looking = tokio::spawn(async move { while looking.reconcile().await.is_ok() {} });
    for _ in 0..4 {
        let line = line.clone();
        tasks.spawn(async move {
            for _ in 0..JOBS / 4 {
                assert!(line.put(Item::job("1")).await.is_ok());
            }
        });
    }
    for _ in 0..6 {
        tasks.spawn(take(line.clone(), Arc::clone(&taken)));
    }
    let begun = Instant::now();
    while taken.load(Ordering::SeqCst) < JOBS {
        assert!(begun.elapsed() < Duration::from_secs(60), "{taken:?} of {JOBS} were taken");
        tokio::time::sleep(LITTLE).await;
    }
    assert_eq!(line.waiting(), 0, "nobody stands there");
    looking.abort();
    let ended = tokio::time::timeout(VOID / 2, tasks.join_all()).await;
    assert!(ended.is_ok(), "somebody has the turn of nobody");
}
