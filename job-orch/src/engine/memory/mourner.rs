//! Who is told of a request that made room for another one.

use std::fmt;
use std::sync::OnceLock;

use super::broadcast::Broadcast;
use super::request;
use crate::channel::{Envelope, MpSend, Response};
use crate::engine;
use crate::job::Run;
use crate::outcome::CallError;

/// Who is told besides its caller and the listeners, once somebody has asked for it.
pub(super) struct Mourner<J: Run>(OnceLock<engine::WhenShed<J>>);

impl<J: Run> Default for Mourner<J> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<J: Run> Mourner<J> {
    /// Has this told from now on. There is one who asks: an orchestrator opens its channels anew.
    pub(super) fn tell(&self, told: engine::WhenShed<J>) {
        let _ = self.0.set(told);
    }

    /// Tells everybody.
    pub(super) fn mourn(&self, shed: &mut Envelope<J>, listeners: &Broadcast<Response<J>>) {
        if let Some(told) = self.0.get() {
            told(shed);
        }
        shed.answer(Err(CallError::Shed { job: J::NAME }));
        drop(shed.leave_flow());
        // Whoever sheds does not wait for listeners: where they have no room, they are told that they missed it.
        if listeners.has_receivers() && listeners.try_send(Response::new(shed.id(), Err(request::reason()))).is_err() {
            listeners.skip(1);
        }
    }
}

impl<J: Run> fmt::Debug for Mourner<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Mourner").field(&self.0.get().is_some()).finish()
    }
}
