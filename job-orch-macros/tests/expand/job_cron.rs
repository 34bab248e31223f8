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
async fn report(tick: &Tick) -> u64 {
    0
}
///The job of [`report`](fn@report): takes `Tick`, returns `u64`.
#[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
struct Report;
const _: () = {
    #[allow(unused_imports)]
    use ::job_orch::__private::{Plain as _, Unserved as _};
    type __JobOrchOne = u64;
    const __JOB_ORCH_A_RESULT: bool = ::job_orch::__private::Returns::<
        __JobOrchOne,
    >::A_RESULT;
    type __JobOrchShape = ::job_orch::__private::Shape<__JOB_ORCH_A_RESULT>;
    #[automatically_derived]
    #[allow(clippy::manual_async_fn, deprecated)]
    impl ::job_orch::Run for Report {
        const NAME: &'static str = "report";
        const SETTINGS: ::job_orch::__private::Settings = ::job_orch::__private::Settings::DEFAULT
            .fingerprint(15985796813638628018u64);
        const SERVING: ::job_orch::__private::Serving = ::job_orch::__private::Served::<
            Report,
        >::SERVING;
        type Request = Tick;
        type Response = <__JobOrchShape as ::job_orch::__private::Outcome<
            __JobOrchOne,
        >>::Response;
        type Resources = ();
        type Error = <__JobOrchShape as ::job_orch::__private::Outcome<
            __JobOrchOne,
        >>::Error;
        fn run(
            __request: &Self::Request,
            __resources: &mut Self::Resources,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<Self::Response, Self::Error>,
        > + ::core::marker::Send {
            <__JobOrchShape as ::job_orch::__private::Outcome<
                __JobOrchOne,
            >>::settle(report(__request))
        }
        const CRON: ::core::option::Option<::job_orch::__private::Cron<Self::Request>> = ::core::option::Option::Some(
            ::job_orch::__private::cron::<
                Tick,
            >(
                    "0 3 * * MON-FRI",
                    ::job_orch::__private::Fields::new(
                        [1, 1, 8, 4294967294, 8190, 62],
                        false,
                        false,
                    ),
                )
                .tz("Europe/Berlin")
                .missed(::job_orch::__private::Missed::All)
                .overlap(::job_orch::__private::Overlap::Skip),
        );
    }
    #[automatically_derived]
    #[allow(deprecated)]
    impl ::job_orch::Job for Report {
        type Wants = ();
        type Failure = <__JobOrchShape as ::job_orch::__private::Outcome<
            __JobOrchOne,
        >>::Failure;
        type Answers = ::job_orch::__private::AtHand;
        type Keys = ::job_orch::__private::Unkeyed;
    }
    #[automatically_derived]
    #[allow(deprecated)]
    impl ::job_orch::flow::Takes<Tick> for Report {
        fn request(__message: Tick) -> Self::Request {
            __message
        }
    }
};
