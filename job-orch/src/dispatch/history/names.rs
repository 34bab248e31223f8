//! [`Names`]: how workers in line have named their registrations, so that one that registers again stands there once.

use std::collections::{HashMap, VecDeque};

use super::takes::TakeKey;
use crate::id::JobId;

/// So many are remembered.
const MOST: usize = 100_000;

#[derive(Debug, Default)]
pub(super) struct Names {
    workers: HashMap<TakeKey, JobId>,
    keys: HashMap<JobId, TakeKey>,
    // Oldest first. Some are gone.
    order: VecDeque<JobId>,
}

impl Names {
    pub(super) fn add(&mut self, key: TakeKey, worker: JobId) {
        self.order.push_back(worker);
        self.keys.insert(worker, key.clone());
        if let Some(before) = self.workers.insert(key, worker).filter(|before| *before != worker) {
            self.keys.remove(&before);
        }
        while self.workers.len() > MOST {
            let Some(oldest) = self.order.pop_front() else { return };
            self.remove(oldest);
        }
        self.tidy();
    }

    /// Who has registered by this name, and was offered no job since.
    pub(super) fn worker(&self, key: &TakeKey) -> Option<JobId> {
        self.workers.get(key).copied()
    }

    pub(super) fn key(&self, worker: JobId) -> Option<&TakeKey> {
        self.keys.get(&worker)
    }

    /// It was offered a job: that is what there is by its name from here on.
    pub(super) fn remove(&mut self, worker: JobId) {
        let Some(key) = self.keys.remove(&worker) else { return };
        self.workers.remove(&key);
        self.tidy();
    }

    fn tidy(&mut self) {
        if self.order.len() > 2 * self.keys.len() + 64 {
            self.order.retain(|worker| self.keys.contains_key(worker));
        }
    }

    /// All of them, the oldest first.
    pub(super) fn all(&self) -> impl Iterator<Item = (&TakeKey, JobId)> {
        self.order.iter().filter_map(|worker| Some((self.keys.get(worker)?, *worker)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> TakeKey {
        match TakeKey::read(&number.to_string()) {
            Some(key) => key,
            None => unreachable!("digits are plain"),
        }
    }

    #[test]
    fn the_oldest_go_first_and_a_name_is_the_last_ones() {
        let (mut names, worker) = (Names::default(), JobId::new());
        (0..=MOST).for_each(|number| names.add(key(number), JobId::new()));
        assert!(names.worker(&key(0)).is_none() && names.worker(&key(1)).is_some());
        let before = names.worker(&key(1)).unwrap_or(worker);
        names.add(key(1), worker);
        assert_eq!((names.worker(&key(1)), names.key(before)), (Some(worker), None));
        let all: Vec<JobId> = names.all().map(|(_, worker)| worker).collect();
        assert_eq!((all.len(), all.last()), (MOST, Some(&worker)));
        (0..200).for_each(|_| names.add(key(1), JobId::new()));
        all.into_iter().for_each(|worker| names.remove(worker));
        assert!(names.workers.len() == 1 && names.keys.len() == 1 && names.order.len() <= 66);
    }
}
