//! The locks and counters of the crate. Under `--cfg shuttle` they are the model checker's.

#[cfg(shuttle)]
pub(crate) use shuttle::sync::{Arc, Mutex, MutexGuard, atomic};
#[cfg(not(shuttle))]
pub(crate) use std::sync::{Arc, Mutex, MutexGuard, atomic};

use std::sync::PoisonError;
#[cfg(not(shuttle))]
use std::sync::TryLockError;

/// Locks, also after a panic: no code of a user's runs under our locks, so what they guard is whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Locks as one who takes whatever has gathered. If somebody is at it just now, more is coming: one who waits a little takes
/// it all at once, where one who hurries takes the lock from those who bring it, for each.
#[cfg(not(shuttle))]
pub(crate) fn lock_patiently<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    match mutex.try_lock() {
        Ok(guard) => guard,
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        Err(TryLockError::WouldBlock) => {
            for _ in 0..PATIENCE {
                std::hint::spin_loop();
            }
            lock(mutex)
        }
    }
}

/// Turns of a spinning loop: about as long as it takes to bring ten messages.
#[cfg(not(shuttle))]
const PATIENCE: u32 = 64;

#[cfg(shuttle)]
pub(crate) use lock as lock_patiently;
