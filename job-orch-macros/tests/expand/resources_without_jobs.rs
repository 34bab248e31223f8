#[automatically_derived]
impl ::job_orch::__private::Gives<Db, ::job_orch::__private::Here> for App {
    fn give(&self) -> Db {
        <::job_orch::__private::EachWorker as ::job_orch::__private::Supplies<
            Db,
        >>::another(&self.0)
    }
}
#[automatically_derived]
impl<__E: ::job_orch::engine::Engine> ::job_orch::__private::Provider<__E> for App {
    fn host_all(
        __assembly: ::job_orch::__private::Assembly<__E, Self>,
    ) -> ::job_orch::__private::Assembly<__E, Self> {
        __assembly
    }
}
