use job_orch::flow::{Flow, Wire};

fn main() {
    let _ = Flow::define("titles", |urls: Wire<String>| urls.to("fetch"));
}
