//! What `#[processor]` expands to, and what it says.

use quote::quote;

use super::processor;
use crate::expected::{assert_expands_to, sentences};

#[test]
fn above_a_job() {
    let args = quote! { workers = 4, requests(capacity = 10, full = refuse), responses(full = drop_oldest) };
    let item = quote! { #[job_orch::job(timeout = "1s")] async fn store(total: &u64) -> u64 { *total } };
    assert_expands_to("processor_above_job", processor(args, item));
}

#[test]
fn below_a_job() {
    let item = quote! { #[rust_analyzer::job_orch(job)] async fn store(total: &u64) -> u64 { *total } };
    assert_expands_to("processor_below_job", processor(quote! { requests = 7 }, item));
}

#[test]
fn alone_it_implies_a_job() {
    let args = quote! { batch(max = 10, linger = "5ms") };
    assert_expands_to(
        "processor_alone",
        processor(args, quote! { async fn store(totals: &[u64]) -> Vec<u64> { vec![] } }),
    );
}

#[test]
fn the_crate_of_a_job_above_is_taken_over() {
    let item = quote! { #[rust_analyzer::job_orch(job, crate = crate::orch)] async fn tick() {} };
    assert_expands_to("processor_crate", processor(quote! {}, item));
}

#[test]
fn all_mistakes_are_reported_together() {
    let args = quote! { worker = 3, batch(max = 3), requests(full = drop_oldest), responses(full = drop, full = wait) };
    let sentences = sentences(processor(args, quote! { async fn store(total: &u64) -> u64 { 0 } }));
    assert_eq!(
        sentences,
        [
            "`worker` is not an option of `#[processor]`: did you mean `workers`?",
            "an accepted request is never dropped: write `wait`, `refuse` or `shed`",
            "`drop` is not what a full channel does: did you mean `drop_oldest`?",
            "`full` is written twice: remove this one",
            "`store` takes one request at a time: take `&[…]` to get a batch, or remove `batch`",
        ]
    );
}

#[test]
fn the_second_processor_is_refused() {
    let item = quote! { #[rust_analyzer::job_orch(processor)] async fn store(total: &u64) -> u64 { *total } };
    let expected = "a job is served in one way, and this `#[processor]` is the second: remove it";
    assert_eq!(sentences(processor(quote! {}, item)), [expected]);
}
