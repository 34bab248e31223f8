#[allow(
    clippy::borrowed_box,
    clippy::needless_pass_by_ref_mut,
    clippy::ptr_arg,
    clippy::ref_option,
    clippy::too_many_arguments,
    clippy::trivially_copy_pass_by_ref,
    clippy::unused_async
)]
#[rust_analyzer::job_orch(job)]
async fn store(
    total: Total,
    db: &mut Db,
    context: &Context,
    http: &Http,
) -> Result<u64, DbError> {
    db.put(total, http).await
}
///The job of [`store`](fn@store): takes `Total`, returns `Result<u64, DbError>`.
#[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
struct Store;
const _: () = {
    #[allow(unused_imports)]
    use ::job_orch::__private::{Plain as _, Unserved as _};
    type __JobOrchOne = Result<u64, DbError>;
    const __JOB_ORCH_A_RESULT: bool = ::job_orch::__private::Returns::<
        __JobOrchOne,
    >::A_RESULT;
    type __JobOrchShape = ::job_orch::__private::Shape<__JOB_ORCH_A_RESULT>;
    #[automatically_derived]
    #[allow(clippy::manual_async_fn, deprecated)]
    impl ::job_orch::Run for Store {
        const NAME: &'static str = "store";
        const SETTINGS: ::job_orch::__private::Settings = ::job_orch::__private::Settings::DEFAULT
            .fingerprint(5470135709634258380u64);
        const SERVING: ::job_orch::__private::Serving = ::job_orch::__private::Served::<
            Store,
        >::SERVING;
        type Request = Total;
        type Response = <__JobOrchShape as ::job_orch::__private::Outcome<
            __JobOrchOne,
        >>::Response;
        type Resources = (Db, ::job_orch::__private::Arc<Http>);
        type Error = <__JobOrchShape as ::job_orch::__private::Outcome<
            __JobOrchOne,
        >>::Error;
        fn run(
            __request: &Self::Request,
            __resources: &mut Self::Resources,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<Self::Response, Self::Error>,
        > + ::core::marker::Send {
            async move {
                let __context = ::job_orch::Context::detached();
                Self::run_in(__request, __resources, &__context).await
            }
        }
        fn run_in(
            __request: &Self::Request,
            __resources: &mut Self::Resources,
            __context: &::job_orch::Context,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<Self::Response, Self::Error>,
        > + ::core::marker::Send {
            let (__resource_0, __resource_1) = __resources;
            <__JobOrchShape as ::job_orch::__private::Outcome<
                __JobOrchOne,
            >>::settle(
                store(
                    <::job_orch::__private::ByValue as ::job_orch::__private::Clones<
                        Total,
                    >>::by_value(__request),
                    __resource_0,
                    __context,
                    &**__resource_1,
                ),
            )
        }
    }
    #[automatically_derived]
    #[allow(deprecated)]
    impl ::job_orch::Job for Store {
        type Wants = (
            ::job_orch::__private::Mine<Db>,
            ::job_orch::__private::Ours<Http>,
        );
        type Failure = <__JobOrchShape as ::job_orch::__private::Outcome<
            __JobOrchOne,
        >>::Failure;
        type Answers = ::job_orch::__private::AtHand;
        type Keys = ::job_orch::__private::Unkeyed;
    }
    #[automatically_derived]
    #[allow(deprecated)]
    impl ::job_orch::flow::Takes<Total> for Store {
        fn request(__message: Total) -> Self::Request {
            __message
        }
    }
};
