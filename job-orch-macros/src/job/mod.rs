//! `#[job]`: read the words, judge them, write the output.

pub(crate) mod args;
mod cache;
pub(crate) mod expand;
mod expand_cache;
mod expand_cron;
mod expand_run;
mod expand_unique;
pub(crate) mod model;
mod schedule;
#[cfg(test)]
mod tests;
mod unique;

use proc_macro2::{Span, TokenStream};

use self::args::JobArgs;
use self::model::Job;
use crate::debug;
use crate::errors::Errors;
use crate::item_fn::ItemFn;
use crate::mark::{self, Mark};
use crate::paths::Krate;

/// What `#[job(args)]` makes of an item.
pub(crate) fn job(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let Some(func) = errors.keep(ItemFn::read(item.clone(), "#[job]", "an `async fn`")) else {
        return errors.beside(item);
    };
    if let Some(text) = second(&func) {
        errors.at(Span::call_site(), text);
        return errors.beside(quote::quote! { #func });
    }
    let args = JobArgs::parse(args, &mut errors);
    let expansion = build(&args, &func, Mark::Job, errors);
    debug::print(&func.sig.ident, &expansion);
    expansion
}

/// The same for a function with `#[processor]` alone. `errors` has what is wrong with that.
pub(crate) fn implied(func: &ItemFn, errors: Errors) -> TokenStream {
    build(&JobArgs::default(), func, Mark::Implied, errors)
}

fn build(args: &JobArgs, func: &ItemFn, mark: Mark, mut errors: Errors) -> TokenStream {
    let written = args.krate.get().cloned().or_else(|| mark::krate(func));
    let krate = Krate::new(written.as_ref(), func.sig.ident.span());
    let job = Job::build(args, krate, func, &mut errors);
    let code = expand::job(&job, func, mark);
    errors.beside(code)
}

/// Why the function is a job already.
fn second(func: &ItemFn) -> Option<&'static str> {
    if Mark::Implied.is_on(func) {
        return Some(
            "`#[processor]` ran first and did not see this `#[job]`: write `#[job]` above it, or import it under its own \
             name",
        );
    }
    Mark::Job.is_on(func).then_some("a function is one job, and this `#[job]` is the second: remove it")
}
