//! The locks and counters of the crate. Under `--cfg shuttle` they are the model checker's.

#[cfg(shuttle)]
pub(crate) use shuttle::sync::{Arc, Mutex, MutexGuard, atomic};
#[cfg(not(shuttle))]
pub(crate) use std::sync::{Arc, Mutex, MutexGuard, atomic};

#[cfg(all(shuttle, any(feature = "process", feature = "sqlite")))]
pub(crate) use shuttle::sync::Weak;
#[cfg(all(not(shuttle), any(feature = "process", feature = "sqlite")))]
pub(crate) use std::sync::Weak;

use std::sync::{PoisonError, TryLockError};

/// Locks, also after a panic: no code of a user's runs under our locks, so what they guard is whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits about as long as it takes another thread to bring ten messages.
///
/// One who takes whatever has gathered does well to let it gather: if it hurries, it takes the lock from those who bring the
/// messages for each of them.
pub(crate) fn let_gather() {
    #[cfg(not(shuttle))]
    for _ in 0..40 {
        std::hint::spin_loop();
    }
    #[cfg(shuttle)]
    shuttle::thread::yield_now();
}

/// Locks as one who takes whatever has gathered: if somebody is at it just now, more is coming.
pub(crate) fn lock_patiently<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    match mutex.try_lock() {
        Ok(guard) => guard,
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        Err(TryLockError::WouldBlock) => {
            let_gather();
            lock(mutex)
        }
    }
}
