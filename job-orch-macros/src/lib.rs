//! Attributes of `job-orch`. Use them through the crate `job-orch`.
//!
//! `JOB_ORCH_DEBUG=count cargo check` prints what the attributes on `async fn count` expand to.

mod attrs;
mod borrowed;
mod cron;
mod debug;
mod duration;
mod errors;
#[cfg(test)]
mod expected;
mod fingerprint;
mod flow;
mod item_fn;
mod job;
mod mark;
mod names;
mod option;
mod paths;
mod processor;
mod resources;
mod route;
mod signature;
mod value;

use proc_macro::TokenStream;

/// Makes an async function a job: it stays an ordinary function, and a type that runs it appears beside it.
///
/// ```
/// use std::io;
/// use std::path::PathBuf;
///
/// use job_orch::{Run, job};
///
/// /// Counts the words of a file.
/// #[job(retry(max = 3, backoff = "100ms..5s"), timeout = "30s", cache(ttl = "1h"))]
/// async fn count_words(path: &PathBuf) -> io::Result<usize> {
///     Ok(std::fs::read_to_string(path)?.split_whitespace().count())
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// // In a unit test it is a function …
/// assert!(count_words(&PathBuf::from("no such file")).await.is_err());
/// // … and everywhere else the job `CountWords`.
/// assert_eq!(CountWords::NAME, "count_words");
/// # }
/// ```
///
/// # What it makes
///
/// The function is given back as it was. Beside it, with its visibility, stands the job type, named after it:
///
/// ```
/// # mod before {
/// # use job_orch::job;
/// # pub struct Db;
/// #[job]
/// pub async fn store_total(total: &u64, db: &mut Db) -> Result<u64, std::io::Error> {
///     # let _ = db;
///     Ok(*total)
/// }
/// # }
/// ```
///
/// becomes, in essence,
///
/// ```
/// # use job_orch::{Run, engine::{AtHand, Keyless}, flow::{Fails, Takes}, resources::Mine};
/// # pub struct Db;
/// pub async fn store_total(total: &u64, db: &mut Db) -> Result<u64, std::io::Error> {
///     # let _ = db;
///     Ok(*total)
/// }
///
/// /// The job of [`store_total`]: takes `u64`, returns `Result<u64, std::io::Error>`.
/// #[derive(Clone, Copy, Debug)]
/// pub struct StoreTotal;
///
/// impl Run for StoreTotal {
///     const NAME: &'static str = "store_total";
///     type Request = u64;
///     type Response = u64;
///     type Resources = Db;
///     type Error = std::io::Error;
///
///     async fn run(request: &u64, resources: &mut Db) -> Result<u64, std::io::Error> {
///         store_total(request, resources).await
///     }
/// }
///
/// impl job_orch::Job for StoreTotal {
///     type Wants = Mine<Db>;
///     type Failure = Fails<std::io::Error>;
///     type Answers = AtHand;
///     type Keys = Keyless;
/// }
///
/// impl Takes<u64> for StoreTotal {
///     fn request(message: u64) -> u64 {
///         message
///     }
/// }
/// ```
///
/// # The function
///
/// | part | meaning |
/// |---|---|
/// | first parameter `&T` | the request |
/// | first parameter `T` | the request, cloned for each attempt |
/// | first parameter `&[T]` | many requests: a batch job, which returns a `Vec` with one outcome per request |
/// | no parameter | a job without a request: it is sent `()` |
/// | any other `&mut R` | a resource that each worker owns |
/// | any other `&R` | a resource that all workers share |
/// | `#[context] context: &Context` | what the run may ask about itself, at any place; not for a batch job |
/// | `-> Result<T, E>`, or an alias of it | it responds with `T`, or fails with `E` |
/// | `-> T` | it responds with `T`, and cannot fail |
///
/// ```
/// use job_orch::{Context, Run, job};
///
/// # #[derive(Clone)] struct Db;
/// # struct Http;
/// #[job]
/// async fn sync(user: &String, db: &mut Db, http: &Http, #[context] context: &Context) -> u32 {
///     # let _ = (user, db, http);
///     context.attempt()
/// }
///
/// #[job]
/// async fn double_all(numbers: &[u64]) -> Vec<Result<u64, std::fmt::Error>> {
///     numbers.iter().map(|number| Ok(number * 2)).collect()
/// }
///
/// #[job]
/// async fn tick() {}
/// ```
///
/// It has no `self`, no type parameters, no lifetimes, and no `const`, `unsafe` or `extern`; it takes up to eight
/// resources; and its types borrow nothing. Whatever is wrong with it, all is reported at once.
///
/// Other attributes stay on the function. `allow`, `expect` and `deprecated` also hold for the job type. Lints against
/// the signatures that a job must have (`clippy::ptr_arg`, `clippy::unused_async` and the like) are silent.
///
/// # Options
///
/// | option | meaning | without it |
/// |---|---|---|
/// | `name = "count-words"` | the wire name: ASCII letters, digits, `-`, `_`, `.`, `/`, `:` | the function's name |
/// | `version = 2` | the version of what the job means; part of the key of a cached response | 0 |
/// | `retry(…)` | when a failed run is repeated, see below | left to the engine |
/// | `timeout = "30s"` | how long one attempt may take | no limit |
/// | `cache`, `cache(…)` | when a response is used again, see below | never |
/// | `unique(…)` | which of the requests that are sent is accepted, see below | each |
/// | `cron = "0 3 * * *"` | when it runs by itself, see below; needs the feature `cron` | only when it is asked to |
/// | `crate = path` | where the crate `job-orch` is found, if it has another name | `::job_orch` |
///
/// Lengths of time are whole numbers with a unit, `ns`, `us`, `ms`, `s`, `m`, `h` or `d`: `"30s"`, `"1h 30m"`.
///
/// ## `retry(…)`
///
/// | option | meaning | without it |
/// |---|---|---|
/// | `max = 3` | retries after the first attempt, 0 to 1000 | it is required |
/// | `backoff = "1s"` | waits as long each time | exponential, `"100ms..1m"` |
/// | `backoff = "100ms..5s"` | waits twice as long each time, from the first length to the second | |
/// | `backoff = linear("1s..1m")` | or `constant("1s")`, `exponential(…)`, `polynomial(…)`; the end of the range may be left out | |
/// | `jitter = 0.2` | the share of the waiting time that is random, 0 to 1 | 0.1 |
///
/// ## `unique(…)`
///
/// Of the requests with one key in one queue of the job, one is accepted at a time: it waits, runs, or waits for its next attempt.
/// The sender of another gets the id of that one, and `is_duplicate`. Another queue has keys of its own. What is accepted is judged where it is sent: a call, a step of a flow and a tick of
/// a schedule are never duplicates.
///
/// | option | meaning | without it |
/// |---|---|---|
/// | `key = path` | a function `fn(&T) -> K` that makes the key, where `K` is a text, a number or whatever is `Display` | it is required |
/// | `key = "text"` | all requests have this key | |
/// | `within = "1h"` | those count too that were accepted less than so long ago, even if they have ended; on engines that remember keys | until it ends |
/// | `while_waiting` | only those that wait count: one more may wait behind one that runs | those that run, too |
/// | `even_dead` | dead letters count too, until they are redriven and end well, or are dropped; on engines that remember keys | they do not |
///
/// A send that says `.unique(…)` itself goes by that alone.
///
/// ```
/// use job_orch::{Run, job};
///
/// # struct Page { url: String }
/// /// Indexes a page at most once an hour.
/// #[job(unique(key = url, within = "1h"))]
/// async fn index(page: &Page) {}
///
/// fn url(page: &Page) -> &str {
///     &page.url
/// }
///
/// assert!(Index::UNIQUE.is_some());
/// ```
///
/// ## `cron = "…"`
///
/// The fields are minute, hour, day, month and weekday, with the second before them or not; the request is made of the tick: it
/// is `()`, `Tick`, or what is `FromTick`. The module `cron` of `job-orch` tells what is promised.
///
/// | option | meaning | without it |
/// |---|---|---|
/// | `tz = "Europe/Berlin"` | the time zone whose clocks are meant | `UTC` |
/// | `missed = skip` | of the times at which nobody was there, none is made up for; `once` makes up for the last, `all` for each | `once` |
/// | `overlap = skip` | a time is passed over while the last run has not ended; `allow` lets it come | `allow` |
///
/// ## `cache(…)`
///
/// Equal requests then share a response. The key is the job's name and versions, a hash of the function's own tokens,
/// and the request, which must be `Hash + Eq + Clone`; the response must be `Clone`. What the function *calls* is not
/// part of the key: raise a `version` when that changes.
///
/// | option | meaning | without it |
/// |---|---|---|
/// | `ttl = "1h"` | how long a response is fresh | for ever |
/// | `capacity = 1000` | responses kept | 10,000 |
/// | `key = function` | what tells requests apart: a function from `&Request` to anything that is `Hash` | the request |
/// | `stale = "5m"` | how long after `ttl` a response is still served, while a fresh one is computed | not at all |
/// | `errors = "10s"` | how long an error is kept, which must be `Clone` | not at all |
/// | `version = 3` | the version of the responses | 0 |
/// | `store = engine` | where they are kept: by the store of an engine that has one, for all its processes and after a restart | in memory, by each process |
/// | `with = lookup` | a lookup of your own, instead of all of the above | |
/// | `put = keep` | its counterpart, given each fresh response | responses are not handed back |
///
/// With `store = engine` the request is told apart by its bytes in the store, so it need not be `Hash + Eq`, and what `key`
/// makes of it must be `Serialize`; errors are not kept. An answer is computed by one process at a time. One that dies
/// meanwhile holds the others up until its lease is over. What is damaged is computed anew.
///
/// ```
/// use std::collections::HashMap;
///
/// use job_orch::{GetCache, job};
///
/// #[derive(Clone, Default)]
/// struct Table(HashMap<u64, u64>);
///
/// async fn find(number: &u64, table: &mut Table) -> Option<u64> {
///     table.0.get(number).copied()
/// }
///
/// async fn keep(number: &u64, square: &u64, table: &mut Table) {
///     table.0.insert(*number, *square);
/// }
///
/// #[job(cache(with = find, put = keep))]
/// async fn square(number: &u64, table: &mut Table) -> u64 {
///     # let _ = table;
///     number * number
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let mut table = Table::default();
/// Square::put_cache(&3, &9, &mut table).await;
/// assert_eq!(Square::get_cache(&3, &mut table).await, Some(9));
/// # }
/// ```
#[proc_macro_attribute]
pub fn job(args: TokenStream, item: TokenStream) -> TokenStream {
    job::job(args.into(), item.into()).into()
}

/// Says how a job is served: by how many workers, from how long a queue, in which batches.
///
/// It stands above or below `#[job]`. Alone it implies a `#[job]` without options.
///
/// ```
/// use job_orch::{Run, Serve, job, processor};
///
/// # #[derive(Clone)] struct Db;
/// #[job(timeout = "5s")]
/// #[processor(workers = 4, requests = 4096, responses(capacity = 256, full = drop_oldest))]
/// async fn store(total: &u64, db: &mut Db) -> u64 {
///     # let _ = db;
///     *total
/// }
///
/// #[processor(batch(max = 500, linger = "5ms"))]
/// async fn store_all(totals: &[u64], db: &mut Db) -> Vec<u64> {
///     # let _ = db;
///     totals.to_vec()
/// }
///
/// assert_eq!(<Store as Run>::SERVING.workers, 4);
/// assert_eq!(<StoreAll as Serve>::SERVING.batch, 500);
/// ```
///
/// # What it makes
///
/// ```text
/// impl Serve for Store {
///     const SERVING: Serving =
///         Serving::DEFAULT.workers(4).requests(4096).responses(256).full_responses(Overflow::DropOldest);
/// }
/// ```
///
/// # Options
///
/// | option | meaning | without it |
/// |---|---|---|
/// | `queue = "mail"` | the queue that it takes requests from, 1 to 64 of `A-Z a-z 0-9 _ -` | `default` |
/// | `workers = 4` | workers that run the job at the same time, 1 to 4096 | 1 |
/// | `requests = 4096` | requests that may wait, 1 to 16777216 | 1024 |
/// | `requests(capacity = 4096, full = refuse)` | and what the sender of one more meets: `wait`, `refuse`, or `shed`, which makes a dead letter of the oldest that waits of the lowest priority | `wait` |
/// | `requests(capacity = 4096, bytes = "64MiB")` | and the bytes that those have together that wait, in `B`, `kB`, `MB`, `GB`, `KiB`, `MiB` or `GiB`, where the engine stores bytes | no limit |
/// | `responses = 256` | responses that may wait for the slowest receiver | 1024 |
/// | `responses(capacity = 256, full = drop_oldest)` | and what becomes of one more: `wait`, `drop_oldest` or `refuse` | `wait` |
/// | `batch(max = 100, linger = "5ms")` | how many requests a batch job takes at once, 1 to 65536, and how long it waits for them | 100, no wait |
/// | `crate = path` | where the crate `job-orch` is found, if it has another name | `::job_orch` |
///
/// # Limits
///
/// `#[processor]` knows a `#[job]` that stands below it by that name. A `#[job]` that was imported under another must
/// stand above. A `crate = path` of a `#[job]` above holds for both.
#[proc_macro_attribute]
pub fn processor(args: TokenStream, item: TokenStream) -> TokenStream {
    processor::processor(args.into(), item.into()).into()
}

/// Makes a function from wire to wire a job: a flow that can be hosted, called, sent, cached, retried and nested like one.
///
/// ```
/// use job_orch::flow::{FlowError, Wire};
/// use job_orch::prelude::*;
/// use job_orch::{flow, job};
///
/// #[job]
/// async fn parse(text: &String) -> Result<u64, std::num::ParseIntError> {
///     text.parse()
/// }
///
/// #[job]
/// async fn double(number: &u64) -> u64 {
///     number * 2
/// }
///
/// /// Doubles what is written.
/// #[flow(timeout = "30s")]
/// fn doubled(texts: Wire<String, std::num::ParseIntError>) -> Wire<u64, std::num::ParseIntError> {
///     texts.to(Parse).to(Double)
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), job_orch::Error> {
/// let orch = Orchestrator::on(Memory::new()).host(Parse).host(Double).host(Doubled).start().await?;
/// assert_eq!(orch.call(Doubled, "21".to_owned()).await?, 42);
/// # orch.shutdown().await }
/// ```
///
/// The function stays an ordinary one, and a part for other flows: `wire.then(doubled)`. Beside it stands the job type, here
/// `Doubled`: its request is what the first wire carries, which is `Clone`, its response what the last one carries, and its error
/// is `FlowError<E>` of the flow's own error `E`. A flow that uses it by `.to(Doubled)` converts that.
///
/// The jobs of its steps are hosted by the same orchestrator, in any order; one that is missing is an error of `start`.
///
/// # Options
///
/// | option | meaning | without it |
/// |---|---|---|
/// | `at_once = 8` | runs at the same time, 1 to 4096; further requests wait | 64 |
/// | those of [`macro@job`] | the same, for the flow as a whole | |
///
/// # Limits
///
/// One wire goes in and one comes out, of one type each: both are written as `Wire<…>`, and an alias of it is refused. For more
/// than one value, carry a tuple.
#[proc_macro_attribute]
pub fn flow(args: TokenStream, item: TokenStream) -> TokenStream {
    flow::flow(args.into(), item.into()).into()
}

/// Makes a struct the provider of its fields and the host of the jobs it names.
///
/// A job whose resources the struct has not, a job hosted twice or under a taken name, and a call to a job that it does
/// not host are then errors of `cargo check`, on the token.
///
/// ```
/// use std::sync::Arc;
///
/// use job_orch::{Resources, job};
///
/// #[derive(Clone)]
/// struct Db;
/// struct Http;
///
/// #[job]
/// async fn fetch(url: &String, http: &Http) -> String {
///     # let _ = http;
///     url.clone()
/// }
///
/// #[job]
/// async fn store(page: &String, db: &mut Db) -> usize {
///     # let _ = db;
///     page.len()
/// }
///
/// #[derive(Resources)]
/// #[hosts(Fetch, Store)]
/// struct App {
///     /// Each worker gets a clone: jobs take it as `&mut Db`.
///     db: Db,
///     /// All workers share it: jobs take it as `&Http`.
///     #[shared]
///     http: Arc<Http>,
/// }
/// ```
///
/// # Options
///
/// | attribute | where | meaning |
/// |---|---|---|
/// | `#[hosts(Fetch, Store)]` | on the struct | the jobs that it hosts; none if it is left out |
/// | `#[hosts(…, crate = path)]` | on the struct | where the crate `job-orch` is found, if it has another name |
/// | `#[shared]` | on a field `Arc<R>` | all workers share the `R` |
///
/// # Limits
///
/// The struct has no type parameters, and no two fields provide the same type: a job asks by type.
#[proc_macro_derive(Resources, attributes(hosts, shared))]
pub fn resources(item: TokenStream) -> TokenStream {
    resources::resources(item.into()).into()
}

/// Makes the struct whose fields say where each variant of an enum goes in a flow.
///
/// ```
/// use job_orch::Route;
/// use job_orch::flow::{Wire, arm};
///
/// struct Circle(f64);
///
/// #[derive(Route)]
/// enum Shape {
///     Circle(Circle),
///     Rectangle(f64, f64),
///     Point,
/// }
///
/// fn area(shape: Wire<Shape>) -> Wire<f64> {
///     shape.route(ShapeArms {
///         circle: arm(|circle| circle.map(|Circle(radius)| std::f64::consts::PI * radius * radius)),
///         rectangle: arm(|sides| sides.map(|(a, b)| a * b)),
///         point: arm(|nothing| nothing.map(|()| 0.0)),
///     })
/// }
/// # let _ = area;
/// ```
///
/// | variant | its wire carries |
/// |---|---|
/// | `Circle(Circle)` | the value |
/// | `Rectangle(f64, f64)` | a tuple |
/// | `Point` | `()` |
///
/// The struct has the enum's visibility, and its fields are the variants' names in snake case. A variant that is left out is an
/// error of the compiler: `missing field`.
///
/// # Options
///
/// | attribute | where | meaning |
/// |---|---|---|
/// | `#[route(crate = path)]` | on the enum | where the crate `job-orch` is found, if it has another name |
///
/// # Limits
///
/// The enum has no type parameters, and no variant with named fields.
#[proc_macro_derive(Route, attributes(route))]
pub fn route(item: TokenStream) -> TokenStream {
    route::route(item.into()).into()
}
