//! `#[derive(Resources)]`: read the struct, judge it, write the output.

mod args;
mod expand;
mod model;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use syn::{Item, ItemStruct};

use self::args::HostsArgs;
use self::model::Resources;
use crate::debug;
use crate::errors::Errors;
use crate::paths::Krate;

/// What `#[derive(Resources)]` writes beside an item.
pub(crate) fn resources(item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let Some(item) = errors.keep(read(item)) else {
        return errors.beside(TokenStream::new());
    };
    let args = HostsArgs::parse(&item.attrs, &mut errors);
    let krate = Krate::new(args.krate.get(), item.ident.span());
    let expansion = expand::resources(&Resources::build(&args, krate, &item, &mut errors));
    debug::print(&item.ident, &expansion);
    errors.beside(expansion)
}

/// A derive sees a struct, an enum or a union.
fn read(item: TokenStream) -> syn::Result<ItemStruct> {
    let other = match syn::parse2(item)? {
        Item::Struct(item) => return Ok(item),
        Item::Enum(item) => syn::Error::new(item.enum_token.span, "resources are all there at once: write a `struct`"),
        Item::Union(item) => {
            syn::Error::new(item.union_token.span, "resources are all there at once: write a `struct`")
        }
        other => syn::Error::new_spanned(other, "`Resources` is derived for a `struct`"),
    };
    Err(other)
}
