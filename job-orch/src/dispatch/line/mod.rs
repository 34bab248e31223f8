//! A line: first in, first out, in memory and, by choice, on the disk.
//!
//! Who leaves the line is [`Held`] until it is known that it was given. Held and dropped, it is back at its old place. What
//! is on the disk follows: whatever crashes, what stands in the line or is held stands in it after the next start.

mod engine;
mod file;
mod given;
mod held;
mod places;
mod scribe;
mod stored;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use tokio::sync::watch;

pub(super) use engine::{Jobs, Workers};
pub(super) use given::{Given, Holder};
pub(super) use held::Held;
pub(super) use places::Standing;

use super::error::{LineError, OpenError};
use super::history::History;
use super::item::Item;
use super::options::{Mode, Room};
use crate::engine::sqlite::Sqlite;
use crate::id::JobId;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, Mutex, lock};
use engine::{Lined, Shelf, Waiting};
use file::File;
use places::{Place, Places};
use stored::{Coming, Turn, VOID};

/// The store of the lines that the engine has.
pub(super) const STORE: &str = "jobs.db";

/// Between two looks at the end.
const LITTLE: Duration = Duration::from_millis(2);

/// A line. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Line(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    name: &'static str,
    limits: Room,
    places: Mutex<Places>,
    keep: Keep,
    // The last attempt to use what keeps it has failed.
    has_failed: AtomicBool,
    // Says that somebody has come or gone.
    moved: watch::Sender<()>,
}

/// Where a line is kept, beside this process's memory.
#[derive(Debug)]
enum Keep {
    Nowhere,
    File(File),
    Engine(Box<dyn Shelf>, Arc<Given>),
}

/// What a line is opened with.
#[derive(Debug)]
pub(super) struct Opening<'a> {
    pub(super) name: &'static str,
    pub(super) mode: Mode,
    pub(super) directory: &'a Path,
    pub(super) store: Option<&'a Sqlite>,
    pub(super) limits: Room,
    pub(super) history: &'a Arc<History>,
    /// Had left the file, and have not arrived.
    pub(super) back: &'a [Item],
}

impl Line {
    /// Opens a line, with all that it was left with.
    pub(super) async fn open<J: Lined>(opening: Opening<'_>) -> Result<Self, OpenError> {
        let Opening { name, mode, directory, store, limits, history, back } = opening;
        let mut places = Places::default();
        let keep = match (mode, store) {
            (Mode::InMemory, _) => Keep::Nowhere,
            (Mode::Sqlite, Some(store)) => {
                let (given, gone) = Given::open(directory, name, Holder::Store)?;
                let shelf = engine::open::<J>(store, &gone).await?;
                given.forget(&gone);
                for Waiting { id, size } in shelf.waiting().await.map_err(OpenError::Engine)? {
                    places.push(Place::stored(id, size));
                }
                Keep::Engine(shelf, given)
            }
            // Without a store, a line of the engine has nowhere to be.
            (Mode::JsonFile | Mode::CachedJsonFile | Mode::Sqlite, _) => {
                let (file, items) = File::open(directory, name, J::READ, mode == Mode::CachedJsonFile, back)?;
                for item in items {
                    places.push(Place::here(item));
                }
                Keep::File(file)
            }
        };
        let (places, has_failed, moved) = (Mutex::new(places), AtomicBool::new(false), watch::Sender::new(()));
        let line = Arc::new(Shared { name, limits, places, keep, has_failed, moved });
        if let Keep::File(file) = &line.keep {
            file.start(&line, history)?;
        }
        Ok(Self(line))
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        lock(&self.0.places).len()
    }

    /// Where one stands that has not been given.
    pub(super) fn standing(&self, id: JobId) -> Option<Standing> {
        lock(&self.0.places).standing(id)
    }

    pub(super) fn is_waiting(&self, id: JobId) -> bool {
        matches!(self.standing(id), Some(Standing::Waiting(_)))
    }

    /// Whether it can be stored, as far as is known.
    pub(super) fn is_well(&self) -> bool {
        let has_followed = match &self.0.keep {
            Keep::File(file) => file.is_well(),
            Keep::Nowhere | Keep::Engine(..) => true,
        };
        has_followed && !self.0.has_failed.load(Ordering::Acquire)
    }

    /// Whether it outlives this process.
    pub(super) fn is_kept(&self) -> bool {
        !matches!(self.0.keep, Keep::Nowhere)
    }

    /// Refuses who has no room in line now.
    pub(super) fn check(&self, item: &Item) -> Result<(), LineError> {
        let line = &self.0;
        if let Keep::File(file) = &line.keep {
            let read = file.refresh(line);
            line.note(&read, false);
            read?;
        }
        line.check_room(&lock(&line.places), item.json.len())
    }

    /// Tells when somebody has come or gone.
    pub(super) fn watch(&self) -> watch::Receiver<()> {
        self.0.moved.subscribe()
    }

    /// Puts one at the end, and waits until it is kept. Returns its place, counted from 1.
    ///
    /// Dropped early, it may have been put there or not.
    pub(super) async fn put(&self, item: Item) -> Result<usize, LineError> {
        let put = self.try_put(item).await;
        self.0.note(&put, true);
        put
    }

    async fn try_put(&self, item: Item) -> Result<usize, LineError> {
        let line = &self.0;
        match &line.keep {
            Keep::Nowhere => line.push(Place::here(item)).map(|(_, position)| position),
            Keep::File(file) => {
                file.refresh(line)?;
                let (seq, position) = line.push(Place::here(item))?;
                match file.write(line).await {
                    Ok(()) => Ok(position),
                    // One that has been taken meanwhile is on its way.
                    Err(error) => lock(&line.places).remove(seq).map_or(Ok(position), |_| Err(error)),
                }
            }
            Keep::Engine(shelf, _) => {
                let coming = Coming::new(line, &item)?;
                shelf.put(&item).await.map_err(|error| line.refused(&*error))?;
                Ok(coming.arrived())
            }
        }
    }

    /// Takes the first one, if any waits.
    ///
    /// Dropped early, nobody has been taken.
    pub(super) async fn take(&self) -> Result<Option<Held>, LineError> {
        let taken = self.try_take().await;
        // An engine that has nobody was not asked to write anything.
        let is_telling = matches!((&self.0.keep, &taken), (Keep::File(_), _) | (_, Ok(Some(_))));
        self.0.note(&taken, is_telling);
        taken
    }

    async fn try_take(&self) -> Result<Option<Held>, LineError> {
        let line = &self.0;
        match &line.keep {
            Keep::Nowhere => Ok(line.pop()),
            Keep::File(file) => {
                file.refresh(line)?;
                Ok(line.pop())
            }
            Keep::Engine(shelf, given) => {
                while let Some(turn) = Turn::next(line) {
                    if let Some(held) = turn.claim(&**shelf, given).await? {
                        return Ok(Some(held));
                    }
                }
                Ok(None)
            }
        }
    }

    /// Compares the places with what the engine has: others may have put or taken something.
    pub(super) async fn reconcile(&self) -> Result<(), LineError> {
        let Keep::Engine(shelf, given) = &self.0.keep else { return Ok(()) };
        lock(&self.0.places).begin_look(given.ids());
        let waiting = shelf.waiting().await.map_err(|error| self.0.refused(&*error))?;
        lock(&self.0.places).end_look(waiting);
        self.0.has_moved();
        Ok(())
    }

    /// Waits until everything is kept.
    pub(super) async fn close(&self) {
        match &self.0.keep {
            Keep::Nowhere => {}
            Keep::File(file) => file.close(&self.0).await,
            Keep::Engine(_, given) => {
                // What cannot be told now is told at the next start.
                let told = async {
                    while !given.is_told() {
                        tokio::time::sleep(LITTLE).await;
                    }
                };
                let _ = tokio::time::timeout(VOID, told).await;
            }
        }
    }
}

impl Shared {
    fn check_room(&self, places: &Places, size: usize) -> Result<(), LineError> {
        let (line, Room { items, bytes }) = (self.name, self.limits);
        if places.len() + places.stored.coming() >= items {
            return Err(LineError::Full { line, limit: items });
        }
        if size > bytes.saturating_sub(places.bytes) {
            return Err(LineError::TooManyBytes { line, limit: bytes });
        }
        Ok(())
    }

    fn push(&self, place: Place) -> Result<(u64, usize), LineError> {
        let mut places = lock(&self.places);
        self.check_room(&places, place.size)?;
        let pushed = places.push(place);
        drop(places);
        self.has_moved();
        Ok(pushed)
    }

    /// The first one, of those that are here.
    fn pop(self: &Arc<Self>) -> Option<Held> {
        let (seq, Place { item, .. }) = lock(&self.places).pop(matches!(self.keep, Keep::File(_)))?;
        self.has_moved();
        Some(Held::new(Arc::clone(self), seq, item?))
    }

    /// Notes whether what keeps the line can be used, as far as this tells. One that is full can.
    fn note<T>(&self, attempt: &Result<T, LineError>, is_telling: bool) {
        match attempt {
            Err(LineError::Store { .. }) => self.has_failed.store(true, Ordering::Release),
            Ok(_) if is_telling => self.has_failed.store(false, Ordering::Release),
            Ok(_) | Err(_) => {}
        }
    }

    /// It will not come back.
    fn forget(&self, seq: u64, id: JobId) {
        lock(&self.places).forget(seq, id);
        self.has_moved();
    }

    fn has_moved(&self) {
        if self.moved.receiver_count() > 0 {
            self.moved.send_replace(());
        }
    }

    fn refused(&self, reason: &(dyn std::error::Error + 'static)) -> LineError {
        let line = self.name;
        tracing::error!(target: "job_orch", { line, reason }, "a line could not be stored");
        LineError::Store { line, reason: reason.to_string() }
    }
}
