//! The output of `#[job]`: the function, its job type, and the block that joins them.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{FnArg, Ident};

use super::model::{Hosted, Job};
use super::{expand_cache, expand_run, expand_unique};
use crate::attrs;
use crate::item_fn::ItemFn;
use crate::mark::Mark;
use crate::names::written;
use crate::signature::{By, Resource};

/// The function, its job type, and what makes the one run the other.
///
/// ```text
/// // Input:
/// async fn count(path: &PathBuf, db: &mut Db) -> io::Result<Counts> { … }
///
/// // Output:
/// async fn count(path: &PathBuf, db: &mut Db) -> io::Result<Counts> { … }
/// struct Count;
/// const _: () = { impl Run for Count { … } impl Job for Count { … } };
/// ```
pub(crate) fn job(job: &Job, func: &ItemFn, mark: Mark) -> TokenStream {
    let function = function(job, func, mark);
    if !job.is_free {
        return function;
    }
    let (ty, impls) = (job_type(job, func), impls(job, &func.sig.ident, &Beside::default()));
    // The function comes first: an editor goes to the first item with the name's span.
    quote! { #function #ty #impls }
}

/// The function as it was, but for the attributes that only we read, and with a mark for the other attribute.
fn function(job: &Job, func: &ItemFn, mark: Mark) -> TokenStream {
    let mut func = func.clone();
    for input in &mut func.sig.inputs {
        if let FnArg::Typed(parameter) = input {
            attrs::take_off(&mut parameter.attrs, "context");
        }
    }
    func.attrs.push(mark.attribute(job.krate.written()));
    let lints = attrs::shape_is_given();
    quote! { #lints #func }
}

/// ```text
/// // Output:
/// /// The job of [`count`]: takes `PathBuf`, returns `io::Result<Counts>`.
/// #[derive(Clone, Copy, Debug)]
/// struct Count;
/// ```
pub(crate) fn job_type(job: &Job, func: &ItemFn) -> TokenStream {
    let Job { ty, inherited, .. } = job;
    let (vis, span) = (&func.vis, ty.span());
    let doc = sentence(job, func);
    quote_spanned! {span=>
        #[doc = #doc]
        #inherited
        #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
        #vis struct #ty;
    }
}

/// rustdoc prints the types of the `impl` as projections, so this names them.
fn sentence(job: &Job, func: &ItemFn) -> String {
    let (name, call) = (func.sig.ident.to_string(), &job.call);
    // A raw name is no link that rustdoc reads.
    let link = if name.starts_with("r#") { format!("`{name}`") } else { format!("[`{name}`](fn@{name})") };
    if let Some(Hosted { wires, .. }) = &job.flow {
        let (wire, out) = (written(&wires.wire), written(&wires.out));
        return format!("The job of the flow {link}: from `{wire}` to `{out}`.");
    }
    let takes =
        if call.request.by == By::Nothing { String::new() } else { format!("takes `{}`, ", written(&call.request.ty)) };
    format!("The job of {link}: {takes}returns `{}`.", written(&call.returns))
}

/// What another attribute writes into the block of [`impls`].
#[derive(Default)]
pub(crate) struct Beside {
    /// Into `impl Job`.
    pub(crate) in_job: TokenStream,
    /// Beside it.
    pub(crate) in_block: TokenStream,
}

/// ```text
/// // Output:
/// const _: () = {
///     use __private::{Plain as _, Unserved as _};
///     const A_RESULT: bool = Returns::<io::Result<Counts>>::A_RESULT;
///     type As = Shape<A_RESULT>;
///     impl Run for Count { … }
///     impl Job for Count {
///         type Wants = Mine<Db>;
///         type Failure = <As as Outcome<io::Result<Counts>>>::Failure;
///         type Answers = AtHand;
///         type Keys = Keyless;
///     }
///     impl Takes<PathBuf> for Count { … }
/// };
/// ```
pub(crate) fn impls(job: &Job, function: &Ident, beside: &Beside) -> TokenStream {
    let Job { krate, ty, inherited, .. } = job;
    let (span, allows) = (ty.span(), &inherited.allows);
    let (shape, run) = (expand_run::shape(job), expand_run::run(job, function));
    let wants = several(job.call.resources.iter().map(|resource| want(job, resource)));
    let Beside { in_job, in_block } = beside;
    let (request, failure) = (&job.call.request.ty, expand_run::settled(job, "Failure"));
    let cache = job.cache.as_ref().map(|cache| expand_cache::beside(job, cache));
    let (answers, keys) = (expand_cache::answers(job), expand_unique::keys(job));
    quote_spanned! {span=>
        const _: () = {
            #[allow(unused_imports)]
            use #krate::__private::{Plain as _, Unserved as _};
            #shape
            #[automatically_derived]
            // The first for `run` of a job with a context; see `expand_run::one`.
            #[allow(clippy::manual_async_fn, deprecated)]
            #(#allows)*
            #run
            #[automatically_derived]
            #[allow(deprecated)]
            impl #krate::Job for #ty {
                type Wants = #wants;
                type Failure = #failure;
                type Answers = #answers;
                type Keys = #keys;
                #in_job
            }
            #in_block
            #[automatically_derived]
            #[allow(deprecated)]
            impl #krate::flow::Takes<#request> for #ty {
                fn request(__message: #request) -> Self::Request {
                    __message
                }
            }
            #cache
        };
    }
}

/// What the job asks of whoever provides its resources.
fn want(job: &Job, resource: &Resource) -> TokenStream {
    let (krate, ty, span) = (&job.krate, &resource.ty, job.ty.span());
    if job.flow.is_some() {
        // Every provider has it.
        quote_spanned! {span=> #ty }
    } else if resource.is_mine {
        quote_spanned! {span=> #krate::__private::Mine<#ty> }
    } else {
        quote_spanned! {span=> #krate::__private::Ours<#ty> }
    }
}

/// Nothing, the one itself, or a tuple: how types and values of several resources are written.
pub(super) fn several(all: impl ExactSizeIterator<Item = TokenStream>) -> TokenStream {
    let is_tuple = all.len() != 1;
    let all = all.collect::<Vec<_>>();
    if is_tuple {
        quote! { (#(#all),*) }
    } else {
        quote! { #(#all)* }
    }
}
