//! Schedules as users write them, `"0 3 * * *"`, read once, here: the runtime is given what they mean.

mod field;
#[cfg(feature = "cron")]
mod zone;

use field::{FIELDS, Field};

/// When a job runs by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    /// The text.
    pub(crate) text: String,
    /// The bits of the seconds, minutes, hours, days, months and weekdays that are meant.
    pub(crate) sets: [u64; 6],
    /// Either the day or the weekday suffices, since both were written.
    pub(crate) either_day: bool,
    /// It goes on through the hour that a change of the clocks repeats: its hours were not written.
    pub(crate) by_interval: bool,
}

/// What stands for a whole schedule.
const NICKNAMES: &[(&str, &str)] = &[
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// The most days of each month.
const DAYS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const SECOND: usize = 0;
const HOUR: usize = 2;
const DAY: usize = 3;
const MONTH: usize = 4;
const WEEKDAY: usize = 5;

/// Reads a schedule. What is wrong with each of its fields is an error of its own.
pub(crate) fn parse(text: &str) -> Result<Schedule, Vec<String>> {
    let whole = if text.trim_start().starts_with('@') { nickname(text.trim())? } else { text };
    let words: Vec<&str> = whole.split_whitespace().collect();
    let words = match words.len() {
        5 => [&["0"], &words[..]].concat(),
        6 => words,
        other => return Err(vec![wrong_count(other)]),
    };
    let (mut sets, mut wrong) = ([0; 6], Vec::new());
    for ((set, field), word) in sets.iter_mut().zip(&FIELDS).zip(&words) {
        match field.parse(word) {
            Ok(bits) => *set = bits,
            Err(error) => wrong.push(error),
        }
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let is_open = |at: usize| words[at].starts_with('*');
    let schedule = Schedule {
        text: text.to_owned(),
        sets,
        either_day: !is_open(DAY) && !is_open(WEEKDAY),
        by_interval: is_open(HOUR),
    };
    if schedule.comes() {
        Ok(schedule)
    } else {
        Err(vec![format!("`{text}` never comes: none of its months has such a day")])
    }
}

/// The names of the fields, for whoever writes a wrong number of them.
fn wrong_count(count: usize) -> String {
    let names: Vec<&str> = FIELDS[SECOND + 1..].iter().map(Field::name).collect();
    format!(
        "a schedule has five fields, {}, or six with the second before them, and this has {count}: write for example \
         `0 3 * * *`",
        names.join(", ")
    )
}

fn nickname(text: &str) -> Result<&'static str, Vec<String>> {
    if let Some((_, meaning)) = NICKNAMES.iter().find(|(name, _)| *name == text) {
        return Ok(meaning);
    }
    let similar = |name: &str| strsim::jaro_winkler(text, name);
    let nearest = NICKNAMES.iter().map(|(name, _)| *name).max_by(|a, b| similar(a).total_cmp(&similar(b)));
    Err(vec![format!("`{text}` is no schedule: did you mean `{}`?", nearest.unwrap_or("@daily"))])
}

impl Schedule {
    /// Whether there is any such day.
    fn comes(&self) -> bool {
        let first_day = self.sets[DAY].trailing_zeros();
        self.either_day || (1..).zip(DAYS).any(|(month, days)| self.sets[MONTH] >> month & 1 == 1 && first_day <= days)
    }
}

/// Judges the name of a time zone.
#[cfg(feature = "cron")]
pub(crate) fn zone(name: &str) -> Result<(), String> {
    zone::judge(name)
}

/// Without the zones, any will do: that they are missing is said already.
#[cfg(not(feature = "cron"))]
pub(crate) fn zone(_: &str) -> Result<(), String> {
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]
mod tests {
    use super::*;

    fn bits(numbers: impl IntoIterator<Item = u32>) -> u64 {
        numbers.into_iter().fold(0, |set, number| set | 1 << number)
    }

    #[test]
    fn every_form_of_a_field_is_read() {
        let schedule = parse("5,10-12 */6 1-31/10 JAN,mar MON-FRI").unwrap();
        assert_eq!(schedule.sets[0], 1, "the second");
        assert_eq!(schedule.sets[1], bits([5, 10, 11, 12]));
        assert_eq!(schedule.sets[2], bits([0, 6, 12, 18]));
        assert_eq!(schedule.sets[3], bits([1, 11, 21, 31]));
        assert_eq!(schedule.sets[4], bits([1, 3]));
        assert_eq!(schedule.sets[5], bits(1..=5));
        assert_eq!(parse("*/10 * * * * *").unwrap().sets[0], bits([0, 10, 20, 30, 40, 50]));
        assert_eq!(parse("0 0 * * 7").unwrap().sets, parse("0 0 * * sun").unwrap().sets, "Sunday has two numbers");
        assert_eq!(parse("50/5 * * * *").unwrap().sets[1], bits([50, 55]));
        assert_eq!(parse(" @daily ").unwrap().sets, parse("0 0 * * *").unwrap().sets);
    }

    #[test]
    fn days_and_weekdays_suffice_alone_where_both_are_written() {
        assert!(parse("0 0 13 * 5").unwrap().either_day);
        assert!(!parse("0 0 13 * *").unwrap().either_day);
        assert!(!parse("0 0 */2 * 5").unwrap().either_day, "as in the cron of most systems");
    }

    #[test]
    fn schedules_whose_hours_are_not_written_go_by_intervals() {
        assert!(parse("*/15 * * * *").unwrap().by_interval);
        assert!(parse("0 */2 * * *").unwrap().by_interval);
        assert!(!parse("*/15 2 * * *").unwrap().by_interval);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, words) in [
            ("", "this has 0"),
            ("0 3 * *", "this has 4"),
            ("0 3 * * * * *", "this has 7"),
            ("60 3 * * *", "`60` is no minute: write 0 to 59"),
            ("0 24 * * *", "`24` is no hour: write 0 to 23"),
            ("0 0 0 * *", "`0` is no day of the month: write 1 to 31"),
            ("0 0 * 13 *", "`13` is no month: write 1 to 12, or JAN to DEC"),
            ("0 0 * * MOON", "`MOON` is no weekday: write 0 to 7, or SUN to SAT"),
            ("0 0 L * *", "`L` is no day of the month"),
            ("0 5-1 * * *", "`5-1` ends before it begins"),
            ("*/0 * * * *", "`0` is no step: write 1 to 59"),
            ("*/90 * * * *", "`90` is no step: write 1 to 59"),
            ("1,,2 * * * *", "is empty"),
            ("0 0 30 2 *", "never comes"),
            ("@dayly", "did you mean `@daily`?"),
            ("99999999999999 * * * *", "is no minute"),
        ] {
            let wrong = parse(text).expect_err(text);
            assert!(wrong.iter().any(|error| error.contains(words)), "{text}: {wrong:?}");
        }
    }

    #[test]
    fn every_wrong_field_is_told() {
        assert_eq!(parse("60 24 0 13 8").expect_err("five mistakes").len(), 5);
    }
}
