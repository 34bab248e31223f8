#[rust_analyzer::job_orch(job, crate = crate::orch)]
#[rust_analyzer::job_orch(processor, crate = crate::orch)]
async fn tick() {}
#[automatically_derived]
#[allow(deprecated)]
impl crate::orch::Serve for Tick {
    const SERVING: crate::orch::__private::Serving = crate::orch::__private::Serving::DEFAULT;
}
