//! What a running job may ask about itself.

use std::sync::OnceLock;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::id::JobId;

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
}

impl Context {
    /// A context of no worker's, for calling a job's function in a unit test: a new id, attempt 1, no deadline.
    #[must_use]
    pub fn detached() -> Self {
        Self::new(JobId::new(), 1, None)
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

    /// Tells when the job should stop: somebody cancelled it, or its time is up. It is cancelled too when the job ends or is
    /// dropped, so that what the job has spawned can end with it.
    ///
    /// A job that has asked for this token is given [`GRACE`](crate::processor::GRACE) to end by itself after the token
    /// was cancelled. One that has not is dropped at its `.await`.
    #[must_use]
    pub fn cancellation(&self) -> &CancellationToken {
        self.rare.get_or_init(Box::default).cancellation.get_or_init(CancellationToken::new)
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
        Self { trace_parent: Some(trace_parent.into()), cancellation: OnceLock::new() }
    }

    #[cold]
    fn cancel(&self) -> bool {
        self.cancellation.get().map(CancellationToken::cancel).is_some()
    }
}

impl Drop for Context {
    #[inline]
    fn drop(&mut self) {
        self.cancel();
    }
}
