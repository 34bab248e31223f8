//! The words of `retry(…)`.

use std::time::Duration;

use proc_macro2::Span;
use syn::parse::ParseStream;
use syn::{Error, LitStr, token};

use crate::errors::Errors;
use crate::option::{self, Once, Word};
use crate::{duration, value};

/// What stands between the parentheses of `retry(…)`.
#[derive(Default)]
pub(crate) struct RetryArgs {
    pub(crate) max: Once<u64>,
    pub(crate) backoff: Once<Backoff>,
    pub(crate) jitter: Once<f64>,
    /// Whether something in it was refused: what is missing may be what was misspelt.
    pub(crate) is_flawed: bool,
}

/// How the waiting time between two attempts grows, and from where to where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    pub(crate) growth: Growth,
    pub(crate) base: Duration,
    pub(crate) cap: Option<Duration>,
    pub(crate) span: Span,
}

/// The words before the parentheses of a backoff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Growth {
    Constant,
    Linear,
    Exponential,
    Polynomial,
}

const RETRY: &str = "retry(max = 3)";
const BACKOFF: &str = "backoff = \"100ms..5s\"";

impl RetryArgs {
    pub(super) fn parse(word: &Word, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Self> {
        if !option::opens(word, input, RETRY)? {
            return Err(word.error(format!("`retry` needs to know how often: write `{RETRY}`")));
        }
        let (mut options, of) = (Self::default(), "an option of `retry`");
        options.is_flawed = option::nested_or_flawed(word, input, of, errors, |word, input| options.read(word, input))?;
        Ok(options)
    }

    pub(super) fn read(&mut self, word: &mut Word, input: ParseStream<'_>) -> syn::Result<()> {
        if word.is("max") {
            self.max.set(word, value::whole(word, input, 0..=1000, 3))
        } else if word.is("backoff") {
            self.backoff.set(word, Backoff::parse(word, input))
        } else if word.is("jitter") {
            self.jitter.set(word, value::share(word, input))
        } else {
            Err(word.unknown())
        }
    }
}

impl Backoff {
    /// Reads `"1s"`, `"100ms..5s"` or `linear("1s..1m")`.
    fn parse(word: &Word, input: ParseStream<'_>) -> syn::Result<Self> {
        value::equals(word, input, BACKOFF)?;
        if input.peek(LitStr) {
            return Self::read(&input.parse()?, None);
        }
        let mut growth = Word::read(input, "a backoff")?;
        let word = Growth::read(&mut growth)?;
        if !input.peek(token::Paren) {
            return Err(growth.error(format!("`{growth}` needs to know how long: write `{growth}(\"1s\")`")));
        }
        let content;
        syn::parenthesized!(content in input);
        let text = value::quoted(&growth, &content, &format!("{growth}(\"1s\")"))?;
        Self::read(&text, Some(word))
    }

    fn read(text: &LitStr, growth: Option<Growth>) -> syn::Result<Self> {
        let span = text.span();
        let (base, cap) = duration::parse_range(&text.value()).map_err(|error| Error::new(span, error))?;
        let by_shape = if cap.is_some() { Growth::Exponential } else { Growth::Constant };
        Ok(Self { growth: growth.unwrap_or(by_shape), base, cap, span })
    }
}

impl Growth {
    fn read(word: &mut Word) -> syn::Result<Self> {
        Ok(if word.is("constant") {
            Self::Constant
        } else if word.is("linear") {
            Self::Linear
        } else if word.is("exponential") {
            Self::Exponential
        } else if word.is("polynomial") {
            Self::Polynomial
        } else {
            return Err(word.unknown());
        })
    }
}
