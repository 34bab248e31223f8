//! What `cron` means: which options go together.

use proc_macro2::Span;

use super::args::{JobArgs, Missed, Overlap};
use crate::cron::Schedule;
use crate::errors::Errors;

/// When a job runs by itself, and what of the times at which it did not.
pub(crate) struct Cron {
    pub(crate) schedule: Schedule,
    pub(crate) zone: Option<String>,
    pub(crate) missed: Option<Missed>,
    pub(crate) overlap: Option<Overlap>,
}

impl Cron {
    /// Judges the options.
    pub(crate) fn build(args: &JobArgs, errors: &mut Errors) -> Option<Self> {
        let Some(at) = args.cron.span() else {
            refuse_alone(args, errors);
            return None;
        };
        if !cfg!(feature = "cron") {
            errors
                .at(at, "`cron` needs the feature `cron` of `job-orch`: write `features = [\"cron\"]` in `Cargo.toml`");
            return None;
        }
        Some(Self {
            schedule: args.cron.get()?.clone(),
            zone: args.tz.get().map(syn::LitStr::value),
            missed: args.missed.get().copied(),
            overlap: args.overlap.get().copied(),
        })
    }
}

/// Without a schedule there is nothing to say about it.
fn refuse_alone(args: &JobArgs, errors: &mut Errors) {
    let mut refuse = |at: Option<Span>, text: &str| {
        if let Some(at) = at {
            errors.at(at, format!("{text}: add `cron = \"0 3 * * *\"`, or remove it"));
        }
    };
    refuse(args.tz.span(), "`tz` says where the times of `cron` are meant");
    refuse(args.missed.span(), "`missed` says what becomes of times of `cron`");
    refuse(args.overlap.span(), "`overlap` says what becomes of times of `cron`");
}
