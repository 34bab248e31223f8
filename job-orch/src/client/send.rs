//! [`Send`]: a request whose sender keeps only its id.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::extras::Extras;
use super::{Client, NotSent, Refusal};
use crate::channel::{Acceptance, Envelope, MpSend, SendError, Transact};
use crate::engine::{Deduplicates, Delays, Durability, Engine, Prioritises, RemembersKeys, Transacts};
use crate::id::JobId;
use crate::job::Run;
use crate::retry::Retry;
use crate::span::IntoSpan;

/// What a sender gets for an accepted request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// The id of the request. Of a duplicate, the id of the one that was there before.
    pub id: JobId,
    /// What the accepted request survives, as far as the engine's settings prove it.
    pub durability: Durability,
    /// Whether another request with the same unique key waits or runs, so that this one was dropped in its favour.
    pub is_duplicate: bool,
}

type Sending<'a, J> =
    Pin<Box<dyn Future<Output = Result<Acceptance, SendError<Envelope<J>>>> + std::marker::Send + 'a>>;

/// A request on its way: a future of its [`Receipt`].
///
/// Options are set before it is awaited; those that need a capability compile only on an engine that has it.
///
/// ```
/// # use job_orch::prelude::*;
/// # #[job] async fn double(number: &u64) -> u64 { number * 2 }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), job_orch::Error> {
/// # let orch = Orchestrator::on(Memory::new()).host(Double).start().await?;
/// let receipt = orch.send(Double, 21).after("10ms").priority(5).unique("twenty-one").await?;
/// assert!(!receipt.is_duplicate);
/// # orch.shutdown().await }
/// ```
///
/// # Errors
/// [`NotSent`] hands the request back.
///
/// # Cancel safety
/// A future that is dropped before it is ready drops the request, and has sent nothing on an engine in memory. A durable engine may
/// have accepted it: what is on its way to the disk is not called back. Who must know sends it in a transaction, or with a
/// [`unique`](Send::unique) key again.
#[must_use = "a request is not sent unless awaited"]
pub struct Send<'a, J: Run, E: Engine> {
    client: Option<&'a Client<J, E>>,
    // Until it is sent. Not one enum with `sending`: that would be read whole where this is taken.
    request: Option<J::Request>,
    // While it finds no room at once. Boxed: most requests do.
    sending: Option<(JobId, Sending<'a, J>)>,
    // Boxed: few requests have any.
    extras: Option<Box<Extras>>,
}

impl<'a, J: Run, E: Engine> Send<'a, J, E> {
    pub(crate) const fn new(client: Option<&'a Client<J, E>>, request: J::Request) -> Self {
        Self { client, request: Some(request), sending: None, extras: None }
    }

    /// Runs the job no earlier than after this time.
    pub fn after(mut self, delay: impl IntoSpan) -> Self
    where
        E: Delays,
    {
        self.extras().delay = Some(delay.into_span());
        self
    }

    /// Goes before requests of a lower priority; the default is 0. The lowest that waits still gets every 33rd turn.
    pub fn priority(mut self, priority: i16) -> Self
    where
        E: Prioritises,
    {
        self.extras().options.priority = priority;
        self
    }

    /// Is accepted only if no other request of the job with this key waits or runs in the same queue. The receipt of a duplicate has the id of the
    /// one that does, whose outcome is the one to ask for.
    ///
    /// Which others count, the next three methods change: [`while_waiting`](Send::while_waiting),
    /// [`even_dead`](Send::even_dead), [`unique_for`](Send::unique_for). Of a job with [`unique`](crate::Unique), the key takes the
    /// place of the job's own, and of all that the job says with it.
    pub fn unique(mut self, key: impl Into<String>) -> Self
    where
        E: Deduplicates,
    {
        self.extras().unique = Some(key.into());
        self
    }

    /// With a [`unique`](Send::unique) key: only those that wait count, also for their next attempt. One that runs has seen the
    /// world as it was, so one more may wait behind it.
    ///
    /// ```
    /// # use job_orch::prelude::*;
    /// # #[job] async fn index(page: &u64) {}
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), job_orch::Error> {
    /// # let orch = Orchestrator::on(Memory::new()).host(Index).start().await?;
    /// // However often page 7 changes while it is being indexed, it is indexed once more.
    /// orch.send(Index, 7).unique("page 7").while_waiting().await?;
    /// # orch.shutdown().await }
    /// ```
    pub fn while_waiting(mut self) -> Self
    where
        E: Deduplicates,
    {
        self.extras().options.while_waiting = true;
        self
    }

    /// With a [`unique`](Send::unique) key: dead letters count too, until they are redriven and end well, or are dropped. What
    /// somebody has to look at is not tried anew under another id.
    pub fn even_dead(mut self) -> Self
    where
        E: RemembersKeys,
    {
        self.extras().options.even_dead = true;
        self
    }

    /// Goes to another queue of the job than its own, where this orchestrator hosts or reaches it there too. If it does not, the
    /// request is refused: [`Refusal::NotHosted`].
    pub fn queue(mut self, queue: &str) -> Self {
        self.client = self.client.and_then(|client| client.in_queue(queue));
        self
    }

    /// As [`unique`](Send::unique), and those count too that were accepted less than `window` ago, even if they have ended: the
    /// key is taken from then on. One that is withdrawn gives it back.
    pub fn unique_for(mut self, key: impl Into<String>, window: impl IntoSpan) -> Self
    where
        E: RemembersKeys,
    {
        let extras = self.extras();
        extras.unique = Some(key.into());
        extras.window = Some(window.into_span());
        self
    }

    /// Is retried so, and not as the job says. [`Retry::times(0)`](Retry::times) is never.
    ///
    /// It goes with the request: on a durable engine it holds in whichever process the job runs, and after every start.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use job_orch::prelude::*;
    /// use job_orch::retry::Retry;
    ///
    /// # #[job] async fn double(number: &u64) -> u64 { number * 2 }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), job_orch::Error> {
    /// # let orch = Orchestrator::on(Memory::new()).host(Double).start().await?;
    /// orch.send(Double, 21).retry(Retry::times(3).linear(Duration::from_secs(2))).await?;
    /// # orch.shutdown().await }
    /// ```
    pub fn retry(mut self, retry: Retry) -> Self {
        self.extras().retry = Some(Box::new(retry));
        self
    }

    /// Fails with [`Refusal::Full`] instead of waiting when the channel is full.
    pub fn refuse_if_full(mut self) -> Self {
        self.extras().options.refuse_if_full = true;
        self
    }

    /// Carries the sender's W3C trace context to the worker's span.
    pub fn trace_parent(mut self, trace_parent: impl Into<String>) -> Self {
        self.extras().trace_parent = Some(trace_parent.into().into_boxed_str());
        self
    }

    /// Sends it now, as a part of a transaction of yours on the engine's own store: it is accepted if that commits, and only
    /// then. Nobody sees it before. A full channel refuses it at once.
    ///
    /// The id is known at once; the receipt's durability is what the request survives from the commit on. Workers here and in
    /// other processes hear of the commit by themselves. On `Sqlite`, where this blocks as `rusqlite` does,
    /// [`Sqlite::connection`](crate::engine::sqlite::Sqlite::connection) opens a connection that will do, and says what another
    /// one needs.
    ///
    /// ```
    /// # use job_orch::prelude::*;
    /// # #[job] async fn greet(name: &String) {}
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// let store = Sqlite::open(folder.path().join("shop.db"))?;
    /// let mut shop = store.connection()?;
    /// shop.execute_batch("CREATE TABLE IF NOT EXISTS customer (name TEXT)")?;
    /// let orch = Orchestrator::on(store).host(Greet).start().await?;
    ///
    /// let transaction = shop.transaction()?;
    /// transaction.execute("INSERT INTO customer VALUES (?1)", ["Ada"])?;
    /// orch.send(Greet, "Ada".to_owned()).in_transaction(&transaction)?;
    /// transaction.commit()?; // now there is a customer, and a greeting on its way
    /// # orch.shutdown().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`NotSent`] hands the request back, with [`Refusal::Transaction`] where the transaction is the reason. What you have
    /// done in it is as it was.
    pub fn in_transaction(mut self, transaction: &impl Transact) -> Result<Receipt, NotSent<J::Request>>
    where
        E: Transacts,
    {
        let Some(request) = self.request.take() else { is_over() };
        let Some(client) = self.client else {
            return Err(NotSent::new(J::NAME, request, Refusal::NotHosted));
        };
        let (envelope, options) = self.extras.take().unwrap_or_default().unfold(request)?;
        let id = envelope.id();
        client.told(id, E::send_in(&client.channels, transaction, envelope, &options))
    }

    fn extras(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }

    /// The first poll of a request with wishes.
    fn begin(
        &mut self,
        client: &'a Client<J, E>,
        request: J::Request,
    ) -> Result<(JobId, Sending<'a, J>), NotSent<J::Request>> {
        let (envelope, options) = self.extras.take().unwrap_or_default().unfold(request)?;
        Ok((envelope.id(), Box::pin(client.requests.send_with(envelope, options))))
    }

    fn poll_slowly(&mut self, context: &mut Context<'_>) -> Poll<Result<Receipt, NotSent<J::Request>>> {
        if let Some(request) = self.request.take() {
            let Some(client) = self.client else {
                return Poll::Ready(Err(NotSent::new(J::NAME, request, Refusal::NotHosted)));
            };
            self.sending = Some(self.begin(client, request)?);
        }
        self.proceed(context)
    }

    fn proceed(&mut self, context: &mut Context<'_>) -> Poll<Result<Receipt, NotSent<J::Request>>> {
        let (Some(client), Some((id, sending))) = (self.client, &mut self.sending) else { is_over() };
        let sent = std::task::ready!(sending.as_mut().poll(context));
        let id = *id;
        self.sending = None;
        Poll::Ready(client.told(id, sent))
    }
}

#[expect(clippy::panic, reason = "polling after the end is a bug of the caller's, as with every future")]
fn is_over() -> ! {
    panic!("a request was awaited after it was sent")
}

impl<J: Run, E: Engine> Client<J, E> {
    const fn receipt(&self, id: JobId) -> Receipt {
        Receipt { id, durability: self.durability, is_duplicate: false }
    }

    /// What its sender is told of a request.
    fn told(
        &self,
        id: JobId,
        sent: Result<Acceptance, SendError<Envelope<J>>>,
    ) -> Result<Receipt, NotSent<J::Request>> {
        match sent {
            Ok(Acceptance::New) => Ok(self.receipt(id)),
            Ok(Acceptance::Duplicate(id)) => Ok(Receipt { is_duplicate: true, ..self.receipt(id) }),
            Err(error) => Err(NotSent::refused(J::NAME, error, Envelope::into_request)),
        }
    }
}

// Nothing in it is pinned in place: what must be is in a box.
impl<J: Run, E: Engine> Unpin for Send<'_, J, E> {}

impl<J: Run, E: Engine> Future for Send<'_, J, E> {
    type Output = Result<Receipt, NotSent<J::Request>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let send = self.get_mut();
        // The common case in one straight line: no wishes, of the job either, and room.
        if send.extras.is_none()
            && J::UNIQUE.is_none()
            && let Some(client) = send.client
            && let Some(request) = send.request.take()
        {
            let id = JobId::new();
            match client.requests.try_send_made(move || Envelope::with_id(id, request)) {
                Ok(()) => return Poll::Ready(Ok(client.receipt(id))),
                Err(SendError::Full(make)) => {
                    let envelope = make();
                    let sending = async { client.requests.send(envelope).await.map(|()| Acceptance::New) };
                    send.sending = Some((id, Box::pin(sending)));
                }
                Err(error) => {
                    return Poll::Ready(Err(NotSent::refused(J::NAME, error, |make| make().into_request())));
                }
            }
        }
        send.poll_slowly(context)
    }
}

impl<J: Run, E: Engine> fmt::Debug for Send<'_, J, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Send").field("job", &J::NAME).finish_non_exhaustive()
    }
}
