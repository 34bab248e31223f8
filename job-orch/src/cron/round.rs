//! What is due of a schedule, by what was done and what the clock shows.

use std::collections::VecDeque;

use super::{Missed, Tick, Timetable, moment};

/// No more ticks than this are fired, or counted, after a time at which nobody was there.
pub(crate) const MOST: usize = 1000;

/// A tick that is late by no more than this was not missed, in milliseconds.
const LATE: i64 = 60_000;

/// A clock that was set back by more than this was wrong before, in milliseconds.
const WRONG: i64 = 86_400_000;

/// What is to be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Round {
    /// Nothing, until this moment; if there is none, for ever.
    Wait(Option<i64>),
    /// These are to be fired, in order.
    Fire(Vec<Tick>),
    /// Everything up to here is to be passed over.
    Pass(i64),
    /// The clock was wrong: it all begins anew at this moment.
    Anew(i64),
}

impl Round {
    /// Judges what has come since `last`, by a clock that shows `now`, in milliseconds since 1970.
    pub(crate) fn of(timetable: &Timetable, last: i64, now: i64, missed: Missed) -> Self {
        if last.saturating_sub(now) > WRONG {
            return Self::Anew(now);
        }
        let next = timetable.after(last);
        if next.is_none_or(|next| next > now) {
            return Self::Wait(next);
        }
        let due = due(timetable, last, now);
        let Some(newest) = due.back().copied() else { return Self::Wait(next) };
        let before = due.len() as u64 - 1;
        match missed {
            Missed::All => Self::Fire(due.into_iter().map(|at| Tick::at(moment(at))).collect()),
            Missed::Skip if now - newest > LATE => Self::Pass(newest),
            Missed::Skip | Missed::Once => Self::Fire(vec![Tick::at(moment(newest)).missed(before)]),
        }
    }
}

/// The last [`MOST`] ticks after one moment and up to another, oldest first.
fn due(timetable: &Timetable, after: i64, until: i64) -> VecDeque<i64> {
    // Looks further and further back: after a long time, most ticks need not be looked at.
    let mut window = LATE;
    loop {
        let from = after.max(until.saturating_sub(window));
        let ticks = between(timetable, from, until);
        if ticks.len() >= MOST || from == after {
            return ticks;
        }
        window = window.saturating_mul(8);
    }
}

fn between(timetable: &Timetable, after: i64, until: i64) -> VecDeque<i64> {
    let mut ticks = VecDeque::new();
    let mut next = timetable.after(after);
    while let Some(tick) = next.filter(|tick| *tick <= until) {
        if ticks.len() == MOST {
            ticks.pop_front();
        }
        ticks.push_back(tick);
        next = timetable.after(tick);
    }
    ticks
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]
mod tests {
    use super::super::Fields;
    use super::*;

    const SECOND: i64 = 1000;
    const HOUR: i64 = 3600 * SECOND;
    const DAY: i64 = 24 * HOUR;

    /// At the beginning of each hour.
    fn hourly() -> Timetable {
        Timetable::new(Fields::new([1, 1, (1 << 24) - 1, !1, !1, 0x7F], false, true), "UTC").unwrap()
    }

    fn secondly() -> Timetable {
        let all = u64::MAX;
        Timetable::new(Fields::new([(1 << 60) - 1, (1 << 60) - 1, (1 << 24) - 1, all, all, 0x7F], false, true), "UTC")
            .unwrap()
    }

    fn fire(at: i64, missed: u64) -> Round {
        Round::Fire(vec![Tick::at(moment(at)).missed(missed)])
    }

    #[test]
    fn a_tick_is_fired_when_it_comes_and_not_before() {
        let (table, last) = (hourly(), 100 * DAY);
        for missed in [Missed::Skip, Missed::Once, Missed::All] {
            assert_eq!(Round::of(&table, last, last, missed), Round::Wait(Some(last + HOUR)));
            assert_eq!(Round::of(&table, last, last + HOUR - 1, missed), Round::Wait(Some(last + HOUR)));
            assert_eq!(Round::of(&table, last, last + HOUR, missed), fire(last + HOUR, 0));
        }
    }

    #[test]
    fn of_missed_ticks_none_one_or_all_are_fired() {
        let (table, last) = (hourly(), 100 * DAY);
        let now = last + 5 * HOUR + HOUR / 2;
        assert_eq!(Round::of(&table, last, now, Missed::Once), fire(last + 5 * HOUR, 4));
        assert_eq!(Round::of(&table, last, now, Missed::Skip), Round::Pass(last + 5 * HOUR));
        let on_time = last + 5 * HOUR + LATE;
        assert_eq!(Round::of(&table, last, on_time, Missed::Skip), fire(last + 5 * HOUR, 4));
        let all = (1..=5).map(|hour| Tick::at(moment(last + hour * HOUR))).collect();
        assert_eq!(Round::of(&table, last, now, Missed::All), Round::Fire(all));
    }

    #[test]
    fn no_more_than_a_thousand_are_fired_or_counted() {
        let (table, last) = (secondly(), 20_000 * DAY);
        let now = last + 400 * DAY;
        let Round::Fire(all) = Round::of(&table, last, now, Missed::All) else { panic!("they are due") };
        assert_eq!(all.len(), MOST);
        assert_eq!(all[MOST - 1], Tick::at(moment(now)));
        assert_eq!(all[0], Tick::at(moment(now - 999 * SECOND)));
        assert_eq!(Round::of(&table, last, now, Missed::Once), fire(now, 999));
    }

    #[test]
    fn a_clock_that_is_set_back_has_nothing_fired_again() {
        let (table, last) = (hourly(), 100 * DAY);
        for back in [1, SECOND, HOUR, DAY] {
            for missed in [Missed::Skip, Missed::Once, Missed::All] {
                assert_eq!(Round::of(&table, last, last - back, missed), Round::Wait(Some(last + HOUR)));
            }
        }
        assert_eq!(Round::of(&table, last, last - DAY - 1, Missed::Once), Round::Anew(last - DAY - 1));
    }
}
