//! A line whose items the engine has: places here, items there.
//!
//! The engine gives out what is first there, and that may be another one than who is first here: several take at once, and
//! other processes put and take too. So who takes has a [`Turn`], not a place of somebody by name: as many wait here for the
//! engine as have a turn, and whoever it gives out is one of them, or one of them stays in line.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use super::engine::{Lease, Shelf, Waiting};
use super::given::Given;
use super::held::Held;
use super::places::{Place, Places};
use super::{LineError, Shared};
use crate::dispatch::item::Item;
use crate::id::JobId;
use crate::sync::{Arc, lock};

#[cfg(test)]
mod tests;

/// A turn for which the engine has nobody after this time is over.
pub(super) const VOID: Duration = Duration::from_secs(1);

/// What a line with an engine knows beside its places.
#[derive(Debug, Default)]
pub(super) struct Stored {
    // Out of the line, by number, with their bytes: one for each turn.
    awaited: BTreeMap<(u64, JobId), usize>,
    // Being put: the engine may have them before they have a place. Whether it has given them out already.
    coming: HashMap<JobId, bool>,
    look: Option<Look>,
    // Who stands here, and was not there at the last look.
    missing: HashSet<JobId>,
}

/// A look at the engine that has begun.
#[derive(Debug)]
struct Look {
    // Who was given, and may be seen still.
    given: HashSet<JobId>,
    // Who has come back meanwhile, and may not be seen yet. So may those who had this number then, or a higher one.
    back: HashSet<JobId>,
    next: u64,
}

impl Stored {
    pub(super) fn coming(&self) -> usize {
        self.coming.len()
    }

    pub(super) fn note_given(&mut self, id: JobId) {
        if let Some(look) = &mut self.look {
            look.given.insert(id);
        }
    }

    pub(super) fn note_back(&mut self, id: JobId) {
        self.missing.remove(&id);
        if let Some(look) = &mut self.look {
            look.back.insert(id);
        }
    }
}

impl Places {
    /// A turn, if anybody waits.
    fn begin_turn(&mut self) -> bool {
        let first = self.pop(false);
        self.stored.awaited.extend(first.iter().map(|(number, place)| ((*number, place.id), place.size)));
        first.is_some()
    }

    /// The turn has brought this one. Returns its number.
    fn bring(&mut self, id: JobId) -> u64 {
        let number = self.numbers.get(&id).copied();
        if let Some(number) = number.filter(|number| self.stored.awaited.remove(&(*number, id)).is_some()) {
            return number;
        }
        let next = self.end_turn();
        if let Some(number) = number {
            self.step_out(number, id);
            return number;
        }
        if let Some(is_given_out) = self.stored.coming.get_mut(&id) {
            *is_given_out = true;
        }
        // If it comes back, it stands before who was to be next.
        let number = next.unwrap_or_default();
        self.numbers.insert(id, number);
        number
    }

    /// The turn brings nobody: the last one of those that were awaited is back in line. Returns its number.
    fn end_turn(&mut self) -> Option<u64> {
        let ((number, id), size) = self.stored.awaited.pop_last()?;
        self.put_back(number, Place::stored(id, size));
        Some(number)
    }

    /// The engine has nobody for this turn: others have taken the first one.
    fn void_turn(&mut self) {
        if let Some(((_, id), _)) = self.stored.awaited.pop_first() {
            self.numbers.remove(&id);
        }
    }

    /// It is being put.
    fn begin_put(&mut self, id: JobId, size: usize) {
        self.bytes += size;
        self.stored.coming.insert(id, false);
    }

    /// It is not being put any more. Says whether the engine has given it out already.
    fn end_put(&mut self, id: JobId, size: usize) -> bool {
        self.bytes -= size;
        self.stored.coming.remove(&id).unwrap_or_default()
    }

    /// The engine is about to be asked who waits there. These were given, and it may offer them again.
    pub(super) fn begin_look(&mut self, given: HashSet<JobId>) {
        self.stored.look = Some(Look { given, back: HashSet::new(), next: self.next() });
    }

    /// These wait there: those who are unknown here have a place at the end, and those who are unknown there have none.
    pub(super) fn end_look(&mut self, mut waiting: Vec<Waiting>) {
        let Some(look) = self.stored.look.take() else { return };
        waiting.retain(|Waiting { id, .. }| !look.given.contains(id));
        self.drop_missing(&look, &waiting);
        // As many turns as there are items take all of them, whoever they are.
        if waiting.len() <= self.len() {
            return;
        }
        for Waiting { id, size } in waiting {
            if !self.numbers.contains_key(&id) && !self.stored.coming.contains_key(&id) {
                self.push(Place::stored(id, size));
            }
        }
    }

    /// Others have taken those who were missing twice. Once may be chance: who comes back has a place before the engine has it.
    fn drop_missing(&mut self, look: &Look, waiting: &[Waiting]) {
        let seen: HashSet<JobId> = waiting.iter().map(|waiting| waiting.id).collect();
        let is_missing = |number, id| number < look.next && !seen.contains(&id) && !look.back.contains(&id);
        let missing = self.all().filter(|(number, id)| is_missing(*number, *id)).map(|(_, id)| id).collect();
        let before = std::mem::replace(&mut self.stored.missing, missing);
        if !before.is_empty() {
            let gone: HashSet<JobId> = self.stored.missing.intersection(&before).copied().collect();
            self.remove_all(&gone);
        }
    }
}

/// One's turn to be given who is first. Dropped early, nobody was taken.
pub(super) struct Turn<'a> {
    line: &'a Arc<Shared>,
    is_over: bool,
}

impl<'a> Turn<'a> {
    pub(super) fn next(line: &'a Arc<Shared>) -> Option<Self> {
        let is_one = lock(&line.places).begin_turn();
        if is_one {
            line.has_moved();
        }
        is_one.then(|| Self { line, is_over: false })
    }

    /// Waits for the engine. `None` if it has nobody.
    pub(super) async fn claim(mut self, shelf: &dyn Shelf, given: &Given) -> Result<Option<Held>, LineError> {
        let Ok(claimed) = tokio::time::timeout(VOID, self.claim_waiting(shelf, given)).await else {
            // Taken by others, unless the job is paused: what waits comes back with the next look.
            self.is_over = true;
            lock(&self.line.places).void_turn();
            return Ok(None);
        };
        let (item, lease) = claimed?;
        self.is_over = true;
        let number = lock(&self.line.places).bring(item.id);
        Ok(Some(Held::leased(Arc::clone(self.line), number, item, lease)))
    }

    /// The first one that was not given before: the engine, which could not be told so then, is told now.
    async fn claim_waiting(&self, shelf: &dyn Shelf, given: &Given) -> Result<(Item, Box<dyn Lease>), LineError> {
        loop {
            let (item, lease) = shelf.claim().await.map_err(|error| self.line.refused(&*error))?;
            if !given.has(item.id) {
                return Ok((item, lease));
            }
            lease.settle().await.map_err(|error| self.line.refused(&error))?;
            given.forget(&[item.id]);
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            lock(&self.line.places).end_turn();
            self.line.has_moved();
        }
    }
}

/// One that is being put. Dropped early, the next look finds it, if it was.
pub(super) struct Coming<'a> {
    line: &'a Shared,
    id: JobId,
    size: usize,
    is_there: bool,
}

impl<'a> Coming<'a> {
    pub(super) fn new(line: &'a Shared, item: &Item) -> Result<Self, LineError> {
        let (id, size) = (item.id, item.json.len());
        let mut places = lock(&line.places);
        line.check_room(&places, size)?;
        places.begin_put(id, size);
        Ok(Self { line, id, size, is_there: false })
    }

    /// It is in the engine. Returns its place, counted from 1.
    pub(super) fn arrived(mut self) -> usize {
        let Self { line, id, size, .. } = self;
        self.is_there = true;
        let mut places = lock(&line.places);
        let is_given_out = places.end_put(id, size);
        let position = if is_given_out { places.len() + 1 } else { places.push(Place::stored(id, size)).1 };
        drop(places);
        line.has_moved();
        position
    }
}

impl Drop for Coming<'_> {
    fn drop(&mut self) {
        if !self.is_there {
            lock(&self.line.places).end_put(self.id, self.size);
        }
    }
}
