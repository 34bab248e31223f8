//! `#[derive(Route)]`: read the enum, judge it, write the output.

mod expand;
mod model;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use syn::{Item, ItemEnum};

use self::model::Route;
use crate::debug;
use crate::errors::Errors;

/// What `#[derive(Route)]` writes beside an item.
pub(crate) fn route(item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let Some(item) = errors.keep(read(item)) else {
        return errors.beside(TokenStream::new());
    };
    let route = Route::build(&item, &mut errors);
    let expansion = if errors.is_empty() { expand::route(&route) } else { TokenStream::new() };
    debug::print(&item.ident, &expansion);
    errors.beside(expansion)
}

/// A derive sees a struct, an enum or a union.
fn read(item: TokenStream) -> syn::Result<ItemEnum> {
    let text = "a value is routed by its variant: write an `enum`";
    let other = match syn::parse2(item)? {
        Item::Enum(item) => return Ok(item),
        Item::Struct(item) => syn::Error::new(item.struct_token.span, text),
        Item::Union(item) => syn::Error::new(item.union_token.span, text),
        other => syn::Error::new_spanned(other, "`Route` is derived for an `enum`"),
    };
    Err(other)
}
