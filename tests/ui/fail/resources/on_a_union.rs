use job_orch::Resources;

#[derive(Resources)]
union App {
    number: u64,
}

fn main() {}
