//! `#[flow]`: read the words, judge them, write the output. A flow is a job whose function the attribute writes itself.

mod args;
mod expand;
mod model;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;

use self::args::FlowArgs;
use self::model::Flow;
use crate::debug;
use crate::errors::Errors;
use crate::item_fn::ItemFn;

/// What `#[flow(args)]` makes of an item.
pub(crate) fn flow(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let read = ItemFn::read(item.clone(), "#[flow]", "a `fn` from wire to wire");
    let Some(func) = errors.keep(read) else {
        return errors.beside(item);
    };
    let args = FlowArgs::parse(args, &mut errors);
    let expansion = match Flow::build(&args, &func, &mut errors) {
        Some(flow) => expand::flow(&flow, &func),
        None => quote::quote! { #func },
    };
    debug::print(&func.sig.ident, &expansion);
    errors.beside(expansion)
}
