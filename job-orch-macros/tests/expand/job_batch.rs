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
async fn store(totals: &[Total], db: &mut Db) -> Vec<io::Result<u64>> {
    db.put(totals).await
}
///The job of [`store`](fn@store): takes `Total`, returns `Vec<io::Result<u64>>`.
#[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
struct Store;
const _: () = {
    #[allow(unused_imports)]
    use ::job_orch::__private::{Plain as _, Unserved as _};
    #[allow(unused_imports)]
    use ::job_orch::__private::Single as _;
    const _: () = ::job_orch::__private::batch_of_outcomes::<Vec<io::Result<u64>>>();
    const __JOB_ORCH_A_VEC: bool = ::job_orch::__private::Many::<
        Vec<io::Result<u64>>,
    >::A_VEC;
    type __JobOrchAnswers = ::job_orch::__private::Answers<__JOB_ORCH_A_VEC>;
    type __JobOrchOne = <__JobOrchAnswers as ::job_orch::__private::One<
        Vec<io::Result<u64>>,
    >>::Outcome;
    const __JOB_ORCH_A_RESULT: bool = ::job_orch::__private::Returns::<
        __JobOrchOne,
    >::A_RESULT;
    type __JobOrchShape = ::job_orch::__private::Shape<__JOB_ORCH_A_RESULT>;
    #[automatically_derived]
    #[allow(clippy::manual_async_fn, deprecated)]
    impl ::job_orch::Run for Store {
        const NAME: &'static str = "store";
        const SETTINGS: ::job_orch::__private::Settings = ::job_orch::__private::Settings::DEFAULT
            .fingerprint(18106762923910442988u64)
            .batch();
        const SERVING: ::job_orch::__private::Serving = ::job_orch::__private::Served::<
            Store,
        >::SERVING;
        type Request = Total;
        type Response = <__JobOrchShape as ::job_orch::__private::Outcome<
            __JobOrchOne,
        >>::Response;
        type Resources = Db;
        type Error = <__JobOrchShape as ::job_orch::__private::Outcome<
            __JobOrchOne,
        >>::Error;
        fn run(
            __request: &Self::Request,
            __resources: &mut Self::Resources,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<Self::Response, Self::Error>,
        > + ::core::marker::Send {
            ::job_orch::__private::settle_first(
                Self::run_batch(::core::slice::from_ref(__request), __resources),
            )
        }
        fn run_batch(
            __requests: &[Self::Request],
            __resources: &mut Self::Resources,
        ) -> impl ::core::future::Future<
            Output = ::std::vec::Vec<::core::result::Result<Self::Response, Self::Error>>,
        > + ::core::marker::Send {
            ::job_orch::__private::settle_all::<
                __JobOrchAnswers,
                __JobOrchShape,
                _,
                _,
                _,
                _,
            >(store(__requests, __resources))
        }
    }
    #[automatically_derived]
    #[allow(deprecated)]
    impl ::job_orch::Job for Store {
        type Wants = ::job_orch::__private::Mine<Db>;
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
