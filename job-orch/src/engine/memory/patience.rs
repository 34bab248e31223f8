//! How one waits who takes whatever has gathered.

use std::sync::TryLockError;

use crate::sync::{Mutex, MutexGuard, lock};

/// What a wait must have gathered to be worth it.
const MANY: usize = 8;

/// After a wait that was not, one does not wait so many times.
const HURRIES: u8 = 64;

/// The patience of one who takes whatever has gathered, and does well to let it gather: if it hurries, it takes the lock from
/// those who bring the messages for each of them.
///
/// Where each message is brought by somebody who waits for the answer, nothing gathers, and a wait keeps all of them from their
/// work. So it is lost for a while whenever it was in vain.
#[derive(Debug, Default)]
pub(super) struct Patience {
    hurries: u8,
    has_waited: bool,
}

impl Patience {
    /// Locks. If somebody is at it just now, more is coming.
    pub(super) fn lock<'a, T>(&mut self, mutex: &'a Mutex<T>) -> MutexGuard<'a, T> {
        self.has_waited = false;
        match mutex.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                self.wait();
                lock(mutex)
            }
        }
    }

    /// Lets messages gather. Says whether it has waited for that.
    pub(super) fn wait(&mut self) -> bool {
        if self.hurries > 0 {
            self.hurries -= 1;
            return false;
        }
        self.has_waited = true;
        let_gather();
        true
    }

    /// Tells how many messages there are now.
    pub(super) const fn judge(&mut self, gathered: usize) {
        if self.has_waited && gathered < MANY {
            self.hurries = HURRIES;
        }
    }
}

/// Waits about as long as it takes another thread to bring ten messages.
fn let_gather() {
    #[cfg(not(shuttle))]
    for _ in 0..40 {
        std::hint::spin_loop();
    }
    #[cfg(shuttle)]
    shuttle::thread::yield_now();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_in_vain_is_followed_by_hurries() {
        let mut patience = Patience::default();
        for _ in 0..3 {
            assert!(patience.wait());
            patience.judge(MANY);
        }
        assert!(patience.wait());
        patience.judge(MANY - 1);
        assert_eq!((0..=HURRIES).filter(|_| patience.wait()).count(), 1);
    }

    #[test]
    fn few_messages_that_were_not_waited_for_say_nothing() {
        let mut patience = Patience::default();
        drop(patience.lock(&Mutex::new(())));
        patience.judge(0);
        assert!(patience.wait());
    }
}
