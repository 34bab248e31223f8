//! Without attributes and without an orchestrator: a job is a type that implements `Run`, and a processor gives its two
//! channels and a loop.
//!
//! ```text
//! cargo run --example processor_by_hand
//! ```

use job_orch::Run;
use job_orch::channel::{Envelope, McReceive, MpSend};
use job_orch::engine::memory::MemoryChannels;
use job_orch::processor::{JobProcessor, Processor};

/// Adds to a sum and responds with it.
struct Add;

impl Run for Add {
    const NAME: &'static str = "add";
    type Request = i64;
    type Response = i64;
    /// The sum; each worker has its own.
    type Resources = i64;
    type Error = String;

    async fn run(request: &i64, sum: &mut i64) -> Result<i64, String> {
        let added = sum.checked_add(*request).ok_or("the sum does not fit")?;
        *sum = added;
        Ok(added)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let processor = JobProcessor::new(Add, MemoryChannels::new(&Add::SERVING));
    let requests = processor.request_sender();
    let mut responses = processor.response_receiver();

    // The caller owns the resources and sees what became of them. A clone of the processor would be a second worker.
    let worker = tokio::spawn(async move {
        let mut sum = 0;
        processor.run(&mut sum).await;
        sum
    });

    for number in [1, 2, 3, i64::MAX] {
        let envelope = Envelope::new(number);
        println!("request  {}: {number}", envelope.id());
        requests.send(envelope).await?;
    }
    // The last sender is gone: the processor handles what waits, and ends.
    drop(requests);
    println!("sum: {}", worker.await?);

    // Ids tell which response belongs to which request.
    while let Ok(response) = responses.receive().await {
        match &response.outcome {
            Ok(sum) => println!("response {}: {sum}", response.id),
            Err(failure) => println!("response {}: {failure}", response.id),
        }
    }
    Ok(())
}
