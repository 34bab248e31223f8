//! One field of a schedule: `*/15`, `1-5`, `MON,WED`.

/// What a field may say.
#[derive(Debug)]
pub(super) struct Field {
    name: &'static str,
    low: u32,
    high: u32,
    /// Words for its numbers, from the lowest on.
    words: &'static [&'static str],
}

const MONTHS: &[&str] = &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// All of them, in the order in which they are written.
pub(super) const FIELDS: [Field; 6] = [
    Field { name: "second", low: 0, high: 59, words: &[] },
    Field { name: "minute", low: 0, high: 59, words: &[] },
    Field { name: "hour", low: 0, high: 23, words: &[] },
    Field { name: "day of the month", low: 1, high: 31, words: &[] },
    Field { name: "month", low: 1, high: 12, words: MONTHS },
    // Sunday is 0 and 7.
    Field { name: "weekday", low: 0, high: 7, words: WEEKDAYS },
];

impl Field {
    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    /// The bits of the numbers that `text` means.
    pub(super) fn parse(&self, text: &str) -> Result<u64, String> {
        let mut set = 0;
        for part in text.split(',') {
            set |= self.part(part, text)?;
        }
        // Of the weekdays, 7 is Sunday too.
        Ok(if self.high == 7 { (set | set >> 7) & 0x7F } else { set })
    }

    /// Reads `*`, `5` or `1-5`, with a step behind it or not.
    fn part(&self, part: &str, all: &str) -> Result<u64, String> {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(self.step(step)?)),
            None => (part, None),
        };
        if range.is_empty() {
            return Err(format!("a part of `{all}` is empty: write `*`, a {}, or a range of them", self.name));
        }
        let (low, high) = match range.split_once('-') {
            _ if range == "*" => (self.low, self.last()),
            Some((low, high)) => (self.number(low)?, self.number(high)?),
            None => {
                let number = self.number(range)?;
                (number, if step.is_some() { self.last() } else { number })
            }
        };
        if high < low {
            return Err(format!("`{range}` ends before it begins: write the lower {} first", self.name));
        }
        Ok((low..=high).step_by(step.unwrap_or(1)).fold(0, |set, number| set | 1 << number))
    }

    fn number(&self, text: &str) -> Result<u32, String> {
        let word = self.words.iter().position(|word| word.eq_ignore_ascii_case(text));
        let number = match word {
            Some(at) => u32::try_from(at).ok().map(|at| self.low + at),
            None if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
            None => None,
        };
        number.filter(|number| (self.low..=self.high).contains(number)).ok_or_else(|| {
            let Self { name, low, high, words } = self;
            let or = match (words.first(), words.last()) {
                (Some(first), Some(last)) => format!(", or {first} to {last}"),
                _ => String::new(),
            };
            format!("`{text}` is no {name}: write {low} to {high}{or}")
        })
    }

    fn step(&self, text: &str) -> Result<usize, String> {
        let most = self.last() as usize;
        let step = text.parse().ok().filter(|step| (1..=most).contains(step));
        step.ok_or_else(|| format!("`{text}` is no step: write 1 to {most}"))
    }

    /// The highest, without the second number of Sunday.
    fn last(&self) -> u32 {
        if self.high == 7 { 6 } else { self.high }
    }
}
