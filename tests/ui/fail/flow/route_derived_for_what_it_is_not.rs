use job_orch::Route;

#[derive(Route)]
struct Circle {
    radius: f64,
}

#[derive(Route)]
union Bits {
    number: u64,
    bytes: [u8; 8],
}

fn main() {}
