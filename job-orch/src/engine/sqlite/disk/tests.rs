#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::time::Duration;

use super::super::transaction::Transaction;
use super::super::writer::{Promise, Task};
use super::*;

/// Tells on which thread it was told.
struct Tale(mpsc::Sender<Option<String>>);

impl Task for Tale {
    fn run(&mut self, _: &mut Transaction<'_>) -> rusqlite::Result<()> {
        Ok(())
    }

    fn is_wanted(&self) -> bool {
        true
    }

    fn promise(&self) -> Option<Promise> {
        Some(Promise::Lasting)
    }

    fn end(self: Box<Self>, _: Result<(), StoreError>, _: Option<super::super::relay::Relay>) {
        self.0.send(thread::current().name().map(str::to_owned)).unwrap();
    }
}

#[test]
fn while_the_disk_is_at_work_many_do_not_hold_the_writer_up() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jobs.db");
    File::create(log_of(&file)).unwrap();
    let disk = Disk::spawn(&file, true).unwrap();
    let on_the_disks_thread = |count: usize| {
        let (sender, threads) = mpsc::channel();
        let tasks = (0..count).map(|_| Box::new(Tale(sender.clone())) as Box<dyn Task>).collect();
        disk.finish(Committed { tasks, ..Committed::default() }, false);
        threads.recv().unwrap().as_deref() == Some("job-orch-disk")
    };
    assert!(!on_the_disks_thread(FEW));
    let waiting = &disk.log.as_ref().unwrap().waiting;
    waiting.fetch_add(FEW / 2, Ordering::AcqRel);
    assert!(on_the_disks_thread(FEW / 2));
    assert!(!on_the_disks_thread(FEW / 2 - 1), "few are best synced together with what comes next");
    assert_eq!(waiting.load(Ordering::Acquire), FEW / 2, "the others have been told");
}

#[test]
fn who_asks_for_a_sync_while_one_fails_hears_of_that() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jobs.db");
    File::create(log_of(&file)).unwrap();
    let log = &Log::open(&file).unwrap();
    let ((begin, begun), (end, ended)) = (mpsc::channel(), mpsc::channel());
    thread::scope(|scope| {
        let first = scope.spawn(move || {
            log.sync_with(0, |_| {
                begin.send(()).unwrap();
                // The other one is to wait for this, and so cannot have ended.
                let _ = ended.recv_timeout(Duration::from_millis(300));
                Err(io::Error::other("pages were lost"))
            })
        });
        begun.recv().unwrap();
        // The system has told of the loss already, and tells of it once.
        let second = log.sync_with(0, |_| Ok(()));
        let _ = end.send(());
        for synced in [first.join().unwrap(), second] {
            assert!(matches!(synced, Err(StoreError::Disk(_))), "{synced:?}");
        }
    });
}
