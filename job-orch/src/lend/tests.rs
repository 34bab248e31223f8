#![expect(clippy::expect_used, reason = "a test that finds nothing where something must be has failed")]

use std::collections::VecDeque;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use tokio::sync::oneshot;
use tokio::task::{Id, JoinHandle};

use super::{Seated, lend};
use crate::sync::lock;

/// A worker of the simplest kind: it tells each caller in which task it ran.
#[derive(Clone, Default)]
struct Inbox(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    asked: VecDeque<oneshot::Sender<Id>>,
    idle: Option<Waker>,
    panics: bool,
}

static DONE: AtomicU64 = AtomicU64::new(0);

impl Inbox {
    async fn work(self) {
        poll_fn::<(), _>(|context| {
            let mut state = lock(&self.0);
            assert!(!std::mem::take(&mut state.panics), "a worker that breaks");
            while let Some(caller) = state.asked.pop_front() {
                DONE.fetch_add(1, Ordering::Relaxed);
                let _ = caller.send(tokio::task::id());
            }
            state.idle = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn seat(&self, is_quick: bool) -> (Seated, Self) {
        let seated = Seated::new(self.clone().work(), || DONE.load(Ordering::Relaxed));
        seated.0.is_quick.store(is_quick, Ordering::Relaxed);
        (seated, self.clone())
    }

    /// Spawns a worker, and waits until it is idle.
    async fn open(is_quick: bool) -> (JoinHandle<()>, Self) {
        let (seated, inbox) = Self::default().seat(is_quick);
        let worker = tokio::spawn(seated);
        while lock(&inbox.0).idle.is_none() {
            tokio::task::yield_now().await;
        }
        (worker, inbox)
    }

    fn push(&self) -> oneshot::Receiver<Id> {
        let (caller, answer) = oneshot::channel();
        let mut state = lock(&self.0);
        state.asked.push_back(caller);
        let idle = state.idle.take();
        drop(state);
        idle.into_iter().for_each(Waker::wake);
        answer
    }

    /// Asks, and says in which task the worker ran, and whether that was this one.
    async fn ask(&self) -> (Id, bool) {
        let (answer, was_lent) = poll_fn(|context| {
            let loan = lend(context.waker());
            let answer = self.push();
            Poll::Ready((answer, loan.work()))
        })
        .await;
        (answer.await.expect("an answer"), was_lent)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_regular_caller_runs_a_quick_worker_in_its_own_task() {
    let (worker, inbox) = Inbox::open(true).await;
    tokio::spawn(async move {
        assert_eq!(inbox.ask().await, (worker.id(), false), "nobody is a regular at first");
        for _ in 0..3 {
            assert_eq!(inbox.ask().await, (tokio::task::id(), true));
        }
    })
    .await
    .expect("it holds");
}

#[tokio::test]
async fn callers_who_take_turns_are_none() {
    let (worker, inbox) = Inbox::open(true).await;
    let turns = Arc::new(tokio::sync::Barrier::new(2));
    let take_turns = |is_first: bool| {
        let (turns, inbox, worker) = (Arc::clone(&turns), inbox.clone(), worker.id());
        async move {
            for _ in 0..3 {
                if !is_first {
                    turns.wait().await;
                }
                assert_eq!(inbox.ask().await, (worker, false));
                turns.wait().await;
                if is_first {
                    turns.wait().await;
                }
            }
        }
    };
    // Both live as long as the other: so neither is taken for the other.
    let (one, other) = (tokio::spawn(take_turns(true)), tokio::spawn(take_turns(false)));
    let ended = tokio::join!(one, other);
    assert!(ended.0.is_ok() && ended.1.is_ok());
}

#[tokio::test]
async fn a_slow_worker_runs_in_its_own_task() {
    let (worker, inbox) = Inbox::open(false).await;
    tokio::spawn(async move {
        for _ in 0..3 {
            assert_eq!(inbox.ask().await, (worker.id(), false));
        }
    })
    .await
    .expect("it holds");
}

#[tokio::test]
async fn whether_a_worker_is_quick_is_measured() {
    let is_busy = Arc::new(Mutex::new(false));
    let busy = Arc::clone(&is_busy);
    let jobs = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&jobs);
    let work = poll_fn(move |context| {
        count.fetch_add(1_000, Ordering::Relaxed);
        if *lock(&busy) {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        context.waker().wake_by_ref();
        Poll::Pending
    });
    let seated = Seated::new(work, move || jobs.load(Ordering::Relaxed));
    let seat = Arc::clone(&seated.0);
    let worker = tokio::spawn(seated);
    let steps = async |wanted: bool| {
        for _ in 0..100 * super::TIMED {
            if seat.is_quick.load(Ordering::Relaxed) == wanted {
                return true;
            }
            tokio::task::yield_now().await;
        }
        false
    };
    assert!(steps(true).await, "a thousand jobs a step are quick");
    *lock(&is_busy) = true;
    assert!(steps(false).await, "20 µs each are not");
    worker.abort();
}

#[test]
fn a_caller_in_another_runtime_only_wakes_it() {
    let build = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
    let (one, other) = (build(), build());
    let (worker, inbox) = one.block_on(Inbox::open(true));
    let caller = other.spawn(async move {
        for _ in 0..3 {
            assert_eq!(inbox.ask().await.0, worker.id());
        }
    });
    other.block_on(caller).expect("it holds");
}

#[tokio::test]
async fn a_worker_that_panics_does_not_harm_its_caller() {
    let (worker, inbox) = Inbox::open(true).await;
    tokio::spawn(async move {
        inbox.ask().await;
        lock(&inbox.0).panics = true;
        let (answer, was_lent) = poll_fn(|context| {
            let loan = lend(context.waker());
            let answer = inbox.push();
            Poll::Ready((answer, loan.work()))
        })
        .await;
        assert!(was_lent);
        assert!(worker.await.is_err_and(|error| error.is_panic()), "its task ends by the panic");
        drop(inbox);
        assert!(answer.await.is_err(), "it was never answered");
    })
    .await
    .expect("it holds");
}

#[tokio::test]
async fn a_loan_that_ends_early_wakes_who_was_woken_by_then() {
    let (worker, inbox) = Inbox::open(true).await;
    tokio::spawn(async move {
        inbox.ask().await;
        let answer = poll_fn(|context| {
            let answer = std::panic::catch_unwind(AssertUnwindSafe(|| {
                let _loan = lend(context.waker());
                std::panic::resume_unwind(Box::new(inbox.push()));
            }));
            Poll::Ready(answer.expect_err("it panics"))
        })
        .await;
        let answer = answer.downcast::<oneshot::Receiver<Id>>().expect("what it panicked with");
        assert_eq!(answer.await, Ok(worker.id()));
    })
    .await
    .expect("it holds");
}

/// Says when it is dropped.
struct Dropped(Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lenders_the_task_and_its_end_never_lose_anything() {
    let dropped = Arc::new(AtomicUsize::new(0));
    for round in 0..300 {
        let inbox = Inbox::default();
        let owned = Dropped(Arc::clone(&dropped));
        let work = inbox.clone().work();
        let seated = Seated::new(
            async move {
                let _owned = owned;
                work.await;
            },
            || 0,
        );
        seated.0.is_quick.store(true, Ordering::Relaxed);
        let worker = tokio::spawn(seated);
        let callers: Vec<_> = (0..4)
            .map(|_| {
                let inbox = inbox.clone();
                tokio::spawn(async move {
                    for _ in 0..100 {
                        // Twice, so that it becomes a regular.
                        inbox.ask().await;
                        inbox.ask().await;
                    }
                })
            })
            .collect();
        for caller in callers {
            let answered = tokio::time::timeout(std::time::Duration::from_secs(20), caller).await;
            answered.expect("every caller is answered").expect("it ends");
        }
        // Again, while the worker is taken away.
        let lending = inbox.clone();
        let lender = tokio::spawn(async move {
            loop {
                poll_fn(|context| {
                    let loan = lend(context.waker());
                    drop(lending.push());
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
        assert_eq!(dropped.load(Ordering::Relaxed), round + 1, "the worker is dropped, by whoever was there last");
    }
}
