//! What `#[derive(Route)]` means: the rules, and the arms that keep them.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Attribute, Fields, Ident, ItemEnum, Path, Token, Type, Visibility};

use crate::errors::Errors;
use crate::names;
use crate::paths::Krate;

/// An enum whose values are routed by their variant, as the output needs it.
pub(crate) struct Route {
    pub(crate) krate: Krate,
    pub(crate) vis: Visibility,
    pub(crate) ty: Ident,
    /// The struct of the arms.
    pub(crate) arms_ty: Ident,
    pub(crate) arms: Vec<Arm>,
}

/// One variant.
pub(crate) struct Arm {
    pub(crate) variant: Ident,
    /// The field of the struct of the arms.
    pub(crate) field: Ident,
    /// What the variant holds: nothing, a value, several.
    pub(crate) holds: Vec<Type>,
    /// Whether it is written with parentheses.
    pub(crate) is_tuple: bool,
}

impl Route {
    /// Judges the enum. What is wrong goes to `errors`.
    pub(crate) fn build(item: &ItemEnum, errors: &mut Errors) -> Self {
        if !item.generics.params.is_empty() {
            errors.on(&item.generics.params, "a route is one type: write the types these parameters stand for");
        }
        if item.variants.is_empty() {
            errors.at(item.ident.span(), "an enum without variants has no value to route: add a variant");
        }
        let krate = krate(&item.attrs, errors);
        let arms = item.variants.iter().filter_map(|variant| {
            if let Fields::Named(fields) = &variant.fields {
                let name = &variant.ident;
                errors.at(
                    fields.span(),
                    format!("a wire carries one value: put these into a struct, and write `{name}(…)` with it"),
                );
                return None;
            }
            Some(Arm {
                variant: variant.ident.clone(),
                field: names::field(&variant.ident),
                holds: variant.fields.iter().map(|field| field.ty.clone()).collect(),
                is_tuple: matches!(variant.fields, Fields::Unnamed(_)),
            })
        });
        Self {
            arms: arms.collect(),
            krate: Krate::new(krate.as_ref(), item.ident.span()),
            vis: item.vis.clone(),
            arms_ty: quote::format_ident!("{}Arms", item.ident, span = item.ident.span()),
            ty: item.ident.clone(),
        }
    }
}

/// The path in `#[route(crate = path)]`.
fn krate(attrs: &[Attribute], errors: &mut Errors) -> Option<Path> {
    let mut path = None;
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("route")) {
        let parsed = attr.parse_nested_meta(|meta| {
            if !meta.path.is_ident("crate") {
                return Err(meta.error("`#[route(…)]` takes `crate = path` only"));
            }
            meta.input.parse::<Token![=]>()?;
            path = Some(meta.input.parse::<Path>()?);
            Ok(())
        });
        errors.keep(parsed);
    }
    path
}

impl Arm {
    pub(crate) fn span(&self) -> Span {
        self.variant.span()
    }
}
