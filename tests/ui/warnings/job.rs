//! A job warns of nothing that its author did not write.

#![deny(warnings)]
#![deny(missing_docs, missing_debug_implementations, unreachable_pub, rust_2018_idioms, unused_qualifications)]
#![deny(single_use_lifetimes, trivial_casts, unused_results, refining_impl_trait)]

use std::path::PathBuf;

use job_orch::prelude::*;

/// A table.
#[derive(Clone, Debug)]
pub struct Db;

/// Counts.
///
/// # Errors
/// Never.
#[job(retry(max = 3, backoff = "100ms..5s", jitter = 0.2), timeout = "30s", cache(ttl = "1h", errors = "1s"))]
pub async fn count(path: &PathBuf) -> Result<usize, std::fmt::Error> {
    Ok(path.iter().count())
}

/// Stores.
#[job]
#[processor(workers = 2, requests = 16, responses(full = drop_oldest))]
pub async fn store(total: u64, db: &mut Db, name: &String, #[context] context: &Context) -> u64 {
    let _ = (db, name);
    total + u64::from(context.attempt())
}

/// Stores many.
#[processor(batch(max = 10))]
pub async fn store_all(totals: &[u64], db: &mut Db) -> Vec<u64> {
    let _ = db;
    totals.to_vec()
}

async fn find(_: &u64, _: &mut Db) -> Option<u64> {
    None
}

async fn keep(_: &u64, _: &u64, _: &mut Db) {}

/// Looks up.
#[job(cache(with = find, put = keep))]
pub async fn look(number: &u64, db: &mut Db) -> u64 {
    let _ = db;
    *number
}

#[derive(Clone, Debug, Resources)]
#[hosts(Count, Store, StoreAll, Look)]
struct App {
    db: Db,
    #[shared]
    name: std::sync::Arc<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), job_orch::Error> {
    let app = App { db: Db, name: std::sync::Arc::default() };
    let orch = Orchestrator::on(Memory::new()).serve(app).start().await?;
    let _ = orch.call(Count, PathBuf::new()).await;
    orch.shutdown().await
}
