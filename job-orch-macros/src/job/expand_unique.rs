//! The output of `#[job(unique(key = …))]`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote_spanned};

use super::args::Key;
use super::model::Job;
use super::unique::Unique;
use crate::signature::ends;

/// For how long a request has its key.
pub(super) fn keys(job: &Job) -> TokenStream {
    let (krate, span) = (&job.krate, job.ty.span());
    match &job.unique {
        None => quote_spanned! {span=> #krate::__private::Unkeyed },
        Some(unique) if unique.outlives_the_request() => quote_spanned! {span=> #krate::__private::KeyedFor },
        Some(_) => quote_spanned! {span=> #krate::__private::Keyed },
    }
}

/// ```text
/// // Output:
/// const UNIQUE: Option<Unique<PathBuf>> =
///     Some(Unique::by(|request: &PathBuf| key_text(&keys::of_path(request))).within(…));
/// ```
pub(super) fn inside(job: &Job, unique: &Unique) -> TokenStream {
    let (krate, span, request) = (&job.krate, job.ty.span(), &job.call.request.ty);
    let key = match &unique.key {
        Key::Same(text) => {
            let text = text.value();
            quote_spanned! {span=> |_: &#request| ::std::string::String::from(#text) }
        }
        Key::Of(function) => {
            let at = ends(&function.to_token_stream()).1;
            let named = krate.at(at);
            let key = quote_spanned! {at=> &#function(__request) };
            let text = quote_spanned! {at=> #named::__private::key_text(#key) };
            quote_spanned! {span=> |__request: &#request| #text }
        }
    };
    let within = unique.within.map(|window| {
        let window = krate.duration(window);
        quote_spanned! {span=> .within(#window) }
    });
    let while_waiting = unique.while_waiting.then(|| quote_spanned! {span=> .while_waiting() });
    let even_dead = unique.even_dead.then(|| quote_spanned! {span=> .even_dead() });
    quote_spanned! {span=>
        const UNIQUE: ::core::option::Option<#krate::__private::Unique<Self::Request>> = ::core::option::Option::Some(
            #krate::__private::Unique::by(#key) #within #while_waiting #even_dead
        );
    }
}
