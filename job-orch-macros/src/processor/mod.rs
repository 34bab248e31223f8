//! `#[processor]`: read the words, judge them, write the output.

pub(crate) mod args;
mod expand;
mod model;
#[cfg(test)]
mod tests;

use proc_macro2::{Span, TokenStream};
use quote::quote;

use self::args::ProcessorArgs;
use self::model::Processor;
use crate::errors::Errors;
use crate::item_fn::ItemFn;
use crate::mark::{self, Mark};
use crate::paths::Krate;
use crate::{debug, job};

/// What `#[processor(args)]` makes of an item.
pub(crate) fn processor(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let Some(mut func) = errors.keep(ItemFn::read(item.clone(), "#[processor]", "an `async fn`")) else {
        return errors.beside(item);
    };
    if Mark::Processor.is_on(&func) {
        errors.at(Span::call_site(), "a job is served in one way, and this `#[processor]` is the second: remove it");
        return errors.beside(quote! { #func });
    }
    let args = ProcessorArgs::parse(args, &mut errors);
    let written = args.krate.get().cloned().or_else(|| mark::krate(&func));
    let krate = Krate::new(written.as_ref(), func.sig.ident.span());
    let processor = Processor::build(&args, krate, &func, &mut errors);
    let serve = expand::serve(&processor);

    func.attrs.push(Mark::Processor.attribute(written.as_ref()));
    let is_a_job = Mark::Job.is_on(&func) || mark::job_follows(&func);
    let func = if is_a_job { errors.beside(quote! { #func }) } else { job::implied(&func, errors) };
    let expansion = quote! { #func #serve };
    debug::print(&processor.function, &expansion);
    expansion
}
