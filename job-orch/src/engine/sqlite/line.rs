//! Where a request stands: the numbers that the tables are ordered by.

/// So many places each job has, of requests as of responses.
const JOB: u32 = 40;

/// The half of a job's places for requests that never stood in the line.
const BESIDE: i64 = 1 << 39;

/// The turn's part of a `seq`.
pub(super) const TURN: i64 = BESIDE - 1;

/// The place in the line that has this turn.
pub(super) const fn in_line(job: i64, turn: i64) -> i64 {
    job << JOB | turn
}

/// A place of a request that does not stand in the line.
pub(super) const fn beside(job: i64, turn: i64) -> i64 {
    job << JOB | BESIDE | turn
}

/// Behind the last place in the line.
pub(super) const fn end_of_line(job: i64) -> i64 {
    job << JOB | BESIDE
}

/// Whose place this is.
pub(super) const fn job_of(place: i64) -> i64 {
    place >> JOB
}

/// The turn or the position of a place.
pub(super) const fn turn_of(place: i64) -> i64 {
    place & TURN
}

/// The place of a response.
pub(super) const fn position(job: i64, position: i64) -> i64 {
    job << JOB | position
}

/// Behind the last place of a job's responses.
pub(super) const fn end_of_positions(job: i64) -> i64 {
    (job + 1) << JOB
}

/// A position from its place.
pub(super) const fn position_of(place: i64) -> i64 {
    place & ((1 << JOB) - 1)
}
