//! apalis on SQLite: `FOLDER enqueue|drain` prints how many jobs a second it takes in or works off, by 16 at once, with a log
//! and `synchronous = FULL`.

use std::path::Path;
use std::time::{Duration, Instant};

use apalis::prelude::{TaskSink, WorkerBuilder, WorkerBuilderExt as _};
use apalis_sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteStorage};
use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};

const WIDTH: usize = 16;
const JOBS: usize = 1_600;

async fn open(folder: &Path) -> SqlitePool {
    // Its own `setup` would have one of the connections not sync at all.
    let options = SqliteConnectOptions::new()
        .filename(folder.join("apalis.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(30));
    let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await.expect("a store");
    SqliteStorage::migrations().run(&pool).await.expect("its tables");
    pool
}

async fn enqueue(pool: &SqlitePool) -> Duration {
    let start = Instant::now();
    let tasks: Vec<_> = (0..WIDTH)
        .map(|_| {
            let mut storage: SqliteStorage<String> = SqliteStorage::new(pool);
            tokio::spawn(async move {
                for _ in 0..JOBS / WIDTH {
                    storage.push("x".repeat(198)).await.expect("it is accepted");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a task ends");
    }
    start.elapsed()
}

async fn nothing(_: String) {}

async fn drain(pool: &SqlitePool) -> Duration {
    let start = Instant::now();
    let storage: SqliteStorage<String> = SqliteStorage::new(pool);
    let worker = WorkerBuilder::new("worker").backend(storage).concurrency(WIDTH).build(nothing);
    let worker = tokio::spawn(worker.run());
    loop {
        let done: i64 = sqlx::query_scalar("SELECT count(*) FROM Jobs WHERE status = 'Done'")
            .fetch_one(pool)
            .await
            .expect("it can be asked");
        if done >= JOBS as i64 {
            worker.abort();
            return start.elapsed();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let pool = open(args[1].as_ref()).await;
    let enqueued = enqueue(&pool).await;
    let time = if args[2] == "drain" { drain(&pool).await } else { enqueued };
    println!("{}", JOBS as f64 / time.as_secs_f64());
}
