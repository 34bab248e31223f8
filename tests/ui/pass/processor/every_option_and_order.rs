//! Every option of serving; above a job, below it, alone, and under other names.

use std::time::Duration;

use job_orch::processor as serve;
use job_orch::settings::{Overflow, Serving};
use job_orch::{Run, job, processor};

#[job(timeout = "1s")]
#[processor(workers = 4, requests(capacity = 10, full = refuse), responses(capacity = 20, full = drop_oldest))]
async fn below(number: &u64) -> u64 {
    *number
}

#[processor(requests = 7, responses = 8)]
#[must_use]
#[job(timeout = "1s")]
async fn above(number: &u64) -> u64 {
    *number
}

#[processor(batch(max = 10, linger = "5ms"))]
async fn alone(numbers: &[u64]) -> Vec<u64> {
    numbers.to_vec()
}

#[job_orch::job(timeout = "1s")]
#[serve(workers = 2)]
async fn renamed(number: &u64) -> u64 {
    *number
}

#[job_orch::processor(workers = 3)]
#[job_orch::job(timeout = "1s")]
async fn by_path(number: &u64) -> u64 {
    *number
}

#[job]
async fn unserved(number: &u64) -> u64 {
    *number
}

fn main() {
    let second = Some(Duration::from_secs(1));
    assert_eq!((Below::SERVING.workers, Below::SERVING.requests, Below::SERVING.responses), (4, 10, 20));
    assert_eq!(Below::SERVING.full_requests, Overflow::Refuse);
    assert_eq!(Below::SERVING.full_responses, Overflow::DropOldest);
    assert_eq!((Above::SERVING.requests, Above::SERVING.responses), (7, 8));
    assert_eq!((Alone::SERVING.batch, Alone::SERVING.linger), (10, Duration::from_millis(5)));
    assert_eq!((Renamed::SERVING.workers, ByPath::SERVING.workers), (2, 3));
    assert_eq!(Unserved::SERVING, Serving::DEFAULT);
    for timeout in [Below::SETTINGS, Above::SETTINGS, Renamed::SETTINGS, ByPath::SETTINGS] {
        assert_eq!(timeout.timeout, second);
    }
    assert_eq!(Alone::SETTINGS.timeout, None);
}
