//! The words of `#[hosts(…)]`.

use proc_macro2::TokenTree;
use syn::parse::ParseStream;
use syn::{Attribute, Path, Token};

use crate::errors::Errors;
use crate::option::{Once, Word};
use crate::value;

/// What stands between the parentheses of `#[hosts(…)]`.
#[derive(Default)]
pub(crate) struct HostsArgs {
    /// The job types, in the order they are written.
    pub(crate) jobs: Vec<Path>,
    pub(crate) krate: Once<Path>,
}

impl HostsArgs {
    /// Reads the attributes of the struct.
    pub(crate) fn parse(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut args = Self::default();
        let mut is_first = true;
        for attr in attrs {
            if attr.path().is_ident("shared") {
                errors.on(attr, "`#[shared]` belongs on a field");
            }
            if !attr.path().is_ident("hosts") {
                continue;
            }
            if !is_first {
                errors.on(attr.path(), "`#[hosts]` is written twice: name all jobs in one");
            }
            is_first = false;
            let mut wrong = Errors::default();
            let read = attr.parse_args_with(|input: ParseStream<'_>| {
                args.read(input, &mut wrong);
                Ok(())
            });
            if read.is_err() {
                errors.on(attr.path(), "`#[hosts]` names jobs: write `#[hosts(Count, Store)]`");
            }
            errors.absorb(wrong);
        }
        args
    }

    fn read(&mut self, input: ParseStream<'_>, errors: &mut Errors) {
        while !input.is_empty() {
            if let Err(error) = self.one(input) {
                errors.push(error);
                while !input.is_empty() && !input.peek(Token![,]) && input.parse::<TokenTree>().is_ok() {}
            }
            // It stands at a comma or at the end; should it not, the loop still moves on.
            let _ = input.parse::<Token![,]>();
        }
    }

    fn one(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        if input.peek(Token![crate]) && input.peek2(Token![=]) {
            let word = Word::read(input, "an option of `#[hosts]`")?;
            return self.krate.set(&word, value::path(&word, input, "crate = path::to::the::crate"));
        }
        let start = input.cursor();
        let job =
            input.parse().map_err(|_| syn::Error::new(start.span(), "write the type of a job here, as in `Count`"))?;
        self.jobs.push(job);
        if input.is_empty() || input.peek(Token![,]) {
            return Ok(());
        }
        Err(input.error("write a comma between two jobs"))
    }
}
