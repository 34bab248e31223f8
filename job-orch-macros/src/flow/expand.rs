//! The output of `#[flow]`: the function, its job type, and the block that joins them.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use syn::Signature;
use syn::spanned::Spanned;

use super::model::{Flow, Wires};
use crate::item_fn::ItemFn;
use crate::job::expand::{Beside, impls, job_type};
use crate::names;
use crate::paths::Krate;

/// ```text
/// // Input:
/// fn stats(dirs: Wire<PathBuf, StatsError>) -> Wire<Report, StatsError> { … }
///
/// // Output:
/// fn stats(dirs: Wire<PathBuf, StatsError>) -> Wire<Report, StatsError> { … }
/// struct Stats;
/// const _: () = { impl Run for Stats { … } impl Job for Stats { … } impl Wired for Stats { … } };
/// ```
pub(crate) fn flow(flow: &Flow, func: &ItemFn) -> TokenStream {
    if !flow.job.is_free {
        return quote! { #func };
    }
    let ty = job_type(&flow.job, func);
    let run = quote::format_ident!("__job_orch_run", span = flow.job.ty.span());
    let impls = impls(&flow.job, &run, &Beside { in_job: prepare(flow), in_block: wired(flow, func) });
    // The function comes first: an editor goes to the first item with the name's span.
    quote! { #func #ty #impls }
}

/// ```text
/// // Output, in `impl Job`:
/// fn prepare(workers: &mut [HostedFlow<Stats>], wiring: &Wiring<'_>) -> Result<Vec<TypeId>, Unwired> {
///     HostedFlow::bind(workers, wiring)
/// }
/// ```
fn prepare(flow: &Flow) -> TokenStream {
    let (krate, span) = (&flow.job.krate, flow.job.ty.span());
    quote_spanned! {span=>
        fn prepare(
            __workers: &mut [Self::Resources],
            __wiring: &#krate::__private::Wiring<'_>,
        ) -> ::core::result::Result<::std::vec::Vec<#krate::__private::TypeId>, #krate::__private::Unwired> {
            #krate::__private::HostedFlow::bind(__workers, __wiring)
        }
    }
}

/// ```text
/// // Output:
/// impl Wired for Stats {
///     type Fails = StatsError;
///     fn define() -> Result<Flow<…>, InvalidFlow> { Flow::define("stats", stats) }
/// }
/// async fn __job_orch_run(request: &PathBuf, flow: &mut HostedFlow<Stats>, context: &Context) -> Result<…> {
///     flow.run(request, context).await
/// }
/// ```
fn wired(flow: &Flow, func: &ItemFn) -> TokenStream {
    let (krate, ty, name) = (&flow.job.krate, &flow.job.ty, &func.sig.ident);
    let (span, request, returns) = (ty.span(), &flow.job.call.request.ty, &flow.job.call.returns);
    let wire = flow.job.flow.as_ref().map(|hosted| &hosted.wires.wire);
    quote_spanned! {span=>
        #[automatically_derived]
        #[allow(deprecated)]
        impl #krate::__private::Wired for #ty {
            type Fails = <#wire as #krate::__private::WireOf>::Fails;
            fn define() -> ::core::result::Result<
                #krate::__private::Flow<Self::Request, Self::Response, Self::Fails>,
                #krate::__private::InvalidFlow,
            > {
                #krate::__private::Flow::define(<Self as #krate::Run>::NAME, #name)
            }
        }
        async fn __job_orch_run(
            __request: &#request,
            __flow: &mut #krate::__private::HostedFlow<#ty>,
            __context: &#krate::__private::Context,
        ) -> #returns {
            __flow.run(__request, __context).await
        }
    }
}

/// The function that is the job's: it runs the flow that the worker owns.
///
/// ```text
/// // Output:
/// async fn stats(
///     request: &<Wire<PathBuf, StatsError> as WireOf>::Value,
///     flow: &mut HostedFlow<Stats>,
///     #[context] context: &Context,
/// ) -> Result<<Wire<Report, StatsError> as WireOf>::Value, FlowError<<Wire<PathBuf, StatsError> as WireOf>::Fails>>
/// ```
pub(crate) fn run(krate: &Krate, sig: &Signature, wires: &Wires) -> TokenStream {
    let Wires { wire, out } = wires;
    let (name, ty) = (&sig.ident, names::job_type(&sig.ident));
    let (at_wire, at_out) = (krate.at(wire.span()), krate.at(out.span()));
    let value = quote_spanned! {wire.span()=> <#wire as #at_wire::__private::WireOf>::Value };
    let fails = quote_spanned! {wire.span()=> <#wire as #at_wire::__private::WireOf>::Fails };
    let output = quote_spanned! {out.span()=> <#out as #at_out::__private::WireOf>::Value };
    quote_spanned! {name.span()=>
        async fn #name(
            __request: &#value,
            __flow: &mut #krate::__private::HostedFlow<#ty>,
            #[context] __context: &#krate::__private::Context,
        ) -> ::core::result::Result<#output, #krate::__private::FlowError<#fails>> {}
    }
}
