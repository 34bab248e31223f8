#[job_orch::job(timeout = "1s")]
#[rust_analyzer::job_orch(processor)]
async fn store(total: &u64) -> u64 {
    *total
}
#[automatically_derived]
#[allow(deprecated)]
impl ::job_orch::Serve for Store {
    const SERVING: ::job_orch::__private::Serving = ::job_orch::__private::Serving::DEFAULT
        .workers(4)
        .requests(10)
        .full_requests(::job_orch::__private::Overflow::Refuse)
        .full_responses(::job_orch::__private::Overflow::DropOldest);
}
