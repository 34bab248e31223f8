//! [`Places`]: who stands where.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use super::stored::Stored;
use crate::dispatch::item::Item;
use crate::id::JobId;

/// Who stands in a line, in order, and who has left it and may come back.
#[derive(Debug, Default)]
pub(super) struct Places {
    next: u64,
    // Ascending: who comes back has left from the front.
    line: VecDeque<(u64, Place)>,
    // Of those in line, and of those who are being put.
    pub(super) bytes: usize,
    // Of those in line, and of those who may come back.
    pub(super) numbers: HashMap<JobId, u64>,
    // Out of the line, and in its file still.
    held: BTreeMap<u64, Item>,
    // So much of the history has to be on the disk, for those that the file is to show no more.
    through: u64,
    pub(super) stored: Stored,
}

/// One place.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) id: JobId,
    pub(super) size: usize,
    /// `None`: the engine has it.
    pub(super) item: Option<Item>,
}

impl Place {
    pub(super) fn here(item: Item) -> Self {
        Self { id: item.id, size: item.json.len(), item: Some(item) }
    }

    pub(super) const fn stored(id: JobId, size: usize) -> Self {
        Self { id, size, item: None }
    }
}

/// What the file of a line is to hold.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) items: Vec<Item>,
    /// So much of the history has to be on the disk before it does.
    pub(super) through: u64,
}

/// Where one is that has not been given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dispatch) enum Standing {
    /// In line, at this place, counted from 1.
    Waiting(usize),
    /// On the way to somebody.
    Held,
}

impl Places {
    pub(super) fn len(&self) -> usize {
        self.line.len()
    }

    /// The number of who comes next.
    pub(super) const fn next(&self) -> u64 {
        self.next
    }

    /// Who stands in line, by number.
    pub(super) fn all(&self) -> impl Iterator<Item = (u64, JobId)> {
        self.line.iter().map(|(seq, place)| (*seq, place.id))
    }

    /// At the end. Returns the number and the place, counted from 1.
    pub(super) fn push(&mut self, place: Place) -> (u64, usize) {
        let seq = self.next;
        self.next += 1;
        self.numbers.insert(place.id, seq);
        self.bytes += place.size;
        self.line.push_back((seq, place));
        (seq, self.line.len())
    }

    pub(super) fn pop(&mut self, holds: bool) -> Option<(u64, Place)> {
        let (seq, place) = self.line.pop_front()?;
        self.bytes -= place.size;
        if let Some(item) = place.item.clone().filter(|_| holds) {
            self.held.insert(seq, item);
        }
        Some((seq, place))
    }

    pub(super) fn put_back(&mut self, seq: u64, place: Place) {
        self.held.remove(&seq);
        self.stored.note_back(place.id);
        self.numbers.insert(place.id, seq);
        self.bytes += place.size;
        let at = self.line.partition_point(|(other, _)| *other < seq);
        self.line.insert(at, (seq, place));
    }

    /// Has the file show it no more, once so much of the history is on the disk.
    pub(super) fn leave(&mut self, seq: u64, through: u64) {
        self.through = self.through.max(through);
        self.held.remove(&seq);
    }

    /// It will not come back.
    pub(super) fn forget(&mut self, seq: u64, id: JobId) {
        self.held.remove(&seq);
        self.numbers.remove(&id);
        self.stored.note_given(id);
    }

    pub(super) fn standing(&self, id: JobId) -> Option<Standing> {
        let seq = self.numbers.get(&id)?;
        Some(self.find(*seq, id).map_or(Standing::Held, |at| Standing::Waiting(at + 1)))
    }

    /// Where it stands. Who came from the engine unexpected shares the number of the one it stood before.
    fn find(&self, seq: u64, id: JobId) -> Option<usize> {
        let first = self.line.partition_point(|(other, _)| *other < seq);
        let mut same = self.line.range(first..).take_while(|(other, _)| *other == seq);
        same.position(|(_, place)| place.id == id).map(|at| first + at)
    }

    /// Takes it out, wherever it stands.
    pub(super) fn remove(&mut self, seq: u64) -> Option<Place> {
        let at = self.line.binary_search_by_key(&seq, |(seq, _)| *seq).ok()?;
        let (_, place) = self.line.remove(at)?;
        self.bytes -= place.size;
        self.numbers.remove(&place.id);
        Some(place)
    }

    /// Takes them out, wherever they stand.
    pub(super) fn remove_all(&mut self, gone: &HashSet<JobId>) {
        self.line.retain(|(_, place)| {
            let stays = !gone.contains(&place.id);
            if !stays {
                self.bytes -= place.size;
                self.numbers.remove(&place.id);
            }
            stays
        });
    }

    /// Takes it out, for somebody who has it.
    pub(super) fn step_out(&mut self, seq: u64, id: JobId) {
        let found = self.find(seq, id).and_then(|at| self.line.remove(at));
        self.bytes -= found.map_or(0, |(_, place)| place.size);
    }

    /// What the file is to hold now.
    pub(super) fn picture(&self) -> Picture {
        let mut items = Vec::with_capacity(self.line.len() + self.held.len());
        let mut line = self.line.iter().filter_map(|(seq, place)| Some((*seq, place.item.as_ref()?))).peekable();
        for (seq, item) in &self.held {
            while let Some((_, earlier)) = line.next_if(|(other, _)| other < seq) {
                items.push(earlier.clone());
            }
            items.push(item.clone());
        }
        items.extend(line.map(|(_, item)| item.clone()));
        Picture { items, through: self.through }
    }

    /// The line is another one now; who has left may still come back.
    pub(super) fn replace(&mut self, items: Vec<Item>) {
        for (_, place) in self.line.drain(..) {
            self.bytes -= place.size;
            self.numbers.remove(&place.id);
        }
        for item in items {
            // Those that are left have left the line.
            if !self.numbers.contains_key(&item.id) {
                self.push(Place::here(item));
            }
        }
    }
}
