//! [`Takes`]: what was taken by workers that say who they are, so that each can ask for the same again.

use std::collections::{HashMap, VecDeque};
use std::time::SystemTime;

use super::delivery::DeliveryId;
use super::kept::{MOST, MOST_BYTES};
use crate::dispatch::item::Item;
use crate::dispatch::token::Token;
use crate::id::JobId;

/// The name that a worker gives to one of its requests: it is the same when it asks again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::dispatch) struct TakeKey(Box<str>);

impl TakeKey {
    /// One to 64 letters, digits, `-`, `_` and `.`.
    pub(in crate::dispatch) fn read(text: &str) -> Option<Self> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let is_key = (1..=64).contains(&text.len()) && text.bytes().all(is_plain);
        is_key.then(|| Self(text.into()))
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

/// A job that was taken, as it was sent.
#[derive(Clone, Debug)]
pub(in crate::dispatch) struct Take {
    pub(in crate::dispatch) job: Item,
    pub(in crate::dispatch) delivery: DeliveryId,
    pub(in crate::dispatch) token: Token,
    pub(super) at: SystemTime,
    // Its worker has asked for it more than once.
    is_wanted: bool,
}

impl Take {
    pub(super) fn new(job: &Item, delivery: DeliveryId, token: Token, at: SystemTime) -> Self {
        Self { job: job.clone(), delivery, token, at, is_wanted: false }
    }
}

/// As many as jobs are remembered, and as many bytes of theirs as of results, beside those on their way.
#[derive(Debug, Default)]
pub(super) struct Takes {
    takes: HashMap<TakeKey, Take>,
    keys: HashMap<JobId, TakeKey>,
    // Oldest first. Some are gone.
    order: VecDeque<JobId>,
    bytes: usize,
}

impl Takes {
    /// What was taken by this name, which is wanted again.
    pub(super) fn again(&mut self, key: &TakeKey) -> Option<Take> {
        let take = self.takes.get_mut(key)?;
        take.is_wanted = true;
        Some(take.clone())
    }

    /// Whether this delivery is wanted again.
    pub(super) fn is_wanted(&self, job: JobId, delivery: DeliveryId) -> bool {
        self.of(job).is_some_and(|take| take.delivery == delivery && take.is_wanted)
    }

    fn of(&self, job: JobId) -> Option<&Take> {
        self.takes.get(self.keys.get(&job)?)
    }

    /// All of them, the oldest first.
    pub(super) fn all(&self) -> impl Iterator<Item = (&TakeKey, &Take)> {
        let find = |job: &JobId| self.takes.get_key_value(self.keys.get(job)?);
        self.order.iter().filter_map(find)
    }

    /// This delivery has not arrived.
    pub(super) fn lose(&mut self, job: JobId, delivery: DeliveryId) {
        if self.of(job).is_some_and(|take| take.delivery == delivery) {
            self.remove(job);
        }
    }

    /// Whether it is this delivery that is answered to this name.
    pub(super) fn holds(&self, key: &TakeKey, delivery: DeliveryId) -> bool {
        self.takes.get(key).is_some_and(|take| take.delivery == delivery)
    }

    /// The oldest go, but for those on their way: who was promised one of these by its name has nothing else.
    pub(super) fn add(&mut self, key: TakeKey, take: Take, is_on_its_way: impl Fn(&JobId) -> bool) {
        self.bytes += take.job.json.len();
        self.order.push_back(take.job.id);
        self.keys.insert(take.job.id, key.clone());
        if let Some(before) = self.takes.insert(key, take) {
            self.keys.remove(&before.job.id);
            self.bytes -= before.job.json.len();
        }
        for _ in 0..self.order.len() {
            if self.takes.len() <= MOST && self.bytes <= MOST_BYTES {
                return;
            }
            let Some(oldest) = self.order.pop_front() else { return };
            if is_on_its_way(&oldest) {
                self.order.push_back(oldest);
            } else {
                self.remove(oldest);
            }
        }
    }

    /// Its worker has it for certain, or has it no more.
    pub(super) fn remove(&mut self, job: JobId) {
        let Some(take) = self.keys.remove(&job).and_then(|key| self.takes.remove(&key)) else { return };
        self.bytes -= take.job.json.len();
        if self.order.len() > 2 * self.keys.len() + 64 {
            self.order.retain(|job| self.keys.contains_key(job));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> TakeKey {
        TakeKey(number.to_string().into())
    }

    fn take(json: &str) -> Take {
        Take::new(&Item::job(json), DeliveryId::new(), Token::new(), SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn the_oldest_go_first_in_number_and_in_bytes() {
        let mut takes = Takes::default();
        (0..=MOST).for_each(|number| takes.add(key(number), take("1"), |_| false));
        assert!(takes.again(&key(0)).is_none() && takes.again(&key(1)).is_some());
        let large = format!("\"{}\"", "x".repeat(MOST_BYTES / 2));
        (MOST..MOST + 3).for_each(|number| takes.add(key(number), take(&large), |_| false));
        assert!(takes.again(&key(MOST + 1)).is_none() && takes.again(&key(MOST + 2)).is_some());
        assert!(takes.all().count() == 1 && takes.keys.len() == 1 && takes.bytes < MOST_BYTES);
        let last: Vec<JobId> = takes.all().map(|(_, take)| take.job.id).collect();
        last.into_iter().for_each(|job| takes.remove(job));
        assert!(takes.takes.is_empty() && takes.bytes == 0);
    }
}
