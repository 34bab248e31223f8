//! What `#[flow]` means: the rules, and the job that keeps them.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{FnArg, ReturnType, Signature, Type};

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

/// The types of the wires of a flow.
pub(crate) struct Wires {
    /// The one that it takes.
    pub(crate) wire: TokenStream,
    /// The one that it returns.
    pub(crate) out: TokenStream,
}

impl Flow {
    /// Judges the options. `written` is the function that the workers of the job run.
    pub(crate) fn build(
        args: &FlowArgs,
        krate: Krate,
        func: &ItemFn,
        written: ItemFn,
        wires: Wires,
        errors: &mut Errors,
    ) -> Self {
        let written = ItemFn { attrs: func.attrs.clone(), vis: func.vis.clone(), ..written };
        let mut job = Job::build(&args.job, krate, &written, errors);
        let at_once = args.at_once.get().copied().unwrap_or(AT_ONCE);
        // Of what the user wrote: the other function is ours.
        job.fingerprint = fingerprint::of(func);
        job.flow = Some(Hosted { at_once, wires });
        Self { job }
    }
}

impl Wires {
    /// Judges the function. What is wrong goes to `errors`; without a signature that can be understood there is no flow.
    pub(crate) fn read(sig: &Signature, errors: &mut Errors) -> Option<Self> {
        let mut wrong = Errors::default();
        if let Some(word) = &sig.asyncness {
            wrong.at(word.span, "a flow is wired at once, and its jobs wait: remove `async`");
        }
        if !sig.generics.params.is_empty() {
            wrong.on(
                &sig.generics.params,
                "a flow that is a job is one flow: write the types these parameters stand for",
            );
        }
        let mut inputs = sig.inputs.iter();
        let wire = match inputs.next() {
            Some(FnArg::Typed(wire)) => Self::named(&wire.ty, &mut wrong),
            Some(FnArg::Receiver(receiver)) => {
                wrong.on(receiver, "a flow is a free function: move it out of the `impl`");
                // What comes behind it is the wire.
                inputs.next();
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
            ReturnType::Type(_, ty) => Self::named(ty, &mut wrong),
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
        wire.zip(out).filter(|_| is_right).map(|(wire, out)| Self { wire, out })
    }

    /// The type, if it is called `Wire`. An alias is refused with the others: a type that is none would be in everything that is
    /// written here, and the compiler would say so at each place.
    fn named(ty: &Type, wrong: &mut Errors) -> Option<TokenStream> {
        let is_wire = match ty {
            Type::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == "Wire"),
            _ => false,
        };
        if !is_wire {
            wrong.on(ty, "a flow is a function from wire to wire: write `Wire<T, E>`, by that name");
        }
        is_wire.then(|| ty.to_token_stream())
    }
}
