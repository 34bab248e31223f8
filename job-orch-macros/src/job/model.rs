//! What `#[job]` means: the rules, and the job that keeps them.

use std::time::Duration;

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{FnArg, GenericParam, Ident, LitStr, Safety, Signature};

use super::args::{Backoff, JobArgs, RetryArgs};
use super::cache::Cache;
use super::schedule::Cron;
use super::unique::Unique;
use crate::attrs::Inherited;
use crate::errors::Errors;
use crate::flow::Wires;
use crate::item_fn::ItemFn;
use crate::option::Once;
use crate::paths::Krate;
use crate::signature::{Call, Role};
use crate::{fingerprint, names};

/// A job, as the output needs it.
pub(crate) struct Job {
    pub(crate) krate: Krate,
    /// The job type.
    pub(crate) ty: Ident,
    pub(crate) wire_name: String,
    pub(crate) inherited: Inherited,
    pub(crate) call: Call,
    pub(crate) fingerprint: u64,
    pub(crate) settings: Settings,
    pub(crate) cache: Option<Cache>,
    pub(crate) unique: Option<Unique>,
    pub(crate) cron: Option<Cron>,
    /// What else there is to write of a flow.
    pub(crate) flow: Option<Hosted>,
    /// Whether `run` may call the function. It may not if the function is wrong.
    pub(crate) is_callable: bool,
    /// Whether the job type can stand beside the function. It cannot in an `impl`.
    pub(crate) is_free: bool,
}

/// A job that is a flow: its workers own the flow, bound to its jobs.
pub(crate) struct Hosted {
    /// Runs at the same time.
    pub(crate) at_once: u64,
    pub(crate) wires: Wires,
}

/// How a run is treated.
pub(crate) struct Settings {
    pub(crate) version: Option<u32>,
    pub(crate) retry: Option<Retry>,
    pub(crate) timeout: Option<Duration>,
}

/// How often a failed run is repeated.
pub(crate) struct Retry {
    pub(crate) max: u64,
    pub(crate) backoff: Option<Backoff>,
    pub(crate) jitter: Option<f64>,
}

impl Job {
    /// Judges the options and the function. What is wrong goes to `errors`; the job is then what it would be without.
    pub(crate) fn build(args: &JobArgs, krate: Krate, func: &ItemFn, errors: &mut Errors) -> Self {
        let sig = &func.sig;
        let ty = names::job_type(&sig.ident);
        let mut wrong = Errors::default();
        let call = judge(func, &ty, &mut wrong);
        let is_callable = wrong.is_empty();
        errors.absorb(wrong);
        let cache = args.cache.span().zip(args.cache.get());
        let unique = args.unique.span().zip(args.unique.get());
        Self {
            krate,
            wire_name: wire_name(&args.name, sig, errors),
            inherited: Inherited::of(&func.attrs),
            fingerprint: fingerprint::of(func),
            settings: Settings::build(args, errors),
            flow: None,
            cache: cache.and_then(|(at, cache)| Cache::build(at, cache, &call, errors)),
            unique: unique.and_then(|(at, unique)| Unique::build(at, unique, errors)),
            cron: Cron::build(args, errors),
            is_callable,
            is_free: names::has_room_beside(sig),
            ty,
            call,
        }
    }
}

/// Judges the function; what is said of its types is then what could be understood of them.
fn judge(func: &ItemFn, ty: &Ident, errors: &mut Errors) -> Call {
    let sig = &func.sig;
    refuse_qualifiers(sig, errors);
    if *ty == sig.ident {
        errors.at(ty.span(), format!("the job type is named `{ty}` too: write the function's name in snake case"));
    }
    let is_understood = understood(sig, errors);
    let mut wrong = Errors::default();
    let call = Call::read(func, &mut wrong);
    let is_understood = is_understood && wrong.is_empty();
    errors.absorb(wrong);
    refuse_context_of_a_batch(&call, sig, errors);
    if is_understood { call } else { Call::nothing(sig.ident.span()) }
}

impl Settings {
    fn build(args: &JobArgs, errors: &mut Errors) -> Self {
        let retry = args.retry.span().zip(args.retry.get());
        Self {
            // `args` has read no greater number.
            version: args.version.get().and_then(|version| u32::try_from(*version).ok()),
            retry: retry.and_then(|(at, retry)| Retry::build(at, retry, errors)),
            timeout: args.timeout.get().copied(),
        }
    }
}

impl Retry {
    fn build(at: Span, args: &RetryArgs, errors: &mut Errors) -> Option<Self> {
        use super::args::Growth::Constant;
        let backoff = args.backoff.get().copied();
        if let Some(Backoff { growth: Constant, cap: Some(_), span, .. }) = backoff {
            errors.at(span, "a `constant` backoff never grows: write one length of time");
        }
        if args.max.span().is_none() && !args.is_flawed {
            errors.at(at, "`retry` needs to know how often: add `max = 3`");
        }
        Some(Self { max: *args.max.get()?, backoff, jitter: args.jitter.get().copied() })
    }
}

fn wire_name(name: &Once<LitStr>, sig: &Signature, errors: &mut Errors) -> String {
    const LONGEST: usize = 128;
    let Some(written) = name.get() else {
        return names::wire_name(sig);
    };
    let name = written.value();
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_./:".contains(c);
    if name.is_empty() {
        errors.at(written.span(), "a job's name is not empty: write one, or leave `name` out to take the function's");
    } else if let Some(other) = name.chars().find(|c| !is_allowed(*c)) {
        errors.at(
            written.span(),
            format!(
                "a job's name cannot contain `{}`: write ASCII letters, digits, `-`, `_`, `.`, `/` and `:`",
                other.escape_default()
            ),
        );
    } else if name.len() > LONGEST {
        errors.at(written.span(), format!("a job's name has at most {LONGEST} letters, and this has {}", name.len()));
    }
    name
}

/// Refuses the words before `fn` that a job has no use for, and asks for the one it needs.
fn refuse_qualifiers(sig: &Signature, errors: &mut Errors) {
    if sig.asyncness.is_none() {
        errors.at(sig.fn_token.span, format!("a job is `async`: write `async fn {}`", sig.ident));
    }
    if let Some(word) = &sig.constness {
        errors.at(word.span, "a job runs on a worker, not in the compiler: remove `const`");
    }
    if let Safety::Unsafe(word) = &sig.safety {
        errors.at(word.span, "a worker cannot keep the promises that `unsafe` asks for: remove it");
    }
    if let Some(abi) = &sig.abi {
        errors.on(abi, "a job is called by Rust: remove `extern`");
    }
}

/// Refuses what makes a function more than one job, or none. Says whether its types can be used.
fn understood(sig: &Signature, errors: &mut Errors) -> bool {
    if let Some(FnArg::Receiver(receiver)) = sig.inputs.first() {
        errors.on(
            receiver,
            "a job is a free function: move it out of the `impl`, and take what `self` holds as the request or a \
             resource",
        );
    }
    if let Some(variadic) = &sig.variadic {
        errors.on(variadic, "a job has a fixed list of parameters: remove `...`");
    }
    for parameter in &sig.generics.params {
        match parameter {
            GenericParam::Lifetime(lifetime) => {
                errors.on(lifetime, format!("a job borrows for one run only: leave `{}` out", lifetime.lifetime));
            }
            GenericParam::Type(ty) => {
                errors.on(ty, format!("a job is one job: write the type that `{}` stands for", ty.ident));
            }
            GenericParam::Const(value) => {
                errors.on(value, format!("a job is one job: write the value that `{}` stands for", value.ident));
            }
        }
    }
    if let Some(clause) = &sig.generics.where_clause {
        errors.at(clause.where_token.span(), "a job is one job: remove the `where`");
    }
    sig.receiver().is_none() && sig.variadic.is_none() && sig.generics.params.is_empty()
}

fn refuse_context_of_a_batch(call: &Call, sig: &Signature, errors: &mut Errors) {
    // A receiver has no role, and is refused itself.
    let parameters = sig.inputs.iter().filter(|input| matches!(input, FnArg::Typed(_)));
    let context = parameters.zip(&call.roles).find(|(_, role)| **role == Role::Context);
    if let Some((parameter, _)) = context.filter(|_| call.is_batch()) {
        errors.on(parameter, "a batch has no single context, for it answers many requests: remove this parameter");
    }
}
