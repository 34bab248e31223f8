//! A line over an engine that fails, and that others use too.

use std::collections::VecDeque;
use std::path::Path;

use async_trait::async_trait;
use tokio::sync::watch;

use super::*;
use crate::dispatch::line::engine::{BoxError, SettleError};
use crate::dispatch::line::{Holder, Keep, Line};
use crate::dispatch::options::Room;
use crate::sync::Mutex;
use crate::sync::atomic::AtomicBool;

/// An engine, as its line sees it. It refuses so many settlements.
#[derive(Clone, Debug, Default)]
struct Fake(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    waiting: VecDeque<Item>,
    refusals: usize,
    // It can be read, and no more.
    is_full: bool,
}

/// One that was claimed.
#[derive(Debug)]
struct Claimed {
    fake: Fake,
    item: Option<Item>,
}

impl Fake {
    fn line(&self, directory: &Path) -> Line {
        let Ok((given, _)) = Given::open(directory, "jobs", Holder::Store) else { unreachable!("a file") };
        Line(Arc::new(Shared {
            name: "jobs",
            limits: Room { items: 100, bytes: usize::MAX },
            places: Mutex::default(),
            keep: Keep::Engine(Box::new(self.clone()), given),
            has_failed: AtomicBool::new(false),
            moved: watch::Sender::new(()),
        }))
    }
}

#[async_trait]
impl Shelf for Fake {
    async fn put(&self, item: &Item) -> Result<(), BoxError> {
        let mut kept = lock(&self.0);
        if kept.is_full {
            return Err("the disk is full".into());
        }
        kept.waiting.push_back(item.clone());
        Ok(())
    }

    async fn claim(&self) -> Result<(Item, Box<dyn Lease>), BoxError> {
        loop {
            let first = lock(&self.0).waiting.pop_front();
            if let Some(item) = first {
                let claimed = Claimed { fake: self.clone(), item: Some(item.clone()) };
                return Ok((item, Box::new(claimed)));
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn waiting(&self) -> Result<Vec<Waiting>, BoxError> {
        let kept = lock(&self.0);
        Ok(kept.waiting.iter().map(|item| Waiting { id: item.id, size: item.json.len() }).collect())
    }
}

#[async_trait]
impl Lease for Claimed {
    async fn settle(mut self: Box<Self>) -> Result<(), SettleError> {
        let mut kept = lock(&self.fake.0);
        if kept.refusals > 0 {
            kept.refusals -= 1;
            return Err(SettleError::Engine("the disk is full".into()));
        }
        drop(kept);
        self.item = None;
        Ok(())
    }
}

impl Drop for Claimed {
    fn drop(&mut self) {
        if let Some(item) = self.item.take() {
            lock(&self.fake.0).waiting.push_front(item);
        }
    }
}

#[tokio::test]
async fn who_was_taken_away_by_others_has_no_place_after_two_looks_and_who_has_just_come_back_has() {
    let Ok(folder) = tempfile::tempdir() else { unreachable!("a folder") };
    let (fake, jobs) = (Fake::default(), [Item::job("1"), Item::job("22")]);
    let line = fake.line(folder.path());
    for job in &jobs {
        assert!(line.put(job.clone()).await.is_ok());
    }
    let mut looked = Vec::new();
    for _ in 0..3 {
        // The first one comes back each time, and the engine does not have it yet.
        let Ok(Some(mut held)) = line.take().await else { unreachable!("one waits") };
        held.put_back(None);
        let waiting = std::mem::take(&mut lock(&fake.0).waiting);
        assert!(line.reconcile().await.is_ok());
        looked.push((line.is_waiting(jobs[0].id), line.is_waiting(jobs[1].id)));
        lock(&fake.0).waiting.extend(waiting.into_iter().filter(|item| item.id == jobs[0].id));
    }
    assert_eq!(looked, [(true, true), (true, false), (true, false)]);
    assert!(line.reconcile().await.is_ok() && line.reconcile().await.is_ok());
    assert_eq!((line.waiting(), lock(&line.0.places).bytes), (1, jobs[0].json.len()));
    assert_eq!((line.standing(jobs[1].id), take(&line).await), (None, Some(jobs[0].id)));
}

async fn take(line: &Line) -> Option<JobId> {
    let held = line.take().await.unwrap_or_else(|error| unreachable!("{error}"))?;
    let id = held.item().id;
    assert!(held.settle().await.is_ok());
    Some(id)
}

#[tokio::test(start_paused = true)]
async fn what_was_given_and_comes_again_because_the_engine_was_not_told_is_not_given_again() {
    let Ok(folder) = tempfile::tempdir() else { unreachable!("a folder") };
    let (fake, jobs) = (Fake::default(), [Item::job("1"), Item::job("2")]);
    let line = fake.line(folder.path());
    assert_eq!(line.put(jobs[0].clone()).await.ok(), Some(1));
    lock(&fake.0).refusals = 1;
    assert_eq!(take(&line).await, Some(jobs[0].id));
    assert_eq!(lock(&fake.0).waiting.len(), 1, "it is back there");
    assert!(line.reconcile().await.is_ok());
    assert_eq!((line.waiting(), take(&line).await), (0, None));
    // It comes before the next one, and fails once more.
    assert_eq!(line.put(jobs[1].clone()).await.ok(), Some(1));
    lock(&fake.0).refusals = 1;
    assert!(line.take().await.is_err());
    assert_eq!((line.waiting(), line.is_waiting(jobs[1].id)), (1, true));
    assert_eq!((take(&line).await, take(&line).await), (Some(jobs[1].id), None));
    assert!(lock(&fake.0).waiting.is_empty());
}

#[tokio::test]
async fn an_engine_that_can_put_nobody_in_line_is_not_well_until_it_can_again() {
    let Ok(folder) = tempfile::tempdir() else { unreachable!("a folder") };
    let fake = Fake::default();
    let line = fake.line(folder.path());
    assert!(line.is_well());
    lock(&fake.0).is_full = true;
    assert!(line.put(Item::job("1")).await.is_err() && !line.is_well());
    assert!(take(&line).await.is_none() && !line.is_well(), "that tells nothing");
    lock(&fake.0).is_full = false;
    assert!(line.put(Item::job("1")).await.is_ok() && line.is_well());
}
