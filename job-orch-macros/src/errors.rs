//! Every mistake in one annotated item, gathered, and printed beside the user's code.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::Error;

/// All mistakes found so far, so that one attempt to compile shows them together.
#[derive(Debug, Default)]
#[must_use = "mistakes that are not printed let a wrong program compile"]
pub(crate) struct Errors(Option<Error>);

impl Errors {
    /// Records one more.
    pub(crate) fn push(&mut self, error: Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// Records a mistake at one token.
    pub(crate) fn at(&mut self, span: Span, text: impl Display) {
        self.push(Error::new(span, text));
    }

    /// Records a mistake that all of `tokens` make.
    pub(crate) fn on(&mut self, tokens: &impl ToTokens, text: impl Display) {
        self.push(Error::new_spanned(tokens, text));
    }

    /// The value, or `None` and a recorded mistake.
    pub(crate) fn keep<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// Takes over what another has gathered.
    pub(crate) fn absorb(&mut self, others: Self) {
        if let Some(others) = others.0 {
            self.push(others);
        }
    }

    /// Whether nothing is wrong.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// `code`, and the mistakes after it: code that vanishes would cause more errors than it had.
    pub(crate) fn beside(self, code: TokenStream) -> TokenStream {
        match self.0 {
            Some(errors) => {
                let errors = errors.to_compile_error();
                quote::quote! { #code #errors }
            }
            None => code,
        }
    }
}
