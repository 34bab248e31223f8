#[automatically_derived]
impl ::job_orch::__private::Gives<Db, ::job_orch::__private::Here> for App {
    fn give(&self) -> Db {
        <::job_orch::__private::EachWorker as ::job_orch::__private::Supplies<
            Db,
        >>::another(&self.db)
    }
}
#[automatically_derived]
impl ::job_orch::__private::Lends<Http, ::job_orch::__private::Here> for App {
    fn lend(&self) -> ::job_orch::__private::Arc<Http> {
        ::job_orch::__private::Arc::clone(&self.http)
    }
}
#[automatically_derived]
impl ::job_orch::__private::Hosts<Count> for App {}
#[automatically_derived]
impl ::job_orch::__private::Hosts<jobs::Store> for App {}
const _: () = {
    const __JOB_ORCH_NAMES: &[u64] = &[
        ::job_orch::__private::name_hash(<Count as ::job_orch::Run>::NAME),
        ::job_orch::__private::name_hash(<jobs::Store as ::job_orch::Run>::NAME),
    ];
    const _: () = ::core::assert!(
        ::job_orch::__private::is_fresh(__JOB_ORCH_NAMES, 1),
        "the wire name of `jobs::Store` is taken: give it another by `#[job(name = \"…\")]`"
    );
};
#[automatically_derived]
impl<__E: ::job_orch::engine::Engine> ::job_orch::__private::Provider<__E> for App
where
    Count: ::job_orch::engine::TravelsOn<__E> + ::job_orch::engine::KeptOn<__E>,
    jobs::Store: ::job_orch::engine::TravelsOn<__E> + ::job_orch::engine::KeptOn<__E>,
{
    fn host_all(
        __assembly: ::job_orch::__private::Assembly<__E, Self>,
    ) -> ::job_orch::__private::Assembly<__E, Self> {
        __assembly.host(Count).host(jobs::Store)
    }
}
