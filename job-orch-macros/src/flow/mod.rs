//! `#[flow]`: read the words, judge them, write the output. A flow is a job whose function the attribute writes itself.

mod args;
mod expand;
mod model;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;

use self::args::FlowArgs;
use self::model::Flow;
pub(crate) use self::model::Wires;
use crate::debug;
use crate::errors::Errors;
use crate::item_fn::ItemFn;
use crate::paths::Krate;

/// What `#[flow(args)]` makes of an item.
pub(crate) fn flow(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let read = ItemFn::read(item.clone(), "#[flow]", "a `fn` from wire to wire");
    let Some(func) = errors.keep(read) else {
        return errors.beside(item);
    };
    let args = FlowArgs::parse(args, &mut errors);
    let expansion = match build(&args, &func, &mut errors) {
        Some(flow) => expand::flow(&flow, &func),
        None => quote::quote! { #func },
    };
    debug::print(&func.sig.ident, &expansion);
    errors.beside(expansion)
}

fn build(args: &FlowArgs, func: &ItemFn, errors: &mut Errors) -> Option<Flow> {
    let krate = Krate::new(args.job.krate.get(), func.sig.ident.span());
    let wires = Wires::read(&func.sig, errors)?;
    let written = errors.keep(syn::parse2(expand::run(&krate, &func.sig, &wires)))?;
    Some(Flow::build(args, krate, func, written, wires, errors))
}
