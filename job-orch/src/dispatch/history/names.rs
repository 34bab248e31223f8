//! [`Names`]: how workers in line have named their registrations, so that one that registers again stands there once.

use std::collections::{HashMap, VecDeque};

use super::takes::TakeKey;
use crate::id::JobId;

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
        self.tidy();
    }

    /// Where there are more than so many, the oldest go of those who stand in line no more.
    pub(super) fn trim(&mut self, most: usize, stands: impl Fn(JobId) -> bool) {
        for _ in 0..self.order.len() {
            if self.workers.len() <= most {
                return;
            }
            let Some(oldest) = self.order.pop_front() else { return };
            if stands(oldest) {
                self.order.push_back(oldest);
            } else {
                self.remove(oldest);
            }
        }
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
    fn the_oldest_go_first_but_for_those_in_line_and_a_name_is_the_last_ones() {
        const MOST: usize = 100;
        let (mut names, worker, first) = (Names::default(), JobId::new(), JobId::new());
        names.add(key(0), first);
        (1..=MOST + 1).for_each(|number| names.add(key(number), JobId::new()));
        names.trim(MOST, |worker| worker == first);
        assert!([0, 3].iter().all(|number| names.worker(&key(*number)).is_some()));
        assert!([1, 2].iter().all(|number| names.worker(&key(*number)).is_none()));
        names.trim(1, |_| true);
        names.add(key(1), JobId::new());
        names.remove(first);
        let before = names.worker(&key(1)).unwrap_or(worker);
        names.add(key(1), worker);
        assert_eq!((names.worker(&key(1)), names.key(before)), (Some(worker), None));
        let all: Vec<JobId> = names.all().map(|(_, worker)| worker).collect();
        assert_eq!((all.len(), all.last()), (MOST, Some(&worker)), "nobody went who stands in line");
        (0..200).for_each(|_| names.add(key(1), JobId::new()));
        all.into_iter().for_each(|worker| names.remove(worker));
        assert!(names.workers.len() == 1 && names.keys.len() == 1 && names.order.len() <= 66);
    }
}
