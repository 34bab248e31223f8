//! Messages with a past or a wish: returned, retried, delayed, prioritised, unique. Few, so clarity comes before speed.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};

use tokio::time::Instant;

use crate::channel::{SendOptions, UniqueKey};
use crate::id::JobId;

/// So often in a row may higher priorities pass a lower one that waits.
const PATIENCE: u32 = 32;

/// A message, and what sets it apart from a fresh one.
#[derive(Debug)]
pub(super) struct Item<M> {
    pub(super) message: M,
    // Most messages have none; a box keeps a delivery small.
    pub(super) past: Option<Box<Past>>,
}

impl<M> Item<M> {
    pub(super) fn priority(&self) -> i16 {
        self.past.as_ref().map_or(0, |past| past.priority)
    }
}

/// What is known of a message beside itself.
#[derive(Debug, Default)]
pub(super) struct Past {
    pub(super) failures: u32,
    pub(super) priority: i16,
    pub(super) unique: Option<UniqueKey>,
}

impl Past {
    pub(super) fn of(options: &SendOptions) -> Option<Box<Self>> {
        let unique = options.unique.clone();
        (options.priority != 0 || unique.is_some())
            .then(|| Box::new(Self { failures: 0, priority: options.priority, unique }))
    }
}

/// Boxed but for its length: it lies among what every sender and receiver looks at, and mostly is empty.
#[derive(Debug)]
pub(super) struct Aside<M> {
    parts: Box<Parts<M>>,
    // Messages in all of them.
    len: usize,
}

#[derive(Debug)]
struct Parts<M> {
    // Given back untouched: they had been first, and are again.
    first: VecDeque<Item<M>>,
    // By priority, highest last. Fresh messages stand between these, at 0.
    lanes: BTreeMap<i16, VecDeque<Item<M>>>,
    delayed: BinaryHeap<Delayed<M>>,
    // Breaks ties among the delayed, in the order in which they came.
    arrivals: u64,
    // Who holds which unique key: mostly one, but while it runs another may wait.
    holders: HashMap<String, Vec<Holder>>,
    // How often in a row something was taken although something lower waited.
    passed: u32,
}

/// A message with a unique key.
#[derive(Clone, Copy, Debug)]
struct Holder {
    id: JobId,
    is_running: bool,
}

#[derive(Debug)]
struct Delayed<M> {
    due: Instant,
    arrival: u64,
    item: Item<M>,
}

impl<M> Default for Aside<M> {
    fn default() -> Self {
        let parts = Parts {
            first: VecDeque::new(),
            lanes: BTreeMap::new(),
            delayed: BinaryHeap::new(),
            arrivals: 0,
            holders: HashMap::new(),
            passed: 0,
        };
        Self { parts: Box::new(parts), len: 0 }
    }
}

impl<M> Aside<M> {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether anything here waits for its turn beside the fresh messages.
    pub(super) fn is_lined_up(&self) -> bool {
        self.len > 0 && !self.parts.lanes.is_empty()
    }

    /// The one that has this key and counts: also one that runs, unless only those that wait do.
    pub(super) fn holder(&self, key: &str, while_waiting: bool) -> Option<JobId> {
        let holders = self.parts.holders.get(key)?;
        holders.iter().find(|holder| !(while_waiting && holder.is_running)).map(|holder| holder.id)
    }

    pub(super) fn hold(&mut self, unique: UniqueKey) {
        let holder = Holder { id: unique.id, is_running: false };
        self.parts.holders.entry(unique.key).or_default().push(holder);
    }

    pub(super) fn forget(&mut self, unique: &UniqueKey) {
        if let Some(holders) = self.parts.holders.get_mut(&unique.key) {
            holders.retain(|holder| holder.id != unique.id);
            if holders.is_empty() {
                self.parts.holders.remove(&unique.key);
            }
        }
    }

    /// Notes of a message with a unique key whether it runs now.
    fn note(&mut self, item: &Item<M>, is_running: bool) {
        if let Some(Past { unique: Some(unique), .. }) = item.past.as_deref()
            && let Some(holders) = self.parts.holders.get_mut(&unique.key)
        {
            let own = holders.iter_mut().filter(|holder| holder.id == unique.id);
            own.for_each(|holder| holder.is_running = is_running);
        }
    }

    pub(super) fn put_first(&mut self, item: Item<M>) {
        self.len += 1;
        self.note(&item, false);
        self.parts.first.push_front(item);
    }

    pub(super) fn queue(&mut self, item: Item<M>) {
        self.len += 1;
        self.lane(item);
    }

    pub(super) fn delay(&mut self, item: Item<M>, due: Instant) {
        self.len += 1;
        self.note(&item, false);
        self.parts.arrivals += 1;
        self.parts.delayed.push(Delayed { due, arrival: self.parts.arrivals, item });
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        if self.len == 0 { None } else { self.parts.delayed.peek().map(|next| next.due) }
    }

    /// Lines up what is due.
    pub(super) fn wake_due(&mut self, now: Instant) {
        while self.parts.delayed.peek().is_some_and(|next| next.due <= now) {
            if let Some(due) = self.parts.delayed.pop() {
                self.lane(due.item);
            }
        }
    }

    /// Takes the next message that may go before the fresh ones, which stand at priority 0; `fresh` says whether there
    /// are any.
    pub(super) fn take(&mut self, fresh: bool) -> Option<Item<M>> {
        let item = self.parts.first.pop_front().or_else(|| {
            let priority = self.pick(fresh)?;
            let lane = self.parts.lanes.get_mut(&priority)?;
            let item = lane.pop_front();
            if lane.is_empty() {
                self.parts.lanes.remove(&priority);
            }
            item
        })?;
        self.len -= 1;
        self.note(&item, true);
        Some(item)
    }

    /// The lane whose turn it is, or `None` for the fresh messages. The highest, but each time [`PATIENCE`] runs out, the
    /// lowest.
    fn pick(&mut self, fresh: bool) -> Option<i16> {
        let highest = *self.parts.lanes.last_key_value()?.0;
        let lowest = *self.parts.lanes.first_key_value()?.0;
        let others = self.parts.lanes.len() > 1 || (fresh && highest != 0);
        if others && self.parts.passed >= PATIENCE {
            self.parts.passed = 0;
            return if fresh && lowest > 0 { None } else { Some(lowest) };
        }
        self.parts.passed = if others { self.parts.passed + 1 } else { 0 };
        // At priority 0 what stands aside is older than what is fresh: it was here before.
        if fresh && highest < 0 { None } else { Some(highest) }
    }

    pub(super) fn remove(&mut self, wanted: &impl Fn(&M) -> bool) -> Option<M> {
        let item = self.remove_item(wanted)?;
        self.len -= 1;
        self.parts.lanes.retain(|_, lane| !lane.is_empty());
        if let Some(key) = item.past.and_then(|past| past.unique) {
            self.forget(&key);
        }
        Some(item.message)
    }

    /// The lowest priority that is lined up.
    pub(super) fn lowest(&self) -> Option<i16> {
        self.parts.lanes.first_key_value().map(|(lowest, _)| *lowest)
    }

    /// Takes out the oldest of this priority.
    pub(super) fn remove_first_of(&mut self, priority: i16) -> Option<M> {
        let lane = self.parts.lanes.get_mut(&priority)?;
        let item = lane.pop_front()?;
        if lane.is_empty() {
            self.parts.lanes.remove(&priority);
        }
        Some(self.removed(item))
    }

    /// Takes out one that is not lined up, of no higher priority than this: one that was given back, or the next that is due.
    pub(super) fn remove_unready(&mut self, priority: i16) -> Option<M> {
        let item = if self.parts.first.front().is_some_and(|item| item.priority() <= priority) {
            self.parts.first.pop_front()
        } else if self.parts.delayed.peek().is_some_and(|next| next.item.priority() <= priority) {
            self.parts.delayed.pop().map(|delayed| delayed.item)
        } else {
            None
        };
        item.map(|item| self.removed(item))
    }

    /// Forgets what was taken out for good.
    fn removed(&mut self, item: Item<M>) -> M {
        self.len -= 1;
        if let Some(key) = item.past.and_then(|past| past.unique) {
            self.forget(&key);
        }
        item.message
    }

    fn remove_item(&mut self, wanted: &impl Fn(&M) -> bool) -> Option<Item<M>> {
        if let Some(at) = self.parts.first.iter().position(|item| wanted(&item.message)) {
            return self.parts.first.remove(at);
        }
        for lane in self.parts.lanes.values_mut() {
            if let Some(at) = lane.iter().position(|item| wanted(&item.message)) {
                return lane.remove(at);
            }
        }
        let mut delayed = std::mem::take(&mut self.parts.delayed).into_vec();
        let found = delayed.iter().position(|next| wanted(&next.item.message));
        let removed = found.map(|at| delayed.swap_remove(at).item);
        self.parts.delayed = delayed.into();
        removed
    }

    pub(super) fn into_messages(self) -> impl Iterator<Item = M> {
        let Parts { first, lanes, delayed, .. } = *self.parts;
        let mut delayed = delayed.into_sorted_vec();
        delayed.reverse();
        let lanes = lanes.into_values().rev().flatten();
        first.into_iter().chain(lanes).chain(delayed.into_iter().map(|next| next.item)).map(|item| item.message)
    }

    fn lane(&mut self, item: Item<M>) {
        self.parts.lanes.entry(item.priority()).or_default().push_back(item);
    }
}

// The earliest is the greatest: `BinaryHeap` gives the greatest first.
impl<M> Ord for Delayed<M> {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.due, other.arrival).cmp(&(self.due, self.arrival))
    }
}
impl<M> PartialOrd for Delayed<M> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<M> PartialEq for Delayed<M> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl<M> Eq for Delayed<M> {}
