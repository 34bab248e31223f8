//! What one process knows of one job's channels: who waits for requests, and what was claimed for them.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::error::StoreError;
use super::requests::Claimed;
use super::room::Room;
use crate::id::JobId;
use crate::settings::{Overflow, Serving};
use crate::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use crate::sync::{Mutex, lock};

/// A worker that is not back for more after this time has found something else to do.
const SOON: Duration = Duration::from_millis(20);

/// One process's end of one job's channels. Untyped: the store's thread works with it.
#[derive(Debug)]
pub(super) struct Local {
    pub(super) job: i64,
    /// For the requests that wait, in all processes together.
    pub(super) room: Room,
    pub(super) waits: bool,
    /// Responses that a slow receiver may fall behind, if the oldest are to go.
    pub(super) window: Option<i64>,
    /// After so many attempts that nobody ended, a request is dead.
    pub(super) most_attempts: u32,
    pub(super) accepted: AtomicU64,
    ends: Mutex<Ends>,
    /// Wakes receivers of requests: there is something in the stash, or the end.
    pub(super) arrived: Notify,
    /// Wakes the sender that waits for room.
    pub(super) room_made: Notify,
    /// Senders that wait for room stand in this line. The first of them asks again, the others wait for their turn.
    pub(super) line: tokio::sync::Mutex<()>,
    pub(super) in_line: AtomicUsize,
    /// The next position of the broadcast, as far as receivers may know: what stands before it is on the disk.
    pub(super) published: AtomicI64,
    /// The same, as far as it is on its way there.
    pub(super) publishing: AtomicI64,
    /// Wakes receivers of responses.
    pub(super) publication: Notify,
    // Why nothing more is published.
    broken: Mutex<Option<StoreError>>,
    /// The last sender of responses has gone.
    pub(super) is_silent: AtomicBool,
    /// Ends that were recorded elsewhere are on the disk: callers of this process may wait for them.
    pub(super) foreign: Notify,
    // What runs here and is asked to stop, each once.
    stops: Mutex<Vec<JobId>>,
    stop_asked: Notify,
    /// Claims in a row that did not ask for the lowest priority.
    pub(super) passed: AtomicUsize,
}

#[derive(Debug, Default)]
struct Ends {
    // Receivers that wait.
    waiting: usize,
    // Workers that have just recorded an end, and will be back for more at once: since when, and how many.
    returning: Option<(Instant, usize)>,
    // Claimed for them. Whoever asks first takes the first: a receiver that was woken and does not come holds nothing up.
    stash: VecDeque<Claimed>,
    state: State,
    // Nothing waits in the store, as far as this process knows.
    is_empty: bool,
    fault: Option<StoreError>,
    // When the next delayed request is due.
    next_due: Option<i64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    #[default]
    Open,
    /// Accepts nothing more; what waits is handed out.
    Closed,
    /// And hands out nothing more.
    Retired,
}

impl Local {
    pub(super) fn new(job: i64, position: i64, serving: &Serving, most_attempts: u32) -> Self {
        let drops = serving.full_responses == Overflow::DropOldest;
        let count = |figure: usize| i64::try_from(figure.max(1)).unwrap_or(i64::MAX);
        Self {
            job,
            room: Room::of(serving),
            waits: serving.full_requests == Overflow::Wait,
            window: drops.then(|| count(serving.responses)),
            most_attempts,
            accepted: AtomicU64::new(0),
            ends: Mutex::default(),
            arrived: Notify::new(),
            room_made: Notify::new(),
            line: tokio::sync::Mutex::new(()),
            in_line: AtomicUsize::new(0),
            published: AtomicI64::new(position),
            publishing: AtomicI64::new(position),
            publication: Notify::new(),
            broken: Mutex::default(),
            is_silent: AtomicBool::new(false),
            foreign: Notify::new(),
            stops: Mutex::default(),
            stop_asked: Notify::new(),
            passed: AtomicUsize::new(0),
        }
    }

    // ===== the end =====

    pub(super) fn is_closed(&self) -> bool {
        lock(&self.ends).state >= State::Closed
    }

    /// Goes on to this state, or stays in a later one, and wakes everybody who has to know.
    pub(super) fn advance(&self, state: State) {
        let mut ends = lock(&self.ends);
        ends.state = ends.state.max(state);
        drop(ends);
        self.arrived.notify_waiters();
        self.room_made.notify_waiters();
    }

    /// Notes whether anything waits in the store: of a closed channel, that nothing does is the end.
    pub(super) fn note_empty(&self, is_empty: bool) {
        let mut ends = lock(&self.ends);
        ends.is_empty = is_empty;
        let has_ended = is_empty && ends.state >= State::Closed;
        drop(ends);
        if has_ended {
            self.arrived.notify_waiters();
        }
    }

    // ===== receivers =====

    /// One more receiver waits, until the guard goes.
    pub(super) fn wait(&self) -> Waiting<'_> {
        let mut ends = lock(&self.ends);
        ends.waiting += 1;
        ends.returning = ends.returning.and_then(|(since, count)| (count > 1).then(|| (since, count - 1)));
        drop(ends);
        Waiting { local: self, done: false }
    }

    /// How many more requests the waiting receivers could take.
    pub(super) fn demand(&self) -> usize {
        let ends = lock(&self.ends);
        ends.wanted().saturating_sub(ends.stash.len())
    }

    /// So many workers will be back for more, for whom something was claimed already.
    pub(super) fn expect_back(&self, count: usize) {
        let mut ends = lock(&self.ends);
        let before = ends.returning.map_or(0, |(_, before)| before);
        ends.returning = Some((Instant::now(), before + count));
    }

    /// Gives up on workers that did not come back. Returns what was claimed for them.
    pub(super) fn give_up_returning(&self) -> Vec<Claimed> {
        let mut ends = lock(&self.ends);
        if ends.returning.is_none_or(|(since, _)| since.elapsed() < SOON) {
            return Vec::new();
        }
        ends.returning = None;
        ends.surplus()
    }

    /// Hands over what was claimed. Returns what nobody waits for any more.
    pub(super) fn hand_over(&self, claimed: Vec<Claimed>) -> Vec<Claimed> {
        let mut ends = lock(&self.ends);
        // Workers that will be back look by themselves.
        let count = claimed.len().min(ends.waiting);
        ends.stash.extend(claimed);
        let surplus = ends.surplus();
        drop(ends);
        for _ in 0..count {
            self.arrived.notify_one();
        }
        surplus
    }

    /// Tells the receivers that claiming failed.
    pub(super) fn fail(&self, error: &StoreError) {
        lock(&self.ends).fault = Some(error.clone());
        self.arrived.notify_waiters();
    }

    /// Notes when the next delayed request is due, and has the receivers look at their clocks if that is earlier than they
    /// know.
    pub(super) fn note_due(&self, due: Option<i64>) {
        let mut ends = lock(&self.ends);
        let is_earlier = due.is_some_and(|due| ends.next_due.is_none_or(|known| due < known));
        ends.next_due = due;
        drop(ends);
        if is_earlier {
            self.arrived.notify_waiters();
        }
    }

    pub(super) fn next_due(&self) -> Option<i64> {
        lock(&self.ends).next_due
    }

    // ===== cancelling =====

    pub(super) fn ask_to_stop(&self, id: JobId) {
        let mut stops = lock(&self.stops);
        if !stops.contains(&id) {
            stops.push(id);
        }
        drop(stops);
        self.stop_asked.notify_one();
    }

    /// Waits for something that is to stop.
    pub(super) async fn next_stop(&self) -> JobId {
        loop {
            let asked = self.stop_asked.notified();
            let next = lock(&self.stops).pop();
            match next {
                Some(id) => return id,
                None => asked.await,
            }
        }
    }

    // ===== responses =====

    /// Everything before this position can be read now.
    pub(super) fn publish(&self, position: i64) {
        if self.published.fetch_max(position, Ordering::AcqRel) < position {
            self.publication.notify_waiters();
        }
    }

    /// Nothing more is published: what comes now may not be on the disk, or the file is damaged. Callers are told so.
    pub(super) fn break_off(&self, fault: &StoreError) {
        lock(&self.broken).get_or_insert_with(|| fault.clone());
        self.publication.notify_waiters();
        self.foreign.notify_one();
    }

    /// Why nothing more is published, if that is so.
    pub(super) fn broken(&self) -> Option<StoreError> {
        lock(&self.broken).clone()
    }

    pub(super) fn silence(&self) {
        self.is_silent.store(true, Ordering::Release);
        self.publication.notify_waiters();
    }
}

impl Ends {
    /// How many requests could be received now, or in a moment.
    fn wanted(&self) -> usize {
        let returning = self.returning.map_or(0, |(_, count)| count);
        if self.state == State::Retired { 0 } else { self.waiting + returning }
    }

    /// What is in the stash beyond what is waited for.
    fn surplus(&mut self) -> Vec<Claimed> {
        let wanted = self.wanted();
        if self.stash.len() <= wanted { Vec::new() } else { self.stash.split_off(wanted).into() }
    }
}

/// What a waiting receiver finds.
#[derive(Debug)]
pub(super) enum Found {
    Request(Claimed),
    Nothing,
    End,
    Fault(StoreError),
}

/// One receiver's wait.
#[derive(Debug)]
pub(super) struct Waiting<'a> {
    local: &'a Local,
    done: bool,
}

impl Waiting<'_> {
    /// Takes what is there. After a request it waits no more.
    pub(super) fn take(&mut self) -> Found {
        let mut ends = lock(&self.local.ends);
        if ends.state == State::Retired {
            return Found::End;
        }
        if let Some(claimed) = ends.stash.pop_front() {
            ends.waiting -= 1;
            self.done = true;
            return Found::Request(claimed);
        }
        match ends.fault.take() {
            Some(fault) => Found::Fault(fault),
            None if ends.state == State::Closed && ends.is_empty => Found::End,
            None => Found::Nothing,
        }
    }

    /// Ends the wait. Returns what was claimed for it, if nobody else waits for that.
    pub(super) fn leave(&mut self) -> Vec<Claimed> {
        if std::mem::replace(&mut self.done, true) {
            return Vec::new();
        }
        let mut ends = lock(&self.local.ends);
        ends.waiting -= 1;
        ends.surplus()
    }
}
