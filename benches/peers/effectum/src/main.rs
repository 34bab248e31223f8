//! effectum: `FOLDER enqueue|drain` prints how many jobs a second it takes in or works off, by 16 at once, with its own
//! settings: a rollback journal, synced at each commit.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use effectum::{Error, Job, JobRunner, Queue, RunningJob, Worker};

const WIDTH: usize = 16;
const JOBS: usize = 1_600;

async fn enqueue(queue: &Arc<Queue>) -> Duration {
    let start = Instant::now();
    let tasks: Vec<_> = (0..WIDTH)
        .map(|_| {
            let queue = Arc::clone(queue);
            tokio::spawn(async move {
                for _ in 0..JOBS / WIDTH {
                    let job = Job::builder("nothing").json_payload(&"x".repeat(198)).expect("it can be written");
                    job.add_to(&queue).await.expect("it is accepted");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a task ends");
    }
    start.elapsed()
}

async fn nothing(_: RunningJob, _: Arc<()>) -> Result<(), Error> {
    Ok(())
}

async fn drain(queue: &Queue) -> Duration {
    let start = Instant::now();
    let runner = JobRunner::builder("nothing", nothing).build();
    let most = u16::try_from(WIDTH).expect("few");
    let _worker =
        Worker::builder(queue, Arc::new(())).max_concurrency(most).jobs([runner]).build().await.expect("a worker");
    loop {
        let active = queue.num_active_jobs().await.expect("it can be asked");
        if active.pending + active.running == 0 {
            return start.elapsed();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let queue = Arc::new(Queue::new(&Path::new(&args[1]).join("effectum.db")).await.expect("a store"));
    let enqueued = enqueue(&queue).await;
    let time = if args[2] == "drain" { drain(&queue).await } else { enqueued };
    println!("{}", JOBS as f64 / time.as_secs_f64());
}
