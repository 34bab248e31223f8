//! The output of `#[derive(Resources)]`.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Path;

use super::model::{Given, Resources};
use crate::names::written;
use crate::signature::ends;

/// A provider: of its fields, and of the jobs that it hosts.
///
/// ```text
/// // Input:
/// #[hosts(Count, Store)]
/// struct App { db: Db, #[shared] http: Arc<Http> }
///
/// // Output, beside the struct:
/// impl Gives<Db, Here> for App { … }
/// impl Lends<Http, Here> for App { … }
/// impl Hosts<Count> for App {}
/// impl Hosts<Store> for App {}
/// const _: () = { … };
/// impl<E: Engine> Provider<E> for App where Count: TravelsOn<E> + KeptOn<E>, … { … }
/// ```
pub(crate) fn resources(resources: &Resources) -> TokenStream {
    if !resources.is_one_type {
        return TokenStream::new();
    }
    let fields = resources.fields.iter().map(|field| given(resources, field));
    let jobs = resources.jobs.iter().map(|job| hosted(resources, job));
    let (names, provider) = (fresh_names(resources), provider(resources));
    quote! {
        #(#fields)*
        #(#jobs)*
        #names
        #provider
    }
}

/// A field as a resource, at the field's type: a second of that type conflicts there.
///
/// ```text
/// // Output:
/// impl Gives<Db, Here> for App { fn give(&self) -> Db { <EachWorker as Supplies<Db>>::another(&self.db) } }
/// impl Lends<Http, Here> for App { fn lend(&self) -> Arc<Http> { Arc::clone(&self.http) } }
/// ```
fn given(resources: &Resources, field: &Given) -> TokenStream {
    let Given { member, ty, is_shared } = field;
    let (first, last) = ends(&ty.to_token_stream());
    let krate = resources.krate.at(first);
    let mut app = resources.app.clone();
    app.set_span(last);
    let member = quote_spanned! {first=> self.#member };
    if *is_shared {
        quote_spanned! {first=>
            #[automatically_derived]
            impl #krate::__private::Lends<#ty, #krate::__private::Here> for #app {
                fn lend(&self) -> #krate::__private::Arc<#ty> {
                    #krate::__private::Arc::clone(&#member)
                }
            }
        }
    } else {
        quote_spanned! {first=>
            #[automatically_derived]
            impl #krate::__private::Gives<#ty, #krate::__private::Here> for #app {
                fn give(&self) -> #ty {
                    <#krate::__private::EachWorker as #krate::__private::Supplies<#ty>>::another(&#member)
                }
            }
        }
    }
}

/// A job that the struct hosts, at the place where it is named.
///
/// ```text
/// // Output:
/// impl Hosts<Count> for App {}
/// ```
fn hosted(resources: &Resources, job: &Path) -> TokenStream {
    let (first, last) = ends(&job.to_token_stream());
    let krate = resources.krate.at(first);
    let mut app = resources.app.clone();
    app.set_span(last);
    quote_spanned! {first=>
        #[automatically_derived]
        impl #krate::__private::Hosts<#job> for #app {}
    }
}

/// No two jobs share a wire name. The first cannot be a second.
///
/// ```text
/// // Output:
/// const _: () = {
///     const NAMES: &[u64] = &[name_hash(<Count as Run>::NAME), name_hash(<Store as Run>::NAME)];
///     const _: () = assert!(is_fresh(NAMES, 1), "the wire name of `Store` is taken: …");
/// };
/// ```
fn fresh_names(resources: &Resources) -> TokenStream {
    let (krate, jobs) = (&resources.krate, &resources.jobs);
    let checks = jobs.iter().enumerate().skip(1).map(|(index, job)| {
        let (first, last) = ends(&job.to_token_stream());
        let (krate, index) = (krate.at(first), Literal::usize_unsuffixed(index));
        let path = quote_spanned! {first=> ::core::assert! };
        let check = quote! { #krate::__private::is_fresh(__JOB_ORCH_NAMES, #index) };
        let text = format!("the wire name of `{}` is taken: give it another by `#[job(name = \"…\")]`", written(job));
        let group = quote_spanned! {last=> (#check, #text) };
        quote_spanned! {first=> const _: () = #path #group; }
    });
    if jobs.len() < 2 {
        return TokenStream::new();
    }
    quote! {
        const _: () = {
            const __JOB_ORCH_NAMES: &[u64] = &[#(#krate::__private::name_hash(<#jobs as #krate::Run>::NAME)),*];
            #(#checks)*
        };
    }
}

/// ```text
/// // Output:
/// impl<E: Engine> Provider<E> for App where Count: TravelsOn<E> + KeptOn<E> {
///     fn host_all(assembly: Assembly<E, App>) -> Assembly<E, App> { assembly.host(Count) }
/// }
/// ```
fn provider(resources: &Resources) -> TokenStream {
    let Resources { krate, app, jobs, .. } = resources;
    let span = app.span();
    // Here the compiler asks whether the struct has what each job takes, so each call stands where the job is named.
    let calls = jobs.iter().map(|job| {
        let first = ends(&job.to_token_stream()).0;
        quote_spanned! {first=> .host(#job) }
    });
    let bounds = jobs.iter().map(|job| {
        let first = ends(&job.to_token_stream()).0;
        let krate = krate.at(first);
        quote_spanned! {first=> #job: #krate::engine::TravelsOn<__E> + #krate::engine::KeptOn<__E> }
    });
    quote_spanned! {span=>
        #[automatically_derived]
        impl<__E: #krate::engine::Engine> #krate::__private::Provider<__E> for #app
        where
            #(#bounds,)*
        {
            fn host_all(
                __assembly: #krate::__private::Assembly<__E, Self>,
            ) -> #krate::__private::Assembly<__E, Self> {
                __assembly #(#calls)*
            }
        }
    }
}
