use job_orch::flow;

#[flow(at_onse = 3)]
async fn titles(urls: String, more: String) {
    drop((urls, more));
}

fn main() {}
