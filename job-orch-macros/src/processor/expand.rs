//! The output of `#[processor]`.

use proc_macro2::{Literal, TokenStream};
use quote::quote_spanned;
use syn::Ident;

use super::args::Full;
use super::model::Processor;

/// How the job is served; the job finds it by its type.
///
/// ```text
/// // Input:
/// #[processor(workers = 4, requests = 1024)]
/// async fn store(total: &Total, db: &mut Db) -> Result<RowId, DbError> { … }
///
/// // Output, beside the function:
/// impl Serve for Store {
///     const SERVING: Serving = Serving::DEFAULT.workers(4).requests(1024);
/// }
/// ```
pub(crate) fn serve(processor: &Processor) -> TokenStream {
    if !processor.is_free {
        return TokenStream::new();
    }
    let Processor { krate, ty, requests, responses, .. } = processor;
    let span = ty.span();
    let queue = processor.queue.as_ref().map(|queue| quote_spanned! {span=> .queue(#queue) });
    let numbers = [
        ("workers", processor.workers),
        ("requests", requests.capacity),
        ("request_bytes", requests.bytes),
        ("responses", responses.capacity),
    ];
    let numbers = numbers.into_iter().filter_map(|(word, number)| {
        let (word, number) = (Ident::new(word, span), Literal::u64_unsuffixed(number?));
        Some(quote_spanned! {span=> .#word(#number) })
    });
    let fulls = [("full_requests", requests.full), ("full_responses", responses.full)];
    let fulls = fulls.into_iter().filter_map(|(word, full)| {
        let (word, answer) = (Ident::new(word, span), Ident::new(variant(full?), span));
        Some(quote_spanned! {span=> .#word(#krate::__private::Overflow::#answer) })
    });
    let batch = processor.batch.as_ref().map(|batch| {
        let (max, linger) = (Literal::u64_unsuffixed(batch.max), krate.duration(batch.linger));
        quote_spanned! {span=> .batch(#max, #linger) }
    });
    quote_spanned! {span=>
        #[automatically_derived]
        #[allow(deprecated)]
        impl #krate::Serve for #ty {
            const SERVING: #krate::__private::Serving =
                #krate::__private::Serving::DEFAULT #queue #(#numbers)* #(#fulls)* #batch;
        }
    }
}

fn variant(full: Full) -> &'static str {
    match full {
        Full::Wait => "Wait",
        Full::DropOldest => "DropOldest",
        Full::Refuse => "Refuse",
        Full::Shed => "Shed",
    }
}
