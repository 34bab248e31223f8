//! What makes a request unique: the option `unique` of `#[job]`, as a constant.

use std::fmt::{self, Display};
use std::time::Duration;

use crate::channel::SendOptions;

/// Which of the requests that are sent is accepted: the options of `#[job(unique(…))]`.
///
/// It holds for what [`send`](crate::Orchestrator::send) and its like send, and what a duplicate is told is in the
/// [`Receipt`](crate::Receipt). Calls, the steps of flows and the ticks of a schedule are never duplicates: somebody waits for the
/// answer of each, or it has `overlap`.
///
/// ```
/// use job_orch::prelude::*;
///
/// fn page(url: &String) -> &str {
///     url.split('#').next().unwrap_or(url)
/// }
///
/// /// Indexes a page, once for however many places of it were asked for.
/// #[job(unique(key = page))]
/// async fn index(url: &String) {}
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), job_orch::Error> {
/// let orch = Orchestrator::on(Memory::new()).host(Index).start().await?;
/// let first = orch.send(Index, "/about#us".to_owned()).await?;
/// let second = orch.send(Index, "/about#you".to_owned()).await?;
/// assert_eq!((second.is_duplicate, second.id), (true, first.id));
/// # orch.shutdown().await }
/// ```
#[non_exhaustive]
pub struct Unique<T> {
    /// The key of a request. Of those with one key in one queue of the job, one is accepted at a time.
    pub key: fn(&T) -> String,
    /// For so long after it was accepted a request has its key, even if it has ended. Without it, until it ends.
    pub within: Option<Duration>,
    /// Whether only those that wait count, and one more may wait behind one that runs.
    pub while_waiting: bool,
    /// Whether dead letters count too.
    pub even_dead: bool,
}

impl<T> Unique<T> {
    /// By this key, while a request waits or runs.
    #[must_use]
    pub const fn by(key: fn(&T) -> String) -> Self {
        Self { key, within: None, while_waiting: false, even_dead: false }
    }

    /// And for so long after it was accepted.
    #[must_use]
    pub const fn within(mut self, window: Duration) -> Self {
        self.within = Some(window);
        self
    }

    /// Only while it waits.
    #[must_use]
    pub const fn while_waiting(mut self) -> Self {
        self.while_waiting = true;
        self
    }

    /// And while it is a dead letter.
    #[must_use]
    pub const fn even_dead(mut self) -> Self {
        self.even_dead = true;
        self
    }

    /// The key of a request, and in the options what else is asked for.
    pub(crate) fn ask(&self, request: &T, options: &mut SendOptions) -> String {
        options.unique_for = self.within;
        options.while_waiting |= self.while_waiting;
        options.even_dead |= self.even_dead;
        (self.key)(request)
    }
}

impl<T> Clone for Unique<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Unique<T> {}

impl<T> fmt::Debug for Unique<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unique")
            .field("within", &self.within)
            .field("while_waiting", &self.while_waiting)
            .field("even_dead", &self.even_dead)
            .finish_non_exhaustive()
    }
}

/// What can be the key of a unique request: what has a text that stays the same in all processes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of a unique request",
    label = "not `Display`",
    note = "return a `String`, a `&str` or a number from the function that makes the key"
)]
pub trait KeyText: Display {}
#[diagnostic::do_not_recommend]
impl<T: Display + ?Sized> KeyText for T {}
