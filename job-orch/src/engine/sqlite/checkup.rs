//! What is looked at when a file is opened: a flipped bit in the file itself is not noticed by `SQLite`, and could hide
//! requests.

use rusqlite::Connection;

/// A file that is no larger is looked at in whole: that takes some milliseconds. Of a larger one, what is quick to tell.
const SMALL: i64 = 8 << 20;

/// What is quick to tell: what was handed out is held or stands aside, and nothing else is.
const LINE: &str = "
SELECT 'a request is neither waiting nor running' WHERE EXISTS (
    SELECT 1 FROM job JOIN request ON request.seq >= job.number << 40 AND request.seq < (job.number << 40 | job.head)
    WHERE NOT EXISTS (SELECT 1 FROM held WHERE held.seq = request.seq)
      AND NOT EXISTS (SELECT 1 FROM aside WHERE aside.seq = request.seq))
UNION ALL
SELECT 'a request is waiting and running' WHERE EXISTS (
    SELECT 1 FROM held JOIN job ON job.number = held.seq >> 40
    WHERE held.seq >= (job.number << 40 | job.head) AND (held.seq >> 39) & 1 = 0)
LIMIT 1";

/// The rest: the rows agree with each other.
const ROWS: &str = "
SELECT 'the job of a request is missing' WHERE EXISTS (
    SELECT 1 FROM request WHERE NOT EXISTS (SELECT 1 FROM job WHERE number = request.seq >> 40))
UNION ALL
SELECT 'the place of a request is yet to come' WHERE EXISTS (
    SELECT 1 FROM request JOIN job ON job.number = seq >> 40 WHERE seq & ((1 << 39) - 1) >= job.turn)
UNION ALL
SELECT 'a request beside the line is lost' WHERE EXISTS (
    SELECT 1 FROM request WHERE (seq >> 39) & 1 = 1 AND NOT EXISTS (SELECT 1 FROM held WHERE held.seq = request.seq)
    AND NOT EXISTS (SELECT 1 FROM aside WHERE aside.seq = request.seq))
UNION ALL
SELECT 'a request is missing' WHERE EXISTS (
    SELECT seq FROM held UNION ALL SELECT seq FROM aside EXCEPT SELECT seq FROM request)
UNION ALL
SELECT 'the count of waiting requests is wrong' WHERE EXISTS (
    SELECT 1 FROM job WHERE waiting <>
        (SELECT count(*) FROM request WHERE seq >= (number << 40 | head) AND seq < ((number << 40) | (1 << 39)))
        + (SELECT count(*) FROM aside WHERE job = number AND state < 2))
UNION ALL
SELECT 'the bytes of waiting requests are counted wrong' WHERE EXISTS (
    SELECT 1 FROM job WHERE bytes <>
        (SELECT coalesce(sum(length(payload)), 0) FROM request
         WHERE seq >= (number << 40 | head) AND seq < ((number << 40) | (1 << 39)))
        + (SELECT coalesce(sum(length(payload)), 0) FROM aside JOIN request USING (seq) WHERE job = number AND state < 2))
LIMIT 1";

/// How it shows that a file is damaged, if it does. As the file is at one moment: others may be at work.
pub(super) fn damage(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let moment = connection.unchecked_transaction()?;
    let first = |sql: &str| {
        let mut found = moment.prepare(sql)?;
        let mut rows = found.query([])?;
        rows.next()?.map(|row| row.get::<_, String>(0)).transpose()
    };
    let number = |name: &str| moment.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    if let Some(found) = first(LINE)? {
        return Ok(Some(found));
    }
    if number("page_count")?.saturating_mul(number("page_size")?) > SMALL {
        return Ok(None);
    }
    let whole = first("PRAGMA integrity_check(1)")?.filter(|found| found != "ok");
    Ok(match whole {
        None => first(ROWS)?,
        found => found,
    })
}
