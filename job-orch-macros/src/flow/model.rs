//! What `#[flow]` means: the rules, and the job that keeps them.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, ReturnType, Signature};

use super::args::FlowArgs;
use crate::errors::Errors;
use crate::fingerprint;
use crate::item_fn::ItemFn;
use crate::job::model::{Hosted, Job};
use crate::paths::Krate;

/// Runs of a flow at the same time, unless told otherwise.
const AT_ONCE: u64 = 64;

/// A flow that is a job, as the output needs it.
pub(crate) struct Flow {
    pub(crate) job: Job,
}

impl Flow {
    /// Judges the options and the function. What is wrong goes to `errors`; without a signature that can be understood there is
    /// no flow.
    pub(crate) fn build(args: &FlowArgs, func: &ItemFn, errors: &mut Errors) -> Option<Self> {
        let sig = &func.sig;
        let krate = Krate::new(args.job.krate.get(), sig.ident.span());
        let (wire, out) = judge(sig, errors)?;
        let run = run(&krate, sig, &wire, &out);
        let written: ItemFn = errors.keep(syn::parse2(quote_spanned! {sig.ident.span()=> #run {} }))?;
        let written = ItemFn { attrs: func.attrs.clone(), vis: func.vis.clone(), ..written };
        let mut job = Job::build(&args.job, krate, &written, errors);
        let at_once = args.at_once.get().copied().unwrap_or(AT_ONCE);
        // Of what the user wrote: the other function is ours.
        job.fingerprint = fingerprint::of(func);
        job.flow = Some(Hosted { at_once, wire, out });
        Some(Self { job })
    }
}

/// The types of both wires, if the function is one from wire to wire.
fn judge(sig: &Signature, errors: &mut Errors) -> Option<(TokenStream, TokenStream)> {
    let mut wrong = Errors::default();
    if let Some(word) = &sig.asyncness {
        wrong.at(word.span, "a flow is wired at once, and its jobs wait: remove `async`");
    }
    if !sig.generics.params.is_empty() {
        wrong.on(&sig.generics.params, "a flow that is a job is one flow: write the types these parameters stand for");
    }
    let mut inputs = sig.inputs.iter();
    let wire = match inputs.next() {
        Some(FnArg::Typed(wire)) => Some(wire.ty.to_token_stream()),
        Some(FnArg::Receiver(receiver)) => {
            wrong.on(receiver, "a flow is a free function: move it out of the `impl`");
            None
        }
        None => {
            wrong.at(sig.ident.span(), "a flow takes the wire that carries its input: write `input: Wire<T, E>`");
            None
        }
    };
    for more in inputs {
        wrong.on(more, "a flow takes one wire: carry both values on it, as a tuple");
    }
    let out = match &sig.output {
        ReturnType::Type(_, ty) => Some(ty.to_token_stream()),
        ReturnType::Default => {
            wrong.at(
                sig.paren_token.span.close(),
                "a flow returns the wire that carries its output: write `-> Wire<T, E>`",
            );
            None
        }
    };
    let is_right = wrong.is_empty();
    errors.absorb(wrong);
    wire.zip(out).filter(|_| is_right)
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
fn run(krate: &Krate, sig: &Signature, wire: &TokenStream, out: &TokenStream) -> TokenStream {
    let (name, ty) = (&sig.ident, crate::names::job_type(&sig.ident));
    let (at_wire, at_out) = (krate.at(wire.span()), krate.at(out.span()));
    let value = quote_spanned! {wire.span()=> <#wire as #at_wire::__private::WireOf>::Value };
    let fails = quote_spanned! {wire.span()=> <#wire as #at_wire::__private::WireOf>::Fails };
    let output = quote_spanned! {out.span()=> <#out as #at_out::__private::WireOf>::Value };
    quote_spanned! {name.span()=>
        async fn #name(
            __request: &#value,
            __flow: &mut #krate::__private::HostedFlow<#ty>,
            #[context] __context: &#krate::__private::Context,
        ) -> ::core::result::Result<#output, #krate::__private::FlowError<#fails>>
    }
}
