//! Lenders, callers and the worker's own task on several threads at once.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tokio::task::JoinSet;

use super::super::{Seated, lend};
use super::Inbox;

/// Says when it is dropped.
struct Dropped(Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A quick worker that says when it is dropped.
fn seat_owned(inbox: &Inbox, dropped: &Arc<AtomicUsize>) -> Seated {
    let (work, owned) = (inbox.clone().work(), Dropped(Arc::clone(dropped)));
    let seated = Seated::new(
        async move {
            let _owned = owned;
            work.await;
        },
        || 0,
    );
    seated.0.is_quick.store(true, Ordering::Relaxed);
    seated
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_caller_is_answered_however_many_lend() {
    for _ in 0..200 {
        let inbox = Inbox::default();
        let worker = tokio::spawn(seat_owned(&inbox, &Arc::default()));
        let mut callers = JoinSet::new();
        for _ in 0..4 {
            let inbox = inbox.clone();
            callers.spawn(async move {
                for _ in 0..100 {
                    // Twice, so that it becomes a regular.
                    inbox.ask().await;
                    inbox.ask().await;
                }
            });
        }
        let answered = tokio::time::timeout(Duration::from_secs(60), callers.join_all()).await;
        assert_eq!(answered.map(|all| all.len()), Ok(4));
        worker.abort();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_worker_that_is_taken_away_is_dropped_by_whoever_was_there_last() {
    let dropped = Arc::new(AtomicUsize::new(0));
    for round in 0..300 {
        let inbox = Inbox::default();
        let worker = tokio::spawn(seat_owned(&inbox, &dropped));
        inbox.ask().await;
        let lender = tokio::spawn(async move {
            loop {
                poll_fn(|context| {
                    let loan = lend(context.waker());
                    drop(inbox.push());
                    loan.work();
                    Poll::Ready(())
                })
                .await;
                tokio::task::consume_budget().await;
            }
        });
        tokio::task::yield_now().await;
        worker.abort();
        assert!(worker.await.is_err_and(|error| error.is_cancelled()));
        lender.abort();
        assert!(lender.await.is_err_and(|error| error.is_cancelled()));
        assert_eq!(dropped.load(Ordering::Relaxed), round + 1);
    }
}

/// Counts how often it is woken.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A lender leaves as the task comes: whichever way that goes, there is a step after the task was woken, or it is woken again.
#[test]
fn a_task_that_finds_the_place_taken_is_woken() {
    const ROUNDS: usize = 200_000;
    let steps = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&steps);
    let work = poll_fn(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        Poll::Pending
    });
    let mut seated = Seated::new(work, || 0);
    let (seat, wakes) = (Arc::clone(&seated.0), Arc::new(Wakes::default()));
    let waker = Waker::from(Arc::clone(&wakes));
    let _ = seat.task.set(waker.clone());
    let begin = Arc::new(Barrier::new(2));
    let lender = std::thread::spawn({
        let begin = Arc::clone(&begin);
        move || {
            for _ in 0..ROUNDS {
                begin.wait();
                seat.step_here();
                begin.wait();
            }
        }
    });
    for round in 0..ROUNDS {
        let before = (steps.load(Ordering::SeqCst), wakes.0.load(Ordering::SeqCst));
        begin.wait();
        let _ = Pin::new(&mut seated).poll(&mut Context::from_waker(&waker));
        begin.wait();
        let (stepped, woken) = (steps.load(Ordering::SeqCst) - before.0, wakes.0.load(Ordering::SeqCst) - before.1);
        assert!(stepped + woken >= 2, "round {round}: {stepped} steps, {woken} wakes");
    }
    lender.join().expect("it holds");
}
