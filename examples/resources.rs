//! Resources: what jobs may use while they run, and two ways to hand it out.
//!
//! ```text
//! cargo run --example resources
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use job_orch::prelude::*;

/// Each worker owns a clone of it.
#[derive(Clone)]
struct Greeting(&'static str);

/// Each worker owns a new one: it need not be `Clone`.
struct Notebook(Vec<String>);

/// All workers share this one.
#[derive(Default)]
struct Visits(AtomicU64);

/// The first parameter is the request. `&mut` marks what each worker owns, `&` what all of them share.
#[job]
async fn welcome(name: &String, greeting: &mut Greeting, notebook: &mut Notebook, visits: &Visits) -> String {
    notebook.0.push(name.clone());
    let visit = 1 + visits.0.fetch_add(1, Ordering::Relaxed);
    format!("{}, {name}: visit {visit}, {} in my notebook", greeting.0, notebook.0.len())
}

#[job]
async fn count_visits((): &(), shared: &Visits) -> u64 {
    shared.0.load(Ordering::Relaxed)
}

/// The first door, for a sketch: a chain. A job whose resources nobody provides above it does not compile.
async fn chain() -> Result<(), job_orch::Error> {
    let orch = Orchestrator::on(Memory::new())
        .provide(Greeting("Welcome"))
        .provide_with(|| Notebook(Vec::new()))
        .share(Visits::default())
        .host(Welcome)
        .start()
        .await?;
    println!("{}", orch.call(Welcome, "Ada".to_owned()).await?);
    println!("{}", orch.call(Welcome, "Grace".to_owned()).await?);
    orch.shutdown().await
}

/// The second door, for an application: a struct that owns the resources and names the jobs. A call of any other job does
/// not compile.
#[derive(Resources)]
#[hosts(CountVisits)]
struct App {
    #[shared]
    visits: Arc<Visits>,
}

#[tokio::main]
async fn main() -> Result<(), job_orch::Error> {
    chain().await?;
    let app = App { visits: Arc::new(Visits(AtomicU64::new(7))) };
    let orch: Orchestrator<Memory, App> = Orchestrator::on(Memory::new()).serve(app).start().await?;
    println!("{} visits", orch.call(CountVisits, ()).await?);
    orch.shutdown().await
}
