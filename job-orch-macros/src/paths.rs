//! Where the runtime is found: the only file that knows its name.

use std::time::Duration;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Path;

/// The runtime crate: `::job_orch`, or what the user wrote as `crate = path`.
#[derive(Clone)]
pub(crate) struct Krate {
    path: Option<Path>,
    span: Span,
}

impl Krate {
    /// The crate at `path`, mentioned by tokens at `span`.
    pub(crate) fn new(path: Option<&Path>, span: Span) -> Self {
        Self { path: path.cloned(), span }
    }

    /// The same crate, mentioned by tokens at another `span`.
    pub(crate) fn at(&self, span: Span) -> Self {
        Self { path: self.path.clone(), span }
    }

    /// A length of time as a constant.
    pub(crate) fn duration(&self, duration: Duration) -> TokenStream {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let span = self.span;
        quote_spanned! {span=> #self::__private::Duration::from_nanos(#nanos) }
    }

    /// The path as the user wrote it.
    pub(crate) fn written(&self) -> Option<&Path> {
        self.path.as_ref()
    }
}

impl ToTokens for Krate {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match &self.path {
            Some(path) => path.to_tokens(tokens),
            None => tokens.extend(quote_spanned! {self.span=> ::job_orch }),
        }
    }
}
