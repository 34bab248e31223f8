//! What the clocks of three zones show when they are changed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

use super::*;

fn all(low: u32, high: u32) -> u64 {
    (low..=high).fold(0, |set, number| set | 1 << number)
}

fn one(number: u32) -> u64 {
    1 << number
}

/// `minute hour * * *` in a zone; an hour that is all of them goes by intervals.
fn table(minute: u64, hour: u64, zone: &str) -> Timetable {
    let by_interval = hour == all(0, 23);
    Timetable::new(Fields::new([1, minute, hour, all(1, 31), all(1, 12), all(0, 6)], false, by_interval), zone).unwrap()
}

fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

/// The ticks after one time, as many as are given.
#[track_caller]
fn assert_ticks(table: &Timetable, after: &str, ticks: &[&str]) {
    let mut last = at(after);
    for tick in ticks {
        let next = table.after(last).unwrap();
        assert_eq!(Timestamp::from_millisecond(next).unwrap().to_string(), *tick);
        last = next;
    }
}

#[test]
fn a_time_in_the_gap_of_spring_comes_at_its_end_once() {
    // Berlin goes from 02:00 to 03:00 at 01:00 UTC.
    let ticks = ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"];
    assert_ticks(&table(one(30), one(2), "Europe/Berlin"), "2026-03-27T12:00:00Z", &ticks);
    let ticks = ["2026-03-07T07:30:00Z", "2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"];
    assert_ticks(&table(one(30), one(2), "America/New_York"), "2026-03-06T12:00:00Z", &ticks);
    // Lord Howe Island goes from 02:00 to 02:30, on 2026-10-04 at 15:30 UTC the day before.
    let ticks = ["2026-10-02T15:45:00Z", "2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"];
    assert_ticks(&table(one(15), one(2), "Australia/Lord_Howe"), "2026-10-02T12:00:00Z", &ticks);
    // What was due in the gap is due once, and what comes at its end is due too.
    let twice = table(one(0) | one(30), one(2) | one(3), "Europe/Berlin");
    let ticks = ["2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:00:00Z"];
    assert_ticks(&twice, "2026-03-28T12:00:00Z", &["2026-03-29T01:00:00Z"]);
    assert_ticks(&twice, "2026-03-29T00:59:59Z", &ticks);
}

#[test]
fn a_time_that_comes_twice_in_autumn_is_meant_once() {
    let ticks = ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"];
    assert_ticks(&table(one(30), one(2), "Europe/Berlin"), "2026-10-23T12:00:00Z", &ticks);
    let ticks = ["2026-10-31T05:30:00Z", "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"];
    assert_ticks(&table(one(30), one(1), "America/New_York"), "2026-10-30T12:00:00Z", &ticks);
    // Lord Howe Island goes from 02:00 back to 01:30, on 2026-04-05 at 15:00 UTC the day before.
    let ticks = ["2026-04-03T14:45:00Z", "2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"];
    assert_ticks(&table(one(45), one(1), "Australia/Lord_Howe"), "2026-04-03T12:00:00Z", &ticks);
    // Also for one who looks between the two.
    assert_ticks(&table(one(30), one(2), "Europe/Berlin"), "2026-10-25T01:15:00Z", &["2026-10-26T01:30:00Z"]);
}

#[test]
fn intervals_go_by_the_time_that_passes() {
    let halves = table(one(0) | one(30), all(0, 23), "Europe/Berlin");
    let spring = ["2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"];
    assert_ticks(&halves, "2026-03-29T00:00:00Z", &spring);
    let autumn = ["2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"];
    assert_ticks(&halves, "2026-10-24T23:30:00Z", &autumn);
    // Where the clocks go back by half an hour, the full hour is as late by that.
    let full = table(one(0), all(0, 23), "Australia/Lord_Howe");
    let ticks = ["2026-04-04T14:00:00Z", "2026-04-04T15:30:00Z", "2026-04-04T16:30:00Z"];
    assert_ticks(&full, "2026-04-04T13:00:00Z", &ticks);
}

/// A step a second through both changes of a year: every tick comes once, in order, and only when the clocks show it or
/// have just skipped it.
#[test]
fn ticks_agree_with_what_the_clocks_show() {
    for (zone, days) in [
        ("Europe/Berlin", ["2026-03-28", "2026-10-24"]),
        ("America/New_York", ["2026-03-07", "2026-10-31"]),
        ("Australia/Lord_Howe", ["2026-04-03", "2026-10-02"]),
    ] {
        let table = table(one(0) | one(30) | one(45), all(0, 23), zone);
        for day in days {
            let (mut now, mut next) = (at(&format!("{day}T00:00:00Z")), None);
            for _ in 0..3 * 24 * 60 {
                let local = table.zone.to_datetime(Timestamp::from_millisecond(now).unwrap());
                let is_tick = matches!(local.minute(), 0 | 30 | 45);
                assert!(next.is_none_or(|next| next >= now), "{zone}: {now} was skipped");
                assert!(next.is_none() || (next == Some(now)) == is_tick, "{zone}: {local}");
                if is_tick {
                    next = table.after(now);
                }
                now += 60_000;
            }
        }
    }
}

#[test]
fn sparse_days_are_found() {
    let leap = Fields::new([1, 1, 1, one(29), one(2), all(0, 6)], false, false);
    assert_ticks(&Timetable::new(leap, "UTC").unwrap(), "2096-03-01T00:00:00Z", &["2104-02-29T00:00:00Z"]);
    let fridays = Fields::new([1, 1, 1, one(13), all(1, 12), one(5)], true, false);
    let ticks = ["2026-02-13T00:00:00Z", "2026-02-20T00:00:00Z"];
    assert_ticks(&Timetable::new(fridays, "UTC").unwrap(), "2026-02-12T00:00:00Z", &ticks[..1]);
    assert_ticks(&Timetable::new(fridays, "UTC").unwrap(), "2026-02-13T00:00:00Z", &ticks[1..]);
    let never = Fields::new([1, 1, 1, one(30), one(2), all(0, 6)], false, false);
    assert_eq!(Timetable::new(never, "UTC").unwrap().after(0), None);
}

#[test]
fn seconds_are_counted_and_what_is_between_them_is_not() {
    let fields =
        Fields::new([one(0) | one(30), all(0, 59), all(0, 23), all(1, 31), all(1, 12), all(0, 6)], false, true);
    let table = Timetable::new(fields, "UTC").unwrap();
    // 2001-09-09 01:46:40.
    let begin = 1_000_000_000_000;
    for (after, tick) in [(begin, 20_000), (begin + 19_999, 20_000), (begin + 20_000, 50_000)] {
        assert_eq!(table.after(after), Some(begin + tick));
    }
}

#[test]
fn a_zone_that_is_none_is_refused() {
    assert!(Timetable::new(Fields::new([1; 6], false, false), "Europe/Berln").is_err());
}
