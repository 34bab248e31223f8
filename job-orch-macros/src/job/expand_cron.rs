//! The output of `#[job(cron = "…")]`.

use proc_macro2::{Literal, TokenStream};
use quote::quote_spanned;

use super::args::{Missed, Overlap};
use super::model::Job;
use super::schedule::Cron;

/// ```text
/// // Output:
/// const CRON: Option<Cron<Tick>> =
///     Some(cron::<Tick>("0 3 * * *", Fields::new([1, 1, 8, …], false, false)).tz("Europe/Berlin"));
/// ```
pub(super) fn inside(job: &Job, cron: &Cron) -> TokenStream {
    let (krate, span, request) = (&job.krate, job.ty.span(), &job.call.request.ty);
    let Cron { schedule, zone, missed, overlap } = cron;
    let text = &schedule.text;
    let sets = schedule.sets.iter().map(|set| Literal::u64_unsuffixed(*set));
    let (either_day, by_interval) = (schedule.either_day, schedule.by_interval);
    let zone = zone.as_ref().map(|zone| quote_spanned! {span=> .tz(#zone) });
    let missed = missed.map(|missed| {
        let missed = match missed {
            Missed::Skip => quote_spanned! {span=> Skip },
            Missed::Once => quote_spanned! {span=> Once },
            Missed::All => quote_spanned! {span=> All },
        };
        quote_spanned! {span=> .missed(#krate::__private::Missed::#missed) }
    });
    let overlap = overlap.map(|overlap| {
        let overlap = match overlap {
            Overlap::Allow => quote_spanned! {span=> Allow },
            Overlap::Skip => quote_spanned! {span=> Skip },
        };
        quote_spanned! {span=> .overlap(#krate::__private::Overlap::#overlap) }
    });
    quote_spanned! {span=>
        const CRON: ::core::option::Option<#krate::__private::Cron<Self::Request>> = ::core::option::Option::Some(
            #krate::__private::cron::<#request>(
                #text,
                #krate::__private::Fields::new([#(#sets),*], #either_day, #by_interval),
            )
            #zone #missed #overlap
        );
    }
}
