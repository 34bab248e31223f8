#[rust_analyzer::job_orch(job)]
#[rust_analyzer::job_orch(processor)]
async fn store(total: &u64) -> u64 {
    *total
}
#[automatically_derived]
#[allow(deprecated)]
impl ::job_orch::Serve for Store {
    const SERVING: ::job_orch::__private::Serving = ::job_orch::__private::Serving::DEFAULT
        .requests(7);
}
