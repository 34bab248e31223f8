use job_orch::Route;
use job_orch::flow::{Flow, Wire};

#[derive(Route)]
enum Shape {
    Circle(f64),
    Square(f64),
}

fn main() {
    let _ = Flow::define("areas", |shapes: Wire<Shape>| shapes.route(|circle| circle, |square| square));
}
