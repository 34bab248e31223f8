//! Whoever names a deprecated job is told so; the job itself is not.

#![deny(warnings)]

use job_orch::prelude::*;

#[job(cache)]
#[processor(workers = 2)]
#[deprecated]
async fn old(number: &u64) -> u64 {
    *number
}

#[expect(non_snake_case)]
#[job]
async fn oddlyNamed(number: &u64) -> u64 {
    *number
}

#[expect(unused_variables)]
#[job]
async fn careless(number: &u64) -> u64 {
    0
}

#[allow(deprecated)]
fn main() {
    assert_eq!((Old::NAME, OddlyNamed::NAME, Careless::NAME), ("old", "oddlyNamed", "careless"));
    drop(old(&1));
}
