//! Options in parentheses: `word`, `word = value`, `word(more, options)`, separated by commas.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Ident, Token, token};

use crate::errors::Errors;

/// An option's word as the user wrote it. It remembers what it was compared with, so that an unknown word can be
/// answered with the words that are known: nobody keeps a list of them by hand.
#[derive(Debug)]
pub(crate) struct Word {
    ident: Ident,
    of: &'static str,
    known: Vec<&'static str>,
}

impl Word {
    /// Reads a word of `of`, as in "an option of `#[job]`".
    pub(crate) fn read(input: ParseStream<'_>, of: &'static str) -> syn::Result<Self> {
        if !input.peek(Ident::peek_any) {
            return Err(input.error(format!("write {of} here")));
        }
        Ok(Self { ident: input.call(Ident::parse_any)?, of, known: Vec::new() })
    }

    /// Whether this is the word `known`.
    pub(crate) fn is(&mut self, known: &'static str) -> bool {
        self.known.push(known);
        self.ident == known
    }

    /// Whether this is the word `other`, which is no answer to "which words are known here".
    pub(crate) fn was(&self, other: &str) -> bool {
        self.ident == other
    }

    /// Where it stands.
    pub(crate) fn span(&self) -> Span {
        self.ident.span()
    }

    /// A mistake at this word.
    pub(crate) fn error(&self, text: impl std::fmt::Display) -> Error {
        Error::new(self.span(), text)
    }

    /// Whether whoever reads words in this way knows this one.
    pub(crate) fn is_known_to(&self, read: impl FnOnce(&mut Self, ParseStream<'_>) -> syn::Result<()>) -> bool {
        let mut word = Self { ident: self.ident.clone(), of: self.of, known: Vec::new() };
        // What is missing behind it does not matter: who knows a word asks for no other one.
        let read = |input: ParseStream<'_>| read(&mut word, input);
        let _ = read.parse2(TokenStream::new());
        word.known.last().is_some_and(|last| word.ident == last)
    }

    /// A mistake, if this word is none of these options, but stands in one of those places, which say whether they know it.
    pub(crate) fn misplaced(&self, is_own: bool, places: &[(&str, bool)]) -> Option<Error> {
        let known = places.iter().filter(|(_, is_known)| *is_known && !is_own);
        let places = known.map(|(place, _)| format!("`{place}`")).collect::<Vec<_>>().join(" or ");
        (!places.is_empty()).then(|| self.error(format!("`{self}` is not {}: write it in {places}", self.of)))
    }

    /// It was none of the words asked for.
    pub(crate) fn unknown(&self) -> Error {
        let written = self.ident.to_string();
        let similar = |known: &&&str| strsim::jaro_winkler(&written, known);
        let nearest = self.known.iter().max_by(|a, b| similar(a).total_cmp(&similar(b)));
        let hint = match nearest {
            Some(nearest) if similar(&nearest) > 0.75 => format!("did you mean `{nearest}`?"),
            _ => format!("write one of {}", listed(&self.known)),
        };
        self.error(format!("`{written}` is not {}: {hint}", self.of))
    }
}

impl std::fmt::Display for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.ident.fmt(f)
    }
}

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// An option that is written at most once, and where its word stands.
///
/// A wrong value counts as written: whoever wrote it need not hear that it is missing.
#[derive(Debug)]
pub(crate) struct Once<T>(Option<(Span, Option<T>)>);

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Once<T> {
    /// Keeps the value, or refuses a wrong or a second one.
    pub(crate) fn set(&mut self, word: &Word, value: syn::Result<T>) -> syn::Result<()> {
        let is_first = self.0.is_none();
        let (value, result) = match value {
            Ok(value) => (Some(value), Ok(())),
            Err(error) => (None, Err(error)),
        };
        if is_first {
            self.0 = Some((word.span(), value));
            return result;
        }
        Err(word.error(format!("`{word}` is written twice: remove this one")))
    }

    /// The value, if one was written that makes sense.
    pub(crate) fn get(&self) -> Option<&T> {
        self.0.as_ref().and_then(|(_, value)| value.as_ref())
    }

    /// Where its word stands, if it was written.
    pub(crate) fn span(&self) -> Option<Span> {
        self.0.as_ref().map(|(span, _)| *span)
    }
}

/// Gives every option to `arm`. After a mistake it goes on behind the next comma, so that all are found.
fn each(
    input: ParseStream<'_>,
    of: &'static str,
    errors: &mut Errors,
    mut arm: impl FnMut(&mut Word, ParseStream<'_>, &mut Errors) -> syn::Result<()>,
) {
    while !input.is_empty() {
        let read = Word::read(input, of).and_then(|mut word| {
            arm(&mut word, input, errors)?;
            expect_end(&word, input)
        });
        if let Err(error) = read {
            errors.push(error);
            skip_to_comma(input);
        }
        // It stands at a comma or at the end, so this cannot fail; if it did, the loop would still move on.
        let _ = input.parse::<Token![,]>();
    }
}

/// All options between the parentheses of an attribute.
pub(crate) fn all(
    args: TokenStream,
    of: &'static str,
    errors: &mut Errors,
    arm: impl FnMut(&mut Word, ParseStream<'_>, &mut Errors) -> syn::Result<()>,
) {
    let read = |input: ParseStream<'_>| {
        each(input, of, errors, arm);
        Ok(())
    };
    // It consumes everything and cannot fail.
    let _ = read.parse2(args);
}

/// The options in the parentheses behind `word`, given to `arm` one by one.
pub(crate) fn nested(
    word: &Word,
    input: ParseStream<'_>,
    of: &'static str,
    errors: &mut Errors,
    arm: impl FnMut(&mut Word, ParseStream<'_>, &mut Errors) -> syn::Result<()>,
) -> syn::Result<()> {
    let content;
    syn::parenthesized!(content in input);
    if content.is_empty() {
        return Err(word.error(format!("`{word}()` is empty: write {of} between the parentheses")));
    }
    each(&content, of, errors, arm);
    Ok(())
}

/// The same. Says whether something in them was refused: what is missing may be what was misspelt.
pub(crate) fn nested_or_flawed(
    word: &Word,
    input: ParseStream<'_>,
    of: &'static str,
    errors: &mut Errors,
    mut arm: impl FnMut(&mut Word, ParseStream<'_>) -> syn::Result<()>,
) -> syn::Result<bool> {
    let mut wrong = Errors::default();
    nested(word, input, of, &mut wrong, |word, input, _| arm(word, input))?;
    let is_flawed = !wrong.is_empty();
    errors.absorb(wrong);
    Ok(is_flawed)
}

/// Whether options in parentheses follow. Anything else but the end of the option is refused with the `example`.
pub(crate) fn opens(word: &Word, input: ParseStream<'_>, example: &str) -> syn::Result<bool> {
    if input.peek(Token![=]) {
        return Err(word.error(format!("`{word}` takes its options in parentheses: write `{example}`")));
    }
    Ok(input.peek(token::Paren))
}

fn expect_end(word: &Word, input: ParseStream<'_>) -> syn::Result<()> {
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(());
    }
    Err(input.error(format!("`{word}` ends before this: write a comma between two options")))
}

fn skip_to_comma(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) && input.parse::<TokenTree>().is_ok() {}
}
