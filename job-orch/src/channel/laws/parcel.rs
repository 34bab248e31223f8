//! What travels while laws are proved: numbered parcels that know how many of them are alive.

use std::convert::Infallible;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::channel::{Envelope, Response};
use crate::id::JobId;
use crate::job::Run;

/// The job whose channels prove the laws. Its requests and responses are [`Parcel`]s.
#[derive(Debug)]
pub struct Law;

// Nobody who forgot a `#[job]` means this one.
#[diagnostic::do_not_recommend]
impl Run for Law {
    const NAME: &'static str = "law";
    type Request = Parcel;
    type Response = Parcel;
    type Resources = ();
    type Error = Infallible;

    async fn run(request: &Parcel, (): &mut ()) -> Result<Parcel, Infallible> {
        Ok(request.clone())
    }
}

/// A message with a number.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Parcel {
    number: u64,
    // Who counts it: lost where a parcel is written to bytes, and then nobody does.
    #[serde(skip)]
    #[expect(dead_code, reason = "it is there to be counted")]
    census: Option<Arc<()>>,
}

impl Parcel {
    /// The parcel with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self { number, census: None }
    }

    /// Its number.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }
}

/// Counts the parcels that are alive.
#[derive(Default)]
pub(super) struct Census(Arc<()>);

impl Census {
    pub(super) fn parcel<M: Message>(&self, number: u64) -> M {
        M::of(Parcel { number, census: Some(Arc::clone(&self.0)) })
    }

    pub(super) fn parcels<M: Message>(&self, number: u64, count: usize) -> Vec<M> {
        (0..count).map(|_| self.parcel(number)).collect()
    }

    pub(super) fn alive(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }
}

/// What carries a parcel.
pub(super) trait Message: Send + Sync + 'static {
    fn of(parcel: Parcel) -> Self;
    fn number(&self) -> u64;
}

impl Message for Envelope<Law> {
    fn of(parcel: Parcel) -> Self {
        Self::new(parcel)
    }
    fn number(&self) -> u64 {
        self.request().number
    }
}

impl Message for Response<Law> {
    fn of(parcel: Parcel) -> Self {
        Self::new(JobId::new(), Ok(parcel))
    }
    fn number(&self) -> u64 {
        self.outcome.as_ref().map_or(u64::MAX, Parcel::number)
    }
}
