//! Every way to say what makes a request unique.

use std::time::Duration;

use job_orch::flow::Wire;
use job_orch::{Run, flow, job};

mod keys {
    pub fn of_path(path: &String) -> &str {
        path.trim_end_matches('/')
    }

    pub fn nothing(_: &()) -> String {
        "tick".to_owned()
    }
}

#[job(unique(key = keys::of_path))]
async fn index(_: &String) {}

#[job(unique(key = str::len, within = "1h 30m", even_dead))]
async fn count(path: &String) -> usize {
    path.len()
}

#[job(unique(key = "all", while_waiting))]
async fn sweep(_: &String) {}

#[job(unique(key = keys::nothing, even_dead, while_waiting,))]
async fn tick() {}

#[job(unique(key = u64::to_string))]
async fn by_value(number: u64) {
    let _ = number;
}

#[job(unique(key = u64::clone))]
async fn batch(numbers: &[u64]) -> Vec<Result<u64, std::fmt::Error>> {
    numbers.iter().copied().map(Ok).collect()
}

#[flow(unique(key = u64::clone, within = "1m"))]
fn counted(numbers: Wire<u64>) -> Wire<u64> {
    numbers.map(|number| number + 1)
}

#[job]
async fn free(_: &String) {}

fn key<J: Run>(request: &J::Request) -> String {
    (J::UNIQUE.expect("it was asked for").key)(request)
}

fn main() {
    assert_eq!(key::<Index>(&"a/".to_owned()), "a");
    assert_eq!(key::<Count>(&"abc".to_owned()), "3");
    assert_eq!(key::<Sweep>(&"abc".to_owned()), "all");
    assert_eq!(key::<Tick>(&()), "tick");
    assert_eq!((key::<ByValue>(&7), key::<Batch>(&8), key::<Counted>(&9)), ("7".into(), "8".into(), "9".into()));
    let count = Count::UNIQUE.expect("it was asked for");
    assert_eq!(count.within, Some(Duration::from_secs(90 * 60)));
    assert!(count.even_dead && !count.while_waiting);
    let sweep = Sweep::UNIQUE.expect("it was asked for");
    assert!(sweep.while_waiting && !sweep.even_dead && sweep.within.is_none());
    assert!(Free::UNIQUE.is_none());
}
