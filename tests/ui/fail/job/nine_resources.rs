use job_orch::job;

#[job]
async fn count(
    path: &String,
    _: &mut u8,
    _: &mut u16,
    _: &mut u32,
    _: &mut u64,
    _: &mut i8,
    _: &mut i16,
    _: &mut i32,
    _: &mut i64,
    _: &mut i128,
) -> usize {
    path.len()
}

fn main() {}
