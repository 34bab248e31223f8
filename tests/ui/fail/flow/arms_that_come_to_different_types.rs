use job_orch::Route;
use job_orch::flow::{Flow, Wire, arm};

#[derive(Route)]
enum Shape {
    Circle(f64),
    Square(f64),
}

fn main() {
    let _ = Flow::define("areas", |shapes: Wire<Shape>| {
        shapes.route(ShapeArms {
            circle: arm(|circle| circle.map(|radius| radius * radius)),
            square: arm(|square| square.map(|side| format!("{side}"))),
        })
    });
}
