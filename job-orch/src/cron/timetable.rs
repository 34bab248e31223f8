//! Which times an expression means, in its zone.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp, ToSpan};

/// So many days on, a day is found or there is none: between two leap days there may be eight years.
const DAYS: usize = 366 * 9;

/// So many changes of the clocks on, likewise.
const CHANGES: usize = 64;

/// What an expression means: the bits of the seconds, minutes, hours, days, months and weekdays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields {
    second: u64,
    minute: u64,
    hour: u64,
    day: u64,
    month: u64,
    weekday: u64,
    // Either the day or the weekday suffices.
    either_day: bool,
    // It goes by intervals: on through an hour that comes twice.
    by_interval: bool,
}

impl Fields {
    /// What `#[job]` has read.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(sets: [u64; 6], either_day: bool, by_interval: bool) -> Self {
        let [second, minute, hour, day, month, weekday] = sets;
        Self { second, minute, hour, day, month, weekday, either_day, by_interval }
    }

    /// The first such time of a calendar without zones, from this one on.
    fn at_or_after(&self, from: DateTime) -> Option<DateTime> {
        let mut date = from.date();
        let mut time = [from.hour(), from.minute(), from.second()].map(i8::cast_unsigned);
        for _ in 0..DAYS {
            if self.is_day(date)
                && let Some([hour, minute, second]) = self.time(time)
            {
                return Some(date.at(hour.cast_signed(), minute.cast_signed(), second.cast_signed(), 0));
            }
            date = date.tomorrow().ok()?;
            time = [0; 3];
        }
        None
    }

    fn is_day(&self, date: jiff::civil::Date) -> bool {
        let weekday = date.weekday().to_sunday_zero_offset();
        let (day, weekday) = (has(self.day, date.day()), has(self.weekday, weekday));
        has(self.month, date.month()) && if self.either_day { day || weekday } else { day && weekday }
    }

    /// The first such time of a day, from this one on.
    fn time(&self, [hour, minute, second]: [u8; 3]) -> Option<[u8; 3]> {
        let (first_minute, first_second) = (next(self.minute, 0)?, next(self.second, 0)?);
        if next(self.hour, hour) == Some(hour) {
            if next(self.minute, minute) == Some(minute)
                && let Some(second) = next(self.second, second)
            {
                return Some([hour, minute, second]);
            }
            if let Some(minute) = next(self.minute, minute + 1) {
                return Some([hour, minute, first_second]);
            }
        }
        next(self.hour, hour + 1).map(|hour| [hour, first_minute, first_second])
    }
}

fn has(set: u64, number: i8) -> bool {
    set >> number & 1 == 1
}

/// The lowest number of the set, from this one on, which is 60 at most.
fn next(set: u64, from: u8) -> Option<u8> {
    let rest = set & (u64::MAX << from);
    u8::try_from(rest.trailing_zeros()).ok().filter(|_| rest != 0)
}

/// The ticks of one schedule.
#[derive(Clone, Debug)]
pub(crate) struct Timetable {
    fields: Fields,
    zone: TimeZone,
}

impl Timetable {
    /// Of this zone; without it, why not.
    pub(crate) fn new(fields: Fields, zone: &str) -> Result<Self, String> {
        // The machine's own database first: it is updated. The other one is in the program, and has what the macro has seen.
        let found = TimeZone::get(zone).or_else(|_| TimeZoneDatabase::bundled().get(zone));
        let zone = found.map_err(|error| format!("its time zone is not known here: {error}"))?;
        Ok(Self { fields, zone })
    }

    /// The first tick after this moment, both in milliseconds since 1970.
    pub(crate) fn after(&self, moment: i64) -> Option<i64> {
        let from = Timestamp::from_second(moment.div_euclid(1000)).ok()?;
        let tick = if self.fields.by_interval { self.interval_after(from) } else { self.clock_after(from) };
        tick.map(|tick| tick.as_second() * 1000)
    }

    /// Goes by the clocks on the wall: a time that comes twice is meant once, and one that is left out comes where it would
    /// have been.
    fn clock_after(&self, from: Timestamp) -> Option<Timestamp> {
        let mut local = self.zone.to_datetime(from);
        loop {
            let time = self.fields.at_or_after(local)?;
            let tick = self.first(time)?;
            if tick > from {
                return Some(tick);
            }
            local = time.checked_add(1.second()).ok()?;
        }
    }

    /// When the clocks show this for the first time; if they never do, when they show what comes after it.
    fn first(&self, time: DateTime) -> Option<Timestamp> {
        match self.zone.to_ambiguous_timestamp(time).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(time).ok(),
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(time).ok(),
            AmbiguousOffset::Gap { after, .. } => {
                // By the new clocks it would have been before they were changed.
                let before_change = after.to_timestamp(time).ok()?;
                self.zone.following(before_change).next().map(|change| change.timestamp())
            }
        }
    }

    /// Goes by the time that passes: whatever the clocks show, each time that they show it.
    fn interval_after(&self, from: Timestamp) -> Option<Timestamp> {
        let mut start = from.checked_add(SignedDuration::from_secs(1)).ok()?;
        for _ in 0..CHANGES {
            let offset = self.zone.to_offset(start);
            let change = self.zone.following(start).next().map(|change| change.timestamp());
            let time = self.fields.at_or_after(offset.to_datetime(start));
            let tick = time.and_then(|time| offset.to_timestamp(time).ok());
            match (tick, change) {
                (Some(tick), Some(change)) if tick >= change => start = change,
                (Some(tick), _) => return Some(tick),
                (None, Some(change)) => start = change,
                (None, None) => return None,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
