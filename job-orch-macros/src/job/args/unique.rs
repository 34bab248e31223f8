//! The words of `unique(…)`.

use std::time::Duration;

use syn::parse::ParseStream;
use syn::{Error, LitStr, Path, Token};

use crate::errors::Errors;
use crate::option::{self, Once, Word};
use crate::value;

/// What stands between the parentheses of `unique(…)`.
#[derive(Default)]
pub(crate) struct UniqueArgs {
    pub(crate) key: Once<Key>,
    pub(crate) within: Once<Duration>,
    pub(crate) while_waiting: Once<()>,
    pub(crate) even_dead: Once<()>,
    /// Whether something in it was refused: what is missing may be what was misspelt.
    pub(crate) is_flawed: bool,
}

/// What tells the requests of a job apart.
#[derive(Clone)]
pub(crate) enum Key {
    /// Nothing: all have this key.
    Same(LitStr),
    /// What this function makes of a request.
    Of(Path),
}

const UNIQUE: &str = "unique(key = path::to::function)";

impl UniqueArgs {
    pub(super) fn parse(word: &Word, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Self> {
        if !option::opens(word, input, UNIQUE)? {
            return Err(word.error(format!("`unique` needs to know by what: write `{UNIQUE}`")));
        }
        let (mut options, of) = (Self::default(), "an option of `unique`");
        options.is_flawed = option::nested_or_flawed(word, input, of, errors, |word, input| options.read(word, input))?;
        Ok(options)
    }

    pub(super) fn read(&mut self, word: &mut Word, input: ParseStream<'_>) -> syn::Result<()> {
        if word.is("key") {
            self.key.set(word, Key::parse(word, input))
        } else if word.is("within") {
            self.within.set(word, value::time(word, input, "within = \"1h\""))
        } else if word.is("while_waiting") {
            self.while_waiting.set(word, value::nothing(word, input))
        } else if word.is("even_dead") {
            self.even_dead.set(word, value::nothing(word, input))
        } else {
            Err(word.unknown())
        }
    }
}

impl Key {
    /// Reads `"text"` or `path::to::function`.
    fn parse(word: &Word, input: ParseStream<'_>) -> syn::Result<Self> {
        if !(input.peek(Token![=]) && input.peek2(LitStr)) {
            return value::path(word, input, "key = path::to::function").map(Self::Of);
        }
        let text = value::text(word, input, "key = \"text\"")?;
        if text.value().is_empty() {
            return Err(Error::new(text.span(), "a key is not empty: write what all requests of the job share"));
        }
        Ok(Self::Same(text))
    }
}
