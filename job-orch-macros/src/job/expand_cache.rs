//! The output of `#[job(cache)]`.

use proc_macro2::{Literal, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::{Ident, Path};

use super::cache::{Cache, Kept};
use super::expand_run::{lent, taken};
use super::model::Job;
use crate::signature::ends;

/// Where the answers are kept.
pub(super) fn answers(job: &Job) -> TokenStream {
    let (krate, span) = (&job.krate, job.ty.span());
    match &job.cache {
        Some(Cache::Kept(kept)) if kept.is_stored => quote_spanned! {span=> #krate::__private::Stored },
        _ => quote_spanned! {span=> #krate::__private::AtHand },
    }
}

/// What goes into `impl Run`.
///
/// ```text
/// // Output:
/// fn keep() -> Option<Box<dyn Keep<Self>>> { Some(Box::new(MemoryKeep::<Self>::new())) }
/// ```
pub(super) fn inside(job: &Job, cache: &Cache) -> TokenStream {
    let (krate, span) = (&job.krate, job.ty.span());
    match cache {
        // Its engine has the cache.
        Cache::Kept(kept) if kept.is_stored => TokenStream::new(),
        Cache::Kept(_) => quote_spanned! {span=>
            fn keep() -> ::core::option::Option<::std::boxed::Box<dyn #krate::__private::Keep<Self>>> {
                ::core::option::Option::Some(::std::boxed::Box::new(#krate::__private::MemoryKeep::<Self>::new()))
            }
        },
        Cache::LookedUp { put, .. } => {
            let back = put.as_ref().map(|_| {
                quote_spanned! {span=>
                    fn look_back(
                        __request: &Self::Request,
                        __response: &Self::Response,
                        __resources: &mut Self::Resources,
                    ) -> impl ::core::future::Future<Output = ()> + ::core::marker::Send {
                        <Self as #krate::GetCache>::put_cache(__request, __response, __resources)
                    }
                }
            });
            quote_spanned! {span=>
                const LOOKS_UP: bool = true;
                fn look_up(
                    __request: &Self::Request,
                    __resources: &mut Self::Resources,
                ) -> impl ::core::future::Future<
                    Output = ::core::option::Option<Self::Response>
                > + ::core::marker::Send {
                    <Self as #krate::GetCache>::get_cache(__request, __resources)
                }
                #back
            }
        }
    }
}

/// What goes beside `impl Run`.
pub(super) fn beside(job: &Job, cache: &Cache) -> TokenStream {
    match cache {
        Cache::Kept(kept) if kept.is_stored => archived(job, kept),
        Cache::Kept(kept) => remember(job, kept),
        Cache::LookedUp { with, put } => get_cache(job, with, put.as_ref()),
    }
}

/// ```text
/// // Output:
/// impl Remember for Count {
///     const POLICY: Policy = Policy::DEFAULT.ttl(…);
///     type Key = …;
///     fn key(request: &PathBuf) -> Self::Key { … }
///     fn copy(response: &Counts) -> Counts { … }
/// }
/// ```
fn remember(job: &Job, kept: &Kept) -> TokenStream {
    let Job { krate, ty, .. } = job;
    let span = ty.span();
    let (policy, copies) = (policy(job, kept), copies(job, kept));
    let (asked, key) = match &kept.key {
        Some(function) => (None, digested(job, function)),
        None => (Some(keyed(job)), itself(job)),
    };
    quote_spanned! {span=>
        #asked
        #[automatically_derived]
        #[allow(deprecated)]
        impl #krate::__private::Remember for #ty {
            const POLICY: #krate::__private::Policy = #policy;
            #key
            #copies
        }
    }
}

/// ```text
/// // Output:
/// impl Archived for Count {
///     const POLICY: Policy = Policy::DEFAULT.ttl(…);
///     fn copy(response: &Counts) -> Counts { … }
/// }
/// ```
fn archived(job: &Job, kept: &Kept) -> TokenStream {
    let Job { krate, ty, .. } = job;
    let span = ty.span();
    let (policy, copies) = (policy(job, kept), copies(job, kept));
    let key = kept.key.as_ref().map(|function| encoded(job, function));
    quote_spanned! {span=>
        #[automatically_derived]
        #[allow(deprecated)]
        impl #krate::__private::Archived for #ty {
            const POLICY: #krate::__private::Policy = #policy;
            #key
            #copies
        }
    }
}

/// The key is the bytes of what the user's function makes of the request.
fn encoded(job: &Job, function: &Path) -> TokenStream {
    let (krate, span) = (&job.krate, job.ty.span());
    let at = ends(&function.to_token_stream()).1;
    let (named, key) = (krate.at(at), quote_spanned! {at=> &#function(__request) });
    let bytes = quote_spanned! {at=> #named::__private::key_bytes(#key) };
    quote_spanned! {span=>
        fn key(
            __request: &Self::Request,
            _: #krate::channel::Codec<Self::Request>,
        ) -> ::core::result::Result<::std::vec::Vec<u8>, #krate::channel::BoxError> {
            #bytes
        }
    }
}

/// `Policy::DEFAULT.ttl(…).capacity(1000)`.
fn policy(job: &Job, kept: &Kept) -> TokenStream {
    let (krate, span) = (&job.krate, job.ty.span());
    let times =
        [("ttl", kept.ttl), ("stale", kept.stale), ("errors", kept.errors)].into_iter().filter_map(|(word, time)| {
            let (word, time) = (Ident::new(word, span), krate.duration(time?));
            Some(quote_spanned! {span=> .#word(#time) })
        });
    let numbers = [("capacity", kept.capacity), ("version", kept.version)].into_iter().filter_map(|(word, number)| {
        let (word, number) = (Ident::new(word, span), Literal::u64_unsuffixed(number?));
        Some(quote_spanned! {span=> .#word(#number) })
    });
    quote_spanned! {span=> #krate::__private::Policy::DEFAULT #(#times)* #(#numbers)* }
}

/// How the request answers whether it can be its own key.
///
/// ```text
/// // Output:
/// const _: () = cached_request::<PathBuf>();
/// const A_KEY: bool = Keyable::<PathBuf>::A_KEY;
/// type Keyed = KeyBy<A_KEY>;
/// ```
fn keyed(job: &Job) -> TokenStream {
    let (krate, span, request) = (&job.krate, job.ty.span(), &job.call.request.ty);
    quote_spanned! {span=>
        #[allow(unused_imports)]
        use #krate::__private::Keyless as _;
        const _: () = #krate::__private::cached_request::<#request>();
        const __JOB_ORCH_A_KEY: bool = #krate::__private::Keyable::<#request>::A_KEY;
        type __JobOrchKeyed = #krate::__private::KeyBy<__JOB_ORCH_A_KEY>;
    }
}

/// The key is the request itself.
fn itself(job: &Job) -> TokenStream {
    let (krate, span, request) = (&job.krate, job.ty.span(), &job.call.request.ty);
    let keyed = quote_spanned! {span=> <__JobOrchKeyed as #krate::__private::KeyOf<#request>> };
    quote_spanned! {span=>
        type Key = #keyed::Key;
        fn key(__request: &Self::Request) -> Self::Key {
            #keyed::key(__request)
        }
        fn with_key<__R>(__request: &Self::Request, __look: impl ::core::ops::FnOnce(&Self::Key) -> __R) -> __R {
            #keyed::with_key(__request, __look)
        }
    }
}

/// The key is the digest of what the user's function makes of the request.
fn digested(job: &Job, function: &Path) -> TokenStream {
    let (krate, span) = (&job.krate, job.ty.span());
    let at = ends(&function.to_token_stream()).1;
    let (named, key) = (krate.at(at), quote_spanned! {at=> &#function(__request) });
    let digest = quote_spanned! {at=> #named::__private::digest(#key) };
    quote_spanned! {span=>
        type Key = #krate::__private::Digest;
        fn key(__request: &Self::Request) -> Self::Key {
            #digest
        }
    }
}

/// How what is kept is given to the next who asks. What cannot be copied is reported at the return type.
fn copies(job: &Job, kept: &Kept) -> TokenStream {
    let span = job.ty.span();
    let response = copied(job, "copied", "Response", "__response");
    let errors = kept.errors.map(|_| {
        let error = copied(job, "copied_error", "Error", "__error");
        quote_spanned! {span=>
            fn copy_error(__error: &Self::Error) -> ::core::option::Option<Self::Error> {
                ::core::option::Option::Some(#error)
            }
        }
    });
    quote_spanned! {span=>
        fn copy(__response: &Self::Response) -> Self::Response {
            #response
        }
        #errors
    }
}

/// `copied::<Self::Response>(response)`.
fn copied(job: &Job, function: &str, ty: &str, value: &str) -> TokenStream {
    let (first, last) = ends(&job.call.returns);
    let krate = job.krate.at(first);
    let (function, ty, value) = (Ident::new(function, first), Ident::new(ty, last), Ident::new(value, job.ty.span()));
    let this = quote_spanned! {first=> Self:: };
    quote_spanned! {first=> #krate::__private::#function::<#this #ty>(#value) }
}

/// ```text
/// // Output:
/// impl GetCache for Count {
///     fn get_cache(request: &PathBuf, resources: &mut Db) -> impl Future<Output = Option<Counts>> + Send {
///         lookup(request, resources)
///     }
///     fn put_cache(…) -> impl Future<Output = ()> + Send { store(request, response, resources) }
/// }
/// ```
fn get_cache(job: &Job, with: &Path, put: Option<&Path>) -> TokenStream {
    let Job { krate, ty, .. } = job;
    let span = ty.span();
    let resources = &job.call.resources;
    let taken = taken(resources, span);
    let lent = |at| (0..resources.len()).map(move |index| lent(resources, index, at));
    let put = put.map(|put| {
        let at = own(put);
        let lent = lent(at);
        let stored = quote_spanned! {at=> #put(__request, __response #(, #lent)*) };
        quote_spanned! {span=>
            fn put_cache(
                __request: &Self::Request,
                __response: &Self::Response,
                __resources: &mut Self::Resources,
            ) -> impl ::core::future::Future<Output = ()> + ::core::marker::Send {
                #taken
                #stored
            }
        }
    });
    let at = own(with);
    let lent = lent(at);
    let found = quote_spanned! {at=> #with(__request #(, #lent)*) };
    quote_spanned! {span=>
        #[automatically_derived]
        #[allow(deprecated)]
        impl #krate::GetCache for #ty {
            fn get_cache(
                __request: &Self::Request,
                __resources: &mut Self::Resources,
            ) -> impl ::core::future::Future<
                Output = ::core::option::Option<Self::Response>
            > + ::core::marker::Send {
                #taken
                #found
            }
            #put
        }
    }
}

/// Where the user names a function, as our own words: the compiler must not advise to change arguments that nobody
/// wrote.
fn own(function: &Path) -> Span {
    Span::call_site().located_at(ends(&function.to_token_stream()).1)
}
