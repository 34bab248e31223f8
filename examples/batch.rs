//! A batch job: it takes many requests at once and answers each of them alone.
//!
//! ```text
//! cargo run --example batch
//! ```

use futures_util::future::join_all;
use job_orch::prelude::*;

/// Stands for a database that takes many rows in one statement.
#[derive(Clone, Default)]
struct Table {
    statements: u64,
    rows: u64,
}

/// One result per request, in order. A row that fails does not take the others of its batch with it.
#[job]
#[processor(batch(max = 100, linger = "20ms"))]
async fn store(rows: &[i64], table: &mut Table) -> Vec<Result<String, String>> {
    table.statements += 1;
    let mut results = Vec::with_capacity(rows.len());
    for row in rows {
        results.push(if *row < 0 {
            Err(format!("{row} is negative"))
        } else {
            table.rows += 1;
            Ok(format!("row {} by statement {}", table.rows, table.statements))
        });
    }
    results
}

#[tokio::main]
async fn main() -> Result<(), job_orch::Error> {
    let orch = Orchestrator::on(Memory::new()).provide(Table::default()).host(Store).start().await?;

    // Callers know nothing of batches: these eight happen to travel together.
    let rows = [10, 20, 30, -40, 50, 60, -70, 80];
    let answers = join_all(rows.map(|row| orch.call(Store, row))).await;
    for (row, answer) in rows.iter().zip(answers) {
        match answer {
            Ok(stored) => println!("{row:>4}: {stored}"),
            Err(error) => println!("{row:>4}: {error}"),
        }
    }

    orch.shutdown().await?;
    let counts = orch.counts(Store)?;
    println!("{} succeeded, {} failed", counts.succeeded, counts.failed);
    Ok(())
}
