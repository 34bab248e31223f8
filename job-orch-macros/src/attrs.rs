//! Which of the function's attributes also go to the items made from it, and which lints its shape is not to blame for.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Meta};

/// Attributes for generated items.
#[derive(Default)]
pub(crate) struct Inherited {
    /// The user's `allow` and `expect`, as `allow`: an `expect` that nothing fulfils would warn.
    pub(crate) allows: Vec<TokenStream>,
    /// The user's `deprecated`: to name the job is to use the function.
    pub(crate) deprecated: Option<Attribute>,
}

impl Inherited {
    /// Sorts the attributes of a function.
    pub(crate) fn of(attrs: &[Attribute]) -> Self {
        let mut inherited = Self::default();
        for attr in attrs {
            match &attr.meta {
                Meta::List(list) if attr.path().is_ident("allow") || attr.path().is_ident("expect") => {
                    let lints = &list.tokens;
                    inherited.allows.push(quote! { #[allow(#lints)] });
                }
                _ if attr.path().is_ident("deprecated") => inherited.deprecated = Some(attr.clone()),
                _ => {}
            }
        }
        inherited
    }
}

/// The attributes of the job type.
impl ToTokens for Inherited {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.allows.iter().cloned());
        self.deprecated.to_tokens(tokens);
    }
}

/// Lints against signatures that a job must have: `async` without an `.await`, `&PathBuf` for `&Path`, `&u64` for
/// `u64`, a `&mut` that says "one per worker", one parameter for each resource.
pub(crate) fn shape_is_given() -> TokenStream {
    quote! {
        #[allow(
            clippy::borrowed_box,
            clippy::needless_pass_by_ref_mut,
            clippy::ptr_arg,
            clippy::ref_option,
            clippy::too_many_arguments,
            clippy::trivially_copy_pass_by_ref,
            clippy::unused_async
        )]
    }
}

/// Takes `#[word]` off: an attribute that only the macro reads.
pub(crate) fn take_off(attrs: &mut Vec<Attribute>, word: &str) {
    attrs.retain(|attr| !attr.path().is_ident(word));
}
