//! Every way to take a request, resources and a context, and to return.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use job_orch::prelude::*;

#[derive(Clone)]
struct Db(u64);
struct Hits(AtomicU64);

type Answer<T> = Result<T, fmt::Error>;

#[job]
async fn nothing() {}

#[job]
async fn only_the_context(#[context] context: &Context) -> u32 {
    context.attempt()
}

#[job]
async fn by_reference(text: &String) -> usize {
    text.len()
}

#[job]
async fn by_value(text: String, db: &mut Db) -> u64 {
    db.0 += 1;
    text.len() as u64 + db.0
}

#[job]
async fn with_patterns((a, b): &(u64, u64), Db(own): &mut Db, Hits(hits): &Hits, #[context] _: &Context) -> u64 {
    *own += 1;
    hits.fetch_add(1, Ordering::Relaxed);
    a + b + *own
}

#[job]
async fn by_alias(number: &u64) -> Answer<u64> {
    if *number == 0 { Err(fmt::Error) } else { Ok(*number) }
}

#[job]
async fn in_batches(numbers: &[u64], db: &mut Db) -> Vec<Answer<u64>> {
    numbers.iter().map(|number| Ok(number + db.0)).collect()
}

#[job]
async fn in_batches_without_errors(numbers: &[u64]) -> Vec<u64> {
    numbers.to_vec()
}

#[job]
async fn with_functions(table: &fn(&str) -> u64, boxed: &Box<dyn Fn(&str) -> u64 + Send + Sync>) -> &'static str {
    let _ = (table("a"), boxed("b"));
    "owned by nobody"
}

#[job]
async fn r#type(number: &u64) -> u64 {
    *number
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), job_orch::Error> {
    fn length(text: &str) -> u64 {
        text.len() as u64
    }
    let orch = Orchestrator::on(Memory::new())
        .provide(Db(0))
        .share(Hits(AtomicU64::new(0)))
        .share(Box::new(length) as Box<dyn Fn(&str) -> u64 + Send + Sync>)
        .host(Nothing)
        .host(OnlyTheContext)
        .host(ByReference)
        .host(ByValue)
        .host(WithPatterns)
        .host(ByAlias)
        .host(InBatches)
        .host(InBatchesWithoutErrors)
        .host(WithFunctions)
        .host(Type)
        .start()
        .await?;
    orch.call(Nothing, ()).await.unwrap();
    assert_eq!(orch.call(OnlyTheContext, ()).await.unwrap(), 1);
    assert_eq!(orch.call(ByReference, "four".to_owned()).await.unwrap(), 4);
    assert_eq!(orch.call(ByValue, "four".to_owned()).await.unwrap(), 5);
    assert_eq!(orch.call(WithPatterns, (1, 2)).await.unwrap(), 4);
    assert!(orch.call(ByAlias, 0).await.is_err());
    assert_eq!(orch.call(InBatches, 3).await.unwrap(), 3);
    assert_eq!(orch.call(InBatchesWithoutErrors, 3).await.unwrap(), 3);
    assert_eq!(orch.call(WithFunctions, length).await.unwrap(), "owned by nobody");
    assert_eq!(orch.call(Type, 3).await.unwrap(), 3);
    assert_eq!(Type::NAME, "type");
    orch.shutdown().await
}
