use job_orch::Route;
use job_orch::flow::{Flow, Wire, arm};

#[derive(Route)]
enum Shape {
    Circle(f64),
    Square(f64),
}

#[derive(Route)]
enum Number {
    Even(u64),
    Odd(u64),
}

fn main() {
    let _ = Flow::define("areas", |numbers: Wire<u64>| {
        numbers.map(Number::Even).route(ShapeArms {
            circle: arm(|circle| circle.map(|radius| radius * radius)),
            square: arm(|square| square.map(|side| side * side)),
        })
    });
}
