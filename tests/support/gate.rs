//! A gate at which jobs wait for their test.

use std::sync::Arc;

use tokio::sync::{Semaphore, watch};

use crate::soon;

/// A gate at which jobs wait until their test lets them go on. Clones are the same gate.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    // Closed when the gate is open for good.
    passes: Semaphore,
    arrived: watch::Sender<usize>,
}

impl Gate {
    /// A gate that is shut.
    #[must_use]
    pub fn shut() -> Self {
        Self(Arc::new(Parts { passes: Semaphore::new(0), arrived: watch::Sender::new(0) }))
    }

    /// Waits to be let through.
    ///
    /// # Cancel safety
    /// A job that is dropped here uses up no pass.
    pub async fn pass(&self) {
        self.0.arrived.send_modify(|arrived| *arrived += 1);
        if let Ok(pass) = self.0.passes.acquire().await {
            pass.forget();
        }
    }

    /// Waits until so many have arrived since the gate was made.
    pub async fn reached_by(&self, count: usize) {
        let mut arrived = self.0.arrived.subscribe();
        soon(arrived.wait_for(|arrived| *arrived >= count)).await.expect("the gate holds the sender");
    }

    /// How many have arrived since the gate was made.
    #[must_use]
    pub fn arrived(&self) -> usize {
        *self.0.arrived.borrow()
    }

    /// Lets so many through.
    pub fn let_through(&self, count: usize) {
        self.0.passes.add_permits(count);
    }

    /// Lets everybody through from now on.
    pub fn open(&self) {
        self.0.passes.close();
    }
}
