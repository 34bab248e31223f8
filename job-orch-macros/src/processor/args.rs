//! The words of `#[processor(…)]`.

use std::time::Duration;

use proc_macro2::TokenStream;
use syn::parse::ParseStream;
use syn::{Error, LitStr, Path};

use crate::errors::Errors;
use crate::job::args::JobArgs;
use crate::option::{self, Once, Word};
use crate::value;

/// What stands between the parentheses of `#[processor(…)]`.
#[derive(Default)]
pub(crate) struct ProcessorArgs {
    pub(crate) queue: Once<LitStr>,
    pub(crate) workers: Once<u64>,
    pub(crate) requests: Once<ChannelArgs>,
    pub(crate) responses: Once<ChannelArgs>,
    pub(crate) batch: Once<BatchArgs>,
    pub(crate) krate: Once<Path>,
}

/// A capacity, or what stands between the parentheses of `requests(…)` and `responses(…)`.
#[derive(Default)]
pub(crate) struct ChannelArgs {
    pub(crate) capacity: Once<u64>,
    pub(crate) bytes: Once<u64>,
    pub(crate) full: Once<Full>,
}

/// What a full channel does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    Wait,
    DropOldest,
    Refuse,
    Shed,
}

/// What stands between the parentheses of `batch(…)`.
#[derive(Default)]
pub(crate) struct BatchArgs {
    pub(crate) max: Once<u64>,
    pub(crate) linger: Once<Duration>,
}

const MOST_WORKERS: u64 = 4096;
const MOST_MESSAGES: u64 = 1 << 24;
const LARGEST_BATCH: u64 = 1 << 16;
const BATCH: &str = "batch(max = 100, linger = \"5ms\")";

impl ProcessorArgs {
    /// Reads every option, whatever is wrong with others.
    pub(crate) fn parse(args: TokenStream, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        option::all(args, "an option of `#[processor]`", errors, |word, input, errors| match Self::misplaced(word) {
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
        let is_of_channels = |of_requests| {
            move |word: &mut Word, input: ParseStream<'_>| ChannelArgs::default().read(word, input, of_requests)
        };
        let places = [
            ("requests(…)", word.is_known_to(is_of_channels(true))),
            ("responses(…)", word.is_known_to(is_of_channels(false))),
            ("batch(…)", word.is_known_to(|word, input| BatchArgs::default().read(word, input))),
            ("#[job(…)]", JobArgs::knows(word)),
        ];
        word.misplaced(Self::knows(word), &places)
    }

    fn read(&mut self, word: &mut Word, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<()> {
        if word.is("queue") {
            self.queue.set(word, queue(word, input))
        } else if word.is("workers") {
            self.workers.set(word, value::whole(word, input, 1..=MOST_WORKERS, 4))
        } else if word.is("requests") {
            self.requests.set(word, ChannelArgs::parse(word, input, errors))
        } else if word.is("responses") {
            self.responses.set(word, ChannelArgs::parse(word, input, errors))
        } else if word.is("batch") {
            self.batch.set(word, BatchArgs::parse(word, input, errors))
        } else if word.is("crate") {
            self.krate.set(word, value::path(word, input, "crate = path::to::the::crate"))
        } else {
            Err(word.unknown())
        }
    }
}

/// The name of a queue.
fn queue(word: &Word, input: ParseStream<'_>) -> syn::Result<LitStr> {
    let name = value::text(word, input, "queue = \"mail\"")?;
    let text = name.value();
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if (1..=64).contains(&text.len()) && text.bytes().all(is_allowed) {
        return Ok(name);
    }
    Err(syn::Error::new(name.span(), "a queue has a name of 1 to 64 of `A-Z a-z 0-9 _ -`"))
}

impl ChannelArgs {
    /// Reads `= 1024` or `(capacity = 1024, full = wait)`.
    fn parse(word: &Word, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Self> {
        let mut options = Self::default();
        if !input.peek(syn::token::Paren) {
            options.capacity.set(word, value::whole(word, input, 1..=MOST_MESSAGES, 1024))?;
            return Ok(options);
        }
        let of = if word.was("requests") { "an option of `requests`" } else { "an option of `responses`" };
        let never_dropped = word.was("requests");
        option::nested(word, input, of, errors, |word, input, _| options.read(word, input, never_dropped))?;
        Ok(options)
    }

    fn read(&mut self, word: &mut Word, input: ParseStream<'_>, never_dropped: bool) -> syn::Result<()> {
        if word.is("capacity") {
            self.capacity.set(word, value::whole(word, input, 1..=MOST_MESSAGES, 1024))
        } else if never_dropped && word.is("bytes") {
            self.bytes.set(word, value::bytes(word, input, "bytes = \"64MiB\""))
        } else if word.is("full") {
            self.full.set(word, Full::parse(word, input, never_dropped))
        } else {
            Err(word.unknown())
        }
    }
}

impl Full {
    fn parse(word: &Word, input: ParseStream<'_>, never_dropped: bool) -> syn::Result<Self> {
        value::equals(word, input, "full = wait")?;
        let mut answer = Word::read(input, "what a full channel does")?;
        if answer.is("wait") {
            Ok(Self::Wait)
        } else if answer.is("refuse") {
            Ok(Self::Refuse)
        } else if never_dropped && answer.was("drop_oldest") {
            Err(answer.error("an accepted request is never dropped: write `wait`, `refuse` or `shed`"))
        } else if never_dropped && answer.is("shed") {
            Ok(Self::Shed)
        } else if !never_dropped && answer.is("drop_oldest") {
            Ok(Self::DropOldest)
        } else {
            Err(answer.unknown())
        }
    }
}

impl BatchArgs {
    fn parse(word: &Word, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Self> {
        if !option::opens(word, input, BATCH)? {
            return Err(word.error(format!("`batch` needs to know how many: write `{BATCH}`")));
        }
        let mut options = Self::default();
        option::nested(word, input, "an option of `batch`", errors, |word, input, _| options.read(word, input))?;
        Ok(options)
    }

    fn read(&mut self, word: &mut Word, input: ParseStream<'_>) -> syn::Result<()> {
        if word.is("max") {
            self.max.set(word, value::whole(word, input, 1..=LARGEST_BATCH, 100))
        } else if word.is("linger") {
            self.linger.set(word, value::time(word, input, "linger = \"5ms\""))
        } else {
            Err(word.unknown())
        }
    }
}
