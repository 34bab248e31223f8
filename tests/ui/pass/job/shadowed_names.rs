//! Names of the user's that the expansion must not take for its own.

#![allow(dead_code, non_camel_case_types)]

struct Option;
struct Some;
struct Result;
struct Ok;
struct Vec;
struct Box;
struct String;
struct Future;
struct Send;
struct Clone;
struct Context;
struct Wait;
struct Job;
struct Arc;
struct Duration;
struct Shape;
struct core;
mod std {}
mod job_orch {}
#[allow(unused_macros)]
macro_rules! assert {
    () => {};
}

const request: u8 = 0;
const resources: u8 = 0;
const context: u8 = 0;

#[derive(::core::clone::Clone)]
struct Db;
struct Http;

#[::job_orch::job(retry(max = 3, backoff = "1s"), timeout = "1s", cache(ttl = "1h", errors = "1s"))]
async fn count(number: &u64) -> ::core::result::Result<u64, ::core::fmt::Error> {
    ::core::result::Result::Ok(*number)
}

#[::job_orch::job]
#[::job_orch::processor(workers = 2)]
async fn serve(number: u64, db: &mut Db, http: &Http, #[context] seen: &::job_orch::Context) -> u64 {
    let _ = (db, http, seen);
    number
}

#[::job_orch::processor(batch(max = 10, linger = "1ms"))]
async fn keep(numbers: &[u64]) -> ::std::vec::Vec<u64> {
    numbers.to_vec()
}

async fn find(_: &u64) -> ::core::option::Option<u64> {
    ::core::option::Option::None
}

async fn store(_: &u64, _: &u64) {}

#[::job_orch::job(cache(with = find, put = store))]
async fn settle(number: &u64) -> u64 {
    *number
}

#[derive(::job_orch::Resources)]
#[hosts(Count, Keep, Settle)]
struct App {
    db: Db,
    #[shared]
    http: ::std::sync::Arc<Http>,
}

fn main() {}
