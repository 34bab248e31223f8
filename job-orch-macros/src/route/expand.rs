//! The output of `#[derive(Route)]`.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::model::{Arm, Route};

/// The struct of the arms, and where each variant goes.
///
/// ```text
/// // Input:
/// enum Shape { Circle(Circle), Square(Square) }
///
/// // Output, beside the enum:
/// #[derive(Debug)]
/// struct ShapeArms<'arms, U, F> { circle: Arm<'arms, Circle, U, F>, square: Arm<'arms, Square, U, F> }
/// impl<'arms, U, F> Arms<Shape, U, F> for ShapeArms<'arms, U, F> { … }
/// ```
pub(crate) fn route(route: &Route) -> TokenStream {
    let Route { krate, vis, ty, arms_ty, arms } = route;
    let span = ty.span();
    let doc = format!("Where each variant of [`{ty}`] goes in a flow.");
    let fields = arms.iter().map(|arm| field(route, arm));
    let laid = arms.iter().map(|Arm { variant, field, .. }| {
        let label = variant.to_string();
        quote_spanned! {span=> __routing.arm(#label, self.#field) }
    });
    let ways = (0..arms.len()).map(|index| {
        let index = Literal::usize_unsuffixed(index);
        quote_spanned! {span=> __binding.way(&__arms.#index) }
    });
    let turns = arms.iter().enumerate().map(|(index, arm)| turn(route, index, arm));
    quote_spanned! {span=>
        #[doc = #doc]
        #[derive(::core::fmt::Debug)]
        #vis struct #arms_ty<'__arms, __U, __F> {
            #(#fields)*
        }
        #[automatically_derived]
        impl<'__arms, __U, __F> #krate::flow::Arms<#ty, __U, __F> for #arms_ty<'__arms, __U, __F>
        where
            __U: ::core::marker::Send + 'static,
            __F: ::core::marker::Send + 'static,
        {
            fn lay(self, __routing: &mut #krate::__private::Routing) -> #krate::__private::Lane<#ty, __U> {
                let __arms = (#(#laid,)*);
                #krate::__private::Lane::new(move |__binding| {
                    let __ways = (#(#ways,)*);
                    ::std::boxed::Box::new(move |__here, __value| match __value {
                        #(#turns)*
                    })
                })
            }
        }
    }
}

/// ```text
/// // Output:
/// /// Where a `Circle` goes: `arm(|circle| …)`.
/// circle: Arm<'arms, Circle, U, F>,
/// ```
fn field(route: &Route, arm: &Arm) -> TokenStream {
    let Arm { variant, field, .. } = arm;
    let (vis, span, krate) = (&route.vis, arm.span(), route.krate.at(arm.span()));
    let (doc, holds) = (format!("Where a `{variant}` goes: `arm(|{field}| …)`."), holds(arm));
    quote_spanned! {span=>
        #[doc = #doc]
        #vis #field: #krate::flow::Arm<'__arms, #holds, __U, __F>,
    }
}

/// What the arm's wire carries: nothing, the value, or several as a tuple.
fn holds(arm: &Arm) -> TokenStream {
    let holds = &arm.holds;
    match holds.as_slice() {
        [one] => quote! { #one },
        _ => quote! { (#(#holds),*) },
    }
}

/// ```text
/// // Output:
/// Shape::Circle(value_0) => here.go(&ways.0, value_0),
/// ```
fn turn(route: &Route, index: usize, arm: &Arm) -> TokenStream {
    let (ty, variant, span) = (&route.ty, &arm.variant, arm.span());
    let index = Literal::usize_unsuffixed(index);
    let values: Vec<_> = (0..arm.holds.len()).map(|at| format_ident!("__value_{at}", span = span)).collect();
    let pattern = if arm.is_tuple {
        quote_spanned! {span=> (#(#values),*) }
    } else {
        TokenStream::new()
    };
    let value = match values.as_slice() {
        [one] => quote! { #one },
        _ => quote_spanned! {span=> (#(#values),*) },
    };
    quote_spanned! {span=> #ty::#variant #pattern => __here.go(&__ways.#index, #value), }
}
