//! A function whose body stays tokens: a body that is half typed must not hide the function from an editor.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, Signature, Token, Visibility};

/// A function, parsed down to its signature.
#[derive(Clone)]
pub(crate) struct ItemFn {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    /// The braces and what is in them.
    pub(crate) body: TokenTree,
}

impl ItemFn {
    /// Reads the item below `attribute`, which belongs on a `wanted`.
    pub(crate) fn read(item: TokenStream, attribute: &str, wanted: &str) -> syn::Result<Self> {
        match first_word(&item) {
            Some(word) if !begins_a_fn(&word) => {
                Err(Error::new(word.span(), format!("`{attribute}` belongs on {wanted}, and this is none")))
            }
            _ => syn::parse2(item),
        }
    }
}

impl Parse for ItemFn {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let sig: Signature = input.parse()?;
        if input.peek(Token![;]) {
            return Err(Error::new(sig.ident.span(), format!("`{}` has no body to run", sig.ident)));
        }
        let body = input.parse()?;
        Ok(Self { attrs, vis, sig, body })
    }
}

impl ToTokens for ItemFn {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.append_all(&self.attrs);
        self.vis.to_tokens(tokens);
        self.sig.to_tokens(tokens);
        self.body.to_tokens(tokens);
    }
}

/// The word that says what an item is: the first after its attributes and its visibility.
fn first_word(item: &TokenStream) -> Option<proc_macro2::Ident> {
    item.clone().into_iter().find_map(|token| match token {
        TokenTree::Ident(word) if word != "pub" => Some(word),
        _ => None,
    })
}

fn begins_a_fn(word: &proc_macro2::Ident) -> bool {
    ["async", "const", "extern", "fn", "unsafe"].iter().any(|beginning| word == beginning)
}
