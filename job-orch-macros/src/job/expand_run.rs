//! The output of `#[job]` that runs the function: `impl Run`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Ident;

use super::args::{Backoff, Growth};
use super::expand::several;
use super::model::{Job, Retry};
use super::{expand_cache, expand_cron, expand_unique};
use crate::signature::{By, Resource, Role, ends};

/// How the returned type answers whether it is a `Result`; of a batch job, each outcome in it.
///
/// ```text
/// // Output:
/// type One = io::Result<Counts>;
/// const A_RESULT: bool = Returns::<One>::A_RESULT;
/// type Shaped = Shape<A_RESULT>;
/// ```
pub(super) fn shape(job: &Job) -> TokenStream {
    let Job { krate, call, .. } = job;
    let (span, returned) = (job.ty.span(), &call.returns);
    let one = if call.is_batch() {
        one_of_many(job)
    } else {
        quote_spanned! {span=> type __JobOrchOne = #returned; }
    };
    quote_spanned! {span=>
        #one
        const __JOB_ORCH_A_RESULT: bool = #krate::__private::Returns::<__JobOrchOne>::A_RESULT;
        type __JobOrchShape = #krate::__private::Shape<__JOB_ORCH_A_RESULT>;
    }
}

/// ```text
/// // Output:
/// const _: () = batch_of_outcomes::<Vec<io::Result<Counts>>>();
/// const A_VEC: bool = Many::<Vec<io::Result<Counts>>>::A_VEC;
/// type Taken = Answers<A_VEC>;
/// type One = <Taken as One<Vec<io::Result<Counts>>>>::Outcome;
/// ```
fn one_of_many(job: &Job) -> TokenStream {
    let Job { krate, call, .. } = job;
    let (span, returned) = (job.ty.span(), &call.returns);
    quote_spanned! {span=>
        #[allow(unused_imports)]
        use #krate::__private::Single as _;
        const _: () = #krate::__private::batch_of_outcomes::<#returned>();
        const __JOB_ORCH_A_VEC: bool = #krate::__private::Many::<#returned>::A_VEC;
        type __JobOrchAnswers = #krate::__private::Answers<__JOB_ORCH_A_VEC>;
        type __JobOrchOne = <__JobOrchAnswers as #krate::__private::One<#returned>>::Outcome;
    }
}

/// ```text
/// // Output:
/// impl Run for Count {
///     const NAME: &'static str = "count";
///     …
///     type Request = PathBuf;
///     type Response = <Settled as Outcome<io::Result<Counts>>>::Response;
///     type Resources = Db;
///     type Error = <Settled as Outcome<io::Result<Counts>>>::Error;
///     fn run(request: &PathBuf, resources: &mut Db) -> impl Future<…> + Send { … }
/// }
/// ```
pub(super) fn run(job: &Job, function: &Ident) -> TokenStream {
    let Job { krate, ty, wire_name, call, .. } = job;
    let (span, request) = (ty.span(), &call.request.ty);
    let (response, error) = (settled(job, "Response"), settled(job, "Error"));
    let resources = several(call.resources.iter().map(|resource| owned(job, resource)));
    let (settings, runs) = (settings(job), runs(job, function));
    let (serving, cache) = (serving(job), job.cache.as_ref().map(|cache| expand_cache::inside(job, cache)));
    let unique = job.unique.as_ref().map(|unique| expand_unique::inside(job, unique));
    let cron = job.cron.as_ref().map(|cron| expand_cron::inside(job, cron));
    quote_spanned! {span=>
        impl #krate::Run for #ty {
            const NAME: &'static str = #wire_name;
            const SETTINGS: #krate::__private::Settings = #settings;
            const SERVING: #krate::__private::Serving = #serving;
            type Request = #request;
            type Response = #response;
            type Resources = #resources;
            type Error = #error;
            #runs
            #cache
            #unique
            #cron
        }
    }
}

/// A type that follows from what the function returns, reported where the function says so.
pub(super) fn settled(job: &Job, name: &str) -> TokenStream {
    let (first, last) = ends(&job.call.returns);
    let (krate, name) = (job.krate.at(first), Ident::new(name, last));
    let path = quote_spanned! {first=> <__JobOrchShape as #krate::__private::Outcome<__JobOrchOne>> };
    quote! { #path::#name }
}

/// What a worker owns of a resource, reported at the resource's type.
fn owned(job: &Job, resource: &Resource) -> TokenStream {
    let ty = &resource.ty;
    if resource.is_mine {
        return quote! { #ty };
    }
    let (first, last) = ends(&ty.to_token_stream());
    let krate = job.krate.at(first);
    let open = quote_spanned! {first=> #krate::__private::Arc< };
    let close = quote_spanned! {last=> > };
    quote! { #open #ty #close }
}

/// `Served::<Count>::SERVING`, which asks whether `#[processor]` stands there; of a flow, `Serving::DEFAULT.workers(64)`.
fn serving(job: &Job) -> TokenStream {
    let (krate, ty, span) = (&job.krate, &job.ty, job.ty.span());
    match &job.flow {
        None => quote_spanned! {span=> #krate::__private::Served::<#ty>::SERVING },
        Some(flow) => {
            let workers = proc_macro2::Literal::u64_unsuffixed(flow.at_once);
            quote_spanned! {span=> #krate::__private::Serving::DEFAULT.workers(#workers) }
        }
    }
}

/// `Settings::DEFAULT.version(2).retry(…)`.
fn settings(job: &Job) -> TokenStream {
    let Job { krate, settings, .. } = job;
    let (span, fingerprint) = (job.ty.span(), job.fingerprint);
    let version = settings.version.map(|version| quote_spanned! {span=> .version(#version) });
    let retry = settings.retry.as_ref().map(|policy| {
        let retry = retry(job, policy);
        quote_spanned! {span=> .retry(#retry) }
    });
    let timeout = settings.timeout.map(|timeout| {
        let timeout = krate.duration(timeout);
        quote_spanned! {span=> .timeout(#timeout) }
    });
    let batch = job.call.is_batch().then(|| quote_spanned! {span=> .batch() });
    quote_spanned! {span=>
        #krate::__private::Settings::DEFAULT.fingerprint(#fingerprint) #version #retry #timeout #batch
    }
}

/// `Retry::times(3).exponential(…).at_most(…).jitter(0.1)`.
fn retry(job: &Job, policy: &Retry) -> TokenStream {
    let (krate, span) = (&job.krate, job.ty.span());
    let max = proc_macro2::Literal::u64_unsuffixed(policy.max);
    let backoff = policy.backoff.map(|backoff| backed_off(job, backoff));
    let jitter = policy.jitter.map(|jitter| quote_spanned! {span=> .jitter(#jitter) });
    quote_spanned! {span=> #krate::__private::Retry::times(#max) #backoff #jitter }
}

fn backed_off(job: &Job, backoff: Backoff) -> TokenStream {
    let (krate, span) = (&job.krate, job.ty.span());
    let growth = match backoff.growth {
        Growth::Constant => "constant",
        Growth::Linear => "linear",
        Growth::Exponential => "exponential",
        Growth::Polynomial => "polynomial",
    };
    let (growth, base) = (Ident::new(growth, span), krate.duration(backoff.base));
    let cap = backoff.cap.map(|cap| {
        let cap = krate.duration(cap);
        quote_spanned! {span=> .at_most(#cap) }
    });
    quote_spanned! {span=> .#growth(#base) #cap }
}

/// The functions that call the user's.
fn runs(job: &Job, function: &Ident) -> TokenStream {
    let (krate, span) = (&job.krate, job.ty.span());
    if !job.is_callable {
        return one(job, "run", None, &quote_spanned! {span=> ::core::future::pending() });
    }
    if job.call.is_batch() {
        return batch(job, function);
    }
    let call = call(job, function, &quote_spanned! {span=> __request });
    let settle = quote_spanned! {span=>
        <__JobOrchShape as #krate::__private::Outcome<__JobOrchOne>>::settle(#call)
    };
    let taken = taken(&job.call.resources, span);
    let settle = quote_spanned! {span=> #taken #settle };
    if !job.call.has_context() {
        return one(job, "run", None, &settle);
    }
    let context = quote_spanned! {span=> __context: &#krate::Context };
    let run_in = one(job, "run_in", Some(&context), &settle);
    // Outside a worker nobody knows an id or an attempt.
    let detached = quote_spanned! {span=>
        async move {
            let __context = #krate::Context::detached();
            Self::run_in(__request, __resources, &__context).await
        }
    };
    let run = one(job, "run", None, &detached);
    quote! { #run #run_in }
}

/// ```text
/// // Output:
/// fn run(request: &Self::Request, resources: &mut Self::Resources)
///     -> impl Future<Output = Result<Self::Response, Self::Error>> + Send { … }
/// ```
/// It is no `async fn`: a function that is not `Send` would then be reported twice, and once about our own words.
fn one(job: &Job, name: &str, context: Option<&TokenStream>, body: &TokenStream) -> TokenStream {
    let span = job.ty.span();
    let name = Ident::new(name, span);
    quote_spanned! {span=>
        fn #name(
            __request: &Self::Request,
            __resources: &mut Self::Resources,
            #context
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<Self::Response, Self::Error>
        > + ::core::marker::Send {
            #body
        }
    }
}

/// ```text
/// // Output:
/// fn run(…) -> … { settle_first(Self::run_batch(slice::from_ref(request), resources)) }
/// fn run_batch(…) -> … { settle_all::<Taken, Shaped, _, _, _, _>(count(requests, resources)) }
/// ```
fn batch(job: &Job, function: &Ident) -> TokenStream {
    let (krate, span) = (&job.krate, job.ty.span());
    let taken = taken(&job.call.resources, span);
    let first = quote_spanned! {span=>
        #krate::__private::settle_first(Self::run_batch(::core::slice::from_ref(__request), __resources))
    };
    let run = one(job, "run", None, &first);
    let all = call(job, function, &quote_spanned! {span=> __requests });
    quote_spanned! {span=>
        #run
        fn run_batch(
            __requests: &[Self::Request],
            __resources: &mut Self::Resources,
        ) -> impl ::core::future::Future<
            Output = ::std::vec::Vec<::core::result::Result<Self::Response, Self::Error>>
        > + ::core::marker::Send {
            #taken
            #krate::__private::settle_all::<__JobOrchAnswers, __JobOrchShape, _, _, _, _>(#all)
        }
    }
}

/// `count(request, resource_0, &**resource_1, context)`, in the order of the function's parameters.
fn call(job: &Job, function: &Ident, request: &TokenStream) -> TokenStream {
    let span = job.ty.span();
    let arguments = job.call.roles.iter().map(|role| match role {
        Role::Request if job.call.request.by == By::Value => cloned(job, request),
        Role::Request => request.clone(),
        Role::Resource(index) => lent(&job.call.resources, *index, span),
        Role::Context => quote_spanned! {span=> __context },
    });
    quote_spanned! {span=> #function(#(#arguments),*) }
}

/// A request that the function takes by value, asked of the user's type so that it is named if it cannot be cloned.
fn cloned(job: &Job, request: &TokenStream) -> TokenStream {
    let ty = &job.call.request.ty;
    let (first, last) = ends(ty);
    let krate = job.krate.at(first);
    let path = quote_spanned! {first=> <#krate::__private::ByValue as #krate::__private::Clones<#ty>> };
    let by_value = quote_spanned! {last=> by_value };
    quote! { #path::#by_value(#request) }
}

/// Several resources come as a tuple and go one by one.
pub(super) fn taken(resources: &[Resource], span: Span) -> TokenStream {
    if resources.len() < 2 {
        return TokenStream::new();
    }
    let names = (0..resources.len()).map(|index| name(index, span));
    quote_spanned! {span=> let (#(#names),*) = __resources; }
}

fn name(index: usize, span: Span) -> Ident {
    format_ident!("__resource_{index}", span = span)
}

/// A resource as the function takes it. A shared one is an `Arc` behind the worker's `&mut`.
pub(super) fn lent(resources: &[Resource], index: usize, span: Span) -> TokenStream {
    let name = if resources.len() == 1 { Ident::new("__resources", span) } else { name(index, span) };
    if resources.get(index).is_some_and(|resource| resource.is_mine) {
        quote_spanned! {span=> #name }
    } else {
        quote_spanned! {span=> &**#name }
    }
}
