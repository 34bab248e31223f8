//! Many ends at once. What was claimed together often ends together, and stands in a row: to remove a row of requests takes
//! half as long as to remove each of them.

use rusqlite::params;

use super::requests::Grip;
use super::transaction::Transaction;

/// As many are worth it.
const MANY: usize = 4;

/// Requests in a row, held alike.
#[derive(Clone, Copy, Debug)]
struct Row {
    first: Grip,
    count: usize,
}

impl Row {
    fn goes_on_with(self, next: Grip) -> bool {
        let Grip { job, seq, fence } = self.first;
        next == Grip { job, seq: seq + self.count as i64, fence }
    }

    fn last(self) -> i64 {
        self.first.seq + self.count as i64 - 1
    }

    fn grips(self) -> impl Iterator<Item = Grip> {
        (self.first.seq..=self.last()).map(move |seq| Grip { seq, ..self.first })
    }
}

impl Transaction<'_> {
    /// Settles those of these requests that stand in a row and are held: all are about to end. Who ends one of them is told
    /// so; of the others, each is left to whoever ends it.
    pub(super) fn end_together(&mut self, ends: impl Iterator<Item = Grip>) -> rusqlite::Result<()> {
        for row in rows(ends) {
            let Grip { seq: first, fence, .. } = row.first;
            let held: i64 = self
                .prepare("SELECT count(*) FROM held WHERE seq BETWEEN ?1 AND ?2 AND fence = ?3")?
                .query_row(params![first, row.last(), fence], |row| row.get(0))?;
            if held == row.count as i64 {
                self.prepare("DELETE FROM held WHERE seq BETWEEN ?1 AND ?2")?.execute([first, row.last()])?;
                self.prepare("DELETE FROM request WHERE seq BETWEEN ?1 AND ?2")?.execute([first, row.last()])?;
                self.ended.extend(row.grips());
            }
        }
        Ok(())
    }
}

/// The long rows among these.
fn rows(ends: impl Iterator<Item = Grip>) -> impl Iterator<Item = Row> {
    // Each once: whoever settles a second time has lost it.
    let mut grips: Vec<Grip> = ends.collect();
    grips.sort_unstable_by_key(|grip| (grip.seq, grip.fence));
    grips.dedup();
    let mut rows: Vec<Row> = Vec::new();
    for grip in grips {
        match rows.last_mut() {
            Some(row) if row.goes_on_with(grip) => row.count += 1,
            _ => rows.push(Row { first: grip, count: 1 }),
        }
    }
    rows.into_iter().filter(|row| row.count >= MANY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_in_a_row_and_is_held_alike_ends_together() {
        let grip = |seq, fence| Grip { job: 1, seq, fence };
        let ends = [9, 3, 5, 4, 4, 6, 20, 21, 22].map(|seq| grip(seq, 1));
        let more = [30, 31, 33].map(|seq| grip(seq, 1)).into_iter().chain([grip(32, 2)]);
        let found: Vec<_> = rows(ends.into_iter().chain(more)).flat_map(Row::grips).collect();
        assert_eq!(found, [3, 4, 5, 6].map(|seq| grip(seq, 1)));
    }
}
