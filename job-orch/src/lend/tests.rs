#![expect(clippy::expect_used, reason = "a test that finds nothing where something must be has failed")]

mod races;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::{Id, JoinHandle};

use super::{Seated, lend, serving};
use crate::sync::lock;

/// A worker of the simplest kind: it tells each caller in which task it ran.
#[derive(Clone, Default)]
struct Inbox(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    asked: VecDeque<oneshot::Sender<Id>>,
    idle: Option<Waker>,
    panics: bool,
    // What it does at its next step.
    job: Option<Box<dyn FnOnce() + Send>>,
}

static DONE: AtomicU64 = AtomicU64::new(0);

impl Inbox {
    async fn work(self) {
        poll_fn::<(), _>(|context| {
            let mut state = lock(&self.0);
            assert!(!std::mem::take(&mut state.panics), "a worker that breaks");
            if let Some(job) = state.job.take() {
                job();
            }
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

    /// Asks, and will do nothing but wait.
    fn push(&self) -> oneshot::Receiver<Id> {
        serving(|| self.push_beside())
    }

    /// Asks, and goes on.
    fn push_beside(&self) -> oneshot::Receiver<Id> {
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

/// What a worker does.
enum At {
    Quick,
    Slow,
    SlowEnd,
}

fn late(context: &Context<'_>) -> Poll<()> {
    std::thread::sleep(Duration::from_millis(1));
    context.waker().wake_by_ref();
    Poll::Pending
}

#[tokio::test]
async fn whether_a_worker_is_quick_is_measured() {
    let at = Arc::new(Mutex::new(At::Quick));
    let busy = Arc::clone(&at);
    let jobs = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&jobs);
    let work = poll_fn(move |context| {
        match *lock(&busy) {
            At::Quick => {}
            At::Slow => std::thread::sleep(Duration::from_millis(20)),
            // A job goes on that had suspended.
            At::SlowEnd => return late(context),
        }
        count.fetch_add(1_000, Ordering::Relaxed);
        context.waker().wake_by_ref();
        Poll::Pending
    });
    let seated = Seated::new(work, move || jobs.load(Ordering::Relaxed));
    let seat = Arc::clone(&seated.0);
    let worker = tokio::spawn(seated);
    let steps = async |wanted: bool| {
        for _ in 0..100 * super::seat::TIMED {
            if seat.is_quick.load(Ordering::Relaxed) == wanted {
                return true;
            }
            tokio::task::yield_now().await;
        }
        false
    };
    assert!(steps(true).await, "a thousand jobs a step are quick");
    *lock(&at) = At::Slow;
    assert!(steps(false).await, "20 µs each are not");
    *lock(&at) = At::Quick;
    assert!(steps(true).await);
    *lock(&at) = At::SlowEnd;
    assert!(steps(false).await, "nor is one that takes long after it has suspended");
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

#[tokio::test]
async fn whom_a_job_wakes_while_it_goes_on_is_woken_as_ever() {
    let (worker, inbox) = Inbox::open(true).await;
    let (_, first) = Inbox::open(true).await;
    tokio::spawn(async move {
        // Of both it is the regular.
        inbox.ask().await;
        assert_eq!(inbox.ask().await, (tokio::task::id(), true));
        first.ask().await;
        let (sent, sender) = (Arc::new(Mutex::new(None)), inbox.clone());
        let answer = Arc::clone(&sent);
        lock(&first.0).job = Some(Box::new(move || *lock(&answer) = Some(sender.push_beside())));
        assert_eq!(first.ask().await, (tokio::task::id(), true));
        let answer = lock(&sent).take().expect("it was sent");
        assert_eq!(answer.await, Ok(worker.id()));
    })
    .await
    .expect("it holds");
}
