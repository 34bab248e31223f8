use job_orch::job;

#[job(retyr(max = 3), timeout = "30", cache(stale = "1m"))]
const fn count<T>(_: &mut String, _: u8) -> &T {
    todo!()
}

fn main() {}
