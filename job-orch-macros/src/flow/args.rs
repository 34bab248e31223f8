//! The words of `#[flow(…)]`: those of `#[job]`, and `at_once`.

use proc_macro2::TokenStream;

use crate::errors::Errors;
use crate::job::args::JobArgs;
use crate::option::{self, Once};
use crate::value;

/// What stands between the parentheses of `#[flow(…)]`.
#[derive(Default)]
pub(crate) struct FlowArgs {
    pub(crate) job: JobArgs,
    pub(crate) at_once: Once<u64>,
}

impl FlowArgs {
    /// Reads every option, whatever is wrong with others.
    pub(crate) fn parse(args: TokenStream, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        option::all(args, "an option of `#[flow]`", errors, |word, input, errors| {
            if word.is("at_once") {
                options.at_once.set(word, value::whole(word, input, 1..=4096, 64))
            } else {
                options.job.read(word, input, errors)
            }
        });
        options
    }
}
