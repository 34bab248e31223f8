//! The words of `#[job(…)]`.

mod retry;
mod unique;

use std::time::Duration;

use proc_macro2::TokenStream;
use syn::parse::ParseStream;
use syn::{Error, LitStr, Path};

pub(crate) use self::retry::{Backoff, Growth, RetryArgs};
pub(crate) use self::unique::{Key, UniqueArgs};
use crate::errors::Errors;
use crate::option::{self, Once, Word};
use crate::processor::args::ProcessorArgs;
use crate::{cron, value};

/// What stands between the parentheses of `#[job(…)]`.
#[derive(Default)]
pub(crate) struct JobArgs {
    pub(crate) name: Once<LitStr>,
    pub(crate) version: Once<u64>,
    pub(crate) retry: Once<RetryArgs>,
    pub(crate) timeout: Once<Duration>,
    pub(crate) cache: Once<CacheArgs>,
    pub(crate) unique: Once<UniqueArgs>,
    pub(crate) cron: Once<cron::Schedule>,
    pub(crate) tz: Once<LitStr>,
    pub(crate) missed: Once<Missed>,
    pub(crate) overlap: Once<Overlap>,
    pub(crate) krate: Once<Path>,
}

/// What becomes of the times at which nobody was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missed {
    Skip,
    Once,
    All,
}

/// What becomes of a time at which the run before has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overlap {
    Allow,
    Skip,
}

/// What stands between the parentheses of `cache(…)`; nothing for a bare `cache`.
#[derive(Default)]
pub(crate) struct CacheArgs {
    pub(crate) ttl: Once<Duration>,
    pub(crate) capacity: Once<u64>,
    pub(crate) key: Once<Path>,
    pub(crate) stale: Once<Duration>,
    pub(crate) errors: Once<Duration>,
    pub(crate) version: Once<u64>,
    pub(crate) store: Once<Path>,
    pub(crate) with: Once<Path>,
    pub(crate) put: Once<Path>,
}

const CACHE: &str = "cache(ttl = \"1h\")";

impl JobArgs {
    /// Reads every option, whatever is wrong with others.
    pub(crate) fn parse(args: TokenStream, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        option::all(args, "an option of `#[job]`", errors, |word, input, errors| match Self::misplaced(word) {
            Some(error) => Err(error),
            None => options.read(word, input, errors),
        });
        options
    }

    /// Whether this is the word of an option.
    pub(crate) fn knows(word: &Word) -> bool {
        word.is_known_to(|word, input| Self::default().read(word, input, &mut Errors::default()))
    }

    /// A mistake, if a word is an option of something else.
    fn misplaced(word: &Word) -> Option<Error> {
        let places = [
            ("cache(…)", word.is_known_to(|word, input| CacheArgs::default().read(word, input))),
            ("retry(…)", word.is_known_to(|word, input| RetryArgs::default().read(word, input))),
            ("unique(…)", word.is_known_to(|word, input| UniqueArgs::default().read(word, input))),
            ("#[processor(…)]", ProcessorArgs::knows(word)),
        ];
        word.misplaced(Self::knows(word), &places)
    }

    /// Reads one option.
    pub(crate) fn read(&mut self, word: &mut Word, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<()> {
        if word.is("name") {
            self.name.set(word, value::text(word, input, "name = \"count-words\""))
        } else if word.is("version") {
            self.version.set(word, value::whole(word, input, 0..=u64::from(u32::MAX), 2))
        } else if word.is("retry") {
            self.retry.set(word, RetryArgs::parse(word, input, errors))
        } else if word.is("timeout") {
            self.timeout.set(word, value::time(word, input, "timeout = \"30s\""))
        } else if word.is("cache") {
            self.cache.set(word, CacheArgs::parse(word, input, errors))
        } else if word.is("unique") {
            self.unique.set(word, UniqueArgs::parse(word, input, errors))
        } else if word.is("cron") {
            self.cron.set(word, schedule(word, input, errors))
        } else if word.is("tz") {
            self.tz.set(word, zone(word, input))
        } else if word.is("missed") {
            self.missed.set(word, Missed::parse(word, input))
        } else if word.is("overlap") {
            self.overlap.set(word, Overlap::parse(word, input))
        } else if word.is("crate") {
            self.krate.set(word, value::path(word, input, "crate = path::to::the::crate"))
        } else {
            Err(word.unknown())
        }
    }
}

/// A schedule. Each of its fields may be wrong.
fn schedule(word: &Word, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<cron::Schedule> {
    let text = value::text(word, input, "cron = \"0 3 * * *\"")?;
    cron::parse(&text.value()).map_err(|wrong| {
        let mut wrong = wrong.into_iter().map(|error| Error::new(text.span(), error));
        let first = wrong.next().unwrap_or_else(|| Error::new(text.span(), "not a schedule"));
        wrong.for_each(|more| errors.push(more));
        first
    })
}

/// The name of a time zone.
fn zone(word: &Word, input: ParseStream<'_>) -> syn::Result<LitStr> {
    let name = value::text(word, input, "tz = \"Europe/Berlin\"")?;
    cron::zone(&name.value()).map_err(|error| Error::new(name.span(), error))?;
    Ok(name)
}

impl Missed {
    fn parse(word: &Word, input: ParseStream<'_>) -> syn::Result<Self> {
        value::equals(word, input, "missed = once")?;
        let mut answer = Word::read(input, "what becomes of missed times")?;
        Ok(if answer.is("once") {
            Self::Once
        } else if answer.is("skip") {
            Self::Skip
        } else if answer.is("all") {
            Self::All
        } else {
            return Err(answer.unknown());
        })
    }
}

impl Overlap {
    fn parse(word: &Word, input: ParseStream<'_>) -> syn::Result<Self> {
        value::equals(word, input, "overlap = skip")?;
        let mut answer = Word::read(input, "what becomes of a time before the last run has ended")?;
        Ok(if answer.is("allow") {
            Self::Allow
        } else if answer.is("skip") {
            Self::Skip
        } else {
            return Err(answer.unknown());
        })
    }
}

impl CacheArgs {
    fn parse(word: &Word, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Self> {
        let mut options = Self::default();
        if option::opens(word, input, CACHE)? {
            option::nested(word, input, "an option of `cache`", errors, |word, input, _| options.read(word, input))?;
        }
        Ok(options)
    }

    fn read(&mut self, word: &mut Word, input: ParseStream<'_>) -> syn::Result<()> {
        if word.is("ttl") {
            self.ttl.set(word, value::time(word, input, "ttl = \"1h\""))
        } else if word.is("capacity") {
            self.capacity.set(word, value::whole(word, input, 1..=u64::from(u32::MAX), 1000))
        } else if word.is("key") {
            self.key.set(word, value::path(word, input, "key = path::to::function"))
        } else if word.is("stale") {
            self.stale.set(word, value::time(word, input, "stale = \"5m\""))
        } else if word.is("errors") {
            self.errors.set(word, value::time(word, input, "errors = \"10s\""))
        } else if word.is("version") {
            self.version.set(word, value::whole(word, input, 0..=u64::from(u32::MAX), 2))
        } else if word.is("store") {
            self.store.set(word, value::path(word, input, "store = engine"))
        } else if word.is("with") {
            self.with.set(word, value::path(word, input, "with = path::to::lookup"))
        } else if word.is("put") {
            self.put.set(word, value::path(word, input, "put = path::to::store"))
        } else {
            Err(word.unknown())
        }
    }
}
