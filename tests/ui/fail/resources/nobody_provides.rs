use job_orch::{Resources, job};

#[derive(Clone)]
struct Db(u64);

#[job]
async fn store(total: &u64, db: &mut Db) -> u64 {
    *total + db.0
}

#[derive(Resources)]
#[hosts(Store)]
struct App {
    name: String,
}

fn main() {}
