use job_orch::Route;

#[derive(Route)]
enum Nothing {}

#[derive(Route)]
#[route(arms = ShapeWays)]
enum Shape<T> {
    Circle(T),
    Rectangle { width: T, height: T },
}

fn main() {}
