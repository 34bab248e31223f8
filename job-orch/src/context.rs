//! What a running job may ask about itself.

use std::any::{Any, type_name};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::OnceLock;
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::channel::{CompleteError, Completes, NothingToComplete, Transact};
use crate::id::JobId;
use crate::sync::{Arc, Mutex, lock};

/// What a running job may ask about itself: its id, attempt, deadline, and whether it should stop.
///
/// A job takes it as a parameter marked `#[context]`.
///
/// ```
/// use job_orch::{Context, job};
///
/// #[job]
/// async fn greet(name: &String, #[context] context: &Context) -> String {
///     format!("{name}, this is attempt {} of {}", context.attempt(), context.id())
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let context = Context::detached();
/// assert!(greet(&"Ada".to_owned(), &context).await.starts_with("Ada, this is attempt 1 of "));
/// # }
/// ```
#[derive(Debug)]
pub struct Context {
    id: JobId,
    attempt: u32,
    deadline: Option<Instant>,
    // Made only when it is needed: few jobs look at their token, and few requests are traced.
    rare: OnceLock<Box<Rare>>,
}

#[derive(Debug, Default)]
struct Rare {
    trace_parent: Option<Box<str>>,
    cancellation: OnceLock<CancellationToken>,
    completion: Option<Arc<dyn Completes>>,
    // After which time the request is to come again, while the job awaits its snooze.
    snooze: Mutex<Option<Duration>>,
}

/// A run ended for now: its request comes again after this time. See [`Context::snooze`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("snoozed for {after:?}")]
#[non_exhaustive]
pub struct Snoozed {
    /// When it comes again.
    pub after: Duration,
}

impl Snoozed {
    /// For so long.
    #[must_use]
    pub const fn after(after: Duration) -> Self {
        Self { after }
    }
}

impl Context {
    /// A context of no worker's, for calling a job's function in a unit test: a new id, attempt 1, no deadline, and nothing to
    /// [complete](Context::complete_in).
    #[must_use]
    pub fn detached() -> Self {
        let mut context = Self::new(JobId::new(), 1, None);
        context.complete_by(Arc::new(NothingToComplete));
        context
    }

    #[inline]
    pub(crate) const fn new(id: JobId, attempt: u32, deadline: Option<Instant>) -> Self {
        Self { id, attempt, deadline, rare: OnceLock::new() }
    }

    /// Keeps the sender's trace context.
    #[inline]
    pub(crate) fn trace(&mut self, trace_parent: Option<&str>) {
        if let Some(trace_parent) = trace_parent {
            self.rare = OnceLock::from(Box::new(Rare::traced(trace_parent)));
        }
    }

    /// Keeps what ends the request in a transaction of the job's.
    pub(crate) fn complete_by(&mut self, completion: Arc<dyn Completes>) {
        let mut rare = self.rare.take().unwrap_or_default();
        rare.completion = Some(completion);
        self.rare = OnceLock::from(rare);
    }

    /// The id of the request that runs.
    #[must_use]
    pub const fn id(&self) -> JobId {
        self.id
    }

    /// The number of this attempt, counted from 1.
    #[must_use]
    pub const fn attempt(&self) -> u32 {
        self.attempt
    }

    /// When this attempt is stopped, if it is: the earlier of its timeout and the caller's deadline.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The W3C trace context of whoever sent the request (`traceparent`), if it gave one: for what the job asks of others.
    #[must_use]
    pub fn trace_parent(&self) -> Option<&str> {
        self.rare.get()?.trace_parent.as_deref()
    }

    /// Tells when the job should stop: somebody cancelled it, its time is up, or its orchestrator shuts down and the time to drain
    /// is over. It is cancelled too when the job ends or is dropped, so that what the job has spawned can end with it.
    ///
    /// A job that has asked for this token is given [`GRACE`](crate::processor::GRACE) to end by itself after the token
    /// was cancelled. One that has not is dropped at its `.await`. A response that it returns in that time counts. An error does
    /// not: what was cancelled stays so, and what a shutdown has interrupted costs no attempt.
    #[must_use]
    pub fn cancellation(&self) -> &CancellationToken {
        self.rare.get_or_init(Box::default).cancellation.get_or_init(CancellationToken::new)
    }

    /// Ends this run, and has its request come again after a time: the job could not do it now, and that is no failure.
    ///
    /// The run is dropped at this `.await`, which never returns. It costs no attempt, and until the request comes again it holds
    /// no worker; on a durable engine it outlives the process. Whoever called goes on waiting, and a deadline still ends it. A
    /// request that is unique stays so. There is no limit to how often a request may be snoozed.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use job_orch::{Context, Snoozed, job};
    ///
    /// #[job]
    /// async fn fetch(page: &u64, #[context] context: &Context) -> u64 {
    ///     if *page > 100 {
    ///         // The other side asks for patience.
    ///         context.snooze(Duration::from_secs(60)).await;
    ///     }
    ///     page * 2
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// // In a unit test:
    /// let context = Context::detached();
    /// assert_eq!(context.or_snoozed(fetch(&7, &context)).await, Ok(14));
    /// assert_eq!(context.or_snoozed(fetch(&700, &context)).await, Err(Snoozed::after(Duration::from_secs(60))));
    /// # }
    /// ```
    ///
    /// # Cancel safety
    /// Dropped early, as in a `select!` with something that is ready first, it has done nothing: the run goes on.
    pub async fn snooze(&self, after: Duration) -> ! {
        let rare = self.rare.get_or_init(Box::default);
        *lock(&rare.snooze) = Some(after);
        let _awake = Awake(&rare.snooze);
        // Whoever polls the run looks after each poll.
        std::future::pending().await
    }

    /// Runs a job's function with this context, to its end or until it [snoozes](Context::snooze): for a unit test.
    ///
    /// # Errors
    /// [`Snoozed`], if it did.
    pub async fn or_snoozed<F: Future>(&self, run: F) -> Result<F::Output, Snoozed> {
        let mut run = pin!(run);
        poll_fn(|poller| match (run.as_mut().poll(poller), self.snoozed()) {
            (Poll::Ready(output), _) => Poll::Ready(Ok(output)),
            (Poll::Pending, Some(after)) => Poll::Ready(Err(Snoozed { after })),
            (Poll::Pending, None) => Poll::Pending,
        })
        .await
    }

    /// Whether the run awaits its snooze, and for how long that is.
    #[inline]
    pub(crate) fn snoozed(&self) -> Option<Duration> {
        self.rare.get().and_then(|rare| *lock(&rare.snooze))
    }

    /// Ends the request in a transaction of yours on the engine's own store: what the job does there, its response and its
    /// completion are one. If the transaction commits, the job never runs again, whatever crashes, and its response is
    /// recorded; if it does not, nothing has happened.
    ///
    /// Complete it last, commit, and return the same response. Once it is committed, **what stands in the store counts**: the
    /// caller and all listeners get that response, also if the job then returns another one or an error, panics, or runs out
    /// of its time. If the job returns without a commit, it ends as any other does.
    ///
    /// A `rusqlite::Transaction` may not live across an `.await`: a job that awaits anything later has it in a function or a block
    /// of its own.
    ///
    /// ```
    /// use job_orch::engine::sqlite::rusqlite;
    /// use job_orch::prelude::*;
    ///
    /// struct Shop(rusqlite::Connection);
    ///
    /// type Error = Box<dyn std::error::Error + Send + Sync>;
    ///
    /// /// Books an order once, however often it is tried.
    /// #[job]
    /// async fn book(order: &String, shop: &mut Shop, #[context] context: &Context) -> Result<i64, Error> {
    ///     let transaction = shop.0.transaction()?;
    ///     transaction.execute("INSERT INTO booking (what) VALUES (?1)", [order])?;
    ///     let number = transaction.last_insert_rowid();
    ///     context.complete_in(&transaction, &number)?;
    ///     transaction.commit()?;
    ///     Ok(number)
    /// }
    ///
    /// # #[tokio::main] async fn main() -> Result<(), Error> {
    /// # let folder = tempfile::tempdir()?;
    /// let store = Sqlite::open(folder.path().join("shop.db"))?;
    /// store.connection()?.execute_batch("CREATE TABLE IF NOT EXISTS booking (number INTEGER PRIMARY KEY, what TEXT)")?;
    /// let shops = store.clone();
    /// let orch = Orchestrator::on(store)
    ///     .provide_with(move || Shop(shops.connection().expect("the store is open")))
    ///     .host(Book)
    ///     .start()
    ///     .await?;
    /// assert_eq!(orch.call(Book, "a chair".to_owned()).await?, 1);
    /// # orch.shutdown().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// The engine must be one of those that [`Transacts`](crate::engine::Transacts). In a context that is
    /// [`detached`](Context::detached), nothing happens.
    ///
    /// # Errors
    /// [`CompleteError`] says why nothing was done. After [`CompleteError::Lost`] the transaction is rolled back already: a
    /// worker that was taken for dead can commit nothing. After any other it is as it was.
    pub fn complete_in<R: Any>(&self, transaction: &impl Transact, response: &R) -> Result<(), CompleteError> {
        let completion = self.rare.get().and_then(|rare| rare.completion.as_deref());
        completion.ok_or(CompleteError::Unsupported)?.complete_in(transaction, response, type_name::<R>())
    }

    /// Cancels the token if the job has asked for one, and says whether it has.
    #[inline]
    pub(crate) fn cancel(&self) -> bool {
        self.rare.get().is_some_and(|rare| rare.cancel())
    }
}

impl Rare {
    #[cold]
    fn traced(trace_parent: &str) -> Self {
        Self { trace_parent: Some(trace_parent.into()), ..Self::default() }
    }

    #[cold]
    fn cancel(&self) -> bool {
        self.cancellation.get().map(CancellationToken::cancel).is_some()
    }
}

/// A snooze that is awaited. Dropped, it is not wanted any more.
struct Awake<'a>(&'a Mutex<Option<Duration>>);

impl Drop for Awake<'_> {
    fn drop(&mut self) {
        *lock(self.0) = None;
    }
}

impl Drop for Context {
    #[inline]
    fn drop(&mut self) {
        self.cancel();
    }
}
