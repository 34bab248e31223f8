//! What a job's signature says: which parameter is the request, which are resources, and what may not stand there.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, PatType, ReturnType, Type, TypeReference};

use crate::borrowed;
use crate::errors::Errors;
use crate::item_fn::ItemFn;
use crate::names::written;

/// As many as [`Wants`] is implemented for: see `resources.rs` of the runtime.
const MOST_RESOURCES: usize = 8;

/// The parameters and the result of a job.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) request: Request,
    pub(crate) resources: Vec<Resource>,
    /// What stands at each place of the parameter list.
    pub(crate) roles: Vec<Role>,
    /// What the function returns; `()` if it says nothing.
    pub(crate) returns: TokenStream,
}

/// The type of one request, and how the function takes it.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) ty: TokenStream,
    pub(crate) by: By,
}

/// How the function takes its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// `&T`.
    Reference,
    /// `T`.
    Value,
    /// `&[T]`: a batch job.
    Slice,
    /// Not at all.
    Nothing,
}

/// A resource that the job uses.
#[derive(Clone)]
pub(crate) struct Resource {
    pub(crate) ty: Type,
    /// `&mut R`, one per worker; else `&R`, one for all.
    pub(crate) is_mine: bool,
}

/// What a parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Request,
    /// The resource of this index.
    Resource(usize),
    Context,
}

impl Call {
    /// Whether the job takes many requests at once.
    pub(crate) fn is_batch(&self) -> bool {
        self.request.by == By::Slice
    }

    /// Whether the job asks who it is.
    pub(crate) fn has_context(&self) -> bool {
        self.roles.contains(&Role::Context)
    }

    /// A call without anything: what stands in for a signature that cannot be understood.
    pub(crate) fn nothing(span: Span) -> Self {
        let unit = quote_spanned! {span=> () };
        let request = Request { ty: unit.clone(), by: By::Nothing };
        Self { request, resources: Vec::new(), roles: Vec::new(), returns: unit }
    }

    /// Reads the signature of `func`. A mistake in one parameter does not hide one in another.
    pub(crate) fn read(func: &ItemFn, errors: &mut Errors) -> Self {
        let mut call = Self::nothing(func.sig.ident.span());
        for input in &func.sig.inputs {
            // A receiver is refused by the rules of the model.
            if let FnArg::Typed(parameter) = input {
                let role = call.role(parameter, errors);
                call.roles.push(role);
            }
        }
        if let ReturnType::Type(_, ty) = &func.sig.output {
            borrowed::refuse(ty, "a response outlives the run that made it", errors);
            call.returns = ty.to_token_stream();
        }
        call
    }

    fn role(&mut self, parameter: &PatType, errors: &mut Errors) -> Role {
        // Unlike one on the function, it is not resolved yet: nobody knows here whether there is such a parameter.
        if let Some(cfg) = parameter.attrs.iter().find(|attr| attr.path().is_ident("cfg")) {
            errors.on(cfg, "a job has the same parameters in every build: write `#[cfg]` above the function");
        }
        if parameter.attrs.iter().any(|attr| attr.path().is_ident("context")) {
            if self.has_context() {
                errors.on(&parameter.ty, "`#[context]` is written twice: a run has one context");
            }
            if !matches!(reference(&parameter.ty), Some(TypeReference { mutability: None, .. })) {
                errors.on(&parameter.ty, "`#[context]` marks a borrowed context: write `&Context`");
            }
            return Role::Context;
        }
        if self.roles.contains(&Role::Request) {
            self.resources.extend(resource(&parameter.ty, errors));
            self.refuse_too_many(&parameter.ty, errors);
            return Role::Resource(self.resources.len().saturating_sub(1));
        }
        self.request = request(&parameter.ty, errors);
        Role::Request
    }

    fn refuse_too_many(&self, ty: &Type, errors: &mut Errors) {
        if self.resources.len() == MOST_RESOURCES + 1 {
            errors.on(ty, format!("a job takes up to {MOST_RESOURCES} resources: put several into one struct"));
        }
    }
}

/// Whether the first parameter is `&[T]`, which is all that `#[processor]` asks.
pub(crate) fn is_batch(func: &ItemFn) -> bool {
    let first = func.sig.inputs.iter().find_map(|input| match input {
        FnArg::Typed(parameter) => Some(&*parameter.ty),
        FnArg::Receiver(_) => None,
    });
    first.and_then(reference).is_some_and(|reference| matches!(bare(&reference.elem), Type::Slice(_)))
}

/// The request is the first parameter that is not the context.
fn request(ty: &Type, errors: &mut Errors) -> Request {
    const OUTLIVES: &str = "a request outlives its sender";
    let (elem, by) = match reference(ty) {
        None => (ty, By::Value),
        Some(reference) => {
            refuse_lifetime(reference, errors);
            if reference.mutability.is_some() {
                let elem = written(&reference.elem);
                let text = format!(
                    "the first parameter is the request, which every attempt shares: write `&{elem}`, or `_: &()` \
                     before it if it is a resource and the job needs no request"
                );
                errors.on(ty, text);
            }
            match bare(&reference.elem) {
                Type::Slice(slice) => (&*slice.elem, By::Slice),
                _ => (&*reference.elem, By::Reference),
            }
        }
    };
    refuse_unsized(elem, "a request", errors);
    borrowed::refuse(elem, OUTLIVES, errors);
    Request { ty: elem.to_token_stream(), by }
}

/// Every other parameter is a resource.
fn resource(ty: &Type, errors: &mut Errors) -> Option<Resource> {
    let Some(reference) = reference(ty) else {
        let written = written(ty);
        let text = format!(
            "only the first parameter is the request: put `{written}` into it, or take it as a resource, by `&mut` if \
             each worker has its own and by `&` if all share one"
        );
        errors.on(ty, text);
        return None;
    };
    refuse_lifetime(reference, errors);
    refuse_unsized(&reference.elem, "a resource", errors);
    borrowed::refuse(&reference.elem, "a resource outlives every run", errors);
    Some(Resource { ty: (*reference.elem).clone(), is_mine: reference.mutability.is_some() })
}

fn refuse_lifetime(reference: &TypeReference, errors: &mut Errors) {
    if let Some(lifetime) = reference.lifetime.as_ref().filter(|lifetime| lifetime.ident == "static") {
        errors.on(lifetime, "a job borrows for one run only: leave `'static` out");
    }
}

fn refuse_unsized(ty: &Type, what: &str, errors: &mut Errors) {
    let instead = match bare(ty) {
        Type::Path(path) if path.path.is_ident("str") => "`&String`",
        Type::Slice(_) => "a `&Vec<…>`",
        Type::TraitObject(_) => "a `&Box<dyn …>`, or a type of your own",
        _ => return,
    };
    errors.on(ty, format!("{what} has a known size, and `{}` has not: write {instead}", written(ty)));
}

/// `ty` as a reference.
fn reference(ty: &Type) -> Option<&TypeReference> {
    match bare(ty) {
        Type::Reference(reference) => Some(reference),
        _ => None,
    }
}

/// `ty` without the groups that a `macro_rules` puts around what it matched.
fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        _ => ty,
    }
}

/// The spans of the first and the last token: an item between them is reported as if it were `tokens`.
pub(crate) fn ends(tokens: &TokenStream) -> (Span, Span) {
    let first = tokens.span();
    let last = tokens.clone().into_iter().last().map_or(first, |token| match token {
        TokenTree::Group(group) => group.span_close(),
        token => token.span(),
    });
    (first, last)
}
