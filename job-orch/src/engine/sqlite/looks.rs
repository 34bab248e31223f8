//! Looking whether there is anything to do for those who wait, before a transaction is begun for it.

use super::groups::Groups;
use super::local::Local;
use super::transaction::Transaction;
use crate::sync::Arc;
use crate::sync::atomic::Ordering;

impl Groups {
    /// Whether any of them could be given or told something. Only reads.
    pub(super) fn has_news(&self, looks: &[Arc<Local>]) -> bool {
        if looks.is_empty() {
            return false;
        }
        // An error shows again where it can be told. Outside of a transaction, each statement would lock the file.
        let has_begun = self.execute("BEGIN").is_ok();
        let mut transaction = Transaction::new(&self.connection, self.clock, self.holder);
        let has_news = looks.iter().any(|local| has_news(&mut transaction, local).unwrap_or(true));
        drop(transaction);
        !has_begun || self.execute("COMMIT").is_err() || has_news
    }
}

/// Whether this one could be.
fn has_news(transaction: &mut Transaction<'_>, local: &Local) -> rusqlite::Result<bool> {
    let row = *transaction.job(local.job)?;
    let (waiting, position) = (row.waiting(), row.position());
    if local.publishing.load(Ordering::Acquire) < position || (waiting == 0 && local.is_closed()) {
        return Ok(true);
    }
    if transaction.job(local.job)?.is_paused() {
        local.note_due(None);
        return Ok(false);
    }
    let due = transaction.next_due(local.job)?;
    local.note_due(due);
    let is_ready = due.is_some_and(|due| due <= transaction.now) || transaction.has_ready(local.job)?;
    Ok((is_ready && local.demand() > 0) || local.room.is_there(&row) && local.in_line.load(Ordering::Acquire) > 0)
}
