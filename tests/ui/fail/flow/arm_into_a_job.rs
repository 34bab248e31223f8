use job_orch::flow::{Flow, Wire, arm};
use job_orch::{Route, job};

#[derive(Route)]
enum Number {
    Even(u64),
    Odd(u64),
}

#[job]
async fn double(number: &u64) -> u64 {
    number * 2
}

fn main() {
    let _ = Flow::define("doubled", |numbers: Wire<Number>| {
        numbers.route(NumberArms { even: arm(|even| even), odd: arm(Double) })
    });
}
