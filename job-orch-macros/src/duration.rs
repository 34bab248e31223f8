//! Lengths of time as users write them: `"30s"`, `"1h 30m"`, `"100ms..5s"`.

use std::time::Duration;

const MICRO: u64 = 1_000;
const MILLI: u64 = 1_000 * MICRO;
const SECOND: u64 = 1_000 * MILLI;

/// Reads a length of time that is not zero.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let mut nanos: u64 = 0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("a length of time is a number and a unit, as in `30s`".to_owned());
    }
    while !rest.is_empty() {
        let (part, tail) = part(rest)?;
        nanos = nanos.checked_add(part).ok_or_else(|| too_long(text))?;
        rest = tail.trim_start();
    }
    if nanos == 0 {
        return Err(format!("`{text}` is no time at all: write more than zero, or leave the option out"));
    }
    Ok(Duration::from_nanos(nanos))
}

/// Reads one length of time, or two with `..` between them.
pub(crate) fn parse_range(text: &str) -> Result<(Duration, Option<Duration>), String> {
    let Some((low, high)) = text.split_once("..") else {
        return Ok((parse(text)?, None));
    };
    let (low, high) = (parse(low)?, parse(high)?);
    if high < low {
        return Err(format!("`{text}` ends before it begins: write the shorter time first"));
    }
    Ok((low, Some(high)))
}

/// The first number and unit of `text`, as nanoseconds, and what stands behind them.
fn part(text: &str) -> Result<(u64, &str), String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(digits);
    let rest = rest.trim_start();
    let end = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
    let (unit, tail) = rest.split_at(end);
    if number.is_empty() {
        return Err(format!("`{text}` does not begin with a whole number: write a number and a unit, as in `30s`"));
    }
    if rest.starts_with('.') {
        return Err(format!("`{text}` has a fraction: write it in a smaller unit, as in `1500ms`"));
    }
    if unit.is_empty() {
        return Err(format!(
            "`{number}` has no unit: write one of `ns`, `us`, `ms`, `s`, `m`, `h`, `d`, as in `{number}s`"
        ));
    }
    let unit = nanos(unit)
        .ok_or_else(|| format!("`{unit}` is not a unit of time: write one of `ns`, `us`, `ms`, `s`, `m`, `h`, `d`"))?;
    let number: u64 = number.parse().map_err(|_| too_long(text))?;
    Ok((number.checked_mul(unit).ok_or_else(|| too_long(text))?, tail))
}

fn nanos(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        "us" | "µs" => MICRO,
        "ms" => MILLI,
        "s" => SECOND,
        "m" => 60 * SECOND,
        "h" => 60 * 60 * SECOND,
        "d" => 24 * 60 * 60 * SECOND,
        _ => return None,
    })
}

fn too_long(text: &str) -> String {
    format!("`{text}` is too long: 500 years are the limit")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_units_are_added() {
        assert_eq!(parse("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse("1h 30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(parse("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse(" 7 d "), Ok(Duration::from_secs(7 * 86_400)));
        assert_eq!(parse("5us"), Ok(Duration::from_micros(5)));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, word) in [
            ("", "number and a unit"),
            ("30", "has no unit"),
            ("fast", "does not begin with a whole number"),
            ("1.5s", "smaller unit"),
            ("3 weeks", "`weeks` is not a unit"),
            ("0s", "no time at all"),
            ("99999999d", "too long"),
            ("99999999999999999999s", "too long"),
        ] {
            assert!(parse(text).is_err_and(|error| error.contains(word)), "{text}: {:?}", parse(text));
        }
    }

    #[test]
    fn a_range_ascends() {
        assert_eq!(parse_range("1s"), Ok((Duration::from_secs(1), None)));
        assert_eq!(parse_range("1s..2s"), Ok((Duration::from_secs(1), Some(Duration::from_secs(2)))));
        assert!(parse_range("2s..1s").is_err());
    }
}
