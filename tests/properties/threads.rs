//! The same on two threads and on real time.

use crate::cancelled::{cut_cases, dropped};
use crate::case::{REAL, cases, check, threaded};
use crate::results::all_at_once;
use crate::streams::streamed;

#[test]
fn runs_come_to_what_their_evaluation_does_on_two_threads() {
    check(4, &cases(REAL), |case| threaded(all_at_once(&case)));
}

#[test]
fn streams_keep_their_order_on_two_threads() {
    check(4, &cases(REAL), |case| threaded(streamed(&case)));
}

#[test]
fn dropped_runs_leave_nothing_behind_on_two_threads() {
    check(4, &cut_cases(REAL), |(case, cuts)| threaded(dropped(&case, &cuts)));
}
