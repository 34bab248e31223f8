//! How two attributes on one function find each other.
//!
//! Each gives the function back with a mark, an attribute of the tool `rust_analyzer`: the compiler lets it stand, and
//! it is the only trace that the attribute to run next can see. Neither takes the other off: that would leave an unused
//! import, and would not know it under another name.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Attribute, Ident, Path, Token};

use crate::item_fn::ItemFn;

/// What the tool's attribute is called.
const NAME: &str = "job_orch";

/// What an attribute has done to a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// `#[job]` made it a job.
    Job,
    /// `#[processor]` made it a job, having seen no `#[job]`.
    Implied,
    /// `#[processor]` said how it is served.
    Processor,
}

impl Mark {
    const ALL: [Self; 3] = [Self::Job, Self::Implied, Self::Processor];

    const fn word(self) -> &'static str {
        match self {
            Self::Job => "job",
            Self::Implied => "implied",
            Self::Processor => "processor",
        }
    }

    /// Whether the function carries this mark.
    pub(crate) fn is_on(self, func: &ItemFn) -> bool {
        func.attrs.iter().filter_map(marked).any(|(mark, _)| mark == self)
    }

    /// The attribute to put on the function.
    pub(crate) fn attribute(self, krate: Option<&Path>) -> Attribute {
        let [name, word] = [NAME, self.word()].map(|word| Ident::new(word, Span::call_site()));
        let krate = krate.map(|path| quote! { , crate = #path });
        syn::parse_quote! { #[rust_analyzer::#name(#word #krate)] }
    }
}

/// The `crate = path` of an attribute that ran before.
pub(crate) fn krate(func: &ItemFn) -> Option<Path> {
    func.attrs.iter().filter_map(marked).find_map(|(_, krate)| krate)
}

/// Whether a `#[job]` stands below and is still to run.
pub(crate) fn job_follows(func: &ItemFn) -> bool {
    func.attrs.iter().any(|attr| attr.path().segments.last().is_some_and(|last| last.ident == "job"))
}

fn marked(attr: &Attribute) -> Option<(Mark, Option<Path>)> {
    let mut segments = attr.path().segments.iter();
    let is_ours = segments.next()?.ident == "rust_analyzer" && segments.next()?.ident == NAME;
    if !is_ours {
        return None;
    }
    attr.parse_args_with(|input: syn::parse::ParseStream<'_>| {
        let word: Ident = input.parse()?;
        let mark = Mark::ALL.into_iter().find(|mark| word == mark.word());
        let mut krate = None;
        if input.peek(Token![,]) {
            input.parse::<Token![,]>()?;
            input.parse::<Token![crate]>()?;
            input.parse::<Token![=]>()?;
            krate = Some(input.parse()?);
        }
        input.parse::<TokenStream>()?;
        Ok(mark.map(|mark| (mark, krate)))
    })
    .ok()?
}
