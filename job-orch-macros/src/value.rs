//! The value of an option: what stands behind `=`.

use std::ops::RangeInclusive;
use std::time::Duration;

use syn::parse::ParseStream;
use syn::{Error, Lit, LitStr, Path, Token, token};

use crate::duration;
use crate::option::Word;

/// Reads the `=`, or shows with an `example` how the option is written.
pub(crate) fn equals(word: &Word, input: ParseStream<'_>, example: &str) -> syn::Result<()> {
    if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        if input.is_empty() || input.peek(Token![,]) {
            return Err(word.error(format!("`{word}` has no value: write `{example}`")));
        }
        return Ok(());
    }
    if input.peek(token::Paren) {
        return Err(word.error(format!("`{word}` takes one value: write `{example}`")));
    }
    Err(word.error(format!("`{word}` needs a value: write `{example}`")))
}

/// Nothing: the word says it all.
pub(crate) fn nothing(word: &Word, input: ParseStream<'_>) -> syn::Result<()> {
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(());
    }
    Err(word.error(format!("`{word}` stands alone: remove what follows it, or the whole option")))
}

/// A text in quotes.
pub(crate) fn text(word: &Word, input: ParseStream<'_>, example: &str) -> syn::Result<LitStr> {
    equals(word, input, example)?;
    quoted(word, input, example)
}

/// A text in quotes, behind the `=`.
pub(crate) fn quoted(word: &Word, input: ParseStream<'_>, example: &str) -> syn::Result<LitStr> {
    if input.peek(LitStr) { input.parse() } else { Err(input.error(format!("`{word}` is a text: write `{example}`"))) }
}

/// A length of time in quotes.
pub(crate) fn time(word: &Word, input: ParseStream<'_>, example: &str) -> syn::Result<Duration> {
    equals(word, input, example)?;
    if !input.peek(LitStr) {
        return Err(input.error(format!("`{word}` is a length of time in quotes: write `{example}`")));
    }
    let text: LitStr = input.parse()?;
    duration::parse(&text.value()).map_err(|error| Error::new(text.span(), error))
}

/// A whole number in `range`, for example `usual`.
pub(crate) fn whole(word: &Word, input: ParseStream<'_>, range: RangeInclusive<u64>, usual: u64) -> syn::Result<u64> {
    let text = format!("`{word}` is a whole number from {} to {}", range.start(), range.end());
    equals(word, input, &format!("{word} = {usual}"))?;
    let start = input.cursor();
    let Ok(Lit::Int(number)) = input.parse::<Lit>() else {
        return Err(Error::new(start.span(), text));
    };
    match number.base10_parse() {
        Ok(value) if range.contains(&value) => Ok(value),
        _ => Err(Error::new(number.span(), text)),
    }
}

/// A number from 0 to 1.
pub(crate) fn share(word: &Word, input: ParseStream<'_>) -> syn::Result<f64> {
    equals(word, input, &format!("{word} = 0.2"))?;
    let start = input.cursor();
    let value = match input.parse::<Lit>() {
        Ok(Lit::Float(number)) => number.base10_parse().ok(),
        Ok(Lit::Int(number)) => number.base10_parse().ok(),
        _ => None,
    };
    match value {
        Some(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err(Error::new(start.span(), format!("`{word}` is a number from 0.0 to 1.0"))),
    }
}

/// A number of bytes in quotes.
pub(crate) fn bytes(word: &Word, input: ParseStream<'_>, example: &str) -> syn::Result<u64> {
    const UNITS: [(&str, u64); 7] = [
        ("B", 1),
        ("kB", 1000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
    ];
    let text = text(word, input, example)?;
    let written = text.value();
    let (number, unit) = written.split_at(written.find(|c: char| !c.is_ascii_digit()).unwrap_or(written.len()));
    let unit = UNITS.iter().find(|(name, _)| *name == unit.trim()).map(|(_, bytes)| *bytes);
    let bytes = number.parse::<u64>().ok().zip(unit).and_then(|(number, unit)| number.checked_mul(unit));
    bytes.filter(|bytes| (1..=1 << 60).contains(bytes)).ok_or_else(|| {
        let units = UNITS.map(|(name, _)| format!("`{name}`")).join(", ");
        Error::new(
            text.span(),
            format!("`{written}` is no number of bytes: write a whole number and one of {units}, as in `64MiB`"),
        )
    })
}

/// The path of a function, a type or a crate.
pub(crate) fn path(word: &Word, input: ParseStream<'_>, example: &str) -> syn::Result<Path> {
    equals(word, input, example)?;
    let start = input.cursor();
    input.parse().map_err(|_| Error::new(start.span(), format!("`{word}` is a path: write `{example}`")))
}
