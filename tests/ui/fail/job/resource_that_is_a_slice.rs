use job_orch::job;

#[job]
async fn count(path: &String, words: &[String]) -> usize {
    path.len() + words.len()
}

fn main() {}
