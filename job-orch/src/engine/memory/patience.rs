//! How one waits who takes whatever has gathered.

use std::sync::TryLockError;

use crate::sync::{Mutex, MutexGuard, lock};

/// Waits about as long as it takes another thread to bring ten messages.
///
/// One who takes whatever has gathered does well to let it gather: if it hurries, it takes the lock from those who bring the
/// messages for each of them.
pub(super) fn let_gather() {
    #[cfg(not(shuttle))]
    for _ in 0..40 {
        std::hint::spin_loop();
    }
    #[cfg(shuttle)]
    shuttle::thread::yield_now();
}

/// Locks as one who takes whatever has gathered: if somebody is at it just now, more is coming.
pub(super) fn lock_patiently<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    match mutex.try_lock() {
        Ok(guard) => guard,
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        Err(TryLockError::WouldBlock) => {
            let_gather();
            lock(mutex)
        }
    }
}
